//! A whole day of sign-ins from a file goes through the appliance; the manager ends with the peaks
//! that an independent count of the file gives.

use leasehold_tests::appliance::Appliance;
use leasehold_tests::manager::Manager;
use leasehold_tests::trace;

#[test]
fn the_manager_ends_with_the_peaks_of_the_file() {
    let manager = Manager::start("");
    for feature in ["standard-seat", "premium-seat", "server"] {
        manager.deposit(feature, 100);
    }
    let (_, token) = manager.token(None);
    let mut appliance = Appliance::new(&manager, "A1B2C3", Some(&token));
    appliance.start();
    appliance.until("registered", |report| report["registration"]["state"] == "Registered");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/traces/day-60-agents.csv");
    appliance.succeed(&["replay", file, "--instant"]);
    appliance.succeed(&["license", "smart", "renew", "auth"]);
    let text = std::fs::read_to_string(file).expect("the file is there");
    let entries = trace::parse(&text).expect("the file is well formed");
    let peaks = trace::count(&entries).expect("the file can be counted").day;
    let instance = manager.instances().remove(0);
    let highest = |name: &str| {
        let usage = instance["usage"].as_array().expect("a list").clone();
        let found = usage.into_iter().find(|usage| usage["name"] == name);
        found.expect("the usage")["highest"].as_u64().expect("a count")
    };
    assert_eq!(highest("CC Flex Standard Seat"), u64::from(peaks.standard_or_above));
    assert_eq!(highest("CC Flex Premium Seat"), u64::from(peaks.premium));
    assert!(peaks.premium > 0 && peaks.standard_or_above > peaks.premium);
}
