//! Where secrets come from: a file that nobody else can read, with the environment over it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// Everything secret. `Debug` shows none of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    pub slack: SlackSecrets,
    pub tencent: TencentSecrets,
    /// For everything but the wipe, where it is given.
    pub tencent_read: Option<TencentSecrets>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlackSecrets {
    pub signing_secret: Option<SecretString>,
    /// While it is rotated.
    pub signing_secret_previous: Option<SecretString>,
    pub signing_secret_previous_until: Option<Timestamp>,
    pub bot_token: Option<SecretString>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TencentSecrets {
    pub secret_id: Option<SecretString>,
    pub secret_key: Option<SecretString>,
    pub token: Option<SecretString>,
}

impl Secrets {
    /// Reads `file`, if there is one, and lets the environment's `CLEANSLATE_…` variables stand over it.
    ///
    /// # Errors
    /// When the file can be read by others, or is not what it should be. Never shows what it holds.
    pub fn load(file: Option<&Path>, environment: &BTreeMap<String, SecretString>) -> anyhow::Result<Self> {
        let mut secrets = match file {
            Some(file) if file.exists() || environment.is_empty() => Self::read(file)?,
            Some(_) | None => Self::default(),
        };
        let slots = [
            ("CLEANSLATE_SLACK_SIGNING_SECRET", &mut secrets.slack.signing_secret),
            ("CLEANSLATE_SLACK_BOT_TOKEN", &mut secrets.slack.bot_token),
            ("CLEANSLATE_TENCENT_SECRET_ID", &mut secrets.tencent.secret_id),
            ("CLEANSLATE_TENCENT_SECRET_KEY", &mut secrets.tencent.secret_key),
            ("CLEANSLATE_TENCENT_TOKEN", &mut secrets.tencent.token),
        ];
        for (name, slot) in slots {
            if let Some(value) = environment.get(name) {
                *slot = Some(value.clone());
            }
        }
        Ok(secrets)
    }

    fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let about = || format!("the secrets file {name} cannot be read");
        let mode = std::fs::metadata(file).with_context(about)?.permissions().mode();
        if mode & 0o077 != 0 {
            bail!(
                "the secrets file {name} can be read by others (mode {:o}): run `chmod 600 {name}`",
                mode & 0o777
            );
        }
        let text = std::fs::read_to_string(file).with_context(about)?;
        // The parser's message would quote the line, and with it the secret.
        toml::from_str(&text).map_err(|why| {
            let line = text[..why.span().map_or(0, |span| span.start)].matches('\n').count() + 1;
            anyhow::anyhow!("the secrets file {name} is wrong in line {line}")
        })
    }
}

/// A secret that is needed, by the name it has in the file. An empty one is none: anybody can sign with it.
///
/// # Errors
/// When it is not there, or empty.
pub fn needed(secret: Option<&SecretString>, name: &str) -> anyhow::Result<SecretString> {
    let variable = name.replace('.', "_").to_uppercase();
    secret.filter(|secret| !secret.expose_secret().is_empty()).cloned().with_context(|| {
        format!("the secret `{name}` is missing: add it to the secrets file, or set CLEANSLATE_{variable}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown_and_others_may_not_read() {
        let folder = std::env::temp_dir().join(format!("cleanslate-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("secrets.toml");
        std::fs::write(&file, "[slack]\nbot_token = \"canary-1\"\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Secrets::load(Some(&file), &BTreeMap::new()).unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let secrets = Secrets::load(Some(&file), &BTreeMap::new()).unwrap();
        assert!(secrets.slack.bot_token.is_some() && !format!("{secrets:?}").contains("canary"));
        std::fs::write(&file, "[slack]\nbot_tokken = \"canary-1\"\n").unwrap();
        let wrong = format!("{:#}", Secrets::load(Some(&file), &BTreeMap::new()).unwrap_err());
        assert!(wrong.contains("line 2") && !wrong.contains("canary"), "{wrong}");
        let over = BTreeMap::from([("CLEANSLATE_SLACK_BOT_TOKEN".to_owned(), SecretString::from("x"))]);
        assert!(Secrets::load(None, &over).unwrap().slack.bot_token.is_some());
        assert!(needed(Some(&SecretString::from("")), "slack.signing_secret").is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
