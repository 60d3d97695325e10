//! What a person sees: markdown taken away, names instead of ids.

use jiff::Timestamp;
use serde_json::Value;

use super::Message;
use super::answer::{Answer, inputs};
use crate::sim::cast;

impl Message {
    /// The button for this action: the word is a part of its `custom_id`. One that is greyed out is none.
    pub fn button(&self, action: &str) -> Option<&Value> {
        let rows = self.components.iter();
        rows.flat_map(|row| row["components"].as_array().into_iter().flatten()).find(|button| {
            let id = button["custom_id"].as_str().unwrap_or_default();
            let named = id.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == action);
            named && button["disabled"] != true
        })
    }

    /// The lines on the screen.
    pub fn lines(&self) -> Vec<String> {
        [text(&self.content), embeds(&self.embeds), rows(&self.components)].concat()
    }
}

impl Answer {
    /// The lines on the screen; none where nothing is to be seen.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Pong | Self::Acknowledged => Vec::new(),
            Self::Message { data, .. } | Self::Update(data) => {
                let list = |name: &str| data[name].as_array().cloned().unwrap_or_default();
                let content = data["content"].as_str().unwrap_or_default();
                [text(content), embeds(&list("embeds")), rows(&list("components"))].concat()
            }
            Self::Modal(modal) => {
                let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let fields = inputs(modal).map(|(component, input)| {
                    let label =
                        if component["label"].is_null() { &input["label"] } else { &component["label"] };
                    format!("{} [________]", words(label))
                });
                let title = std::iter::once(words(&modal["title"]));
                title.chain(fields).chain(["[ Cancel ]  [ Submit ]".to_owned()]).collect()
            }
        }
    }
}

fn text(content: &str) -> Vec<String> {
    content.lines().map(read).collect()
}

fn embeds(embeds: &[Value]) -> Vec<String> {
    let part = |value: &Value| text(value.as_str().unwrap_or_default());
    let lines = embeds.iter().flat_map(|embed| {
        let fields = embed["fields"].as_array().into_iter().flatten().map(|field| {
            let (name, value) = (field["name"].as_str(), field["value"].as_str());
            read(&format!("**{}**  {}", name.unwrap_or_default(), value.unwrap_or_default()))
        });
        let fields: Vec<String> = fields.collect();
        [part(&embed["title"]), part(&embed["description"]), fields, part(&embed["footer"]["text"])].concat()
    });
    lines.collect()
}

fn rows(rows: &[Value]) -> Vec<String> {
    let row = |row: &Value| {
        let buttons = row["components"].as_array().into_iter().flatten();
        let shown = buttons.map(|button| format!("[ {} ]", button["label"].as_str().unwrap_or_default()));
        shown.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(row).collect()
}

/// One line without its markup. A label in bold and two spaces begin a column, as on the other platform's screen.
fn read(line: &str) -> String {
    let line =
        ["### ", "## ", "# ", "-# ", "> "].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
    if let Some((label, text)) = line.strip_prefix("**").and_then(|line| line.split_once("**  ")) {
        return format!("{:<8} {}", plain(label), plain(text));
    }
    plain(line)
}

fn plain(text: &str) -> String {
    let mut seen = String::new();
    let (mut rest, mut code) = (text, false);
    while let Some(next) = rest.chars().next() {
        let after = &rest[next.len_utf8()..];
        if next == '`' {
            (code, rest) = (!code, after);
        } else if let Some((words, after)) = if code { None } else { marked(rest) } {
            seen.push_str(&words);
            rest = after;
        } else {
            seen.push(next);
            rest = after;
        }
    }
    seen.replace(":warning:", "!").replace("\u{26a0}\u{fe0f}", "!").replace('\u{26a0}', "!")
}

/// The markup at the beginning of a text: what is seen of it, and what follows.
fn marked(text: &str) -> Option<(String, &str)> {
    for mark in ["**", "__", "~~", "||", "*"] {
        if let Some(after) = text.strip_prefix(mark) {
            return Some((String::new(), after));
        }
    }
    if let Some(after) = text.strip_prefix('\\') {
        let literal = after.chars().next().filter(char::is_ascii_punctuation)?;
        return Some((literal.to_string(), &after[1..]));
    }
    if let Some(after) = text.strip_prefix('<') {
        let (tag, after) = after.split_once('>')?;
        return Some((shown(tag)?, after));
    }
    let (label, after) = text.strip_prefix('[')?.split_once("](")?;
    let (_, after) = after.split_once(')')?;
    (!label.contains('[')).then(|| (plain(label), after))
}

/// What stands for a tag; `None` where it is only a text in angle brackets.
fn shown(tag: &str) -> Option<String> {
    if let Some(role) = tag.strip_prefix("@&") {
        return Some(format!(
            "@{}",
            if role == cast::DISCORD_ROLE_ID { cast::DISCORD_ROLE } else { "deleted-role" }
        ));
    }
    if let Some(user) = tag.strip_prefix('@') {
        return Some(format!("@{}", cast::user_name(user.trim_start_matches('!'))));
    }
    if let Some(channel) = tag.strip_prefix('#') {
        let known = channel == cast::DISCORD_CHANNEL_ID;
        return Some(format!("#{}", if known { cast::DISCORD_CHANNEL } else { "unknown" }));
    }
    if let Some(time) = tag.strip_prefix("t:") {
        let (seconds, style) = time.split_once(':').unwrap_or((time, "f"));
        let at = Timestamp::from_second(seconds.parse().ok()?).ok()?;
        let format = match style {
            "t" => "%H:%M",
            "T" | "R" => "%H:%M:%S",
            "d" | "D" => "%Y-%m-%d",
            _ => "%Y-%m-%d %H:%M",
        };
        return Some(at.strftime(format).to_string());
    }
    tag.starts_with("http").then(|| tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_taken_away_and_nothing_else() {
        let cases = [
            ("## Wipe **web-7** and reinstall it?", "Wipe web-7 and reinstall it?"),
            ("**Machine**  `ins-r8hr2upy` \u{b7} web_7", "Machine  ins-r8hr2upy \u{b7} web_7"),
            ("-# Asked by <@1500000000000000001>, <@!9>", "Asked by @alice, @9"),
            ("Needs 1 of <@&1400000000000000001>, <@&7>", "Needs 1 of @oncall, @deleted-role"),
            ("Wiping at <t:1700000000:T>, on <t:1700000000:d>", "Wiping at 22:13:20, on 2023-11-14"),
            ("a \\*literal\\* star, \\<@1\\>, `\\*` in code", "a *literal* star, <@1>, \\* in code"),
            (
                "[the card](https://discord.com/channels/1/2/3) <https://a.example/>",
                "the card https://a.example/",
            ),
            ("\u{26a0}\u{fe0f} 1 < 2, [x] ||~~__gone__~~||", "! 1 < 2, [x] gone"),
            ("<#1300000000000000001> <t:soon>", "#ops-oncall <t:soon>"),
        ];
        for (marked, seen) in cases {
            assert_eq!(text(marked), [seen], "{marked}");
        }
    }
}
