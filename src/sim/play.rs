//! People of the cast, on whichever platform: what they type and press, and what they see.

use jiff::Timestamp;
use serde_json::Value;

use super::discord::answer::Answer;
use super::discord::{self, DiscordWorld};
use super::slack::{self, SlackWorld};
use super::{Sim, cast};
use crate::domain::id::Platform;

/// One signed HTTP request, ready to be posted to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub path: &'static str,
    pub headers: [(&'static str, String); 3],
    pub body: String,
    /// What makes it one delivery.
    pub number: u32,
}

impl Delivery {
    /// Signs `body` as the platform does, for `path` of it.
    pub fn sign(platform: Platform, path: &'static str, body: String, now: Timestamp) -> Self {
        match platform {
            Platform::Slack => Self::from_slack(slack::deliver::Delivery::sign(path, body, now), 0),
            Platform::Discord => Self::from_discord(discord::deliver::Delivery::sign(body, now), 0),
        }
    }

    fn from_slack(delivery: slack::deliver::Delivery, number: u32) -> Self {
        let slack::deliver::Delivery { path, timestamp, signature, body } = delivery;
        let headers = [
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("x-slack-request-timestamp", timestamp),
            ("x-slack-signature", signature),
        ];
        Self { path, headers, body, number }
    }

    fn from_discord(delivery: discord::deliver::Delivery, number: u32) -> Self {
        let discord::deliver::Delivery { path, timestamp, signature, body } = delivery;
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-signature-timestamp", timestamp),
            ("x-signature-ed25519", signature),
        ];
        Self { path, headers, body, number }
    }
}

/// What the person sees of the app's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Nothing,
    /// For this person alone.
    Words(Vec<String>),
    /// A window with a field in it.
    Form {
        lines: Vec<String>,
        /// What the field asks for.
        expect: String,
    },
}

/// One message on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub id: String,
    pub at: Timestamp,
    /// The only person who sees it.
    pub only: Option<String>,
    pub lines: Vec<String>,
    pub edits: u32,
}

/// A button on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressable {
    pub label: String,
    /// The question that comes before it acts.
    pub question: Option<String>,
    /// What the field beside it asks for.
    pub expect: Option<String>,
}

/// Slack tells two deliveries apart by this.
fn trigger(number: u32) -> String {
    format!("{number}.7.sim")
}

/// And Discord by a number that grows.
fn interaction(number: u32) -> String {
    (1_600_000_000_000_000_000_u64 + u64::from(number)).to_string()
}

impl Sim {
    /// A command that `who` types in the channel; another `number` is another delivery.
    ///
    /// # Errors
    /// When there is nobody of that name, or the platform has no form for the words.
    pub fn types(
        &self,
        platform: Platform,
        (who, text): (&str, &str),
        number: u32,
    ) -> Result<Delivery, String> {
        let now = self.fleet_now();
        let user = cast::id(platform, who).ok_or_else(|| format!("there is no `{who}` here"))?;
        match platform {
            Platform::Slack => {
                let delivery = slack::deliver::slash_command(user, text, &trigger(number), now);
                Ok(Delivery::from_slack(delivery, number))
            }
            Platform::Discord => {
                let delivery = self.discord(|world| world.command(user, text, &interaction(number), now))?;
                Ok(Delivery::from_discord(delivery, number))
            }
        }
    }

    /// A press of the newest button for `action`, with what stands in the field beside it; `None` where there is no
    /// such button or person.
    pub fn presses(
        &self,
        platform: Platform,
        (who, action, typed): (&str, &str, Option<&str>),
        number: u32,
    ) -> Option<Delivery> {
        let now = self.fleet_now();
        let user = cast::id(platform, who)?;
        match platform {
            Platform::Slack => {
                let trigger = trigger(number);
                let press = slack::deliver::Press { user, action, typed, trigger: &trigger };
                let delivery = self.slack(|world| world.press(press, now))?;
                Some(Delivery::from_slack(delivery, number))
            }
            Platform::Discord => {
                let id = interaction(number);
                let press = discord::deliver::Press { user, action, id: &id };
                let delivery = self.discord(|world| world.press(press, now))?;
                Some(Delivery::from_discord(delivery, number))
            }
        }
    }

