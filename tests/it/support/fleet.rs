//! One machine in a cloud in memory, and clients that are wrong on purpose.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use cleanslate::cloud::{Answer, Armed, Cloud, CloudError, Credentials, Sent, Unwritten};
use cleanslate::domain::Clock;
use cleanslate::domain::id::{ImageId, InstanceId};
use cleanslate::domain::plan::{Image, LoginOrder, Machine, Operation, Price, Progress, ResetOrder};
use cleanslate::domain::request::{Claim, Failure, Wire};
use jiff::{SignedDuration, Timestamp};

use super::sample;

/// The cloud refuses a signature that is older.
const SIGNATURE_LIFE: SignedDuration = SignedDuration::from_secs(300);
/// What the network does to each reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Net {
    Fine,
    /// It arrives and its answer does not.
    AnswerLost,
    /// It does not arrive, and nobody says so.
    OrderLost,
    /// It arrives so much later than the client waits.
    OrderLate(SignedDuration),
}

/// What can be looked up.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) machine: Machine,
    /// Every image, whatever its id.
    pub(crate) image: Result<Option<Image>, CloudError>,
    pub(crate) price: Result<Price, CloudError>,
    pub(crate) snapshot: Result<Option<Timestamp>, CloudError>,
    /// How long a reinstall takes.
    pub(crate) reinstall: SignedDuration,
    /// How it ends.
    pub(crate) ends: Progress,
    /// After so many resets were sent it names no operation: every field of them may be null.
    pub(crate) mute_after: Option<u32>,
}

/// Something that somebody does in the account.
pub(crate) type Deed = fn(&mut Account);

/// The machine and everything that was done to it.
pub(crate) struct Fleet {
    clock: Clock,
    net: Net,
    /// What happens to it before it is wiped, in a life in which it drifts.
    drift: Mutex<Deed>,
    state: Mutex<State>,
}

struct State {
    account: Account,
    /// Resets that were sent, carried out or not.
    sent: u32,
    wipes: u32,
    done_at: Option<Timestamp>,
    /// A reset under way: when it arrives, and when it was signed.
    late: Option<(Timestamp, Timestamp)>,
    /// The password that came with each reset, which had one, and its secret's name.
    passwords: Vec<(String, String)>,
}

impl Fleet {
    pub(crate) fn new(clock: Clock, net: Net) -> Self {
        let account = Account {
            machine: sample::machine(sample::INSTANCE),
            image: Ok(Some(sample::image("img-pmqg1cw7"))),
            price: Ok(sample::price("0.66")),
            snapshot: Ok(Some(sample::start())),
            reinstall: SignedDuration::from_secs(60),
            ends: Progress::Success,
            mute_after: None,
        };
        let state = State { account, sent: 0, wipes: 0, done_at: None, late: None, passwords: Vec::new() };
        let rename: Deed = |account| "web-8".clone_into(&mut account.machine.name);
        Self { clock, net, drift: Mutex::new(rename), state: Mutex::new(state) }
    }

    /// The state as of now.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap();
        let now = (self.clock)();
        if let Some((arrives, signed_at)) = state.late.filter(|(arrives, _)| *arrives <= now) {
            state.late = None;
            state.reset(signed_at, arrives);
        }
        if state.done_at.is_some_and(|at| at <= now) {
            state.done_at = None;
            state.account.machine.last.as_mut().unwrap().progress = state.account.ends;
        }
        state
    }

    /// How often the disk was wiped.
    pub(crate) fn wipes(&self) -> u32 {
        self.state().wipes
    }

    pub(crate) fn passwords(&self) -> Vec<(String, String)> {
        self.state().passwords.clone()
    }

    /// Somebody works on the machine in the console.
    pub(crate) fn drift(&self) {
        let drift = *self.drift.lock().unwrap();
        self.act(drift);
    }

    pub(crate) fn will_drift(&self, by: Deed) {
        *self.drift.lock().unwrap() = by;
    }

    pub(crate) fn act(&self, deed: impl FnOnce(&mut Account)) {
        deed(&mut self.state().account);
    }

    /// A reset that was signed then meets this network.
    pub(crate) fn carry(&self, net: Net, signed_at: Timestamp) -> Sent {
        let (now, mut state) = ((self.clock)(), self.state());
        state.sent += 1;
        match net {
            Net::Fine => return state.reset(signed_at, now),
            Net::AnswerLost => drop(state.reset(signed_at, now)),
            Net::OrderLost => {}
            Net::OrderLate(by) => state.late = Some((now + by, signed_at)),
        }
        Sent::Unknown { why: "no answer".to_owned() }
    }

    /// An answer of now.
    fn answer<T>(
        &self,
        look: impl FnOnce(&Account) -> Result<T, CloudError>,
    ) -> Result<Answer<T>, CloudError> {
        let value = look(&self.state().account)?;
        Ok(Answer { date: Some((self.clock)()), value })
    }
}

