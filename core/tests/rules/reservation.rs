//! Reservations on the device: licences by codes, without any contact (SPEC section 6, C5, S7, X11–X13).

use crate::bench::{Bench, DAY, EPOCH, Flash, HOUR, MINUTE, Manager};
use crate::storage::pinned;
use leasehold_core::agent::{
    AuthorizationState, Command, CommandError, Enforcement, EventKind, Input, Reason,
    RegistrationState, ReservationCommand, UnregisteredReason,
};
use leasehold_core::code::{
    AuthorizationCode, CodeError, CodeKind, GrantError, GrantLine, RequestCode, Returned,
};
use leasehold_core::counters::{CountError, Limit, LimitSource};
use leasehold_core::crypto::{KeyHandle, SoftwareCrypto};
use leasehold_core::time::{Duration, UnixTime};

pub(crate) const STANDARD: u8 = 0;
pub(crate) const PREMIUM: u8 = 1;

pub(crate) fn reserve(
    bench: &mut Bench,
    command: ReservationCommand<'_>,
) -> Result<(), CommandError> {
    bench.command(Command::Reservation(command))
}

pub(crate) fn perpetual(entitlement: u8, count: u32) -> GrantLine {
    GrantLine { entitlement, count, until: None }
}

pub(crate) fn until(entitlement: u8, count: u32, days: u64) -> GrantLine {
    GrantLine { entitlement, count, until: Some(UnixTime::from_secs(EPOCH + days * DAY)) }
}

/// A device that has asked for licences.
fn asking() -> Bench {
    let mut bench = Bench::new();
    ask(&mut bench);
    bench.forget();
    bench
}

pub(crate) fn ask(bench: &mut Bench) -> RequestCode {
    reserve(bench, ReservationCommand::Enable).unwrap();
    reserve(bench, ReservationCommand::Request { universal: false }).unwrap();
    bench.agent.request_code().unwrap()
}

pub(crate) fn code(bench: &Bench, generation: u8, lines: &[GrantLine]) -> String {
    let request = bench.agent.request_code().unwrap();
    bench.manager.authorization_code(&request, generation, lines, EPOCH + bench.time)
}

pub(crate) fn install(
    bench: &mut Bench,
    generation: u8,
    lines: &[GrantLine],
) -> Result<(), CommandError> {
    let code = code(bench, generation, lines);
    reserve(bench, ReservationCommand::Install(&code))
}

/// A device with 7 standard and 2 premium seats reserved.
fn reserved() -> Bench {
    let mut bench = asking();
    install(&mut bench, 0, &[perpetual(STANDARD, 7), perpetual(PREMIUM, 2)]).unwrap();
    bench.forget();
    bench
}

fn registration(bench: &Bench) -> RegistrationState {
    bench.agent.status().registration
}

fn authorization(bench: &Bench) -> AuthorizationState {
    bench.agent.status().authorization
}

pub(crate) fn try_acquire(bench: &Bench, feature: &str, n: u32) -> Result<(), CountError> {
    bench.counters.acquire(bench.counters.feature(feature).unwrap(), n)
}

pub(crate) fn told(bench: &Bench, name: &str) -> Vec<u64> {
    bench.names().iter().filter(|(_, told)| *told == name).map(|(at, _)| *at).collect()
}

