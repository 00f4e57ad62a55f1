//! Other kinds, other versions, other texts, and codes that only a broken program makes.

use super::*;
use proptest::prelude::*;

#[test]
fn s4_a_code_of_another_kind_is_named() {
    for (kind, text) in codes() {
        for expected in KINDS.into_iter().filter(|&expected| expected != kind) {
            assert_eq!(read(expected, &text), Err(CodeError::WrongKind(kind)));
        }
    }
}

#[test]
fn s4_a_code_is_named_by_its_prefix_even_when_it_is_mistyped() {
    for (kind, text) in codes() {
        let last = text.len() - 1;
        let other = if text.ends_with('2') { "3" } else { "2" };
        let wrong = format!("{}{other}", &text[..last]);
        for expected in KINDS {
            let told = read(expected, &wrong);
            if expected != kind {
                assert_eq!(told, Err(CodeError::WrongKind(kind)), "{wrong}");
                continue;
            }
            assert!(
                matches!(told, Err(CodeError::Mistyped { place: Some(place), .. })
                    if usize::from(place) == text.len()),
                "{told:?} for {wrong}"
            );
        }
    }
}

#[test]
fn s4_a_wrong_letter_in_the_prefix_is_not_taken_for_another_kind() {
    for (kind, text) in codes() {
        for other in KINDS.into_iter().filter(|&other| other != kind) {
            let wrong = text.replacen(kind.prefix(), other.prefix(), 1);
            let expected = CodeError::Mistyped { block: 1, place: Some(3) };
            assert_eq!(read(kind, &wrong), Err(expected), "{wrong}");
        }
    }
}

#[test]
fn what_does_not_begin_like_a_code_is_none() {
    let texts = [
        "",
        " ",
        "-",
        "L",
        "LH",
        "HELLO",
        "https://example.org",
        "LHT006HM9SM8575PT3NGA7SSADPRF8DVTQQ5VGS",
        "XYQ0",
        "LHX0",
        "lhz",
        "eyJhbGciOi",
        "\u{1F600}",
        "QHL0ABC",
        "12345678901234567890",
    ];
    for text in texts {
        for kind in KINDS {
            assert_eq!(read(kind, text), Err(CodeError::NotACode), "{text}");
        }
    }
}

/// A code of a later version: a first block as in this one, and then what nobody knows.
fn newer(kind: CodeKind, version: u8, rest: &str) -> String {
    match kind {
        CodeKind::Request => {
            let code = sealed_request(version, ":LH-CC:A1B2C3:", &[9; 30]);
            format!("{code}{rest}")
        }
        _ => {
            let head: Vec<u8> = kind.prefix().chars().map(value).chain([version]).collect();
            let contents = if rest.is_empty() { 20 } else { BLOCK_DATA - head.len() };
            format!("{}{rest}", sealed(&[head, vec![5; contents]].concat()))
        }
    }
}

#[test]
fn s4_a_newer_version_is_named_as_that() {
    for kind in KINDS {
        for version in 1..32 {
            for rest in ["", "0", "0123456789ABC", ":U*:"] {
                let text = newer(kind, version, rest);
                let told = CodeError::NewerVersion(version + 1);
                assert_eq!(read(kind, &text), Err(told), "{text}");
                for other in KINDS.into_iter().filter(|&other| other != kind) {
                    assert_eq!(read(other, &text), Err(CodeError::WrongKind(kind)), "{text}");
                }
            }
        }
    }
}

#[test]
fn s4_a_newer_version_is_named_only_when_the_first_block_is_whole() {
    for kind in KINDS {
        for rest in ["", "0123456789ABC"] {
            let text = newer(kind, 1, rest);
            let block = if kind == CodeKind::Request { 24 } else { 30 };
            for index in (3..block).filter(|&index| text.as_bytes()[index] != b':') {
                let other = if &text[index..=index] == "2" { "3" } else { "2" };
                let wrong = format!("{}{other}{}", &text[..index], &text[index + 1..]);
                let told = read(kind, &wrong);
                assert!(!matches!(told, Ok(()) | Err(CodeError::NewerVersion(_))), "{wrong}");
            }
        }
    }
}

#[test]
fn a_text_longer_than_any_code_is_not_read() {
    for (kind, text) in codes() {
        let longest = leasehold_core::code::TEXT_MAX;
        let padded = format!("{text}{}", " ".repeat(longest - text.len()));
        assert!(read(kind, &padded).is_ok());
        assert_eq!(read(kind, &format!("{padded} ")), Err(CodeError::TooLong));
    }
}

/// Data symbols of a code of 32 characters: the prefix, version 1 and these bits after the value.
fn proof(kind: CodeKind, position: u8) -> String {
    let head = kind.prefix().chars().map(value).chain([0]);
    let mut contents = vec![false; 104];
    contents.extend((0..6).map(|bit| position >> (5 - bit) & 1 == 1));
    let symbols = contents.chunks(5).map(|bits| bits.iter().fold(0, |v, &b| v * 2 + u8::from(b)));
    sealed(&head.chain(symbols).collect::<Vec<u8>>())
}

