//! Every word the bot says. A [`Notice`] is platform-neutral: renderers turn it into Block Kit or embeds and never
//! add a sentence of their own. Free text (names, tags, reasons, messages of the cloud) is hostile; it travels as
//! [`Span::Text`] or [`Span::Code`] and the renderer escapes it.

mod answers;
mod back;
mod build;
mod card;
mod denials;
mod ends;
mod log;
mod look;
mod refusals;
mod sheet;
mod speech;
mod stand;
mod text;
mod warnings;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{Actor, MessageRef, Place, Principal};

pub use answers::*;
pub use card::card;
pub use denials::{denied, objection};
pub use ends::ended_before_card;
pub use log::{actor, summary};
pub use look::{explain, help, status, status_one};
pub use refusals::no_plan;
pub use sheet::form;
pub use speech::{Tail, speech};
pub use text::{plain, typed};

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    Text(String),
    Strong(String),
    /// Something to copy: an id, a line of configuration.
    Code(String),
    /// One of our commands, to copy: the words after its name. The renderer writes it as it is typed on its platform.
    Command(String),
    /// How the bot is let into a channel; again the platform's own way.
    Invite,
    /// A live mention. Only people who are meant to hear of it.
    Person(Actor),
    /// A principal of the approver list; live for accounts and groups.
    Principal(Principal),
    /// A time, shown in the reader's own zone.
    Time(Timestamp),
    /// A link to a message of ours.
    Message {
        place: Place,
        message: MessageRef,
    },
}

/// How a line is meant; never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Title,
    Plain,
    Warning,
    /// `label  text`, one of a few that stand together.
    Field,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub tone: Tone,
    pub label: Option<String>,
    pub spans: Vec<Span>,
}

/// A second question before a button acts, where the platform has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    pub title: String,
    pub body: String,
    pub yes: String,
    pub no: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    pub action: String,
    /// [`super::request::Press`], written out.
    pub value: String,
    pub label: String,
    pub danger: bool,
    pub confirm: Option<Confirm>,
}

/// A field in which the machine's name is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeField {
    /// What to do, as plain text: a label can hold neither markup nor mentions.
    pub label: String,
    /// What is typed, shown as the placeholder.
    pub expect: String,
}

/// What is asked before a press counts, where the platform asks in a window of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub question: Confirm,
    pub field: TypeField,
    /// [`super::request::Press`], written out.
    pub value: String,
}

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub lines: Vec<Line>,
    pub field: Option<TypeField>,
    pub buttons: Vec<Button>,
}

/// Free text with every character that cannot be seen, or that changes what is seen, written out.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control, format and bidirectional characters, fillers, variation selectors and tags.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
