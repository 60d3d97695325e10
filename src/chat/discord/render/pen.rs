//! Lines as Discord's markdown, harmless and within their room.
//!
//! Source of the marks and of `<t:…>`: "Message Formatting", docs.discord.com, and "Markdown Text 101",
//! support.discord.com. A backslash before anything but a letter, a digit or a space makes it mean itself.

use std::num::NonZeroU64;

use crate::domain::ask::{self, Order, Target};
use crate::domain::id::{MessageRef, Place, Platform, Principal};
use crate::domain::notice::{self, Line, Span, Tone, is_hidden};

/// Where something was left out.
pub(super) const CUT: &str = "\u{2026}";

/// Discord counts characters, not bytes.
pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

/// An id as it may stand between markup: digits only.
pub(super) fn snowflake(id: &str) -> Option<NonZeroU64> {
    id.bytes().all(|b| b.is_ascii_digit()).then(|| id.parse().ok()).flatten()
}

/// One line in at most `room` characters; empty where there is nothing to say. `command` is the first command's name,
/// without a slash.
pub(super) fn line(line: &Line, command: &str, room: usize) -> String {
    let mut pen = Pen { out: String::new(), start: 0, room };
    match line.tone {
        Tone::Title => pen.whole("## "),
        Tone::Warning => pen.whole("\u{26a0} "),
        Tone::Plain | Tone::Field => {}
    }
    pen.start = pen.out.len();
    if let Some(label) = &line.label {
        pen.free(label, "**", "**  ", in_text);
    }
    for span in &line.spans {
        match span {
            Span::Text(text) => pen.free(text, "", "", in_text),
            Span::Strong(text) => pen.marked(text, "**", in_text),
            Span::Code(text) => pen.code(text),
            Span::Command(words) => pen.code(&typed(command, words)),
            Span::Invite => pen.free("give the bot View Channel and Send Messages here", "", "", in_text),
            Span::Person(actor) => pen.principal(&actor.principal()),
            Span::Principal(principal) => pen.principal(principal),
            Span::Time(time) => pen.whole(&format!("<t:{}:T>", time.as_second())),
            Span::Message { place, message } => match permalink(place, message) {
                Some(url) => pen.whole(&format!("<{url}>")),
                None => pen.code(&message.0),
            },
        }
    }
    if pen.out.len() == pen.start { String::new() } else { pen.out }
}

/// Plain words for a button or a window: no markup is read there, and none of it may be empty.
pub(super) fn plain(text: &str, room: usize) -> String {
    if text.trim().is_empty() {
        return CUT.to_owned();
    }
    clip(text, room, |_, c| visible(c)).0
}

/// Writes until the room is used up.
struct Pen {
    out: String,
    /// Where the line's own words begin in `out`.
    start: usize,
    room: usize,
}

/// How a character is written: given itself, the one after it, and whether a list, a heading or a quote could begin
/// here.
type Shown = fn(char, Option<char>, bool) -> String;

impl Pen {
    fn code(&mut self, text: &str) {
        self.marked(text, "`", in_code);
    }

    /// White space stays outside the marks, and two marks that meet are kept apart: together they mean something else.
    fn marked(&mut self, text: &str, mark: &str, shown: Shown) {
        let (before, rest) = text.split_at(text.len() - text.trim_start().len());
        let (inner, after) = rest.split_at(rest.trim_end().len());
        self.free(before, "", "", in_text);
        if !inner.is_empty() && self.out.ends_with(mark) {
            self.whole(" ");
        }
        self.free(inner, mark, mark, shown);
        self.free(after, "", "", in_text);
    }

    /// Text that may be anything, between marks that are ours.
    fn free(&mut self, text: &str, open: &str, close: &str, shown: Shown) {
        let marks = length(open) + length(close);
        let opening = may_open(&self.out[self.start..]);
        let (text, cut) = clip(text, self.room.saturating_sub(marks), |at, c| {
            let next = text[at + c.len_utf8()..].chars().next();
            shown(c, next, opening && may_open(&text[..at]))
        });
        if !text.is_empty() {
            self.room -= marks + length(&text);
            self.out.extend([open, &text, close]);
        }
        if cut {
            self.room = 0;
        }
    }

    /// Markup of ours, whole or not at all.
    fn whole(&mut self, markup: &str) {
        let length = length(markup);
        if length <= self.room {
            self.room -= length;
            self.out.push_str(markup);
        } else {
            self.free(CUT, "", "", in_text);
            self.room = 0;
        }
    }

    /// Live for accounts and roles of Discord, and only when the id is one: it stands between markup.
    fn principal(&mut self, principal: &Principal) {
        let mention = match principal {
            Principal::Discord(id) => snowflake(id).map(|id| format!("<@{id}>")),
            Principal::DiscordRole(id) => snowflake(id).map(|id| format!("<@&{id}>")),
            Principal::Slack(_) | Principal::SlackGroup(_) | Principal::Person(_) => None,
        };
        match mention {
            Some(mention) => self.whole(&mention),
            None => self.code(&principal.to_string()),
        }
    }
}

