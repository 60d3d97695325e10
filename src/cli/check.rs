//! Configuration, policy and secrets, offline; what they lead to is asked in [`online`].

pub mod online;

use std::collections::BTreeSet;
use std::io::Write;

use crate::assemble;
use crate::config::{self, Config};
use crate::domain::id::Principal;
use crate::domain::notice;
use crate::domain::policy::TargetRule;
use crate::secrets::Secrets;

/// One line for each finding; false when something would keep `serve` from starting.
///
/// # Errors
/// When `out` cannot be written, or this process has no folder.
pub async fn check(config: &Config, secrets: &Secrets, out: &mut dyn Write) -> anyhow::Result<bool> {
    let policy = &config.policy;
    writeln!(out, "ok    configuration; policy {}\u{2026}", &policy.hash[..8])?;
    writeln!(out, "ok    may ask: {}", list(&policy.requesters))?;
    let own =
        if policy.self_approval { "their own too, with the machine's name typed" } else { "never their own" };
    writeln!(out, "ok    may approve: {} ({} needed; {own})", list(&policy.approvers), policy.quorum)?;
    for warning in warnings(config) {
        writeln!(out, "warn  {warning}")?;
    }
    logins(config, secrets, out).await?;
    let mut failures: Vec<String> = Vec::new();
    for (what, found) in assemble::inventory(config, secrets).await {
        match found.map_err(|why| format!("{why:#}")) {
            Ok(()) => writeln!(out, "ok    secrets: {what}")?,
            Err(why) if failures.contains(&why) => {}
            Err(why) => {
                writeln!(out, "FAIL  {why}")?;
                failures.push(why);
            }
        }
    }
    Ok(failures.is_empty())
}

/// How people can log in afterwards, and the texts that a new system can run.
async fn logins(config: &Config, secrets: &Secrets, out: &mut dyn Write) -> anyhow::Result<()> {
    let vault = secrets.vault()?;
    let name = format!("{}INSTANCE/REQUEST", config.logins.vault_prefix);
    match vault.ready().await {
        Ok(()) => writeln!(out, "ok    login=vault: read a password with {}", vault.reading(&name))?,
        Err(why) => writeln!(out, "warn  login=vault is refused: {why:#}")?,
    }
    let texts = config::texts(config.userdata.clone());
    for name in config.userdata.keys() {
        match texts(name) {
            Ok(text) => {
                writeln!(out, "ok    userdata={name}: SHA-256 {}\u{2026}", &text.userdata.sha256[..8])?;
            }
            Err(why) => {
                let why = notice::plain(&notice::no_plan(&why)).join(" ");
                writeln!(out, "warn  userdata={name} is refused: {why}")?;
            }
        }
    }
    Ok(())
}

fn list(principals: &BTreeSet<Principal>) -> String {
    principals.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What serves, and may not be meant.
fn warnings(config: &Config) -> Vec<&'static str> {
    let policy = &config.policy;
    let table = [
        (
            policy.allow.contains(&TargetRule::Any),
            "targets.allow is \"*\": every machine that the key can see may be wiped; name a tag, and put it into the key's CAM policy too",
        ),
        (policy.grace.is_zero(), "approval.grace is 0s: nobody can press Stop; write \"10s\""),
        (
            config.cloud.endpoint.starts_with("http://"),
            "cloud.endpoint is a loopback address: no real machine is reached; leave it out for Tencent Cloud",
        ),
        (
            config.platforms.slack.as_ref().is_some_and(|slack| slack.api_base.scheme() == "http"),
            "slack.api_base is a loopback address: nobody in Slack hears anything; leave it out for Slack",
        ),
        (
            config.platforms.discord.as_ref().is_some_and(|discord| discord.api_base.scheme() == "http"),
            "discord.api_base is a loopback address: nobody in Discord hears anything; leave it out for Discord",
        ),
    ];
    table.into_iter().filter_map(|(applies, warning)| applies.then_some(warning)).collect()
}
