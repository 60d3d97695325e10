//! `SQLite`: one writer connection on its own thread, separate readers. Several processes may share a file: every
//! condition is checked inside the transaction that it guards.

mod read;
mod schema;
mod thread;
mod write;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use self::thread::{Lane, Readers};
use super::{Commit, Due, Row, Store, StoreError, Tally, Tell};
use crate::audit::{Head, Origin};
use crate::domain::id::{InstanceId, RequestId};
use crate::domain::request::{Card, Sighting};

const READERS: usize = 2;

/// A database file.
pub struct Sqlite {
    writer: Lane,
    readers: Readers,
    origin: Arc<Origin>,
}

impl Sqlite {
    /// Opens `path`, or makes it. `origin` goes into every entry that is written.
    ///
    /// # Errors
    /// When the file cannot be used, or belongs to a newer version.
    pub fn open(path: &Path, origin: Origin) -> Result<Self, StoreError> {
        let writer = Lane::writer(schema::writer(path)?);
        let readers = (0..READERS).map(|_| schema::reader(path)).collect::<Result<_, _>>()?;
        Ok(Self { writer, readers: Readers::new(readers), origin: Arc::new(origin) })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(why: rusqlite::Error) -> Self {
        Self::Broken(why.into())
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let origin = Arc::clone(&self.origin);
        self.writer.write(move |connection| write::commit(connection, &origin, &commit)).await?
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Row>, StoreError> {
        self.readers.read(|connection| read::load(connection, id))
    }

    async fn by_prefix(&self, prefix: &str) -> Result<Vec<Row>, StoreError> {
        self.readers.read(|connection| read::by_prefix(connection, prefix))
    }

    async fn by_instance(&self, instance: &InstanceId) -> Result<Option<Row>, StoreError> {
        self.readers.read(|connection| read::by_instance(connection, instance))
    }

    async fn open(&self) -> Result<Vec<Row>, StoreError> {
        self.readers.read(read::open)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.readers.read(|connection| read::due(connection, now, limit))
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readers.read(read::next_due)
    }

    async fn lease(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.clone();
        self.writer.write(move |connection| write::lease(connection, "request", &id, (seen, until))).await
    }

    async fn lease_card(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.clone();
        self.writer.write(move |connection| write::lease(connection, "card", &id, (seen, until))).await
    }

    async fn defer(
        &self,
        id: &RequestId,
        rev: u32,
        due_at: Option<Timestamp>,
        sighting: Option<Sighting>,
    ) -> Result<(), StoreError> {
        let id = id.clone();
        self.writer
            .write(move |connection| write::defer(connection, (&id, rev), due_at, sighting.as_ref()))
            .await
    }

    async fn mark_card(
        &self,
        id: &RequestId,
        was: &Card,
        card: &Card,
        due_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let (id, was, card) = (id.clone(), was.clone(), card.clone());
        self.writer.write(move |connection| write::mark_card(connection, &id, (&was, &card), due_at)).await
    }

    async fn settle_tell(&self, id: &str, again_at: Option<Timestamp>) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.writer.write(move |connection| write::settle_tell(connection, &id, again_at)).await
    }

    async fn add_tells(&self, tells: Vec<Tell>, now: Timestamp) -> Result<(), StoreError> {
        self.writer.write(move |connection| write::tells(connection, &tells, now)).await
    }

    async fn tally(&self, key: &str, window: i64) -> Result<Tally, StoreError> {
        let key = key.to_owned();
        self.writer.write(move |connection| write::tally(connection, &key, window)).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.readers.read(read::head)
    }

    async fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.readers.read(|connection| read::entries(connection, &self.origin.log, (from, limit)))
    }

    async fn requests(&self, after: Option<&RequestId>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let after = after.map(ToString::to_string).unwrap_or_default();
        self.readers.read(|connection| read::requests(connection, &after, limit))
    }
}
