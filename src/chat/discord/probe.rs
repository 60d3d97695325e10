//! What the bot's token is and what it sees: harmless calls, for `check --online`.
//!
//! Source: "Get Current User", "Get Guild" and "Get Channel", docs.discord.com.

use reqwest::Method;
use serde::Deserialize;

use super::client::Client;
use crate::chat::ChatError;

/// A user, a server.
#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Channel {
    guild_id: Option<String>,
}

impl Client {
    /// The bot's own user id.
    ///
    /// # Errors
    /// [`ChatError::NoAccess`] when the token is not, or no more, one of Discord's.
    pub async fn user(&self) -> Result<String, ChatError> {
        let user: Named = self.call(Method::GET, &["users", "@me"], None).await?;
        Ok(user.id)
    }

    /// # Errors
    /// [`ChatError::NoAccess`] when the bot is not in that server.
    pub async fn is_in(&self, guild: &str) -> Result<(), ChatError> {
        let _: Named = self.call(Method::GET, &["guilds", guild], None).await?;
        Ok(())
    }

    /// The server that a channel is in; `None`: it is in none.
    ///
    /// # Errors
    /// [`ChatError::NoAccess`] when the bot does not see it.
    pub async fn guild_of(&self, channel: &str) -> Result<Option<String>, ChatError> {
        let channel: Channel = self.call(Method::GET, &["channels", channel], None).await?;
        Ok(channel.guild_id)
    }
}
