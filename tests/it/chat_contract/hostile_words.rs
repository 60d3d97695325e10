//! What a message looks like, and that no name, tag or reason can make it say something else.

use cleanslate::chat::Reply;
use cleanslate::chat::slack::render::{message, reply};
use cleanslate::domain::id::{Actor, MessageRef, Place, Platform, Principal};
use cleanslate::domain::notice::{Button, Confirm, Line, Notice, Span, Tone, TypeField};
use serde_json::Value;

use super::{NOW, at};

pub(super) fn line(tone: Tone, spans: Vec<Span>) -> Line {
    Line { tone, label: None, spans }
}

pub(super) fn field(label: &str, spans: Vec<Span>) -> Line {
    Line { tone: Tone::Field, label: Some(label.to_owned()), spans }
}

pub(super) fn text(text: &str) -> Span {
    Span::Text(text.to_owned())
}

pub(super) fn code(text: &str) -> Span {
    Span::Code(text.to_owned())
}

fn alice(platform: Platform) -> Actor {
    let (org, user) = match platform {
        Platform::Slack => ("T111", "U0123"),
        Platform::Discord => ("2", "3"),
    };
    Actor { platform, org: org.to_owned(), user: user.to_owned(), name: "alice".to_owned() }
}

fn ours(platform: Platform) -> Span {
    let (org, channel, message) = match platform {
        Platform::Slack => ("T111", "C111", "1700000000.000100"),
        Platform::Discord => ("2", "5", "99"),
    };
    let place = Place { platform, org: org.to_owned(), channel: channel.to_owned() };
    Span::Message { place, message: MessageRef(message.to_owned()) }
}

pub(super) fn card(platform: Platform) -> Notice {
    let confirm = Confirm {
        title: "Wipe web-7 (ins-r8hr2upy)?".to_owned(),
        body: "Its 50 GB system disk is lost for good.".to_owned(),
        yes: "Wipe web-7".to_owned(),
        no: "Keep it".to_owned(),
    };
    let button = |action: &str, label: &str, confirm: Option<Confirm>| Button {
        action: action.to_owned(),
        value: format!("v1.{action}.63zugjalf7tebh7ybkby3lhhty.5b1e0912"),
        label: label.to_owned(),
        danger: confirm.is_some(),
        confirm,
    };
    Notice {
        lines: vec![
            line(
                Tone::Title,
                vec![text("Wipe "), Span::Strong("web-7".to_owned()), text(" and reinstall it?")],
            ),
            line(Tone::Plain, vec![text("Everything on its system disk is lost: 50 GB. No undo.")]),
            line(Tone::Warning, vec![text("Newest snapshot: 9 days old.")]),
            line(Tone::Warning, vec![text("The disk grows 50 \u{2192} 60 GB.")]),
            field("Machine", vec![text("web-7 \u{b7} "), code("ins-r8hr2upy"), text(" \u{b7} R&D <prod>")]),
            field("Asked", vec![Span::Person(alice(platform)), text(": \"disk corrupt\" "), ours(platform)]),
            field(
                "Needs",
                vec![
                    text("1 of "),
                    Span::Principal(Principal::SlackGroup("S0123".to_owned())),
                    text(", "),
                    Span::Principal(Principal::Discord("3".to_owned())),
                    text(" \u{b7} until "),
                    Span::Time(at(NOW)),
                ],
            ),
        ],
        field: Some(TypeField {
            label: "To approve your own request, type web-7".to_owned(),
            expect: "web-7".to_owned(),
        }),
        buttons: vec![button("wipe", "Wipe web-7", Some(confirm)), button("cancel", "Cancel", None)],
    }
}

