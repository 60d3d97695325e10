//! What people are told who look: status, help, explain.

use jiff::Timestamp;

use super::build::{code, duration, machine, principals, spans, tag, typed};
use super::denials::why_not;
use super::stand::stands;
use super::{Notice, Span};
use crate::domain::id::InstanceId;
use crate::domain::policy::{Act, Caller, Policy};
use crate::domain::request::Request;

/// What is open in one channel.
pub fn status(requests: &[Request], now: Timestamp) -> Notice {
    if requests.is_empty() {
        return Notice::say(spans!["Nothing is open in this channel."]);
    }
    requests.iter().fold(Notice::default(), |notice, request| notice.line(standing(request, now)))
}

/// How one request stands.
pub fn status_one(request: &Request, now: Timestamp) -> Notice {
    Notice::say(standing(request, now))
}

/// `web-7 (ins-…) · #k3v7q by @alice, 2 min ago. Nothing has been wiped; …`
fn standing(request: &Request, now: Timestamp) -> Vec<Span> {
    spans![
        machine(request),
        " · ",
        tag(request),
        " by ",
        &request.caller.actor,
        format!(", {} ago. ", duration(now.duration_since(request.opened()))),
        stands(request)
    ]
}

/// All that can be typed.
pub fn help(caller: &Caller) -> Notice {
    Notice::title(spans!["Wipe a server and reinstall it, after an approval"])
        .line(spans![typed("ins-r8hr2upy img-pmqg1cw7 60GB -- why")])
        .line(spans!["Image and size may be left out: the machine keeps what it has. Options:"])
        .line(spans![
            "`login=keep|image|random` `key=skey-…,…` `hostname=…` `security=on|off` `monitor=on|off` \
             `automation=on|off`"
        ])
        .line(spans![typed("status [id]"), " what is open here"])
        .line(spans![typed("cancel id"), " withdraw a request; anyone in its channel may"])
        .line(spans![typed("close id -- finding"), " settle one that I could not"])
        .line(spans![typed("explain ins-…"), " may I?"])
        .line(spans![
            "You are ",
            code(caller.actor.principal().to_string()),
            ", team ",
            code(&caller.place.org),
            ", channel ",
            code(&caller.place.channel),
            "."
        ])
}

/// What the rules let the caller do, and who may approve.
pub fn explain(caller: &Caller, instance: &InstanceId, policy: &Policy) -> Notice {
    let may = |act| match policy.authorise(caller, act) {
        Ok(()) => "yes.",
        Err(denial) => why_not(&denial),
    };
    let own = if policy.lets_self_approve(caller) { "yes, with the machine's name typed." } else { "no." };
    Notice::say(spans!["About ", code(instance.as_str()), ", for ", code(caller.actor.principal().to_string())])
        .line(spans!["Ask for a reset: ", may(Act::Ask)])
        .line(spans!["Approve somebody else's, or close one: ", may(Act::Close)])
        .line(spans!["Approve one's own: ", own])
        .line(spans![format!("Needed: {} of ", policy.quorum), principals(policy.approvers.iter())])
        .line(spans![
            "Whether the machine itself may be reset is for `[targets] allow` to say, by its id or tags; they are \
             looked up when you ask."
        ])
}
