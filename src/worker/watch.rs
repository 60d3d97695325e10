//! Looking at the cloud: before the card, and after the reset.

use jiff::{SignedDuration, Timestamp};

use super::{RETRY, Worker};
use crate::domain::id::ImageId;
use crate::domain::plan::{Findings, Known, Machine, Means, Plan, PlanRefusal};
use crate::domain::policy::Policy;
use crate::domain::request::{CARD_DEADLINE, Event, Look, Refusal, Request, Terms, Verdict};
use crate::store::Row;

impl Worker {
    /// Draws the plan, or says why there can be none. Reads only: it may be run any number of times.
    pub(super) async fn plan(&self, row: Row, now: Timestamp) -> anyhow::Result<()> {
        let policy = match self.rules.today(SignedDuration::ZERO, now).await {
            Ok(policy) => policy,
            Err(why) => return self.plan_later(&row, Refusal::Lookup { why: why.to_string() }).await,
        };
        let machine = match self.cloud.describe(&row.request.ask.instance).await {
            Ok(answer) => answer.value,
            Err(why) => {
                let refusal = Refusal::CloudSilent { why: why.to_string() };
                return if why.is_transient() {
                    self.plan_later(&row, refusal).await
                } else {
                    self.record(&row, Event::Refused { why: refusal }).await
                };
            }
        };
        let event = match self.draw(&row.request, machine, &policy).await {
            Ok((plan, _)) => planned(plan, &row.request, &policy),
            Err(why) => Event::Refused { why: Refusal::Plan(why) },
        };
        self.record(&row, event).await
    }

    /// Tries the preflight again, until no card could come in time.
    async fn plan_later(&self, row: &Row, refusal: Refusal) -> anyhow::Result<()> {
        if (self.clock)() + RETRY >= row.request.opened() + CARD_DEADLINE {
            return self.record(row, Event::Refused { why: refusal }).await;
        }
        self.retry_later(row).await
    }

    pub(super) async fn draw(
        &self,
        request: &Request,
        machine: Option<Machine>,
        policy: &Policy,
    ) -> Result<(Plan, Means), PlanRefusal> {
        let ask = &request.ask;
        let Some(machine) = machine else {
            return Err(PlanRefusal::NoSuchInstance { regions: self.regions.clone() });
        };
        let current = match &machine.image {
            Some(id) => self.image(&machine.region, id).await,
            None => Known::Missing,
        };
        let target = match &ask.image {
            Some(id) if machine.image.as_ref() == Some(id) => current.clone(),
            Some(id) => self.image(&machine.region, id).await,
            None => Known::Missing,
        };
        let means = self.means(request).await?;
        let findings = Findings { account: self.account.clone(), machine, current, target };
        Ok((Plan::draw(ask, findings, policy, &means)?, means))
    }

    async fn image(&self, region: &str, id: &ImageId) -> Known<crate::domain::plan::Image> {
        match self.cloud.image(region, id).await {
            Ok(answer) => answer.value.map_or(Known::Missing, Known::Found),
            Err(why) => Known::Unasked(why.to_string()),
        }
    }

    /// One look at a reset that was sent, or may have been.
    pub(super) async fn look(&self, row: Row) -> anyhow::Result<()> {
        let answer = self.cloud.describe(&row.request.ask.instance).await;
        let at = (self.clock)();
        let verdict = match &answer {
            Ok(answer) => {
                let look = Look { at, date: answer.date, machine: answer.value.as_ref() };
                row.request.judge(look, row.sighting.as_ref())
            }
            Err(why) => {
                tracing::warn!(request.id = %row.request.id, error = %why, "Tencent Cloud could not be asked");
                row.request.judge_silence(at)
            }
        };
        match verdict {
            Verdict::Record(event) => self.record(&row, *event).await,
            Verdict::Again(wait, sighting) => {
                let (id, rev) = (&row.request.id, row.request.rev());
                Ok(self.store.defer(id, rev, Some(at + wait), sighting).await?)
            }
        }
    }
}

fn planned(plan: Plan, request: &Request, policy: &Policy) -> Event {
    let requester = &request.caller;
    let mut approvers: Vec<_> = policy.approvers.iter().cloned().collect();
    approvers.retain(|principal| *principal != requester.actor.principal());
    let terms = Terms {
        quorum: policy.quorum,
        approvers,
        requester_may: policy.lets_self_approve(requester),
        all_type: policy.confirms(&plan.machine),
        expires: policy.expires,
    };
    let digest = plan.digest();
    Event::Planned { plan: Box::new(plan), terms, digest }
}
