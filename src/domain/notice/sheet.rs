//! The loss sheet: what is decided about.

use jiff::Timestamp;

use super::build::{
    code, deciders, duration, on_button, on_label, principals, quoted, short, spans, strong, tag,
};
use super::warnings::warnings;
use super::{Confirm, Form, Notice, Span, TypeField};
use crate::domain::plan::{LoginOrder, Plan, Progress, Secret, Userdata, tag_text};
use crate::domain::request::{Action, Press, Request, Terms};

/// Longest name of a machine or system here.
const NAME: usize = 60;
/// Longest list of tags or addresses.
const LIST: usize = 120;

/// At most twelve lines: what is lost comes first, and it must fit a phone.
pub(super) fn sheet(
    request: &Request,
    plan: &Plan,
    terms: &Terms,
    (until, now): (Timestamp, Timestamp),
) -> Notice {
    let m = &plan.machine;
    let mut notice = Notice::title(spans![format!("Wipe {} and reinstall it?", short(m.title(), NAME))])
        .line(spans![
            "Everything on its system disk is lost: ",
            strong(format!("{} GB, {}", m.disk.size_gb, short(&m.os_name, NAME))),
            ". This cannot be undone.",
        ]);
    for warning in warnings(plan, now) {
        notice = notice.warn(warning);
    }
    let system = switches(plan).into_iter().fold(system(plan), |line, also| spans![line, " · ", also]);
    notice = notice
        .field("Machine", place(plan))
        .field("System", system)
        .field("Login", spans![login(plan), " · ", data_disks(plan)])
        .field("Tags", tags(plan))
        .field("Asked", asked(request))
        .field("Needs", needs(request, terms, until))
        .line(spans!["Anyone here may cancel. ", tag(request)]);
    notice.field = type_field(request, plan, terms);
    notice
        .button(request, Action::Wipe, format!("Wipe {}", on_button(request)))
        .asking(question(request, plan))
        .button(request, Action::Cancel, "Cancel")
}

/// Asked again before the wipe.
fn question(request: &Request, plan: &Plan) -> Confirm {
    let m = &plan.machine;
    Confirm {
        title: format!("Wipe {} ({})?", on_label(m.title(), 40), m.id),
        body: format!("Its {} GB system disk is lost for good.", m.disk.size_gb),
        yes: format!("Wipe {}", on_button(request)),
        no: "Keep it".to_owned(),
    }
}

/// The same question where the platform asks in a window of its own; `None` while there is nothing to wipe.
pub fn form(request: &Request, press: &Press) -> Option<Form> {
    let plan = request.plan.as_deref()?;
    let name = on_label(plan.machine.confirmation(), 150);
    let field = TypeField { label: format!("To approve, type {name}"), expect: name };
    Some(Form { question: question(request, plan), field, value: press.to_string() })
}

fn place(plan: &Plan) -> Vec<Span> {
    let m = &plan.machine;
    let name = if m.name.is_empty() { "no name".to_owned() } else { short(&m.name, NAME) };
    let mut facts =
        vec![m.private_ips.join(" "), m.public_ips.join(" "), m.zone.clone(), m.state.to_lowercase()];
    facts.retain(|fact| !fact.is_empty());
    facts.push(format!("account {}", plan.account));
    spans![name, " · ", code(m.id.as_str()), " · ", short(&facts.join(" · "), LIST * 2)]
}

fn system(plan: &Plan) -> Vec<Span> {
    let (today, after) = (plan.current_name(), plan.target_name());
    if plan.order.image == plan.machine.image {
        spans![short(&today, LIST), ", the same again"]
    } else {
        spans![short(&today, LIST), " \u{2192} ", short(&after, LIST)]
    }
}

