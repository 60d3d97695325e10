//! The legacy API: one address that holds everything, secrets too.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use cleanslate::cloud::client::Client;
use cleanslate::cloud::wire::call::Signing;
use cleanslate::cloud::{Cloud as _, Sent, v1};
use cleanslate::domain::request::Claim;

use super::server::{Act, Server, error, http, ok};
use super::{SIGNED_AT, SIGNINGS, at, client, instance, of, order, reset};

const DONE: &str = r#"{"Response":{"RequestId":"r-1"}}"#;
const LEGACY: Signing = Signing::V1(v1::Method::HmacSha256);

#[tokio::test]
async fn what_is_sent_is_what_was_signed() {
    for method in [v1::Method::HmacSha256, v1::Method::HmacSha1] {
        let server = Server::always(ok(DONE));
        reset(&of(Signing::V1(method), &server)).await;
        let seen = server.seen().remove(0);
        assert!(seen.head.starts_with("GET /v2/index.php?Action=ResetInstance&"), "{}", seen.head);
        assert!(seen.body.is_empty() && seen.header("authorization").is_none());
        let mut sent = seen.parameters();
        let signature = sent.remove("Signature").unwrap();
        let to_sign = v1::string_to_sign("GET", "127.0.0.1", "/v2/index.php", &sent);
        assert_eq!(signature, method.signature("key", &to_sign));
        let expected = [
            ("Action", "ResetInstance"),
            ("ImageId", "img-pmqg1cw7"),
            ("InstanceId", "ins-r8hr2upy"),
            ("Language", "en-US"),
            ("Nonce", &v1::nonce("one-0").to_string()),
            ("Region", "ap-guangzhou"),
            ("RequestClient", "cleanslate"),
            ("SecretId", "wiper"),
            ("SignatureMethod", method.name()),
            ("SystemDisk.DiskSize", "60"),
            ("Timestamp", &SIGNED_AT.to_string()),
            ("Token", "session"),
            ("Version", "2017-03-12"),
        ];
        assert_eq!(sent.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>(), expected);
    }
}

/// The API takes a nonce once: reads never repeat one, and a claim has its own whenever it is sent.
#[tokio::test]
async fn a_nonce_belongs_to_a_claim_or_to_one_read() {
    let server = Server::always(error("InternalError"));
    let nonces = || server.seen().iter().map(|seen| seen.parameters()["Nonce"].clone()).collect::<Vec<_>>();
    for client in [of(LEGACY, &server), of(LEGACY, &server)] {
        for _ in 0..3 {
            assert!(client.describe(&instance()).await.is_err());
        }
    }
    assert_eq!(nonces().iter().collect::<BTreeSet<_>>().len(), 12);
    let send = async |token: &str| {
        let client = of(LEGACY, &server);
        let armed = client.arm().await.unwrap();
        let claim = Claim { token: token.to_owned(), signed_at: at(), baseline: None, wire: armed.wire };
        client.reset(armed, &order(), &claim).await;
        server.seen().pop().unwrap().head
    };
    let (first, again, other) = (send("one-0").await, send("one-0").await, send("one-1").await);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test]
async fn numbers_say_what_is_known_of_the_disk() {
    let mut lines = Vec::new();
    for code in ["4100", "4400", "4500", "5200", "4999"] {
        let server = Server::always(ok(&format!(r#"{{"code":{code},"codeDesc":"Why","message":"words"}}"#)));
        let sent = reset(&of(LEGACY, &server)).await;
        lines.push(match sent {
            Sent::Failed(failure) => {
                format!("failed {}: {}. {}", failure.code, failure.message, failure.advice)
            }
            Sent::Unknown { why } => format!("unknown: {why}"),
            Sent::Accepted { request_id } => format!("accepted {request_id}"),
        });
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    failed 4100: Why: words. The signature or the API key was not accepted. Check the cloud secret and `[cloud] signature`, then ask again.
    failed 4400: Why: words. A quota is used up, or too many calls were made at once. This request wiped nothing. Ask again in a minute.
    unknown: Tencent Cloud answered 4500, RequestId none. Tencent Cloud had seen this request before, or its time is too far off. The first copy may have run: treat the disk as lost until the report of what was found.
    unknown: Tencent Cloud answered 5200, RequestId none. A purchase failed. Treat the disk as lost until the report of what was found; look for an order in the billing console, so that nothing is bought twice.
    unknown: Tencent Cloud answered 4999, RequestId none
    ");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that is logged while `work` runs, down to the last detail.
async fn logged(work: impl Future<Output = ()>) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    tracing::trace!("the log is heard");
    work.await;
    drop(guard);
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn the_address_is_in_no_log_and_in_no_error() {
    let acts = [
        ok(DONE),
        error("InternalError"),
        ok("garbage"),
        Act::Say(http("502 Bad Gateway", "")),
        Act::SayAndClose(String::new()),
        Act::SayAndClose("not HTTP\r\n\r\n".to_owned()),
    ];
    let mut words = Vec::new();
    let log = logged(async {
        for signing in SIGNINGS {
            for act in acts.clone() {
                let server = Server::always(act);
                words.push(told(&of(signing, &server)).await);
            }
            let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            for nowhere in
                [format!("http://{closed}/v2/index.php"), "ftp://127.0.0.1/v2/index.php".to_owned()]
            {
                words.push(told(&client(signing, nowhere)).await);
            }
        }
    })
    .await;
    assert!(log.contains("the log is heard"));
    let all = format!("{log}{}", words.join("\n"));
    for secret in ["session", "wiper", "reader", "Signature=", "Nonce=", "index.php"] {
        assert!(!all.contains(secret), "{secret} is in\n{all}");
    }
}

/// What a reset and a look come to, in every form that may be shown.
async fn told(client: &Client) -> String {
    let sent = reset(client).await;
    let found = client.describe(&instance()).await;
    let words = found.as_ref().map_or_else(ToString::to_string, |_| String::new());
    format!("{sent:?} {found:?} {words}")
}
