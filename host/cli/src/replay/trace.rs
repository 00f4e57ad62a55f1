//! A trace: a day of sign-ins and sign-outs as a CSV file.
//!
//! ```text
//! time,agent,event,skills
//! 06:02:11,agent-07,login,inbound-voice;chat
//! 14:09:40,agent-07,logout,
//! ```

use leasehold_core::products::contact_center::Skill;
use std::collections::BTreeSet;
use std::fmt;

/// The word among the skills that makes an agent a supervisor.
const SUPERVISOR: &str = "supervisor";

/// A line of a trace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// Seconds since midnight.
    pub(super) at: u32,
    /// The line in the file, from 1.
    pub(super) line: usize,
    /// Who.
    pub(super) agent: String,
    /// What.
    pub(super) event: Event,
}

/// What an agent does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Event {
    /// Signs in.
    Login {
        /// What the agent works on.
        skills: Vec<Skill>,
        /// Whether the agent supervises others.
        supervisor: bool,
    },
    /// Signs out.
    Logout,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TraceError {
    /// The line, from 1.
    pub(super) line: usize,
    /// The character in it, from 1.
    pub(super) column: usize,
    /// What is wrong.
    pub(super) problem: String,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.problem)
    }
}

/// Reads a whole file. `signed_in` are the agents who are at work already.
///
/// # Errors
/// The first [`TraceError`].
pub(super) fn parse<'s>(
    text: &str,
    signed_in: impl Iterator<Item = &'s str>,
) -> Result<Vec<Entry>, TraceError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut at_work: BTreeSet<String> = signed_in.map(str::to_owned).collect();
    for (index, written) in text.lines().enumerate() {
        if written.trim().is_empty() || (index == 0 && written.starts_with("time,")) {
            continue;
        }
        let mut line = Line { number: index + 1, rest: Some(written), column: 1 };
        let entry = line.entry()?;
        let wrong = |column, problem| TraceError { line: index + 1, column, problem };
        if entries.last().is_some_and(|last| last.at > entry.at) {
            return Err(wrong(1, "the time is earlier than that of the line before".to_owned()));
        }
        let fits = match entry.event {
            Event::Login { .. } => at_work.insert(entry.agent.clone()),
            Event::Logout => at_work.remove(&entry.agent),
        };
        if !fits {
            let already = match entry.event {
                Event::Login { .. } => "signed in already",
                Event::Logout => "not signed in",
            };
            return Err(wrong(AGENT_COLUMN, format!("{} is {already}", entry.agent)));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Where the second field begins: the first is always `HH:MM:SS`.
const AGENT_COLUMN: usize = "HH:MM:SS,".len() + 1;

/// A line that is read field by field.
struct Line<'t> {
    number: usize,
    rest: Option<&'t str>,
    column: usize,
}

impl<'t> Line<'t> {
    fn entry(&mut self) -> Result<Entry, TraceError> {
        let (column, time) = self.field("time")?;
        let at = parse_time(time)
            .ok_or_else(|| self.wrong(column, format!("{time:?} is no time HH:MM:SS")))?;
        let (column, agent) = self.field("agent")?;
        if agent.is_empty() {
            return Err(self.wrong(column, "the agent has no name".to_owned()));
        }
        let (column, event) = self.field("login or logout")?;
        let (skills_column, skills) = self.field("skills")?;
        if self.rest.is_some() {
            return Err(self.wrong(self.column, "there are more than four fields".to_owned()));
        }
        let event = match event {
            "login" => self.login(skills_column, skills)?,
            "logout" if skills.is_empty() => Event::Logout,
            "logout" => {
                return Err(self.wrong(skills_column, "a logout has no skills".to_owned()));
            }
            other => {
                return Err(self.wrong(column, format!("{other:?} is neither login nor logout")));
            }
        };
        Ok(Entry { at, line: self.number, agent: agent.to_owned(), event })
    }

    fn login(&self, column: usize, written: &str) -> Result<Event, TraceError> {
        let (mut skills, mut supervisor) = (Vec::new(), false);
        let mut column = column;
        for name in written.split(';').filter(|_| !written.is_empty()) {
            if name == SUPERVISOR {
                supervisor = true;
            } else {
                let skill = Skill::from_name(name)
                    .ok_or_else(|| self.wrong(column, format!("there is no skill {name:?}")))?;
                skills.push(skill);
            }
            column += name.chars().count() + 1;
        }
        Ok(Event::Login { skills, supervisor })
    }

    /// The next field and where it begins.
    fn field(&mut self, what: &str) -> Result<(usize, &'t str), TraceError> {
        let column = self.column;
        let Some(rest) = self.rest else {
            return Err(self.wrong(column, format!("there is no {what} here")));
        };
        let (field, rest) = match rest.split_once(',') {
            Some((field, rest)) => (field, Some(rest)),
            None => (rest, None),
        };
        self.rest = rest;
        self.column += field.chars().count() + 1;
        Ok((column, field.trim()))
    }

    fn wrong(&self, column: usize, problem: String) -> TraceError {
        TraceError { line: self.number, column, problem }
    }
}

fn parse_time(text: &str) -> Option<u32> {
    let mut parts = text.split(':').map(|part| {
        let two_digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| two_digits)
    });
    let mut part = |limit| parts.next().flatten().filter(|&value| value < limit);
    let (hours, minutes, seconds) = (part(24)?, part(60)?, part(60)?);
    parts.next().is_none().then_some(hours * 3_600 + minutes * 60 + seconds)
}

