//! The chat platforms: what comes in ([`Inbound`]), what is answered ([`Reply`]), and the port through which the
//! worker speaks ([`Chat`]). Only the verifiers make a [`Verified`] body, and the parsers accept nothing else.

pub mod discord;
mod fit;
mod headers;
pub mod slack;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Response};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::domain::ask::{Hint, Order};
use crate::domain::id::{MessageRef, Place, Platform, Principal, RequestId};
use crate::domain::notice::{Form, Notice};
use crate::domain::policy::Caller;
use crate::domain::request::{BadPress, Press};

/// A body whose signature was checked.
#[derive(Debug)]
pub struct Verified(Bytes);

impl Verified {
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a genuine event means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbound {
    /// The platform asks whether we are there.
    Ping,
    Order {
        caller: Caller,
        /// The id of the request that this delivery would open.
        id: RequestId,
        order: Result<Order, Hint>,
    },
    Click {
        caller: Caller,
        /// The id of the request that "ask again" would open.
        id: RequestId,
        message: MessageRef,
        press: Result<Press, BadPress>,
        typed: Typed,
        /// Whether the answer can go back in the HTTP reply; else the worker delivers it.
        inline: bool,
    },
}

/// The machine's name, as it came with a press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// The platform asks for it after the press, which by itself decides nothing yet.
    Later,
    Nothing,
    Name(String),
}

/// Why a request is not from its platform. Says nothing that helps to forge one; never holds the signature or the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    #[error("a signature header is missing")]
    Missing,
    #[error("a signature header came twice")]
    Doubled,
    #[error("a signature header is malformed")]
    Malformed,
    #[error("the request is too old or too new")]
    Stale,
    #[error("the signature does not match")]
    Mismatch,
}

/// A genuine event that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the platform sent something this version cannot read: {0}")]
pub struct Unreadable(pub &'static str);

/// What goes back in the HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Pong,
    /// Received; whatever is to be said comes through the worker.
    Silent,
    /// For the caller alone.
    Private(Notice),
    /// Asks the caller, in a window of its own, for what was still to be typed.
    Form(Form),
}

/// Fetches what a platform's signatures are checked with, as it was read no longer ago than this.
pub type Keys<K> = Arc<dyn Fn(SignedDuration) -> BoxFuture<'static, anyhow::Result<K>> + Send + Sync>;

/// Reads a bot token, each time anew: it may have been rotated.
pub type Token = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<SecretString>> + Send + Sync>;

/// One platform's way in: what is genuine, and how it is answered.
pub struct Door<K> {
    pub keys: Keys<K>,
    pub verify: fn(&K, &HeaderMap, Bytes, Timestamp) -> Result<Verified, Unverified>,
    pub reply: fn(&Reply, &str) -> Response<Bytes>,
    /// The command's name, as it is configured for this platform.
    pub command: String,
}

/// Why a message did not arrive. Sorted by what the worker does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// Asked to wait, in seconds.
    #[error("rate limited for {0} s")]
    RateLimited(u64),
    /// The message can no longer be edited: post a new one.
    #[error("the message can no longer be edited ({0})")]
    NotEditable(String),
    /// The bot cannot post here until a person changes something.
    #[error("the bot cannot post here ({0})")]
    NoAccess(String),
    /// It may or may not have arrived, or the platform is down: try again.
    #[error("no clear answer from the platform ({0})")]
    Unclear(String),
}

/// How the worker speaks.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Posts to a channel; `under` makes it a reply that the whole channel sees too. `key` names the message: a
    /// platform that can shows it once, however often it is posted.
    async fn post(
        &self,
        place: &Place,
        notice: &Notice,
        under: Option<&MessageRef>,
        key: &str,
    ) -> Result<MessageRef, ChatError>;

    /// Replaces a message of ours.
    async fn update(&self, place: &Place, message: &MessageRef, notice: &Notice) -> Result<(), ChatError>;

    /// Tells one person, in the channel or by direct message; `key` as in [`Chat::post`].
    async fn tell(&self, place: &Place, user: &str, notice: &Notice, key: &str) -> Result<(), ChatError>;

    /// The groups and roles that an account holds now: what was proven at a click may be gone at the claim.
    async fn proven(&self, caller: &Caller) -> Result<Vec<Principal>, ChatError>;
}

/// Speaks on the platform that each place belongs to.
pub struct Voices {
    pub slack: Option<Arc<dyn Chat>>,
    pub discord: Option<Arc<dyn Chat>>,
}

impl Voices {
    fn at(&self, place: &Place) -> Result<&dyn Chat, ChatError> {
        let voice = match place.platform {
            Platform::Slack => &self.slack,
            Platform::Discord => &self.discord,
        };
        let name = place.platform.name();
        voice.as_deref().ok_or_else(|| ChatError::NoAccess(format!("{name} is not configured here")))
    }
}

#[async_trait]
impl Chat for Voices {
    async fn post(
        &self,
        place: &Place,
        notice: &Notice,
        under: Option<&MessageRef>,
        key: &str,
    ) -> Result<MessageRef, ChatError> {
        self.at(place)?.post(place, notice, under, key).await
    }

    async fn update(&self, place: &Place, message: &MessageRef, notice: &Notice) -> Result<(), ChatError> {
        self.at(place)?.update(place, message, notice).await
    }

    async fn tell(&self, place: &Place, user: &str, notice: &Notice, key: &str) -> Result<(), ChatError> {
        self.at(place)?.tell(place, user, notice, key).await
    }

    async fn proven(&self, caller: &Caller) -> Result<Vec<Principal>, ChatError> {
        self.at(&caller.place)?.proven(caller).await
    }
}
