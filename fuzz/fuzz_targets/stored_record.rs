//! What a device may find in its flash: any bytes, and records whose checks hold. What boots goes on
//! without a panic, and what it then stores boots the same.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use leasehold_core::agent::record::RECORD_VERSION;
use leasehold_core::agent::{
    Agent, BUFFER_MIN, Command, Input, Output, RecordKind, ReservationStatus, TransportError,
};
use leasehold_core::identity::DeviceFingerprint;
use leasehold_core::time::{Duration, Instant, Now, UnixTime};
use leasehold_fuzz::appliance::{Appliance, Machine, UDI};
use leasehold_fuzz::keyed_hash::{DeviceKeys, KeyedHash};
use leasehold_fuzz::promises::Codes;
use leasehold_fuzz::records::sealed;
use leasehold_fuzz::storage::{Flash, stored};
use leasehold_fuzz::{OUTPUTS_MAX, TOLD};
use libfuzzer_sys::fuzz_target;
use std::cell::Cell;

/// What is in one slot.
fn slot(bytes: &mut Unstructured<'_>, kind: RecordKind) -> arbitrary::Result<Option<Vec<u8>>> {
    let form = u8::arbitrary(bytes)?;
    let generation = u8::arbitrary(bytes)?;
    let length = usize::from(u16::arbitrary(bytes)?).min(bytes.len());
    let contents = bytes.bytes(length)?;
    let device = UDI.fingerprint(&KeyedHash);
    Ok(match form % 5 {
        0 => None,
        1 => Some(contents.into()),
        2 => Some(sealed(kind, RECORD_VERSION, device, generation.into(), contents)),
        3 => Some(sealed(kind, RECORD_VERSION + 1, device, generation.into(), contents)),
        _ => Some(sealed(kind, RECORD_VERSION, DeviceFingerprint([0; 8]), 1, contents)),
    })
}

fn found(bytes: &mut Unstructured<'_>) -> arbitrary::Result<(Flash, Option<u32>)> {
    let counter = Option::<u8>::arbitrary(bytes)?.map(Into::into);
    let identity = [slot(bytes, RecordKind::Identity)?, slot(bytes, RecordKind::Identity)?];
    let ledger = [slot(bytes, RecordKind::Ledger)?, slot(bytes, RecordKind::Ledger)?];
    Ok(([identity, ledger], counter))
}

/// Does what the agent asks until it waits; what it sends does not arrive.
fn settle(agent: &mut Machine<'_>, flash: &mut Flash, counter: &mut Option<u32>, now: Now) {
    let mut buffer = [0; BUFFER_MIN];
    for _ in 0..OUTPUTS_MAX {
        let output = agent.poll_output(&mut buffer);
        if *TOLD {
            eprintln!("    {output:?}");
        }
        let input = match output {
            Output::Wait(_) => return,
            Output::Event(_) => continue,
            Output::NeedEntropy => Input::Entropy(&[0x5a; 32]),
            Output::Persist { record, slot, length } => {
                let kind = usize::from(record == RecordKind::Ledger);
                flash[kind][slot] = Some(buffer[..length].into());
                Input::Persisted(record)
            }
            Output::RaiseCounter { to } => {
                *counter = Some(to);
                Input::CounterRaised(to)
            }
            Output::Transmit { .. } => Input::TransportFailed(TransportError::Unreachable),
        };
        let _ = agent.handle_input(now, input);
    }
    panic!("the agent never waits");
}

/// Everything that survives a boot and is seen from outside.
fn seen(agent: &Machine<'_>) -> (String, Option<ReservationStatus>, String, Codes) {
    let status = agent.status();
    let control: Vec<_> = (0..8)
        .filter_map(|index| agent.entitlement(index))
        .map(|known| (known.peak, known.answer, known.configured_limit, known.limit))
        .collect();
    let standing = format!(
        "{:?}",
        (
            (status.registration, status.enrolment, status.unregistered, status.certificate_ended),
            (status.attempt, status.authorization, status.authorized_at, status.deadline),
            (status.evaluation_left, status.evaluation_expired, status.enforcement, status.clock),
            (status.duplicate, status.overage_allowed, status.policy, status.reservation_enabled),
            control,
        )
    );
    let lines = format!("{:?}", agent.reserved_lines());
    (standing, agent.reservation(), lines, Codes::of(agent))
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    let Ok((mut flash, mut counter)) = found(&mut bytes) else { return };
    let appliance = Appliance::new(0);
    let [pristine, running, again] = [(); 3].map(|()| appliance.counters());
    let usable = Cell::new(true);
    let keys = DeviceKeys { usable: &usable };
    let off = Agent::new(&appliance.definition, &pristine, &appliance.device, keys);
    let real_time = Option::<u64>::arbitrary(&mut bytes).unwrap_or_default();
    let now =
        Now { uptime: Instant::from_secs(100), real_time: real_time.map(UnixTime::from_secs) };
    let mut agent = off.fork(&running);
    // Newer software wrote it, and it stays as it is.
    if agent.boot(now, stored(&flash, counter)).is_err() {
        return;
    }
    settle(&mut agent, &mut flash, &mut counter, now);
    // Both records are written anew.
    let allowed = agent.status().overage_allowed;
    for allowed in [!allowed, allowed] {
        let _ = agent.handle_input(now, Input::Command(Command::AllowOverage(allowed)));
        settle(&mut agent, &mut flash, &mut counter, now);
    }
    let _ = agent.handle_input(now, Input::Stopping);
    settle(&mut agent, &mut flash, &mut counter, now);

    let mut booted = off.fork(&again);
    booted.boot(now, stored(&flash, counter)).expect("what was just written boots");
    // A boot may raise the counter, and codes are held back until that is stored.
    settle(&mut booted, &mut flash, &mut counter, now);
    assert_eq!(seen(&booted), seen(&agent));
    // Time and commands find nothing in it either.
    let years = Duration::from_days(10 * 365);
    let later = Now {
        uptime: now.uptime.saturating_add(years),
        real_time: now.real_time.map(|real_time| real_time.saturating_add(years)),
    };
    let _ = booted.handle_input(later, Input::Wake);
    settle(&mut booted, &mut flash, &mut counter, later);
});
