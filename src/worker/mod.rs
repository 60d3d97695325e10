//! Does what [`Request::next`] says, for everything that is due. Holds no rule of its own: it loads, asks the domain,
//! acts, commits. A crash can cut it anywhere; what is due then comes back after the lease.

mod card;
mod means;
mod reset;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use crate::chat::Chat;
use crate::cloud::Cloud;
use crate::domain::Clock;
use crate::domain::id::RequestId;
use crate::domain::request::{Event, Request, Work};
use crate::store::rules::Rules;
use crate::store::{Commit, Due, Row, Store, StoreError};
pub use means::Supplies;

/// How long a row is left to whoever took it.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// How many things of a kind are looked at in one round.
const ROUND: usize = 32;
/// How many are worked on at the same time.
const AT_ONCE: usize = 8;
/// Before an answer that did not come is asked for again.
const RETRY: SignedDuration = SignedDuration::from_secs(10);
/// How often the outcome of a reset is tried to be stored before it is left to be found out by looking.
const RECORD_TRIES: usize = 5;

/// The worker: everything it may touch.
pub struct Worker {
    /// Names this process in claims.
    pub name: String,
    /// `[cloud] name`: the account, on every card.
    pub account: String,
    /// Where an instance is looked for; named when none knows it.
    pub regions: Vec<String>,
    pub store: Arc<dyn Store>,
    pub chat: Arc<dyn Chat>,
    pub cloud: Arc<dyn Cloud>,
    pub rules: Arc<Rules>,
    pub supplies: Supplies,
    pub clock: Clock,
    /// Claims made by this process so far.
    pub claims: AtomicU64,
}

impl Worker {
    /// Does everything that is due, until nothing is.
    ///
    /// # Errors
    /// The first failure of a round, after the whole round was tried; what failed is due again after its lease.
    pub async fn sweep(&self) -> anyhow::Result<()> {
        while self.round().await? {}
        Ok(())
    }

    /// One round of it. False: nothing was due.
    ///
    /// # Errors
    /// As [`Worker::sweep`].
    pub async fn round(&self) -> anyhow::Result<bool> {
        let due = self.store.due((self.clock)(), ROUND).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let outcomes: Vec<anyhow::Result<()>> =
            stream::iter(due).map(|one| self.attend(one)).buffer_unordered(AT_ONCE).collect().await;
        outcomes.into_iter().collect::<anyhow::Result<()>>()?;
        Ok(true)
    }

    async fn attend(&self, due: Due) -> anyhow::Result<()> {
        match due {
            Due::Request(id) => self.attend_request(&id).await,
            Due::Card(id) => self.attend_card(&id).await,
            Due::Tell(tell) => self.attend_tell(&tell).await,
        }
    }

    async fn attend_request(&self, id: &RequestId) -> anyhow::Result<()> {
        let now = (self.clock)();
        let Some(row) = self.store.load(id).await? else { return Ok(()) };
        if row.due_at.is_none_or(|at| at > now) || !self.store.lease(id, row.due_at, now + LEASE).await? {
            return Ok(());
        }
        match row.request.next(&row.card, now) {
            Work::Plan => self.plan(row, now).await,
            Work::Record(event) => self.record(&row, *event).await,
            Work::Claim => self.claim(row).await,
            Work::Reconcile | Work::Poll => self.look(row).await,
            Work::Wait(at) => self.defer(&row, at).await,
        }
    }

    /// Stores a fact of the worker's own. A race that is lost is not an error: the winner's fact stands.
    async fn record(&self, row: &Row, event: Event) -> anyhow::Result<()> {
        let now = (self.clock)();
        let policy = self.policy_hash().await?;
        let Ok(after) = decided(&row.request, event, now) else { return Ok(()) };
        let commit = Commit::advance(&row.request, after.clone(), &policy).telling(&row.card);
        match self.store.commit(commit).await {
            Ok(()) => {
                tracing::info!(request.id = %after.id, "Request `{}` is {}", after.id, after.state.name());
                Ok(())
            }
            Err(StoreError::Conflict) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// The policy that is in force for bookkeeping facts: the one that the log knows.
    async fn policy_hash(&self) -> Result<String, StoreError> {
        Ok(self.store.head().await?.policy)
    }

    async fn defer(&self, row: &Row, at: Option<Timestamp>) -> anyhow::Result<()> {
        Ok(self.store.defer(&row.request.id, row.request.rev(), at, row.sighting.clone()).await?)
    }

    async fn retry_later(&self, row: &Row) -> anyhow::Result<()> {
        self.defer(row, Some((self.clock)() + RETRY)).await
    }

    /// A name for one claim that no other process and no other claim has.
    fn token(&self) -> String {
        format!("{}-{}", self.name, self.claims.fetch_add(1, Ordering::Relaxed))
    }
}

/// The request with the worker's fact, if it may still follow.
fn decided(before: &Request, event: Event, now: Timestamp) -> Result<Request, ()> {
    // The worker's facts carry no right of a person's; the policy is read where one matters, before the claim.
    let fact = before.record(event, now).map_err(|_| ())?;
    before.apply(fact).map_err(|_| ())
}
