//! What the bot's token is and may: harmless calls, for `check --online`.
//!
//! Source: "auth.test", "chat.scheduleMessage" and "chat.deleteScheduledMessage", docs.slack.dev.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::client::Client;
use crate::chat::ChatError;

/// How far ahead a trial message is scheduled: Slack takes 120 days.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 100);
/// What would be read after that time, if the message could not be taken back.
const LEFT_OVER: &str =
    "Left over from a trial (check --online): nobody asked for anything, and nothing was wiped.";

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The workspace, and the organisation where there is one.
    pub orgs: Vec<String>,
    /// `None`: Slack did not say.
    pub scopes: Option<Vec<String>>,
}

impl Client {
    /// # Errors
    /// [`ChatError::NoAccess`] when the token is not, or no more, one of Slack's.
    pub async fn identity(&self) -> Result<Identity, ChatError> {
        let answer = self.call("auth.test", &json!({})).await?;
        let scopes = answer.scopes.map(|scopes| {
            scopes.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect()
        });
        Ok(Identity { orgs: answer.team_id.into_iter().chain(answer.enterprise_id).collect(), scopes })
    }

    /// Whether the bot may write in a channel: schedules a message and takes it back, which nobody sees. Membership
    /// itself could be looked up only with a scope that the bot needs for nothing else. Gives the id of a message that
    /// could not be taken back.
    ///
    /// # Errors
    /// [`ChatError::NoAccess`] when it may not.
    pub async fn may_write(&self, channel: &str, now: Timestamp) -> Result<Option<String>, ChatError> {
        let at = (now + AHEAD).as_second();
        let body = json!({ "channel": channel, "post_at": at, "text": LEFT_OVER });
        let scheduled = self.call("chat.scheduleMessage", &body).await?.scheduled_message_id;
        let id =
            scheduled.ok_or_else(|| ChatError::Unclear("an answer without the message's id".to_owned()))?;
        let body = json!({ "channel": channel, "scheduled_message_id": id });
        let taken_back = self.call("chat.deleteScheduledMessage", &body).await.is_ok();
        Ok((!taken_back).then_some(id))
    }
}
