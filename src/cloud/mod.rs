//! Tencent Cloud, as far as this program calls it.

pub mod client;
pub mod errors;
pub mod tc3;
pub mod v1;
pub mod wire;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::domain::id::{ImageId, InstanceId};
use crate::domain::plan::{Image, Machine, ResetOrder};
use crate::domain::request::Failure;

/// One API key. `Debug` shows neither key nor token.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub secret_id: String,
    pub secret_key: SecretString,
    pub token: Option<SecretString>,
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
}

impl CloudError {
    /// Whether asking again soon can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { code, .. } => {
                ["RequestLimitExceeded", "InternalError", "InternalServerError", "ServiceUnavailable"]
                    .iter()
                    .any(|prefix| code.starts_with(prefix))
            }
            Self::Unclear(_) | Self::Credentials(_) => true,
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

/// The wiping credentials of one reset, fetched before the claim. [`Cloud::reset`] consumes it.
#[derive(Debug)]
pub struct Armed(pub Credentials);

/// What the worker asks of the cloud.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// The instance, from the first region that knows it; `None`: no region does.
    async fn describe(&self, instance: &InstanceId) -> Result<Answer<Option<Machine>>, CloudError>;

    /// The image, in one region; `None`: not visible there.
    async fn image(&self, region: &str, image: &ImageId) -> Result<Answer<Option<Image>>, CloudError>;

    /// Fetches the credentials that may wipe.
    async fn arm(&self) -> Result<Armed, CloudError>;

    /// Sends one `ResetInstance`, signed with `signed_at` whenever it leaves: once, on a fresh connection, without
    /// retry or redirect.
    async fn reset(&self, armed: Armed, order: &ResetOrder, signed_at: Timestamp) -> Sent;
}
