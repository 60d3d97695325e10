//! What one look at the instance proves. A table, by the cloud's own clock: SECURITY is in what it does *not* conclude.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Check, Claim, Event, FENCE, Request, Riddle, State};
use crate::domain::plan::{Machine, Operation, Plan, Progress};

/// Two looks must lie so far apart before they count as two.
const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_secs(30);
/// Another operation than ours is believed only so long after the acceptance: the cloud's own view lags.
const OVERTAKEN_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// Between two polls.
const POLL: SignedDuration = SignedDuration::from_secs(10);
const POLL_OVERDUE: SignedDuration = SignedDuration::from_hours(1);
/// A doubt that no answer could settle by now is a person's to settle.
const DOUBT_MAX: SignedDuration = SignedDuration::from_hours(1);

/// What a look at the cloud showed, kept between two looks because one is not enough. Bookkeeping, not a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// When we looked, by our own clock.
    pub at: Timestamp,
    /// The instance's last operation then.
    pub operation: Option<Operation>,
}

/// One `DescribeInstances` answer.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Our own clock.
    pub at: Timestamp,
    /// The cloud's clock; `None` is no evidence of time.
    pub date: Option<Timestamp>,
    /// `None`: no region knows the instance.
    pub machine: Option<&'a Machine>,
}

/// What follows from a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Record(Box<Event>),
    /// Look again after so long, with this in mind.
    Again(SignedDuration, Option<Sighting>),
}

impl Verdict {
    fn record(event: Event) -> Self {
        Self::Record(Box::new(event))
    }
}

impl Request {
    /// What `look` proves of a reset that was sent, or may have been. `before` is an earlier look that proved nothing
    /// alone.
    pub fn judge(&self, look: Look<'_>, before: Option<&Sighting>) -> Verdict {
        let Some(machine) = look.machine else {
            return twice(look, None, before, Event::Indeterminate { riddle: Riddle::Gone });
        };
        match &self.state {
            State::Unknown(claim) => doubtful(claim, look, machine.last.as_ref(), before),
            State::Accepted { claim, at, request_id, .. } => {
                let ours = Ours { claim, at: *at, request_id };
                self.accepted(&ours, look, machine, before)
            }
            State::Overdue { claim, at, request_id, .. } => {
                let ours = Ours { claim, at: *at, request_id };
                match self.accepted(&ours, look, machine, before) {
                    Verdict::Again(_, None) => Verdict::Again(POLL_OVERDUE, None),
                    settled @ (Verdict::Record(_) | Verdict::Again(_, Some(_))) => settled,
                }
            }
            State::Requested
            | State::AwaitingDecision { .. }
            | State::Approved { .. }
            | State::Executing(_)
            | State::Indeterminate(_)
            | State::Over(_) => Verdict::Again(POLL, None),
        }
    }

    /// What follows when the cloud could not be asked: patience, and after an hour of doubt a person.
    pub fn judge_silence(&self, now: Timestamp) -> Verdict {
        match &self.state {
            State::Unknown(claim) if now >= claim.signed_at + DOUBT_MAX => {
                Verdict::record(Event::Indeterminate { riddle: Riddle::NoEvidence })
            }
            State::Overdue { .. } => Verdict::Again(POLL_OVERDUE, None),
            State::Requested
            | State::AwaitingDecision { .. }
            | State::Approved { .. }
            | State::Executing(_)
            | State::Unknown(_)
            | State::Accepted { .. }
            | State::Indeterminate(_)
            | State::Over(_) => Verdict::Again(POLL, None),
        }
    }

    fn accepted(
        &self,
        ours: &Ours<'_>,
        look: Look<'_>,
        machine: &Machine,
        before: Option<&Sighting>,
    ) -> Verdict {
        let Some(last) = &machine.last else { return Verdict::Again(POLL, None) };
        if last.request_id == ours.request_id {
            return match last.progress {
                Progress::Operating | Progress::Unreported => Verdict::Again(POLL, None),
                Progress::Success => Verdict::record(Event::Completed { check: self.check(machine, true) }),
                Progress::Failed => {
                    Verdict::record(Event::FailedAsync { message: last.error.clone().unwrap_or_default() })
                }
            };
        }
        if same_operation(Some(last), ours.claim.baseline.as_ref()) || look.at < ours.at + OVERTAKEN_AFTER {
            return Verdict::Again(POLL, None);
        }
        let check = self.check(machine, false);
        let event = if check.image_ok && check.disk_ok && self.plan.as_deref().is_some_and(leaves_a_trace) {
            Event::Completed { check }
        } else {
            Event::Indeterminate { riddle: Riddle::Overtaken { operation: last.name.clone() } }
        };
        twice(look, Some(last), before, event)
    }

    fn check(&self, machine: &Machine, confirmed: bool) -> Check {
        let plan = self.plan.as_deref();
        Check {
            image_ok: plan.is_none_or(|plan| plan.order.image.is_none() || machine.image == plan.order.image),
            disk_ok: plan.is_none_or(|plan| machine.disk.size_gb == plan.disk_after()),
            disk_gb: machine.disk.size_gb,
            state: machine.state.clone(),
            confirmed,
        }
    }
}

/// The operation that is looked for.
struct Ours<'a> {
    claim: &'a Claim,
    /// When it was accepted.
    at: Timestamp,
    request_id: &'a str,
}

/// Whether image and size alone would show that the reset was carried out.
fn leaves_a_trace(plan: &Plan) -> bool {
    plan.order.image != plan.machine.image || plan.disk_after() != plan.machine.disk.size_gb
}

/// No answer came back. Before the fence nothing is concluded: a foreign reset that is taken for ours there would
/// allow ours to start after the final word.
fn doubtful(claim: &Claim, look: Look<'_>, last: Option<&Operation>, before: Option<&Sighting>) -> Verdict {
    let past_fence = look.date.is_some_and(|date| date >= claim.signed_at + FENCE);
    if !past_fence {
        let hopeless = look.date.is_none() && look.at >= claim.signed_at + DOUBT_MAX;
        return if hopeless {
            Verdict::record(Event::Indeterminate { riddle: Riddle::NoEvidence })
        } else {
            Verdict::Again(POLL, None)
        };
    }
    match last {
        Some(last) if !same_operation(Some(last), claim.baseline.as_ref()) => {
            Verdict::record(if last.name == "ResetInstance" {
                Event::Accepted { request_id: last.request_id.clone(), inferred: true }
            } else {
                Event::Indeterminate { riddle: Riddle::Overtaken { operation: last.name.clone() } }
            })
        }
        last => {
            // A null operation where the baseline had one is a cloud that says nothing, not one that says no.
            if last.is_none() && claim.baseline.is_some() {
                return Verdict::Again(POLL, None);
            }
            twice(look, last, before, Event::NotExecuted)
        }
    }
}

fn same_operation(a: Option<&Operation>, b: Option<&Operation>) -> bool {
    a.map(|op| (&op.name, &op.request_id)) == b.map(|op| (&op.name, &op.request_id))
}

/// `event`, if an earlier look, far enough back, showed the same; else another look.
fn twice(look: Look<'_>, operation: Option<&Operation>, before: Option<&Sighting>, event: Event) -> Verdict {
    match before.filter(|seen| same_operation(seen.operation.as_ref(), operation)) {
        Some(seen) if look.at >= seen.at + BETWEEN_LOOKS => Verdict::record(event),
        Some(seen) => Verdict::Again(seen.at + BETWEEN_LOOKS - look.at, Some(seen.clone())),
        None => Verdict::Again(BETWEEN_LOOKS, Some(Sighting { at: look.at, operation: operation.cloned() })),
    }
}
