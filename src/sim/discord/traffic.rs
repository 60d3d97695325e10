//! What stands between a call and its answer: faults on order, and rate limits. "Rate Limits" of the API reference.

use std::collections::BTreeMap;
use std::str::FromStr;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::error::Refused;
use crate::sim::serve::json as answer;

/// Calls of one route and channel that are served in one window. Discord's own are smaller, differ from route to
/// route, and are not to be relied on.
const LIMIT: u32 = 50;
const WINDOW: SignedDuration = SignedDuration::from_secs(5);

/// What goes wrong with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// A JSON error code.
    Refuse(u64),
    RateLimited {
        global: bool,
    },
    /// An HTTP status of 500 and more; nothing was done.
    Broken(StatusCode),
    /// Done, and answered with HTTP 500.
    LostAnswer,
}

/// A name that is no fault's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a fault; there are 429, 429-global, lost-answer, 500 to 599, and Discord's error codes"
)]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let number = text.parse::<u64>().ok();
        let status = number.and_then(|number| u16::try_from(number).ok()).filter(|n| (500..600).contains(n));
        match (text, number) {
            ("429", _) => Ok(Self::RateLimited { global: false }),
            ("429-global", _) => Ok(Self::RateLimited { global: true }),
            ("lost-answer", _) => Ok(Self::LostAnswer),
            (_, Some(code)) if Refused::known(code).is_some() => Ok(Self::Refuse(code)),
            _ => status
                .and_then(|status| StatusCode::from_u16(status).ok())
                .map(Self::Broken)
                .ok_or_else(|| UnknownFault(text.to_owned())),
        }
    }
}

#[derive(Debug)]
struct Armed {
    /// The beginning of `POST /channels/…`; empty for every call.
    route: String,
    fault: Fault,
    times: usize,
}

#[derive(Debug, Default)]
pub(super) struct Traffic {
    faults: Vec<Armed>,
    /// When the window began, and how many calls it has seen.
    buckets: BTreeMap<String, (Timestamp, u32)>,
    /// Answers of 401, 403 and 429: ten thousand in ten minutes would close the door.
    pub(super) invalid: u32,
}

impl Traffic {
    pub(super) fn arm(&mut self, route: &str, fault: Fault, times: usize) {
        self.faults.push(Armed { route: route.to_owned(), fault, times });
    }

    /// What this call meets. `call` is `POST /channels/1/messages`.
    pub(super) fn fault(&mut self, call: &str) -> Option<Fault> {
        self.faults.retain(|armed| armed.times > 0);
        let armed = self.faults.iter_mut().find(|armed| call.starts_with(&armed.route))?;
        armed.times -= 1;
        Some(armed.fault.clone())
    }

    /// Counts a call of its bucket.
    pub(super) fn count(&mut self, bucket: &str, now: Timestamp) -> Bucket {
        let (begun, used) = self.buckets.entry(bucket.to_owned()).or_insert((now, 0));
        if now.duration_since(*begun) >= WINDOW {
            (*begun, *used) = (now, 0);
        }
        *used += 1;
        let reset = begun.saturating_add(WINDOW).unwrap_or(Timestamp::MAX);
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(bucket)[..16]);
        Bucket { used: *used, reset, reset_after: reset.duration_since(now), hash }
    }
}

/// How one bucket stands after a call.
pub(super) struct Bucket {
    used: u32,
    reset: Timestamp,
    reset_after: SignedDuration,
    hash: String,
}

impl Bucket {
    pub(super) fn is_over(&self) -> bool {
        self.used > LIMIT
    }

    pub(super) fn refuse(&self) -> Response<Bytes> {
        let mut response = rate_limited(self.reset_after.as_secs_f64(), false);
        response.headers_mut().insert("x-ratelimit-scope", HeaderValue::from_static("user"));
        response
    }

    /// The headers that every answer of a limited route carries.
    pub(super) fn write(&self, response: &mut Response<Bytes>) {
        let reset = Timestamp::UNIX_EPOCH.duration_until(self.reset).as_secs_f64();
        let headers = [
            ("x-ratelimit-limit", LIMIT.to_string()),
            ("x-ratelimit-remaining", LIMIT.saturating_sub(self.used).to_string()),
            ("x-ratelimit-reset", format!("{reset:.3}")),
            ("x-ratelimit-reset-after", format!("{:.3}", self.reset_after.as_secs_f64())),
            ("x-ratelimit-bucket", self.hash.clone()),
        ];
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// Seconds have a fraction in the body, and none in the header.
pub(super) fn rate_limited(seconds: f64, global: bool) -> Response<Bytes> {
    let body = json!({ "message": "You are being rate limited.", "retry_after": seconds, "global": global });
    let mut response = answer(StatusCode::TOO_MANY_REQUESTS, &body);
    if let Ok(value) = HeaderValue::from_str(&format!("{:.0}", seconds.ceil())) {
        response.headers_mut().insert("retry-after", value);
    }
    if global {
        response.headers_mut().insert("x-ratelimit-global", HeaderValue::from_static("true"));
        response.headers_mut().insert("x-ratelimit-scope", HeaderValue::from_static("global"));
    }
    response
}
