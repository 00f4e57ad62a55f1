//! Which authorizations are accepted, and why others are not (SPEC S1, S2, S4).

use super::*;
use leasehold_core::code::{GrantError, catalogue_digest};
use leasehold_core::crypto::{Algorithm, Digest, Purpose, Signature, SignedMessage};
use leasehold_core::product::ENTITLEMENTS_MAX;
use leasehold_core::products;

fn accept(text: &str, expected: &ExpectedGrant<'_>) -> Result<Grant, GrantError> {
    let code = AuthorizationCode::parse(text).unwrap();
    code.accept(&CRYPTO, expected).map(|verified| verified.into_inner())
}

fn pinned(grant: &Grant) -> String {
    signed(grant, &PINNED, None)
}

fn certified(grant: &Grant, by: &SigningCertificate) -> String {
    signed(grant, &MANAGER, Some(by))
}

#[test]
fn s1_what_either_signer_granted_is_accepted() {
    for text in [pinned(&grant()), certified(&grant(), &certificate())] {
        assert_eq!(accept(&text, &expected()), Ok(grant()));
        let first = ExpectedGrant { newer_than: None, ..expected() };
        assert_eq!(accept(&text, &first), Ok(grant()));
    }
    let pinning_none = ExpectedGrant { reservation_key: None, ..expected() };
    assert_eq!(accept(&certified(&grant(), &certificate()), &pinning_none), Ok(grant()));
    let first =
        Grant { generation: 0, universal: true, lines: [].into_iter().collect(), ..grant() };
    let nothing_yet = ExpectedGrant { newer_than: None, ..expected() };
    assert_eq!(accept(&pinned(&first), &nothing_yet), Ok(first));
}

#[test]
fn s4_what_is_not_for_this_device_or_not_for_now_is_named() {
    let text = pinned(&grant());
    let cases = [
        (
            ExpectedGrant { udi: Udi { serial_number: "B", ..udi() }, ..expected() },
            GrantError::OtherDevice,
        ),
        (
            ExpectedGrant { udi: Udi { product_id: "B", ..udi() }, ..expected() },
            GrantError::OtherDevice,
        ),
        (
            ExpectedGrant { number: NUMBER + 1, ..expected() },
            GrantError::OtherRequest { number: NUMBER },
        ),
        (ExpectedGrant { license_type: 2, ..expected() }, GrantError::OtherLicenseType),
        (ExpectedGrant { catalogue: 1, ..expected() }, GrantError::OtherCatalogue),
        (ExpectedGrant { entitlements: 7, ..expected() }, GrantError::OtherCatalogue),
        (
            ExpectedGrant { newer_than: Some(2), ..expected() },
            GrantError::Superseded { generation: 2 },
        ),
        (
            ExpectedGrant { newer_than: Some(3), ..expected() },
            GrantError::Superseded { generation: 2 },
        ),
        (ExpectedGrant { reservation_key: None, ..expected() }, GrantError::SignerUnknown),
        (
            ExpectedGrant { reservation_key: Some(public(&MANAGER)), ..expected() },
            GrantError::SignatureInvalid,
        ),
    ];
    for (expected, error) in cases {
        assert_eq!(accept(&text, &expected), Err(error));
    }
}

/// The code carries neither, and is good for no other.
#[test]
fn s1_an_authorization_is_bound_to_the_anchors_of_its_request() {
    for text in [pinned(&grant()), certified(&grant(), &certificate())] {
        let Anchors { confirmed, declined } = anchors();
        for index in 0..16 {
            let mut other = Anchors { confirmed, declined };
            other.confirmed[index] ^= 1;
            let cloned = ExpectedGrant { anchors: other, ..expected() };
            assert_eq!(accept(&text, &cloned), Err(GrantError::SignatureInvalid));
        }
        let swapped = Anchors { confirmed: declined, declined: confirmed };
        let cloned = ExpectedGrant { anchors: swapped, ..expected() };
        assert_eq!(accept(&text, &cloned), Err(GrantError::SignatureInvalid));
    }
}

/// The hint of a device is four bytes, which somebody may find twice: the signature is for one.
#[test]
fn s1_an_authorization_is_bound_to_the_udi_and_not_to_its_hint() {
    let other = Udi { serial_number: "B", ..udi() };
    let hinted = Grant { device: device_hint(&CRYPTO, &other), ..grant() };
    let expected = ExpectedGrant { udi: other, ..expected() };
    assert_eq!(accept(&pinned(&hinted), &expected), Err(GrantError::SignatureInvalid));
    // The same characters, divided otherwise.
    let (product_id, serial_number) = ("LH-CC.v2/xa", "1B2-C3_D4e5.F");
    let divided = Udi { product_id, serial_number, uuid: None };
    let hinted = Grant { device: device_hint(&CRYPTO, &divided), ..grant() };
    assert_ne!(hinted.device, grant().device);
    let expected = ExpectedGrant { udi: divided, ..expected };
    assert_eq!(accept(&pinned(&hinted), &expected), Err(GrantError::SignatureInvalid));
}

