//! Everything that the client sends, for other programs to judge the signatures of.

use std::collections::BTreeSet;
use std::sync::Arc;

use cleanslate::cloud::client::{Client, Settings};
use cleanslate::cloud::wire::call::Signing;
use cleanslate::cloud::{Cloud as _, Credentials, Sent};
use cleanslate::domain::Clock;
use cleanslate::domain::plan::{LoginOrder, ResetOrder};
use cleanslate::domain::request::Claim;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::server::{Seen, Server, error};
use super::{PATIENT, SIGNINGS, endpoint, instance, order};

/// Keys and tokens with what an address or a header would have to escape.
const KEYS: [(&str, &str, Option<&str>); 3] = [
    ("AKIDplain", "plain", None),
    ("AKIDodd", "k+e/y=&?% \u{e9}", Some("to+ken/=&%20?x=1")),
    ("AKIDlong", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123", Some("a.b-c_d~e")),
];
/// The last is five minutes after midnight in China, and the day before in UTC.
const TIMES: [&str; 3] = ["2023-11-14T22:13:20Z", "2026-02-28T23:59:59Z", "2026-01-04T16:05:00Z"];

fn orders() -> Vec<ResetOrder> {
    let key = |id: &str| id.parse().unwrap();
    let bare = ResetOrder { image: None, disk_gb: None, ..order() };
    // Twelve: as text, `KeyIds.10` comes before `KeyIds.2`.
    let many = (10..22).map(|n| key(&format!("skey-000000{n}"))).collect();
    vec![
        ResetOrder { login: LoginOrder::Keys(vec![key("skey-8xk2p1qa")]), ..order() },
        ResetOrder { login: LoginOrder::KeepImage, hostname: "web-7.prod".parse().ok(), ..bare.clone() },
        ResetOrder {
            login: LoginOrder::Keys(many),
            security: Some(true),
            monitor: Some(false),
            automation: Some(true),
            ..order()
        },
        bare,
        order(),
    ]
}

fn client(
    (id, key, token): (&str, &str, Option<&str>),
    signing: Signing,
    server: &Server,
    now: Timestamp,
) -> Client {
    let credentials = Credentials {
        secret_id: id.to_owned(),
        secret_key: key.to_owned().into(),
        token: token.map(|token| token.to_owned().into()),
    };
    let keys = Arc::new(move |_| {
        let credentials = credentials.clone();
        Box::pin(async move { Ok(credentials) }) as _
    });
    let (regions, language) = (vec!["ap-guangzhou".to_owned()], "en-US".to_owned());
    let settings =
        Settings { endpoint: endpoint(signing, server), signing, regions, language, timeouts: PATIENT };
    let clock: Clock = Arc::new(move || now);
    Client::new(settings, keys, clock).unwrap()
}

/// Calls everything there is; whatever it is answered.
async fn call_all(client: &Client, signed_at: Timestamp) {
    let image = "img-pmqg1cw7".parse().unwrap();
    assert!(client.describe(&instance()).await.is_err());
    assert!(client.image("ap-guangzhou", &image).await.is_err());
    assert!(client.newest_snapshot("ap-guangzhou", "disk-r8hr2u00").await.is_err());
    for (n, order) in orders().iter().enumerate() {
        assert!(client.price(order).await.is_err());
        let armed = client.arm().await.unwrap();
        let claim = Claim { token: format!("claim-{n}"), signed_at, baseline: None, wire: armed.wire };
        assert!(matches!(client.reset(armed, order, &claim).await, Sent::Failed(_)));
    }
}

fn line(seen: &Seen, (id, key, _): (&str, &str, Option<&str>)) -> Value {
    let mut words = seen.head.lines().next().unwrap().split(' ');
    let headers = seen.head.lines().skip(1).filter_map(|header| header.split_once(": "));
    json!({
        "method": words.next(), "target": words.next(), "body": String::from_utf8(seen.body.clone()).unwrap(),
        "headers": headers.map(|(name, value)| (name.to_lowercase(), value.into())).collect::<serde_json::Map<_, Value>>(),
        "secret_id": id, "secret_key": key,
    })
}

/// One line for each request, with the key that it should be signed with.
#[tokio::test]
async fn every_request_is_left_for_a_judge_of_signatures() {
    let mut lines = Vec::new();
    for signing in SIGNINGS {
        for (keys, time) in KEYS.iter().flat_map(|keys| TIMES.map(|time| (*keys, time))) {
            let server = Server::always(error("UnauthorizedOperation"));
            let now = time.parse().unwrap();
            call_all(&client(keys, signing, &server, now), now).await;
            lines.extend(server.seen().iter().map(|seen| (seen.common("Action").unwrap(), line(seen, keys))));
        }
    }
    let actions: BTreeSet<&str> = lines.iter().map(|(action, _)| &**action).collect();
    assert_eq!(
        actions.into_iter().collect::<Vec<_>>(),
        [
            "DescribeImages",
            "DescribeInstances",
            "DescribeSnapshots",
            "InquiryPriceResetInstance",
            "ResetInstance"
        ]
    );
    // Nine times with TC3, and eighteen with v1, which does not ask for snapshots.
    assert_eq!(lines.len(), 9 * 13 + 18 * 12);
    let text = lines.iter().fold(String::new(), |text, (_, line)| text + &line.to_string() + "\n");
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("tencent.jsonl"), text).unwrap();
}
