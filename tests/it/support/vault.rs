//! A vault in memory, and one that is wrong on purpose.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use cleanslate::domain::password::Password;
use cleanslate::secrets::vault::Vault;

pub(crate) struct MemoryVault {
    /// Replaces what is there.
    careless: bool,
    kept: Mutex<BTreeMap<String, Password>>,
}

impl MemoryVault {
    pub(crate) fn careless(careless: bool) -> Self {
        Self { careless, kept: Mutex::default() }
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        self.kept.lock().unwrap().get(name).map(|password| password.expose().to_owned())
    }
}

#[async_trait]
impl Vault for MemoryVault {
    fn reading(&self, name: &str) -> String {
        format!("show {name}")
    }

    async fn ready(&self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn keep(&self, name: &str, password: &Password) -> anyhow::Result<Password> {
        let mut kept = self.kept.lock().unwrap();
        if self.careless {
            kept.insert(name.to_owned(), password.clone());
        }
        Ok(kept.entry(name.to_owned()).or_insert_with(|| password.clone()).clone())
    }
}
