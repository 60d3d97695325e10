//! Messages of their own: they must make a sound.

use jiff::Timestamp;

use super::build::{again, code, duration, machine, spans, strong};
use super::card::{approvers, deciders};
use super::refusals::{refusal, riddle};
use super::{Notice, Span};
use crate::domain::plan::{Drift, LoginOrder, Plan};
use crate::domain::request::{Action, Check, Ending, Event, Failure, Lapse, Request, Speech, State};

/// Where the request's newest entry stands in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    pub seq: u64,
    /// The first digits of the tree's root there.
    pub root: String,
}

/// What is said aloud.
pub fn speech(request: &Request, speech: Speech, tail: &Tail, now: Timestamp) -> Notice {
    let mut notice = match speech {
        Speech::Reminder => return reminder(request),
        Speech::Doubt => doubt(request),
        Speech::Found => to_all(
            request,
            spans![
                "It was wiped: the reset did reach Tencent Cloud (inferred from its \
            last operation), and the disk of "
            ],
            spans![" is being reinstalled. I will say when it is back."],
        ),
        Speech::Slow => to_all(
            request,
            spans!["Still reinstalling "],
            spans![
                " after 10 minutes, longer than usual. The disk is already being wiped; there is nothing to do but wait. \
             I keep looking.",
            ],
        ),
        Speech::Overdue => to_all(
            request,
            spans!["After 30 minutes Tencent Cloud does not call "],
            spans![
                " done. Its disk was being wiped. Look at the machine in the console and open a ticket with the RequestId; \
             I ask once an hour for a day. To settle it: ",
                close(request),
                ". It stays locked here until then.",
            ],
        ),
        Speech::Unsettled => unsettled(request),
        Speech::End => end(request, now),
    };
    notice = match request_id(request) {
        Some(id) => notice.line(spans!["RequestId ", code(id)]),
        None => notice,
    };
    notice.line(spans![format!("#{} · audit {} · root {}", request.id.short(), tail.seq, tail.root)])
}

/// For the requester alone: how a request ended that never had a card to say it on.
pub fn ended_before_card(request: &Request) -> Notice {
    let last = request.last();
    if let Event::Refused { why } = &last.event {
        return refusal(why, request);
    }
    let mut line = spans!["Nothing was wiped. Your request for "];
    line.extend(machine(request));
    line.extend(match &last.by {
        Some(by) => spans![" was cancelled by ", by, "."],
        None => spans![" ended before its card could be posted. To try again: ", again(request)],
    });
    Notice::say(line)
}

/// Mentions everybody who decided, then `before`, the machine, `after`.
fn to_all(request: &Request, before: Vec<Span>, after: Vec<Span>) -> Notice {
    let mut line = people(request);
    line.extend(before);
    line.extend(machine(request));
    line.extend(after);
    Notice::say(line)
}

/// The requester and the deciders, each once.
fn people(request: &Request) -> Vec<Span> {
    let mut actors = vec![&request.caller.actor];
    actors.extend(request.votes.iter().map(|vote| &vote.caller.actor));
    let mut spans: Vec<Span> = Vec::new();
    for actor in actors {
        let span = Span::from(actor);
        if !spans.contains(&span) {
            spans.extend([span, Span::from(" ")]);
        }
    }
    spans
}

fn close(request: &Request) -> Span {
    code(format!("/resets close {} -- what you found", request.id.short()))
}

fn request_id(request: &Request) -> Option<&str> {
    request.facts.iter().rev().find_map(|fact| {
        if let Event::Accepted { request_id, .. } = &fact.event {
            return Some(request_id.as_str());
        }
        if let Event::Failed { failure } = &fact.event { failure.request_id.as_deref() } else { None }
    })
}

fn reminder(request: &Request) -> Notice {
    let (Some(terms), State::AwaitingDecision { until: Some(until) }) = (&request.terms, &request.state)
    else {
        return to_all(request, spans!["A request waits for a decision: "], spans!["."]);
    };
    let mut line = approvers(request, terms);
    line.extend(spans![": the request to wipe "]);
    line.extend(machine(request));
    line.extend(spans![" still waits for a decision, until ", *until, ". Nothing has been wiped."]);
    Notice::say(line)
}

