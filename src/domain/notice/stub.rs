use super::*;
use crate::domain::ask::Hint;
use crate::domain::id::InstanceId;
use crate::domain::policy::{Caller, Denial, Policy};
use crate::domain::request::{Fact, Objection, Request, Speech};

pub struct Tail {
    pub seq: u64,
    pub root: String,
}
pub fn card(_request: &Request, _now: Timestamp) -> Option<Notice> {
    None
}
pub fn speech(_request: &Request, _speech: Speech, _tail: &Tail, _now: Timestamp) -> Notice {
    Notice::default()
}
pub fn opened(_request: &Request) -> Notice {
    Notice::default()
}
pub fn ended_before_card(_request: &Request) -> Notice {
    Notice::default()
}
pub fn hint(_hint: &Hint, _command: &str) -> Notice {
    Notice::default()
}
pub fn denied(_caller: &Caller, _denial: &Denial, _request: Option<&Request>) -> Notice {
    Notice::default()
}
pub fn objection(_objection: &Objection, _request: &Request) -> Notice {
    Notice::default()
}
pub fn already_open(_request: &Request, _card: Option<&MessageRef>, _now: Timestamp) -> Notice {
    Notice::default()
}
pub fn counted(_request: &Request) -> Notice {
    Notice::default()
}
pub fn use_this_card(_request: &Request, _card: Option<&MessageRef>) -> Notice {
    Notice::default()
}
pub fn unknown_request() -> Notice {
    Notice::default()
}
pub fn old_button() -> Notice {
    Notice::default()
}
pub fn status(_requests: &[Request], _now: Timestamp) -> Notice {
    Notice::default()
}
pub fn status_one(_request: &Request, _now: Timestamp) -> Notice {
    Notice::default()
}
pub fn help(_caller: &Caller, _command: &str) -> Notice {
    Notice::default()
}
pub fn explain(_caller: &Caller, _instance: &InstanceId, _policy: &Policy) -> Notice {
    Notice::default()
}
pub fn store_trouble() -> Notice {
    Notice::default()
}
pub fn lookup_trouble(_what: &str) -> Notice {
    Notice::default()
}
pub fn summary(_fact: &Fact) -> String {
    String::new()
}
