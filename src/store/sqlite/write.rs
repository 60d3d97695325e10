//! Statements. Each function runs inside one savepoint.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::super::{Commit, StoreError, Tally, Tell, record};
use super::read::{self, millis};
use crate::audit::{Head, Origin, Seal};
use crate::domain::id::RequestId;
use crate::domain::request::{Card, Request, Sighting};

/// A refusal within the outcome is kept: what was counted before it stays counted.
pub(super) fn commit(
    connection: &Connection,
    origin: &Origin,
    commit: &Commit,
) -> Result<Result<(), StoreError>, StoreError> {
    let cause = match &commit.after {
        Some(request) => at_revision(connection, request, commit.before)?,
        None => None,
    };
    if let Some(quota) = &commit.quota
        && tally(connection, &quota.key, quota.window)?.count > quota.most
    {
        return Ok(Err(StoreError::TooMany));
    }
    if let (Some(request), None) = (&commit.after, commit.before)
        && let Some(holder) = holder(connection, request)?
    {
        return Ok(Err(StoreError::Locked(holder)));
    }
    let mut head = read::head(connection)?;
    let (bytes, seal) = record::append(&mut head, origin, commit, cause);
    append(connection, origin, &head, (&bytes, &seal))?;
    let at = commit.fact.at;
    if let Some(request) = &commit.after {
        match commit.before {
            None => insert(connection, request, &seal, at)?,
            Some(_) => update(connection, request, &seal, (at, commit.card.as_ref()))?,
        }
    }
    tells(connection, &commit.tells, at)?;
    Ok(Ok(()))
}

