//! The chat platforms: how each is called, and what its events must carry.

use url::Url;

use super::raw::{RawDiscord, RawSlack};
use super::values::{address, list, required, slack_id, snowflake};
use super::{Discord, Platforms, Slack, Wrong};
use crate::domain::id::Platform;
use crate::domain::policy::Home;

/// Checks the sections that are there; at least one must be.
pub(super) fn check(
    slack: Option<RawSlack>,
    discord: Option<RawDiscord>,
) -> Result<(Platforms, Vec<Home>), Vec<Wrong>> {
    if slack.is_none() && discord.is_none() {
        return Err(vec![Wrong::new("[slack], [discord]", "both are missing", "add one section, or both")]);
    }
    let slack = slack.map(RawSlack::check).transpose();
    let discord = discord.map(RawDiscord::check).transpose();
    match (slack, discord) {
        (Ok(slack), Ok(discord)) => {
            let (slack, slack_home) = slack.unzip();
            let (discord, discord_home) = discord.unzip();
            let homes = slack_home.into_iter().chain(discord_home).collect();
            Ok((Platforms { slack, discord }, homes))
        }
        (slack, discord) => Err(slack.err().into_iter().chain(discord.err()).collect()),
    }
}

impl RawSlack {
    fn check(self) -> Result<(Slack, Home), Wrong> {
        let Self { api_base, app_id, team_ids, channels, command } = self;
        let api_base = base("slack.api_base", api_base.as_deref(), "https://slack.com/api/")?;
        let app = required("slack.app_id", app_id, "write the app's id: \"A0123\"")?;
        slack_id("slack.app_id", &app, &['A'], "A0123")?;
        let orgs = list("slack.team_ids", team_ids, "write your team's id: [\"T0123\"]")?;
        orgs.iter().try_for_each(|id| slack_id("slack.team_ids", id, &['T', 'E'], "T0123"))?;
        let channels =
            list("slack.channels", channels, "write the ids of the channels that may be used: [\"C0123\"]")?;
        channels.iter().try_for_each(|id| slack_id("slack.channels", id, &['C', 'G'], "C0123"))?;
        let command = command.unwrap_or_else(|| "/reset".to_owned());
        if !command.strip_prefix('/').is_some_and(is_command) {
            let wrong = format!("`{command}` is not a slash command in lower-case letters");
            return Err(Wrong::new("slack.command", wrong, "write \"/reset\""));
        }
        let home = Home { platform: Platform::Slack, app, orgs, channels };
        Ok((Slack { api_base, command }, home))
    }
}

impl RawDiscord {
    fn check(self) -> Result<(Discord, Home), Wrong> {
        let Self { api_base, application_id, public_key, guild_ids, channels, command } = self;
        let api_base = base("discord.api_base", api_base.as_deref(), "https://discord.com/api/v10/")?;
        let app = required("discord.application_id", application_id, "write the application's id: \"123\"")?;
        snowflake("discord.application_id", &app)?;
        let orgs = list("discord.guild_ids", guild_ids, "write your server's id: [\"123\"]")?;
        orgs.iter().try_for_each(|id| snowflake("discord.guild_ids", id))?;
        let write = "write the ids of the channels that may be used: [\"123\"]";
        let channels = list("discord.channels", channels, write)?;
        channels.iter().try_for_each(|id| snowflake("discord.channels", id))?;
        let command = command.unwrap_or_else(|| "reset".to_owned());
        if !is_command(&command) {
            let wrong = format!("`{command}` is not a command's name in lower-case letters, without a slash");
            return Err(Wrong::new("discord.command", wrong, "write \"reset\""));
        }
        let home = Home { platform: Platform::Discord, app, orgs, channels };
        Ok((Discord { api_base, command, public_key }, home))
    }
}

/// Where a platform's API is; a path on it is joined to it.
fn base(key: &str, text: Option<&str>, usual: &str) -> Result<Url, Wrong> {
    let url = address(key, text.unwrap_or(usual), usual)?;
    if url.path().ends_with('/') {
        return Ok(url);
    }
    Err(Wrong::new(key, "it does not end with `/`", format!("write \"{usual}\"")))
}

/// Both platforms take this much; the second command has one letter more.
fn is_command(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=30).contains(&name.len()) && name.bytes().all(plain)
}
