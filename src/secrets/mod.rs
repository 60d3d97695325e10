//! The secrets: from a file that only its owner can read, from AWS Secrets Manager, or from the environment, which wins.
//! Passwords that this program makes itself are kept in a [`vault`].

mod file;
mod manager;
mod sheet;
pub mod vault;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

pub use self::manager::Manager;
use self::sheet::{Group, NAMES, Sheet};
use self::vault::Vault;
use crate::domain::Clock;

/// How long a secret is believed: a rotation takes effect within it, and a flood of forged requests does not reach
/// the source.
pub const MAX_AGE: SignedDuration = SignedDuration::from_secs(300);
/// How old a secret may be that a signature did not match: whoever signed may have a newer one. A forger makes it be
/// read again no more often than this.
pub const DOUBTED_AGE: SignedDuration = SignedDuration::from_secs(30);
/// The same where the cloud refused a key.
pub const REFUSED_AGE: SignedDuration = SignedDuration::from_secs(60);

/// Where the secrets are.
#[derive(Debug, Clone)]
pub enum SecretSource {
    File(PathBuf),
    /// In the environment alone.
    Env,
    Manager(Manager, ManagedNames),
}

/// The secrets in AWS Secrets Manager: each role may read its own alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedNames {
    /// What the platforms sign with.
    pub verify: String,
    /// The bot's tokens.
    pub bot: String,
    /// The cloud's keys.
    pub cloud: String,
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

/// What was read, and when it was last tried.
#[derive(Default)]
struct Kept {
    read: Option<(Timestamp, Sheet)>,
    tried: Option<Timestamp>,
}

/// Reads the secrets when they are needed, each group by itself, and forgets them after five minutes.
pub struct Secrets {
    source: SecretSource,
    environment: BTreeMap<String, SecretString>,
    clock: Clock,
    kept: [Mutex<Kept>; Group::COUNT],
}

impl Secrets {
    /// `environment` holds the variables that override the source, by their whole names.
    pub fn new(source: SecretSource, environment: BTreeMap<String, SecretString>, clock: Clock) -> Self {
        Self { source, environment, clock, kept: Default::default() }
    }

