//! How a function starts, and what it survives.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_config::{BehaviorVersion, SdkConfig};
use cleanslate::domain::Clock;
use cleanslate::domain::id::Platform;
use cleanslate::entry::lambda::{Envelope, Front, Waker, work};
use cleanslate::ingress::Ingress;
use cleanslate::sim::cast;
use cleanslate::sim::play::Delivery;
use cleanslate::worker::Worker;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::events::{Call, Shape, wake_up};
use super::site::Site;
use crate::support::front::{self, NOW};
use crate::support::lambda::Function;
use crate::support::process::BINARY;

/// What it says as it ends, and its exit code.
fn ends(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(BINARY);
    command.env_clear().env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9").envs(variables.iter().copied());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_function_that_is_not_told_what_it_is_says_what_to_set() {
    let front = ("CLEANSLATE_ROLE", "front");
    let (role, worker) = ("set it to front or worker", "set CLEANSLATE_WORKER to the name");
    for (variables, advice) in [(&[][..], role), (&[("CLEANSLATE_ROLE", "both")], role), (&[front], worker)] {
        let (code, said) = ends(variables);
        assert_eq!(code, Some(2));
        assert!(said.contains(advice), "{said}");
    }
    let (code, said) = ends(&[("CLEANSLATE_ROLE", "worker"), ("CLEANSLATE_CONFIG", "/nowhere.toml")]);
    assert!(code == Some(2) && said.contains("cannot be read"), "{said}");
}

#[test]
fn a_role_needs_its_own_secrets_alone() {
    let folder = front::Folder::new();
    let file = folder.0.join("cleanslate.toml");
    std::fs::write(&file, front::configuration()).unwrap();
    let file = ("CLEANSLATE_CONFIG", file.to_str().unwrap());
    let (code, said) = ends(&[("CLEANSLATE_ROLE", "front"), ("CLEANSLATE_WORKER", "w"), file]);
    assert!(code == Some(2) && said.contains("CLEANSLATE_SLACK_SIGNING_SECRET"), "{said}");
    let (code, said) = ends(&[("CLEANSLATE_ROLE", "worker"), file]);
    assert!(code == Some(2) && said.contains("CLEANSLATE_SLACK_BOT_TOKEN"), "{said}");
}

#[tokio::test]
async fn help_and_a_hint_need_no_store() {
    let folder = front::Folder::new();
    let file = folder.0.join("cleanslate.toml");
    let dynamodb = front::configuration().replace("[audit]", "[store]\nkind = \"dynamodb\"\n[audit]");
    std::fs::write(&file, &dynamodb).unwrap();
    let nobody = "http://127.0.0.1:9";
    let function = Function::start(&[
        ("CLEANSLATE_ROLE", "front"),
        ("CLEANSLATE_WORKER", "w"),
        ("CLEANSLATE_CONFIG", file.to_str().unwrap()),
        ("CLEANSLATE_SLACK_SIGNING_SECRET", cast::SLACK_SIGNING_SECRET),
        ("AWS_ENDPOINT_URL", nobody),
    ])
    .await;
    let site = Site::on(Platform::Slack).await;
    let asked =
        [("help", "/reset ins-"), ("ins-1 60GB", "not an instance id"), ("status", "could not store")];
    for (text, says) in asked {
        let said = site.types(&function, "alice", &format!("/reset {text}")).await;
        assert!(said.contains(says), "{text}: {said}");
    }
}

/// A clock that panics when it is first read.
fn cracked() -> Clock {
    let whole = AtomicBool::new(false);
    Arc::new(move || {
        assert!(whole.swap(true, Ordering::Relaxed), "on purpose");
        NOW
    })
}

fn envelope(event: Value) -> Envelope {
    serde_json::from_value(event).unwrap()
}

#[tokio::test]
async fn a_mistake_in_the_front_costs_one_answer() {
    let parts = front::Front::new().await;
    let Ingress { app, slack, .. } = parts.ingress();
    let door = cleanslate::chat::slack::door(Arc::clone(&slack.as_ref().unwrap().keys), "/reset".to_owned());
    let ingress = Ingress { app: Arc::clone(app), slack: Some(door), discord: None, clock: cracked() };
    let aws = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    let waker = Waker::new(&aws, "nobody".to_owned());
    let front = Front { ingress: Arc::new(ingress), bell: Arc::new(Notify::new()), waker };
    let form = "team_id=T0SIM0000&command=%2Freset&text=help".to_owned();
    let event = || {
        let delivery = Delivery::sign(Platform::Slack, "/slack/commands", form.clone(), NOW);
        envelope(Call::of(&delivery).event(Shape::FunctionUrl))
    };
    assert_eq!(front.answer(event()).await.unwrap()["statusCode"], 500);
    assert_eq!(front.answer(event()).await.unwrap()["statusCode"], 200);
}

#[tokio::test]
async fn a_mistake_in_the_worker_costs_one_invocation() {
    let front::Front { parts, folder: _folder } = front::Front::new().await;
    let Some(mut worker) = Arc::into_inner(parts.worker) else { panic!("there is one worker") };
    worker = Worker { clock: cracked(), ..worker };
    let event = || {
        let mut context = Context::default();
        context.deadline = NOW.as_millisecond().unsigned_abs();
        LambdaEvent::new(envelope(wake_up()), context)
    };
    let failed = work(&worker, event()).await.unwrap_err();
    assert!(failed.error_message.contains("tried again within a minute"), "{failed:?}");
    assert_eq!(work(&worker, event()).await, Ok(json!({})));
}
