//! The API calls, both ways. Pure.

pub mod action;
pub mod answer;
pub mod call;
pub mod cbs;
pub mod envelope;
pub mod request;

/// Longest text of the cloud's that is kept, in characters.
const TEXT_MAX: usize = 300;
