//! Puts the parts together: the only file that names every adapter.

mod keys;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::FutureExt as _;
use tokio::sync::Notify;

use self::keys::{complete, discord_door, door_secrets, hand_secrets, slack_door};
pub use self::keys::{inventory, secrets, source};
use crate::app::{App, Bell};
use crate::audit::Origin;
pub use crate::aws::Aws;
use crate::chat::{Chat, Voices, discord, slack};
use crate::cloud::client as tencent;
use crate::cloud::v1;
use crate::cloud::wire::call::Signing;
use crate::config::{self, Api, Config, LivePolicy};
use crate::domain::Clock;
use crate::domain::password::Noise;
use crate::domain::policy::Policies;
use crate::ingress::Ingress;
use crate::outbound::Timeouts;
use crate::secrets::Secrets;
use crate::store::Store;
use crate::store::dynamo::{self, Dynamo};
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

/// What the front alone runs.
pub struct Front {
    pub ingress: Arc<Ingress>,
    /// Rung after each commit.
    pub notify: Arc<Notify>,
}

/// Makes all of it. Every secret is looked at once, so that one that is missing is said now and not at three in the
/// morning; later each is fetched when it is needed.
///
/// # Errors
/// When a secret is missing or the store cannot be opened.
pub async fn parts(
    config: &Config,
    policy: LivePolicy,
    secrets: Secrets,
    clock: &Clock,
    aws: &Aws,
) -> anyhow::Result<Parts> {
    complete(inventory(config, &secrets).await)?;
    let ground = Ground::new(policy, secrets, opened(config, aws).await?, clock);
    let notify = Arc::new(Notify::new());
    Ok(Parts {
        ingress: Arc::new(ground.ingress(config, &notify)),
        worker: Arc::new(ground.worker(config)?),
        store: ground.stores.worker,
        notify,
    })
}

/// Makes the front alone, for a process that cannot read the bot's tokens and the cloud's keys. Somebody waits for its
/// first answer: tables are not called before there is something to look up.
///
/// # Errors
/// As [`parts`].
pub async fn front(
    config: &Config,
    policy: LivePolicy,
    secrets: Secrets,
    clock: &Clock,
    aws: &Aws,
) -> anyhow::Result<Front> {
    complete(door_secrets(config, &secrets).await)?;
    let ground = Ground::new(policy, secrets, stores(config, aws).await?, clock);
    let notify = Arc::new(Notify::new());
    Ok(Front { ingress: Arc::new(ground.ingress(config, &notify)), notify })
}

/// Makes the worker alone, for a process that nobody can send a request to.
///
/// # Errors
/// As [`parts`].
pub async fn worker(
    config: &Config,
    policy: LivePolicy,
    secrets: Secrets,
    clock: &Clock,
    aws: &Aws,
) -> anyhow::Result<Arc<Worker>> {
    complete(hand_secrets(config, &secrets).await)?;
    let ground = Ground::new(policy, secrets, opened(config, aws).await?, clock);
    Ok(Arc::new(ground.worker(config)?))
}

/// What front and worker both stand on.
struct Ground {
    policies: Policies,
    secrets: Arc<Secrets>,
    stores: Stores,
    clock: Clock,
}

impl Ground {
    fn new(policy: LivePolicy, secrets: Secrets, stores: Stores, clock: &Clock) -> Self {
        let (policies, secrets) = (policy.policies(), Arc::new(secrets));
        Self { policies, secrets, stores, clock: Arc::clone(clock) }
    }

    /// A policy that is new is written with the patience of whoever comes upon it.
    fn rules(&self, store: &Arc<dyn Store>) -> Arc<Rules> {
        Arc::new(Rules::new(Arc::clone(store), Arc::clone(&self.policies)))
    }

    fn ingress(&self, config: &Config, notify: &Arc<Notify>) -> Ingress {
        let store = Arc::clone(&self.stores.front);
        let rules = self.rules(&store);
        Ingress {
            app: Arc::new(App { store, rules, bell: bell(notify) }),
            slack: config.platforms.slack.as_ref().map(|slack| slack_door(slack, &self.secrets)),
            discord: config.platforms.discord.as_ref().map(|discord| discord_door(discord, &self.secrets)),
            clock: Arc::clone(&self.clock),
        }
    }

    fn worker(&self, config: &Config) -> anyhow::Result<Worker> {
        Ok(Worker {
            name: process_name()?,
            account: config.cloud.name.clone(),
            regions: config.cloud.regions.clone(),
            store: Arc::clone(&self.stores.worker),
            chat: Arc::new(voices(config, &self.secrets)?),
            cloud: Arc::new(cloud(config, &self.secrets, &self.clock)?),
            rules: self.rules(&self.stores.worker),
            supplies: supplies(config, &self.secrets)?,
            clock: Arc::clone(&self.clock),
            claims: AtomicU64::new(0),
        })
    }
}

/// Opens the store alone, for `audit`.
///
/// # Errors
/// When it cannot be opened.
pub async fn store(config: &Config, aws: &Aws) -> anyhow::Result<Arc<dyn Store>> {
    opened(config, aws).await.map(|Stores { worker, .. }| worker)
}

/// Opens the store, and finds out now whether it can be read.
async fn opened(config: &Config, aws: &Aws) -> anyhow::Result<Stores> {
    let stores = stores(config, aws).await?;
    stores.worker.head().await.context("the store cannot be opened")?;
    Ok(stores)
}

/// One store, as each of two sees it.
struct Stores {
    /// Gives up while a person still waits for the answer.
    front: Arc<dyn Store>,
    worker: Arc<dyn Store>,
}

/// Opens a file; tables are called when they are needed.
async fn stores(config: &Config, aws: &Aws) -> anyhow::Result<Stores> {
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
            let worker = Dynamo::new(aws.config().await?, table, origin, dynamo::WORKER)?;
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

/// The bot's voice on every platform that is configured.
fn voices(config: &Config, secrets: &Arc<Secrets>) -> anyhow::Result<Voices> {
    let slack = config
        .platforms
        .slack
        .as_ref()
        .map(|config| -> anyhow::Result<Arc<dyn Chat>> { Ok(Arc::new(slack_client(config, secrets)?)) });
    let discord =
        config.platforms.discord.as_ref().map(|config| -> anyhow::Result<Arc<dyn Chat>> {
            Ok(Arc::new(discord_client(config, secrets)?))
        });
    Ok(Voices { slack: slack.transpose()?, discord: discord.transpose()? })
}

/// For the bot's voice, and for `check`.
///
/// # Errors
/// When TLS cannot be set up.
pub fn slack_client(config: &config::Slack, secrets: &Arc<Secrets>) -> anyhow::Result<slack::client::Client> {
    let (base, command) = (config.api_base.clone(), config.command.clone());
    slack::client::Client::new(base, command, keys::slack_token(secrets), TALK)
}

/// For the bot's voice, for `register` and for `check`.
///
/// # Errors
/// When TLS cannot be set up.
pub fn discord_client(
    config: &config::Discord,
    secrets: &Arc<Secrets>,
) -> anyhow::Result<discord::client::Client> {
    let (base, command) = (config.api_base.clone(), config.command.clone());
    discord::client::Client::new(base, command, keys::discord_token(secrets), TALK)
}

/// For the worker, and for `check`.
///
/// # Errors
/// When TLS cannot be set up.
pub fn cloud(config: &Config, secrets: &Arc<Secrets>, clock: &Clock) -> anyhow::Result<tencent::Client> {
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
    tencent::Client::new(settings, keys::cloud(secrets), Arc::clone(clock))
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
