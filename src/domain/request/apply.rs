//! The only way state changes.

use super::{Ending, Event, Fact, Request, State};
use crate::domain::id::RequestId;

/// A fact that cannot follow. A torn log is reported, never patched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{event}` cannot follow `{state}`")]
pub struct IllegalFact {
    pub state: String,
    pub event: String,
}

impl Request {
    /// The request that a first fact opens.
    ///
    /// # Errors
    /// When the fact is not [`Event::Requested`].
    pub fn first(id: RequestId, fact: Fact) -> Result<Self, IllegalFact> {
        let Event::Requested { caller, ask } = &fact.event else {
            return Err(IllegalFact { state: "nothing".to_owned(), event: fact.event.name() });
        };
        Ok(Self {
            id,
            caller: caller.clone(),
            ask: ask.clone(),
            plan: None,
            terms: None,
            votes: Vec::new(),
            state: State::Requested,
            facts: vec![fact],
        })
    }

    /// The request that these facts, in order, make.
    ///
    /// # Errors
    /// At the first fact that cannot follow.
    pub fn replay(id: RequestId, facts: Vec<Fact>) -> Result<Self, IllegalFact> {
        let mut facts = facts.into_iter();
        let Some(first) = facts.next() else {
            return Err(IllegalFact { state: "nothing".to_owned(), event: "nothing".to_owned() });
        };
        facts.try_fold(Self::first(id, first)?, |request, fact| request.apply(fact))
    }

    /// The request after `fact`.
    ///
    /// # Errors
    /// When `fact` cannot follow the present state.
    pub fn apply(&self, fact: Fact) -> Result<Self, IllegalFact> {
        let state = self
            .state_after(&fact)
            .ok_or_else(|| IllegalFact { state: self.state.name().to_owned(), event: fact.event.name() })?;
        let mut next = self.clone();
        next.state = state;
        if let Event::Planned { plan, terms, .. } = &fact.event {
            next.plan = Some(plan.clone());
            next.terms = Some(terms.clone());
        }
        if let Event::Voted { vote } | Event::Approved { vote, .. } = &fact.event {
            next.votes.push(vote.clone());
        }
        next.facts.push(fact);
        Ok(next)
    }

    /// The transition table, one line for each fact that can follow.
    fn state_after(&self, fact: &Fact) -> Option<State> {
        use State::{
            Accepted, Approved, AwaitingDecision, Executing, Indeterminate, Over, Overdue, Requested, Unknown,
        };
        let state = match (&self.state, &fact.event) {
            (Requested, Event::Planned { .. }) => AwaitingDecision { until: None },
            (AwaitingDecision { until: None }, Event::Posted { until, .. })
            | (AwaitingDecision { until: Some(until) }, Event::Voted { .. }) => {
                AwaitingDecision { until: Some(*until) }
            }
            (AwaitingDecision { until: Some(_) }, Event::Approved { exec_by, grace, .. }) => {
                Approved { at: fact.at, exec_by: *exec_by, grace: *grace }
            }
            (Requested | AwaitingDecision { .. } | Approved { .. }, Event::Refused { .. }) => {
                Over(Ending::Refused)
            }
            (Requested | AwaitingDecision { .. } | Approved { .. }, Event::Cancelled) => {
                Over(Ending::Cancelled)
            }
            (AwaitingDecision { .. }, Event::Expired) => Over(Ending::Expired),
            (Approved { .. }, Event::Stale { .. }) => Over(Ending::Stale),
            (Approved { .. }, Event::Lapsed { .. }) => Over(Ending::Lapsed),
            (Approved { .. }, Event::Claimed { claim }) => Executing(claim.clone()),
            (Executing(claim) | Unknown(claim), Event::Accepted { request_id, inferred }) => Accepted {
                claim: claim.clone(),
                at: fact.at,
                request_id: request_id.clone(),
                inferred: *inferred,
            },
            (Executing(_) | Unknown(_), Event::Failed { .. }) => Over(Ending::Failed),
            (Executing(claim), Event::Unknown { .. }) => Unknown(claim.clone()),
            (Unknown(_), Event::NotExecuted) => Over(Ending::NotExecuted),
            (Unknown(_) | Accepted { .. } | Overdue { .. }, Event::Indeterminate { riddle }) => {
                Indeterminate(riddle.clone())
            }
            (Accepted { .. } | Overdue { .. }, Event::Completed { .. }) => Over(Ending::Completed),
            (Accepted { .. } | Overdue { .. }, Event::FailedAsync { .. }) => Over(Ending::FailedAsync),
            (Accepted { claim, at, request_id, inferred }, Event::Overdue) => {
                Overdue { claim: claim.clone(), at: *at, request_id: request_id.clone(), inferred: *inferred }
            }
            (Overdue { .. } | Indeterminate(_), Event::Closed { .. }) => Over(Ending::Closed),
            _ => return None,
        };
        Some(state)
    }
}

impl State {
    /// Its name, for logs and errors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::AwaitingDecision { .. } => "awaiting decision",
            Self::Approved { .. } => "approved",
            Self::Executing(_) => "executing",
            Self::Unknown(_) => "unknown",
            Self::Accepted { .. } => "accepted",
            Self::Overdue { .. } => "overdue",
            Self::Indeterminate(_) => "indeterminate",
            Self::Over(ending) => ending.name(),
        }
    }
}

impl Ending {
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Stale => "stale",
            Self::Lapsed => "lapsed",
            Self::Failed => "failed",
            Self::NotExecuted => "not executed",
            Self::Completed => "completed",
            Self::FailedAsync => "failed after it began",
            Self::Closed => "closed",
        }
    }
}

impl Event {
    /// Its `type` in the audit log.
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.get("type").and_then(|name| name.as_str()).unwrap_or_default().to_owned()
    }
}
