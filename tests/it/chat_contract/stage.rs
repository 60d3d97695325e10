//! A platform's API in the place of the real one: it gives prepared answers, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::net::TcpListener;

type Headers = &'static [(&'static str, &'static str)];

/// What the server does with one call.
pub(super) enum Answer {
    Ok(String),
    Status(u16, Headers, String),
    /// Never answers.
    Hang,
    /// Closes the connection in the middle of the answer.
    Cut,
}

impl Answer {
    pub(super) fn status(status: u16, headers: Headers) -> Self {
        Self::Status(status, headers, String::new())
    }
}

pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Call {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Clone)]
struct Server {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

async fn serve(State(server): State<Server>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    server.calls.lock().unwrap().push(Call {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() },
    });
    let answer = server.answers.lock().unwrap().pop_front().expect("a call too many");
    match answer {
        Answer::Ok(json) => Response::new(Body::from(json)),
        Answer::Status(status, headers, body) => {
            let response = Response::builder().status(status);
            headers
                .iter()
                .fold(response, |r, (name, value)| r.header(*name, *value))
                .body(Body::from(body))
                .unwrap()
        }
        Answer::Hang => std::future::pending().await,
        Answer::Cut => {
            let broken = futures_util::stream::iter([Ok("{\"ok\":"), Err(std::io::Error::other("cut"))]);
            Response::new(Body::from_stream(broken))
        }
    }
}

/// Runs `talk` with the address of a server that has these answers; gives its result and the calls. Every answer must
/// be used.
pub(super) async fn with<T>(
    answers: impl IntoIterator<Item = Answer>,
    talk: impl AsyncFnOnce(String) -> T,
) -> (T, Vec<Call>) {
    let server =
        Server { answers: Arc::new(Mutex::new(answers.into_iter().collect())), calls: Arc::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/api", listener.local_addr().unwrap());
    let router = Router::new().fallback(serve).with_state(server.clone());
    let out = tokio::select! {
        ended = axum::serve(listener, router).into_future() => panic!("the server ended: {ended:?}"),
        out = talk(address) => out,
    };
    assert!(server.answers.lock().unwrap().is_empty(), "an answer was not asked for");
    let calls = std::mem::take(&mut *server.calls.lock().unwrap());
    (out, calls)
}