#[test]
fn s1_a_device_is_reserved_by_two_codes_and_contacts_nobody() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 3);
    bench.run(10 * DAY);
    let request = ask(&mut bench);
    assert_eq!(registration(&bench), RegistrationState::ReservationInProgress);
    assert_eq!(authorization(&bench), AuthorizationState::Evaluation, "it counts as unregistered");
    assert_eq!((request.product_id.as_str(), request.serial_number.as_str()), ("LH-CC", "A1B2C3"));
    assert_eq!(RequestCode::parse(&request.to_text()).as_ref(), Ok(&request));
    bench.run(DAY);
    install(&mut bench, 0, &[perpetual(STANDARD, 7), perpetual(PREMIUM, 2)]).unwrap();
    assert_eq!(registration(&bench), RegistrationState::Reserved);
    assert_eq!(authorization(&bench), AuthorizationState::Reserved);
    assert!(
        bench.events.iter().any(|(_, e)| *e == EventKind::ReservationInstalled { generation: 0 })
    );
    bench.run(400 * DAY);
    assert_eq!(bench.seen, [], "nobody is asked");
    let status = bench.agent.status();
    assert_eq!(status.evaluation_left.as_secs(), 79 * 86_400, "the evaluation stands still");
    assert_eq!(status.enforcement, Enforcement::None);
    bench.reboot(60);
    assert_eq!(registration(&bench), RegistrationState::Reserved);
    let installed = bench.agent.reservation().unwrap().installed.unwrap();
    assert_eq!(installed.generation, 0);
    let counts = bench.agent.reserved_lines().iter().map(|line| (line.entitlement, line.count));
    assert_eq!(counts.collect::<Vec<_>>(), [(STANDARD, 7), (PREMIUM, 2)]);
    assert_eq!(bench.agent.request_code(), Some(request), "it can be shown again");
    assert_eq!(bench.agent.confirmation_code(), None, "there is no update to confirm");
}

#[test]
fn t6_version_1_records_of_a_reservation_are_pinned_byte_for_byte() {
    let mut bench = asking();
    let asked = bench.flash()[0].clone();
    install(&mut bench, 0, &[perpetual(STANDARD, 7)]).unwrap();
    install(&mut bench, 1, &[perpetual(STANDARD, 3), until(PREMIUM, 2, 30)]).unwrap();
    let update = code(&bench, 2, &[perpetual(STANDARD, 1)]);
    reserve(&mut bench, ReservationCommand::ReturnAuthorization(&update)).unwrap();
    bench.acquire("premium-seat", 2);
    bench.run(31 * DAY);
    bench.stopping();

    let golden = pinned("reserved-", bench.flash());
    let asked = pinned("reserving-", &[asked, Default::default()]);
    // And they mean what they meant.
    bench.restore(golden);
    let agent = &bench.agent;
    let installed = agent.reservation().unwrap().installed.unwrap();
    assert_eq!(installed.generation, 1);
    assert_eq!(installed.short_since, None, "a boot starts with nothing in use");
    let ends = installed.at.saturating_add(Duration::from_days(30));
    let lines = agent.reserved_lines().iter();
    let lines: Vec<_> = lines.map(|line| (line.entitlement, line.count, line.ends)).collect();
    assert_eq!(lines, [(STANDARD, 3, None), (PREMIUM, 2, Some(ends))]);
    assert_eq!(agent.return_code().unwrap().returned, Returned::Update(2));
    bench.restore(asked);
    assert_eq!(registration(&bench), RegistrationState::ReservationInProgress);
    assert!(bench.agent.request_code().is_some());
}

#[test]
fn c5_what_is_reserved_is_never_over_used_and_a_higher_tier_stands_in_for_a_lower_one() {
    let mut bench = reserved();
    let limit = |most| Limit { most, set_by: LimitSource::Reservation };
    bench.acquire("standard-seat", 9);
    let denied = Err(CountError::Denied { entitlement: STANDARD, limit: limit(9) });
    assert_eq!(try_acquire(&bench, "standard-seat", 1), denied);
    assert_eq!(try_acquire(&bench, "premium-seat", 1), denied, "one of the nine");
    bench.release("standard-seat", 3);
    bench.acquire("premium-seat", 2);
    let denied = Err(CountError::Denied { entitlement: PREMIUM, limit: limit(2) });
    assert_eq!(try_acquire(&bench, "premium-seat", 1), denied);
    // License control does not apply (SPEC C4), and what needs no licence has no limit.
    bench.command(Command::AllowOverage(false)).unwrap();
    bench.command(Command::Limit { feature: "standard-seat", limit: Some(1) }).unwrap();
    bench.acquire("standard-seat", 1);
    bench.acquire("inbound-port", 1_000);
    bench.reboot(60);
    assert!(try_acquire(&bench, "standard-seat", 10).is_err());
    bench.acquire("standard-seat", 9);
}

