//! Who may name whom; pure modules stay pure.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module and the other modules of the crate that it may name.
const MAY_NAME: [(&str, &[&str]); 15] = [
    ("domain", &[]),
    ("audit", &["domain"]),
    ("store", &["domain", "audit"]),
    ("chat", &["domain", "outbound"]),
    ("cloud", &["domain", "outbound"]),
    ("config", &["domain"]),
    ("secrets", &["domain"]),
    ("outbound", &[]),
    ("telemetry", &[]),
    ("app", &["domain", "audit", "store", "chat"]),
    ("worker", &["domain", "audit", "store", "chat", "cloud"]),
    ("ingress", &["domain", "app", "chat", "secrets"]),
    ("entry", &["domain", "ingress", "app", "worker"]),
    ("sim", &["domain", "cloud::tc3"]),
    (
        "cli",
        &[
            "domain", "app", "worker", "audit", "chat", "config", "assemble", "entry", "outbound", "secrets",
            "store",
        ],
    ),
];

/// The rehearsal alone may name the simulator; main may too, and is not a module of the library.
const REHEARSAL: &str = "src/cli/rehearse";

const PURE: [&str; 11] = [
    "src/domain",
    "src/audit",
    "src/cloud/tc3.rs",
    "src/cloud/wire.rs",
    "src/cloud/errors.rs",
    "src/store/record.rs",
    "src/sim/fleet",
    "src/sim/slack",
    "src/chat/slack/verify.rs",
    "src/chat/slack/parse.rs",
    "src/chat/slack/render.rs",
];

const IMPURE: [&str; 12] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "tokio",
    "reqwest",
    "rusqlite",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "println!",
];

/// The Rust files at or below `path`.
fn rust(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().flat_map(|entry| rust(&entry.unwrap().path())).collect();
    }
    if path.extension().is_some_and(|end| end == "rs") { vec![path.to_owned()] } else { Vec::new() }
}

/// What comes before a file's own tests.
fn production(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

/// The crate's modules that a text names, with one level below.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let words = |rest: &str| {
        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect::<String>()
    };
    code.flat_map(|line| line.split("crate::").skip(1).map(words).collect::<Vec<_>>()).collect()
}

fn strays(module: &str, allowed: &[&str], text: &str) -> Vec<String> {
    let fits = |name: &String| {
        let within = |allowed: &&str| name == allowed || name.starts_with(&format!("{allowed}::"));
        within(&module) || allowed.iter().any(within)
    };
    named(production(text)).into_iter().filter(|name| !fits(name)).collect()
}

fn impurities(text: &str) -> Vec<&'static str> {
    let code: String = production(text).lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    IMPURE.into_iter().filter(|word| code.contains(word)).collect()
}

#[test]
fn imports_point_one_way() {
    for (module, allowed) in MAY_NAME {
        let folder = PathBuf::from(format!("src/{module}"));
        let path = if folder.exists() { folder } else { PathBuf::from(format!("src/{module}.rs")) };
        for file in rust(&path) {
            let mut allowed = allowed.to_vec();
            if file.starts_with(REHEARSAL) {
                allowed.push("sim");
            }
            let strays = strays(module, &allowed, &fs::read_to_string(&file).unwrap());
            assert!(strays.is_empty(), "{} may not name {strays:?}", file.display());
        }
    }
}

#[test]
fn pure_modules_do_no_io_and_read_no_clock() {
    for file in PURE.iter().flat_map(|path| rust(Path::new(path))) {
        let impure = impurities(&fs::read_to_string(&file).unwrap());
        assert!(impure.is_empty(), "{} names {impure:?}", file.display());
    }
}

#[test]
fn files_stay_small_and_ship_what_is_tested() {
    for file in rust(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let before = production(&text);
        assert!(before.lines().count() <= 400, "{} is too long", file.display());
        assert!(!before.contains("cfg(test)"), "{} behaves differently under test", file.display());
    }
}

#[test]
fn a_planted_violation_is_found() {
    assert_eq!(strays("domain", &[], "use crate::store::Store;"), ["store::Store"]);
    assert_eq!(
        strays("sim", &["cloud::tc3"], "use crate::cloud::client::Client;"),
        ["cloud::client::Client"]
    );
    assert!(strays("audit", &["domain"], "use crate::domain::id::RequestId;\n// crate::store").is_empty());
    assert_eq!(impurities("let now = Timestamp::now();"), ["Timestamp::now"]);
}
