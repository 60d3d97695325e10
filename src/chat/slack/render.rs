//! From a notice to Block Kit. Escapes everything that is free text; nothing but people, groups and our own messages
//! becomes live. Limits: Slack's Block Kit reference.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::super::Reply;
use crate::domain::id::{Actor, Platform, Principal};
use crate::domain::notice::{Button, Confirm, Line, Notice, Span, Tone, TypeField, visible};

/// Where the typed name is found in a click's `state.values`.
pub const TYPED_BLOCK: &str = "typed";
pub const TYPED_ACTION: &str = "name";

const SECTION_MAX: usize = 3000;
const HEADER_MAX: usize = 150;
const TEXT_MAX: usize = 4000;

/// `text` and `blocks` of a message.
pub fn message(notice: &Notice) -> Value {
    json!({ "text": fallback(notice), "blocks": blocks(notice) })
}

/// The HTTP answer.
pub fn reply(reply: &Reply) -> Response<Bytes> {
    let Reply::Private(notice) = reply else { return Response::new(Bytes::new()) };
    let mut body = message(notice);
    body["response_type"] = "ephemeral".into();
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn blocks(notice: &Notice) -> Vec<Value> {
    let mut blocks = Vec::new();
    let mut rest = notice.lines.as_slice();
    if let Some((first, others)) = rest.split_first()
        && first.tone == Tone::Title
    {
        blocks.push(header(first));
        rest = others;
    }
    // Lines of one tone stand together.
    for group in rest.chunk_by(|a, b| a.tone == b.tone) {
        blocks.extend(sections(group));
    }
    blocks.extend(notice.field.as_ref().map(input));
    if !notice.buttons.is_empty() {
        let elements: Vec<Value> = notice.buttons.iter().map(button).collect();
        blocks.push(json!({ "type": "actions", "block_id": "decision", "elements": elements }));
    }
    blocks
}

fn header(line: &Line) -> Value {
    let text: String = line
        .spans
        .iter()
        .map(|span| match span {
            Span::Text(text) | Span::Strong(text) | Span::Code(text) => visible(text),
            Span::Person(actor) => visible(&actor.name),
            Span::Principal(principal) => principal.to_string(),
            Span::Time(at) => at.to_string(),
            Span::Message { .. } => "the card".to_owned(),
        })
        .collect();
    json!({ "type": "header", "text": { "type": "plain_text", "text": cut(&text, HEADER_MAX), "emoji": false } })
}

/// One section, or several where the text is too long for one.
fn sections(lines: &[Line]) -> Vec<Value> {
    let mut texts: Vec<String> = Vec::new();
    for line in lines.iter().map(markup) {
        match texts.last_mut() {
            Some(last) if last.chars().count() + line.chars().count() < SECTION_MAX => {
                last.push('\n');
                last.push_str(&line);
            }
            Some(_) | None => texts.push(cut(&line, SECTION_MAX)),
        }
    }
    let section = |text: String| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } });
    texts.into_iter().map(section).collect()
}

fn markup(line: &Line) -> String {
    let spans: String = line.spans.iter().map(span).collect();
    match (line.tone, &line.label) {
        (Tone::Warning, _) => format!(":warning: {spans}"),
        (Tone::Field, Some(label)) => format!("*{}*  {spans}", escape(label)),
        (Tone::Title, _) => format!("*{spans}*"),
        (Tone::Plain | Tone::Field, _) => spans,
    }
}

fn span(span: &Span) -> String {
    match span {
        Span::Text(text) => escape(text),
        Span::Strong(text) => format!("*{}*", escape(text)),
        Span::Code(text) => format!("`{}`", escape(text)),
        Span::Person(actor) => person(actor),
        Span::Principal(principal) => group(principal),
        Span::Time(at) => {
            let unix = at.as_second();
            let fallback = at.strftime("%H:%M:%S UTC");
            format!("<!date^{unix}^{{time_secs}}|{fallback}>")
        }
        Span::Message { place, message } => {
            let ts: String = message.0.chars().filter(char::is_ascii_digit).collect();
            format!("<https://slack.com/archives/{}/p{ts}|the card>", id(&place.channel))
        }
    }
}

fn person(actor: &Actor) -> String {
    match actor.platform {
        Platform::Slack => format!("<@{}>", id(&actor.user)),
        Platform::Discord => escape(&actor.name),
    }
}

fn group(principal: &Principal) -> String {
    match principal {
        Principal::Slack(user) => format!("<@{}>", id(user)),
        Principal::SlackGroup(group) => format!("<!subteam^{}>", id(group)),
        Principal::Discord(_) | Principal::DiscordRole(_) => format!("`{principal}`"),
        Principal::Person(name) => escape(name),
    }
}

/// An id inside of Slack's own brackets holds letters and digits and nothing else.
fn id(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Free text: the three characters that Slack reads, and the marks that would format it or link it.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '`' => safe.push('\u{2019}'),
            '*' => safe.push('\u{2217}'),
            '~' => safe.push('\u{223c}'),
            _ => safe.push(c),
        }
    }
    safe
}

fn input(field: &TypeField) -> Value {
    json!({
        "type": "input",
        "block_id": TYPED_BLOCK,
        "optional": true,
        "label": { "type": "plain_text", "text": cut(&visible(&field.label), 2000), "emoji": false },
        "element": {
            "type": "plain_text_input",
            "action_id": TYPED_ACTION,
            "max_length": 200,
            "placeholder": { "type": "plain_text", "text": cut(&visible(&field.expect), 150), "emoji": false },
        },
    })
}

fn button(button: &Button) -> Value {
    let mut value = json!({
        "type": "button",
        "action_id": button.action,
        "text": { "type": "plain_text", "text": cut(&visible(&button.label), 75), "emoji": false },
        "value": button.value,
    });
    if button.danger {
        value["style"] = "danger".into();
    }
    if let Some(Confirm { title, body, yes, no }) = &button.confirm {
        let plain = |text: &str, max| json!({ "type": "plain_text", "text": cut(&visible(text), max), "emoji": false });
        value["confirm"] = json!({
            "title": plain(title, 100), "text": plain(body, 300), "confirm": plain(yes, 30), "deny": plain(no, 30),
            "style": "danger",
        });
    }
    value
}

/// The whole content again, as lines: screen readers read this and nothing else.
fn fallback(notice: &Notice) -> String {
    let mut text = String::new();
    let buttons = notice.buttons.iter().map(|button| format!("[ {} ]", escape(&button.label)));
    let field = notice.field.iter().map(|field| escape(&field.label));
    for line in notice.lines.iter().map(markup).chain(field).chain(buttons) {
        if text.chars().count() + line.chars().count() >= TEXT_MAX {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    text
}

/// The first `max` characters, with an ellipsis where some are missing.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max - 1).collect();
    // Half an escape is no escape.
    if let Some(start) = short.rfind('&')
        && short.len() - start < 5
        && !short[start..].contains(';')
    {
        short.truncate(start);
    }
    short.push('\u{2026}');
    short
}
