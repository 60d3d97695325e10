//! The Web API methods that are used: `chat.postMessage`, `chat.update`, `chat.postEphemeral`.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::super::{Chat, ChatError};
use super::render;
use crate::domain::id::{MessageRef, Place};
use crate::domain::notice::Notice;
use crate::outbound::{self, Timeouts};

/// Fetches the bot token.
pub type Token = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<SecretString>> + Send + Sync>;

/// Waits this long where a rate limit does not say how long, in seconds.
const DEFAULT_WAIT: u64 = 5;

/// A bot's voice in one workspace.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Token,
}

impl Client {
    /// `base` ends with a slash: `https://slack.com/api/`.
    ///
    /// # Errors
    /// When the TLS set-up fails.
    pub fn new(base: Url, token: Token, timeouts: Timeouts) -> anyhow::Result<Self> {
        let http = outbound::client(timeouts).build().context("the HTTP client")?;
        Ok(Self { http, base, token })
    }

    async fn call(&self, method: &str, body: &Value) -> Result<Value, ChatError> {
        let token =
            (self.token)().await.map_err(|why| ChatError::NoAccess(format!("no bot token: {why:#}")))?;
        let url =
            self.base.join(method).map_err(|_| ChatError::NoAccess("the address is malformed".to_owned()))?;
        let request = self
            .http
            .post(url)
            .bearer_auth(token.expose_secret())
            .header("content-type", "application/json; charset=utf-8")
            .body(body.to_string());
        let answer = request.send().await.map_err(|why| unclear(&why))?;
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
            return Err(ChatError::RateLimited(wait.unwrap_or(DEFAULT_WAIT)));
        }
        if !status.is_success() {
            return Err(ChatError::Unclear(format!("HTTP {}", status.as_u16())));
        }
        let bytes = answer.bytes().await.map_err(|why| unclear(&why))?;
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|_| ChatError::Unclear("an answer that is no JSON".to_owned()))?;
        if value["ok"] == true {
            Ok(value)
        } else {
            Err(refused(value["error"].as_str().unwrap_or("no reason")))
        }
    }

    async fn post_to(
        &self,
        channel: &str,
        notice: &Notice,
        under: Option<&MessageRef>,
    ) -> Result<MessageRef, ChatError> {
        let mut body = render::message(notice);
        body["channel"] = channel.into();
        body["link_names"] = false.into();
        body["unfurl_links"] = false.into();
        body["unfurl_media"] = false.into();
        if let Some(MessageRef(ts)) = under {
            body["thread_ts"] = ts.as_str().into();
            body["reply_broadcast"] = true.into();
        }
        let answer = self.call("chat.postMessage", &body).await?;
        let ts = answer["ts"].as_str().ok_or_else(|| ChatError::Unclear("a post without a ts".to_owned()))?;
        Ok(MessageRef(ts.to_owned()))
    }
}

#[async_trait]
impl Chat for Client {
    async fn post(
        &self,
        place: &Place,
        notice: &Notice,
        under: Option<&MessageRef>,
    ) -> Result<MessageRef, ChatError> {
        self.post_to(&place.channel, notice, under).await
    }

    async fn update(&self, place: &Place, message: &MessageRef, notice: &Notice) -> Result<(), ChatError> {
        let mut body = render::message(notice);
        body["channel"] = place.channel.as_str().into();
        body["ts"] = message.0.as_str().into();
        self.call("chat.update", &body).await.map(drop)
    }

    async fn tell(&self, place: &Place, user: &str, notice: &Notice) -> Result<(), ChatError> {
        let mut body = render::message(notice);
        body["channel"] = place.channel.as_str().into();
        body["user"] = user.into();
        body["link_names"] = json!(false);
        match self.call("chat.postEphemeral", &body).await {
            Err(ChatError::NoAccess(_)) => self.post_to(user, notice, None).await.map(drop),
            told => told.map(drop),
        }
    }
}

/// What an `error` of the Web API means for the next step.
fn refused(error: &str) -> ChatError {
    let error: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
    match error.as_str() {
        "ratelimited" | "rate_limited" => ChatError::RateLimited(DEFAULT_WAIT),
        "cant_update_message" | "edit_window_closed" | "message_not_found" => ChatError::NotEditable(error),
        "internal_error" | "fatal_error" | "request_timeout" | "service_unavailable" => {
            ChatError::Unclear(error)
        }
        _ => ChatError::NoAccess(error),
    }
}

/// Without the address: a token is never in one, and need not be looked for.
fn unclear(why: &reqwest::Error) -> ChatError {
    ChatError::Unclear(if why.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "the connection failed".to_owned()
    })
}
