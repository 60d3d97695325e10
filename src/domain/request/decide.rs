//! What people and the worker may add to a request. Time limits are judged here, by the process that commits.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{EXEC_WINDOW, Event, Fact, IllegalFact, Refusal, Request, State, Vote};
use crate::domain::ask::Ask;
use crate::domain::id::{Actor, RequestId};
use crate::domain::policy::{Act, Ballot, Caller, Denial, Policy};

/// What somebody wants of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Vote { caller: Caller, typed: Option<String> },
    Cancel { caller: Caller },
    Close { caller: Caller, finding: String },
}

/// Why a command changes nothing. The clicker alone reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    Denied(Denial),
    /// The time to decide is over.
    Expired,
    /// Somebody decided before.
    AlreadyDecided,
    /// This person's yes is already counted.
    AlreadyVoted,
    /// Too late to stop: the reset has left, or the request is over.
    TooLate,
    /// Not a state that can be closed by hand.
    NotOpenEnded,
    /// The worker's own slip, or a race it lost.
    Illegal(IllegalFact),
}

impl Request {
    /// The first fact of a request.
    ///
    /// # Errors
    /// When the caller may not ask.
    pub fn open(
        id: RequestId,
        caller: Caller,
        ask: Ask,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Self, Denial> {
        policy.authorise(&caller, Act::Ask)?;
        let by = Some(caller.actor.clone());
        let fact = Fact { at: now, by, event: Event::Requested { caller, ask } };
        Self::first(id, fact).map_err(|_| Denial::LookupFailed)
    }

    /// The fact that `command` makes of this request.
    ///
    /// # Errors
    /// Why it makes none.
    pub fn decide(&self, policy: &Policy, command: Command, now: Timestamp) -> Result<Fact, Objection> {
        let (by, event) = match command {
            Command::Vote { caller, typed } => {
                (Some(caller.actor.clone()), self.vote(policy, caller, typed.as_deref(), now)?)
            }
            Command::Cancel { caller } => {
                self.at_its_place(policy, &caller, Act::Cancel)?;
                match &self.state {
                    State::Requested | State::AwaitingDecision { .. } | State::Approved { .. } => {}
                    State::Executing(_)
                    | State::Unknown(_)
                    | State::Accepted { .. }
                    | State::Overdue { .. }
                    | State::Indeterminate(_)
                    | State::Over(_) => return Err(Objection::TooLate),
                }
                (Some(caller.actor), Event::Cancelled)
            }
            Command::Close { caller, finding } => {
                self.at_its_place(policy, &caller, Act::Close)?;
                if !matches!(self.state, State::Overdue { .. } | State::Indeterminate(_)) {
                    return Err(Objection::NotOpenEnded);
                }
                (Some(caller.actor), Event::Closed { finding })
            }
        };
        Ok(Fact { at: now, by, event })
    }

    /// The fact that the worker's own finding makes of this request.
    ///
    /// # Errors
    /// When its time is not yet, or over; [`Request::apply`] judges whether it can follow.
    pub fn record(&self, event: Event, now: Timestamp) -> Result<Fact, Objection> {
        match (&self.state, &event) {
            (State::Approved { exec_by, .. }, Event::Claimed { .. }) if now >= *exec_by => {
                Err(Objection::Expired)
            }
            (State::AwaitingDecision { until: Some(until) }, Event::Expired) if now < *until => {
                Err(Objection::TooLate)
            }
            _ => Ok(Fact { at: now, by: None, event }),
        }
    }

    fn vote(
        &self,
        policy: &Policy,
        caller: Caller,
        typed: Option<&str>,
        now: Timestamp,
    ) -> Result<Event, Objection> {
        let until = match &self.state {
            State::AwaitingDecision { until: Some(until) } => *until,
            State::Requested
            | State::AwaitingDecision { until: None }
            | State::Approved { .. }
            | State::Executing(_)
            | State::Unknown(_)
            | State::Accepted { .. }
            | State::Overdue { .. }
            | State::Indeterminate(_)
            | State::Over(_) => return Err(Objection::AlreadyDecided),
        };
        let Some(plan) = &self.plan else { return Err(Objection::AlreadyDecided) };
        let ballot = Ballot { requester: &self.caller.actor, machine: &plan.machine, typed };
        self.at_its_place(policy, &caller, Act::Approve(ballot))?;
        if now >= until {
            return Err(Objection::Expired);
        }
        let person = policy.person(&caller.actor);
        if self.votes.iter().any(|vote| policy.person(&vote.caller.actor) == person) {
            return Err(Objection::AlreadyVoted);
        }
        let vote = Vote { caller, named: plan.machine.is_named_by(typed) };
        Ok(if self.votes.len() + 1 >= policy.quorum {
            Event::Approved { vote, exec_by: now + EXEC_WINDOW, grace: policy.grace }
        } else {
            Event::Voted { vote }
        })
    }

    /// Authorised, and in the channel that the request was made in.
    fn at_its_place(&self, policy: &Policy, caller: &Caller, act: Act<'_>) -> Result<(), Objection> {
        policy.authorise(caller, act).map_err(Objection::Denied)?;
        if caller.place == self.caller.place { Ok(()) } else { Err(Objection::Denied(Denial::OtherChannel)) }
    }

    /// Whether today's policy still allows what was approved: the requester, each approver, and enough of them.
    ///
    /// # Errors
    /// Whose right is gone.
    pub fn still_allowed(&self, policy: &Policy) -> Result<(), Refusal> {
        let gone = |who: &Actor, denial| Refusal::Right { who: who.clone(), denial };
        let requester = &self.caller.actor;
        policy.authorise(&self.caller, Act::Ask).map_err(|denial| gone(requester, denial))?;
        let Some(plan) = &self.plan else { return Err(Refusal::Upgraded) };
        let mut people = BTreeSet::new();
        for Vote { caller, named } in &self.votes {
            let typed = named.then(|| plan.machine.confirmation());
            let ballot = Ballot { requester, machine: &plan.machine, typed };
            policy.authorise(caller, Act::Approve(ballot)).map_err(|denial| gone(&caller.actor, denial))?;
            people.insert(policy.person(&caller.actor));
        }
        if people.len() < policy.quorum {
            return Err(gone(requester, Denial::NotAnApprover));
        }
        Ok(())
    }
}
