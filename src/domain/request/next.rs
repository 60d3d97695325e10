//! What is to be done next. It follows from the facts and the clock and is never stored.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    CARD_DEADLINE, Event, HOLDER_LIFE, Lapse, OVERDUE_AFTER, OVERDUE_WATCH, Refusal, Request, SLOW_AFTER,
    State,
};
use crate::domain::id::MessageRef;

/// How often an approval that the channel has not been told of is looked at.
const ANNOUNCE_RETRY: SignedDuration = SignedDuration::from_secs(5);

/// A message of its own, because an edit makes no sound on a phone. Each is said once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speech {
    /// Half of the time to decide is over.
    Reminder,
    /// It is not known whether the disk was wiped.
    Doubt,
    /// A lost answer turned out to have been a yes.
    Found,
    Slow,
    Overdue,
    Unsettled,
    End,
}

/// Bookkeeping of what the channel has been shown. No fact follows from it but [`Event::Posted`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub message: Option<MessageRef>,
    /// The revision that the message shows.
    pub shown_rev: u32,
    pub shown_at: Option<Timestamp>,
    pub said: Vec<Speech>,
    /// Failed attempts since the last success.
    pub tries: u32,
}

/// The next step of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Ask the cloud and draw the plan.
    Plan,
    /// Nothing but a fact.
    Record(Box<Event>),
    /// Look again; if all is as approved, claim and send.
    Claim,
    /// Find out whether the reset was carried out.
    Reconcile,
    /// Ask whether it is done.
    Poll,
    /// Nothing until then; `None`: nothing at all.
    Wait(Option<Timestamp>),
}

impl Request {
    /// What the worker does now.
    pub fn next(&self, card: &Card, now: Timestamp) -> Work {
        match &self.state {
            State::Requested if now >= self.opened() + CARD_DEADLINE => {
                let why = "no answer within five minutes".to_owned();
                Work::Record(Box::new(Event::Refused { why: Refusal::CloudSilent { why } }))
            }
            State::Requested => Work::Plan,
            State::AwaitingDecision { until: None } => {
                let why = "it could not be posted within five minutes".to_owned();
                let refused = Event::Refused { why: Refusal::NoCard { why } };
                at_or_wait(self.opened() + CARD_DEADLINE, now, Work::Record(Box::new(refused)))
            }
            State::AwaitingDecision { until: Some(until) } => {
                at_or_wait(*until, now, Work::Record(Box::new(Event::Expired)))
            }
            State::Approved { exec_by, grace, .. } => self.toward_claim(card, (*exec_by, *grace), now),
            State::Executing(claim) => {
                let why = "the process that sent it stopped before the answer was stored".to_owned();
                at_or_wait(claim.signed_at + HOLDER_LIFE, now, Work::Record(Box::new(Event::Unknown { why })))
            }
            State::Unknown(_) => Work::Reconcile,
            State::Accepted { at, .. } if now >= *at + OVERDUE_AFTER => {
                Work::Record(Box::new(Event::Overdue))
            }
            State::Overdue { at, .. } if now >= *at + OVERDUE_AFTER + OVERDUE_WATCH => Work::Wait(None),
            State::Accepted { .. } | State::Overdue { .. } => Work::Poll,
            State::Indeterminate(_) | State::Over(_) => Work::Wait(None),
        }
    }

    /// Nothing is wiped before the channel has been told, and has had the grace to stop it.
    fn toward_claim(&self, card: &Card, limits: (Timestamp, SignedDuration), now: Timestamp) -> Work {
        let (exec_by, grace) = limits;
        let told = (card.shown_rev >= self.rev()).then_some(card.shown_at).flatten();
        if now >= exec_by {
            let why = if told.is_some() { Lapse::Down } else { Lapse::NotAnnounced };
            return Work::Record(Box::new(Event::Lapsed { why }));
        }
        match told {
            Some(shown_at) => at_or_wait(shown_at + grace, now, Work::Claim),
            // The card wakes the request once it is shown; this is for a wake-up that got lost.
            None => Work::Wait(Some(exec_by.min(now + ANNOUNCE_RETRY))),
        }
    }

    /// What is to be said aloud by now and has not been, in order.
    pub fn speeches(&self, card: &Card, now: Timestamp) -> Vec<Speech> {
        let Some(_) = &card.message else { return Vec::new() };
        let ever = |wanted: fn(&Event) -> bool| self.facts.iter().any(|fact| wanted(&fact.event));
        let mut due = Vec::new();
        if self.reminder_at().is_some_and(|at| now >= at) {
            due.push(Speech::Reminder);
        }
        if matches!(self.state, State::Unknown(_)) {
            due.push(Speech::Doubt);
        }
        if matches!(&self.state, State::Accepted { .. })
            && ever(|event| matches!(event, Event::Unknown { .. }))
        {
            due.push(Speech::Found);
        }
        if self.slow_at().is_some_and(|at| now >= at) {
            due.push(Speech::Slow);
        }
        match &self.state {
            State::Overdue { .. } => due.push(Speech::Overdue),
            State::Indeterminate(_) => due.push(Speech::Unsettled),
            State::Over(_) => due.push(Speech::End),
            State::Requested
            | State::AwaitingDecision { .. }
            | State::Approved { .. }
            | State::Executing(_)
            | State::Unknown(_)
            | State::Accepted { .. } => {}
        }
        due.retain(|speech| !card.said.contains(speech));
        due
    }

    /// When the next speech that only the clock brings is due.
    pub fn next_speech_at(&self, now: Timestamp) -> Option<Timestamp> {
        [self.reminder_at(), self.slow_at()].into_iter().flatten().filter(|at| *at > now).min()
    }

    /// Half of the time to decide, while nobody has.
    fn reminder_at(&self) -> Option<Timestamp> {
        let State::AwaitingDecision { until: Some(until) } = &self.state else { return None };
        let expires = self.terms.as_ref()?.expires;
        Some(*until - expires / 2)
    }

    fn slow_at(&self) -> Option<Timestamp> {
        let State::Accepted { at, .. } = &self.state else { return None };
        Some(*at + SLOW_AFTER)
    }
}

fn at_or_wait(when: Timestamp, now: Timestamp, work: Work) -> Work {
    if now >= when { work } else { Work::Wait(Some(when)) }
}
