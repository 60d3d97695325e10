//! Discord's API v10, as far as a bot uses it: stateful and strict. Pure; the caller has the clock and the socket.

pub mod answer;
mod commands;
pub mod deliver;
mod error;
mod interaction;
mod limits;
mod mentions;
pub mod message;
pub mod screen;
mod show;
mod traffic;
pub mod typed;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::error::{Form, Refused, refused};
use self::interaction::Interaction;
pub use self::message::Message;
use self::traffic::{Fault, Traffic, UnknownFault, rate_limited};
use super::cast;
use super::serve::json as response;

/// What the bot may do in the channel. "Permissions" of the API reference.
pub mod permission {
    pub const VIEW_CHANNEL: u64 = 1 << 10;
    pub const SEND_MESSAGES: u64 = 1 << 11;
    pub const EMBED_LINKS: u64 = 1 << 14;
    pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
    /// Also of every role.
    pub const MENTION_EVERYONE: u64 = 1 << 17;
    /// What a bot is invited with.
    pub const USUAL: u64 = VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | READ_MESSAGE_HISTORY;
}

/// Milliseconds at which Discord's ids begin: 2015.
const EPOCH: i64 = 1_420_070_400_000;

/// What an armed rate limit asks to wait for, in seconds.
const ARMED_WAIT: f64 = 1.25;

/// What the guild holds.
#[derive(Debug)]
pub struct DiscordWorld {
    /// Everything that somebody can read, answers to interactions included, oldest first.
    pub messages: Vec<Message>,
    /// What the bot may do in the channel: bits of [`permission`].
    pub permissions: u64,
    /// The roles of each member, by the user's id.
    members: BTreeMap<String, Vec<String>>,
    /// Users who take no direct messages.
    closed: BTreeSet<String>,
    /// Direct channels and whose they are.
    direct: BTreeMap<String, String>,
    /// By guild; global ones under the empty name.
    commands: BTreeMap<String, Vec<Value>>,
    interactions: Vec<Interaction>,
    traffic: Traffic,
    counter: u32,
}

impl Default for DiscordWorld {
    fn default() -> Self {
        let roles = |name: &str| match name {
            "bob" | "carol" => vec![cast::DISCORD_ROLE_ID.to_owned()],
            _ => Vec::new(),
        };
        Self {
            messages: Vec::new(),
            permissions: permission::USUAL,
            members: cast::DISCORD_USERS.iter().map(|(name, id)| ((*id).to_owned(), roles(name))).collect(),
            closed: BTreeSet::new(),
            direct: BTreeMap::new(),
            commands: BTreeMap::new(),
            interactions: Vec::new(),
            traffic: Traffic::default(),
            counter: 0,
        }
    }
}

/// `null` is an answer without a body.
type Outcome = Result<Value, Refused>;

impl DiscordWorld {
    /// The next `times` calls fail like this: one of Discord's error codes, `429`, `429-global`, `500`…, or
    /// `lost-answer` (done, but answered with HTTP 500).
    ///
    /// # Errors
    /// When there is no such fault.
    pub fn arm(&mut self, fault: &str, times: usize) -> Result<(), UnknownFault> {
        self.arm_route("", fault, times)
    }

    /// As [`Self::arm`], for calls that begin with `route`: `PATCH /channels`.
    ///
    /// # Errors
    /// When there is no such fault.
    pub fn arm_route(&mut self, route: &str, fault: &str, times: usize) -> Result<(), UnknownFault> {
        self.traffic.arm(route, fault.parse()?, times);
        Ok(())
    }

    /// Gives a user these roles and no other; who had left is back.
    pub fn set_roles(&mut self, user: &str, roles: &[&str]) {
        self.members.insert(user.to_owned(), roles.iter().map(|role| (*role).to_owned()).collect());
    }

    /// The user leaves the guild.
    pub fn leave(&mut self, user: &str) {
        self.members.remove(user);
    }

    /// The user takes no direct messages from now on.
    pub fn close_direct_messages(&mut self, user: &str) {
        self.closed.insert(user.to_owned());
    }

