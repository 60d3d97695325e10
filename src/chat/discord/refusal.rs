//! Why Discord said no, sorted by what the worker does next.
//!
//! Source: "Opcodes and Status Codes", "Rate Limits" and "Error Messages", docs.discord.com.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::chat::ChatError;

/// Seconds to wait when Discord says "too fast" without saying how long.
const WAIT: u64 = 10;
/// Longest wait that is believed, in seconds: somebody waits for the word.
const WAIT_MAX: u64 = 3600;
/// Longest reason that is told on, in characters.
const REASON: usize = 120;

// Discord's JSON error codes, as far as something is done about them.
pub(super) const UNKNOWN_MEMBER: u64 = 10007;
const UNKNOWN_MESSAGE: u64 = 10008;
/// Too many edits of a message older than an hour.
const OLD_MESSAGE_EDITS: u64 = 30046;
/// Direct messages are being opened too fast.
const OPENING_TOO_FAST: u64 = 40003;
const NOT_OUR_MESSAGE: u64 = 50005;
pub(super) const NO_DIRECT: u64 = 50007;
const SYSTEM_MESSAGE: u64 = 50021;
pub(super) const NO_MUTUAL_GUILD: u64 = 50278;
/// A reply needs Read Message History.
pub(super) const NO_HISTORY: u64 = 160_002;

/// Why a call gave nothing.
pub(super) enum Failure {
    /// Discord said no: nothing was done.
    Refused {
        code: u64,
        why: ChatError,
    },
    Chat(ChatError),
}

impl From<Failure> for ChatError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { why, .. } | Failure::Chat(why) => why,
        }
    }
}

/// What an answer that is no success says, as far as it can be read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: u64,
    message: String,
    /// Where the body is wrong: objects in objects, `_errors` at the bottom.
    errors: Value,
    /// Seconds.
    retry_after: Option<f64>,
}

pub(super) fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let header = || headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok();
        let wait = refusal.retry_after.or_else(header).and_then(whole_seconds).unwrap_or(WAIT);
        return Failure::Chat(ChatError::RateLimited(wait));
    }
    // The server's own trouble, a timeout on its side, or not Discord at all.
    if !status.is_client_error() || status == StatusCode::REQUEST_TIMEOUT {
        return unclear(format!("HTTP {}", status.as_u16()));
    }
    Failure::Refused { code: refusal.code, why: meaning(status, &refusal) }
}

/// Refusals by what the worker does next: the same again would be refused again until a person changes something.
fn meaning(status: StatusCode, refusal: &Refusal) -> ChatError {
    let Refusal { code: number, message, errors, .. } = refusal;
    let words = match (number, first_fault(errors)) {
        (0, _) if message.is_empty() => format!("HTTP {}", status.as_u16()),
        // Such a message begins with the status.
        (0, _) => message.clone(),
        (number, None) => format!("{number} {message}"),
        (number, Some(fault)) => format!("{number} {message}: {fault}"),
    };
    let why = words.trim_end().chars().take(REASON).collect();
    match *number {
        UNKNOWN_MESSAGE | OLD_MESSAGE_EDITS | NOT_OUR_MESSAGE | SYSTEM_MESSAGE => ChatError::NotEditable(why),
        OPENING_TOO_FAST => ChatError::RateLimited(WAIT),
        _ => ChatError::NoAccess(why),
    }
}

/// `components.0.custom_id BASE_TYPE_MAX_LENGTH`
fn first_fault(errors: &Value) -> Option<String> {
    if let Some(code) = errors["_errors"][0]["code"].as_str() {
        return Some(format!(" {code}"));
    }
    errors.as_object()?.iter().find_map(|(name, inner)| {
        let rest = first_fault(inner)?;
        let dot = if rest.starts_with(' ') { "" } else { "." };
        Some(format!("{name}{dot}{rest}"))
    })
}

/// Rounded up: a moment too early is one more refusal.
fn whole_seconds(seconds: f64) -> Option<u64> {
    let wait = Duration::try_from_secs_f64(seconds).ok()?;
    Some(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).clamp(1, WAIT_MAX))
}

pub(super) fn unclear(why: impl Into<String>) -> Failure {
    Failure::Chat(ChatError::Unclear(why.into()))
}
