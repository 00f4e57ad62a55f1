//! Codes that are handed in, and a finger on what is wrong with them; codes that are handed out.

use super::arguments::CodeName;
use crate::codes::CodeInput;
use anyhow::{Error, Result};
use leasehold_core::code::{CodeError, CodeKind, ConfirmationCode, RequestCode, ReturnCode};
use leasehold_manager::http::types::{Reservation, ReservationWithCodes};
use leasehold_shim::problem::Problem;

/// A code of a reservation that is handed out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Issued<'r> {
    pub(super) reservation: i64,
    pub(super) name: CodeName,
    /// What it is, as people read it.
    pub(super) label: String,
    pub(super) text: &'r str,
}

impl<'r> Issued<'r> {
    fn new(
        whole: &'r ReservationWithCodes,
        name: CodeName,
        text: &'r str,
        label: impl FnOnce(&str) -> String,
        standing: &str,
    ) -> Self {
        let Reservation { id, ended, .. } = whole.reservation;
        let label = label(if ended.is_some() { "spent" } else { standing });
        Self { reservation: id, name, label, text }
    }

    fn request(whole: &'r ReservationWithCodes) -> Self {
        let label = |standing: &str| format!("request code ({standing})");
        Self::new(whole, CodeName::Request, &whole.request_code, label, "redeemed")
    }

    fn authorization(whole: &'r ReservationWithCodes) -> Option<Self> {
        let text = whole.authorization_code.as_deref()?;
        let generation = whole.reservation.generation?;
        let label = |standing: &str| format!("authorization code ({}, {standing})", of(generation));
        let standing = if whole.installed { "in force" } else { "issued" };
        Some(Self::new(whole, CodeName::Authorization, text, label, standing))
    }

    fn update(whole: &'r ReservationWithCodes) -> Option<Self> {
        let (text, update) = whole.update_code.as_deref().zip(whole.update)?;
        let label = |standing: &str| format!("authorization code ({}, {standing})", of(update));
        Some(Self::new(whole, CodeName::Update, text, label, "not confirmed yet"))
    }

    /// As [`Issued::label`], to begin a line with.
    pub(super) fn heading(&self) -> String {
        let mut letters = self.label.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

/// Which authorization, by its generation.
pub(super) fn of(generation: u8) -> String {
    match generation {
        0 => "first".into(),
        update => format!("update {update}"),
    }
}

/// Every code of a reservation that can be handed out, in the order in which they were made.
pub(super) fn issued(whole: &ReservationWithCodes) -> impl Iterator<Item = Issued<'_>> {
    let request = Some(Issued::request(whole));
    [request, Issued::authorization(whole), Issued::update(whole)].into_iter().flatten()
}

/// The code of that name.
///
/// # Errors
/// When the reservation has none.
pub(super) fn one(whole: &ReservationWithCodes, name: CodeName) -> Result<Issued<'_>> {
    issued(whole).find(|code| code.name == name).ok_or_else(|| {
        let id = whole.reservation.id;
        let missing = name.value().replace('-', " ");
        Problem::new(
            "no-code",
            format!("Reservation {id} has no {missing}."),
            format!("See which it has with `leasehold manager reservation show {id}`."),
        )
        .into()
    })
}

/// The newest authorization code, or the request code while there is none.
pub(super) fn newest(whole: &ReservationWithCodes) -> Issued<'_> {
    let authorization = Issued::update(whole).or_else(|| Issued::authorization(whole));
    authorization.unwrap_or_else(|| Issued::request(whole))
}

/// The kinds of code that a manager takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Request,
    Confirmation,
    Return,
}

/// A code as it was given, perhaps with mistakes in it.
#[derive(Debug)]
pub(super) struct GivenCode {
    kind: Kind,
    pub(super) text: String,
}

