use super::*;
use crate::testing::{Machine, STANDARD, World};
use leasehold_core::crypto::SoftwareCrypto;

fn check(world: &World) -> Result<Verified, ChainError> {
    world.view(|view| verify(view, &SoftwareCrypto))
}

fn busy_world() -> World {
    let mut world = World::new();
    world.buy(STANDARD, 1);
    let mut machine = Machine::registered(&mut world, "SN1");
    machine.report(&mut world, &[(STANDARD, 2)]);
    machine.report(&mut world, &[(STANDARD, 1)]);
    world
}

#[test]
fn the_chain_of_what_was_written_holds() {
    let mut world = busy_world();
    let names: Vec<String> = world.events().into_iter().map(|event| event.name).collect();
    let expected = [
        "AccountCreated",
        "LicenseDeposited",
        "TokenCreated",
        "InstanceRegistered",
        "OutOfCompliance",
        "BackInCompliance",
    ];
    assert_eq!(names, expected);
    let verified = check(&world).unwrap();
    assert_eq!(verified.entries, 6);
    assert_eq!(verified.hash, world.events()[5].hash);
    world.buy(STANDARD, 1);
    assert_ne!(check(&world).unwrap().hash, verified.hash);
}

#[test]
fn whatever_is_altered_taken_out_or_put_in_is_found_at_its_place() {
    let alterations = [
        ("UPDATE event SET detail = '{}' WHERE number = 3", 3),
        ("UPDATE event SET time = time + 1 WHERE number = 1", 1),
        ("UPDATE event SET actor = 'someone' WHERE number = 6", 6),
        ("UPDATE event SET device = NULL WHERE number = 5", 5),
        ("UPDATE event SET hash = zeroblob(32) WHERE number = 2", 2),
        ("DELETE FROM event WHERE number = 4", 4),
        ("DELETE FROM event WHERE number = 4; UPDATE event SET number = 4 WHERE number = 6", 4),
        (
            "UPDATE event SET number = 60 WHERE number = 6;
             INSERT INTO event SELECT 6, time, account, virtual_account, device, actor, name,
                 detail, hash FROM event WHERE number = 5",
            6,
        ),
    ];
    for (sql, place) in alterations {
        let world = busy_world();
        rusqlite::Connection::open(world.path()).unwrap().execute_batch(sql).unwrap();
        match check(&world) {
            Err(ChainError::Broken(found)) => assert_eq!(found, place, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}
