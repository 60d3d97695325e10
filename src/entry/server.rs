//! The self-hosted server: HTTP in, the worker on a wake-up and a timer.
#![expect(clippy::disallowed_methods, reason = "a shell: it runs the loops and owns the sockets")]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::driver::{self, PAUSE};
use crate::ingress::{BODY_MAX, Ingress, empty};
use crate::worker::Worker;

const HEADERS_MAX: usize = 32;
/// Connections at the same time; more wait to be accepted. Below the usual limit of 1024 open files.
const CONNECTIONS: usize = 768;

/// How long strangers may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until headers, and then a body, have arrived; a connection that is kept alive waits no longer either.
    pub read: Duration,
    /// For requests under way after the signal to stop.
    pub drain: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { read: Duration::from_secs(5), drain: Duration::from_secs(10) }
    }
}

/// What a server runs.
pub struct Server {
    pub ingress: Arc<Ingress>,
    pub worker: Arc<Worker>,
    /// Rung after each commit.
    pub bell: Arc<Notify>,
    /// The longest time between two sweeps.
    pub sweep: Duration,
    pub patience: Patience,
}

impl Server {
    /// Serves until `shutdown`, then accepts nothing more, lets requests under way finish (for a while) and
    /// the worker's round too (as long as it takes), so that a wipe under way is recorded.
    ///
    /// # Errors
    /// When the worker's loop is lost.
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        let Self { ingress, worker, bell, sweep, patience } = self;
        let (stop, stopping) = watch::channel(false);
        let mut working = tokio::spawn(work(worker, bell, sweep, stopping));
        let shutdown = async {
            shutdown.await;
            tracing::info!("Stopping: what is under way is finished first");
            stop.send_replace(true);
        };
        let mut front = std::pin::pin!(listen(listener, ingress, patience, shutdown));
        tokio::select! {
            () = &mut front => Ok(working.await?),
            worked = &mut working => {
                // It ends by itself only when it is told to; requests may still be under way then.
                worked?;
                front.await;
                Ok(())
            }
        }
    }
}

/// The front alone: accepts connections until `shutdown`, then lets requests under way finish.
pub async fn listen(
    listener: TcpListener,
    ingress: Arc<Ingress>,
    patience: Patience,
    shutdown: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, slot) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let service = Front { ingress: Arc::clone(&ingress), patience };
        serve(stream, slot, service, &graceful);
    }
    drop(listener);
    if timeout(patience.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("Some requests did not finish in time and were cut off");
    }
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            Err(why) => {
                tracing::error!(error = %why, "A connection could not be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

fn serve(stream: TcpStream, slot: OwnedSemaphorePermit, front: Front, graceful: &GracefulShutdown) {
    let read = front.patience.read;
    let service = service_fn(move |request| front.clone().answer(request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(read)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        let _slot = slot;
        if let Err(why) = connection.await {
            tracing::debug!(error = %why, "A connection ended badly");
        }
    });
}

#[derive(Clone)]
struct Front {
    ingress: Arc<Ingress>,
    patience: Patience,
}

impl Front {
    /// Reads the body within its limits. A body that is not read to its end costs the connection.
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let cut = if body.size_hint().lower() > BODY_MAX as u64 {
            StatusCode::PAYLOAD_TOO_LARGE
        } else {
            match timeout(self.patience.read, Limited::new(body, BODY_MAX).collect()).await {
                Ok(Ok(body)) => {
                    let request = Request::from_parts(parts, body.to_bytes());
                    return Ok(self.ingress.handle(request).await.map(Full::new));
                }
                Ok(Err(why)) if why.is::<LengthLimitError>() => StatusCode::PAYLOAD_TOO_LARGE,
                Ok(Err(_)) => StatusCode::BAD_REQUEST,
                Err(_) => StatusCode::REQUEST_TIMEOUT,
            }
        };
        tracing::warn!(status = cut.as_u16(), "Refused a request before it was read to its end");
        let mut response = empty(cut).map(Full::new);
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        Ok(response)
    }
}

/// Works when the bell rings, when something is due, and at the latest after `longest`; ends between two rounds.
async fn work(worker: Arc<Worker>, bell: Arc<Notify>, longest: Duration, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let rest = match driver::round(&worker).await {
            Ok(rest) => rest.unwrap_or(longest).min(longest),
            Err(driver::Failed) => PAUSE,
        };
        tokio::select! {
            () = bell.notified() => {}
            () = sleep(rest) => {}
            gone = stop.changed() => if gone.is_err() { return },
        }
    }
}

/// Resolves at Ctrl-C or SIGTERM.
///
/// # Errors
/// When the signals cannot be listened for.
pub fn signalled() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
