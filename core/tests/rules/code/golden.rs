//! The text of version 1 of each code.

use super::*;

/// These codes are on paper: a change of them needs a new version, never a new golden file. With
/// `WRITE_GOLDEN` set, files that do not exist yet are written.
#[test]
fn version_1_codes_are_pinned_character_for_character() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let names = [
        "request",
        "authorization",
        "authorization-certified",
        "confirmation",
        "return",
        "return-update",
    ];
    for (name, (kind, text)) in names.into_iter().zip(codes()) {
        let path = format!("{folder}/code-{name}-v1.txt");
        let line = format!("{text}\n");
        if std::env::var_os("WRITE_GOLDEN").is_some() && !std::fs::exists(&path).unwrap() {
            std::fs::write(&path, &line).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap();
        assert_eq!(golden, line, "{name}");
        assert_eq!(read(kind, &golden), Ok(()), "{name}");
    }
}
