//! The process's environment, read once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use secrecy::SecretString;

/// What this program takes from its environment.
#[derive(Debug, Default)]
pub struct Environment {
    /// Whether `AWS_LAMBDA_RUNTIME_API` is set: Lambda started it.
    pub lambda: bool,
    /// `CLEANSLATE_ROLE`.
    pub role: Option<String>,
    /// `CLEANSLATE_WORKER`: the name or ARN of the worker's function.
    pub worker: Option<String>,
    /// `CLEANSLATE_CONFIG`.
    pub config: Option<PathBuf>,
    /// `RUST_LOG`.
    pub log: Option<String>,
    /// `NO_COLOR`, set to anything: <https://no-color.org>.
    pub no_color: bool,
    /// Every other `CLEANSLATE_…` variable, by its whole name: they override the secrets' file.
    pub secrets: BTreeMap<String, SecretString>,
}

/// One of the two functions on AWS Lambda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    Front { worker: String },
    Worker,
}

/// Why a function does not know what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRole {
    #[error("CLEANSLATE_ROLE does not say what this function does; set it to front or worker")]
    Role,
    #[error("the front must wake the worker; set CLEANSLATE_WORKER to the name of the worker's function")]
    Worker,
}

impl Environment {
    pub fn read() -> Self {
        Self::of(std::env::vars_os())
    }

    /// Takes what it needs from these variables. What is not UTF-8 is as good as absent, but for the path.
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            if value.is_empty() {
                continue;
            }
            match name {
                "AWS_LAMBDA_RUNTIME_API" => environment.lambda = true,
                "CLEANSLATE_ROLE" => environment.role = value.into_string().ok(),
                "CLEANSLATE_WORKER" => environment.worker = value.into_string().ok(),
                "CLEANSLATE_CONFIG" => environment.config = Some(value.into()),
                "RUST_LOG" => environment.log = value.into_string().ok(),
                "NO_COLOR" => environment.no_color = true,
                _ if name.starts_with("CLEANSLATE_") => {
                    if let Ok(value) = value.into_string() {
                        environment.secrets.insert(name.to_owned(), value.into());
                    }
                }
                _ => {}
            }
        }
        environment
    }

    /// What this function does.
    ///
    /// # Errors
    /// When the environment does not say it whole.
    pub fn role(&self) -> Result<Role, NoRole> {
        match (self.role.as_deref(), &self.worker) {
            (Some("front"), Some(worker)) => Ok(Role::Front { worker: worker.clone() }),
            (Some("front"), None) => Err(NoRole::Worker),
            (Some("worker"), _) => Ok(Role::Worker),
            _ => Err(NoRole::Role),
        }
    }

    /// The configuration's file: named on the command line, in the environment, or `cleanslate.toml`.
    pub fn config_file(&self, named: Option<PathBuf>) -> PathBuf {
        named.or_else(|| self.config.clone()).unwrap_or_else(|| "cleanslate.toml".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_one_of_two() {
        let role = |variables: &[(&str, &str)]| {
            Environment::of(variables.iter().map(|(name, value)| (name.into(), value.into()))).role()
        };
        let (front, worker) = (("CLEANSLATE_ROLE", "front"), ("CLEANSLATE_WORKER", "w"));
        assert_eq!(role(&[front, worker]), Ok(Role::Front { worker: "w".to_owned() }));
        assert_eq!(role(&[front]), Err(NoRole::Worker));
        assert_eq!(role(&[("CLEANSLATE_ROLE", "worker")]), Ok(Role::Worker));
        assert_eq!(role(&[("CLEANSLATE_ROLE", "Front"), worker]), Err(NoRole::Role));
        assert_eq!(role(&[worker]), Err(NoRole::Role));
    }

    #[test]
    fn secrets_are_taken_and_never_shown() {
        let environment = Environment::of(
            [
                ("CLEANSLATE_CONFIG", "/etc/cleanslate.toml"),
                ("CLEANSLATE_SLACK_BOT_TOKEN", "canary-7f3a"),
                ("NO_COLOR", ""),
                ("HOME", "/root"),
            ]
            .map(|(name, value)| (name.into(), value.into())),
        );
        let shown = format!("{environment:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(!environment.no_color, "an empty NO_COLOR is none");
        assert_eq!(environment.secrets.keys().collect::<Vec<_>>(), ["CLEANSLATE_SLACK_BOT_TOKEN"]);
        assert_eq!(environment.config_file(None), PathBuf::from("/etc/cleanslate.toml"));
        assert_eq!(environment.config_file(Some("x.toml".into())), PathBuf::from("x.toml"));
        assert_eq!(Environment::default().config_file(None), PathBuf::from("cleanslate.toml"));
    }
}
