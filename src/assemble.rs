//! Puts the parts together: the only file that names every adapter.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::FutureExt as _;
use secrecy::SecretString;
use tokio::sync::Notify;

use crate::app::{App, Bell};
use crate::audit::Origin;
use crate::aws;
use crate::chat::{self, Chat, Door, Voices, discord, slack};
use crate::cloud::client::{self as tencent, Purpose};
use crate::cloud::wire::call::Signing;
use crate::cloud::{Credentials, v1};
use crate::config::{self, Api, Config, LivePolicy};
use crate::domain::Clock;
use crate::ingress::Ingress;
use crate::outbound::Timeouts;
use crate::secrets::{ApiKey, SecretSource, Secrets, SigningSecret};
use crate::store::Store;
use crate::store::dynamo::{self, Dynamo};
use crate::store::rules::Rules;
use crate::store::sqlite::Sqlite;
use crate::worker::Worker;

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

/// Makes all of it for the configuration that stands in `file`. Every secret is looked at once, so that one that is
/// missing is said now and not at three in the morning; later each is fetched when it is needed.
///
/// # Errors
/// When a secret is missing or the store cannot be opened.
pub async fn parts(config: &Config, file: &Path, secrets: Secrets, clock: &Clock) -> anyhow::Result<Parts> {
    for (_, found) in inventory(config, &secrets) {
        found.context(Incomplete)?;
    }
    let secrets = Arc::new(secrets);
    let Stores { front, worker: store } = stores(config).await?;
    let policies = LivePolicy::new(file.to_owned(), Arc::clone(clock)).policies();
    let rules = Arc::new(Rules::new(Arc::clone(&store), policies));
    let notify = Arc::new(Notify::new());
    let app = Arc::new(App { store: front, rules: Arc::clone(&rules), bell: bell(&notify) });
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
        clock: Arc::clone(clock),
        claims: AtomicU64::new(0),
    };
    Ok(Parts { ingress: Arc::new(ingress), worker: Arc::new(worker), store, notify })
}

/// Every secret that this configuration needs, by what it is for, and whether it is there.
pub fn inventory(config: &Config, secrets: &Secrets) -> Vec<(&'static str, anyhow::Result<()>)> {
    let mut all = Vec::new();
    if config.platforms.slack.is_some() {
        all.push(("what Slack signs with", secrets.slack_signing().map(drop)));
        all.push(("the bot's token for Slack", secrets.slack_bot_token().map(drop)));
    }
    if let Some(discord) = &config.platforms.discord {
        all.push(("what Discord signs with", discord_keys(discord, secrets).map(drop)));
        all.push(("the bot's token for Discord", secrets.discord_bot_token().map(drop)));
    }
    all.push(("the cloud's key", secrets.tencent().map(drop)));
    all.push(("the cloud's key for reading", secrets.tencent_read().map(drop)));
    all
}

/// The secrets of this configuration; `environment` wins over the file.
pub fn secrets(config: &Config, environment: BTreeMap<String, SecretString>, clock: &Clock) -> Secrets {
    let source = config.secrets.clone().map_or(SecretSource::Env, SecretSource::File);
    Secrets::new(source, environment, Arc::clone(clock))
}

/// Opens the store alone, for `audit`.
///
/// # Errors
/// When it cannot be opened.
pub async fn store(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    stores(config).await.map(|Stores { worker, .. }| worker)
}

/// One store, as each of two sees it.
pub struct Stores {
    /// Gives up while a person still waits for the answer.
    pub front: Arc<dyn Store>,
    pub worker: Arc<dyn Store>,
}

/// Opens the store.
///
/// # Errors
/// When it cannot be opened.
pub async fn stores(config: &Config) -> anyhow::Result<Stores> {
    let build = option_env!("CLEANSLATE_BUILD").unwrap_or(env!("CARGO_PKG_VERSION")).to_owned();
    let origin = Origin { log: config.origin.clone(), build };
    match &config.store {
        config::Store::Sqlite(path) => {
            let opened = Sqlite::open(path, origin);
            let opened = opened.with_context(|| format!("the store {} cannot be opened", path.display()))?;
            let worker: Arc<dyn Store> = Arc::new(opened);
            Ok(Stores { front: Arc::clone(&worker), worker })
        }
        config::Store::Dynamodb(table) => {
            let aws = Box::pin(aws::config()).await?;
            let opened = Box::pin(Dynamo::open(&aws, table, origin, dynamo::WORKER)).await;
            let worker = opened.with_context(|| format!("the store {table} cannot be opened"))?;
            Ok(Stores { front: Arc::new(worker.patient(dynamo::FRONT)), worker: Arc::new(worker) })
        }
    }
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
    let keys: chat::Keys<_> = Arc::new(move || {
        let keys = secrets
            .slack_signing()
            .map(|SigningSecret { current, previous }| slack::verify::Keys { current, previous });
        std::future::ready(keys).boxed()
    });
    slack::door(keys, config.command.clone())
}

fn discord_door(config: &config::Discord, secrets: &Arc<Secrets>) -> Door<discord::verify::Keys> {
    let (config, secrets) = (config.clone(), Arc::clone(secrets));
    let command = config.command.clone();
    let keys: chat::Keys<_> = Arc::new(move || std::future::ready(discord_keys(&config, &secrets)).boxed());
    discord::door(keys, command)
}

/// The public key from the configuration, or from the secrets.
fn discord_keys(config: &config::Discord, secrets: &Secrets) -> anyhow::Result<discord::verify::Keys> {
    let hex = config.public_key.clone().map_or_else(|| secrets.discord_public_key(), Ok)?;
    discord::verify::Keys::parse(&hex).context("discord.public_key cannot be used")
}

/// The bot's voice on every platform that is configured.
fn voices(config: &Config, secrets: &Arc<Secrets>) -> anyhow::Result<Voices> {
    let slack = config.platforms.slack.as_ref().map(|config| -> anyhow::Result<Arc<dyn Chat>> {
        let secrets = Arc::clone(secrets);
        let token: chat::Token = Arc::new(move || std::future::ready(secrets.slack_bot_token()).boxed());
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
    let token: chat::Token = Arc::new(move || std::future::ready(secrets.discord_bot_token()).boxed());
    let (base, command) = (config.api_base.clone(), config.command.clone());
    discord::client::Client::new(base, command, token, TALK)
}

fn cloud(config: &Config, secrets: &Arc<Secrets>, clock: &Clock) -> anyhow::Result<tencent::Client> {
    let secrets = Arc::clone(secrets);
    let keys: tencent::KeyRing = Arc::new(move |purpose| {
        let key = match purpose {
            Purpose::Read => secrets.tencent_read(),
            Purpose::Wipe => secrets.tencent(),
        };
        let credentials =
            key.map(|ApiKey { id, key, token }| Credentials { secret_id: id, secret_key: key, token });
        std::future::ready(credentials).boxed()
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

/// A name that no other process has.
fn process_name() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|why| anyhow::anyhow!("no random numbers: {why}"))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
