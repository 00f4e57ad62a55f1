use crate::domain::{DomainError, housekeeping, instance};
use crate::store::{DeviceRow, DeviceState};
use crate::testing::{Machine, STANDARD, START, World, refused};
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::{AnswerBody, Refusal, RequestBody};

fn remove(world: &mut World, machine: &Machine) -> Result<DeviceRow, DomainError> {
    let id = world.row(machine).id;
    world.change(|tx, scene, _| instance::remove(tx, scene, id))
}

fn keep_house(world: &mut World) -> UnixTime {
    world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap()
}

#[test]
fn deregistering_frees_what_was_used_and_its_repeat_is_answered_the_same() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let mut machine = Machine::registered(&mut world, "SN1");
    assert!(machine.is_covered(&mut world, 5, 0));
    let (frame, digest) = machine.frame(RequestBody::Deregister);
    let answer = world.send(&frame);
    assert_eq!(machine.believe(&answer, digest), AnswerBody::Deregistered);
    assert_eq!(world.send(&frame), answer);
    assert_eq!(world.count_events("InstanceDeregistered"), 1);
    let mut other = Machine::registered(&mut world, "SN2");
    assert!(other.is_covered(&mut world, 5, 0));
    assert_eq!(machine.report(&mut world, &[]), refused(Refusal::InstanceUnknown));
}

#[test]
fn a_removed_instance_is_refused_and_comes_back_by_registering() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let mut machine = Machine::registered(&mut world, "SN1");
    machine.report(&mut world, &[(STANDARD, 5)]);
    assert_eq!(remove(&mut world, &machine).unwrap().state, DeviceState::Removed);
    assert_eq!(machine.report(&mut world, &[(STANDARD, 5)]), refused(Refusal::InstanceUnknown));
    assert_eq!(world.peak(&machine, STANDARD), 0);
    assert!(matches!(remove(&mut world, &machine), Err(DomainError::NotFound(_))));
    let token = world.token();
    machine.register(&mut world, token, false);
    assert!(machine.is_covered(&mut world, 5, 0));
    assert_eq!(world.devices().len(), 1);
}

#[test]
fn a_request_that_names_the_wrong_instance_or_udi_is_refused() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let mut nobody = Machine::new("SN2");
    assert_eq!(nobody.report(&mut world, &[]), refused(Refusal::InstanceUnknown));
    nobody.instance = Some(leasehold_core::identity::InstanceId([1; 16]));
    assert_eq!(nobody.report(&mut world, &[]), refused(Refusal::InstanceUnknown));
    machine.serial_number = "SN3".into();
    assert_eq!(machine.report(&mut world, &[]), refused(Refusal::DeviceMismatch));
}

#[test]
fn a_certificate_is_renewed_from_now_and_ends_when_it_says() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    world.pass(Duration::from_days(180));
    let renewed = match machine.ask(&mut world, RequestBody::RenewCertificate) {
        AnswerBody::Renewed(certificate) => certificate,
        other => panic!("{other:?}"),
    };
    assert_eq!((renewed.serial, Some(renewed.instance)), (2, machine.instance));
    // SPEC X2: from the renewal, 365 d less 5 min.
    let ends = START.as_secs() + (180 + 365) * 86_400 - 300;
    assert_eq!(renewed.valid_until.as_secs(), ends);
    assert_eq!(world.count_events("CertificateRenewed"), 1);
    world.now = UnixTime::from_secs(ends - 1);
    assert!(machine.is_covered(&mut world, 0, 0));
    world.now = UnixTime::from_secs(ends);
    assert_eq!(machine.report(&mut world, &[]), refused(Refusal::CertificateExpired));
    assert_eq!(world.row(&machine).state, DeviceState::Expired);
    assert_eq!(machine.report(&mut world, &[]), refused(Refusal::CertificateExpired));
    assert_eq!(world.count_events("InstanceExpired"), 1);
}

