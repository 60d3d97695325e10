//! What an app may answer to an interaction. "Receiving and Responding" and "Component Reference" of the API
//! reference. Deferred messages (5) and autocompletion (8) are left out: no bot like ours sends them.

use serde_json::Value;

use super::error::{Form, Refused, refused};
use super::{limits, mentions};

/// What a person sees of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Pong,
    /// A new message.
    Message {
        /// Only the person who acted reads it.
        ephemeral: bool,
        data: Value,
    },
    /// Nothing.
    Acknowledged,
    /// The message of the button changes.
    Update(Value),
    /// A form opens.
    Modal(Value),
}

/// Reads the body of an answer, within the limits.
///
/// # Errors
/// What Discord would say of it. The person would see "This interaction failed".
pub fn answer(body: &Value) -> Result<Answer, String> {
    read(body).map_err(|refused| refused.body.to_string())
}

pub(super) fn read(body: &Value) -> Result<Answer, Refused> {
    let mut form = Form::default();
    let data = &body["data"];
    let answer = match body["type"].as_u64() {
        Some(1) => Answer::Pong,
        Some(4) => {
            message(&mut form, data);
            let shown = |name: &str| data[name].as_array().is_some_and(|list| !list.is_empty());
            let empty = data["content"].as_str().unwrap_or_default().trim().is_empty();
            if empty && !shown("embeds") && !shown("components") {
                return Err(refused(50006));
            }
            let flags = data["flags"].as_u64().unwrap_or_default();
            Answer::Message { ephemeral: flags & limits::EPHEMERAL != 0, data: data.clone() }
        }
        Some(6) => Answer::Acknowledged,
        Some(7) => {
            message(&mut form, data);
            Answer::Update(data.clone())
        }
        Some(9) => {
            modal(&mut form, data);
            Answer::Modal(data.clone())
        }
        _ => {
            form.fault("type", "BASE_TYPE_CHOICES", "Value must be one of {1, 4, 6, 7, 9}.");
            form.done()?;
            return Err(refused(50035));
        }
    };
    form.done()?;
    Ok(answer)
}

fn message(form: &mut Form, data: &Value) {
    limits::message(form, "data", data);
    mentions::check(form, "data.allowed_mentions", &data["allowed_mentions"]);
}

fn modal(form: &mut Form, data: &Value) {
    form.required_text("data.title", &data["title"], 1..=45);
    form.required_text("data.custom_id", &data["custom_id"], 1..=100);
    let components = form.list("data.components", &data["components"], 5);
    if data["components"].as_array().is_none_or(Vec::is_empty) {
        form.fault("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.");
    }
    let mut ids: Vec<&Value> = Vec::new();
    for (index, component) in components.iter().enumerate() {
        let path = format!("data.components.{index}");
        let (path, input) = match component["type"].as_u64() {
            Some(18) => {
                form.required_text(&format!("{path}.label"), &component["label"], 1..=45);
                form.text(&format!("{path}.description"), &component["description"], 1..=100);
                (format!("{path}.component"), &component["component"])
            }
            Some(1) => {
                let path = format!("{path}.components");
                if form.list(&path, &component["components"], 1).is_empty() {
                    form.missing(&path);
                    continue;
                }
                let input = &component["components"][0];
                form.required_text(&format!("{path}.0.label"), &input["label"], 1..=45);
                (format!("{path}.0"), input)
            }
            _ => {
                let words = "Value of field \"type\" must be one of (1, 18).";
                form.fault(&format!("{path}.type"), "UNION_TYPE_CHOICES", words);
                continue;
            }
        };
        text_input(form, &path, input);
        if ids.contains(&&input["custom_id"]) {
            let path = format!("{path}.custom_id");
            form.fault(&path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated");
        }
        ids.push(&input["custom_id"]);
    }
}

fn text_input(form: &mut Form, path: &str, input: &Value) {
    let at = |name: &str| format!("{path}.{name}");
    if input["type"] != 4 {
        form.fault(&at("type"), "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (4,).");
    }
    form.required_text(&at("custom_id"), &input["custom_id"], 1..=100);
    if input["style"].is_null() {
        form.missing(&at("style"));
    }
    form.number(&at("style"), &input["style"], 1..=2);
    form.number(&at("min_length"), &input["min_length"], 0..=4000);
    form.number(&at("max_length"), &input["max_length"], 1..=4000);
    let length = |name: &str, otherwise: u64| input[name].as_u64().unwrap_or(otherwise);
    if length("min_length", 0) > length("max_length", 4000) {
        form.fault(&at("min_length"), "BASE_TYPE_CHOICES", "Must be at most max_length.");
    }
    form.text(&at("value"), &input["value"], 0..=4000);
    form.text(&at("placeholder"), &input["placeholder"], 0..=100);
}

/// What the first field of a modal asks for.
pub(in crate::sim) fn placeholder(modal: &Value) -> String {
    let first = inputs(modal).next();
    first.and_then(|(_, input)| input["placeholder"].as_str()).unwrap_or_default().to_owned()
}

/// The text input of a modal, in either shape.
pub(super) fn inputs(modal: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    modal["components"].as_array().into_iter().flatten().map(|component| {
        let label = component["type"] == 18;
        (component, if label { &component["component"] } else { &component["components"][0] })
    })
}
