//! What Discord sends to an app: signed pings, commands, presses and submitted forms. "Interactions" of the API
//! reference.

use ed25519_dalek::{Signer as _, SigningKey};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{Answer, inputs};
use super::interaction::{Interaction, Kind};
use super::typed::{Typed, typed};
use super::{DiscordWorld, Message, permission, show};
use crate::sim::cast;

/// One HTTP request, ready to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub path: &'static str,
    /// `X-Signature-Timestamp`
    pub timestamp: String,
    /// `X-Signature-Ed25519`
    pub signature: String,
    pub body: String,
}

impl Delivery {
    /// Signs `body` as Discord does.
    pub fn sign(body: String, now: Timestamp) -> Self {
        let timestamp = now.as_second().to_string();
        let key = SigningKey::from_bytes(&cast::DISCORD_SIGNING_KEY);
        let signature = key.sign(format!("{timestamp}{body}").as_bytes());
        let signature = data_encoding::HEXLOWER.encode(&signature.to_bytes());
        Self { path: "/discord/interactions", timestamp, signature, body }
    }
}

/// One press of a button.
#[derive(Debug, Clone, Copy)]
pub struct Press<'a> {
    pub user: &'a str,
    /// A word of the button's `custom_id`.
    pub action: &'a str,
    /// The id of the interaction, a decimal number.
    pub id: &'a str,
}

/// One form that was filled in.
#[derive(Debug, Clone, Copy)]
pub struct Submit<'a> {
    /// The id of the press that opened the form.
    pub press: &'a str,
    /// What stands in its first field.
    pub typed: &'a str,
    /// As clients sent it before labels came, whatever the form's own shape.
    pub legacy: bool,
    /// The id of the interaction, a decimal number.
    pub id: &'a str,
}

/// Every delivery begins three seconds in which it must be answered; `now` is judged against fleet time then.
impl DiscordWorld {
    /// Discord asks whether the app is there.
    pub fn ping(&mut self, id: &str, now: Timestamp) -> Delivery {
        let token = self.begin(Kind::Ping, cast::DISCORD_APPLICATION_ID, id, (None, now));
        let body = json!({
            "app_permissions": "2248473465835073", "application_id": cast::DISCORD_APPLICATION_ID,
            "attachment_size_limit": 524_288_000, "authorizing_integration_owners": {}, "entitlements": [],
            "id": id, "token": token, "type": 1, "version": 1,
            "user": {
                "id": "643945264868098049", "username": "discord", "global_name": "Discord", "avatar": null,
                "bot": true, "system": true, "discriminator": "0000", "public_flags": 1,
            },
        });
        Delivery::sign(body.to_string(), now)
    }

    /// A slash command that `user` sends in the channel, written as on Slack. `id` makes it one delivery.
    ///
    /// # Errors
    /// Where Discord's form has no place for a word.
    pub fn command(&mut self, user: &str, text: &str, id: &str, now: Timestamp) -> Result<Delivery, String> {
        Ok(self.command_of(user, &typed(text)?, id, now))
    }

    /// A slash command with these options.
    pub fn command_of(&mut self, user: &str, command: &Typed, id: &str, now: Timestamp) -> Delivery {
        let token = self.begin(Kind::Command, user, id, (None, now));
        let mut commands = self.commands.values().flatten();
        let known = commands.find(|known| known["name"] == command.name.as_str());
        let data = json!({
            "id": known.map_or_else(|| json!("1600000000000000001"), |known| known["id"].clone()),
            "name": command.name, "type": 1, "options": command.options,
        });
        self.deliver((Kind::Command, user, id, &token), &json!({ "data": data }), now)
    }

