//! A [`Notice`] as Block Kit. Adds no sentence; makes free text harmless; keeps every limit, because a message that
//! Slack refuses is one that nobody reads.
//!
//! Source of the limits: the Block Kit reference, docs.slack.dev; of the escapes and of `<!date>`: "Formatting
//! message text", there.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::chat::Reply;
use crate::domain::id::{MessageRef, Place, Platform, Principal};
use crate::domain::notice::{Button, Confirm, Line, Notice, Span, Tone, TypeField, is_hidden};

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
/// Where something was left out.
const CUT: &str = "\u{2026}";

/// What `chat.postMessage` and its like take: `text`, which is all that a screen reader reads, and `blocks`.
pub fn message(notice: &Notice) -> Value {
    json!({ "text": words(notice), "blocks": blocks(notice) })
}

/// The answer to Slack's request. Always 200: the status says that it was received, no more.
pub fn reply(reply: &Reply) -> http::Response<Bytes> {
    let notice = match reply {
        Reply::Pong | Reply::Silent => return http::Response::new(Bytes::new()),
        Reply::Private(notice) => notice,
    };
    let mut body = message(notice);
    body["response_type"] = json!("ephemeral");
    let mut response = http::Response::new(Bytes::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

fn blocks(notice: &Notice) -> Vec<Value> {
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
            let text = write(line, Style::Mrkdwn, SECTION.min(room));
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
    let text = write(line, Style::Words, SECTION);
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
fn words(notice: &Notice) -> String {
    let mut tail = String::new();
    if let Some(field) = &notice.field {
        push_line(&mut tail, &clip(&field.label, WORDS_LINE / 2));
    }
    let label = |button: &Button| format!("[ {} ]", clip(&button.label, BUTTON));
    let buttons: Vec<String> = notice.buttons.iter().take(BUTTONS).map(label).collect();
    push_line(&mut tail, &buttons.join("  "));
    // Two line breaks and the mark of a cut.
    let room = TEXT - length(&tail) - 3;
    let mut text = String::new();
    for line in &notice.lines {
        let line = write(line, Style::Words, WORDS_LINE);
        if length(&text) + 1 + length(&line) > room {
            push_line(&mut text, CUT);
            break;
        }
        push_line(&mut text, &line);
    }
    push_line(&mut text, &tail);
    text
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

fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() && !line.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// Slack counts characters, not bytes.
fn length(text: &str) -> usize {
    text.chars().count()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// For a section: bold, code.
    Mrkdwn,
    /// For a header and the top-level text.
    Words,
}

/// One line in at most `room` characters.
fn write(line: &Line, style: Style, room: usize) -> String {
    let mut pen = Pen { out: String::new(), room, style };
    if line.tone == Tone::Warning {
        pen.whole("\u{26a0} ");
    }
    if let Some(label) = &line.label {
        match style {
            Style::Mrkdwn => pen.free(label, "*", "*  "),
            Style::Words => pen.free(label, "", ": "),
        }
    }
    for span in &line.spans {
        match span {
            Span::Text(text) if line.tone == Tone::Title => pen.marked(text, "*"),
            Span::Text(text) => pen.free(text, "", ""),
            Span::Strong(text) => pen.marked(text, "*"),
            Span::Code(text) => pen.marked(text, "`"),
            Span::Person(actor) => pen.principal(&actor.principal()),
            Span::Principal(principal) => pen.principal(principal),
            Span::Time(time) => pen.whole(&date(*time)),
            Span::Message { place, message } => match permalink(place, message) {
                Some(url) => pen.whole(&format!("<{url}|link>")),
                None => pen.marked(&message.0, "`"),
            },
        }
    }
    pen.out
}

/// Writes until the room is used up.
struct Pen {
    out: String,
    room: usize,
    style: Style,
}

impl Pen {
    /// Slack sees no mark that stands next to white space, so that stays outside.
    fn marked(&mut self, text: &str, mark: &str) {
        if self.style == Style::Words {
            return self.free(text, "", "");
        }
        let (before, rest) = text.split_at(text.len() - text.trim_start().len());
        let (inner, after) = rest.split_at(rest.trim_end().len());
        self.free(before, "", "");
        self.free(inner, mark, mark);
        self.free(after, "", "");
    }

    /// Text that may be anything, between marks that are ours.
    fn free(&mut self, text: &str, open: &str, close: &str) {
        let marks = length(open) + length(close);
        let text = clip(text, self.room.saturating_sub(marks));
        if !text.is_empty() {
            self.room -= marks + length(&text);
            self.out.extend([open, &text, close]);
        }
    }

    /// Markup of ours, whole or not at all.
    fn whole(&mut self, markup: &str) {
        let length = length(markup);
        if length <= self.room {
            self.room -= length;
            self.out.push_str(markup);
        } else {
            self.free(CUT, "", "");
            self.room = 0;
        }
    }

    /// Live for accounts and groups of Slack, and only when the id is one: it stands between markup.
    fn principal(&mut self, principal: &Principal) {
        match principal {
            Principal::Slack(id) if is_id(id, &['U', 'W']) => self.whole(&format!("<@{id}>")),
            Principal::SlackGroup(id) if is_id(id, &['S']) => self.whole(&format!("<!subteam^{id}>")),
            Principal::Slack(_)
            | Principal::SlackGroup(_)
            | Principal::Discord(_)
            | Principal::DiscordRole(_)
            | Principal::Person(_) => self.marked(&principal.to_string(), "`"),
        }
    }
}

fn is_id(id: &str, first: &[char]) -> bool {
    id.len() > 1 && id.starts_with(first) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// In the reader's own zone and manner, to the second.
fn date(time: Timestamp) -> String {
    format!("<!date^{}^{{time_secs}}|{}>", time.as_second(), time.strftime("%H:%M:%S UTC"))
}

fn permalink(place: &Place, message: &MessageRef) -> Option<String> {
    let (seconds, micros) = message.0.split_once('.')?;
    let digits = [seconds, micros].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let ours = place.platform == Platform::Slack && is_id(&place.channel, &['C', 'D', 'G']) && digits;
    ours.then(|| format!("https://slack.com/archives/{}/p{seconds}{micros}", place.channel))
}

/// `text` made harmless, in at most `room` characters: cut between characters of the original, so that no escape
/// is ever broken, and marked where it was cut.
fn clip(text: &str, room: usize) -> String {
    let mut out = String::new();
    let (mut used, mut cut_at) = (0, 0);
    for c in text.chars() {
        let shown = harmless(c);
        used += length(&shown);
        if used > room {
            out.truncate(cut_at);
            if room > 0 {
                out.push_str(CUT);
            }
            return out;
        }
        out.push_str(&shown);
        if used < room {
            cut_at = out.len();
        }
    }
    out
}

/// One character as it may stand in a message: nothing that begins markup, nothing that cannot be seen. A backtick
/// would swallow what follows, a mention included.
fn harmless(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '`' => "'".to_owned(),
        _ if is_hidden(c) => c.escape_unicode().to_string(),
        _ => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_begins_markup_or_cannot_be_seen_is_left() {
        assert_eq!(
            clip("<!channel> & `x`\u{202e}\n\u{200b}", 99),
            r"&lt;!channel&gt; &amp; 'x'\u{202e}\u{a}\u{200b}"
        );
        assert_eq!(
            clip("web-7 \u{4e2d}\u{6587} \u{1f525} caf\u{e9}", 99),
            "web-7 \u{4e2d}\u{6587} \u{1f525} caf\u{e9}"
        );
    }

    #[test]
    fn a_cut_never_breaks_an_escape() {
        assert_eq!(clip("a&b", 7), "a&amp;b");
        assert_eq!(clip("a&b", 6), "a\u{2026}");
        assert_eq!(clip("&&", 9), "&amp;\u{2026}");
        assert_eq!(clip("&", 4), "\u{2026}");
        assert_eq!(clip("abc", 0), "");
    }

    #[test]
    fn a_span_is_whole_or_left_out() {
        let line = |spans| Line { tone: Tone::Plain, label: None, spans };
        let time = Span::Time(Timestamp::UNIX_EPOCH);
        let long = line(vec![Span::Code("x".repeat(20)), time.clone(), Span::Text("never".to_owned())]);
        assert_eq!(write(&long, Style::Mrkdwn, 10), format!("`{}\u{2026}`", "x".repeat(7)));
        assert_eq!(write(&long, Style::Mrkdwn, 40), format!("`{}`\u{2026}", "x".repeat(20)));
        assert_eq!(write(&line(vec![time]), Style::Mrkdwn, 40), "<!date^0^{time_secs}|00:00:00 UTC>");
    }

    #[test]
    fn only_ids_become_mentions_and_only_our_messages_links() {
        let shown =
            |span| write(&Line { tone: Tone::Plain, label: None, spans: vec![span] }, Style::Mrkdwn, 99);
        let message = |platform, channel: &str, ts: &str| Span::Message {
            place: Place { platform, org: "T1".to_owned(), channel: channel.to_owned() },
            message: MessageRef(ts.to_owned()),
        };
        let all = [
            Span::Principal(Principal::Slack("U0123".to_owned())),
            Span::Principal(Principal::SlackGroup("S0123".to_owned())),
            Span::Principal(Principal::Slack("U1>".to_owned())),
            Span::Principal(Principal::SlackGroup("!here".to_owned())),
            Span::Principal(Principal::Discord("3".to_owned())),
            Span::Principal(Principal::Person("bob".to_owned())),
            message(Platform::Slack, "C111", "1700000000.000100"),
            message(Platform::Slack, "C1|x", "1700000000.000100"),
            message(Platform::Slack, "C111", "17>.1"),
            message(Platform::Discord, "5", "99"),
        ]
        .map(shown);
        insta::assert_snapshot!(all.join("\n"), @"
        <@U0123>
        <!subteam^S0123>
        `slack:U1&gt;`
        `slack-group:!here`
        `discord:3`
        `person:bob`
        <https://slack.com/archives/C111/p1700000000000100|link>
        `1700000000.000100`
        `17&gt;.1`
        `99`
        ");
    }
}
