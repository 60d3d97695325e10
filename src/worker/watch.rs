//! Looking at the cloud: before the card, and after the reset.

use futures_util::future::join;
use jiff::{SignedDuration, Timestamp};

use super::{RETRY, Worker};
use crate::cloud::errors::{self, Meaning};
use crate::cloud::{Answer, CloudError};
use crate::domain::ask::Ask;
use crate::domain::id::ImageId;
use crate::domain::plan::{Findings, Image, Known, Machine, Means, Plan, PlanRefusal, Price};
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
        let (current, target) = self.images(ask, &machine).await;
        let means = self.means(request).await?;
        let found = Findings { account: self.account.clone(), machine, current, target };
        let plan = Plan::draw(ask, found, policy, &means)?;
        let (region, disk) = (&plan.machine.region, &plan.machine.disk.id);
        let (price, snapshot) =
            join(self.cloud.price(&plan.order), self.cloud.newest_snapshot(region, disk)).await;
        let price = priced(&plan, price)?;
        Ok((Plan { price, snapshot: known(snapshot), ..plan }, means))
    }

    /// Today's image and the one asked for.
    async fn images(&self, ask: &Ask, machine: &Machine) -> (Known<Image>, Known<Image>) {
        let look = async |id: Option<&ImageId>| match id {
            Some(id) => known(self.cloud.image(&machine.region, id).await),
            None => Known::Missing,
        };
        let other = ask.image.as_ref().filter(|id| machine.image.as_ref() != Some(*id));
        let (current, target) = join(look(machine.image.as_ref()), look(other)).await;
        let target = if other.is_none() && ask.image.is_some() { current.clone() } else { target };
        (current, target)
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

fn known<T>(answer: Result<Answer<Option<T>>, CloudError>) -> Known<T> {
    match answer {
        Ok(answer) => answer.value.map_or(Known::Missing, Known::Found),
        Err(why) => unasked(&why),
    }
}

fn unasked<T>(why: &CloudError) -> Known<T> {
    Known::Unasked(match why {
        CloudError::Refused { code, .. } => format!("Tencent Cloud answered {code}"),
        why => why.to_string(),
    })
}

/// The price, or why the reset would be refused. What it is for a change between Linux and Windows is told for fewer
/// machines than can be changed: there a no says nothing about the reset.
fn priced(plan: &Plan, answer: Result<Answer<Price>, CloudError>) -> Result<Known<Price>, PlanRefusal> {
    let why = match answer {
        Ok(answer) => return Ok(Known::Found(answer.value)),
        Err(why) => why,
    };
    if let CloudError::Refused { code, .. } = &why
        && let Some(Meaning { what, advice }) = errors::forbids(code).filter(|_| !plan.may_switch())
    {
        return Err(PlanRefusal::WouldRefuse { code: code.clone(), advice: format!("{what} {advice}") });
    }
    Ok(unasked(&why))
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
