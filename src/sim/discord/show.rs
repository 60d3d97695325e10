//! People and times as the API shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::cast;

pub(super) fn is_person(id: &str) -> bool {
    cast::DISCORD_USERS.iter().any(|(_, known)| *known == id)
}

pub(super) fn user(id: &str) -> Value {
    let name = cast::user_name(id);
    json!({
        "id": id, "username": name, "global_name": name, "avatar": null, "discriminator": "0", "public_flags": 0,
        "flags": 0, "primary_guild": null,
    })
}

pub(super) fn bot() -> Value {
    json!({
        "id": cast::DISCORD_APPLICATION_ID, "username": "cleanslate", "avatar": null, "discriminator": "0000",
        "bot": true, "public_flags": 524_288, "flags": 524_288, "global_name": null, "primary_guild": null,
    })
}

pub(super) fn member(id: &str, roles: &[String]) -> Value {
    json!({
        "user": user(id), "roles": roles, "premium_since": null, "pending": false, "nick": null, "mute": false,
        "joined_at": "2017-03-13T19:19:14.040000+00:00", "deaf": false, "avatar": null, "banner": null, "flags": 0,
        "communication_disabled_until": null,
    })
}

pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
