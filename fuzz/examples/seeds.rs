//! Makes the seeds that need no search: from the golden files, and from codes, records and lives that
//! are as they should be. Also the dictionary of steps.

use arbitrary::{Arbitrary, Unstructured};
use leasehold_core::agent::{Agent, RegistrationState};
use leasehold_core::token::Token;
use leasehold_fuzz::keyed_hash::KeyedHash;
use leasehold_fuzz::records::HEADER;
use leasehold_fuzz::step::Step;
use leasehold_fuzz::world::{DEVICE, EPOCH, World, counters, definition};
use std::path::Path;
use std::{fs, io};

/// Of a full block of a code: all characters, and those that check the others.
const BLOCK: (usize, usize) = (80, 6);
const SYMBOLS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn main() -> io::Result<()> {
    codes()?;
    frames()?;
    let lives = lives();
    for (name, _, life) in &lives {
        keep("agent", name, life)?;
    }
    records(&lives)?;
    dictionary()
}

fn keep(target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}

fn golden(file: &str) -> io::Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/golden");
    fs::read(folder.join(file))
}

/// Each as text, and as what stands between its checks.
fn codes() -> io::Result<()> {
    let text = String::from_utf8_lossy(&golden("code-request-v1.txt")?).into_owned();
    keep("code_request", "text", &[&[0], text.as_bytes()].concat())?;
    let (udi, data) = text.split_at(text.rfind(':').map_or(0, |colon| colon + 1));
    let udi = udi.trim_start_matches("LHQ0");
    let (_, data) = split_symbols(data, BLOCK.1);
    let contents = [&[1], udi.as_bytes(), &[0], &without_checks(&data)[..]].concat();
    keep("code_request", "contents", &contents)?;
    for (target, form, name) in [
        ("code_authorization", 1, "code-authorization-v1"),
        ("code_authorization", 1, "code-authorization-certified-v1"),
        ("code_proof", 1, "code-confirmation-v1"),
        ("code_proof", 2, "code-return-v1"),
        ("code_proof", 2, "code-return-update-v1"),
    ] {
        let text = golden(&format!("{name}.txt"))?;
        keep(target, &format!("{name}-text"), &[&[0], &text[..]].concat())?;
        let (_, symbols) = split_symbols(&String::from_utf8_lossy(&text), 0);
        // The prefix stands in the form.
        let contents = [&[form], without_checks(&symbols).split_off(3).as_slice()].concat();
        keep(target, &format!("{name}-contents"), &contents)?;
    }
    keep("token", "text", Token([5; 20]).to_text().as_bytes())
}

/// The values of the symbols in `text`, in two parts.
fn split_symbols(text: &str, at: usize) -> (Vec<u8>, Vec<u8>) {
    let value = |symbol: char| SYMBOLS.find(if symbol == 'L' { '1' } else { symbol });
    let values = text.chars().filter_map(value).filter_map(|value| u8::try_from(value).ok());
    let mut first: Vec<u8> = values.collect();
    let second = first.split_off(at);
    (first, second)
}

fn without_checks(symbols: &[u8]) -> Vec<u8> {
    let blocks = symbols.chunks(BLOCK.0);
    blocks.flat_map(|block| &block[..block.len() - BLOCK.1]).copied().collect()
}

fn frames() -> io::Result<()> {
    keep("request_frame", "register", &golden("register-v1.bin")?)?;
    keep("request_frame", "report", &golden("report-v1.bin")?)?;
    keep("answer_frame", "authorization", &golden("authorization-v1.bin")?)
}

/// The bytes of a step without numbers in it, by how it begins when it is printed.
fn step(wanted: &str) -> Vec<u8> {
    // Which of several is said by four bytes, of which the last weighs most.
    for (first, second) in (0..=255).flat_map(|first| (0..=255).map(move |second| (first, second)))
    {
        let bytes = [&[0, 0, 0, first, 0, 0, 0, second][..], &[0; 32]].concat();
        let mut rest = Unstructured::new(&bytes);
        let read = Step::arbitrary(&mut rest).expect("bytes enough");
        if format!("{read:?}").starts_with(wanted) {
            return bytes[..bytes.len() - rest.len()].into();
        }
    }
    panic!("there is no step {wanted}");
}

