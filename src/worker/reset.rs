//! The claim and the one call that wipes.

use jiff::SignedDuration;

use super::{RECORD_TRIES, RETRY, Worker, decided};
use crate::cloud::{Armed, Sent};
use crate::domain::plan::{Means, Plan, PlanRefusal};
use crate::domain::policy::Policy;
use crate::domain::request::{Claim, Event, Failure, Lapse, Refusal, Request, SEND_WINDOW, State};
use crate::store::{Commit, Row, StoreError};

/// Why this is not the moment to claim.
enum NotNow {
    /// It never will be.
    Never(Box<Event>),
    /// In a few seconds perhaps; if that is too late, it lapsed for this reason.
    Later(Lapse),
}

impl Worker {
    /// Everything is looked at again; then one process wins the right to send, and sends.
    pub(super) async fn claim(&self, row: Row) -> anyhow::Result<()> {
        let State::Approved { exec_by, .. } = row.request.state else { return Ok(()) };
        let (armed, policy, claim) = match self.recheck(&row.request).await {
            Ok(ready) => ready,
            Err(NotNow::Never(event)) => return self.record(&row, *event).await,
            Err(NotNow::Later(why)) if (self.clock)() + RETRY >= exec_by => {
                return self.record(&row, Event::Lapsed { why }).await;
            }
            Err(NotNow::Later(_)) => return self.retry_later(&row).await,
        };
        let now = claim.signed_at;
        let Ok(claimed) = decided(&row.request, Event::Claimed { claim: claim.clone() }, now) else {
            return Ok(());
        };
        match self.store.commit(Commit::advance(&row.request, claimed.clone(), &policy)).await {
            Ok(()) => self.send(claimed, armed, &claim).await,
            Err(StoreError::Conflict) => Ok(()),
            Err(why) => match self.store.load(&row.request.id).await? {
                // The commit went through and only its acknowledgement was lost, if the claim there is our own.
                Some(stored) if stored.request.state == State::Executing(claim.clone()) => {
                    self.send(stored.request, armed, &claim).await
                }
                Some(_) | None => Err(why.into()),
            },
        }
    }

    async fn recheck(&self, request: &Request) -> Result<(Armed, String, Claim), NotNow> {
        let refuse = |why| NotNow::Never(Box::new(Event::Refused { why }));
        let policy = self
            .rules
            .today(SignedDuration::ZERO, (self.clock)())
            .await
            .map_err(|why| refuse(Refusal::Lookup { why: why.to_string() }))?;
        self.with_rights_of_today(request).await.map_err(refuse)?.still_allowed(&policy).map_err(refuse)?;
        let Some(seen) = request.plan.as_deref().filter(|plan| plan.v == Plan::VERSION) else {
            return Err(refuse(Refusal::Upgraded));
        };
        let (plan, means) = self.plan_again(request, &policy).await?;
        if plan.sees_less_than(seen) {
            return Err(NotNow::Later(Lapse::CloudSilent));
        }
        let drift = plan.drift_from(seen);
        if !drift.is_empty() {
            return Err(NotNow::Never(Box::new(Event::Stale { drift })));
        }
        let mut armed =
            self.cloud.arm().await.map_err(|why| refuse(Refusal::Lookup { why: why.to_string() }))?;
        // Last of all: only what may leave in the next moment gets a password.
        armed.unwritten =
            self.unwritten(&plan.order, means).await.map_err(|why| refuse(Refusal::Plan(why)))?;
        let signed_at = (self.clock)();
        let claim = Claim { token: self.token(), signed_at, baseline: plan.machine.last, wire: armed.wire };
        Ok((armed, policy.hash.clone(), claim))
    }

    /// The request with the groups and roles that its people hold now; what was proven at the click may be gone.
    async fn with_rights_of_today(&self, request: &Request) -> Result<Request, Refusal> {
        let mut today = request.clone();
        for caller in today.callers_mut().filter(|caller| !caller.proven.is_empty()) {
            let proven = self.chat.proven(caller).await;
            caller.proven = proven.map_err(|why| Refusal::Lookup { why: why.to_string() })?;
        }
        Ok(today)
    }

    async fn plan_again(&self, request: &Request, policy: &Policy) -> Result<(Plan, Means), NotNow> {
        let machine = match self.cloud.describe(&request.ask.instance).await {
            Ok(answer) => answer.value,
            Err(why) => {
                tracing::warn!(request.id = %request.id, error = %why, "The second look failed");
                return Err(NotNow::Later(Lapse::CloudSilent));
            }
        };
        self.draw(request, machine, policy).await.map_err(|why| match why {
            PlanRefusal::NotIdle { .. } => NotNow::Later(Lapse::Busy),
            why => NotNow::Never(Box::new(Event::Refused { why: Refusal::Plan(why) })),
        })
    }

    /// Sends once, and stores what came of it. Nothing after this line is ever sent again.
    async fn send(&self, request: Request, armed: Armed, claim: &Claim) -> anyhow::Result<()> {
        let Some(plan) = request.plan.clone() else { return Ok(()) };
        let event = if (self.clock)() >= claim.signed_at + SEND_WINDOW {
            Event::Failed { failure: Failure::not_sent("the claim was too old to be used") }
        } else {
            match self.cloud.reset(armed, &plan.order, claim).await {
                Sent::Accepted { request_id } => Event::Accepted { request_id, inferred: false },
                Sent::Failed(failure) => Event::Failed { failure },
                Sent::Unknown { why } => Event::Unknown { why },
            }
        };
        self.store_outcome(request, event).await
    }

    /// The outcome is all that is left to lose: it is tried a few times, and logged when the store will not have it.
    async fn store_outcome(&self, mut request: Request, event: Event) -> anyhow::Result<()> {
        let mut failure = anyhow::anyhow!("another process settled this request");
        for _ in 0..RECORD_TRIES {
            let Ok(after) = decided(&request, event.clone(), (self.clock)()) else { return Ok(()) };
            let policy = match self.policy_hash().await {
                Ok(policy) => policy,
                Err(why) => {
                    failure = why.into();
                    continue;
                }
            };
            match self.store.commit(Commit::advance(&request, after, &policy)).await {
                Ok(()) => return Ok(()),
                Err(why) => failure = why.into(),
            }
            if let Ok(Some(row)) = self.store.load(&request.id).await {
                request = row.request;
            }
        }
        tracing::error!(request.id = %request.id, outcome = ?event, "The outcome could not be stored; it will be found out by looking");
        Err(failure)
    }
}
