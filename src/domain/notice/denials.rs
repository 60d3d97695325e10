//! Why something typed or pressed did not count. The caller alone reads it.

use super::build::{again, code, last_by, machine, spans};
use super::stand::stands;
use super::{Notice, Span};
use crate::domain::policy::{Caller, Denial};
use crate::domain::request::{Objection, Request, State};

/// The reason, as the end of a sentence.
pub(super) fn why_not(denial: &Denial) -> &'static str {
    match denial {
        Denial::WrongApp => "this app is not the one that is configured here.",
        Denial::WrongTeam => "this team is not one that is configured here.",
        Denial::Borrowed => "this app came with your account and is not installed here.",
        Denial::Guest => "an account of another team may not do this, in a shared channel neither.",
        Denial::Bot => "a bot may not do this.",
        Denial::DirectMessage => "resets are asked for where others see it, never in a direct message.",
        Denial::WrongChannel => "this channel is not one that resets may be asked for in.",
        Denial::OtherChannel => "the request belongs to another channel.",
        Denial::OtherMessage => "this is not the request's card.",
        Denial::NotARequester => "not on the list of those who may ask for resets.",
        Denial::NotAnApprover => "not on the list of approvers.",
        Denial::OwnRequest => "nobody approves their own request here.",
        Denial::WrongName => "that is not this machine's name.",
        Denial::TooManyOpen => "too many requests are open in this channel.",
        Denial::TooFast => "too many requests from you within a minute.",
        Denial::LookupFailed => "that right could not be looked up, and what cannot be checked counts as no.",
    }
}

/// What to do about it.
fn next(denial: &Denial) -> &'static str {
    match denial {
        Denial::WrongApp | Denial::WrongTeam => "An admin finds the right ones in the configuration.",
        Denial::Borrowed => "Use it where an admin has installed it.",
        Denial::Guest => "Ask somebody of this team.",
        Denial::Bot => "A person has to.",
        Denial::DirectMessage | Denial::WrongChannel => {
            "Go to a channel that is configured for it, or have your admin add this one; `/reset help` prints its id."
        }
        Denial::OtherChannel => "Go to the channel of its card.",
        Denial::OtherMessage => "Use its card.",
        Denial::NotARequester => "Ask somebody who may.",
        Denial::NotAnApprover => "Ask one of them.",
        Denial::OwnRequest => "Somebody else has to approve it.",
        Denial::WrongName => "Type it exactly as the card says, then press the button again.",
        Denial::TooManyOpen => "Decide or cancel one first: `/reset status`.",
        Denial::TooFast => "Wait a minute.",
        Denial::LookupFailed => "Try again in a minute.",
    }
}

/// A refused command, or, about a request, a refused click.
pub fn denied(caller: &Caller, denial: &Denial, request: Option<&Request>) -> Notice {
    let me = caller.actor.principal().to_string();
    let you = spans![
        "You are ",
        code(&me),
        ", team ",
        code(&caller.place.org),
        "; the attempt is in the audit log."
    ];
    let notice = match request {
        Some(request) => Notice::say(spans!["Not counted: ", why_not(denial), " ", next(denial), " ", you])
            .line(spans![machine(request), ": ", stands(request), may_still(denial, request)]),
        None => Notice::say(spans![
            "Nothing was wiped and nothing was started: ",
            why_not(denial),
            " ",
            next(denial),
            " ",
            you
        ]),
    };
    match denial {
        Denial::NotARequester => notice.line(to_be_added("requesters", &me)),
        Denial::NotAnApprover => notice.line(to_be_added("approvers", &me)),
        Denial::WrongApp
        | Denial::WrongTeam
        | Denial::Borrowed
        | Denial::Guest
        | Denial::Bot
        | Denial::DirectMessage
        | Denial::WrongChannel
        | Denial::OtherChannel
        | Denial::OtherMessage
        | Denial::OwnRequest
        | Denial::WrongName
        | Denial::TooManyOpen
        | Denial::TooFast
        | Denial::LookupFailed => notice,
    }
}

fn to_be_added(list: &str, me: &str) -> Vec<Span> {
    spans!["To be added, send your admin this: ", code(format!("{list} = [ \u{2026}, \"{me}\" ]"))]
}

/// Whoever may not approve may still stop it: that is easier than starting.
fn may_still(denial: &Denial, request: &Request) -> &'static str {
    let in_place = matches!(denial, Denial::NotAnApprover | Denial::OwnRequest | Denial::WrongName);
    match request.state {
        State::AwaitingDecision { .. } if in_place => " If the request is a mistake, press Cancel: you may.",
        State::Approved { .. } if in_place => " If the request is a mistake, press Stop: you may.",
        State::Requested
        | State::AwaitingDecision { .. }
        | State::Approved { .. }
        | State::Executing(_)
        | State::Unknown(_)
        | State::Accepted { .. }
        | State::Overdue { .. }
        | State::Indeterminate(_)
        | State::Over(_) => "",
    }
}

/// A click or command that came too late, twice, or to the wrong state.
pub fn objection(objection: &Objection, request: &Request) -> Notice {
    let undecided = matches!(request.state, State::Requested | State::AwaitingDecision { .. });
    let why = match objection {
        Objection::Denied(denial) => spans!["not counted: ", why_not(denial), " ", next(denial)],
        Objection::Expired => spans!["too late, the time to decide is over."],
        Objection::AlreadyDecided if undecided => {
            spans!["not counted, the card is not ready. Press again when it is."]
        }
        Objection::AlreadyDecided => spans![
            "not counted, it was decided before. The last step was taken by ",
            last_by(request),
            " at ",
            request.last().at,
            "."
        ],
        Objection::AlreadyVoted => spans!["your yes is counted already; somebody else has to say yes too."],
        Objection::TooLate if request.is_over() => spans!["too late, it is over already."],
        Objection::TooLate => spans!["too late, this can no longer be stopped."],
        Objection::NotOpenEnded => {
            spans!["not closed: only a request that nobody could settle is closed by hand."]
        }
        Objection::Illegal(_) => {
            spans!["it changed at the same moment, so this changed nothing. Look at the card."]
        }
    };
    // The last minute of an expired card has passed, and perhaps nobody has written that down yet.
    let stands = if *objection == Objection::Expired && undecided {
        spans!["Nothing has been wiped. To try again: ", again(request)]
    } else {
        stands(request)
    };
    Notice::say(spans![machine(request), ": ", why]).line(stands)
}
