//! What one look at the instance proves. A table, by the cloud's own clock: SECURITY is in what it does *not* conclude.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Check, Claim, Event, Request, Riddle, State};
use crate::domain::plan::{Machine, Operation, Plan, Progress};

/// Two looks must lie so far apart before they count as two.
const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_secs(30);
/// Another operation than ours is believed only so long after the acceptance: the cloud's own view lags.
const OVERTAKEN_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// Between two polls.
const POLL: SignedDuration = SignedDuration::from_secs(10);
const POLL_OVERDUE: SignedDuration = SignedDuration::from_hours(1);

/// The protocol that a reset is sent over. It is part of the claim: how long a lost reset can still begin does not
/// change with the configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// API 3.0 with TC3-HMAC-SHA256.
    #[default]
    V3,
    /// The legacy API with signature v1.
    V2,
}

impl Wire {
    /// Counted from the signature's timestamp, by the cloud's own clock: what was not started by then will not start.
    /// v3 refuses a timestamp that is 300 s old and v2 one of two hours ("Signature v3" and the legacy CVM "Signature"
    /// page of Tencent's documentation); 120 s more let a late start become visible.
    pub fn fence(self) -> SignedDuration {
        const SETTLE: SignedDuration = SignedDuration::from_secs(120);
        match self {
            Self::V3 => SignedDuration::from_secs(300) + SETTLE,
            Self::V2 => SignedDuration::from_secs(7_200) + SETTLE,
        }
    }

    /// A doubt that no answer could settle so long after the signature is a person's to settle. Past the fence, so
    /// that what the person finds stays true.
    fn doubt_max(self) -> SignedDuration {
        match self {
            Self::V3 => SignedDuration::from_hours(1),
            Self::V2 => SignedDuration::from_hours(3),
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(super) fn is_first(&self) -> bool {
        *self == Self::V3
    }
}

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

    /// What follows when the cloud could not be asked: patience, and after too long a doubt a person.
    pub fn judge_silence(&self, now: Timestamp) -> Verdict {
        match &self.state {
            State::Unknown(claim) if now >= claim.signed_at + claim.wire.doubt_max() => {
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
    let silent = || {
        if look.at >= claim.signed_at + claim.wire.doubt_max() {
            return Verdict::record(Event::Indeterminate { riddle: Riddle::NoEvidence });
        }
        Verdict::Again(POLL, None)
    };
    if look.date.is_none_or(|date| date < claim.signed_at + claim.wire.fence()) {
        return if look.date.is_none() { silent() } else { Verdict::Again(POLL, None) };
    }
    // A cloud that names no operation says nothing: that it names none need not mean that there was none.
    let Some(last) = last else { return silent() };
    if same_operation(Some(last), claim.baseline.as_ref()) {
        return twice(look, Some(last), before, Event::NotExecuted);
    }
    Verdict::record(if last.name == "ResetInstance" {
        Event::Accepted { request_id: last.request_id.clone(), inferred: true }
    } else {
        Event::Indeterminate { riddle: Riddle::Overtaken { operation: last.name.clone() } }
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(wire: Wire) -> Claim {
        Claim { token: "one-0".to_owned(), signed_at: Timestamp::UNIX_EPOCH, baseline: None, wire }
    }

    fn operation(request_id: &str) -> Operation {
        Operation {
            name: "StartInstances".to_owned(),
            progress: Progress::Success,
            request_id: request_id.to_owned(),
            error: None,
        }
    }

    /// The last second in which a look proves nothing, and the first in which it does.
    #[test]
    fn each_wire_has_its_own_fence() {
        for (wire, fence) in [(Wire::V3, 420), (Wire::V2, 7_320)] {
            let claim = Claim { baseline: Some(operation("r-0")), ..claim(wire) };
            let verdict = |seconds, last: Option<&Operation>| {
                let date = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
                let seen = Sighting { at: Timestamp::UNIX_EPOCH, operation: last.cloned() };
                let look = Look { at: date, date: Some(date), machine: None };
                doubtful(&claim, look, last, Some(&seen))
            };
            let (again, same) = (Verdict::Again(POLL, None), operation("r-0"));
            assert_eq!(verdict(fence - 1, Some(&same)), again, "{wire:?}");
            assert_eq!(verdict(fence, Some(&same)), Verdict::record(Event::NotExecuted), "{wire:?}");
            let doubt = wire.doubt_max().as_secs();
            assert_eq!(verdict(doubt - 1, None), again, "silence is no evidence, {wire:?}");
            let riddle = Event::Indeterminate { riddle: Riddle::NoEvidence };
            assert_eq!(verdict(doubt, None), Verdict::record(riddle), "{wire:?}");
            assert!(wire.doubt_max() > wire.fence(), "{wire:?}");
        }
    }

    /// Where no operation was ever named, none that is named later can be compared with it.
    #[test]
    fn what_is_never_named_is_never_taken_for_nothing() {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(500);
        let seen = Sighting { at: Timestamp::UNIX_EPOCH, operation: None };
        let look = Look { at, date: Some(at), machine: None };
        assert_eq!(doubtful(&claim(Wire::V3), look, None, Some(&seen)), Verdict::Again(POLL, None));
    }

    #[test]
    fn entries_of_before_there_were_two_wires_keep_their_bytes() {
        let old = r#"{"token":"one-0","signed_at":"1970-01-01T00:00:00Z","baseline":null}"#;
        assert_eq!(serde_json::from_str::<Claim>(old).unwrap(), claim(Wire::V3));
        assert_eq!(serde_json::to_string(&claim(Wire::V3)).unwrap(), old);
        let new = r#"{"token":"one-0","signed_at":"1970-01-01T00:00:00Z","baseline":null,"wire":"v2"}"#;
        assert_eq!(serde_json::to_string(&claim(Wire::V2)).unwrap(), new);
        assert_eq!(serde_json::from_str::<Claim>(new).unwrap(), claim(Wire::V2));
    }
}
