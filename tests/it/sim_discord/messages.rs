//! Messages: limits, permissions, replies, mentions, direct messages.

use std::time::Duration;

use cleanslate::sim::cast;
use cleanslate::sim::discord::{DiscordWorld, permission};
use http::Method;
use serde_json::{Value, json};

use super::{ALICE, BOB, MALLORY, Served, buttons, errors, messages};

#[tokio::test]
async fn a_message_is_posted_read_and_edited() {
    let served = Served::start().await;
    let first = served
        .posted(json!({ "content": "**Wipe web-7?**", "components": buttons(&["wipe", "cancel"]) }))
        .await;
    let second = served.posted(json!({ "content": "later" })).await;
    assert!(first.parse::<u64>().unwrap() < second.parse::<u64>().unwrap());
    let path = format!("{}/{first}", messages());
    served.sim.advance(Duration::from_secs(30));
    let edited =
        served.call(Method::PATCH, &path, &json!({ "content": "Approved by bob.", "components": [] })).await;
    assert_eq!(edited.body["edited_timestamp"], "2023-11-14T22:13:50.000000+00:00");
    let read = served.call(Method::GET, &path, &Value::Null).await;
    assert_eq!(read.body, edited.body);
    assert_eq!((&read.body["content"], &read.body["components"]), (&json!("Approved by bob."), &json!([])));
    assert_eq!(read.body["timestamp"], "2023-11-14T22:13:20.000000+00:00");
    let list = served.call(Method::GET, &messages(), &Value::Null).await.body;
    let ids: Vec<&Value> = list.as_array().unwrap().iter().map(|message| &message["id"]).collect();
    assert_eq!(ids, [&json!(second), &json!(first)], "the newest first");

    let kept = served.call(Method::PATCH, &path, &json!({ "components": buttons(&["stop"]) })).await.body;
    assert_eq!(kept["content"], "Approved by bob.", "what an edit does not name stays");
    assert_eq!(
        (&kept["components"][0]["id"], &kept["components"][0]["components"][0]["id"]),
        (&json!(1), &json!(2))
    );
    let emptied = served.call(Method::PATCH, &path, &json!({ "content": " ", "components": null })).await;
    assert_eq!(emptied.outcome(), "400 50006");
    let gone = served.call(Method::PATCH, &format!("{}/1", messages()), &json!({ "content": "x" })).await;
    assert_eq!(gone.outcome(), "404 10008");
    assert_eq!(
        served.call(Method::GET, &format!("{}/1", messages()), &Value::Null).await.outcome(),
        "404 10008"
    );
    let edits: Vec<u32> =
        served.play(|discord| discord.messages.iter().map(|message| message.edits).collect());
    assert_eq!(edits, [2, 0], "a refused edit is none");
}

#[tokio::test]
async fn the_bot_needs_the_channel_and_its_permissions() {
    let served = Served::start().await;
    let plain = json!({ "content": "hello" });
    let earlier = served.posted(plain.clone()).await;
    for (path, expected) in [("/channels/42/messages", "404 10003"), ("/channels/ops/messages", "400 50035")]
    {
        assert_eq!(served.call(Method::POST, path, &plain).await.outcome(), expected);
    }
    let embed = json!({ "embeds": [{ "title": "hello" }] });
    let reply = json!({ "content": "hello", "message_reference": { "message_id": earlier } });
    let cases = [
        (permission::USUAL, &embed, "200"),
        (permission::USUAL, &reply, "200"),
        (0, &plain, "403 50001"),
        (permission::USUAL & !permission::VIEW_CHANNEL, &plain, "403 50001"),
        (permission::USUAL & !permission::SEND_MESSAGES, &plain, "403 50013"),
        (permission::USUAL & !permission::EMBED_LINKS, &embed, "403 50013"),
        (permission::USUAL & !permission::EMBED_LINKS, &plain, "200"),
        (permission::USUAL & !permission::READ_MESSAGE_HISTORY, &reply, "400 160002"),
    ];
    for (permissions, body, expected) in cases {
        served.play(|discord| discord.permissions = permissions);
        assert_eq!(served.post(body.clone()).await.outcome(), expected, "{permissions:b} {body}");
    }
    served.play(|discord| discord.permissions = permission::USUAL & !permission::READ_MESSAGE_HISTORY);
    let read = served.call(Method::GET, &format!("{}/{earlier}", messages()), &Value::Null).await;
    assert_eq!(read.outcome(), "403 50013");
}

/// A button that differs in one thing.
fn button(name: &str, value: Value) -> Value {
    let mut row = buttons(&["wipe"]);
    row[0]["components"][0][name] = value;
    json!({ "content": "x", "components": row })
}