#[test]
fn x12_registering_and_reserving_exclude_each_other() {
    let mut bench = Bench::new();
    let request = ReservationCommand::Request { universal: false };
    assert_eq!(reserve(&mut bench, request), Err(CommandError::ReservationNotEnabled));
    reserve(&mut bench, ReservationCommand::Enable).unwrap();
    assert_eq!(bench.register(false), Err(CommandError::ReservationEnabled));
    bench.reboot(10);
    assert_eq!(bench.register(false), Err(CommandError::ReservationEnabled), "it is remembered");
    reserve(&mut bench, ReservationCommand::Disable).unwrap();
    bench.register(false).unwrap();
    let enable = reserve(&mut bench, ReservationCommand::Enable);
    assert_eq!(enable, Err(CommandError::RegisteredOrRegistering));
    for mut bench in [asking(), reserved()] {
        let before = bench.flash().clone();
        let held = Err(CommandError::ReservationHeld);
        assert_eq!(bench.register(true), held);
        // SPEC X13
        assert_eq!(bench.command(Command::Deregister), held);
        assert_eq!(bench.command(Command::FactoryReset), held);
        assert_eq!(bench.command(Command::SelectLicenseType("ip-ivr")), held);
        assert_eq!(reserve(&mut bench, ReservationCommand::Disable), held);
        let universal = ReservationCommand::Request { universal: true };
        assert_eq!(reserve(&mut bench, universal), held);
        assert_eq!(bench.command(Command::RenewAuthorization), Err(CommandError::NotRegistered));
        assert_eq!(bench.flash(), &before, "and nothing has changed");
    }
}

#[test]
fn s5_the_same_request_again_shows_the_same_code() {
    let mut bench = asking();
    let first = bench.agent.request_code().unwrap();
    bench.reboot(60);
    reserve(&mut bench, ReservationCommand::Request { universal: false }).unwrap();
    assert_eq!(bench.agent.request_code(), Some(first));
}

#[test]
fn s2_an_update_takes_the_place_of_what_was_installed_and_is_confirmed() {
    let mut bench = reserved();
    let request = bench.agent.request_code().unwrap();
    let old = code(&bench, 0, &[perpetual(STANDARD, 7)]);
    bench.acquire("standard-seat", 9);
    install(&mut bench, 1, &[perpetual(STANDARD, 12)]).unwrap();
    bench.acquire("standard-seat", 3);
    assert!(try_acquire(&bench, "standard-seat", 1).is_err());
    let confirmation = bench.agent.confirmation_code().unwrap();
    assert_eq!(confirmation.generation, 1);
    assert_eq!(confirmation.anchor(&SoftwareCrypto), request.anchors.confirmed);
    let superseded = CommandError::Grant(GrantError::Superseded { generation: 0 });
    assert_eq!(reserve(&mut bench, ReservationCommand::Install(&old)), Err(superseded));
    bench.reboot(60);
    assert_eq!(bench.agent.confirmation_code(), Some(confirmation), "it can be shown again");
    install(&mut bench, 2, &[perpetual(STANDARD, 1)]).unwrap();
    let confirmation = bench.agent.confirmation_code().unwrap();
    assert_eq!(confirmation.generation, 2);
    assert_eq!(confirmation.anchor(&SoftwareCrypto), request.anchors.confirmed);
}

