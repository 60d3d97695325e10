//! Discord: interactions in, REST calls out.

pub mod client;
pub mod commands;
pub mod render;
