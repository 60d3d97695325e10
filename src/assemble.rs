//! Puts the parts together: the only file that names every adapter.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::FutureExt as _;
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

use crate::app::{App, Bell};
use crate::audit::Origin;
use crate::aws;
use crate::chat::{self, Chat, Door, Voices, discord, slack};
use crate::cloud::client::{self as tencent, Purpose};
use crate::cloud::wire::call::Signing;
use crate::cloud::{Credentials, v1};
use crate::config::{self, Api, Config, LivePolicy, Reader, SecretsPlace, Source};
use crate::domain::Clock;
use crate::domain::password::Noise;
use crate::ingress::Ingress;
use crate::outbound::Timeouts;
use crate::secrets::{
    ApiKey, MAX_AGE, ManagedNames, Manager, REFUSED_AGE, SecretSource, Secrets, SigningSecret,
};
use crate::store::Store;
use crate::store::rules::Rules;
use crate::store::sqlite::Sqlite;
use crate::worker::{Supplies, Worker};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call of a chat platform may take.
const TALK: Timeouts = Timeouts { connect: CONNECT, total: Duration::from_secs(10) };

/// Context of the error when a secret is missing: a mistake of the configuration.
#[derive(Debug, thiserror::Error)]
#[error("the secrets cannot be used")]
pub struct Incomplete;

/// Everything that a server runs.
pub struct Parts {
    pub ingress: Arc<Ingress>,
    pub worker: Arc<Worker>,
    pub store: Arc<dyn Store>,
    /// Rung by the front after each commit.
    pub notify: Arc<Notify>,
}

/// Makes all of it for the configuration that stands in `source`. Every secret is looked at once, so that one that is
/// missing is said now and not at three in the morning; later each is fetched when it is needed.
///
/// # Errors
/// When a secret is missing or the store cannot be opened.
pub async fn parts(
    config: &Config,
    source: Source,
    secrets: Secrets,
    clock: &Clock,
) -> anyhow::Result<Parts> {
    for (_, found) in inventory(config, &secrets).await {
        found.context(Incomplete)?;
    }
    let secrets = Arc::new(secrets);
    let store = store(config)?;
    let policies = LivePolicy::new(source, Arc::clone(clock)).policies();
    let rules = Arc::new(Rules::new(Arc::clone(&store), policies));
    let notify = Arc::new(Notify::new());
    let app = Arc::new(App { store: Arc::clone(&store), rules: Arc::clone(&rules), bell: bell(&notify) });
    let ingress = Ingress {
        app,
        slack: config.platforms.slack.as_ref().map(|slack| slack_door(slack, &secrets)),
        discord: config.platforms.discord.as_ref().map(|discord| discord_door(discord, &secrets)),
        clock: Arc::clone(clock),
    };
    let worker = Worker {
        name: process_name()?,
        account: config.cloud.name.clone(),
        regions: config.cloud.regions.clone(),
        store: Arc::clone(&store),
        chat: Arc::new(voices(config, &secrets)?),
        cloud: Arc::new(cloud(config, &secrets, clock)?),
        rules,
        supplies: supplies(config, &secrets)?,
        clock: Arc::clone(clock),
        claims: AtomicU64::new(0),
    };
    Ok(Parts { ingress: Arc::new(ingress), worker: Arc::new(worker), store, notify })
}

/// Every secret that this configuration needs, by what it is for, and whether it is there.
pub async fn inventory(config: &Config, secrets: &Secrets) -> Vec<(&'static str, anyhow::Result<()>)> {
    let mut all = Vec::new();
    if config.platforms.slack.is_some() {
        all.push(("what Slack signs with", secrets.slack_signing(MAX_AGE).await.map(drop)));
        all.push(("the bot's token for Slack", secrets.slack_bot_token().await.map(drop)));
    }
    if let Some(discord) = &config.platforms.discord {
        all.push(("what Discord signs with", discord_keys(discord, secrets, MAX_AGE).await.map(drop)));
        all.push(("the bot's token for Discord", secrets.discord_bot_token().await.map(drop)));
    }
    all.push(("the cloud's key", secrets.tencent(MAX_AGE).await.map(drop)));
    all.push(("the cloud's key for reading", secrets.tencent_read(MAX_AGE).await.map(drop)));
    all
}

