//! The self-hosted server: HTTP in, the worker on a wake-up and a timer.
#![expect(clippy::disallowed_methods, reason = "a shell: it runs the loops and owns the sockets")]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::timeout;

use crate::domain::Clock;
use crate::ingress::{BODY_MAX, Ingress, empty};
use crate::worker::Worker;

/// How long headers, and then a body, may take to arrive.
const READ: Duration = Duration::from_secs(5);
/// Connections at the same time; more wait to be accepted.
const CONNECTIONS: usize = 512;
/// How long requests under way may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Accepts connections until `stop` changes, then lets those under way finish.
pub async fn listen(listener: TcpListener, ingress: Arc<Ingress>, mut stop: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let draining = GracefulShutdown::new();
    loop {
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (listener.accept().await, slot)
        };
        let (accepted, slot) = tokio::select! {
            accepted = accepted => accepted,
            _ = stop.changed() => break,
        };
        let Ok((stream, _)) = accepted else { continue };
        let ingress = Arc::clone(&ingress);
        let service = service_fn(move |request| answer(Arc::clone(&ingress), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(READ)
            .serve_connection(TokioIo::new(stream), service);
        let connection = draining.watch(connection);
        tokio::spawn(async move {
            let _slot = slot;
            if let Err(why) = connection.await {
                tracing::debug!(error = %why, "A connection ended badly");
            }
        });
    }
    if timeout(DRAIN, draining.shutdown()).await.is_err() {
        tracing::warn!("Some requests did not finish in time and were cut off");
    }
}

async fn answer(
    ingress: Arc<Ingress>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let response = match timeout(READ, Limited::new(body, BODY_MAX).collect()).await {
        Ok(Ok(body)) => ingress.handle(Request::from_parts(parts, body.to_bytes())).await,
        Ok(Err(why)) if why.is::<http_body_util::LengthLimitError>() => empty(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => empty(StatusCode::BAD_REQUEST),
        Err(_) => empty(StatusCode::REQUEST_TIMEOUT),
    };
    Ok(response.map(Full::new))
}

/// Sweeps when the bell rings, when something is due, and at the latest after `longest`; ends between two sweeps,
/// so that a wipe under way is recorded.
pub async fn work(
    worker: Arc<Worker>,
    notify: Arc<Notify>,
    longest: Duration,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        if let Err(why) = worker.sweep().await {
            tracing::error!(error = %format!("{why:#}"), "A sweep failed; the next one tries again");
        }
        let rest = rest(&worker, longest).await;
        tokio::select! {
            () = notify.notified() => {}
            () = tokio::time::sleep(rest) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn rest(worker: &Worker, longest: Duration) -> Duration {
    // Not at once again, even when something is due that just failed.
    let shortest = Duration::from_millis(200);
    let due = worker.store.next_due().await.ok().flatten();
    let wait = due.map_or(longest, |at| until(&worker.clock, at));
    wait.clamp(shortest, longest.max(shortest))
}

fn until(clock: &Clock, at: jiff::Timestamp) -> Duration {
    Duration::try_from(at.duration_since(clock())).unwrap_or(Duration::ZERO)
}

/// Resolves at Ctrl-C or SIGTERM.
///
/// # Errors
/// When the signals cannot be listened for.
pub async fn signalled() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        ctrl_c = tokio::signal::ctrl_c() => ctrl_c,
        _ = terminate.recv() => Ok(()),
    }
}
