//! The stored form of a request: its facts, encoded as the audit log encodes them. Pure.

use serde::{Deserialize, Serialize};

use crate::domain::id::RequestId;
use crate::domain::request::{Fact, Request};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Record<F> {
    v: u32,
    facts: F,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadRecord {
    #[error(
        "request {id} was stored by a newer version of this program (record {found}, this one knows {VERSION})"
    )]
    Newer { id: RequestId, found: u32 },
    #[error("request {id} cannot be read: {why}")]
    Unreadable { id: RequestId, why: String },
}

/// The request as text.
pub fn encode(request: &Request) -> String {
    let record = Record { v: VERSION, facts: &request.facts };
    serde_json::to_string(&record).expect("facts have string keys and no floats")
}

/// # Errors
/// When the text was written by a newer version, or its facts do not follow one another.
pub fn decode(id: RequestId, text: &str) -> Result<Request, BadRecord> {
    let unreadable = |why: String| BadRecord::Unreadable { id: id.clone(), why };
    let Version { v } = serde_json::from_str(text).map_err(|why| unreadable(why.to_string()))?;
    if v > VERSION {
        return Err(BadRecord::Newer { id, found: v });
    }
    let record: Record<Vec<Fact>> = serde_json::from_str(text).map_err(|why| unreadable(why.to_string()))?;
    Request::replay(id.clone(), record.facts).map_err(|illegal| unreadable(illegal.to_string()))
}
