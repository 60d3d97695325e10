//! The client against an HTTP server that answers as Discord's reference says.

use std::sync::Arc;
use std::time::Duration;

use cleanslate::chat::discord::client::Client;
use cleanslate::chat::discord::commands::commands;
use cleanslate::chat::{Chat, ChatError, Voices};
use cleanslate::domain::id::{Actor, MessageRef, Place, Platform, Principal};
use cleanslate::domain::notice::{Line, Notice, Span, Tone};
use cleanslate::domain::policy::Caller;
use cleanslate::outbound::Timeouts;
use futures_util::FutureExt as _;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::stage::{self, Answer, Call};

const TOKEN: &str = "canary-9b1e.token";

fn client(address: &str) -> Client {
    let second = Duration::from_secs(1);
    let token = Arc::new(|| async { Ok(SecretString::from(TOKEN)) }.boxed());
    let timeouts = Timeouts { connect: second, total: second };
    Client::new(address.parse().unwrap(), "reset".to_owned(), token, timeouts).unwrap()
}

/// Runs `talk` against a server with these answers; gives its result and the calls.
async fn with<T>(
    answers: impl IntoIterator<Item = Answer>,
    talk: impl AsyncFnOnce(Client) -> T,
) -> (T, Vec<Call>) {
    let (out, calls) = stage::with(answers, async |address| talk(client(&address)).await).await;
    for call in &calls {
        assert_eq!(call.header("authorization"), format!("Bot {TOKEN}"));
        assert!(
            call.header("user-agent").starts_with("DiscordBot (https://"),
            "{}",
            call.header("user-agent")
        );
        let typed = if call.method == "GET" { "" } else { "application/json" };
        assert_eq!(call.header("content-type"), typed);
    }
    (out, calls)
}

fn named(id: &str) -> Answer {
    Answer::Ok(json!({ "id": id, "type": 0 }).to_string())
}

fn refused(status: u16, code: u64, message: &str) -> Answer {
    Answer::Status(status, &[], json!({ "code": code, "message": message }).to_string())
}

fn place() -> Place {
    Place { platform: Platform::Discord, org: "2".to_owned(), channel: "5".to_owned() }
}

fn id(text: &str) -> MessageRef {
    MessageRef(text.to_owned())
}

fn notice() -> Notice {
    let bob = Span::Principal(Principal::Discord("4".to_owned()));
    let spans = vec![bob, Span::Text(" asked. Nothing was wiped.".to_owned())];
    Notice { lines: vec![Line { tone: Tone::Plain, label: None, spans }], ..Notice::default() }
}

fn caller(user: &str) -> Caller {
    let actor = Actor {
        platform: Platform::Discord,
        org: "2".to_owned(),
        user: user.to_owned(),
        name: "alice".to_owned(),
    };
    Caller {
        actor,
        app: "1".to_owned(),
        place: place(),
        direct: false,
        bot: false,
        borrowed: false,
        proven: Vec::new(),
    }
}

/// Method and path of each call.
fn paths(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|call| format!("{} {}", call.method, call.path)).collect()
}

async fn posting(answer: Answer) -> Result<MessageRef, ChatError> {
    with([answer], async |discord| discord.post(&place(), &notice(), None, "k").await).await.0
}

#[tokio::test]
async fn a_message_is_posted_once_and_heard_by_those_it_names() {
    let post = async |discord: Client| discord.post(&place(), &notice(), None, "card 1").await;
    let (posted, calls) = with([named("99")], post).await;
    assert_eq!(posted, Ok(id("99")));
    assert_eq!(paths(&calls), ["POST /api/channels/5/messages"]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&calls[0].body).unwrap(), @r#"
    {
      "allowed_mentions": {
        "parse": [],
        "roles": [],
        "users": [
          "4"
        ]
      },
      "attachments": [],
      "components": [],
      "content": "<@4> asked. Nothing was wiped.",
      "embeds": [],
      "enforce_nonce": true,
      "nonce": "wzmvwza3sdmpbvonacvylhunb",
      "sticker_ids": [],
      "tts": false
    }
    "#);

    let (_, again) = with([named("99")], post).await;
    assert_eq!(again[0].body["nonce"], calls[0].body["nonce"]);
    let (_, other) =
        with([named("98")], async |discord| discord.post(&place(), &notice(), None, "card 2").await).await;
    assert_ne!(other[0].body["nonce"], calls[0].body["nonce"]);
}

