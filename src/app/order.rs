//! Typed commands.

use jiff::Timestamp;

use super::{App, POLICY_AGE, Trouble};
use crate::domain::ask::{Ask, Hint, Order, Target};
use crate::domain::id::{Place, RequestId};
use crate::domain::notice::{self, Notice};
use crate::domain::policy::{Act, Caller, Denial, Policy};
use crate::domain::request::{Command, Objection, Request};
use crate::store::{Commit, Quota, Row, StoreError};

impl App {
    pub(super) async fn order(
        &self,
        caller: Caller,
        id: RequestId,
        order: Result<Order, Hint>,
        now: Timestamp,
    ) -> Result<Notice, Trouble> {
        // Help and hints are there when nothing else is.
        let today = async || self.rules.today(POLICY_AGE, now).await;
        match order {
            Err(hint) => Ok(notice::hint(&hint)),
            Ok(Order::Help) => Ok(notice::help(&caller)),
            Ok(Order::Reset(ask)) => self.ask(caller, id, *ask, (&*today().await?, now)).await,
            Ok(Order::Status(target)) => self.status(&caller, target.as_ref(), &*today().await?, now).await,
            Ok(Order::Explain(instance)) => {
                let policy = today().await?;
                match policy.authorise(&caller, Act::Look) {
                    Err(denial) => self.denied(&caller, "explain", denial, (&policy, now)).await,
                    Ok(()) => Ok(notice::explain(&caller, &instance, &policy)),
                }
            }
            Ok(Order::Cancel(target)) => {
                let command = Command::Cancel { caller: caller.clone() };
                self.settle(&caller, &target, command, (&*today().await?, now)).await
            }
            Ok(Order::Close { target, finding }) => {
                let command = Command::Close { caller: caller.clone(), finding };
                self.settle(&caller, &target, command, (&*today().await?, now)).await
            }
        }
    }

    /// Opens a request. The same id again is answered with the request's present state.
    pub(super) async fn ask(
        &self,
        caller: Caller,
        id: RequestId,
        ask: Ask,
        (policy, now): (&Policy, Timestamp),
    ) -> Result<Notice, Trouble> {
        let opened = match Request::open(id.clone(), caller.clone(), ask, policy, now) {
            Ok(_) if self.is_full(&caller.place, policy).await? => Err(Denial::TooManyOpen),
            opened => opened,
        };
        let request = match opened {
            Ok(request) => request,
            Err(denial) => {
                // What was opened under this id stands, whatever would be said of it now.
                return match self.store.load(&id).await? {
                    Some(row) => Ok(notice::status_one(&row.request, now)),
                    None => self.denied(&caller, "ask", denial, (policy, now)).await,
                };
            }
        };
        let person = policy.person(&caller.actor);
        let quota = Quota {
            key: format!("ask {person}"),
            window: now.as_second() / 60,
            most: policy.limits.asks_per_minute,
        };
        match self.store.commit(Commit::open(request.clone(), &policy.hash).within(quota)).await {
            Ok(()) => {}
            Err(StoreError::TooMany) => {
                return self.denied(&caller, "ask", Denial::TooFast, (policy, now)).await;
            }
            Err(StoreError::Locked(holder)) => {
                let Some(row) = self.store.load(&holder).await? else { return Ok(notice::store_trouble()) };
                return Ok(notice::already_open(&row.request, row.card.message.as_ref(), now));
            }
            Err(StoreError::Conflict | StoreError::Unclear(_)) => {
                let Some(row) = self.store.load(&id).await? else { return Ok(notice::store_trouble()) };
                (self.bell)().await;
                return Ok(notice::status_one(&row.request, now));
            }
            Err(why @ (StoreError::Broken(_) | StoreError::Newer { .. })) => return Err(why.into()),
        }
        tracing::info!(request.id = %id, instance.id = %request.ask.instance, "Opened request `{id}`");
        (self.bell)().await;
        Ok(notice::opened(&request))
    }

    /// Whether as many requests are open in this channel as may be.
    async fn is_full(&self, place: &Place, policy: &Policy) -> Result<bool, Trouble> {
        let open = self.store.open().await?;
        let here = open.iter().filter(|row| row.request.caller.place == *place).count();
        Ok(here >= policy.limits.open_per_channel)
    }

    async fn status(
        &self,
        caller: &Caller,
        target: Option<&Target>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Notice, Trouble> {
        if let Err(denial) = policy.authorise(caller, Act::Look) {
            return self.denied(caller, "status", denial, (policy, now)).await;
        }
        let Some(target) = target else {
            let mut here = self.store.open().await?;
            here.retain(|row| row.request.caller.place == caller.place);
            let requests: Vec<Request> = here.into_iter().map(|row| row.request).collect();
            return Ok(notice::status(&requests, now));
        };
        Ok(match self.find(target, &caller.place).await? {
            Some(row) => notice::status_one(&row.request, now),
            None => notice::unknown_request(),
        })
    }

    /// The request that a person means, if it belongs to their channel and is the only one.
    async fn find(&self, target: &Target, place: &Place) -> Result<Option<Row>, Trouble> {
        let mut found = match target {
            Target::Prefix(prefix) => self.store.by_prefix(prefix).await?,
            Target::Instance(instance) => self.store.by_instance(instance).await?.into_iter().collect(),
        };
        found.retain(|row| row.request.caller.place == *place);
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    /// `cancel` and `close`.
    async fn settle(
        &self,
        caller: &Caller,
        target: &Target,
        command: Command,
        (policy, now): (&Policy, Timestamp),
    ) -> Result<Notice, Trouble> {
        let Some(row) = self.find(target, &caller.place).await? else {
            if let Err(denial) = policy.authorise(caller, Act::Cancel) {
                return self.denied(caller, "cancel", denial, (policy, now)).await;
            }
            return Ok(notice::unknown_request());
        };
        let settled = self.decide(row, command, policy, now).await?;
        match settled {
            Ok(request) => Ok(notice::status_one(&request, now)),
            Err((Objection::Denied(denial), request)) => {
                self.deny(caller, "settle", denial.clone(), (policy, now)).await;
                Ok(notice::denied(caller, &denial, Some(&request)))
            }
            Err((objection, request)) => Ok(notice::objection(&objection, &request)),
        }
    }

    pub(super) async fn denied(
        &self,
        caller: &Caller,
        act: &str,
        denial: Denial,
        (policy, now): (&Policy, Timestamp),
    ) -> Result<Notice, Trouble> {
        self.deny(caller, act, denial.clone(), (policy, now)).await;
        Ok(notice::denied(caller, &denial, None))
    }
}
