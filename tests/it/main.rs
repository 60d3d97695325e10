//! One integration binary.
#![allow(
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "a test that cannot go on should stop where it is"
)]

mod architecture;
mod binary;
mod canary;
mod chaos;
mod chat_contract;
mod check_online;
mod cloud_contract;
mod config;
mod crash;
mod hostile;
mod infra;
mod ingress;
mod lambda;
mod logins;
mod loss;
mod register;
mod server;
mod sim_cvm;
mod sim_discord;
mod sim_slack;
mod store_contract;
mod story;
mod support;

/// The section of the configuration that says where a story is kept: by default, in a file.
fn store() -> std::future::Ready<String> {
    std::future::ready(String::new())
}
