//! A day in a contact centre with three shifts, made up.

use super::HEADER;
use std::fmt::Write as _;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A shift: when it works, how many are on its roster, and whether it may call anybody.
struct Shift {
    start: i64,
    end: i64,
    agents: usize,
    dials: bool,
}

/// Each stays a quarter of an hour into the next, for the hand-over. The night shift of the day
/// before is at work when the file begins, that of the day itself when it ends.
const SHIFTS: [Shift; 3] = [
    Shift { start: 6 * HOUR, end: 14 * HOUR + 15 * MINUTE, agents: 26, dials: true },
    Shift { start: 14 * HOUR, end: 22 * HOUR + 15 * MINUTE, agents: 24, dials: true },
    Shift { start: 22 * HOUR, end: 30 * HOUR + 15 * MINUTE, agents: 10, dials: false },
];

/// What agents are trained for, and how many in twenty are.
const SKILLS: [(&str, u64); 6] = [
    ("inbound-voice", 11),
    ("inbound-voice;outbound-direct-preview", 4),
    ("inbound-voice;chat", 2),
    ("chat;email", 1),
    ("outbound-predictive", 1),
    ("outbound-progressive", 1),
];
/// The first of every so many on a roster supervises.
const TEAM: usize = 12;

/// Makes the trace of `seed`: the same bytes every time.
pub fn generate(seed: u64) -> String {
    let mut random = Random(seed);
    let mut lines = Vec::new();
    let mut number = 0;
    for shift in &SHIFTS {
        for place in 0..shift.agents {
            number += 1;
            let agent = format!("agent-{number:02}");
            let trained = trained_for(&mut random);
            let skills = match trained {
                _ if place % TEAM == 0 => "inbound-voice;supervisor",
                outbound if outbound.contains("outbound") && !shift.dials => "inbound-voice",
                trained => trained,
            };
            let mut sessions = sessions(&mut random, shift);
            // Those of the night before work by the same plan.
            let earlier: Vec<_> = sessions.iter().map(|(a, b)| (a - DAY, b - DAY)).collect();
            sessions.extend(earlier);
            // A few in blended teams answer calls only after their break.
            let voice_after = (skills == "inbound-voice;chat").then_some("inbound-voice");
            for (index, (login, logout)) in sessions.iter().enumerate() {
                let skills = voice_after.filter(|_| index % 2 == 1).unwrap_or(skills);
                if *logout > 0 && *login < DAY {
                    lines.push((*login.max(&0), agent.clone(), "login", skills));
                }
                if (1..DAY).contains(logout) {
                    lines.push((*logout, agent.clone(), "logout", ""));
                }
            }
        }
    }
    lines.sort();
    let mut text = format!("{HEADER}\n");
    for (at, agent, event, skills) in lines {
        let (hours, minutes, seconds) = (at / HOUR, at % HOUR / MINUTE, at % MINUTE);
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{hours:02}:{minutes:02}:{seconds:02},{agent},{event},{skills}");
    }
    text
}

fn trained_for(random: &mut Random) -> &'static str {
    let mut drawn = random.below(SKILLS.iter().map(|(_, weight)| weight).sum());
    for (skills, weight) in SKILLS {
        if drawn < weight {
            return skills;
        }
        drawn -= weight;
    }
    SKILLS[0].0
}

/// Two sessions with a meal between them. One in ten comes late; nobody is on the second, and the
/// last call of a shift can take a while.
fn sessions(random: &mut Random, shift: &Shift) -> Vec<(i64, i64)> {
    let mut start = shift.start + random.between(-4 * MINUTE, 3 * MINUTE);
    if random.below(10) == 0 {
        start += random.between(10 * MINUTE, 45 * MINUTE);
    }
    let end = shift.end + random.between(-6 * MINUTE, 9 * MINUTE);
    // Meals are staggered over two hours around the middle of the shift.
    let meal = shift.start + 3 * HOUR + random.between(0, 2 * HOUR);
    let back = meal + 30 * MINUTE + random.between(-2 * MINUTE, 6 * MINUTE);
    vec![(start, meal), (back, end)]
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn between(&mut self, first: i64, end: i64) -> i64 {
        first + self.below((end - first).unsigned_abs()).cast_signed()
    }
}
