//! AWS Lambda, as a function meets it: the interface that its runtime polls, and the one by which it invokes another.
#![expect(
    clippy::disallowed_methods,
    reason = "real processes have no virtual clock, and servers run beside them"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use super::process::{BINARY, Running};

/// What the functions call AWS with.
pub(crate) const ACCESS_KEY: &str = "canary-access-key-9Wq2";
pub(crate) const SESSION_TOKEN: &str = "canary-session-token-4Ht8";

/// What became of one invocation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Answered(Value),
    Failed(Value),
    /// The process was killed.
    Lost,
}

struct Invocation {
    event: String,
    time: SignedDuration,
    outcome: oneshot::Sender<Outcome>,
}

/// One execution environment: a process, and its runtime's interface. It works on one event at a time.
pub(crate) struct Function {
    environment: BTreeMap<String, String>,
    process: Mutex<Option<Running>>,
    queue: mpsc::UnboundedSender<Invocation>,
    runtime: Arc<Runtime>,
}

struct Runtime {
    next: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    current: Mutex<BTreeMap<String, oneshot::Sender<Outcome>>>,
}

impl Function {
    /// Starts the process with nothing but these variables and those that Lambda sets.
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Arc<Self> {
        let (queue, next) = mpsc::unbounded_channel();
        let runtime = Arc::new(Runtime { next: tokio::sync::Mutex::new(next), current: Mutex::default() });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next_event))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(outcome))
            .with_state(Arc::clone(&runtime));
        let api = serve(routes).await.to_string();
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "cleanslate"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "ASIATEST"),
            ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY),
            ("AWS_SESSION_TOKEN", SESSION_TOKEN),
        ];
        let environment: BTreeMap<String, String> = lambda
            .iter()
            .chain(variables)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let process = Mutex::new(Some(launch(&environment)));
        Arc::new(Self { environment, process, queue, runtime })
    }

    /// Hands it an event and waits for what becomes of it; `seconds` is the time that it has.
    pub(crate) async fn invoke(&self, event: impl ToString, seconds: i64) -> Outcome {
        let (outcome, became) = oneshot::channel();
        let time = SignedDuration::from_secs(seconds);
        let sent = self.queue.send(Invocation { event: event.to_string(), time, outcome });
        sent.expect("the interface lives as long as this");
        let patience = Duration::from_secs(90);
        let became = tokio::time::timeout(patience, became).await;
        became.unwrap_or_else(|_| panic!("it does not answer: {}", self.said())).unwrap_or(Outcome::Lost)
    }

    /// Kills the process, as Lambda does when the time is over, and starts another one.
    pub(crate) fn replace(&self) {
        let mut process = self.process.lock().unwrap();
        // Dropped, and with it killed, before the next one begins.
        drop(process.take());
        self.runtime.current.lock().unwrap().clear();
        *process = Some(launch(&self.environment));
    }

    pub(crate) fn said(&self) -> String {
        self.process.lock().unwrap().as_ref().map(Running::said).unwrap_or_default()
    }
}

fn launch(environment: &BTreeMap<String, String>) -> Running {
    Running::spawn(Command::new(BINARY).env_clear().envs(environment)).0
}

async fn next_event(State(runtime): State<Arc<Runtime>>) -> Response {
    let Some(Invocation { event, time, outcome }) = runtime.next.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let mut current = runtime.current.lock().unwrap();
    let id = format!("8476a536-e9f4-11e8-9739-{:012x}", Timestamp::now().as_microsecond());
    current.insert(id.clone(), outcome);
    let deadline = (Timestamp::now() + time).as_millisecond().to_string();
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:cleanslate".to_owned();
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline),
        ("lambda-runtime-invoked-function-arn", arn),
    ];
    (headers, event).into_response()
}

async fn outcome(
    State(runtime): State<Arc<Runtime>>,
    Path((id, kind)): Path<(String, String)>,
    body: String,
) -> StatusCode {
    let Some(outcome) = runtime.current.lock().unwrap().remove(&id) else { return StatusCode::BAD_REQUEST };
    let body = serde_json::from_str(&body).expect("every answer is JSON");
    let _ = outcome.send(if kind == "response" { Outcome::Answered(body) } else { Outcome::Failed(body) });
    StatusCode::ACCEPTED
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// One call of the interface by which functions are invoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invoke {
    pub(crate) function: String,
    pub(crate) kind: String,
    pub(crate) event: String,
}

/// How the interface behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Hands each event to each environment of the worker.
    Delivers,
    DeliversTwice,
    Fails,
    Hangs,
}

/// The interface that invokes functions, asynchronously only.
pub(crate) struct Invokes {
    pub(crate) url: String,
    pub(crate) mood: Mutex<Mood>,
    pub(crate) calls: Mutex<Vec<Invoke>>,
    pub(crate) outcomes: Mutex<Vec<Outcome>>,
    workers: Mutex<Vec<Arc<Function>>>,
    /// Events that were handed to a worker and have no outcome yet.
    open: watch::Sender<usize>,
}

/// What a worker's function may take.
pub(crate) const WORKER_SECONDS: i64 = 120;

impl Invokes {
    pub(crate) async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let invokes = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            mood: Mutex::new(Mood::Delivers),
            calls: Mutex::default(),
            outcomes: Mutex::default(),
            workers: Mutex::default(),
            open: watch::Sender::new(0),
        });
        let routes = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .with_state(Arc::clone(&invokes));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        invokes
    }

    /// Environments of the worker's function that events are handed to.
    pub(crate) fn wakes(&self, workers: &[&Arc<Function>]) {
        *self.workers.lock().unwrap() = workers.iter().map(|worker| Arc::clone(worker)).collect();
    }

    /// Until every event that was handed to a worker has its outcome.
    pub(crate) async fn rest(&self) {
        self.open.subscribe().wait_for(|open| *open == 0).await.unwrap();
    }

    fn deliver(self: &Arc<Self>, event: &str) {
        let times = if *self.mood.lock().unwrap() == Mood::DeliversTwice { 2 } else { 1 };
        for worker in self.workers.lock().unwrap().iter() {
            for _ in 0..times {
                let (invokes, worker, event) = (Arc::clone(self), Arc::clone(worker), event.to_owned());
                self.open.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    let outcome = worker.invoke(event, WORKER_SECONDS).await;
                    invokes.outcomes.lock().unwrap().push(outcome);
                    invokes.open.send_modify(|open| *open -= 1);
                });
            }
        }
    }
}

async fn invoke(
    State(invokes): State<Arc<Invokes>>,
    Path(function): Path<String>,
    headers: HeaderMap,
    event: String,
) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=ASIATEST/") {
        return StatusCode::FORBIDDEN;
    }
    let kind = header("x-amz-invocation-type").to_owned();
    invokes.calls.lock().unwrap().push(Invoke { function, kind, event: event.clone() });
    let mood = *invokes.mood.lock().unwrap();
    match mood {
        Mood::Fails => StatusCode::INTERNAL_SERVER_ERROR,
        Mood::Hangs => std::future::pending().await,
        Mood::Delivers | Mood::DeliversTwice => {
            invokes.deliver(&event);
            StatusCode::ACCEPTED
        }
    }
}