#[test]
fn s3_a_return_is_proved_and_the_device_is_unregistered_from_that_moment() {
    let mut bench = reserved();
    bench.acquire("standard-seat", 5);
    let request = bench.agent.request_code().unwrap();
    let installed = code(&bench, 0, &[perpetual(STANDARD, 7)]);
    bench.run(HOUR);
    reserve(&mut bench, ReservationCommand::Return).unwrap();
    assert_eq!(registration(&bench), RegistrationState::Unregistered);
    let reason = bench.agent.status().unregistered;
    assert!(matches!(reason, Some(UnregisteredReason::ReservationReturned { .. })), "{reason:?}");
    assert_eq!(authorization(&bench), AuthorizationState::Evaluation, "what is in use counts");
    let returned = bench.agent.return_code().unwrap();
    assert_eq!(returned.returned, Returned::Everything);
    assert_eq!(returned.anchor(&SoftwareCrypto), request.anchors.confirmed);
    assert_eq!(try_acquire(&bench, "standard-seat", 100), Ok(()), "no reservation limits it");
    bench.reboot(60);
    assert_eq!(bench.agent.return_code(), Some(returned), "it can be shown again");
    let again = reserve(&mut bench, ReservationCommand::Return);
    assert_eq!(again, Err(CommandError::NoRequest));
    let install = reserve(&mut bench, ReservationCommand::Install(&installed));
    assert_eq!(install, Err(CommandError::NoRequest));
    // A new request has a number of its own, and nothing of the old one fits it.
    let next = ask(&mut bench);
    assert!(next.number > request.number);
    assert_ne!(next.anchors, request.anchors);
    let number = request.number;
    let other = CommandError::Grant(GrantError::OtherRequest { number });
    assert_eq!(reserve(&mut bench, ReservationCommand::Install(&installed)), Err(other));
    assert_eq!(bench.agent.return_code(), Some(returned), "still the last one");
}

#[test]
fn s3_a_request_is_dropped_before_it_was_answered_and_proves_that_as_well() {
    let mut bench = asking();
    let request = bench.agent.request_code().unwrap();
    let authorization = code(&bench, 0, &[perpetual(STANDARD, 7)]);
    let nothing = reserve(&mut bench, ReservationCommand::Return);
    assert_eq!(nothing, Err(CommandError::NothingInstalled));
    reserve(&mut bench, ReservationCommand::Cancel).unwrap();
    assert_eq!(registration(&bench), RegistrationState::Unregistered);
    assert_eq!(told(&bench, "ReservationCancelled"), [0]);
    let returned = bench.agent.return_code().unwrap();
    assert_eq!(returned.anchor(&SoftwareCrypto), request.anchors.confirmed);
    let install = reserve(&mut bench, ReservationCommand::Install(&authorization));
    assert_eq!(install, Err(CommandError::NoRequest), "an authorization on its way is void");
    let again = reserve(&mut bench, ReservationCommand::Cancel);
    assert_eq!(again, Err(CommandError::NoRequest));
    reserve(&mut bench, ReservationCommand::Disable).unwrap();
    bench.register(false).unwrap();
    let mut bench = reserved();
    let installed = reserve(&mut bench, ReservationCommand::Cancel);
    assert_eq!(installed, Err(CommandError::ReservationHeld));
}

#[test]
fn s3_an_authorization_is_returned_without_ever_being_installed() {
    let mut bench = asking();
    let request = bench.agent.request_code().unwrap();
    let first = code(&bench, 0, &[perpetual(STANDARD, 7)]);
    reserve(&mut bench, ReservationCommand::ReturnAuthorization(&first)).unwrap();
    assert_eq!(registration(&bench), RegistrationState::Unregistered);
    let returned = bench.agent.return_code().unwrap();
    assert_eq!(returned.returned, Returned::Everything);
    assert_eq!(returned.anchor(&SoftwareCrypto), request.anchors.confirmed);

    // An update: the device stays as it was, and never installs it.
    let mut bench = reserved();
    let request = bench.agent.request_code().unwrap();
    let installed = code(&bench, 0, &[perpetual(STANDARD, 7)]);
    let update = code(&bench, 1, &[perpetual(STANDARD, 3)]);
    let superseded = |generation| Err(CommandError::Grant(GrantError::Superseded { generation }));
    let held = reserve(&mut bench, ReservationCommand::ReturnAuthorization(&installed));
    assert_eq!(held, superseded(0), "what is installed is returned by `return`");
    reserve(&mut bench, ReservationCommand::ReturnAuthorization(&update)).unwrap();
    let returned = bench.agent.return_code().unwrap();
    assert_eq!(returned.returned, Returned::Update(1));
    assert_eq!(returned.anchor(&SoftwareCrypto), request.anchors.declined);
    bench.reboot(60);
    assert_eq!(bench.agent.return_code(), Some(returned));
    assert_eq!(reserve(&mut bench, ReservationCommand::Install(&update)), superseded(1));
    assert_eq!(bench.agent.reservation().unwrap().installed.unwrap().generation, 0);
    bench.acquire("standard-seat", 9);
    install(&mut bench, 2, &[perpetual(STANDARD, 3)]).unwrap();
}

