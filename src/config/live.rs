//! The policy as it stands in the file today.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use futures_util::future::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::Config;
use crate::domain::Clock;
use crate::domain::policy::{Policies, Policy};

/// Reads the file again when what it remembers is too old, so that removing a person needs no restart. Everything
/// but the policy is read at the start only.
pub struct LivePolicy {
    file: PathBuf,
    clock: Clock,
    last: Mutex<Option<(Timestamp, Arc<Policy>)>>,
}

impl LivePolicy {
    pub fn new(file: PathBuf, clock: Clock) -> Self {
        Self { file, clock, last: Mutex::new(None) }
    }

    /// # Errors
    /// When the file cannot be read or is wrong now: there is no policy then, and an older one does not stand in.
    pub fn today(&self, max_age: SignedDuration) -> anyhow::Result<Arc<Policy>> {
        let now = (self.clock)();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read_at, policy)) = &*last
            && (SignedDuration::ZERO..max_age).contains(&now.duration_since(*read_at))
        {
            return Ok(Arc::clone(policy));
        }
        *last = None;
        let config = Config::load(&self.file).context("the policy cannot be read")?;
        let policy = Arc::new(config.policy);
        *last = Some((now, Arc::clone(&policy)));
        Ok(policy)
    }

    /// The same, as the program's parts take it.
    pub fn policies(self) -> Policies {
        let live = Arc::new(self);
        Arc::new(move |max_age| {
            let live = Arc::clone(&live);
            async move { live.today(max_age) }.boxed()
        })
    }
}
