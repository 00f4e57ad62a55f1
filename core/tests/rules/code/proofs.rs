//! Who can prove what: the hash chains of a reservation (SPEC S2, S3).

use super::*;
use leasehold_core::code::UPDATES_MAX;
use std::collections::HashMap;

/// The value that a code carries, as symbols: its last six bits are the position.
fn carried(text: &str) -> Vec<u8> {
    data(text)[4..].to_vec()
}

/// The same value as a proof of something else.
fn claimed(kind: CodeKind, text: &str, position: u8) -> String {
    let mut symbols = carried(text);
    symbols[20] = symbols[20] & 0b11110 | position >> 5;
    symbols[21] = position & 31;
    let head = kind.prefix().chars().map(value).chain([0]);
    sealed(&head.chain(symbols).collect::<Vec<u8>>())
}

fn confirmation(generation: u8) -> ConfirmationCode {
    SECRET.confirmation(&CRYPTO, &udi(), NUMBER, generation)
}

fn returned(what: Returned) -> ReturnCode {
    SECRET.return_code(&CRYPTO, &udi(), NUMBER, what)
}

/// SHA-512 by its definition in the design: label, chain, position, then what the value is made of.
fn link(chain: u8, position: u8, of: &[&[u8]]) -> [u8; 32] {
    let head = [chain, position];
    let parts: Vec<&[u8]> =
        [b"leasehold chain1".as_slice(), &head].into_iter().chain(of.iter().copied()).collect();
    CRYPTO.digest(&[&parts.concat()]).0
}

/// All values of a chain, its anchor among them as the first.
fn chain(number: u8) -> Vec<Vec<u8>> {
    let udi = udi();
    let of: [&[u8]; 5] = [
        &[7; 16],
        &NUMBER.to_le_bytes(),
        udi.product_id.as_bytes(),
        &[0],
        udi.serial_number.as_bytes(),
    ];
    let mut values = vec![link(number, 63, &of)[..13].to_vec()];
    for position in (1..63).rev() {
        values.push(link(number, position, &[values.last().unwrap()])[..13].to_vec());
    }
    values.push(link(number, 0, &[values.last().unwrap()])[..16].to_vec());
    values.reverse();
    values
}

fn proof(text: &str) -> Vec<u8> {
    bytes(&carried(text))[..13].to_vec()
}

#[test]
fn s2_every_proof_is_the_value_of_its_place_in_its_chain() {
    let (confirmed, declined) = (chain(0), chain(1));
    assert_eq!(anchors().confirmed, confirmed[0][..]);
    assert_eq!(anchors().declined, declined[0][..]);
    for generation in 1..=UPDATES_MAX {
        let place = usize::from(generation);
        assert_eq!(proof(&confirmation(generation).to_text()), confirmed[place]);
        assert_eq!(proof(&returned(Returned::Update(generation)).to_text()), declined[place]);
    }
    assert_eq!(proof(&returned(Returned::Everything).to_text()), confirmed[63]);
}

#[test]
fn s2_every_proof_leads_to_the_anchor_of_its_reservation() {
    let Anchors { confirmed, declined } = anchors();
    for generation in 1..=UPDATES_MAX {
        assert_eq!(confirmation(generation).anchor(&CRYPTO), confirmed);
        assert_eq!(returned(Returned::Update(generation)).anchor(&CRYPTO), declined);
    }
    assert_eq!(returned(Returned::Everything).anchor(&CRYPTO), confirmed);
}

/// The value of one update, or of everything, is none for another.
#[test]
fn s2_a_proof_of_one_thing_proves_nothing_else() {
    let Anchors { confirmed, declined } = anchors();
    let mut values: Vec<(CodeKind, u8, String)> = Vec::new();
    for generation in 1..=UPDATES_MAX {
        let update = returned(Returned::Update(generation)).to_text();
        let installed = confirmation(generation).to_text();
        values.push((CodeKind::Confirmation, generation, installed.to_string()));
        values.push((CodeKind::Return, generation, update.to_string()));
    }
    values.push((CodeKind::Return, 63, returned(Returned::Everything).to_text().to_string()));
    for (kind, place, text) in &values {
        for position in 1..=63 {
            for claim in [CodeKind::Confirmation, CodeKind::Return] {
                let forged = claimed(claim, text, position);
                let anchor = match claim {
                    CodeKind::Confirmation => {
                        ConfirmationCode::parse(&forged).map(|c| c.anchor(&CRYPTO))
                    }
                    _ => ReturnCode::parse(&forged).map(|code| code.anchor(&CRYPTO)),
                };
                let proves = anchor.is_ok_and(|anchor| anchor == confirmed || anchor == declined);
                assert_eq!(proves, (claim, position) == (*kind, *place), "{text} as {position}");
            }
        }
    }
}

/// Another device, another request of the same device, and another secret have other chains.
#[test]
fn s3_proofs_of_other_reservations_lead_elsewhere() {
    let other_udi = Udi { serial_number: "a1B2-C3_D4e5.G", ..udi() };
    let divided = Udi { product_id: "LH-CC.v2/xa", serial_number: "1B2-C3_D4e5.F", uuid: None };
    let reservations = [
        (SECRET, udi(), NUMBER),
        (SECRET, udi(), NUMBER + 1),
        (SECRET, other_udi, NUMBER),
        (SECRET, divided, NUMBER),
        (ReservationSecret([8; 16]), udi(), NUMBER),
    ];
    let mut leads_to: HashMap<[u8; 16], usize> = HashMap::new();
    for (index, (secret, udi, number)) in reservations.iter().enumerate() {
        let Anchors { confirmed, declined } = secret.anchors(&CRYPTO, udi, *number);
        for anchor in [confirmed, declined] {
            assert_eq!(leads_to.insert(anchor, index), None);
        }
    }
    for (index, (secret, udi, number)) in reservations.iter().enumerate() {
        for generation in [1, 2, 61, UPDATES_MAX] {
            let code = secret.confirmation(&CRYPTO, udi, *number, generation);
            assert_eq!(leads_to[&code.anchor(&CRYPTO)], index);
            for what in [Returned::Everything, Returned::Update(generation)] {
                let code = secret.return_code(&CRYPTO, udi, *number, what);
                assert_eq!(leads_to[&code.anchor(&CRYPTO)], index);
            }
        }
    }
}

#[test]
fn s3_a_uuid_makes_no_other_reservation() {
    let with_uuid = Udi { uuid: Some([1; 16]), ..udi() };
    assert_eq!(SECRET.anchors(&CRYPTO, &with_uuid, NUMBER), anchors());
}

/// No update beyond the last, and no first authorization, can be made to say that all is returned.
#[test]
fn an_update_that_cannot_be_is_taken_for_the_nearest() {
    for (wrong, nearest) in [(0, 1), (63, UPDATES_MAX), (64, UPDATES_MAX), (255, UPDATES_MAX)] {
        assert_eq!(confirmation(wrong), confirmation(nearest));
        assert_eq!(returned(Returned::Update(wrong)), returned(Returned::Update(nearest)));
    }
}

#[test]
fn a_secret_is_never_shown() {
    assert_eq!(format!("{SECRET:?}"), "ReservationSecret(hidden)");
}
