//! What only a call can tell: tokens and scopes, channels, keys, the clock, the store. Nothing is changed by it.

mod chats;
mod cloud;

use std::io::Write;
use std::sync::Arc;

use crate::assemble::{self, Aws};
use crate::config::{self, Config};
use crate::domain::{Clock, notice};
use crate::secrets::Secrets;

/// One thing that was looked at, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    Good(String),
    /// It serves, and may not be meant, or could not be looked at.
    Warn(String),
    /// It keeps somebody from being served.
    Bad {
        what: String,
        /// One step.
        next: String,
    },
}

impl Finding {
    fn bad(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Bad { what: what.into(), next: next.into() }
    }

    fn is_bad(&self) -> bool {
        matches!(self, Self::Bad { .. })
    }

    fn line(&self) -> String {
        match self {
            Self::Good(what) => format!("ok    {what}"),
            Self::Warn(what) => format!("warn  {what}"),
            // The cloud ends its words with a full stop.
            Self::Bad { what, next } => format!("FAIL  {}; next: {next}", what.trim_end_matches('.')),
        }
    }
}

/// One line for each thing; false when something would keep a reset from being asked for, approved or carried out.
///
/// # Errors
/// When `out` cannot be written, or TLS cannot be set up.
pub async fn check(
    config: &Config,
    secrets: &Arc<Secrets>,
    clock: &Clock,
    aws: &Aws,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let (slack, discord, cloud, store) = tokio::join!(
        chats::slack(config, secrets, clock),
        chats::discord(config, secrets),
        cloud::cloud(config, secrets, clock),
        store(config, aws),
    );
    let findings = [slack?, discord?, cloud?, store].concat();
    for finding in &findings {
        // Some of the words are the platforms' own.
        writeln!(out, "{}", notice::visible(&finding.line()))?;
    }
    Ok(!findings.iter().any(Finding::is_bad))
}

/// A file is not opened: that would make one.
async fn store(config: &Config, aws: &Aws) -> Vec<Finding> {
    let table = match &config.store {
        config::Store::Sqlite(_) => return Vec::new(),
        config::Store::Dynamodb(table) => table,
    };
    let answered = match assemble::store(config, aws).await {
        Ok(store) => store.entries(0, 1).await.map(drop).map_err(anyhow::Error::from),
        Err(why) => Err(why),
    };
    vec![match answered {
        Ok(()) => Finding::Good(format!("the store: the table {table} and its log answer")),
        Err(why) => Finding::bad(
            format!("the store: {why:#}"),
            format!("make the tables {table} and {table}-log, and let these AWS credentials use both"),
        ),
    }]
}