/// An authorization code of the next generation, for some of the first entitlement.
fn code(given: &str, count: u8, hours: Option<u16>) -> Vec<u8> {
    let selector = &step(given)[..4];
    let [low, high] = hours.unwrap_or_default().to_le_bytes();
    let term = if hours.is_some() { vec![1, low, high] } else { vec![0] };
    // How far ahead; one line, none in the three other places; nothing wrong.
    [selector, &[0, 1, 0, count], &term, &[0, 0, 0], &[0; 4]].concat()
}

fn run(unit: u8, times: u8) -> Vec<u8> {
    [&step("Run")[..4], &[0, 0, 0, unit], &[times]].concat()
}

const DAY: u8 = 0xac;
const MONTH: u8 = 0xd8;

/// A life's name, how it ends, and its bytes.
type Life = (&'static str, RegistrationState, Vec<u8>);

/// Lives as they are meant to be.
fn lives() -> Vec<Life> {
    let command = |deed: &str| step(&format!("Command({deed}"));
    let enabled = [vec![1], command("Enable"), command("Request")].concat();
    let reserved = [enabled.clone(), code("Install(", 5, None)].concat();
    let acquire = |n| [&step("Acquire")[..4], &[0, n]].concat();
    let reboot = step("Reboot");
    let restore = [&step("Restore")[..4], &[1, 1]].concat();
    let backup = step("Backup");
    vec![
        (
            "registered",
            RegistrationState::Registered,
            [vec![0], command("Register"), acquire(3), run(DAY, 40)].concat(),
        ),
        (
            "out-of-compliance",
            RegistrationState::Registered,
            [
                vec![0],
                command("Register"),
                step("Link(Silent"),
                acquire(3),
                run(DAY, 1),
                [&step("Answer")[..4], &[0, 0, 0, 0x50], &[1; 4], &[9, 0, 0], &[0; 4]].concat(),
                run(DAY, 2),
                run(MONTH, 6),
            ]
            .concat(),
        ),
        (
            "deregistered",
            RegistrationState::Unregistered,
            [
                vec![0],
                command("Register"),
                run(DAY, 1),
                command("Deregister"),
                run(DAY, 1),
                command("FactoryReset"),
            ]
            .concat(),
        ),
        (
            "cancelled",
            RegistrationState::Unregistered,
            [enabled.clone(), command("Cancel"), reboot.clone()].concat(),
        ),
        (
            "updated",
            RegistrationState::Reserved,
            [
                reserved.clone(),
                acquire(5),
                acquire(1),
                code("Install(", 9, None),
                acquire(4),
                reboot.clone(),
            ]
            .concat(),
        ),
        (
            "declined",
            RegistrationState::Unregistered,
            [
                reserved.clone(),
                code("ReturnAuthorization", 9, None),
                code("Install(", 7, None),
                command("Return"),
                command("Disable"),
            ]
            .concat(),
        ),
        (
            "term",
            RegistrationState::Reserved,
            [
                enabled,
                code("Install(", 5, Some(100 * 24)),
                acquire(5),
                run(DAY, 99),
                run(DAY, 2),
                run(MONTH, 4),
            ]
            .concat(),
        ),
        (
            "rolled-back",
            RegistrationState::Unregistered,
            [reserved.clone(), backup.clone(), command("Return"), restore.clone()].concat(),
        ),
        (
            "update-rolled-back",
            RegistrationState::Unregistered,
            [reserved.clone(), backup, code("Install(", 9, None), restore].concat(),
        ),
        (
            "cut",
            RegistrationState::ReservationInProgress,
            [
                reserved,
                step("Cut"),
                command("Return"),
                command("Return"),
                step("Works"),
                command("Request"),
                run(DAY, 1),
            ]
            .concat(),
        ),
    ]
}

/// What is stored in the golden files and after each life.
fn records(lives: &[Life]) -> io::Result<()> {
    let payload = |bytes: &[u8]| bytes[HEADER..bytes.len() - 4].to_vec();
    let slot = |bytes: Option<&Vec<u8>>, generation: u8| match bytes {
        None => vec![0, 0, 0, 0],
        Some(bytes) => {
            let payload = payload(bytes);
            let [low, high] = u16::try_from(payload.len()).unwrap_or_default().to_le_bytes();
            [&[2, generation, low, high], &payload[..]].concat()
        }
    };
    let pinned: Vec<Vec<u8>> = ["identity-0", "identity-1", "ledger-0", "ledger-1"]
        .map(|name| golden(&format!("{name}-v1.bin")))
        .into_iter()
        .collect::<io::Result<_>>()?;
    let slots = pinned.iter().zip(1..).flat_map(|(bytes, at)| slot(Some(bytes), at));
    keep("stored_record", "golden", &[vec![0], slots.collect()].concat())?;
    let definition = definition();
    for (name, end, life) in lives {
        let [pristine, running, probe] = [(); 3].map(|()| counters(&definition));
        let off = Agent::new(&definition, &pristine, &DEVICE, KeyedHash);
        let mut bytes = Unstructured::new(life);
        let has_counter = bool::arbitrary(&mut bytes).unwrap_or_default();
        let mut world = World::new(&definition, &off, [&running, &probe], has_counter);
        while let (false, Ok(step)) = (bytes.is_empty(), Step::arbitrary(&mut bytes)) {
            world.play(step);
        }
        assert_eq!(world.agent().status().registration, *end, "{name}");
        let (flash, counter) = world.kept();
        let generation = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, |bytes| bytes[12]);
        let slots =
            flash.iter().flatten().flat_map(|bytes| slot(bytes.as_ref(), generation(bytes)));
        let counter = match counter {
            Some(counter) => vec![1, counter.try_into().unwrap_or(u8::MAX)],
            None => vec![0],
        };
        // The real-time clock is where the manager's was at first.
        let clock = [&[1], &EPOCH.to_le_bytes()[..]].concat();
        keep("stored_record", name, &[counter, slots.collect(), clock].concat())?;
    }
    Ok(())
}

