//! Slack and Discord: whose token it is, what it may, and where.

use std::sync::Arc;

use super::Finding;
use crate::assemble;
use crate::chat::ChatError;
use crate::chat::discord::client::Client as Discord;
use crate::chat::discord::commands::{changes, commands};
use crate::chat::slack::manifest::SCOPES;
use crate::config::Config;
use crate::domain::Clock;
use crate::domain::id::Platform;
use crate::domain::policy::Home;
use crate::secrets::Secrets;

fn home(config: &Config, platform: Platform) -> Option<&Home> {
    config.policy.homes.iter().find(|home| home.platform == platform)
}

/// What went wrong, and what to do: `refused` where the platform said no.
fn trouble(what: &str, why: &ChatError, refused: &str) -> Finding {
    match why {
        ChatError::NoAccess(code) | ChatError::NotEditable(code) => {
            Finding::bad(format!("{what}: refused ({code})"), refused)
        }
        ChatError::RateLimited(seconds) => {
            Finding::bad(format!("{what}: {why}"), format!("run it again in {seconds} s"))
        }
        ChatError::Unclear(_) => {
            Finding::bad(format!("{what}: {why}"), "see whether this host reaches it, then run it again")
        }
    }
}

pub(super) async fn slack(
    config: &Config,
    secrets: &Arc<Secrets>,
    clock: &Clock,
) -> anyhow::Result<Vec<Finding>> {
    let Some((slack, home)) = config.platforms.slack.as_ref().zip(home(config, Platform::Slack)) else {
        return Ok(Vec::new());
    };
    let client = assemble::slack_client(slack, secrets)?;
    let identity = match client.identity().await {
        Ok(identity) => identity,
        Err(why) => {
            let next =
                "put the app's Bot User OAuth Token (xoxb-\u{2026}) into the secrets as slack.bot_token";
            return Ok(vec![trouble("Slack: the bot's token", &why, next)]);
        }
    };
    let mut findings = vec![workspace(&identity.orgs, &home.orgs), scopes(identity.scopes.as_deref())];
    for channel in &home.channels {
        findings.push(match client.may_write(channel, clock()).await {
            Ok(None) => Finding::Good(format!("Slack: the bot may write in {channel}")),
            Ok(Some(id)) => Finding::Warn(format!(
                "Slack: the bot may write in {channel}, but the trial message {id}, scheduled for 100 days from now, could not be taken back: delete it with chat.deleteScheduledMessage"
            )),
            Err(why) => {
                let next = "check its id in slack.channels, and type `/invite @cleanslate` there (a private channel without the bot counts as not found)";
                trouble(&format!("Slack: the channel {channel}"), &why, next)
            }
        });
    }
    Ok(findings)
}

fn workspace(of_token: &[String], configured: &[String]) -> Finding {
    let named = of_token.join(", ");
    if of_token.iter().any(|org| configured.contains(org)) {
        return Finding::Good(format!("Slack: the bot's token is for {named}"));
    }
    Finding::bad(
        format!("Slack: the bot's token is for {named}, which slack.team_ids does not name"),
        "install the app where it is meant to be and take the token from there, or correct slack.team_ids",
    )
}

fn scopes(granted: Option<&[String]>) -> Finding {
    let Some(granted) = granted else {
        return Finding::Warn("Slack: which scopes the bot's token has was not told".to_owned());
    };
    let missing: Vec<&str> =
        SCOPES.into_iter().filter(|scope| granted.iter().all(|one| one != scope)).collect();
    if missing.is_empty() {
        return Finding::Good(format!("Slack: the bot's token has the scopes {}", SCOPES.join(", ")));
    }
    Finding::bad(
        format!("Slack: the bot's token lacks {}", missing.join(", ")),
        "give the app the manifest that `cleanslate manifest` prints, and install it again",
    )
}

pub(super) async fn discord(config: &Config, secrets: &Arc<Secrets>) -> anyhow::Result<Vec<Finding>> {
    let Some((discord, home)) = config.platforms.discord.as_ref().zip(home(config, Platform::Discord)) else {
        return Ok(Vec::new());
    };
    let client = assemble::discord_client(discord, secrets)?;
    let mut findings = match client.user().await {
        Ok(user) => vec![Finding::Good(format!("Discord: the bot's token is that of the user {user}"))],
        Err(why) => {
            let next = "put the token of the application's bot into the secrets as discord.bot_token";
            return Ok(vec![trouble("Discord: the bot's token", &why, next)]);
        }
    };
    for guild in &home.orgs {
        findings.push(match client.is_in(guild).await {
            Ok(()) => registered(&client, home, guild, &discord.command).await,
            Err(why) => {
                let next = "check discord.guild_ids, and invite the app there with the scopes bot and applications.commands";
                trouble(&format!("Discord: the server {guild}"), &why, next)
            }
        });
    }
    for channel in &home.channels {
        findings.push(seen(&client, channel, &home.orgs).await);
    }
    Ok(findings)
}

/// Whether a server that the bot is in has its commands: its own, or those of everywhere.
async fn registered(client: &Discord, home: &Home, guild: &str, command: &str) -> Finding {
    let wanted = commands(command);
    let mut lacking = Vec::new();
    for place in [Some(guild), None] {
        match client.current(&home.app, place).await {
            Ok(current) => lacking.push(changes(&current, &wanted)),
            Err(why) => {
                let next = "check that discord.application_id and discord.bot_token are of one application";
                return trouble(&format!("Discord: the commands of the server {guild}"), &why, next);
            }
        }
    }
    if lacking.iter().any(Vec::is_empty) {
        return Finding::Good(format!("Discord: the server {guild} has /{command} and /{command}s"));
    }
    let lacking = lacking.swap_remove(0).join(", ");
    Finding::bad(
        format!("Discord: the commands of the server {guild} are not those of this version ({lacking})"),
        "run `cleanslate register`",
    )
}

async fn seen(client: &Discord, channel: &str, guilds: &[String]) -> Finding {
    let what = format!("Discord: the channel {channel}");
    match client.guild_of(channel).await {
        Ok(Some(guild)) if guilds.contains(&guild) => Finding::Good(format!(
            "Discord: the bot sees the channel {channel}; whether it may write there, only a message can show"
        )),
        Ok(_) => Finding::bad(
            format!("{what} is in no server of discord.guild_ids"),
            "correct discord.channels or discord.guild_ids",
        ),
        Err(why) => {
            let next = "check its id in discord.channels, and let the bot there View Channel, Send Messages, Embed Links and Read Message History";
            trouble(&what, &why, next)
        }
    }
}
