//! The client against an HTTP server that answers as Slack's method pages say.

use std::sync::Arc;
use std::time::Duration;

use cleanslate::chat::slack::client::Client;
use cleanslate::chat::{Chat as _, ChatError};
use cleanslate::domain::id::{MessageRef, Place, Platform};
use cleanslate::domain::notice::{Line, Notice, Span, Tone};
use cleanslate::outbound::Timeouts;
use futures_util::FutureExt as _;
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;

use super::fixture;
use super::stage::{self, Answer, Call};

const TOKEN: &str = "xoxb-canary-5fd1";
const OK: &str = r#"{"ok":true,"channel":"C111","ts":"1700000000.000100"}"#;

fn refused(code: &str) -> Answer {
    Answer::Ok(json!({ "ok": false, "error": code }).to_string())
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

/// Runs `talk` against a server with these answers; gives its result and the calls.
async fn with<T>(
    answers: impl IntoIterator<Item = Answer>,
    talk: impl AsyncFnOnce(Client) -> T,
) -> (T, Vec<Call>) {
    let (out, calls) = stage::with(answers, async |address| talk(client(&address)).await).await;
    for call in &calls {
        assert_eq!(
            (call.method.as_str(), call.header("content-type")),
            ("POST", "application/json; charset=utf-8")
        );
    }
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
    assert_eq!(calls[0].path, "/api/chat.postMessage");
    assert_eq!(calls[0].header("authorization"), format!("Bearer {TOKEN}"));
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
    assert_eq!(calls[0].path, "/api/chat.update");
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
    assert_eq!(calls[0].path, "/api/chat.postEphemeral");
    assert_eq!((&calls[0].body["channel"], &calls[0].body["user"]), (&json!("C111"), &json!("U222")));

    for name in ["api_not_in_channel", "api_channel_not_found"] {
        let answers = [Answer::Ok(fixture(&format!("slack/{name}.json"))), Answer::Ok(OK.to_owned())];
        let (told, calls) = with(answers, tell).await;
        assert_eq!(told, Ok(()), "{name}");
        assert_eq!(
            (calls[1].path.as_str(), &calls[1].body["channel"]),
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
    let waits = posting(Answer::status(429, &[("retry-after", "37")])).await;
    assert_eq!(waits, Err(ChatError::RateLimited(37)));
    for headers in [&[][..], &[("retry-after", "soon")]] {
        assert_eq!(posting(Answer::status(429, headers)).await, Err(ChatError::RateLimited(10)));
    }
}

#[tokio::test]
async fn a_lost_answer_is_unclear_and_never_asked_for_again() {
    let odd = [
        Answer::Hang,
        Answer::Cut,
        Answer::status(500, &[]),
        Answer::status(302, &[("location", "/elsewhere")]),
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
