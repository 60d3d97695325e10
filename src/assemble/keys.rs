//! Secrets, handed to the parts that use them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use futures_util::future::FutureExt as _;
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};

use super::Incomplete;
use crate::aws::Aws;
use crate::chat::{self, Door, discord, slack};
use crate::cloud::Credentials;
use crate::cloud::client::{self as tencent, Purpose};
use crate::config::{self, Config, Reader, SecretsPlace, Source};
use crate::domain::Clock;
use crate::secrets::{
    ApiKey, MAX_AGE, ManagedNames, Manager, REFUSED_AGE, SecretSource, Secrets, SigningSecret,
};

/// Where the configuration is: a file, or `secretsmanager:NAME`, a secret of AWS Secrets Manager.
///
/// # Errors
/// When AWS cannot be called.
pub async fn source(named: PathBuf, aws: &Aws) -> anyhow::Result<Source> {
    let Some(secret) = named.to_str().and_then(|name| name.strip_prefix("secretsmanager:")) else {
        return Ok(Source::file(named));
    };
    let (manager, secret) = (Manager::new(aws.config().await?), Arc::<str>::from(secret));
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
    aws: &Aws,
) -> anyhow::Result<Secrets> {
    Ok(Secrets::new(secret_source(config, aws).await?, environment, Arc::clone(clock)))
}

async fn secret_source(config: &Config, aws: &Aws) -> anyhow::Result<SecretSource> {
    Ok(match config.secrets.clone() {
        SecretsPlace::File(path) => SecretSource::File(path),
        SecretsPlace::Environment => SecretSource::Env,
        SecretsPlace::Manager { verify, bot, cloud } => {
            SecretSource::Manager(Manager::new(aws.config().await?), ManagedNames { verify, bot, cloud })
        }
    })
}

/// What a secret is for, and whether it is there.
type Found = (&'static str, anyhow::Result<()>);

pub(super) fn complete(secrets: Vec<Found>) -> anyhow::Result<()> {
    secrets.into_iter().try_for_each(|(_, found)| found).context(Incomplete)
}

/// Every secret that this configuration needs.
pub async fn inventory(config: &Config, secrets: &Secrets) -> Vec<Found> {
    let mut all = door_secrets(config, secrets).await;
    all.extend(hand_secrets(config, secrets).await);
    all
}

/// What the front needs.
pub(super) async fn door_secrets(config: &Config, secrets: &Secrets) -> Vec<Found> {
    let mut all = Vec::new();
    if config.platforms.slack.is_some() {
        all.push(("what Slack signs with", secrets.slack_signing(MAX_AGE).await.map(drop)));
    }
    if let Some(discord) = &config.platforms.discord {
        all.push(("what Discord signs with", discord_keys(discord, secrets, MAX_AGE).await.map(drop)));
    }
    all
}

/// What the worker needs.
pub(super) async fn hand_secrets(config: &Config, secrets: &Secrets) -> Vec<Found> {
    let mut all = Vec::new();
    if config.platforms.slack.is_some() {
        all.push(("the bot's token for Slack", secrets.slack_bot_token().await.map(drop)));
    }
    if config.platforms.discord.is_some() {
        all.push(("the bot's token for Discord", secrets.discord_bot_token().await.map(drop)));
    }
    all.push(("the cloud's key", secrets.tencent(MAX_AGE).await.map(drop)));
    all.push(("the cloud's key for reading", secrets.tencent_read(MAX_AGE).await.map(drop)));
    all
}

pub(super) fn slack_door(config: &config::Slack, secrets: &Arc<Secrets>) -> Door<slack::verify::Keys> {
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

pub(super) fn discord_door(config: &config::Discord, secrets: &Arc<Secrets>) -> Door<discord::verify::Keys> {
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

pub(super) fn slack_token(secrets: &Arc<Secrets>) -> chat::Token {
    let secrets = Arc::clone(secrets);
    Arc::new(move || {
        let secrets = Arc::clone(&secrets);
        async move { secrets.slack_bot_token().await }.boxed()
    })
}

pub(super) fn discord_token(secrets: &Arc<Secrets>) -> chat::Token {
    let secrets = Arc::clone(secrets);
    Arc::new(move || {
        let secrets = Arc::clone(&secrets);
        async move { secrets.discord_bot_token().await }.boxed()
    })
}

/// The cloud's keys.
pub(super) fn cloud(secrets: &Arc<Secrets>) -> tencent::KeyRing {
    let secrets = Arc::clone(secrets);
    Arc::new(move |purpose| {
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
    })
}
