//! Does what [`crate::domain::request::Request::next`] says.

use std::sync::Arc;

use crate::chat::Chat;
use crate::cloud::Cloud;
use crate::domain::Clock;
use crate::domain::policy::Policies;
use crate::store::Store;

/// The worker: everything it may touch.
pub struct Worker {
    /// Names this process in claims.
    pub name: String,
    pub store: Arc<dyn Store>,
    pub chat: Arc<dyn Chat>,
    pub cloud: Arc<dyn Cloud>,
    pub policies: Policies,
    pub clock: Clock,
}

impl Worker {
    /// Does everything that is due, until nothing is.
    ///
    /// # Errors
    /// When the store cannot be read.
    #[expect(clippy::unused_async, reason = "filled in next")]
    pub async fn sweep(&self) -> anyhow::Result<()> {
        Ok(())
    }
}
