//! One round of the worker, as every shell runs it: what goes wrong in it does not end the loop around it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;

use crate::worker::Worker;

/// The pause after a failure, so that one that stays does not spin.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// A round failed. What was wrong is in the log.
#[derive(Debug)]
pub(super) struct Failed;

/// Does what is due now, and gives the time until something is due again. `None`: nothing is, or the store does not
/// say.
pub(super) async fn round(worker: &Worker) -> Result<Option<Duration>, Failed> {
    match AssertUnwindSafe(worker.round()).catch_unwind().await {
        Ok(Ok(true)) => Ok(Some(Duration::ZERO)),
        Ok(Ok(false)) => Ok(until_due(worker).await),
        Ok(Err(why)) => {
            tracing::error!(error = %format!("{why:#}"), "A sweep failed; the next one tries again");
            Err(Failed)
        }
        // The hook has said where. What was being worked on is due again after its lease.
        Err(_panic) => Err(Failed),
    }
}

async fn until_due(worker: &Worker) -> Option<Duration> {
    let at = worker.store.next_due().await.ok().flatten()?;
    Some(Duration::try_from(at.duration_since((worker.clock)())).unwrap_or(Duration::ZERO))
}
