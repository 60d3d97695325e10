//! Discord: interactions in, REST calls out.

pub mod client;
pub mod commands;
mod refusal;
pub mod render;
