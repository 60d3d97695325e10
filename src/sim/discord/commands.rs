//! The registration of slash commands. "Application Commands" of the API reference.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::{Form, Refused, refused};
use super::{DiscordWorld, Outcome};
use crate::sim::cast;

const SUBCOMMAND: u64 = 1;
const GROUP: u64 = 2;
/// Characters of all names, descriptions and choices of one command.
const SIZE: usize = 8000;

impl DiscordWorld {
    /// Lists or replaces the commands of a guild, or the global ones.
    pub(super) fn use_commands(
        &mut self,
        method: &Method,
        (application, guild): (&str, Option<&str>),
        body: &Value,
        now: Timestamp,
    ) -> Outcome {
        if application != cast::DISCORD_APPLICATION_ID {
            return Err(refused(10002));
        }
        if guild.is_some_and(|guild| guild != cast::DISCORD_GUILD_ID) {
            return Err(refused(50001));
        }
        let scope = guild.unwrap_or_default();
        match method.as_str() {
            "GET" => Ok(self.commands.get(scope).cloned().unwrap_or_default().into()),
            "PUT" => {
                check(body)?;
                let new = body.as_array().into_iter().flatten();
                let commands: Vec<Value> = new.map(|command| self.registered(scope, command, now)).collect();
                self.commands.insert(scope.to_owned(), commands.clone());
                Ok(commands.into())
            }
            _ => Err(Refused::plain(StatusCode::METHOD_NOT_ALLOWED)),
        }
    }

    /// A command as Discord answers it; one of the same name keeps its id.
    fn registered(&mut self, scope: &str, command: &Value, now: Timestamp) -> Value {
        let mut old = self.commands.get(scope).into_iter().flatten();
        let id = old.find(|old| old["name"] == command["name"]).map(|old| old["id"].clone());
        let version = self.snowflake(now);
        let mut shown = json!({
            "id": id.unwrap_or_else(|| version.clone().into()), "application_id": cast::DISCORD_APPLICATION_ID,
            "version": version, "type": 1, "name": "", "description": "", "default_member_permissions": null,
            "nsfw": false, "contexts": null, "integration_types": [0],
        });
        if !scope.is_empty() {
            shown["guild_id"] = scope.into();
        }
        for name in
            ["name", "description", "options", "default_member_permissions", "contexts", "integration_types"]
        {
            if let Some(value) = command.get(name) {
                shown[name] = value.clone();
            }
        }
        shown
    }
}

fn check(commands: &Value) -> Result<(), Refused> {
    let mut form = Form::default();
    let mut names = BTreeSet::new();
    let listed = form.list("", commands, 100);
    if commands.is_null() {
        form.missing("");
    }
    for (index, command) in listed.iter().enumerate() {
        let path = index.to_string();
        described(&mut form, &path, command, "APPLICATION_COMMAND_INVALID_NAME");
        if !names.insert(command["name"].as_str()) {
            let words = "Application command names must be unique";
            form.fault(&path, "APPLICATION_COMMANDS_DUPLICATE_NAME", words);
        }
        form.number(&format!("{path}.type"), &command["type"], 1..=1);
        let permissions = &command["default_member_permissions"];
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !permissions.is_null() && !permissions.as_str().is_some_and(digits) {
            let words = format!("Value {permissions} is not a permission bitset.");
            form.fault(&format!("{path}.default_member_permissions"), "NUMBER_TYPE_COERCE", words);
        }
        for (name, max) in [("contexts", 2), ("integration_types", 1)] {
            for (index, value) in form.list(&format!("{path}.{name}"), &command[name], 3).iter().enumerate() {
                form.number(&format!("{path}.{name}.{index}"), value, 0..=max);
            }
        }
        options(&mut form, &path, &command["options"], true);
        if size(command) > SIZE {
            let words = format!("Command exceeds maximum size ({SIZE})");
            form.fault(&path, "APPLICATION_COMMAND_TOO_LARGE", words);
        }
    }
    form.done()
}

/// Name and description of a command or an option.
fn described(form: &mut Form, path: &str, one: &Value, bad_name: &'static str) {
    let (name, at) = (&one["name"], format!("{path}.name"));
    form.required_text(&at, name, 1..=32);
    let fits = |letter: char| {
        letter == '-' || letter == '_' || letter == '\'' || letter.is_alphanumeric() && !letter.is_uppercase()
    };
    if !name.as_str().unwrap_or_default().chars().all(fits) {
        form.fault(&at, bad_name, "Command name is invalid");
    }
    form.required_text(&format!("{path}.description"), &one["description"], 1..=100);
}

fn options(form: &mut Form, path: &str, options: &Value, top: bool) {
    let path = format!("{path}.options");
    let listed = form.list(&path, options, 25);
    let is_sub = |option: &Value| matches!(option["type"].as_u64(), Some(SUBCOMMAND | GROUP));
    let subs = listed.iter().filter(|option| is_sub(option)).count();
    if subs > 0 && (subs < listed.len() || !top) {
        let words =
            "Sub-command and sub-command group option types are mutually exclusive to all other types";
        form.fault(&path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", words);
    }
    let mut names = BTreeSet::new();
    let mut optional = false;
    for (index, option) in listed.iter().enumerate() {
        let path = format!("{path}.{index}");
        described(form, &path, option, "APPLICATION_COMMAND_INVALID_NAME");
        if !names.insert(option["name"].as_str()) {
            form.fault(
                &path,
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                "Option name already exists",
            );
        }
        let required = option["required"] == true;
        if required && optional {
            let words = "Required options must be placed before non-required options";
            form.fault(&path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words);
        }
        optional |= !required && !is_sub(option);
        one(form, &path, option);
        if is_sub(option) {
            self::options(form, &path, &option["options"], false);
        }
    }
}

/// Type, lengths and choices of one option.
fn one(form: &mut Form, path: &str, option: &Value) {
    if option["type"].is_null() {
        form.missing(&format!("{path}.type"));
    }
    form.number(&format!("{path}.type"), &option["type"], 1..=11);
    form.number(&format!("{path}.min_length"), &option["min_length"], 0..=6000);
    form.number(&format!("{path}.max_length"), &option["max_length"], 1..=6000);
    let path = format!("{path}.choices");
    for (index, choice) in form.list(&path, &option["choices"], 25).iter().enumerate() {
        form.required_text(&format!("{path}.{index}.name"), &choice["name"], 1..=100);
        if !choice["value"].is_number() {
            form.required_text(&format!("{path}.{index}.value"), &choice["value"], 1..=100);
        }
    }
}

fn size(command: &Value) -> usize {
    let own = ["name", "description", "value"];
    let own = own.iter().filter_map(|name| command[*name].as_str()).map(|text| text.chars().count());
    let inner = ["options", "choices"];
    let inner = inner.iter().flat_map(|name| command[*name].as_array().into_iter().flatten()).map(size);
    own.chain(inner).sum()
}