/// Steps as they are decoded, so that they can be put anywhere.
fn dictionary() -> io::Result<()> {
    let mut entries = vec![
        ("install", code("Install(", 5, None)),
        ("install-term", code("Install(", 5, Some(100 * 24))),
        ("return-authorization", code("ReturnAuthorization", 5, None)),
        ("run-day", run(DAY, 1)),
        ("run-months", run(MONTH, 3)),
        ("restore", [&step("Restore")[..4], &[1, 1]].concat()),
    ];
    for name in [
        "Acquire",
        "Release",
        "Again",
        "Link(Up",
        "Link(Down",
        "Link(Silent",
        "Answer",
        "LinkChanged",
        "Stopping",
        "Clock",
        "HasClock",
        "Works",
        "Cut",
        "Reboot",
        "Backup",
        "Decay",
        "Command(Register",
        "Command(Deregister",
        "Command(RenewAuthorization",
        "Command(RenewCertificate",
        "Command(SelectLicenseType",
        "Command(AllowOverage",
        "Command(Limit",
        "Command(FactoryReset",
        "Command(Enable",
        "Command(Disable",
        "Command(Request",
        "Command(Cancel",
        "Command(Return",
    ] {
        entries.push((name, step(name)));
    }
    let lines = entries.into_iter().map(|(name, bytes)| {
        let bytes: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        format!("# {name}\n\"{bytes}\"\n")
    });
    let text = format!("# Made by examples/seeds.rs.\n{}", lines.collect::<String>());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries");
    fs::write(folder.join("agent.dict"), text)
}
