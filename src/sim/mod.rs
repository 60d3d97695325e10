//! A simulated Tencent Cloud and Slack, over their real HTTP APIs.

pub mod cvm;
pub mod fault;
pub mod fleet;
pub mod slack;
