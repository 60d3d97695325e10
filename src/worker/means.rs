//! What this installation adds to an order, and what is sent and written nowhere.

use std::sync::Arc;

use super::Worker;
use crate::cloud::Unwritten;
use crate::domain::ask::Login;
use crate::domain::password::{Noise, Password};
use crate::domain::plan::{LoginOrder, Means, PlanRefusal, ResetOrder, Secret, Texts};
use crate::domain::request::Request;
use crate::secrets::vault::Vault;

/// Everything that an order can ask for by name.
#[derive(Clone)]
pub struct Supplies {
    /// `[login] default`.
    pub login: Login,
    /// `[login] vault_prefix`: what the names of secrets begin with.
    pub prefix: String,
    pub vault: Arc<dyn Vault>,
    pub texts: Texts,
    /// Random bytes of the operating system.
    pub noise: Arc<dyn Fn() -> anyhow::Result<Noise> + Send + Sync>,
}

impl Worker {
    /// What the request can have; a password is not made before the claim.
    pub(super) async fn means(&self, request: &Request) -> Result<Means, PlanRefusal> {
        let Supplies { login, prefix, vault, texts, .. } = &self.supplies;
        let login = request.ask.login.as_ref().unwrap_or(login).clone();
        let mut secret = None;
        if login == Login::Vault {
            vault.ready().await.map_err(|why| no_vault(&why))?;
            let name = format!("{prefix}{}/{}", request.ask.instance, request.id);
            let read = vault.reading(&name);
            secret = Some(Secret { name, read });
        }
        let text = request.ask.userdata.as_deref().map(|name| texts(name)).transpose()?;
        Ok(Means { login, secret, text })
    }

    /// What goes with the order. A new password is in the vault when this returns: if the process dies then, it is
    /// there in vain, and a reset whose password nobody can find is never sent.
    pub(super) async fn unwritten(&self, order: &ResetOrder, means: Means) -> Result<Unwritten, PlanRefusal> {
        let password = match &order.login {
            LoginOrder::Vault(secret) => {
                let noise = (self.supplies.noise)().map_err(|why| no_vault(&why))?;
                let kept = self.supplies.vault.keep(&secret.name, &Password::of(&noise)).await;
                Some(kept.map_err(|why| no_vault(&why))?)
            }
            LoginOrder::Keys(_) | LoginOrder::KeepImage | LoginOrder::Random => None,
        };
        Ok(Unwritten { password, text: means.text })
    }
}

fn no_vault(why: &anyhow::Error) -> PlanRefusal {
    PlanRefusal::NoVault { why: format!("{why:#}") }
}