fn doubt(request: &Request) -> Notice {
    let left = if let State::Unknown(claim) = &request.state { claim.signed_at } else { request.last().at };
    to_all(
        request,
        spans!["We do not know yet whether the disk of "],
        spans![
            " was wiped. The reset left at ",
            left,
            " and no answer came back; it will never be sent again. Until I report, treat the disk as lost and do not reset \
         it in the console: that would hide the answer. I will say here which it was, in about seven minutes.",
        ],
    )
}

fn unsettled(request: &Request) -> Notice {
    let State::Indeterminate(why) = &request.state else { return doubt(request) };
    let why = riddle(why);
    to_all(
        request,
        spans!["We do not know whether this request wiped "],
        spans![
            format!(
                ": {why}. Do this: log in and look at the disk; in CloudAudit, search ResetInstance on {} since ",
                request.ask.instance
            ),
            claimed_at(request),
            "; then ",
            close(request),
            ". The machine stays locked here until then.",
        ],
    )
}

fn claimed_at(request: &Request) -> Timestamp {
    let claimed = request.facts.iter().find(|fact| matches!(fact.event, Event::Claimed { .. }));
    claimed.map_or(request.opened(), |fact| fact.at)
}

fn end(request: &Request, now: Timestamp) -> Notice {
    let State::Over(ending) = &request.state else { return doubt(request) };
    match (&request.last().event, ending) {
        (Event::Refused { why }, _) => with_people(request, refusal(why, request)),
        (Event::Stale { drift }, _) => stale(request, drift),
        (Event::Lapsed { why }, _) => lapsed(request, *why),
        (Event::Failed { failure }, _) => failed(request, failure),
        (Event::Completed { check }, _) => completed(request, check, now),
        (Event::FailedAsync { message }, _) => failed_async(request, message),
        (Event::Closed { finding }, _) => {
            let by = request.last().by.as_ref().map_or(Span::from("somebody"), Span::from);
            to_all(request, spans!["Closed by ", by, ": "], spans![format!(" \u{2014} found: {finding}. It is no longer locked here.")])
        }
        (_, Ending::Cancelled) => {
            let by = request.last().by.as_ref().map_or(Span::from("somebody"), Span::from);
            to_all(request, spans!["Nothing was wiped. The request for "], spans![" was cancelled by ", by, "."])
        }
        (_, Ending::Expired) => expired(request),
        (_, _) => to_all(request, spans!["Nothing was wiped. The reset of "], spans![
            " never reached Tencent Cloud: seven minutes later, by the cloud's own clock, two looks found no trace of it. \
             To try again: ",
            again(request),
        ])
        .button(request, Action::Again, "Ask again"),
    }
}

fn with_people(request: &Request, mut notice: Notice) -> Notice {
    if let Some(first) = notice.lines.first_mut() {
        let mut line = people(request);
        line.append(&mut first.spans);
        first.spans = line;
    }
    notice
}

fn expired(request: &Request) -> Notice {
    let mut after = spans![" in time; its card no longer acts. "];
    if let Some(terms) = &request.terms {
        after.extend(spans!["Who may approve: "]);
        after.extend(approvers(request, terms));
        after.extend(spans![". "]);
    }
    after.extend(spans!["To try again: ", again(request)]);
    to_all(request, spans!["Nothing was wiped. Nobody decided about "], after).button(
        request,
        Action::Again,
        "Ask again",
    )
}

fn stale(request: &Request, drift: &[Drift]) -> Notice {
    let mut before = spans!["Nothing was wiped. The approval of "];
    before.extend(deciders(request));
    before.extend(spans![" is void, because this machine changed after the card was made: "]);
    let mut notice = to_all(request, before, spans!["."]);
    for Drift { field, was, is } in drift.iter().take(6) {
        notice = notice.line(spans![strong(format!("{field}:")), format!(" {was} \u{2192} {is}")]);
    }
    notice
        .line(spans!["Somebody may be working on it: find them first. For a new card: ", again(request)])
        .button(request, Action::Again, "Show me a new card")
}