#[tokio::test]
async fn a_reply_does_without_what_it_answers_where_it_must() {
    let card = id("99");
    let reply = async |discord: Client| discord.post(&place(), &notice(), Some(&card), "k").await;
    let (posted, calls) = with([named("100")], reply).await;
    assert_eq!(posted, Ok(id("100")));
    let reference = &calls[0].body["message_reference"];
    assert_eq!((&reference["message_id"], &reference["channel_id"]), (&json!("99"), &json!("5")));
    assert_eq!(reference["fail_if_not_exists"], false);

    let no_history = refused(400, 160_002, "Cannot reply without permission to read message history");
    let (posted, calls) = with([no_history, named("100")], reply).await;
    assert_eq!(posted, Ok(id("100")));
    assert_eq!(calls[1].body.get("message_reference"), None);

    let (posted, _) = with([Answer::Hang], reply).await;
    assert!(matches!(posted, Err(ChatError::Unclear(_))), "it may have arrived, so it is not posted again");
}

#[tokio::test]
async fn an_update_is_quiet_and_takes_the_buttons_away() {
    let edit = async |discord: Client| discord.update(&place(), &id("99"), &notice()).await;
    let (edited, calls) = with([named("99")], edit).await;
    assert_eq!(edited, Ok(()));
    assert_eq!(paths(&calls), ["PATCH /api/channels/5/messages/99"]);
    assert_eq!(calls[0].body["components"], json!([]));
    assert_eq!(calls[0].body["allowed_mentions"], json!({ "parse": [], "users": [], "roles": [] }));

    let gone = [
        refused(404, 10008, "Unknown Message"),
        refused(400, 30046, "Maximum number of edits to messages older than 1 hour reached."),
        refused(403, 50005, "Cannot edit a message authored by another user"),
    ];
    for answer in gone {
        let (edited, _) = with([answer], edit).await;
        assert!(matches!(edited, Err(ChatError::NotEditable(_))), "{edited:?}");
    }
}

#[tokio::test]
async fn a_private_word_goes_to_the_channel_only_where_no_direct_message_is_taken() {
    let tell = async |discord: Client| discord.tell(&place(), "3", &notice(), "k").await;
    let (told, calls) = with([named("7"), named("99")], tell).await;
    assert_eq!(told, Ok(()));
    assert_eq!(paths(&calls), ["POST /api/users/@me/channels", "POST /api/channels/7/messages"]);
    assert_eq!(calls[0].body, json!({ "recipient_id": "3" }));
    assert_eq!(calls[1].body["allowed_mentions"], json!({ "parse": [], "users": [], "roles": [] }));

    let closed = || refused(403, 50007, "Cannot send messages to this user");
    for answers in [vec![named("7"), closed(), named("99")], vec![closed(), named("99")]] {
        let (told, calls) = with(answers, tell).await;
        assert_eq!(told, Ok(()));
        let last = calls.last().unwrap();
        assert_eq!(last.path, "/api/channels/5/messages");
        assert_eq!(last.body["content"], "<@3>\n<@4> asked. Nothing was wiped.");
        assert_eq!(last.body["allowed_mentions"], json!({ "parse": [], "users": ["3"], "roles": [] }));
    }

    let (told, _) = with([refused(401, 0, "401: Unauthorized")], tell).await;
    assert_eq!(told, Err(ChatError::NoAccess("401: Unauthorized".to_owned())));
    let (told, _) = with([refused(400, 40003, "You are opening direct messages too fast")], tell).await;
    assert_eq!(told, Err(ChatError::RateLimited(10)));
    let (told, _) = with([named("7"), Answer::Hang], tell).await;
    assert!(matches!(told, Err(ChatError::Unclear(_))), "{told:?}");
}

