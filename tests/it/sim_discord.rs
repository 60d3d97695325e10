//! The simulated Discord as a bot sees it over loopback: what is demanded, what is refused, what is delivered.

mod guild;
mod interactions;
mod messages;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cleanslate::domain::Clock;
use cleanslate::outbound::{self, Timeouts};
use cleanslate::sim::discord::DiscordWorld;
use cleanslate::sim::discord::deliver::Delivery;
use cleanslate::sim::fleet::Fleet;
use cleanslate::sim::{Sim, cast};
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
        json!({ "type": 2, "style": style, "label": action, "custom_id": format!("v1.{action}.k3v7q") })
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

fn body(delivery: &Delivery) -> Value {
    serde_json::from_str(&delivery.body).unwrap()
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