    /// The newest message that has a button for `action`.
    pub fn with_button(&self, action: &str) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.button(action).is_some())
    }

    /// What Discord sends when somebody presses the newest button for `action`; `None` where there is none.
    pub fn press(&mut self, press: Press<'_>, now: Timestamp) -> Option<Delivery> {
        let message = self.with_button(press.action)?;
        let button = message.button(press.action)?;
        let data = json!({ "component_type": 2, "id": button["id"], "custom_id": button["custom_id"] });
        let (source, shown) = (message.id.clone(), message.json());
        let token = self.begin(Kind::Component, press.user, press.id, (Some(source), now));
        let parts = json!({ "data": data, "message": shown });
        Some(self.deliver((Kind::Component, press.user, press.id, &token), &parts, now))
    }

    /// What Discord sends when the form that answered a press is submitted; `None` where none was opened.
    pub fn submit(&mut self, submit: Submit<'_>, now: Timestamp) -> Option<Delivery> {
        let press = self.interactions.iter().find(|one| one.id == submit.press)?.clone();
        let Some(Answer::Modal(modal)) = &press.answer else { return None };
        let mut typed = Some(submit.typed);
        let mut number = 0;
        let mut numbered = |mut component: Value| {
            number += 1;
            component["id"] = json!(number);
            component
        };
        let components = inputs(modal).map(|(component, input)| {
            let labelled = component["type"] == 18 && !submit.legacy;
            let mut outer = numbered(json!({ "type": if labelled { 18 } else { 1 } }));
            let value = typed.take().unwrap_or_default();
            let input = numbered(json!({ "type": 4, "custom_id": input["custom_id"], "value": value }));
            if labelled {
                outer["component"] = input;
            } else {
                outer["components"] = json!([input]);
            }
            outer
        });
        let data = json!({ "custom_id": modal["custom_id"], "components": components.collect::<Vec<_>>() });
        let source = press.source.as_ref();
        let message = self.messages.iter().find(|message| Some(&message.id) == source).map(Message::json);
        let token = self.begin(Kind::Modal, &press.user, submit.id, (press.source.clone(), now));
        let mut parts = json!({ "data": data });
        if let Some(message) = message {
            parts["message"] = message;
        }
        Some(self.deliver((Kind::Modal, &press.user, submit.id, &token), &parts, now))
    }

    /// Remembers the interaction, and gives its token.
    fn begin(
        &mut self,
        kind: Kind,
        user: &str,
        id: &str,
        (source, at): (Option<String>, Timestamp),
    ) -> String {
        let token = format!("aW50ZXJhY3Rpb246{}", data_encoding::BASE64URL_NOPAD.encode(id.as_bytes()));
        self.interactions.push(Interaction {
            id: id.to_owned(),
            token: token.clone(),
            kind,
            user: user.to_owned(),
            at,
            source,
            original: None,
            answer: None,
        });
        token
    }

    /// An interaction in the channel of the guild, with `parts` of its own.
    fn deliver(
        &self,
        (kind, user, id, token): (Kind, &str, &str, &str),
        parts: &Value,
        now: Timestamp,
    ) -> Delivery {
        let roles = self.members.get(user).map_or(&[][..], Vec::as_slice);
        let mut member = show::member(user, roles);
        member["is_pending"] = json!(false);
        member["unusual_dm_activity_until"] = Value::Null;
        member["permissions"] = json!(permission::USUAL.to_string());
        let guild = cast::DISCORD_GUILD_ID;
        let mut body = json!({
            "app_permissions": self.permissions.to_string(), "application_id": cast::DISCORD_APPLICATION_ID,
            "attachment_size_limit": 10_485_760, "authorizing_integration_owners": { "0": guild },
            "channel": {
                "id": cast::DISCORD_CHANNEL_ID, "type": 0, "name": cast::DISCORD_CHANNEL, "guild_id": guild,
                "permissions": permission::USUAL.to_string(), "flags": 0, "nsfw": false, "parent_id": null,
                "position": 1, "rate_limit_per_user": 0, "topic": null,
                "last_message_id": self.messages.last().map(|message| message.id.as_str()),
            },
            "channel_id": cast::DISCORD_CHANNEL_ID, "context": 0, "entitlements": [],
            "guild": { "features": [], "id": guild, "locale": "en-US" }, "guild_id": guild, "guild_locale": "en-US",
            "id": id, "locale": "en-US", "member": member, "token": token, "version": 1, "type": kind as u8,
        });
        for (name, part) in parts.as_object().into_iter().flatten() {
            body[name] = part.clone();
        }
        Delivery::sign(body.to_string(), now)
    }
}
