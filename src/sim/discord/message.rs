//! Messages: who may write which, how they change, and how the API shows them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::error::{Form, Refused, is_snowflake, refused};
use super::limits::{self, EPHEMERAL, numbered};
use super::{DiscordWorld, Outcome, mentions, permission, show};
use crate::sim::cast;

/// How long a nonce is remembered; Discord says "the past few minutes".
const NONCE: SignedDuration = SignedDuration::from_mins(3);

/// One message that somebody can read.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    pub at: Timestamp,
    pub channel: String,
    /// Only this person reads it: a direct message, or an ephemeral answer.
    pub only: Option<String>,
    pub content: String,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub flags: u64,
    pub reply_to: Option<String>,
    pub nonce: Option<Value>,
    /// Whose phone made a sound when it came: ids of users and roles, and `everyone`. An edit makes none.
    pub pings: Vec<String>,
    pub edits: u32,
    pub edited: Option<Timestamp>,
    /// The interaction that it answers: `interaction_metadata`.
    pub interaction: Option<Value>,
}

impl Message {
    pub(super) fn is_ephemeral(&self) -> bool {
        self.flags & EPHEMERAL != 0
    }

    /// Replaces what `body` names; the rest stays.
    pub(super) fn revise(&mut self, body: &Value, now: Timestamp) -> Result<(), Refused> {
        let list = |name: &str, old: &[Value]| {
            let new = body.get(name);
            new.map_or_else(|| old.to_vec(), |new| new.as_array().cloned().unwrap_or_default())
        };
        let content = body.get("content").map(|new| new.as_str().unwrap_or_default());
        let content = content.unwrap_or(&self.content).to_owned();
        let (embeds, components) = (list("embeds", &self.embeds), list("components", &self.components));
        if is_empty(&content, &embeds, &components) {
            return Err(refused(50006));
        }
        self.content = content;
        self.embeds = embeds;
        self.components = numbered(&components);
        self.edits += 1;
        self.edited = Some(now);
        Ok(())
    }

    /// As the API shows it.
    pub(super) fn json(&self) -> Value {
        let role = |id: &&String| *id == cast::DISCORD_ROLE_ID;
        let roles: Vec<&String> = self.pings.iter().filter(role).collect();
        let users = self.pings.iter().filter(|id| !role(id) && is_snowflake(id));
        let kind = match (&self.interaction, &self.reply_to) {
            (Some(_), _) => 20,
            (None, Some(_)) => 19,
            (None, None) => 0,
        };
        let mut shown = json!({
            "id": self.id, "channel_id": self.channel, "type": kind, "author": show::bot(),
            "content": self.content, "embeds": self.embeds, "attachments": [], "components": self.components,
            "flags": self.flags, "mention_everyone": self.pings.iter().any(|id| id == "everyone"),
            "mention_roles": roles, "mentions": users.map(|id| show::user(id)).collect::<Vec<_>>(),
            "pinned": false, "timestamp": show::time(self.at), "edited_timestamp": self.edited.map(show::time),
            "tts": false,
        });
        if let Some(nonce) = &self.nonce {
            shown["nonce"] = nonce.clone();
        }
        if let Some(id) = &self.reply_to {
            shown["message_reference"] = json!({ "type": 0, "channel_id": self.channel, "message_id": id });
        }
        if let Some(interaction) = &self.interaction {
            shown["application_id"] = json!(cast::DISCORD_APPLICATION_ID);
            shown["webhook_id"] = json!(cast::DISCORD_APPLICATION_ID);
            shown["interaction_metadata"] = interaction.clone();
        }
        shown
    }
}

fn is_empty(content: &str, embeds: &[Value], components: &[Value]) -> bool {
    content.trim().is_empty() && embeds.is_empty() && components.is_empty()
}

/// Checks the parts of a message that a bot posts or edits.
fn check(body: &Value) -> Form {
    let mut form = Form::default();
    limits::message(&mut form, "", body);
    mentions::check(&mut form, "allowed_mentions", &body["allowed_mentions"]);
    if !body["nonce"].is_i64() {
        form.text("nonce", &body["nonce"], 0..=25);
    }
    form
}

impl DiscordWorld {
    /// The person behind a direct channel, or `None` for the channel of the guild.
    fn reader(&self, channel: &str) -> Result<Option<String>, Refused> {
        if channel == cast::DISCORD_CHANNEL_ID {
            return self.may(permission::VIEW_CHANNEL).then_some(None).ok_or_else(|| refused(50001));
        }
        let mut form = Form::default();
        form.snowflake("channel_id", &json!(channel));
        form.done()?;
        self.direct.get(channel).map(|user| Some(user.clone())).ok_or_else(|| refused(10003))
    }

    /// A channel as the bot sees it.
    pub(super) fn channel(&self, channel: &str) -> Outcome {
        let direct = self.reader(channel)?.is_some();
        let mut shown = json!({ "id": channel, "type": u8::from(direct), "flags": 0 });
        if !direct {
            shown["guild_id"] = cast::DISCORD_GUILD_ID.into();
            shown["name"] = cast::DISCORD_CHANNEL.into();
        }
        Ok(shown)
    }

    fn may(&self, permission: u64) -> bool {
        self.permissions & permission != 0
    }

