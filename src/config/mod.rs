//! `cleanslate.toml`: read as it is written (`raw`), then checked into types that cannot be wrong. The only reader
//! of the environment, and of files but the secrets' own.

mod check;
mod environment;
mod live;
mod nearest;
mod raw;
mod rules;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

pub use self::environment::Environment;
pub use self::live::LivePolicy;
use self::raw::RawConfig;
use crate::domain::policy::Policy;

/// Everything that is configured, but the secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where the platforms reach this server; only the manifest needs it.
    pub public_url: Option<Url>,
    /// The longest time between two sweeps.
    pub sweep: Duration,
    /// The `SQLite` file.
    pub store: PathBuf,
    /// The secrets file; `None`: every secret comes from the environment.
    pub secrets: Option<PathBuf>,
    /// Names the audit log.
    pub origin: String,
    pub slack: Slack,
    pub cloud: Cloud,
    pub policy: Policy,
}

/// How Slack is called; who may call is the policy's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slack {
    /// Ends with `/`.
    pub api_base: Url,
    /// As people type it, with its slash.
    pub command: String,
}

/// How Tencent Cloud is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// The account's name, on every card.
    pub name: String,
    /// May hold `{service}` and `{region}`.
    pub endpoint: String,
    pub regions: Vec<String>,
    pub language: String,
    /// Of one call, from the first step to the last byte.
    pub timeout: Duration,
}

/// One thing that is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {wrong}; {write}")]
pub struct Wrong {
    pub key: String,
    pub wrong: String,
    pub write: String,
}

impl Wrong {
    fn new(key: impl Into<String>, wrong: impl Into<String>, write: impl Into<String>) -> Self {
        Self { key: key.into(), wrong: wrong.into(), write: write.into() }
    }
}

/// All that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    pub wrong: Vec<Wrong>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used", self.file.display())?;
        self.wrong.iter().try_for_each(|wrong| write!(f, "\n  {wrong}"))
    }
}

impl Config {
    /// Reads and checks a file. Paths in it are relative to its own folder, so that every command finds the same
    /// store wherever it is run.
    ///
    /// # Errors
    /// Everything that is wrong with it, at most one fault per section.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let fault = |wrong: Vec<Wrong>| ConfigError { file: file.to_owned(), wrong };
        if file.to_str().is_some_and(|name| name.starts_with("secretsmanager:")) {
            let wrong =
                Wrong::new("--config", "this build does not read Secrets Manager", "name a file instead");
            return Err(fault(vec![wrong]));
        }
        let text = std::fs::read_to_string(file).map_err(|why| {
            let write = "name the file with --config or CLEANSLATE_CONFIG";
            fault(vec![Wrong::new("--config", format!("it cannot be read ({why})"), write)])
        })?;
        Self::parse(&text, file.parent().unwrap_or(Path::new(""))).map_err(fault)
    }

    /// Checks a configuration's text; relative paths start at `folder`.
    ///
    /// # Errors
    /// Everything that is wrong with it, at most one fault per section.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Wrong>> {
        RawConfig::parse(text).map_err(|wrong| vec![wrong])?.check(folder)
    }
}
