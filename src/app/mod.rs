//! What an event means: decide, commit, answer. Holds no rule of its own: it loads, asks the domain, and commits.

mod click;
mod order;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use crate::chat::{Inbound, Reply};
use crate::domain::notice::{self, Notice};
use crate::domain::policy::{Caller, Denial, Policy};
use crate::domain::request::{Event, Fact};
use crate::store::rules::{NoRules, Rules};
use crate::store::{Commit, Store, StoreError, Tell};

/// Wakes the worker after a commit. May fail silently: the sweep comes within a minute.
pub type Bell = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// How old the policy may be at a command or a click; at the claim it is read afresh.
const POLICY_AGE: SignedDuration = SignedDuration::from_mins(1);
/// How often a lost race for a request's revision is run again.
const RACES: usize = 32;

/// The front: everything it may touch.
pub struct App {
    pub store: Arc<dyn Store>,
    pub rules: Arc<Rules>,
    pub bell: Bell,
}

/// Why an event came to nothing. The caller reads it.
enum Trouble {
    Rules(NoRules),
    Store(StoreError),
}

impl From<NoRules> for Trouble {
    fn from(why: NoRules) -> Self {
        Self::Rules(why)
    }
}

impl From<StoreError> for Trouble {
    fn from(why: StoreError) -> Self {
        Self::Store(why)
    }
}

impl Trouble {
    fn words(&self) -> Notice {
        match self {
            Self::Rules(NoRules::Unreadable(why)) => {
                tracing::error!(error = %why, "The configuration cannot be read, so nobody may do anything");
                notice::lookup_trouble("the configuration")
            }
            Self::Rules(NoRules::Store(why)) | Self::Store(why) => {
                tracing::error!(error = %anyhow_chain(why), "The store failed, so nothing was done");
                notice::store_trouble()
            }
        }
    }
}

fn anyhow_chain(error: &StoreError) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source:#}"))
}

impl App {
    /// Carries out one genuine event.
    pub async fn receive(&self, inbound: Inbound, now: Timestamp) -> Reply {
        match inbound {
            Inbound::Ping => Reply::Pong,
            Inbound::Order { caller, id, order } => {
                let words = self.order(caller, id, order, now).await;
                Reply::Private(words.unwrap_or_else(|trouble| trouble.words()))
            }
            Inbound::Click { caller, id, message, press, typed, inline } => {
                let place = caller.place.clone();
                let user = caller.actor.user.clone();
                let delivery = id.to_string();
                let click = click::Click { caller, id, message, press, typed };
                let reply = self.click(click, now).await;
                match reply.unwrap_or_else(|trouble| Reply::Private(trouble.words())) {
                    Reply::Private(words) if !inline => {
                        self.tell_later(Tell { id: delivery, place, user, words }, now).await
                    }
                    reply => reply,
                }
            }
        }
    }

    /// Leaves a private answer to the worker; if it cannot even be stored, nothing can be said.
    async fn tell_later(&self, tell: Tell, now: Timestamp) -> Reply {
        match self.store.add_tells(vec![tell], now).await {
            Ok(()) => (self.bell)().await,
            Err(why) => tracing::error!(error = %anyhow_chain(&why), "A private answer could not be stored"),
        }
        Reply::Silent
    }

    /// Writes a refusal into the log (once per person, reason and hour, with a count) and says why.
    async fn deny(&self, caller: &Caller, act: &str, denial: Denial, when: (&Policy, Timestamp)) {
        if let Err(why) = self.log_denial(caller, act, denial, when).await {
            tracing::error!(error = %anyhow_chain(&why), "A denial could not be stored");
        }
    }

    async fn log_denial(
        &self,
        caller: &Caller,
        act: &str,
        denial: Denial,
        (policy, now): (&Policy, Timestamp),
    ) -> Result<(), StoreError> {
        let key = format!("deny {} {act} {denial:?}", caller.actor.principal());
        let tally = self.store.tally(&key, now.as_second() / 3600).await?;
        if tally.count > 1 {
            return Ok(());
        }
        let count = 1 + tally.before.saturating_sub(1);
        let event = Event::Denied { caller: caller.clone(), act: act.to_owned(), denial, count };
        let fact = Fact { at: now, by: Some(caller.actor.clone()), event };
        self.store.commit(Commit::note(fact, &policy.hash)).await
    }
}
