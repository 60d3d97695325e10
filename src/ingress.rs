//! From an HTTP request to an HTTP response. Nothing behind this file sees a header, a JSON value or a form field.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use jiff::Timestamp;
use tracing::Instrument as _;

use crate::app::App;
use crate::chat::{Door, Inbound, Reply, Unreadable, Unverified, Verified, discord, slack};
use crate::domain::{Clock, notice};
use crate::secrets;

/// The longest body that is read, in bytes.
pub const BODY_MAX: usize = 64 * 1024;

/// What makes of a genuine body an event.
type Parse = fn(&Verified) -> Result<Inbound, Unreadable>;

/// The front door. A platform that is not configured is not there.
pub struct Ingress {
    pub app: Arc<App>,
    pub slack: Option<Door<slack::verify::Keys>>,
    pub discord: Option<Door<discord::verify::Keys>>,
    pub clock: Clock,
}

enum Route {
    Health,
    Slack(Parse),
    Discord(Parse),
}

impl Route {
    /// Every route there is: what is not here is not there.
    fn of(method: &Method, path: &str) -> Option<Self> {
        match (method, path) {
            (&Method::GET, "/healthz") => Some(Self::Health),
            (&Method::POST, "/slack/commands") => Some(Self::Slack(slack::parse::command)),
            (&Method::POST, "/slack/interactivity") => Some(Self::Slack(slack::parse::interactivity)),
            (&Method::POST, "/discord/interactions") => Some(Self::Discord(discord::parse::interaction)),
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
        let span = tracing::info_span!("event", path = parts.uri.path(), length = body.len());
        match route {
            Route::Health => self.health().await,
            // Slack's certificate check of a distributed app: unsigned, without a command, without an effect.
            Route::Slack(_) if slack::verify::is_ssl_check(&body) => empty(StatusCode::OK),
            Route::Slack(parse) => {
                self.event(self.slack.as_ref(), parse, &parts, body).instrument(span).await
            }
            Route::Discord(parse) => {
                self.event(self.discord.as_ref(), parse, &parts, body).instrument(span).await
            }
        }
    }

    async fn event<K>(
        &self,
        door: Option<&Door<K>>,
        parse: Parse,
        parts: &Parts,
        body: Bytes,
    ) -> Response<Bytes> {
        let Some(door) = door else { return empty(StatusCode::NOT_FOUND) };
        let now = (self.clock)();
        let verified = match genuine(door, &parts.headers, &body, now).await {
            Ok(verified) => verified,
            Err(status) => return empty(status),
        };
        let reply = match parse(&verified) {
            Ok(inbound) => self.app.receive(inbound, now).await,
            Err(why) => {
                tracing::warn!(reason = %why, "A genuine request could not be read");
                Reply::Private(notice::unreadable())
            }
        };
        (door.reply)(&reply, &door.command)
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

/// The body, if its platform signed it. A signature that does not match may have been made with a secret that is newer
/// than the one at hand.
async fn genuine<K>(
    door: &Door<K>,
    headers: &HeaderMap,
    body: &Bytes,
    now: Timestamp,
) -> Result<Verified, StatusCode> {
    let keys = async |max_age| {
        (door.keys)(max_age).await.map_err(|why| {
            tracing::error!(error = %format!("{why:#}"), "Nothing can be verified without its key");
            StatusCode::SERVICE_UNAVAILABLE
        })
    };
    let check = |keys: &K| (door.verify)(keys, headers, body.clone(), now);
    let mut verdict = check(&keys(secrets::MAX_AGE).await?);
    if matches!(verdict, Err(Unverified::Mismatch))
        && let Ok(newer) = keys(secrets::DOUBTED_AGE).await
    {
        verdict = check(&newer);
    }
    verdict.map_err(|why| {
        tracing::warn!(reason = ?why, "Refused a request that is not genuine: {why}");
        StatusCode::UNAUTHORIZED
    })
}

/// No body: a stranger learns nothing.
pub fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
