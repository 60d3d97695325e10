//! Slack: slash commands and button clicks in, Web API methods out.

pub mod client;
pub mod manifest;
pub mod parse;
mod probe;
pub mod render;
pub mod verify;

use super::{Door, Keys};

/// Slack's way in.
pub fn door(keys: Keys<verify::Keys>, command: String) -> Door<verify::Keys> {
    Door { keys, verify: verify::verify, reply: render::reply, command }
}
