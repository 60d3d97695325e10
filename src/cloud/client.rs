//! The HTTP client: pooled connections for reading, a fresh one for the wipe.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::Timestamp;
use serde_json::Value;

use super::errors::{self, Meaning, Verdict};
use super::transport::{self, Lost};
use super::wire::action::{self, Action};
use super::wire::call::{Call, Signing};
use super::wire::envelope::Envelope;
use super::wire::{answer, cbs, request};
use super::{Answer, Armed, Cloud, CloudError, Credentials, Sent, Unwritten, v1};
use crate::domain::Clock;
use crate::domain::id::{ImageId, InstanceId};
use crate::domain::plan::{Image, Machine, Price, ResetOrder};
use crate::domain::request::{Claim, Failure};
use crate::outbound::{self, Timeouts};

/// What credentials are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Read,
    /// The same, after the cloud refused what [`Purpose::Read`] gave: it may have been rotated.
    ReadRefused,
    /// As it is in force now.
    Wipe,
}

/// Fetches the credentials for a purpose.
pub type KeyRing = Arc<dyn Fn(Purpose) -> BoxFuture<'static, anyhow::Result<Credentials>> + Send + Sync>;

/// Where the API is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// May hold `{service}` and `{region}`; without a placeholder one address serves all.
    pub endpoint: String,
    pub signing: Signing,
    /// Where an instance is looked for.
    pub regions: Vec<String>,
    /// Of the cloud's own messages.
    pub language: String,
    pub timeouts: Timeouts,
}

/// CVM, and CBS as far as it is read.
pub struct Client {
    settings: Settings,
    keys: KeyRing,
    clock: Clock,
    reads: reqwest::Client,
    /// What the nonces of this process's reads are made of: a random start, and how many there were.
    nonces: (u64, AtomicU64),
}

impl Client {
    /// # Errors
    /// When the TLS set-up fails, or there are no random numbers.
    pub fn new(settings: Settings, keys: KeyRing, clock: Clock) -> anyhow::Result<Self> {
        let reads = outbound::client(settings.timeouts).build()?;
        let start = getrandom::u64().map_err(|why| anyhow::anyhow!("no random numbers: {why}"))?;
        Ok(Self { settings, keys, clock, reads, nonces: (start, AtomicU64::new(0)) })
    }

    pub(super) fn signing(&self) -> Signing {
        self.settings.signing
    }

    fn nonce(&self) -> u64 {
        let (start, count) = &self.nonces;
        v1::nonce(&format!("{start}-{}", count.fetch_add(1, Ordering::Relaxed)))
    }

    async fn send(
        &self,
        http: &reqwest::Client,
        credentials: &Credentials,
        call: Call<'_>,
    ) -> Result<(Option<Timestamp>, Envelope), Lost> {
        let address = self.settings.endpoint.replace("{service}", call.action.service);
        let url = address.replace("{region}", call.region).parse();
        let url = url.map_err(|_| Lost::NotSent("the endpoint is not an address".to_owned()))?;
        let signed = call.sign(self.settings.signing, url, credentials).map_err(Lost::NotSent)?;
        transport::exchange(http, signed).await
    }

    pub(super) async fn keys(&self, purpose: Purpose) -> Result<Credentials, CloudError> {
        (self.keys)(purpose).await.map_err(|why| CloudError::Credentials(format!("{why:#}")))
    }

    /// A call that changes nothing, with these credentials.
    pub(super) async fn ask(
        &self,
        credentials: &Credentials,
        (action, region): (Action, &str),
        body: &Value,
    ) -> Result<(Option<Timestamp>, Envelope), Lost> {
        let (language, signed_at, nonce) = (&*self.settings.language, (self.clock)(), self.nonce());
        let call = Call { action, region, language, body, signed_at, nonce };
        self.send(&self.reads, credentials, call).await
    }

    /// A call that changes nothing.
    async fn read(&self, action: Action, region: &str, body: &Value) -> Result<Answer<Value>, CloudError> {
        let credentials = self.keys(Purpose::Read).await?;
        let mut answer = self.ask(&credentials, (action, region), body).await;
        if let Ok((_, Envelope::Error { code, .. })) = &answer
            && errors::is_of_the_key(code)
        {
            let newer = self.keys(Purpose::ReadRefused).await?;
            if newer.differ_from(&credentials) {
                answer = self.ask(&newer, (action, region), body).await;
            }
        }
        let Answer { date, value } = understood(answer);
        Ok(Answer { date, value: value? })
    }

    async fn describe_in(
        &self,
        region: &str,
        instance: &InstanceId,
    ) -> Result<Answer<Option<Machine>>, CloudError> {
        let body = request::describe_instance(instance);
        let Answer { date, value } = self.read(action::DESCRIBE_INSTANCES, region, &body).await?;
        let found = answer::machine(&value, region).map_err(unclear)?;
        if found.as_ref().is_some_and(|found| found.id != *instance) {
            return Err(unclear("the answer was about another instance"));
        }
        Ok(Answer { date, value: found })
    }
}