/// Whether what follows `before` on the same line could still be read as a heading, a list or a quote.
fn may_open(before: &str) -> bool {
    before.trim_start().bytes().all(|b| b.is_ascii_digit())
}

/// Nothing that begins markup, a link or a mention is left. A backtick would swallow what follows, a mention included,
/// and no backslash helps within code: it is another character everywhere.
fn in_text(c: char, next: Option<char>, opening: bool) -> String {
    let marks = match c {
        '\\' | '*' | '_' | '~' | '|' | '<' | '>' | '[' | ']' | '@' => true,
        // `https://`, `:fire:`, `discord.gg/…`
        ':' | '/' => next.is_none_or(|next| !next.is_whitespace()),
        '#' | '-' | '+' | '.' => opening,
        _ => false,
    };
    if marks { format!("\\{c}") } else { in_code(c, next, opening) }
}

fn in_code(c: char, _: Option<char>, _: bool) -> String {
    if c == '`' { "'".to_owned() } else { visible(c) }
}

fn visible(c: char) -> String {
    if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() }
}

/// `text` with each character, of which the place is given too, as `shown` has it, in at most `room` characters: cut
/// between characters of the original, so that no escape is ever broken, and marked where it was cut. Says whether it
/// was.
fn clip(text: &str, room: usize, shown: impl Fn(usize, char) -> String) -> (String, bool) {
    let mut out = String::new();
    let (mut used, mut cut_at) = (0, 0);
    for (at, c) in text.char_indices() {
        let shown = shown(at, c);
        used += length(&shown);
        if used > room {
            out.truncate(cut_at);
            if room > 0 {
                out.push_str(CUT);
            }
            return (out, true);
        }
        out.push_str(&shown);
        if used < room {
            cut_at = out.len();
        }
    }
    (out, false)
}

/// A command as people fill it in on Discord, with its options by name; as it is where that cannot be known.
fn typed(command: &str, words: &str) -> String {
    let written = |first: String, options: Vec<(&str, String)>| {
        options.into_iter().fold(first, |line, (name, value)| format!("{line} {name}:{value}"))
    };
    match ask::parse(words) {
        Ok(Order::Reset(ask)) => {
            let mut options = ask.options();
            options.extend(ask.reason.map(|reason| ("reason", reason)));
            written(format!("/{command}"), options)
        }
        Ok(Order::Status(Some(which))) => {
            written(format!("/{command}s status"), vec![("request", target(which))])
        }
        Ok(Order::Cancel(which)) => written(format!("/{command}s cancel"), vec![("request", target(which))]),
        Ok(Order::Close { target: which, finding }) => {
            written(format!("/{command}s close"), vec![("request", target(which)), ("finding", finding)])
        }
        Ok(Order::Explain(instance)) => {
            written(format!("/{command}s explain"), vec![("instance", instance.to_string())])
        }
        Ok(Order::Status(None) | Order::Help) | Err(_) => notice::typed(&format!("/{command}"), words),
    }
}

fn target(which: Target) -> String {
    match which {
        Target::Prefix(prefix) => prefix,
        Target::Instance(instance) => instance.to_string(),
    }
}

