//! Slack's Web API, as far as a bot uses it: stateful and strict. Pure; the caller has the clock and the socket.

mod blocks;
pub mod deliver;
mod limits;
mod schedule;
pub mod screen;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::cast;
use limits::Limits;

/// Longest `text`, in characters; Slack cuts there.
const TEXT_MAX: usize = 40_000;

/// One message that somebody can read.
#[derive(Debug, Clone)]
pub struct Message {
    pub ts: String,
    pub at: Timestamp,
    pub channel: String,
    /// Only this person reads it.
    pub only: Option<String>,
    pub text: String,
    pub blocks: Vec<Value>,
    pub thread: Option<String>,
    pub edits: u32,
}

/// What the workspace holds.
#[derive(Debug)]
pub struct SlackWorld {
    pub messages: Vec<Message>,
    /// Whether the bot is in the channel.
    pub member: bool,
    /// What the token may.
    pub scopes: Vec<&'static str>,
    /// Messages for later cannot be taken back.
    pub keeps_scheduled: bool,
    /// The ids of the messages for later.
    scheduled: Vec<String>,
    /// What the next calls answer instead.
    faults: Vec<String>,
    limits: Limits,
    counter: u32,
}

impl Default for SlackWorld {
    fn default() -> Self {
        Self {
            messages: Vec::new(),
            member: true,
            scopes: vec!["commands", "chat:write", "usergroups:read"],
            keeps_scheduled: false,
            scheduled: Vec::new(),
            faults: Vec::new(),
            limits: Limits::default(),
            counter: 0,
        }
    }
}

type Answer = Result<Value, &'static str>;

impl SlackWorld {
    /// The next `times` calls fail like this: an `error` of the Web API, `ratelimited`, or `lost-answer` (done, but
    /// answered with HTTP 500).
    pub fn arm(&mut self, fault: &str, times: usize) {
        self.faults.extend(std::iter::repeat_n(fault.to_owned(), times));
    }

    /// Answers one call.
    pub fn handle(
        &mut self,
        method: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Response<Bytes> {
        let fault = if self.faults.is_empty() { None } else { Some(self.faults.remove(0)) };
        let lost = match fault.as_deref() {
            Some("ratelimited") => return too_fast(2),
            Some("lost-answer") => true,
            Some(error) => return refusal(error),
            None => false,
        };
        let answer = self.answer(method, headers, body, now);
        if lost { Response::builder().status(500).body(Bytes::new()).unwrap_or_default() } else { answer }
    }

    fn answer(&mut self, method: &str, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Response<Bytes> {
        let body = match read(headers, body) {
            Ok(body) => body,
            Err(error) => return refusal(error),
        };
        if let Err(wait) = self.limits.admit(method, body["channel"].as_str().unwrap_or_default(), now) {
            return too_fast(wait);
        }
        match self.act(method, &body, now) {
            Ok(mut answer) => {
                answer["ok"] = true.into();
                let mut response = envelope(&answer);
                if let Ok(scopes) = HeaderValue::from_str(&self.scopes.join(",")) {
                    response.headers_mut().insert("x-oauth-scopes", scopes);
                }
                response
            }
            Err(error) => refusal(error),
        }
    }

    fn act(&mut self, method: &str, body: &Value, now: Timestamp) -> Answer {
        match method {
            "auth.test" => Ok(
                json!({ "team_id": cast::SLACK_TEAM_ID, "user_id": cast::SLACK_BOT, "bot_id": "B0BOT0000" }),
            ),
            "chat.postMessage" => self.post(body, None, now),
            "chat.postEphemeral" => {
                let user = body["user"].as_str().ok_or("user_not_found")?.to_owned();
                if cast::USERS.iter().all(|(_, id)| *id != user) {
                    return Err("user_not_in_channel");
                }
                self.post(body, Some(user), now)
            }
            "chat.update" => self.update(body),
            "chat.scheduleMessage" => self.schedule(body, now),
            "chat.deleteScheduledMessage" => self.unschedule(body),
            _ => Err("unknown_method"),
        }
    }

    fn post(&mut self, body: &Value, only: Option<String>, now: Timestamp) -> Answer {
        let channel = body["channel"].as_str().ok_or("channel_not_found")?;
        self.may_write(channel)?;
        let (text, blocks) = content(body)?;
        let thread = body["thread_ts"].as_str().map(str::to_owned);
        if thread.as_ref().is_some_and(|ts| self.messages.iter().all(|m| m.ts != *ts)) {
            return Err("thread_not_found");
        }
        self.counter += 1;
        let ts = format!("{}.{:06}", now.as_second(), self.counter * 100);
        let channel = channel.to_owned();
        self.messages.push(Message {
            ts: ts.clone(),
            at: now,
            channel: channel.clone(),
            only,
            text,
            blocks,
            thread,
            edits: 0,
        });
        Ok(json!({ "channel": channel, "ts": ts, "message_ts": ts }))
    }

    fn update(&mut self, body: &Value) -> Answer {
        let (text, blocks) = content(body)?;
        let (channel, ts) =
            (body["channel"].as_str().unwrap_or_default(), body["ts"].as_str().unwrap_or_default());
        let message =
            self.messages.iter_mut().find(|m| m.ts == ts && m.channel == channel && m.only.is_none());
        let message = message.ok_or("message_not_found")?;
        message.text = text;
        message.blocks = blocks;
        message.edits += 1;
        Ok(json!({ "channel": channel, "ts": ts }))
    }

    /// Everything, as the control API shows it.
    pub fn state(&self) -> Value {
        let show = |m: &Message| {
            json!({
                "ts": m.ts, "channel": m.channel, "only": m.only, "text": m.text, "blocks": m.blocks,
                "thread_ts": m.thread, "edits": m.edits,
            })
        };
        json!({
            "messages": self.messages.iter().map(show).collect::<Vec<_>>(),
            "scheduled": self.scheduled,
        })
    }
}

/// The arguments of a call that may be made.
fn read(headers: &HeaderMap, body: &[u8]) -> Answer {
    let token = headers.get("authorization").and_then(|token| token.to_str().ok()).ok_or("not_authed")?;
    if token != format!("Bearer {}", cast::SLACK_BOT_TOKEN) {
        return Err("invalid_auth");
    }
    if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(body).map_err(|_| "invalid_json") }
}

fn content(body: &Value) -> Result<(String, Vec<Value>), &'static str> {
    let text = body["text"].as_str().unwrap_or_default();
    let blocks = body["blocks"].as_array().cloned().unwrap_or_default();
    if text.is_empty() && blocks.is_empty() {
        return Err("no_text");
    }
    if text.chars().count() > TEXT_MAX {
        return Err("msg_too_long");
    }
    if blocks::all_valid(&blocks) { Ok((text.to_owned(), blocks)) } else { Err("invalid_blocks") }
}

fn refusal(error: &str) -> Response<Bytes> {
    envelope(&json!({ "ok": false, "error": error }))
}

/// `wait` in seconds.
fn too_fast(wait: i64) -> Response<Bytes> {
    let mut response = refusal("ratelimited");
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(RETRY_AFTER, wait.into());
    response
}

fn envelope(body: &Value) -> Response<Bytes> {
    let response = Response::builder().header("content-type", "application/json; charset=utf-8");
    response.body(Bytes::from(body.to_string())).unwrap_or_default()
}
