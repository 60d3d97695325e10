//! The request's one message, in every state.

use jiff::Timestamp;

use super::build::{code, deciders, machine, spans, tag};
use super::sheet::sheet;
use super::stand::{accepted, ended};
use super::{Notice, Span};
use crate::domain::request::{Action, Request, State};

/// What the card shows; `None` while there is no plan to show. In an approved request, the wipe is announced for
/// `now` and the time to stop it, which runs from the moment the card shows it.
pub fn card(request: &Request, now: Timestamp) -> Option<Notice> {
    let plan = request.plan.as_deref()?;
    let terms = request.terms.as_ref()?;
    Some(match &request.state {
        State::Requested => return None,
        State::AwaitingDecision { until } => {
            sheet(request, plan, terms, (until.unwrap_or(now + terms.expires), now))
        }
        State::Approved { grace, .. } => {
            headed(request, spans!["Approved by ", deciders(request), ". Wiping at ", now + *grace, "."])
                .button(request, Action::Stop, "Stop")
        }
        State::Executing(_) => headed(
            request,
            spans![
                "Approved by ",
                deciders(request),
                ". The reset is leaving; it can no longer be stopped. Treat the disk as lost."
            ],
        ),
        State::Unknown(claim) => headed(
            request,
            spans![
                "We do not know yet whether the disk was wiped: the reset left about ",
                claim.signed_at,
                " and no clear answer came back. It will never be sent again; I am finding out."
            ],
        ),
        State::Accepted { request_id, inferred, .. } => {
            headed(request, spans![accepted(*inferred), "; the disk is being wiped."])
                .line(spans!["RequestId ", code(request_id)])
        }
        State::Overdue { request_id, inferred, .. } => headed(
            request,
            spans![accepted(*inferred), " and is not done after 30 minutes. Treat the disk as lost."],
        )
        .line(spans!["RequestId ", code(request_id)]),
        State::Indeterminate(_) => headed(
            request,
            spans!["We do not know whether this request wiped the disk. What to do is said below."],
        ),
        State::Over(ending) => headed(request, ended(request, *ending)),
    })
}

/// One line under the machine's name.
fn headed(request: &Request, line: Vec<Span>) -> Notice {
    Notice::say(spans![machine(request), " · ", tag(request)]).line(line)
}
