//! Makes the seeds that need no search: from the golden files, and from codes, records and lives that
//! are as they should be. Also the dictionary of steps.

mod codes;
mod lives;
mod records;

use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::time::UnixTime;
use leasehold_core::wire::{FRAME_MAX, Nonce, Request, RequestBody, RequestNumber, encode_request};
use leasehold_fuzz::appliance::UDI;
use leasehold_fuzz::clocks::EPOCH;
use leasehold_fuzz::keyed_hash::KeyedHash;
use leasehold_fuzz::manager::{Manager, ROOT};
use leasehold_fuzz::seal::payload_of;
use leasehold_fuzz::step::{AnswerTwist, Odd, PolicyChange, Saying, Step};
use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    codes::make()?;
    keep("request_frame", "register", &golden("register-v1.bin")?)?;
    keep("request_frame", "report", &golden("report-v1.bin")?)?;
    keep("answer_frame", "authorization", &[&[0], &golden("authorization-v1.bin")?[..]].concat())?;
    requests()?;
    answers()?;
    let lives = lives::all();
    for life in &lives {
        keep("agent", life.name, &life.bytes())?;
    }
    records::make(&lives)?;
    dictionary(lives.into_iter().flat_map(|life| life.steps).collect())
}

fn keep(target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}

/// What a device may ask.
fn requests() -> io::Result<()> {
    let long = "a product id that is longer than any that a device may have, by far";
    let with = |product_id, uuid| Udi { product_id, serial_number: "A1B2C3", uuid };
    let requests = [
        ("deregister", UDI, RequestBody::Deregister),
        ("renew", with("LH-CC", Some([5; 16])), RequestBody::RenewCertificate),
        ("long-name", with(long, None), RequestBody::Deregister),
    ];
    for (name, udi, body) in requests {
        let number = RequestNumber { epoch: 1, sequence: 2 };
        let instance = Some(InstanceId([7; 16]));
        let request = Request { udi, instance, number, nonce: Nonce([4; 16]), body };
        let mut buffer = [0; FRAME_MAX];
        let encoded = encode_request(&KeyedHash, &ROOT, &request, &mut buffer);
        let (length, _) = encoded.expect("the longest request fits");
        keep("request_frame", name, &buffer[..length])?;
    }
    Ok(())
}

/// What a manager may say, to be signed by the target.
fn answers() -> io::Result<()> {
    let odd = Odd::Nothing;
    let says = [
        ("fitting", Saying::Fitting),
        ("registered", Saying::Registered { days: 9, policy: Some(PolicyChange::OTHER), odd }),
        ("renewed", Saying::Renewed { days: 9, odd }),
        ("deregistered", Saying::Deregistered),
        ("refused", Saying::Refused(3)),
        ("later", Saying::RetryLater(9)),
        ("conflict", Saying::Conflict),
    ];
    let mut manager = Manager::new(UnixTime::from_secs(EPOCH));
    for (name, says) in says {
        let answer = manager.answer(&UDI, EPOCH, &says, AnswerTwist::Nothing).text;
        keep("answer_frame", name, &[&[1], payload_of(&answer)].concat())?;
    }
    Ok(())
}

fn golden(file: &str) -> io::Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/golden");
    fs::read(folder.join(file))
}

/// A step as a life has it.
fn bytes_of(step: &Step) -> Vec<u8> {
    let mut buffer = [0; 1_024];
    postcard::to_slice(step, &mut buffer).expect("no step is so long").to_vec()
}

/// All steps of all lives, so that they can be put anywhere.
fn dictionary(steps: Vec<Step>) -> io::Result<()> {
    let mut lines: Vec<String> = steps
        .iter()
        .map(|step| {
            let bytes = bytes_of(step);
            let bytes: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("# {step:?}\n\"{bytes}\"\n")
        })
        .collect();
    lines.sort_unstable();
    lines.dedup();
    let text = format!("# Made by examples/seeds.\n{}", lines.concat());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries");
    fs::write(folder.join("agent.dict"), text)
}
