//! The durable state. One [`Commit`] stores everything that one fact changes, or nothing.

pub mod dynamo;
pub mod record;
pub mod rules;
pub mod sqlite;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::{Head, Seal};
use crate::domain::id::{InstanceId, Place, RequestId};
use crate::domain::notice::{self, Notice};
use crate::domain::request::{Card, Fact, Request, Sighting};

/// A request with its bookkeeping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub request: Request,
    /// When the worker looks next; `None`: never by itself.
    pub due_at: Option<Timestamp>,
    pub sighting: Option<Sighting>,
    pub card: Card,
    pub card_due_at: Option<Timestamp>,
    /// Where the newest fact stands in the audit log.
    pub seal: Seal,
}

/// A private answer that waits to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// Unique; the same id is stored once.
    pub id: String,
    pub place: Place,
    pub user: String,
    pub words: Notice,
}

impl Tell {
    /// Tells the requester how a request ended that never had a card to say it on.
    pub fn ending(request: &Request) -> Self {
        Self {
            id: format!("ending-{}", request.id),
            place: request.caller.place.clone(),
            user: request.caller.actor.user.clone(),
            words: notice::ended_before_card(request),
        }
    }
}

/// A tell that is due, with its failed attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTell {
    pub tell: Tell,
    pub due_at: Timestamp,
    pub tries: u32,
}

/// Something whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    Request(RequestId),
    Card(RequestId),
    Tell(Box<DueTell>),
}

/// What one fact changes. Build it with [`Commit::open`], [`Commit::advance`] or [`Commit::note`].
#[derive(Debug, Clone)]
pub struct Commit {
    /// The revision that the stored request must have; `None`: it must not exist yet.
    pub before: Option<u32>,
    /// The request after the fact; `None` for facts without a request (a denial, a changed policy).
    pub after: Option<Request>,
    pub fact: Fact,
    /// Hash of the policy that was in force.
    pub policy: String,
    /// The card's bookkeeping as this commit leaves it (the fact is that it was posted); `None`: unchanged.
    pub card: Option<Card>,
    pub tells: Vec<Tell>,
    /// Bounds how often its author may do this; counted in the same transaction.
    pub quota: Option<Quota>,
}

/// At most `most` of `key` in each `window`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    pub key: String,
    pub window: i64,
    pub most: u32,
}

impl Commit {
    /// Stores a new request: the row, the instance's lock, the entry.
    pub fn open(request: Request, policy: &str) -> Self {
        let fact = request.last().clone();
        Self { after: Some(request), ..Self::note(fact, policy) }
    }

    /// Moves a request on; `after` is `before` with `fact` applied. The lock goes when it is over.
    pub fn advance(before: &Request, after: Request, policy: &str) -> Self {
        let fact = after.last().clone();
        Self { before: Some(before.rev()), after: Some(after), ..Self::note(fact, policy) }
    }

    /// Counts it, and stores it only if it is not one too many.
    #[must_use]
    pub fn within(self, quota: Quota) -> Self {
        Self { quota: Some(quota), ..self }
    }

    /// Adds what the requester is told where a request ends that has no card to say it on.
    #[must_use]
    pub fn telling(mut self, card: &Card) -> Self {
        let untold = |request: &&Request| request.is_over() && card.message.is_none();
        self.tells.extend(self.after.as_ref().filter(untold).map(Tell::ending));
        self
    }

    /// Stores a fact that belongs to no request.
    pub fn note(fact: Fact, policy: &str) -> Self {
        let policy = policy.to_owned();
        Self { before: None, after: None, fact, policy, card: None, tells: Vec::new(), quota: None }
    }
}

/// Why nothing was stored, or may have been.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The request is not at `before` any more, or exists already.
    #[error("somebody else changed this request first")]
    Conflict,
    /// The instance is locked by this request.
    #[error("the instance already has an open request, {0}")]
    Locked(RequestId),
    /// The commit's quota is used up.
    #[error("too many within the time allowed")]
    TooMany,
    /// It may or may not have been stored: read back before acting.
    #[error("the store gave no clear answer")]
    Unclear(#[source] anyhow::Error),
    /// It was not stored.
    #[error("the store cannot be used")]
    Broken(#[source] anyhow::Error),
    /// The store was written by a newer version of this program.
    #[error(
        "this store was written by a newer version (schema {found}, this one knows {known}); nothing was touched"
    )]
    Newer { found: u32, known: u32 },
}

/// A database that keeps all of it.
#[async_trait]
pub trait Store: Send + Sync {
    /// Stores all of `commit` in one transaction: row, lock, audit entry, head, tells. The request and its card
    /// become due at once ([`Commit::after`] decides; a request that is over is due no more, its card is).
    ///
    /// # Errors
    /// Judged in this order: [`StoreError::Conflict`], which counts nothing, so that a delivery that comes again costs
    /// nobody their quota; [`StoreError::TooMany`]; [`StoreError::Locked`], which counts.
    async fn commit(&self, commit: Commit) -> Result<(), StoreError>;

    async fn load(&self, id: &RequestId) -> Result<Option<Row>, StoreError>;

    /// Requests whose id begins with `prefix`, at most two.
    async fn by_prefix(&self, prefix: &str) -> Result<Vec<Row>, StoreError>;

    /// The open request that holds the instance's lock.
    async fn by_instance(&self, instance: &InstanceId) -> Result<Option<Row>, StoreError>;

    /// Every open request, oldest first.
    async fn open(&self) -> Result<Vec<Row>, StoreError>;

    /// What is due by `now`, longest due first, at most `limit` of each kind.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError>;

    /// When the next thing is due: the sleep of a driver.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Takes a request for a while: moves `due_at` from `seen` to `until`. False: somebody else did, or it moved on.
    /// A courtesy for order, never a right to send.
    async fn lease(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The same for its card.
    async fn lease_card(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Sets when a request is looked at next, and what was seen, if it is still at `rev`.
    async fn defer(
        &self,
        id: &RequestId,
        rev: u32,
        due_at: Option<Timestamp>,
        sighting: Option<Sighting>,
    ) -> Result<(), StoreError>;

    /// Replaces the card's bookkeeping if it is still `was`. False: another process wrote it meanwhile; the card is
    /// then made due at once, to be shown afresh.
    async fn mark_card(
        &self,
        id: &RequestId,
        was: &Card,
        card: &Card,
        due_at: Option<Timestamp>,
    ) -> Result<bool, StoreError>;

    /// Ends a tell (`None`) or tries it again later.
    async fn settle_tell(&self, id: &str, again_at: Option<Timestamp>) -> Result<(), StoreError>;

    /// Stores tells that come with no fact.
    async fn add_tells(&self, tells: Vec<Tell>, now: Timestamp) -> Result<(), StoreError>;

    /// Counts one more of `key` in `window` and returns the count, this one included, and what the last earlier
    /// window came to. Counts of a window long past may be forgotten.
    async fn tally(&self, key: &str, window: i64) -> Result<Tally, StoreError>;

    async fn head(&self) -> Result<Head, StoreError>;

    /// Audit entries from `from` on, at most `limit`, in order, exactly as hashed.
    async fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError>;

    /// Every stored request, open or over, for `audit verify`: pages by id, after `after`.
    async fn requests(&self, after: Option<&RequestId>, limit: usize) -> Result<Vec<Row>, StoreError>;
}

/// How often something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub count: u32,
    /// The count of the last earlier window, once: the first call of a new window gets it.
    pub before: u32,
}
