//! What can happen to an agent, decoded from bytes.

use arbitrary::Arbitrary;

/// One thing that happens.
#[derive(Arbitrary, Clone, Debug)]
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
    Clock(i32),
    /// There is a real-time clock from now on, or none.
    HasClock(bool),
    /// The agent is told something that it did not ask for.
    Unasked(Unasked),
    /// What works from now on.
    Works {
        identity: bool,
        ledger: bool,
        counter: bool,
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
#[derive(Arbitrary, Clone, Copy, Debug)]
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
#[derive(Arbitrary, Clone, Debug)]
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
#[derive(Arbitrary, Clone, Debug)]
pub struct GivenCode {
    /// By how many generations it is ahead of the next.
    pub ahead: u8,
    pub lines: [Option<GivenLine>; 4],
    pub twist: CodeTwist,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct GivenLine {
    pub entitlement: u8,
    pub count: u8,
    /// For how long; `None` for ever.
    pub hours: Option<u16>,
}

/// What is wrong with a code.
#[derive(Arbitrary, Clone, Copy, Debug)]
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
    Typed(u16, u8),
}

/// How requests fare.
#[derive(Arbitrary, Clone, Copy, Debug, Eq, PartialEq)]
pub enum Link {
    Up,
    Down,
    Silent,
}

/// What an answer says.
#[derive(Arbitrary, Clone, Debug)]
pub enum Saying {
    /// What was asked.
    Fitting,
    Registered {
        days: u16,
        policy: Option<PolicyChange>,
    },
    Authorization {
        verdicts: [u8; 4],
        count: u8,
        since: Option<u32>,
        policy: Option<PolicyChange>,
    },
    Renewed {
        days: u16,
    },
    Deregistered,
    Refused(u8),
    RetryLater(u32),
    Conflict,
}

/// Rules that a manager gives, in seconds.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct PolicyChange {
    pub report_interval: u32,
    pub authorization_period: u32,
    pub overage_period: u32,
    pub retry_first: u32,
    pub consecutive_reports: u8,
    pub lock_usage: bool,
}

/// What is wrong with an answer.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum AnswerTwist {
    Nothing,
    Device,
    Request,
    Old,
    Epoch,
    Stranger,
    /// Made at another time.
    Time(i32),
    Cut(u16),
    Flip(u16, u8),
    /// The answer before.
    Again,
}

/// Inputs out of turn.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Unasked {
    Entropy(u8),
    Persisted { ledger: bool },
    PersistFailed { ledger: bool },
    CounterFailed,
}

/// What becomes of the write during which power is lost.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum LastWrite {
    Lost,
    Torn(u16),
    Done,
}
