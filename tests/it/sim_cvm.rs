//! The simulated CVM API as a socket sees it: what is signed, what is refused, and how each fault looks.

use std::net::SocketAddr;
use std::sync::Arc;

use cleanslate::cloud::tc3::{Canonical, Scope, authorization};
use cleanslate::domain::Clock;
use cleanslate::sim::fault::Fault;
use cleanslate::sim::fleet::Fleet;
use cleanslate::sim::{Sim, cast};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Wall time, which stands still.
const NOW: i64 = 1_700_000_000;

/// A simulator that is served until this is dropped.
struct Served {
    sim: Sim,
    address: SocketAddr,
    _tasks: JoinSet<std::io::Result<()>>,
}

async fn serve() -> Served {
    let wall: Clock = Arc::new(|| Timestamp::from_second(NOW).unwrap());
    let sim = Sim::new(Fleet::default(), wall);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(sim.clone().serve(listener));
    Served { sim, address, _tasks: tasks }
}

/// A call, and everything about it that can be wrong.
struct Call<'a> {
    action: &'a str,
    body: Value,
    /// Sent instead of the signed body.
    sent_body: Option<&'a str>,
    secret_id: &'a str,
    secret_key: &'a str,
    signed_at: i64,
    service: &'a str,
    signed: &'a [&'a str],
    /// Signed instead of the host that is sent.
    signed_host: Option<&'a str>,
    version: Option<&'a str>,
    region: Option<&'a str>,
    token: Option<&'a str>,
}

impl Default for Call<'_> {
    fn default() -> Self {
        Self {
            action: "ResetInstance",
            body: json!({ "InstanceId": "ins-r8hr2upy", "ImageId": "img-pmqg1cw7", "SystemDisk": { "DiskSize": 60 } }),
            sent_body: None,
            secret_id: cast::TENCENT_SECRET_ID,
            secret_key: cast::TENCENT_SECRET_KEY,
            signed_at: NOW,
            service: "cvm",
            signed: &["content-type", "host", "x-tc-action"],
            signed_host: None,
            version: Some("2017-03-12"),
            region: Some("ap-guangzhou"),
            token: None,
        }
    }
}

fn describe() -> Call<'static> {
    Call { action: "DescribeInstances", body: json!({ "InstanceIds": ["ins-r8hr2upy"] }), ..Call::default() }
}

impl Call<'_> {
    fn bytes(&self, address: SocketAddr) -> String {
        let host = address.to_string();
        let body = self.body.to_string();
        let header = |name: &str| match name {
            "content-type" => "application/json",
            "host" => self.signed_host.unwrap_or(&host),
            _ => self.action,
        };
        let signed: Vec<(&str, &str)> = self.signed.iter().map(|name| (*name, header(name))).collect();
        let canonical =
            Canonical { method: "POST", path: "/", query: "", headers: &signed, payload: body.as_bytes() };
        let scope = Scope { timestamp: self.signed_at, service: self.service };
        let authorization = authorization(self.secret_id, self.secret_key, scope, canonical);
        let body = self.sent_body.unwrap_or(&body);
        let optional = [("Version", self.version), ("Region", self.region), ("Token", self.token)];
        let optional: String = optional
            .iter()
            .filter_map(|(name, value)| value.map(|value| format!("X-TC-{name}: {value}\r\n")))
            .collect();
        let (action, at, length) = (self.action, self.signed_at, body.len());
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Authorization: {authorization}\r\nX-TC-Action: {action}\r\nX-TC-Timestamp: {at}\r\n{optional}\
             Content-Length: {length}\r\n\r\n{body}"
        )
    }
}

/// Everything that comes back until the connection closes, however it closes.
async fn raw(address: SocketAddr, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// Status line and headers, and the body.
fn parts(answer: &[u8]) -> (String, Vec<u8>) {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end + 4..].to_vec())
}

/// The `Response` of a whole answer, which is always a 200.
async fn send(served: &Served, call: &Call<'_>) -> Value {
    let (head, body) = parts(&raw(served.address, &call.bytes(served.address)).await);
    assert!(head.starts_with("http/1.1 200 ok"), "{head}");
    let mut answer: Value = serde_json::from_slice(&body).unwrap();
    answer["Response"].take()
}

