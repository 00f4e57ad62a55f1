//! The cryptography of the agent: a secure element's for the proofs, software for one measurement.

#[cfg(not(feature = "ed25519"))]
pub use crate::secure_element::SecureElement as AgentCrypto;
#[cfg(feature = "ed25519")]
pub use leasehold_core::crypto::SoftwareCrypto as AgentCrypto;

/// What stands for it in calls.
pub const AGENT_CRYPTO: AgentCrypto = AgentCrypto;