    /// The form that answered `press`, filled in and sent; `None` where none was opened.
    pub fn fills(&self, press: &Delivery, typed: &str, number: u32) -> Option<Delivery> {
        let (opened, id) = (interaction(press.number), interaction(number));
        let now = self.fleet_now();
        let submit = discord::deliver::Submit { press: &opened, typed, legacy: false, id: &id };
        let delivery = self.discord(|world| world.submit(submit, now))?;
        Some(Delivery::from_discord(delivery, number))
    }

    /// Takes the app's answer to a delivery, as the platform does.
    ///
    /// # Errors
    /// What the platform would say of it. The person would see that it failed.
    pub fn hears(&self, platform: Platform, delivery: &Delivery, answer: &Value) -> Result<Heard, String> {
        if platform == Platform::Slack {
            let lines = slack::screen::lines_of(answer);
            return Ok(if lines.is_empty() { Heard::Nothing } else { Heard::Words(lines) });
        }
        let now = self.fleet_now();
        let answer = self.discord(|world| world.answered(&interaction(delivery.number), answer, now))?;
        Ok(match &answer {
            Answer::Pong | Answer::Acknowledged | Answer::Update(_) => Heard::Nothing,
            Answer::Message { .. } => Heard::Words(answer.lines()),
            Answer::Modal(modal) => {
                Heard::Form { lines: answer.lines(), expect: discord::answer::placeholder(modal) }
            }
        })
    }

    /// Whether the platform has had its answer to this delivery; Slack takes the same one any number of times.
    pub fn is_answered(&self, platform: Platform, delivery: &Delivery) -> bool {
        platform == Platform::Discord
            && self.discord(|world| world.is_answered(&interaction(delivery.number)))
    }

    /// Everything in the channel and in direct messages, oldest first. What answers a command at once is not here:
    /// [`Sim::hears`] gives it.
    pub fn screen(&self, platform: Platform) -> Vec<Shown> {
        match platform {
            Platform::Slack => self.slack(slack_screen),
            Platform::Discord => self.discord(discord_screen),
        }
    }

    /// The newest button for `action`.
    pub fn button(&self, platform: Platform, action: &str) -> Option<Pressable> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match platform {
            Platform::Slack => self.slack(|world| {
                let message = world.with_button(action)?;
                let button = message.button(action)?;
                let mut fields = message.blocks.iter();
                Some(Pressable {
                    label: text(&button["text"]["text"])?,
                    question: text(&button["confirm"]["title"]["text"]),
                    expect: fields.find_map(|block| text(&block["element"]["placeholder"]["text"])),
                })
            }),
            Platform::Discord => self.discord(|world| {
                let button = world.with_button(action)?.button(action)?;
                Some(Pressable { label: text(&button["label"])?, question: None, expect: None })
            }),
        }
    }
}

fn slack_screen(world: &mut SlackWorld) -> Vec<Shown> {
    let shown = |message: &slack::Message| Shown {
        id: message.ts.clone(),
        at: message.at,
        only: message.only.as_deref().map(|id| cast::user_name(id).to_owned()),
        lines: message.lines(),
        edits: message.edits,
    };
    world.messages.iter().map(shown).collect()
}

fn discord_screen(world: &mut DiscordWorld) -> Vec<Shown> {
    let shown = |message: &discord::Message| Shown {
        id: message.id.clone(),
        at: message.at,
        only: message.only.as_deref().map(|id| cast::user_name(id).to_owned()),
        lines: message.lines(),
        edits: message.edits,
    };
    world.messages.iter().filter(|message| !world.answers_command(message)).map(shown).collect()
}
