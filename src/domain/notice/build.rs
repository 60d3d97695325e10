//! A small vocabulary for writing notices.

use jiff::{SignedDuration, Timestamp};

use super::{Button, Confirm, Line, Notice, Span, Tone, visible};
use crate::domain::ask::Ask;
use crate::domain::id::{Actor, Principal};
use crate::domain::plan::{LoginOrder, Secret};
use crate::domain::request::{Action, Press, Request};

/// Longest machine name on a button; a longer one is replaced by the id.
const NAME_ON_BUTTON: usize = 20;
/// Longest name in a sentence.
const NAME: usize = 60;
/// Longest piece of somebody else's words, in characters.
const QUOTE: usize = 300;
/// How many principals are named before the rest is counted.
const NAMED: usize = 8;

/// Spans in the making. This program's own text may hold `` `code` ``; text made at run time is taken as it is, so
/// that no name can become markup.
pub(super) struct Words(pub(super) Vec<Span>);

/// `spans!["Wipe ", strong(name), "?"]`
macro_rules! spans {
    ($($part:expr),* $(,)?) => {
        [$($crate::domain::notice::build::Words::from($part).0),*].concat()
    };
}
pub(super) use spans;

impl From<&'static str> for Words {
    fn from(text: &'static str) -> Self {
        Self(ticked(text))
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self(vec![Span::Text(text)])
    }
}

impl From<&Actor> for Words {
    fn from(actor: &Actor) -> Self {
        Self(vec![Span::Person(actor.clone())])
    }
}

impl From<Timestamp> for Words {
    fn from(at: Timestamp) -> Self {
        Self(vec![Span::Time(at)])
    }
}

impl From<Span> for Words {
    fn from(span: Span) -> Self {
        Self(vec![span])
    }
}

impl From<Vec<Span>> for Words {
    fn from(spans: Vec<Span>) -> Self {
        Self(spans)
    }
}

/// `` `code` `` becomes [`Span::Code`], `` `/reset …` `` a command. For text that this program wrote, never for what
/// people or the cloud wrote.
pub(super) fn ticked(text: &str) -> Vec<Span> {
    let pieces = text.split('`').enumerate().filter(|(_, piece)| !piece.is_empty());
    pieces
        .map(|(index, piece)| match (index % 2, piece.strip_prefix("/reset")) {
            (0, _) => Span::Text(piece.to_owned()),
            (_, Some(words)) => typed(words.trim_start()),
            (_, None) if piece.starts_with("/invite") => Span::Invite,
            (_, None) => code(piece),
        })
        .collect()
}

/// A command of ours: `words` are what follows its name.
pub(super) fn typed(words: impl Into<String>) -> Span {
    Span::Command(words.into())
}

pub(super) fn code(text: impl Into<String>) -> Span {
    Span::Code(text.into())
}

pub(super) fn strong(text: impl Into<String>) -> Span {
    Span::Strong(text.into())
}

impl Notice {
    /// One plain line.
    pub(super) fn say(spans: Vec<Span>) -> Self {
        Self::default().line(spans)
    }

    pub(super) fn title(spans: Vec<Span>) -> Self {
        Self::default().add(Tone::Title, None, spans)
    }

    pub(super) fn line(self, spans: Vec<Span>) -> Self {
        self.add(Tone::Plain, None, spans)
    }

    pub(super) fn warn(self, spans: Vec<Span>) -> Self {
        self.add(Tone::Warning, None, spans)
    }

    pub(super) fn field(self, label: &str, spans: Vec<Span>) -> Self {
        self.add(Tone::Field, Some(label.to_owned()), spans)
    }

    fn add(mut self, tone: Tone, label: Option<String>, spans: Vec<Span>) -> Self {
        self.lines.push(Line { tone, label, spans });
        self
    }

    pub(super) fn button(mut self, request: &Request, action: Action, label: impl Into<String>) -> Self {
        let press = Press { action, request: request.id.clone(), digest: request.digest_prefix() };
        self.buttons.push(Button {
            action: action.as_str().to_owned(),
            value: press.to_string(),
            label: label.into(),
            danger: action == Action::Wipe,
            confirm: None,
        });
        self
    }

