//! `DynamoDB`: a table of state and a table that is the log. One transaction stores a fact; the log's head row is the
//! one place where all of them meet.

mod change;
mod commit;
mod draft;
mod item;
mod patience;
mod read;
pub mod tables;
mod write;

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, SharedAsyncSleep};
use aws_sdk_dynamodb::error::SdkError;
use jiff::Timestamp;
use tokio::sync::Mutex;

use self::item::{TELL, key};
use self::patience::Patience;
use super::{Commit, Due, Row, Store, StoreError, Tally, Tell};
use crate::audit::{Head, Origin};
use crate::domain::id::{InstanceId, RequestId};
use crate::domain::request::{Card, Sighting};

/// How long a commit may try where a person waits for the answer, in seconds that the platform gives.
pub const FRONT: Duration = Duration::from_secs(2);
/// And where nobody does.
pub const WORKER: Duration = Duration::from_secs(20);

/// Two tables.
#[derive(Clone)]
pub struct Dynamo {
    client: Client,
    /// Sends what must not be repeated unseen.
    once: Client,
    timer: SharedAsyncSleep,
    patience: Duration,
    table: String,
    log: String,
    origin: Arc<Origin>,
    /// One append of this process at a time.
    turn: Arc<Mutex<()>>,
}

impl Dynamo {
    /// Uses the tables `table` and `table-log`, and does not call them yet: whether they are there, and of a version
    /// that is known, is found out with the log's head, which is read before anything is stored. `origin` goes into
    /// every entry that is written; `patience` is how long a commit may wait for others.
    ///
    /// # Errors
    /// When `aws` has no timer.
    pub fn new(aws: &SdkConfig, table: &str, origin: Origin, patience: Duration) -> Result<Self, StoreError> {
        let timer =
            aws.sleep_impl().ok_or_else(|| StoreError::Broken(anyhow!("AWS is reached without a timer")))?;
        let once = Builder::from(aws).retry_config(RetryConfig::disabled()).build();
        Ok(Self {
            client: Client::new(aws),
            once: Client::from_conf(once),
            timer,
            patience,
            table: table.to_owned(),
            log: format!("{table}{}", tables::LOG.suffix),
            origin: Arc::new(origin),
            turn: Arc::default(),
        })
    }

    /// The same store, with another patience; its appends queue with this one's.
    #[must_use]
    pub fn patient(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    fn patience(&self) -> Patience {
        Patience::new(&self.timer, self.patience)
    }
}

/// Nothing was stored.
fn busy() -> StoreError {
    StoreError::Broken(anyhow!("the store is too busy or too slow; nothing was stored"))
}

/// A read that failed.
fn failed<E: std::error::Error + Send + Sync + 'static>(why: SdkError<E>) -> StoreError {
    StoreError::Broken(why.into())
}

#[async_trait]
impl Store for Dynamo {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.append(&commit).await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Row>, StoreError> {
        self.row(id).await
    }

    async fn by_prefix(&self, prefix: &str) -> Result<Vec<Row>, StoreError> {
        self.rows_by_prefix(prefix).await
    }

    async fn by_instance(&self, instance: &InstanceId) -> Result<Option<Row>, StoreError> {
        self.holder_of(instance).await
    }

    async fn open(&self) -> Result<Vec<Row>, StoreError> {
        self.open_rows().await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.due_by(now, limit).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.first_due().await
    }

    async fn lease(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.take((id, "due_at"), seen, until).await
    }

    async fn lease_card(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.take((id, "card_due_at"), seen, until).await
    }

    async fn defer(
        &self,
        id: &RequestId,
        rev: u32,
        due_at: Option<Timestamp>,
        sighting: Option<Sighting>,
    ) -> Result<(), StoreError> {
        self.put_off((id, rev), due_at, sighting.as_ref()).await
    }

    async fn mark_card(
        &self,
        id: &RequestId,
        was: &Card,
        card: &Card,
        due_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.mark(id, (was, card), due_at).await
    }

    async fn settle_tell(&self, id: &str, again_at: Option<Timestamp>) -> Result<(), StoreError> {
        self.settle(id, again_at).await
    }

    async fn add_tells(&self, tells: Vec<Tell>, now: Timestamp) -> Result<(), StoreError> {
        for tell in &tells {
            self.change(key(TELL, &tell.id), write::new_tell(tell, now)).await?;
        }
        Ok(())
    }

    async fn tally(&self, key: &str, window: i64) -> Result<Tally, StoreError> {
        self.count(key, window).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.read_head().await
    }

    async fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.log(from, limit).await
    }

    async fn requests(&self, after: Option<&RequestId>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.rows_after(after, limit).await
    }
}