/// Where the configuration is: a file, or `secretsmanager:NAME`, a secret of AWS Secrets Manager.
///
/// # Errors
/// When AWS cannot be called.
pub async fn source(named: PathBuf) -> anyhow::Result<Source> {
    let Some(secret) = named.to_str().and_then(|name| name.strip_prefix("secretsmanager:")) else {
        return Ok(Source::file(named));
    };
    let (manager, secret) = (Manager::new(&aws::config().await?), Arc::<str>::from(secret));
    let read: Reader = Arc::new(move || {
        let (manager, secret) = (manager.clone(), Arc::clone(&secret));
        async move { Ok(manager.text(&secret).await?.expose_secret().to_owned()) }.boxed()
    });
    Ok(Source::elsewhere(named, read))
}

/// The secrets of this configuration; `environment` wins over where they are kept.
///
/// # Errors
/// When AWS cannot be called.
pub async fn secrets(
    config: &Config,
    environment: BTreeMap<String, SecretString>,
    clock: &Clock,
) -> anyhow::Result<Secrets> {
    Ok(Secrets::new(secret_source(config).await?, environment, Arc::clone(clock)))
}

async fn secret_source(config: &Config) -> anyhow::Result<SecretSource> {
    Ok(match config.secrets.clone() {
        SecretsPlace::File(path) => SecretSource::File(path),
        SecretsPlace::Environment => SecretSource::Env,
        SecretsPlace::Manager { verify, bot, cloud } => {
            SecretSource::Manager(Manager::new(&aws::config().await?), ManagedNames { verify, bot, cloud })
        }
    })
}

/// Opens the store alone, for `audit`.
///
/// # Errors
/// When it cannot be opened.
pub fn store(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let build = option_env!("CLEANSLATE_BUILD").unwrap_or(env!("CARGO_PKG_VERSION")).to_owned();
    let origin = Origin { log: config.origin.clone(), build };
    let opened = Sqlite::open(&config.store, origin);
    let opened = opened.with_context(|| format!("the store {} cannot be opened", config.store.display()))?;
    Ok(Arc::new(opened))
}

fn bell(notify: &Arc<Notify>) -> Bell {
    let notify = Arc::clone(notify);
    Arc::new(move || {
        notify.notify_one();
        std::future::ready(()).boxed()
    })
}

fn slack_door(config: &config::Slack, secrets: &Arc<Secrets>) -> Door<slack::verify::Keys> {
    let secrets = Arc::clone(secrets);
    let keys: chat::Keys<_> = Arc::new(move |max_age| {
        let secrets = Arc::clone(&secrets);
        async move {
            let SigningSecret { current, previous } = secrets.slack_signing(max_age).await?;
            Ok(slack::verify::Keys { current, previous })
        }
        .boxed()
    });
    slack::door(keys, config.command.clone())
}

fn discord_door(config: &config::Discord, secrets: &Arc<Secrets>) -> Door<discord::verify::Keys> {
    let (config, secrets) = (Arc::new(config.clone()), Arc::clone(secrets));
    let command = config.command.clone();
    let keys: chat::Keys<_> = Arc::new(move |max_age| {
        let (config, secrets) = (Arc::clone(&config), Arc::clone(&secrets));
        async move { discord_keys(&config, &secrets, max_age).await }.boxed()
    });
    discord::door(keys, command)
}