fn permalink(place: &Place, message: &MessageRef) -> Option<String> {
    if place.platform != Platform::Discord {
        return None;
    }
    let (guild, channel) = (snowflake(&place.org)?, snowflake(&place.channel)?);
    Some(format!("https://discord.com/channels/{guild}/{channel}/{}", snowflake(&message.0)?))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn shown(spans: Vec<Span>, room: usize) -> String {
        line(&Line { tone: Tone::Plain, label: None, spans }, "wipe", room)
    }

    fn text(text: &str) -> String {
        shown(vec![Span::Text(text.to_owned())], 999)
    }

    #[test]
    fn nothing_that_begins_markup_or_cannot_be_seen_is_left() {
        insta::assert_snapshot!(
            [
                r"*a* __b__ ~~c~~ ||d|| \",
                "[web-7](https://evil.example) `x` :fire: discord.gg/evil",
                "@everyone @here <@666> <@&666> <#666> <t:0:R> <:x:666> </wipe:666>",
                "> quote",
                "# heading, not issue #481",
                "-# small",
                "1. one, not 1.5",
                " - item, not web-7",
                "a\u{202e}b\n\u{200b}",
                "web-7 (ins-r8hr2upy): 10.0.0.7 \u{b7} \u{4e2d}\u{6587} \u{1f525} caf\u{e9}, 3 CNY/month",
            ]
            .map(text)
            .join("\n"),
            @r"
        \*a\* \_\_b\_\_ \~\~c\~\~ \|\|d\|\| \\
        \[web-7\](https\:\/\/evil.example) 'x' \:fire: discord.gg\/evil
        \@everyone \@here \<\@666\> \<\@&666\> \<#666\> \<t\:0\:R\> \<\:x\:666\> \<\/wipe\:666\>
        \> quote
        \# heading, not issue #481
        \-# small
        1\. one, not 1.5
         \- item, not web-7
        a\u{202e}b\u{a}\u{200b}
        web-7 (ins-r8hr2upy): 10.0.0.7 · 中文 🔥 café, 3 CNY\/month
        "
        );
    }

    #[test]
    fn a_list_is_not_begun_by_two_spans_either() {
        let spans = ["1", ". one"].map(|text| Span::Text(text.to_owned()));
        assert_eq!(shown(spans.to_vec(), 99), r"1\. one");
    }

    #[test]
    fn a_cut_never_breaks_an_escape_and_ends_the_line() {
        let cut =
            |text: &str, room| shown(vec![Span::Text(text.to_owned()), Span::Text("x".to_owned())], room);
        assert_eq!(cut("a*b", 9), r"a\*bx");
        assert_eq!(cut("a*b", 3), "a\u{2026}");
        assert_eq!(cut("**", 3), "\\*\u{2026}");
        assert_eq!(cut("*", 1), "\u{2026}");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn a_span_is_whole_or_left_out() {
        let time = Span::Time(Timestamp::UNIX_EPOCH);
        let long = vec![Span::Code("x".repeat(20)), time.clone(), Span::Text("never".to_owned())];
        assert_eq!(shown(long.clone(), 10), format!("`{}\u{2026}`", "x".repeat(7)));
        assert_eq!(shown(long, 28), format!("`{}`\u{2026}", "x".repeat(20)));
        assert_eq!(shown(vec![time], 40), "<t:0:T>");
    }

    #[test]
    fn marks_that_meet_are_kept_apart() {
        let twice = |span: fn(String) -> Span| shown(vec![span("a ".to_owned()), span("b".to_owned())], 99);
        assert_eq!(twice(Span::Strong), "**a** **b**");
        assert_eq!(twice(Span::Code), "`a` `b`");
        assert_eq!(shown(vec![Span::Code("a".to_owned()), Span::Code("b`".to_owned())], 99), "`a` `b'`");
        assert_eq!(
            shown(vec![Span::Strong("a".to_owned()), Span::Strong("*".to_owned())], 99),
            r"**a** **\***"
        );
    }

    #[test]
    fn only_ids_become_mentions_and_only_our_messages_links() {
        let message = |platform, channel: &str, id: &str| Span::Message {
            place: Place { platform, org: "2".to_owned(), channel: channel.to_owned() },
            message: MessageRef(id.to_owned()),
        };
        let all = [
            Span::Principal(Principal::Discord("3".to_owned())),
            Span::Principal(Principal::DiscordRole("4".to_owned())),
            Span::Principal(Principal::Discord("+3".to_owned())),
            Span::Principal(Principal::Discord("0".to_owned())),
            Span::Principal(Principal::DiscordRole("everyone".to_owned())),
            Span::Principal(Principal::Slack("U0123".to_owned())),
            Span::Principal(Principal::Person("bob".to_owned())),
            message(Platform::Discord, "5", "99"),
            message(Platform::Discord, "5/x", "99"),
            message(Platform::Slack, "5", "1700000000.000100"),
        ]
        .map(|span| shown(vec![span], 99));
        insta::assert_snapshot!(all.join("\n"), @"
        <@3>
        <@&4>
        `discord:+3`
        `discord:0`
        `discord-role:everyone`
        `slack:U0123`
        `person:bob`
        <https://discord.com/channels/2/5/99>
        `99`
        `1700000000.000100`
        ");
    }

    #[test]
    fn a_command_is_shown_as_it_is_filled_in() {
        let all = [
            "ins-r8hr2upy img-pmqg1cw7 60GB key=skey-8xk2p1qa security=off -- disk corrupt",
            "ins-r8hr2upy",
            "",
            "help",
            "status",
            "status k3v7q",
            "cancel ins-r8hr2upy",
            "close k3v7q -- logged in, `the disk` is new",
            "close k3v7q -- what you found",
            "explain ins-r8hr2upy",
            "explain ins-\u{2026}",
        ]
        .map(|words| shown(vec![Span::Command(words.to_owned())], 199));
        insta::assert_snapshot!(all.join("\n"), @"
        `/wipe instance:ins-r8hr2upy image:img-pmqg1cw7 disk:60GB keys:skey-8xk2p1qa security:off reason:disk corrupt`
        `/wipe instance:ins-r8hr2upy`
        `/wipe`
        `/wipes help`
        `/wipes status`
        `/wipes status request:k3v7q`
        `/wipes cancel request:ins-r8hr2upy`
        `/wipes close request:k3v7q finding:logged in, 'the disk' is new`
        `/wipes close request:k3v7q finding:what you found`
        `/wipes explain instance:ins-r8hr2upy`
        `/wipes explain ins-…`
        ");
    }
}
