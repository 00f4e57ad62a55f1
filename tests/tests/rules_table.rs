//! The table of rules in ARCHITECTURE.md against the sources: each rule of the specification has its
//! row, what the row names is there, and no part of a rule is without code or without a test.
//!
//! Names and attributes are looked for in the text; no source is parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The families of rules, how many each has, and the section that holds them. The table must have
/// all of the first seven; of the others, those that are built.
const FAMILIES: [(char, u8, u8); 10] = [
    ('R', 9, 2),
    ('A', 8, 3),
    ('C', 7, 4),
    ('E', 5, 5),
    ('T', 6, 8),
    ('X', 16, 11),
    ('S', 7, 6),
    ('M', 3, 7),
    ('L', 12, 9),
    ('H', 4, 10),
];
const DEMANDED: usize = 7;
/// What may stand before the name of something that keeps a rule.
const KEYWORDS: [&str; 7] = ["fn", "struct", "enum", "trait", "type", "const", "macro_rules!"];

/// The text of each source, by its path from the repository's root.
type Sources = BTreeMap<String, String>;

/// One line of a cell: what it says, and of which parts of the rule.
struct Line<'t> {
    parts: BTreeSet<char>,
    text: &'t str,
}

/// The lines of a cell. A part is named by a letter before a colon, several by several letters; a
/// rule of one part has no letters.
fn lines(cell: &str) -> Vec<Line<'_>> {
    let letters = |mark: &str| mark.chars().all(|c| c.is_ascii_lowercase()) && mark != "later";
    cell.split("<br>")
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| match text.split_once(": ").filter(|(mark, _)| letters(mark)) {
            Some((mark, text)) => Line { parts: mark.chars().collect(), text },
            None => Line { parts: BTreeSet::new(), text },
        })
        .collect()
}

/// What a table is held against.
struct Checker<'s> {
    sources: &'s Sources,
    cited: BTreeMap<&'s str, BTreeSet<String>>,
}

impl<'s> Checker<'s> {
    fn new(sources: &'s Sources) -> Self {
        let cited = sources.iter().map(|(path, text)| (path.as_str(), citations(text))).collect();
        Self { sources, cited }
    }

    /// What is wrong with the section "Rules" of `document`, each with its row and the reason.
    fn complaints(&self, document: &str) -> Vec<String> {
        let section = document.lines().skip_while(|line| *line != "## Rules").skip(1);
        let rows = section
            .take_while(|line| !line.starts_with("## "))
            .filter(|line| line.starts_with('|'))
            .skip(2);
        let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [rule, asks, code, tests] = cells[..] else {
                wrong.push(format!("{row}: a row has four cells"));
                continue;
            };
            let mut reasons = Vec::new();
            if !all_rules(FAMILIES.len()).any(|known| known == rule) {
                reasons.push("there is no such rule".to_owned());
            }
            if !seen.insert(rule.to_owned()) {
                reasons.push("is there twice".to_owned());
            }
            self.row(rule, asks, [code, tests], &mut reasons);
            wrong.extend(reasons.into_iter().map(|reason| format!("{rule}: {reason}")));
        }
        for rule in all_rules(DEMANDED) {
            if !seen.contains(&rule) {
                wrong.push(format!("{rule}: has no row"));
            }
            if !self.cited.iter().any(|(path, rules)| !is_test(path) && rules.contains(&rule)) {
                wrong.push(format!("{rule}: is cited nowhere"));
            }
        }
        wrong
    }

    fn row(&self, rule: &str, asks: &str, [code, tests]: [&str; 2], wrong: &mut Vec<String>) {
        let asks = lines(asks);
        let built: Vec<&Line<'_>> =
            asks.iter().filter(|line| !line.text.starts_with("later: ")).collect();
        let parts: Vec<char> = built.iter().flat_map(|line| &line.parts).copied().collect();
        if built.is_empty() {
            wrong.push("its row says that nothing of it is built".to_owned());
        }
        let of_one_part = built.len() == 1 && parts.is_empty();
        if !of_one_part && !parts.iter().copied().eq(('a'..='z').take(built.len())) {
            wrong.push("its parts are not lettered a, b, c".to_owned());
        }
        for (what, cell) in [("code", code), ("test", tests)] {
            let lines = lines(cell);
            match (lines.is_empty(), built.is_empty()) {
                (true, false) => wrong.push(format!("has no {what}")),
                (false, true) => wrong.push(format!("has a {what}, and nothing of it is built")),
                _ => {}
            }
            let named: BTreeSet<char> =
                lines.iter().flat_map(|line| &line.parts).copied().collect();
            for part in parts.iter().filter(|part| !named.contains(part)) {
                wrong.push(format!("its part {part} has no {what}"));
            }
            for part in named.iter().filter(|part| !parts.contains(part)) {
                wrong.push(format!("a {what} is given for a part {part} that it does not have"));
            }
            for line in lines.iter().filter(|line| line.parts.is_empty() && !parts.is_empty()) {
                wrong.push(format!("{} stands for none of its parts", line.text));
            }
            let places = lines.iter().flat_map(|line| line.text.split(", "));
            let places = places.map(|place| place.trim_matches('`'));
            wrong.extend(places.filter_map(|place| self.place(rule, what, place)));
        }
    }

    /// What is wrong with one place that a row names.
    fn place(&self, rule: &str, what: &str, place: &str) -> Option<String> {
        let Some((path, name)) = place.split_once("::") else {
            return Some(format!("{place} is not a path, two colons and a name"));
        };
        let Some(text) = self.sources.get(path) else {
            return Some(format!("{path} does not exist"));
        };
        if what == "test" {
            return test_trouble(text, name).map(|trouble| format!("{place} {trouble}"));
        }
        if !defines(text, name) {
            return Some(format!("{name} is not in {path}"));
        }
        (!self.cited[path].contains(rule)).then(|| format!("{path} does not cite it"))
    }
}

