//! How each fault looks.

use cleanslate::sim::fault::Fault;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Call, code, control, describe, parts, raw, serve};

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
