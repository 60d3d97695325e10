//! The two commands as Discord keeps them, and the calls that bring them there. Discord cannot mix options and
//! subcommands in one command, hence two.
//!
//! Source: "Application Commands", docs.discord.com.

use reqwest::Method;
use serde_json::Value;
use serenity::all::{CommandOptionType, CommandType, InstallationContext, InteractionContext};
use serenity::builder::{CreateCommand, CreateCommandOption};

use super::client::Client;
use super::render;
use crate::chat::ChatError;
use crate::domain::ask::REASON_MAX;

/// Longest list of key pairs: nobody gives a machine more than a few.
const KEYS_MAX: u16 = 200;

/// Both commands, as `PUT …/commands` takes them; `name` is the first one's.
///
/// `default_member_permissions` is left out on purpose: it would hide the command from those who are on call. Who may
/// do what is checked when they do it.
pub fn commands(name: &str) -> Value {
    let reset =
        common(name, "Wipe a server and reinstall it, after an approval").set_options(reset_options());
    let others =
        common(format!("{name}s"), "What is open, and what to do about it").set_options(subcommands());
    render::json(&[reset, others])
}

/// For members of a server, in its channels: never in direct messages, never by an app that somebody carries along.
fn common(name: impl Into<String>, description: &str) -> CreateCommand {
    CreateCommand::new(name)
        .kind(CommandType::ChatInput)
        .description(description)
        .contexts(vec![InteractionContext::Guild])
        .integration_types(vec![InstallationContext::Guild])
}

fn reset_options() -> Vec<CreateCommandOption> {
    let choice = |name, description, choices: &[&str]| {
        choices
            .iter()
            .fold(text(name, description), |option, choice| option.add_string_choice(*choice, *choice))
    };
    let switch = |name, description| choice(name, description, &["on", "off"]);
    vec![
        text("instance", "Which machine: ins-r8hr2upy").required(true).min_length(12).max_length(12),
        text("image", "What to install: img-pmqg1cw7. Left out: the same system again")
            .min_length(12)
            .max_length(12),
        text("disk", "System disk size: 60GB. Left out: as it is; a disk cannot shrink").max_length(8),
        choice(
            "login",
            "How people log in afterwards. Left out: with the key it has today",
            &["keep", "image", "random", "vault"],
        ),
        text("keys", "Other key pairs: skey-8xk2p1qa, several with commas. Not together with login")
            .max_length(KEYS_MAX),
        text("hostname", "A new host name").min_length(2).max_length(60),
        switch("security", "Tencent Cloud's security agent"),
        switch("monitor", "Tencent Cloud's monitoring agent"),
        switch("automation", "Tencent Cloud's automation agent"),
        text("userdata", "The name of a text in the configuration, run at the first start").max_length(40),
        text("reason", "Why, for the people who decide and for the audit log").max_length(REASON),
    ]
}

#[expect(clippy::cast_possible_truncation, reason = "a reason has a few hundred characters at most")]
const REASON: u16 = REASON_MAX as u16;

fn subcommands() -> Vec<CreateCommandOption> {
    let sub = |name, description, options: Vec<CreateCommandOption>| {
        CreateCommandOption::new(CommandOptionType::SubCommand, name, description).set_sub_options(options)
    };
    let request = || text("request", "Its id, like k3v7q, or the machine's").max_length(32);
    vec![
        sub("status", "What is open in this channel, or how one request stands", vec![request()]),
        sub("cancel", "Withdraw a request; anyone in its channel may", vec![request().required(true)]),
        sub(
            "close",
            "Settle a request whose outcome the bot could not find out",
            vec![
                request().required(true),
                text("finding", "What you found on the machine").required(true).max_length(REASON),
            ],
        ),
        sub(
            "explain",
            "May I, who may approve, and why",
            vec![
                text("instance", "Which machine: ins-r8hr2upy").required(true).min_length(12).max_length(12),
            ],
        ),
        sub("help", "All that can be typed, and your ids", Vec::new()),
    ]
}

