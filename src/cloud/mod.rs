//! Tencent Cloud, as far as this program calls it.

pub mod client;
pub mod errors;
mod probe;
pub mod tc3;
mod transport;
pub mod v1;
pub mod wire;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::id::{ImageId, InstanceId};
use crate::domain::password::Password;
use crate::domain::plan::{Image, Machine, Price, ResetOrder, Text};
use crate::domain::request::{Claim, Failure, Wire};

/// One API key. `Debug` shows neither key nor token.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub secret_id: String,
    pub secret_key: SecretString,
    pub token: Option<SecretString>,
}

impl Credentials {
    /// Whether a call signed with `other` may be answered otherwise.
    fn differ_from(&self, other: &Self) -> bool {
        let shown = |one: &Self| {
            let token = one.token.as_ref().map(|token| token.expose_secret().to_owned());
            (one.secret_id.clone(), one.secret_key.expose_secret().to_owned(), token)
        };
        shown(self) != shown(other)
    }
}

/// An answer, with the cloud's own clock: HTTP `Date`. An answer without one is no evidence of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    pub date: Option<Timestamp>,
    pub value: T,
}

/// Why a read failed. Nothing is changed by a read, so the only question is whether to ask again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// The cloud said no.
    #[error("Tencent Cloud answered {code}: {message}")]
    Refused { code: String, message: String },
    /// No answer that could be read.
    #[error("Tencent Cloud gave no clear answer ({0})")]
    Unclear(String),
    /// Our credentials could not be fetched.
    #[error("the cloud credentials could not be fetched ({0})")]
    Credentials(String),
    /// Some regions do not know the instance, and some could not be asked: it may exist.
    #[error("{}", by_region(without, unasked))]
    Regions { without: Vec<String>, unasked: Vec<(String, CloudError)> },
    /// This wire does not serve it.
    #[error("{0}")]
    Unserved(&'static str),
}

/// `not in ap-guangzhou; could not ask ap-beijing: …`
fn by_region(without: &[String], unasked: &[(String, CloudError)]) -> String {
    let mut parts = Vec::new();
    if !without.is_empty() {
        parts.push(format!("not in {}", without.join(", ")));
    }
    for group in unasked.chunk_by(|(_, one), (_, other)| one == other) {
        let regions: Vec<&str> = group.iter().map(|(region, _)| region.as_str()).collect();
        parts.push(format!("could not ask {}: {}", regions.join(", "), group[0].1));
    }
    parts.join("; ")
}

impl CloudError {
    /// Whether asking again soon can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { code, .. } => errors::is_passing(code),
            Self::Unclear(_) | Self::Credentials(_) => true,
            Self::Regions { unasked, .. } => unasked.iter().any(|(_, why)| why.is_transient()),
            Self::Unserved(_) => false,
        }
    }
}

/// What one `ResetInstance` came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Accepted {
        request_id: String,
    },
    /// Definitely not executed.
    Failed(Failure),
    /// It may or may not have begun. Never to be sent again; look first.
    Unknown {
        why: String,
    },
}

/// What one reset sends and no plan, log or message holds. `Debug` shows none of it.
#[derive(Debug, Clone, Default)]
pub struct Unwritten {
    /// Of [`LoginOrder::Vault`](crate::domain::plan::LoginOrder::Vault).
    pub password: Option<Password>,
    /// The text that the order names by its hash.
    pub text: Option<Text>,
}

/// The wiping credentials of one reset, fetched before the claim. [`Cloud::reset`] consumes it.
#[derive(Debug)]
pub struct Armed {
    pub credentials: Credentials,
    pub unwritten: Unwritten,
    /// What it will leave over; the claim keeps it.
    pub wire: Wire,
}

/// What the worker asks of the cloud.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// The instance, from the first region that knows it; `None`: no region does.
    ///
    /// # Errors
    /// When no region knows it and one could not be asked, among others.
    async fn describe(&self, instance: &InstanceId) -> Result<Answer<Option<Machine>>, CloudError>;

    /// The image, in one region; `None`: not visible there.
    async fn image(&self, region: &str, image: &ImageId) -> Result<Answer<Option<Image>>, CloudError>;

    /// What the instance costs as the reset leaves it.
    async fn price(&self, order: &ResetOrder) -> Result<Answer<Price>, CloudError>;

    /// When the newest finished snapshot of a disk was made; `None`: there is none.
    async fn newest_snapshot(
        &self,
        region: &str,
        disk: &str,
    ) -> Result<Answer<Option<Timestamp>>, CloudError>;

    /// Fetches the credentials that may wipe; what else is sent is added by the caller.
    async fn arm(&self) -> Result<Armed, CloudError>;

    /// Sends one `ResetInstance`, signed as of the claim whenever it leaves: once, on a fresh connection, without
    /// retry or redirect.
    async fn reset(&self, armed: Armed, order: &ResetOrder, claim: &Claim) -> Sent;
}
