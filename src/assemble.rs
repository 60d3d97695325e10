//! Puts the parts together: the only file that names every adapter.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::FutureExt as _;
use secrecy::ExposeSecret as _;
use tokio::sync::Notify;

use crate::app::{App, Bell};
use crate::audit::Origin;
use crate::chat::slack;
use crate::cloud::Credentials;
use crate::cloud::client::{self as tencent, Purpose};
use crate::config::{Config, LivePolicy};
use crate::domain::Clock;
use crate::ingress::Ingress;
use crate::outbound::Timeouts;
use crate::secrets::{Secrets, TencentSecrets, needed};
use crate::store::Store;
use crate::store::rules::Rules;
use crate::store::sqlite::Sqlite;
use crate::worker::Worker;

/// Everything that a server runs.
pub struct Parts {
    pub ingress: Arc<Ingress>,
    pub worker: Arc<Worker>,
    pub store: Arc<dyn Store>,
    /// Rung by the front after each commit.
    pub notify: Arc<Notify>,
}

/// Makes all of it for the configuration that stands in `file`.
///
/// # Errors
/// When a secret is missing or the store cannot be opened.
pub fn parts(config: &Config, file: &Path, secrets: &Secrets, clock: &Clock) -> anyhow::Result<Parts> {
    let store = store(config)?;
    let policies = LivePolicy::new(file.to_owned(), Arc::clone(clock)).policies();
    let rules = Arc::new(Rules::new(Arc::clone(&store), policies));
    let notify = Arc::new(Notify::new());
    let app = Arc::new(App {
        store: Arc::clone(&store),
        rules: Arc::clone(&rules),
        bell: bell(&notify),
        command: config.slack.command.clone(),
    });
    let ingress = Ingress { app, slack: signing(secrets)?, clock: Arc::clone(clock) };
    let worker = Worker {
        name: process_name()?,
        account: config.cloud.name.clone(),
        regions: config.cloud.regions.clone(),
        store: Arc::clone(&store),
        chat: Arc::new(voice(config, secrets)?),
        cloud: Arc::new(cloud(config, secrets, clock)?),
        rules,
        clock: Arc::clone(clock),
        claims: AtomicU64::new(0),
    };
    Ok(Parts { ingress: Arc::new(ingress), worker: Arc::new(worker), store, notify })
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

fn signing(secrets: &Secrets) -> anyhow::Result<slack::verify::Keys> {
    let slack = &secrets.slack;
    let current = needed(slack.signing_secret.as_ref(), "slack.signing_secret")?;
    let previous = slack.signing_secret_previous.clone().zip(slack.signing_secret_previous_until);
    Ok(slack::verify::Keys { current, previous })
}

fn voice(config: &Config, secrets: &Secrets) -> anyhow::Result<slack::client::Client> {
    let token = needed(secrets.slack.bot_token.as_ref(), "slack.bot_token")?;
    let token: slack::client::Token = Arc::new(move || {
        let token = token.clone();
        async move { Ok(token) }.boxed()
    });
    let timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(10) };
    slack::client::Client::new(config.slack.api_base.clone(), token, timeouts)
}

fn cloud(config: &Config, secrets: &Secrets, clock: &Clock) -> anyhow::Result<tencent::Client> {
    let wipe = credentials(&secrets.tencent, "tencent")?;
    let read = match &secrets.tencent_read {
        Some(read) => credentials(read, "tencent_read")?,
        None => wipe.clone(),
    };
    let keys: tencent::KeyRing = Arc::new(move |purpose| {
        let credentials = match purpose {
            Purpose::Read => read.clone(),
            Purpose::Wipe => wipe.clone(),
        };
        async move { Ok(credentials) }.boxed()
    });
    let settings = tencent::Settings {
        endpoint: config.cloud.endpoint.clone(),
        regions: config.cloud.regions.clone(),
        language: config.cloud.language.clone(),
        timeouts: Timeouts {
            connect: Duration::from_secs(5).min(config.cloud.timeout),
            total: config.cloud.timeout,
        },
    };
    tencent::Client::new(settings, keys, Arc::clone(clock))
}

fn credentials(secrets: &TencentSecrets, section: &str) -> anyhow::Result<Credentials> {
    Ok(Credentials {
        secret_id: needed(secrets.secret_id.as_ref(), &format!("{section}.secret_id"))?
            .expose_secret()
            .to_owned(),
        secret_key: needed(secrets.secret_key.as_ref(), &format!("{section}.secret_key"))?,
        token: secrets.token.clone(),
    })
}

/// A name that no other process has.
fn process_name() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|why| anyhow::anyhow!("no random numbers: {why}"))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