fn text(name: &str, description: &str) -> CreateCommandOption {
    CreateCommandOption::new(CommandOptionType::String, name, description)
}

/// Where an application's commands are: in every server, or in one, where a change is seen at once.
fn path<'a>(application: &'a str, guild: Option<&'a str>) -> Vec<&'a str> {
    match guild {
        Some(guild) => vec!["applications", application, "guilds", guild, "commands"],
        None => vec!["applications", application, "commands"],
    }
}

impl Client {
    /// The commands that Discord has now, of one server or of all.
    ///
    /// # Errors
    /// [`ChatError::NoAccess`] when the token is not this application's.
    pub async fn current(&self, application: &str, guild: Option<&str>) -> Result<Value, ChatError> {
        Ok(self.call(Method::GET, &path(application, guild), None).await?)
    }

    /// Replaces them all, and gives what Discord made of it.
    ///
    /// # Errors
    /// As [`Client::current`]; and when Discord does not take them.
    pub async fn put(
        &self,
        application: &str,
        guild: Option<&str>,
        wanted: &Value,
    ) -> Result<Value, ChatError> {
        Ok(self.call(Method::PUT, &path(application, guild), Some(wanted)).await?)
    }
}

/// What putting `wanted` would change, in words; empty when nothing.
pub fn changes(current: &Value, wanted: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for new in list(wanted) {
        match named(current, name(new)) {
            None => lines.push(format!("adds /{}", name(new))),
            Some(old) => {
                lines.extend(difference(old, new).map(|what| format!("changes /{}: {what}", name(new))));
            }
        }
    }
    let gone = list(current).iter().filter(|old| named(wanted, name(old)).is_none());
    lines.extend(gone.map(|old| format!("removes /{}", name(old))));
    lines
}

/// What of it differs: properties by their names, options as `option disk`.
fn difference(old: &Value, new: &Value) -> Option<String> {
    // What a command of one server does not have is not compared: Discord drops it there.
    let only_global = ["contexts", "integration_types"];
    let mut differs: Vec<String> = PROPERTIES
        .iter()
        .filter(|property| !(only_global.contains(property) && old[**property].is_null()))
        .filter(|property| meant(&old[**property]) != meant(&new[**property]))
        .map(|property| property.replace('_', " "))
        .collect();
    let options =
        |command: &Value| list(&command["options"]).iter().map(|option| name(option).to_owned()).collect();
    let (before, after): (Vec<String>, Vec<String>) = (options(old), options(new));
    differs
        .extend(after.iter().filter(|name| !before.contains(name)).map(|name| format!("new option {name}")));
    differs
        .extend(before.iter().filter(|name| !after.contains(name)).map(|name| format!("no option {name}")));
    for option in list(&new["options"]) {
        let inner = named(&old["options"], name(option)).and_then(|old| difference(old, option));
        differs.extend(inner.map(|what| format!("option {} ({what})", name(option))));
    }
    let kept = |these: &[String], those: &[String]| {
        these.iter().filter(|name| those.contains(name)).cloned().collect()
    };
    let (left, right): (Vec<String>, Vec<String>) = (kept(&before, &after), kept(&after, &before));
    if left != right {
        differs.push("order of the options".to_owned());
    }
    (!differs.is_empty()).then(|| differs.join(", "))
}

/// What makes a command or an option what it is, but its own options.
const PROPERTIES: [&str; 9] = [
    "type",
    "description",
    "required",
    "choices",
    "min_length",
    "max_length",
    "contexts",
    "integration_types",
    "default_member_permissions",
];

/// A value as it counts: Discord leaves out, or gives as null, what is empty or false, and adds what was not asked.
fn meant(value: &Value) -> Value {
    match value {
        Value::Bool(false) => Value::Null,
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => items.iter().map(|item| item.get("value").unwrap_or(item).clone()).collect(),
        other => other.clone(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn name(one: &Value) -> &str {
    one["name"].as_str().unwrap_or_default()
}

fn named<'a>(all: &'a Value, wanted: &str) -> Option<&'a Value> {
    list(all).iter().find(|one| name(one) == wanted)
}
