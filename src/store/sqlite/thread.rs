//! The writer's connection lives on a thread of its own, where callers queue; readers are used in place, because a
//! look into the cache of pages takes less time than a change of threads.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::anyhow;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::super::StoreError;

/// Told how the commit went, sends the caller's answer.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;
/// Given a connection, or why there is none, does the work.
type Job = Box<dyn FnOnce(Result<&Connection, String>) -> Answer + Send>;

/// How many waiting jobs one transaction takes along.
const GROUP: usize = 256;

/// The queue of the connection that writes.
#[derive(Clone)]
pub(super) struct Lane(Sender<Job>);

impl Lane {
    /// One connection that writes. All jobs that wait become one transaction, and none is answered before its commit:
    /// one `fsync` serves them all.
    pub(super) fn writer(mut connection: Connection) -> Self {
        let (sender, jobs) = channel::<Job>();
        thread::spawn(move || {
            while let Ok(first) = jobs.recv() {
                let group = std::iter::once(first).chain(jobs.try_iter().take(GROUP - 1)).collect();
                write_group(&mut connection, group);
            }
        });
        Self(sender)
    }

    /// Runs `work` on the connection's thread, and waits.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let outcome = match connection {
                Ok(connection) => work(connection),
                Err(why) => Err(StoreError::Broken(anyhow!(why))),
            };
            Box::new(move |committed| {
                let outcome = match committed {
                    Err(why) if outcome.is_ok() => Err(StoreError::Unclear(anyhow!(why))),
                    Ok(()) | Err(_) => outcome,
                };
                // The caller may be gone; the work is done all the same.
                drop(sender.send(outcome));
            })
        });
        self.0.send(job).map_err(|_| StoreError::Broken(anyhow!("the database thread is gone")))?;
        answer.await.map_err(|_| StoreError::Unclear(anyhow!("the database thread is gone")))?
    }

    /// Writes in a savepoint of its own: all of `work` is stored, or nothing of it.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |connection| {
            connection.prepare_cached("SAVEPOINT job")?.execute([])?;
            let outcome = work(connection);
            if outcome.is_err() {
                connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
            }
            connection.prepare_cached("RELEASE job")?.execute([])?;
            outcome
        })
        .await
    }
}

fn write_group(connection: &mut Connection, group: Vec<Job>) {
    match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => {
            let answers: Vec<Answer> = group.into_iter().map(|job| job(Ok(&transaction))).collect();
            let committed = transaction.commit().map_err(|why| why.to_string());
            for answer in answers {
                answer(committed.clone());
            }
        }
        // Nothing was begun, so nothing can have been stored.
        Err(why) => {
            for job in group {
                job(Err(why.to_string()))(Ok(()));
            }
        }
    }
}

/// Connections that read, each by one caller at a time.
pub(super) struct Readers(Vec<Mutex<Connection>>);

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self(connections.into_iter().map(Mutex::new).collect())
    }

    /// Reads on the first connection that is free.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let free = self.0.iter().find_map(|connection| connection.try_lock().ok());
        let connection = match free {
            Some(connection) => connection,
            None => self.0[0].lock().unwrap_or_else(PoisonError::into_inner),
        };
        work(&connection)
    }
}
