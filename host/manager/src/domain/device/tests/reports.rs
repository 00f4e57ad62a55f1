use crate::domain::license;
use crate::store::{Page, UsageRow};
use crate::testing::{Machine, PREMIUM, SERVER, STANDARD, START, World};
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::{AnswerBody, Authorization, RequestBody, Verdict};

fn authorization(answer: AnswerBody<'static>) -> Authorization {
    match answer {
        AnswerBody::Authorization(authorization) => authorization,
        other => panic!("{other:?}"),
    }
}

fn verdicts(answer: AnswerBody<'static>) -> Vec<(Verdict, u32)> {
    let said = authorization(answer);
    said.entitlements.iter().map(|answer| (answer.verdict, answer.owned)).collect()
}

#[test]
fn tiers_substitute_as_the_examples_of_c2_say() {
    let mut world = World::new();
    world.buy(STANDARD, 40);
    world.buy(PREMIUM, 10);
    let mut machine = Machine::registered(&mut world, "SN1");
    let examples = [
        (0, 10, true),
        (50, 0, true),
        (51, 0, false),
        (45, 5, true),
        (46, 5, false),
        (39, 11, false),
        (0, 11, false),
        (40, 10, true),
        (41, 10, false),
    ];
    for (standard, premium, covered) in examples {
        let found = machine.is_covered(&mut world, standard, premium);
        assert_eq!(found, covered, "{standard} standard and {premium} premium");
    }
    use Verdict::{InCompliance, OutOfCompliance};
    let answer = machine.report(&mut world, &[(STANDARD, 50), (PREMIUM, 11)]);
    assert_eq!(verdicts(answer), [(InCompliance, 40), (OutOfCompliance, 10)]);
    let answer = machine.report(&mut world, &[(PREMIUM, 10), (STANDARD, 51)]);
    assert_eq!(verdicts(answer), [(InCompliance, 10), (OutOfCompliance, 40)]);
}

#[test]
fn compliance_is_that_of_the_virtual_account() {
    let mut world = World::new();
    world.buy(STANDARD, 40);
    world.buy(PREMIUM, 10);
    let mut first = Machine::registered(&mut world, "SN1");
    let mut second = Machine::registered(&mut world, "SN2");
    assert!(first.is_covered(&mut world, 30, 5));
    assert!(second.is_covered(&mut world, 10, 5));
    assert!(!second.is_covered(&mut world, 11, 5), "51 seats of 50 together");
    assert!(!first.is_covered(&mut world, 30, 5), "and that holds for both");
    assert!(first.is_covered(&mut world, 29, 5));
    assert!(second.is_covered(&mut world, 11, 5));
    let branch = world.add_place("Branch");
    let (_, token) = world.token_for(branch, None);
    let mut apart = Machine::new("SN3");
    apart.register(&mut world, token, false);
    assert!(!apart.is_covered(&mut world, 1, 0), "another pool owns nothing");
    assert!(first.is_covered(&mut world, 29, 5), "and does not weigh on this one");
}

#[test]
fn unknown_tags_and_a_server_that_is_not_owned_are_said_and_are_no_over_use() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let usage = [("regid.example.NOTHING,1.0", 5), (SERVER, 0)];
    let said = authorization(machine.report(&mut world, &usage));
    assert_eq!(said.out_of_compliance_since, None);
    let answer = machine.report(&mut world, &usage);
    assert_eq!(verdicts(answer), [(Verdict::InvalidTag, 0), (Verdict::NotOwned, 0)]);
    world.buy(SERVER, 1);
    let answer = machine.report(&mut world, &[(SERVER, 0)]);
    assert_eq!(verdicts(answer), [(Verdict::InCompliance, 1)]);
    assert_eq!(world.peak(&machine, "regid.example.NOTHING,1.0"), 0);
}

#[test]
fn since_when_a_device_is_out_of_compliance_survives_registering_again() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let over = [(STANDARD, 2)];
    let since = |answer| authorization(answer).out_of_compliance_since;
    assert_eq!(since(machine.report(&mut world, &over)), Some(START));
    world.pass(Duration::from_days(10));
    assert_eq!(since(machine.report(&mut world, &[(STANDARD, 9)])), Some(START), "more over-use");
    world.buy(STANDARD, 1);
    assert_eq!(since(machine.report(&mut world, &over)), Some(START), "does not suffice");
    machine.ask(&mut world, RequestBody::Deregister);
    let token = world.token();
    machine.register(&mut world, token, false);
    assert_eq!(since(machine.report(&mut world, &over)), Some(START), "SPEC X6");
    // In another account nothing is owed; back in the first, the old date stands.
    let (_, place) = world.add_account("Other Account");
    let (_, foreign) = world.token_for(place, None);
    machine.ask(&mut world, RequestBody::Deregister);
    machine.register(&mut world, foreign, false);
    let now = Some(world.now);
    assert_eq!(since(machine.report(&mut world, &over)), now);
    machine.ask(&mut world, RequestBody::Deregister);
    machine.register(&mut world, token, false);
    assert_eq!(since(machine.report(&mut world, &over)), Some(START));
    world.buy(STANDARD, 1);
    assert_eq!(since(machine.report(&mut world, &over)), None, "a compliant report clears it");
    world.pass(Duration::from_days(1));
    let now = Some(world.now);
    assert_eq!(since(machine.report(&mut world, &[(STANDARD, 3)])), now);
    assert_eq!(world.count_events("OutOfCompliance"), 3);
    assert_eq!(world.count_events("BackInCompliance"), 1);
}

