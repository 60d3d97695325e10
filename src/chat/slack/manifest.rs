//! The Slack app, as Slack's "create from a manifest" takes it.
//!
//! Source: the app manifest reference, docs.slack.dev.

use serde_json::{Value, json};

/// Where Slack sends slash commands.
pub const COMMANDS_PATH: &str = "/slack/commands";
/// Where Slack sends clicks.
pub const INTERACTIVITY_PATH: &str = "/slack/interactivity";

/// What the bot's token may: answer commands, write where it is invited, look up who is in a user group.
pub const SCOPES: [&str; 3] = ["commands", "chat:write", "usergroups:read"];

/// The manifest of an app whose command is `command` (`/reset`) and that is reached at `url`. Without a `url` the
/// request URLs are left out, to be filled in at Slack.
pub fn manifest(command: &str, url: Option<&str>) -> Value {
    let at = |path: &str| url.map(|url| format!("{}{path}", url.trim_end_matches('/')));
    let slash = |command: &str, description: &str, usage: &str| {
        let mut entry = json!({
            "command": command,
            "description": description,
            "usage_hint": usage,
            // A mention arrives as an id, which the grammar refuses, and never as somebody's chosen name.
            "should_escape": true,
        });
        put(&mut entry, "url", at(COMMANDS_PATH));
        entry
    };
    let mut interactivity = json!({ "is_enabled": true });
    put(&mut interactivity, "request_url", at(INTERACTIVITY_PATH));
    json!({
        "_metadata": { "major_version": 2 },
        "display_information": {
            "name": "cleanslate",
            "description": "Reinstalls a cloud server after an approval. Its system disk is wiped.",
        },
        "features": {
            // Without the tab Slack refuses direct messages from the bot.
            "app_home": { "messages_tab_enabled": true, "messages_tab_read_only_enabled": true },
            "bot_user": { "display_name": "cleanslate", "always_online": true },
            "slash_commands": [
                slash(
                    command,
                    "Wipe a server's system disk and reinstall it, after an approval",
                    "ins-… [img-…] [60GB] [login=keep|image|random|vault] [-- reason]",
                ),
                slash(
                    &format!("{command}s"),
                    "What is open, who may, and how to settle it",
                    "status [id] | cancel <id> | close <id> -- finding | explain <ins-…> | help",
                ),
            ],
        },
        "oauth_config": { "scopes": { "bot": SCOPES } },
        "settings": {
            "interactivity": interactivity,
            "org_deploy_enabled": false,
            "socket_mode_enabled": false,
            "token_rotation_enabled": false,
        },
    })
}

fn put(entry: &mut Value, name: &str, value: Option<String>) {
    if let Some(value) = value {
        entry[name] = Value::String(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits of Slack's schema that a configuration can break; the schema itself is checked outside.
    #[test]
    fn the_manifest_follows_the_configuration() {
        let made = manifest("/wipe", Some("https://bot.example/"));
        let commands = made["features"]["slash_commands"].as_array().expect("a list");
        let said: Vec<String> = commands
            .iter()
            .map(|c| format!("{} {} {}", c["command"], c["url"], c["should_escape"]))
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        "/wipe" "https://bot.example/slack/commands" true
        "/wipes" "https://bot.example/slack/commands" true
        "#);
        assert_eq!(
            made["settings"]["interactivity"]["request_url"],
            "https://bot.example/slack/interactivity"
        );
        assert_eq!(
            made["oauth_config"]["scopes"]["bot"],
            json!(["commands", "chat:write", "usergroups:read"])
        );
        assert!(made["display_information"]["name"].as_str().is_some_and(|name| name.len() <= 35));
        let about = made["display_information"]["description"].as_str().expect("text");
        assert!(about.len() <= 140, "{about}");
    }

    #[test]
    fn without_an_address_no_url_is_made_up() {
        assert!(!manifest("/reset", None).to_string().contains("url"));
    }
}
