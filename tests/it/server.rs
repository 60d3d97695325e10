//! The server over real sockets: its limits, and how it stops.
#![expect(clippy::disallowed_methods, reason = "the tests run the server beside them")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cleanslate::chat;
use cleanslate::cloud::{Answer, Armed, Cloud, CloudError, Sent};
use cleanslate::domain::id::{ImageId, InstanceId};
use cleanslate::domain::plan::{Image, Machine, Price, ResetOrder};
use cleanslate::domain::request::Claim;
use cleanslate::entry::server::{Patience, Server};
use cleanslate::ingress::{BODY_MAX, Ingress};
use cleanslate::worker::Worker;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use crate::support::front::{Front, order, request, wire};

const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(50);

struct Running {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<anyhow::Result<()>>,
}

/// Starts the server of `front` with its own `ingress` and `worker`.
async fn start(front: &Front, ingress: Arc<Ingress>, worker: Arc<Worker>, patience: Patience) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = Server { ingress, worker, bell: Arc::clone(&front.parts.notify), sweep: LONG, patience };
    let server = tokio::spawn(server.run(listener, stopped.map(drop)));
    Running { address, stop, server }
}

/// The server as `serve` runs it.
async fn plain(front: &Front, patience: Patience) -> Running {
    start(front, Arc::clone(&front.parts.ingress), Arc::clone(&front.parts.worker), patience).await
}

impl Running {
    async fn connect(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    async fn finish(self) {
        self.stop.send(()).unwrap();
        self.server.await.unwrap().unwrap();
    }
}

/// Everything that comes until the connection is closed; one that is reset has said what it had to say.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn an_order_over_the_wire_is_answered() {
    let front = Front::new().await;
    let running = plain(&front, Patience::default()).await;
    let mut bytes = wire(&order("ins-r8hr2upy", "1.1"));
    bytes.splice(..0, *b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut stream = running.connect(&bytes).await;
    let mut seen = Vec::new();
    while !seen.windows(9).any(|window| window == b"ephemeral") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "closed before the answer");
    }
    assert!(seen.starts_with(b"HTTP/1.1 200 OK"));
    running.finish().await;
}

#[tokio::test]
async fn bodies_are_bounded_whether_they_say_their_length_or_not() {
    let front = Front::new().await;
    let running = plain(&front, Patience::default()).await;
    let declared =
        format!("POST /slack/commands HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", BODY_MAX + 1);
    let answer = rest(running.connect(declared.as_bytes()).await).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let mut chunked =
        b"POST /slack/commands HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..=BODY_MAX / 1024 {
        chunked.extend_from_slice(b"400\r\n");
        chunked.extend_from_slice(&[b'x'; 1024]);
        chunked.extend_from_slice(b"\r\n");
    }
    let answer = rest(running.connect(&chunked).await).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "an empty body");
    running.finish().await;
}

