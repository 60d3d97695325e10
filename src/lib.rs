//! `cleanslate` gives a cloud server a clean slate, on request, from chat, safely.

pub mod app;
pub mod assemble;
pub mod audit;
pub mod chat;
pub mod cli;
pub mod cloud;
pub mod config;
pub mod domain;
pub mod entry;
pub mod ingress;
pub mod outbound;
pub mod secrets;
pub mod sim;
pub mod store;
pub mod telemetry;
pub mod worker;
