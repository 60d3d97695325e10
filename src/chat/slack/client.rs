//! Slack's Web API, as far as the worker speaks it. Nothing is sent twice from here: the worker decides that.
//!
//! Source: the method pages, docs.slack.dev. A refusal is HTTP 200 with `"ok": false`.

use anyhow::Context as _;
use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::render;
use crate::chat::{Chat, ChatError, Token};
use crate::domain::id::{MessageRef, Place, Principal};
use crate::domain::notice::Notice;
use crate::domain::policy::Caller;
use crate::outbound::{self, Timeouts};

/// Seconds to wait when Slack says "too fast" without saying how long.
const WAIT: u64 = 10;
/// Says what a token may: "Installing with OAuth", docs.slack.dev.
const SCOPES: &str = "x-oauth-scopes";
const AGENT: &str = concat!("cleanslate/", env!("CARGO_PKG_VERSION"));

/// The bot's voice on Slack.
pub struct Client {
    http: reqwest::Client,
    api_base: Url,
    /// As people type it, with its slash.
    command: String,
    token: Token,
}

/// What every method answers, as far as it is used.
#[derive(Deserialize)]
pub(super) struct Answer {
    ok: bool,
    error: Option<String>,
    ts: Option<String>,
    pub(super) team_id: Option<String>,
    pub(super) enterprise_id: Option<String>,
    pub(super) scheduled_message_id: Option<String>,
    /// What the token may, with commas between: a header.
    #[serde(skip)]
    pub(super) scopes: Option<String>,
}

/// Why a call gave nothing.
pub(super) enum Failure {
    /// Slack's own word for it: nothing was posted.
    Refused(String),
    Chat(ChatError),
}

impl From<Failure> for ChatError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(code) => meaning(&code),
            Failure::Chat(why) => why,
        }
    }
}

impl Client {
    /// `api_base` is `https://slack.com/api/`, or whatever stands in for it; `command` is as people type it.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(mut api_base: Url, command: String, token: Token, timeouts: Timeouts) -> anyhow::Result<Self> {
        if !api_base.path().ends_with('/') {
            let path = format!("{}/", api_base.path());
            api_base.set_path(&path);
        }
        let http = outbound::client(timeouts)
            .user_agent(AGENT)
            .build()
            .context("the HTTP client for Slack could not be made")?;
        Ok(Self { http, api_base, command, token })
    }

    pub(super) async fn call(&self, method: &str, body: &Value) -> Result<Answer, Failure> {
        let url = self.api_base.join(method).expect("a method name is a relative path");
        // What went wrong is not told on: an error about a file of secrets may quote it.
        let token = (self.token)().await.map_err(|_| unclear("the bot token could not be read"))?;
        let sent = self
            .http
            .post(url)
            .bearer_auth(token.expose_secret())
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_string())
            .send();
        let response = sent.await.map_err(lost)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::TOO_MANY_REQUESTS => {
                let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let seconds = after.and_then(|text| text.parse().ok()).unwrap_or(WAIT);
                return Err(Failure::Chat(ChatError::RateLimited(seconds)));
            }
            other => return Err(unclear(format!("HTTP {}", other.as_u16()))),
        }
        let scopes =
            response.headers().get(SCOPES).and_then(|scopes| scopes.to_str().ok()).map(str::to_owned);
        let bytes = response.bytes().await.map_err(lost)?;
        let answer: Answer =
            serde_json::from_slice(&bytes).map_err(|_| unclear("an answer that is not Slack's"))?;
        if answer.ok {
            Ok(Answer { scopes, ..answer })
        } else {
            Err(Failure::Refused(answer.error.unwrap_or_default()))
        }
    }

    /// A message for a channel; a person's id opens the direct message with that person.
    fn addressed(&self, notice: &Notice, channel: &str) -> Value {
        let mut body = render::message(notice, &self.command);
        body["channel"] = json!(channel);
        body["link_names"] = json!(false);
        body["unfurl_links"] = json!(false);
        body["unfurl_media"] = json!(false);
        body
    }

    async fn post_message(&self, body: &Value) -> Result<MessageRef, Failure> {
        let answer = self.call("chat.postMessage", body).await?;
        answer.ts.map(MessageRef).ok_or_else(|| unclear("an answer without the message's ts"))
    }
}

