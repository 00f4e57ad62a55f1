//! What codes look like, and that they are read however they are typed.

use super::*;
use proptest::prelude::*;

fn length(text: &str) -> usize {
    text.chars().filter(|typed| !matches!(typed, '-' | ':')).count()
}

#[test]
fn s4_codes_are_as_short_as_they_have_to_be() {
    let longest = [100, 400, 640, 32, 32, 32];
    for ((kind, text), longest) in codes().into_iter().zip(longest) {
        // The dashes of this UDI belong to it.
        let dashes = if kind == CodeKind::Request { 2 } else { 0 };
        let length = length(&text) + dashes;
        assert!(length <= longest, "{kind:?} has {length}");
        println!("{kind:?}: {length} of {longest}");
        if longest <= 100 {
            assert_eq!(length, longest, "{kind:?}");
        }
    }
}

#[test]
fn the_longest_of_everything_fits_and_reads_back() {
    let part = "W".repeat(32);
    let udi = Udi::new(&part, &part, None).unwrap();
    let code = RequestCode::new(&udi, 15, true, u32::MAX, anchors()).unwrap();
    assert_eq!(code.to_text().len(), leasehold_core::code::REQUEST_TEXT_MAX);
    assert_eq!(RequestCode::parse(&code.to_text()), Ok(code));

    let last = UnixTime::from_secs(u64::MAX);
    let line = GrantLine { entitlement: 255, count: u32::MAX, until: Some(last) };
    let grant = Grant {
        device: [255; 4],
        number: u32::MAX,
        generation: 62,
        license_type: 255,
        universal: true,
        catalogue: u32::MAX,
        issued: last,
        lines: [line; 16].into_iter().collect(),
    };
    let key = CRYPTO.public_key(&MANAGER).unwrap();
    let certificate = SigningCertificate::issue(&CRYPTO, &ROOT, key, u32::MAX, last, last).unwrap();
    let text = signed(&grant, &MANAGER, Some(&certificate));
    let capacity = leasehold_core::code::AUTHORIZATION_TEXT_MAX;
    assert!((capacity - 5..=capacity).contains(&text.len()), "{} of {capacity}", text.len());
    assert_eq!(read(CodeKind::Authorization, &text), Ok(()));
    assert!(text.len() * 3 < leasehold_core::code::TEXT_MAX);
}

#[test]
fn the_shortest_of_everything_reads_back() {
    let udi = Udi::new("P", "S", None).unwrap();
    let anchors = Anchors { confirmed: [0; 16], declined: [0; 16] };
    let code = RequestCode::new(&udi, 0, false, 0, anchors).unwrap();
    assert_eq!(RequestCode::parse(&code.to_text()), Ok(code));
    let grant = Grant { number: 0, lines: [].into_iter().collect(), ..grant() };
    let text = signed(&grant, &PINNED, None);
    assert_eq!(read(CodeKind::Authorization, &text), Ok(()));
}

#[test]
fn a_request_of_what_cannot_be_is_not_made() {
    let new = |udi: &Udi<'_>, license_type| {
        RequestCode::new(udi, license_type, false, 1, anchors()).is_some()
    };
    assert!(new(&udi(), 15));
    assert!(!new(&udi(), 16));
    assert!(!new(&Udi { product_id: "", ..udi() }, 0));
    assert!(!new(&Udi { serial_number: "A:B", ..udi() }, 0));
    let long = "A".repeat(33);
    assert!(!new(&Udi { serial_number: &long, ..udi() }, 0));
}

#[test]
fn the_prefix_is_printed_as_it_is_named_and_groups_are_of_five() {
    for (kind, text) in codes() {
        assert!(text.starts_with(&format!("{}0", kind.prefix())), "{text}");
        let printed = text.rsplit(':').next().unwrap();
        let mut groups = printed.split('-').rev();
        assert!((1..=5).contains(&groups.next().unwrap().len()), "{text}");
        assert!(groups.all(|group| group.len() == 5), "{text}");
    }
}