    pub(super) fn post(&mut self, channel: &str, body: &Value, now: Timestamp) -> Outcome {
        let only = self.reader(channel)?;
        self.allow(only.as_deref(), body)?;
        let mut form = check(body);
        let reply_to = self.reference(&mut form, channel, &body["message_reference"]);
        form.done()?;
        if body["enforce_nonce"] == true
            && !body["nonce"].is_null()
            && let Some(earlier) = self.of_nonce(&body["nonce"], now)
        {
            return Ok(earlier.json());
        }
        let message = self.message(channel, body, now)?;
        let allowed = match &body["allowed_mentions"] {
            Value::Null => mentions::of_a_message(),
            allowed => allowed.clone(),
        };
        let pings = mentions::pinged(&message.content, &allowed, self.may(permission::MENTION_EVERYONE));
        let nonce = body.get("nonce").filter(|nonce| !nonce.is_null()).cloned();
        let message = Message { only, reply_to, nonce, pings, ..message };
        let shown = message.json();
        self.messages.push(message);
        Ok(shown)
    }

    /// Whether the bot may post this here.
    fn allow(&self, only: Option<&str>, body: &Value) -> Result<(), Refused> {
        if let Some(user) = only {
            let open = self.members.contains_key(user) && !self.closed.contains(user);
            return open.then_some(()).ok_or_else(|| refused(50007));
        }
        let has = |name: &str| body[name].as_array().is_some_and(|list| !list.is_empty());
        if !self.may(permission::SEND_MESSAGES) || has("embeds") && !self.may(permission::EMBED_LINKS) {
            return Err(refused(50013));
        }
        if !body["message_reference"].is_null() && !self.may(permission::READ_MESSAGE_HISTORY) {
            return Err(refused(160_002));
        }
        Ok(())
    }

    /// The message that is replied to.
    fn reference(&self, form: &mut Form, channel: &str, reference: &Value) -> Option<String> {
        if reference.is_null() {
            return None;
        }
        form.snowflake("message_reference.message_id", &reference["message_id"]);
        let id = reference["message_id"].as_str()?;
        let path = "message_reference";
        if reference["channel_id"].as_str().is_some_and(|named| named != channel) {
            let words = "Cannot reply to a message in a different channel";
            form.fault(path, "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", words);
            return None;
        }
        let found = self.find(channel, id).map(|message| message.id.clone());
        if found.is_none() && reference["fail_if_not_exists"] != false {
            form.fault(path, "REPLIES_UNKNOWN_MESSAGE", "Unknown message");
        }
        found
    }

    fn of_nonce(&self, nonce: &Value, now: Timestamp) -> Option<&Message> {
        let recent = |message: &&Message| now.duration_since(message.at) <= NONCE;
        self.messages.iter().filter(recent).find(|message| message.nonce.as_ref() == Some(nonce))
    }

    /// A new message of what `body` says, not yet posted.
    pub(super) fn message(
        &mut self,
        channel: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<Message, Refused> {
        let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
        let content = body["content"].as_str().unwrap_or_default().trim().to_owned();
        let (embeds, components) = (list("embeds"), numbered(&list("components")));
        if is_empty(&content, &embeds, &components) {
            return Err(refused(50006));
        }
        Ok(Message {
            id: self.snowflake(now),
            at: now,
            channel: channel.to_owned(),
            only: None,
            content,
            embeds,
            components,
            flags: body["flags"].as_u64().unwrap_or_default(),
            reply_to: None,
            nonce: None,
            pings: Vec::new(),
            edits: 0,
            edited: None,
            interaction: None,
        })
    }

    /// A message that everybody in the channel can see.
    fn find(&self, channel: &str, id: &str) -> Option<&Message> {
        self.messages.iter().find(|one| one.id == id && one.channel == channel && !one.is_ephemeral())
    }

    pub(super) fn edit(&mut self, channel: &str, id: &str, body: &Value, now: Timestamp) -> Outcome {
        self.reader(channel)?;
        let id = self.find(channel, id).map(|message| message.id.clone()).ok_or_else(|| refused(10008))?;
        check(body).done()?;
        let message =
            self.messages.iter_mut().find(|message| message.id == id).ok_or_else(|| refused(10008))?;
        message.revise(body, now)?;
        Ok(message.json())
    }

    pub(super) fn read(&self, channel: &str, id: Option<&str>) -> Outcome {
        let direct = self.reader(channel)?.is_some();
        let history = direct || self.may(permission::READ_MESSAGE_HISTORY);
        let Some(id) = id else {
            let public = |one: &&Message| history && one.channel == channel && !one.is_ephemeral();
            return Ok(self.messages.iter().rev().filter(public).take(50).map(Message::json).collect());
        };
        if !history {
            return Err(refused(50013));
        }
        self.find(channel, id).map(Message::json).ok_or_else(|| refused(10008))
    }

    pub(super) fn open_direct(&mut self, body: &Value, now: Timestamp) -> Outcome {
        let mut form = Form::default();
        form.snowflake("recipient_id", &body["recipient_id"]);
        form.done()?;
        let user = body["recipient_id"].as_str().unwrap_or_default();
        if !show::is_person(user) {
            return Err(refused(50033));
        }
        let open = self.direct.iter().find(|(_, known)| *known == user).map(|(channel, _)| channel.clone());
        let channel = open.unwrap_or_else(|| self.snowflake(now));
        self.direct.insert(channel.clone(), user.to_owned());
        Ok(json!({
            "id": channel, "type": 1, "flags": 0, "last_message_id": null, "recipients": [show::user(user)],
        }))
    }
}
