//! Days of sign-ins and sign-outs as CSV files, and an independent count of what they should lead
//! to. Nothing here uses the core, so that agreement with it means something.
//!
//! ```text
//! time,agent,event,skills
//! 06:02:11,agent-07,login,inbound-voice;chat
//! 14:09:40,agent-07,logout,
//! ```

mod generate;

pub use generate::generate;

use std::collections::BTreeMap;

/// The first line of a trace.
pub const HEADER: &str = "time,agent,event,skills";
/// Peaks are taken over intervals of this many seconds, the first from 00:00:00.
pub const INTERVAL: u32 = 8 * 3_600;

const INTERVALS: usize = (86_400 / INTERVAL) as usize;

/// A line of a trace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Seconds since midnight.
    pub at: u32,
    /// Who.
    pub agent: String,
    /// What happened.
    pub event: Event,
}

/// What an agent did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// Signed in with these skills; `supervisor` is one of the words.
    Login(Vec<String>),
    /// Signed out.
    Logout,
}

/// The highest numbers of seats taken at one moment of a period.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Peaks {
    /// Premium seats: nothing is above them.
    pub premium: u32,
    /// Seats of both kinds: what is in use at or above standard.
    pub standard_or_above: u32,
}

/// The peaks of a trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Count {
    /// Over the whole day.
    pub day: Peaks,
    /// Over each interval; each starts with what is in use then.
    pub intervals: [Peaks; INTERVALS],
}

/// Reads a trace.
///
/// # Errors
/// The first line that is not as it should be, and why.
pub fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let mut lines = text.lines().zip(1..);
    if lines.next().is_none_or(|(first, _)| first != HEADER) {
        return Err(format!("line 1: the first line must be {HEADER:?}"));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (line, number) in lines {
        let entry = parse_line(line).map_err(|why| format!("line {number}: {why}"))?;
        if entries.last().is_some_and(|last| last.at > entry.at) {
            return Err(format!("line {number}: is earlier than the line before it"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The peaks of the whole day that `text` is a trace of.
///
/// # Errors
/// As [`parse`] and [`count`].
pub fn day_peaks(text: &str) -> Result<Peaks, String> {
    Ok(count(&parse(text)?)?.day)
}

fn parse_line(line: &str) -> Result<Entry, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [time, agent, event, skills] = fields[..] else {
        return Err("must have four fields".into());
    };
    if agent.is_empty() {
        return Err("the agent has no name".into());
    }
    let event = match (event, skills) {
        ("login", skills) => Event::Login(skills.split(';').map(str::to_owned).collect()),
        ("logout", "") => Event::Logout,
        ("logout", _) => return Err("a logout has no skills".into()),
        _ => return Err(format!("{event:?} is neither login nor logout")),
    };
    let at = parse_time(time).ok_or_else(|| format!("{time:?} is no time of day"))?;
    Ok(Entry { at, agent: agent.to_owned(), event })
}

fn parse_time(text: &str) -> Option<u32> {
    let parts: Vec<u32> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts[..] else {
        return None;
    };
    (text.len() == 8 && hours < 24 && minutes < 60 && seconds < 60)
        .then(|| hours * 3_600 + minutes * 60 + seconds)
}

/// Counts the peaks (SPEC C3): chat, e-mail, predictive and progressive dialling and supervisors
/// take a premium seat, all others a standard one (SPEC C7).
///
/// # Errors
/// Who signed in twice, or out without being in.
pub fn count(entries: &[Entry]) -> Result<Count, String> {
    let mut seats: BTreeMap<&str, bool> = BTreeMap::new();
    let mut count = Count { day: Peaks::default(), intervals: [Peaks::default(); INTERVALS] };
    let mut interval = 0;
    for entry in entries {
        while interval < (entry.at / INTERVAL) as usize {
            interval += 1;
            count.intervals[interval].raise(in_use(&seats));
        }
        match &entry.event {
            Event::Login(skills) => {
                let premium = skills.iter().any(|skill| needs_premium(skill));
                if seats.insert(&entry.agent, premium).is_some() {
                    return Err(format!("{} signs in twice", entry.agent));
                }
            }
            Event::Logout => {
                seats.remove(&*entry.agent).ok_or(format!("{} is not signed in", entry.agent))?;
            }
        }
        count.day.raise(in_use(&seats));
        count.intervals[interval].raise(in_use(&seats));
    }
    for later in &mut count.intervals[interval + 1..] {
        later.raise(in_use(&seats));
    }
    Ok(count)
}

fn needs_premium(skill: &str) -> bool {
    matches!(
        skill,
        "chat" | "email" | "outbound-predictive" | "outbound-progressive" | "supervisor"
    )
}

fn in_use(seats: &BTreeMap<&str, bool>) -> Peaks {
    let of = |wanted: bool| seats.values().filter(|premium| **premium || !wanted).count();
    let seats = |count| u32::try_from(count).unwrap_or(u32::MAX);
    Peaks { premium: seats(of(true)), standard_or_above: seats(of(false)) }
}

impl Peaks {
    fn raise(&mut self, now: Self) {
        self.premium = self.premium.max(now.premium);
        self.standard_or_above = self.standard_or_above.max(now.standard_or_above);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_taken_in_the_order_of_the_lines() {
        let text = format!(
            "{HEADER}\n\
             07:00:00,a,login,inbound-voice\n\
             07:30:00,b,login,chat\n\
             07:30:00,a,logout,\n\
             07:30:00,c,login,inbound-voice;supervisor\n\
             17:00:00,b,logout,\n"
        );
        let count = count(&parse(&text).unwrap()).unwrap();
        let peaks = |premium, standard_or_above| Peaks { premium, standard_or_above };
        assert_eq!(count.day, peaks(2, 2));
        assert_eq!(count.intervals, [peaks(2, 2), peaks(2, 2), peaks(2, 2)]);
        let early = parse(&text[..text.find("07:30:00,c").unwrap()]).unwrap();
        let count = super::count(&early).unwrap();
        assert_eq!(count.intervals, [peaks(1, 2), peaks(1, 1), peaks(1, 1)]);
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        let wrong = [
            ("", "line 1"),
            ("07:00:00,a,login,chat\n", "line 1"),
            ("time,agent,event,skills\n7:00,a,login,chat\n", "line 2: \"7:00\""),
            ("time,agent,event,skills\n24:00:00,a,login,chat\n", "line 2: \"24:00:00\""),
            ("time,agent,event,skills\n07:00:00,,login,chat\n", "line 2: the agent"),
            ("time,agent,event,skills\n07:00:00,a,out,\n", "line 2: \"out\""),
            ("time,agent,event,skills\n07:00:00,a,logout,chat\n", "line 2: a logout"),
            ("time,agent,event,skills\n07:00:00,a,logout\n", "line 2: must have four"),
            (
                "time,agent,event,skills\n07:00:00,a,login,chat\n06:00:00,a,logout,\n",
                "line 3: is earlier",
            ),
        ];
        for (text, expected) in wrong {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?} gives {error:?}");
        }
    }

    #[test]
    fn agents_cannot_be_in_twice_or_leave_before_they_came() {
        let entry = |event| Entry { at: 0, agent: "a".into(), event };
        let login = || entry(Event::Login(vec!["chat".into()]));
        assert!(count(&[login(), login()]).is_err());
        assert!(count(&[entry(Event::Logout)]).is_err());
    }
}
