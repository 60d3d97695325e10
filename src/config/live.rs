//! The policy as it stands in the configuration today.

use std::sync::Arc;

use anyhow::Context as _;
use futures_util::future::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{Config, ConfigError, Source};
use crate::domain::Clock;
use crate::domain::policy::{Policies, Policy};

/// Reads the configuration again when what it remembers is too old, so that removing a person needs no restart. Everything
/// but the policy is read at the start only.
pub struct LivePolicy {
    source: Source,
    clock: Clock,
    last: Mutex<Option<(Timestamp, Arc<Policy>)>>,
}

impl LivePolicy {
    /// Reads the configuration for the first time: its policy is the first of today.
    ///
    /// # Errors
    /// As [`Source::load`].
    pub async fn open(source: Source, clock: &Clock) -> Result<(Config, Self), ConfigError> {
        let read_at = clock();
        let config = source.load().await?;
        let last = Mutex::new(Some((read_at, Arc::new(config.policy.clone()))));
        Ok((config, Self { source, clock: Arc::clone(clock), last }))
    }

    /// # Errors
    /// When it cannot be read or is wrong now: there is no policy then, and an older one does not stand in.
    pub async fn today(&self, max_age: SignedDuration) -> anyhow::Result<Arc<Policy>> {
        let now = (self.clock)();
        let mut last = self.last.lock().await;
        if let Some((read_at, policy)) = &*last
            && (SignedDuration::ZERO..max_age).contains(&now.duration_since(*read_at))
        {
            return Ok(Arc::clone(policy));
        }
        *last = None;
        let config = self.source.load().await.context("the policy cannot be read")?;
        let policy = Arc::new(config.policy);
        *last = Some((now, Arc::clone(&policy)));
        Ok(policy)
    }

    /// The same, as the program's parts take it.
    pub fn policies(self) -> Policies {
        let live = Arc::new(self);
        Arc::new(move |max_age| {
            let live = Arc::clone(&live);
            async move { live.today(max_age).await }.boxed()
        })
    }
}
