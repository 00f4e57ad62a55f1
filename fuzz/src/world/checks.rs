//! What must hold whatever happens: each is something that SPEC promises.

use super::World;
use crate::OUTPUTS_MAX;
use crate::appliance::Machine;
use crate::promises::Codes;
use leasehold_core::agent::{
    AttemptStatus, AuthorizationState, BUFFER_MIN, Enforcement, Input, Operation, Output,
    RegistrationState, ReservationStatus, ReservedLine, UnregisteredReason,
};
use leasehold_core::product::EnforcementMode;
use leasehold_core::time::{DeviceTime, Duration};

/// What a world has refrained from so far: more must hold then.
pub(super) struct Strictness {
    /// Nobody changed what is stored behind the device's back.
    pub(super) untouched: bool,
    /// Storage always worked, and at once.
    pub(super) stores: bool,
    /// The agent was always woken when it wanted to be.
    pub(super) punctual: bool,
}

impl Strictness {
    pub(super) const fn new() -> Self {
        Self { untouched: true, stores: true, punctual: true }
    }
}

/// What an identity record is about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Held {
    registered: bool,
    /// The number of the request, and what is installed of it.
    reserved: Option<(u32, Option<u8>)>,
}

impl Held {
    pub(super) fn of(agent: &Machine<'_>) -> Self {
        let reserved = agent.reservation();
        Self {
            registered: agent.status().enrolment.is_some(),
            reserved: reserved.map(|held| (held.number, held.installed.map(|is| is.generation))),
        }
    }
}

/// What a command that is refused leaves as it was (SPEC R9, section 6: "changes nothing").
#[derive(Debug, PartialEq)]
pub(super) struct Standing {
    registration: (RegistrationState, Option<UnregisteredReason>, Option<AttemptStatus>),
    authorization: (AuthorizationState, Option<DeviceTime>, Enforcement, Duration),
    reservation: (bool, Option<ReservationStatus>, Vec<ReservedLine>),
    codes: Codes,
}

impl Standing {
    pub(super) fn of(agent: &Machine<'_>) -> Self {
        let status = agent.status();
        Self {
            registration: (status.registration, status.unregistered, status.attempt),
            authorization: (
                status.authorization,
                status.deadline,
                status.enforcement,
                status.evaluation_left,
            ),
            reservation: (
                status.reservation_enabled,
                agent.reservation(),
                agent.reserved_lines().into(),
            ),
            codes: Codes::of(agent),
        }
    }
}

/// What nothing but a manager's word can give.
pub(super) fn given_by_manager(agent: &Machine<'_>) -> [Option<DeviceTime>; 3] {
    let status = agent.status();
    let registered = status.enrolment.is_some().then_some(DeviceTime::from_secs(0));
    [registered, status.authorized_at, status.deadline]
}

impl World<'_> {
    /// After every input.
    pub(super) fn check(&mut self) {
        self.check_codes();
    }

    /// When the agent waits.
    pub(super) fn check_rest(&mut self) {
        let status = self.agent.status();
        // SPEC E3
        let enforced = matches!(status.enforcement, Enforcement::Enforced { .. });
        let refuses = self.appliance.definition.enforcement != EnforcementMode::Advisory;
        assert_eq!(self.agent.permits(Operation::Provision), !(enforced && refuses));
        // SPEC T1: a real-time clock told it.
        let knows = self.agent.unix(status.now).is_some();
        assert!(knows || self.clocks.now().real_time.is_none());
        // SPEC A2, X1: used once in a device's life, and never given back.
        let left = status.evaluation_left;
        let Strictness { untouched, stores, punctual } = self.strictness;
        if untouched && stores && punctual {
            assert!(left <= self.evaluation_left, "the evaluation grew to {left:?}");
        }
        self.evaluation_left = left;
    }

    /// At the end: what is said of one entitlement is said of the whole (SPEC A1).
    pub fn check_end(&self) {
        let whole = self.agent.status().authorization;
        let each = (0..8).filter_map(|index| self.agent.entitlement(index));
        for state in each.map(|entitlement| entitlement.authorization) {
            if matches!(state, AuthorizationState::OutOfCompliance { .. }) {
                assert_eq!(state, whole);
            }
        }
    }

    /// Right after a boot: a power cut leaves the old state or the new, never neither (SPEC T6).
    pub(super) fn check_boot(&mut self) {
        let found = Held::of(&self.agent);
        // Meanwhile the certificate may have ended.
        let ended = self.agent.status().certificate_ended.is_some() && found.reserved.is_none();
        let known = self.held.contains(&found);
        let (stored, untouched) = (&self.held, self.strictness.untouched);
        assert!(known || ended || !untouched, "found {found:?}, stored were {stored:?}");
        // That it ended is not stored yet.
        if known || !untouched {
            self.held = [found; 2];
        }
    }

    /// Whether what codes promise holds whatever becomes of storage (SPEC S5).
    const fn promises_hold(&self) -> bool {
        self.appliance.has_counter || self.strictness.untouched
    }

    /// No code is shown that a loss of power at this moment would undo, and none breaks what another
    /// one promised (SPEC S5).
    fn check_codes(&mut self) {
        let (held, returned) = (self.agent.reservation(), self.agent.return_code());
        let nothing = held.is_none() && returned.is_none();
        if nothing || self.checked == Some((held, returned)) {
            return;
        }
        self.checked = Some((held, returned));
        if self.promises_hold()
            && let Some(held) = held
        {
            self.promises.check(held.number, held.installed.map(|installed| installed.generation));
        }
        let codes = Codes::of(&self.agent);
        let durable = self.durable_codes();
        let holds = [
            codes.request.is_none() || durable.request == codes.request,
            codes.confirmation.is_none() || durable.confirmation == codes.confirmation,
            codes.returned.is_none() || durable.returned == codes.returned,
        ];
        assert_eq!(holds, [true; 3], "shown {codes:?}, and durable are {durable:?}");
        if self.promises_hold() {
            self.promises.note(&codes);
        }
        if codes.request.is_some() {
            self.last_request = codes.request;
        }
    }

    /// What a device that booted now would show, once it has come to rest.
    fn durable_codes(&self) -> Codes {
        let mut agent = self.off.fork(self.probe);
        let booted = agent.boot(self.clocks.now(), self.storage.stored());
        booted.expect("no newer version wrote this");
        let mut buffer = [0; BUFFER_MIN];
        for _ in 0..OUTPUTS_MAX {
            let input = match agent.poll_output(&mut buffer) {
                Output::Wait(_) => break,
                Output::Persist { record, .. } => Input::Persisted(record),
                Output::RaiseCounter { to } => Input::CounterRaised(to),
                _ => continue,
            };
            let _ = agent.handle_input(self.clocks.now(), input);
        }
        Codes::of(&agent)
    }
}
