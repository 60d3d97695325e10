//! The runtime's interface, for one process: it hands out events and notes when their answers come.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::RUNTIME_API;

/// What happened, and when.
pub(crate) type Marks = Arc<Mutex<Vec<(Instant, String)>>>;

/// What is started as a function.
pub(crate) struct Program {
    pub(crate) command: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// A process that was.
pub(crate) struct Function {
    process: Child,
    pub(crate) begun: Instant,
    events: UnboundedSender<String>,
    answers: UnboundedReceiver<(Instant, String)>,
}

struct Runtime {
    events: tokio::sync::Mutex<UnboundedReceiver<String>>,
    answers: UnboundedSender<(Instant, String)>,
    marks: Marks,
}

impl Function {
    /// Its first event waits for it.
    pub(crate) async fn start(program: &Program, first: &Value, marks: &Marks) -> Self {
        let (events, queue) = unbounded_channel();
        let (answer, answers) = unbounded_channel();
        let runtime = Runtime { events: queue.into(), answers: answer, marks: Arc::clone(marks) };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .fallback(async |uri: Uri, body: String| -> StatusCode { panic!("{uri}: {body}") })
            .with_state(Arc::new(runtime));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        events.send(first.to_string()).unwrap();
        let Program { command, folder, variables } = program;
        let mut start = Command::new(&command[0]);
        start.args(&command[1..]).current_dir(folder).env_clear().envs(variables.iter().cloned()).envs([
            (RUNTIME_API, api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "front"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "ASIABENCH"),
            ("AWS_SECRET_ACCESS_KEY", "bench"),
        ]);
        start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        marks.lock().unwrap().clear();
        let begun = Instant::now();
        let process = start.spawn().unwrap();
        Self { process, begun, events, answers }
    }

    /// When the answer to the oldest event came, and what it says.
    pub(crate) async fn answer(&mut self) -> (Instant, Value) {
        let (at, body) = self.answers.recv().await.unwrap();
        (at, serde_json::from_str(&body).unwrap())
    }

    pub(crate) fn send(&self, event: &Value) {
        self.events.send(event.to_string()).unwrap();
    }

    /// The most that it ever held in memory, in KiB.
    pub(crate) fn peak(&self) -> u32 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    runtime.marks.lock().unwrap().push((Instant::now(), "asks for its event".to_owned()));
    let Some(event) = runtime.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = (Timestamp::now().as_millisecond() + 3000).to_string();
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:front"),
        ("content-type", "application/json"),
    ];
    (headers, event).into_response()
}

async fn answered(State(runtime): State<Arc<Runtime>>, body: String) -> StatusCode {
    // Nobody waits for it any more where the process is about to be killed.
    let _ = runtime.answers.send((Instant::now(), body));
    StatusCode::ACCEPTED
}