fn lapsed(request: &Request, why: Lapse) -> Notice {
    let why = match why {
        Lapse::NotAnnounced => "the channel could not be told of the approval in time",
        Lapse::Busy => "another operation was running on the machine all the while: find out whose",
        Lapse::CloudSilent => "Tencent Cloud could not be asked for a second look",
        Lapse::Down => "this bot was not running",
    };
    to_all(
        request,
        spans!["Nothing was wiped. The approval for "],
        spans![format!(" lapsed after five minutes: {why}. To try again: "), again(request),],
    )
    .button(request, Action::Again, "Ask again")
}

fn failed(request: &Request, failure: &Failure) -> Notice {
    let Failure { code: name, message, advice, .. } = failure;
    if name == "NotSent" {
        return to_all(
            request,
            spans!["Nothing was wiped. The reset of "],
            spans![format!(" was not sent: {message}. To try again: "), again(request),],
        )
        .button(request, Action::Again, "Ask again");
    }
    let notice = to_all(
        request,
        spans!["Nothing was wiped. Tencent Cloud refused to reset "],
        spans![": ", code(name), "."],
    );
    let notice = if message.is_empty() {
        notice
    } else {
        notice.line(spans![format!("Its own words: \u{201c}{message}\u{201d}")])
    };
    let next = if advice.is_empty() {
        "Look the code up in Tencent Cloud's error table, then ask again."
    } else {
        advice
    };
    notice.line(spans![next, " To try again: ", again(request)])
}

fn failed_async(request: &Request, message: &str) -> Notice {
    let message =
        if message.is_empty() { "no reason given".to_owned() } else { format!("\u{201c}{message}\u{201d}") };
    to_all(
        request,
        spans!["The reinstall of "],
        spans![format!(
            " failed after it began: Tencent Cloud reports FAILED, {message}. Treat the disk as lost. Look at the machine \
             in the console; open a ticket with the RequestId; a new request may be made."
        ),],
    )
}

fn completed(request: &Request, check: &Check, now: Timestamp) -> Notice {
    let Some(plan) = request.plan.as_deref() else { return to_all(request, spans!["Done: "], spans!["."]) };
    let took = duration(now.min(request.last().at).duration_since(claimed_at(request)));
    let mut head = people(request);
    head.push(strong(format!("{} is back.", request.ask.instance)));
    let reported = if check.confirmed {
        format!("Tencent Cloud reports SUCCESS after {took}; {}", checked(plan, check))
    } else {
        format!("Another operation hides Tencent Cloud's own verdict; {}", checked(plan, check))
    };
    head.push(Span::from(format!(
        " The disk of {} was wiped and reinstalled. {reported} Not checked: that your services start.",
        request.title()
    )));
    Notice::say(head).line(what_next(plan))
}

/// What was compared, and what differs.
fn checked(plan: &Plan, check: &Check) -> String {
    let image =
        if check.image_ok { plan.target_name() } else { "the image is NOT the one asked for".to_owned() };
    let disk = if check.disk_ok {
        format!("{} GB", check.disk_gb)
    } else {
        format!("the disk has {} GB, NOT {} GB", check.disk_gb, plan.disk_after())
    };
    format!("checked: {image}, {disk}, {}.", check.state.to_lowercase())
}

fn what_next(plan: &Plan) -> Vec<Span> {
    let address = plan.machine.public_ips.first().or(plan.machine.private_ips.first());
    let mut line = spans!["Next: "];
    if let Some(address) = address {
        line.extend(spans!["the host key is new, ", code(format!("ssh-keygen -R {address}")), "; "]);
    }
    line.push(Span::from(match &plan.order.login {
        LoginOrder::Keys(keys) => {
            format!("log in with {}", keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        LoginOrder::KeepImage => "log in as the image has it".to_owned(),
        LoginOrder::Random => "the password is in the account's message centre".to_owned(),
    }));
    line.push(Span::from(match plan.machine.data_disks {
        0 => ".".to_owned(),
        1 => "; mount the data disk.".to_owned(),
        n => format!("; mount the {n} data disks."),
    }));
    line
}