async fn code(served: &Served, call: &Call<'_>) -> String {
    send(served, call).await["Error"]["Code"].as_str().unwrap_or("none").to_owned()
}

/// One request of the control API.
async fn control(served: &Served, method: &str, path: &str, body: &Value) -> (String, Value) {
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let (head, body) = parts(&raw(served.address, &request).await);
    (head, serde_json::from_slice(&body).unwrap())
}

async fn latest(served: &Served) -> String {
    let shown = send(served, &describe()).await["InstanceSet"][0].take();
    let text = |name: &str| shown[name].as_str().unwrap_or("null").to_owned();
    format!("{} {} {}", text("LatestOperation"), text("LatestOperationState"), text("ImageId"))
}

#[tokio::test]
async fn a_signed_reset_is_carried_out_in_fleet_time() {
    let served = serve().await;
    let answer = send(&served, &Call::default()).await;
    let request_id = answer["RequestId"].as_str().unwrap();
    assert_eq!(answer.as_object().unwrap().len(), 1, "nothing but a RequestId");
    assert_eq!(served.sim.wipes()[0].request_id, request_id);
    let mut seen = vec![latest(&served).await];
    for advance in ["8s", "152s"] {
        control(&served, "POST", "/_sim/clock", &json!({ "advance": advance })).await;
        seen.push(latest(&served).await);
    }
    insta::assert_snapshot!(seen.join("\n"), @"
    StartInstances SUCCESS img-487zeit5
    ResetInstance OPERATING img-487zeit5
    ResetInstance SUCCESS img-pmqg1cw7
    ");
    let (head, _) = parts(&raw(served.address, &describe().bytes(served.address)).await);
    assert!(head.contains("date: tue, 14 nov 2023 22:16:00 gmt"), "fleet time, 160 s on: {head}");
}

#[tokio::test]
async fn whoever_signs_badly_is_told_the_documented_code_and_wipes_nothing() {
    let served = serve().await;
    let tampered = r#"{"InstanceId":"ins-stopped1"}"#;
    let calls = [
        (Call { secret_key: "wrong", ..Call::default() }, "AuthFailure.SignatureFailure"),
        (Call { sent_body: Some(tampered), ..Call::default() }, "AuthFailure.SignatureFailure"),
        (Call { signed_host: Some("cvm.example"), ..Call::default() }, "AuthFailure.SignatureFailure"),
        (Call { secret_id: "AKIDsomebodyelse", ..Call::default() }, "AuthFailure.SecretIdNotFound"),
        (Call { signed_at: NOW - 301, ..Call::default() }, "AuthFailure.SignatureExpire"),
        (Call { signed_at: NOW + 301, ..Call::default() }, "AuthFailure.SignatureExpire"),
        (Call { signed: &["content-type"], ..Call::default() }, "AuthFailure.InvalidAuthorization"),
        (Call { signed: &["host"], ..Call::default() }, "AuthFailure.InvalidAuthorization"),
        (
            Call { signed: &["content-type", "host", "x-absent"], ..Call::default() },
            "AuthFailure.InvalidAuthorization",
        ),
        (Call { token: Some("session"), ..Call::default() }, "AuthFailure.TokenFailure"),
        (Call { service: "cbs", ..Call::default() }, "NoSuchProduct"),
        (Call { version: None, ..Call::default() }, "MissingParameter"),
        (Call { version: Some("2016-01-01"), ..Call::default() }, "NoSuchVersion"),
        (Call { action: "TerminateInstances", ..Call::default() }, "InvalidAction"),
        (Call { region: None, ..Call::default() }, "MissingParameter"),
        (Call { region: Some("gz"), ..Call::default() }, "UnsupportedRegion"),
        (
            Call { body: json!({ "InstanceId": "ins-1122" }), ..Call::default() },
            "InvalidInstanceId.Malformed",
        ),
    ];
    for (call, expected) in &calls {
        assert_eq!(code(&served, call).await, *expected, "{}", call.bytes(served.address));
    }
    assert_eq!(served.sim.wipes(), []);
}

#[tokio::test]
async fn whatever_the_documentation_allows_a_client_to_sign_is_taken() {
    let served = serve().await;
    let calls = [
        describe(),
        Call { signed: &["content-type", "host"], ..describe() },
        Call { signed_host: Some("127.0.0.1"), ..describe() },
        Call { signed_at: NOW - 300, ..describe() },
        Call { signed_at: NOW + 300, ..describe() },
    ];
    for call in &calls {
        assert_eq!(code(&served, call).await, "none", "{}", call.bytes(served.address));
    }
    let unspaced =
        describe().bytes(served.address).replace(", Signed", ",Signed").replace(", Signature", ",Signature");
    let (_, body) = parts(&raw(served.address, &unspaced).await);
    assert!(String::from_utf8(body).unwrap().contains("\"TotalCount\":1"));
    let get = "GET / HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n";
    let (_, body) = parts(&raw(served.address, get).await);
    assert!(String::from_utf8(body).unwrap().contains("UnsupportedProtocol"));
}

#[tokio::test]
async fn the_eleventh_reset_of_a_second_is_throttled() {
    let served = serve().await;
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(code(&served, &Call::default()).await);
    }
    assert_eq!(codes[0], "none");
    assert_eq!(codes[9], "OperationDenied.InstanceOperationInProgress");
    assert_eq!(codes[10], "RequestLimitExceeded");
}