/// The seq of the request's newest entry, if the request is at `before`.
fn at_revision(
    connection: &Connection,
    request: &Request,
    before: Option<u32>,
) -> Result<Option<u64>, StoreError> {
    let stored: Option<(u32, i64)> = connection
        .prepare_cached("SELECT rev, seq FROM request WHERE id = ?1")?
        .query_row([request.id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if stored.map(|(rev, _)| rev) != before {
        return Err(StoreError::Conflict);
    }
    Ok(stored.and_then(|(_, seq)| u64::try_from(seq).ok()))
}

/// Who holds the lock of the request's instance.
fn holder(connection: &Connection, request: &Request) -> Result<Option<RequestId>, StoreError> {
    let holder: Option<String> = connection
        .prepare_cached("SELECT request FROM lock WHERE instance = ?1")?
        .query_row([request.ask.instance.as_str()], |row| row.get(0))
        .optional()?;
    holder.map(|id| id.parse().map_err(|why| StoreError::Broken(anyhow::Error::new(why)))).transpose()
}

fn append(
    connection: &Connection,
    origin: &Origin,
    head: &Head,
    (bytes, seal): (&[u8], &Seal),
) -> Result<(), StoreError> {
    let seq = i64::try_from(seal.seq).map_err(|why| StoreError::Broken(why.into()))?;
    connection.prepare_cached("INSERT INTO audit (origin, seq, bytes) VALUES (?1, ?2, ?3)")?.execute((
        &origin.log,
        seq,
        bytes,
    ))?;
    connection.prepare_cached("UPDATE head SET size = ?1, range = ?2, policy = ?3, at = ?4")?.execute((
        seq + 1,
        head.range.concat(),
        &head.policy,
        head.at.map(millis),
    ))?;
    Ok(())
}

fn insert(connection: &Connection, request: &Request, seal: &Seal, at: Timestamp) -> Result<(), StoreError> {
    let instance = request.ask.instance.as_str();
    connection
        .prepare_cached(
            "INSERT INTO request (id, rev, state, instance, record, due_at, seq, root)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            request.id.as_str(),
            request.rev(),
            request.state.name(),
            instance,
            record::encode(request),
            millis(at),
            i64::try_from(seal.seq).unwrap_or(i64::MAX),
            seal.root,
        ))?;
    connection
        .prepare_cached("INSERT INTO lock (instance, request) VALUES (?1, ?2)")?
        .execute((instance, request.id.as_str()))?;
    connection
        .prepare_cached("INSERT INTO card (request, value) VALUES (?1, ?2)")?
        .execute((request.id.as_str(), record::card(&Card::default())))?;
    Ok(())
}

fn update(
    connection: &Connection,
    request: &Request,
    seal: &Seal,
    (at, card): (Timestamp, Option<&Card>),
) -> Result<(), StoreError> {
    let due = (!request.is_over()).then(|| millis(at));
    connection
        .prepare_cached(
            "UPDATE request SET rev = ?2, state = ?3, record = ?4, due_at = ?5, sighting = NULL, seq = ?6, root = ?7
             WHERE id = ?1",
        )?
        .execute((
            request.id.as_str(),
            request.rev(),
            request.state.name(),
            record::encode(request),
            due,
            i64::try_from(seal.seq).unwrap_or(i64::MAX),
            seal.root,
        ))?;
    if request.is_over() {
        connection
            .prepare_cached("DELETE FROM lock WHERE instance = ?1 AND request = ?2")?
            .execute((request.ask.instance.as_str(), request.id.as_str()))?;
    }
    if request.plan.is_some() {
        connection
            .prepare_cached("UPDATE card SET due_at = ?2, value = coalesce(?3, value) WHERE request = ?1")?
            .execute((request.id.as_str(), millis(at), card.map(record::card)))?;
    }
    Ok(())
}

pub(super) fn lease(
    connection: &Connection,
    table: &'static str,
    id: &RequestId,
    (seen, until): (Option<Timestamp>, Timestamp),
) -> Result<bool, StoreError> {
    let key = if table == "card" { "request" } else { "id" };
    let sql = format!("UPDATE {table} SET due_at = ?3 WHERE {key} = ?1 AND due_at IS ?2");
    let changed = connection.prepare_cached(&sql)?.execute((id.as_str(), seen.map(millis), millis(until)))?;
    Ok(changed == 1)
}

pub(super) fn defer(
    connection: &Connection,
    (id, rev): (&RequestId, u32),
    due_at: Option<Timestamp>,
    sighting: Option<&Sighting>,
) -> Result<(), StoreError> {
    let sighting = sighting.map(|seen| serde_json::to_string(seen).expect("a sighting has string keys"));
    connection
        .prepare_cached("UPDATE request SET due_at = ?3, sighting = ?4 WHERE id = ?1 AND rev = ?2")?
        .execute((id.as_str(), rev, due_at.map(millis), sighting))?;
    Ok(())
}

pub(super) fn mark_card(
    connection: &Connection,
    id: &RequestId,
    (was, card): (&Card, &Card),
    due_at: Option<Timestamp>,
) -> Result<bool, StoreError> {
    // A commit since the card was rendered made it due; the mark must not lose that.
    let rev: Option<u32> = connection
        .prepare_cached("SELECT rev FROM request WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?;
    let behind = card.message.is_some() && card.tries == 0 && rev.is_some_and(|rev| card.shown_rev < rev);
    let due_at = if behind { Some(Timestamp::UNIX_EPOCH) } else { due_at };
    let changed = connection
        .prepare_cached("UPDATE card SET value = ?3, due_at = ?4 WHERE request = ?1 AND value = ?2")?
        .execute((id.as_str(), record::card(was), record::card(card), due_at.map(millis)))?;
    if changed == 0 {
        show_afresh(connection, id)?;
    }
    Ok(changed == 1)
}

/// Two processes showed the card at once and nobody knows whose words stand there: it counts as not shown.
fn show_afresh(connection: &Connection, id: &RequestId) -> Result<(), StoreError> {
    let Some(row) = read::load(connection, id)? else { return Ok(()) };
    let card = Card { shown_rev: 0, ..row.card };
    connection
        .prepare_cached("UPDATE card SET value = ?2, due_at = 0 WHERE request = ?1")?
        .execute((id.as_str(), record::card(&card)))?;
    Ok(())
}

pub(super) fn tells(connection: &Connection, tells: &[Tell], now: Timestamp) -> Result<(), StoreError> {
    for tell in tells {
        let value = serde_json::to_string(tell).expect("a tell has string keys");
        connection
            .prepare_cached(
                "INSERT INTO tell (id, value, due_at, tries) VALUES (?1, ?2, ?3, 0) ON CONFLICT DO NOTHING",
            )?
            .execute((&tell.id, value, millis(now)))?;
    }
    Ok(())
}

/// A tell that was delivered stays, without a due time, so that the same click repeated is not answered twice.
pub(super) fn settle_tell(
    connection: &Connection,
    id: &str,
    again_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE tell SET due_at = ?2, tries = tries + 1 WHERE id = ?1")?
        .execute((id, again_at.map(millis)))?;
    Ok(())
}

pub(super) fn tally(connection: &Connection, key: &str, window: i64) -> Result<Tally, StoreError> {
    let sql =
        "INSERT INTO tally (key, span, count, before) VALUES (?1, ?2, 1, 0) ON CONFLICT (key) DO UPDATE SET
                   before = CASE WHEN span = excluded.span THEN 0 ELSE count END,
                   count = CASE WHEN span = excluded.span THEN count + 1 ELSE 1 END,
                   span = excluded.span
               RETURNING count, before";
    let tally = connection
        .prepare_cached(sql)?
        .query_row((key, window), |row| Ok(Tally { count: row.get(0)?, before: row.get(1)? }))?;
    Ok(tally)
}
