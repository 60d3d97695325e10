//! Messages of their own: they must make a sound.

use jiff::{SignedDuration, Timestamp};

use super::build::{again, code, machine, people, secret, spans, tag, typed};
use super::ends::end;
use super::refusals::riddle;
use super::sheet::approvers;
use super::{Notice, Span};
use crate::domain::request::{Event, Request, Riddle, Speech, State, Wire};

/// Where the request's newest entry stands in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    pub seq: u64,
    /// The first digits of the tree's root there.
    pub root: String,
}

/// What is said aloud, once, as a reply to the card.
pub fn speech(request: &Request, speech: Speech, tail: &Tail, now: Timestamp) -> Notice {
    let notice = match speech {
        Speech::Reminder => return reminder(request),
        Speech::Doubt => doubt(request),
        Speech::Found => found(request),
        Speech::Slow => to_all(
            request,
            spans!["Still reinstalling "],
            spans![
                " after 10 minutes, longer than usual. The disk is already being wiped; there is nothing to do but \
                 wait. I keep looking."
            ],
        ),
        Speech::Overdue => overdue(request),
        Speech::Unsettled => unsettled(request),
        Speech::End => end(request, now),
    };
    let place = format!("{} · audit {} · root {}", tag(request), tail.seq, tail.root);
    notice.line(match request_id(request) {
        Some(id) => spans!["RequestId ", code(id), " · ", place],
        None => spans![place],
    })
}

/// Mentions everybody who asked or decided, then says `before`, the machine, `after`.
pub(super) fn to_all(request: &Request, before: Vec<Span>, after: Vec<Span>) -> Notice {
    Notice::say(spans![people(request), before, machine(request), after])
}

fn close(request: &Request) -> Span {
    typed(format!("close {} -- what you found", request.id.short()))
}

/// What the cloud knows the call by, once it answered.
fn request_id(request: &Request) -> Option<&str> {
    request.facts.iter().rev().find_map(|fact| {
        if let Event::Accepted { request_id, .. } = &fact.event {
            return Some(request_id.as_str());
        }
        if let Event::Failed { failure } = &fact.event { failure.request_id.as_deref() } else { None }
    })
}

/// When the right to send was given; before it nothing can have left.
pub(super) fn claimed_at(request: &Request) -> Timestamp {
    claimed(request).map_or(request.opened(), |(at, _)| at)
}

/// When the claim was made, and over which wire.
fn claimed(request: &Request) -> Option<(Timestamp, Wire)> {
    let mut facts = request.facts.iter();
    facts.find_map(|fact| {
        if let Event::Claimed { claim } = &fact.event { Some((fact.at, claim.wire)) } else { None }
    })
}

fn reminder(request: &Request) -> Notice {
    let (Some(terms), State::AwaitingDecision { until: Some(until) }) = (&request.terms, &request.state)
    else {
        return to_all(request, spans!["The request to wipe "], spans![" is decided; the card says how."]);
    };
    Notice::say(spans![
        approvers(request, terms),
        ": the request to wipe ",
        machine(request),
        " still waits for a decision, until ",
        *until,
        ". Nothing has been wiped. ",
        tag(request)
    ])
}

fn doubt(request: &Request) -> Notice {
    let (left, wire) = claimed(request).unwrap_or((request.opened(), Wire::default()));
    to_all(
        request,
        spans!["We do not know yet whether "],
        spans![
            " was wiped. The reset left about ",
            left,
            " and no clear answer came back; it will never be sent again. Until I report, treat the disk as lost and \
             do not reset it in the console: that would hide the answer. I will say here what I find, about ",
            // The fence, two looks, and the sweep that makes them.
            left + wire.fence() + SignedDuration::from_mins(2),
            "."
        ],
    )
}

fn found(request: &Request) -> Notice {
    let inferred = matches!(&request.state, State::Accepted { inferred: true, .. });
    let how = if inferred {
        " is being wiped: no answer came back, but the machine's last operation is a reset that began after ours \
         left. I will say when it is done."
    } else {
        " is being wiped: Tencent Cloud did accept the reset. I will say when it is done."
    };
    to_all(request, spans!["Found: "], spans![how])
}

fn overdue(request: &Request) -> Notice {
    to_all(
        request,
        spans!["After 30 minutes Tencent Cloud does not call the reset of "],
        spans![
            " done. Treat its disk as lost. Look at the machine in the console, and open a ticket with the RequestId; I \
             ask once an hour for a day. To settle it by hand: ",
            close(request),
            ".",
            if_wiped(request),
            " It stays locked here until then."
        ],
    )
}

fn unsettled(request: &Request) -> Notice {
    let State::Indeterminate(why) = &request.state else {
        return to_all(
            request,
            spans!["What was not known about "],
            spans![" is settled; the card says how."],
        );
    };
    let look = match why {
        Riddle::Gone => "find out in the console who removed it",
        Riddle::Overtaken { .. } | Riddle::NoEvidence => "log in and look at the disk",
    };
    to_all(
        request,
        spans!["We do not know whether this request wiped "],
        spans![
            ": ",
            riddle(why),
            ". Until you know, treat the disk as lost. Do this: ",
            look,
            "; in CloudAudit, search `ResetInstance` on ",
            code(request.ask.instance.as_str()),
            " since ",
            claimed_at(request),
            "; then ",
            close(request),
            ".",
            if_wiped(request),
            " The machine stays locked here until then."
        ],
    )
}

/// Where a new system may have been installed, and who looks needs to log in.
pub(super) fn if_wiped(request: &Request) -> Vec<Span> {
    secret(request).map_or_else(Vec::new, |secret| {
        spans![" If a new system answers, this reads its password: ", code(&secret.read), "."]
    })
}

/// ` To try again: /reset …`
pub(super) fn try_again(request: &Request) -> Vec<Span> {
    spans![" To try again: ", again(request)]
}
