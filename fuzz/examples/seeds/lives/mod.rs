//! Lives as they are meant to be, and as they are not: one for each procedure and each trouble.

mod compliance;
mod contact;
mod reservation;
mod storage;
mod time;

use crate::bytes_of;
use leasehold_core::agent::RegistrationState;
use leasehold_fuzz::step::{
    AnswerTwist, CodeTwist, Deed, GivenCode, GivenLine, Link, Saying, Step, Unit,
};

pub struct Life {
    pub name: &'static str,
    make: u8,
    pub steps: Vec<Step>,
    /// How it ends.
    pub end: RegistrationState,
}

impl Life {
    /// As the target takes it.
    pub fn bytes(&self) -> Vec<u8> {
        let steps = self.steps.iter().flat_map(bytes_of);
        std::iter::once(self.make).chain(steps).collect()
    }
}

/// What `Appliance::new` makes of a byte.
const PLAIN: u8 = 0;
const COUNTER: u8 = 1;
const SMALLEST: u8 = 2;
const UNPINNED: u8 = 4;
const REFUSES_USE: u8 = 16;
const REFUSES_NOTHING: u8 = 24;

/// All lives.
pub fn all() -> Vec<Life> {
    let kinds =
        [contact::all(), compliance::all(), time::all(), storage::all(), reservation::all()];
    kinds.into_iter().flatten().collect()
}

fn life<const N: usize>(
    name: &'static str,
    make: u8,
    end: RegistrationState,
    parts: [Vec<Step>; N],
) -> Life {
    Life { name, make, steps: parts.into_iter().flatten().collect(), end }
}

fn run(unit: Unit, times: u8) -> Vec<Step> {
    vec![Step::Run { unit, times }]
}

fn deed(deed: Deed) -> Vec<Step> {
    vec![Step::Command(deed)]
}

fn acquire(n: u8) -> Vec<Step> {
    vec![Step::Acquire { feature: 0, n }]
}

fn link(link: Link) -> Vec<Step> {
    vec![Step::Link(link)]
}

fn reboot(times: u8) -> Vec<Step> {
    vec![Step::Reboot { unit: Unit::Day, times }]
}

fn register() -> Vec<Step> {
    deed(Deed::Register { force: false })
}

fn registered() -> Vec<Step> {
    [register(), acquire(3), run(Unit::Hour, 1)].concat()
}

/// From now on the manager says what a life wants.
fn answer(says: Saying) -> Vec<Step> {
    vec![Step::Answer { says, twist: AnswerTwist::Nothing }]
}

fn twisted(twist: AnswerTwist) -> Vec<Step> {
    vec![Step::Answer { says: Saying::Fitting, twist }]
}

/// A report that is answered in this way.
fn reported(says: Saying) -> Vec<Step> {
    [link(Link::Silent), deed(Deed::RenewAuthorization), answer(says)].concat()
}

fn verdicts(verdict: u8) -> Saying {
    let (since, policy, duplicate) = (None, None, false);
    Saying::Authorization { verdicts: [verdict; 4], count: 9, since, policy, duplicate }
}

/// Lines, where there are eight places.
fn lines<const N: usize>(given: [GivenLine; N]) -> [Option<GivenLine>; 8] {
    std::array::from_fn(|place| given.get(place).copied())
}

fn code(count: u8, hours: Option<u16>, twist: CodeTwist) -> GivenCode {
    let line = GivenLine { entitlement: 0, count, hours };
    GivenCode { ahead: 0, lines: lines([line]), twist }
}

fn install(count: u8) -> Vec<Step> {
    vec![Step::Install(code(count, None, CodeTwist::Nothing))]
}

fn requested() -> Vec<Step> {
    [deed(Deed::Enable), deed(Deed::Request { universal: false })].concat()
}

fn reserved() -> Vec<Step> {
    [requested(), install(5), acquire(5)].concat()
}

fn works(identity: bool, ledger: bool, counter: bool, late: bool) -> Vec<Step> {
    vec![Step::Works { identity, ledger, counter, late }]
}