#[tokio::test]
async fn the_roles_of_a_member_are_proven_anew() {
    let look = async |discord: Client| discord.proven(&caller("3")).await;
    let member = Answer::Ok(json!({ "user": { "id": "3" }, "roles": ["4", "2"] }).to_string());
    let (proven, calls) = with([member], look).await;
    assert_eq!(proven, Ok(vec![Principal::DiscordRole("4".to_owned())]), "2 is the guild: everybody has it");
    assert_eq!(paths(&calls), ["GET /api/guilds/2/members/3"]);

    assert_eq!(with([refused(404, 10007, "Unknown Member")], look).await.0, Ok(Vec::new()));
    let (proven, _) = with([refused(403, 50001, "Missing Access")], look).await;
    assert_eq!(proven, Err(ChatError::NoAccess("50001 Missing Access".to_owned())));
    let (proven, _) = with([Answer::Ok("{}".to_owned())], look).await;
    assert!(matches!(proven, Err(ChatError::Unclear(_))), "{proven:?}");

    let elsewhere = async |discord: Client| discord.proven(&caller("../../channels/5?x=")).await;
    let (_, calls) = with([refused(404, 0, "404: Not Found")], elsewhere).await;
    assert_eq!(paths(&calls), ["GET /api/guilds/2/members/..%2F..%2Fchannels%2F5%3Fx="]);
}

