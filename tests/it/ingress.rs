//! The front door: who gets in, and what the others learn.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cleanslate::chat::slack;
use cleanslate::ingress::{BODY_MAX, Ingress};
use cleanslate::secrets;
use cleanslate::sim::cast;
use cleanslate::sim::slack::deliver::Delivery;
use futures_util::FutureExt as _;
use http::{Method, Request, StatusCode};

use crate::support::front::{Front, NOW, order, request, text};
use crate::support::log;

#[tokio::test]
async fn nothing_but_the_routes_is_there_and_no_route_opens_unsigned() {
    let front = Front::new().await;
    let mut table = String::new();
    for path in [
        "/healthz",
        "/slack/commands",
        "/slack/interactivity",
        "/discord/interactions",
        "/",
        "/slack/commands/",
        "/metrics",
    ] {
        table.push_str(path);
        for method in [Method::GET, Method::POST, Method::PUT] {
            let request = Request::builder().method(method).uri(path).body(Bytes::from("x=1")).unwrap();
            let response = front.ingress().handle(request).await;
            let (status, body) = (response.status().as_u16(), text(&response));
            assert!(status == 200 || body.is_empty(), "{path} says {body}");
            table += format!("  {status} {body}").trim_end();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table, @"
    /healthz  200 ok  404  404
    /slack/commands  404  401  404
    /slack/interactivity  404  401  404
    /discord/interactions  404  401  404
    /  404  404  404
    /slack/commands/  404  404  404
    /metrics  404  404  404
    ");
    assert_eq!(front.log_size().await, 0);
}

#[tokio::test]
async fn a_genuine_order_is_answered_and_stored() {
    let front = Front::new().await;
    let response = front.ingress().handle(request(&order("ins-r8hr2upy", "1.1"))).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(text(&response).contains("ephemeral") && text(&response).contains("ins-r8hr2upy"));
    let size = front.log_size().await;
    assert!(size > 0);
    let again = front.ingress().handle(request(&order("ins-r8hr2upy", "1.1"))).await;
    assert_eq!((again.status(), front.log_size().await), (StatusCode::OK, size), "a delivery is stored once");
}

/// One way to spoil a request.
type Spoil = fn(&mut Delivery, &mut Vec<&'static str>);

#[tokio::test]
async fn what_is_not_genuine_is_refused_and_leaves_no_trace() {
    let front = Front::new().await;
    let spoilt: [(&str, Spoil); 6] = [
        ("another body", |delivery, _| delivery.body.push(' ')),
        ("another secret", |delivery, _| delivery.signature = format!("v0={}", "0".repeat(64))),
        ("too old", |delivery, _| {
            *delivery = Delivery::sign(
                "/slack/commands",
                delivery.body.clone(),
                NOW - jiff::SignedDuration::from_secs(301),
            );
        }),
        ("no time", |delivery, _| delivery.timestamp.clear()),
        ("two signatures", |_, twice| twice.push("x-slack-signature")),
        ("a probe that carries a command", |delivery, _| delivery.body.push_str("&ssl_check=1")),
    ];
    for (what, spoil) in spoilt {
        let (mut delivery, mut twice) = (order("ins-r8hr2upy", "1.1"), Vec::new());
        spoil(&mut delivery, &mut twice);
        let mut request = request(&delivery);
        for name in twice {
            let value = request.headers()[name].clone();
            request.headers_mut().append(name, value);
        }
        let response = front.ingress().handle(request).await;
        assert_eq!((response.status(), response.body().len()), (StatusCode::UNAUTHORIZED, 0), "{what}");
    }
    assert_eq!(front.log_size().await, 0);
}

#[tokio::test]
async fn a_genuine_request_that_cannot_be_read_is_told_so() {
    let front = Front::new().await;
    for path in ["/slack/commands", "/slack/interactivity"] {
        let delivery = Delivery::sign(path, "channel_id=C1&canary=1".to_owned(), NOW);
        let response = front.ingress().handle(request(&delivery)).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(text(&response).contains("nothing was wiped") && !text(&response).contains("canary"));
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_looked_at() {
    let front = Front::new().await;
    let body = |length: usize| Delivery::sign("/slack/commands", "x".repeat(length), NOW);
    let status = |length: usize| {
        front.ingress().handle(request(&body(length))).map(|response| response.status().as_u16())
    };
    assert_eq!((status(BODY_MAX).await, status(BODY_MAX + 1).await), (200, 413));
}

#[tokio::test]
async fn without_the_signing_secret_nothing_is_believed() {
    let front = Front::new().await;
    let Ingress { app, clock, .. } = front.ingress();
    let keys = |_| std::future::ready(Err(anyhow::anyhow!("no secret today"))).boxed();
    let ingress = Ingress {
        app: Arc::clone(app),
        slack: Some(slack::door(Arc::new(keys), "/reset".to_owned())),
        discord: None,
        clock: Arc::clone(clock),
    };
    let response = ingress.handle(request(&order("ins-r8hr2upy", "1.1"))).await;
    assert_eq!(
        (response.status(), response.body().len(), front.log_size().await),
        (StatusCode::SERVICE_UNAVAILABLE, 0, 0)
    );
}

#[tokio::test]
async fn a_signature_made_with_a_newer_secret_is_believed_and_a_forged_one_is_not() {
    let front = Front::new().await;
    let Ingress { app, clock, .. } = front.ingress();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    // What is at hand is old; whoever asks for less than that gets what is in force now.
    let keys = move |max_age| {
        count.fetch_add(1, Ordering::Relaxed);
        let current =
            if max_age < secrets::MAX_AGE { cast::SLACK_SIGNING_SECRET } else { "the one before" }.into();
        std::future::ready(Ok(slack::verify::Keys { current, previous: None })).boxed()
    };
    let ingress = Ingress {
        app: Arc::clone(app),
        slack: Some(slack::door(Arc::new(keys), "/reset".to_owned())),
        discord: None,
        clock: Arc::clone(clock),
    };
    let genuine = order("ins-r8hr2upy", "1.1");
    let forged = Delivery { signature: format!("v0={}", "0".repeat(64)), ..genuine.clone() };
    let stale = Delivery { timestamp: "1".to_owned(), ..genuine.clone() };
    let status = async |delivery: &Delivery| ingress.handle(request(delivery)).await.status().as_u16();
    assert_eq!((status(&genuine).await, asked.swap(0, Ordering::Relaxed)), (200, 2));
    assert_eq!((status(&forged).await, asked.swap(0, Ordering::Relaxed)), (401, 2));
    assert_eq!((status(&stale).await, asked.swap(0, Ordering::Relaxed)), (401, 1), "no secret would help");
}

#[tokio::test]
async fn healthy_is_who_can_read_the_store() {
    let front = Front::new().await;
    let health = || Request::get("/healthz").body(Bytes::new()).unwrap();
    assert_eq!(front.ingress().handle(health()).await.status(), StatusCode::OK);
    let store = rusqlite::Connection::open(front.folder.0.join("cleanslate.db")).unwrap();
    store.execute_batch("DROP TABLE head").unwrap();
    assert_eq!(front.ingress().handle(health()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_refusal_is_logged_by_its_reason_and_never_by_its_content() {
    let front = Front::new().await;
    let body = format!("text=canary-1&{}", "x".repeat(4321));
    let length = body.len();
    let mut delivery = Delivery::sign("/slack/commands", body, NOW);
    delivery.signature = format!("v0={}", "c0ffee00".repeat(8));
    front.ingress().handle(request(&delivery)).await;
    let logged = log::lines();
    let line = logged.lines().find(|line| line.contains(&format!("\"length\":{length}"))).unwrap();
    assert!(
        line.contains("\"reason\":\"Mismatch\"") && line.contains("\"path\":\"/slack/commands\""),
        "{line}"
    );
    assert!(!logged.contains("canary") && !logged.contains("c0ffee"), "{logged}");
}
