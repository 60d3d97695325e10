//! Items and what they mean.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, anyhow};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::super::{DueTell, Row, StoreError, record};
use crate::audit::{Head, Seal};
use crate::domain::id::RequestId;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The kinds of rows in the state table: its partition key.
pub(super) const REQUEST: &str = "request";
pub(super) const TELL: &str = "tell";
/// One for each open request; its id is the instance's.
pub(super) const LOCK: &str = "lock";
pub(super) const TALLY: &str = "tally";
/// One, with the same id.
pub(super) const HEAD: &str = "head";

/// The schema's version, kept in the head row, which every commit reads. An older program refuses a newer number.
pub(super) const SCHEMA: u32 = 1;

pub(super) fn key(kind: &str, id: &str) -> Item {
    HashMap::from([("kind".to_owned(), text(kind)), ("id".to_owned(), text(id))])
}

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn number(value: impl fmt::Display + Copy) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn bytes(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

pub(super) fn millis(at: Timestamp) -> AttributeValue {
    number(at.as_millisecond())
}

pub(super) fn broken(why: impl Into<anyhow::Error>) -> StoreError {
    StoreError::Broken(why.into())
}

fn missing(name: &str) -> StoreError {
    broken(anyhow!("a stored item has no attribute `{name}` of the right type"))
}

pub(super) fn text_of<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| missing(name))
}

pub(super) fn number_of<N: FromStr>(item: &Item, name: &str) -> Result<N, StoreError> {
    let digits = item.get(name).and_then(|value| value.as_n().ok());
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| missing(name))
}

pub(super) fn bytes_of<'a>(item: &'a Item, name: &str) -> Result<&'a [u8], StoreError> {
    item.get(name).and_then(|value| value.as_b().ok()).map(AsRef::as_ref).ok_or_else(|| missing(name))
}

/// A time that may be absent.
pub(super) fn time_of(item: &Item, name: &str) -> Result<Option<Timestamp>, StoreError> {
    if !item.contains_key(name) {
        return Ok(None);
    }
    Timestamp::from_millisecond(number_of(item, name)?).map(Some).map_err(broken)
}

pub(super) fn id_of(item: &Item, name: &str) -> Result<RequestId, StoreError> {
    text_of(item, name)?.parse().map_err(broken)
}

pub(super) fn row(item: &Item) -> Result<Row, StoreError> {
    let sighting = item.get("sighting").and_then(|value| value.as_s().ok());
    Ok(Row {
        request: record::decode(id_of(item, "id")?, text_of(item, "record")?).map_err(broken)?,
        due_at: time_of(item, "due_at")?,
        sighting: sighting.map(|seen| serde_json::from_str(seen)).transpose().map_err(broken)?,
        card: serde_json::from_str(text_of(item, "card")?).context("a card's bookkeeping").map_err(broken)?,
        card_due_at: time_of(item, "card_due_at")?,
        seal: Seal {
            seq: number_of(item, "seq")?,
            root: bytes_of(item, "root")?.try_into().map_err(|_| missing("root"))?,
        },
    })
}

pub(super) fn due_tell(item: &Item) -> Result<DueTell, StoreError> {
    Ok(DueTell {
        tell: serde_json::from_str(text_of(item, "value")?).map_err(broken)?,
        due_at: time_of(item, "due_at")?.ok_or_else(|| missing("due_at"))?,
        tries: number_of(item, "tries")?,
    })
}

/// The head row; none is an empty log.
pub(super) fn head(item: Option<&Item>) -> Result<Head, StoreError> {
    let Some(item) = item else { return Ok(Head::default()) };
    let found = number_of(item, "schema")?;
    if found > SCHEMA {
        return Err(StoreError::Newer { found, known: SCHEMA });
    }
    let (range, rest) = bytes_of(item, "range")?.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(broken(anyhow!("the log's head is damaged")));
    }
    Ok(Head {
        size: number_of(item, "size")?,
        range: range.to_vec(),
        policy: text_of(item, "policy")?.to_owned(),
        at: time_of(item, "at")?,
    })
}
