//! The request's one message, in every state.

use jiff::Timestamp;

use super::build::{code, duration, machine, on_button, short, spans, strong};
use super::{Confirm, Notice, Span, TypeField};
use crate::domain::plan::{LoginOrder, Plan, Progress, tag_text};
use crate::domain::policy::Caller;
use crate::domain::request::{Action, Ending, Request, State, Terms};

/// What the card shows; `None` while there is no plan to show.
pub fn card(request: &Request, now: Timestamp) -> Option<Notice> {
    let plan = request.plan.as_deref()?;
    let terms = request.terms.as_ref()?;
    Some(match &request.state {
        State::Requested => return None,
        State::AwaitingDecision { until } => {
            let until = until.unwrap_or(now + terms.expires);
            sheet(request, plan, terms, until)
        }
        State::Approved { grace, .. } => {
            let mut line = spans!["Approved by "];
            line.extend(deciders(request));
            line.extend(spans![". Wiping at ", now + *grace, "."]);
            headed(request, line).button(request, Action::Stop, "Stop")
        }
        State::Executing(_) => {
            headed(request, spans!["The reset has left; waiting for Tencent Cloud's answer."])
        }
        State::Unknown(claim) => headed(
            request,
            spans![
                "The reset left at ",
                claim.signed_at,
                " and no answer came back. Nobody knows yet whether the disk was \
             wiped; I am finding out. It will never be sent again.",
            ],
        ),
        State::Accepted { request_id, .. } => {
            headed(request, spans!["Tencent Cloud accepted the reset; the disk is being wiped."])
                .line(spans!["RequestId ", code(request_id)])
        }
        State::Overdue { request_id, .. } => headed(
            request,
            spans!["The reset was accepted, the disk was being wiped, and it is not done after 30 minutes.",],
        )
        .line(spans!["RequestId ", code(request_id)]),
        State::Indeterminate(_) => headed(
            request,
            spans!["Nobody can say from here whether the disk was wiped. See below what to do."],
        ),
        State::Over(ending) => over(request, *ending),
    })
}

/// One line about a request that is decided, under the machine's name.
fn headed(request: &Request, line: Vec<Span>) -> Notice {
    let mut title = machine(request);
    title.push(Span::from(format!(" · #{}", request.id.short())));
    Notice::say(title).line(line)
}

fn over(request: &Request, ending: Ending) -> Notice {
    let line = match ending {
        Ending::Refused => spans!["Nothing was wiped: the request was refused at the last check."],
        Ending::Cancelled => {
            let by = request.last().by.as_ref().map_or(Span::from("somebody"), Span::from);
            spans!["Nothing was wiped: cancelled by ", by, " at ", request.last().at, "."]
        }
        Ending::Expired => spans!["Nothing was wiped: nobody decided in time. This card no longer acts."],
        Ending::Stale => spans!["Nothing was wiped: the machine changed after the approval."],
        Ending::Lapsed => spans!["Nothing was wiped: the approval was not used in time."],
        Ending::Failed => spans!["Nothing was wiped: the reset was not carried out."],
        Ending::NotExecuted => spans!["Nothing was wiped: the reset never reached Tencent Cloud."],
        Ending::Completed => spans!["The disk was wiped and reinstalled."],
        Ending::FailedAsync => spans!["The reinstall failed after it began. Treat the disk as lost."],
        Ending::Closed => spans!["Closed by hand; see below what was found."],
    };
    headed(request, line)
}

/// The people whose yes counted, as one span list.
pub(super) fn deciders(request: &Request) -> Vec<Span> {
    super::build::listed(request.votes.iter().map(|vote| Span::from(&vote.caller.actor)).collect())
}

fn sheet(request: &Request, plan: &Plan, terms: &Terms, until: Timestamp) -> Notice {
    let m = &plan.machine;
    let title = format!("Wipe {} and reinstall it?", short(m.title(), 60));
    let mut notice = Notice::title(title).line(spans![
        "Everything on its system disk is lost: ",
        strong(format!("{} GB, {}", m.disk.size_gb, short(&m.os_name, 60))),
        ". This cannot be undone.",
    ]);
    for warning in warnings(plan) {
        notice = notice.warn(warning);
    }
    notice = details(notice, plan);
    notice = notice.field("Asked", asked(request)).field("Needs", needs(request, terms, until));
    notice.field = type_field(request, plan, terms);
    let disk = m.disk.size_gb;
    notice
        .button(request, Action::Wipe, format!("Wipe {}", on_button(request)))
        .asking(Confirm {
            title: format!("Wipe {} ({})?", short(m.title(), 40), m.id),
            body: format!("Its {disk} GB system disk is lost for good."),
            yes: format!("Wipe {}", on_button(request)),
            no: "Keep it".to_owned(),
        })
        .button(request, Action::Cancel, "Cancel")
        .line(spans![format!("Anyone here may cancel. #{}", request.id.short())])
}

