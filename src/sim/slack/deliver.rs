//! What Slack sends to an app: signed commands and clicks.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Message, SlackWorld};
use crate::sim::cast;

/// One HTTP request, ready to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub path: &'static str,
    pub timestamp: String,
    pub signature: String,
    pub body: String,
}

impl Delivery {
    /// Signs `body` as Slack does.
    pub fn sign(path: &'static str, body: String, now: Timestamp) -> Self {
        let timestamp = now.as_second().to_string();
        let mac = Hmac::<Sha256>::new_from_slice(cast::SLACK_SIGNING_SECRET.as_bytes())
            .expect("HMAC takes a key of any length")
            .chain_update(format!("v0:{timestamp}:{body}"));
        let signature = format!("v0={}", data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()));
        Self { path, timestamp, signature, body }
    }
}

/// A slash command that `user` types in the channel. `trigger` makes it one delivery.
pub fn slash_command(user: &str, text: &str, trigger: &str, now: Timestamp) -> Delivery {
    let (command, text) = text.split_once(' ').unwrap_or((text, ""));
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("token", "verification-token")
        .append_pair("team_id", cast::SLACK_TEAM_ID)
        .append_pair("team_domain", "simulated")
        .append_pair("channel_id", cast::SLACK_CHANNEL_ID)
        .append_pair("channel_name", cast::SLACK_CHANNEL)
        .append_pair("user_id", user)
        .append_pair("user_name", cast::user_name(user))
        .append_pair("command", command)
        .append_pair("text", text)
        .append_pair("api_app_id", cast::SLACK_APP_ID)
        .append_pair("is_enterprise_install", "false")
        .append_pair("response_url", "https://hooks.slack.com/commands/T0SIM0000/1/x")
        .append_pair("trigger_id", trigger)
        .finish();
    Delivery::sign("/slack/commands", body, now)
}

/// One press of a button.
#[derive(Debug, Clone, Copy)]
pub struct Press<'a> {
    pub user: &'a str,
    pub action: &'a str,
    pub typed: Option<&'a str>,
    pub trigger: &'a str,
}

impl SlackWorld {
    /// The newest message that has the button `action`.
    pub fn with_button(&self, action: &str) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.button(action).is_some())
    }

    /// What Slack sends when somebody presses the newest button `action`; `None` where there is none.
    pub fn press(&self, press: Press<'_>, now: Timestamp) -> Option<Delivery> {
        let message = self.with_button(press.action)?;
        let button = message.button(press.action)?;
        let payload = payload(message, button, press);
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload.to_string())
            .finish();
        Some(Delivery::sign("/slack/interactivity", body, now))
    }
}

fn payload(message: &Message, button: &Value, press: Press<'_>) -> Value {
    let name = cast::user_name(press.user);
    let values = match message.blocks.iter().find(|block| block["type"] == "input") {
        Some(input) => {
            let (block, action) = (input["block_id"].as_str(), input["element"]["action_id"].as_str());
            let typed = json!({ "type": "plain_text_input", "value": press.typed });
            json!({ block.unwrap_or_default(): { action.unwrap_or_default(): typed } })
        }
        None => json!({}),
    };
    json!({
        "type": "block_actions",
        "user": { "id": press.user, "username": name, "name": name, "team_id": cast::SLACK_TEAM_ID },
        "api_app_id": cast::SLACK_APP_ID,
        "token": "verification-token",
        "container": {
            "type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": false,
        },
        "trigger_id": press.trigger,
        "team": { "id": cast::SLACK_TEAM_ID, "domain": "simulated" },
        "enterprise": null,
        "is_enterprise_install": false,
        "channel": { "id": message.channel, "name": cast::SLACK_CHANNEL },
        "message": { "user": cast::SLACK_BOT, "type": "message", "ts": message.ts, "text": message.text, "blocks": message.blocks },
        "state": { "values": values },
        "response_url": "https://hooks.slack.com/actions/T0SIM0000/1/x",
        "actions": [{
            "action_id": press.action, "block_id": "decision", "text": button["text"], "value": button["value"],
            "type": "button", "action_ts": message.ts,
        }],
    })
}
