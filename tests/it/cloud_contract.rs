//! The client on the wire: against scripted answers on a loopback port, and one request for one reset whatever comes.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cleanslate::cloud::client::{Client, Purpose, Settings};
use cleanslate::cloud::tc3::{self, Canonical, Scope};
use cleanslate::cloud::{Cloud as _, CloudError, Credentials, Sent};
use cleanslate::domain::id::InstanceId;
use cleanslate::domain::plan::{LoginOrder, ResetOrder};
use cleanslate::outbound::Timeouts;
use jiff::Timestamp;

const SIGNED_AT: i64 = 1_700_000_000;
const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

/// What the server does with a request that it has read.
#[derive(Debug, Clone)]
enum Act {
    /// These bytes; the connection stays open.
    Say(String),
    /// These bytes, and the connection ends.
    SayAndClose(String),
    /// Nothing, until the client gives up.
    Hang,
}

#[derive(Debug, Clone)]
struct Seen {
    head: String,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A server that counts. Its threads end with the connections and the test.
struct Server {
    address: String,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    fn start(act: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Self::listen(move |stream, seen| serve(stream, &act, seen))
    }

    /// Ends each connection at once, while the client is writing to it.
    fn deaf() -> Self {
        Self::listen(|stream, _| drop(stream))
    }

    fn listen(talk: impl Fn(TcpStream, &Mutex<Vec<Seen>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let server = Self { address, connections: Arc::clone(&connections), seen: Arc::clone(&seen) };
        let talk = Arc::new(talk);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (talk, seen) = (Arc::clone(&talk), Arc::clone(&seen));
                std::thread::spawn(move || talk(stream.unwrap(), &seen));
            }
        });
        server
    }

    fn always(act: Act) -> Self {
        Self::start(move |_| act.clone())
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, act: &dyn Fn(&Seen) -> Act, seen: &Mutex<Vec<Seen>>) {
    while let Some(request) = read_request(&mut stream) {
        seen.lock().unwrap().push(request.clone());
        match act(&request) {
            Act::Say(text) => stream.write_all(text.as_bytes()).unwrap(),
            Act::SayAndClose(text) => return stream.write_all(text.as_bytes()).unwrap(),
            // Ends when the client closes the connection.
            Act::Hang => while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {},
        }
    }
}

/// One request, or `None` where the client closed the connection or does not speak HTTP.
fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let request = Seen { body: bytes[end + 4..].to_vec(), head };
            let length: usize = request.header("content-length")?.parse().ok()?;
            if request.body.len() >= length {
                return Some(request);
            }
        }
        // A handshake never holds the end of a head: answering nothing to it ends it.
        if bytes.first().is_some_and(|first| *first == 0x16) {
            return None;
        }
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            Ok(_) | Err(_) => return None,
        }
    }
}

fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nDate: {DATE}\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn ok(body: &str) -> Act {
    Act::Say(http("200 OK", body))
}