#[tokio::test]
async fn many_headers_and_slow_senders_are_cut_off() {
    let front = Front::new().await;
    let running = plain(&front, Patience { read: SHORT, ..Patience::default() }).await;
    let many: String = (0..33).map(|n| format!("x-{n}: 1\r\n")).collect::<Vec<_>>().concat();
    let answer = rest(running.connect(format!("GET /healthz HTTP/1.1\r\n{many}\r\n").as_bytes()).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let headers = rest(running.connect(b"GET /healthz HTTP/1.1\r\nhost:").await).await;
    assert!(!headers.contains("200"), "{headers}");
    let half = b"POST /slack/commands HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf";
    let body = rest(running.connect(half).await).await;
    assert!(body.starts_with("HTTP/1.1 408"), "{body}");
    let idle = rest(running.connect(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(idle.starts_with("HTTP/1.1 200"), "an idle connection is closed after its answer: {idle}");
    running.finish().await;
}

/// An ingress that waits for its signing secret: `asked` is rung when it is wanted, `given` lets it go on.
fn waiting(front: &Front) -> (Arc<Ingress>, Arc<Notify>, Arc<Notify>) {
    let (asked, given) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (ask, give) = (Arc::clone(&asked), Arc::clone(&given));
    let Ingress { app, slack, clock, .. } = front.ingress();
    let slack = Arc::clone(&slack.as_ref().unwrap().keys);
    let keys: chat::Keys<_> = Arc::new(move |max_age| {
        let (ask, give, slack) = (Arc::clone(&ask), Arc::clone(&give), Arc::clone(&slack));
        async move {
            ask.notify_one();
            give.notified().await;
            slack(max_age).await
        }
        .boxed()
    });
    let door = chat::slack::door(keys, "/reset".to_owned());
    (
        Arc::new(Ingress {
            app: Arc::clone(app),
            slack: Some(door),
            discord: None,
            clock: Arc::clone(clock),
        }),
        asked,
        given,
    )
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_server_stops() {
    let front = Front::new().await;
    let (ingress, asked, given) = waiting(&front);
    let Running { address, stop, server } =
        start(&front, ingress, Arc::clone(&front.parts.worker), Patience::default()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&wire(&order("ins-r8hr2upy", "1.1"))).await.unwrap();
    asked.notified().await;
    stop.send(()).unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.is_finished());
    given.notify_one();
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("ephemeral"), "{answer}");
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_the_server() {
    let front = Front::new().await;
    let (ingress, asked, _given) = waiting(&front);
    let patience = Patience { drain: SHORT, ..Patience::default() };
    let running = start(&front, ingress, Arc::clone(&front.parts.worker), patience).await;
    let _stream = running.connect(&wire(&order("ins-r8hr2upy", "1.1"))).await;
    asked.notified().await;
    running.finish().await;
}

/// A cloud that knows no machine. Its first look panics, or waits until it is `given`.
struct Slow {
    looks: AtomicU64,
    panics: bool,
    asked: Notify,
    given: Notify,
}

#[async_trait]
impl Cloud for Slow {
    async fn describe(&self, _: &InstanceId) -> Result<Answer<Option<Machine>>, CloudError> {
        let first = self.looks.fetch_add(1, Ordering::Relaxed) == 0;
        self.asked.notify_one();
        assert!(!(first && self.panics), "on purpose");
        if first {
            self.given.notified().await;
        }
        Ok(Answer { date: None, value: None })
    }

    async fn image(&self, _: &str, _: &ImageId) -> Result<Answer<Option<Image>>, CloudError> {
        Ok(Answer { date: None, value: None })
    }

    async fn arm(&self) -> Result<Armed, CloudError> {
        Err(CloudError::Credentials("there are none".to_owned()))
    }

    async fn price(&self, _: &ResetOrder) -> Result<Answer<Price>, CloudError> {
        Err(CloudError::Unserved("there are no prices"))
    }

    async fn newest_snapshot(&self, _: &str, _: &str) -> Result<Answer<Option<Timestamp>>, CloudError> {
        Ok(Answer { date: None, value: None })
    }

    async fn reset(&self, _: Armed, _: &ResetOrder, _: &Claim) -> Sent {
        Sent::Unknown { why: "nothing is ever sent".to_owned() }
    }
}

/// The worker of `front`, looking at another cloud.
fn with_cloud(front: &Front, panics: bool) -> (Arc<Worker>, Arc<Slow>) {
    let slow =
        Arc::new(Slow { looks: AtomicU64::new(0), panics, asked: Notify::new(), given: Notify::new() });
    let Worker { name, account, regions, store, chat, rules, supplies, clock, .. } = &*front.parts.worker;
    let worker = Worker {
        name: name.clone(),
        account: account.clone(),
        regions: regions.clone(),
        store: Arc::clone(store),
        chat: Arc::clone(chat),
        cloud: Arc::clone(&slow) as Arc<dyn Cloud>,
        rules: Arc::clone(rules),
        supplies: supplies.clone(),
        clock: Arc::clone(clock),
        claims: AtomicU64::new(0),
    };
    (Arc::new(worker), slow)
}

async fn is_over(front: &Front, instance: &str) -> bool {
    let rows = front.parts.store.requests(None, 10).await.unwrap();
    let row = rows.iter().find(|row| row.request.ask.instance.as_str() == instance).unwrap();
    row.request.is_over()
}

#[tokio::test]
async fn a_sweep_under_way_is_finished_and_recorded() {
    let front = Front::new().await;
    let (worker, slow) = with_cloud(&front, false);
    let Running { address, stop, server } =
        start(&front, Arc::clone(&front.parts.ingress), worker, Patience::default()).await;
    front.ingress().handle(request(&order("ins-r8hr2upy", "1.1"))).await;
    slow.asked.notified().await;
    stop.send(()).unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.is_finished() && !is_over(&front, "ins-r8hr2upy").await);
    slow.given.notify_one();
    server.await.unwrap().unwrap();
    assert!(is_over(&front, "ins-r8hr2upy").await);
}

#[tokio::test]
async fn a_panic_in_a_sweep_does_not_end_the_worker() {
    let front = Front::new().await;
    let (worker, slow) = with_cloud(&front, true);
    let running = start(&front, Arc::clone(&front.parts.ingress), worker, Patience::default()).await;
    front.ingress().handle(request(&order("ins-r8hr2upy", "1.1"))).await;
    slow.asked.notified().await;
    front.ingress().handle(request(&order("ins-3x9q2abc", "1.2"))).await;
    slow.asked.notified().await;
    running.finish().await;
    assert!(is_over(&front, "ins-3x9q2abc").await);
    assert!(!is_over(&front, "ins-r8hr2upy").await, "it is due again after its lease");
}
