//! What an event means: decide, commit, answer.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use crate::chat::{Inbound, Reply};
use crate::domain::policy::Policy;
use crate::store::Store;

/// Today's policy, at most so old. An error counts as no.
pub type Policies = Arc<dyn Fn(SignedDuration) -> BoxFuture<'static, anyhow::Result<Arc<Policy>>> + Send + Sync>;

/// Wakes the worker after a commit. May fail silently: the sweep comes within a minute.
pub type Bell = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// The front: everything it may touch.
pub struct App {
    pub store: Arc<dyn Store>,
    pub policies: Policies,
    pub bell: Bell,
}

impl App {
    /// Carries out one genuine event.
    #[expect(clippy::unused_async, reason = "filled in next")]
    pub async fn receive(&self, _inbound: Inbound, _now: Timestamp) -> Reply {
        Reply::Silent
    }
}
