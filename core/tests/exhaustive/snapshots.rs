//! The declared tables as people read them: `core/tests/snapshots/*.md`.
//!
//! `BLESS=1 cargo test -p leasehold-core --test exhaustive` writes them again.

use core::fmt::Write;
use leasehold_core::agent::transitions::{
    AUTHORIZATION, ENFORCEMENT, REGISTRATION, RESERVATION, Transition,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Rows that differ only in their last part become one.
fn grouped<T: PartialEq, U>(rows: impl IntoIterator<Item = (T, U)>) -> Vec<(T, Vec<U>)> {
    let mut groups: Vec<(T, Vec<U>)> = Vec::new();
    for (key, value) in rows {
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => groups.push((key, vec![value])),
        }
    }
    groups
}

fn table(rows: &[Transition]) -> String {
    let mut text = String::from("| state | on | next |\n|---|---|---|\n");
    for ((from, on), next) in grouped(rows.iter().map(|row| ((row.from, row.on), row.to))) {
        let next: Vec<String> = next.iter().map(|to| format!("`{to}`")).collect();
        writeln!(text, "| `{from}` | {} | {} |", on.text(), next.join(" or ")).unwrap();
    }
    text
}

fn graph(rows: &[Transition]) -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n");
    let id = |state: &str| state.replace(' ', "_");
    let states: BTreeMap<String, &str> =
        rows.iter().flat_map(|row| [row.from, row.to]).map(|state| (id(state), state)).collect();
    for (id, state) in states.iter().filter(|(id, state)| id != *state) {
        writeln!(text, "    state \"{state}\" as {id}").unwrap();
    }
    writeln!(text, "    [*] --> {}", id(rows[0].from)).unwrap();
    for ((from, to), on) in grouped(rows.iter().map(|row| ((row.from, row.to), row.on))) {
        let on: Vec<String> = on.iter().map(|on| format!("{on:?}")).collect();
        writeln!(text, "    {} --> {}: {}", id(from), id(to), on.join(", ")).unwrap();
    }
    text + "```\n"
}

fn page(title: &str, rows: &[Transition]) -> String {
    let causes = grouped(rows.iter().map(|row| (row.on, ())));
    let mut legend = String::from("| in the graph | means |\n|---|---|\n");
    for (on, _) in causes {
        writeln!(legend, "| {on:?} | {} |", on.text()).unwrap();
    }
    format!("# {title}\n\n{}\n{}\n{legend}", table(rows), graph(rows))
}

#[test]
fn the_tables_are_as_the_snapshots_show_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let pages = [
        ("registration.md", page("Registration (SPEC R1)", REGISTRATION)),
        ("authorization.md", page("Authorization (SPEC A1)", AUTHORIZATION)),
        ("enforcement.md", page("Enforcement (SPEC E1)", ENFORCEMENT)),
        ("reservation.md", page("Reservation: registration (SPEC S1)", RESERVATION[0])),
        ("reserved-authorization.md", page("Reservation: authorization (SPEC A1)", RESERVATION[1])),
        ("reserved-enforcement.md", page("Reservation: enforcement (SPEC X11)", RESERVATION[2])),
    ];
    for (name, page) in pages {
        let path = folder.join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, page).unwrap();
            continue;
        }
        let shown = fs::read_to_string(&path).unwrap_or_default();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (shown, declared) = (lines(&shown), lines(&page));
        let gone = shown.iter().filter(|line| !declared.contains(line));
        let new = declared.iter().filter(|line| !shown.contains(line));
        let difference: Vec<String> = gone
            .map(|line| format!("- {line}"))
            .chain(new.map(|line| format!("+ {line}")))
            .collect();
        assert!(
            shown == declared,
            "{name} shows other tables than are declared; BLESS=1 writes it again\n{}",
            difference.join("\n")
        );
    }
}
