//! What the app is sent, and what it may answer, when.

use std::time::Duration;

use cleanslate::sim::cast;
use cleanslate::sim::discord::answer::{Answer, answer};
use cleanslate::sim::discord::deliver::{Delivery, Press, Submit};
use ed25519_dalek::{Signature, VerifyingKey};
use http::Method;
use serde_json::{Value, json};

use super::{ALICE, BOB, Served, body, buttons, errors, headers, messages, now};

/// As an app verifies it.
fn is_signed(delivery: &Delivery) -> bool {
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let key = VerifyingKey::from_bytes(&hex(cast::DISCORD_PUBLIC_KEY).try_into().unwrap()).unwrap();
    let signature = Signature::from_slice(&hex(&delivery.signature)).unwrap();
    let text = format!("{}{}", delivery.timestamp, delivery.body);
    key.verify_strict(text.as_bytes(), &signature).is_ok()
}

#[tokio::test]
async fn deliveries_are_signed_and_say_who_acts_where() {
    let served = Served::start().await;
    served.posted(json!({ "content": "Wipe web-7?", "components": buttons(&["wipe", "cancel"]) })).await;
    let ping = served.play(|discord| discord.ping("1", now()));
    let command =
        served.play(|discord| discord.command(BOB, "/reset ins-r8hr2upy 60GB", "2", now())).unwrap();
    let press =
        served.play(|discord| discord.press(Press { user: BOB, action: "wipe", id: "3" }, now())).unwrap();
    for delivery in [&ping, &command, &press] {
        assert!(is_signed(delivery));
        assert_eq!((delivery.path, delivery.timestamp.as_str()), ("/discord/interactions", "1700000000"));
    }
    assert!(!is_signed(&Delivery { body: command.body.replace("60GB", "90GB"), ..command.clone() }));
    let (ping, command, press) = (body(&ping), body(&command), body(&press));
    assert_eq!([&ping["type"], &command["type"], &press["type"]], [&json!(1), &json!(2), &json!(3)]);
    assert_eq!(
        (&command["id"], &command["guild_id"], &command["channel_id"]),
        (&json!("2"), &json!(cast::DISCORD_GUILD_ID), &json!(cast::DISCORD_CHANNEL_ID))
    );
    assert_eq!(
        (&command["member"]["user"]["id"], &command["member"]["roles"]),
        (&json!(BOB), &json!([cast::DISCORD_ROLE_ID]))
    );
    let options = json!([{ "name": "instance", "type": 3, "value": "ins-r8hr2upy" }, { "name": "disk", "type": 3, "value": "60GB" }]);
    assert_eq!((&command["data"]["name"], &command["data"]["options"]), (&json!("reset"), &options));
    assert_eq!(press["data"], json!({ "component_type": 2, "id": 2, "custom_id": "v1.wipe.k3v7q" }));
    assert_eq!(press["message"]["content"], "Wipe web-7?");
    assert_ne!(command["token"], press["token"]);
    let none = served.play(|discord| discord.press(Press { user: BOB, action: "stop", id: "4" }, now()));
    assert_eq!(none, None, "there is no such button");
}

/// Answers over HTTP, and gives what Discord says of it.
fn answered(served: &Served, id: &str, body: &Value) -> Result<Answer, String> {
    let now = served.sim.fleet_now();
    served.play(|discord| discord.answered(id, body, now)).map_err(|why| {
        let why: Value = serde_json::from_str(&why).unwrap();
        [vec![why["code"].to_string()], errors(&why)].concat().join(" ")
    })
}

fn modal() -> Value {
    let input =
        json!({ "type": 4, "custom_id": "typed", "style": 1, "placeholder": "web-7", "max_length": 60 });
    let label = json!({ "type": 18, "label": "Type web-7 to confirm", "component": input });
    json!({ "type": 9, "data": { "custom_id": "v1.typed.k3v7q", "title": "Wipe web-7", "components": [label] } })
}