    /// Answers one call. `path` is what follows `/discord/api/v10`, without a query; `now` is fleet time.
    pub fn handle(
        &mut self,
        (method, path): (&Method, &str),
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Response<Bytes> {
        let response = match self.traffic.fault(&format!("{method} {path}")) {
            Some(Fault::RateLimited { global }) => rate_limited(ARMED_WAIT, global),
            Some(Fault::Refuse(code)) => refusal(&refused(code)),
            Some(Fault::Broken(status)) => refusal(&Refused::plain(status)),
            Some(Fault::LostAnswer) => {
                self.serve((method, path), headers, body, now);
                refusal(&Refused::plain(StatusCode::INTERNAL_SERVER_ERROR))
            }
            None => self.serve((method, path), headers, body, now),
        };
        if matches!(response.status().as_u16(), 401 | 403 | 429) {
            self.traffic.invalid += 1;
        }
        response
    }

    fn serve(
        &mut self,
        (method, path): (&Method, &str),
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Response<Bytes> {
        let path: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        // The token in the path is the right to answer an interaction; the bot's own limits do not apply.
        if matches!(path[0], "interactions" | "webhooks") {
            let answer = agent(headers)
                .and_then(|()| read(method, headers, body))
                .and_then(|body| self.answer_interaction((method, &path), &body, now));
            return finish(answer);
        }
        if let Err(refused) = agent(headers).and_then(|()| authorised(headers)) {
            return refusal(&refused);
        }
        let major: Vec<&str> = path.iter().copied().take(3).collect();
        let bucket = self.traffic.count(&format!("{method} {}", major.join("/")), now);
        let mut response = if bucket.is_over() {
            bucket.refuse()
        } else {
            finish(read(method, headers, body).and_then(|body| self.act((method, &path), &body, now)))
        };
        bucket.write(&mut response);
        response
    }

    fn act(&mut self, (method, path): (&Method, &[&str]), body: &Value, now: Timestamp) -> Outcome {
        match (method.as_str(), path) {
            ("POST", ["users", "@me", "channels"]) => self.open_direct(body, now),
            ("POST", ["channels", channel, "messages"]) => self.post(channel, body, now),
            ("GET", ["users", "@me"]) => Ok(show::bot()),
            ("GET", ["guilds", guild]) => Self::guild(guild),
            ("GET", ["channels", channel]) => self.channel(channel),
            ("GET", ["channels", channel, "messages"]) => self.read(channel, None),
            ("GET", ["channels", channel, "messages", id]) => self.read(channel, Some(id)),
            ("PATCH", ["channels", channel, "messages", id]) => self.edit(channel, id, body, now),
            ("GET", ["guilds", guild, "members", user]) => self.member(guild, user),
            (_, ["applications", application, "commands"]) => {
                self.use_commands(method, (application, None), body, now)
            }
            (_, ["applications", application, "guilds", guild, "commands"]) => {
                self.use_commands(method, (application, Some(guild)), body, now)
            }
            _ => Err(Refused::plain(StatusCode::NOT_FOUND)),
        }
    }

    fn guild(guild: &str) -> Outcome {
        let mut form = Form::default();
        form.snowflake("guild_id", &json!(guild));
        form.done()?;
        if guild != cast::DISCORD_GUILD_ID {
            return Err(refused(10004));
        }
        Ok(json!({ "id": guild, "name": "simulated" }))
    }

    fn member(&self, guild: &str, user: &str) -> Outcome {
        let mut form = Form::default();
        form.snowflake("guild_id", &json!(guild));
        form.snowflake("user_id", &json!(user));
        form.done()?;
        if guild != cast::DISCORD_GUILD_ID {
            return Err(refused(10004));
        }
        match self.members.get(user) {
            Some(roles) => Ok(show::member(user, roles)),
            None => Err(refused(if show::is_person(user) { 10007 } else { 10013 })),
        }
    }

    /// A new id, which grows with time as Discord's do.
    fn snowflake(&mut self, now: Timestamp) -> String {
        self.counter += 1;
        let millis = u64::try_from(now.as_millisecond() - EPOCH).unwrap_or_default();
        (millis << 22 | u64::from(self.counter)).to_string()
    }

    /// Everything, as the control API shows it.
    pub fn state(&self) -> Value {
        let message = |m: &Message| {
            let mut shown = m.json();
            shown["only"] = json!(m.only);
            shown["pings"] = json!(m.pings);
            shown["edits"] = json!(m.edits);
            shown
        };
        json!({
            "messages": self.messages.iter().map(message).collect::<Vec<_>>(),
            "permissions": self.permissions.to_string(),
            "members": self.members,
            "commands": self.commands,
            "invalid_requests": self.traffic.invalid,
        })
    }
}

/// Who does not say which bot it is gets no further than the edge. "User Agent" of the API reference.
fn agent(headers: &HeaderMap) -> Result<(), Refused> {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let inner =
        agent.strip_prefix("DiscordBot (").and_then(|rest| rest.split_once(')')).map(|(inner, _)| inner);
    let named = inner.and_then(|inner| inner.split_once(", ")).filter(|(url, version)| {
        url.starts_with("http") && version.starts_with(|first: char| first.is_ascii_digit())
    });
    named.map(|_| ()).ok_or_else(|| refused(40333))
}

fn authorised(headers: &HeaderMap) -> Result<(), Refused> {
    let token = headers.get(header::AUTHORIZATION).and_then(|token| token.to_str().ok());
    let ours = token.and_then(|token| token.strip_prefix("Bot ")) == Some(cast::DISCORD_BOT_TOKEN);
    ours.then_some(()).ok_or_else(|| Refused::plain(StatusCode::UNAUTHORIZED))
}

/// The JSON of a call that has one.
fn read(method: &Method, headers: &HeaderMap, body: &[u8]) -> Outcome {
    if method == Method::GET {
        return Ok(Value::Null);
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        let mut form = Form::default();
        let words = "Expected \"Content-Type\" header to be one of {'application/json'}.";
        form.fault("", "CONTENT_TYPE_INVALID", words);
        form.done()?;
    }
    serde_json::from_slice(body).map_err(|_| refused(50109))
}

fn finish(answer: Outcome) -> Response<Bytes> {
    match answer {
        Ok(Value::Null) => Response::builder().status(204).body(Bytes::new()).unwrap_or_default(),
        Ok(body) => response(StatusCode::OK, &body),
        Err(refused) => refusal(&refused),
    }
}

fn refusal(refused: &Refused) -> Response<Bytes> {
    response(refused.status, &refused.body)
}
