//! The client on the wire: against scripted answers on a loopback port, and one request for one reset whatever comes.

mod legacy;
mod parameters;
mod reads;
mod server;
mod signatures;

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use cleanslate::cloud::client::{Client, Purpose, Settings};
use cleanslate::cloud::tc3::{self, Canonical, Scope};
use cleanslate::cloud::v1;
use cleanslate::cloud::wire::call::Signing;
use cleanslate::cloud::{Cloud as _, Credentials, Sent};
use cleanslate::domain::id::InstanceId;
use cleanslate::domain::plan::{LoginOrder, ResetOrder};
use cleanslate::domain::request::{Claim, Wire};
use cleanslate::outbound::Timeouts;
use jiff::Timestamp;

use self::server::{Act, Server, error, http, ok};

const SIGNED_AT: i64 = 1_700_000_000;
const SIGNINGS: [Signing; 3] =
    [Signing::Tc3, Signing::V1(v1::Method::HmacSha256), Signing::V1(v1::Method::HmacSha1)];

const PATIENT: Timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(15) };

fn client(signing: Signing, endpoint: String) -> Client {
    client_within(signing, endpoint, PATIENT)
}

fn client_within(signing: Signing, endpoint: String, timeouts: Timeouts) -> Client {
    let regions = vec!["ap-guangzhou".to_owned(), "ap-beijing".to_owned()];
    let settings = Settings { endpoint, signing, regions, language: "en-US".to_owned(), timeouts };
    let keys = Arc::new(|purpose| {
        let id = match purpose {
            Purpose::Read => "reader",
            Purpose::ReadRefused => "rotated",
            Purpose::Wipe => "wiper",
        };
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
        userdata: None,
    }
}

fn instance() -> InstanceId {
    "ins-r8hr2upy".parse().unwrap()
}

async fn reset(client: &Client) -> Sent {
    let armed = client.arm().await.unwrap();
    let claim = Claim { token: "one-0".to_owned(), signed_at: at(), baseline: None, wire: armed.wire };
    client.reset(armed, &order(), &claim).await
}

fn endpoint(signing: Signing, server: &Server) -> String {
    match signing {
        Signing::Tc3 => format!("http://{}", server.address),
        Signing::V1(_) => format!("http://{}/v2/index.php", server.address),
    }
}

/// A client of `server`.
fn of(signing: Signing, server: &Server) -> Client {
    client(signing, endpoint(signing, server))
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
        "response_error" => {
            vec![error("InternalServerError"), error("Invented"), ok(r#"{"code":6000}"#), ok(r#"{"code":0}"#)]
        }
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
        for (act, signing) in acts(outcome).into_iter().flat_map(|act| SIGNINGS.map(|one| (act.clone(), one)))
        {
            let server = Server::always(act.clone());
            let total = if outcome == "timeout_after_write" { 500 } else { 15_000 };
            let timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_millis(total) };
            let sent = reset(&client_within(signing, endpoint(signing, &server), timeouts)).await;
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
    for signing in SIGNINGS {
        let server = Server::deaf();
        let sent = reset(&of(signing, &server)).await;
        assert!(matches!(sent, Sent::Unknown { .. }), "{signing:?}: {sent:?}");
        assert_eq!(server.connections(), 1, "{signing:?}");
    }
}

#[tokio::test]
async fn what_never_left_is_a_failure() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = Server::always(ok("{}"));
    let nowhere = [format!("http://{closed}"), format!("https://{}", plain.address), "no address".to_owned()];
    for (endpoint, signing) in nowhere.iter().flat_map(|one| SIGNINGS.map(|signing| (one, signing))) {
        let sent = reset(&client(signing, endpoint.clone())).await;
        assert!(matches!(&sent, Sent::Failed(failure) if failure.code == "NotSent"), "{endpoint}: {sent:?}");
    }
    assert!(plain.seen().is_empty());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_a_failure_and_not_an_answer_that_is_missing() {
    let mute =
        Server::listen(|mut stream, _| while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {});
    let timeouts = Timeouts { connect: Duration::from_millis(200), total: Duration::from_secs(15) };
    let sent = reset(&client_within(Signing::Tc3, format!("https://{}", mute.address), timeouts)).await;
    let Sent::Failed(failure) = sent else { panic!("no byte of the request left: {sent:?}") };
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("NotSent", "no connection in time"));
    assert_eq!(mute.connections(), 1);
}

#[tokio::test]
async fn a_refusal_is_a_failure_with_advice() {
    let server = Server::always(error("InvalidInstance.NotSupported"));
    let Sent::Failed(failure) = reset(&of(Signing::Tc3, &server)).await else {
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
        for signing in SIGNINGS {
            let server = Server::always(Act::Say(answer.clone()));
            let client = of(signing, &server);
            assert!(matches!(reset(&client).await, Sent::Unknown { .. }), "{status}");
            assert!(client.describe(&instance()).await.is_err(), "{status}");
            assert_eq!(server.seen().len(), 3, "one reset, and one look in each of two regions");
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn each_reset_has_a_connection_of_its_own_and_reads_share_theirs() {
    let server = Server::start(|request| match request.common("Action").as_deref() {
        Some("ResetInstance") => ok(r#"{"Response":{"RequestId":"r-1"}}"#),
        Some(_) | None => ok(r#"{"Response":{"TotalCount":0,"InstanceSet":[],"RequestId":"r-2"}}"#),
    });
    for signing in SIGNINGS {
        let client = of(signing, &server);
        let (connections, seen) = (server.connections(), server.seen().len());
        for _ in 0..3 {
            let found = client.describe(&instance()).await.unwrap();
            assert_eq!((found.value, found.date), (None, Some(at())));
        }
        // Two regions are asked at once.
        assert_eq!((server.connections(), server.seen().len()), (connections + 2, seen + 6));
        for resets in [1, 2] {
            assert!(matches!(reset(&client).await, Sent::Accepted { .. }));
            assert_eq!(server.connections(), connections + 2 + resets);
        }
        assert_eq!(server.seen().len(), seen + 8);
    }
}

#[tokio::test]
async fn what_is_sent_is_what_was_signed() {
    let server = Server::always(ok(r#"{"Response":{"RequestId":"r-1"}}"#));
    reset(&of(Signing::Tc3, &server)).await;
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
async fn a_claim_of_another_wire_is_not_sent() {
    let server = Server::always(ok(r#"{"Response":{"RequestId":"r-1"}}"#));
    for (signing, other) in [(SIGNINGS[0], Wire::V2), (SIGNINGS[1], Wire::V3), (SIGNINGS[2], Wire::V3)] {
        let client = of(signing, &server);
        let armed = client.arm().await.unwrap();
        assert_ne!(armed.wire, other);
        let claim = Claim { token: "one-0".to_owned(), signed_at: at(), baseline: None, wire: other };
        let sent = client.reset(armed, &order(), &claim).await;
        assert!(matches!(&sent, Sent::Failed(failure) if failure.code == "NotSent"), "{sent:?}");
    }
    assert!(server.seen().is_empty());
}
