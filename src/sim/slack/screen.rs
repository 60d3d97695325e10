//! What a person sees of a message: blocks as plain lines.

use serde_json::Value;

use super::Message;
use crate::sim::cast;

impl Message {
    /// The button with this `action_id`.
    pub fn button(&self, action: &str) -> Option<&Value> {
        let actions = self.blocks.iter().filter(|block| block["type"] == "actions");
        actions
            .flat_map(|block| block["elements"].as_array().into_iter().flatten())
            .find(|b| b["action_id"] == action)
    }

    /// The lines on the screen.
    pub fn lines(&self) -> Vec<String> {
        self.blocks.iter().flat_map(lines).collect()
    }
}

/// The lines of an answer that is not stored anywhere: `{"blocks": …}`.
pub fn lines_of(body: &Value) -> Vec<String> {
    body["blocks"].as_array().into_iter().flatten().flat_map(lines).collect()
}

fn lines(block: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match block["type"].as_str() {
        Some("input") => vec![format!("{} [________]", text(&block["label"]["text"]))],
        Some("actions") => {
            let labels = block["elements"].as_array().into_iter().flatten();
            vec![labels.map(|b| format!("[ {} ]", text(&b["text"]["text"]))).collect::<Vec<_>>().join("  ")]
        }
        _ => text(&block["text"]["text"]).lines().map(read).collect(),
    }
}

/// Takes the markup away: mentions become names, dates become clocks, links become their labels.
fn read(line: &str) -> String {
    let mut seen = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        seen.push_str(before);
        let Some((tag, after)) = after.split_once('>') else { break };
        seen.push_str(&shown(tag));
        rest = after;
    }
    seen.push_str(rest);
    if let Some((label, text)) = seen.strip_prefix('*').and_then(|line| line.split_once("*  ")) {
        seen = format!("{label:<8} {text}");
    }
    let seen = seen.replace(['*', '`'], "").replace(":warning:", "!");
    seen.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn shown(tag: &str) -> String {
    if let Some(user) = tag.strip_prefix('@') {
        return format!("@{}", cast::user_name(user));
    }
    let label = tag.split_once('|').map_or(tag, |(_, label)| label);
    label.trim_end_matches(" UTC").to_owned()
}