fn text(length: usize) -> String {
    "\u{e4}".repeat(length)
}

fn field(name: usize, value: usize) -> Value {
    json!({ "name": text(name), "value": text(value) })
}

fn embed(embed: &Value) -> Value {
    json!({ "embeds": [embed] })
}

/// One row of so many buttons.
fn wide(count: usize) -> Value {
    let button = |n| json!({ "type": 2, "style": 1, "label": "x", "custom_id": format!("a{n}") });
    json!({ "components": [{ "type": 1, "components": (0..count).map(button).collect::<Vec<_>>() }] })
}

/// So many rows of one button.
fn high(count: usize) -> Value {
    let button = |n| json!({ "type": 2, "style": 1, "label": "x", "custom_id": format!("a{n}") });
    let row = |n| json!({ "type": 1, "components": [button(n)] });
    json!({ "components": (0..count).map(row).collect::<Vec<_>>() })
}

/// What is wrong with each, a line each.
async fn refusals(served: &Served, bodies: &[Value]) -> String {
    let mut found = Vec::new();
    for body in bodies {
        let heard = served.post(body.clone()).await;
        assert_eq!(heard.outcome(), "400 50035", "{body}");
        found.push(errors(&heard.body).join(", "));
    }
    found.join("\n")
}

#[tokio::test]
async fn a_message_within_the_limits_is_taken() {
    let served = Served::start().await;
    let link = json!({ "type": 2, "style": 5, "label": "docs", "url": "https://example.com/" });
    let nobody = json!({ "parse": ["users"], "users": [] });
    let fits = [
        json!({ "content": text(2000) }),
        button("label", json!(text(80))),
        button("custom_id", json!(text(100))),
        json!({ "components": [{ "type": 1, "components": [link] }] }),
        wide(5),
        high(5),
        embed(&json!({ "title": text(256), "description": text(4096), "fields": [field(256, 1024)] })),
        json!({ "content": "x", "flags": 4, "nonce": text(25), "allowed_mentions": nobody }),
    ];
    for body in fits {
        assert_eq!(served.post(body.clone()).await.outcome(), "200", "{body}");
    }
}