/// The check symbols of each block are those that the `bech32` crate computes.
#[test]
fn the_checks_are_those_of_bech32m() {
    for (kind, text) in codes() {
        let sealed = match kind {
            CodeKind::Request => {
                let contents: String = without_dashes(text.rsplit(':').next().unwrap());
                let contents: Vec<u8> = contents[6..66].chars().map(value).collect();
                let (pid, sn) = (udi().product_id, udi().serial_number);
                sealed_request(0, &format!(":{pid}:{sn}:"), &contents)
            }
            _ => sealed(&data(&text)).replacen("1H", "LH", 1),
        };
        let udi_end = text.rfind(':').map_or(0, |colon| colon + 1);
        let (udi, rest) = text.split_at(udi_end);
        assert_eq!(sealed, format!("{udi}{}", without_dashes(rest)));
    }
}

/// What people, chat programs and word processors put between the characters of a code.
const BETWEEN: &[&str] = &[
    " ", "\n", "\r\n", "\t", "-", "\"", "'", "`", "\u{201c}", "\u{201d}", "\u{2018}", "\u{2019}",
    "\u{2013}", "\u{2014}", "\u{2212}", "\u{a0}", "\u{202f}", "\u{200b}", "\u{2060}", "\u{feff}",
    "\u{ad}", "\u{2011}", "\u{2028}",
];

fn typed(symbol: char, how: u8) -> char {
    match (symbol, how % 4) {
        ('0', 1) => 'O',
        ('0', 2) => 'o',
        ('1', 1) => 'I',
        ('1' | 'L', 2) => 'l',
        ('1', 3) => 'i',
        ('L', 3) => '1',
        (other, 2 | 3) => other.to_ascii_lowercase(),
        (other, _) => other,
    }
}

proptest! {
    #[test]
    fn s4_a_code_is_read_however_it_is_typed(
        which in 0..6_usize,
        how in prop::collection::vec((any::<u8>(), 0..100_usize), 1_100),
    ) {
        let (kind, text) = codes()[which].clone();
        let end_of_udi = text.rfind(':').unwrap_or(0);
        let mut pasted = String::from("\u{feff}\u{201c}");
        for ((index, symbol), (case, between)) in text.chars().enumerate().zip(how) {
            let exact = (4..=end_of_udi).contains(&index);
            let added = BETWEEN.get(between).copied().unwrap_or_default();
            let is_dash = matches!(added, "-" | "\u{2013}" | "\u{2014}" | "\u{2212}" | "\u{2011}");
            if !(exact && is_dash) {
                pasted.push_str(added);
            }
            pasted.push(match symbol {
                // A word processor makes dashes longer, in a UDI too.
                '-' if case % 2 == 0 => '\u{2013}',
                _ if exact => symbol,
                _ => typed(symbol, case),
            });
        }
        pasted.push_str("\u{201d}\n");
        prop_assert_eq!(meaning(kind, &pasted), meaning(kind, &text));
        prop_assert_eq!(read(kind, &pasted), Ok(()), "{}", pasted);
    }

    #[test]
    fn a_request_reads_back_as_what_it_was(
        product_id in "[A-Za-z0-9./_-]{1,32}", serial_number in "[A-Za-z0-9./_-]{1,32}",
        license_type in 0..16_u8, universal: bool, number: u32, confirmed: [u8; 16],
        declined: [u8; 16],
    ) {
        let udi = Udi::new(&product_id, &serial_number, None).unwrap();
        let anchors = Anchors { confirmed, declined };
        let code = RequestCode::new(&udi, license_type, universal, number, anchors).unwrap();
        prop_assert_eq!(code.udi(), udi);
        let read = RequestCode::parse(&code.to_text()).unwrap();
        prop_assert_eq!(&read, &code);
        prop_assert_eq!((&*read.product_id, &*read.serial_number), (&*product_id, &*serial_number));
        prop_assert_eq!(
            (read.license_type, read.universal, read.number, read.anchors),
            (license_type, universal, number, anchors)
        );
    }

    #[test]
    fn proofs_read_back_as_what_they_were(secret: [u8; 16], number: u32, generation in 1..=62_u8) {
        let secret = ReservationSecret(secret);
        let code = secret.confirmation(&CRYPTO, &udi(), number, generation);
        prop_assert_eq!(ConfirmationCode::parse(&code.to_text()), Ok(code));
        prop_assert_eq!(code.generation, generation);
        for returned in [Returned::Everything, Returned::Update(generation)] {
            let code = secret.return_code(&CRYPTO, &udi(), number, returned);
            prop_assert_eq!(ReturnCode::parse(&code.to_text()), Ok(code));
            prop_assert_eq!(code.returned, returned);
        }
    }
}