#[test]
fn s5_a_backup_that_is_put_back_brings_no_reservation_back_where_there_is_a_counter() {
    let mut bench = Bench::new();
    bench.counter = Some(40);
    bench.reboot(1);
    ask(&mut bench);
    assert!(bench.agent.status().rollback_protection);
    install(&mut bench, 0, &[perpetual(STANDARD, 7)]).unwrap();
    let backup = bench.flash().clone();
    reserve(&mut bench, ReservationCommand::Return).unwrap();
    let returned = bench.agent.return_code().unwrap();
    bench.restore(backup);
    assert_eq!(registration(&bench), RegistrationState::Unregistered);
    let reason = bench.agent.status().unregistered;
    assert!(matches!(reason, Some(UnregisteredReason::ReservationRolledBack { .. })), "{reason:?}");
    assert_eq!(told(&bench, "ReservationRolledBack").len(), 1);
    assert_eq!(bench.agent.return_code(), Some(returned), "should it have been lost");
    bench.forget();
    bench.reboot(1);
    assert_eq!(told(&bench, "ReservationRolledBack"), [], "told once");
    assert!(ask(&mut bench).number > 41);
}

#[test]
fn s5_a_backup_from_before_an_update_does_not_bring_back_what_the_update_took() {
    let mut bench = Bench::new();
    bench.counter = Some(0);
    bench.reboot(1);
    ask(&mut bench);
    install(&mut bench, 0, &[perpetual(STANDARD, 70)]).unwrap();
    let backup = bench.flash().clone();
    install(&mut bench, 1, &[perpetual(STANDARD, 7)]).unwrap();
    bench.restore(backup);
    assert_eq!(registration(&bench), RegistrationState::Unregistered);
}

#[test]
fn s5_what_overtook_a_backup_does_not_come_back_after_that_ones_return_code_was_shown() {
    let mut bench = Bench::new();
    bench.counter = Some(0);
    bench.reboot(1);
    ask(&mut bench);
    install(&mut bench, 0, &[perpetual(STANDARD, 70)]).unwrap();
    let old = bench.flash().clone();
    install(&mut bench, 1, &[perpetual(STANDARD, 7)]).unwrap();
    let new = bench.flash().clone();
    bench.restore(old);
    assert!(bench.agent.return_code().is_some());
    bench.restore(new);
    assert_eq!(registration(&bench), RegistrationState::Unregistered);
}

#[test]
fn s5_a_platform_without_a_counter_says_so() {
    let mut bench = reserved();
    assert!(!bench.agent.status().rollback_protection);
    let backup = bench.flash().clone();
    reserve(&mut bench, ReservationCommand::Return).unwrap();
    bench.restore(backup);
    assert_eq!(registration(&bench), RegistrationState::Reserved, "nothing here could tell");
}

#[test]
fn s5_what_is_said_of_the_counter_unasked_is_not_heard() {
    for counter in [None, Some(3)] {
        let mut bench = Bench::new();
        bench.counter = counter;
        bench.reboot(1);
        bench.forget();
        for input in [Input::CounterRaised(40), Input::CounterFailed, Input::CounterRaised(0)] {
            bench.input(input).unwrap();
        }
        assert_eq!(bench.names(), []);
        assert_eq!(bench.agent.status().rollback_protection, counter.is_some());
        let number = ask(&mut bench).number;
        assert!(bench.counter.is_none_or(|counter| counter == number), "it is raised all the same");
    }
}

#[test]
fn s5_a_device_that_lost_everything_does_not_begin_its_numbers_again() {
    let mut bench = asking();
    let number = bench.agent.request_code().unwrap().number;
    bench.restore(Flash::default());
    assert_ne!(ask(&mut bench).number, number);
    // With a counter the numbers go on.
    let mut bench = Bench::new();
    bench.counter = Some(5);
    bench.reboot(1);
    let number = ask(&mut bench).number;
    bench.restore(Flash::default());
    assert!(ask(&mut bench).number > number);
}

