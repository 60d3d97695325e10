//! What a message looks like on Discord, and that no name, tag or reason can make it say something else.

use cleanslate::chat::Reply;
use cleanslate::chat::discord::commands::{changes, commands};
use cleanslate::chat::discord::render::{mentions, message, new_message, reply};
use cleanslate::domain::id::Platform;
use cleanslate::domain::notice::{Confirm, Form, Notice, Span, Tone, TypeField};
use serde_json::{Value, json};

use super::hostile_words::{HIDDEN, card, corpus, hostile, line, text};

const GUILD: Platform = Platform::Discord;

fn form(title: &str, body: &str, label: &str, expect: &str) -> Form {
    Form {
        question: Confirm {
            title: title.to_owned(),
            body: body.to_owned(),
            yes: "Wipe".to_owned(),
            no: "Keep it".to_owned(),
        },
        field: TypeField { label: label.to_owned(), expect: expect.to_owned() },
        value: "v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912".to_owned(),
    }
}

fn answered(answer: &Reply) -> Value {
    let response = reply(answer, "reset");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    serde_json::from_slice(response.body()).unwrap()
}

#[test]
fn a_card_reads_like_this() {
    let mut card = message(&card(GUILD), "reset");
    let content = card["content"].take();
    insta::assert_snapshot!(content.as_str().unwrap(), @r#"
    ## Wipe **web-7** and reinstall it?
    Everything on its system disk is lost: 50 GB. No undo.
    ⚠ Newest snapshot: 9 days old.
    ⚠ The disk grows 50 → 60 GB.
    **Machine**  web-7 · `ins-r8hr2upy` · R&D \<prod\>
    **Asked**  <@3>: "disk corrupt" <https://discord.com/channels/2/5/99>
    **Needs**  1 of `slack-group:S0123`, <@3> · until <t:1700000000:T>
    "#);
    insta::assert_snapshot!(card, @r#"{"allowed_mentions":{"parse":[],"roles":[],"users":[]},"components":[{"components":[{"custom_id":"v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912","disabled":false,"label":"Wipe web-7","style":4,"type":2},{"custom_id":"v1.cancel.63zugjalf7tebh7ybkby3lhhty.5b1e0912","disabled":false,"label":"Cancel","style":2,"type":2}],"type":1}],"content":null}"#);
}

#[test]
fn an_answer_to_an_interaction_is_for_the_caller_alone() {
    assert_eq!(answered(&Reply::Pong), json!({ "type": 1 }));
    assert_eq!(answered(&Reply::Silent), json!({ "type": 6 }));
    let body = answered(&Reply::Private(card(GUILD)));
    let shown = message(&card(GUILD), "reset");
    assert_eq!((&body["type"], &body["data"]["flags"]), (&json!(4), &json!(64)));
    for part in ["content", "components", "allowed_mentions"] {
        assert_eq!(body["data"][part], shown[part], "{part}");
    }
}

#[test]
fn the_form_asks_for_the_name_and_fits() {
    let body = "Its 50 GB system disk is lost for good.";
    let asked =
        form("Wipe a-name-that-is-long-enough (ins-r8hr2upy)?", body, "To approve, type web-7", "web-7");
    insta::assert_snapshot!(serde_json::to_string_pretty(&answered(&Reply::Form(asked))).unwrap(), @r#"
    {
      "data": {
        "components": [
          {
            "component": {
              "custom_id": "name",
              "max_length": 200,
              "min_length": 1,
              "placeholder": "web-7",
              "required": true,
              "style": 1,
              "type": 4
            },
            "description": "Its 50 GB system disk is lost for good.",
            "label": "To approve, type web-7",
            "type": 18
          }
        ],
        "custom_id": "v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912",
        "title": "Wipe a-name-that-is-long-enough (ins-r8hr2up…"
      },
      "type": 9
    }
    "#);
}

#[test]
fn those_who_are_meant_hear_it_and_nobody_else() {
    let heard = |notice: &Notice| serde_json::to_value(mentions(notice)).unwrap();
    assert_eq!(heard(&card(GUILD)), json!({ "parse": [], "users": ["3"], "roles": [] }));
    let role = |id: &str| Span::Principal(cleanslate::domain::id::Principal::DiscordRole(id.to_owned()));
    let spans =
        vec![role("4"), role("4"), role("everyone"), text("<@5> @everyone"), Span::Code("<@6>".to_owned())];
    let named = Notice { lines: vec![line(Tone::Plain, spans)], ..Notice::default() };
    assert_eq!(heard(&named), json!({ "parse": [], "users": [], "roles": ["4"] }));
    let posted = serde_json::to_value(new_message(&named, "reset", mentions(&named))).unwrap();
    assert_eq!(posted["allowed_mentions"], heard(&named));
    assert_eq!(
        message(&named, "reset")["allowed_mentions"],
        json!({ "parse": [], "users": [], "roles": [] })
    );
}

#[test]
fn an_edit_takes_away_the_buttons_that_are_gone() {
    let without = Notice { buttons: Vec::new(), ..card(GUILD) };
    assert_eq!(message(&without, "reset")["components"], json!([]));
    let button = card(GUILD).buttons[1].clone();
    let numbered = |n: usize| cleanslate::domain::notice::Button { value: n.to_string(), ..button.clone() };
    let many = Notice { buttons: (0..12).map(numbered).collect(), ..card(GUILD) };
    let rows = message(&many, "reset")["components"].as_array().unwrap().clone();
    let lengths: Vec<usize> = rows.iter().map(|row| row["components"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [5, 5, 2]);
}

/// The only markup that may be live.
const LIVE: [&str; 3] = ["<@3>", "<t:1700000000:T>", "<https://discord.com/channels/2/5/99>"];

/// What of a line can still mean something: a backslash takes the sign after it, a code span ends at the next backtick.
/// Both leave an `x`.
fn meaning(line: &str) -> String {
    let mut left = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let sign = |c: &char| !c.is_ascii_alphanumeric() && !c.is_whitespace();
        match c {
            '\\' if chars.peek().is_some_and(sign) => {
                chars.next();
                left.push('x');
            }
            '`' => {
                let inside: Vec<char> = chars.by_ref().take_while(|c| *c != '`').collect();
                assert!(!inside.is_empty(), "two backticks in {line:?}");
                left.push('x');
            }
            _ => left.push(c),
        }
    }
    left
}

fn assert_harmless(content: &str) {
    for line in content.lines() {
        assert_eq!(line.matches('`').count() % 2, 0, "an open code span in {line:?}");
        let words = line.strip_prefix("## ").or_else(|| line.strip_prefix("\u{26a0} ")).unwrap_or(line);
        let bare = LIVE.iter().fold(meaning(words), |rest, markup| rest.replace(markup, ""));
        assert!(
            bare.matches("**").count() % 2 == 0 && !bare.contains("***"),
            "bold that does not end in {line:?}"
        );
        let bare = bare.replace("**", "");
        assert!(
            !bare.contains(['*', '_', '~', '|', '<', '>', '[', ']', '@', '`']),
            "markup in {line:?}: {bare:?}"
        );
        let links = bare
            .match_indices([':', '/'])
            .any(|(at, _)| bare[at + 1..].chars().next().is_some_and(|next| !next.is_whitespace()));
        assert!(!links, "a link or an emoji in {line:?}: {bare:?}");
        let start = bare.trim_start();
        let listed = start.trim_start_matches(|c: char| c.is_ascii_digit());
        assert!(!start.starts_with(['#', '-', '+']), "a heading or a list in {line:?}");
        assert!(listed == start || !listed.starts_with('.'), "a list in {line:?}");
    }
    assert!(!content.contains(hidden), "a hidden character in {content:?}");
}

fn hidden(c: char) -> bool {
    match c {
        '\n' => false,
        _ if c.is_ascii() || c.is_control() => c.is_control(),
        _ => HIDDEN.iter().any(|seed| seed.contains(c)),
    }
}

fn assert_fits(text: &Value, room: usize) {
    let text = text.as_str().unwrap();
    let length = text.chars().count();
    assert!((1..=room).contains(&length) && !text.trim().is_empty(), "{length} of {room}: {text:?}");
    assert!(!text.contains('\n') && !text.contains(hidden), "{text:?}");
}

fn assert_within_limits(made: &Value) {
    let content = made["content"].as_str().unwrap();
    assert!((1..=2000).contains(&content.chars().count()), "{}", content.chars().count());
    assert_harmless(content);
    for row in made["components"].as_array().unwrap() {
        for button in row["components"].as_array().unwrap() {
            assert_fits(&button["label"], 80);
            assert_fits(&button["custom_id"], 100);
        }
    }
}

/// Leaves what is sent where other programs can read it: one line each, what it is and what it says.
fn left_for_peers(sent: &[(&str, Value)]) {
    let mut lines = String::new();
    for (kind, body) in sent {
        lines.push_str(&json!({ "kind": kind, "body": body }).to_string());
        lines.push('\n');
    }
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("discord.jsonl"), lines).unwrap();
}

#[test]
fn no_word_becomes_markup_and_no_limit_is_passed() {
    let corpus = corpus();
    assert!(corpus.len() > 390, "{}", corpus.len());
    let mut sent = vec![("commands", commands("reset"))];
    let answers = [Reply::Pong, Reply::Silent, Reply::Private(card(GUILD))];
    sent.extend(answers.iter().map(|answer| ("response", answered(answer))));
    for word in &corpus {
        let notice = hostile(word, GUILD);
        let edit = message(&notice, "reset");
        assert_within_limits(&edit);
        let post = serde_json::to_value(new_message(&notice, "reset", mentions(&notice))).unwrap();
        assert_eq!(post["content"], edit["content"]);
        assert_eq!(post["allowed_mentions"], json!({ "parse": [], "users": ["3"], "roles": [] }));
        let window = answered(&Reply::Form(form(word, word, word, word)));
        let label = &window["data"]["components"][0];
        for (part, room) in [
            (&window["data"]["title"], 45),
            (&label["label"], 45),
            (&label["description"], 100),
            (&label["component"]["placeholder"], 100),
        ] {
            assert_fits(part, room);
        }
        sent.extend([("message", post), ("edit", edit), ("response", window)]);
        sent.push(("response", answered(&Reply::Private(notice))));
    }
    left_for_peers(&sent);
}

#[test]
fn what_is_cut_from_a_long_message_is_neither_a_button_nor_its_last_line() {
    let tones = [Tone::Title, Tone::Plain, Tone::Warning, Tone::Field];
    let mut lines: Vec<_> =
        (0..400).map(|n| line(tones[n % 4], vec![text(&"long & winding ".repeat(n))])).collect();
    lines.push(line(Tone::Plain, vec![text("Anyone here may cancel. #k3v7q")]));
    let made = message(&Notice { lines, ..card(GUILD) }, "reset");
    assert_within_limits(&made);
    let content = made["content"].as_str().unwrap();
    assert!(content.ends_with("\n\u{2026}\nAnyone here may cancel. #k3v7q"), "{content}");
    assert_eq!(made["components"][0]["components"].as_array().unwrap().len(), 2);
}

#[test]
fn no_name_pushes_the_warnings_out() {
    let mut loud = card(GUILD);
    let name = "\u{e0041}".repeat(60);
    loud.lines[0] = line(Tone::Title, vec![text("Wipe "), text(&name)]);
    loud.lines[1] =
        line(Tone::Plain, vec![text("Everything on its system disk is lost: "), Span::Strong(name.clone())]);
    loud.lines[4].spans.push(text(&name));
    let content = message(&loud, "reset")["content"].as_str().unwrap().to_owned();
    assert!(
        content.contains("\n\u{26a0} Newest snapshot") && content.contains("\n\u{26a0} The disk grows"),
        "{content}"
    );
}

#[test]
fn the_commands_are_these() {
    let lines: Vec<String> =
        commands("reset").as_array().unwrap().iter().flat_map(|command| options(command, 0)).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    /reset: Wipe a server and reinstall it, after an approval
        instance (required): Which machine: ins-r8hr2upy
        image: What to install: img-pmqg1cw7. Left out: the same system again
        disk: System disk size: 60GB. Left out: as it is; a disk cannot shrink
        login: How people log in afterwards. Left out: with the key it has today keep|image|random|vault
        keys: Other key pairs: skey-8xk2p1qa, several with commas. Not together with login
        hostname: A new host name
        security: Tencent Cloud's security agent on|off
        monitor: Tencent Cloud's monitoring agent on|off
        automation: Tencent Cloud's automation agent on|off
        userdata: The name of a text in the configuration, run at the first start
        reason: Why, for the people who decide and for the audit log
    /resets: What is open, and what to do about it
        status: What is open in this channel, or how one request stands
            request: Its id, like k3v7q, or the machine's
        cancel: Withdraw a request; anyone in its channel may
            request (required): Its id, like k3v7q, or the machine's
        close: Settle a request whose outcome the bot could not find out
            request (required): Its id, like k3v7q, or the machine's
            finding (required): What you found on the machine
        explain: May I, who may approve, and why
            instance (required): Which machine: ins-r8hr2upy
        help: All that can be typed, and your ids
    ");
    let command = &commands("reset")[0];
    assert_eq!((&command["contexts"], &command["integration_types"]), (&json!([0]), &json!([0])));
    assert_eq!(
        command.get("default_member_permissions"),
        None,
        "it would hide the command from those on call"
    );
}

fn options(one: &Value, depth: usize) -> Vec<String> {
    let choices: Vec<&str> = one["choices"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|choice| choice["value"].as_str().unwrap())
        .collect();
    let required = if one["required"] == true { " (required)" } else { "" };
    let (name, about) = (one["name"].as_str().unwrap(), one["description"].as_str().unwrap());
    let slash = if depth == 0 { "/" } else { "" };
    let indent = "    ".repeat(depth);
    let own = format!("{indent}{slash}{name}{required}: {about} {}", choices.join("|"));
    let inner = one["options"].as_array().into_iter().flatten();
    std::iter::once(own.trim_end().to_owned()).chain(inner.flat_map(|one| options(one, depth + 1))).collect()
}

#[test]
fn what_registering_changes_is_said_in_words() {
    let wanted = commands("reset");
    assert_eq!(changes(&as_discord_keeps(&wanted), &wanted), Vec::<String>::new());
    let mut guild = as_discord_keeps(&wanted);
    guild[0]["contexts"] = Value::Null;
    guild[0].as_object_mut().unwrap().remove("integration_types");
    assert_eq!(changes(&guild, &wanted), Vec::<String>::new(), "a server's own commands have neither");

    let mut old = as_discord_keeps(&wanted);
    old[0]["default_member_permissions"] = json!("0");
    old[0]["contexts"] = json!([0, 1]);
    old[0]["options"].as_array_mut().unwrap().swap(1, 2);
    old[0]["options"][3]["choices"].as_array_mut().unwrap().pop();
    old[0]["options"][4]["name"] = json!("key");
    old[1]["options"][2]["options"][1]["required"] = json!(false);
    let mut said = changes(&old, &wanted);
    said.extend(changes(&json!([{ "name": "other" }]), &wanted));
    insta::assert_snapshot!(said.join("\n"), @"
    changes /reset: contexts, default member permissions, new option keys, no option key, option login (choices), order of the options
    changes /resets: option close (option finding (required))
    adds /reset
    adds /resets
    removes /other
    ");
}

/// A command as it comes back: with ids and nulls, without what is empty or false.
fn as_discord_keeps(wanted: &Value) -> Value {
    match wanted {
        Value::Object(entries) => {
            let full = |value: &&Value| !(value.is_null() || **value == json!(false) || **value == json!([]));
            let kept = entries.iter().filter(|(_, value)| full(value));
            let mut kept: serde_json::Map<String, Value> =
                kept.map(|(name, value)| (name.clone(), as_discord_keeps(value))).collect();
            if kept.contains_key("contexts") {
                kept.insert("id".to_owned(), json!("600000000000000001"));
                kept.insert("version".to_owned(), json!("1"));
                kept.insert("default_member_permissions".to_owned(), Value::Null);
            }
            if kept.contains_key("value") {
                kept.insert("name_localizations".to_owned(), Value::Null);
            }
            kept.into()
        }
        Value::Array(items) => items.iter().map(as_discord_keeps).collect(),
        other => other.clone(),
    }
}
