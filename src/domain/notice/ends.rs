//! How a request ended, for everybody who had a part in it.

use jiff::Timestamp;

use super::back::completed;
use super::build::{code, deciders, last_by, machine, people, quoted, secret, short, spans, strong};
use super::refusals::refusal;
use super::sheet::approvers;
use super::speech::{if_wiped, to_all, try_again};
use super::stand::{ended, settled};
use super::{Notice, Span};
use crate::domain::plan::Drift;
use crate::domain::request::{Action, Ending, Event, Failure, Lapse, Request, State};

/// Most lines of drift, and the longest value in one.
const DRIFTS: usize = 6;
const VALUE: usize = 100;

/// The last word about a request that had a card.
pub(super) fn end(request: &Request, now: Timestamp) -> Notice {
    let State::Over(ending) = request.state else {
        return to_all(
            request,
            spans!["The request for "],
            spans![" is not over; the card says how it stands."],
        );
    };
    if let Event::Refused { why } = &request.last().event {
        return refusal(why, request, people(request));
    }
    if let Event::Stale { drift } = &request.last().event {
        return stale(request, drift);
    }
    if let Event::Lapsed { why } = &request.last().event {
        return lapsed(request, *why);
    }
    if let Event::Failed { failure } = &request.last().event {
        return failed(request, failure);
    }
    if let Event::Completed { check } = &request.last().event {
        return completed(request, check, now);
    }
    if let Event::FailedAsync { message } = &request.last().event {
        return failed_async(request, message);
    }
    match ending {
        Ending::Cancelled => to_all(
            request,
            spans!["Nothing was wiped. The request for "],
            spans![" was cancelled by ", last_by(request), "."],
        ),
        Ending::Expired => expired(request),
        Ending::NotExecuted => not_executed(request),
        Ending::Closed => to_all(
            request,
            spans!["Closed by ", last_by(request), ": "],
            spans![". ", settled(request), " The machine is no longer locked here."],
        ),
        Ending::Refused
        | Ending::Stale
        | Ending::Lapsed
        | Ending::Failed
        | Ending::Completed
        | Ending::FailedAsync => to_all(request, Vec::new(), spans![": ", ended(request, ending)]),
    }
}

/// For the requester alone: how a request ended that never had a card to say it on.
pub fn ended_before_card(request: &Request) -> Notice {
    if let Event::Refused { why } = &request.last().event {
        return refusal(why, request, Vec::new());
    }
    let how = match &request.last().by {
        Some(by) => spans![" was cancelled by ", by, "."],
        None => spans![" ended before its card could be posted.", try_again(request)],
    };
    Notice::say(spans!["Nothing was wiped. Your request for ", machine(request), how])
}

fn expired(request: &Request) -> Notice {
    let who = request
        .terms
        .as_ref()
        .map_or_else(Vec::new, |terms| spans![" Who may approve: ", approvers(request, terms), "."]);
    to_all(
        request,
        spans!["Nothing was wiped. Nobody decided about "],
        spans![" in time; its card no longer acts.", who, try_again(request)],
    )
    .button(request, Action::Again, "Ask again")
}

fn stale(request: &Request, drift: &[Drift]) -> Notice {
    let mut notice = to_all(
        request,
        spans!["Nothing was wiped. "],
        spans![" is no longer what the card showed, so the approval of ", deciders(request), " is void."],
    );
    for Drift { field, was, is } in drift.iter().take(DRIFTS) {
        let change = format!(": {} \u{2192} {}", shown(was), shown(is));
        notice = notice.line(spans![strong(short(field, VALUE)), change]);
    }
    if drift.len() > DRIFTS {
        notice =
            notice.line(spans![format!("And {} more; the audit log has them all.", drift.len() - DRIFTS)]);
    }
    notice
        .line(spans!["Somebody may be working on this machine: find them first.", try_again(request)])
        .button(request, Action::Again, "Show me a new card")
}

fn shown(value: &str) -> String {
    if value.is_empty() { "none".to_owned() } else { short(value, VALUE) }
}

/// Why an approval was not used.
pub(super) fn lapse(why: Lapse) -> &'static str {
    match why {
        Lapse::NotAnnounced => "the channel could not be told of the approval in time",
        Lapse::Busy => "another operation was running on the machine",
        Lapse::CloudSilent => "Tencent Cloud could not be asked for a second look",
        Lapse::Down => "this program did not get to it in time",
    }
}

fn lapsed(request: &Request, why: Lapse) -> Notice {
    let next = match why {
        Lapse::NotAnnounced => " See that the bot may post in this channel.",
        Lapse::Busy => " Find out who is working on the machine first.",
        Lapse::CloudSilent | Lapse::Down => "",
    };
    to_all(
        request,
        spans!["Nothing was wiped. The approval for "],
        spans![" lapsed after five minutes: ", lapse(why), ".", next, try_again(request)],
    )
    .button(request, Action::Again, "Ask again")
}

/// Whether the no is our own.
pub(super) fn not_sent(failure: &Failure) -> bool {
    failure.code == "NotSent"
}

/// A password that was made for a reset that never came is still in the store: nobody should take it for the
/// machine's.
fn unused_password(request: &Request) -> Vec<Span> {
    secret(request).map_or_else(Vec::new, |secret| {
        spans![
            " The password that was made for it opens nothing; delete the secret ",
            code(&secret.name),
            "."
        ]
    })
}

fn failed(request: &Request, failure: &Failure) -> Notice {
    let Failure { code: name, message, advice, .. } = failure;
    if not_sent(failure) {
        return to_all(
            request,
            spans!["Nothing was wiped by this request. The reset of "],
            spans![
                " was not sent: ",
                short(message, VALUE * 3),
                ".",
                unused_password(request),
                try_again(request)
            ],
        )
        .button(request, Action::Again, "Ask again");
    }
    let mut notice = to_all(
        request,
        spans!["Nothing was wiped by this request. Tencent Cloud refused to reset "],
        spans![": ", code(name), "."],
    );
    if !message.trim().is_empty() {
        notice = notice.line(spans!["Its own words: ", quoted(message)]);
    }
    let next = if advice.is_empty() {
        "Look the code up in Tencent Cloud's list of ResetInstance errors.".to_owned()
    } else {
        advice.clone()
    };
    notice.line(spans![next, unused_password(request), try_again(request)])
}

fn not_executed(request: &Request) -> Notice {
    to_all(
        request,
        spans!["Nothing was wiped by this request. The reset of "],
        spans![
            " was not carried out: when it could no longer start, by the cloud's own clock, two looks found no trace of \
             it.",
            unused_password(request),
            try_again(request)
        ],
    )
    .button(request, Action::Again, "Ask again")
}

fn failed_async(request: &Request, message: &str) -> Notice {
    let reason = if message.trim().is_empty() { "with no reason".to_owned() } else { quoted(message) };
    to_all(
        request,
        spans!["The reinstall of "],
        spans![
            " failed after it began. Treat the disk as lost. Tencent Cloud reports FAILED, ",
            reason,
            ". Look at the machine in the console and open a ticket with the RequestId; a new request may be made.",
            if_wiped(request),
            try_again(request)
        ],
    )
}
