//! Tencent Cloud: whether the keys are genuine and read, whose they are, and what time it is there.

use std::sync::Arc;

use jiff::SignedDuration;

use super::Finding;
use crate::assemble;
use crate::cloud::client::{Client, Purpose};
use crate::cloud::errors::{self, Verdict};
use crate::cloud::{Answer, CloudError};
use crate::config::Config;
use crate::domain::Clock;
use crate::secrets::Secrets;

/// From this far off on every signature is refused, the cloud's and the platforms'.
const OFF_MAX: SignedDuration = SignedDuration::from_secs(300);
/// From this far off on it is worth a word.
const OFF: SignedDuration = SignedDuration::from_secs(60);

pub(super) async fn cloud(
    config: &Config,
    secrets: &Arc<Secrets>,
    clock: &Clock,
) -> anyhow::Result<Vec<Finding>> {
    let client = assemble::cloud(config, secrets, clock)?;
    let regions = &config.cloud.regions;
    let mut findings = Vec::new();
    let mut ahead = None;
    for region in regions {
        let Answer { date, value } = client.probe(Purpose::Read, region).await;
        ahead = ahead.or_else(|| date.map(|date| date.duration_since(clock())));
        findings.push(match value {
            Ok(()) => Finding::Good(format!("Tencent Cloud: the key for reading reads machines in {region}")),
            Err(why) => refused(&format!("Tencent Cloud: the key for reading, in {region}"), &why),
        });
    }
    if let Some(region) = regions.first() {
        findings.push(wiping(&client, region).await);
        if !findings.iter().any(Finding::is_bad) {
            findings.push(account(&client, region, &config.cloud.name).await);
        }
    }
    findings.push(time(ahead));
    Ok(findings)
}

/// The key that may wipe, as far as it can be tried without a wipe.
async fn wiping(client: &Client, region: &str) -> Finding {
    let what = "Tencent Cloud: the key for wiping";
    match client.probe(Purpose::Wipe, region).await.value {
        Ok(()) => Finding::Good(format!("{what} is genuine; whether it may wipe, only a wipe can show")),
        Err(CloudError::Refused { code, .. }) if is_permission(&code) => Finding::Good(format!(
            "{what} is genuine, and may not read ({code}), which it need not; whether it may wipe, only a wipe can show"
        )),
        Err(why) => refused(what, &why),
    }
}

/// Whether the key was accepted, and is not allowed this call.
fn is_permission(code: &str) -> bool {
    code.strip_prefix("AuthFailure.").unwrap_or(code).starts_with("UnauthorizedOperation")
}

async fn account(client: &Client, region: &str, name: &str) -> Finding {
    let read = client.account(Purpose::Read, region).await;
    match (read, client.account(Purpose::Wipe, region).await) {
        (Ok(read), Ok(wipe)) if read == wipe => {
            Finding::Good(format!("Tencent Cloud: the account {read} is the one that cards call {name}"))
        }
        (Ok(read), Ok(wipe)) => Finding::bad(
            format!(
                "Tencent Cloud: the key for reading is of the account {read}, the one for wiping of {wipe}"
            ),
            "put two keys of one account into the secrets, as tencent and tencent_read",
        ),
        (Err(why), _) | (_, Err(why)) => Finding::Warn(format!(
            "Tencent Cloud: whose keys these are was not told, and no reset needs it: {why}"
        )),
    }
}

fn refused(what: &str, why: &CloudError) -> Finding {
    let (meaning, next) = match why {
        CloudError::Refused { code, .. } if is_permission(code) => {
            ("The API key may not do this.", "let the key call what infra/cam/read-only.json lists")
        }
        CloudError::Refused { code, .. } => match errors::verdict(code) {
            Verdict::Refused(meaning) => (&*meaning.what, &*meaning.advice),
            Verdict::Unknown(_) => ("", "look the code up in Tencent Cloud's API documentation"),
        },
        CloudError::Credentials(_) => ("", "put the key into the secrets"),
        CloudError::Unclear(_) | CloudError::Regions { .. } | CloudError::Unserved(_) => {
            ("", "see whether this host reaches cloud.endpoint, then run it again")
        }
    };
    let said = match meaning {
        "" => format!("{what}: {why}"),
        meaning => format!("{what}: {meaning} {why}"),
    };
    Finding::bad(said, next)
}

/// `ahead`: how far the cloud's clock is ahead of ours.
fn time(ahead: Option<SignedDuration>) -> Finding {
    let Some(ahead) = ahead else {
        return Finding::Warn(
            "the clock: Tencent Cloud did not tell its time; compare this host's with another one".to_owned(),
        );
    };
    let off = ahead.abs();
    let side = if ahead.is_negative() { "ahead of" } else { "behind" };
    let what = format!("the clock of this host is {} s {side} Tencent Cloud's", off.as_secs());
    if off >= OFF_MAX {
        return Finding::bad(
            format!("{what}: from 300 s on, every call is refused"),
            "switch on time synchronisation on this host",
        );
    }
    if off > OFF {
        return Finding::Warn(format!(
            "{what}: from 300 s on, every call is refused; switch on time synchronisation on this host"
        ));
    }
    Finding::Good(what)
}