#[test]
fn a_transfer_moves_what_is_used_and_stays_in_the_account() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let mut machine = Machine::registered(&mut world, "SN1");
    assert!(machine.is_covered(&mut world, 5, 0));
    let id = world.row(&machine).id;
    let branch = world.add_place("Branch");
    let (_, foreign) = world.add_account("Other Account");
    let refused = world.change(|tx, scene, _| instance::transfer(tx, scene, id, foreign));
    assert!(matches!(refused, Err(DomainError::Invalid(_))));
    world.change(|tx, scene, _| instance::transfer(tx, scene, id, branch)).unwrap();
    assert_eq!(world.count_events("InstanceTransferred"), 1);
    let mut other = Machine::registered(&mut world, "SN2");
    assert!(other.is_covered(&mut world, 5, 0));
    assert!(!machine.is_covered(&mut world, 5, 0), "the branch owns nothing");
    let detail = world.view(|view| instance::detail(view, id)).unwrap();
    assert_eq!(detail.virtual_account.unwrap().name, "Branch");
    assert_eq!(detail.account.name, "Example Account");
    let again = world.change(|tx, scene, _| instance::transfer(tx, scene, id, branch)).unwrap();
    assert_eq!(again.virtual_account, branch);
    assert_eq!(world.count_events("InstanceTransferred"), 1, "it is there already");
}

#[test]
fn silence_is_announced_at_30_days_and_releases_at_90() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let mut machine = Machine::registered(&mut world, "SN1");
    machine.report(&mut world, &[(STANDARD, 5)]);
    let day = |n: u32| START.saturating_add(Duration::from_days(n));
    let second = Duration::from_secs(1);
    let count =
        |world: &World| (world.count_events("DeviceSilent"), world.count_events("UsageReleased"));
    world.now = day(30).saturating_sub(second);
    assert_eq!(keep_house(&mut world), day(30), "it says when there is something to do");
    assert_eq!(count(&world), (0, 0));
    world.now = day(30);
    keep_house(&mut world);
    keep_house(&mut world);
    assert_eq!(count(&world), (1, 0));
    world.now = day(90).saturating_sub(second);
    keep_house(&mut world);
    assert_eq!((count(&world), world.peak(&machine, STANDARD)), ((1, 0), 5));
    world.now = day(90);
    keep_house(&mut world);
    assert_eq!((count(&world), world.peak(&machine, STANDARD)), ((1, 1), 0));
    let mut other = Machine::registered(&mut world, "SN2");
    assert!(other.is_covered(&mut world, 5, 0));
    // It is still an instance, and counts again when it speaks.
    assert!(!machine.is_covered(&mut world, 5, 0));
    assert_eq!(world.count_events("DeviceBack"), 1);
    world.now = day(90 + 30);
    keep_house(&mut world);
    assert_eq!(count(&world), (3, 1), "both have been silent for 30 days again");
    world.now = day(365).saturating_sub(Duration::from_minutes(5));
    keep_house(&mut world);
    assert_eq!(world.row(&machine).state, DeviceState::Expired);
    assert_eq!(world.row(&other).state, DeviceState::Registered);
}

#[test]
fn the_secret_of_a_token_is_erased_when_it_expires() {
    let mut world = World::new();
    let (row, secret) = world.token_for(world.place, None);
    let kept = |world: &World| world.view(|view| view.token_secret(row.id)).unwrap();
    world.pass(Duration::from_days(30).saturating_sub(Duration::from_secs(1)));
    keep_house(&mut world);
    assert_eq!(kept(&world), Some(secret.0));
    world.pass(Duration::from_secs(1));
    keep_house(&mut world);
    assert_eq!(kept(&world), None);
}

#[test]
fn old_history_is_forgotten() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    machine.report(&mut world, &[(STANDARD, 1)]);
    let id = world.row(&machine).id;
    let rows = |world: &World| {
        world.view(|view| view.usage_history(id, crate::testing::ALL)).unwrap().len()
    };
    let kept = rows(&world);
    assert!(kept > 0);
    world.pass(housekeeping::HISTORY_KEPT);
    keep_house(&mut world);
    assert_eq!(rows(&world), kept);
    world.pass(Duration::from_secs(1));
    keep_house(&mut world);
    assert_eq!(rows(&world), 0);
}
