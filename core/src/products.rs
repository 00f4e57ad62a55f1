//! Product definitions that ship with the project. Data only: the agent knows none of them.

pub mod contact_center;
