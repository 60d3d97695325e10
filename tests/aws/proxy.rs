//! A way to the stand-in on which things are lost.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use cleanslate::outbound::{self, Timeouts};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::tables;

const PATIENT: Duration = Duration::from_secs(5);

/// What becomes of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It never arrives.
    RequestLost,
    /// It is done, and nobody learns so.
    AnswerLost,
}

/// Told of each loss; the connection breaks when it is answered or dropped.
pub(crate) type Losses = mpsc::UnboundedReceiver<oneshot::Sender<()>>;

#[derive(Clone)]
struct Road {
    upstream: String,
    http: reqwest::Client,
    fates: Arc<Mutex<VecDeque<Fate>>>,
    losses: mpsc::UnboundedSender<oneshot::Sender<()>>,
}

/// The stand-in behind a proxy that deals these fates to the next transactions, one each.
#[expect(clippy::disallowed_methods, reason = "the proxy runs beside its callers")]
pub(crate) async fn losing(fates: &[Fate]) -> (SdkConfig, Losses) {
    let (losses, lost) = mpsc::unbounded_channel();
    let road = Road {
        upstream: tables::endpoint(),
        http: outbound::client(Timeouts { connect: PATIENT, total: PATIENT }).build().unwrap(),
        fates: Arc::new(Mutex::new(fates.iter().copied().collect())),
        losses,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Router::new().fallback(pass).with_state(road);
    tokio::spawn(async move { axum::serve(listener, service).await });
    // What is set here stands behind what the environment says, which the stand-in's own clients use.
    let direct = tables::aws().await;
    let config = SdkConfig::builder()
        .region(direct.region().cloned())
        .credentials_provider(direct.credentials_provider().unwrap())
        .http_client(direct.http_client().unwrap())
        .sleep_impl(direct.sleep_impl().unwrap())
        .time_source(direct.time_source().unwrap())
        .timeout_config(direct.timeout_config().unwrap().clone())
        .retry_config(direct.retry_config().unwrap().clone())
        .behavior_version(direct.behavior_version().unwrap())
        .endpoint_url(format!("http://{address}"))
        .build();
    (config, lost)
}

async fn pass(State(road): State<Road>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let transaction =
        headers.get("x-amz-target").is_some_and(|target| target == "DynamoDB_20120810.TransactWriteItems");
    let fate = if transaction { road.fates.lock().unwrap().pop_front() } else { None };
    let answer = match fate {
        Some(Fate::RequestLost) => None,
        Some(Fate::AnswerLost) | None => Some(forward(&road, headers, body).await),
    };
    if let (None, Some(answer)) = (fate, answer) {
        return answer;
    }
    let (told, heard) = oneshot::channel();
    if road.losses.send(told).is_ok() {
        drop(heard.await);
    }
    let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("lost"))]);
    Response::builder().header("content-length", "100").body(Body::from_stream(broken)).unwrap()
}

async fn forward(road: &Road, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let answer = road.http.post(&road.upstream).headers(headers).body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await.unwrap()));
    *response.status_mut() = status;
    for (name, value) in headers.iter().filter(|(name, _)| *name != "transfer-encoding") {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
