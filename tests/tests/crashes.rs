//! `kill -9` of manager and appliance at random moments, registration included, while a fleet
//! reports every second: the manager's books agree with an independent ledger (SPEC T4, T6, L11).

use leasehold_tests::appliance::Appliance;
use leasehold_tests::binary;
use leasehold_tests::fleet::{Fleet, Random};
use leasehold_tests::manager::Manager;
use leasehold_tests::process::until;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

const SEED: u64 = 20_261_124;
const KILLS: usize = 200;
const FLEET: usize = 20;
/// After this many kills another appliance, fresh out of its box, takes the place of the last.
const KILLS_PER_APPLIANCE: usize = 10;

const POLICY: &str = "report_interval = \"1s\"\nretry_first = \"1s\"\nretry_max = \"1s\"\n\
                      pending_report_interval = \"1s\"\nbreached_report_interval = \"1s\"";

#[test]
fn two_hundred_kills_lose_and_double_nothing() {
    let mut manager = Manager::start(POLICY);
    for feature in ["standard-seat", "premium-seat", "server"] {
        manager.deposit(feature, 100_000);
    }
    let (fleet_token, text) = manager.token(None);
    let fleet = Fleet::start(&manager, FLEET, &text, SEED);
    let (token, text) = manager.token(None);
    let mut random = Random(SEED);
    let mut appliances = 0_u64;
    let mut kills = 0;
    while kills < KILLS {
        appliances += 1;
        let mut appliance = Appliance::new(&manager, &format!("BOX-{appliances:03}"), Some(&text));
        for _ in 0..KILLS_PER_APPLIANCE {
            if !appliance.is_running() {
                appliance.launch(impatient_appliance());
            }
            // A moment within start, registration, first report or steady use.
            std::thread::sleep(Duration::from_millis(random.below(400)));
            let both = random.below(4) == 0;
            if both || random.below(2) == 0 {
                manager.kill();
                kills += 1;
                manager.launch();
            }
            if both || random.below(2) == 0 {
                appliance.kill();
                kills += 1;
            }
        }
        if !appliance.is_running() {
            appliance.launch(impatient_appliance());
        }
        until("the manager answers", || manager.is_up());
        until("the appliance takes commands", || appliance.is_up());
        appliance.until("the appliance is registered", |report| {
            report["registration"]["state"] == "Registered"
        });
        let serial = format!("BOX-{appliances:03}");
        until("its first report is counted", || {
            manager.instances().iter().any(|instance| {
                instance["serial_number"] == serial.as_str() && instance["reports_counted"] != 0
            })
        });
        appliance.stop();
    }
    let ledgers = fleet.finish();
    let instances: BTreeMap<String, serde_json::Value> = manager
        .instances()
        .into_iter()
        .map(|instance| (instance["serial_number"].as_str().expect("text").to_owned(), instance))
        .collect();
    let mut standard_and_above = 0;
    for ledger in &ledgers {
        let instance = &instances[&ledger.serial_number];
        assert_eq!(instance["reports_counted"], ledger.reports_answered, "{ledger:?} {instance}");
        assert!(ledger.reports_answered > 10, "{ledger:?}");
        assert!(ledger.all_accepted, "{ledger:?}");
        assert_eq!(ledger.conflicts, 0, "{ledger:?}");
        let usage = instance["usage"].as_array().expect("a list");
        for (tag, peak) in &ledger.last_peaks {
            let counted = usage.iter().find(|usage| usage["tag"] == tag.as_str());
            assert_eq!(counted.map(|usage| &usage["peak"]), Some(&(*peak).into()), "{instance}");
        }
        standard_and_above += ledger.last_peaks[0].1;
    }
    // The pool is the sum of what its instances last reported (L4).
    let pool = |name| manager.pool(name)["in_use"].as_u64().expect("a count");
    let in_pool = pool("CC Flex Standard Seat") + pool("CC Flex Premium Seat");
    assert_eq!(in_pool, u64::from(standard_and_above));
    // One instance and one use of the token for each machine, however often it was killed.
    assert_eq!(instances.len() as u64, appliances + FLEET as u64);
    let tokens = manager.get("tokens?limit=100");
    let uses = |id: i64| {
        let all = tokens["items"].as_array().expect("a list");
        all.iter().find(|token| token["id"] == id).expect("the token")["uses"].clone()
    };
    assert_eq!(uses(token), appliances);
    assert_eq!(uses(fleet_token), FLEET as u64);
    let repeats: u64 = ledgers.iter().map(|ledger| ledger.repeats).sum();
    let reports: u64 = ledgers.iter().map(|ledger| ledger.reports_answered).sum();
    assert!(repeats > 0, "the kills were felt");
    println!("{kills} kills, {appliances} appliances, {reports} reports, {repeats} repeats");
}

fn impatient_appliance() -> Command {
    Command::new(binary::path("impatient-appliance"))
}
