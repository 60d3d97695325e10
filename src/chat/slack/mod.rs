//! Slack: slash commands and button clicks in, Web API methods out.

pub mod client;
pub mod manifest;
pub mod parse;
pub mod render;
pub mod verify;
