//! How moments, durations and foreign texts are written.

use crate::report::UnixSeconds;
use jiff::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `Mar 13 08:09:28 2024 UTC`.
pub(super) fn date(at: UnixSeconds) -> String {
    let seconds = i64::try_from(at).unwrap_or(i64::MAX);
    let moment = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    moment.strftime("%b %d %H:%M:%S %Y UTC").to_string()
}

/// `RESULT on DATE`; the result alone where the device did not know the time.
pub(super) fn dated(result: &str, at: Option<UnixSeconds>) -> String {
    match at {
        Some(at) => format!("{result} on {}", date(at)),
        None => result.to_owned(),
    }
}

/// `71 days, 22 hours, 1 minutes, 59 seconds`: all four parts and always plural, as parsers know
/// it.
pub(super) fn remaining(seconds: u32) -> String {
    let seconds = u64::from(seconds);
    let (days, hours) = (seconds / DAY, seconds % DAY / HOUR);
    let (minutes, seconds) = (seconds % HOUR / MINUTE, seconds % MINUTE);
    format!("{days} days, {hours} hours, {minutes} minutes, {seconds} seconds")
}

/// A duration for people: the two largest parts, such as `3 days 4 hours`.
pub(super) fn span(seconds: u64) -> String {
    let parts = [
        (seconds / DAY, "day"),
        (seconds % DAY / HOUR, "hour"),
        (seconds % HOUR / MINUTE, "minute"),
        (seconds % MINUTE, "second"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| plural(count, unit))
        .collect();
    if said.is_empty() { plural(0, "second") } else { said.join(" ") }
}

/// `1 seat`, `2 seats`.
pub(super) fn plural(count: u64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// A foreign text as it may stand in a line: one line, and without the parentheses that parsers
/// take for the heading of a licence. A text without anything to show becomes `-`.
pub(super) fn plain(text: &str) -> String {
    let replaced: String = text
        .chars()
        .map(|c| match c {
            '(' => '[',
            ')' => ']',
            c if c.is_control() || c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    let words: Vec<&str> = replaced.split_whitespace().collect();
    if words.is_empty() { "-".to_owned() } else { words.join(" ") }
}

/// The lines of `text`, broken at blanks so that none is longer than `width` unless a word is.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_durations_are_written_as_parsers_expect() {
        assert_eq!(date(1_710_317_368), "Mar 13 08:09:28 2024 UTC");
        assert_eq!(date(1_583_020_801), "Mar 01 00:00:01 2020 UTC");
        assert!(date(u64::MAX).ends_with(" 9999 UTC"));
        assert_eq!(dated("FAILED", None), "FAILED");
        let left = 71 * 86_400 + 22 * 3_600 + 60 + 59;
        assert_eq!(remaining(left), "71 days, 22 hours, 1 minutes, 59 seconds");
        assert_eq!(remaining(0), "0 days, 0 hours, 0 minutes, 0 seconds");
    }

    #[test]
    fn spans_are_the_two_largest_parts() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (60, "1 minute"),
            (3_661, "1 hour 1 minute"),
            (86_400 + 120, "1 day"),
            (90 * 86_400 - 300, "89 days 23 hours"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn foreign_texts_cannot_break_a_line_or_look_like_a_heading() {
        assert_eq!(plain("A\nB (C):\t D\u{7}"), "A B [C]: D");
        assert_eq!(plain(" \n"), "-");
    }

    #[test]
    fn long_texts_are_broken_at_blanks() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("https://long.example a", 5), ["https://long.example", "a"]);
    }
}