impl State {
    fn reset(&mut self, signed_at: Timestamp, now: Timestamp) -> Sent {
        if now > signed_at + SIGNATURE_LIFE {
            return Sent::Failed(Failure {
                code: "AuthFailure.SignatureExpire".to_owned(),
                message: "the signature has expired".to_owned(),
                advice: String::new(),
                request_id: None,
            });
        }
        self.wipes += 1;
        self.done_at = Some(now + self.account.reinstall);
        let request_id = format!("reset-{}", self.wipes);
        self.account.machine.last = Some(Operation {
            name: "ResetInstance".to_owned(),
            progress: Progress::Operating,
            request_id: request_id.clone(),
            error: None,
        });
        Sent::Accepted { request_id }
    }
}

#[async_trait]
impl Cloud for Fleet {
    async fn describe(&self, instance: &InstanceId) -> Result<Answer<Option<Machine>>, CloudError> {
        let sent = self.state().sent;
        self.answer(|account| {
            let mut machine = account.machine.clone();
            machine.last = machine.last.filter(|_| account.mute_after.is_none_or(|after| sent < after));
            Ok((machine.id == *instance).then_some(machine))
        })
    }

    async fn image(&self, _: &str, id: &ImageId) -> Result<Answer<Option<Image>>, CloudError> {
        self.answer(|account| {
            let image = account.image.clone()?;
            Ok(image.map(|image| Image { id: id.clone(), ..image }))
        })
    }

    async fn price(&self, _: &ResetOrder) -> Result<Answer<Price>, CloudError> {
        self.answer(|account| account.price.clone())
    }

    async fn newest_snapshot(&self, _: &str, _: &str) -> Result<Answer<Option<Timestamp>>, CloudError> {
        self.answer(|account| account.snapshot.clone())
    }

    async fn arm(&self) -> Result<Armed, CloudError> {
        let (secret_id, secret_key) = ("id".to_owned(), "key".to_owned().into());
        let credentials = Credentials { secret_id, secret_key, token: None };
        Ok(Armed { credentials, unwritten: Unwritten::default(), wire: Wire::V3 })
    }

    async fn reset(&self, armed: Armed, order: &ResetOrder, claim: &Claim) -> Sent {
        if let LoginOrder::Vault(secret) = &order.login {
            let password = armed.unwritten.password.unwrap().expose().to_owned();
            self.state().passwords.push((secret.name.clone(), password));
        }
        self.carry(self.net, claim.signed_at)
    }
}

/// A client that breaks the one rule of sending.
pub(crate) enum Rogue {
    /// Sends again when no answer comes.
    Resends(Arc<dyn Cloud>),
    /// Signs with the time of sending, not of the claim.
    SignsLate(Arc<dyn Cloud>, Clock),
}

impl Rogue {
    fn cloud(&self) -> &dyn Cloud {
        match self {
            Self::Resends(cloud) | Self::SignsLate(cloud, _) => cloud.as_ref(),
        }
    }
}

#[async_trait]
impl Cloud for Rogue {
    async fn describe(&self, instance: &InstanceId) -> Result<Answer<Option<Machine>>, CloudError> {
        self.cloud().describe(instance).await
    }

    async fn image(&self, region: &str, image: &ImageId) -> Result<Answer<Option<Image>>, CloudError> {
        self.cloud().image(region, image).await
    }

    async fn price(&self, order: &ResetOrder) -> Result<Answer<Price>, CloudError> {
        self.cloud().price(order).await
    }

    async fn newest_snapshot(
        &self,
        region: &str,
        disk: &str,
    ) -> Result<Answer<Option<Timestamp>>, CloudError> {
        self.cloud().newest_snapshot(region, disk).await
    }

    async fn arm(&self) -> Result<Armed, CloudError> {
        self.cloud().arm().await
    }

    async fn reset(&self, armed: Armed, order: &ResetOrder, claim: &Claim) -> Sent {
        match self {
            Self::SignsLate(cloud, clock) => {
                let late = Claim { signed_at: clock(), ..claim.clone() };
                cloud.reset(armed, order, &late).await
            }
            Self::Resends(cloud) => {
                let Armed { credentials, unwritten, wire } = &armed;
                let again =
                    Armed { credentials: credentials.clone(), unwritten: unwritten.clone(), wire: *wire };
                match cloud.reset(armed, order, claim).await {
                    Sent::Unknown { .. } => cloud.reset(again, order, claim).await,
                    sent => sent,
                }
            }
        }
    }
}
