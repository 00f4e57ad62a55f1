use super::*;
use crate::disk::Directory;
use leasehold_core::products::contact_center::{FLEX, PERPETUAL_ENHANCED};

fn skills(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).into()).collect()
}

#[test]
fn sign_ins_take_the_seat_their_skills_need_once() {
    let counters = Counters::<8>::new(&FLEX);
    let mut usage = Usage::default();
    let mut login = |name: &str, names: &[&str], supervisor| {
        usage.login(&counters, name, &skills(names), supervisor)
    };
    assert_eq!(login("ann", &["inbound-voice"], false), Ok("standard-seat".into()));
    assert_eq!(login("bob", &["inbound-voice", "chat"], false), Ok("premium-seat".into()));
    assert_eq!(login("eve", &[], true), Ok("premium-seat".into()));
    let twice = login("ann", &["chat"], false).unwrap_err();
    assert_eq!(twice.code, "signed-in-already");
    let unknown = login("dan", &["telepathy"], false).unwrap_err();
    assert!(unknown.remedy.contains("outbound-direct-preview"), "{unknown}");
    for name in ["", "a\nb", &"x".repeat(65)] {
        assert_eq!(login(name, &[], false).unwrap_err().code, "bad-name");
    }
    assert_eq!(counters.counts().in_use[..2], [1, 2]);
    assert_eq!(usage.logout(&counters, "bob").unwrap(), "premium-seat");
    let unknown = usage.logout(&counters, "bob").unwrap_err();
    assert_eq!(unknown.code, "not-signed-in");
    assert_eq!(unknown.remedy, "Signed in: ann, eve.");
    assert_eq!(counters.counts().in_use[..2], [1, 1]);
}

#[test]
fn whoever_is_not_signed_in_is_told_who_is() {
    let counters = Counters::<8>::new(&FLEX);
    let mut usage = Usage::default();
    assert_eq!(usage.logout(&counters, "zoe").unwrap_err().remedy, "Nobody is.");
    for number in 10..23 {
        usage.login(&counters, &format!("a{number}"), &[], false).unwrap();
    }
    let remedy = usage.logout(&counters, "zoe").unwrap_err().remedy;
    assert!(remedy.starts_with("Signed in: a10, a11, ") && remedy.contains("a19 and 3 more;"));
}

#[test]
fn a_release_takes_nothing_from_sign_ins() {
    let counters = Counters::<8>::new(&FLEX);
    let mut usage = Usage::default();
    usage.login(&counters, "ann", &[], false).unwrap();
    usage.acquire(&counters, "standard-seat", 3).unwrap();
    let refused = usage.release(&counters, "standard-seat", 4).unwrap_err();
    assert!(refused.cause.starts_with("3 of standard-seat are held"), "{refused}");
    assert!(refused.cause.contains("1 by sign-ins"), "{refused}");
    usage.release(&counters, "standard-seat", 3).unwrap();
    assert_eq!(counters.counts().in_use[0], 1);
    let unknown = usage.acquire(&counters, "sofa", 1).unwrap_err();
    assert!(unknown.remedy.contains("standard-seat, premium-seat"), "{unknown}");
    assert_eq!(usage.release(&counters, "sofa", 1).unwrap_err().code, "unknown-feature");
    assert_eq!(usage.acquire(&counters, "server", 0).unwrap_err().code, "bad-count");
    usage.acquire(&counters, "server", u32::MAX - 1).unwrap();
    assert_eq!(usage.acquire(&counters, "server", 2).unwrap_err().code, "too-many");
}

#[test]
fn what_is_held_comes_back_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Directory::take(dir.path()).unwrap();
    let counters = Counters::<8>::new(&FLEX);
    let mut usage = Usage::load(&disk);
    usage.login(&counters, "ann", &[], true).unwrap();
    usage.acquire(&counters, "inbound-port", 7).unwrap();
    usage.save(&disk);
    let after = Counters::<8>::new(&FLEX);
    let mut loaded = Usage::load(&disk);
    loaded.restore(&after);
    assert_eq!(loaded, usage);
    assert_eq!(after.counts().in_use, counters.counts().in_use);
}

#[test]
fn a_file_that_cannot_be_used_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Directory::take(dir.path()).unwrap();
    for text in ["", "{", "{\"signed_in\": 3}", "[]"] {
        disk.replace(FILE, text.as_bytes(), Durability::Ordered).unwrap();
        assert_eq!(Usage::load(&disk), Usage::default(), "{text}");
        assert_eq!(disk.read(FILE).unwrap(), None);
        assert_eq!(disk.read("usage.json.damaged").unwrap().unwrap(), text.as_bytes());
    }
    let gone = "{\"signed_in\": {\"ann\": \"gone\"}, \"acquired\": {\"gone\": 2, \"server\": 1}}";
    disk.replace(FILE, gone.as_bytes(), Durability::Ordered).unwrap();
    let counters = Counters::<8>::new(&FLEX);
    let mut usage = Usage::load(&disk);
    usage.restore(&counters);
    assert_eq!(usage.signed_in().count(), 0);
    assert_eq!(counters.counts().in_use[2], 1);
}

#[test]
fn sign_ins_of_another_license_type_are_seated_anew_at_a_start() {
    let counters = Counters::<8>::new(&FLEX);
    let mut usage = Usage::default();
    usage.login(&counters, "ann", &skills(&["inbound-voice"]), false).unwrap();
    usage.login(&counters, "bob", &skills(&["chat"]), false).unwrap();
    usage.acquire(&counters, "premium-seat", 2).unwrap();
    // As after a crash between the change and its storing.
    let enhanced = Counters::<8>::new(&PERPETUAL_ENHANCED);
    usage.restore(&enhanced);
    let held: Vec<_> = usage.signed_in().collect();
    assert_eq!(held, [("ann", "agent-seat")]);
    assert_eq!(enhanced.counts().in_use[0], 1);
    assert!(usage.acquired.is_empty());
}

#[test]
fn a_file_of_the_first_version_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Directory::take(dir.path()).unwrap();
    let old = "{\"signed_in\": {\"ann\": \"premium-seat\"}, \"acquired\": {}}";
    disk.replace(FILE, old.as_bytes(), Durability::Ordered).unwrap();
    let mut usage = Usage::load(&disk);
    usage.restore(&Counters::<8>::new(&FLEX));
    assert_eq!(usage.signed_in().collect::<Vec<_>>(), [("ann", "premium-seat")]);
    let refused = usage.under(&PERPETUAL_ENHANCED).unwrap_err();
    assert!(
        refused.cause.ends_with(
            "; an older version signed them in and did not keep what they \
                                     work on."
        ),
        "{refused}"
    );
    usage.save(&disk);
    assert_eq!(Usage::load(&disk), usage);
}
