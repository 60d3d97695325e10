//! Discord: interactions in, REST calls out.

pub mod render;
