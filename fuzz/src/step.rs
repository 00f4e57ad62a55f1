//! What can happen to an agent: bytes say it in postcard, so that a seed is a list of values.

use serde::{Deserialize, Serialize};

/// One thing that happens.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Step {
    /// Time passes, and the agent is woken whenever it asked for that.
    Run {
        unit: Unit,
        times: u8,
    },
    /// Time passes, and nobody wakes it.
    Sleep {
        unit: Unit,
        times: u8,
    },
    /// It is woken without a reason.
    Wake,
    Acquire {
        feature: u8,
        n: u8,
    },
    Release {
        feature: u8,
        n: u8,
    },
    /// More than can be counted is asked for.
    AcquireTooMuch {
        feature: u8,
    },
    /// An administrator's command.
    Command(Deed),
    /// A code is installed.
    Install(GivenCode),
    /// A code is given back.
    ReturnAuthorization(GivenCode),
    /// A code that was made before is installed, or given back.
    Again {
        which: u8,
        give_back: bool,
    },
    /// Text that nobody made is installed.
    InstallText(Vec<u8>),
    /// From now on requests get fitting answers, fail, or stay unanswered.
    Link(Link),
    /// The request that waits is answered.
    Answer {
        says: Saying,
        twist: AnswerTwist,
    },
    /// Bytes that nobody made come back.
    Receive(Vec<u8>),
    TransportFailed(u8),
    LinkChanged,
    Stopping,
    /// The real-time clock is set, relative to what it said.
    Clock {
        unit: Unit,
        times: i32,
    },
    /// There is a real-time clock from now on, or none.
    HasClock(bool),
    /// The device's keys can be used from now on, or not.
    Keys(bool),
    /// The agent is told something that it did not ask for.
    Unasked(Unasked),
    /// What works from now on.
    Works {
        identity: bool,
        ledger: bool,
        counter: bool,
        late: bool,
    },
    /// Power is lost after so many more writes.
    Cut {
        writes: u8,
        last: LastWrite,
    },
    Reboot {
        unit: Unit,
        times: u8,
    },
    /// What is stored now is kept, for later.
    Backup,
    /// What was kept is put back, and the device boots.
    Restore {
        identity: bool,
        ledger: bool,
    },
    /// A slot decays while the device is off.
    Decay {
        slot: u8,
        place: u16,
        bits: u8,
    },
}

/// How long something takes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Shift,
    Day,
    Month,
}

impl Unit {
    /// In seconds.
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Shift => 8 * 3_600,
            Self::Day => 86_400,
            Self::Month => 30 * 86_400,
        }
    }
}

/// A command without a code.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Deed {
    Register { force: bool },
    RegisterText(Vec<u8>),
    Deregister,
    RenewAuthorization,
    RenewCertificate,
    SelectLicenseType(u8),
    AllowOverage(bool),
    Limit { feature: u8, limit: Option<u16> },
    FactoryReset,
    Enable,
    Disable,
    Request { universal: bool },
    Cancel,
    Return,
}

/// An authorization code, good but for its twist.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct GivenCode {
    /// By how many generations it is ahead of the next.
    pub ahead: u8,
    pub lines: [Option<GivenLine>; 8],
    pub twist: CodeTwist,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct GivenLine {
    pub entitlement: u8,
    pub count: u8,
    /// For how long; `None` for ever.
    pub hours: Option<u16>,
}

/// What is wrong with a code.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum CodeTwist {
    Nothing,
    /// Signed by the key that the product pins: nothing wrong either.
    Pinned,
    Device,
    Number,
    Anchors,
    LicenseType,
    Catalogue,
    Universal,
    Stranger,
    Unvouched,
    /// A character was replaced.
    Typed(u16, u8),
    /// Of what was granted some bits were changed, and then it was signed.
    Altered(u16, u8),
    /// The certificate of the signer does not cover the time.
    Early,
    /// The certificate of the signer is not by the root.
    Usurper,
}

/// How requests fare.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Link {
    Up,
    Down,
    Silent,
}

/// What an answer says.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Saying {
    /// What was asked.
    Fitting,
    Registered {
        days: u16,
        policy: Option<PolicyChange>,
        odd: Odd,
    },
    Authorization {
        verdicts: [u8; 4],
        count: u8,
        since: Option<u32>,
        policy: Option<PolicyChange>,
        duplicate: bool,
    },
    Renewed {
        days: u16,
        odd: Odd,
    },
    Deregistered,
    Refused(u8),
    RetryLater(u32),
    Conflict,
}

/// What is odd about a registration that a manager signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Odd {
    Nothing,
    /// It is for another key.
    Key,
    /// Names are longer than any.
    Names,
}

/// Rules that a manager gives, in seconds.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct PolicyChange {
    pub report_interval: u32,
    pub authorization_period: u32,
    pub overage_period: u32,
    pub retry_first: u32,
    pub pending_warning: u32,
    pub pending_tolerance: u32,
    pub consecutive_reports: u8,
    pub lock_usage: bool,
}

impl PolicyChange {
    /// Other rules than the product's.
    pub const OTHER: Self = Self {
        report_interval: 6 * 3_600,
        authorization_period: 60 * 86_400,
        overage_period: 30 * 86_400,
        retry_first: 600,
        pending_warning: 1_200,
        pending_tolerance: 2_400,
        consecutive_reports: 2,
        lock_usage: true,
    };
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum AnswerTwist {
    Nothing,
    Device,
    Request,
    Old,
    Epoch,
    Stranger,
    /// The certificate of the signer is not by the root.
    Usurper,
    /// Made at another time.
    Time(i32),
    Cut(u16),
    Flip(u16, u8),
    /// Some bits were changed, and then it was signed.
    Altered(u16, u8),
    /// The answer before.
    Again,
}

/// Inputs out of turn.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Unasked {
    Entropy(u8),
    Persisted { ledger: bool },
    PersistFailed { ledger: bool },
    CounterRaised { by: u8 },
    CounterFailed,
}

/// What becomes of the write during which power is lost.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum LastWrite {
    Lost,
    Torn(u16),
    Done,
}
