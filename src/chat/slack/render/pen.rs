//! Lines as Slack's markup, harmless and within their room.
//!
//! Source of the escapes and of `<!date>`: "Formatting message text", docs.slack.dev.

use jiff::Timestamp;

use crate::chat::fit::{self, CUT, length};
use crate::domain::id::{MessageRef, Place, Platform, Principal};
use crate::domain::notice::{Line, Span, Tone, is_hidden, typed};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// For a section: bold, code.
    Mrkdwn,
    /// For a header and the top-level text.
    Words,
}

/// Writes lines.
pub(super) struct Writer<'a> {
    /// The first command's name, with its slash.
    pub(super) command: &'a str,
    pub(super) style: Style,
}

impl Writer<'_> {
    /// One line in at most `room` characters.
    pub(super) fn line(&self, line: &Line, room: usize) -> String {
        let mut pen = Pen { out: String::new(), room, style: self.style };
        if line.tone == Tone::Warning {
            pen.whole("\u{26a0} ");
        }
        if let Some(label) = &line.label {
            match self.style {
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
                Span::Command(words) => pen.marked(&typed(self.command, words), "`"),
                Span::Invite => pen.marked("/invite @cleanslate", "`"),
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

/// `text` made harmless, in at most `room` characters.
pub(super) fn clip(text: &str, room: usize) -> String {
    fit::clip(text, room, |_, c| harmless(c)).0
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

    fn mrkdwn() -> Writer<'static> {
        Writer { command: "/wipe", style: Style::Mrkdwn }
    }

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
        assert_eq!(mrkdwn().line(&long, 10), format!("`{}\u{2026}`", "x".repeat(7)));
        assert_eq!(mrkdwn().line(&long, 40), format!("`{}`\u{2026}", "x".repeat(20)));
        assert_eq!(mrkdwn().line(&line(vec![time]), 40), "<!date^0^{time_secs}|00:00:00 UTC>");
    }

    #[test]
    fn only_ids_become_mentions_and_only_our_messages_links() {
        let shown = |span| mrkdwn().line(&Line { tone: Tone::Plain, label: None, spans: vec![span] }, 99);
        let message = |platform, channel: &str, ts: &str| Span::Message {
            place: Place { platform, org: "T1".to_owned(), channel: channel.to_owned() },
            message: MessageRef(ts.to_owned()),
        };
        let all = [
            Span::Command("ins-r8hr2upy 60GB".to_owned()),
            Span::Command("status".to_owned()),
            Span::Command(String::new()),
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
        `/wipe ins-r8hr2upy 60GB`
        `/wipes status`
        `/wipe`
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
