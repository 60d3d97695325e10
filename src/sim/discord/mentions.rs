//! Whose phone makes a sound. "Allowed Mentions Object" of the API reference.

use serde_json::{Value, json};

use super::error::Form;
use crate::sim::cast;

/// Mentions everybody, if the author may.
const EVERYONE: &str = "everyone";
const KINDS: [&str; 3] = ["users", "roles", EVERYONE];

/// What a body leaves out: a bot's message mentions all that it names.
pub(super) fn of_a_message() -> Value {
    json!({ "parse": KINDS })
}

/// What the answer to an interaction leaves out: only users are mentioned.
pub(super) fn of_an_answer() -> Value {
    json!({ "parse": ["users"] })
}

pub(super) fn check(form: &mut Form, path: &str, allowed: &Value) {
    let parse = form.list(&format!("{path}.parse"), &allowed["parse"], KINDS.len());
    for (index, kind) in parse.iter().enumerate() {
        if !KINDS.iter().any(|known| kind == known) {
            let words = "Value must be one of ('everyone', 'users', 'roles').";
            form.fault(&format!("{path}.parse.{index}"), "BASE_TYPE_CHOICES", words);
        }
    }
    for kind in ["users", "roles"] {
        let ids = form.list(&format!("{path}.{kind}"), &allowed[kind], 100);
        for (index, id) in ids.iter().enumerate() {
            let path = format!("{path}.{kind}.{index}");
            form.snowflake(&path, id);
            if ids[..index].contains(id) {
                form.fault(&path, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value");
            }
        }
        if !ids.is_empty() && parse.iter().any(|parsed| parsed == kind) {
            let words = format!("parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive.");
            form.fault(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words);
        }
    }
}

/// Whom `content` mentions: ids of users and roles, and `everyone`. What stands in code mentions nobody. The role of
/// the cast is one that anybody may mention; `everyone` needs a permission.
pub(super) fn pinged(content: &str, allowed: &Value, may_everyone: bool) -> Vec<String> {
    let parses =
        |kind: &str| allowed["parse"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k == kind));
    let names = |kind: &str, id: &str| {
        parses(kind) || allowed[kind].as_array().is_some_and(|ids| ids.iter().any(|named| named == id))
    };
    let mut pinged: Vec<String> = Vec::new();
    for text in content.split('`').step_by(2) {
        for tag in text.split("<@").skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag)) {
            let (kind, id) = match tag.strip_prefix('&') {
                Some(role) => ("roles", role),
                None => ("users", tag.trim_start_matches('!')),
            };
            let known =
                id == cast::DISCORD_ROLE_ID || cast::DISCORD_USERS.iter().any(|(_, user)| *user == id);
            if known && names(kind, id) && !pinged.iter().any(|one| one == id) {
                pinged.push(id.to_owned());
            }
        }
        let shouts = text.contains("@everyone") || text.contains("@here");
        if shouts && may_everyone && parses(EVERYONE) && !pinged.iter().any(|one| one == EVERYONE) {
            pinged.push(EVERYONE.to_owned());
        }
    }
    pinged
}
