//! One integration binary.
#![allow(
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "a test that cannot go on should stop where it is"
)]

mod architecture;
mod binary;
mod canary;
mod chat_contract;
mod cloud_contract;
mod config;
mod crash;
mod hostile;
mod ingress;
mod lambda;
mod loss;
mod register;
mod server;
mod sim_cvm;
mod sim_discord;
mod sim_slack;
mod store_contract;
mod story;
mod support;
