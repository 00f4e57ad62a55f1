//! The steps of a reservation: its commands, what time does to it, and the codes that people carry
//! (SPEC S1–S7). One that cannot be done changes nothing.

use super::entropy::halves;
use super::registration::Standing;
use super::reservation::{InstalledStatus, Request, Reservation, ReservationStatus, ReservedLine};
use super::{Agent, CommandError, EventKind, UnregisteredReason};
use crate::code::{
    AuthorizationCode, ConfirmationCode, ExpectedGrant, RequestCode, ReservationSecret, ReturnCode,
    Returned, Vouched,
};
use crate::crypto::Crypto;
use crate::time::{DeviceTime, Duration};
use crate::verified::Verified;

/// While a term runs, the reservation's own record says this often how much has passed. A ledger that
/// is lost, or put back, is charged with as much (SPEC E5).
const PASSED_NOTED: Duration = Duration::from_days(1);

/// An administrator's step of a reservation (SPEC S1–S3).
#[derive(Clone, Copy, Debug)]
pub enum ReservationCommand<'i> {
    /// Get licences by codes from now on.
    Enable,
    /// Get them from a manager again.
    Disable,
    /// Ask for licences: makes the request code.
    Request {
        /// Everything the product can use, not chosen licences.
        universal: bool,
    },
    /// Install the authorization code, as pasted.
    Install(&'i str),
    /// Drop the request before an authorization was installed.
    Cancel,
    /// Give everything back: makes the return code, and the device is unregistered from then on.
    Return,
    /// Give an authorization back that was never installed, and never will be.
    ReturnAuthorization(&'i str),
}

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    pub(super) fn reservation_command(
        &mut self,
        command: ReservationCommand<'_>,
    ) -> Result<(), CommandError> {
        match command {
            ReservationCommand::Enable => self.enable_reservation(),
            ReservationCommand::Disable => self.disable_reservation(),
            ReservationCommand::Request { universal } => self.request_reservation(universal),
            ReservationCommand::Install(code) => self.install(code),
            ReservationCommand::Cancel => self.cancel_request(),
            ReservationCommand::Return => self.return_everything(),
            ReservationCommand::ReturnAuthorization(code) => self.return_authorization(code),
        }
    }

    fn enable_reservation(&mut self) -> Result<(), CommandError> {
        // SPEC S1, X12
        if self.identity.enrolment().is_some() || self.attempt_is_open() {
            return Err(CommandError::RegisteredOrRegistering);
        }
        self.set_reservation_enabled(true);
        Ok(())
    }

    fn disable_reservation(&mut self) -> Result<(), CommandError> {
        if self.identity.request().is_some() {
            return Err(CommandError::ReservationHeld);
        }
        self.set_reservation_enabled(false);
        Ok(())
    }

    fn set_reservation_enabled(&mut self, enabled: bool) {
        if self.identity.reservation_enabled != enabled {
            self.identity.reservation_enabled = enabled;
            self.identity_store.save_by(self.clock.now());
        }
    }

    fn request_reservation(&mut self, universal: bool) -> Result<(), CommandError> {
        if !self.identity.reservation_enabled {
            return Err(CommandError::ReservationNotEnabled);
        }
        match &self.identity.standing {
            // The same request again shows the same code (SPEC S5).
            Standing::Reserving(request) if request.universal == universal => return Ok(()),
            Standing::Reserving(_) | Standing::Reserved(_) => {
                return Err(CommandError::ReservationHeld);
            }
            _ => {}
        }
        let entropy = self.entropy.as_mut().ok_or(CommandError::NotReady)?;
        let [secret, random] = halves(entropy.draw(&self.crypto));
        if self.identity.counter == 0 && self.counter.is_none() {
            // Where everything was lost once, numbers must not begin again at the first.
            self.identity.counter = first_number(random);
        }
        self.raise_counter();
        let number = self.identity.counter;
        let secret = ReservationSecret(secret);
        self.identity.leave(Standing::Reserving(Request { secret, number, universal }));
        self.identity_store.save_by(self.clock.now());
        self.tell(EventKind::ReservationRequested { number });
        Ok(())
    }

    fn install(&mut self, code: &str) -> Result<(), CommandError> {
        let code = self.vouched(code)?;
        self.install_vouched(code)
    }

    // Not in line: the stack of what is granted does not stand below that of the signature.
    #[inline(never)]
    fn install_vouched(&mut self, code: Verified<Vouched<'_>>) -> Result<(), CommandError> {
        let grant = &code.head;
        let now = self.clock.now();
        // Never before the moment at which the manager signed it.
        let on = self.clock.unix(now).map_or(grant.issued, |known| known.max(grant.issued));
        let mut lines = heapless::Vec::new();
        let license_type = self.counters.license_type();
        code.try_for_each_line(|granted| {
            // One that the license type does not have was refused with the code.
            let line = ReservedLine::new(&granted, license_type, now, on);
            line.map_or(Ok(()), |line| lines.push(line)).map_err(|_| CommandError::TooManyLines)
        })?;
        if !grant.universal && !lines.iter().any(|line: &ReservedLine| line.counts_at(now)) {
            return Err(CommandError::TermsEnded);
        }
        let Some(&request) = self.identity.request() else {
            return Err(CommandError::NoRequest);
        };
        let generation = grant.generation;
        self.identity.standing = Standing::Reserved(Reservation {
            request,
            generation,
            declined: 0,
            universal: grant.universal,
            installed_at: now,
            passed: now,
            short_since: None,
            lines,
        });
        self.terms_told = now;
        // What it replaces must not come back (SPEC S5), and no term begin anew (SPEC E5).
        self.raise_counter();
        // Time is stored more often from here on, and a power cut charged with that.
        self.ledger_store.save_by(now);
        self.publish_limits();
        self.tell(EventKind::ReservationInstalled { generation });
        self.tell_terms_over_already();
        Ok(())
    }

    /// Lines of a code that count no more: it was long under way, or the clock is ahead.
    fn tell_terms_over_already(&mut self) {
        let now = self.clock.now();
        for index in 0..N {
            let held = self.identity.reservation();
            let line = held.and_then(|held| held.lines.get(index)).filter(|l| !l.counts_at(now));
            if let Some(&ReservedLine { entitlement, count, .. }) = line {
                self.tell(EventKind::ReservationTermEnded { entitlement, count });
            }
        }
    }

    /// An authorization code that is for this device now.
    // Not in line, as above.
    #[inline(never)]
    fn vouched<'t>(&self, code: &'t str) -> Result<Verified<Vouched<'t>>, CommandError> {
        let Some(request) = self.identity.request() else {
            return Err(CommandError::NoRequest);
        };
        let code = AuthorizationCode::parse(code).map_err(CommandError::Code)?;
        let udi = &self.device.udi;
        let license_type = self.counters.license_type();
        let settled = self.identity.reservation().map(|held| held.generation.max(held.declined));
        let expected = ExpectedGrant {
            root: self.definition.root,
            reservation_key: self.definition.reservation_key,
            udi: *udi,
            number: request.number,
            anchors: request.secret.anchors(&self.crypto, udi, request.number),
            license_type: self.identity.license_type,
            catalogue: license_type.catalogue_hash(&self.crypto),
            entitlements: license_type.entitlements.len(),
            newer_than: settled,
        };
        code.vouch(&self.crypto, &expected).map_err(CommandError::Grant)
    }

    fn cancel_request(&mut self) -> Result<(), CommandError> {
        match self.identity.standing {
            Standing::Reserving(_) => self.give_back(true),
            Standing::Reserved(_) => Err(CommandError::ReservationHeld),
            _ => Err(CommandError::NoRequest),
        }
    }

    fn return_everything(&mut self) -> Result<(), CommandError> {
        match self.identity.standing {
            Standing::Reserved(_) => self.give_back(false),
            Standing::Reserving(_) => Err(CommandError::NothingInstalled),
            _ => Err(CommandError::NoRequest),
        }
    }

    fn return_authorization(&mut self, code: &str) -> Result<(), CommandError> {
        let generation = self.vouched(code)?.head.generation;
        if self.identity.reservation().is_none() {
            return self.give_back(true);
        }
        let proof = self.proof_of_return(Returned::Update(generation));
        if let Standing::Reserved(held) = &mut self.identity.standing {
            held.declined = generation;
        }
        self.identity.last_return = proof;
        self.raise_counter();
        self.identity_store.save_by(self.clock.now());
        self.tell(EventKind::ReservationUpdateReturned { generation });
        Ok(())
    }

    /// Ends the reservation: from here on the device holds nothing, and can prove it (SPEC S3).
    fn give_back(&mut self, before_install: bool) -> Result<(), CommandError> {
        let at = self.clock.now();
        let proof = self.proof_of_return(Returned::Everything);
        self.identity.last_return = proof;
        let reason = if before_install {
            UnregisteredReason::ReservationCancelled { at }
        } else {
            UnregisteredReason::ReservationReturned { at }
        };
        self.leave(Standing::Unregistered(reason));
        self.raise_counter();
        self.tell(if before_install {
            EventKind::ReservationCancelled
        } else {
            EventKind::ReservationReturned
        });
        Ok(())
    }

    pub(super) fn proof_of_return(&self, returned: Returned) -> Option<ReturnCode> {
        let request = self.identity.request()?;
        let udi = &self.device.udi;
        Some(request.secret.return_code(&self.crypto, udi, request.number, returned))
    }

    /// What has passed at least, by the reservation's own word (SPEC E5). `surely` adds what may have
    /// passed since that was written.
    pub(super) fn reserved_time(&self, surely: bool) -> Option<DeviceTime> {
        let held = self.identity.reservation()?;
        let since = if surely { PASSED_NOTED } else { Duration::ZERO };
        Some(held.passed.saturating_add(since))
    }

    /// When the record says next how much has passed: every day while a term runs.
    pub(super) fn next_passed_note(&self) -> Option<DeviceTime> {
        let held = self.identity.reservation()?;
        let runs = held.has_running_term(self.clock.now());
        runs.then(|| held.passed.saturating_add(PASSED_NOTED))
    }

    /// What follows for a reservation from time and use.
    pub(super) fn settle_reservation(&mut self) {
        let now = self.clock.now();
        let before = core::mem::replace(&mut self.terms_told, now);
        let mut ended = false;
        for index in 0..N {
            let line = self.identity.reservation().and_then(|held| held.lines.get(index)).copied();
            let Some((line, days)) = line.and_then(|l| Some((l, l.told_between(before, now)?)))
            else {
                continue;
            };
            let ReservedLine { entitlement, count, .. } = line;
            ended |= days == 0;
            self.ledger_store.save_by(now);
            self.tell(match days {
                0 => EventKind::ReservationTermEnded { entitlement, count },
                days => EventKind::ReservationTermEnding { entitlement, count, days },
            });
        }
        if ended {
            self.publish_limits();
        }
        if self.next_passed_note().is_some_and(|at| at <= now) {
            self.identity_store.save_by(now);
        }
        let Standing::Reserved(held) = &mut self.identity.standing else { return };
        let short = (0..N).any(|index| self.counters.is_over(index));
        if short == held.short_since.is_some() {
            return;
        }
        held.short_since = short.then_some(now);
        self.identity_store.save_by(now);
        self.tell(if short {
            EventKind::ReservationInsufficient
        } else {
            EventKind::ReservationSufficient
        });
    }

    /// When [`Agent::settle_reservation`] has something to tell next.
    pub(super) fn next_term(&self) -> Option<DeviceTime> {
        let now = self.clock.now();
        let lines = self.identity.reservation()?.lines.iter();
        lines.filter_map(|line| line.next_told(now)).min()
    }

    /// The reservation, as asked for or installed.
    pub fn reservation(&self) -> Option<ReservationStatus> {
        let request = self.identity.request()?;
        let installed = self.identity.reservation().map(|held| InstalledStatus {
            generation: held.generation,
            at: held.installed_at,
            short_since: held.short_since,
        });
        let universal = self.identity.reservation().map_or(request.universal, |r| r.universal);
        Some(ReservationStatus { number: request.number, universal, installed })
    }

    /// What is reserved, line by line; nothing where it is universal.
    pub fn reserved_lines(&self) -> &[ReservedLine] {
        match self.identity.reservation() {
            Some(held) => &held.lines,
            None => &[],
        }
    }

    /// The request code, while a request or what came of it stands (SPEC S1, S5); `None` also until
    /// it is stored.
    pub fn request_code(&self) -> Option<RequestCode> {
        let request = self.identity.request().filter(|_| self.codes_hold())?;
        let udi = &self.device.udi;
        let anchors = request.secret.anchors(&self.crypto, udi, request.number);
        RequestCode::new(
            udi,
            self.identity.license_type,
            request.universal,
            request.number,
            anchors,
        )
    }

    /// The confirmation code of the update that is installed (SPEC S2, S5); `None` where none is,
    /// and until what it says is stored.
    pub fn confirmation_code(&self) -> Option<ConfirmationCode> {
        let held = self.identity.reservation().filter(|_| self.codes_hold())?;
        let Request { secret, number, .. } = held.request;
        let generation = Some(held.generation).filter(|&generation| generation > 0)?;
        Some(secret.confirmation(&self.crypto, &self.device.udi, number, generation))
    }

    /// The last return code (SPEC S3, S5); `None` until what it says is stored.
    pub fn return_code(&self) -> Option<ReturnCode> {
        self.identity.last_return.filter(|_| self.codes_hold())
    }
}

/// Where a device's numbers begin: anywhere in the lower half, so that they can grow.
const fn first_number(random: [u8; 16]) -> u32 {
    let [a, b, c, d, ..] = random;
    u32::from_le_bytes([a, b, c, d]) >> 1
}