    /// Gives the last button a second question.
    pub(super) fn asking(mut self, confirm: Confirm) -> Self {
        if let Some(button) = self.buttons.last_mut() {
            button.confirm = Some(confirm);
        }
        self
    }
}

/// The secret whose password was made for this request.
pub(super) fn secret(request: &Request) -> Option<&Secret> {
    match &request.plan.as_deref()?.order.login {
        LoginOrder::Vault(secret) => Some(secret),
        LoginOrder::Keys(_) | LoginOrder::KeepImage | LoginOrder::Random => None,
    }
}

/// `web-7 (ins-r8hr2upy)`; the id alone while the name is not known.
pub(super) fn machine(request: &Request) -> Vec<Span> {
    let id = request.ask.instance.as_str();
    match request.plan.as_ref().map(|plan| plan.machine.name.as_str()) {
        Some(name) if !name.is_empty() => spans![strong(short(name, NAME)), " (", code(id), ")"],
        Some(_) | None => spans![code(id)],
    }
}

/// The name as it fits on a button: the id where it is too long, or not what it seems.
pub(super) fn on_button(request: &Request) -> String {
    let title = request.title();
    let fits = title.chars().count() <= NAME_ON_BUTTON && visible(title) == title;
    if fits { title.to_owned() } else { request.ask.instance.to_string() }
}

/// At most `max` characters, marked where it was cut.
pub(super) fn short(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['\u{2026}']).collect()
}

/// Free text for a label or a dialog, which can hold no markup and marks nothing as foreign.
pub(super) fn on_label(text: &str, max: usize) -> String {
    short(&visible(text), max)
}

/// Somebody else's words, as such.
pub(super) fn quoted(text: &str) -> String {
    format!("\u{201c}{}\u{201d}", short(text.trim(), QUOTE))
}

/// `/reset ins-… …`, to copy.
pub(super) fn command(ask: &Ask) -> Span {
    typed(ask.canonical())
}

/// The command that asks for the same again.
pub(super) fn again(request: &Request) -> Span {
    command(&request.ask)
}

/// `#k3v7q`
pub(super) fn tag(request: &Request) -> String {
    format!("#{}", request.id.short())
}

/// Whoever made the newest fact.
pub(super) fn last_by(request: &Request) -> Vec<Span> {
    request.last().by.as_ref().map_or_else(|| spans!["cleanslate"], |by| spans![by])
}

/// The people whose yes counted.
pub(super) fn deciders(request: &Request) -> Vec<Span> {
    listed(request.votes.iter().map(|vote| Span::Person(vote.caller.actor.clone())).collect())
}

/// `@alice @bob `: the requester and the deciders, each once.
pub(super) fn people(request: &Request) -> Vec<Span> {
    let mut actors = vec![&request.caller.actor];
    for vote in &request.votes {
        if actors.iter().all(|actor| actor.principal() != vote.caller.actor.principal()) {
            actors.push(&vote.caller.actor);
        }
    }
    actors.into_iter().flat_map(|actor| spans![actor, " "]).collect()
}

/// The first few, and how many more there are.
pub(super) fn principals<'a>(all: impl ExactSizeIterator<Item = &'a Principal>) -> Vec<Span> {
    let more = all.len().saturating_sub(NAMED);
    let mut named: Vec<Span> = all.take(NAMED).cloned().map(Span::Principal).collect();
    if more > 0 {
        named.push(Span::Text(format!("{more} more")));
    }
    listed(named)
}

/// `2 min 41 s`
pub(super) fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, seconds) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// `9 days`, `2 hours`, `40 min`: the largest unit of which there are two.
pub(super) fn age(length: SignedDuration) -> String {
    let minutes = length.as_mins().max(0);
    match (minutes / 1440, minutes / 60) {
        (days @ 2.., _) => format!("{days} days"),
        (_, hours @ 2..) => format!("{hours} hours"),
        (_, _) => format!("{minutes} min"),
    }
}

/// `a, b and c`
pub(super) fn listed(mut parts: Vec<Span>) -> Vec<Span> {
    let Some(last) = parts.pop() else { return Vec::new() };
    let count = parts.len();
    let mut all = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        all.push(part);
        all.push(Span::Text(if index + 1 < count { ", " } else { " and " }.to_owned()));
    }
    all.push(last);
    all
}
