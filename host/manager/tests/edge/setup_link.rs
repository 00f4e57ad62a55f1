//! The one-time link by which the first administrator is made.

use crate::harness::{Manager, Reply, config};
use leasehold_manager::http::API;
use leasehold_manager::serve::Server;

const PASSWORD: &str = "correct horse";

/// `(path, code)` of the link.
fn link(server: &Server) -> (String, String) {
    let link = server.setup_link().unwrap();
    let (base, code) = link.split_once("?code=").unwrap();
    let path = base.split_once("://").unwrap().1.split_once('/').unwrap().1;
    (format!("/{path}"), code.to_owned())
}

fn submit(manager: &Manager, code: &str, name: &str, password: &str) -> Reply {
    let form = format!("code={code}&name={name}&password={}", password.replace(' ', "+"));
    let kind = "application/x-www-form-urlencoded";
    manager.send("POST", "/setup", None, Some((kind, form.as_bytes())))
}

#[test]
fn it_makes_one_administrator_and_then_never_works_again() {
    let manager = Manager::start();
    let (path, code) = link(&manager.server);
    let form = manager.send("GET", &format!("{path}?code={code}"), None, None);
    assert_eq!(form.status, 200);
    assert!(form.text().contains(&format!("value=\"{code}\"")), "{}", form.text());
    assert!(form.header("content-security-policy").contains("default-src 'none'"));

    let short = submit(&manager, &code, "alice", "too short");
    assert_eq!(short.status, 422);
    assert!(short.text().contains("at least 12 characters"), "{}", short.text());

    assert_eq!(submit(&manager, &code, "alice", PASSWORD).status, 201);
    let again = submit(&manager, &code, "mallory", PASSWORD);
    assert_eq!(again.status, 403);
    assert!(again.text().contains("used already"), "{}", again.text());
    assert_eq!(manager.send("GET", &format!("{path}?code={code}"), None, None).status, 403);

    // "alice:correct horse" in base 64, by `base64`.
    let alice = "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==";
    let users = manager.send("GET", &format!("{API}/users"), Some(alice), None).json();
    assert_eq!(users["items"].as_array().unwrap().len(), 1);
    assert_eq!(users["items"][0]["role"], "administrator");
}

#[test]
fn a_wrong_code_opens_nothing() {
    let manager = Manager::start();
    let (path, code) = link(&manager.server);
    let other = if code.starts_with('0') { "1" } else { "0" };
    for wrong in [String::new(), "x".into(), code[1..].to_owned(), other.to_owned() + &code[1..]] {
        let shown = manager.send("GET", &format!("{path}?code={wrong}"), None, None);
        assert_eq!(shown.status, 403, "{wrong:?}");
        assert_eq!(submit(&manager, &wrong, "mallory", PASSWORD).status, 403, "{wrong:?}");
    }
    assert_eq!(manager.vendor("GET", "/users", None)["items"], serde_json::json!([]));
}

#[test]
fn a_new_start_replaces_an_unused_link_and_makes_none_once_there_are_users() {
    let manager = Manager::start();
    let (_, first) = link(&manager.server);
    let Manager { dir, server, .. } = manager;
    server.stop();
    let manager = Manager::on(dir);
    let (_, second) = link(&manager.server);
    assert_ne!(first, second);
    assert_eq!(submit(&manager, &first, "alice", PASSWORD).status, 403);
    assert_eq!(submit(&manager, &second, "alice", PASSWORD).status, 201);
    let Manager { dir, server, .. } = manager;
    server.stop();
    let server = Server::start(&config(dir.path())).unwrap();
    assert_eq!(server.setup_link(), None);
}
