//! Configuration and policy, offline.

use std::io::Write;

use crate::config::Config;
use crate::domain::policy::TargetRule;
use crate::secrets::{Secrets, needed};

/// One line for each finding; false when something would keep `serve` from starting.
///
/// # Errors
/// When `out` cannot be written.
pub fn check(
    config: &Config,
    secrets: anyhow::Result<Secrets>,
    out: &mut dyn Write,
) -> std::io::Result<bool> {
    let policy = &config.policy;
    let list = |principals: &std::collections::BTreeSet<_>| {
        principals.iter().map(ToString::to_string).collect::<Vec<String>>().join(", ")
    };
    writeln!(out, "ok    configuration; policy {}\u{2026}", &policy.hash[..8])?;
    writeln!(out, "ok    may ask: {}", list(&policy.requesters))?;
    let own =
        if policy.self_approval { "their own too, with the machine's name typed" } else { "never their own" };
    writeln!(out, "ok    may approve: {} ({} needed; {own})", list(&policy.approvers), policy.quorum)?;
    if policy.allow.contains(&TargetRule::Any) {
        writeln!(out, "warn  targets.allow is \"*\": every machine that the key can see may be wiped")?;
    }
    let secrets = match secrets {
        Ok(secrets) => secrets,
        Err(why) => {
            writeln!(out, "FAIL  {why:#}")?;
            return Ok(false);
        }
    };
    let wanted = [
        ("slack.signing_secret", &secrets.slack.signing_secret),
        ("slack.bot_token", &secrets.slack.bot_token),
        ("tencent.secret_id", &secrets.tencent.secret_id),
        ("tencent.secret_key", &secrets.tencent.secret_key),
    ];
    let mut good = true;
    for (name, secret) in wanted {
        match needed(secret.as_ref(), name) {
            Ok(_) => writeln!(out, "ok    secret {name}")?,
            Err(why) => {
                good = false;
                writeln!(out, "FAIL  {why}")?;
            }
        }
    }
    Ok(good)
}
