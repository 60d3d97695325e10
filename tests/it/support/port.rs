//! Every call of a process passes here, and can be its last.

use std::sync::Arc;

use async_trait::async_trait;
use cleanslate::audit::Head;
use cleanslate::chat::{Chat, ChatError};
use cleanslate::cloud::{Answer, Armed, Cloud, CloudError, Sent};
use cleanslate::domain::id::{ImageId, InstanceId, MessageRef, Place, Principal, RequestId};
use cleanslate::domain::notice::Notice;
use cleanslate::domain::password::Password;
use cleanslate::domain::plan::{Image, Machine, Price, ResetOrder};
use cleanslate::domain::policy::Caller;
use cleanslate::domain::request::{Card, Claim, Sighting};
use cleanslate::secrets::vault::Vault;
use cleanslate::store::{Commit, Due, Row, Store, StoreError, Tally, Tell};
use jiff::Timestamp;

/// What happens at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    DieBefore,
    DieAfter,
    /// It is done, and the caller does not learn so.
    AnswerLost,
    /// It is not done, and the caller does not learn so.
    CallLost,
    /// The process stands still for so many seconds before the call, while another one works.
    Stall(i64),
}

/// What a call does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    Looks,
    Changes,
}

/// One call that could fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// The request's revision before it.
    pub(crate) rev: u32,
    pub(crate) touch: Touch,
    pub(crate) world: Moment,
}

/// The world outside of the process that calls. Two processes that die at the same moment leave the same behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Moment {
    pub(crate) changes: u32,
    pub(crate) now: Timestamp,
    pub(crate) processes: u32,
    pub(crate) acts: u32,
}

impl Moment {
    /// After one change more.
    pub(crate) fn changed(self) -> Self {
        Self { changes: self.changes + 1, ..self }
    }
}

/// Says what happens next, and carries out what concerns more than one call.
pub(crate) trait Fate: Send + Sync {
    /// The fault of the next call; `Err`: the process is dead.
    fn next(&self, touch: Touch) -> Result<Option<Fault>, Dead>;
    fn die(&self);
    fn stall(&self, seconds: i64);
}

pub(crate) struct Dead;

/// The ports of one process.
pub(crate) struct Port {
    pub(crate) fate: Arc<dyn Fate>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) chat: Arc<dyn Chat>,
    pub(crate) cloud: Arc<dyn Cloud>,
    pub(crate) vault: Arc<dyn Vault>,
}

impl Port {
    async fn call<T, E>(
        &self,
        touch: Touch,
        work: impl Future<Output = Result<T, E>> + Send,
        unclear: impl FnOnce() -> E + Send,
    ) -> Result<T, E> {
        match self.fate.next(touch) {
            Ok(None) => return work.await,
            Ok(Some(Fault::Stall(seconds))) => {
                self.fate.stall(seconds);
                return work.await;
            }
            Ok(Some(Fault::AnswerLost)) => {
                drop(work.await);
                return Err(unclear());
            }
            Ok(Some(Fault::CallLost)) => return Err(unclear()),
            Ok(Some(Fault::DieAfter)) => {
                drop(work.await);
                self.fate.die();
            }
            Ok(Some(Fault::DieBefore)) => self.fate.die(),
            Err(Dead) => {}
        }
        std::future::pending().await
    }

    async fn stored<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.call(Touch::Changes, work, || StoreError::Unclear(anyhow::anyhow!("no answer"))).await
    }

    async fn read<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.call(Touch::Looks, work, || StoreError::Unclear(anyhow::anyhow!("no answer"))).await
    }

    async fn said<T>(&self, work: impl Future<Output = Result<T, ChatError>> + Send) -> Result<T, ChatError> {
        self.call(Touch::Changes, work, || ChatError::Unclear("no answer".to_owned())).await
    }

    async fn asked<T>(
        &self,
        work: impl Future<Output = Result<T, CloudError>> + Send,
    ) -> Result<T, CloudError> {
        self.call(Touch::Looks, work, || CloudError::Unclear("no answer".to_owned())).await
    }
}

#[async_trait]
impl Store for Port {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.stored(self.store.commit(commit)).await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Row>, StoreError> {
        self.read(self.store.load(id)).await
    }

    async fn by_prefix(&self, prefix: &str) -> Result<Vec<Row>, StoreError> {
        self.read(self.store.by_prefix(prefix)).await
    }

