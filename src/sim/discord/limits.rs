//! What Discord takes as a message: texts, embeds, rows of buttons. "Create Message", "Embed Limits" and "Component
//! Reference" of the API reference.

use serde_json::{Value, json};

use super::error::Form;

pub(super) const EPHEMERAL: u64 = 64;
/// `SUPPRESS_EMBEDS`, `EPHEMERAL`, `SUPPRESS_NOTIFICATIONS`. Components V2 is another kind of message, which no bot
/// like ours sends.
const FLAGS: u64 = 4 | EPHEMERAL | 4096;

const LINK: u64 = 5;

/// Checks the parts that every message can have, wherever it is sent. `path` is where the message stands in the body.
pub(super) fn message(form: &mut Form, path: &str, body: &Value) {
    let at = |name: &str| join(path, name);
    form.text(&at("content"), &body["content"], 0..=2000);
    if !body["flags"].is_null() && body["flags"].as_u64().is_none_or(|flags| flags & !FLAGS != 0) {
        form.fault(&at("flags"), "MESSAGE_FLAGS_INVALID", "Invalid message flags");
    }
    embeds(form, &at("embeds"), &body["embeds"]);
    components(form, &at("components"), &body["components"]);
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn embeds(form: &mut Form, path: &str, embeds: &Value) {
    let mut total = 0;
    for (index, embed) in form.list(path, embeds, 10).iter().enumerate() {
        let path = format!("{path}.{index}");
        let mut text = |form: &mut Form, name: &str, value: &Value, max: usize| {
            form.text(&format!("{path}.{name}"), value, 0..=max);
            total += value.as_str().unwrap_or_default().chars().count();
        };
        text(form, "title", &embed["title"], 256);
        text(form, "description", &embed["description"], 4096);
        text(form, "footer.text", &embed["footer"]["text"], 2048);
        text(form, "author.name", &embed["author"]["name"], 256);
        for (field, value) in form.list(&format!("{path}.fields"), &embed["fields"], 25).iter().enumerate() {
            for (name, max) in [("name", 256), ("value", 1024)] {
                let place = format!("fields.{field}.{name}");
                if value[name].as_str().is_none_or(str::is_empty) {
                    form.missing(&format!("{path}.{place}"));
                }
                text(form, &place, &value[name], max);
            }
        }
    }
    if total > 6000 {
        form.fault(path, "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
    }
}

fn components(form: &mut Form, path: &str, rows: &Value) {
    let mut ids: Vec<&str> = Vec::new();
    for (index, row) in form.list(path, rows, 5).iter().enumerate() {
        let path = format!("{path}.{index}");
        if row["type"] != 1 {
            form.fault(
                &format!("{path}.type"),
                "UNION_TYPE_CHOICES",
                "Value of field \"type\" must be one of (1,).",
            );
            continue;
        }
        let path = format!("{path}.components");
        let buttons = form.list(&path, &row["components"], 5);
        if buttons.is_empty() && row["components"].as_array().is_none_or(Vec::is_empty) {
            form.fault(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.");
        }
        for (index, one) in buttons.iter().enumerate() {
            let path = format!("{path}.{index}");
            button(form, &path, one);
            let Some(id) = one["custom_id"].as_str() else { continue };
            if ids.contains(&id) {
                let path = format!("{path}.custom_id");
                form.fault(
                    &path,
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                    "Component custom id cannot be duplicated",
                );
            }
            ids.push(id);
        }
    }
}

fn button(form: &mut Form, path: &str, button: &Value) {
    let at = |name: &str| format!("{path}.{name}");
    if button["type"] != 2 {
        form.fault(&at("type"), "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (2,).");
        return;
    }
    form.text(&at("label"), &button["label"], 0..=80);
    if button["label"].as_str().is_none_or(str::is_empty) && button["emoji"].is_null() {
        form.missing(&at("label"));
    }
    let (id, url) = (&button["custom_id"], &button["url"]);
    match button["style"].as_u64() {
        Some(LINK) => {
            form.required_text(&at("url"), url, 1..=512);
            if !id.is_null() {
                both(form, path);
            }
        }
        Some(1..=4) => {
            if id.is_null() {
                form.fault(
                    &at("custom_id"),
                    "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED",
                    "A custom id is required",
                );
            }
            form.text(&at("custom_id"), id, 1..=100);
            if !url.is_null() {
                both(form, path);
            }
        }
        Some(_) => form.number(&at("style"), &button["style"], 1..=LINK),
        None => form.missing(&at("style")),
    }
}

fn both(form: &mut Form, path: &str) {
    let words = "A custom id and url cannot both be specified";
    form.fault(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", words);
}

/// Gives every component the number that Discord gives it, in the order of the page.
pub(super) fn numbered(rows: &[Value]) -> Vec<Value> {
    let mut next = 0;
    let mut number = |mut component: Value| {
        next += 1;
        component["id"] = json!(next);
        component
    };
    let mut numbered = Vec::new();
    for row in rows {
        let mut row = number(row.clone());
        let buttons = row["components"].as_array().cloned().unwrap_or_default();
        row["components"] = buttons.into_iter().map(&mut number).collect();
        numbered.push(row);
    }
    numbered
}
