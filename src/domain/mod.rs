//! What a reset is, who may ask for one, and what everybody is told. Pure: no I/O, no clock; `now` is an argument.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod ask;
pub mod id;
pub mod notice;
pub mod plan;
pub mod policy;
pub mod request;