#[test]
fn s5_no_code_is_shown_before_what_it_says_cannot_be_undone() {
    let mut bench = Bench::new();
    bench.counter = Some(0);
    bench.reboot(1);
    bench.counter_works = false;
    bench.forget();
    reserve(&mut bench, ReservationCommand::Enable).unwrap();
    reserve(&mut bench, ReservationCommand::Request { universal: false }).unwrap();
    assert_eq!(bench.agent.request_code(), None);
    bench.run(HOUR);
    assert_eq!(told(&bench, "CounterFailed").len(), 1, "told once, and tried again");
    bench.counter_works = true;
    bench.run(MINUTE);
    assert_eq!(told(&bench, "CounterRestored").len(), 1);
    let request = bench.agent.request_code().unwrap();
    assert_eq!(bench.counter, Some(request.number));
    install(&mut bench, 0, &[perpetual(STANDARD, 7)]).unwrap();
    let installed = bench.counter;
    bench.storage = false;
    reserve(&mut bench, ReservationCommand::Return).unwrap();
    assert_eq!(bench.agent.return_code(), None, "it is not stored");
    assert_eq!(bench.counter, installed, "and the counter waits for the record");
    bench.storage = true;
    bench.run(MINUTE);
    assert!(bench.agent.return_code().is_some());
    assert_eq!(bench.counter, installed.map(|counter| counter + 1));
}

#[test]
fn t6_power_lost_between_any_two_steps_leaves_the_state_before_or_after() {
    for counter in [None, Some(7)] {
        for cut in 0..60 {
            cut_anywhere(counter, cut);
        }
    }
}

/// A whole life of a reservation that loses power before its write or step number `cut`. Each command
/// is given again until it is done, as an administrator would.
fn cut_anywhere(counter: Option<u32>, cut: u32) {
    let mut bench = Bench::new();
    bench.counter = counter;
    bench.reboot(1);
    bench.writes_until_cut = Some(cut);
    let insist = |bench: &mut Bench, command, done: &dyn Fn(&Bench) -> bool| {
        for _ in 0..3 {
            if bench.powered && !done(bench) {
                reserve(bench, command).unwrap();
            }
            if !bench.powered {
                bench.reboot(60);
            }
        }
        assert!(done(bench), "cut {cut}: {command:?}");
    };
    let is = |state: RegistrationState| move |bench: &Bench| registration(bench) == state;
    let enabled = |bench: &Bench| bench.agent.status().reservation_enabled;
    insist(&mut bench, ReservationCommand::Enable, &enabled);
    let request = ReservationCommand::Request { universal: false };
    insist(&mut bench, request, &is(RegistrationState::ReservationInProgress));
    let request = bench.agent.request_code().expect("it holds after a boot");
    let first = code(&bench, 0, &[perpetual(STANDARD, 7)]);
    insist(&mut bench, ReservationCommand::Install(&first), &is(RegistrationState::Reserved));
    assert_eq!(bench.agent.request_code().as_ref(), Some(&request), "cut {cut}");
    let update = code(&bench, 1, &[perpetual(STANDARD, 3)]);
    let updated = |bench: &Bench| {
        bench.agent.reservation().is_some_and(|r| r.installed.is_some_and(|i| i.generation == 1))
    };
    insist(&mut bench, ReservationCommand::Install(&update), &updated);
    let confirmation = bench.agent.confirmation_code().expect("it holds");
    assert_eq!(confirmation.anchor(&SoftwareCrypto), request.anchors.confirmed);
    insist(&mut bench, ReservationCommand::Return, &is(RegistrationState::Unregistered));
    let returned = bench.agent.return_code().expect("it holds");
    assert_eq!(returned.anchor(&SoftwareCrypto), request.anchors.confirmed, "cut {cut}");
    bench.reboot(60);
    assert_eq!(bench.agent.return_code(), Some(returned), "cut {cut}");
    if let (Some(before), Some(now)) = (counter, bench.counter) {
        assert_eq!(now, before + 4, "cut {cut}: request, installation, update, return");
    }
}

