//! One plain line for each fact: what `audit list` prints.

use crate::domain::request::{Event, Fact};

/// Who did it, as a person reads it.
pub fn actor(fact: &Fact) -> &str {
    fact.by.as_ref().map_or("cleanslate", |by| &by.name)
}

/// What happened. Free text in it is not escaped.
pub fn summary(fact: &Fact) -> String {
    match &fact.event {
        Event::Requested { ask, .. } => format!("asked: {}", ask.canonical()),
        Event::Planned { digest, .. } => {
            format!("planned, digest {}\u{2026}", &digest[..digest.len().min(6)])
        }
        Event::Refused { .. } => "refused; nothing was wiped".to_owned(),
        Event::Posted { .. } => "card posted".to_owned(),
        Event::Voted { .. } => "said yes; more are needed".to_owned(),
        Event::Approved { .. } => "approved".to_owned(),
        Event::Cancelled => "cancelled; nothing was wiped".to_owned(),
        Event::Expired => "expired; nothing was wiped".to_owned(),
        Event::Stale { drift } => {
            let fields: Vec<&str> = drift.iter().map(|drift| drift.field.as_str()).collect();
            format!("stale ({}); nothing was wiped", fields.join(", "))
        }
        Event::Lapsed { .. } => "the approval lapsed; nothing was wiped".to_owned(),
        Event::Claimed { .. } => "claimed: one ResetInstance may leave".to_owned(),
        Event::Accepted { request_id, inferred: false } => format!("accepted, RequestId {request_id}"),
        Event::Accepted { request_id, inferred: true } => {
            format!("accepted (inferred), RequestId {request_id}")
        }
        Event::Failed { failure } => format!("failed, {}; nothing was wiped", failure.code),
        Event::Unknown { why } => format!("no clear answer: {why}"),
        Event::NotExecuted => "not executed; nothing was wiped".to_owned(),
        Event::Indeterminate { .. } => "cannot be settled from here".to_owned(),
        Event::Completed { .. } => "completed: the disk was wiped".to_owned(),
        Event::FailedAsync { .. } => "failed after it began; treat the disk as lost".to_owned(),
        Event::Overdue => "overdue: not done after 30 minutes".to_owned(),
        Event::Closed { .. } => "closed by hand".to_owned(),
        Event::Denied { act, denial, count, .. } => format!("denied: {act}, {denial:?}, {count} time(s)"),
        Event::PolicyChanged { hash, .. } => {
            format!("policy in force, hash {}\u{2026}", &hash[..hash.len().min(6)])
        }
    }
}