/// What the client sees of one reset, and how many disks were wiped.
async fn under(fault: &str) -> (Vec<u8>, usize) {
    let served = serve().await;
    served.sim.arm("ResetInstance", fault.parse().unwrap());
    let answer = raw(served.address, &Call::default().bytes(served.address)).await;
    assert_eq!(code(&served, &describe()).await, "none", "other actions are as ever");
    (answer, served.sim.wipes().len())
}

#[tokio::test]
async fn faults_with_an_answer() {
    let cases = [
        ("refuse=InvalidInstance.NotSupported", "InvalidInstance.NotSupported", 0),
        ("throttle", "RequestLimitExceeded", 0),
        ("clock", "AuthFailure.SignatureExpire", 0),
        ("slow", "none", 1),
        ("fail-async", "none", 1),
    ];
    for (fault, expected, wiped) in cases {
        let (answer, wipes) = under(fault).await;
        let (head, body) = parts(&answer);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["Response"]["Error"]["Code"].as_str().unwrap_or("none"), expected, "{fault}");
        assert_eq!(wipes, wiped, "{fault}");
        let ahead = head.contains("date: tue, 14 nov 2023 22:23:20 gmt");
        assert_eq!(ahead, fault == "clock", "{fault}: {head}");
    }
}

#[tokio::test]
async fn faults_that_close_the_connection_without_a_byte() {
    assert_eq!(under("drop-before").await, (Vec::new(), 0));
    assert_eq!(under("accept-then-drop").await, (Vec::new(), 1));
}