    async fn by_instance(&self, instance: &InstanceId) -> Result<Option<Row>, StoreError> {
        self.read(self.store.by_instance(instance)).await
    }

    async fn open(&self) -> Result<Vec<Row>, StoreError> {
        self.read(self.store.open()).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.read(self.store.due(now, limit)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(self.store.next_due()).await
    }

    async fn lease(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.stored(self.store.lease(id, seen, until)).await
    }

    async fn lease_card(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.stored(self.store.lease_card(id, seen, until)).await
    }

    async fn defer(
        &self,
        id: &RequestId,
        rev: u32,
        due_at: Option<Timestamp>,
        sighting: Option<Sighting>,
    ) -> Result<(), StoreError> {
        self.stored(self.store.defer(id, rev, due_at, sighting)).await
    }

    async fn mark_card(
        &self,
        id: &RequestId,
        was: &Card,
        card: &Card,
        due_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.stored(self.store.mark_card(id, was, card, due_at)).await
    }

    async fn settle_tell(&self, id: &str, again_at: Option<Timestamp>) -> Result<(), StoreError> {
        self.stored(self.store.settle_tell(id, again_at)).await
    }

    async fn add_tells(&self, tells: Vec<Tell>, now: Timestamp) -> Result<(), StoreError> {
        self.stored(self.store.add_tells(tells, now)).await
    }

    async fn tally(&self, key: &str, window: i64) -> Result<Tally, StoreError> {
        self.stored(self.store.tally(key, window)).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.read(self.store.head()).await
    }

    async fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.read(self.store.entries(from, limit)).await
    }

    async fn requests(&self, after: Option<&RequestId>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(self.store.requests(after, limit)).await
    }
}

#[async_trait]
impl Chat for Port {
    async fn post(
        &self,
        place: &Place,
        notice: &Notice,
        under: Option<&MessageRef>,
        key: &str,
    ) -> Result<MessageRef, ChatError> {
        self.said(self.chat.post(place, notice, under, key)).await
    }

    async fn update(&self, place: &Place, message: &MessageRef, notice: &Notice) -> Result<(), ChatError> {
        self.said(self.chat.update(place, message, notice)).await
    }

    async fn tell(&self, place: &Place, user: &str, notice: &Notice, key: &str) -> Result<(), ChatError> {
        self.said(self.chat.tell(place, user, notice, key)).await
    }

    async fn proven(&self, caller: &Caller) -> Result<Vec<Principal>, ChatError> {
        self.said(self.chat.proven(caller)).await
    }
}

#[async_trait]
impl Cloud for Port {
    async fn describe(&self, instance: &InstanceId) -> Result<Answer<Option<Machine>>, CloudError> {
        self.asked(self.cloud.describe(instance)).await
    }

    async fn image(&self, region: &str, image: &ImageId) -> Result<Answer<Option<Image>>, CloudError> {
        self.asked(self.cloud.image(region, image)).await
    }

    async fn price(&self, order: &ResetOrder) -> Result<Answer<Price>, CloudError> {
        self.asked(self.cloud.price(order)).await
    }

    async fn newest_snapshot(
        &self,
        region: &str,
        disk: &str,
    ) -> Result<Answer<Option<Timestamp>>, CloudError> {
        self.asked(self.cloud.newest_snapshot(region, disk)).await
    }

    async fn arm(&self) -> Result<Armed, CloudError> {
        self.asked(self.cloud.arm()).await
    }

    async fn reset(&self, armed: Armed, order: &ResetOrder, claim: &Claim) -> Sent {
        let sent = async { Ok(self.cloud.reset(armed, order, claim).await) };
        let unclear = || Sent::Unknown { why: "no answer".to_owned() };
        self.call(Touch::Changes, sent, unclear).await.unwrap_or_else(|unknown| unknown)
    }
}

#[async_trait]
impl Vault for Port {
    fn reading(&self, name: &str) -> String {
        self.vault.reading(name)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        self.call(Touch::Looks, self.vault.ready(), || anyhow::anyhow!("no answer")).await
    }

    async fn keep(&self, name: &str, password: &Password) -> anyhow::Result<Password> {
        let kept = self.vault.keep(name, password);
        self.call(Touch::Changes, kept, || anyhow::anyhow!("no answer")).await
    }
}