fn complaints(document: &str, sources: &Sources) -> Vec<String> {
    Checker::new(sources).complaints(document)
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|folder| folder == "tests")
}

/// The rules of the first `families`.
fn all_rules(families: usize) -> impl Iterator<Item = String> {
    let families = FAMILIES.into_iter().take(families);
    families.flat_map(|(family, last, _)| (1..=last).map(move |number| format!("{family}{number}")))
}

/// Whether something of that name is defined in a source.
fn defines(text: &str, name: &str) -> bool {
    let code = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let words: Vec<&str> =
        code.flat_map(|line| line.split([' ', '(', '<', ':', '{', ';', '='])).collect();
    words.windows(2).any(|pair| KEYWORDS.contains(&pair[0]) && pair[1] == name)
}

/// Why a source has no test of that name that runs.
fn test_trouble(text: &str, name: &str) -> Option<&'static str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let head = |line: &&str| {
        let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('))
    };
    let Some(at) = lines.iter().position(head) else {
        return Some("does not exist");
    };
    let above = lines[..at].iter().rev();
    let attributes: Vec<&&str> =
        above.take_while(|line| line.starts_with("#[") || line.starts_with("//")).collect();
    let has = |start| attributes.iter().any(|line| line.starts_with(start));
    match (has("#[test]") || has("#[tokio::test"), has("#[ignore")) {
        (false, _) => Some("is not a test"),
        (true, true) => Some("is ignored"),
        (true, false) => None,
    }
}

/// The rules that a source cites: `SPEC X12`, lists, ranges, and sections as a whole.
fn citations(text: &str) -> BTreeSet<String> {
    let bare = |line: &'_ str| line.trim().trim_start_matches(['/', '!']).trim_start().to_owned();
    let text = text.lines().map(bare).collect::<Vec<String>>().join(" ");
    let mut rules = BTreeSet::new();
    for (at, word) in text.match_indices("SPEC ") {
        let mut rest = &text[at + word.len()..];
        if let Some(sections) = rest.strip_prefix("section ") {
            let numbers = sections.split(", ").map_while(|number| leading_number(number));
            for (family, last, _) in numbers.flat_map(|(number, _)| {
                FAMILIES.into_iter().filter(move |(_, _, section)| *section == number)
            }) {
                rules.extend((1..=last).map(|number| format!("{family}{number}")));
            }
            continue;
        }
        while let Some((family, first, after)) = leading_rule(rest) {
            let range = after.strip_prefix('–').and_then(leading_rule);
            let (last, after) = range.map_or((first, after), |(_, last, after)| (last, after));
            rules.extend((first..=last).map(|number| format!("{family}{number}")));
            let Some(next) = after.strip_prefix(", ") else { break };
            rest = next;
        }
    }
    rules
}

