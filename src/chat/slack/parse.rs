//! From a verified body to its meaning. The structs are our own and tolerant: fields come and go without notice.

use std::collections::HashMap;

use serde::Deserialize;

use super::super::{Inbound, Unreadable, Verified};
use super::render::{TYPED_ACTION, TYPED_BLOCK};
use crate::domain::ask;
use crate::domain::id::{Actor, MessageRef, Place, Platform, RequestId};
use crate::domain::policy::Caller;
use crate::domain::request::{BadPress, Press};

/// A slash command.
///
/// # Errors
/// When a field is missing that every command has.
pub fn command(body: &Verified) -> Result<Inbound, Unreadable> {
    let mut fields: HashMap<String, String> = form_urlencoded::parse(body.bytes()).into_owned().collect();
    let mut take = |name: &str| fields.remove(name).filter(|value| !value.is_empty());
    let team =
        take("team_id").or_else(|| take("enterprise_id")).ok_or(Unreadable("a command without a team"))?;
    let user = take("user_id").ok_or(Unreadable("a command without a user"))?;
    let channel = take("channel_id").ok_or(Unreadable("a command without a channel"))?;
    let trigger = take("trigger_id").ok_or(Unreadable("a command without a trigger"))?;
    let direct = take("channel_name").is_some_and(|name| name == "directmessage") || channel.starts_with('D');
    let actor = Actor {
        platform: Platform::Slack,
        org: team.clone(),
        name: take("user_name").unwrap_or_else(|| user.clone()),
        user,
    };
    let id = RequestId::derive(Platform::Slack, &team, &trigger);
    let caller = Caller {
        actor,
        app: take("api_app_id").unwrap_or_default(),
        place: Place { platform: Platform::Slack, org: team, channel },
        direct,
        bot: false,
        proven: Vec::new(),
    };
    Ok(Inbound::Order { caller, id, order: ask::parse(&take("text").unwrap_or_default()) })
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    api_app_id: String,
    user: User,
    team: Option<Org>,
    enterprise: Option<Org>,
    channel: Option<Channel>,
    container: Option<Container>,
    #[serde(default)]
    trigger_id: String,
    #[serde(default)]
    actions: Vec<Pressed>,
    state: Option<Inputs>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    username: Option<String>,
    name: Option<String>,
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Org {
    id: String,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Container {
    message_ts: Option<String>,
    channel_id: Option<String>,
}

#[derive(Deserialize)]
struct Pressed {
    value: Option<String>,
}

#[derive(Deserialize)]
struct Inputs {
    #[serde(default)]
    values: HashMap<String, HashMap<String, Input>>,
}

#[derive(Deserialize)]
struct Input {
    value: Option<String>,
}

/// A click.
///
/// # Errors
/// When it is not the press of a button in a message.
pub fn interactivity(body: &Verified) -> Result<Inbound, Unreadable> {
    let payload = form_urlencoded::parse(body.bytes())
        .find(|(name, _)| name == "payload")
        .ok_or(Unreadable("an interaction without a payload"))?;
    let payload: Payload =
        serde_json::from_str(&payload.1).map_err(|_| Unreadable("an interaction of an unknown shape"))?;
    if payload.kind != "block_actions" {
        return Err(Unreadable("an interaction of another kind"));
    }
    let org = payload.team.or(payload.enterprise).ok_or(Unreadable("a click without a team"))?.id;
    let container = payload.container.ok_or(Unreadable("a click outside of a message"))?;
    let message = container.message_ts.ok_or(Unreadable("a click outside of a message"))?;
    let name = payload.channel.as_ref().map(|channel| channel.name.clone()).unwrap_or_default();
    let channel = payload
        .channel
        .map(|channel| channel.id)
        .or(container.channel_id)
        .ok_or(Unreadable("a click without a channel"))?;
    let direct = name == "directmessage" || channel.starts_with('D');
    let press = payload.actions.into_iter().next().and_then(|action| action.value);
    let typed = payload.state.and_then(|mut state| {
        state
            .values
            .get_mut(TYPED_BLOCK)
            .and_then(|block| block.remove(TYPED_ACTION))
            .and_then(|input| input.value)
    });
    let caller = Caller {
        actor: Actor {
            platform: Platform::Slack,
            org: payload.user.team_id.unwrap_or_else(|| org.clone()),
            name: payload.user.username.or(payload.user.name).unwrap_or_else(|| payload.user.id.clone()),
            user: payload.user.id,
        },
        app: payload.api_app_id,
        place: Place { platform: Platform::Slack, org: org.clone(), channel },
        direct,
        bot: false,
        proven: Vec::new(),
    };
    Ok(Inbound::Click {
        caller,
        id: RequestId::derive(Platform::Slack, &org, &payload.trigger_id),
        message: MessageRef(message),
        press: press.map_or(Err(BadPress), |value| value.parse::<Press>()),
        typed,
        inline: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(text: &str) -> Verified {
        Verified(text.to_owned().into())
    }

    fn click(json: &str) -> Result<Inbound, Unreadable> {
        let body: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("payload", json).finish();
        interactivity(&verified(&body))
    }

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../../tests/fixtures/slack/", $name))
        };
    }

    #[test]
    fn every_kind_of_command_parses() {
        for text in [
            fixture!("slash_command.form"),
            fixture!("slash_command_dm.form"),
            fixture!("slash_command_empty_text.form"),
            fixture!("slash_command_enterprise_grid.form"),
            fixture!("slash_command_escaped_mentions.form"),
            fixture!("slash_command_help.form"),
            fixture!("slash_command_private_channel.form"),
            fixture!("slash_command_unicode.form"),
        ] {
            let Ok(Inbound::Order { caller, .. }) = command(&verified(text.trim())) else { panic!("{text}") };
            assert_eq!(caller.direct, text.contains("directmessage"), "{text}");
            assert!(caller.app.starts_with('A'), "{text}");
        }
        assert!(command(&verified("command=%2Freset")).is_err());
    }

    #[test]
    fn every_kind_of_click_parses() {
        for json in [
            fixture!("block_actions_approve.json"),
            fixture!("block_actions_cancel.json"),
            fixture!("block_actions_dm.json"),
            fixture!("block_actions_docs_example.json"),
            fixture!("block_actions_ephemeral.json"),
            fixture!("block_actions_grid_workspace_install.json"),
        ] {
            let Ok(Inbound::Click { press, .. }) = click(json) else { panic!("{json}") };
            assert_eq!(press, Err(BadPress), "a button of somebody else's");
        }
        for json in [fixture!("view_submission.json"), fixture!("view_closed.json"), "{}", "[", "null"] {
            assert!(click(json).is_err(), "{json}");
        }
    }
}
