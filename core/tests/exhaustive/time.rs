//! No period is lengthened by reboots, clocks that are set, and lost power (SPEC E5, X1, X15).
//!
//! A device is disturbed at random while all its periods run. Each has to be over, in true time, when
//! that of an undisturbed device is: later only by the time off that no real-time clock measured.

use crate::alphabet::{HOUR, MINUTE, QUICK, Step};
use crate::tables::Observed;
use crate::world::{World, definition, no_use, switched_off};
use leasehold_core::agent::{AuthorizationState, Enforcement, Status};
use proptest::prelude::*;

/// The real-time clock of a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Clock {
    None,
    Right,
    /// Somebody sets it.
    Tampered,
}

#[derive(Clone, Copy, Debug)]
enum Disturbance {
    /// None: it runs for so many minutes.
    Run(u64),
    /// The clock is set ahead or back by so many minutes.
    SetClock(i64),
    /// Power is lost for so many minutes.
    PowerCut(u64),
    /// It is switched off in order for so many minutes.
    Stop(u64),
    /// The manager is asked, and says what time it is.
    Ask,
}

fn disturbance() -> impl Strategy<Value = Disturbance> {
    prop_oneof![
        3 => (1..200_u64).prop_map(Disturbance::Run),
        2 => (-2_400..2_400_i64).prop_map(Disturbance::SetClock),
        2 => (0..300_u64).prop_map(Disturbance::PowerCut),
        1 => (0..300_u64).prop_map(Disturbance::Stop),
    ]
}

/// With the manager in reach now and then.
fn disturbance_or_answer() -> impl Strategy<Value = Disturbance> {
    prop_oneof![4 => disturbance(), 1 => Just(Disturbance::Ask)]
}

fn clock() -> impl Strategy<Value = Clock> {
    prop_oneof![Just(Clock::None), Just(Clock::Right), Just(Clock::Tampered)]
}

/// One period: its name, its length, and how a device shows that it is over.
struct Period {
    name: &'static str,
    length: u64,
    over: fn(&Status<'_>) -> bool,
    /// Whether time off belongs to it (SPEC X1, X15).
    counts_off: bool,
    /// Whether a clock that passes its end has an hour to be put right (SPEC T2).
    has_hour: bool,
}

const TOLERANCE: Period = Period {
    name: "tolerance",
    length: 45 * MINUTE,
    over: |status| {
        !matches!(status.authorization, AuthorizationState::OutOfCompliance { pending: true, .. })
    },
    counts_off: true,
    has_hour: false,
};
const OVERAGE: Period = Period {
    name: "overage",
    length: 45 * MINUTE + 10 * HOUR,
    over: |status| is_enforced(status) || has_expired(status),
    counts_off: true,
    has_hour: false,
};
const AUTHORIZATION: Period = Period {
    name: "authorization",
    length: 12 * HOUR - 5 * MINUTE,
    over: |status| {
        status.authorization == AuthorizationState::AuthorizationExpired || has_expired(status)
    },
    counts_off: true,
    has_hour: false,
};
const CERTIFICATE: Period = Period {
    name: "certificate",
    length: 38 * HOUR - 5 * MINUTE,
    over: has_expired,
    counts_off: true,
    has_hour: true,
};
const EVALUATION: Period = Period {
    name: "evaluation",
    length: 18 * HOUR,
    over: |status| status.authorization == AuthorizationState::EvaluationExpired,
    counts_off: false,
    has_hour: false,
};
/// Those of a device that is registered, over-uses, and has lost its manager. Where the certificate
/// has ended the others have nothing to say any more (SPEC X11).
const REGISTERED: [Period; 4] = [TOLERANCE, OVERAGE, AUTHORIZATION, CERTIFICATE];

fn is_enforced(status: &Status<'_>) -> bool {
    matches!(status.enforcement, Enforcement::Enforced { .. })
}

/// The certificate has ended, by the device's word or by the manager's.
const fn has_expired(status: &Status<'_>) -> bool {
    status.enrolment.is_none()
}

/// A device, disturbed. What was in use is in use again as soon as it has booted.
struct Trial<'a> {
    world: World<'a>,
    observed: Observed,
    clock: Clock,
    began: u64,
    /// Time off.
    off: u64,
    /// That part of it which the device cannot know of.
    unmeasured: u64,
    /// The boot after the certificate ended while the device was off.
    on_again: Option<u64>,
}