#[tokio::test]
async fn what_discord_refuses_is_sorted_by_what_to_do_next() {
    let fault = json!({
        "code": 50035,
        "message": "Invalid Form Body",
        "errors": { "components": { "0": { "components": { "1": { "custom_id": { "_errors": [
            { "code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 100 or fewer in length." }
        ] } } } } } },
    });
    let answers = [
        refused(404, 10003, "Unknown Channel"),
        refused(403, 50001, "Missing Access"),
        refused(403, 50013, "Missing Permissions"),
        refused(401, 0, "401: Unauthorized"),
        refused(403, 40333, "internal network error"),
        refused(400, 50006, "Cannot send an empty message"),
        Answer::Status(400, &[], fault.to_string()),
        Answer::status(403, &[]),
        Answer::status(408, &[]),
        Answer::Status(400, &[], "{\"code\":1,\"message\":\"".to_owned() + &"x".repeat(500) + "\"}"),
    ];
    let mut said = Vec::new();
    for answer in answers {
        said.push(format!("{:?}", posting(answer).await.unwrap_err()));
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    NoAccess("10003 Unknown Channel")
    NoAccess("50001 Missing Access")
    NoAccess("50013 Missing Permissions")
    NoAccess("401: Unauthorized")
    NoAccess("40333 internal network error")
    NoAccess("50006 Cannot send an empty message")
    NoAccess("50035 Invalid Form Body: components.0.components.1.custom_id BASE_TYPE_MAX_LENGTH")
    NoAccess("HTTP 403")
    Unclear("HTTP 408")
    NoAccess("1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
    "#);
}

#[tokio::test]
async fn too_fast_says_how_long_to_wait() {
    let wait = |seconds: Value| {
        json!({ "message": "You are being rate limited.", "retry_after": seconds }).to_string()
    };
    let header: &[(&str, &str)] = &[("retry-after", "65")];
    for (headers, body, seconds) in [
        (header, wait(json!(64.57)), 65),
        (&[], wait(json!(0.3)), 1),
        (&[], wait(json!(2)), 2),
        (&[], wait(json!(0)), 1),
        (&[], wait(json!(1e9)), 3600),
        (&[], wait(json!(-1)), 10),
        (header, "error code: 1015".to_owned(), 65),
        (&[("retry-after", "soon")], String::new(), 10),
        (&[], String::new(), 10),
    ] {
        let said = posting(Answer::Status(429, headers, body.clone())).await;
        assert_eq!(said, Err(ChatError::RateLimited(seconds)), "{body}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_unclear_and_never_asked_for_again() {
    let odd = [
        Answer::Hang,
        Answer::Cut,
        Answer::status(500, &[]),
        Answer::status(503, &[]),
        Answer::status(302, &[("location", "/elsewhere")]),
        Answer::Ok("<html>".to_owned()),
        Answer::Ok("{}".to_owned()),
    ];
    for answer in odd {
        let (posted, calls) =
            with([answer], async |discord| discord.post(&place(), &notice(), None, "k").await).await;
        let Err(ChatError::Unclear(why)) = posted else { panic!("{posted:?}") };
        assert_eq!(calls.len(), 1, "{why}");
        assert!(!why.contains(TOKEN) && !why.contains("http://"), "{why}");
    }
}

#[tokio::test]
async fn nobody_there_and_no_token_are_unclear_too() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let posted = client(&format!("http://{closed}/")).post(&place(), &notice(), None, "k").await;
    assert!(
        matches!(&posted, Err(ChatError::Unclear(why)) if why.starts_with("no connection")),
        "{posted:?}"
    );

    let token = Arc::new(|| async { Err(anyhow::anyhow!("line 1: {TOKEN}")) }.boxed());
    let second = Duration::from_secs(1);
    let timeouts = Timeouts { connect: second, total: second };
    let address = format!("http://{closed}/").parse().unwrap();
    let tokenless = Client::new(address, "reset".to_owned(), token, timeouts).unwrap();
    let posted = tokenless.post(&place(), &notice(), None, "k").await;
    assert_eq!(posted, Err(ChatError::Unclear("the bot token could not be read".to_owned())));
}

#[tokio::test]
async fn commands_are_read_and_replaced_for_all_servers_or_for_one() {
    let wanted = commands("reset");
    let kept = || Answer::Ok(wanted.to_string());
    let talk = async |discord: Client| {
        for guild in [None, Some("2")] {
            assert_eq!(discord.current("1", guild).await.as_ref(), Ok(&wanted));
            assert_eq!(discord.put("1", guild, &wanted).await.as_ref(), Ok(&wanted));
        }
    };
    let ((), calls) = with([kept(), kept(), kept(), kept()], talk).await;
    assert_eq!(
        paths(&calls),
        [
            "GET /api/applications/1/commands",
            "PUT /api/applications/1/commands",
            "GET /api/applications/1/guilds/2/commands",
            "PUT /api/applications/1/guilds/2/commands",
        ]
    );
    assert_eq!(calls[1].body, wanted);
}

#[tokio::test]
async fn each_place_is_spoken_to_on_its_own_platform() {
    let talk = async |discord: Client| {
        let voices = Voices { slack: None, discord: Some(Arc::new(discord)) };
        let slack = Place { platform: Platform::Slack, ..place() };
        let mute = ChatError::NoAccess("Slack is not configured here".to_owned());
        assert_eq!(voices.post(&slack, &notice(), None, "k").await, Err(mute.clone()));
        assert_eq!(voices.update(&slack, &id("99"), &notice()).await, Err(mute.clone()));
        assert_eq!(voices.tell(&slack, "U3", &notice(), "k").await, Err(mute.clone()));
        assert_eq!(voices.proven(&Caller { place: slack, ..caller("3") }).await, Err(mute));
        voices.post(&place(), &notice(), None, "k").await.unwrap();
        voices.update(&place(), &id("99"), &notice()).await.unwrap();
        voices.tell(&place(), "3", &notice(), "k").await.unwrap();
        voices.proven(&caller("3")).await.unwrap();
    };
    let member = Answer::Ok(r#"{"roles":[]}"#.to_owned());
    let ((), calls) = with([named("99"), named("99"), named("7"), named("99"), member], talk).await;
    assert_eq!(calls.len(), 5);
}
