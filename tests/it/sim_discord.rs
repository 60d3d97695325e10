//! The simulated Discord as a bot sees it over loopback: what is demanded, what is refused, what is delivered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cleanslate::domain::Clock;
use cleanslate::outbound::{self, Timeouts};
use cleanslate::sim::discord::answer::{Answer, answer};
use cleanslate::sim::discord::deliver::{Delivery, Press, Submit};
use cleanslate::sim::discord::{DiscordWorld, permission};
use cleanslate::sim::fleet::Fleet;
use cleanslate::sim::{Sim, cast};
use ed25519_dalek::{Signature, VerifyingKey};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Wall time, which stands still.
const NOW: i64 = 1_700_000_000;

const ALICE: &str = cast::DISCORD_USERS[0].1;
const BOB: &str = cast::DISCORD_USERS[1].1;
const MALLORY: &str = cast::DISCORD_USERS[3].1;

/// A simulator that is served until this is dropped.
struct Served {
    sim: Sim,
    address: SocketAddr,
    http: reqwest::Client,
    _tasks: JoinSet<std::io::Result<()>>,
}

/// What every call of a bot carries.
fn headers() -> Vec<(&'static str, String)> {
    vec![
        ("user-agent", "DiscordBot (https://cleanslate.example, 0.1.0)".to_owned()),
        ("authorization", format!("Bot {}", cast::DISCORD_BOT_TOKEN)),
        ("content-type", "application/json".to_owned()),
    ]
}

struct Heard {
    status: u16,
    headers: http::HeaderMap,
    body: Value,
}

impl Heard {
    /// `200`, or `400 50035`.
    fn outcome(&self) -> String {
        match self.body["code"].as_u64() {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("absent", |value| value.to_str().unwrap())
    }
}

impl Served {
    async fn start() -> Self {
        let wall: Clock = Arc::new(now);
        let sim = Sim::new(Fleet::default(), wall);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(sim.clone().serve(listener));
        let seconds = Duration::from_secs(10);
        let http = outbound::client(Timeouts { connect: seconds, total: seconds }).build().unwrap();
        Self { sim, address, http, _tasks: tasks }
    }

