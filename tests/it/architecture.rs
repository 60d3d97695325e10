//! Who may name whom; pure modules stay pure. The rules are functions over text, so that they can be seen to bite.

use std::collections::BTreeMap;
use std::path::Path;

/// A module and the ones it may name. `cli/rehearse` alone may name the simulator.
const MAY_NAME: [(&str, &str); 18] = [
    ("domain", ""),
    ("audit", "domain"),
    ("store", "audit aws domain"),
    ("chat", "domain outbound"),
    ("cloud", "domain outbound"),
    ("outbound", ""),
    ("aws", ""),
    ("secrets", "aws domain"),
    ("config", "domain"),
    ("telemetry", ""),
    ("app", "audit chat cloud domain secrets store"),
    ("worker", "audit chat cloud domain secrets store"),
    ("ingress", "app chat domain secrets"),
    ("entry", "app domain ingress worker"),
    ("assemble", "app audit aws chat cloud config domain ingress outbound secrets store worker"),
    ("cli", "app assemble audit chat cloud config domain secrets store worker"),
    ("cli/rehearse", "app assemble audit chat cli config domain entry outbound secrets sim store worker"),
    ("sim", "cloud domain"),
];

/// What the simulator may know of the client it is called by.
const SIM_MAY_NAME: [&str; 3] = ["cloud::tc3", "cloud::v1", "cloud::wire"];

/// Files that do no I/O and read no clock, by the beginning of their path.
const PURE: [&str; 19] = [
    "domain/",
    "audit/",
    "cloud/tc3",
    "cloud/v1",
    "cloud/wire",
    "cloud/errors",
    "store/record",
    "sim/fleet",
    "sim/slack/",
    "sim/discord/",
    "chat/fit",
    "chat/headers",
    "chat/discord/verify",
    "chat/discord/parse",
    "chat/discord/render",
    "chat/slack/verify",
    "chat/slack/parse",
    "chat/slack/render",
    "chat/slack/manifest",
];

/// What a pure file does not contain.
const IMPURE: [&str; 14] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "tokio",
    "reqwest",
    "rusqlite",
    "tracing",
    "Instant",
    "SystemTime",
    "Timestamp::now",
    "println!",
    "getrandom",
];

const LINES_MAX: usize = 400;

/// Paths from `src/`, and their text.
fn sources() -> BTreeMap<String, String> {
    fn collect(folder: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    collect(&root, &root, &mut found);
    found
}

/// The text before its tests.
fn production(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

/// The lines without their comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter_map(|line| line.split(" // ").next())
}

/// The module a file belongs to, as the table names it.
fn module(file: &str) -> &str {
    if file.starts_with("cli/rehearse") {
        return "cli/rehearse";
    }
    file.split(['/', '.']).next().unwrap()
}

/// What the code names of this crate: `cloud::wire::Envelope`. An import of several modules at once cannot be read
/// by this, and is named as `{`.
fn named(text: &str) -> impl Iterator<Item = &str> {
    code(text).flat_map(|line| line.split("crate::").skip(1)).map(|after| {
        let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '{'));
        &after[..end.unwrap_or(after.len())]
    })
}

/// How many steps `super::super::` goes up at most.
fn climbs(text: &str) -> usize {
    let steps = |line: &str| (1..5).take_while(|n| line.contains(&"super::".repeat(*n))).count();
    code(text).map(steps).max().unwrap_or_default()
}

/// What is wrong with one file.
fn faults(file: &str, text: &str) -> Vec<String> {
    let text = production(text);
    let mut faults = Vec::new();
    let own = module(file);
    let allowed = MAY_NAME.iter().find(|(name, _)| *name == own).map(|(_, allowed)| *allowed);
    match allowed {
        Some(allowed) => {
            let top = own.split('/').next().unwrap();
            for path in named(text) {
                let other = path.split([':', '{']).next().unwrap();
                let known = other == top || allowed.split(' ').any(|name| name == other);
                let bent =
                    own == "sim" && other == "cloud" && !SIM_MAY_NAME.iter().any(|may| path.starts_with(may));
                if !known || bent {
                    faults.push(format!("{file} may not name crate::{path}"));
                }
            }
            let depth = file.trim_end_matches("/mod.rs").split('/').count();
            if climbs(text) >= depth {
                faults.push(format!("{file} leaves its module by super::"));
            }
        }
        None if ["lib.rs", "main.rs"].contains(&file) => {}
        None => faults.push(format!("{file} is in no row of the table")),
    }
    if PURE.iter().any(|pure| file.starts_with(pure)) {
        for word in IMPURE.iter().filter(|word| code(text).any(|line| line.contains(**word))) {
            faults.push(format!("{file} is pure and may not contain {word}"));
        }
    }
    if text.lines().count() > LINES_MAX {
        faults.push(format!("{file} is longer than {LINES_MAX} lines"));
    }
    faults
}

