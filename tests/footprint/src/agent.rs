//! The agent, from boot to status.

use crate::ENTITLEMENTS;
use crate::crypto::{AGENT_CRYPTO, AgentCrypto};
use core::mem::MaybeUninit;
use leasehold_core::agent::record::{self, Selection};
use leasehold_core::agent::transitions::Cause;
use leasehold_core::agent::{
    CommandError, Device, EntitlementStatus, EventKind, Input, Operation, Output, RecordError,
    RecordKind, ReservationStatus, ReservedLine, Status, Stored,
};
use leasehold_core::code::{ConfirmationCode, RequestCode, ReturnCode};
use leasehold_core::counters::Counters;
use leasehold_core::identity::DeviceFingerprint;
use leasehold_core::product::ProductDefinition;
use leasehold_core::time::{DeviceTime, Now, UnixTime};

/// An agent of the size that is measured.
pub type Agent<'a> = leasehold_core::agent::Agent<'a, AgentCrypto, ENTITLEMENTS>;
type Buffer = [u8; leasehold_core::agent::BUFFER_MIN];

#[unsafe(no_mangle)]
pub fn proof_agent_new<'a>(
    place: &mut MaybeUninit<Agent<'a>>,
    definition: &'a ProductDefinition<'a>,
    counters: &'a Counters<'a, ENTITLEMENTS>,
    device: &'a Device<'a>,
) {
    place.write(Agent::new(definition, counters, device, AGENT_CRYPTO));
}

#[unsafe(no_mangle)]
pub fn proof_agent_boot(
    agent: &mut Agent<'_>,
    now: Now,
    stored: Stored<'_>,
) -> Result<(), RecordError> {
    agent.boot(now, stored)
}

#[unsafe(no_mangle)]
pub fn proof_agent_handle_input(
    agent: &mut Agent<'_>,
    now: Now,
    input: Input<'_>,
) -> Result<(), CommandError> {
    agent.handle_input(now, input)
}

#[unsafe(no_mangle)]
pub fn proof_agent_poll_output(agent: &mut Agent<'_>, buffer: &mut Buffer) -> Output {
    agent.poll_output(buffer)
}

#[unsafe(no_mangle)]
pub fn proof_agent_status<'s>(agent: &'s Agent<'_>) -> Status<'s> {
    agent.status()
}

#[unsafe(no_mangle)]
pub fn proof_agent_entitlement(agent: &Agent<'_>, index: usize) -> Option<EntitlementStatus> {
    agent.entitlement(index)
}

#[unsafe(no_mangle)]
pub fn proof_agent_unix(agent: &Agent<'_>, at: DeviceTime) -> Option<UnixTime> {
    agent.unix(at)
}

#[unsafe(no_mangle)]
pub fn proof_agent_permits(agent: &Agent<'_>, operation: Operation) -> bool {
    agent.permits(operation)
}

#[unsafe(no_mangle)]
pub fn proof_agent_reservation(agent: &Agent<'_>) -> Option<ReservationStatus> {
    agent.reservation()
}

#[unsafe(no_mangle)]
pub fn proof_agent_reserved_lines<'s>(agent: &'s Agent<'_>) -> &'s [ReservedLine] {
    agent.reserved_lines()
}

#[unsafe(no_mangle)]
pub fn proof_agent_reserved_line_counts_at(line: &ReservedLine, now: DeviceTime) -> bool {
    line.counts_at(now)
}

#[unsafe(no_mangle)]
pub fn proof_agent_request_code(agent: &Agent<'_>) -> Option<RequestCode> {
    agent.request_code()
}

#[unsafe(no_mangle)]
pub fn proof_agent_confirmation_code(agent: &Agent<'_>) -> Option<ConfirmationCode> {
    agent.confirmation_code()
}

#[unsafe(no_mangle)]
pub fn proof_agent_return_code(agent: &Agent<'_>) -> Option<ReturnCode> {
    agent.return_code()
}

// Not `proof_agent_`: no firmware forks, and what a fork takes is not measured.
#[unsafe(no_mangle)]
pub fn proof_fork<'a>(
    place: &mut MaybeUninit<Agent<'a>>,
    agent: &Agent<'a>,
    counters: &'a Counters<'a, ENTITLEMENTS>,
) {
    place.write(agent.fork(counters));
}

#[unsafe(no_mangle)]
pub fn proof_event_name(event: &EventKind) -> &'static str {
    event.name()
}

#[unsafe(no_mangle)]
pub fn proof_record_newest(
    kind: RecordKind,
    device: DeviceFingerprint,
    slots: [Option<&[u8]>; 2],
) -> Selection {
    record::newest(kind, device, slots)
}

#[unsafe(no_mangle)]
pub fn proof_transition_cause(cause: Cause) -> &'static str {
    cause.text()
}