    /// Read at most `max_age` ago.
    ///
    /// # Errors
    /// When it is missing, or the source cannot be used.
    pub async fn slack_signing(&self, max_age: SignedDuration) -> anyhow::Result<SigningSecret> {
        let sheet = self.sheet(Group::Verify, max_age).await?;
        let current = self.need(&sheet, "slack.signing_secret")?;
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
    pub async fn slack_bot_token(&self) -> anyhow::Result<SecretString> {
        let sheet = self.sheet(Group::Bot, MAX_AGE).await?;
        self.need(&sheet, "slack.bot_token")
    }

    /// What Discord's signatures are checked with, in hex. Not secret, and kept with the others all the same.
    ///
    /// # Errors
    /// When it is missing, or the source cannot be used.
    pub async fn discord_public_key(&self, max_age: SignedDuration) -> anyhow::Result<String> {
        let sheet = self.sheet(Group::Verify, max_age).await?;
        Ok(self.need(&sheet, "discord.public_key")?.expose_secret().to_owned())
    }

    /// # Errors
    /// When it is missing, or the source cannot be used.
    pub async fn discord_bot_token(&self) -> anyhow::Result<SecretString> {
        let sheet = self.sheet(Group::Bot, MAX_AGE).await?;
        self.need(&sheet, "discord.bot_token")
    }

    /// The key that may wipe.
    ///
    /// # Errors
    /// When it is missing, or the source cannot be used.
    pub async fn tencent(&self, max_age: SignedDuration) -> anyhow::Result<ApiKey> {
        let sheet = self.sheet(Group::Wipe, max_age).await?;
        self.api_key(&sheet, ["tencent.secret_id", "tencent.secret_key", "tencent.token"])
    }

    /// The key that only reads; where there is none, the one that may wipe.
    ///
    /// # Errors
    /// When both are missing, or the source cannot be used.
    pub async fn tencent_read(&self, max_age: SignedDuration) -> anyhow::Result<ApiKey> {
        let sheet = self.sheet(Group::Read, max_age).await?;
        if sheet.is_empty() {
            return self.tencent(max_age).await;
        }
        self.api_key(&sheet, ["tencent_read.secret_id", "tencent_read.secret_key", "tencent_read.token"])
    }

    /// Where passwords of `login=vault` are kept: where these secrets come from.
    ///
    /// # Errors
    /// When this process has no folder to start a path from.
    pub fn vault(&self) -> anyhow::Result<Arc<dyn Vault>> {
        vault::of(&self.source)
    }

    /// The group's secrets. One caller reads at a time; the others take what it found.
    async fn sheet(&self, group: Group, max_age: SignedDuration) -> anyhow::Result<Sheet> {
        let mut kept = self.kept[group as usize].lock().await;
        let now = (self.clock)();
        let within = |at: Timestamp, age| (SignedDuration::ZERO..age).contains(&now.duration_since(at));
        if let Some((read_at, sheet)) = &kept.read {
            // A second look that failed a moment ago is not had again by whoever sends a forged request.
            let tried = kept.tried.is_some_and(|at| within(at, max_age));
            if within(*read_at, max_age) || (tried && within(*read_at, MAX_AGE)) {
                return Ok(sheet.clone());
            }
            if !within(*read_at, MAX_AGE) {
                kept.read = None;
            }
        }
        kept.tried = Some(now);
        let mut sheet = self.read(group).await?;
        for name in group.names() {
            if let Some(value) = self.environment.get(&variable(name)) {
                sheet.insert(name, value.clone());
            }
        }
        kept.read = Some((now, sheet.clone()));
        Ok(sheet)
    }

    async fn read(&self, group: Group) -> anyhow::Result<Sheet> {
        let mut sheet = match &self.source {
            SecretSource::File(path) => file::read(path)?,
            SecretSource::Env => Sheet::new(),
            SecretSource::Manager(manager, names) => {
                let (name, may_hold) = names.of(group);
                let text = manager.text(name).await?;
                let sheet = sheet::json(text.expose_secret(), may_hold);
                sheet.with_context(|| format!("the secret {name} cannot be used"))?
            }
        };
        sheet.retain(|name, _| group.names().any(|own| own == *name));
        Ok(sheet)
    }

    fn need(&self, sheet: &Sheet, name: &str) -> anyhow::Result<SecretString> {
        let secret = sheet.get(name).with_context(|| {
            let place = match &self.source {
                SecretSource::File(_) | SecretSource::Env => "the secrets file".to_owned(),
                SecretSource::Manager(_, names) => format!("the secret {}", names.holding(name)),
            };
            format!("the secret {name} is missing: add it to {place}, or set {}", variable(name))
        })?;
        let text = secret.expose_secret();
        ensure!(
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()),
            "the secret {name} is empty or holds other than visible ASCII characters: copy it again"
        );
        Ok(secret.clone())
    }

    fn api_key(&self, sheet: &Sheet, [id, key, token]: [&str; 3]) -> anyhow::Result<ApiKey> {
        Ok(ApiKey {
            id: self.need(sheet, id)?.expose_secret().to_owned(),
            key: self.need(sheet, key)?,
            token: sheet.contains_key(token).then(|| self.need(sheet, token)).transpose()?,
        })
    }
}

impl ManagedNames {
    /// The secret that holds a group, and every group that it may hold.
    fn of(&self, group: Group) -> (&str, &'static [Group]) {
        match group {
            Group::Verify => (&self.verify, &[Group::Verify]),
            Group::Bot => (&self.bot, &[Group::Bot]),
            Group::Read | Group::Wipe => (&self.cloud, &[Group::Read, Group::Wipe]),
        }
    }

    fn holding(&self, name: &str) -> &str {
        NAMES.iter().find(|(_, known)| *known == name).map_or("", |(group, _)| self.of(*group).0)
    }
}