/// Test code has its own module, at the end: what ships is what is tested.
fn hidden_tests(file: &str, text: &str) -> Vec<String> {
    let modules = text.matches("#[cfg(test)]\nmod tests").count();
    let ships_what_is_tested =
        modules <= 1 && text.matches("cfg(test)").count() == modules && !text.contains("cfg!(");
    if ships_what_is_tested { Vec::new() } else { vec![format!("{file} behaves differently under test")] }
}

#[test]
fn every_file_keeps_to_the_table() {
    let sources = sources();
    assert!(sources.len() > 40 && sources.contains_key("domain/mod.rs"), "the sources were not found");
    let faults: Vec<String> = sources
        .iter()
        .flat_map(|(file, text)| [faults(file, text), hidden_tests(file, text)].concat())
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn only_the_command_line_knows_the_simulator() {
    let main = &sources()["main.rs"];
    assert!(main.contains("cleanslate::sim::"));
    for (module, allowed) in MAY_NAME {
        assert_eq!(allowed.contains("sim"), module == "cli/rehearse", "{module}");
    }
}

#[test]
fn the_rules_bite() {
    let planted = [
        ("domain/ask.rs", "use crate::store::Row;"),
        ("domain/ask.rs", "let now = Timestamp::now();"),
        ("audit/mod.rs", "use super::store::Row;"),
        ("app/click.rs", "let x = super::super::sim::Sim;"),
        ("worker/mod.rs", "use crate::sim::Sim;"),
        ("cli/check.rs", "use crate::sim::cast;"),
        ("sim/cvm.rs", "use crate::cloud::client::Client;"),
        ("sim/cvm.rs", "use crate::{app, cloud};"),
        ("secrets.rs", "use crate::config::Config;"),
        ("chat/slack/verify.rs", "use std::env;"),
        ("helpers.rs", ""),
    ];
    let mut found: Vec<String> = planted.iter().flat_map(|(file, text)| faults(file, text)).collect();
    found.extend(faults("worker/card.rs", &"let x = 1;\n".repeat(401)));
    found.extend(hidden_tests("worker/card.rs", "if cfg!(test) { return; }"));
    found.extend(hidden_tests("worker/card.rs", "#[cfg(test)]\nfn clock() {}"));
    assert_eq!(found.len(), planted.len() + 3, "{found:#?}");
    insta::assert_snapshot!(found.join("\n"), @"
    domain/ask.rs may not name crate::store::Row
    domain/ask.rs is pure and may not contain Timestamp::now
    audit/mod.rs leaves its module by super::
    app/click.rs leaves its module by super::
    worker/mod.rs may not name crate::sim::Sim
    cli/check.rs may not name crate::sim::cast
    sim/cvm.rs may not name crate::cloud::client::Client
    sim/cvm.rs may not name crate::{app
    secrets.rs may not name crate::config::Config
    chat/slack/verify.rs is pure and may not contain std::env
    helpers.rs is in no row of the table
    worker/card.rs is longer than 400 lines
    worker/card.rs behaves differently under test
    worker/card.rs behaves differently under test
    ");
    let allowed = [
        ("sim/cvm.rs", "use crate::cloud::wire::Envelope;"),
        ("app/click.rs", "use super::App; // crate::sim"),
        ("domain/ask.rs", "#[cfg(test)]\nmod tests { use crate::store::Row; }"),
        ("cli/rehearse/mod.rs", "use crate::sim::Sim;"),
    ];
    for (file, text) in allowed {
        assert_eq!(faults(file, text).len() + hidden_tests(file, text).len(), 0, "{file}: {text}");
    }
}
