//! What is deployed beside the program follows from the program.

use std::path::{Path, PathBuf};

use cleanslate::cloud::wire::action::{ACTIONS, Action, RESET_INSTANCE};
use serde::Serialize;
use serde_json::{Value, json};

/// Set to anything, the files are written anew.
const RENEW: &str = "CLEANSLATE_TEST_RENEW";
/// Stands for the account's uin, to be replaced by whoever uses a file.
const ACCOUNT: &str = "uin/100000000001";

/// A policy of CAM, in the order in which its pages write one.
#[derive(Serialize)]
struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
struct Statement {
    effect: &'static str,
    action: Vec<String>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

fn allow(actions: &[Action], resource: Vec<String>) -> Statement {
    let action = actions.iter().map(|action| action.permission()).collect();
    Statement { effect: "allow", action, resource, condition: None }
}

/// What is reset, in a region; without one, in all.
fn of_reset(region: &str, resources: &[&str]) -> Vec<String> {
    resources.iter().map(|resource| format!("qcs::cvm:{region}:{ACCOUNT}:{resource}")).collect()
}

/// Calls that change nothing cannot be allowed for some resources alone.
fn reads() -> Statement {
    let reads: Vec<Action> = ACTIONS.into_iter().filter(|action| *action != RESET_INSTANCE).collect();
    allow(&reads, vec!["*".to_owned()])
}

/// A reset is allowed only where all that it touches is.
fn by_id() -> Policy {
    let touched = [
        "instance/ins-aaaaaaaa",
        "instance/ins-bbbbbbbb",
        "image/*",
        "keypair/skey-cccccccc",
        "systemdisk/*",
    ];
    let reset = allow(&[RESET_INSTANCE], of_reset("ap-guangzhou", &touched));
    Policy { version: "2.0", statement: vec![reset, reads()] }
}

/// Instances by the tag of the example of `[targets]`; what else a reset touches has no such tag.
fn by_tag() -> Policy {
    let tag = json!({ "for_any_value:string_equal": { "qcs:resource_tag": ["cleanslate&allowed"] } });
    let tagged = allow(&[RESET_INSTANCE], of_reset("", &["instance/*"]));
    let tagged = Statement { condition: Some(tag), ..tagged };
    let others = allow(&[RESET_INSTANCE], of_reset("", &["image/*", "keypair/*", "systemdisk/*"]));
    Policy { version: "2.0", statement: vec![tagged, others, reads()] }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "renewing the files is asked for in the environment")]
fn the_policies_allow_what_the_program_calls_and_nothing_else() {
    let read_only = Policy { version: "2.0", statement: vec![reads()] };
    for (file, policy) in [("by-id", by_id()), ("by-tag", by_tag()), ("read-only", read_only)] {
        let path = root().join("infra/cam").join(file).with_extension("json");
        let text = serde_json::to_string_pretty(&policy).unwrap() + "\n";
        if std::env::var_os(RENEW).is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).is_ok_and(|there| there == text),
            "{} is not what the program calls: renew it with {RENEW}=1 cargo test --test it infra",
            path.display()
        );
    }
}

#[test]
fn no_reset_comes_about_without_two_actions() {
    let required: Vec<&str> = ACTIONS.iter().filter(|one| one.required).map(|one| one.name).collect();
    assert_eq!(required, ["DescribeInstances", "ResetInstance"]);
}

/// The sources in a folder of `src`.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// Whether a text that ships names an action of the API.
fn names_an_action(text: &str) -> bool {
    let ships = text.split("#[cfg(test)]").next().unwrap_or_default();
    ["\"Describe", "\"Inquiry", "\"Get", "\"ResetInstance"].iter().any(|name| ships.contains(name))
}

#[test]
fn only_the_list_names_an_action() {
    let naming = |folder| {
        let naming = sources(folder).into_iter().filter(|(_, text)| names_an_action(text));
        naming.map(|(path, _)| path.strip_prefix(root()).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(naming("cloud"), [Path::new("src/cloud/wire/action.rs")]);
    assert!(naming("sim").contains(&"src/sim/actions.rs".into()), "the rule bites");
}
