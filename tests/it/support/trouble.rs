//! A cloud whose answers go wrong by chance: the same chance for the same seed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cleanslate::cloud::{Answer, Armed, Cloud, CloudError, Sent};
use cleanslate::domain::Clock;
use cleanslate::domain::id::{ImageId, InstanceId};
use cleanslate::domain::plan::{Image, Machine, Price, Progress, ResetOrder};
use cleanslate::domain::request::{Claim, Failure};
use jiff::{SignedDuration, Timestamp};

use super::fleet::{Fleet, Net};
use super::search::Dice;

/// What goes wrong with one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// The question never arrives.
    DropBefore,
    /// The answer never arrives.
    DropAfter,
    /// It is an HTTP 502, no JSON, half of an answer: what was done is done.
    Unreadable,
    /// An error code of an order that was not carried out.
    Refused,
    /// An error code that may come of either.
    Internal,
    /// The question takes long to arrive.
    Late,
    /// The answer takes long to arrive.
    Slow,
    /// Without the `Date` that would prove when it was given.
    Dateless,
    /// What can be null is null.
    Null,
    /// Nothing is found.
    Gone,
    /// What was true a while ago, with today's `Date`.
    Stale,
    /// The answer before, once more.
    Repeated,
    /// With another request's `RequestId`.
    WrongId,
}

use Trouble::{
    Dateless, DropAfter, DropBefore, Gone, Internal, Late, Null, Refused, Repeated, Slow, Stale, Unreadable,
    WrongId,
};

const DESCRIBE: [Trouble; 12] =
    [DropBefore, DropAfter, Unreadable, Refused, Internal, Late, Slow, Dateless, Null, Gone, Stale, Repeated];
const READ: [Trouble; 9] = [DropBefore, DropAfter, Unreadable, Refused, Internal, Late, Slow, Dateless, Null];
const ARM: [Trouble; 2] = [DropAfter, Slow];
const RESET: [Trouble; 8] = [DropBefore, DropAfter, Unreadable, Refused, Internal, Late, Slow, WrongId];

/// Every call, with what can go wrong with it.
pub(crate) const ALL: [(&str, &[Trouble]); 6] = [
    ("DescribeInstances", &DESCRIBE),
    ("DescribeImages", &READ),
    ("InquiryPriceResetInstance", &READ),
    ("DescribeSnapshots", &READ),
    ("credentials", &ARM),
    ("ResetInstance", &RESET),
];

