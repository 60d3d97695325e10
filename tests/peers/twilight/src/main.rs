//! Reads what is sent to Discord with twilight's model of it, written by others, and writes it again: what was read must
//! say the same.
//!
//! `cargo run -- ../../../target/tmp/discord.jsonl`, after `cargo test --test it chat_contract`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::{Value, json};
use twilight_model::application::command::Command;
use twilight_model::channel::message::{AllowedMentions, Component, MessageReference};
use twilight_model::http::interaction::InteractionResponse;

#[derive(Deserialize)]
struct Sent {
    kind: String,
    body: Value,
}

/// What a bot posts, as far as twilight has a model of it.
#[derive(Deserialize)]
struct Message {
    content: String,
    components: Vec<Component>,
    allowed_mentions: AllowedMentions,
    message_reference: Option<MessageReference>,
}

/// `body` as it was understood.
fn read(kind: &str, body: &Value) -> Result<Value, Box<dyn std::error::Error>> {
    Ok(match kind {
        "response" => serde_json::to_value(InteractionResponse::deserialize(body)?)?,
        "message" | "edit" => {
            let Message { content, components, allowed_mentions, message_reference } =
                Message::deserialize(body)?;
            json!({
                "content": content,
                "components": components,
                "allowed_mentions": allowed_mentions,
                "message_reference": message_reference,
            })
        }
        // What Discord adds when it keeps a command.
        "commands" => {
            let mut kept = body.clone();
            for command in kept.as_array_mut().into_iter().flatten() {
                command["version"] = json!("1");
            }
            serde_json::to_value(Vec::<Command>::deserialize(&kept)?)?
        }
        other => return Err(format!("an unknown kind: {other}").into()),
    })
}

/// The first place where what was read lacks something that was sent. What is empty or false may be left out.
fn lost(sent: &Value, read: &Value, path: &str) -> Option<String> {
    match sent {
        Value::Object(fields) => fields
            .iter()
            .find_map(|(name, value)| lost(value, &read[name.as_str()], &format!("{path}.{name}"))),
        Value::Array(items) if !items.is_empty() => {
            let same = read.as_array().is_some_and(|read| read.len() == items.len());
            if !same {
                return Some(path.to_owned());
            }
            (0..items.len()).find_map(|at| lost(&items[at], &read[at], &format!("{path}.{at}")))
        }
        Value::Null | Value::Bool(false) | Value::Array(_) => None,
        _ => (sent != read).then(|| path.to_owned()),
    }
}

fn main() -> ExitCode {
    let path = std::env::args().nth(1).expect("the file of what is sent is the first argument");
    let lines = std::fs::read_to_string(path).expect("the file of what is sent can be read");
    let (mut seen, mut faults) = (BTreeMap::<String, usize>::new(), 0);
    for (number, line) in lines.lines().enumerate() {
        let Sent { kind, body } = serde_json::from_str(line).expect("one JSON object a line");
        let fault = match read(&kind, &body) {
            Ok(read) => lost(&body, &read, "").map(|path| format!("{path} was not read")),
            Err(why) => Some(why.to_string()),
        };
        if let Some(fault) = fault {
            faults += 1;
            eprintln!("line {}, {kind}: {fault}", number + 1);
        }
        *seen.entry(kind).or_default() += 1;
    }
    println!("{seen:?}");
    if faults == 0 && seen.len() == 4 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