#[test]
fn s7_the_end_of_a_term_is_told_from_90_days_before_and_the_licences_count_no_more() {
    let mut bench = asking();
    install(&mut bench, 0, &[perpetual(STANDARD, 2), until(STANDARD, 5, 100)]).unwrap();
    bench.acquire("standard-seat", 6);
    bench.run(101 * DAY);
    let days: Vec<u64> =
        told(&bench, "ReservationTermEnding").iter().map(|at| 100 - at / DAY).collect();
    assert_eq!(days, [90, 60, 30, 14, 7, 3, 1]);
    assert_eq!(told(&bench, "ReservationTermEnded"), [100 * DAY]);
    assert_eq!(told(&bench, "ReservationInsufficient"), [100 * DAY], "six of two");
    assert_eq!(authorization(&bench), AuthorizationState::NotAuthorizedReserved);
    let standard = bench.agent.entitlement(0).unwrap();
    assert_eq!(standard.authorization, AuthorizationState::NotAuthorizedReserved);
    assert_eq!(standard.limit.map(|limit| limit.most), Some(2));
    let premium = bench.agent.entitlement(1).unwrap();
    assert_eq!(premium.authorization, AuthorizationState::Reserved);
    // SPEC X11: 90 days of overage, then enforced.
    let reason = Reason::NotAuthorizedReserved;
    let enforcement = bench.agent.status().enforcement;
    assert!(matches!(enforcement, Enforcement::Overage { reason: r, .. } if r == reason));
    bench.run(89 * DAY - 1);
    assert!(matches!(bench.agent.status().enforcement, Enforcement::Overage { .. }));
    bench.run(1);
    let enforcement = bench.agent.status().enforcement;
    assert!(matches!(enforcement, Enforcement::Enforced { reason: r, .. } if r == reason));
    // It ends the moment its cause does (SPEC E4).
    bench.release("standard-seat", 4);
    assert_eq!(bench.agent.status().enforcement, Enforcement::None);
    assert_eq!(authorization(&bench), AuthorizationState::Reserved);
    assert_eq!(told(&bench, "ReservationSufficient").len(), 1);
    assert!(try_acquire(&bench, "standard-seat", 1).is_err());
}

#[test]
fn e5_no_clock_that_is_set_moves_the_end_of_a_term() {
    for step in [-40 * DAY as i64, 40 * DAY as i64] {
        let mut bench = asking();
        install(&mut bench, 0, &[until(STANDARD, 5, 100)]).unwrap();
        bench.run(50 * DAY);
        bench.set_clock(step);
        bench.stopping();
        bench.reboot(0);
        bench.run(50 * DAY - 1);
        assert_eq!(told(&bench, "ReservationTermEnded"), [], "{step}");
        bench.run(1 + HOUR);
        assert_eq!(told(&bench, "ReservationTermEnded").len(), 1, "{step}");
        assert!(try_acquire(&bench, "standard-seat", 1).is_err());
    }
}

#[test]
fn e5_a_power_cut_shortens_a_term_by_four_hours_at_most_and_lengthens_none() {
    for (time_off, clock) in [(0, true), (20 * DAY, true), (0, false)] {
        let mut bench = asking();
        install(&mut bench, 0, &[until(STANDARD, 5, 100)]).unwrap();
        bench.real_time = clock;
        for hours in [1, 3, 50] {
            bench.run(hours * HOUR);
            bench.reboot(0);
        }
        bench.reboot(time_off);
        bench.run(100 * DAY);
        let [ended] = told(&bench, "ReservationTermEnded")[..] else { panic!("once") };
        // Time off that no clock saw is not known to have passed (SPEC T3): there is none here.
        assert!(ended <= 100 * DAY, "{} s late", ended - 100 * DAY);
        assert!(100 * DAY - ended <= 4 * 4 * HOUR, "{} s early", 100 * DAY - ended);
    }
}

#[test]
fn e5_installing_again_with_a_clock_set_back_gives_no_longer_term() {
    let mut bench = asking();
    let code = code(&bench, 0, &[until(STANDARD, 5, 100)]);
    reserve(&mut bench, ReservationCommand::Install(&code)).unwrap();
    bench.run(99 * DAY);
    bench.set_clock(-99 * DAY as i64);
    let again = reserve(&mut bench, ReservationCommand::Install(&code));
    let superseded = CommandError::Grant(GrantError::Superseded { generation: 0 });
    assert_eq!(again, Err(superseded));
}

