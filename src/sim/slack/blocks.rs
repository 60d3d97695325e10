//! The limits of Block Kit, for the blocks that a bot like ours sends. Slack's Block Kit reference.

use serde_json::Value;

pub(super) fn all_valid(blocks: &[Value]) -> bool {
    blocks.len() <= 50 && blocks.iter().all(valid)
}

fn valid(block: &Value) -> bool {
    let id_fits = block["block_id"].as_str().is_none_or(|id| (1..=255).contains(&id.len()));
    let body_fits = match block["type"].as_str() {
        Some("header") => plain(&block["text"], 150),
        Some("section") => text(&block["text"], 3000),
        Some("divider") => true,
        Some("input") => plain(&block["label"], 2000) && input(&block["element"]),
        Some("actions") => block["elements"].as_array().is_some_and(|elements| {
            let mut ids: Vec<&str> =
                elements.iter().filter_map(|element| element["action_id"].as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            (1..=25).contains(&elements.len()) && ids.len() == elements.len() && elements.iter().all(button)
        }),
        _ => false,
    };
    id_fits && body_fits
}

fn text(text: &Value, max: usize) -> bool {
    matches!(text["type"].as_str(), Some("mrkdwn" | "plain_text")) && length(&text["text"], max)
}

fn plain(text: &Value, max: usize) -> bool {
    text["type"] == "plain_text" && length(&text["text"], max)
}

fn length(text: &Value, max: usize) -> bool {
    text.as_str().is_some_and(|text| (1..=max).contains(&text.chars().count()))
}

fn input(element: &Value) -> bool {
    element["type"] == "plain_text_input"
        && length(&element["action_id"], 255)
        && element["max_length"].as_u64().is_none_or(|max| (1..=3000).contains(&max))
        && (element["placeholder"].is_null() || plain(&element["placeholder"], 150))
}

fn button(element: &Value) -> bool {
    let confirm = &element["confirm"];
    let confirm_fits = confirm.is_null()
        || plain(&confirm["title"], 100)
            && text(&confirm["text"], 300)
            && plain(&confirm["confirm"], 30)
            && plain(&confirm["deny"], 30);
    element["type"] == "button"
        && plain(&element["text"], 75)
        && length(&element["action_id"], 255)
        && element["value"].as_str().is_none_or(|value| value.len() <= 2000)
        && matches!(element["style"].as_str(), None | Some("primary" | "danger"))
        && confirm_fits
}
