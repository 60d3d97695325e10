//! Discord: interactions in, REST calls out.

pub mod client;
pub mod commands;
pub mod parse;
mod probe;
mod refusal;
pub mod render;
pub mod verify;

use super::{Door, Keys};

/// Discord's way in.
pub fn door(keys: Keys<verify::Keys>, command: String) -> Door<verify::Keys> {
    Door { keys, verify: verify::verify, reply: render::reply, command }
}