#[tokio::test]
async fn a_truncated_answer_promises_more_than_it_sends() {
    let (answer, wipes) = under("truncate").await;
    let (head, body) = parts(&answer);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(head.starts_with("http/1.1 200 ok"), "{head}");
    assert!(body.starts_with(br#"{"Response""#));
    assert_eq!(body.len(), length.parse::<usize>().unwrap() / 2);
    assert_eq!(wipes, 1);
}

#[tokio::test]
async fn faults_that_answer_with_something_else() {
    for (fault, status) in [("accept-then-5xx", "502"), ("garble", "200")] {
        let (answer, wipes) = under(fault).await;
        let (head, body) = parts(&answer);
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{fault}: {head}");
        assert!(serde_json::from_slice::<Value>(&body).is_err(), "{fault}");
        assert_eq!(wipes, 1, "{fault}");
    }
}

/// A call that gets no answer, and how many disks it wiped.
async fn hangs(fault: Fault) -> usize {
    let served = serve().await;
    served.sim.arm("ResetInstance", fault);
    let mut hanging = TcpStream::connect(served.address).await.unwrap();
    hanging.write_all(Call::default().bytes(served.address).as_bytes()).await.unwrap();
    while served.sim.state()["calls"].as_array().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(code(&served, &describe()).await, "none", "others are served meanwhile");
    let waiting = hanging.try_read(&mut [0; 1]).map_err(|error| error.kind());
    assert_eq!(waiting, Err(std::io::ErrorKind::WouldBlock));
    let wipes = served.sim.wipes().len();
    drop(served);
    assert_eq!(hanging.read(&mut [0; 1]).await.unwrap_or(0), 0, "closed with the simulator");
    wipes
}

#[tokio::test]
async fn a_hanging_call_holds_its_connection() {
    assert_eq!(hangs(Fault::Hang).await, 0);
    assert_eq!(hangs(Fault::AcceptThenHang).await, 1);
}

#[tokio::test]
async fn faults_are_armed_for_an_action_and_a_number_of_calls() {
    let served = serve().await;
    let arm = json!({ "fault": "throttle", "action": "DescribeInstances", "times": 2 });
    control(&served, "POST", "/_sim/faults", &arm).await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(code(&served, &describe()).await);
    }
    assert_eq!(codes, ["RequestLimitExceeded", "RequestLimitExceeded", "none"]);
    let slack = json!({ "platform": "slack", "fault": "ratelimited" });
    control(&served, "POST", "/_sim/faults", &slack).await;
    let request =
        "POST /slack/api/auth.test HTTP/1.1\r\nHost: sim\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (head, _) = parts(&raw(served.address, request).await);
    assert!(head.starts_with("http/1.1 429"), "{head}");
}

#[tokio::test]
async fn the_control_api_says_what_it_cannot_do() {
    let served = serve().await;
    let cases = [
        ("POST", "/_sim/faults", json!({ "fault": "drop" }), "400"),
        ("POST", "/_sim/faults", json!({ "fault": "hang", "acton": "ResetInstance" }), "400"),
        ("POST", "/_sim/clock", json!({ "advance": "-1s" }), "400"),
        ("POST", "/_sim/clock", json!({ "advance": 480 }), "400"),
        ("POST", "/_sim/console", json!({ "instance": "ins-busy0001", "operation": "StopInstances" }), "400"),
        ("GET", "/_sim/reset", json!({}), "404"),
        ("GET", "/anything", json!({}), "404"),
    ];
    for (method, path, body, status) in cases {
        let (head, answer) = control(&served, method, path, &body).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{path} {body}: {head}");
        assert!(answer["error"].is_string(), "{path} {body}: {answer}");
    }
}

#[tokio::test]
async fn everything_is_in_the_state_and_goes_back_to_the_start() {
    let served = serve().await;
    served.sim.arm("ResetInstance", Fault::AcceptThenDrop);
    raw(served.address, &Call::default().bytes(served.address)).await;
    code(&served, &Call { secret_key: "wrong", ..Call::default() }).await;
    served.sim.advance(std::time::Duration::from_mins(8));
    let (_, state) = control(&served, "GET", "/_sim/state", &Value::Null).await;
    let calls: Vec<String> = state["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| format!("{} {} {}", call["action"], call["outcome"], call["fault"]))
        .collect();
    insta::assert_snapshot!(calls.join("\n"), @r#"
    "ResetInstance" "OK" "accept-then-drop"
    "ResetInstance" "AuthFailure.SignatureFailure" null
    "#);
    assert_eq!(state["now"], "2023-11-14T22:21:20Z");
    assert_eq!(state["fleet"]["wipes"][0]["instance"], "ins-r8hr2upy");
    assert_eq!(state["fleet"]["instances"][0]["ImageId"], "img-pmqg1cw7");
    control(&served, "POST", "/_sim/reset", &Value::Null).await;
    let (_, state) = control(&served, "GET", "/_sim/state", &Value::Null).await;
    assert_eq!(state["now"], "2023-11-14T22:13:20Z");
    assert_eq!((&state["calls"], &state["fleet"]["wipes"]), (&json!([]), &json!([])));
    assert_eq!(state["fleet"]["instances"][0]["ImageId"], "img-487zeit5");
}
