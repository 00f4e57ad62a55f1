//! The example of `appliance.toml` in the README.

use leasehold_shim::config::Config;
use leasehold_shim::settings::TransportKind;
use std::fs;
use std::path::Path;

const README: &str = include_str!("../README.md");

fn example() -> &'static str {
    README.split("```toml\n").nth(1).unwrap().split("```").next().unwrap()
}

fn load(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("appliance.toml");
    fs::write(&file, text).unwrap();
    Config::load(Path::new("/data"), Some(&file), None).map_err(|error| error.to_string())
}

#[test]
fn the_example_is_read() {
    let config = load(example()).unwrap();
    assert_eq!(config.serial_number, "CC-0001");
    assert_eq!(config.transport.kind, TransportKind::Proxy);
    assert!(config.transport.ca_file.unwrap().ends_with("tls.crt"));
}

#[test]
fn the_example_names_every_key() {
    for (table, name) in
        [("serial", "root"), ("[transport]", "kind"), ("[transport.proxy]", "port")]
    {
        let at = example().find(table).unwrap();
        let line = if table.starts_with('[') { example()[at..].find('\n').unwrap() + 1 } else { 0 };
        let (before, after) = example().split_at(at + line);
        // What the reader says to a key that it does not know lists those that it knows.
        let refusal = load(&format!("{before}toaster = 1\n{after}")).unwrap_err();
        let (_, known) = refusal.split_once("expected one of ").unwrap();
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        assert!(known.len() >= 4 && known.contains(&name), "{refusal}");
        for key in known {
            let says = |line: &str| {
                line.trim_start_matches("# ").starts_with(&format!("{key} = "))
                    || line.starts_with(&format!("[{key}]"))
                    || line.starts_with(&format!("[transport.{key}]"))
            };
            assert!(example().lines().any(says), "{table}{key} is not in the example");
        }
    }
}
