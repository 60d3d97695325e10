//! Discord: interactions in, HTTP API out.

pub mod parse;
pub mod verify;
