//! Who and what there is: fixed, so that scripts can rely on it. None of it is secret.

use serde_json::{Value, json};

use crate::domain::id::Platform;

pub const TENCENT_SECRET_ID: &str = "AKIDsimulated0000000000000000000000";
pub const TENCENT_SECRET_KEY: &str = "simulated-secret-key-0000000000";
/// A key for reading only.
pub const TENCENT_READ_SECRET_ID: &str = "AKIDsimulatedread00000000000000000";
pub const TENCENT_READ_SECRET_KEY: &str = "simulated-read-secret-key-00000";
pub const SLACK_SIGNING_SECRET: &str = "simulated-signing-secret-0000000";
pub const SLACK_BOT_TOKEN: &str = "xoxb-simulated-0000000000";
pub const SLACK_APP_ID: &str = "A0SIM0000";
pub const SLACK_TEAM_ID: &str = "T0SIM0000";
pub const SLACK_CHANNEL_ID: &str = "C0ONCALL0";
pub const SLACK_CHANNEL: &str = "ops-oncall";
pub const SLACK_BOT: &str = "U0BOT0000";
/// The private half of [`DISCORD_PUBLIC_KEY`]: what Discord signs with.
pub const DISCORD_SIGNING_KEY: [u8; 32] = *b"simulated-discord-signing-key-00";
pub const DISCORD_PUBLIC_KEY: &str = "696c94c83b57827782ac212af536e3e0ec9a66da9cbdbf81fae9175c724e4ebe";
pub const DISCORD_BOT_TOKEN: &str = "simulated.discord.bot-token-0000000";
/// The bot's user id too, as with every newer application.
pub const DISCORD_APPLICATION_ID: &str = "1100000000000000001";
pub const DISCORD_GUILD_ID: &str = "1200000000000000001";
pub const DISCORD_CHANNEL_ID: &str = "1300000000000000001";
pub const DISCORD_CHANNEL: &str = "ops-oncall";
/// Held by bob and carol at the start.
pub const DISCORD_ROLE_ID: &str = "1400000000000000001";
pub const DISCORD_ROLE: &str = "oncall";

/// Names and Slack ids. Alice asks; bob and carol may approve; mallory may nothing.
pub const USERS: [(&str, &str); 4] =
    [("alice", "U0ALICE00"), ("bob", "U0BOB0000"), ("carol", "U0CAROL00"), ("mallory", "U0MALLORY")];

/// The same people on Discord.
pub const DISCORD_USERS: [(&str, &str); 4] = [
    ("alice", "1500000000000000001"),
    ("bob", "1500000000000000002"),
    ("carol", "1500000000000000003"),
    ("mallory", "1500000000000000004"),
];

/// The Slack id of a person of the cast.
pub fn user_id(name: &str) -> Option<&'static str> {
    USERS.iter().find(|(known, _)| *known == name).map(|(_, id)| *id)
}

/// The Discord id of a person of the cast.
pub fn discord_id(name: &str) -> Option<&'static str> {
    DISCORD_USERS.iter().find(|(known, _)| *known == name).map(|(_, id)| *id)
}

/// The id of a person of the cast on that platform.
pub fn id(platform: Platform, name: &str) -> Option<&'static str> {
    match platform {
        Platform::Slack => user_id(name),
        Platform::Discord => discord_id(name),
    }
}

/// The name behind an id of either platform; the bot's is the product's.
pub fn user_name(id: &str) -> &str {
    if [SLACK_BOT, DISCORD_APPLICATION_ID].contains(&id) {
        return "cleanslate";
    }
    USERS.iter().chain(&DISCORD_USERS).find(|(_, known)| *known == id).map_or(id, |(name, _)| *name)
}

/// What `sim --json` prints once it listens.
pub fn ready(listen: std::net::SocketAddr) -> Value {
    json!({
        "listen": format!("http://{listen}"),
        "tencent": { "secret_id": TENCENT_SECRET_ID, "secret_key": TENCENT_SECRET_KEY },
        "tencent_read": { "secret_id": TENCENT_READ_SECRET_ID, "secret_key": TENCENT_READ_SECRET_KEY },
        "slack": {
            "signing_secret": SLACK_SIGNING_SECRET, "bot_token": SLACK_BOT_TOKEN, "app_id": SLACK_APP_ID,
            "team_id": SLACK_TEAM_ID, "channel_id": SLACK_CHANNEL_ID,
        },
        "discord": {
            "public_key": DISCORD_PUBLIC_KEY, "bot_token": DISCORD_BOT_TOKEN,
            "application_id": DISCORD_APPLICATION_ID, "guild_id": DISCORD_GUILD_ID, "channel_id": DISCORD_CHANNEL_ID,
        },
    })
}