#[test]
fn s1_a_uuid_makes_no_other_device() {
    let expected = ExpectedGrant { udi: Udi { uuid: Some([1; 16]), ..udi() }, ..expected() };
    assert_eq!(accept(&pinned(&grant()), &expected), Ok(grant()));
}

#[test]
fn a_certificate_vouches_within_its_dates_and_only_by_the_root() {
    let issue = |root: &KeyHandle, key: &KeyHandle, from: u64, until: u64| {
        let (from, until) = (UnixTime::from_secs(from), UnixTime::from_secs(until));
        SigningCertificate::issue(&CRYPTO, root, public(key), 1, from, until).unwrap()
    };
    let verdict = |by: &SigningCertificate| accept(&certified(&grant(), by), &expected()).map(drop);
    assert_eq!(verdict(&issue(&ROOT, &MANAGER, NOW, NOW)), Ok(()));
    let outside = Err(GrantError::CertificateOutsideDates);
    assert_eq!(verdict(&issue(&ROOT, &MANAGER, NOW + 1, NOW + 9)), outside);
    assert_eq!(verdict(&issue(&ROOT, &MANAGER, NOW - 9, NOW - 1)), outside);
    let unknown = Err(GrantError::SignerUnknown);
    assert_eq!(verdict(&issue(&MANAGER, &MANAGER, NOW, NOW)), unknown);
    assert_eq!(verdict(&issue(&PINNED, &MANAGER, NOW, NOW)), unknown);
    assert_eq!(
        verdict(&SigningCertificate {
            valid_until: UnixTime::from_secs(NOW + 9),
            ..issue(&ROOT, &MANAGER, NOW, NOW)
        }),
        unknown
    );
    let invalid = Err(GrantError::SignatureInvalid);
    assert_eq!(verdict(&issue(&ROOT, &ROOT, NOW, NOW)), invalid);
}

/// An answer to a report is signed with the same key, and is no authorization.
#[test]
fn a_signature_for_another_purpose_does_not_pass() {
    let digest = Digest([1; 32]);
    let reservation = SignedMessage::new(Purpose::Reservation, &digest);
    for other in [Purpose::Request, Purpose::Answer, Purpose::SigningCertificate] {
        assert_ne!(SignedMessage::new(other, &digest), reservation);
    }
}

#[test]
fn a_generation_that_cannot_be_is_not_understood() {
    let last = Grant { generation: 62, ..grant() };
    assert_eq!(accept(&pinned(&last), &expected()), Ok(last));
    let beyond = Grant { generation: 63, ..grant() };
    assert_eq!(accept(&pinned(&beyond), &expected()), Err(GrantError::NotUnderstood));
}

#[test]
fn as_many_lines_as_there_is_room_for_are_read() {
    let line = |entitlement| GrantLine { entitlement, count: 1, until: None };
    let full = Grant { lines: (0..16).map(line).collect(), ..grant() };
    let expected = ExpectedGrant { entitlements: ENTITLEMENTS_MAX, ..expected() };
    assert_eq!(accept(&pinned(&full), &expected), Ok(full));
}

/// What a manager of another version would sign: any payload, with any end after the signature.
fn signed_bytes(payload: &[u8], end: &[u8]) -> String {
    let (udi, anchors) = (udi(), anchors());
    let parts = [
        &anchors.confirmed[..],
        &anchors.declined,
        udi.product_id.as_bytes(),
        &[0],
        udi.serial_number.as_bytes(),
        &[0],
        payload,
    ];
    let message = SignedMessage::new(Purpose::Reservation, &CRYPTO.digest(&[&parts.concat()]));
    let Signature { commitment, response, .. } = CRYPTO.sign(&PINNED, &message).unwrap();
    let voucher = [&[0], &commitment[..], &response, end].concat();
    let [low, high] = u16::try_from(payload.len()).unwrap().to_le_bytes();
    let lengths = [low, high, u8::try_from(voucher.len()).unwrap()];
    let head = "LHA0".chars().map(value);
    sealed(&head.chain(symbols(&[&lengths, payload, &voucher].concat())).collect::<Vec<u8>>())
}