fn variable(name: &str) -> String {
    format!("CLEANSLATE_{}", name.replace('.', "_").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn now<T>(reading: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        reading.now_or_never().expect("nothing here is waited for")
    }

    fn secrets(environment: &[(&str, &str)]) -> Secrets {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        Secrets::new(SecretSource::Env, environment, Arc::new(|| Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn what_is_missing_is_named_in_both_places() {
        let none = secrets(&[]);
        let complaints = [
            now(none.slack_signing(MAX_AGE)).unwrap_err(),
            now(none.tencent_read(MAX_AGE)).unwrap_err(),
            now(secrets(&[("CLEANSLATE_SLACK_BOT_TOKEN", "xoxb canary")]).slack_bot_token()).unwrap_err(),
            now(secrets(&[
                ("CLEANSLATE_SLACK_SIGNING_SECRET", "a"),
                ("CLEANSLATE_SLACK_SIGNING_SECRET_PREVIOUS", "b"),
            ])
            .slack_signing(MAX_AGE))
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
        assert_eq!(now(secrets(&wiping).tencent_read(MAX_AGE)).unwrap().id, "wipe");
        let both = secrets(&[wiping, reading].concat());
        assert_eq!(
            (now(both.tencent_read(MAX_AGE)).unwrap().id, now(both.tencent(MAX_AGE)).unwrap().id),
            ("read".into(), "wipe".into())
        );
        assert!(now(secrets(&reading).tencent(MAX_AGE)).is_err(), "a key that only reads never wipes");
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
        let token = || now(secrets.slack_bot_token()).map(|token| token.expose_secret().to_owned());

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
    fn a_doubted_secret_is_looked_at_again_and_not_by_every_forger() {
        use std::sync::atomic::{AtomicI64, Ordering};

        let file = std::env::temp_dir().join(format!("cleanslate-doubted-{}", std::process::id()));
        let write = |key: &str| {
            std::fs::write(&file, format!("[discord]\npublic_key = \"{key}\"\n")).unwrap();
            let owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&file, owner).unwrap();
        };
        let second = Arc::new(AtomicI64::new(0));
        let ticking = Arc::clone(&second);
        let clock: Clock = Arc::new(move || Timestamp::from_second(ticking.load(Ordering::Relaxed)).unwrap());
        let secrets = Secrets::new(SecretSource::File(file.clone()), BTreeMap::new(), clock);
        let key = |at: i64, max_age| {
            second.store(at, Ordering::Relaxed);
            now(secrets.discord_public_key(max_age)).ok()
        };

        write("first");
        assert_eq!(key(0, MAX_AGE).as_deref(), Some("first"));
        write("second");
        assert_eq!(key(29, DOUBTED_AGE).as_deref(), Some("first"));
        assert_eq!(key(30, DOUBTED_AGE).as_deref(), Some("second"));
        write("third");
        assert_eq!(key(59, DOUBTED_AGE).as_deref(), Some("second"), "once in thirty seconds");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(key(60, DOUBTED_AGE), None);
        assert_eq!(key(61, DOUBTED_AGE).as_deref(), Some("second"), "the next forger reads nothing");
        assert_eq!(key(62, SignedDuration::ZERO), None, "what must be fresh is read, or not had");
        assert_eq!(key(329, MAX_AGE).as_deref(), Some("second"));
        assert_eq!(key(330, MAX_AGE), None);
    }

    #[test]
    fn the_previous_signing_secret_comes_with_its_end() {
        let source = secrets(&[
            ("CLEANSLATE_SLACK_SIGNING_SECRET", "new"),
            ("CLEANSLATE_SLACK_SIGNING_SECRET_PREVIOUS", "old"),
            ("CLEANSLATE_SLACK_SIGNING_SECRET_PREVIOUS_UNTIL", "2026-11-24T09:00:00Z"),
        ]);
        let SigningSecret { current, previous } = now(source.slack_signing(MAX_AGE)).unwrap();
        let (previous, until) = previous.unwrap();
        assert_eq!((current.expose_secret(), previous.expose_secret()), ("new", "old"));
        assert_eq!(until, "2026-11-24T09:00:00Z".parse().unwrap());
    }
}
