//! AWS Secrets Manager.

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::vault::Vault;
use crate::domain::password::Password;

/// What takes a secret's version: the newest that was put into force.
const CURRENT: &str = "AWSCURRENT";

#[derive(Debug, Clone)]
pub struct Manager {
    client: Client,
    region: String,
}

impl Manager {
    pub fn new(config: &SdkConfig) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Self { client: Client::new(config), region }
    }

    /// A secret's text, as it is in force now.
    ///
    /// # Errors
    /// When it cannot be read; names the secret, and never what is in it.
    pub async fn text(&self, name: &str) -> anyhow::Result<SecretString> {
        let answer = self.client.get_secret_value().secret_id(name).version_stage(CURRENT).send().await;
        let found = answer.map_err(|why| {
            let said = why.code().map(str::to_owned);
            let said = said.unwrap_or_else(|| format!("{:#}", anyhow::Error::new(why)));
            anyhow::anyhow!("the secret {name} cannot be read from Secrets Manager ({said})")
        })?;
        let text = found.secret_string.map(SecretString::from);
        text.with_context(|| format!("the secret {name} is not text: store it as a string"))
    }
}

#[async_trait]
impl Vault for Manager {
    fn reading(&self, name: &str) -> String {
        let region = &self.region;
        format!(
            "aws secretsmanager get-secret-value --region {region} --query SecretString --output text --secret-id {name}"
        )
    }

    /// There is no way to ask whether a secret could be made but to make one: the claim finds out, before anything is
    /// sent.
    async fn ready(&self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn keep(&self, name: &str, password: &Password) -> anyhow::Result<Password> {
        // The same token for the same password: the SDK's own retry finds what its first attempt made.
        let token =
            data_encoding::HEXLOWER.encode(&Sha256::digest([name, password.expose()].join("\n"))[..32]);
        let made = self
            .client
            .create_secret()
            .name(name)
            .client_request_token(token)
            .description("The password of a server that cleanslate reinstalled")
            .secret_string(password.expose())
            .send()
            .await;
        if let Err(why) = made {
            let code = why.code().unwrap_or("no answer");
            // Another process made it, or the answer was lost: what is there decides.
            if !["ResourceExistsException", "no answer"].contains(&code) {
                bail!("the secret {name} cannot be made in Secrets Manager ({code})");
            }
        }
        let there = self.text(name).await?;
        Password::parse(there.expose_secret())
            .with_context(|| format!("the secret {name} holds no password of this program"))
    }
}
