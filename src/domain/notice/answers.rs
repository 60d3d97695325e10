//! For the caller or the clicker alone.

use jiff::Timestamp;

use super::build::{code, duration, machine, spans, strong};
use super::{Notice, Span};
use crate::domain::ask::Hint;
use crate::domain::id::{InstanceId, MessageRef};
use crate::domain::policy::{Act, Caller, Denial, Policy};
use crate::domain::request::{Objection, Request, State};

pub fn opened(request: &Request) -> Notice {
    let mut line = spans!["Checking "];
    line.extend(machine(request));
    line.extend(spans![format!(". The card comes to this channel. #{}", request.id.short())]);
    Notice::say(line)
        .line(spans!["If none appears within a minute, invite the bot: ", code("/invite @cleanslate")])
}

pub fn hint(hint: &Hint, command: &str) -> Notice {
    Notice::say(spans![format!("Nothing was started and nothing was wiped: {hint}.")])
        .line(spans!["All of it: ", code(format!("{command} help"))])
}

/// Why not, as a sentence about the caller.
pub(super) fn why_not(denial: &Denial) -> &'static str {
    match denial {
        Denial::WrongApp => "this app is not the one that is configured here.",
        Denial::WrongTeam => "this team is not one that is configured here.",
        Denial::Guest => "accounts of other teams may not do this, in shared channels neither.",
        Denial::Bot => "bots may not do this.",
        Denial::DirectMessage => {
            "resets are asked for where others see them; a direct message is not such a place."
        }
        Denial::WrongChannel => "this channel is not one that resets may be asked for in.",
        Denial::OtherChannel => "the request belongs to another channel.",
        Denial::OtherMessage => "this is not the request's card.",
        Denial::NotARequester => "not on the list of those who may ask for resets.",
        Denial::NotAnApprover => "not on the list of approvers.",
        Denial::OwnRequest => "nobody approves their own request here; somebody else has to.",
        Denial::WrongName => "that is not this machine's name; it has to be typed exactly as the card says.",
        Denial::TooManyOpen => "too many requests are open in this channel. Decide or cancel one first.",
        Denial::TooFast => "too many requests from you within a minute. Wait a minute.",
        Denial::LookupFailed => {
            "it could not be looked up whether you may, which counts as no. Try again in a minute."
        }
    }
}

/// A refused command, or, with its request, a refused click.
pub fn denied(caller: &Caller, denial: &Denial, request: Option<&Request>) -> Notice {
    let who = caller.actor.principal().to_string();
    let about = spans![
        " You are ",
        code(&who),
        ", team ",
        code(&caller.place.org),
        "; the attempt is in the audit log."
    ];
    let mut line = match request {
        Some(request) => {
            let mut line = spans!["Not counted: ", why_not(denial), " Nothing was wiped by your click on "];
            line.extend(machine(request));
            line.push(Span::from("."));
            line
        }
        None => spans!["Nothing was wiped and nothing was started: ", why_not(denial)],
    };
    line.extend(about);
    let notice = Notice::say(line);
    match (denial, request) {
        (Denial::NotARequester, _) => notice.line(spans![
            "To be added, send your admin this: ",
            code(format!("requesters = [ \u{2026}, \"{who}\" ]"))
        ]),
        (Denial::NotAnApprover | Denial::OwnRequest | Denial::WrongName, Some(_)) => {
            notice.line(spans!["The card still waits. If the request is a mistake, press Cancel: you may."])
        }
        _ => notice,
    }
}

pub fn objection(objection: &Objection, request: &Request) -> Notice {
    let last = request.last();
    let by = last.by.as_ref().map_or(Span::from("cleanslate"), Span::from);
    let mut line = machine(request);
    line.extend(match objection {
        Objection::Denied(denial) => spans![": not counted. ", why_not(denial)],
        Objection::Expired => {
            spans![": too late, the time to decide is over. Nothing was wiped by your click."]
        }
        Objection::AlreadyDecided => spans![
            format!(": your click changed nothing. It is {} since ", request.state.name()),
            last.at,
            ", by ",
            by,
            ".",
        ],
        Objection::AlreadyVoted => spans![": your yes is already counted. Somebody else has to say yes too."],
        Objection::TooLate => spans![
            format!(": this can no longer be stopped. It is {}", request.state.name()),
            " since ",
            last.at,
            "."
        ],
        Objection::NotOpenEnded => spans![format!(
            ": only a request that nobody could settle is closed by hand; this one is {}.",
            request.state.name()
        )],
        Objection::Illegal(_) => {
            spans![": it changed at the same moment; your click changed nothing. Look at the card."]
        }
    });
    Notice::say(line)
}

pub fn already_open(request: &Request, card: Option<&MessageRef>, now: Timestamp) -> Notice {
    let mut line = machine(request);
    line.extend(spans![
        format!(" already has a request: #{} by ", request.id.short()),
        &request.caller.actor,
        format!(", {} ago. Nothing new was started. ", duration(now.duration_since(request.opened()))),
    ]);
    line.extend(link(request, card));
    Notice::say(line)
}

fn link(request: &Request, card: Option<&MessageRef>) -> Option<Span> {
    card.map(|message| Span::Message { place: request.caller.place.clone(), message: message.clone() })
}

/// A yes that does not decide yet.
pub fn counted(request: &Request) -> Notice {
    let quorum = request.terms.as_ref().map_or(1, |terms| terms.quorum);
    let mut line = spans![format!(
        "Your yes is counted, {} of {quorum}. Nothing is wiped before the others agree: ",
        request.votes.len()
    )];
    line.extend(machine(request));
    Notice::say(line)
}

