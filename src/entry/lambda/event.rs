//! What reaches a function, told apart by its envelope alone. Only AWS writes envelopes: what a stranger sends over
//! HTTP is in the body of one, however it looks.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the front sends to the worker.
pub(super) const WAKE_UP: &str = r#"{"cleanslate":"wake-up"}"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    WakeUp,
    /// The minute's timer, of `EventBridge` or of its scheduler.
    Sweep,
    Unknown,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "an HTTP request",
            Self::WakeUp => "a wake-up",
            Self::Sweep => "a timer",
            Self::Unknown => "an unknown event",
        }
    }
}

/// One event, with every field that any of them has.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Envelope {
    pub(super) version: Option<String>,
    pub(super) request_context: Option<RequestContext>,
    pub(super) http_method: Option<String>,
    pub(super) raw_path: Option<String>,
    pub(super) path: Option<String>,
    pub(super) headers: Option<BTreeMap<String, String>>,
    pub(super) multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    pub(super) body: Option<String>,
    pub(super) is_base64_encoded: Option<bool>,
    cleanslate: Option<String>,
    source: Option<String>,
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RequestContext {
    pub(super) http: Http,
    pub(super) stage: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Http {
    pub(super) method: Option<String>,
}

impl Envelope {
    pub(super) fn kind(&self) -> Kind {
        let timed = matches!(self.source.as_deref(), Some("aws.events" | "aws.scheduler"))
            && self.detail_type.as_deref() == Some("Scheduled Event");
        match self.cleanslate.as_deref() {
            _ if self.request_context.is_some() => Kind::Http,
            Some("wake-up") => Kind::WakeUp,
            None if timed => Kind::Sweep,
            _ => Kind::Unknown,
        }
    }
}