/// A call, and what went wrong with it.
pub(crate) type Met = (&'static str, Trouble);

/// How long the cloud's view of an instance can lag behind: what a reset that was lost is waited for longer than it
/// can begin.
const LAG: SignedDuration = SignedDuration::from_secs(110);

pub(crate) struct Troubled {
    fleet: Arc<Fleet>,
    clock: Clock,
    /// Lets time go by.
    passes: Box<dyn Fn(SignedDuration) + Send + Sync>,
    state: Mutex<State>,
}

struct State {
    dice: Dice,
    /// Of a hundred answers so many go wrong.
    percent: usize,
    /// Nothing goes wrong before the reset, which then does: most requests would not come so far.
    calm: bool,
    met: Vec<Met>,
    /// What was seen of the instance and when, for as long as it may still be answered.
    seen: VecDeque<(Timestamp, Answer<Option<Machine>>)>,
}

impl Troubled {
    pub(crate) fn new(
        fleet: Arc<Fleet>,
        clock: Clock,
        passes: Box<dyn Fn(SignedDuration) + Send + Sync>,
        seed: u64,
    ) -> Self {
        let mut dice = Dice::of(seed);
        let (percent, calm) = (dice.one_of(&[5, 15, 40, 75]), dice.below(2) == 0);
        let (seconds, fails) = (dice.one_of(&[5, 60, 160, 700, 2400]), dice.below(8) == 0);
        fleet.act(|account| {
            account.reinstall = SignedDuration::from_secs(seconds);
            account.ends = if fails { Progress::Failed } else { Progress::Success };
        });
        let state = State { dice, percent, calm, met: Vec::new(), seen: VecDeque::new() };
        Self { fleet, clock, passes, state: Mutex::new(state) }
    }

    pub(crate) fn met(&self) -> Vec<Met> {
        self.state.lock().unwrap().met.clone()
    }

    fn draw(&self, call: &'static str) -> Option<Trouble> {
        let (_, all) = ALL.into_iter().find(|(name, _)| *name == call).unwrap();
        let mut state = self.state.lock().unwrap();
        let percent = match (call, state.calm) {
            ("ResetInstance", true) => {
                state.calm = false;
                100
            }
            (_, true) => 0,
            (_, false) => state.percent,
        };
        let trouble = (state.dice.below(100) < percent).then(|| state.dice.one_of(all))?;
        state.met.push((call, trouble));
        Some(trouble)
    }

    fn roll<T>(&self, roll: impl FnOnce(&mut Dice) -> T) -> T {
        roll(&mut self.state.lock().unwrap().dice)
    }

    fn pass(&self, at_most: usize) {
        let seconds = self.roll(|dice| dice.seconds(at_most));
        (self.passes)(SignedDuration::from_secs(seconds));
    }

    /// A question, which changes nothing. `null` is the answer when what can be null is.
    async fn ask<T: Send>(
        &self,
        trouble: Option<Trouble>,
        look: impl Future<Output = Result<Answer<T>, CloudError>> + Send,
        null: impl FnOnce(T) -> T + Send,
    ) -> Result<Answer<T>, CloudError> {
        let refused = |code: &str| CloudError::Refused { code: code.to_owned(), message: "no".to_owned() };
        if trouble == Some(Late) {
            self.pass(15);
        }
        let answer = look.await;
        match trouble {
            Some(DropBefore | DropAfter) => Err(CloudError::Unclear("no answer".to_owned())),
            Some(Unreadable) => Err(CloudError::Unclear("the answer was no JSON".to_owned())),
            Some(Refused) => Err(refused(self.roll(|dice| {
                dice.one_of(&[
                    "RequestLimitExceeded",
                    "AuthFailure.SignatureFailure",
                    "UnauthorizedOperation",
                ])
            }))),
            Some(Internal) => Err(refused("InternalError")),
            Some(Slow) => {
                self.pass(15);
                answer
            }
            Some(Dateless) => answer.map(|answer| Answer { date: None, ..answer }),
            Some(Null) => answer.map(|Answer { date, value }| Answer { date, value: null(value) }),
            Some(Late | Gone | Stale | Repeated | WrongId) | None => answer,
        }
    }

    /// What was seen of the instance before: a while ago, or last.
    fn before(&self, trouble: Trouble) -> Option<Answer<Option<Machine>>> {
        let now = (self.clock)();
        let mut state = self.state.lock().unwrap();
        let State { dice, seen, .. } = &mut *state;
        seen.retain(|(at, _)| *at + LAG >= now);
        match trouble {
            Stale if !seen.is_empty() => {
                let (_, old) = &seen[dice.below(seen.len())];
                Some(Answer { date: Some(now), value: old.value.clone() })
            }
            Repeated => seen.back().map(|(_, last)| last.clone()),
            _ => None,
        }
    }

    /// An error code, of an order that was not carried out.
    fn refuse(&self) -> Sent {
        let code = self.roll(|dice| {
            dice.one_of(&[
                "RequestLimitExceeded",
                "UnsupportedOperation.InstanceStateStopping",
                "AuthFailure",
            ])
        });
        Sent::Failed(Failure {
            code: code.to_owned(),
            message: "no".to_owned(),
            advice: "This request wiped nothing.".to_owned(),
            request_id: None,
        })
    }
}

#[async_trait]
impl Cloud for Troubled {
    async fn describe(&self, instance: &InstanceId) -> Result<Answer<Option<Machine>>, CloudError> {
        let trouble = self.draw("DescribeInstances");
        if let Some(old) = trouble.and_then(|trouble| self.before(trouble)) {
            return Ok(old);
        }
        let (image, last) = self.roll(|dice| dice.one_of(&[(true, true), (true, false), (false, true)]));
        let nulls = |machine: Machine| Machine {
            image: machine.image.filter(|_| !image),
            last: machine.last.filter(|_| !last),
            ..machine
        };
        let look = async {
            let answer = self.fleet.describe(instance).await;
            if let Ok(answer) = &answer {
                self.state.lock().unwrap().seen.push_back(((self.clock)(), answer.clone()));
            }
            answer
        };
        let answer = self.ask(trouble, look, |found| found.map(nulls)).await?;
        Ok(if trouble == Some(Gone) { Answer { value: None, ..answer } } else { answer })
    }

    async fn image(&self, region: &str, image: &ImageId) -> Result<Answer<Option<Image>>, CloudError> {
        self.ask(self.draw("DescribeImages"), self.fleet.image(region, image), |_| None).await
    }

    async fn price(&self, order: &ResetOrder) -> Result<Answer<Price>, CloudError> {
        let nothing = |price| Price { rate: None, once: None, ..price };
        self.ask(self.draw("InquiryPriceResetInstance"), self.fleet.price(order), nothing).await
    }

    async fn newest_snapshot(
        &self,
        region: &str,
        disk: &str,
    ) -> Result<Answer<Option<Timestamp>>, CloudError> {
        self.ask(self.draw("DescribeSnapshots"), self.fleet.newest_snapshot(region, disk), |_| None).await
    }

    async fn arm(&self) -> Result<Armed, CloudError> {
        match self.draw("credentials") {
            Some(Slow) => self.pass(15),
            Some(_) => return Err(CloudError::Credentials("no answer".to_owned())),
            None => {}
        }
        self.fleet.arm().await
    }

    async fn reset(&self, _: Armed, _: &ResetOrder, claim: &Claim) -> Sent {
        let carry = |net| self.fleet.carry(net, claim.signed_at);
        let late = || Net::OrderLate(SignedDuration::from_secs(self.roll(|dice| dice.seconds(600))));
        match self.draw("ResetInstance") {
            Some(DropBefore) => carry(Net::OrderLost),
            Some(DropAfter | Unreadable) => carry(Net::AnswerLost),
            Some(Internal) => carry(self.roll(|dice| dice.one_of(&[Net::AnswerLost, Net::OrderLost]))),
            Some(Refused) => self.refuse(),
            Some(Late) => carry(late()),
            Some(WrongId) => match carry(Net::Fine) {
                Sent::Accepted { .. } => Sent::Accepted { request_id: "another-request".to_owned() },
                sent => sent,
            },
            Some(Slow) => {
                let sent = carry(Net::Fine);
                self.pass(15);
                sent
            }
            Some(Dateless | Null | Gone | Stale | Repeated) | None => carry(Net::Fine),
        }
    }
}
