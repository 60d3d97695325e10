//! Who and what there is: fixed, so that scripts can rely on it. None of it is secret.

use serde_json::{Value, json};

pub const TENCENT_SECRET_ID: &str = "AKIDsimulated0000000000000000000000";
pub const TENCENT_SECRET_KEY: &str = "simulated-secret-key-0000000000";
pub const SLACK_SIGNING_SECRET: &str = "simulated-signing-secret-0000000";
pub const SLACK_BOT_TOKEN: &str = "xoxb-simulated-0000000000";
pub const SLACK_APP_ID: &str = "A0SIM0000";
pub const SLACK_TEAM_ID: &str = "T0SIM0000";
pub const SLACK_CHANNEL_ID: &str = "C0ONCALL0";
pub const SLACK_CHANNEL: &str = "ops-oncall";
pub const SLACK_BOT: &str = "U0BOT0000";

/// Names and ids. Alice asks; bob and carol may approve; mallory may nothing.
pub const USERS: [(&str, &str); 4] =
    [("alice", "U0ALICE00"), ("bob", "U0BOB0000"), ("carol", "U0CAROL00"), ("mallory", "U0MALLORY")];

/// The id of a person of the cast.
pub fn user_id(name: &str) -> Option<&'static str> {
    USERS.iter().find(|(known, _)| *known == name).map(|(_, id)| *id)
}

/// The name behind an id; the bot's is the product's.
pub fn user_name(id: &str) -> &str {
    USERS
        .iter()
        .find(|(_, known)| *known == id)
        .map_or(if id == SLACK_BOT { "cleanslate" } else { id }, |(name, _)| *name)
}

/// What `sim --json` prints once it listens.
pub fn ready(listen: std::net::SocketAddr) -> Value {
    json!({
        "listen": format!("http://{listen}"),
        "tencent": { "secret_id": TENCENT_SECRET_ID, "secret_key": TENCENT_SECRET_KEY },
        "slack": {
            "signing_secret": SLACK_SIGNING_SECRET, "bot_token": SLACK_BOT_TOKEN, "app_id": SLACK_APP_ID,
            "team_id": SLACK_TEAM_ID, "channel_id": SLACK_CHANNEL_ID,
        },
    })
}