impl GivenCode {
    /// The code, which should be of that kind, as it was given.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(input: &CodeInput, kind: Kind) -> Result<Self> {
        Ok(Self { kind, text: input.read()? })
    }

    /// A code that an appliance has made, of whichever kind.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read_of_appliance(input: &CodeInput) -> Result<Self> {
        let text = input.read()?;
        let kind = match ConfirmationCode::parse(&text) {
            Err(CodeError::WrongKind(CodeKind::Return)) => Kind::Return,
            _ => Kind::Confirmation,
        };
        Ok(Self { kind, text })
    }

    /// The line with the wrong character, and a caret below it, where the manager refused the code
    /// for one wrong character (SPEC S4).
    pub(super) fn pointed_at(&self, refused: &Error) -> Option<String> {
        let problem = refused.downcast_ref::<Problem>()?;
        let one_is_wrong = ["code-mistyped", "code-bad-character"].contains(&&*problem.code);
        let place = usize::from(self.wrong_place()?);
        one_is_wrong.then(|| pointed(&self.text, place))
    }

    fn wrong_place(&self) -> Option<u16> {
        let text = &*self.text;
        let error = match self.kind {
            Kind::Request => RequestCode::parse(text).err(),
            Kind::Confirmation => ConfirmationCode::parse(text).err(),
            Kind::Return => ReturnCode::parse(text).err(),
        };
        match error? {
            CodeError::BadCharacter { place } => Some(place),
            CodeError::Mistyped { place, .. } => place,
            _ => None,
        }
    }
}

/// How many characters are shown on either side of the wrong one.
const AROUND: usize = 30;

/// The line of `text` around its character of that number from 1, and a caret below that one.
fn pointed(text: &str, place: usize) -> String {
    let before = place.saturating_sub(1);
    let mut start: Vec<char> = text.chars().take(before).collect();
    if let Some(end) = start.iter().rposition(|&c| is_line_end(c)) {
        start.drain(..=end);
    }
    let cut = start.len() > AROUND;
    start.drain(..start.len().saturating_sub(AROUND));
    let rest = text.chars().skip(before).take_while(|&c| !is_line_end(c)).take(AROUND + 1);
    let dots = if cut { "..." } else { "" };
    let caret = dots.len() + start.len();
    let line: String = start.into_iter().chain(rest).map(printable).collect();
    format!("{dots}{}\n{:caret$}^", line.trim_end(), "")
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

/// What somebody pasted goes to a terminal: nothing of it may steer that, and each takes one column.
fn printable(c: char) -> char {
    match c {
        c if c.is_ascii_graphic() => c,
        c if c.is_whitespace() => ' ',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn the_caret_stands_below_the_character_of_that_number() {
        for (text, place, expected) in [
            ("LHC0A-7KQ4M", 1, "LHC0A-7KQ4M\n^"),
            ("LHC0A-7KQ4M", 11, "LHC0A-7KQ4M\n          ^"),
            ("LHC0A\r\n7KQ4M\r\nAAAAA", 10, "7KQ4M\n  ^"),
            ("\tLHC0A\u{a0}7K\u{1b}4M", 10, " LHC0A 7K?4M\n         ^"),
            ("LHC0\u{e9}-\u{202e}KQ4M", 8, "LHC0?-?KQ4M\n       ^"),
            ("LHC0A", 9, "LHC0A\n     ^"),
        ] {
            assert_eq!(pointed(text, place), expected, "{text:?}");
        }
        let long: String = ('a'..='z').cycle().take(100).collect();
        let shown = pointed(&long, 50);
        let (line, caret) = shown.split_once('\n').unwrap();
        assert_eq!(line.chars().nth(caret.len() - 1), long.chars().nth(49));
        assert_eq!((line.len(), &line[..3]), (3 + 30 + 1 + 30, "..."));
    }

    #[test]
    fn only_a_refusal_for_one_wrong_character_is_pointed_at() {
        let code = GivenCode { kind: Kind::Return, text: "LHR0-U".into() };
        let pointed =
            |name| code.pointed_at(&Problem::new(name, "It is wrong.", "Mend it.").into());
        assert_eq!(pointed("code-bad-character").as_deref(), Some("LHR0-U\n     ^"));
        assert_eq!(pointed("forbidden"), None);
        assert_eq!(code.pointed_at(&anyhow!("No answer. Ask again.")), None);
        let code = GivenCode { text: "LHR0-0".into(), ..code };
        let refused = Problem::new("code-mistyped", "It is wrong.", "Mend it.").into();
        assert_eq!(code.pointed_at(&refused), None, "no place is known");
    }
}
