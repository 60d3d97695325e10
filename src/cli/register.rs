//! Tells Discord which commands there are.

use std::io::Write;

use anyhow::Context as _;

use crate::chat::ChatError;
use crate::chat::discord::client::Client;
use crate::chat::discord::commands::{changes, commands};
use crate::config::Config;
use crate::domain::id::Platform;

/// Where the commands go, and whether they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Everywhere the app is installed; else in each configured server, where a change is seen at once.
    pub global: bool,
    pub dry_run: bool,
}

/// Puts the commands where they differ from what is wanted, and says what changes.
///
/// # Errors
/// When Discord is not configured, refuses, or does not answer; and when `out` cannot be written.
pub async fn run(
    client: &Client,
    config: &Config,
    options: Options,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let discord = config.platforms.discord.as_ref().context("[discord] is missing from the configuration")?;
    let homes = &config.policy.homes;
    let home =
        homes.iter().find(|home| home.platform == Platform::Discord).context("[discord] has no home")?;
    let wanted = commands(&discord.command);
    if options.dry_run {
        writeln!(out, "{wanted:#}")?;
        return Ok(true);
    }
    let guilds: Vec<Option<&str>> = if options.global {
        vec![None]
    } else {
        home.orgs.iter().map(|guild| Some(guild.as_str())).collect()
    };
    for guild in guilds {
        let place = guild.map_or_else(|| "everywhere".to_owned(), |guild| format!("server {guild}"));
        let current = client.current(&home.app, guild).await.map_err(|why| refused(&place, &why))?;
        let changes = changes(&current, &wanted);
        if changes.is_empty() {
            writeln!(out, "{place}: nothing to change")?;
            continue;
        }
        client.put(&home.app, guild, &wanted).await.map_err(|why| refused(&place, &why))?;
        for change in changes {
            writeln!(out, "{place}: {change}")?;
        }
    }
    Ok(true)
}

fn refused(place: &str, why: &ChatError) -> anyhow::Error {
    match why {
        ChatError::NoAccess(reason) | ChatError::NotEditable(reason) => anyhow::anyhow!(
            "{place}: Discord refused ({reason}); is the app installed there, and the bot token this application's?"
        ),
        ChatError::RateLimited(_) | ChatError::Unclear(_) => {
            anyhow::anyhow!("{place}: {why}; nothing may have changed: run it again")
        }
    }
}
