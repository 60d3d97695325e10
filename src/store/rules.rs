//! Today's policy, written into the log before anything is decided by it.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{Commit, Store, StoreError};
use crate::domain::policy::{Policies, Policy};
use crate::domain::request::{Event, Fact};

/// Why there is no policy to decide by. Counts as no.
#[derive(Debug, thiserror::Error)]
pub enum NoRules {
    #[error("the configuration cannot be read: {0:#}")]
    Unreadable(anyhow::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The policy and the log's memory of it.
pub struct Rules {
    store: Arc<dyn Store>,
    policies: Policies,
    /// The hash that this process last knew to be in the log.
    logged: Mutex<String>,
}

impl Rules {
    pub fn new(store: Arc<dyn Store>, policies: Policies) -> Self {
        Self { store, policies, logged: Mutex::default() }
    }

    /// The policy, at most `max_age` old. A policy that the log does not know is stored in it first, with its text.
    ///
    /// # Errors
    /// When it cannot be read, or the log cannot be written.
    pub async fn today(&self, max_age: SignedDuration, now: Timestamp) -> Result<Arc<Policy>, NoRules> {
        let policy = (self.policies)(max_age).await.map_err(NoRules::Unreadable)?;
        if *self.logged.lock().unwrap_or_else(PoisonError::into_inner) != policy.hash {
            self.log(&policy, now).await?;
            self.logged.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&policy.hash);
        }
        Ok(policy)
    }

    async fn log(&self, policy: &Policy, now: Timestamp) -> Result<(), StoreError> {
        if self.store.head().await?.policy == policy.hash {
            return Ok(());
        }
        let event = Event::PolicyChanged { hash: policy.hash.clone(), text: policy.text.clone() };
        self.store.commit(Commit::note(Fact { at: now, by: None, event }, &policy.hash)).await
    }
}
