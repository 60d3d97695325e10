//! The stored forms of a request (its facts, encoded as the audit log encodes them) and of its card, and the entry of
//! a commit. Pure.

use serde::{Deserialize, Serialize};

use super::Commit;
use crate::audit::entry::{About, Entry};
use crate::audit::{Head, Origin, Seal};
use crate::domain::id::RequestId;
use crate::domain::request::{Card, Event, Fact, Request};

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

/// The card's bookkeeping as text.
pub fn card(card: &Card) -> String {
    serde_json::to_string(card).expect("a card has string keys")
}

/// The entry of a commit and where it stands; moves the head on. `cause` is the seq of the request's entry before it.
pub fn append(head: &mut Head, origin: &Origin, commit: &Commit, cause: Option<u64>) -> (Vec<u8>, Seal) {
    if let Event::PolicyChanged { hash, .. } = &commit.fact.event {
        head.policy.clone_from(hash);
    }
    let about = About {
        policy: commit.policy.clone(),
        request: commit.after.as_ref().map(|request| request.id.clone()),
        instance: commit.after.as_ref().map(|request| request.ask.instance.clone()),
        cause,
    };
    let bytes = Entry::new(head.size, origin, about, commit.fact.clone()).encode();
    let seal = head.append(&bytes);
    head.at = Some(commit.fact.at);
    (bytes, seal)
}
