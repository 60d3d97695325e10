//! A [`Notice`] as Block Kit. Adds no sentence; makes free text harmless; keeps every limit, because a message that
//! Slack refuses is one that nobody reads.
//!
//! Source of the limits: the Block Kit reference, docs.slack.dev.

mod pen;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use self::pen::{Style, Writer, clip};
use crate::chat::Reply;
use crate::chat::fit::{length, push_line, whole_lines};
use crate::domain::notice::{Button, Confirm, Line, Notice, Span, Tone, TypeField};

/// Where a click carries what was typed: `state.values.<block>.<action>`.
pub const TYPED_BLOCK: &str = "typed";
pub const TYPED_ACTION: &str = "name";

/// Characters of a section's text.
const SECTION: usize = 3000;
/// Characters of all sections; Slack refuses a message somewhat above it.
const SECTIONS: usize = 12_000;
/// Blocks of text; Slack takes 50 with the field and the buttons.
const TEXT_BLOCKS: usize = 48;
/// Characters of the top-level text, and of one line of it.
const TEXT: usize = 4000;
const WORDS_LINE: usize = 1500;
const HEADER: usize = 150;
const LABEL: usize = 2000;
const PLACEHOLDER: usize = 150;
const BUTTONS: usize = 25;
const BUTTON: usize = 75;
const CONFIRM_TITLE: usize = 100;
const CONFIRM_BODY: usize = 300;
const CONFIRM_CHOICE: usize = 30;

/// What `chat.postMessage` and its like take: `text`, which is all that a screen reader reads, and `blocks`.
///
/// `command` is the first command's name, with its slash.
pub fn message(notice: &Notice, command: &str) -> Value {
    json!({ "text": words(notice, command), "blocks": blocks(notice, command) })
}

/// The answer to Slack's request. Always 200: the status says that it was received, no more.
pub fn reply(reply: &Reply, command: &str) -> http::Response<Bytes> {
    let notice = match reply {
        // The name is typed on the card itself: there is never a form to show.
        Reply::Pong | Reply::Silent | Reply::Form(_) => return http::Response::new(Bytes::new()),
        Reply::Private(notice) => notice,
    };
    let mut body = message(notice, command);
    body["response_type"] = json!("ephemeral");
    let mut response = http::Response::new(Bytes::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

fn blocks(notice: &Notice, command: &str) -> Vec<Value> {
    let writer = Writer { command, style: Style::Mrkdwn };
    let mut room = SECTIONS;
    let mut blocks = Vec::new();
    for run in notice.lines.chunk_by(|a, b| a.tone == b.tone && a.tone != Tone::Title) {
        if let [line] = run
            && let Some(title) = header(line)
        {
            blocks.push(title);
            continue;
        }
        let texts = run.iter().map(|line| {
            let text = writer.line(line, SECTION.min(room));
            room = room.saturating_sub(length(&text) + 1);
            text
        });
        blocks.extend(pack(texts).iter().map(|text| section(text)));
    }
    blocks.truncate(TEXT_BLOCKS);
    blocks.extend(notice.field.as_ref().map(input));
    if !notice.buttons.is_empty() {
        let buttons: Vec<Value> = notice.buttons.iter().take(BUTTONS).map(button).collect();
        blocks.push(json!({ "type": "actions", "block_id": "decision", "elements": buttons }));
    }
    blocks
}

/// A title as a header block, if it is nothing but text and fits.
fn header(line: &Line) -> Option<Value> {
    let plain = |span: &Span| matches!(span, Span::Text(_) | Span::Strong(_) | Span::Code(_));
    if line.tone != Tone::Title || line.label.is_some() || !line.spans.iter().all(plain) {
        return None;
    }
    let text = Writer { command: "", style: Style::Words }.line(line, SECTION);
    ((1..=HEADER).contains(&length(&text)))
        .then(|| json!({ "type": "header", "text": { "type": "plain_text", "text": text, "emoji": false } }))
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

/// Not marked optional, which would show on the card; a click on a button sends it empty all the same.
fn input(field: &TypeField) -> Value {
    json!({
        "type": "input",
        "block_id": TYPED_BLOCK,
        "label": plain(&field.label, LABEL),
        "element": {
            "type": "plain_text_input",
            "action_id": TYPED_ACTION,
            "placeholder": plain(&field.expect, PLACEHOLDER),
        },
    })
}

fn button(button: &Button) -> Value {
    let mut element = json!({
        "type": "button",
        "action_id": button.action,
        "text": plain(&button.label, BUTTON),
        "value": button.value,
    });
    if button.danger {
        element["style"] = json!("danger");
    }
    if let Some(Confirm { title, body, yes, no }) = &button.confirm {
        element["confirm"] = json!({
            "title": plain(title, CONFIRM_TITLE),
            "text": plain(body, CONFIRM_BODY),
            "confirm": plain(yes, CONFIRM_CHOICE),
            "deny": plain(no, CONFIRM_CHOICE),
        });
        if button.danger {
            element["confirm"]["style"] = json!("danger");
        }
    }
    element
}

fn plain(text: &str, room: usize) -> Value {
    json!({ "type": "plain_text", "text": clip(text, room), "emoji": false })
}

/// Everything in plain words, cut by whole lines; what is to be typed and pressed is never what is cut.
fn words(notice: &Notice, command: &str) -> String {
    let writer = Writer { command, style: Style::Words };
    let mut tail = String::new();
    if let Some(field) = &notice.field {
        push_line(&mut tail, &clip(&field.label, WORDS_LINE / 2));
    }
    let label = |button: &Button| format!("[ {} ]", clip(&button.label, BUTTON));
    let buttons: Vec<String> = notice.buttons.iter().take(BUTTONS).map(label).collect();
    push_line(&mut tail, &buttons.join("  "));
    whole_lines(notice.lines.iter().map(|line| writer.line(line, WORDS_LINE)), &tail, TEXT)
}

/// Lines joined to texts that each fit a section.
fn pack(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match texts.last_mut() {
            Some(text) if length(text) + 1 + length(&line) <= SECTION => push_line(text, &line),
            Some(_) | None => texts.push(line),
        }
    }
    texts
}
