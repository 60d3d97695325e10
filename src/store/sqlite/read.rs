//! Queries.

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params};

use super::super::{Due, DueTell, Row, StoreError, record};
use crate::audit::{Head, Seal};
use crate::domain::id::{InstanceId, RequestId};

const ROW: &str = "SELECT r.id, r.record, r.due_at, r.sighting, r.seq, r.root, c.value, c.due_at
                   FROM request r JOIN card c ON c.request = r.id";

/// A row's columns, before they mean anything.
struct Raw {
    id: String,
    record: String,
    due_at: Option<i64>,
    sighting: Option<String>,
    seq: i64,
    root: [u8; 32],
    card: String,
    card_due_at: Option<i64>,
}

pub(super) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn timestamp(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|why| StoreError::Broken(why.into()))
}

fn broken(error: impl Into<anyhow::Error>) -> StoreError {
    StoreError::Broken(error.into())
}

fn rows(connection: &Connection, condition: &str, parameters: impl Params) -> Result<Vec<Row>, StoreError> {
    let mut query = connection.prepare_cached(&format!("{ROW} {condition}"))?;
    let raws = query.query_map(parameters, |row| {
        Ok(Raw {
            id: row.get(0)?,
            record: row.get(1)?,
            due_at: row.get(2)?,
            sighting: row.get(3)?,
            seq: row.get(4)?,
            root: row.get(5)?,
            card: row.get(6)?,
            card_due_at: row.get(7)?,
        })
    })?;
    raws.map(|raw| meaning(&raw?)).collect()
}

fn meaning(raw: &Raw) -> Result<Row, StoreError> {
    let id: RequestId = raw.id.parse().map_err(broken)?;
    Ok(Row {
        request: record::decode(id, &raw.record).map_err(broken)?,
        due_at: raw.due_at.map(timestamp).transpose()?,
        sighting: raw.sighting.as_deref().map(serde_json::from_str).transpose().map_err(broken)?,
        card: serde_json::from_str(&raw.card).context("a card's bookkeeping").map_err(broken)?,
        card_due_at: raw.card_due_at.map(timestamp).transpose()?,
        seal: Seal { seq: unsigned(raw.seq)?, root: raw.root },
    })
}

fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(broken)
}

pub(super) fn load(connection: &Connection, id: &RequestId) -> Result<Option<Row>, StoreError> {
    Ok(rows(connection, "WHERE r.id = ?1", [id.as_str()])?.pop())
}

pub(super) fn by_prefix(connection: &Connection, prefix: &str) -> Result<Vec<Row>, StoreError> {
    // A prefix is base32 letters and digits alone, so `~` is beyond every id that begins with it.
    rows(connection, "WHERE r.id >= ?1 AND r.id < ?1 || '~' ORDER BY r.id LIMIT 2", [prefix])
}

pub(super) fn by_instance(connection: &Connection, instance: &InstanceId) -> Result<Option<Row>, StoreError> {
    let condition = "JOIN lock l ON l.request = r.id WHERE l.instance = ?1";
    Ok(rows(connection, condition, [instance.as_str()])?.pop())
}

pub(super) fn open(connection: &Connection) -> Result<Vec<Row>, StoreError> {
    let mut open = rows(connection, "JOIN lock l ON l.request = r.id", [])?;
    open.sort_by_key(|row| row.request.opened());
    Ok(open)
}

pub(super) fn requests(connection: &Connection, after: &str, limit: usize) -> Result<Vec<Row>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    rows(connection, "WHERE r.id > ?1 ORDER BY r.id LIMIT ?2", (after, limit))
}

pub(super) fn due(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let ids = |sql: &str| -> Result<Vec<RequestId>, StoreError> {
        let mut query = connection.prepare_cached(sql)?;
        let found = query.query_map((millis(now), limit), |row| row.get::<_, String>(0))?;
        found.map(|id| id?.parse().map_err(broken)).collect()
    };
    let mut due: Vec<Due> = Vec::new();
    let requests = "SELECT id FROM request WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
    due.extend(ids(requests)?.into_iter().map(Due::Request));
    let cards = "SELECT request FROM card WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
    due.extend(ids(cards)?.into_iter().map(Due::Card));
    let mut query = connection.prepare_cached(
        "SELECT value, due_at, tries FROM tell WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
    )?;
    let tells = query.query_map((millis(now), limit), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, u32>(2)?))
    })?;
    for tell in tells {
        let (value, due_at, tries) = tell?;
        let tell = serde_json::from_str(&value).map_err(broken)?;
        due.push(Due::Tell(Box::new(DueTell { tell, due_at: timestamp(due_at)?, tries })));
    }
    Ok(due)
}

pub(super) fn next_due(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(at) FROM (SELECT min(due_at) AS at FROM request WHERE due_at IS NOT NULL
               UNION ALL SELECT min(due_at) FROM card WHERE due_at IS NOT NULL
               UNION ALL SELECT min(due_at) FROM tell WHERE due_at IS NOT NULL)";
    let at: Option<i64> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    at.map(timestamp).transpose()
}

pub(super) fn head(connection: &Connection) -> Result<Head, StoreError> {
    let mut query = connection.prepare_cached("SELECT size, range, policy, at FROM head")?;
    let head = query.query_row([], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, Vec<u8>>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, Option<i64>>(3)?,
        ))
    });
    let (size, range, policy, at) =
        head.optional()?.ok_or_else(|| StoreError::Broken(anyhow!("the log's head is missing")))?;
    let (hashes, rest) = range.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(StoreError::Broken(anyhow!("the log's head is damaged")));
    }
    Ok(Head { size: unsigned(size)?, range: hashes.to_vec(), policy, at: at.map(timestamp).transpose()? })
}

pub(super) fn entries(
    connection: &Connection,
    log: &str,
    (from, limit): (u64, usize),
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let sql = "SELECT seq, bytes FROM audit WHERE origin = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3";
    let mut query = connection.prepare_cached(sql)?;
    let from = i64::try_from(from).map_err(broken)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found =
        query.query_map((log, from, limit), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    found.map(|entry| entry.map_err(broken).and_then(|(seq, bytes)| Ok((unsigned(seq)?, bytes)))).collect()
}