#[test]
fn s7_a_device_without_a_clock_counts_a_term_from_the_day_it_was_authorized() {
    let mut bench = Bench::new();
    bench.real_time = false;
    bench.restore(Flash::default());
    ask(&mut bench);
    let request = bench.agent.request_code().unwrap();
    let lines = [until(STANDARD, 5, 100)];
    let code = bench.manager.authorization_code(&request, 0, &lines, EPOCH + 10 * DAY);
    reserve(&mut bench, ReservationCommand::Install(&code)).unwrap();
    bench.run(90 * DAY - 1);
    assert_eq!(told(&bench, "ReservationTermEnded"), []);
    bench.run(1);
    assert_eq!(told(&bench, "ReservationTermEnded").len(), 1);
}

#[test]
fn s4_a_code_that_is_not_for_here_is_named_and_changes_nothing() {
    let mut bench = asking();
    let lines = [perpetual(STANDARD, 7)];
    let good = code(&bench, 0, &lines);
    let request = bench.agent.request_code().unwrap();
    let other = {
        let mut other = Bench::with(|_, device| device.udi.serial_number = "Z9");
        ask(&mut other);
        code(&other, 0, &lines)
    };
    let mut other_type = request.clone();
    other_type.license_type = 3;
    let other_type = bench.manager.authorization_code(&other_type, 0, &lines, EPOCH);
    let stranger = Manager::new(&KeyHandle([66; 32]));
    let stranger = stranger.authorization_code(&request, 0, &lines, EPOCH);
    let mistyped = format!("{}{}", &good[..20], &good[21..]);
    let ended =
        code(&bench, 0, &[GrantLine { until: Some(UnixTime::from_secs(EPOCH)), ..lines[0] }]);
    let many = code(&bench, 0, &[lines[0]; 9]);
    let grant = |error| Err(CommandError::Grant(error));
    let before = bench.flash().clone();
    let mut install = |text: &str| reserve(&mut bench, ReservationCommand::Install(text));
    assert_eq!(install("hello"), Err(CommandError::Code(CodeError::NotACode)));
    let kind = Err(CommandError::Code(CodeError::WrongKind(CodeKind::Request)));
    assert_eq!(install(&request.to_text()), kind);
    assert!(matches!(install(&mistyped), Err(CommandError::Code(_))));
    assert_eq!(install(&other), grant(GrantError::OtherDevice));
    assert_eq!(install(&other_type), grant(GrantError::OtherLicenseType));
    assert_eq!(install(&stranger), grant(GrantError::SignerUnknown));
    assert_eq!(install(&ended), Err(CommandError::TermsEnded));
    assert_eq!(install(&many), Err(CommandError::TooManyLines));
    assert_eq!(bench.flash(), &before);
    assert_eq!(registration(&bench), RegistrationState::ReservationInProgress);
    // However it was pasted.
    let pasted = format!("\n  \"{}\"\r\n", good.to_lowercase().replace('-', " \n"));
    reserve(&mut bench, ReservationCommand::Install(&pasted)).unwrap();
    assert_eq!(registration(&bench), RegistrationState::Reserved);
}

#[test]
fn s1_a_universal_reservation_limits_nothing_but_what_the_device_can_carry() {
    let mut bench = Bench::new();
    reserve(&mut bench, ReservationCommand::Enable).unwrap();
    reserve(&mut bench, ReservationCommand::Request { universal: true }).unwrap();
    assert!(bench.agent.request_code().unwrap().universal);
    install(&mut bench, 0, &[]).unwrap();
    assert!(bench.agent.reservation().unwrap().universal);
    bench.acquire("premium-seat", 5_000);
    assert_eq!(authorization(&bench), AuthorizationState::Reserved);
}

#[test]
fn an_authorization_code_is_not_longer_than_its_reader_needs() {
    let bench = asking();
    let code = code(&bench, 0, &[until(STANDARD, u32::MAX, 40_000); 16]);
    assert!(AuthorizationCode::parse(&code).is_ok());
}
