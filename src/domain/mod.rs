//! What a reset is, who may ask for one, and what everybody is told. Pure: no I/O, no clock; `now` is an argument.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod ask;
pub mod id;
pub mod notice;
pub mod password;
pub mod plan;
pub mod policy;
pub mod request;

use std::sync::Arc;

use jiff::Timestamp;

/// Where the shells read the time, in whole milliseconds. Made once, in `main`, and handed to those that wait.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
