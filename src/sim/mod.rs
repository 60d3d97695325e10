//! A simulated Tencent Cloud and Slack, over their real HTTP APIs. It verifies every signature, timestamp and token,
//! and answers the documented errors; what it is told at `/_sim/` bends it.
#![expect(clippy::disallowed_methods, reason = "a shell: it owns its sockets")]

pub mod cast;
pub mod cvm;
pub mod fault;
pub mod fleet;
pub mod slack;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::cvm::{Now, Outcome};
use self::fault::Fault;
use self::fleet::{Fleet, Wipe};
use self::slack::SlackWorld;
use crate::domain::Clock;

const BODY_MAX: usize = 10 * 1024 * 1024;

/// The simulator; clones share one world.
#[derive(Clone)]
pub struct Sim {
    wall: Clock,
    fresh: Fleet,
    world: Arc<Mutex<World>>,
}

struct World {
    fleet: Fleet,
    slack: SlackWorld,
    /// Fleet time is wall time and this.
    offset: SignedDuration,
    /// What goes wrong next, by action.
    faults: Vec<(String, Fault)>,
    calls: Vec<Value>,
}

/// Closes the connection when it is a service's error.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Closed;

impl Sim {
    pub fn new(fleet: Fleet, wall: Clock) -> Self {
        let world = World::new(fleet.clone());
        Self { wall, fresh: fleet, world: Arc::new(Mutex::new(world)) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at Slack, as a person would.
    pub fn slack<T>(&self, look: impl FnOnce(&mut SlackWorld) -> T) -> T {
        look(&mut self.world().slack)
    }

    /// Every wipe so far.
    pub fn wipes(&self) -> Vec<Wipe> {
        self.world().fleet.wipes.clone()
    }

    /// The next call of `action` goes wrong like this.
    pub fn arm(&self, action: &str, fault: Fault) {
        self.world().faults.push((action.to_owned(), fault));
    }

    /// Somebody does something to an instance in the console; false where there is none.
    pub fn console(&self, instance: &str, operation: &str) -> bool {
        let mut world = self.world();
        let now = (self.wall)() + world.offset;
        world.console(instance, operation, now).is_ok()
    }

    /// Serves until the task is dropped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            let sim = self.clone();
            let service = service_fn(move |request| sim.clone().answer(request));
            tokio::spawn(async move {
                // A connection that is closed on purpose ends with an error, and so does one that the client drops.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Closed> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, BODY_MAX).collect().await.map_err(|_| Closed)?.to_bytes();
        match self.route(&parts, &body) {
            Outcome::Answer(response) => Ok(response.map(Full::new)),
            Outcome::Close => Err(Closed),
            Outcome::Hang => match std::future::pending::<Infallible>().await {},
        }
    }

    fn route(&self, parts: &http::request::Parts, body: &Bytes) -> Outcome {
        let now = (self.wall)();
        let mut world = self.world();
        let path = parts.uri.path();
        if let Some(method) = path.strip_prefix("/slack/api/") {
            let at = now + world.offset;
            return Outcome::Answer(world.slack.handle(method, &parts.headers, body, at));
        }
        match (&parts.method, path) {
            (&Method::POST, "/") => world.cvm(parts, body, now),
            (&Method::GET, "/_sim/state") => json_answer(&world.state(now)),
            (&Method::POST, path) if path.starts_with("/_sim/") => {
                let body = serde_json::from_slice(body).unwrap_or(Value::Null);
                match self.control(&mut world, path, &body) {
                    Ok(()) => json_answer(&world.state(now)),
                    Err(why) => Outcome::Answer(answer(StatusCode::BAD_REQUEST, &json!({ "error": why }))),
                }
            }
            _ => Outcome::Answer(answer(StatusCode::NOT_FOUND, &json!({ "error": "there is nothing here" }))),
        }
    }

    fn control(&self, world: &mut World, path: &str, body: &Value) -> Result<(), String> {
        match path {
            "/_sim/faults" => {
                let fault: Fault = body["fault"].as_str().unwrap_or_default().parse()?;
                let action = body["action"].as_str().unwrap_or("ResetInstance").to_owned();
                let times = usize::try_from(body["times"].as_u64().unwrap_or(1)).unwrap_or(1);
                world.faults.extend(std::iter::repeat_n((action, fault), times.min(1000)));
                Ok(())
            }
            "/_sim/clock" => {
                let by = body["advance"].as_str().unwrap_or_default();
                let by: SignedDuration = by.parse().map_err(|_| "write {\"advance\":\"480s\"}".to_owned())?;
                world.offset += by;
                Ok(())
            }
            "/_sim/console" => {
                let text = |name: &str| body[name].as_str().unwrap_or_default();
                let now = (self.wall)() + world.offset;
                world.console(text("instance"), text("operation"), now)
            }
            "/_sim/reset" => {
                *world = World::new(self.fresh.clone());
                Ok(())
            }
            _ => {
                Err("there are /_sim/state, /_sim/faults, /_sim/clock, /_sim/console and /_sim/reset"
                    .to_owned())
            }
        }
    }
}

impl World {
    fn new(fleet: Fleet) -> Self {
        Self {
            fleet,
            slack: SlackWorld::default(),
            offset: SignedDuration::ZERO,
            faults: Vec::new(),
            calls: Vec::new(),
        }
    }

    fn cvm(&mut self, parts: &http::request::Parts, body: &Bytes, wall: Timestamp) -> Outcome {
        let action =
            parts.headers.get("x-tc-action").and_then(|action| action.to_str().ok()).unwrap_or_default();
        let armed = self.faults.iter().position(|(wanted, _)| wanted == action);
        let fault = armed.map(|index| self.faults.remove(index).1);
        let request_id = format!("a0a66377-b79f-4a21-846c-{:012x}", self.calls.len() + 1);
        let fault_name = fault.as_ref().map(ToString::to_string);
        self.calls.push(json!({ "action": action, "request_id": request_id, "fault": fault_name, "at": wall.to_string() }));
        let now = Now { wall, fleet: wall + self.offset };
        cvm::call(&mut self.fleet, (&parts.headers, body), now, fault.as_ref(), &request_id)
    }

    fn console(&mut self, instance: &str, operation: &str, now: Timestamp) -> Result<(), String> {
        let request_id = format!("c0501e00-0000-4000-8000-{:012x}", self.calls.len() + 1);
        let known = self.fleet.console(instance, operation, (&request_id, now));
        known
            .then_some(())
            .ok_or_else(|| "write {\"instance\":\"ins-r8hr2upy\",\"operation\":\"StopInstances\"}".to_owned())
    }

    fn state(&mut self, wall: Timestamp) -> Value {
        self.fleet.advance(wall + self.offset);
        json!({ "now": (wall + self.offset).to_string(), "fleet": self.fleet.state(), "calls": self.calls, "slack": self.slack.state() })
    }
}

fn json_answer(body: &Value) -> Outcome {
    Outcome::Answer(answer(StatusCode::OK, body))
}

fn answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Bytes::from(format!("{body}\n"))).unwrap_or_default()
}