pub fn use_this_card(request: &Request, card: Option<&MessageRef>) -> Notice {
    let mut line = spans!["Nothing was wiped by this button: it is not on the current card of "];
    line.extend(machine(request));
    line.extend(spans![". Use this one: "]);
    line.push(link(request, card).unwrap_or_else(|| Span::from("it is about to be posted.")));
    Notice::say(line)
}

pub fn unknown_request() -> Notice {
    Notice::say(spans![
        "No such request in this channel, or more than one; nothing was changed. What is open: ",
        code("/resets status")
    ])
}

pub fn old_button() -> Notice {
    Notice::say(spans![
        "This button belongs to another version; nothing was wiped by it. Ask again: ",
        code("/reset")
    ])
}

/// For a genuine event that could not be understood.
pub fn unreadable() -> Notice {
    Notice::say(spans![
        "This version cannot read what was sent, so nothing was done by it, and nothing was wiped. Ask again: ",
        code("/reset"),
        ". If it stays, this bot needs an update."
    ])
}

pub fn store_trouble() -> Notice {
    Notice::say(spans![
        "This could not be stored, so nothing was done by it. Try again in a minute; if it stays, the log of this bot says why.",
    ])
}

pub fn lookup_trouble(what: &str) -> Notice {
    Notice::say(spans![format!(
        "Nothing was wiped by this: {what} cannot be read, so it cannot be checked who may. An admin finds the reason with `cleanslate check`."
    )])
}

pub fn status(requests: &[Request], now: Timestamp) -> Notice {
    if requests.is_empty() {
        return Notice::say(spans!["Nothing is open in this channel."]);
    }
    requests.iter().fold(Notice::default(), |notice, request| notice.line(standing(request, now)))
}

pub fn status_one(request: &Request, now: Timestamp) -> Notice {
    Notice::say(standing(request, now)).line(spans![disk(&request.state)])
}

/// `web-7 (ins-…) · #k3v9q · accepted for 2 min · asked by alice`
fn standing(request: &Request, now: Timestamp) -> Vec<Span> {
    let mut line = machine(request);
    line.extend(spans![
        format!(
            " · #{} · {} for {} · asked by ",
            request.id.short(),
            request.state.name(),
            duration(now.duration_since(request.last().at))
        ),
        &request.caller.actor,
    ]);
    line
}

/// What a state means for the disk.
fn disk(state: &State) -> &'static str {
    use crate::domain::request::Ending::{
        Cancelled, Closed, Completed, Expired, Failed, FailedAsync, Lapsed, NotExecuted, Refused, Stale,
    };
    match state {
        State::Requested | State::AwaitingDecision { .. } | State::Approved { .. } => {
            "Nothing has been wiped."
        }
        State::Executing(_) => "The reset is leaving; treat the disk as lost.",
        State::Unknown(_) | State::Indeterminate(_) => {
            "We do not know whether the disk was wiped; treat it as lost."
        }
        State::Accepted { .. } | State::Overdue { .. } => "The disk is being wiped.",
        State::Over(Refused | Cancelled | Expired | Stale | Lapsed | Failed | NotExecuted) => {
            "Nothing was wiped."
        }
        State::Over(Completed) => "The disk was wiped and reinstalled.",
        State::Over(FailedAsync) => "The reinstall failed after it began; treat the disk as lost.",
        State::Over(Closed) => "It was closed by hand; the audit log has the finding.",
    }
}

pub fn help(caller: &Caller, command: &str) -> Notice {
    Notice::title("Wipe a server and reinstall it, after an approval")
        .line(spans![code(format!("{command} ins-r8hr2upy img-pmqg1cw7 60GB -- why"))])
        .line(spans!["Image and size may be left out: the machine keeps what it has. More options: ", code(
            "login=keep|image|random key=skey-\u{2026} hostname=\u{2026} security=on|off monitor=on|off automation=on|off"
        )])
        .line(spans![code(format!("{command}s status [id]")), " what is open here · ", code(format!("{command}s cancel id")), " withdraw it"])
        .line(spans![code(format!("{command}s close id -- finding")), " settle one that nobody could · ", code(format!("{command}s explain ins-\u{2026}")), " may I?"])
        .line(spans![
            "You are ", code(caller.actor.principal().to_string()), " in team ", code(&caller.place.org), ", channel ",
            code(&caller.place.channel), ".",
        ])
}

pub fn explain(caller: &Caller, instance: &InstanceId, policy: &Policy) -> Notice {
    let verdict = |act| match policy.authorise(caller, act) {
        Ok(()) => "yes".to_owned(),
        Err(denial) => format!("no: {}", why_not(&denial)),
    };
    let list: Vec<String> = policy.approvers.iter().map(ToString::to_string).collect();
    let own = if policy.self_approval { "with the machine's name typed" } else { "never" };
    Notice::say(spans![
        "About ",
        code(instance.as_str()),
        ", for ",
        strong(caller.actor.principal().to_string())
    ])
    .line(spans![format!("Ask for a reset: {}", verdict(Act::Ask))])
    .line(spans![format!("Approve somebody else's, close one: {}", verdict(Act::Close))])
    .line(spans![format!("Approve one's own: {own}. Needed: {} of {}", policy.quorum, list.join(", "))])
    .line(spans![
        "Whether the machine itself may be reset depends on its tags; the card, or its refusal, says so."
    ])
}
