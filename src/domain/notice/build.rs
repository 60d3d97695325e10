//! A small vocabulary for writing notices.

use jiff::{SignedDuration, Timestamp};

use super::{Button, Confirm, Line, Notice, Span, Tone};
use crate::domain::id::Actor;
use crate::domain::request::{Action, Press, Request};

/// Longest machine name on a button; a longer one is replaced by the id.
const NAME_ON_BUTTON: usize = 20;

macro_rules! spans {
    ($($part:expr),* $(,)?) => { vec![$($crate::domain::notice::Span::from($part)),*] };
}
pub(super) use spans;

impl From<&str> for Span {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Span {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&Actor> for Span {
    fn from(actor: &Actor) -> Self {
        Self::Person(actor.clone())
    }
}

impl From<Timestamp> for Span {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
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

    pub(super) fn title(text: impl Into<String>) -> Self {
        Self::default().add(Tone::Title, None, vec![Span::Text(text.into())])
    }

    pub(super) fn line(self, spans: Vec<Span>) -> Self {
        self.add(Tone::Plain, None, spans)
    }

    pub(super) fn warn(self, text: impl Into<String>) -> Self {
        self.add(Tone::Warning, None, vec![Span::Text(text.into())])
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

/// `web-7 (ins-r8hr2upy)`; the id alone while the name is not known.
pub(super) fn machine(request: &Request) -> Vec<Span> {
    let id = request.ask.instance.as_str();
    match request.plan.as_ref().map(|plan| plan.machine.name.as_str()) {
        Some(name) if !name.is_empty() => spans![strong(short(name, 60)), " (", code(id), ")"],
        Some(_) | None => spans![code(id)],
    }
}

/// The name as it fits on a button.
pub(super) fn on_button(request: &Request) -> String {
    let title = request.title();
    if title.chars().count() <= NAME_ON_BUTTON { title.to_owned() } else { request.ask.instance.to_string() }
}

pub(super) fn short(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['\u{2026}']).collect()
}

/// `/reset ins-… …`, to copy.
pub(super) fn again(request: &Request) -> Span {
    code(format!("/reset {}", request.ask.canonical()))
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

/// `a, b and c`
pub(super) fn listed(mut parts: Vec<Span>) -> Vec<Span> {
    let Some(last) = parts.pop() else { return Vec::new() };
    let mut all = Vec::new();
    let count = parts.len();
    for (index, part) in parts.into_iter().enumerate() {
        all.push(part);
        all.push(Span::from(if index + 1 < count { ", " } else { " and " }));
    }
    all.push(last);
    all
}
