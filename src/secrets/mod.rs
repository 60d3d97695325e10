//! The secrets: from a file that only its owner can read, or from the environment, which wins. Passwords that this
//! program makes itself are kept in a [`vault`].

mod file;
pub mod vault;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::Clock;

/// Every secret there is, as the file names it; in the environment `slack.bot_token` is
/// `CLEANSLATE_SLACK_BOT_TOKEN`.
const NAMES: [&str; 12] = [
    "slack.signing_secret",
    "slack.signing_secret_previous",
    "slack.signing_secret_previous_until",
    "slack.bot_token",
    "discord.public_key",
    "discord.bot_token",
    "tencent.secret_id",
    "tencent.secret_key",
    "tencent.token",
    "tencent_read.secret_id",
    "tencent_read.secret_key",
    "tencent_read.token",
];

/// How long a file's content is believed: a rotation takes effect within it, and a flood of forged requests does not
/// reach the file.
const MAX_AGE: SignedDuration = SignedDuration::from_secs(300);

/// Where the secrets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    File(PathBuf),
    /// In the environment alone.
    Env,
}

/// What Slack signs with.
#[derive(Debug, Clone)]
pub struct SigningSecret {
    pub current: SecretString,
    /// The one before, and until when it counts.
    pub previous: Option<(SecretString, Timestamp)>,
}

/// One key of the cloud.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: String,
    pub key: SecretString,
    /// Of temporary credentials.
    pub token: Option<SecretString>,
}

type Sheet = BTreeMap<&'static str, SecretString>;

/// Reads the secrets when they are needed, and forgets them after five minutes.
pub struct Secrets {
    source: SecretSource,
    environment: BTreeMap<String, SecretString>,
    clock: Clock,
    sheet: Mutex<Option<(Timestamp, Arc<Sheet>)>>,
}

impl Secrets {
    /// `environment` holds the variables that override the source, by their whole names.
    pub fn new(source: SecretSource, environment: BTreeMap<String, SecretString>, clock: Clock) -> Self {
        Self { source, environment, clock, sheet: Mutex::new(None) }
    }

    /// # Errors
    /// When it is missing, or the source cannot be used.
    pub fn slack_signing(&self) -> anyhow::Result<SigningSecret> {
        let sheet = self.sheet()?;
        let current = need(&sheet, "slack.signing_secret")?;
        let until = "slack.signing_secret_previous_until";
        let previous = match (sheet.get("slack.signing_secret_previous"), sheet.get(until)) {
            (Some(previous), Some(text)) => {
                let at = text.expose_secret().parse().map_err(|_| {
                    anyhow::anyhow!("{until} is not a time: write it like \"2026-11-24T09:00:00Z\"")
                })?;
                Some((previous.clone(), at))
            }
            (None, None) => None,
            (Some(_), None) => bail!("slack.signing_secret_previous needs {until} beside it"),
            (None, Some(_)) => bail!("{until} needs slack.signing_secret_previous beside it"),
        };
        Ok(SigningSecret { current, previous })
    }

    /// # Errors
    /// When it is missing, or the source cannot be used.
    pub fn slack_bot_token(&self) -> anyhow::Result<SecretString> {
        let sheet = self.sheet()?;
        need(&sheet, "slack.bot_token")
    }

    /// What Discord's signatures are checked with, in hex. Not secret, and kept with the others all the same.
    ///
    /// # Errors
    /// When it is missing, or the source cannot be used.
    pub fn discord_public_key(&self) -> anyhow::Result<String> {
        let sheet = self.sheet()?;
        Ok(need(&sheet, "discord.public_key")?.expose_secret().to_owned())
    }

    /// # Errors
    /// When it is missing, or the source cannot be used.
    pub fn discord_bot_token(&self) -> anyhow::Result<SecretString> {
        let sheet = self.sheet()?;
        need(&sheet, "discord.bot_token")
    }

    /// The key that may wipe.
    ///
    /// # Errors
    /// When it is missing, or the source cannot be used.
    pub fn tencent(&self) -> anyhow::Result<ApiKey> {
        let sheet = self.sheet()?;
        api_key(&sheet, ["tencent.secret_id", "tencent.secret_key", "tencent.token"])
    }

    /// The key that only reads; where there is none, the one that may wipe.
    ///
    /// # Errors
    /// When both are missing, or the source cannot be used.
    pub fn tencent_read(&self) -> anyhow::Result<ApiKey> {
        let sheet = self.sheet()?;
        let names = ["tencent_read.secret_id", "tencent_read.secret_key", "tencent_read.token"];
        if names.iter().any(|name| sheet.contains_key(name)) {
            return api_key(&sheet, names);
        }
        drop(sheet);
        self.tencent()
    }

    fn sheet(&self) -> anyhow::Result<Arc<Sheet>> {
        let now = (self.clock)();
        let mut kept = self.sheet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read_at, sheet)) = &*kept
            && (SignedDuration::ZERO..MAX_AGE).contains(&now.duration_since(*read_at))
        {
            return Ok(Arc::clone(sheet));
        }
        *kept = None;
        let mut sheet = match &self.source {
            SecretSource::File(path) => file::read(path)?,
            SecretSource::Env => Sheet::new(),
        };
        for name in NAMES {
            if let Some(value) = self.environment.get(&variable(name)) {
                sheet.insert(name, value.clone());
            }
        }
        let sheet = Arc::new(sheet);
        *kept = Some((now, Arc::clone(&sheet)));
        Ok(sheet)
    }
}

