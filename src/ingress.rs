//! From an HTTP request to an HTTP response. Nothing behind this file sees a header, a JSON value or a form field.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use tracing::Instrument as _;

use crate::app::App;
use crate::chat::slack::{parse, render, verify};
use crate::chat::{Inbound, Reply, Unreadable, Verified};
use crate::domain::Clock;
use crate::domain::notice;

/// The longest body that is read, in bytes.
pub const BODY_MAX: usize = 64 * 1024;

/// Fetches what Slack signs with.
pub type Keys = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<verify::Keys>> + Send + Sync>;

/// What makes of a genuine body an event.
type Parse = fn(&Verified) -> Result<Inbound, Unreadable>;

/// The front door.
pub struct Ingress {
    pub app: Arc<App>,
    pub slack: Keys,
    pub clock: Clock,
}

enum Route {
    Health,
    Slack(Parse),
}

impl Route {
    /// Every route there is: what is not here is not there.
    fn of(method: &Method, path: &str) -> Option<Self> {
        match (method, path) {
            (&Method::GET, "/healthz") => Some(Self::Health),
            (&Method::POST, "/slack/commands") => Some(Self::Slack(parse::command)),
            (&Method::POST, "/slack/interactivity") => Some(Self::Slack(parse::interactivity)),
            _ => None,
        }
    }
}

impl Ingress {
    /// Answers one request. Forged, stale or unsigned: 401 with an empty body, and nothing is stored.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        if body.len() > BODY_MAX {
            return empty(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let Some(route) = Route::of(&parts.method, parts.uri.path()) else {
            return empty(StatusCode::NOT_FOUND);
        };
        match route {
            Route::Health => self.health().await,
            Route::Slack(parse) => {
                let span = tracing::info_span!("event", chat.platform = "slack", length = body.len());
                self.slack(&parts, body, parse).instrument(span).await
            }
        }
    }

    async fn slack(&self, parts: &http::request::Parts, body: Bytes, parse: Parse) -> Response<Bytes> {
        // Slack's certificate check of a distributed app: unsigned, without a command, without an effect.
        if verify::is_ssl_check(&body) {
            return empty(StatusCode::OK);
        }
        let keys = match (self.slack)().await {
            Ok(keys) => keys,
            Err(why) => {
                tracing::error!(error = %format!("{why:#}"), "Nothing can be verified without the signing secret");
                return empty(StatusCode::SERVICE_UNAVAILABLE);
            }
        };
        let now = (self.clock)();
        let verified = match verify::verify(&keys, &parts.headers, body, now) {
            Ok(verified) => verified,
            Err(why) => {
                tracing::warn!(reason = ?why, "Refused a request that is not genuine: {why}");
                return empty(StatusCode::UNAUTHORIZED);
            }
        };
        let reply = match parse(&verified) {
            Ok(inbound) => self.app.receive(inbound, now).await,
            Err(why) => {
                tracing::warn!(reason = %why, "A genuine request could not be read");
                Reply::Private(notice::unreadable())
            }
        };
        render::reply(&reply)
    }

    /// Healthy is who can read the store.
    async fn health(&self) -> Response<Bytes> {
        match self.app.store.head().await {
            Ok(_) => Response::new(Bytes::from_static(b"ok\n")),
            Err(why) => {
                tracing::error!(error = %why, "The store does not answer");
                empty(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

/// No body: a stranger learns nothing.
pub fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
