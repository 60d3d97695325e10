//! The two functions on AWS Lambda.

mod events;
mod flow;
mod http;
mod site;
mod start;
