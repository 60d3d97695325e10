//! The client against an HTTP server that answers as Slack's method pages say.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response};
use cleanslate::chat::slack::client::Client;
use cleanslate::chat::{Chat as _, ChatError};
use cleanslate::domain::id::{MessageRef, Place, Platform};
use cleanslate::domain::notice::{Line, Notice, Span, Tone};
use cleanslate::outbound::Timeouts;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::fixture;

const TOKEN: &str = "xoxb-canary-5fd1";
const OK: &str = r#"{"ok":true,"channel":"C111","ts":"1700000000.000100"}"#;

/// What the server does with one call.
enum Answer {
    Ok(String),
    Status(u16, &'static [(&'static str, &'static str)]),
    /// Never answers.
    Hang,
    /// Closes the connection in the middle of the answer.
    Cut,
}

fn refused(code: &str) -> Answer {
    Answer::Ok(json!({ "ok": false, "error": code }).to_string())
}

#[derive(Clone)]
struct Server {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

struct Call {
    method: String,
    authorization: String,
    body: Value,
}

async fn serve(State(server): State<Server>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(parts.headers["content-type"], "application/json; charset=utf-8");
    server.calls.lock().unwrap().push(Call {
        method: parts.uri.path().to_owned(),
        authorization: parts.headers["authorization"].to_str().unwrap().to_owned(),
        body: serde_json::from_slice(&body).unwrap(),
    });
    let answer = server.answers.lock().unwrap().pop_front().expect("a call too many");
    match answer {
        Answer::Ok(json) => Response::new(Body::from(json)),
        Answer::Status(status, headers) => {
            let response = Response::builder().status(status);
            headers
                .iter()
                .fold(response, |r, (name, value)| r.header(*name, *value))
                .body(Body::empty())
                .unwrap()
        }
        Answer::Hang => std::future::pending().await,
        Answer::Cut => {
            let broken = futures_util::stream::iter([Ok("{\"ok\":"), Err(std::io::Error::other("cut"))]);
            Response::new(Body::from_stream(broken))
        }
    }
}

fn client(address: &str) -> Client {
    let second = Duration::from_secs(1);
    let token = Arc::new(|| async { Ok(SecretString::from(TOKEN)) }.boxed());
    Client::new(
        address.parse().unwrap(),
        "/reset".to_owned(),
        token,
        Timeouts { connect: second, total: second },
    )
    .unwrap()
}

/// Runs `talk` against a server with these answers; gives its result and the calls. Every answer must be used.
async fn with<T>(
    answers: impl IntoIterator<Item = Answer>,
    talk: impl AsyncFnOnce(Client) -> T,
) -> (T, Vec<Call>) {
    let server =
        Server { answers: Arc::new(Mutex::new(answers.into_iter().collect())), calls: Arc::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("http://{}/api", listener.local_addr().unwrap()));
    let router = Router::new().fallback(serve).with_state(server.clone());
    let out = tokio::select! {
        ended = axum::serve(listener, router).into_future() => panic!("the server ended: {ended:?}"),
        out = talk(client) => out,
    };
    assert!(server.answers.lock().unwrap().is_empty(), "an answer was not asked for");
    let calls = std::mem::take(&mut *server.calls.lock().unwrap());
    (out, calls)
}

fn place() -> Place {
    Place { platform: Platform::Slack, org: "T111".to_owned(), channel: "C111".to_owned() }
}

fn ts(text: &str) -> MessageRef {
    MessageRef(text.to_owned())
}

fn notice() -> Notice {
    let line =
        Line { tone: Tone::Plain, label: None, spans: vec![Span::Text("Nothing was wiped.".to_owned())] };
    Notice { lines: vec![line], ..Notice::default() }
}

async fn posting(answer: Answer) -> Result<MessageRef, ChatError> {
    with([answer], async |slack| slack.post(&place(), &notice(), None, "k").await).await.0
}

#[tokio::test]
async fn a_message_is_posted_with_the_token_in_the_header_alone() {
    let answer = Answer::Ok(fixture("slack/api_chat_postMessage_ok.json"));
    let (posted, calls) =
        with([answer], async |slack| slack.post(&place(), &notice(), None, "k").await).await;
    assert_eq!(posted, Ok(ts("1700000000.000100")));
    assert_eq!(calls[0].method, "/api/chat.postMessage");
    assert_eq!(calls[0].authorization, format!("Bearer {TOKEN}"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&calls[0].body).unwrap(), @r#"
    {
      "blocks": [
        {
          "text": {
            "text": "Nothing was wiped.",
            "type": "mrkdwn",
            "verbatim": true
          },
          "type": "section"
        }
      ],
      "channel": "C111",
      "link_names": false,
      "text": "Nothing was wiped.",
      "unfurl_links": false,
      "unfurl_media": false
    }
    "#);
}

#[tokio::test]
async fn a_reply_is_heard_by_the_channel_and_outlives_its_thread() {
    let parent = ts("1.2");
    let reply = async |slack: Client| slack.post(&place(), &notice(), Some(&parent), "k").await;
    let (posted, calls) = with([Answer::Ok(OK.to_owned())], reply).await;
    assert!(posted.is_ok());
    assert_eq!(
        (&calls[0].body["thread_ts"], &calls[0].body["reply_broadcast"]),
        (&json!("1.2"), &json!(true))
    );

    let (posted, calls) = with([refused("thread_not_found"), Answer::Ok(OK.to_owned())], reply).await;
    assert!(posted.is_ok());
    assert_eq!(calls[1].body.get("thread_ts"), None);

    let (posted, _) = with([Answer::Hang], reply).await;
    assert!(matches!(posted, Err(ChatError::Unclear(_))), "it may have arrived, so it is not posted again");
}

#[tokio::test]
async fn an_update_always_carries_its_blocks() {
    let edit = async |slack: Client| slack.update(&place(), &ts("1.2"), &notice()).await;
    let (edited, calls) = with([Answer::Ok(OK.to_owned())], edit).await;
    assert_eq!(edited, Ok(()));
    assert_eq!(calls[0].method, "/api/chat.update");
    assert_eq!((&calls[0].body["channel"], &calls[0].body["ts"]), (&json!("C111"), &json!("1.2")));
    assert!(calls[0].body["blocks"].as_array().is_some_and(|blocks| !blocks.is_empty()));

    for name in ["api_cant_update_message", "api_message_not_found"] {
        let (edited, _) = with([Answer::Ok(fixture(&format!("slack/{name}.json")))], edit).await;
        assert!(matches!(edited, Err(ChatError::NotEditable(_))), "{name}: {edited:?}");
    }
}

#[tokio::test]
async fn a_private_word_goes_by_direct_message_where_the_bot_is_not_in_the_channel() {
    let tell = async |slack: Client| slack.tell(&place(), "U222", &notice(), "k").await;
    let (told, calls) = with([Answer::Ok(r#"{"ok":true,"message_ts":"1.2"}"#.to_owned())], tell).await;
    assert_eq!(told, Ok(()));
    assert_eq!(calls[0].method, "/api/chat.postEphemeral");
    assert_eq!((&calls[0].body["channel"], &calls[0].body["user"]), (&json!("C111"), &json!("U222")));

    for name in ["api_not_in_channel", "api_channel_not_found"] {
        let answers = [Answer::Ok(fixture(&format!("slack/{name}.json"))), Answer::Ok(OK.to_owned())];
        let (told, calls) = with(answers, tell).await;
        assert_eq!(told, Ok(()), "{name}");
        assert_eq!(
            (calls[1].method.as_str(), &calls[1].body["channel"]),
            ("/api/chat.postMessage", &json!("U222"))
        );
    }
    let (told, _) = with([refused("not_in_channel"), refused("messages_tab_disabled")], tell).await;
    assert_eq!(told, Err(ChatError::NoAccess("messages_tab_disabled".to_owned())));
    let (told, calls) = with([refused("invalid_auth")], tell).await;
    assert_eq!((told, calls.len()), (Err(ChatError::NoAccess("invalid_auth".to_owned())), 1));
}

#[tokio::test]
async fn what_slack_refuses_is_sorted_by_what_to_do_next() {
    let mut said = Vec::new();
    for name in ["ratelimited", "not_in_channel", "invalid_auth", "missing_scope", "invalid_blocks"] {
        let answer = Answer::Ok(fixture(&format!("slack/api_{name}.json")));
        said.push(format!("{:?}", posting(answer).await.unwrap_err()));
    }
    said.push(format!("{:?}", posting(refused("internal_error")).await.unwrap_err()));
    insta::assert_snapshot!(said.join("\n"), @r#"
    RateLimited(10)
    NoAccess("not_in_channel")
    NoAccess("invalid_auth")
    NoAccess("missing_scope")
    NoAccess("invalid_blocks")
    Unclear("internal_error")
    "#);
}

#[tokio::test]
async fn too_fast_says_how_long_to_wait() {
    let waits = posting(Answer::Status(429, &[("retry-after", "37")])).await;
    assert_eq!(waits, Err(ChatError::RateLimited(37)));
    for headers in [&[][..], &[("retry-after", "soon")]] {
        assert_eq!(posting(Answer::Status(429, headers)).await, Err(ChatError::RateLimited(10)));
    }
}

#[tokio::test]
async fn a_lost_answer_is_unclear_and_never_asked_for_again() {
    let odd = [
        Answer::Hang,
        Answer::Cut,
        Answer::Status(500, &[]),
        Answer::Status(302, &[("location", "/elsewhere")]),
        Answer::Ok("<html>".to_owned()),
        Answer::Ok(r#"{"ok":true}"#.to_owned()),
    ];
    for answer in odd {
        let (posted, calls) =
            with([answer], async |slack| slack.post(&place(), &notice(), None, "k").await).await;
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
    let tokenless =
        Client::new(format!("http://{closed}/").parse().unwrap(), "/reset".to_owned(), token, timeouts)
            .unwrap();
    let posted = tokenless.post(&place(), &notice(), None, "k").await;
    assert_eq!(posted, Err(ChatError::Unclear("the bot token could not be read".to_owned())));
}