#[tokio::test]
async fn a_text_over_a_limit_is_refused_where_it_is_over() {
    let served = Served::start().await;
    let mentions = |allowed: Value| json!({ "content": "x", "allowed_mentions": allowed });
    let over = [
        json!({ "content": text(2001) }),
        json!({ "content": 7 }),
        embed(&json!({ "title": text(257), "description": text(4097), "footer": { "text": text(2049) } })),
        embed(&json!({ "fields": [field(257, 1), field(1, 1025), field(0, 1)] })),
        embed(&json!({ "fields": vec![field(1, 1); 26] })),
        json!({ "embeds": vec![json!({ "title": "x" }); 11] }),
        json!({ "embeds": [{ "description": text(4096) }, { "description": text(1905) }] }),
        json!({ "content": "x", "flags": 32768 }),
        json!({ "content": "x", "nonce": text(26) }),
        mentions(json!({ "parse": ["users"], "users": [BOB] })),
        mentions(json!({ "parse": ["roles"], "roles": [cast::DISCORD_ROLE_ID] })),
        mentions(json!({ "parse": ["all"], "users": ["bob", BOB, BOB] })),
        mentions(json!({ "users": vec![BOB; 101] })),
    ];
    insta::assert_snapshot!(refusals(&served, &over).await, @"
    content BASE_TYPE_MAX_LENGTH
    content STRING_TYPE_CONVERT
    embeds.0.description BASE_TYPE_MAX_LENGTH, embeds.0.footer.text BASE_TYPE_MAX_LENGTH, embeds.0.title BASE_TYPE_MAX_LENGTH, embeds MAX_EMBED_SIZE_EXCEEDED
    embeds.0.fields.0.name BASE_TYPE_MAX_LENGTH, embeds.0.fields.1.value BASE_TYPE_MAX_LENGTH, embeds.0.fields.2.name BASE_TYPE_REQUIRED
    embeds.0.fields BASE_TYPE_MAX_LENGTH
    embeds BASE_TYPE_MAX_LENGTH
    embeds MAX_EMBED_SIZE_EXCEEDED
    flags MESSAGE_FLAGS_INVALID
    nonce BASE_TYPE_MAX_LENGTH
    allowed_mentions MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE
    allowed_mentions MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE
    allowed_mentions.parse.0 BASE_TYPE_CHOICES, allowed_mentions.users.0 NUMBER_TYPE_COERCE, allowed_mentions.users.2 SET_TYPE_ALREADY_CONTAINS_VALUE
    allowed_mentions.users BASE_TYPE_MAX_LENGTH
    ");
    for body in [json!({}), json!({ "content": " \n" }), json!({ "content": "", "embeds": [] })] {
        assert_eq!(served.post(body).await.outcome(), "400 50006");
    }
    let shape = served.post(json!({ "content": text(2001) })).await.body;
    let error = json!({ "code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length." });
    let errors = json!({ "content": { "_errors": [error] } });
    assert_eq!(shape, json!({ "code": 50035, "message": "Invalid Form Body", "errors": errors }));
}

#[tokio::test]
async fn a_button_over_a_limit_is_refused_where_it_is_over() {
    let served = Served::start().await;
    let mut twins = buttons(&["wipe", "wipe"]);
    twins[0]["components"][1]["disabled"] = true.into();
    let over = [
        button("label", json!(text(81))),
        button("label", json!("")),
        button("custom_id", json!(text(101))),
        button("custom_id", json!("")),
        button("custom_id", Value::Null),
        button("style", json!(5)),
        button("style", json!(9)),
        button("style", Value::Null),
        button("url", json!("https://example.com/")),
        button("type", json!(3)),
        json!({ "components": [{ "type": 1, "components": [] }] }),
        json!({ "components": [{ "type": 17, "components": [] }] }),
        json!({ "components": twins }),
        high(6),
        wide(6),
    ];
    insta::assert_snapshot!(refusals(&served, &over).await, @"
    components.0.components.0.label BASE_TYPE_MAX_LENGTH
    components.0.components.0.label BASE_TYPE_REQUIRED
    components.0.components.0.custom_id BASE_TYPE_BAD_LENGTH
    components.0.components.0.custom_id BASE_TYPE_BAD_LENGTH
    components.0.components.0.custom_id BUTTON_COMPONENT_CUSTOM_ID_REQUIRED
    components.0.components.0 BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE, components.0.components.0.url BASE_TYPE_REQUIRED
    components.0.components.0.style BASE_TYPE_CHOICES
    components.0.components.0.style BASE_TYPE_REQUIRED
    components.0.components.0 BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE
    components.0.components.0.type UNION_TYPE_CHOICES
    components.0.components BASE_TYPE_BAD_LENGTH
    components.0.type UNION_TYPE_CHOICES
    components.0.components.1.custom_id COMPONENT_CUSTOM_ID_DUPLICATED
    components BASE_TYPE_MAX_LENGTH
    components.0.components BASE_TYPE_MAX_LENGTH
    ");
}

#[tokio::test]
async fn an_enforced_nonce_posts_once() {
    let served = Served::start().await;
    let body =
        |text: &str, enforce: bool| json!({ "content": text, "nonce": "k3v7q-0", "enforce_nonce": enforce });
    let first = served.post(body("one", true)).await.body;
    assert_eq!(first["nonce"], "k3v7q-0");
    let again = served.post(body("another", true)).await.body;
    assert_eq!((&again["id"], &again["content"]), (&first["id"], &json!("one")));
    let free = served.post(body("not enforced", false)).await.body;
    assert_ne!(free["id"], first["id"]);
    served.sim.advance(Duration::from_mins(10));
    let late = served.post(body("forgotten", true)).await.body;
    assert_eq!(late["content"], "forgotten");
}

#[tokio::test]
async fn a_reply_names_a_message_of_its_channel() {
    let served = Served::start().await;
    let card = served.posted(json!({ "content": "the card" })).await;
    let reply = |reference: Value| json!({ "content": "done", "message_reference": reference });
    let heard = served.post(reply(json!({ "message_id": card }))).await.body;
    assert_eq!((&heard["type"], &heard["message_reference"]["message_id"]), (&json!(19), &json!(card)));
    let gone = served.post(reply(json!({ "message_id": "1" }))).await;
    assert_eq!(errors(&gone.body), ["message_reference REPLIES_UNKNOWN_MESSAGE"]);
    let elsewhere = served.post(reply(json!({ "message_id": card, "channel_id": "42" }))).await;
    assert_eq!(errors(&elsewhere.body), ["message_reference REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL"]);
    let nameless = served.post(reply(json!({}))).await;
    assert_eq!(errors(&nameless.body), ["message_reference.message_id NUMBER_TYPE_COERCE"]);
    let anyway = served.post(reply(json!({ "message_id": "1", "fail_if_not_exists": false }))).await.body;
    assert_eq!((&anyway["type"], anyway.get("message_reference")), (&json!(0), None));
}

#[tokio::test]
async fn a_message_pings_whom_it_names_and_may() {
    let served = Served::start().await;
    let role = cast::DISCORD_ROLE_ID;
    let words = format!("<@{BOB}>, <@&{role}>, `<@{ALICE}>`, <@!{MALLORY}>, <@42>, @everyone");
    let cases = [
        (json!({ "parse": [] }), "nobody"),
        (json!({}), "nobody"),
        (json!({ "parse": ["users"] }), "@bob @mallory"),
        (json!({ "users": [BOB, ALICE] }), "@bob"),
        (json!({ "parse": [], "users": [BOB], "roles": [role] }), "@bob @oncall"),
        (json!({ "parse": ["everyone"] }), "nobody"),
        (Value::Null, "@bob @oncall @mallory"),
    ];
    let pinged = |discord: &mut DiscordWorld| {
        let pings = discord.messages.last().unwrap().pings.clone();
        let names: Vec<String> = pings.iter().map(|id| named(id)).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(" ") }
    };
    for (allowed, expected) in cases {
        let id = served.posted(json!({ "content": words, "allowed_mentions": allowed })).await;
        assert_eq!(served.play(pinged), expected, "{allowed}");
        let path = format!("{}/{id}", messages());
        served
            .call(
                Method::PATCH,
                &path,
                &json!({ "content": words, "allowed_mentions": { "parse": ["users"] } }),
            )
            .await;
        assert_eq!(served.play(pinged), expected, "an edit makes no sound");
    }
    served.play(|discord| discord.permissions |= permission::MENTION_EVERYONE);
    let everyone =
        served.post(json!({ "content": words, "allowed_mentions": { "parse": ["everyone"] } })).await;
    assert_eq!(served.play(pinged), "everyone");
    assert_eq!(everyone.body["mention_everyone"], true);
}

fn named(id: &str) -> String {
    match id {
        "everyone" => id.to_owned(),
        cast::DISCORD_ROLE_ID => format!("@{}", cast::DISCORD_ROLE),
        _ => format!("@{}", cast::user_name(id)),
    }
}

#[tokio::test]
async fn a_direct_message_reaches_who_takes_them() {
    let served = Served::start().await;
    let open = async |user: &str| {
        served.call(Method::POST, "/users/@me/channels", &json!({ "recipient_id": user })).await
    };
    let channel = open(ALICE).await.body;
    assert_eq!((&channel["type"], &channel["recipients"][0]["username"]), (&json!(1), &json!("alice")));
    assert_eq!(open(ALICE).await.body["id"], channel["id"], "one channel for each person");
    assert_eq!(open("42").await.outcome(), "400 50033");
    assert_eq!(errors(&open("alice").await.body), ["recipient_id NUMBER_TYPE_COERCE"]);

    let path = format!("/channels/{}/messages", channel["id"].as_str().unwrap());
    let hello = json!({ "content": "hello" });
    served.play(|discord| discord.permissions = 0);
    assert_eq!(
        served.call(Method::POST, &path, &hello).await.outcome(),
        "200",
        "whatever the bot may in the channel"
    );
    assert_eq!(served.play(|discord| discord.messages[0].only.clone()).as_deref(), Some(ALICE));
    served.play(|discord| discord.close_direct_messages(ALICE));
    assert_eq!(served.call(Method::POST, &path, &hello).await.outcome(), "403 50007");

    let bob = open(BOB).await.body["id"].as_str().unwrap().to_owned();
    served.play(|discord| discord.leave(BOB));
    let stranger = served.call(Method::POST, &format!("/channels/{bob}/messages"), &hello).await;
    assert_eq!(stranger.outcome(), "403 50007");
}

#[tokio::test]
async fn what_is_on_the_screen() {
    let served = Served::start().await;
    let embed = json!({ "title": "Reset", "fields": [{ "name": "Image", "value": "`img-pmqg1cw7`" }] });
    let content = format!(
        "## Wipe **web-7**?\n**Needs**  1 of <@&{}> \u{b7} until <t:1700001800:T>\n**Asked**  <@{ALICE}>",
        cast::DISCORD_ROLE_ID
    );
    served
        .posted(json!({ "content": content, "embeds": [embed], "components": buttons(&["wipe", "cancel"]) }))
        .await;
    insta::assert_snapshot!(served.play(|discord| discord.messages[0].lines()).join("\n"), @"
    Wipe web-7?
    Needs    1 of @oncall · until 22:43:20
    Asked    @alice
    Reset
    Image    img-pmqg1cw7
    [ wipe ]  [ cancel ]
    ");
}
