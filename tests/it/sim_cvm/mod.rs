//! The simulated Tencent Cloud as a socket sees it.

mod calls;
mod control;
mod faults;
mod legacy;
mod products;
mod reset;

use std::net::SocketAddr;
use std::sync::Arc;

use cleanslate::cloud::tc3::{Canonical, Scope, authorization};
use cleanslate::domain::Clock;
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
    serve_with(|_| {}).await
}

/// The default fleet, changed.
async fn serve_with(change: impl FnOnce(&mut Fleet)) -> Served {
    let mut fleet = Fleet::default();
    change(&mut fleet);
    let wall: Clock = Arc::new(|| Timestamp::from_second(NOW).unwrap());
    let sim = Sim::new(fleet, wall);
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

/// A call of another product.
fn of<'a>(service: &'a str, action: &'a str, body: Value) -> Call<'a> {
    let version = if service == "sts" { "2018-08-13" } else { "2017-03-12" };
    Call { service, action, body, version: Some(version), ..Call::default() }
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
