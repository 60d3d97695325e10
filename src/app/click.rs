//! Buttons.

use jiff::Timestamp;

use super::{App, POLICY_AGE, RACES, Trouble};
use crate::chat::{Reply, Typed};
use crate::domain::id::{MessageRef, RequestId};
use crate::domain::notice::{self, Notice};
use crate::domain::policy::{Caller, Denial, Policy};
use crate::domain::request::{Action, BadPress, Command, Event, Objection, Press, Request};
use crate::store::{Commit, Row, StoreError};

/// One press of a button.
pub(super) struct Click {
    pub(super) caller: Caller,
    /// The id that "ask again" opens a request under.
    pub(super) id: RequestId,
    pub(super) message: MessageRef,
    pub(super) press: Result<Press, BadPress>,
    pub(super) typed: Typed,
}

impl App {
    /// What to tell the clicker alone; nothing where the card says it all.
    pub(super) async fn click(&self, click: Click, now: Timestamp) -> Result<Reply, Trouble> {
        let policy = self.rules.today(POLICY_AGE, now).await?;
        let Click { caller, id, message, press, typed } = click;
        let Ok(press) = press else { return Ok(Reply::Private(notice::old_button())) };
        let Some(row) = self.store.load(&press.request).await? else {
            return Ok(Reply::Private(notice::unknown_request()));
        };
        if let Some(words) = self.misplaced(&caller, &message, &press, (&row, &policy, now)).await {
            return Ok(Reply::Private(words));
        }
        let command = match press.action {
            Action::Again => {
                let ask = row.request.ask.clone();
                return self.ask(caller, id, ask, (&policy, now)).await.map(Reply::Private);
            }
            Action::Wipe => match typed {
                Typed::Later => {
                    return Ok(self.question(&caller, &press, (&row.request, &policy, now)).await);
                }
                Typed::Nothing => Command::Vote { caller: caller.clone(), typed: None },
                Typed::Name(name) => Command::Vote { caller: caller.clone(), typed: Some(name) },
            },
            Action::Cancel | Action::Stop => Command::Cancel { caller: caller.clone() },
        };
        match self.decide(row, command, &policy, now).await? {
            Ok(request) => Ok(match &request.last().event {
                Event::Voted { .. } => Reply::Private(notice::counted(&request)),
                _ => Reply::Silent,
            }),
            Err((objection, request)) => {
                let why = self.objected(&caller, &press, objection, (&request, &policy, now)).await;
                Ok(Reply::Private(why))
            }
        }
    }

    /// Asks for the machine's name, if the press could count with it.
    async fn question(
        &self,
        caller: &Caller,
        press: &Press,
        (request, policy, now): (&Request, &Policy, Timestamp),
    ) -> Reply {
        let typed = request.plan.as_ref().map(|plan| plan.machine.confirmation().to_owned());
        match request.decide(policy, Command::Vote { caller: caller.clone(), typed }, now) {
            Ok(_) => notice::form(request, press).map_or(Reply::Silent, Reply::Form),
            Err(why) => Reply::Private(self.objected(caller, press, why, (request, policy, now)).await),
        }
    }

    async fn objected(
        &self,
        caller: &Caller,
        press: &Press,
        objection: Objection,
        (request, policy, now): (&Request, &Policy, Timestamp),
    ) -> Notice {
        let Objection::Denied(denial) = objection else { return notice::objection(&objection, request) };
        self.deny(caller, press.action.as_str(), denial.clone(), (policy, now)).await;
        notice::denied(caller, &denial, Some(request))
    }

    /// A button counts only where it belongs: on the request's own card, in its own channel.
    async fn misplaced(
        &self,
        caller: &Caller,
        message: &MessageRef,
        press: &Press,
        (row, policy, now): (&Row, &Policy, Timestamp),
    ) -> Option<Notice> {
        let request = &row.request;
        if caller.place != request.caller.place {
            self.deny(caller, press.action.as_str(), Denial::OtherChannel, (policy, now)).await;
            return Some(notice::unknown_request());
        }
        // "Ask again" stands under the final message, which is not the card; it opens a request of its own.
        let on_card = row.card.message.as_ref() == Some(message) && press.digest == request.digest_prefix();
        if on_card || press.action == Action::Again {
            return None;
        }
        self.deny(caller, press.action.as_str(), Denial::OtherMessage, (policy, now)).await;
        Some(notice::use_this_card(request, row.card.message.as_ref()))
    }

    /// Decides and commits, again and again while others win the race for the revision.
    pub(super) async fn decide(
        &self,
        mut row: Row,
        command: Command,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Result<Request, (Objection, Request)>, Trouble> {
        for _ in 0..RACES {
            let before = row.request;
            let fact = match before.decide(policy, command.clone(), now) {
                Ok(fact) => fact,
                Err(objection) => return Ok(Err((objection, before))),
            };
            let after = match before.apply(fact) {
                Ok(after) => after,
                Err(illegal) => return Ok(Err((Objection::Illegal(illegal), before))),
            };
            let commit = Commit::advance(&before, after.clone(), &policy.hash).telling(&row.card);
            match self.store.commit(commit).await {
                Ok(()) => {
                    let by = after.last().by.as_ref().map_or("", |by| by.user.as_str());
                    tracing::info!(request.id = %after.id, actor.id = by, "Request `{}` is {}", after.id, after.state.name());
                    (self.bell)().await;
                    return Ok(Ok(after));
                }
                Err(StoreError::Conflict | StoreError::Unclear(_)) => {}
                Err(
                    why @ (StoreError::Broken(_)
                    | StoreError::Newer { .. }
                    | StoreError::Locked(_)
                    | StoreError::TooMany),
                ) => {
                    return Err(why.into());
                }
            }
            let Some(now_stored) = self.store.load(&before.id).await? else { break };
            if now_stored.request.facts.contains(after.last()) {
                (self.bell)().await;
                return Ok(Ok(after));
            }
            row = now_stored;
        }
        Err(StoreError::Conflict.into())
    }
}
