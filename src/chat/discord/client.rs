//! Discord's REST API, as far as the worker speaks it. Nothing is sent twice from here: the worker decides that, and
//! ten thousand refusals in ten minutes are a ban.
//!
//! Source: "API Reference", "Message", "User" and "Guild", docs.discord.com.

use anyhow::Context as _;
use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serenity::all::{ChannelId, MessageReference, MessageReferenceKind, Nonce};
use serenity::builder::{CreateAllowedMentions, CreateMessage};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::refusal::{self, Failure, refused, unclear};
use super::render;
use crate::chat::{Chat, ChatError, Token};
use crate::domain::id::{MessageRef, Place, Principal};
use crate::domain::notice::{Line, Notice, Span, Tone};
use crate::domain::policy::Caller;
use crate::outbound::{self, Timeouts};

/// Discord asks for this form, and may turn away what has another.
const AGENT: &str = concat!("DiscordBot (https://cleanslate.example, ", env!("CARGO_PKG_VERSION"), ")");
/// Longest nonce, in characters.
const NONCE: usize = 25;

/// The bot's voice on Discord.
pub struct Client {
    http: reqwest::Client,
    api_base: Url,
    /// The first command's name, without a slash.
    command: String,
    token: Token,
}

/// Anything that is named by an id: a message, a channel.
#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Member {
    roles: Vec<String>,
}

impl Client {
    /// `api_base` is `https://discord.com/api/v10/`, or whatever stands in for it; `command` has no slash.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(api_base: Url, command: String, token: Token, timeouts: Timeouts) -> anyhow::Result<Self> {
        let http = outbound::client(timeouts)
            .user_agent(AGENT)
            .build()
            .context("the HTTP client for Discord could not be made")?;
        Ok(Self { http, api_base, command, token })
    }

    /// `path` are the segments after the base.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let mut url = self.api_base.clone();
        url.path_segments_mut()
            .map_err(|()| unclear("the API's address takes no path"))?
            .pop_if_empty()
            .extend(path);
        // What went wrong is not told on: an error about a file of secrets may quote it.
        let token = (self.token)().await.map_err(|_| unclear("the bot token could not be read"))?;
        let mut request =
            self.http.request(method, url).header(AUTHORIZATION, format!("Bot {}", token.expose_secret()));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.map_err(lost)?;
        if !status.is_success() {
            return Err(refused(status, &headers, &bytes));
        }
        serde_json::from_slice(&bytes).map_err(|_| unclear("an answer that is not Discord's"))
    }

    /// Posts once: Discord gives back the earlier message when the same nonce comes again within minutes.
    async fn send(&self, channel: &str, message: CreateMessage, key: &str) -> Result<MessageRef, Failure> {
        let body = render::json(&message.nonce(Nonce::String(nonce(key))).enforce_nonce(true));
        let sent: Named = self.call(Method::POST, &["channels", channel, "messages"], Some(&body)).await?;
        Ok(MessageRef(sent.id))
    }

    /// Makes no sound by a mention: a direct message makes its own.
    async fn send_direct(&self, user: &str, notice: &Notice, key: &str) -> Result<(), Failure> {
        let body = json!({ "recipient_id": user });
        let opened: Named = self.call(Method::POST, &["users", "@me", "channels"], Some(&body)).await?;
        let message = render::new_message(notice, &self.command, CreateAllowedMentions::new());
        self.send(&opened.id, message, key).await?;
        Ok(())
    }
}

#[async_trait]
impl Chat for Client {
    async fn post(
        &self,
        place: &Place,
        notice: &Notice,
        under: Option<&MessageRef>,
        key: &str,
    ) -> Result<MessageRef, ChatError> {
        let alone = render::new_message(notice, &self.command, render::mentions(notice));
        let Some(parent) = under.and_then(|message| reference(place, message)) else {
            return Ok(self.send(&place.channel, alone, key).await?);
        };
        match self.send(&place.channel, alone.clone().reference_message(parent), key).await {
            // What must be heard is heard without what it answers.
            Err(Failure::Refused { code: refusal::NO_HISTORY, .. }) => {
                Ok(self.send(&place.channel, alone, key).await?)
            }
            posted => Ok(posted?),
        }
    }

    async fn update(&self, place: &Place, message: &MessageRef, notice: &Notice) -> Result<(), ChatError> {
        let body = render::message(notice, &self.command);
        let path = ["channels", &place.channel, "messages", &message.0];
        let _: Named = self.call(Method::PATCH, &path, Some(&body)).await?;
        Ok(())
    }

    async fn tell(&self, place: &Place, user: &str, notice: &Notice, key: &str) -> Result<(), ChatError> {
        match self.send_direct(user, notice, key).await {
            // The person takes no direct messages: said in the channel, for nobody else's ears.
            Err(Failure::Refused { code: refusal::NO_DIRECT | refusal::NO_MUTUAL_GUILD, .. }) => {
                let call = addressed(user, notice);
                let only = CreateAllowedMentions::new().users(render::user(user));
                let message = render::new_message(&call, &self.command, only);
                self.send(&place.channel, message, key).await?;
                Ok(())
            }
            told => Ok(told?),
        }
    }

    async fn proven(&self, caller: &Caller) -> Result<Vec<Principal>, ChatError> {
        let guild = caller.place.org.as_str();
        let path = ["guilds", guild, "members", &caller.actor.user];
        match self.call::<Member>(Method::GET, &path, None).await {
            // The guild's own id is the role that everybody has.
            Ok(member) => Ok(member
                .roles
                .into_iter()
                .filter(|role| role != guild)
                .map(Principal::DiscordRole)
                .collect()),
            Err(Failure::Refused { code: refusal::UNKNOWN_MEMBER, .. }) => Ok(Vec::new()),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// The notice with the person's mention before it.
fn addressed(user: &str, notice: &Notice) -> Notice {
    let mention = Span::Principal(Principal::Discord(user.to_owned()));
    let line = Line { tone: Tone::Plain, label: None, spans: vec![mention] };
    Notice { lines: [vec![line], notice.lines.clone()].concat(), ..notice.clone() }
}

/// A message that is gone meanwhile is no reason not to speak.
fn reference(place: &Place, message: &MessageRef) -> Option<MessageReference> {
    let channel: ChannelId = place.channel.parse().ok()?;
    let reference = MessageReference::new(MessageReferenceKind::Default, channel);
    Some(reference.message_id(message.0.parse().ok()?).fail_if_not_exists(false))
}

fn nonce(key: &str) -> String {
    let mut text = data_encoding::BASE32_NOPAD.encode(&Sha256::digest(key.as_bytes())).to_ascii_lowercase();
    text.truncate(NONCE);
    text
}

/// Without the URL: a stand-in's address may hold more than an address.
fn lost(error: reqwest::Error) -> Failure {
    let how = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the answer was lost"
    };
    unclear(format!("{how}: {}", error.without_url()))
}
