//! Secrets as they are written: two levels of names over strings, in TOML or JSON.

use std::collections::BTreeMap;

use anyhow::bail;
use secrecy::SecretString;

/// What belongs together: it is read together, by the same role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Verify,
    Bot,
    /// The cloud's key for reading, if there is one.
    Read,
    /// The cloud's key that may wipe.
    Wipe,
}

/// Every secret there is; in the environment `slack.bot_token` is `CLEANSLATE_SLACK_BOT_TOKEN`.
pub(super) const NAMES: [(Group, &str); 12] = [
    (Group::Verify, "slack.signing_secret"),
    (Group::Verify, "slack.signing_secret_previous"),
    (Group::Verify, "slack.signing_secret_previous_until"),
    (Group::Bot, "slack.bot_token"),
    (Group::Verify, "discord.public_key"),
    (Group::Bot, "discord.bot_token"),
    (Group::Wipe, "tencent.secret_id"),
    (Group::Wipe, "tencent.secret_key"),
    (Group::Wipe, "tencent.token"),
    (Group::Read, "tencent_read.secret_id"),
    (Group::Read, "tencent_read.secret_key"),
    (Group::Read, "tencent_read.token"),
];

pub(super) type Sheet = BTreeMap<&'static str, SecretString>;

impl Group {
    pub(super) const COUNT: usize = 4;

    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(group, _)| *group == self).map(|(_, name)| *name)
    }
}

/// A complaint names keys and lines, never a value: the parsers' own messages quote what they stumble over.
pub(super) fn toml(text: &str) -> anyhow::Result<Sheet> {
    let table: toml::Table = toml::from_str(text).map_err(|why: toml::de::Error| {
        let line =
            text.get(..why.span().map_or(0, |span| span.start)).unwrap_or_default().matches('\n').count();
        anyhow::anyhow!(
            "line {} is not TOML: write name = \"value\" under [slack], [discord] or [tencent]",
            line + 1
        )
    })?;
    flatten(table, &[Group::Verify, Group::Bot, Group::Read, Group::Wipe])
}

/// The same in JSON, for a secret that holds these groups alone: a role that may read one secret must not find
/// another's in it.
pub(super) fn json(text: &str, groups: &[Group]) -> anyhow::Result<Sheet> {
    let table: toml::Table = serde_json::from_str(text).map_err(|why| {
        anyhow::anyhow!(
            "line {} is not as expected: write JSON like {{\"slack\": {{\"signing_secret\": \"\u{2026}\"}}}}",
            why.line()
        )
    })?;
    flatten(table, groups)
}

/// A dotted name at the top counts too: so does the console of Secrets Manager write pairs.
fn flatten(table: toml::Table, groups: &[Group]) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new();
    for (section, keys) in table {
        let pairs = match keys {
            toml::Value::Table(keys) => {
                keys.into_iter().map(|(key, value)| (format!("{section}.{key}"), value)).collect()
            }
            value if section.contains('.') => vec![(section, value)],
            _ => bail!("{section} is not a section: write [slack], [discord] or [tencent] above the secrets"),
        };
        for (whole, value) in pairs {
            let own = NAMES.into_iter().filter(|(group, _)| groups.contains(group)).map(|(_, name)| name);
            let Some(name) = own.clone().find(|name| *name == whole) else {
                let known = own.collect::<Vec<_>>().join(", ");
                if NAMES.iter().any(|(_, name)| *name == whole) {
                    bail!("{whole} does not belong here, where others could read it; here belong {known}");
                }
                bail!("{whole} is no secret of this program; they are {known}");
            };
            let value = match value {
                toml::Value::String(value) => value,
                toml::Value::Datetime(at) => at.to_string(),
                _ => bail!("{whole} is not text: write it in quotes"),
            };
            sheet.insert(name, value.into());
        }
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_never_quotes_a_value() {
        let complaints = [
            "[slack]\nsigning_secret = canary",
            "[slack]\nsigning_secret = \"canary",
            "slack = \"canary\"",
            "[slack]\nbot_token = [\"canary\"]",
            "[slack]\nbot_tokn = \"canary\"",
            "[slack]\nbot_token = \"canary\"\nbot_token = \"canary\"",
        ]
        .map(|text| format!("{:#}\n", toml(text).unwrap_err()))
        .concat();
        let secret = |text: &str| format!("{:#}\n", json(text, &[Group::Verify]).unwrap_err());
        let managed = [
            "canary",
            "{\"slack\":\n{\"signing_secret\": canary}}",
            "[\"canary\"]",
            "{\"slack\": {\"signing_secret\": null}}",
            "{\"tencent\": {\"secret_key\": \"canary\"}}",
            "{\"slack.bot_token\": \"canary\"}",
        ]
        .map(secret)
        .concat();
        let complaints = complaints + &managed;
        assert!(!complaints.contains("canary"), "{complaints}");
        insta::assert_snapshot!(complaints, @r#"
        line 2 is not TOML: write name = "value" under [slack], [discord] or [tencent]
        line 2 is not TOML: write name = "value" under [slack], [discord] or [tencent]
        slack is not a section: write [slack], [discord] or [tencent] above the secrets
        slack.bot_token is not text: write it in quotes
        slack.bot_tokn is no secret of this program; they are slack.signing_secret, slack.signing_secret_previous, slack.signing_secret_previous_until, slack.bot_token, discord.public_key, discord.bot_token, tencent.secret_id, tencent.secret_key, tencent.token, tencent_read.secret_id, tencent_read.secret_key, tencent_read.token
        line 3 is not TOML: write name = "value" under [slack], [discord] or [tencent]
        line 1 is not as expected: write JSON like {"slack": {"signing_secret": "…"}}
        line 2 is not as expected: write JSON like {"slack": {"signing_secret": "…"}}
        line 1 is not as expected: write JSON like {"slack": {"signing_secret": "…"}}
        line 1 is not as expected: write JSON like {"slack": {"signing_secret": "…"}}
        tencent.secret_key does not belong here, where others could read it; here belong slack.signing_secret, slack.signing_secret_previous, slack.signing_secret_previous_until, discord.public_key
        slack.bot_token does not belong here, where others could read it; here belong slack.signing_secret, slack.signing_secret_previous, slack.signing_secret_previous_until, discord.public_key
        "#);
    }

    #[test]
    fn json_is_nested_or_dotted() {
        let nested = json("{\"slack\": {\"signing_secret\": \"a\"}}", &[Group::Verify]).unwrap();
        let dotted = json("{\"slack.signing_secret\": \"a\"}", &[Group::Verify]).unwrap();
        assert!(nested.contains_key("slack.signing_secret") && nested.keys().eq(dotted.keys()));
    }
}
