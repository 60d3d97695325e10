//! The front's envelopes: every shape in which a request can come, and what is none.

use cleanslate::domain::id::Platform;
use cleanslate::sim::play::Delivery;
use serde_json::{Value, json};

use super::events::{Call, SHAPES, Shape, timer, wake_up};
use super::site::{COMMAND, Site, answer};
use crate::support::lambda::{Function, Outcome};

async fn status(front: &Function, event: &Value) -> u64 {
    answer(front.invoke(event, 3).await).0
}

#[tokio::test]
async fn a_signed_request_is_answered_alike_in_every_envelope() {
    let site = Site::on(Platform::Slack).await;
    let front = site.front().await;
    let help = Call::of(&site.command("alice", "/reset help"));
    let ping = Delivery::sign(
        Platform::Discord,
        "/discord/interactions",
        r#"{"type":1}"#.to_owned(),
        site.sim.fleet_now(),
    );
    let ping = Call::of(&ping);
    let health = Call { method: "GET", ..Call::post("/healthz", "") };
    for shape in SHAPES {
        for base64 in [false, true] {
            for call in [Call { base64, ..help.clone() }, Call { base64, ..help.clone() }.capital()] {
                let (status, body) = answer(front.invoke(call.event(shape), 3).await);
                assert_eq!(status, 200, "{shape:?} {call:?}");
                assert!(body.contains("U0ALICE00"), "{shape:?}: {body}");
            }
            let answered = front.invoke(Call { base64, ..ping.clone() }.event(shape), 3).await;
            assert_eq!(answer(answered), (200, r#"{"type":1}"#.to_owned()), "{shape:?}");
        }
        assert_eq!(answer(front.invoke(health.event(shape), 3).await), (200, "ok\n".to_owned()));
    }
    assert!(site.invokes.calls.lock().unwrap().is_empty(), "nothing was stored, and nobody woken");
}

#[tokio::test]
async fn the_answer_has_the_envelope_of_the_question() {
    let site = Site::on(Platform::Slack).await;
    let front = site.front().await;
    let help = Call::of(&site.command("alice", "/reset help"));
    let mut answers = Vec::new();
    for shape in [Shape::FunctionUrl, Shape::RestApi] {
        let Outcome::Answered(mut answer) = front.invoke(help.event(shape), 3).await else { panic!() };
        assert!(answer["body"].take().is_string());
        answers.push(answer.to_string());
    }
    insta::assert_snapshot!(answers.join("\n"), @r#"
    {"body":null,"headers":{"content-type":"application/json; charset=utf-8"},"isBase64Encoded":false,"statusCode":200}
    {"body":null,"isBase64Encoded":false,"multiValueHeaders":{"content-type":["application/json; charset=utf-8"]},"statusCode":200}
    "#);
}

#[tokio::test]
async fn what_is_forged_or_broken_is_refused_and_nothing_is_stored() {
    let site = Site::on(Platform::Slack).await;
    let (front, _worker) = site.functions().await;
    let genuine = Call::of(&site.command("alice", COMMAND));
    let huge = "x".repeat(64 * 1024 + 1);
    let mut forged = genuine.clone();
    forged.body.push(b'x');
    let mut doubled = genuine.clone();
    doubled.headers.push(genuine.headers[2].clone());
    for shape in SHAPES {
        let call = |path: &str, body: &str| Call::post(path, body).event(shape);
        assert_eq!(status(&front, &forged.event(shape)).await, 401, "{shape:?}");
        assert_eq!(status(&front, &call("/slack/commands", "")).await, 401);
        assert_eq!(status(&front, &call("/slack/commands", &huge)).await, 413);
        assert_eq!(
            status(&front, &Call { base64: true, ..Call::post("/slack/commands", &huge) }.event(shape)).await,
            413
        );
        assert_eq!(status(&front, &call("/elsewhere", "")).await, 404);
        assert_eq!(status(&front, &call("/prod/slack/commands", "")).await, 404);
        // Where a header can come twice, its two values are told apart or are one that is wrong.
        if shape != Shape::RestApiPlain {
            assert_eq!(status(&front, &doubled.event(shape)).await, 401, "{shape:?}");
        }
        let mut broken = genuine.event(shape);
        broken["isBase64Encoded"] = json!(true);
        assert_eq!(status(&front, &broken).await, 400);
        // A wake-up that a stranger sends is a body, and its envelope an HTTP request's.
        assert_eq!(status(&front, &call("/discord/interactions", &wake_up().to_string())).await, 401);
        assert_eq!(status(&front, &call("/", &timer().to_string())).await, 404);
        let mut disguised = call("/slack/commands", "");
        disguised["cleanslate"] = json!("wake-up");
        assert_eq!(status(&front, &disguised).await, 401);
    }
    assert!(site.invokes.calls.lock().unwrap().is_empty());
    assert!(site.audit(&["list"]).stdout.is_empty(), "nothing was stored");
}

/// Gives what is said of an event that is refused.
async fn refusal(function: &Function, event: impl ToString) -> String {
    let event = event.to_string();
    match function.invoke(&event, 3).await {
        Outcome::Failed(why) => why["errorMessage"].as_str().unwrap().to_owned(),
        other => panic!("{event}: {other:?}"),
    }
}

#[tokio::test]
async fn an_event_for_another_function_is_refused_and_the_next_one_served() {
    let site = Site::on(Platform::Slack).await;
    let (front, worker) = site.functions().await;
    assert_eq!(refusal(&front, wake_up()).await, "a wake-up is not for the front");
    assert_eq!(refusal(&front, timer()).await, "a timer is not for the front");
    let genuine = Call::of(&site.command("alice", COMMAND));
    for shape in SHAPES {
        let mut event = genuine.event(shape);
        assert_eq!(refusal(&worker, &event).await, "an HTTP request is not for the worker");
        event["cleanslate"] = json!("wake-up");
        assert_eq!(refusal(&worker, &event).await, "an HTTP request is not for the worker");
    }
    let spoken = json!({ "cleanslate": "sing" });
    let other = json!({ "source": "aws.s3", "detail-type": "Object Created", "detail": {} });
    for (function, role) in [(&front, "front"), (&worker, "worker")] {
        for event in [json!({}), json!([]), spoken.clone(), other.clone()] {
            assert_eq!(refusal(function, event).await, format!("an unknown event is not for the {role}"));
        }
        for event in ["{", "null", "7", "{\"requestContext\":7}", "{\"headers\":{\"a\":7}}", ""] {
            assert!(!refusal(function, event).await.is_empty());
        }
        site.until(|_| function.said().contains(&format!("it is not for the {role}"))).await;
    }
    assert_eq!(worker.invoke(wake_up(), 60).await, Outcome::Answered(json!({})));
    assert_eq!(worker.invoke(timer(), 60).await, Outcome::Answered(json!({})));
    assert_eq!(status(&front, &genuine.event(Shape::FunctionUrl)).await, 200);
}
