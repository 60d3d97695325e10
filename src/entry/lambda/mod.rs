//! The two functions on AWS Lambda. The front has the public address, answers after one commit and wakes the worker;
//! the worker does what is due. Neither does anything between two invocations.
#![expect(clippy::disallowed_methods, reason = "a shell: it runs the loop of an invocation")]

mod event;
mod http;
mod waker;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use ::http::StatusCode;
use anyhow::anyhow;
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::sleep;

pub use self::event::Envelope;
use self::event::Kind;
use self::http::Payload;
pub use self::waker::Waker;
use super::driver::{self, PAUSE};
use crate::ingress::Ingress;
use crate::worker::Worker;

/// The timer's period. What is due later is left to it, and a sweep ends when the next one begins.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// No round begins with less than this left: it may look, wipe, store and post.
const RESERVE: SignedDuration = SignedDuration::from_secs(30);
/// Rounds that may fail one after the other before the invocation does.
const FAILURES: u32 = 3;

/// The function with the public address.
pub struct Front {
    pub ingress: Arc<Ingress>,
    /// Rung after each commit.
    pub bell: Arc<Notify>,
    pub waker: Waker,
}

/// Serves HTTP events until the environment is taken away.
///
/// # Errors
/// When the runtime's interface fails.
pub async fn front(front: Front) -> anyhow::Result<()> {
    let front = &front;
    let serve = service_fn(move |event: LambdaEvent<Envelope>| front.answer(event.payload));
    lambda_runtime::run(serve).await.map_err(|why| anyhow!(why))
}

/// Serves wake-ups and timers until the environment is taken away.
///
/// # Errors
/// When the runtime's interface fails.
pub async fn worker(worker: Arc<Worker>) -> anyhow::Result<()> {
    let worker = &*worker;
    let serve = service_fn(move |event: LambdaEvent<Envelope>| work(worker, event));
    lambda_runtime::run(serve).await.map_err(|why| anyhow!(why))
}

impl Front {
    /// Answers one event.
    ///
    /// # Errors
    /// When it is no HTTP request.
    pub async fn answer(&self, envelope: Envelope) -> Result<Value, Diagnostic> {
        if envelope.kind() != Kind::Http {
            return Err(refused(envelope.kind(), "front"));
        }
        let payload = Payload::of(&envelope);
        let request = match http::request(envelope) {
            Ok(request) => request,
            Err(why) => {
                tracing::warn!(reason = %why, "Refused an event: {why}");
                return Ok(payload.refuse(StatusCode::BAD_REQUEST));
            }
        };
        let response = AssertUnwindSafe(self.ingress.handle(request)).catch_unwind().await;
        if self.bell.notified().now_or_never().is_some() {
            self.waker.wake().await;
        }
        Ok(match response {
            Ok(response) => payload.answer(&response),
            // The hook has said where.
            Err(_panic) => payload.refuse(StatusCode::INTERNAL_SERVER_ERROR),
        })
    }
}

/// Does what is due for one event.
///
/// # Errors
/// When the event is not for the worker, or the work failed.
pub async fn work(worker: &Worker, event: LambdaEvent<Envelope>) -> Result<Value, Diagnostic> {
    let kind = event.payload.kind();
    let deadline =
        i64::try_from(event.context.deadline).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let last = deadline.unwrap_or(Timestamp::MAX) - RESERVE;
    let until = match kind {
        Kind::WakeUp => last,
        Kind::Sweep => last.min((worker.clock)() + MINUTE),
        Kind::Http | Kind::Unknown => return Err(refused(kind, "worker")),
    };
    drive(worker, until).await.map_err(|driver::Failed| Diagnostic {
        error_type: "Failed".to_owned(),
        error_message: "work failed; what is due is tried again within a minute".to_owned(),
    })?;
    Ok(json!({}))
}

/// Works, and waits for what is due soon, so that the steps of a reset need no timer between them. The last round
/// begins by `until`; the first one always.
async fn drive(worker: &Worker, until: Timestamp) -> Result<(), driver::Failed> {
    let mut failures = 0;
    loop {
        let (rest, outcome) = match driver::round(worker).await {
            Ok(rest) => {
                failures = 0;
                (rest.filter(|rest| *rest <= MINUTE.unsigned_abs()), Ok(()))
            }
            Err(failed) => {
                failures += 1;
                (Some(PAUSE).filter(|_| failures < FAILURES), Err(failed))
            }
        };
        match rest {
            Some(rest) if (worker.clock)() + rest <= until => sleep(rest).await,
            _ => return outcome,
        }
    }
}

/// An event at the function that may not receive it.
fn refused(kind: Kind, role: &str) -> Diagnostic {
    let what = kind.name();
    tracing::error!(event = what, role, "Refused {what}: it is not for the {role}");
    Diagnostic { error_type: "Refused".to_owned(), error_message: format!("{what} is not for the {role}") }
}
