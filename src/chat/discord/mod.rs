//! Discord: interactions in, REST calls out.

pub mod client;
pub mod render;
