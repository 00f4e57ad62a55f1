//! Every mistake of one character in every code is found, and a wrong one is pointed at (SPEC S4).

use super::*;

const UDI_SYMBOLS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-./_:";

/// The characters of a printed code: the index of each, and whether it is taken exactly.
fn characters(text: &str) -> Vec<(usize, bool)> {
    let colons = text.find(':').zip(text.rfind(':'));
    let is_exact = |index| colons.is_some_and(|(first, last)| (first..=last).contains(&index));
    let all = text.char_indices().map(|(index, symbol)| (index, symbol, is_exact(index)));
    all.filter(|&(_, symbol, exact)| exact || symbol != '-').map(|(i, _, e)| (i, e)).collect()
}

fn replaced(text: &str, index: usize, by: &str) -> String {
    let mut text = text.to_string();
    text.replace_range(index..=index, by);
    text
}

fn place(index: usize) -> u16 {
    u16::try_from(index).unwrap() + 1
}

/// Which block each character is in, from 1.
fn block(kind: CodeKind, text: &str, number: usize) -> u8 {
    let block = match text.rfind(':') {
        Some(last) if kind == CodeKind::Request => usize::from(
            text.char_indices()
                .skip(last + 1)
                .filter(|(_, c)| *c != '-')
                .nth(6)
                .is_some_and(|(second, _)| characters(text)[number].0 >= second),
        ),
        _ => number / 80,
    };
    u8::try_from(block).unwrap() + 1
}

#[test]
fn s4_every_wrong_character_is_found_and_its_place_told() {
    for (kind, text) in codes() {
        for (number, (index, exact)) in characters(&text).into_iter().enumerate() {
            let right = text.as_bytes()[index] as char;
            let alphabet = if exact { UDI_SYMBOLS } else { SYMBOLS };
            let same = |other: char| {
                if exact { other == right } else { value(other) == value(right) }
            };
            for other in alphabet.chars().filter(|&other| !same(other)) {
                let wrong = replaced(&text, index, &other.to_string());
                let block = block(kind, &text, number);
                let expected = CodeError::Mistyped { block, place: Some(place(index)) };
                assert_eq!(read(kind, &wrong), Err(expected), "{wrong} at {index}");
            }
        }
    }
}

#[test]
fn s4_places_are_counted_in_the_text_as_it_was_given() {
    for (kind, text) in codes() {
        for (index, exact) in characters(&text) {
            // Characters of several bytes come before every one, and count as one each.
            let symbols = text.char_indices().map(|(at, symbol)| {
                let symbol = match (at == index, exact, symbol) {
                    (false, ..) => symbol,
                    (true, true, 'a') => 'b',
                    (true, true, _) => 'a',
                    (true, false, '2') => '3',
                    (true, false, _) => '2',
                };
                format!("\u{201c}{symbol}")
            });
            let wrong: String = symbols.collect();
            match read(kind, &wrong) {
                Ok(_) => assert_eq!(text.as_bytes()[index], b'2', "{wrong}"),
                Err(CodeError::Mistyped { place: Some(told), .. }) => {
                    assert_eq!(told, place(index) * 2, "{wrong}");
                }
                other => panic!("{other:?} for {wrong}"),
            }
        }
    }
}

#[test]
fn s4_what_no_code_has_is_pointed_at() {
    for (kind, text) in codes() {
        for (index, exact) in characters(&text) {
            for bad in ["*", "é", "€", "\u{1F600}", ";", "=", "\0"] {
                let wrong = replaced(&text, index, bad);
                let expected = CodeError::BadCharacter { place: place(index) };
                assert_eq!(read(kind, &wrong), Err(expected), "{wrong}");
            }
            if !exact {
                for bad in ["U", "u", ".", "_", "/"] {
                    let wrong = replaced(&text, index, bad);
                    let expected = CodeError::BadCharacter { place: place(index) };
                    assert_eq!(read(kind, &wrong), Err(expected), "{wrong}");
                }
            }
        }
    }
}

#[test]
fn s4_swapped_neighbours_are_found() {
    for (kind, text) in codes() {
        for pair in characters(&text).windows(2) {
            let mut swapped = text.clone().into_bytes();
            swapped.swap(pair[0].0, pair[1].0);
            let swapped = String::from_utf8(swapped).unwrap();
            if swapped != text {
                assert!(read(kind, &swapped).is_err(), "{swapped}");
            }
        }
    }
}

#[test]
fn s4_dropped_and_doubled_and_added_characters_are_found() {
    for (kind, text) in codes() {
        for (index, exact) in characters(&text) {
            let right = &text[index..=index];
            assert!(read(kind, &replaced(&text, index, "")).is_err(), "{text} at {index}");
            let alphabet = if exact { UDI_SYMBOLS } else { SYMBOLS };
            for added in alphabet.chars() {
                let wrong = replaced(&text, index, &format!("{added}{right}"));
                assert!(read(kind, &wrong).is_err(), "{wrong}");
            }
        }
        for added in SYMBOLS.chars() {
            assert!(read(kind, &format!("{text}{added}")).is_err(), "{text}{added}");
        }
    }
}

/// However a UDI repeats itself, it is told when a character is too much or missing.
#[test]
fn s4_a_udi_of_one_character_has_as_many_as_were_printed() {
    for (product_id, serial_number) in [("0", "0"), ("AA", "AAAAAAAA"), ("--", "--"), ("P", "PPPP")]
    {
        let udi = Udi::new(product_id, serial_number, None).unwrap();
        let text = RequestCode::new(&udi, 0, false, 1, anchors()).unwrap().to_text().to_string();
        let longer = replaced(&text, 5, &text[5..=5].repeat(2));
        let found = u16::try_from(78 - 2 + product_id.len() + serial_number.len()).unwrap();
        let length = |found| Err(CodeError::Length { expected: found, found: found + 1 });
        assert_eq!(read(CodeKind::Request, &longer), length(found));
    }
}

#[test]
fn s4_a_code_that_breaks_off_is_told_from_a_mistyped_one() {
    for (kind, text) in codes() {
        let places = characters(&text);
        let colons = if kind == CodeKind::Request { 3 } else { 0 };
        for (number, &(index, _)) in places.iter().enumerate().skip(4) {
            match read(kind, &text[..index]) {
                Err(CodeError::Length { expected, found }) => {
                    assert!(usize::from(found) >= number - colons, "{found} of {number}");
                    assert!(found < expected, "{}", &text[..index]);
                    assert!(usize::from(expected) <= places.len() - colons);
                }
                other => panic!("{other:?} for {}", &text[..index]),
            }
        }
    }
}

#[test]
fn a_missing_character_behind_the_first_block_is_counted() {
    for (kind, text) in codes() {
        let places = characters(&text);
        let all = places.len() - if kind == CodeKind::Request { 3 } else { 0 };
        let [expected, all] = [all, all - 1].map(|n| u16::try_from(n).unwrap());
        let from = if kind == CodeKind::Request { 40 } else { 80 };
        for &(index, _) in places.iter().skip(from) {
            let found = CodeError::Length { expected, found: all };
            assert_eq!(read(kind, &replaced(&text, index, "")), Err(found));
        }
    }
}
