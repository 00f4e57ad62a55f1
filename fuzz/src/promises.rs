//! What codes that were shown promise, and whether the device keeps it (SPEC S3, S5).

use crate::appliance::Machine;
use crate::keyed_hash::KeyedHash;
use leasehold_core::code::{Anchors, ConfirmationCode, RequestCode, ReturnCode, Returned};
use std::collections::{BTreeMap, BTreeSet};

/// All codes that a device shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Codes {
    pub request: Option<RequestCode>,
    pub confirmation: Option<ConfirmationCode>,
    pub returned: Option<ReturnCode>,
}

impl Codes {
    /// Those that `agent` shows now.
    pub fn of(agent: &Machine<'_>) -> Self {
        Self {
            request: agent.request_code(),
            confirmation: agent.confirmation_code(),
            returned: agent.return_code(),
        }
    }
}

/// What was shown so far, by the number of the request.
#[derive(Debug, Default)]
pub struct Promises {
    requests: BTreeMap<u32, Anchors>,
    returned: BTreeSet<u32>,
    confirmed: BTreeMap<u32, u8>,
    declined: BTreeSet<(u32, u8)>,
}

impl Promises {
    /// Takes note of what is shown.
    pub fn note(&mut self, codes: &Codes) {
        if let Some(request) = &codes.request {
            let before = self.requests.insert(request.number, request.anchors);
            assert!(
                before.is_none_or(|before| before == request.anchors),
                "one number, one request: {}",
                request.number
            );
        }
        if let Some(code) = codes.confirmation {
            let anchor = code.anchor(&KeyedHash);
            if let Some(number) = self.number(|anchors| anchors.confirmed == anchor) {
                let confirmed = self.confirmed.entry(number).or_default();
                *confirmed = code.generation.max(*confirmed);
            }
        }
        if let Some(code) = codes.returned {
            let anchor = code.anchor(&KeyedHash);
            match code.returned {
                Returned::Everything => {
                    let number = self.number(|anchors| anchors.confirmed == anchor);
                    self.returned.extend(number);
                }
                Returned::Update(generation) => {
                    let number = self.number(|anchors| anchors.declined == anchor);
                    self.declined.extend(number.map(|number| (number, generation)));
                }
            }
        }
    }

    fn number(&self, is_wanted: impl Fn(&Anchors) -> bool) -> Option<u32> {
        self.requests.iter().find(|(_, anchors)| is_wanted(anchors)).map(|(&number, _)| number)
    }

    /// Fails when what is installed was promised never to be again.
    pub fn check(&self, number: u32, installed: Option<u8>) {
        assert!(!self.returned.contains(&number), "request {number} was returned");
        let Some(generation) = installed else {
            let confirmed = self.confirmed.contains_key(&number);
            assert!(!confirmed, "request {number} had an update installed");
            return;
        };
        assert!(
            self.confirmed.get(&number).is_none_or(|&confirmed| confirmed <= generation),
            "a later update of {number} than {generation} was confirmed"
        );
        assert!(
            !self.declined.contains(&(number, generation)),
            "update {generation} of {number} was returned"
        );
    }
}
