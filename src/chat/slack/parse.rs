//! What Slack sends, from form and JSON to [`Inbound`]. Tolerant of what is new, missing or null: only what is
//! used must be there.
//!
//! Source: "Implementing slash commands" and "`block_actions` payload", docs.slack.dev.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::render::{TYPED_ACTION, TYPED_BLOCK};
use crate::chat::{Inbound, Typed, Unreadable, Verified};
use crate::domain::ask;
use crate::domain::id::{Actor, MessageRef, Place, Platform, RequestId};
use crate::domain::policy::Caller;
use crate::domain::request::{BadPress, Press};

/// A slash command. Which of the two was typed does not matter: both take the same words.
///
/// # Errors
/// [`Unreadable`] names the first field that is missing.
pub fn command(body: &Verified) -> Result<Inbound, Unreadable> {
    let mut form: HashMap<_, _> = form_urlencoded::parse(body.bytes()).into_owned().collect();
    let mut take = |name: &str| form.remove(name).filter(|value| !value.is_empty());
    if take("command").is_none() {
        return Err(Unreadable("a request that is not a command"));
    }
    let org = take("team_id").or_else(|| take("enterprise_id")).ok_or(Unreadable("a command of no team"))?;
    let delivery = take("trigger_id").ok_or(Unreadable("a command without a trigger id"))?;
    let who = User { id: take("user_id"), name: take("user_name"), ..User::default() };
    let channel = Channel { id: take("channel_id"), name: take("channel_name") };
    let text = take("text").unwrap_or_default();
    let id = RequestId::derive(Platform::Slack, &org, &delivery);
    let caller = caller(take("api_app_id"), org, who, channel)?;
    Ok(Inbound::Order { caller, id, order: ask::parse(&text) })
}

/// A click.
///
/// # Errors
/// [`Unreadable`] for everything that is not a click on a message, and for a click that does not say who, where
/// and on what.
pub fn interactivity(body: &Verified) -> Result<Inbound, Unreadable> {
    let payload = form_urlencoded::parse(body.bytes())
        .find_map(|(name, value)| (name == "payload").then_some(value))
        .ok_or(Unreadable("a request without a payload"))?;
    let payload: Payload =
        serde_json::from_str(&payload).map_err(|_| Unreadable("a payload of an unknown shape"))?;
    if payload.kind != "block_actions" {
        return Err(Unreadable("an interaction that is not a click"));
    }
    let typed = payload.typed();
    let Payload { user, api_app_id, container, trigger_id, team, enterprise, channel, actions, .. } = payload;
    let org = team.or(enterprise).and_then(|team| team.id).ok_or(Unreadable("a click of no team"))?;
    let delivery = trigger_id.ok_or(Unreadable("a click without a trigger id"))?;
    let id = RequestId::derive(Platform::Slack, &org, &delivery);
    let Container { message_ts, channel_id } = container.unwrap_or_default();
    let message = MessageRef(message_ts.ok_or(Unreadable("a click outside a message"))?);
    let channel = channel.unwrap_or(Channel { id: channel_id, name: None });
    let caller = caller(api_app_id, org, user.unwrap_or_default(), channel)?;
    Ok(Inbound::Click { caller, id, message, press: press(&actions), typed, inline: false })
}

/// A click is one press of one of our buttons, which says the same twice: in its name and in its value.
fn press(actions: &[Pressed]) -> Result<Press, BadPress> {
    let [Pressed { kind, action_id, value: Some(value) }] = actions else { return Err(BadPress) };
    let press: Press = value.parse()?;
    if kind == "button" && action_id == press.action.as_str() { Ok(press) } else { Err(BadPress) }
}

fn caller(app: Option<String>, org: String, user: User, channel: Channel) -> Result<Caller, Unreadable> {
    let User { id, name, username, team_id } = user;
    let Channel { id: channel, name: channel_name } = channel;
    let user = id.ok_or(Unreadable("an event of no user"))?;
    let channel = channel.ok_or(Unreadable("an event in no channel"))?;
    let direct = channel_name.as_deref() == Some("directmessage") || channel.starts_with('D');
    Ok(Caller {
        actor: Actor {
            platform: Platform::Slack,
            org: team_id.unwrap_or_else(|| org.clone()),
            user,
            name: name.or(username).unwrap_or_default(),
        },
        app: app.ok_or(Unreadable("an event of no app"))?,
        place: Place { platform: Platform::Slack, org, channel },
        direct,
        // Slack signs commands and clicks of people only.
        bot: false,
        borrowed: false,
        proven: Vec::new(),
    })
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    user: Option<User>,
    api_app_id: Option<String>,
    container: Option<Container>,
    trigger_id: Option<String>,
    /// Null where the app is installed for a whole organisation.
    team: Option<Team>,
    enterprise: Option<Team>,
    channel: Option<Channel>,
    state: Option<Value>,
    #[serde(default)]
    actions: Vec<Pressed>,
}

impl Payload {
    /// What stands in the text field of the clicked message; an empty field is as good as none.
    fn typed(&self) -> Typed {
        let field = |state: &Value| Some(state.get("values")?.get(TYPED_BLOCK)?.get(TYPED_ACTION)?.clone());
        let value = self
            .state
            .as_ref()
            .and_then(field)
            .and_then(|field| Some(field.get("value")?.as_str()?.to_owned()));
        value.filter(|name| !name.is_empty()).map_or(Typed::Nothing, Typed::Name)
    }
}

#[derive(Default, Deserialize)]
struct User {
    id: Option<String>,
    name: Option<String>,
    username: Option<String>,
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Team {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Channel {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Default, Deserialize)]
struct Container {
    message_ts: Option<String>,
    channel_id: Option<String>,
}

#[derive(Deserialize)]
struct Pressed {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    action_id: String,
    value: Option<String>,
}