#[async_trait]
impl Cloud for Client {
    async fn describe(&self, instance: &InstanceId) -> Result<Answer<Option<Machine>>, CloudError> {
        let regions = &self.settings.regions;
        let asked = regions.iter().enumerate();
        let mut asked: FuturesUnordered<_> =
            asked.map(async |(n, region)| (n, self.describe_in(region, instance).await)).collect();
        let (mut dates, mut unasked) = (Vec::new(), BTreeMap::new());
        while let Some((n, answer)) = asked.next().await {
            match answer {
                Ok(Answer { date, value: None }) => dates.push(date),
                Ok(found) => return Ok(found),
                Err(why) => drop(unasked.insert(n, why)),
            }
        }
        if unasked.is_empty() {
            // Of several dates the earliest proves least, and one answer without a date leaves no proof at all.
            return Ok(Answer { date: dates.into_iter().min().flatten(), value: None });
        }
        // A region that could not be asked may be the one that has it.
        let without = regions.iter().enumerate().filter(|(n, _)| !unasked.contains_key(n));
        let without = without.map(|(_, region)| region.clone()).collect();
        let unasked = unasked.into_iter().map(|(n, why)| (regions[n].clone(), why)).collect();
        Err(CloudError::Regions { without, unasked })
    }

    async fn image(&self, region: &str, image: &ImageId) -> Result<Answer<Option<Image>>, CloudError> {
        let body = request::describe_image(image);
        let Answer { date, value } = self.read(action::DESCRIBE_IMAGES, region, &body).await?;
        let found = answer::image(&value).map_err(unclear)?;
        if found.as_ref().is_some_and(|found| found.id != *image) {
            return Err(unclear("the answer was about another image"));
        }
        Ok(Answer { date, value: found })
    }

    async fn price(&self, order: &ResetOrder) -> Result<Answer<Price>, CloudError> {
        let body = request::inquiry_price_reset_instance(order);
        let answer = self.read(action::INQUIRY_PRICE_RESET_INSTANCE, &order.region, &body).await?;
        Ok(Answer { date: answer.date, value: answer::price(&answer.value).map_err(unclear)? })
    }

    async fn newest_snapshot(
        &self,
        region: &str,
        disk: &str,
    ) -> Result<Answer<Option<Timestamp>>, CloudError> {
        match self.settings.signing {
            Signing::Tc3 => {}
            Signing::V1(_) => return Err(CloudError::Unserved("the legacy API is not asked for snapshots")),
        }
        let body = cbs::describe_newest_snapshot(disk);
        let Answer { date, value } = self.read(action::DESCRIBE_SNAPSHOTS, region, &body).await?;
        let newest = cbs::snapshot(&value).map_err(unclear)?;
        if newest.as_ref().is_some_and(|newest| newest.disk != disk) {
            return Err(unclear("the answer was about another disk"));
        }
        Ok(Answer { date, value: newest.map(|newest| newest.created) })
    }

    async fn arm(&self) -> Result<Armed, CloudError> {
        let credentials = self.keys(Purpose::Wipe).await?;
        Ok(Armed { credentials, unwritten: Unwritten::default(), wire: self.settings.signing.wire() })
    }

    async fn reset(&self, armed: Armed, order: &ResetOrder, claim: &Claim) -> Sent {
        if claim.wire != self.settings.signing.wire() {
            return Sent::Failed(Failure::not_sent("the claim was made for another version of the API"));
        }
        let body = match request::reset_instance(order, &armed.unwritten) {
            Ok(body) => body,
            Err(why) => return Sent::Failed(Failure::not_sent(why)),
        };
        // A client of its own: no connection that was used before, none that is used after.
        let fresh = match outbound::client(self.settings.timeouts).pool_max_idle_per_host(0).build() {
            Ok(fresh) => fresh,
            Err(why) => return Sent::Failed(Failure::not_sent(&transport::plain(&why))),
        };
        let call = Call {
            action: action::RESET_INSTANCE,
            region: &order.region,
            language: &self.settings.language,
            body: &body,
            signed_at: claim.signed_at,
            // As fixed as the timestamp: whoever sent it twice would send the same request, which is taken once.
            nonce: v1::nonce(&claim.token),
        };
        match self.send(&fresh, &armed.credentials, call).await {
            Ok((_, Envelope::Good { request_id, .. })) => Sent::Accepted { request_id },
            Ok((_, Envelope::Error { code, message, request_id })) => refused(code, message, request_id),
            Ok((_, Envelope::Unreadable(why))) => Sent::Unknown { why: why.to_owned() },
            Err(Lost::NotSent(why)) => Sent::Failed(Failure::not_sent(&why)),
            Err(Lost::Unknown(why)) => Sent::Unknown { why },
        }
    }
}

/// What an answer says to a call that changes nothing. A refusal tells the cloud's time too.
pub(super) fn understood(
    answer: Result<(Option<Timestamp>, Envelope), Lost>,
) -> Answer<Result<Value, CloudError>> {
    let (date, value) = match answer {
        Ok((date, Envelope::Good { body, .. })) => (date, Ok(body)),
        Ok((date, Envelope::Error { code, message, .. })) => {
            (date, Err(CloudError::Refused { code, message }))
        }
        Ok((date, Envelope::Unreadable(why))) => (date, Err(unclear(why))),
        Err(Lost::NotSent(why) | Lost::Unknown(why)) => (None, Err(CloudError::Unclear(why))),
    };
    Answer { date, value }
}

fn unclear(why: &str) -> CloudError {
    CloudError::Unclear(why.to_owned())
}

/// What an error says of the disk.
fn refused(code: String, message: String, request_id: Option<String>) -> Sent {
    let words = |Meaning { what, advice }: &Meaning| format!("{what} {advice}");
    match errors::verdict(&code) {
        Verdict::Refused(meaning) => {
            Sent::Failed(Failure { code, message, advice: words(meaning), request_id })
        }
        Verdict::Unknown(meaning) => {
            let request_id = request_id.as_deref().unwrap_or("none");
            let meaning = meaning.map(|meaning| format!(". {}", words(meaning))).unwrap_or_default();
            Sent::Unknown { why: format!("Tencent Cloud answered {code}, RequestId {request_id}{meaning}") }
        }
    }
}