fn leading_rule(text: &str) -> Option<(char, u8, &str)> {
    let family = text.chars().next().filter(char::is_ascii_uppercase)?;
    let (number, after) = leading_number(&text[1..])?;
    Some((family, number, after))
}

fn leading_number(text: &str) -> Option<(u8, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

/// Reads every source under `folder`, by its path from `root`.
fn read(root: &Path, folder: &Path, sources: &mut Sources) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let below = path.strip_prefix(root).expect("a path below the root");
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            read(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = below.to_str().expect("a path of text").to_owned();
            sources.insert(name, fs::read_to_string(&path).expect("a source"));
        }
    }
}

#[test]
fn each_rule_has_the_code_that_keeps_it_and_the_tests_that_would_notice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let document = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut sources = Sources::new();
    for folder in ["core", "host", "tests"] {
        read(root, &root.join(folder), &mut sources);
    }
    let wrong = complaints(&document, &sources);
    assert!(wrong.is_empty(), "the table of rules in ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

/// Sources that cite every rule, keep it in `keep`, and test it in `keeps`.
fn made_up_sources() -> Sources {
    let sources = [
        (
            "core/src/all.rs",
            "//! All of it (SPEC section 2, 3, 4, 5, 6, 8, 11).\n\
             /// Keeps.\npub(super) const fn keep<T>() {}\npub struct Kept;\nfn kept_not() {}\n",
        ),
        ("core/src/some.rs", "//! Some (SPEC R2–R4, X1,\n//! X7). Not R9.\nenum Some {}\n"),
        (
            "core/tests/all.rs",
            "#[test]\n// Why.\nfn keeps() {}\nfn helper() {}\n\
             #[test]\n#[ignore = \"slow\"]\nfn sleeps() {}\n\
             proptest! {\n    #[test]\n    fn holds(n in 0..9_u8) {}\n}\n",
        ),
    ];
    sources.map(|(path, text)| (path.to_owned(), text.to_owned())).into()
}

/// A table in which all is well, but for the rows of the rules that `changed` begins with.
fn made_up_table(changed: &[&str]) -> String {
    let good = "`core/src/all.rs::keep` | `core/tests/all.rs::keeps`";
    let head = "# A\n\n## Rules\n\n| rule | asks | code | test |\n|---|---|---|---|\n".to_owned();
    let rows = all_rules(DEMANDED).map(|rule| {
        let own = changed.iter().find(|row| row.starts_with(&format!("{rule} ")));
        match own {
            Some(row) => format!("| {row} |\n"),
            None => format!("| {rule} | something | {good} |\n"),
        }
    });
    head + &rows.collect::<String>() + "\n## Next\n\n| R1 | of no interest |\n"
}

#[test]
fn a_sound_table_is_taken() {
    assert_eq!(complaints(&made_up_table(&[]), &made_up_sources()), Vec::<String>::new());
    let parts = "X1 | a: one<br>b: two<br>later: three | \
                 ab: `core/src/all.rs::keep`, `core/src/all.rs::Kept`<br>a: `core/src/some.rs::Some` | \
                 a: `core/tests/all.rs::keeps`<br>b: `core/tests/all.rs::holds`";
    assert_eq!(complaints(&made_up_table(&[parts]), &made_up_sources()), Vec::<String>::new());
}

#[test]
fn what_is_wrong_with_a_row_is_said_of_it() {
    let code = "`core/src/all.rs::keep`";
    let test = "`core/tests/all.rs::keeps`";
    let place = |rule: &str, code: &str, test: &str| format!("{rule} | one | {code} | {test}");
    let cases = [
        (place("R1", "`core/src/none.rs::keep`", test), "R1: core/src/none.rs does not exist"),
        (place("R2", "`core/src/all.rs::keeps`", test), "R2: keeps is not in core/src/all.rs"),
        (place("R2", "`core/src/all.rs::kept`", test), "R2: kept is not in core/src/all.rs"),
        (place("R9", "`core/src/some.rs::Some`", test), "R9: core/src/some.rs does not cite it"),
        (place("X8", "`core/src/some.rs::Some`", test), "X8: core/src/some.rs does not cite it"),
        (place("R1", "`keep`", test), "R1: keep is not a path, two colons and a name"),
        (place("R1", "", test), "R1: has no code"),
        (place("R1", code, ""), "R1: has no test"),
        ("R1 | later: all | | ".into(), "R1: its row says that nothing of it is built"),
        (format!("C5 | later: all | {code} | "), "C5: has a code, and nothing of it is built"),
        (
            place("T1", code, "`core/tests/all.rs::gone`"),
            "T1: core/tests/all.rs::gone does not exist",
        ),
        (
            place("T1", code, "`core/tests/all.rs::helper`"),
            "T1: core/tests/all.rs::helper is not a test",
        ),
        (
            place("T1", code, "`core/tests/all.rs::sleeps`"),
            "T1: core/tests/all.rs::sleeps is ignored",
        ),
        (format!("E1 | a: one<br>b: two | ab: {code} | a: {test}"), "E1: its part b has no test"),
        (format!("E1 | a: one<br>b: two | b: {code} | ab: {test}"), "E1: its part a has no code"),
        (
            format!("E1 | a: one<br>c: two | ac: {code} | ac: {test}"),
            "E1: its parts are not lettered a, b, c",
        ),
        (format!("E1 | one<br>two | {code} | {test}"), "E1: its parts are not lettered a, b, c"),
        (
            format!("E1 | one | b: {code} | {test}"),
            "E1: a code is given for a part b that it does not have",
        ),
        (
            format!("E1 | a: one<br>b: two | {code}<br>ab: {code} | ab: {test}"),
            "E1: `core/src/all.rs::keep` stands for none of its parts",
        ),
        ("A1 | one | two".into(), "| A1 | one | two |: a row has four cells"),
    ];
    for (row, expected) in cases {
        let wrong = complaints(&made_up_table(&[&row]), &made_up_sources());
        assert!(wrong.iter().any(|said| said == expected), "{row}: {wrong:?}");
    }
}

#[test]
fn a_rule_without_a_row_with_two_or_with_no_citation_is_named() {
    let sources = made_up_sources();
    let without: String = made_up_table(&[])
        .lines()
        .filter(|line| !line.contains("X16"))
        .fold(String::new(), |a, b| a + b + "\n");
    assert_eq!(complaints(&without, &sources), ["X16: has no row"]);
    let row = "| T6 | something | `core/src/all.rs::keep` | `core/tests/all.rs::keeps` |\n";
    let twice = made_up_table(&[]).replace(row, &row.repeat(2));
    assert_eq!(complaints(&twice, &sources), ["T6: is there twice"]);
    let unknown = made_up_table(&[]).replace(row, &(row.to_owned() + &row.replace("T6", "T7")));
    assert!(complaints(&unknown, &sources).contains(&"T7: there is no such rule".to_owned()));
    let mut uncited = sources;
    uncited.insert("core/src/all.rs".into(), "//! (SPEC R1–R9)\nfn keep() {}\n".into());
    let wrong = complaints(&made_up_table(&[]), &uncited);
    assert!(wrong.contains(&"A1: is cited nowhere".to_owned()), "{wrong:?}");
    assert!(!wrong.iter().any(|said| said.starts_with('R')), "{wrong:?}");
    assert!(complaints("# Nothing", &made_up_sources()).contains(&"R1: has no row".to_owned()));
}

#[test]
fn citations_are_read_as_they_are_written() {
    let cases = [
        ("// SPEC X12", vec!["X12"]),
        ("/// Why (SPEC A3, X1). And R2.", vec!["A3", "X1"]),
        ("//! (SPEC R1–R3, T4)", vec!["R1", "R2", "R3", "T4"]),
        ("//! (SPEC C4,\n//! X8).", vec!["C4", "X8"]),
        ("// SPEC X16's names; SPECIFIED A1; SPEC.", vec!["X16"]),
        ("//! (SPEC section 5)", vec!["E1", "E2", "E3", "E4", "E5"]),
    ];
    for (text, expected) in cases {
        let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(citations(text), expected, "{text}");
    }
}