    async fn send(&self, method: &Method, path: &str, headers: &[(&str, String)], body: String) -> Heard {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.http.request(method.clone(), url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        Heard { status, headers, body }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Heard {
        self.send(&method, &format!("/discord/api/v10{path}"), &headers(), body.to_string()).await
    }

    async fn post(&self, body: Value) -> Heard {
        self.call(Method::POST, &messages(), &body).await
    }

    /// A message in the channel that was taken; gives its id.
    async fn posted(&self, body: Value) -> String {
        let heard = self.post(body).await;
        assert_eq!(heard.status, 200, "{}", heard.body);
        heard.body["id"].as_str().unwrap().to_owned()
    }

    fn play<T>(&self, play: impl FnOnce(&mut DiscordWorld) -> T) -> T {
        self.sim.discord(play)
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn messages() -> String {
    format!("/channels/{}/messages", cast::DISCORD_CHANNEL_ID)
}

/// A row with one button for each action.
fn buttons(actions: &[&str]) -> Value {
    let button = |action: &&str| {
        let style = if *action == "wipe" { 4 } else { 2 };
        json!({ "type": 2, "style": style, "label": action, "custom_id": format!("v1.{action}.k3v9q") })
    };
    json!([{ "type": 1, "components": actions.iter().map(button).collect::<Vec<_>>() }])
}

/// Every error of a form: `components.0.components.1.label BASE_TYPE_REQUIRED`, in the order of the paths.
fn errors(body: &Value) -> Vec<String> {
    fn walk(at: &str, value: &Value, found: &mut Vec<String>) {
        for (name, inner) in value.as_object().into_iter().flatten() {
            if name == "_errors" {
                let codes = inner.as_array().unwrap().iter();
                found.extend(codes.map(|error| format!("{at} {}", error["code"].as_str().unwrap())));
            } else {
                walk(&format!("{at}{}{name}", if at.is_empty() { "" } else { "." }), inner, found);
            }
        }
    }
    let mut found = Vec::new();
    walk("", &body["errors"], &mut found);
    found
}

#[tokio::test]
async fn a_call_names_its_bot_shows_its_token_and_says_that_it_is_json() {
    let served = Served::start().await;
    let path = format!("/discord/api/v10{}", messages());
    let with = |name: &'static str, value: Option<&str>| {
        let mut headers = headers();
        headers.retain(|(known, _)| *known != name);
        headers.extend(value.map(|value| (name, value.to_owned())));
        headers
    };
    let fine = r#"{"content":"hello"}"#;
    let calls = [
        (headers(), fine, "200"),
        (with("user-agent", None), fine, "403 40333"),
        (with("user-agent", Some("cleanslate/0.1.0")), fine, "403 40333"),
        (with("user-agent", Some("DiscordBot (cleanslate)")), fine, "403 40333"),
        (with("authorization", None), fine, "401 0"),
        (with("authorization", Some(cast::DISCORD_BOT_TOKEN)), fine, "401 0"),
        (with("authorization", Some("Bot somebody.else")), fine, "401 0"),
        (with("content-type", Some("text/plain")), fine, "400 50035"),
        (with("content-type", Some("application/json; charset=utf-8")), fine, "200"),
        (headers(), "{", "400 50109"),
    ];
    for (headers, body, expected) in &calls {
        let heard = served.send(&Method::POST, &path, headers, (*body).to_owned()).await;
        assert_eq!(heard.outcome(), *expected, "{headers:?}");
    }
    let unknown = served.call(Method::GET, "/channels", &Value::Null).await;
    assert_eq!((unknown.status, unknown.body), (404, json!({ "message": "404: Not Found", "code": 0 })));
    let state = served.sim.state();
    assert_eq!(state["discord"]["invalid_requests"], 6, "401s and 403s are counted");
    assert_eq!(state["discord"]["messages"].as_array().unwrap().len(), 2);
}

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

#[tokio::test]
async fn a_message_over_a_limit_is_refused_where_it_is_over() {
    let served = Served::start().await;
    let text = |length: usize| "\u{e4}".repeat(length);
    let field = |name: usize, value: usize| json!({ "name": text(name), "value": text(value) });
    let embed = |embed: Value| json!({ "embeds": [embed] });
    let rows = |count: usize| {
        let row = |n: usize| json!({ "type": 1, "components": [{ "type": 2, "style": 1, "label": "x", "custom_id": n.to_string() }] });
        json!({ "components": (0..count).map(row).collect::<Vec<_>>() })
    };
    let wide = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("a{n}")).collect();
        json!({ "components": buttons(&names.iter().map(String::as_str).collect::<Vec<_>>()) })
    };
    let link = json!({ "type": 2, "style": 5, "label": "docs", "url": "https://example.com/" });
    let fits = [
        json!({ "content": text(2000) }),
        button("label", json!(text(80))),
        button("custom_id", json!(text(100))),
        json!({ "components": [{ "type": 1, "components": [link] }] }),
        rows(5),
        wide(5),
        embed(json!({ "title": text(256), "description": text(4096), "fields": [field(256, 1024)] })),
        json!({ "content": "x", "flags": 4, "nonce": text(25), "allowed_mentions": { "parse": ["users"], "users": [] } }),
    ];
    for body in fits {
        assert_eq!(served.post(body.clone()).await.outcome(), "200", "{body}");
    }
    let mut twins = buttons(&["wipe", "wipe"]);
    twins[0]["components"][1]["disabled"] = true.into();
    let over = [
        json!({ "content": text(2001) }),
        json!({ "content": 7 }),
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
        rows(6),
        wide(6),
        embed(json!({ "title": text(257), "description": text(4097), "footer": { "text": text(2049) } })),
        embed(json!({ "fields": [field(257, 1), field(1, 1025), field(0, 1)] })),
        embed(json!({ "fields": vec![field(1, 1); 26] })),
        json!({ "embeds": vec![json!({ "title": "x" }); 11] }),
        json!({ "embeds": [{ "description": text(4096) }, { "description": text(1905) }] }),
        json!({ "content": "x", "flags": 32768 }),
        json!({ "content": "x", "nonce": text(26) }),
        json!({ "content": "x", "allowed_mentions": { "parse": ["users"], "users": [BOB] } }),
        json!({ "content": "x", "allowed_mentions": { "parse": ["roles"], "roles": [cast::DISCORD_ROLE_ID] } }),
        json!({ "content": "x", "allowed_mentions": { "parse": ["all"], "users": ["bob", BOB, BOB] } }),
        json!({ "content": "x", "allowed_mentions": { "users": vec![BOB; 101] } }),
    ];
    let mut found = Vec::new();
    for body in over {
        let heard = served.post(body.clone()).await;
        assert_eq!(heard.outcome(), "400 50035", "{body}");
        found.push(errors(&heard.body).join(", "));
    }
    insta::assert_snapshot!(found.join("\n"), @"
    content BASE_TYPE_MAX_LENGTH
    content STRING_TYPE_CONVERT
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
    for body in
        [json!({}), json!({ "content": " \n" }), json!({ "content": "", "embeds": [], "components": [] })]
    {
        assert_eq!(served.post(body).await.outcome(), "400 50006");
    }
    let shape = served.post(json!({ "content": text(2001) })).await.body;
    let error = json!({ "code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length." });
    let expected = json!({ "code": 50035, "message": "Invalid Form Body", "errors": { "content": { "_errors": [error] } } });
    assert_eq!(shape, expected);
}

#[tokio::test]
async fn an_enforced_nonce_posts_once() {
    let served = Served::start().await;
    let body =
        |text: &str, enforce: bool| json!({ "content": text, "nonce": "k3v9q-0", "enforce_nonce": enforce });
    let first = served.post(body("one", true)).await.body;
    assert_eq!(first["nonce"], "k3v9q-0");
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
async fn roles_are_looked_up_and_can_be_taken_away() {
    let served = Served::start().await;
    let look = async |guild: &str, user: &str| {
        served.call(Method::GET, &format!("/guilds/{guild}/members/{user}"), &Value::Null).await
    };
    let guild = cast::DISCORD_GUILD_ID;
    let bob = look(guild, BOB).await.body;
    assert_eq!((&bob["roles"], &bob["user"]["id"]), (&json!([cast::DISCORD_ROLE_ID]), &json!(BOB)));
    assert_eq!(look(guild, ALICE).await.body["roles"], json!([]));
    served.play(|discord| discord.set_roles(BOB, &[]));
    assert_eq!(look(guild, BOB).await.body["roles"], json!([]));
    served.play(|discord| discord.leave(BOB));
    assert_eq!(look(guild, BOB).await.outcome(), "404 10007");
    served.play(|discord| discord.set_roles(BOB, &["9"]));
    assert_eq!(look(guild, BOB).await.body["roles"], json!(["9"]));
    assert_eq!(look(guild, "42").await.outcome(), "404 10013");
    assert_eq!(look("42", BOB).await.outcome(), "404 10004");
    assert_eq!(look(guild, "bob").await.outcome(), "400 50035");
}

fn option(name: &str, required: bool) -> Value {
    json!({ "type": 3, "name": name, "description": "words", "required": required })
}

fn command(options: &[Value]) -> Value {
    json!([{ "name": "reset", "description": "Reinstall a server", "options": options, "contexts": [0] }])
}

#[tokio::test]
async fn commands_are_replaced_as_a_whole_and_keep_their_ids() {
    let served = Served::start().await;
    let everywhere = format!("/applications/{}/commands", cast::DISCORD_APPLICATION_ID);
    let here =
        format!("/applications/{}/guilds/{}/commands", cast::DISCORD_APPLICATION_ID, cast::DISCORD_GUILD_ID);
    let mut two = command(&[option("instance", true), option("image", false)]);
    let sub =
        json!({ "type": 1, "name": "status", "description": "words", "options": [option("request", false)] });
    two.as_array_mut()
        .unwrap()
        .push(json!({ "name": "resets", "description": "Requests", "options": [sub] }));
    let first = served.call(Method::PUT, &here, &two).await.body;
    assert_eq!(
        (&first[1]["name"], &first[1]["guild_id"]),
        (&json!("resets"), &json!(cast::DISCORD_GUILD_ID))
    );
    let second = served.call(Method::PUT, &here, &command(&[option("instance", true)])).await.body;
    assert_eq!((second.as_array().unwrap().len(), &second[0]["id"]), (1, &first[0]["id"]));
    assert_ne!(second[0]["version"], first[0]["version"]);
    assert_eq!(served.call(Method::GET, &here, &Value::Null).await.body, second);
    assert_eq!(
        served.call(Method::GET, &everywhere, &Value::Null).await.body,
        json!([]),
        "each place has its own"
    );
    let global = served.call(Method::PUT, &everywhere, &command(&[])).await.body;
    assert_eq!(global[0].get("guild_id"), None);
    let delivered = served.play(|discord| discord.command(ALICE, "/reset ins-1", "1", now())).unwrap();
    assert_eq!(body(&delivered)["data"]["id"], global[0]["id"], "a command carries its registered id");
    for (path, expected) in [
        ("/applications/42/commands", "404 10002"),
        ("/applications/1100000000000000001/guilds/42/commands", "403 50001"),
    ] {
        assert_eq!(served.call(Method::PUT, path, &command(&[])).await.outcome(), expected);
    }
}

#[tokio::test]
async fn a_command_over_a_limit_is_refused_where_it_is_over() {
    let served = Served::start().await;
    let path = format!("/applications/{}/commands", cast::DISCORD_APPLICATION_ID);
    let changed = |name: &str, value: Value| {
        let mut changed = command(&[]);
        changed[0][name] = value;
        changed
    };
    let of = |name: &str, value: Value| {
        let mut option = option("instance", true);
        option[name] = value;
        command(&[option])
    };
    let sub = json!({ "type": 1, "name": "status", "description": "words" });
    let long = |n: usize| json!({ "type": 3, "name": format!("o{n}"), "description": "x".repeat(100), "choices": vec![json!({ "name": "y".repeat(100), "value": "z" }); 3] });
    let cases = [
        changed("name", json!("Reset")),
        changed("name", json!("re set")),
        changed("name", json!("r".repeat(33))),
        changed("description", json!("")),
        changed("description", json!("d".repeat(101))),
        changed("default_member_permissions", json!(0)),
        changed("contexts", json!([3])),
        changed("type", json!(2)),
        command(&[option("image", false), option("instance", true)]),
        command(&[option("image", false), option("image", false)]),
        command(&[sub.clone(), option("image", false)]),
        command(&(0..26).map(|n| option(&format!("o{n}"), false)).collect::<Vec<_>>()),
        command(&(0..25).map(long).collect::<Vec<_>>()),
        of("type", json!(12)),
        of("type", Value::Null),
        of("description", Value::Null),
        of("min_length", json!(6001)),
        of("max_length", json!(0)),
        of("choices", json!([{ "name": "", "value": "on" }])),
        json!([command(&[])[0], command(&[])[0]]),
        json!([{ "name": "resets", "description": "words", "options": [{ "type": 1, "name": "a", "description": "b", "options": [sub] }] }]),
        Value::Null,
    ];
    let mut found = Vec::new();
    for body in cases {
        let heard = served.call(Method::PUT, &path, &body).await;
        assert_eq!(heard.outcome(), "400 50035", "{body}");
        found.push(errors(&heard.body).join(", "));
    }
    insta::assert_snapshot!(found.join("\n"), @"
    0.name APPLICATION_COMMAND_INVALID_NAME
    0.name APPLICATION_COMMAND_INVALID_NAME
    0.name BASE_TYPE_BAD_LENGTH
    0.description BASE_TYPE_BAD_LENGTH
    0.description BASE_TYPE_BAD_LENGTH
    0.default_member_permissions NUMBER_TYPE_COERCE
    0.contexts.0 BASE_TYPE_CHOICES
    0.type BASE_TYPE_CHOICES
    0.options.1 APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID
    0.options.1 APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS
    0.options APPLICATION_COMMAND_OPTIONS_TYPE_INVALID
    0.options BASE_TYPE_MAX_LENGTH
    0 APPLICATION_COMMAND_TOO_LARGE
    0.options.0.type BASE_TYPE_CHOICES
    0.options.0.type BASE_TYPE_REQUIRED
    0.options.0.description BASE_TYPE_REQUIRED
    0.options.0.min_length BASE_TYPE_CHOICES
    0.options.0.max_length BASE_TYPE_CHOICES
    0.options.0.choices.0.name BASE_TYPE_BAD_LENGTH
    1 APPLICATION_COMMANDS_DUPLICATE_NAME
    0.options.0.options APPLICATION_COMMAND_OPTIONS_TYPE_INVALID
     BASE_TYPE_REQUIRED
    ");
    assert_eq!(served.call(Method::GET, &path, &Value::Null).await.body, json!([]));
}

#[tokio::test]
async fn faults_are_armed_for_any_call_or_for_a_route() {
    let served = Served::start().await;
    let arm = |fault: &str| served.play(|discord| discord.arm(fault, 1)).unwrap();
    let hello = || served.post(json!({ "content": "hello" }));
    for (fault, expected) in
        [("50013", "403 50013"), ("10008", "404 10008"), ("500", "500 0"), ("503", "503 0")]
    {
        arm(fault);
        assert_eq!(hello().await.outcome(), expected);
    }
    arm("429");
    let limited = hello().await;
    assert_eq!(
        limited.body,
        json!({ "message": "You are being rate limited.", "retry_after": 1.25, "global": false })
    );
    assert_eq!((limited.status, limited.header("retry-after")), (429, "2"));
    arm("429-global");
    let limited = hello().await;
    assert_eq!((&limited.body["global"], limited.header("x-ratelimit-global")), (&json!(true), "true"));
    assert!(served.play(|discord| discord.messages.is_empty()), "nothing was done");
    arm("lost-answer");
    assert_eq!(hello().await.outcome(), "500 0");
    assert_eq!(served.play(|discord| discord.messages.len()), 1, "done, and nobody was told");

    let route = format!("PATCH {}", messages());
    served.play(|discord| discord.arm_route(&route, "50001", 2)).unwrap();
    let id = served.posted(json!({ "content": "hello" })).await;
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        let path = format!("{}/{id}", messages());
        outcomes.push(served.call(Method::PATCH, &path, &json!({ "content": "x" })).await.outcome());
    }
    assert_eq!(outcomes, ["403 50001", "403 50001", "200"]);
    let unknown = served.play(|discord| discord.arm("drop", 1)).unwrap_err();
    insta::assert_snapshot!(unknown, @"`drop` is not a fault; there are 429, 429-global, lost-answer, 500 to 599, and Discord's error codes");
}

#[tokio::test]
async fn too_many_calls_of_one_channel_wait_for_the_next_window() {
    let served = Served::start().await;
    let read = || async { served.call(Method::GET, &messages(), &Value::Null).await };
    let first = read().await;
    assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("50", "49"));
    assert_eq!(first.header("x-ratelimit-bucket").len(), 32);
    for _ in 0..49 {
        assert_eq!(read().await.status, 200);
    }
    served.sim.advance(Duration::from_millis(500));
    let over = read().await;
    assert_eq!(
        (over.status, &over.body["retry_after"], &over.body["global"]),
        (429, &json!(4.5), &json!(false))
    );
    let names = [
        "retry-after",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-ratelimit-reset-after",
        "x-ratelimit-scope",
    ];
    assert_eq!(names.map(|name| over.header(name)), ["5", "0", "1700000005.000", "4.500", "user"]);
    let other = served.post(json!({ "content": "hello" })).await;
    assert_eq!(other.status, 200, "another route has its own bucket");
    served.sim.advance(Duration::from_millis(4500));
    assert_eq!(read().await.status, 200);
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_str(&delivery.body).unwrap()
}

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
    assert_eq!(press["data"], json!({ "component_type": 2, "id": 2, "custom_id": "v1.wipe.k3v9q" }));
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
    json!({ "type": 9, "data": { "custom_id": "v1.typed.k3v9q", "title": "Wipe web-7", "components": [label] } })
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
        json!({ "custom_id": "v1.typed.k3v9q", "components": [{ "type": 18, "id": 1, "component": field }] });
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

#[test]
fn an_answer_over_a_limit_is_refused_where_it_is_over() {
    let text = |length: usize| json!("x".repeat(length));
    let label = modal()["data"]["components"][0].clone();
    let input = "/components/0/component";
    let legacy = json!([{ "type": 1, "components": [{ "type": 4, "custom_id": "typed", "style": 1, "label": "Type it" }] }]);
    let fits = [
        json!({ "type": 1 }),
        json!({ "type": 6 }),
        json!({ "type": 7, "data": { "components": [] } }),
        modal(),
        form("/title", text(45)),
        form("/components", legacy),
        form(&format!("{input}/placeholder"), text(100)),
        form(&format!("{input}/max_length"), json!(4000)),
    ];
    for body in fits {
        assert!(answer(&body).is_ok(), "{body}");
    }
    let over = [
        json!({}),
        json!({ "type": 5 }),
        json!({ "type": 4, "data": { "content": " " } }),
        json!({ "type": 4, "data": { "content": text(2001), "flags": 128 } }),
        json!({ "type": 7, "data": { "content": "x", "components": [{ "type": 2 }], "allowed_mentions": { "parse": ["users"], "users": [BOB] } } }),
        form("/title", text(46)),
        form("/title", json!("")),
        form("/custom_id", text(101)),
        form("/custom_id", Value::Null),
        form("/components", json!([])),
        form("/components", json!(vec![label.clone(); 6])),
        form("/components", json!([label, label])),
        form("/components", json!([{ "type": 4, "custom_id": "typed", "style": 1 }])),
        form("/components", json!([{ "type": 1, "components": [] }])),
        form(
            "/components",
            json!([{ "type": 1, "components": [{ "type": 4, "custom_id": "typed", "style": 1 }] }]),
        ),
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

#[tokio::test]
async fn the_control_api_shows_and_arms_discord_too() {
    let served = Served::start().await;
    served.posted(json!({ "content": format!("<@{BOB}>") })).await;
    let control =
        async |path: &str, body: Value| served.send(&Method::POST, path, &[], body.to_string()).await;
    let arm = |fault: &str| json!({ "platform": "discord", "fault": fault, "action": "GET /guilds" });
    let state = control("/_sim/faults", arm("10007")).await.body;
    assert_eq!(state["discord"]["messages"][0]["pings"], json!([BOB]));
    let member = format!("/guilds/{}/members/{BOB}", cast::DISCORD_GUILD_ID);
    assert_eq!(served.post(json!({ "content": "hello" })).await.status, 200, "another route");
    assert_eq!(served.call(Method::GET, &member, &Value::Null).await.outcome(), "404 10007");
    assert_eq!(control("/_sim/faults", arm("hang")).await.status, 400);
    served.play(|discord| discord.leave(BOB));
    let state = control("/_sim/reset", Value::Null).await.body;
    assert_eq!(
        (&state["discord"]["messages"], state["discord"]["members"][BOB].is_null()),
        (&json!([]), false)
    );
    let ready = cast::ready(served.address);
    let names: Vec<&str> = ready["discord"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["application_id", "bot_token", "channel_id", "guild_id", "public_key"]);
}
