//! The app manifest for a configuration. Schema: `slackapi/manifest-schema`.

use serde_json::{Value, json};

/// The manifest of an app that answers to `command` (`/reset`; the plural is the second one) at `url`.
pub fn manifest(command: &str, url: &str) -> Value {
    let base = url.trim_end_matches('/');
    let slash = |name: String, description: &str, hint: &str| {
        json!({
            "command": name,
            "url": format!("{base}/slack/commands"),
            "description": description,
            "usage_hint": hint,
            "should_escape": true,
        })
    };
    json!({
        "display_information": {
            "name": "cleanslate",
            "description": "Reinstall a cloud server, after an approval",
        },
        "features": {
            "bot_user": { "display_name": "cleanslate", "always_online": true },
            "slash_commands": [
                slash(command.to_owned(), "Wipe a server and reinstall it", "ins-r8hr2upy img-pmqg1cw7 60GB -- reason"),
                slash(format!("{command}s"), "Requests to wipe a server", "status | cancel | close | explain | help"),
            ],
        },
        "oauth_config": { "scopes": { "bot": ["commands", "chat:write", "usergroups:read"] } },
        "settings": {
            "interactivity": { "is_enabled": true, "request_url": format!("{base}/slack/interactivity") },
            "org_deploy_enabled": false,
            "socket_mode_enabled": false,
            "token_rotation_enabled": false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_commands_and_the_buttons_come_to_us() {
        let manifest = manifest("/reset", "https://reset.example/");
        let commands = manifest["features"]["slash_commands"].as_array().unwrap();
        let names: Vec<&str> = commands.iter().map(|command| command["command"].as_str().unwrap()).collect();
        assert_eq!(names, ["/reset", "/resets"]);
        for command in commands {
            assert_eq!(command["url"], "https://reset.example/slack/commands");
            assert!(command["usage_hint"].as_str().unwrap().len() <= 1000);
        }
        assert_eq!(
            manifest["settings"]["interactivity"]["request_url"],
            "https://reset.example/slack/interactivity"
        );
    }
}