impl Trial<'_> {
    fn disturb(&mut self, disturbance: Disturbance) {
        match disturbance {
            Disturbance::Run(minutes) => self.world.run(minutes * MINUTE, &mut self.observed),
            Disturbance::SetClock(minutes) => {
                if self.clock == Clock::Tampered {
                    let ahead = self.world.clock_ahead.unwrap_or_default();
                    self.world.clock_ahead = Some(ahead + minutes * MINUTE as i64);
                }
            }
            Disturbance::PowerCut(minutes) => self.off(minutes),
            // What passed unseen passes so until the next signed time (X15).
            Disturbance::Ask => {
                self.world.ask(&mut self.observed);
                self.unmeasured = 0;
            }
            Disturbance::Stop(minutes) => {
                self.world.stop(&mut self.observed);
                self.off(minutes);
            }
        }
    }

    fn off(&mut self, minutes: u64) {
        self.off += minutes * MINUTE;
        if self.clock != Clock::Right {
            self.unmeasured += minutes * MINUTE;
        }
        let certificate_ends = self.began + CERTIFICATE.length;
        let before = self.world.time;
        self.world.power_cycle(minutes * MINUTE, &mut self.observed);
        if self.clock == Clock::Right && (before..self.world.time).contains(&certificate_ends) {
            self.on_again = Some(self.world.time);
        }
        self.world.play(Step::Use, &mut self.observed);
    }

    /// The last moment at which `period` has to be over, in true time.
    fn latest(&self, period: &Period) -> u64 {
        let not_counted = if period.counts_off { self.unmeasured } else { self.off };
        let end = self.began + period.length + not_counted;
        // The hour is one in which somebody could put the clock right.
        match self.clock {
            Clock::Right | Clock::Tampered if period.has_hour => {
                self.on_again.unwrap_or(end) + HOUR
            }
            _ => end,
        }
    }

    /// Whether a period that has to be over is not.
    fn check(&self, period: &Period) -> Result<(), TestCaseError> {
        let Period { name, over, .. } = period;
        let latest = self.latest(period);
        if self.world.time >= latest {
            let status = self.world.agent.status();
            let ran = self.world.time - self.began;
            prop_assert!(
                over(&status),
                "{name} still runs after {ran} s, latest {latest}: {status:#?}"
            );
        }
        Ok(())
    }

    fn run(
        &mut self,
        periods: &[Period],
        disturbances: &[Disturbance],
    ) -> Result<(), TestCaseError> {
        for &disturbance in disturbances {
            self.disturb(disturbance);
            periods.iter().try_for_each(|period| self.check(period))?;
        }
        // From here on undisturbed: exactly to the last moment of each.
        for period in periods {
            let latest = self.latest(period);
            self.world.run(latest.saturating_sub(self.world.time), &mut self.observed);
            self.check(period)?;
        }
        Ok(())
    }
}

/// A device on which `steps` were played, then disturbed.
fn trial(
    steps: &[Step],
    clock: Clock,
    periods: &[Period],
    disturbances: &[Disturbance],
) -> Result<(), TestCaseError> {
    let definition = definition(&QUICK);
    let (none, counters) = (no_use(), no_use());
    let off = switched_off(&definition, &none);
    let mut world = World::new(&QUICK, &off, &counters);
    world.clock_ahead = (clock != Clock::None).then_some(0);
    let mut observed = Observed::default();
    for &step in steps {
        world.play(step, &mut observed);
    }
    let began = world.time;
    let mut trial = Trial { world, observed, clock, began, off: 0, unmeasured: 0, on_again: None };
    trial.run(periods, disturbances)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_period_of_a_registered_device_is_lengthened(
        clock in clock(),
        disturbances in prop::collection::vec(disturbance(), 0..40),
    ) {
        let steps = [Step::Use, Step::Pool, Step::Register, Step::Link];
        trial(&steps, clock, &REGISTERED, &disturbances)?;
    }

    #[test]
    fn no_over_use_is_tolerated_for_longer_whenever_the_manager_answers(
        clock in clock(),
        disturbances in prop::collection::vec(disturbance_or_answer(), 0..40),
    ) {
        let steps = [Step::Use, Step::Pool, Step::Register, Step::Link];
        trial(&steps, clock, &[TOLERANCE, OVERAGE], &disturbances)?;
    }

    #[test]
    fn no_evaluation_is_lengthened(
        clock in clock(),
        disturbances in prop::collection::vec(disturbance(), 0..40),
    ) {
        trial(&[Step::Use], clock, &[EVALUATION], &disturbances)?;
    }
}
