//! The API calls, both ways. Pure.

pub mod answer;
pub mod call;
pub mod cbs;
pub mod envelope;
pub mod request;

/// API version of CVM and of CBS.
pub const VERSION: &str = "2017-03-12";

/// Longest text of the cloud's that is kept, in characters.
const TEXT_MAX: usize = 300;
