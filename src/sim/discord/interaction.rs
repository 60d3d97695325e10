//! Interactions under way: three seconds to answer, once; then a quarter of an hour in which the answer can change.
//! "Receiving and Responding" of the API reference.

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::error::{Form, Refused, refused};
use super::{DiscordWorld, Message, Outcome, limits, mentions, show};
use crate::sim::cast;

const TO_ANSWER: SignedDuration = SignedDuration::from_secs(3);
const LIFE: SignedDuration = SignedDuration::from_mins(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ping = 1,
    Command = 2,
    Component = 3,
    Modal = 5,
}

#[derive(Debug, Clone)]
pub(super) struct Interaction {
    pub(super) id: String,
    pub(super) token: String,
    pub(super) kind: Kind,
    pub(super) user: String,
    pub(super) at: Timestamp,
    /// The message of the button.
    pub(super) source: Option<String>,
    /// What is `@original`.
    pub(super) original: Option<String>,
    pub(super) answer: Option<Answer>,
}

impl Interaction {
    /// Whether this is an answer to that kind of interaction.
    fn takes(&self, answer: &Answer) -> bool {
        match answer {
            Answer::Pong => self.kind == Kind::Ping,
            Answer::Message { .. } => self.kind != Kind::Ping,
            Answer::Acknowledged | Answer::Update(_) => self.source.is_some(),
            Answer::Modal(_) => matches!(self.kind, Kind::Command | Kind::Component),
        }
    }
}

impl DiscordWorld {
    /// Takes what the app answered over HTTP to the interaction `id`: a message appears, changes, or a form opens.
    ///
    /// # Errors
    /// What Discord would say of it: late, a second time, not for this, or over a limit. The person would see "This
    /// interaction failed".
    pub fn answered(&mut self, id: &str, body: &Value, now: Timestamp) -> Result<Answer, String> {
        let index = self.interactions.iter().position(|one| one.id == id);
        let index = index.ok_or_else(|| refused(10062).body.to_string())?;
        self.take(index, body, now).map_err(|refused| refused.body.to_string())
    }

    /// Whether the app has answered the interaction `id`.
    pub fn is_answered(&self, id: &str) -> bool {
        self.interactions.iter().any(|one| one.id == id && one.answer.is_some())
    }

    /// Whether the message is the answer to a command.
    pub fn answers_command(&self, message: &Message) -> bool {
        let id = message.interaction.as_ref().and_then(|interaction| interaction["id"].as_str());
        self.interactions.iter().any(|one| Some(one.id.as_str()) == id && one.kind == Kind::Command)
    }

    pub(super) fn answer_interaction(
        &mut self,
        (method, path): (&Method, &[&str]),
        body: &Value,
        now: Timestamp,
    ) -> Outcome {
        match (method.as_str(), path) {
            ("POST", ["interactions", id, token, "callback"]) => {
                let index = self.interactions.iter().position(|one| one.id == *id && one.token == *token);
                self.take(index.ok_or_else(|| refused(10062))?, body, now)?;
                Ok(Value::Null)
            }
            ("GET" | "PATCH", ["webhooks", application, token, "messages", "@original"]) => {
                let id = self.original((application, token), now)?;
                let message = self.messages.iter_mut().find(|message| message.id == id);
                let message = message.ok_or_else(|| refused(10008))?;
                if method == Method::PATCH {
                    let mut form = Form::default();
                    limits::message(&mut form, "", body);
                    mentions::check(&mut form, "allowed_mentions", &body["allowed_mentions"]);
                    form.done()?;
                    message.revise(body, now)?;
                }
                Ok(message.json())
            }
            _ => Err(Refused::plain(StatusCode::NOT_FOUND)),
        }
    }

    /// The id of the message that the interaction was answered with.
    fn original(&self, (application, token): (&str, &str), now: Timestamp) -> Result<String, Refused> {
        if application != cast::DISCORD_APPLICATION_ID {
            return Err(refused(10015));
        }
        let live = |one: &&Interaction| one.token == token && now.duration_since(one.at) <= LIFE;
        let one = self.interactions.iter().find(live).ok_or_else(|| refused(50027))?;
        if one.answer.is_none() {
            return Err(refused(10015));
        }
        one.original.clone().ok_or_else(|| refused(10008))
    }

    fn take(&mut self, index: usize, body: &Value, now: Timestamp) -> Result<Answer, Refused> {
        let one = &self.interactions[index];
        if one.answer.is_some() {
            return Err(refused(40060));
        }
        if now.duration_since(one.at) > TO_ANSWER {
            return Err(refused(10062));
        }
        let answer = answer::read(body)?;
        if !one.takes(&answer) {
            let mut form = Form::default();
            form.fault("type", "BASE_TYPE_CHOICES", "This type does not answer this interaction.");
            form.done()?;
        }
        let original = match &answer {
            Answer::Message { ephemeral, data } => {
                let only = ephemeral.then(|| one.user.clone());
                Some(self.say(index, only, data, now)?)
            }
            Answer::Update(data) => {
                let source = one.source.clone();
                let message = self.messages.iter_mut().find(|message| Some(&message.id) == source.as_ref());
                message.ok_or_else(|| refused(10008))?.revise(data, now)?;
                source
            }
            Answer::Acknowledged => one.source.clone(),
            Answer::Pong | Answer::Modal(_) => None,
        };
        let one = &mut self.interactions[index];
        one.original = original;
        one.answer = Some(answer.clone());
        Ok(answer)
    }

    /// Posts the answer, and gives its id.
    fn say(
        &mut self,
        index: usize,
        only: Option<String>,
        data: &Value,
        now: Timestamp,
    ) -> Result<String, Refused> {
        let mut message = self.message(cast::DISCORD_CHANNEL_ID, data, now)?;
        let allowed = match &data["allowed_mentions"] {
            Value::Null => mentions::of_an_answer(),
            allowed => allowed.clone(),
        };
        // A message that one person reads calls nobody.
        if only.is_none() {
            message.pings = mentions::pinged(&message.content, &allowed, false);
        }
        message.only = only;
        let one = &self.interactions[index];
        message.interaction = Some(json!({
            "id": one.id, "type": one.kind as u8, "user": show::user(&one.user),
            "authorizing_integration_owners": { "0": cast::DISCORD_GUILD_ID },
        }));
        let id = message.id.clone();
        self.messages.push(message);
        Ok(id)
    }
}