fn details(notice: Notice, plan: &Plan) -> Notice {
    let m = &plan.machine;
    let mut place = vec![code(m.id.as_str())];
    let facts = [m.private_ips.join(" "), m.public_ips.join(" "), m.zone.clone(), m.state.to_lowercase()];
    place.extend(
        facts.into_iter().filter(|fact| !fact.is_empty()).map(|fact| Span::from(format!(" · {fact}"))),
    );
    place.push(Span::from(format!(" · account {}", plan.account)));
    let login = match &plan.order.login {
        LoginOrder::Keys(keys) => {
            let ids = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            if *keys == m.keys { format!("the key it has today, {ids}") } else { format!("key {ids}") }
        }
        LoginOrder::KeepImage => "whatever the image has".to_owned(),
        LoginOrder::Random => "a random password, sent to the account's message centre".to_owned(),
    };
    let data = match m.data_disks {
        0 => "no data disks".to_owned(),
        1 => "1 data disk: not formatted by this call".to_owned(),
        n => format!("{n} data disks: not formatted by this call"),
    };
    let last = m
        .last
        .as_ref()
        .map_or_else(|| "none known".to_owned(), |op| format!("{}, {}", op.name, progress(op.progress)));
    let mut name = vec![Span::from(short(m.title(), 60)), Span::from(" · ")];
    name.append(&mut place);
    notice
        .field("Machine", name)
        .field("System", spans![format!("{} \u{2192} {}", plan.current_name(), plan.target_name())])
        .field("Login", spans![format!("{login} · {data}")])
        .field("Tags", spans![format!("{} · last operation {last}", short(&tag_text(&m.tags), 120))])
}

fn progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Operating => "running",
        Progress::Success => "SUCCESS",
        Progress::Failed => "FAILED",
        Progress::Unreported => "not reported",
    }
}

/// The red lines: what is worse than a plain reinstall.
fn warnings(plan: &Plan) -> Vec<String> {
    let (today, after) = (plan.machine.disk.size_gb, plan.disk_after());
    let mut lines = Vec::new();
    if after > today {
        let double = if after > today * 2 { " That is more than twice its size." } else { "" };
        lines.push(format!(
            "The disk grows {today} \u{2192} {after} GB: it costs more and cannot shrink again.{double}"
        ));
    }
    if plan.switches_family() {
        lines.push(
            "Linux \u{2194} Windows: the disk id changes and old snapshots can no longer be rolled back."
                .to_owned(),
        );
    }
    if plan.target.is_none() {
        lines.push("The new image could not be looked up: its system and size were not checked.".to_owned());
    }
    lines
}

fn asked(request: &Request) -> Vec<Span> {
    let mut spans = vec![Span::from(&request.caller.actor)];
    if let Some(reason) = &request.ask.reason {
        spans.push(Span::from(format!(": \u{201c}{reason}\u{201d}")));
    }
    spans
}

/// `1 of @bob, @carol · until 03:42, in 30 min`
fn needs(request: &Request, terms: &Terms, until: Timestamp) -> Vec<Span> {
    let mut spans = vec![Span::from(format!("{} of ", terms.quorum))];
    spans.extend(approvers(request, terms));
    if !request.votes.is_empty() {
        spans.push(Span::from(" · yes so far: "));
        spans.extend(deciders(request));
    }
    spans.push(Span::from(" · until "));
    spans.push(Span::Time(until));
    spans.push(Span::from(format!(", {} in all", duration(terms.expires))));
    spans
}

/// Everybody who may approve, the requester last and only if they may.
pub(super) fn approvers(request: &Request, terms: &Terms) -> Vec<Span> {
    let mut all: Vec<Span> = terms.approvers.iter().take(8).cloned().map(Span::Principal).collect();
    if terms.approvers.len() > 8 {
        all.push(Span::from(format!("{} more", terms.approvers.len() - 8)));
    }
    if terms.requester_may && all.is_empty() {
        all.push(Span::from(&request.caller.actor));
    }
    super::build::listed(all)
}

fn type_field(request: &Request, plan: &Plan, terms: &Terms) -> Option<TypeField> {
    let name = short(plan.machine.confirmation(), 60);
    let Caller { actor, .. } = &request.caller;
    let label = match (terms.all_type, terms.requester_may) {
        (true, _) => format!("To approve, type {name}"),
        (false, true) => format!("{}: to approve your own request, type {name}", short(&actor.name, 30)),
        (false, false) => return None,
    };
    Some(TypeField { label, expect: name })
}
