//! The file as it is written. Every leaf is optional here, so that what is missing is said in our own words.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Wrong;
use super::nearest::nearest;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConfig {
    pub(super) server: RawServer,
    pub(super) store: RawStore,
    pub(super) secrets: RawSecrets,
    pub(super) audit: RawAudit,
    pub(super) slack: Option<RawSlack>,
    pub(super) discord: Option<RawDiscord>,
    pub(super) cloud: RawCloud,
    pub(super) approval: RawApproval,
    pub(super) targets: RawTargets,
    pub(super) limits: RawLimits,
    pub(super) login: RawLogin,
    pub(super) userdata: BTreeMap<String, String>,
    pub(super) people: Vec<RawPerson>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    pub(super) listen: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) sweep: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    pub(super) kind: Option<String>,
    pub(super) path: Option<String>,
    pub(super) table: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSecrets {
    pub(super) kind: Option<String>,
    pub(super) path: Option<String>,
    pub(super) verify: Option<String>,
    pub(super) bot: Option<String>,
    pub(super) cloud: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAudit {
    pub(super) origin: Option<String>,
    pub(super) key: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSlack {
    pub(super) api_base: Option<String>,
    pub(super) app_id: Option<String>,
    pub(super) team_ids: Option<Vec<String>>,
    pub(super) channels: Option<Vec<String>>,
    pub(super) command: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDiscord {
    pub(super) api_base: Option<String>,
    pub(super) application_id: Option<String>,
    pub(super) public_key: Option<String>,
    pub(super) guild_ids: Option<Vec<String>>,
    pub(super) channels: Option<Vec<String>>,
    pub(super) command: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCloud {
    pub(super) name: Option<String>,
    pub(super) api: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) language: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) regions: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApproval {
    pub(super) approvers: Option<Vec<String>>,
    pub(super) requesters: Option<Vec<String>>,
    pub(super) quorum: Option<i64>,
    pub(super) self_approval: Option<bool>,
    pub(super) expires: Option<String>,
    pub(super) grace: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTargets {
    pub(super) allow: Option<Vec<String>>,
    pub(super) confirm: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) open_per_channel: Option<i64>,
    pub(super) asks_per_minute: Option<i64>,
    pub(super) max_disk: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLogin {
    pub(super) default: Option<String>,
    pub(super) vault_prefix: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPerson {
    pub(super) name: Option<String>,
    pub(super) slack: Option<String>,
    pub(super) discord: Option<String>,
}

impl RawConfig {
    /// Reads the text; what it means is judged by [`RawConfig::check`].
    ///
    /// # Errors
    /// When it is not TOML, a key is unknown, or a value is of another type. Names the line and the key.
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        toml::from_str(text).map_err(|why| {
            let place = Place::of(text, why.span().map_or(0, |span| span.start));
            misread(&place, why.message())
        })
    }
}

/// Where a parser stopped.
struct Place {
    line: usize,
    section: String,
    key: String,
}

impl Place {
    fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count();
        let header = |line: &&str| line.trim_start().starts_with('[');
        let section = text.lines().take(line + 1).filter(header).last().unwrap_or_default();
        let section = section.split('#').next().unwrap_or_default().trim().trim_matches(['[', ']']);
        let at = text.lines().nth(line).unwrap_or_default();
        let key = at.split_once('=').map_or("", |(key, _)| key.trim());
        Self { line: line + 1, section: section.to_owned(), key: key.to_owned() }
    }

    fn name(&self, key: &str) -> String {
        match (self.section.as_str(), key) {
            ("", "") => format!("line {}", self.line),
            ("", key) => format!("{key} (line {})", self.line),
            (section, "") => format!("[{section}] (line {})", self.line),
            (section, key) => format!("{section}.{key} (line {})", self.line),
        }
    }
}

/// The parser's message in our words. Its forms are those of serde: unknown field, duplicate key, invalid type.
fn misread(place: &Place, message: &str) -> Wrong {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let (true, [key, known @ ..]) = (message.starts_with("unknown field"), quoted.as_slice()) {
        let section = place.section == *key || place.section.starts_with(&format!("{key}."));
        let name = if section { format!("[{key}] (line {})", place.line) } else { place.name(key) };
        let write = match nearest(key, known) {
            Some(known_key) => format!("the nearest key is `{known_key}`"),
            None => "remove it".to_owned(),
        };
        return Wrong::new(name, "there is no such key", write);
    }
    if let Some((found, expected)) =
        message.strip_prefix("invalid type: ").and_then(|m| m.split_once(", expected "))
    {
        let write = match expected {
            "i64" => "write a whole number without quotes",
            "a boolean" => "write true or false without quotes",
            "a string" => "write text in quotes",
            "a sequence" => "write a list: [\"…\", \"…\"]",
            _ => "write a section: [name], then its keys",
        };
        return Wrong::new(place.name(&place.key), format!("{found} does not belong here"), write);
    }
    let first = message.lines().next().unwrap_or_default();
    Wrong::new(place.name(&place.key), format!("this is not TOML: {first}"), "see https://toml.io")
}
