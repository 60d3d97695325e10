//! How a request stands, in a sentence or two: what the card of a request that is over says, and what people are told
//! who ask or come too late.

use super::Span;
use super::build::{code, deciders, last_by, quoted, spans, typed};
use super::ends::{lapse, not_sent};
use super::refusals::reason;
use super::sheet::approvers;
use crate::domain::request::{Ending, Event, Request, State};

/// What is known of the disk, and what is awaited.
pub(super) fn stands(request: &Request) -> Vec<Span> {
    match &request.state {
        State::Requested => spans!["Nothing has been wiped; the machine is being looked up."],
        State::AwaitingDecision { until: None } => {
            spans!["Nothing has been wiped; the card is about to be posted."]
        }
        State::AwaitingDecision { until: Some(until) } => {
            let needed = request.terms.as_ref().map_or_else(Vec::new, |terms| {
                spans![format!("{} of ", terms.quorum), approvers(request, terms)]
            });
            spans!["Nothing has been wiped; the card waits for ", needed, " until ", *until, "."]
        }
        State::Approved { at, .. } => spans![
            "It was approved by ",
            deciders(request),
            " at ",
            *at,
            ". The wipe follows, unless somebody presses Stop."
        ],
        State::Executing(_) => spans![
            "It was approved by ",
            deciders(request),
            " and the reset is leaving. Treat the disk as lost."
        ],
        State::Unknown(_) => {
            spans!["We do not know yet whether the disk was wiped. Treat it as lost until I report."]
        }
        State::Accepted { at, inferred, .. } => {
            spans![accepted(*inferred), " by ", *at, "; the disk is being wiped."]
        }
        State::Overdue { at, inferred, .. } => {
            spans![accepted(*inferred), " by ", *at, " and does not call it done. Treat the disk as lost."]
        }
        State::Indeterminate(_) => spans![
            "We do not know whether the disk was wiped. Treat it as lost until somebody has looked and closed this: ",
            typed(format!("close {} -- what you found", request.id.short()))
        ],
        State::Over(ending) => ended(request, *ending),
    }
}

/// How the cloud's yes is known. An inferred one could be somebody else's reset in the same minutes.
pub(super) fn accepted(inferred: bool) -> &'static str {
    if inferred {
        "No answer came back, but by the machine's last operation Tencent Cloud accepted the reset"
    } else {
        "Tencent Cloud accepted the reset"
    }
}

/// How it ended, in a sentence that begins with the disk.
pub(super) fn ended(request: &Request, ending: Ending) -> Vec<Span> {
    let last = request.last();
    match ending {
        Ending::Refused => spans!["Nothing was wiped: ", refused(&last.event)],
        Ending::Cancelled => {
            spans!["Nothing was wiped: cancelled by ", last_by(request), " at ", last.at, "."]
        }
        Ending::Expired => spans!["Nothing was wiped: nobody decided in time; the card no longer acts."],
        Ending::Stale => {
            spans!["Nothing was wiped: what the card showed is no longer so; the approval is void."]
        }
        Ending::Lapsed => {
            spans!["Nothing was wiped: the approval lapsed, because ", lapsed(&last.event), "."]
        }
        Ending::Failed => spans!["Nothing was wiped by this request: ", failed(&last.event), "."],
        Ending::NotExecuted => spans!["Nothing was wiped by this request: the reset was not carried out."],
        Ending::Completed => spans!["The disk was wiped and reinstalled."],
        Ending::FailedAsync => spans!["The reinstall failed after it began. Treat the disk as lost."],
        Ending::Closed => {
            spans!["Closed by ", last_by(request), " at ", last.at, ". ", settled(request)]
        }
    }
}

fn refused(last: &Event) -> Vec<Span> {
    if let Event::Refused { why } = last { reason(why) } else { spans!["it was refused."] }
}

fn lapsed(last: &Event) -> &'static str {
    if let Event::Lapsed { why } = last { lapse(*why) } else { "it was not used" }
}

fn failed(last: &Event) -> Vec<Span> {
    if let Event::Failed { failure } = last
        && !not_sent(failure)
    {
        return spans!["Tencent Cloud refused, ", code(&failure.code)];
    }
    spans!["the reset was not sent"]
}

/// What is known of the disk of a request that a person closed.
pub(super) fn settled(request: &Request) -> Vec<Span> {
    let riddle = request.facts.iter().any(|fact| matches!(fact.event, Event::Indeterminate { .. }));
    let disk = if riddle {
        "This program does not know whether the disk was wiped"
    } else {
        "The reset was accepted, so treat the disk as wiped"
    };
    if let Event::Closed { finding } = &request.last().event {
        spans![disk, "; they found: ", quoted(finding), "."]
    } else {
        spans![disk, "."]
    }
}
