use crate::domain::overrides::PolicyOverrides;
use crate::domain::reservation::redeem;
use crate::domain::token::NewToken;
use crate::domain::{instance, token};
use crate::store::DeviceState;
use crate::testing::{Machine, PREMIUM, Reserver, STANDARD, START, World, refused};
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::time::Duration;
use leasehold_core::token::Token;
use leasehold_core::wire::{AnswerBody, Refusal, Register, Registered, RequestBody};

const DAY: u64 = 86_400;

fn registered(answer: AnswerBody<'static>) -> Registered<'static> {
    match answer {
        AnswerBody::Registered(registered) => registered,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_registration_makes_an_instance_and_a_certificate_dated_back_at_both_ends() {
    let mut world = World::new();
    let (token, secret) = world.token_for(world.place, None);
    let mut machine = Machine::new("SN1");
    let said = registered(machine.register(&mut world, secret, false));
    assert_eq!((said.smart_account, said.virtual_account), ("Example Account", "Default"));
    assert_eq!((said.export_controlled_allowed, said.policy), (false, None));
    // SPEC X2: 365 d less 5 min.
    assert_eq!(said.certificate.valid_from.as_secs(), START.as_secs() - 300);
    assert_eq!(said.certificate.valid_until.as_secs(), START.as_secs() + 365 * DAY - 300);
    assert_eq!(said.certificate.public_key, machine.public_key());
    assert_eq!(said.certificate.serial, 1);
    assert_eq!((world.devices().len(), world.uses(&token)), (1, 1));
    assert_eq!(world.count_events("InstanceRegistered"), 1);
}

#[test]
fn the_export_flag_is_that_of_the_token_it_registered_with() {
    let mut world = World::new();
    for (serial_number, allowed) in [("SN1", true), ("SN2", false)] {
        let new = NewToken {
            virtual_account: world.place,
            description: "export".into(),
            days: 30,
            max_uses: None,
            export_controlled: allowed,
        };
        let (_, secret) = world.change(|tx, scene, _| token::create(tx, scene, &new)).unwrap();
        let mut machine = Machine::new(serial_number);
        let said = registered(machine.register(&mut world, secret, false));
        assert_eq!(said.export_controlled_allowed, allowed);
        // SPEC R8: by another token, it is that one's.
        let other = world.token();
        let said = registered(machine.register(&mut world, other, true));
        assert!(!said.export_controlled_allowed);
    }
}

#[test]
fn x12_a_device_that_registers_although_it_has_a_reservation_is_told_to_the_operator() {
    let mut world = World::new();
    world.buy(STANDARD, 9);
    let request = Reserver::new("SN1").request();
    let place = world.place;
    world.change(|tx, scene, authority| redeem(tx, scene, authority, place, &request)).unwrap();
    let token = world.token();
    registered(Machine::new("SN2").register(&mut world, token, false));
    assert_eq!(world.count_events("RegisteredWhileReserved"), 0);
    registered(Machine::new("SN1").register(&mut world, token, false));
    assert_eq!(world.count_events("RegisteredWhileReserved"), 1);
}

#[test]
fn every_refusal_names_its_reason_and_changes_nothing() {
    let mut world = World::new();
    let place = world.place;
    let (elsewhere, elsewhere_place) = world.add_account("Other Account");
    assert_ne!(elsewhere, world.account);
    let mut present = Machine::registered(&mut world, "PRESENT");
    let good = world.token();
    let (used_up_row, used_up) = world.token_for(place, Some(1));
    Machine::new("USES-IT").register(&mut world, used_up, false);
    let (revoked_row, revoked) = world.token_for(place, None);
    world.change(|tx, scene, _| token::revoke(tx, scene, revoked_row.id)).unwrap();
    let (_, foreign) = world.token_for(elsewhere_place, None);
    let before = (world.devices(), world.events(), world.uses(&used_up_row));

    let mut other_product = Machine::new("NEW");
    other_product.product_id = "LH-OTHER".into();
    let mut stranger = present.with_new_key(9);
    let mut cases = [
        (Machine::new("NEW"), Token([7; 20]), false, Refusal::TokenUnknown),
        (Machine::new("NEW"), used_up, false, Refusal::TokenUsedUp),
        (Machine::new("NEW"), revoked, false, Refusal::TokenRevoked),
        (other_product, good, false, Refusal::ProductUnknown),
        (stranger.clone(), good, false, Refusal::AlreadyRegistered),
        (stranger.clone(), foreign, false, Refusal::RegisteredElsewhere),
        (stranger.clone(), foreign, true, Refusal::RegisteredElsewhere),
        (present.clone(), foreign, true, Refusal::RegisteredElsewhere),
        // Who has no good token does not learn whether the device is known.
        (stranger.clone(), Token([7; 20]), true, Refusal::TokenUnknown),
    ];
    for (machine, token, force, reason) in &mut cases {
        assert_eq!(machine.register(&mut world, *token, *force), refused(*reason));
    }
    let public_key = present.public_key();
    let token = good.prove(&SoftwareCrypto, &public_key);
    let body = RequestBody::Register(Register { token, public_key, force: true });
    assert_eq!(stranger.ask(&mut world, body), refused(Refusal::SignatureInvalid));
    // Whoever carried that registration has the proof in it, for a key that is not theirs.
    let public_key = stranger.public_key();
    let body = RequestBody::Register(Register { token, public_key, force: true });
    assert_eq!(stranger.ask(&mut world, body), refused(Refusal::TokenUnknown));
    world.pass(Duration::from_days(30));
    assert_eq!(Machine::new("NEW").register(&mut world, good, false), {
        refused(Refusal::TokenExpired)
    });
    assert_eq!((world.devices(), world.events(), world.uses(&used_up_row)), before);
    assert!(present.is_covered(&mut world, 0, 0), "the registered one goes on");
}

#[test]
fn a_repeated_registration_gets_the_same_bytes_and_uses_the_token_once() {
    let mut world = World::new();
    let (token, secret) = world.token_for(world.place, Some(1));
    let mut machine = Machine::new("SN1");
    let (frame, digest) = machine.register_frame(secret, false);
    let first = world.send(&frame);
    assert_eq!(world.send(&frame), first);
    world.reopen();
    world.pass(Duration::from_days(40));
    assert_eq!(world.send(&frame), first, "after a restart, and with the token used up and over");
    assert_eq!((world.devices().len(), world.uses(&token)), (1, 1));
    assert_eq!(world.count_events("InstanceRegistered"), 1);
    registered(machine.believe(&first, digest));
    machine.report(&mut world, &[(STANDARD, 1)]);
    assert_eq!(world.send(&frame), first, "also when other requests came after it");
}

#[test]
fn a_machine_whose_answer_was_lost_registers_by_a_new_command() {
    let mut world = World::new();
    let (token, secret) = world.token_for(world.place, Some(1));
    let mut machine = Machine::new("SN1");
    let (lost, _) = machine.register_frame(secret, false);
    world.send(&lost);
    let instance = world.row(&machine).instance;
    // The same key, without `force`, with the same token although that is used up.
    let said = registered(machine.register(&mut world, secret, false));
    assert_eq!((said.certificate.instance, said.certificate.serial), (instance, 2));
    assert_eq!((world.devices().len(), world.uses(&token)), (1, 1));
    assert!(machine.is_covered(&mut world, 0, 0));
    // Another token is a second use of a token, all the same one instance.
    let (second, secret) = world.token_for(world.place, None);
    let said = registered(machine.register(&mut world, secret, false));
    assert_eq!(said.certificate.instance, instance);
    assert_eq!((world.uses(&token), world.uses(&second)), (1, 1));
}

#[test]
fn force_replaces_and_the_old_key_works_until_the_new_one_is_used() {
    let mut world = World::new();
    world.buy(STANDARD, 10);
    let mut old = Machine::registered(&mut world, "SN1");
    old.report(&mut world, &[(STANDARD, 4)]);
    let token = world.token();
    let mut new = old.with_new_key(9);
    let said = registered(new.register(&mut world, token, true));
    assert_eq!(Some(said.certificate.instance), old.instance, "replaced, not duplicated");
    assert_eq!(world.devices().len(), 1);
    assert_eq!(world.count_events("InstanceReplaced"), 1);
    old.number = new.number;
    assert!(old.is_covered(&mut world, 5, 0), "SPEC T4: the old certificate still works");
    new.number = old.number;
    assert!(new.is_covered(&mut world, 6, 0));
    assert_eq!(old.report(&mut world, &[]), refused(Refusal::InstanceReplaced), "SPEC X14");
    assert_eq!(world.peak(&new, STANDARD), 6);
}

#[test]
fn another_account_gets_a_device_only_after_the_first_let_it_go() {
    let mut world = World::new();
    let (_, place) = world.add_account("Other Account");
    let (_, foreign) = world.token_for(place, None);
    let mut machine = Machine::registered(&mut world, "SN1");
    let mut again = machine.with_new_key(9);
    assert_eq!(again.register(&mut world, foreign, true), refused(Refusal::RegisteredElsewhere));
    assert!(machine.is_covered(&mut world, 0, 0), "the working registration is untouched");
    let id = world.row(&machine).id;
    world.change(|tx, scene, _| instance::remove(tx, scene, id)).unwrap();
    again.number = machine.number;
    let said = registered(again.register(&mut world, foreign, false));
    assert_eq!(said.smart_account, "Other Account");
    assert_ne!(Some(said.certificate.instance), machine.instance);
    assert_eq!(machine.report(&mut world, &[]), refused(Refusal::InstanceUnknown));
}

#[test]
fn a_device_whose_certificate_ended_needs_no_force() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let mut machine = Machine::registered(&mut world, "SN1");
    machine.report(&mut world, &[(STANDARD, 5)]);
    world.pass(Duration::from_days(365));
    let token = world.token();
    let mut again = machine.with_new_key(9);
    let said = registered(again.register(&mut world, token, false));
    assert_ne!(Some(said.certificate.instance), machine.instance);
    assert_eq!(world.peak(&again, STANDARD), 0, "what it used is free");
    assert_eq!(world.count_events("InstanceExpired"), 1);
    assert_eq!(world.row(&again).state, DeviceState::Registered);
}

#[test]
fn a_recorded_registration_brings_no_device_back() {
    let mut world = World::new();
    let token = world.token();
    let mut machine = Machine::new("SN1");
    let (recorded, digest) = machine.register_frame(token, false);
    let answer = world.send(&recorded);
    machine.believe(&answer, digest);
    machine.ask(&mut world, RequestBody::Deregister);
    assert_eq!(world.send(&recorded), answer);
    assert_eq!(world.row(&machine).state, DeviceState::Deregistered);
    // Nor after another registration has taken its place in memory.
    let mut again = machine.with_new_key(9);
    registered(again.register(&mut world, token, false));
    again.ask(&mut world, RequestBody::Deregister);
    let answer = world.send(&recorded);
    machine.last_answer = again.last_answer;
    assert_eq!(machine.believe(&answer, digest), AnswerBody::Conflict);
    assert_eq!(world.row(&machine).state, DeviceState::Deregistered);
}

#[test]
fn a_token_of_another_virtual_account_takes_what_is_used_along() {
    let mut world = World::new();
    world.buy(PREMIUM, 3);
    let mut machine = Machine::registered(&mut world, "SN1");
    assert!(machine.is_covered(&mut world, 0, 3));
    let branch = world.add_place("Branch");
    let (_, token) = world.token_for(branch, None);
    let said = registered(machine.register(&mut world, token, true));
    assert_eq!(said.virtual_account, "Branch");
    let mut stayed = Machine::registered(&mut world, "SN2");
    assert!(stayed.is_covered(&mut world, 0, 3), "the first pool is free again");
    assert!(!machine.is_covered(&mut world, 0, 3), "the branch owns nothing");
}

#[test]
fn rules_that_the_manager_sets_travel_in_answers_within_the_products_bounds() {
    let overrides: PolicyOverrides = serde_json::from_str(
        r#"{"report_interval": "1s", "certificate_period": "30d", "overage_period": "999d"}"#,
    )
    .unwrap();
    let mut world = World::with(overrides);
    let token = world.token();
    let mut machine = Machine::new("SN1");
    let said = registered(machine.register(&mut world, token, false));
    let policy = said.policy.unwrap();
    assert_eq!(policy.report_interval.as_secs(), 1);
    assert_eq!(policy.overage_period, Duration::from_days(90), "SPEC A8: never past the bound");
    assert_eq!(said.certificate.valid_until.as_secs(), START.as_secs() + 30 * DAY - 300);
    match machine.report(&mut world, &[]) {
        AnswerBody::Authorization(said) => assert_eq!(said.policy, Some(policy)),
        other => panic!("{other:?}"),
    }
}