fn error(code: &str) -> Act {
    let error = format!(r#"{{"Code":"{code}","Message":"no"}}"#);
    ok(&format!(r#"{{"Response":{{"Error":{error},"RequestId":"r-1"}}}}"#))
}

fn client(endpoint: String) -> Client {
    let timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(15) };
    client_within(endpoint, timeouts)
}

fn client_within(endpoint: String, timeouts: Timeouts) -> Client {
    let regions = vec!["ap-guangzhou".to_owned(), "ap-beijing".to_owned()];
    let settings = Settings { endpoint, regions, language: "en-US".to_owned(), timeouts };
    let keys = Arc::new(|purpose| {
        let id = if purpose == Purpose::Wipe { "wiper" } else { "reader" };
        let keys = Credentials {
            secret_id: id.to_owned(),
            secret_key: "key".to_owned().into(),
            token: Some("session".to_owned().into()),
        };
        Box::pin(async move { Ok(keys) }) as _
    });
    Client::new(settings, keys, Arc::new(at)).unwrap()
}

fn at() -> Timestamp {
    Timestamp::from_second(SIGNED_AT).unwrap()
}

fn order() -> ResetOrder {
    ResetOrder {
        region: "ap-guangzhou".to_owned(),
        instance: instance(),
        image: "img-pmqg1cw7".parse().ok(),
        disk_gb: Some(60),
        login: LoginOrder::Random,
        hostname: None,
        security: None,
        monitor: None,
        automation: None,
    }
}

fn instance() -> InstanceId {
    "ins-r8hr2upy".parse().unwrap()
}

async fn reset(client: &Client) -> Sent {
    let armed = client.arm().await.unwrap();
    client.reset(armed, &order(), at()).await
}

fn endpoint(server: &Server) -> String {
    format!("http://{}", server.address)
}

/// What the server does for one row of the table of transport outcomes.
fn acts(outcome: &str) -> Vec<Act> {
    let whole = r#"{"Response":{"RequestId":"r-1"}}"#;
    match outcome {
        "timeout_after_write" => vec![Act::Hang],
        "connection_reset_or_eof" => vec![
            Act::SayAndClose(String::new()),
            Act::SayAndClose("HTTP/1.1 200".to_owned()),
            Act::SayAndClose("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"Resp".to_owned()),
        ],
        "http_5xx_or_non_200" => ["500 Oops", "503 Busy", "204 Nothing", "201 Made"]
            .map(|status| Act::Say(http(status, if status.starts_with("204") { "" } else { whole })))
            .to_vec(),
        "http_4xx_no_json" => vec![Act::Say(http("403 Forbidden", "<html>blocked</html>"))],
        "body_not_json" => vec![ok("<html></html>"), ok(r#"{"Response":{"Reques"#), ok("")],
        "json_without_response" => {
            vec![ok("{}"), ok("[]"), ok(r#"{"Response":{}}"#), ok(r#"{"Response":{"RequestId":""}}"#)]
        }
        "response_ok" => vec![ok(whole)],
        "response_error" => vec![error("InternalServerError"), error("Invented")],
        other => panic!("no script for {other}"),
    }
}

#[tokio::test]
async fn every_transport_outcome_sends_one_request_and_says_what_is_known() {
    let table = include_str!("../fixtures/transport_outcomes.csv");
    // The rest is below, but for what ends this process: that is not the client's to tell.
    let rows = table.lines().skip(1).map(|line| line.split(',').next().unwrap());
    let elsewhere = ["dns_or_connect_error", "request_write_error", "function_killed"];
    for outcome in rows.filter(|row| !elsewhere.contains(row)) {
        for act in acts(outcome) {
            let server = Server::always(act.clone());
            let total = if outcome == "timeout_after_write" { 500 } else { 15_000 };
            let timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_millis(total) };
            let sent = reset(&client_within(endpoint(&server), timeouts)).await;
            match (outcome, &sent) {
                ("response_ok", Sent::Accepted { request_id }) => assert_eq!(request_id, "r-1"),
                ("response_ok", _) => panic!("{act:?} became {sent:?}"),
                (_, Sent::Unknown { why }) => {
                    assert!(!why.is_empty() && !why.contains('<') && !why.contains("127.0.0.1"), "{why}");
                }
                (_, _) => panic!("{outcome}: {act:?} became {sent:?}"),
            }
            assert_eq!((server.connections(), server.seen().len()), (1, 1), "{outcome}: {act:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_under_the_request_is_unknown_and_not_tried_again() {
    let server = Server::deaf();
    let sent = reset(&client(endpoint(&server))).await;
    assert!(matches!(sent, Sent::Unknown { .. }), "{sent:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn what_never_left_is_a_failure() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = Server::always(ok("{}"));
    let nowhere = [format!("http://{closed}"), format!("https://{}", plain.address), "no address".to_owned()];
    for endpoint in nowhere {
        let sent = reset(&client(endpoint.clone())).await;
        assert!(matches!(&sent, Sent::Failed(failure) if failure.code == "NotSent"), "{endpoint}: {sent:?}");
    }
    assert!(plain.seen().is_empty());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_a_failure_and_not_an_answer_that_is_missing() {
    let mute =
        Server::listen(|mut stream, _| while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {});
    let timeouts = Timeouts { connect: Duration::from_millis(200), total: Duration::from_secs(15) };
    let sent = reset(&client_within(format!("https://{}", mute.address), timeouts)).await;
    let Sent::Failed(failure) = sent else { panic!("no byte of the request left: {sent:?}") };
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("NotSent", "no connection in time"));
    assert_eq!(mute.connections(), 1);
}

#[tokio::test]
async fn a_refusal_is_a_failure_with_advice() {
    let server = Server::always(error("InvalidInstance.NotSupported"));
    let Sent::Failed(failure) = reset(&client(endpoint(&server))).await else {
        panic!("a refusal is definite")
    };
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("InvalidInstance.NotSupported", "no"));
    assert_eq!(failure.request_id.as_deref(), Some("r-1"));
    assert!(failure.advice.contains("console"), "{}", failure.advice);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Server::always(ok(r#"{"Response":{"RequestId":"r-2"}}"#));
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n",
            elsewhere.address
        );
        let server = Server::always(Act::Say(answer));
        let client = client(endpoint(&server));
        assert!(matches!(reset(&client).await, Sent::Unknown { .. }), "{status}");
        assert!(matches!(client.describe(&instance()).await, Err(CloudError::Unclear(_))), "{status}");
        assert_eq!(server.seen().len(), 3, "one reset, and one look in each of two regions");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn each_reset_has_a_connection_of_its_own_and_reads_share_one() {
    let server = Server::start(|request| match request.header("x-tc-action") {
        Some("ResetInstance") => ok(r#"{"Response":{"RequestId":"r-1"}}"#),
        Some(_) | None => ok(r#"{"Response":{"TotalCount":0,"InstanceSet":[],"RequestId":"r-2"}}"#),
    });
    let client = client(endpoint(&server));
    let found = client.describe(&instance()).await.unwrap();
    assert_eq!((found.value, found.date), (None, Some(at())));
    assert_eq!((server.connections(), server.seen().len()), (1, 2));
    for connections in [2, 3] {
        assert!(matches!(reset(&client).await, Sent::Accepted { .. }));
        assert_eq!(server.connections(), connections);
    }
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn what_is_sent_is_what_was_signed() {
    let server = Server::always(ok(r#"{"Response":{"RequestId":"r-1"}}"#));
    reset(&client(endpoint(&server))).await;
    let seen = server.seen().remove(0);
    assert!(seen.head.starts_with("POST / HTTP/1.1"), "{}", seen.head);
    let header = |name| seen.header(name).unwrap();
    let canonical = Canonical {
        method: "POST",
        path: "/",
        query: "",
        headers: &["content-type", "host", "x-tc-action"].map(|name| (name, header(name))),
        payload: &seen.body,
    };
    let scope = Scope { timestamp: SIGNED_AT, service: "cvm" };
    assert_eq!(header("authorization"), tc3::authorization("wiper", "key", scope, canonical));
    assert_eq!(header("host"), server.address);
    for (name, value) in [
        ("x-tc-action", "ResetInstance"),
        ("x-tc-version", "2017-03-12"),
        ("x-tc-timestamp", "1700000000"),
        ("x-tc-region", "ap-guangzhou"),
        ("x-tc-language", "en-US"),
        ("x-tc-token", "session"),
        ("x-tc-requestclient", "cleanslate"),
    ] {
        assert_eq!(header(name), value, "{name}");
    }
}

#[tokio::test]
async fn an_instance_is_missing_only_where_every_region_says_so() {
    const NONE: &str = r#"{"Response":{"InstanceSet":[],"RequestId":"r"}}"#;
    const HERE: &str = r#"{"Response":{"InstanceSet":[{"InstanceId":"ins-r8hr2upy"}],"RequestId":"r"}}"#;
    const OTHER: &str = r#"{"Response":{"InstanceSet":[{"InstanceId":"ins-aaaaaaaa"}],"RequestId":"r"}}"#;
    async fn look(guangzhou: Act, beijing: Act) -> Result<Option<String>, CloudError> {
        let server = Server::start(move |request| match request.header("x-tc-region") {
            Some("ap-guangzhou") => guangzhou.clone(),
            Some(_) | None => beijing.clone(),
        });
        let found = client(endpoint(&server)).describe(&instance()).await?;
        Ok(found.value.map(|machine| machine.region))
    }
    assert_eq!(look(ok(NONE), ok(NONE)).await, Ok(None));
    assert_eq!(look(ok(NONE), ok(HERE)).await, Ok(Some("ap-beijing".to_owned())));
    assert_eq!(look(ok(HERE), ok(HERE)).await, Ok(Some("ap-guangzhou".to_owned())));
    assert_eq!(look(error("InternalError"), ok(HERE)).await, Ok(Some("ap-beijing".to_owned())));
    let refused = CloudError::Refused { code: "InternalError".to_owned(), message: "no".to_owned() };
    assert_eq!(look(error("InternalError"), ok(NONE)).await, Err(refused.clone()));
    assert_eq!(look(ok(NONE), error("InternalError")).await, Err(refused));
    for odd in [OTHER, r#"{"Response":{"RequestId":"r"}}"#] {
        assert!(matches!(look(ok(odd), ok(NONE)).await, Err(CloudError::Unclear(_))), "{odd}");
    }
}

#[tokio::test]
async fn one_answer_without_a_date_leaves_no_date() {
    for undated in ["ap-guangzhou", "ap-beijing"] {
        let server = Server::start(move |request| {
            let body = r#"{"Response":{"InstanceSet":[],"RequestId":"r"}}"#;
            let answer = http("200 OK", body);
            let mute = request.header("x-tc-region") == Some(undated);
            Act::Say(if mute { answer.replace(&format!("Date: {DATE}\r\n"), "") } else { answer })
        });
        assert_eq!(client(endpoint(&server)).describe(&instance()).await.unwrap().date, None, "{undated}");
    }
}