#[async_trait]
impl Chat for Client {
    async fn post(
        &self,
        place: &Place,
        notice: &Notice,
        under: Option<&MessageRef>,
        _: &str,
    ) -> Result<MessageRef, ChatError> {
        let alone = self.addressed(notice, &place.channel);
        let Some(parent) = under else { return Ok(self.post_message(&alone).await?) };
        let mut reply = alone.clone();
        reply["thread_ts"] = json!(parent.0);
        reply["reply_broadcast"] = json!(true);
        match self.post_message(&reply).await {
            // The card is gone or its thread is closed; what must be heard is heard without it.
            Err(Failure::Refused(code)) if is_about_thread(&code) => Ok(self.post_message(&alone).await?),
            posted => Ok(posted?),
        }
    }

    async fn update(&self, place: &Place, message: &MessageRef, notice: &Notice) -> Result<(), ChatError> {
        let mut body = self.addressed(notice, &place.channel);
        body["ts"] = json!(message.0);
        self.call("chat.update", &body).await?;
        Ok(())
    }

    async fn tell(&self, place: &Place, user: &str, notice: &Notice, _: &str) -> Result<(), ChatError> {
        let mut body = self.addressed(notice, &place.channel);
        body["user"] = json!(user);
        match self.call("chat.postEphemeral", &body).await {
            Err(Failure::Refused(code)) if is_about_channel(&code) => {
                self.post_message(&self.addressed(notice, user)).await?;
                Ok(())
            }
            told => Ok(told.map(|_| ())?),
        }
    }

    /// Principals here are accounts: none that has to be looked up.
    async fn proven(&self, _: &Caller) -> Result<Vec<Principal>, ChatError> {
        Ok(Vec::new())
    }
}

/// Slack's error codes by what the worker does next. A code that is not known may pass.
fn meaning(code: &str) -> ChatError {
    match code {
        "ratelimited" | "rate_limited" => ChatError::RateLimited(WAIT),
        "cant_update_message" | "edit_window_closed" | "message_not_found" => {
            ChatError::NotEditable(code.to_owned())
        }
        "access_denied"
        | "account_inactive"
        | "ekm_access_denied"
        | "enterprise_is_restricted"
        | "invalid_auth"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "messages_tab_disabled"
        | "missing_scope"
        | "msg_blocks_too_long"
        | "msg_too_long"
        | "no_permission"
        | "no_text"
        | "not_allowed_token_type"
        | "not_authed"
        | "team_access_not_granted"
        | "token_expired"
        | "token_revoked" => ChatError::NoAccess(code.to_owned()),
        _ if is_about_channel(code) || is_about_thread(code) => ChatError::NoAccess(code.to_owned()),
        _ => ChatError::Unclear(code.chars().take(64).collect()),
    }
}

/// The bot, or the person, is not in the channel or may not write there.
fn is_about_channel(code: &str) -> bool {
    matches!(
        code,
        "channel_not_found"
            | "is_archived"
            | "method_not_supported_for_channel_type"
            | "not_in_channel"
            | "restricted_action"
            | "restricted_action_read_only_channel"
            | "user_not_in_channel"
    )
}

fn is_about_thread(code: &str) -> bool {
    matches!(
        code,
        "cannot_reply_to_message"
            | "message_not_found"
            | "restricted_action_non_threadable_channel"
            | "restricted_action_thread_locked"
            | "thread_not_found"
    )
}

fn unclear(why: impl Into<String>) -> Failure {
    Failure::Chat(ChatError::Unclear(why.into()))
}

fn lost(error: reqwest::Error) -> Failure {
    unclear(outbound::lost(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_what_the_worker_does_next() {
        let kinds = [
            "ratelimited",
            "edit_window_closed",
            "not_in_channel",
            "thread_not_found",
            "invalid_blocks",
            "token_revoked",
            "internal_error",
            "",
        ]
        .map(|code| format!("{code}: {:?}", meaning(code)));
        insta::assert_snapshot!(kinds.join("\n"), @r#"
        ratelimited: RateLimited(10)
        edit_window_closed: NotEditable("edit_window_closed")
        not_in_channel: NoAccess("not_in_channel")
        thread_not_found: NoAccess("thread_not_found")
        invalid_blocks: NoAccess("invalid_blocks")
        token_revoked: NoAccess("token_revoked")
        internal_error: Unclear("internal_error")
        : Unclear("")
        "#);
    }
}