/// `HH:MM:SS`.
pub(super) fn clock(at: u32) -> String {
    format!("{:02}:{:02}:{:02}", at / 3_600, at % 3_600 / 60, at % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "time,agent,event,skills\n";

    fn read(lines: &str) -> Result<Vec<Entry>, TraceError> {
        parse(&format!("{HEADER}{lines}"), std::iter::empty())
    }

    #[test]
    fn a_day_is_read() {
        let day = "06:02:11,agent-07,login,inbound-voice;chat\n\
                   06:02:11,agent-08,login,supervisor\n\
                   07:00:00,agent-09,login,\r\n\
                   23:59:59,agent-07,logout,\n";
        let entries = read(day).unwrap();
        let login =
            |skills: &[Skill], supervisor| Event::Login { skills: skills.to_vec(), supervisor };
        let expected = [
            (21_731, 2, "agent-07", login(&[Skill::InboundVoice, Skill::Chat], false)),
            (21_731, 3, "agent-08", login(&[], true)),
            (25_200, 4, "agent-09", login(&[], false)),
            (86_399, 5, "agent-07", Event::Logout),
        ];
        let expected = expected.map(|(at, line, agent, event)| Entry {
            at,
            line,
            agent: agent.to_owned(),
            event,
        });
        assert_eq!(entries, expected);
        assert_eq!(parse(&day.replace("\r\n", "\n"), std::iter::empty()).unwrap().len(), 4);
        assert_eq!(clock(21_731), "06:02:11");
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_column() {
        for (line, column, part) in [
            ("7:00,a,login,chat", 1, "\"7:00\" is no time"),
            ("24:00:00,a,login,chat", 1, "no time"),
            ("07:60:00,a,login,chat", 1, "no time"),
            ("07:00:00:00,a,login,chat", 1, "no time"),
            ("+7:00:00,a,login,chat", 1, "no time"),
            ("07:00:00,,login,chat", 10, "no name"),
            ("07:00:00,a,log in,chat", 12, "\"log in\" is neither"),
            ("07:00:00,a,login,chat;chess", 23, "no skill \"chess\""),
            ("07:00:00,a,logout,chat", 19, "a logout has no skills"),
            ("07:00:00,a,login", 18, "no skills"),
            ("07:00:00", 10, "no agent"),
            ("07:00:00,a,login,chat,", 23, "more than four"),
        ] {
            let error = read(&format!("06:00:00,b,login,chat\n{line}\n")).unwrap_err();
            assert_eq!((error.line, error.column), (3, column), "{line}: {error}");
            assert!(error.problem.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn time_goes_forwards_and_nobody_is_in_twice() {
        let backwards = read("07:00:00,a,login,chat\n06:00:00,a,logout,\n").unwrap_err();
        assert_eq!((backwards.line, backwards.column), (3, 1));
        let twice = read("07:00:00,a,login,chat\n07:00:00,a,login,chat\n").unwrap_err();
        assert_eq!((twice.line, twice.column), (3, 10));
        assert!(read("07:00:00,a,logout,\n").unwrap_err().problem.contains("not signed in"));
        let at_work = parse("07:00:00,a,login,chat\n", ["a"].into_iter()).unwrap_err();
        assert_eq!(at_work.problem, "a is signed in already");
        assert!(parse("07:00:00,a,logout,\n", ["a"].into_iter()).is_ok());
    }
}
