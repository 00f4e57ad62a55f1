//! `show license …` against expected texts, and against the rules that hold for every text.
//!
//! The expected texts are files, so that the parsers which have to read them can be run over the
//! same files. `BLESS=1 cargo test -p leasehold-shim --test show` writes them anew: read the
//! difference before keeping it.

#[path = "show/samples.rs"]
mod samples;

use leasehold_shim::report::Report;
use leasehold_shim::show;
use std::fs;
use std::path::{Path, PathBuf};

type Command = (&'static str, fn(&Report) -> String);

const COMMANDS: [Command; 6] = [
    ("status", show::status),
    ("summary", show::summary),
    ("usage", show::usage),
    ("all", show::all),
    ("udi", show::udi),
    ("reservation", show::reservation),
];

fn expected(sample: &str, command: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/show/expected").join(sample);
    folder.join(format!("{command}.txt"))
}

/// Every text: the sample's name, the command's name, the report and the text.
fn texts() -> impl Iterator<Item = (&'static str, &'static str, Report, String)> {
    samples::all().into_iter().flat_map(|(sample, report)| {
        COMMANDS.map(|(command, render)| (sample, command, report.clone(), render(&report)))
    })
}

fn assert_all(what: &str, command: Option<&str>, holds: impl Fn(&Report, &str) -> bool) {
    let broken: Vec<String> = texts()
        .filter(|(_, name, ..)| command.is_none_or(|command| command == *name))
        .filter(|(_, _, report, text)| !holds(report, text))
        .map(|(sample, name, _, text)| format!("{sample} {name}:\n{text}"))
        .collect();
    assert!(broken.is_empty(), "{what}:\n{}", broken.join("\n"));
}

#[test]
fn every_text_is_as_expected() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    for (sample, command, _, text) in texts() {
        let path = expected(sample, command);
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        } else if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            different.push(format!("{}, but now:\n{text}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn a_verdict_says_what_is_missing_and_how_long_that_is_tolerated() {
    let verdict = |name: &str| {
        let sample = samples::all().into_iter().find(|sample| sample.0 == name).unwrap();
        show::verdict(&sample.1)
    };
    assert_eq!(verdict("authorized").unwrap(), "the account covers everything in use");
    assert_eq!(verdict("nothing-in-use").unwrap(), "nothing is in use");
    let pending = verdict("out-of-compliance-pending").unwrap();
    assert!(pending.starts_with("out of compliance, "), "{pending}");
    assert!(pending.contains(" CC Flex Standard Seat ") && pending.contains(" missing"));
    assert!(pending.contains("; tolerated until ") && pending.ends_with(" UTC"), "{pending}");
    let breached = verdict("out-of-compliance-breached").unwrap();
    assert!(breached.ends_with("; the tolerance is over"), "{breached}");
    let elsewhere = verdict("out-of-compliance-elsewhere").unwrap();
    assert!(elsewhere.contains("other devices use the rest of "), "{elsewhere}");
    let missing = verdict("licence-missing").unwrap();
    assert!(missing.contains("out of compliance, CC Flex Server is not owned; "), "{missing}");
    for open in ["waiting", "never-registered", "authorization-expired"] {
        assert_eq!(verdict(open), None, "{open}");
    }
}

#[test]
fn only_usage_headings_have_a_colon_after_a_parenthesis() {
    assert_all("a parenthesis before a colon", None, |_, text| {
        text.lines().filter(|line| !line.ends_with("):")).all(|line| {
            line.find('(').is_none_or(|open| !line.get(open..).unwrap_or_default().contains(':'))
        })
    });
}

/// Finds dates without the code that writes them: a month, then the rest of the pattern.
fn words_after_months(text: &str) -> Vec<[&str; 5]> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .windows(5)
        .filter(|window| MONTHS.contains(&window[0]))
        .map(|window| [window[0], window[1], window[2], window[3], window[4]])
        .collect()
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
fn dates_have_the_one_pattern() {
    assert_all("a date", None, |_, text| {
        words_after_months(text).iter().all(|[_, day, time, year, zone]| {
            let mut parts = time.split(':');
            digits(day, 2)
                && parts.by_ref().take(3).filter(|part| digits(part, 2)).count() == 3
                && parts.next().is_none()
                && digits(year, 4)
                && zone.trim_end_matches([',', '.', ';', ':']) == "UTC"
        })
    });
    let found: usize = texts().map(|(.., text)| words_after_months(&text).len()).sum();
    assert!(found > 100, "the check finds dates: {found}");
}

#[test]
fn blank_lines_stand_only_between_blocks() {
    assert_all("a blank line", None, |_, text| {
        let lines: Vec<&str> = text.lines().collect();
        let inside = lines.windows(3).any(|window| {
            window[1].is_empty() && (window[2].is_empty() || window[2].starts_with(' '))
        });
        !inside && !text.starts_with('\n') && text.ends_with('\n') && !text.ends_with("\n\n")
    });
}

#[test]
fn lines_are_indented_by_two_or_four_under_a_heading() {
    assert_all("an indentation", None, |_, text| {
        let mut under_heading = false;
        text.lines().all(|line| {
            let indentation = line.len() - line.trim_start().len();
            under_heading = if indentation == 0 { line.ends_with(':') } else { under_heading };
            // Broken sentences of the outlook hang under their label.
            let allowed = matches!(indentation, 0 | 2 | 4 | 8);
            allowed && (indentation == 0 || under_heading) && line.trim_end() == line
        })
    });
}

#[test]
fn only_utility_is_enabled_or_disabled() {
    assert_all("a status of policy mode", None, |_, text| {
        let lines: Vec<&str> = text.lines().collect();
        lines.windows(2).all(|pair| {
            let policy = matches!(pair[1].trim(), "Status: DISABLED" | "Status: ENABLED");
            !policy || pair[0] == "Utility:"
        })
    });
}

#[test]
fn both_accounts_or_neither() {
    assert_all("an account", None, |_, text| {
        let count = |name: &str| text.matches(name).count();
        count("  Smart Account: ") == count("  Virtual Account: ") && !text.contains("Account: \n")
    });
}

/// The rows of a summary: name and tag, count, status.
fn rows(text: &str) -> Vec<(String, String, String)> {
    let table = text.split("---\n").nth(1).unwrap_or_default();
    table
        .lines()
        .map(|line| {
            let (head, tail) = line.rsplit_once(')').unwrap();
            let (count, status) = tail.trim_start().split_once(' ').unwrap();
            (format!("{})", head.trim()), count.to_owned(), status.to_owned())
        })
        .collect()
}

/// The entries of usage and all: name and tag, count, status.
fn entries(text: &str) -> Vec<(String, String, String)> {
    let value = |entry: &str, name: &str| {
        let line = entry.lines().find(|line| line.starts_with(name)).unwrap();
        line.trim_start_matches(name).to_owned()
    };
    text.split("\n\n")
        .map(|entry| entry.trim_start_matches("License Usage\n=============\n"))
        .filter(|entry| entry.lines().next().is_some_and(|heading| heading.ends_with("):")))
        .map(|entry| {
            let heading = entry.lines().next().unwrap().trim_end_matches(':');
            (heading.to_owned(), value(entry, "  Count: "), value(entry, "  Status: "))
        })
        .collect()
}

#[test]
fn summary_usage_and_all_agree_on_what_is_in_use() {
    for (sample, report) in samples::all() {
        let in_usage = entries(&show::usage(&report));
        assert_eq!(in_usage, entries(&show::all(&report)), "{sample}");
        let in_summary = rows(&show::summary(&report));
        assert_eq!(in_summary.len(), in_usage.len(), "{sample}");
        for (row, entry) in in_summary.iter().zip(&in_usage) {
            let tag = |heading: &str| heading.rsplit_once('(').unwrap().1.to_owned();
            assert_eq!(tag(&row.0), tag(&entry.0), "{sample}");
            assert_eq!((&row.1, &row.2), (&entry.1, &entry.2), "{sample}");
            assert!(row.1.bytes().all(|byte| byte.is_ascii_digit()), "{sample}");
        }
        let reported =
            |e: &&leasehold_shim::report::Entitlement| e.in_use > 0 && e.reporting == "peak";
        let counts: Vec<String> =
            report.entitlements.iter().filter(reported).map(|e| e.in_use.to_string()).collect();
        let shown: Vec<&String> = in_usage.iter().map(|(_, count, _)| count).collect();
        assert_eq!(counts.iter().collect::<Vec<_>>(), shown, "{sample}");
    }
}

#[test]
fn the_table_has_its_columns() {
    let text = show::summary(&samples::all().into_iter().find(|s| s.0 == "authorized").unwrap().1);
    let table: Vec<&str> = text.lines().skip_while(|line| !line.contains("License  ")).collect();
    let [heading, dashes, standard, premium] = table[..] else { panic!("{text}") };
    for (column, word) in [(2, "License "), (26, "Entitlement tag "), (62, "Status")] {
        assert_eq!(heading.find(word), Some(column), "{text}");
    }
    assert_eq!(heading.find("Count").map(|column| column + "Count".len()), Some(61));
    assert_eq!(dashes, format!("  {}", "-".repeat(77)));
    assert_eq!(standard.find("(CC_FLEX_STANDARD)"), Some(26));
    assert_eq!(standard.get(59..62), Some("12 "));
    assert_eq!(premium.get(59..62), Some(" 3 "));
    assert_eq!(premium.get(62..), Some("AUTHORIZED"));
}

#[test]
fn usage_entries_have_nine_lines_and_none_is_empty() {
    const LINES: [&str; 9] = [
        "  Description: ",
        "  Count: ",
        "  Version: ",
        "  Status: ",
        "  Export status: ",
        "  Feature Name: ",
        "  Feature Description: ",
        "  Enforcement type: ",
        "  License type: ",
    ];
    assert_all("an entry", Some("usage"), |_, text| {
        text.split("\n\n").skip(1).all(|entry| {
            let lines: Vec<&str> = entry.lines().skip(1).collect();
            // What follows is of a reservation.
            let nine = lines.len() == LINES.len() || lines.get(9) == Some(&"  Reservation:");
            nine && lines
                .iter()
                .zip(LINES)
                .all(|(line, name)| line.starts_with(name) && line.len() > name.len())
        })
    });
}

#[test]
fn dates_in_status_are_those_in_all() {
    for (sample, report) in samples::all() {
        let status = show::status(&report);
        let all = show::all(&report);
        for heading in ["Registration:\n", "License Authorization:\n"] {
            let block = |text: &str| {
                let block = text.split("\n\n").find(|block| block.starts_with(heading));
                block.unwrap_or_default().to_owned()
            };
            assert_eq!(block(&status), block(&all), "{sample}");
            assert!(block(&status).lines().count() > 1, "{sample}");
        }
    }
}

#[test]
fn every_outlook_says_what_is_what_comes_and_what_to_do() {
    assert_all("an outlook", Some("status"), |_, text| {
        let (_, outlook) = text.split_once("\nOutlook:\n").unwrap_or_default();
        let says = |label: &str| outlook.lines().any(|line| line.starts_with(label));
        let labelled = outlook.lines().all(|line| {
            let label = line.get(..8).unwrap_or_default();
            matches!(label, "  Now:  " | "  Next: " | "  Do:   " | "        ")
        });
        labelled
            && says("  Now:  ")
            && says("  Do:   ")
            && outlook.lines().all(|line| line.chars().count() <= 79 || line.contains("://"))
    });
}
