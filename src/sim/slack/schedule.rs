//! Messages for later: "chat.scheduleMessage" and "chat.deleteScheduledMessage", docs.slack.dev.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Answer, SlackWorld, content};
use crate::sim::cast;

/// How far ahead a message may be scheduled.
const FARTHEST: SignedDuration = SignedDuration::from_hours(24 * 120);

impl SlackWorld {
    pub(super) fn schedule(&mut self, body: &Value, now: Timestamp) -> Answer {
        let channel = body["channel"].as_str().ok_or("channel_not_found")?;
        self.may_write(channel)?;
        content(body)?;
        let at = body["post_at"].as_i64().ok_or("invalid_time")?;
        if at <= now.as_second() {
            return Err("time_in_past");
        }
        if at > now.as_second() + FARTHEST.as_secs() {
            return Err("time_too_far");
        }
        self.counter += 1;
        let id = format!("Q{:08}", self.counter);
        self.scheduled.push(id.clone());
        Ok(json!({ "channel": channel, "scheduled_message_id": id, "post_at": at }))
    }

    pub(super) fn unschedule(&mut self, body: &Value) -> Answer {
        if self.keeps_scheduled {
            return Err("internal_error");
        }
        let before = self.scheduled.len();
        self.scheduled.retain(|id| body["scheduled_message_id"] != id.as_str());
        if self.scheduled.len() < before { Ok(json!({})) } else { Err("invalid_scheduled_message_id") }
    }

    /// Whether the bot may write there.
    pub(super) fn may_write(&self, channel: &str) -> Result<(), &'static str> {
        let direct = cast::USERS.iter().any(|(_, id)| *id == channel);
        if channel != cast::SLACK_CHANNEL_ID && !direct {
            return Err("channel_not_found");
        }
        if self.member || direct { Ok(()) } else { Err("not_in_channel") }
    }
}
