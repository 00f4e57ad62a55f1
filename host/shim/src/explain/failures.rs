//! Why the manager did not give what was asked.

use super::{Explanation, unknown};
use leasehold_core::agent::{FailureReason, TransportError};
use leasehold_core::wire::{AcceptError, FrameError, Refusal};

/// Why an attempt failed.
pub fn failure(reason: FailureReason) -> Explanation {
    match reason {
        FailureReason::Transport(error) => transport(error),
        FailureReason::Frame(error) => frame(error),
        FailureReason::NotAccepted(error) => accept(error),
        FailureReason::Refused(error) => refusal(error),
        FailureReason::RetryLater => Explanation::new(
            "The license manager is busy and asked to come back later.",
            "Nothing needs to be done: the appliance tries again by itself.",
        ),
        FailureReason::Conflict => Explanation::new(
            "The license manager had already seen this request's number from this identity.",
            "If this machine was cloned or restored from an image, give one of the two another \
             serial number; otherwise register it again with `force`.",
        ),
        FailureReason::UnexpectedAnswer => Explanation::new(
            "The license manager answered something else than was asked.",
            "Bring manager and appliance to versions that belong together.",
        ),
        FailureReason::KeyUnusable => Explanation::new(
            "The appliance's own key cannot be used.",
            "Check its key store, then register it again with a new token and `force`.",
        ),
        _ => unknown("a failure"),
    }
}

/// How far a request got.
pub fn transport(error: TransportError) -> Explanation {
    match error {
        TransportError::NotConfigured => Explanation::new(
            "No license manager is configured.",
            "Set its URL with `license smart transport direct URL` or in the configuration.",
        ),
        TransportError::NameNotResolved => Explanation::new(
            "The license manager's name could not be resolved.",
            "Check the name in the transport URL and the appliance's DNS settings.",
        ),
        TransportError::Unreachable => Explanation::new(
            "Nothing answers at the license manager's address and port.",
            "Check that the manager runs, that the URL is right, and that no firewall is between.",
        ),
        TransportError::TimedOut => Explanation::new(
            "The license manager did not answer in time.",
            "Check the network and the manager's load; the appliance tries again by itself.",
        ),
        TransportError::ProxyFailed => Explanation::new(
            "The proxy could not be reached, or refused to connect to the license manager.",
            "Check the proxy's address, port, user and password, and its rules for the manager.",
        ),
        TransportError::CertificateUntrusted => Explanation::new(
            "The server's certificate is neither the pinned one nor by a trusted authority.",
            "Check that the URL leads to the manager, then set its `pin` or `ca_file` anew; \
             a proxy that opens TLS must let this connection through.",
        ),
        TransportError::CertificateForOtherName => Explanation::new(
            "The server's certificate is for another name than the one in the transport URL.",
            "Use a name that the certificate holds, or give the manager one for this name.",
        ),
        TransportError::CertificateOutsideDates => Explanation::new(
            "The server's certificate is not valid at this time.",
            "Check the appliance's clock first, then renew the manager's certificate.",
        ),
        TransportError::TlsFailed => Explanation::new(
            "No TLS connection could be made with the license manager.",
            "Check that the port speaks TLS 1.2 or 1.3 and that nothing between alters it.",
        ),
        TransportError::HttpStatus(status) => http_status(status),
        TransportError::ConnectionLost => Explanation::new(
            "The connection broke before the license manager had answered.",
            "Check the network and the manager's log; the appliance tries again by itself.",
        ),
        TransportError::AnswerTooLong => Explanation::new(
            "What answered is longer than anything a license manager says.",
            "Check the transport URL: it may lead to a web page or a proxy's log-in page.",
        ),
        _ => unknown("a way for the transport to fail"),
    }
}

fn http_status(status: u16) -> Explanation {
    let remedy = match status {
        300..=399 => "Use the address that it points to as the transport URL.",
        404 | 405 => "Check the path of the transport URL, or leave it out to get the right one.",
        407 => "Set the proxy's user and password.",
        429 | 500..=599 => "Look at the manager's log; the appliance tries again by itself.",
        _ => "Check the transport URL and what stands between appliance and manager.",
    };
    Explanation::new(format!("The server answered with HTTP status {status}."), remedy)
}