#[test]
fn terms_begin_and_end_on_time() {
    let mut world = World::new();
    let day = |n: u32| START.saturating_add(Duration::from_days(n));
    let mut machine = Machine::registered(&mut world, "SN1");
    world.buy_term(STANDARD, 5, Some(day(10)), Some(day(20)));
    world.buy_term(STANDARD, 3, None, Some(day(15)));
    let second = Duration::from_secs(1);
    let ends = |n| day(n).saturating_sub(second);
    let expected =
        [(START, 3), (ends(10), 3), (day(10), 8), (ends(15), 8), (day(15), 5), (day(20), 0)];
    for (moment, owned) in expected {
        world.now = moment;
        // Covered at exactly what is owned, out of compliance with one more.
        let answer = authorization(machine.report(&mut world, &[(STANDARD, owned)]));
        assert_eq!(answer.entitlements[0].owned, owned);
        assert_eq!(answer.out_of_compliance_since, None);
        assert!(!machine.is_covered(&mut world, owned + 1, 0));
        assert!(machine.is_covered(&mut world, owned, 0));
    }
    let line = world.buy(STANDARD, 4);
    assert!(machine.is_covered(&mut world, 4, 0));
    assert!(!machine.is_covered(&mut world, 5, 0));
    world.change(|tx, scene, _| license::end(tx, scene, line.id)).unwrap();
    assert!(!machine.is_covered(&mut world, 4, 0));
}

#[test]
fn licences_bought_after_a_term_ended_count_once() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let end = START.saturating_add(Duration::from_days(1));
    world.buy_term(STANDARD, 1, None, Some(end));
    world.now = end;
    world.buy(STANDARD, 2);
    assert!(machine.is_covered(&mut world, 2, 0));
    assert!(!machine.is_covered(&mut world, 3, 0));
}

#[test]
fn what_a_report_leaves_out_is_no_longer_used() {
    let mut world = World::new();
    world.buy(PREMIUM, 10);
    let mut machine = Machine::registered(&mut world, "SN1");
    machine.report(&mut world, &[(STANDARD, 6), (PREMIUM, 4)]);
    // A tier has at least what those above it have, whatever was left out.
    machine.report(&mut world, &[(PREMIUM, 2)]);
    assert_eq!((world.peak(&machine, STANDARD), world.peak(&machine, PREMIUM)), (2, 2));
    machine.report(&mut world, &[]);
    assert_eq!((world.peak(&machine, STANDARD), world.peak(&machine, PREMIUM)), (0, 0));
    let mut other = Machine::registered(&mut world, "SN2");
    assert!(other.is_covered(&mut world, 0, 10));
    let id = world.row(&machine).id;
    let usage: Vec<UsageRow> = world.view(|view| view.usage(id)).unwrap();
    let highest = |tag| usage.iter().find(|row| &*row.tag == tag).map(|row| row.highest);
    assert_eq!((highest(STANDARD), highest(PREMIUM)), (Some(6), Some(4)));
}

#[test]
fn the_history_has_changes_and_a_row_every_eight_hours() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let id = world.row(&machine).id;
    for peak in [1, 1, 2, 2] {
        machine.report(&mut world, &[(STANDARD, peak)]);
        world.pass(Duration::from_hours(4));
    }
    world.pass(Duration::from_hours(1));
    machine.report(&mut world, &[(STANDARD, 2)]);
    let page = Page { after: 0, limit: 100 };
    let history = world.view(|view| view.usage_history(id, page)).unwrap();
    let standard: Vec<(u32, UnixTime)> = history
        .iter()
        .filter(|row| &*row.tag == STANDARD)
        .map(|row| (row.peak, row.reported))
        .collect();
    let hour = |n| START.saturating_add(Duration::from_hours(n));
    assert_eq!(standard, [(1, hour(0)), (2, hour(8)), (2, hour(17))]);
}

#[test]
fn names_that_a_device_gives_are_kept_without_what_cannot_be_printed() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let long = "x".repeat(300);
    for (given, kept) in [("pbx\u{1b}[31m\n", "pbx[31m"), (long.as_str(), &long[..255])] {
        machine.ask(
            &mut world,
            RequestBody::Report(leasehold_core::wire::Report {
                host_name: given,
                software_version: "1",
                covers_seconds: 1,
                usage: Default::default(),
            }),
        );
        assert_eq!(&*world.row(&machine).host_name, kept);
    }
}
