//! postcard in little flash: the encoding is postcard's, byte for byte, and so is the code of each
//! primitive; between them and the structures stands one function for each primitive, never
//! inlined.
//!
//! Nothing between the ends can fail: what cannot be read reads as zero, what finds no room is
//! dropped, and either is remembered to the end. So the code that the derives make for a structure
//! is a row of calls without a branch behind each. *Rejected:* postcard's own entry points, which
//! put a varint loop and an error path at every field: three times the flash.

pub(crate) mod bytes;
mod reader;
mod writer;

pub(crate) use reader::{beginning_of, from_slice, split_first};
pub(crate) use writer::to_slice;

/// The bytes are not a value, or the value is not one of the format.
#[derive(Debug)]
pub(crate) struct Failed;

impl core::fmt::Display for Failed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not of the format")
    }
}

impl core::error::Error for Failed {}

impl serde::ser::Error for Failed {
    fn custom<T: core::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl serde::de::Error for Failed {
    fn custom<T: core::fmt::Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)] // any number will do
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    /// Every shape that a frame or a record has.
    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    struct Everything<'a> {
        flag: bool,
        small: (u8, i8, u16, i16),
        wide: (u32, i32, u64, i64),
        text: &'a str,
        #[serde(with = "bytes")]
        key: [u8; 32],
        #[serde(borrow)]
        kinds: heapless::Vec<Kind<'a>, 4>,
        name: heapless::String<5>,
        last: Option<Result<Transparent, Kind<'a>>>,
        unit: (),
    }

    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    enum Kind<'a> {
        Plain,
        Holds(u16),
        Pair(u8, bool),
        Named { text: &'a str, at: u64 },
    }

    #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
    #[serde(transparent)]
    struct Transparent(u64);

    fn kind(of: u8, number: u64, text: &str) -> Kind<'_> {
        match of % 4 {
            0 => Kind::Plain,
            1 => Kind::Holds(number as u16),
            2 => Kind::Pair(of, number.is_multiple_of(2)),
            _ => Kind::Named { text, at: number },
        }
    }

    fn everything<'a>(numbers: &[u64; 4], kinds: &[u8], text: &'a str) -> Everything<'a> {
        let [a, b, c, d] = *numbers;
        let all = kinds.iter().zip(numbers).map(|(&of, &number)| kind(of, number, text));
        Everything {
            flag: a.is_multiple_of(2),
            small: (a as u8, b as i8, c as u16, d as i16),
            wide: (a as u32, b as i32, c, d as i64),
            text,
            key: core::array::from_fn(|i| i as u8 ^ a as u8),
            kinds: all.collect(),
            name: text.chars().filter(char::is_ascii).take(5).collect(),
            last: match b % 3 {
                0 => None,
                1 => Some(Ok(Transparent(c))),
                _ => Some(Err(kind(b as u8, d, text))),
            },
            unit: (),
        }
    }

    /// What postcard itself makes of the bytes.
    fn by_postcard(bytes: &[u8]) -> Option<Everything<'_>> {
        match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Some(value),
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn the_encoding_is_postcards(
            numbers: [u64; 4], shift in 0..64_u32, kinds in prop::collection::vec(0..4_u8, 0..=4),
            text in ".{0,9}", room in 0..200_usize,
        ) {
            let value = everything(&numbers.map(|number| number >> shift), &kinds, &text);
            let mut expected = [0; 256];
            let expected = &*postcard::to_slice(&value, &mut expected).unwrap();
            let mut buffer = [0; 256];
            let length = to_slice(&value, &mut buffer).unwrap();
            prop_assert_eq!(&buffer[..length], expected);
            prop_assert_eq!(from_slice(expected).ok(), Some(value.clone()));
            let fits = to_slice(&value, &mut buffer[..room]);
            prop_assert_eq!(fits, (room >= length).then_some(length));
        }

        #[test]
        fn what_postcard_refuses_is_refused(
            numbers: [u64; 4], kinds in prop::collection::vec(0..4_u8, 0..=4),
            place in 0..100_usize, other: u8, cut in 0..100_usize,
        ) {
            let value = everything(&numbers, &kinds, "text");
            let mut buffer = [0; 256];
            let length = to_slice(&value, &mut buffer).unwrap();
            buffer[place] = other;
            for end in [length, cut, length + 1] {
                let bytes = &buffer[..end];
                prop_assert_eq!(from_slice::<Everything<'_>>(bytes).ok(), by_postcard(bytes));
            }
        }

        #[test]
        fn any_bytes_read_as_postcard_reads_them(bytes in prop::collection::vec(any::<u8>(), 0..90)) {
            prop_assert_eq!(from_slice::<Everything<'_>>(&bytes).ok(), by_postcard(&bytes));
            let vec = from_slice::<heapless::Vec<u16, 9>>(&bytes).ok();
            let expected: Result<(heapless::Vec<u16, 9>, &[u8]), _> = postcard::take_from_bytes(&bytes);
            prop_assert_eq!(vec, expected.ok().filter(|(_, rest)| rest.is_empty()).map(|(v, _)| v));
        }
    }

    #[test]
    fn a_sequence_longer_than_its_room_is_refused() {
        let bytes = [5, 1, 1, 1, 1, 1];
        assert_eq!(from_slice::<heapless::Vec<u8, 4>>(&bytes).ok(), None);
        assert_eq!(from_slice::<heapless::Vec<u8, 5>>(&bytes).unwrap(), [1; 5]);
    }

    #[test]
    fn a_beginning_is_read_and_the_rest_left() {
        assert_eq!(beginning_of::<(u8, u16)>(&[7, 0x80, 1, 9, 9]).ok(), Some((7, 128)));
        assert_eq!(beginning_of::<(u8, u16)>(&[7, 0x80]).ok(), None);
        assert_eq!(
            split_first::<(u8, u16)>(&[7, 0x80, 1, 9, 8]).ok(),
            Some(((7, 128), &[9, 8][..]))
        );
        assert_eq!(split_first::<(u8, u16)>(&[7, 0x80]).ok(), None);
    }
}