#[tokio::test]
async fn a_form_is_opened_filled_in_and_submitted_in_its_own_shape() {
    let served = Served::start().await;
    let card = served.posted(json!({ "content": "Wipe web-7?", "components": buttons(&["wipe"]) })).await;
    served.play(|discord| discord.press(Press { user: BOB, action: "wipe", id: "3" }, now())).unwrap();
    let submit = |legacy: bool, id: &str| {
        served.play(|discord| discord.submit(Submit { press: "3", typed: "web-7", legacy, id }, now()))
    };
    assert_eq!(submit(false, "4"), None, "no form was opened yet");
    let opened = answered(&served, "3", &modal()).unwrap();
    insta::assert_snapshot!(opened.lines().join("\n"), @"
    Wipe web-7
    Type web-7 to confirm [________]
    [ Cancel ]  [ Submit ]
    ");
    let submitted = submit(false, "5").unwrap();
    assert!(is_signed(&submitted));
    let submitted = body(&submitted);
    let field = json!({ "type": 4, "id": 2, "custom_id": "typed", "value": "web-7" });
    let label =
        json!({ "custom_id": "v1.typed.k3v7q", "components": [{ "type": 18, "id": 1, "component": field }] });
    assert_eq!((&submitted["type"], &submitted["data"]), (&json!(5), &label));
    assert_eq!(
        (&submitted["message"]["id"], &submitted["member"]["user"]["id"]),
        (&json!(card), &json!(BOB))
    );
    let legacy = body(&submit(true, "6").unwrap());
    assert_eq!(legacy["data"]["components"], json!([{ "type": 1, "id": 1, "components": [field] }]));
    assert_eq!(
        answered(&served, "5", &modal()).unwrap_err(),
        "50035 type BASE_TYPE_CHOICES",
        "no form opens a form"
    );
    let done = json!({ "type": 7, "data": { "content": "Approved.", "components": [] } });
    assert_eq!(answered(&served, "6", &done).unwrap().lines(), ["Approved."]);
    assert_eq!(served.play(|discord| discord.messages[0].lines()), ["Approved."]);
}

#[tokio::test]
async fn an_answer_fits_its_interaction_and_comes_once_and_in_time() {
    let served = Served::start().await;
    let begin = |id: &str| {
        let now = served.sim.fleet_now();
        served.play(|discord| discord.command(ALICE, "/reset ins-1", id, now)).unwrap()
    };
    let private =
        json!({ "type": 4, "data": { "content": "Checking <@1500000000000000002>.", "flags": 64 } });
    begin("1");
    let first = answered(&served, "1", &private).unwrap();
    assert!(matches!(first, Answer::Message { ephemeral: true, .. }));
    assert_eq!(answered(&served, "1", &private).unwrap_err(), "40060");
    let shown = served.play(|discord| discord.messages[0].clone());
    assert_eq!(
        (shown.only.as_deref(), shown.lines(), shown.pings.len()),
        (Some(ALICE), vec!["Checking @bob.".to_owned()], 0)
    );
    let path = format!("{}/{}", messages(), shown.id);
    assert_eq!(
        served.call(Method::PATCH, &path, &json!({ "content": "x" })).await.outcome(),
        "404 10008",
        "an ephemeral message is no channel's"
    );
    begin("2");
    let public =
        json!({ "type": 4, "data": { "content": "Hello <@1500000000000000002>, <@&1400000000000000001>." } });
    answered(&served, "2", &public).unwrap();
    assert_eq!(
        served.play(|discord| discord.messages[1].pings.clone()),
        [BOB],
        "only users, if nothing is said"
    );
    for id in ["3", "4", "5"] {
        begin(id);
    }
    assert_eq!(answered(&served, "3", &json!({ "type": 6 })).unwrap_err(), "50035 type BASE_TYPE_CHOICES");
    assert_eq!(answered(&served, "3", &json!({ "type": 1 })).unwrap_err(), "50035 type BASE_TYPE_CHOICES");
    served.sim.advance(Duration::from_secs(3));
    answered(&served, "4", &private).unwrap();
    served.sim.advance(Duration::from_millis(1));
    assert_eq!(answered(&served, "5", &private).unwrap_err(), "10062");
    assert_eq!(answered(&served, "9", &private).unwrap_err(), "10062");
    let later = served.sim.fleet_now();
    served.play(|discord| discord.ping("10", later));
    assert_eq!(answered(&served, "10", &private).unwrap_err(), "50035 type BASE_TYPE_CHOICES");
    assert_eq!(answered(&served, "10", &json!({ "type": 1 })), Ok(Answer::Pong));
}

/// A form that differs in one thing.
fn form(pointer: &str, value: Value) -> Value {
    let mut form = modal();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    form["data"].pointer_mut(parent).unwrap()[name] = value;
    form
}

fn text(length: usize) -> Value {
    json!("x".repeat(length))
}

#[test]
fn an_answer_within_the_limits_is_taken() {
    let input = "/components/0/component";
    let legacy = json!({ "type": 4, "custom_id": "typed", "style": 1, "label": "Type it" });
    let fits = [
        json!({ "type": 1 }),
        json!({ "type": 6 }),
        json!({ "type": 7, "data": { "components": [] } }),
        modal(),
        form("/title", text(45)),
        form("/components", json!([{ "type": 1, "components": [legacy] }])),
        form(&format!("{input}/placeholder"), text(100)),
        form(&format!("{input}/max_length"), json!(4000)),
    ];
    for body in fits {
        assert!(answer(&body).is_ok(), "{body}");
    }
}

#[test]
fn an_answer_over_a_limit_is_refused_where_it_is_over() {
    let label = modal()["data"]["components"][0].clone();
    let input = "/components/0/component";
    let bare = json!({ "type": 4, "custom_id": "typed", "style": 1 });
    let both = json!({ "parse": ["users"], "users": [BOB] });
    let over = [
        json!({}),
        json!({ "type": 5 }),
        json!({ "type": 4, "data": { "content": " " } }),
        json!({ "type": 4, "data": { "content": text(2001), "flags": 128 } }),
        json!({ "type": 7, "data": { "content": "x", "components": [{ "type": 2 }], "allowed_mentions": both } }),
        form("/title", text(46)),
        form("/title", json!("")),
        form("/custom_id", text(101)),
        form("/custom_id", Value::Null),
        form("/components", json!([])),
        form("/components", json!(vec![label.clone(); 6])),
        form("/components", json!([label, label])),
        form("/components", json!([bare])),
        form("/components", json!([{ "type": 1, "components": [] }])),
        form("/components", json!([{ "type": 1, "components": [bare] }])),
        form("/components/0/label", text(46)),
        form("/components/0/description", text(101)),
        form(&format!("{input}/type"), json!(2)),
        form(&format!("{input}/custom_id"), text(101)),
        form(&format!("{input}/style"), Value::Null),
        form(&format!("{input}/placeholder"), text(101)),
        form(&format!("{input}/max_length"), json!(4001)),
        form(&format!("{input}/min_length"), json!(61)),
        form(&format!("{input}/value"), text(4001)),
    ];
    let said = over.iter().map(|body| {
        let why: Value = serde_json::from_str(&answer(body).unwrap_err()).unwrap();
        [vec![why["code"].to_string()], errors(&why)].concat().join(" ")
    });
    insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @"
    50035 type BASE_TYPE_CHOICES
    50035 type BASE_TYPE_CHOICES
    50006
    50035 data.content BASE_TYPE_MAX_LENGTH data.flags MESSAGE_FLAGS_INVALID
    50035 data.allowed_mentions MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE data.components.0.type UNION_TYPE_CHOICES
    50035 data.title BASE_TYPE_BAD_LENGTH
    50035 data.title BASE_TYPE_BAD_LENGTH
    50035 data.custom_id BASE_TYPE_BAD_LENGTH
    50035 data.custom_id BASE_TYPE_REQUIRED
    50035 data.components BASE_TYPE_BAD_LENGTH
    50035 data.components BASE_TYPE_MAX_LENGTH
    50035 data.components.1.component.custom_id COMPONENT_CUSTOM_ID_DUPLICATED
    50035 data.components.0.type UNION_TYPE_CHOICES
    50035 data.components.0.components BASE_TYPE_REQUIRED
    50035 data.components.0.components.0.label BASE_TYPE_REQUIRED
    50035 data.components.0.label BASE_TYPE_BAD_LENGTH
    50035 data.components.0.description BASE_TYPE_BAD_LENGTH
    50035 data.components.0.component.type UNION_TYPE_CHOICES
    50035 data.components.0.component.custom_id BASE_TYPE_BAD_LENGTH
    50035 data.components.0.component.style BASE_TYPE_REQUIRED
    50035 data.components.0.component.placeholder BASE_TYPE_MAX_LENGTH
    50035 data.components.0.component.max_length BASE_TYPE_CHOICES
    50035 data.components.0.component.min_length BASE_TYPE_CHOICES
    50035 data.components.0.component.value BASE_TYPE_MAX_LENGTH
    ");
}

#[tokio::test]
async fn the_token_answers_once_and_changes_the_answer_for_a_quarter_of_an_hour() {
    let served = Served::start().await;
    let delivered = served.play(|discord| discord.command(ALICE, "/reset ins-1", "1", now())).unwrap();
    let token = body(&delivered)["token"].as_str().unwrap().to_owned();
    let callback = format!("/interactions/1/{token}/callback");
    let original =
        |application: &str, token: &str| format!("/webhooks/{application}/{token}/messages/@original");
    let ours = original(cast::DISCORD_APPLICATION_ID, &token);
    let hello = json!({ "type": 4, "data": { "content": "Checking.", "flags": 64 } });
    let bare = headers().into_iter().filter(|(name, _)| *name != "authorization").collect::<Vec<_>>();
    let send = async |method: Method, path: &str, body: &Value| {
        served.send(&method, &format!("/discord/api/v10{path}"), &bare, body.to_string()).await
    };
    let outcome = async |method: Method, path: &str, body: &Value| send(method, path, body).await.outcome();
    let edit = json!({ "content": "Checked." });
    assert_eq!(outcome(Method::PATCH, &ours, &edit).await, "404 10015", "nothing was answered yet");
    assert_eq!(outcome(Method::POST, "/interactions/1/wrong/callback", &hello).await, "404 10062");
    assert_eq!(outcome(Method::POST, &callback, &json!({ "type": 4, "data": {} })).await, "400 50006");
    assert_eq!(outcome(Method::POST, &callback, &hello).await, "204");
    let again = send(Method::POST, &callback, &hello).await;
    assert_eq!(again.body, json!({ "message": "Interaction has already been acknowledged.", "code": 40060 }));
    served.sim.advance(Duration::from_mins(15));
    let edited = send(Method::PATCH, &ours, &edit).await.body;
    assert_eq!((&edited["content"], &edited["type"]), (&json!("Checked."), &json!(20)));
    assert_eq!(send(Method::GET, &ours, &Value::Null).await.body, edited);
    assert_eq!(outcome(Method::PATCH, &original("42", &token), &edit).await, "404 10015");
    assert_eq!(
        outcome(Method::PATCH, &original(cast::DISCORD_APPLICATION_ID, "wrong"), &edit).await,
        "401 50027"
    );
    served.sim.advance(Duration::from_secs(1));
    assert_eq!(outcome(Method::PATCH, &ours, &edit).await, "401 50027");
    let late = served.play(|discord| discord.command(ALICE, "/reset ins-1", "2", now())).unwrap();
    let token = body(&late)["token"].as_str().unwrap().to_owned();
    assert_eq!(
        outcome(Method::POST, &format!("/interactions/2/{token}/callback"), &hello).await,
        "404 10062"
    );
}