/// What is wrong with the bytes that came back.
pub fn frame(error: FrameError) -> Explanation {
    match error {
        FrameError::NotAFrame => Explanation::new(
            "Something that is not a license manager answered: a web page, or a proxy's log-in \
             page.",
            "Check the transport URL, and that no proxy or portal stands between.",
        ),
        FrameError::NewerVersion(version) => Explanation::new(
            format!("The license manager speaks version {version} of the protocol."),
            "Update the appliance, or let the manager speak the older version.",
        ),
        FrameError::WrongKind => Explanation::new(
            "A request came back instead of an answer.",
            "Check the transport URL: it leads to something that echoes what it is sent.",
        ),
        FrameError::Malformed => Explanation::new(
            "The answer was damaged or cut short on its way.",
            "Check what stands between appliance and manager; the appliance tries again by itself.",
        ),
        FrameError::TooLong => Explanation::new(
            "The answer is longer than any that a license manager gives.",
            "Check the transport URL, and that manager and appliance have versions that fit.",
        ),
    }
}

/// Why an answer is not believed.
pub fn accept(error: AcceptError) -> Explanation {
    match error {
        AcceptError::ManagerUnknown => Explanation::new(
            "The answer is by a license manager that this product's vendor does not vouch for.",
            "Check the transport URL; if it is right, the appliance's `root` key is not the \
             vendor's: correct it, and remove the instance this left in the manager.",
        ),
        AcceptError::ManagerCertificateExpired => Explanation::new(
            "The license manager's signing certificate is not valid at the time it gives.",
            "Check the manager's clock, and renew its signing certificate with the vendor.",
        ),
        AcceptError::SignatureInvalid => Explanation::new(
            "The answer's signature is wrong: it was altered on its way or forged.",
            "Check what stands between appliance and manager.",
        ),
        AcceptError::OtherDevice => Explanation::new(
            "The answer is for another appliance.",
            "Check what stands between appliance and manager: something mixes connections up.",
        ),
        AcceptError::OtherRequest => Explanation::new(
            "The answer belongs to another request.",
            "Check what stands between appliance and manager: something keeps old answers.",
        ),
        AcceptError::Stale => Explanation::new(
            "The answer is older than one the appliance already has.",
            "If this appliance's state was damaged or restored, nothing needs to be done: the next \
             answers count again; if the manager was restored from a backup, restore it as that; \
             otherwise something between replays old answers.",
        ),
        AcceptError::NotUnderstood => Explanation::new(
            "The license manager answered with what this version of the appliance does not know.",
            "Update the appliance's licensing software to a version that fits the manager's.",
        ),
    }
}