fn variable(name: &str) -> String {
    format!("CLEANSLATE_{}", name.replace('.', "_").to_ascii_uppercase())
}

fn need(sheet: &Sheet, name: &str) -> anyhow::Result<SecretString> {
    let secret = sheet.get(name).with_context(|| {
        format!("the secret {name} is missing: add it to the secrets file, or set {}", variable(name))
    })?;
    let text = secret.expose_secret();
    ensure!(
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()),
        "the secret {name} is empty or holds other than visible ASCII characters: copy it again"
    );
    Ok(secret.clone())
}

fn api_key(sheet: &Sheet, [id, key, token]: [&str; 3]) -> anyhow::Result<ApiKey> {
    Ok(ApiKey {
        id: need(sheet, id)?.expose_secret().to_owned(),
        key: need(sheet, key)?,
        token: sheet.contains_key(token).then(|| need(sheet, token)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(environment: &[(&str, &str)]) -> Secrets {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        Secrets::new(SecretSource::Env, environment, Arc::new(|| Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn what_is_missing_is_named_in_both_places() {
        let none = secrets(&[]);
        let complaints = [
            none.slack_signing().unwrap_err(),
            none.tencent_read().unwrap_err(),
            secrets(&[("CLEANSLATE_SLACK_BOT_TOKEN", "xoxb canary")]).slack_bot_token().unwrap_err(),
            secrets(&[
                ("CLEANSLATE_SLACK_SIGNING_SECRET", "a"),
                ("CLEANSLATE_SLACK_SIGNING_SECRET_PREVIOUS", "b"),
            ])
            .slack_signing()
            .unwrap_err(),
        ]
        .map(|why| format!("{why:#}\n"))
        .concat();
        assert!(!complaints.contains("canary"), "{complaints}");
        insta::assert_snapshot!(complaints, @"
        the secret slack.signing_secret is missing: add it to the secrets file, or set CLEANSLATE_SLACK_SIGNING_SECRET
        the secret tencent.secret_id is missing: add it to the secrets file, or set CLEANSLATE_TENCENT_SECRET_ID
        the secret slack.bot_token is empty or holds other than visible ASCII characters: copy it again
        slack.signing_secret_previous needs slack.signing_secret_previous_until beside it
        ");
    }

    #[test]
    fn the_reading_key_is_used_where_there_is_one() {
        let wiping = [("CLEANSLATE_TENCENT_SECRET_ID", "wipe"), ("CLEANSLATE_TENCENT_SECRET_KEY", "k")];
        let reading =
            [("CLEANSLATE_TENCENT_READ_SECRET_ID", "read"), ("CLEANSLATE_TENCENT_READ_SECRET_KEY", "k")];
        assert_eq!(secrets(&wiping).tencent_read().unwrap().id, "wipe");
        let both = secrets(&[wiping, reading].concat());
        assert_eq!(
            (both.tencent_read().unwrap().id, both.tencent().unwrap().id),
            ("read".into(), "wipe".into())
        );
        assert!(secrets(&reading).tencent().is_err(), "a key that only reads never wipes");
    }

    #[test]
    fn a_file_is_read_by_its_owner_alone_and_again_after_five_minutes() {
        use std::os::unix::fs::PermissionsExt as _;
        use std::sync::atomic::{AtomicI64, Ordering};

        let folder = std::env::temp_dir().join(format!("cleanslate-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("secrets.toml");
        let write = |token: &str, mode: u32| {
            std::fs::write(&file, format!("[slack]\nbot_token = \"{token}\"\n")).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let second = Arc::new(AtomicI64::new(0));
        let clock: Clock = {
            let second = Arc::clone(&second);
            Arc::new(move || Timestamp::from_second(second.load(Ordering::Relaxed)).unwrap())
        };
        let secrets = Secrets::new(SecretSource::File(file.clone()), BTreeMap::new(), clock);
        let token = || secrets.slack_bot_token().map(|token| token.expose_secret().to_owned());

        write("first", 0o640);
        assert!(format!("{:#}", token().unwrap_err()).contains("run `chmod 600"));
        write("first", 0o600);
        assert_eq!(token().unwrap(), "first");
        write("second", 0o600);
        second.store(299, Ordering::Relaxed);
        assert_eq!(token().unwrap(), "first");
        second.store(300, Ordering::Relaxed);
        assert_eq!(token().unwrap(), "second");
        std::fs::remove_dir_all(&folder).unwrap();
        second.store(600, Ordering::Relaxed);
        assert!(token().is_err(), "what is gone is not remembered");
    }

    #[test]
    fn the_previous_signing_secret_comes_with_its_end() {
        let rotating = file::parse(
            "[slack]\nsigning_secret = \"new\"\nsigning_secret_previous = \"old\"\n\
             signing_secret_previous_until = 2026-11-24T09:00:00Z",
        );
        let source = secrets(&[]);
        *source.sheet.lock().unwrap() = Some((Timestamp::UNIX_EPOCH, Arc::new(rotating.unwrap())));
        let SigningSecret { current, previous } = source.slack_signing().unwrap();
        let (previous, until) = previous.unwrap();
        assert_eq!((current.expose_secret(), previous.expose_secret()), ("new", "old"));
        assert_eq!(until, "2026-11-24T09:00:00Z".parse().unwrap());
    }
}
