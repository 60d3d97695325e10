//! The chat platforms: what comes in ([`Inbound`]), what is answered ([`Reply`]), and the port through which the
//! worker speaks ([`Chat`]). Only the verifiers make a [`Verified`] body, and the parsers accept nothing else.

pub mod slack;

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::ask::{Hint, Order};
use crate::domain::id::{MessageRef, Place, RequestId};
use crate::domain::notice::Notice;
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
        typed: Option<String>,
        /// Whether the answer can go back in the HTTP reply; else the worker delivers it.
        inline: bool,
    },
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
    /// Posts to a channel; `under` makes it a reply that the whole channel sees too.
    async fn post(
        &self,
        place: &Place,
        notice: &Notice,
        under: Option<&MessageRef>,
    ) -> Result<MessageRef, ChatError>;

    /// Replaces a message of ours.
    async fn update(&self, place: &Place, message: &MessageRef, notice: &Notice) -> Result<(), ChatError>;

    /// Tells one person in a channel; where the bot is not in the channel, by direct message.
    async fn tell(&self, place: &Place, user: &str, notice: &Notice) -> Result<(), ChatError>;
}
