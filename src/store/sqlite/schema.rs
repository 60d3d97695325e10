//! Opening a database file.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use rusqlite::{Connection, ErrorCode};

use super::super::StoreError;

/// Written to `user_version`. An older binary refuses a newer number.
const VERSION: u32 = 1;

/// How many prepared statements a connection keeps: more than there are, or a round of them would find none.
const STATEMENTS: usize = 64;

/// How long one process waits for another that is writing.
const BUSY: Duration = Duration::from_secs(5);
/// Between two tries where `SQLite` does not wait by itself.
const PAUSE: Duration = Duration::from_millis(10);

const TABLES: &str = "
    CREATE TABLE request (id TEXT PRIMARY KEY, rev INTEGER NOT NULL, state TEXT NOT NULL, instance TEXT NOT NULL,
        record TEXT NOT NULL, due_at INTEGER, sighting TEXT, seq INTEGER NOT NULL, root BLOB NOT NULL) STRICT;
    CREATE INDEX request_due ON request (due_at) WHERE due_at IS NOT NULL;
    CREATE TABLE card (request TEXT PRIMARY KEY, value TEXT NOT NULL, due_at INTEGER) STRICT, WITHOUT ROWID;
    CREATE INDEX card_due ON card (due_at) WHERE due_at IS NOT NULL;
    CREATE TABLE tell (id TEXT PRIMARY KEY, value TEXT NOT NULL, due_at INTEGER, tries INTEGER NOT NULL) STRICT;
    CREATE INDEX tell_due ON tell (due_at) WHERE due_at IS NOT NULL;
    CREATE TABLE lock (instance TEXT PRIMARY KEY, request TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL, range BLOB NOT NULL,
        policy TEXT NOT NULL, at INTEGER) STRICT;
    INSERT INTO head VALUES (0, 0, x'', '', NULL);
    CREATE TABLE audit (origin TEXT NOT NULL, seq INTEGER NOT NULL, bytes BLOB NOT NULL,
        PRIMARY KEY (origin, seq)) STRICT, WITHOUT ROWID;
    CREATE TABLE tally (key TEXT PRIMARY KEY, span INTEGER NOT NULL, count INTEGER NOT NULL, before INTEGER NOT NULL)
        STRICT, WITHOUT ROWID;
";

/// Opens the file for writing; makes it, readable by its owner alone, where there is none.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    create(path).map_err(StoreError::Broken)?;
    let connection = connect(path)?;
    write_ahead(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    migrate(&connection)?;
    Ok(connection)
}

/// Of two that make a new file's log at the same time, one is told at once that the other holds the lock: `SQLite` does not
/// wait there.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let switch = || connection.pragma_update(None, "journal_mode", "WAL");
    for _ in 0..BUSY.as_millis() / PAUSE.as_millis() {
        match switch() {
            Err(why) if why.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => thread::sleep(PAUSE),
            done => return done,
        }
    }
    switch()
}

/// Opens the file for reading.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn create(path: &Path) -> anyhow::Result<()> {
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    opened.map(drop).with_context(|| format!("cannot open {}", path.display()))
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn migrate(connection: &Connection) -> Result<(), StoreError> {
    // The lock is taken first: two processes may open a new file at the same time.
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let outcome = match found {
        0 => connection
            .execute_batch(TABLES)
            .and_then(|()| connection.pragma_update(None, "user_version", VERSION)),
        VERSION => Ok(()),
        _ => {
            connection.execute_batch("ROLLBACK")?;
            return Err(StoreError::Newer { found, known: VERSION });
        }
    };
    connection.execute_batch(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    Ok(outcome?)
}
