//! How a request ended, for everybody who had a part in it.

use std::net::IpAddr;

use jiff::Timestamp;

use super::build::{code, deciders, duration, last_by, machine, people, quoted, short, spans, strong};
use super::refusals::refusal;
use super::sheet::approvers;
use super::speech::{claimed_at, to_all, try_again};
use super::stand::{ended, settled};
use super::{Notice, Span};
use crate::domain::id::KeyId;
use crate::domain::plan::{Drift, LoginOrder, Plan};
use crate::domain::request::{Action, Check, Ending, Event, Failure, Lapse, Request, State};

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
        None => spans![" ended before its card could be posted."],
    };
    Notice::say(spans!["Nothing was wiped. Your request for ", machine(request), how, try_again(request)])
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
        spans![" changed after the card was made, so the approval of ", deciders(request), " is void."],
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
        Lapse::NotAnnounced => "the channel could not be told of it in time",
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

fn failed(request: &Request, failure: &Failure) -> Notice {
    let Failure { code: name, message, advice, .. } = failure;
    if not_sent(failure) {
        return to_all(
            request,
            spans!["Nothing was wiped by this request. The reset of "],
            spans![" was not sent: ", short(message, VALUE * 3), ".", try_again(request)],
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
    notice.line(spans![next, try_again(request)])
}

fn not_executed(request: &Request) -> Notice {
    to_all(
        request,
        spans!["Nothing was wiped by this request. The reset of "],
        spans![
            " was not carried out: when it could no longer start, by the cloud's own clock, two looks found no trace of \
             it.",
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
            try_again(request)
        ],
    )
}

/// "Is back" only where the cloud said SUCCESS and image and size are as asked.
fn completed(request: &Request, check: &Check, now: Timestamp) -> Notice {
    let Some(plan) = request.plan.as_deref() else {
        return to_all(request, spans!["The disk of "], spans![" was wiped and reinstalled."]);
    };
    let took = duration(now.min(request.last().at).duration_since(claimed_at(request)));
    let as_asked = check.image_ok && check.disk_ok;
    let head = match (check.confirmed, as_asked) {
        (true, true) => spans![machine(request), strong(" is back."), " Its disk was wiped and reinstalled."],
        (true, false) => spans![machine(request), strong(" was wiped, but is not as asked.")],
        (false, _) => spans![machine(request), strong(" was wiped and reinstalled.")],
    };
    let word = if check.confirmed {
        format!(" Tencent Cloud reports SUCCESS after {took}; checked: ")
    } else {
        " Another operation has since hidden Tencent Cloud's last word on it; compared instead: ".to_owned()
    };
    let services = " Not checked: that your services start.";
    Notice::say(spans![people(request), head, word, checked(plan, check), services]).line(what_next(plan))
}

/// What was compared, and what differs.
fn checked(plan: &Plan, check: &Check) -> String {
    let image = if check.image_ok {
        short(&plan.target_name(), VALUE)
    } else {
        format!("the image is NOT {}", short(&plan.target_name(), VALUE))
    };
    let disk = if check.disk_ok {
        format!("{} GB", check.disk_gb)
    } else {
        format!("the disk has {} GB, NOT {} GB", check.disk_gb, plan.disk_after())
    };
    format!("{image}, {disk}, {}.", check.state.to_lowercase())
}

fn what_next(plan: &Plan) -> Vec<Span> {
    let login = match &plan.order.login {
        LoginOrder::Keys(keys) => {
            format!("log in with {}", keys.iter().map(KeyId::as_str).collect::<Vec<_>>().join(", "))
        }
        LoginOrder::KeepImage => "log in as the image has it".to_owned(),
        LoginOrder::Random => "the password is in the account's message centre".to_owned(),
    };
    let disks = match plan.machine.data_disks {
        0 => String::new(),
        1 => "; mount the data disk".to_owned(),
        n => format!("; mount the {n} data disks"),
    };
    spans!["Next: ", host_key(plan), login, disks, "."]
}

/// A new system has a new host key; a Windows one has none. The address goes into a command that people paste.
fn host_key(plan: &Plan) -> Vec<Span> {
    let windows = plan.target_name().to_lowercase().contains("windows");
    let addresses = plan.machine.public_ips.iter().chain(&plan.machine.private_ips);
    match addresses.flat_map(|text| text.parse::<IpAddr>()).next() {
        Some(address) if !windows => {
            spans!["the host key is new, ", code(format!("ssh-keygen -R {address}")), "; "]
        }
        Some(_) | None => Vec::new(),
    }
}