/// Why the manager refuses.
pub fn refusal(refusal: Refusal) -> Explanation {
    let new_token = "Make a new token in the license manager and register with it.";
    match refusal {
        Refusal::TokenUnknown => Explanation::new(
            "The license manager does not know this registration token.",
            "Check that the token is from this manager, or make a new one there.",
        ),
        Refusal::TokenExpired => {
            Explanation::new("The registration token's days are over.", new_token)
        }
        Refusal::TokenUsedUp => Explanation::new(
            "The registration token was used as often as it may be.",
            "Make a new token in the license manager, with more uses if many appliances share it.",
        ),
        Refusal::TokenRevoked => {
            Explanation::new("An administrator revoked the registration token.", new_token)
        }
        Refusal::ProductUnknown => Explanation::new(
            "The license manager has no product with this appliance's product id.",
            "Check the product id with `show license udi`, and the products in the manager.",
        ),
        Refusal::AlreadyRegistered => Explanation::new(
            "An appliance with this serial number is registered already.",
            "If it is this one, register with `force` to replace it; if not, give this one its \
             own serial number.",
        ),
        Refusal::RegisteredElsewhere => Explanation::new(
            "This appliance is registered in another account, which `force` does not cross.",
            "Deregister it there or remove it in that account, then register here.",
        ),
        Refusal::InstanceUnknown => Explanation::new(
            "The license manager no longer has this appliance: it was removed there.",
            "Register it again with a new token.",
        ),
        Refusal::InstanceReplaced => Explanation::new(
            "Another registration took the place of this one: the same appliance registered again, \
             or a copy of it did.",
            "If this is a copy, give it a serial number of its own; otherwise register it with \
             `force`, and the other one is unregistered.",
        ),
        Refusal::CertificateExpired => Explanation::new(
            "This appliance's ID certificate ended or was revoked.",
            "Register it again with a new token.",
        ),
        Refusal::SignatureInvalid => Explanation::new(
            "The license manager has another key for this appliance.",
            "If the machine was cloned or restored, register it again with `force`.",
        ),
        Refusal::DeviceMismatch => Explanation::new(
            "The license manager knows this registration under another serial number.",
            "Restore the appliance's own serial number, or register it again with `force`.",
        ),
        Refusal::RequestUnknown => Explanation::new(
            "The license manager does not know this kind of request.",
            "Update the license manager.",
        ),
        _ => unknown("a refusal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use std::fmt::Debug;

    /// All variants of an enumeration, by the names that its deserialiser lists.
    fn all<T: DeserializeOwned>() -> Vec<T> {
        let error = serde_json::from_str::<T>("\"?\"").err().unwrap().to_string();
        let names: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        assert!(!names.is_empty(), "{error}");
        names
            .iter()
            .map(|name| {
                let plain = serde_json::from_str(&format!("\"{name}\""));
                plain.or_else(|_| serde_json::from_str(&format!("{{\"{name}\": 7}}"))).unwrap()
            })
            .collect()
    }

    fn check<T: DeserializeOwned + Debug + Copy>(explain: impl Fn(T) -> Explanation) -> usize {
        let all = all::<T>();
        let mut causes: Vec<String> = all
            .iter()
            .map(|&value| {
                let Explanation { cause, remedy } = explain(value);
                for sentence in [&cause, &remedy] {
                    assert!(sentence.ends_with('.') && sentence.len() > 20, "{value:?}");
                    assert!(!sentence.contains("no words"), "{value:?} is not explained");
                    let debug = format!("{value:?}");
                    assert!(!sentence.contains(&debug), "{value:?} is shown as itself");
                    assert!(!sentence.contains("  "), "{sentence}");
                }
                cause
            })
            .collect();
        causes.sort();
        causes.dedup();
        assert_eq!(causes.len(), all.len(), "each has its own cause");
        all.len()
    }

    #[test]
    fn every_reason_has_a_cause_and_a_remedy() {
        assert!(check(transport) >= 12);
        assert!(check(frame) >= 5);
        assert!(check(accept) >= 6);
        assert!(check(refusal) >= 12);
        let plain = [
            FailureReason::RetryLater,
            FailureReason::Conflict,
            FailureReason::UnexpectedAnswer,
            FailureReason::KeyUnusable,
        ];
        for reason in plain {
            let Explanation { cause, remedy } = failure(reason);
            assert!(cause.ends_with('.') && remedy.ends_with('.'), "{reason:?}");
            assert!(!cause.contains("no words"), "{reason:?}");
        }
        let nested = FailureReason::Refused(Refusal::TokenExpired);
        assert_eq!(failure(nested), refusal(Refusal::TokenExpired));
    }

    #[test]
    fn a_web_page_is_named_as_that() {
        let html = failure(FailureReason::Frame(FrameError::NotAFrame));
        assert!(html.cause.contains("not a license manager") && html.cause.contains("web page"));
    }

    #[test]
    fn each_http_status_has_a_remedy_that_fits() {
        for (status, word) in
            [(302, "address"), (404, "path"), (407, "proxy"), (503, "log"), (418, "URL")]
        {
            let Explanation { cause, remedy } = http_status(status);
            assert!(cause.contains(&status.to_string()) && remedy.contains(word), "{status}");
        }
    }
}
