//! One plain line for each fact: what `audit list` prints.

use super::denials::why_not;
use super::ends::lapse;
use super::refusals::{reason, riddle};
use super::text::spoken;
use crate::domain::request::{Event, Fact};

/// Who did it, as a person reads it. Free text in it is not escaped.
pub fn actor(fact: &Fact) -> &str {
    fact.by.as_ref().map_or("cleanslate", |by| &by.name)
}

/// What happened. Free text in it is not escaped.
pub fn summary(fact: &Fact) -> String {
    match &fact.event {
        Event::Requested { ask, .. } => {
            let words: Vec<String> = ask.canonical().split(' ').map(spaced).collect();
            format!("asked: {}", words.join(", "))
        }
        Event::Planned { digest, .. } => format!("planned, digest {}", head(digest)),
        Event::Refused { why } => format!("refused, nothing was wiped: {}", spoken(&reason(why))),
        Event::Posted { .. } => "card posted".to_owned(),
        Event::Voted { .. } => "said yes; more are needed".to_owned(),
        Event::Approved { .. } => "approved".to_owned(),
        Event::Cancelled => "cancelled: nothing was wiped".to_owned(),
        Event::Expired => "expired: nothing was wiped".to_owned(),
        Event::Stale { drift } => {
            let fields: Vec<&str> = drift.iter().map(|drift| drift.field.as_str()).collect();
            format!("stale, nothing was wiped: changed were {}", fields.join(", "))
        }
        Event::Lapsed { why } => format!("lapsed, nothing was wiped: {}", lapse(*why)),
        Event::Claimed { .. } => "claimed: one ResetInstance may leave".to_owned(),
        Event::Accepted { request_id, inferred: false } => format!("accepted, RequestId {request_id}"),
        Event::Accepted { request_id, inferred: true } => {
            format!("accepted (inferred), RequestId {request_id}")
        }
        Event::Failed { failure } => format!("failed, nothing was wiped by this request: {}", failure.code),
        Event::Unknown { why } => format!("no clear answer: {why}"),
        Event::NotExecuted => "not executed: nothing was wiped by this request".to_owned(),
        Event::Indeterminate { riddle: why } => {
            format!("cannot be settled from here: {}", spoken(&riddle(why)))
        }
        Event::Completed { .. } => "completed: the disk was wiped".to_owned(),
        Event::FailedAsync { .. } => "failed after it began: treat the disk as lost".to_owned(),
        Event::Overdue => "overdue: not done after 30 minutes".to_owned(),
        Event::Closed { finding } => format!("closed by hand: {finding}"),
        Event::Denied { act, denial, count: 1, .. } => format!("denied {act}: {}", why_not(denial)),
        Event::Denied { act, denial, count, .. } => {
            format!("denied {act}, {count} times: {}", why_not(denial))
        }
        Event::PolicyChanged { hash, .. } => format!("policy in force, hash {}", head(hash)),
    }
}

/// `60GB` as people write it.
fn spaced(word: &str) -> String {
    match word.strip_suffix("GB") {
        Some(size) if size.bytes().all(|b| b.is_ascii_digit()) => format!("{size} GB"),
        Some(_) | None => word.to_owned(),
    }
}

/// The first digits of a hash.
fn head(hash: &str) -> String {
    hash.chars().take(6).chain(['\u{2026}']).collect()
}
