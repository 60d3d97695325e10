//! How people log in where nothing was typed, where passwords are kept, and the texts that can be asked for by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Wrong;
use super::raw::RawLogin;
use crate::domain::ask::Login;
use crate::domain::plan::{PlanRefusal, Text, Texts};

/// `[login]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logins {
    /// What is meant where no login was typed.
    pub default: Login,
    /// What the names of secrets begin with.
    pub vault_prefix: String,
}

impl RawLogin {
    /// `secrets` is the secrets' file: only beside one a password can be kept.
    pub(super) fn check(self, secrets: Option<&Path>) -> Result<Logins, Wrong> {
        let Self { default, vault_prefix } = self;
        let key = "login.default";
        let default = match default.as_deref() {
            None | Some("keep") => Login::Keep,
            Some("image") => Login::Image,
            Some("random") => Login::Random,
            Some("vault") if secrets.is_none() => {
                let wrong = "a new password could not be kept: the environment cannot be written to";
                return Err(Wrong::new(key, wrong, "write kind = \"file\" in [secrets], or another login"));
            }
            Some("vault") => Login::Vault,
            Some(other) => {
                let wrong = format!("`{other}` is no way to log in");
                return Err(Wrong::new(key, wrong, "write \"keep\", \"image\", \"random\" or \"vault\""));
            }
        };
        let vault_prefix = vault_prefix.unwrap_or_else(|| "cleanslate/login/".to_owned());
        if vault_prefix.len() <= 100
            && vault_prefix.strip_suffix('/').is_some_and(|path| path.split('/').all(is_part))
        {
            return Ok(Logins { default, vault_prefix });
        }
        let wrong = format!("`{vault_prefix}` is not the beginning of a secret's name");
        Err(Wrong::new("login.vault_prefix", wrong, "write it like \"cleanslate/login/\""))
    }
}

/// One level of a secret's name.
fn is_part(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
}

/// The files of `[userdata]`, by the names that are typed.
pub(super) fn check_userdata(
    texts: BTreeMap<String, String>,
    folder: &Path,
) -> Result<BTreeMap<String, PathBuf>, Wrong> {
    let file = |(name, place): (String, String)| {
        let key = format!("userdata.{name}");
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=40).contains(&name.len()) || !name.bytes().all(plain) {
            return Err(Wrong::new(key, "it cannot be typed", "use 1 to 40 letters, digits, `-` and `_`"));
        }
        match place.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Ok((name, folder.join(path))),
            Some(_) | None => {
                let wrong = format!("`{place}` is not a place");
                Err(Wrong::new(key, wrong, "write it like \"file:userdata/base.sh\""))
            }
        }
    };
    texts.into_iter().map(file).collect()
}

/// Reads a text anew each time: what is sent is what its file holds at the claim, if that is what was approved.
pub fn texts(files: BTreeMap<String, PathBuf>) -> Texts {
    Arc::new(move |name| {
        let Some(file) = files.get(name) else {
            return Err(PlanRefusal::NoSuchText { known: files.keys().cloned().collect() });
        };
        let bytes = std::fs::read(file)
            .map_err(|why| PlanRefusal::TextUnreadable { why: format!("{}: {why}", file.display()) })?;
        Text::of(name, &bytes)
    })
}
