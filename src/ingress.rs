//! From an HTTP request to an HTTP response. Nothing behind this file sees a header, a JSON value or a form field.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

use crate::app::App;
use crate::chat::slack::{parse, render, verify};
use crate::chat::{Inbound, Reply, Unreadable, Verified};
use crate::domain::Clock;
use crate::domain::notice;

/// The longest body that is read, in bytes.
pub const BODY_MAX: usize = 64 * 1024;

/// The front door.
pub struct Ingress {
    pub app: Arc<App>,
    pub slack: verify::Keys,
    pub clock: Clock,
}

impl Ingress {
    /// Answers one request. Forged, stale or unsigned: 401 with an empty body, and nothing is stored.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        match (&parts.method, parts.uri.path()) {
            (&Method::GET, "/healthz") => self.health().await,
            (&Method::POST, "/slack/commands") => self.slack(&parts, body, parse::command).await,
            (&Method::POST, "/slack/interactivity") => self.slack(&parts, body, parse::interactivity).await,
            _ => empty(StatusCode::NOT_FOUND),
        }
    }

    async fn slack(
        &self,
        parts: &http::request::Parts,
        body: Bytes,
        parse: fn(&Verified) -> Result<Inbound, Unreadable>,
    ) -> Response<Bytes> {
        if body.len() > BODY_MAX {
            return empty(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if verify::is_ssl_check(&body) {
            return empty(StatusCode::OK);
        }
        let (now, length) = ((self.clock)(), body.len());
        let verified = match verify::verify(&self.slack, &parts.headers, body, now) {
            Ok(verified) => verified,
            Err(why) => {
                tracing::warn!(reason = %why, length, "Refused a request that is not genuine");
                return empty(StatusCode::UNAUTHORIZED);
            }
        };
        let reply = match parse(&verified) {
            Ok(inbound) => self.app.receive(inbound, now).await,
            Err(why) => {
                tracing::warn!(reason = %why, length, "A genuine request could not be read");
                Reply::Private(notice::old_button())
            }
        };
        render::reply(&reply)
    }

    /// Healthy is who can read the store.
    async fn health(&self) -> Response<Bytes> {
        match self.app.store.head().await {
            Ok(_) => Response::new(Bytes::from_static(b"ok\n")),
            Err(_) => empty(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

/// No body: a stranger learns nothing.
pub fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