#[test]
fn a_proof_of_nothing_is_malformed() {
    for position in 0..64 {
        let confirmation = read(CodeKind::Confirmation, &proof(CodeKind::Confirmation, position));
        let returned = read(CodeKind::Return, &proof(CodeKind::Return, position));
        let malformed = Err(CodeError::Malformed);
        assert_eq!(confirmation == malformed, position == 0 || position == 63, "{position}");
        assert_eq!(returned == malformed, position == 0, "{position}");
        assert_eq!(confirmation.is_ok(), confirmation != malformed);
        assert_eq!(returned.is_ok(), returned != malformed);
    }
}

#[test]
fn an_impossible_request_is_malformed() {
    // The contents of a good one, whose UDI has 24 characters.
    let text = request().to_text().to_string();
    let contents = without_dashes(text.rsplit(':').next().unwrap());
    let contents: Vec<u8> = contents[6..66].chars().map(value).collect();
    let read = |udi: &str, contents: &[u8]| {
        super::read(CodeKind::Request, &sealed_request(0, udi, contents))
    };
    let malformed = Err(CodeError::Malformed);
    assert_eq!(read(":LH-CC.v2/x:a1B2-C3_D4e5.F:", &contents), Ok(()));
    assert_eq!(read("::a1B2-C3_D4e5.Fa1B2-C3_D4:", &contents), malformed);
    assert_eq!(read(":a1B2-C3_D4e5.Fa1B2-C3_D4::", &contents), malformed);
    assert_eq!(read("A::a1B2-C3_D4e5.Fa1B2-C3_D:", &contents), malformed);
    let mut longest = contents.clone();
    // The length of the UDI less two: bits 293 to 298.
    longest[58] |= 0b0_0011;
    longest[59] |= 0b11110;
    let part = "A".repeat(32);
    assert_eq!(
        read(&format!(":{part}:{}:", &part[..31]), &longest),
        Err(CodeError::Length { expected: 78 - 2 + 65, found: 78 - 2 + 63 })
    );
    assert_eq!(read(&format!(":{part}A:{part}:"), &longest), malformed);
    let mut reserved = contents;
    reserved[59] |= 1;
    assert_eq!(read(":LH-CC.v2/x:a1B2-C3_D4e5.F:", &reserved), malformed);
}

#[test]
fn an_impossible_authorization_is_malformed() {
    let head: Vec<u8> = "LHA0".chars().map(value).collect();
    let authorization = |bytes: &[u8], spare: u8| {
        let mut data: Vec<u8> = head.iter().copied().chain(symbols(bytes)).collect();
        *data.last_mut().unwrap() |= spare;
        read(CodeKind::Authorization, &sealed(&data))
    };
    let malformed = Err(CodeError::Malformed);
    let lengths = |payload: u16, voucher: u8, rest: usize| {
        let [low, high] = payload.to_le_bytes();
        [vec![low, high, voucher], vec![5; rest]].concat()
    };
    assert_eq!(authorization(&lengths(60, 65, 125), 0), Ok(()));
    assert_eq!(authorization(&lengths(0, 125, 125), 0), Ok(()));
    // 128 bytes are 205 symbols: the last one's lowest bit is no data.
    assert_eq!(authorization(&lengths(60, 65, 125), 1), malformed);
    assert_eq!(authorization(&lengths(u16::MAX, u8::MAX, 125), 0), malformed);
    // The longest grant and the longest that vouches for one.
    assert_eq!(authorization(&lengths(300, 189, 489), 0), Ok(()));
    assert_eq!(authorization(&lengths(301, 188, 489), 0), malformed);
    assert_eq!(authorization(&lengths(299, 190, 489), 0), malformed);
}

proptest! {
    #[test]
    fn any_text_is_read_to_its_end(text in ".{0,200}") {
        for kind in KINDS {
            prop_assert!(read(kind, &text).is_err());
        }
    }

    #[test]
    fn any_text_that_begins_like_a_code_is_read_to_its_end(
        text in "[Ll1][Hh][QACRqacrX]0?[0-9A-Za-z:./_ -]{0,400}",
    ) {
        for kind in KINDS {
            prop_assert!(read(kind, &text).is_err());
        }
    }

    /// What was spoilt in several places is refused, or says what it said before.
    #[test]
    fn a_code_that_was_spoilt_is_refused(
        which in 0..6_usize,
        changes in prop::collection::vec((0..1_000_usize, 0..4_u8, any::<char>()), 1..6),
    ) {
        let (kind, text) = codes()[which].clone();
        let mut spoilt: Vec<char> = text.chars().collect();
        for (at, how, symbol) in changes {
            let at = at % spoilt.len();
            match how {
                0 => spoilt[at] = symbol,
                1 => spoilt.insert(at, symbol),
                2 if spoilt.len() > 1 => drop(spoilt.remove(at)),
                _ => spoilt.truncate(at.max(1)),
            }
        }
        let spoilt: String = spoilt.into_iter().collect();
        for expected in KINDS {
            if let Ok(said) = meaning(expected, &spoilt) {
                prop_assert_eq!(Ok(said), meaning(kind, &text));
            }
        }
    }
}
