//! The simulator on a socket. Connections are served by hand, because a fault can be a connection that closes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::{Value, json as value};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::gateway::Served;
use super::{Sim, control, gateway, v2};

/// The largest body that the API takes, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;

impl Sim {
    /// Serves until the future is dropped; every connection is closed with it.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (stream, _) = accepted?;
                    connections.spawn(connection(self.clone(), stream));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

async fn connection(sim: Sim, stream: TcpStream) {
    let service = service_fn(move |request| {
        let sim = sim.clone();
        async move { answer(&sim, request).await }
    });
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::debug!(%error, "A connection to the simulator ended early");
    }
}

/// Makes hyper close the connection.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Closed;

async fn answer(sim: &Sim, request: Request<Incoming>) -> Result<Response<Outgoing>, Closed> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return Ok(
            json(StatusCode::PAYLOAD_TOO_LARGE, &value!({ "error": "too large" })).map(Outgoing::whole)
        );
    };
    match route(sim, &parts, &body.to_bytes()) {
        Served::Answer(mut answer) => {
            if !answer.headers().contains_key(header::DATE) {
                set_date(&mut answer, sim.fleet_now());
            }
            Ok(answer.map(Outgoing::whole))
        }
        Served::Cut(answer) => Ok(answer.map(|body| Outgoing::cut(&body))),
        Served::Hold => std::future::pending().await,
        Served::Close => Err(Closed),
    }
}

fn route(sim: &Sim, parts: &http::request::Parts, body: &[u8]) -> Served {
    let path = parts.uri.path();
    if path == "/" || path == v2::PATH {
        let wall = sim.wall();
        return sim.with(|world| gateway::call(world, parts, body, wall));
    }
    if let Some(path) = path.strip_prefix("/_sim/") {
        return Served::Answer(control::handle(sim, &parts.method, path, body));
    }
    if let Some(path) = path.strip_prefix("/discord/api/v10") {
        let now = sim.fleet_now();
        let call = (&parts.method, path);
        return Served::Answer(sim.discord(|discord| discord.handle(call, &parts.headers, body, now)));
    }
    match path.strip_prefix("/slack/api/") {
        Some(method) => {
            let query = parts.uri.query().unwrap_or_default().as_bytes();
            let arguments = if parts.method == http::Method::GET { query } else { body };
            let now = sim.fleet_now();
            Served::Answer(sim.slack(|slack| slack.handle(method, &parts.headers, arguments, now)))
        }
        None => Served::Answer(not_found()),
    }
}

pub(super) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

pub(super) fn not_found() -> Response<Bytes> {
    json(StatusCode::NOT_FOUND, &value!({ "error": "there is nothing here" }))
}

/// Sets the HTTP `Date`; a time that the format cannot hold leaves it out.
pub(super) fn set_date<T>(answer: &mut Response<T>, date: Timestamp) {
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).ok();
    if let Some(date) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
        answer.headers_mut().insert(header::DATE, date);
    }
}

/// A body, whole or cut off.
enum Outgoing {
    Whole(Option<Bytes>),
    Cut { half: Option<Bytes>, length: u64, flushed: bool },
}

impl Outgoing {
    fn whole(body: Bytes) -> Self {
        Self::Whole(Some(body).filter(|body| !body.is_empty()))
    }

    fn cut(body: &Bytes) -> Self {
        let length = body.len() as u64;
        Self::Cut { half: Some(body.slice(..body.len() / 2)), length, flushed: false }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Cut { half, flushed, .. } => match half.take() {
                Some(half) => Poll::Ready(Some(Ok(Frame::data(half)))),
                // hyper writes out what it has only when the body makes it wait.
                None if !*flushed => {
                    *flushed = true;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(Some(Err(Closed))),
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            Self::Cut { length, .. } => SizeHint::with_exact(*length),
        }
    }
}
