//! What Discord sends, from JSON to [`Inbound`]. Tolerant of what is new, missing or null, because Discord changes
//! fields without a new version: only what is used must be there.
//!
//! Source: "Receiving and Responding" and "Component Reference", docs.discord.com.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::chat::{Inbound, Typed, Unreadable, Verified};
use crate::domain::ask::{self, Hint, Order};
use crate::domain::id::{Actor, MessageRef, Place, Platform, Principal, RequestId};
use crate::domain::policy::Caller;
use crate::domain::request::{BadPress, Press};

/// Types of interactions.
const PING: u64 = 1;
const COMMAND: u64 = 2;
const COMPONENT: u64 = 3;
const MODAL: u64 = 5;
/// The type of a command that is typed with a slash; others hang on a user or a message.
const SLASH: u64 = 1;
/// The type of an option that holds options and no value.
const SUBCOMMAND: u64 = 1;
/// The type of a component that is pressed.
const BUTTON: u64 = 2;
/// The contexts outside a guild: a direct message with the bot, and one among people.
const DIRECT: [u64; 2] = [1, 2];

/// Whatever Discord sends.
///
/// # Errors
/// [`Unreadable`] for what is neither a ping, a slash command, a press nor a filled-in form, and for what does not
/// say who, where, on what and by which delivery.
pub fn interaction(body: &Verified) -> Result<Inbound, Unreadable> {
    let mut interaction: Interaction =
        serde_json::from_slice(body.bytes()).map_err(|_| Unreadable("an interaction of an unknown shape"))?;
    let data = interaction.data.take().unwrap_or_default();
    match interaction.kind {
        PING => Ok(Inbound::Ping),
        COMMAND if data.kind == Some(SLASH) => {
            let (caller, id) = interaction.origin()?;
            Ok(Inbound::Order { caller, id, order: order(&data.options.unwrap_or_default()) })
        }
        COMPONENT if data.component_type == Some(BUTTON) => interaction.click(data.press(), Typed::Later),
        COMPONENT => interaction.click(Err(BadPress), Typed::Later),
        MODAL => interaction.click(data.press(), Typed::Name(data.typed())),
        _ => Err(Unreadable("an interaction that is no slash command, press or form")),
    }
}

/// Which of the two commands it is shows in its shape: their names are configurable.
fn order(options: &[Filled]) -> Result<Order, Hint> {
    let (subcommand, options) = match options {
        [Filled { name, kind: SUBCOMMAND, options, .. }] => {
            (Some(name.as_str()), options.as_deref().unwrap_or_default())
        }
        options => (None, options),
    };
    let values: Vec<(&str, String)> =
        options.iter().map(|option| (option.name.as_str(), option.text())).collect();
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ask::from_options(subcommand, &values)
}

#[derive(Deserialize)]
struct Interaction {
    id: Option<String>,
    application_id: Option<String>,
    #[serde(rename = "type")]
    kind: u64,
    data: Option<Data>,
    guild_id: Option<String>,
    channel_id: Option<String>,
    channel: Option<Named>,
    /// In a guild.
    member: Option<Member>,
    /// In a direct message.
    user: Option<User>,
    message: Option<Named>,
    authorizing_integration_owners: Option<Owners>,
    context: Option<u64>,
}

impl Interaction {
    fn click(self, press: Result<Press, BadPress>, typed: Typed) -> Result<Inbound, Unreadable> {
        let message = self.message.as_ref().and_then(|message| message.id.clone());
        let message = MessageRef(message.ok_or(Unreadable("a click outside a message"))?);
        let (caller, id) = self.origin()?;
        Ok(Inbound::Click { caller, id, message, press, typed, inline: true })
    }

    /// Who, where, and by which delivery.
    fn origin(self) -> Result<(Caller, RequestId), Unreadable> {
        let direct = self.guild_id.is_none()
            || self.member.is_none()
            || self.context.is_some_and(|context| DIRECT.contains(&context));
        let owners = self.authorizing_integration_owners;
        let borrowed = owners.is_some_and(|owners| owners.guild.is_none());
        let delivery = self.id.ok_or(Unreadable("an interaction without an id"))?;
        let channel = self.channel_id.or_else(|| self.channel?.id);
        // A direct message has no guild; `direct` keeps it from anything.
        let org = self.guild_id.unwrap_or_else(|| "direct".to_owned());
        let Member { user, nick, roles } = self.member.unwrap_or_default();
        let User { id: user, username, global_name, bot } = user.or(self.user).unwrap_or_default();
        let id = RequestId::derive(Platform::Discord, &org, &delivery);
        let caller = Caller {
            actor: Actor {
                platform: Platform::Discord,
                org: org.clone(),
                user: user.ok_or(Unreadable("an interaction of no user"))?,
                name: nick.or(global_name).or(username).unwrap_or_default(),
            },
            app: self.application_id.ok_or(Unreadable("an interaction of no app"))?,
            direct,
            bot: bot.unwrap_or_default(),
            borrowed,
            proven: proven(&org, &roles.unwrap_or_default()),
            place: Place {
                platform: Platform::Discord,
                org,
                channel: channel.ok_or(Unreadable("an interaction in no channel"))?,
            },
        };
        Ok((caller, id))
    }
}

/// The member's roles. The guild's own id is `@everyone`, which proves nothing.
fn proven(guild: &str, roles: &[String]) -> Vec<Principal> {
    let roles = roles.iter().filter(|role| *role != guild);
    roles.filter_map(|role| format!("discord-role:{role}").parse().ok()).collect()
}

#[derive(Default, Deserialize)]
struct Data {
    #[serde(rename = "type")]
    kind: Option<u64>,
    options: Option<Vec<Filled>>,
    custom_id: Option<String>,
    component_type: Option<u64>,
    components: Option<Vec<Row>>,
}

impl Data {
    /// Our buttons and forms say in their id what they do.
    fn press(&self) -> Result<Press, BadPress> {
        self.custom_id.as_deref().ok_or(BadPress)?.parse()
    }

    /// What stands in the form's one field.
    fn typed(&self) -> String {
        let rows = self.components.iter().flatten();
        let mut fields = rows.flat_map(|row| row.component.iter().chain(row.components.iter().flatten()));
        fields.find_map(|field| field.value.clone()).unwrap_or_default()
    }
}

/// What stands in a form: a Label has one component, an Action Row several.
#[derive(Deserialize)]
struct Row {
    component: Option<Field>,
    components: Option<Vec<Field>>,
}

#[derive(Deserialize)]
struct Field {
    value: Option<String>,
}

/// An option of a command, as it was filled in.
#[derive(Deserialize)]
struct Filled {
    name: String,
    #[serde(rename = "type")]
    kind: u64,
    value: Option<Value>,
    options: Option<Vec<Filled>>,
}

impl Filled {
    /// Our options are texts; a number or a switch is read as if it had been typed.
    fn text(&self) -> String {
        match &self.value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(on)) => if *on { "on" } else { "off" }.to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
        }
    }
}

#[derive(Default, Deserialize)]
struct Member {
    user: Option<User>,
    nick: Option<String>,
    roles: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
struct User {
    id: Option<String>,
    username: Option<String>,
    global_name: Option<String>,
    bot: Option<bool>,
}

/// For whom the app is installed.
#[derive(Deserialize)]
struct Owners {
    #[serde(rename = "0")]
    guild: Option<IgnoredAny>,
}

/// A channel or a message: only its id matters.
#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}
