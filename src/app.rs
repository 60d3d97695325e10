//! What an event means: decide, commit, answer.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::chat::{Inbound, Reply};
use crate::domain::policy::Policies;
use crate::store::Store;

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