fn login(plan: &Plan) -> Vec<Span> {
    spans![match &plan.order.login {
        LoginOrder::Keys(keys) => {
            let ids: Vec<&str> = keys.iter().map(crate::domain::id::KeyId::as_str).collect();
            let ids = ids.join(", ");
            match (*keys == plan.machine.keys, keys.len()) {
                (true, 1) => format!("the key it has today, {ids}"),
                (true, _) => format!("the keys it has today, {ids}"),
                (false, 1) => format!("another key, {ids}"),
                (false, _) => format!("other keys, {ids}"),
            }
        }
        LoginOrder::KeepImage => "whatever the image has".to_owned(),
        LoginOrder::Random => "a random password, sent to the account's message centre".to_owned(),
        LoginOrder::Vault(Secret { read, .. }) => {
            return spans!["a new password, kept before the wipe; to read it: ", code(read)];
        }
    }]
}

fn data_disks(plan: &Plan) -> String {
    match plan.machine.data_disks {
        0 => "no data disks".to_owned(),
        1 => "1 data disk: not formatted by this call".to_owned(),
        n => format!("{n} data disks: not formatted by this call"),
    }
}

/// What else the call sets.
fn switches(plan: &Plan) -> Vec<String> {
    let order = &plan.order;
    let flags = [("security", order.security), ("monitor", order.monitor), ("automation", order.automation)];
    let flags = flags
        .into_iter()
        .filter_map(|(name, on)| on.map(|on| format!("{name} agent {}", if on { "on" } else { "off" })));
    let text = order.userdata.iter().map(|Userdata { name, sha256 }| {
        let known = plan.target.as_ref().is_some_and(|image| image.cloud_init == Some(true));
        let doubt = if known { "" } else { ", not known whether this image runs it" };
        format!("userdata {name} (SHA-256 {}\u{2026}{doubt})", &sha256[..8])
    });
    order.hostname.iter().map(|name| format!("host name {name}")).chain(text).chain(flags).collect()
}

fn tags(plan: &Plan) -> Vec<Span> {
    let m = &plan.machine;
    let tags = if m.tags.is_empty() { "none".to_owned() } else { short(&tag_text(&m.tags), LIST) };
    let last = match &m.last {
        Some(op) => format!("{}, {}", short(&op.name, NAME), progress(op.progress)),
        None => "not known".to_owned(),
    };
    spans![tags, " · last operation ", last]
}

fn progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Operating => "running",
        Progress::Success => "SUCCESS",
        Progress::Failed => "FAILED",
        Progress::Unreported => "not reported",
    }
}

fn asked(request: &Request) -> Vec<Span> {
    let by = spans![&request.caller.actor];
    match &request.ask.reason {
        Some(reason) => spans![by, ": ", quoted(reason)],
        None => by,
    }
}

/// `1 of @bob and @carol · until 03:42, 30 min in all`
fn needs(request: &Request, terms: &Terms, until: Timestamp) -> Vec<Span> {
    let mut spans = spans![format!("{} of ", terms.quorum), approvers(request, terms)];
    if !request.votes.is_empty() {
        spans.extend(spans![" · yes so far: ", deciders(request)]);
    }
    spans.extend(spans![" · until ", until, format!(", {} in all", duration(terms.expires))]);
    spans
}

/// Everybody who may approve; the requester only where there is nobody else.
pub(super) fn approvers(request: &Request, terms: &Terms) -> Vec<Span> {
    match (terms.approvers.is_empty(), terms.requester_may) {
        (false, _) => principals(terms.approvers.iter()),
        (true, true) => spans![&request.caller.actor],
        (true, false) => spans!["nobody: the configuration names no other approver"],
    }
}

fn type_field(request: &Request, plan: &Plan, terms: &Terms) -> Option<TypeField> {
    let name = on_label(plan.machine.confirmation(), 150);
    let label = match (terms.all_type, terms.requester_may) {
        (true, _) => format!("To approve, type {name}"),
        (false, true) => {
            format!("{}: to approve your own request, type {name}", on_label(&request.caller.actor.name, 30))
        }
        (false, false) => return None,
    };
    Some(TypeField { label, expect: name })
}