#[test]
fn a_card_reads_like_this() {
    let card = message(&card(Platform::Slack), "/reset");
    insta::assert_snapshot!(card["text"].as_str().unwrap(), @r#"
    Wipe web-7 and reinstall it?
    Everything on its system disk is lost: 50 GB. No undo.
    ⚠ Newest snapshot: 9 days old.
    ⚠ The disk grows 50 → 60 GB.
    Machine: web-7 · ins-r8hr2upy · R&amp;D &lt;prod&gt;
    Asked: <@U0123>: "disk corrupt" <https://slack.com/archives/C111/p1700000000000100|link>
    Needs: 1 of <!subteam^S0123>, discord:3 · until <!date^1700000000^{time_secs}|22:13:20 UTC>
    To approve your own request, type web-7
    [ Wipe web-7 ]  [ Cancel ]
    "#);
    let blocks: Vec<String> = card["blocks"].as_array().unwrap().iter().map(Value::to_string).collect();
    insta::assert_snapshot!(blocks.join("\n"), @r#"
    {"text":{"emoji":false,"text":"Wipe web-7 and reinstall it?","type":"plain_text"},"type":"header"}
    {"text":{"text":"Everything on its system disk is lost: 50 GB. No undo.","type":"mrkdwn","verbatim":true},"type":"section"}
    {"text":{"text":"⚠ Newest snapshot: 9 days old.\n⚠ The disk grows 50 → 60 GB.","type":"mrkdwn","verbatim":true},"type":"section"}
    {"text":{"text":"*Machine*  web-7 · `ins-r8hr2upy` · R&amp;D &lt;prod&gt;\n*Asked*  <@U0123>: \"disk corrupt\" <https://slack.com/archives/C111/p1700000000000100|link>\n*Needs*  1 of <!subteam^S0123>, `discord:3` · until <!date^1700000000^{time_secs}|22:13:20 UTC>","type":"mrkdwn","verbatim":true},"type":"section"}
    {"block_id":"typed","element":{"action_id":"name","placeholder":{"emoji":false,"text":"web-7","type":"plain_text"},"type":"plain_text_input"},"label":{"emoji":false,"text":"To approve your own request, type web-7","type":"plain_text"},"type":"input"}
    {"block_id":"decision","elements":[{"action_id":"wipe","confirm":{"confirm":{"emoji":false,"text":"Wipe web-7","type":"plain_text"},"deny":{"emoji":false,"text":"Keep it","type":"plain_text"},"style":"danger","text":{"emoji":false,"text":"Its 50 GB system disk is lost for good.","type":"plain_text"},"title":{"emoji":false,"text":"Wipe web-7 (ins-r8hr2upy)?","type":"plain_text"}},"style":"danger","text":{"emoji":false,"text":"Wipe web-7","type":"plain_text"},"type":"button","value":"v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912"},{"action_id":"cancel","text":{"emoji":false,"text":"Cancel","type":"plain_text"},"type":"button","value":"v1.cancel.63zugjalf7tebh7ybkby3lhhty.5b1e0912"}],"type":"actions"}
    "#);
}

#[test]
fn a_title_that_is_no_header_is_bold() {
    let person = line(Tone::Title, vec![Span::Person(alice(Platform::Slack)), text(" web-7 is back.")]);
    let long = line(Tone::Title, vec![text(&"x".repeat(151))]);
    let made = message(&Notice { lines: vec![person, long], ..Notice::default() }, "/reset");
    assert_eq!(made["blocks"][0]["text"]["text"], "<@U0123> *web-7 is back.*");
    assert_eq!(made["blocks"][1]["type"], "section");
}

#[test]
fn the_answer_to_a_command_is_for_the_caller_alone() {
    for nothing in [Reply::Pong, Reply::Silent] {
        let response = reply(&nothing, "/reset");
        assert_eq!((response.status().as_u16(), response.body().len()), (200, 0));
    }
    let response = reply(&Reply::Private(card(Platform::Slack)), "/reset");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
    let mut body: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body.as_object_mut().unwrap().remove("response_type"), Some(Value::from("ephemeral")));
    assert_eq!(body, message(&card(Platform::Slack), "/reset"));
}

const MARKUP: [&str; 54] = [
    "<@666>",
    "<@!666>",
    "<@&666>",
    "<#666>",
    "<t:0:R>",
    "<:x:666>",
    "<a:x:666>",
    "</wipe:666>",
    "||spoiler||",
    "**b** __u__ ~~s~~ *i* _i_",
    "# heading",
    "-# small",
    "- item",
    "1. item",
    ">>> quote",
    "discord.gg/evil",
    "\\",
    "[x](<https://evil.example>)",
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<!channel|x>",
    "<@U0666>",
    "<@W0666|bob>",
    "<#C0666|general>",
    "<!subteam^S0666>",
    "<!subteam^S0666|@oncall>",
    "<!date^0^{time_secs}|03:00:00 UTC>",
    "<!date^0^{date}^https://evil.example|x>",
    "<https://evil.example|web-7>",
    "<mailto:a@evil.example|x>",
    "https://evil.example/a?b=1&c=2",
    "@here",
    "@channel @everyone",
    "`",
    "``",
    "```",
    "`<!channel>`",
    "*_~",
    "> quote",
    "&lt;!channel&gt;",
    "&amp;lt;!here&amp;gt;",
    "&",
    "<",
    ">",
    "|",
    "^",
    ":fire: :skull:",
    "[x](https://evil.example)",
    "\\u{202e}",
    "'; DROP TABLE request; --",
    "${jndi:ldap://evil.example}",
    "web-7",
    "",
];
pub(super) const HIDDEN: [&str; 13] = [
    "\u{202e}",
    "\u{2066}x\u{2069}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{2028}",
    "\n",
    "\r\n",
    "\u{0}",
    "\u{1b}[31m",
    "\u{9b}31m",
    "\u{e0041}\u{e007f}",
];

/// About four hundred: alone, joined, and placed where something is cut.
pub(super) fn corpus() -> Vec<String> {
    let mut all = Vec::new();
    for (at, seed) in MARKUP.iter().chain(&HIDDEN).enumerate() {
        let other = HIDDEN[at % HIDDEN.len()];
        all.push((*seed).to_owned());
        all.push(format!("{other}{seed}"));
        all.push(format!("`{seed}`"));
        all.push(format!("<{seed}>{seed}"));
        all.push(seed.repeat(700));
        // Ends of a choice, a label, a button, a title, a placeholder, a line, a section.
        let room = [24, 38, 68, 75, 93, 143, 243, 893, 2990][at % 9];
        all.push(format!("{}{seed}{seed}", "x".repeat(room)));
    }
    all
}

/// `word` in every place that takes text, ids included.
pub(super) fn hostile(word: &str, platform: Platform) -> Notice {
    let own = |text: &str| text.to_owned();
    let place = Place { platform, org: own(word), channel: own(word) };
    let spans = || {
        vec![
            text(word),
            Span::Strong(own(word)),
            code(word),
            Span::Person(Actor { user: own(word), name: own(word), ..alice(platform) }),
            Span::Person(Actor { name: own(word), org: own(word), ..alice(platform) }),
            Span::Principal(Principal::Slack(format!("U{word}"))),
            Span::Principal(Principal::SlackGroup(own(word))),
            Span::Principal(Principal::Discord(format!("3{word}"))),
            Span::Principal(Principal::DiscordRole(own(word))),
            Span::Principal(Principal::Person(own(word))),
            Span::Message { place: place.clone(), message: MessageRef(own(word)) },
            ours(platform),
            Span::Time(at(NOW)),
        ]
    };
    let confirm = Confirm { title: own(word), body: own(word), yes: own(word), no: own(word) };
    Notice {
        lines: vec![
            line(Tone::Title, vec![text(word)]),
            line(Tone::Title, spans()),
            line(Tone::Plain, vec![text(word), ours(platform)]),
            line(Tone::Warning, vec![code(word), Span::Strong(own(word))]),
            field(word, vec![text(word)]),
            field(word, spans()),
        ],
        field: Some(TypeField { label: own(word), expect: own(word) }),
        buttons: vec![Button {
            action: own("wipe"),
            value: own("v1"),
            label: own(word),
            danger: true,
            confirm: Some(confirm),
        }],
    }
}

/// The only markup that may be live.
const LIVE: [&str; 3] = [
    "<@U0123>",
    "<!date^1700000000^{time_secs}|22:13:20 UTC>",
    "<https://slack.com/archives/C111/p1700000000000100|link>",
];

fn assert_harmless(shown: &str, live: &[&str]) {
    let mut rest = shown.to_owned();
    for markup in live {
        rest = rest.replace(markup, "");
    }
    assert!(!rest.contains(['<', '>']), "live markup in {shown:?}");
    for (at, _) in rest.match_indices('&') {
        let tail = &rest[at..];
        assert!(
            ["&amp;", "&lt;", "&gt;"].iter().any(|escape| tail.starts_with(escape)),
            "half an escape in {shown:?}"
        );
    }
    for line in rest.lines() {
        assert!(line.matches('`').count() % 2 == 0 && !line.contains("```"), "an open code span in {line:?}");
    }
    let hidden = |c: char| match c {
        '\n' => false,
        _ if c.is_ascii() || c.is_control() => c.is_control(),
        _ => HIDDEN.iter().any(|seed| seed.contains(c)),
    };
    assert!(!rest.contains(hidden), "a hidden character in {shown:?}");
}

/// Every text object and how long it may be.
fn assert_within_limits(made: &Value) {
    let fits = |object: &Value, room: usize| {
        let text = object["text"].as_str().unwrap();
        assert!(text.chars().count() <= room, "{} > {room}", text.chars().count());
        match object["type"].as_str().unwrap() {
            "mrkdwn" => {
                assert_eq!(object["verbatim"], true);
                assert_harmless(text, &LIVE);
            }
            plain => {
                assert_eq!((plain, &object["emoji"]), ("plain_text", &Value::from(false)));
                assert!(!text.contains('\n'), "{text:?}");
                assert_harmless(text, &[]);
            }
        }
    };
    let blocks = made["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50, "{} blocks", blocks.len());
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => fits(&block["text"], 150),
            "section" => {
                assert_ne!(block["text"]["text"], "");
                fits(&block["text"], 3000);
            }
            "input" => {
                fits(&block["label"], 2000);
                fits(&block["element"]["placeholder"], 150);
            }
            "actions" => {
                let buttons = block["elements"].as_array().unwrap();
                assert!(buttons.len() <= 25);
                for button in buttons {
                    fits(&button["text"], 75);
                    for (part, room) in [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)] {
                        if let Some(confirm) = button.get("confirm") {
                            fits(&confirm[part], room);
                        }
                    }
                }
            }
            other => panic!("a block that nobody makes: {other}"),
        }
    }
    let text = made["text"].as_str().unwrap();
    assert!(text.chars().count() <= 4000, "{}", text.chars().count());
    assert_harmless(text, &LIVE);
}

#[test]
fn no_word_becomes_markup_and_no_limit_is_passed() {
    let corpus = corpus();
    assert!(corpus.len() > 390, "{}", corpus.len());
    for word in &corpus {
        assert_within_limits(&message(&hostile(word, Platform::Slack), "/reset"));
    }
}

#[test]
fn what_is_cut_from_a_long_message_is_never_a_button() {
    let tones = [Tone::Title, Tone::Plain, Tone::Warning, Tone::Field];
    let lines = (0..400).map(|n| line(tones[n % 4], vec![text(&"long & winding ".repeat(n))])).collect();
    let made = message(&Notice { lines, ..card(Platform::Slack) }, "/reset");
    assert_within_limits(&made);
    let blocks = made["blocks"].as_array().unwrap();
    assert_eq!(blocks[blocks.len() - 1]["elements"].as_array().unwrap().len(), 2);
    let text = made["text"].as_str().unwrap();
    assert!(text.ends_with("type web-7\n[ Wipe web-7 ]  [ Cancel ]"), "{text}");
    assert!(text.contains("\n\u{2026}\n"), "{text}");
}
