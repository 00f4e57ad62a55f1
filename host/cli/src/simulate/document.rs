//! JSON whose every key knows its place in the file, so that a mistake is told with key and line.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// What is wrong with a document: where, and a sentence of cause and one of remedy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fault {
    line: usize,
    text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// A value, and the key it was given under.
#[derive(Clone)]
pub(super) struct Value<'t> {
    document: &'t str,
    key: Cow<'t, str>,
    /// Where the key stands, in bytes from the start.
    offset: usize,
    raw: &'t str,
}

impl<'t> Value<'t> {
    /// The whole document, under no key.
    pub(super) fn whole(document: &'t str) -> Result<Self, Fault> {
        let raw = serde_json::from_str::<&RawValue>(document).map_err(|error| Fault {
            line: error.line(),
            text: format!("The scenario is not JSON: {}. Correct it there.", without_place(&error)),
        })?;
        Ok(Self { document, key: "scenario".into(), offset: 0, raw: raw.get() })
    }

    /// The key it was given under.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// That this value cannot be: `why` goes on from the key's name.
    pub(super) fn fault(&self, why: impl fmt::Display, remedy: impl fmt::Display) -> Fault {
        self.told(format!("`{}` {why}. {remedy}", self.key))
    }

    /// What is wrong with this value, in whole sentences that name its key.
    pub(super) fn told(&self, text: String) -> Fault {
        let before = self.document.as_bytes().get(..self.offset).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Fault { line, text }
    }

    fn read<T: Deserialize<'t>>(&self, what: &str) -> Result<T, Fault> {
        serde_json::from_str(self.raw).map_err(|_| self.wrong(what))
    }

    /// That this value is not `what` it should be.
    pub(super) fn wrong(&self, what: &str) -> Fault {
        self.fault(format!("is not {what}"), format!("Give {what}."))
    }

    /// Where a part of the document begins.
    fn place(&self, part: &str) -> usize {
        part.as_ptr().addr().wrapping_sub(self.document.as_ptr().addr())
    }

    /// The entries of an object, whatever their keys.
    pub(super) fn entries(&self) -> Result<Vec<Self>, Fault> {
        let Entries(entries) = self.read("an object in braces")?;
        let mut values: Vec<Self> = Vec::with_capacity(entries.len());
        for (Key(key), raw) in entries {
            let raw = raw.get();
            // A key with escapes in it was copied: its value is near enough.
            let shown = if let Cow::Borrowed(key) = key { key } else { raw };
            let offset = self.place(shown);
            let value = Self { document: self.document, key, offset, raw };
            if values.iter().any(|earlier| earlier.key == value.key) {
                return Err(value.fault("is given twice", "Remove one of the two."));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// An object that has no other keys than those `allowed`.
    pub(super) fn object(&self, allowed: &[&str]) -> Result<Object<'t>, Fault> {
        let entries = self.entries()?;
        for entry in &entries {
            if !allowed.contains(&entry.key()) {
                let why = format_args!("is no key of `{}`", self.key);
                return Err(entry.fault(why, one_of(allowed.iter().copied())));
            }
        }
        Ok(Object { value: self.clone(), entries })
    }

    /// An object without any entry.
    pub(super) fn nothing(&self) -> Result<(), Fault> {
        self.object(&[]).map(|_| ())
    }

    /// The elements of a list; each goes by the key of the list.
    pub(super) fn list(&self) -> Result<Vec<Self>, Fault> {
        let elements: Vec<&'t RawValue> = self.read("a list in brackets")?;
        let element = |raw: &&'t RawValue| {
            let raw = raw.get();
            Self { document: self.document, key: self.key.clone(), offset: self.place(raw), raw }
        };
        Ok(elements.iter().map(element).collect())
    }

    /// Text.
    pub(super) fn text(&self) -> Result<String, Fault> {
        self.read("text in quotation marks")
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Result<bool, Fault> {
        self.read("true or false")
    }

    /// A whole number from `least`.
    pub(super) fn number(&self, least: u32) -> Result<u32, Fault> {
        let what = format!("a whole number from {least} to {}", u32::MAX);
        let number: u32 = self.read(&what)?;
        if number < least { Err(self.wrong(&what)) } else { Ok(number) }
    }

    /// One of the texts of `known`, and what it stands for.
    pub(super) fn choice<T: Clone>(&self, known: &[(&str, T)]) -> Result<T, Fault> {
        let names = || one_of(known.iter().map(|(name, _)| *name));
        let wrong = || self.fault("is none of what it can be", names());
        let text: String = serde_json::from_str(self.raw).map_err(|_| wrong())?;
        let found = known.iter().find(|(name, _)| *name == text);
        found
            .map(|(_, meaning)| meaning.clone())
            .ok_or_else(|| self.fault(format!("cannot be {text:?}"), names()))
    }

    /// As it stands in the document.
    pub(super) const fn raw(&self) -> &'t str {
        self.raw
    }
}

/// An object whose keys are known.
pub(super) struct Object<'t> {
    value: Value<'t>,
    entries: Vec<Value<'t>>,
}

impl<'t> Object<'t> {
    /// What is given under `key`.
    pub(super) fn get(&self, key: &str) -> Option<&Value<'t>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// What is given under `key`, which must be there.
    pub(super) fn require(&self, key: &str) -> Result<&Value<'t>, Fault> {
        let missing = || self.value.fault(format!("has no `{key}`"), format!("Give `{key}`."));
        self.get(key).ok_or_else(missing)
    }

    /// That this object cannot be: `why` goes on from its key's name.
    pub(super) fn fault(&self, why: impl fmt::Display, remedy: impl fmt::Display) -> Fault {
        self.value.fault(why, remedy)
    }
}

/// "Give one of: a, b."
pub(super) fn one_of<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.as_slice() {
        [] => "Leave it out: nothing can stand here.".into(),
        [only] => format!("Give {only}, or leave it out."),
        _ => format!("Give one of: {}.", names.join(", ")),
    }
}

/// What a parser says, without the place, which is told apart.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(cause, _)| cause).to_owned()
}

#[derive(Deserialize)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);

/// The entries of an object in their order.
struct Entries<'t>(Vec<(Key<'t>, &'t RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
