//! Which state follows which, and why: one table for each machine, as data.
//!
//! The tables drive nothing. They are what the machines do, written down once, for people and for
//! the exhaustive tests, which hold both ways: every transition that any sequence of inputs shows is
//! a row, and every row is shown by one. What a reservation does to the states stands apart, in
//! [`RESERVATION`]: it and a registration exclude each other (SPEC X12).
//!
//! A state stands under its name in SPEC R1, A1 and E1, with what it carries where that is a state
//! of its own: `OutOfCompliance pending`, `Overage OutOfCompliance`.

/// One row: in state `from`, `on` leads to `to`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Transition {
    /// The state before.
    pub from: &'static str,
    /// What happened.
    pub on: Cause,
    /// The state after.
    pub to: &'static str,
}

macro_rules! causes {
    ($($name:ident: $text:literal,)*) => {
        /// What makes a machine change its state.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Cause {
            $(#[doc = $text] $name,)*
        }

        impl Cause {
            /// The cause in the words of the specification, with its rule.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

causes! {
    Register: "`register` or `register force` (R2, R5)",
    Registered: "the manager registers the device (R2)",
    RegistrationRefused: "the manager refuses the registration (R3)",
    NoAnswer: "the manager cannot be reached (R3, A5)",
    Deregister: "`deregister`, whether or not the manager could be told (R6)",
    InstanceRemoved: "the manager has no such instance any more (X14)",
    CertificateEnded: "the ID certificate ends (R4)",
    CertificateRenewed: "the ID certificate is renewed (R2, X4)",
    Covered: "a report is answered: everything in use is covered (A6)",
    NotCovered: "a report is answered: more is in use than owned (A6)",
    ToleranceEnded: "the tolerance of 45 min ends (A6)",
    DeadlinePassed: "the deadline passes without an answer (A7)",
    OverageEnded: "the overage period ends (E2)",
    EvaluationEnded: "the evaluation is used up (A2)",
    UseBegan: "use begins (A2, X3)",
    UseEnded: "use ends (X3)",
    Boot: "the device boots, with nothing in use (X9)",
    Requested: "`reservation request` (S1)",
    Installed: "`reservation install`: the first authorization, or an update (S1, S2)",
    Cancelled: "`reservation cancel`, or `return authorization` before anything was installed (S3)",
    Returned: "`reservation return` (S3)",
    TermEnded: "a reserved term ends (S7)",
    BackupFound: "a boot finds an older record that was put back; what the counter has overtaken holds no more (S5)",
}

/// Shorthand for the rows below.
const fn on(from: &'static str, on: Cause, to: &'static str) -> Transition {
    Transition { from, on, to }
}

/// Registration (SPEC R1).
pub const REGISTRATION: &[Transition] = &[
    on("Unregistered", Cause::Register, "Registering"),
    on("Registering", Cause::Registered, "Registered"),
    on("Registering", Cause::RegistrationRefused, "Failed"),
    on("Registering", Cause::NoAnswer, "Retrying"),
    on("Retrying", Cause::Register, "Registering"),
    on("Retrying", Cause::Registered, "Registered"),
    on("Retrying", Cause::RegistrationRefused, "Failed"),
    on("Retrying", Cause::Deregister, "Unregistered"),
    on("Retrying", Cause::Deregister, "Expired"),
    on("Failed", Cause::Register, "Registering"),
    on("Failed", Cause::Deregister, "Unregistered"),
    on("Failed", Cause::Deregister, "Expired"),
    on("Registered", Cause::Deregister, "Unregistered"),
    on("Registered", Cause::InstanceRemoved, "Unregistered"),
    on("Registered", Cause::InstanceRemoved, "Retrying"),
    on("Registered", Cause::CertificateEnded, "Retrying"),
    on("Registered", Cause::CertificateEnded, "Expired"),
    on("Expired", Cause::Register, "Registering"),
];

/// Authorization (SPEC A1).
pub const AUTHORIZATION: &[Transition] = &[
    on("NoLicensesInUse", Cause::Registered, "Waiting"),
    on("NoLicensesInUse", Cause::Deregister, "EvaluationExpired"),
    on("NoLicensesInUse", Cause::InstanceRemoved, "EvaluationExpired"),
    on("NoLicensesInUse", Cause::NotCovered, "OutOfCompliance pending"),
    on("NoLicensesInUse", Cause::DeadlinePassed, "AuthorizationExpired"),
    on("NoLicensesInUse", Cause::UseBegan, "Evaluation"),
    on("NoLicensesInUse", Cause::UseBegan, "Waiting"),
    on("Evaluation", Cause::Registered, "Waiting"),
    on("Evaluation", Cause::EvaluationEnded, "EvaluationExpired"),
    on("Evaluation", Cause::UseEnded, "NoLicensesInUse"),
    on("Evaluation", Cause::Boot, "NoLicensesInUse"),
    on("EvaluationExpired", Cause::Covered, "NoLicensesInUse"),
    on("EvaluationExpired", Cause::Covered, "Authorized"),
    on("EvaluationExpired", Cause::NotCovered, "OutOfCompliance pending"),
    on("EvaluationExpired", Cause::NotCovered, "OutOfCompliance breached"),
    on("EvaluationExpired", Cause::DeadlinePassed, "AuthorizationExpired"),
    on("Waiting", Cause::Deregister, "NoLicensesInUse"),
    on("Waiting", Cause::Deregister, "Evaluation"),
    on("Waiting", Cause::Deregister, "EvaluationExpired"),
    on("Waiting", Cause::InstanceRemoved, "NoLicensesInUse"),
    on("Waiting", Cause::InstanceRemoved, "Evaluation"),
    on("Waiting", Cause::InstanceRemoved, "EvaluationExpired"),
    on("Waiting", Cause::CertificateEnded, "NoLicensesInUse"),
    on("Waiting", Cause::CertificateEnded, "Evaluation"),
    on("Waiting", Cause::Covered, "NoLicensesInUse"),
    on("Waiting", Cause::Covered, "Authorized"),
    on("Waiting", Cause::NotCovered, "OutOfCompliance pending"),
    on("Waiting", Cause::NotCovered, "OutOfCompliance breached"),
    on("Waiting", Cause::DeadlinePassed, "AuthorizationExpired"),
    on("Waiting", Cause::EvaluationEnded, "EvaluationExpired"),
    on("Waiting", Cause::UseEnded, "NoLicensesInUse"),
    on("Waiting", Cause::Boot, "NoLicensesInUse"),
    on("Authorized", Cause::Deregister, "Evaluation"),
    on("Authorized", Cause::Deregister, "EvaluationExpired"),
    on("Authorized", Cause::InstanceRemoved, "Evaluation"),
    on("Authorized", Cause::InstanceRemoved, "EvaluationExpired"),
    on("Authorized", Cause::CertificateEnded, "Evaluation"),
    on("Authorized", Cause::NotCovered, "OutOfCompliance pending"),
    on("Authorized", Cause::DeadlinePassed, "AuthorizationExpired"),
    on("Authorized", Cause::UseEnded, "NoLicensesInUse"),
    on("Authorized", Cause::Boot, "NoLicensesInUse"),
    on("OutOfCompliance pending", Cause::Deregister, "NoLicensesInUse"),
    on("OutOfCompliance pending", Cause::Deregister, "Evaluation"),
    on("OutOfCompliance pending", Cause::Deregister, "EvaluationExpired"),
    on("OutOfCompliance pending", Cause::InstanceRemoved, "NoLicensesInUse"),
    on("OutOfCompliance pending", Cause::InstanceRemoved, "Evaluation"),
    on("OutOfCompliance pending", Cause::InstanceRemoved, "EvaluationExpired"),
    on("OutOfCompliance pending", Cause::Covered, "NoLicensesInUse"),
    on("OutOfCompliance pending", Cause::Covered, "Authorized"),
    on("OutOfCompliance pending", Cause::ToleranceEnded, "OutOfCompliance breached"),
    on("OutOfCompliance breached", Cause::Deregister, "NoLicensesInUse"),
    on("OutOfCompliance breached", Cause::Deregister, "Evaluation"),
    on("OutOfCompliance breached", Cause::Deregister, "EvaluationExpired"),
    on("OutOfCompliance breached", Cause::InstanceRemoved, "NoLicensesInUse"),
    on("OutOfCompliance breached", Cause::InstanceRemoved, "Evaluation"),
    on("OutOfCompliance breached", Cause::InstanceRemoved, "EvaluationExpired"),
    on("OutOfCompliance breached", Cause::CertificateEnded, "NoLicensesInUse"),
    on("OutOfCompliance breached", Cause::CertificateEnded, "Evaluation"),
    on("OutOfCompliance breached", Cause::Covered, "NoLicensesInUse"),
    on("OutOfCompliance breached", Cause::Covered, "Authorized"),
    on("OutOfCompliance breached", Cause::DeadlinePassed, "AuthorizationExpired"),
    on("AuthorizationExpired", Cause::Registered, "NoLicensesInUse"),
    on("AuthorizationExpired", Cause::Registered, "EvaluationExpired"),
    on("AuthorizationExpired", Cause::Registered, "Waiting"),
    on("AuthorizationExpired", Cause::Registered, "Authorized"),
    on("AuthorizationExpired", Cause::Registered, "OutOfCompliance breached"),
    on("AuthorizationExpired", Cause::RegistrationRefused, "NoLicensesInUse"),
    on("AuthorizationExpired", Cause::RegistrationRefused, "EvaluationExpired"),
    on("AuthorizationExpired", Cause::RegistrationRefused, "Waiting"),
    on("AuthorizationExpired", Cause::RegistrationRefused, "Authorized"),
    on("AuthorizationExpired", Cause::RegistrationRefused, "OutOfCompliance breached"),
    on("AuthorizationExpired", Cause::Deregister, "NoLicensesInUse"),
    on("AuthorizationExpired", Cause::Deregister, "Evaluation"),
    on("AuthorizationExpired", Cause::Deregister, "EvaluationExpired"),
    on("AuthorizationExpired", Cause::InstanceRemoved, "NoLicensesInUse"),
    on("AuthorizationExpired", Cause::InstanceRemoved, "Evaluation"),
    on("AuthorizationExpired", Cause::InstanceRemoved, "EvaluationExpired"),
    on("AuthorizationExpired", Cause::CertificateEnded, "NoLicensesInUse"),
    on("AuthorizationExpired", Cause::CertificateEnded, "Evaluation"),
    on("AuthorizationExpired", Cause::CertificateEnded, "EvaluationExpired"),
    on("AuthorizationExpired", Cause::CertificateRenewed, "NoLicensesInUse"),
    on("AuthorizationExpired", Cause::CertificateRenewed, "OutOfCompliance breached"),
    on("AuthorizationExpired", Cause::Covered, "NoLicensesInUse"),
    on("AuthorizationExpired", Cause::Covered, "Authorized"),
    on("AuthorizationExpired", Cause::NotCovered, "OutOfCompliance pending"),
    on("AuthorizationExpired", Cause::NotCovered, "OutOfCompliance breached"),
];

/// Enforcement (SPEC E1).
pub const ENFORCEMENT: &[Transition] = &[
    on("None", Cause::Deregister, "Enforced EvaluationExpired"),
    on("None", Cause::InstanceRemoved, "Enforced EvaluationExpired"),
    on("None", Cause::NotCovered, "Overage OutOfCompliance"),
    on("None", Cause::NotCovered, "Enforced OutOfCompliance"),
    on("None", Cause::ToleranceEnded, "Overage OutOfCompliance"),
    on("None", Cause::DeadlinePassed, "Overage AuthorizationExpired"),
    on("None", Cause::EvaluationEnded, "Enforced EvaluationExpired"),
    on("Overage OutOfCompliance", Cause::Deregister, "None"),
    on("Overage OutOfCompliance", Cause::Deregister, "Enforced EvaluationExpired"),
    on("Overage OutOfCompliance", Cause::InstanceRemoved, "None"),
    on("Overage OutOfCompliance", Cause::InstanceRemoved, "Enforced EvaluationExpired"),
    on("Overage OutOfCompliance", Cause::Covered, "None"),
    on("Overage OutOfCompliance", Cause::OverageEnded, "Enforced OutOfCompliance"),
    on("Overage AuthorizationExpired", Cause::Registered, "None"),
    on("Overage AuthorizationExpired", Cause::RegistrationRefused, "None"),
    on("Overage AuthorizationExpired", Cause::Deregister, "None"),
    on("Overage AuthorizationExpired", Cause::Deregister, "Enforced EvaluationExpired"),
    on("Overage AuthorizationExpired", Cause::InstanceRemoved, "None"),
    on("Overage AuthorizationExpired", Cause::InstanceRemoved, "Enforced EvaluationExpired"),
    on("Overage AuthorizationExpired", Cause::CertificateEnded, "None"),
    on("Overage AuthorizationExpired", Cause::CertificateEnded, "Enforced EvaluationExpired"),
    on("Overage AuthorizationExpired", Cause::CertificateRenewed, "None"),
    on("Overage AuthorizationExpired", Cause::Covered, "None"),
    on("Overage AuthorizationExpired", Cause::NotCovered, "None"),
    on("Overage AuthorizationExpired", Cause::NotCovered, "Enforced OutOfCompliance"),
    on("Overage AuthorizationExpired", Cause::OverageEnded, "Enforced AuthorizationExpired"),
    on("Overage AuthorizationExpired", Cause::EvaluationEnded, "Enforced EvaluationExpired"),
    on("Enforced OutOfCompliance", Cause::Deregister, "None"),
    on("Enforced OutOfCompliance", Cause::Deregister, "Enforced EvaluationExpired"),
    on("Enforced OutOfCompliance", Cause::InstanceRemoved, "None"),
    on("Enforced OutOfCompliance", Cause::InstanceRemoved, "Enforced EvaluationExpired"),
    on("Enforced OutOfCompliance", Cause::CertificateEnded, "None"),
    on("Enforced OutOfCompliance", Cause::CertificateEnded, "Enforced EvaluationExpired"),
    on("Enforced OutOfCompliance", Cause::Covered, "None"),
    on("Enforced AuthorizationExpired", Cause::Registered, "None"),
    on("Enforced AuthorizationExpired", Cause::RegistrationRefused, "None"),
    on("Enforced AuthorizationExpired", Cause::Deregister, "None"),
    on("Enforced AuthorizationExpired", Cause::Deregister, "Enforced EvaluationExpired"),
    on("Enforced AuthorizationExpired", Cause::InstanceRemoved, "None"),
    on("Enforced AuthorizationExpired", Cause::InstanceRemoved, "Enforced EvaluationExpired"),
    on("Enforced AuthorizationExpired", Cause::CertificateEnded, "None"),
    on("Enforced AuthorizationExpired", Cause::CertificateEnded, "Enforced EvaluationExpired"),
    on("Enforced AuthorizationExpired", Cause::CertificateRenewed, "None"),
    on("Enforced AuthorizationExpired", Cause::Covered, "None"),
    on("Enforced AuthorizationExpired", Cause::NotCovered, "None"),
    on("Enforced AuthorizationExpired", Cause::NotCovered, "Enforced OutOfCompliance"),
    on("Enforced EvaluationExpired", Cause::Covered, "None"),
    on("Enforced EvaluationExpired", Cause::NotCovered, "None"),
    on("Enforced EvaluationExpired", Cause::NotCovered, "Overage OutOfCompliance"),
    on("Enforced EvaluationExpired", Cause::NotCovered, "Enforced OutOfCompliance"),
];

/// What a reservation does to each of the three machines, in the order above (SPEC S1–S7, X11).
pub const RESERVATION: [&[Transition]; 3] = [
    &[
        on("Unregistered", Cause::Requested, "ReservationInProgress"),
        on("ReservationInProgress", Cause::BackupFound, "Unregistered"),
        on("ReservationInProgress", Cause::Cancelled, "Unregistered"),
        on("ReservationInProgress", Cause::Installed, "Reserved"),
        on("Reserved", Cause::BackupFound, "Unregistered"),
        on("Reserved", Cause::Returned, "Unregistered"),
    ],
    &[
        on("NoLicensesInUse", Cause::Installed, "Reserved"),
        on("Evaluation", Cause::BackupFound, "NoLicensesInUse"),
        on("Evaluation", Cause::Installed, "Reserved"),
        on("EvaluationExpired", Cause::BackupFound, "NoLicensesInUse"),
        on("EvaluationExpired", Cause::Installed, "Reserved"),
        on("Reserved", Cause::BackupFound, "NoLicensesInUse"),
        on("Reserved", Cause::Installed, "NotAuthorizedReserved"),
        on("Reserved", Cause::Returned, "Evaluation"),
        on("Reserved", Cause::Returned, "EvaluationExpired"),
        on("Reserved", Cause::Returned, "NoLicensesInUse"),
        on("Reserved", Cause::TermEnded, "NotAuthorizedReserved"),
        on("NotAuthorizedReserved", Cause::Boot, "Reserved"),
        on("NotAuthorizedReserved", Cause::Installed, "Reserved"),
        on("NotAuthorizedReserved", Cause::Returned, "Evaluation"),
        on("NotAuthorizedReserved", Cause::Returned, "EvaluationExpired"),
        on("NotAuthorizedReserved", Cause::UseEnded, "Reserved"),
    ],
    &[
        on("None", Cause::Installed, "Overage NotAuthorizedReserved"),
        on("None", Cause::Returned, "Enforced EvaluationExpired"),
        on("None", Cause::TermEnded, "Overage NotAuthorizedReserved"),
        on("Overage NotAuthorizedReserved", Cause::Boot, "None"),
        on("Overage NotAuthorizedReserved", Cause::Installed, "None"),
        on("Overage NotAuthorizedReserved", Cause::OverageEnded, "Enforced NotAuthorizedReserved"),
        on("Overage NotAuthorizedReserved", Cause::Returned, "Enforced EvaluationExpired"),
        on("Overage NotAuthorizedReserved", Cause::Returned, "None"),
        on("Overage NotAuthorizedReserved", Cause::UseEnded, "None"),
        on("Enforced NotAuthorizedReserved", Cause::Boot, "None"),
        on("Enforced NotAuthorizedReserved", Cause::Installed, "None"),
        on("Enforced NotAuthorizedReserved", Cause::Returned, "Enforced EvaluationExpired"),
        on("Enforced NotAuthorizedReserved", Cause::Returned, "None"),
        on("Enforced NotAuthorizedReserved", Cause::UseEnded, "None"),
        on("Enforced EvaluationExpired", Cause::BackupFound, "None"),
        on("Enforced EvaluationExpired", Cause::Installed, "None"),
    ],
];