/// The public key from the configuration, or from the secrets.
async fn discord_keys(
    config: &config::Discord,
    secrets: &Secrets,
    max_age: SignedDuration,
) -> anyhow::Result<discord::verify::Keys> {
    let hex = match &config.public_key {
        Some(hex) => hex.clone(),
        None => secrets.discord_public_key(max_age).await?,
    };
    discord::verify::Keys::parse(&hex).context("discord.public_key cannot be used")
}

/// The bot's voice on every platform that is configured.
fn voices(config: &Config, secrets: &Arc<Secrets>) -> anyhow::Result<Voices> {
    let slack = config.platforms.slack.as_ref().map(|config| -> anyhow::Result<Arc<dyn Chat>> {
        let secrets = Arc::clone(secrets);
        let token: chat::Token = Arc::new(move || {
            let secrets = Arc::clone(&secrets);
            async move { secrets.slack_bot_token().await }.boxed()
        });
        let (base, command) = (config.api_base.clone(), config.command.clone());
        Ok(Arc::new(slack::client::Client::new(base, command, token, TALK)?))
    });
    let discord =
        config.platforms.discord.as_ref().map(|config| -> anyhow::Result<Arc<dyn Chat>> {
            Ok(Arc::new(discord_client(config, secrets)?))
        });
    Ok(Voices { slack: slack.transpose()?, discord: discord.transpose()? })
}

/// For the bot's voice, and for `register`.
///
/// # Errors
/// When TLS cannot be set up.
pub fn discord_client(
    config: &config::Discord,
    secrets: &Arc<Secrets>,
) -> anyhow::Result<discord::client::Client> {
    let secrets = Arc::clone(secrets);
    let token: chat::Token = Arc::new(move || {
        let secrets = Arc::clone(&secrets);
        async move { secrets.discord_bot_token().await }.boxed()
    });
    let (base, command) = (config.api_base.clone(), config.command.clone());
    discord::client::Client::new(base, command, token, TALK)
}

fn cloud(config: &Config, secrets: &Arc<Secrets>, clock: &Clock) -> anyhow::Result<tencent::Client> {
    let secrets = Arc::clone(secrets);
    let keys: tencent::KeyRing = Arc::new(move |purpose| {
        let secrets = Arc::clone(&secrets);
        async move {
            let ApiKey { id, key, token } = match purpose {
                Purpose::Read => secrets.tencent_read(MAX_AGE).await?,
                Purpose::ReadRefused => secrets.tencent_read(REFUSED_AGE).await?,
                Purpose::Wipe => secrets.tencent(SignedDuration::ZERO).await?,
            };
            Ok(Credentials { secret_id: id, secret_key: key, token })
        }
        .boxed()
    });
    let total = config.cloud.timeout;
    let settings = tencent::Settings {
        endpoint: config.cloud.endpoint.clone(),
        signing: match config.cloud.api {
            Api::V3 => Signing::Tc3,
            Api::V2Sha256 => Signing::V1(v1::Method::HmacSha256),
            Api::V2Sha1 => Signing::V1(v1::Method::HmacSha1),
        },
        regions: config.cloud.regions.clone(),
        language: config.cloud.language.clone(),
        timeouts: Timeouts { connect: CONNECT.min(total), total },
    };
    tencent::Client::new(settings, keys, Arc::clone(clock))
}

/// What an order can ask for by name.
fn supplies(config: &Config, secrets: &Secrets) -> anyhow::Result<Supplies> {
    Ok(Supplies {
        login: config.logins.default.clone(),
        prefix: config.logins.vault_prefix.clone(),
        vault: secrets.vault()?,
        texts: config::texts(config.userdata.clone()),
        noise: Arc::new(|| {
            let mut noise = [0; size_of::<Noise>()];
            getrandom::fill(&mut noise).map_err(|why| anyhow::anyhow!("no random numbers: {why}"))?;
            Ok(noise)
        }),
    })
}

/// A name that no other process has.
fn process_name() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|why| anyhow::anyhow!("no random numbers: {why}"))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