#[test]
fn what_is_signed_and_not_of_this_version_is_not_understood() {
    let bytes = bytes(&data(&pinned(&grant()))[4..]);
    let payload = &bytes[3..3 + usize::from(bytes[0])];
    // Device, number, generation, license type, universal, catalogue, issued; then the count.
    let count = 4 + 5 + 1 + 1 + 1 + 5 + 5;
    assert_eq!(payload[count], 8);
    let verdict = |payload: &[u8], end: &[u8]| accept(&signed_bytes(payload, end), &expected());
    let not_understood = Err(GrantError::NotUnderstood);
    assert_eq!(verdict(payload, &[0]), Ok(grant()));
    assert_eq!(verdict(&[payload, &[0]].concat(), &[0]), not_understood, "more than the lines");
    assert_eq!(verdict(&payload[..payload.len() - 1], &[0]), not_understood, "a line cut short");
    assert_eq!(verdict(&payload[..count], &[0]), not_understood, "no count of lines");
    assert_eq!(verdict(&payload[..8], &[0]), not_understood, "half of the head");
    assert_eq!(verdict(payload, &[]), not_understood, "whether there is a certificate");
    assert_eq!(verdict(payload, &[2]), not_understood, "neither yes nor no");
    assert_eq!(verdict(payload, &[0, 0]), not_understood, "more than a certificate");
    let lines = |many: u8| {
        let head = [&payload[..count], &[many]].concat();
        [head, [1, 1, 0].repeat(usize::from(many))].concat()
    };
    assert!(verdict(&lines(16), &[0]).is_ok());
    assert_eq!(verdict(&lines(17), &[0]), not_understood);
}

/// What a forger can do: change any bit of the contents and print it with good checks.
#[test]
fn s4_no_bit_of_a_signed_code_can_be_changed() {
    for (text, expected) in [
        (pinned(&grant()), expected()),
        (
            certified(&grant(), &certificate()),
            ExpectedGrant { reservation_key: None, ..expected() },
        ),
    ] {
        let data = data(&text);
        for index in 4..data.len() {
            for bit in 0..5 {
                let mut altered = data.clone();
                altered[index] ^= 1 << bit;
                match AuthorizationCode::parse(&sealed(&altered)) {
                    Ok(code) => assert!(code.accept(&CRYPTO, &expected).is_err(), "{index} {bit}"),
                    Err(CodeError::Malformed | CodeError::Length { .. }) => {}
                    Err(other) => panic!("{other:?} for bit {bit} of {index}"),
                }
            }
        }
    }
}

#[test]
fn s4_altered_contents_are_named_by_what_they_claim() {
    let data = data(&pinned(&grant()));
    // Three bytes of lengths, four of the device, then the number.
    let verdict = |byte: usize| {
        let mut altered = data.clone();
        altered[4 + byte * 8 / 5 + 1] ^= 1;
        accept(&sealed(&altered), &expected()).err()
    };
    assert_eq!(verdict(3), Some(GrantError::OtherDevice));
    assert!(matches!(verdict(8), Some(GrantError::OtherRequest { .. })));
}

#[test]
fn a_key_that_is_not_there_signs_nothing() {
    struct NoKeys;
    impl Crypto for NoKeys {
        fn digest(&self, parts: &[&[u8]]) -> Digest {
            CRYPTO.digest(parts)
        }
        fn generate(&self, _: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
            Err(KeyUnusable)
        }
        fn public_key(&self, _: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
            Err(KeyUnusable)
        }
        fn sign(&self, _: &KeyHandle, _: &SignedMessage) -> Result<Signature, KeyUnusable> {
            Err(KeyUnusable)
        }
        fn verify(&self, _: &PublicKey, _: &SignedMessage, _: &Signature) -> bool {
            false
        }
    }
    use leasehold_core::crypto::KeyUnusable;
    let made = AuthorizationCode::encode(&NoKeys, &PINNED, None, &grant(), &udi(), &anchors());
    assert_eq!(made, Err(KeyUnusable));
}

#[test]
fn the_catalogue_digest_is_of_every_tag_in_its_order() {
    let digest = |tags: &[&'static str]| catalogue_digest(&CRYPTO, tags.iter().copied());
    let digests = [
        digest(&[]),
        digest(&[""]),
        digest(&["a"]),
        digest(&["a", ""]),
        digest(&["", "a"]),
        digest(&["a", "b"]),
        digest(&["b", "a"]),
        digest(&["ab"]),
    ];
    for (index, one) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(one), "{index}");
    }
    let root = PublicKey { algorithm: Algorithm::Ed25519, bytes: [0; 32] };
    let mut hashes = Vec::new();
    for license_type in products::all(root).iter().flat_map(|product| product.license_types) {
        let tags: Vec<&str> = license_type.entitlements.iter().map(|known| known.tag).collect();
        let hash = license_type.catalogue_hash(&CRYPTO);
        assert_eq!(hash, catalogue_digest(&CRYPTO, tags.into_iter()));
        assert!(!hashes.contains(&hash));
        hashes.push(hash);
    }
}
