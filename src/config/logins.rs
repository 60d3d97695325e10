//! How people log in where nothing was typed, where passwords are kept, and the texts that can be asked for by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::raw::RawLogin;
use super::{SecretsPlace, Wrong};
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
    /// Where the secrets are decides whether a password can be kept.
    pub(super) fn check(self, secrets: &SecretsPlace) -> Result<Logins, Wrong> {
        let Self { default, vault_prefix } = self;
        let key = "login.default";
        let default = match default.as_deref() {
            None | Some("keep") => Login::Keep,
            Some("image") => Login::Image,
            Some("random") => Login::Random,
            Some("vault") if *secrets == SecretsPlace::Environment => {
                let wrong = "a new password could not be kept: the environment cannot be written to";
                return Err(Wrong::new(
                    key,
                    wrong,
                    "write kind = \"file\" or \"aws\" in [secrets], or another login",
                ));
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

/// Where a text of `[userdata]` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPlace {
    File(PathBuf),
    /// In the configuration itself, which on Lambda has no files beside it.
    Here(String),
}

/// The texts of `[userdata]`, by the names that are typed.
pub(super) fn check_userdata(
    texts: BTreeMap<String, String>,
    folder: &Path,
) -> Result<BTreeMap<String, TextPlace>, Wrong> {
    let file = |(name, place): (String, String)| {
        let key = format!("userdata.{name}");
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=40).contains(&name.len()) || !name.bytes().all(plain) {
            return Err(Wrong::new(key, "it cannot be typed", "use 1 to 40 letters, digits, `-` and `_`"));
        }
        match place.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok((name, TextPlace::File(folder.join(path)))),
            Some(("text", text)) => Ok((name, TextPlace::Here(text.to_owned()))),
            Some(_) | None => {
                let write = "write it like \"file:userdata/base.sh\" or \"text:#!/bin/sh\u{2026}\"";
                Err(Wrong::new(key, "it is not a place", write))
            }
        }
    };
    texts.into_iter().map(file).collect()
}

/// Reads a text anew each time: what is sent is what its file holds at the claim, if that is what was approved.
pub fn texts(places: BTreeMap<String, TextPlace>) -> Texts {
    Arc::new(move |name| match places.get(name) {
        None => Err(PlanRefusal::NoSuchText { known: places.keys().cloned().collect() }),
        Some(TextPlace::Here(text)) => Text::of(name, text.as_bytes()),
        Some(TextPlace::File(file)) => {
            let bytes = std::fs::read(file);
            let unreadable = |why| PlanRefusal::TextUnreadable { why: format!("{}: {why}", file.display()) };
            Text::of(name, &bytes.map_err(unreadable)?)
        }
    })
}
