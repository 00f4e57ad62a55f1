use super::*;
use crate::settings::TransportKind;

const ROOT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("/data"), Path::new("/etc/lh/appliance.toml"), text, None)
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn a_whole_file_is_read() {
    let text = format!(
        "product = \"contact-center\"\nserial_number = \"CC-1\"\nroot = \"{ROOT}\"\n\
         uuid = \"00112233-4455-6677-8899-aabbccddeeff\"\nhost_name = \"cc01\"\n\
         host_name_private = true\ntoken_file = \"token\"\n\
         [transport]\nkind = \"on-prem\"\nurl = \"https://m.example\"\nca_file = \"ca.pem\"\n"
    );
    let config = parse(&text).unwrap();
    assert_eq!(config.udi().product_id, "LH-CC");
    assert_eq!(config.product.root.bytes[..2], [0x01, 0x23]);
    assert_eq!(config.uuid.unwrap()[..3], [0x00, 0x11, 0x22]);
    assert_eq!((config.host_name.as_str(), config.host_name_private), ("cc01", true));
    assert_eq!(config.token_file.unwrap(), Path::new("/etc/lh/token"));
    assert_eq!(config.transport.kind, TransportKind::OnPrem);
    assert_eq!(config.transport.ca_file.unwrap(), Path::new("/etc/lh/ca.pem"));
    assert!(config.transport.url.unwrap().as_str().ends_with("DeviceRequestHandler"));
    assert_eq!(config.transport.timeout_seconds, 30);
}

#[test]
fn an_error_names_file_line_key_and_remedy() {
    let head = format!("serial_number = \"CC-1\"\nroot = \"{ROOT}\"\n");
    for (text, line, key) in [
        (format!("{head}pincode = 1\n"), 3, "pincode"),
        (format!("{head}[transport]\n\nurll = \"x\"\n"), 5, "urll"),
        (format!("{head}[transport]\nurl = \"http://m.example\"\n"), 4, "url"),
        (format!("{head}[transport]\npin = \"12\"\n"), 4, "pin"),
        (format!("{head}uuid = \"12\"\n"), 3, "uuid"),
        (format!("{head}product = \"toaster\"\n"), 3, "product"),
        (format!("{head}size_profile = \"rack\"\n"), 3, "size_profile"),
        (format!("{head}host_name_private = \"yes\"\n"), 3, "host_name_private"),
        (format!("{head}host_name = \"{}\"\n", "x".repeat(65)), 3, "host_name"),
        (format!("{head}product_id = \"a b\"\n"), 3, "product_id"),
        (format!("root = \"{ROOT}\"\nserial_number = \"\"\n"), 2, "serial_number"),
        ("serial_number = \"CC-1\"\nroot = \"12\"\n".into(), 2, "root"),
        // Of small order, and no point of the curve.
        (format!("serial_number = \"CC-1\"\nroot = \"{}\"\n", "0".repeat(64)), 2, "root"),
        (format!("serial_number = \"CC-1\"\nroot = \"{}\"\n", "4".repeat(64)), 2, "root"),
    ] {
        let refusal = refusal(&text);
        let place = format!("/etc/lh/appliance.toml, line {line}, key {key}: ");
        assert!(refusal.starts_with(&place), "{refusal}");
        assert!(refusal.ends_with("Correct that line and start again."), "{refusal}");
    }
    let trust = format!("{head}[transport]\npin = \"{ROOT}\"\nca_file = \"a\"\n");
    assert!(refusal(&trust).contains("line 3: Both ca_file and pin"), "{}", refusal(&trust));
    assert!(refusal("serial_number = \"CC-1\"\n").contains("`root`"));
    assert!(refusal("serial_number = \"CC-1\n").contains("line 1"));
    let toaster = refusal(&format!("{head}product = \"toaster\"\n"));
    assert!(toaster.contains("contact-center, industrial-gateway"), "{toaster}");
    let size = refusal(&format!("{head}size_profile = \"rack\"\n"));
    assert!(size.contains("100-agents, 300-agents, 400-agents"), "{size}");
}

#[test]
fn product_and_size_are_chosen_by_name() {
    let head = format!("serial_number = \"1\"\nroot = \"{ROOT}\"\n");
    let read = |text: &str| {
        let config = parse(&format!("{head}{text}")).unwrap();
        let size = config.size_profile.map(|profile| profile.name);
        (config.product.name, config.product_id, size)
    };
    assert_eq!(read(""), ("contact-center", "LH-CC".into(), None));
    let sized = read("size_profile = \"300-agents\"\n");
    assert_eq!(sized, ("contact-center", "LH-CC".into(), Some("300-agents")));
    let gateway = read("product = \"industrial-gateway\"\nsize_profile = \"rack\"\n");
    assert_eq!(gateway, ("industrial-gateway", "LH-IG".into(), Some("rack")));
}

#[test]
fn an_absent_file_says_what_to_write() {
    let dir = tempfile::tempdir().unwrap();
    let absent = Config::load(dir.path(), None, None).unwrap_err().to_string();
    assert!(absent.contains("appliance.toml") && absent.contains("--config"), "{absent}");
    let unreadable = Config::load(dir.path(), Some(dir.path()), None).unwrap_err();
    assert!(unreadable.to_string().contains("cannot be read"), "{unreadable}");
}

#[test]
fn no_debug_output_holds_a_token() {
    let root = PublicKey { algorithm: Algorithm::Ed25519, bytes: [0; 32] };
    let mut config = Config::contact_center(Path::new("/data"), "CC-1", root).unwrap();
    config.token = Some(Secret::new("LHTSECRET"));
    assert!(!format!("{config:?}").contains("LHTSECRET"));
}
