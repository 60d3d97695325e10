//! For the caller or the clicker alone.

use jiff::Timestamp;

use super::build::{code, duration, machine, spans, tag, ticked, typed};
use super::stand::stands;
use super::{Notice, Span};
use crate::domain::ask::Hint;
use crate::domain::id::MessageRef;
use crate::domain::request::Request;

pub fn opened(request: &Request) -> Notice {
    Notice::say(spans!["Checking ", machine(request), ". The card comes to this channel. ", tag(request)])
        .line(spans!["If none appears within a minute, let the bot in: `/invite @cleanslate`"])
}

pub fn hint(hint: &Hint) -> Notice {
    let hint = ticked(&hint.to_string());
    Notice::say(spans!["Nothing was started and nothing was wiped: ", hint, "."])
        .line(spans!["All of it: `/reset help`"])
}

pub fn already_open(request: &Request, card: Option<&MessageRef>, now: Timestamp) -> Notice {
    let age = duration(now.duration_since(request.opened()));
    let asked = spans![" already has a request: ", tag(request), " by ", &request.caller.actor];
    let link = link(request, card);
    let link = if link.is_empty() { link } else { spans![" Its card: ", link] };
    Notice::say(spans![machine(request), asked, format!(", {age} ago. Nothing new was started."), link])
        .line(stands(request))
}

fn link(request: &Request, card: Option<&MessageRef>) -> Vec<Span> {
    let place = request.caller.place.clone();
    card.map(|message| Span::Message { place, message: message.clone() }).into_iter().collect()
}

/// A yes that does not decide yet.
pub fn counted(request: &Request) -> Notice {
    let quorum = request.terms.as_ref().map_or(1, |terms| terms.quorum);
    Notice::say(spans![
        format!("Your yes is counted, {} of {quorum}: ", request.votes.len()),
        machine(request),
        ". ",
        stands(request)
    ])
}

/// What a second copy of the card becomes, and what a button of it is answered with.
pub fn use_this_card(request: &Request, card: Option<&MessageRef>) -> Notice {
    let link = link(request, card);
    let link = if link.is_empty() { spans!["it is about to be posted."] } else { link };
    Notice::say(spans![
        "This is not the current card of ",
        machine(request),
        "; its buttons wipe nothing. Use this one: ",
        link
    ])
}

pub fn unknown_request() -> Notice {
    Notice::say(spans![
        "No such request in this channel, or more than one; nothing was changed and nothing was wiped by this. What is \
         open: `/reset status`"
    ])
}

pub fn old_button() -> Notice {
    Notice::say(spans![
        "This button belongs to another version; nothing was changed and nothing was wiped by it. What is open: \
         `/reset status`. To ask again: `/reset`"
    ])
}

/// For a genuine event that could not be understood.
pub fn unreadable() -> Notice {
    Notice::say(spans![
        "This version cannot read what was sent, so nothing was done by it, and nothing was wiped. Ask again: ",
        typed(""),
        ". If it stays, this bot needs an update."
    ])
}

/// The press may have been Stop, so what did not happen is said of both.
pub fn store_trouble() -> Notice {
    Notice::say(spans![
        "I could not store this, so nothing came of it: nothing was wiped by it, and nothing was stopped by it. Try \
         again in a minute; if it stays, see `/healthz` and the log."
    ])
}

/// `what` cannot be read, so that nobody's right can be checked.
pub fn lookup_trouble(what: &str) -> Notice {
    Notice::say(spans![
        format!(
            "I could not read {what}, so it cannot be checked who may, and nothing came of this: nothing was wiped by it, \
         and nothing was stopped by it. Try again in a minute; an admin finds the reason with "
        ),
        code("cleanslate check"),
        "."
    ])
}
