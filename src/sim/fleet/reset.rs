//! A reset: what is asked, what it changes, what is left of it.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

/// The parameters of `ResetInstance`.
#[derive(Debug, Clone, Default)]
pub struct Order {
    pub instance: String,
    pub image: Option<String>,
    pub disk: DiskOrder,
    pub login: LoginSettings,
    pub agents: Agents,
    pub host_name: Option<String>,
    /// Base64.
    pub user_data: Option<String>,
}

/// `SystemDisk`; only its size may change.
#[derive(Debug, Clone, Default)]
pub struct DiskOrder {
    pub size_gb: Option<u64>,
    pub disk_type: Option<String>,
    /// Whether encryption is asked for, by `Encrypt` or a key.
    pub encrypted: bool,
}

/// `Debug` does not show the password.
#[derive(Debug, Clone, Default)]
pub struct LoginSettings {
    pub password: Option<SecretString>,
    pub keys: Vec<String>,
    pub keep_image: bool,
}

/// `EnhancedService`: which agents are on. `None`: not said, which leaves them as the image has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agents {
    pub security: Option<bool>,
    pub monitor: Option<bool>,
    pub automation: Option<bool>,
}

impl Agents {
    /// Public images come with every agent on; custom ones are left as they are.
    pub(super) fn on(self, public_image: bool) -> Self {
        let default = public_image.then_some(true);
        Self {
            security: self.security.or(default),
            monitor: self.monitor.or(default),
            automation: self.automation.or(default),
        }
    }
}

/// How one logs in afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    Password,
    Keys,
    KeepImage,
    /// Nothing was said: a random password goes to the account's message centre.
    Random,
}

impl Login {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Keys => "keys",
            Self::KeepImage => "keep-image",
            Self::Random => "random-password",
        }
    }
}

impl LoginSettings {
    /// The way they ask for; more than one is refused before.
    pub fn way(&self) -> Login {
        match (self.password.is_some(), self.keys.is_empty(), self.keep_image) {
            (true, ..) => Login::Password,
            (false, _, true) => Login::KeepImage,
            (false, true, false) => Login::Random,
            (false, false, false) => Login::Keys,
        }
    }
}

/// A reset under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) ends: Timestamp,
    pub(super) outcome: Result<Change, String>,
}

/// What a reset changes when it ends well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) image: String,
    pub(super) disk_gb: u32,
    pub(super) keys: Vec<String>,
    pub(super) agents: Agents,
    pub(super) host_name: Option<String>,
    /// Linux to Windows, or back.
    pub(super) switches: bool,
}

/// One disk wiped: counted when the call is accepted, because from then on the data is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wipe {
    pub instance: String,
    pub request_id: String,
    pub at: Timestamp,
    /// Of a password only that there was one.
    pub login: Login,
    /// How much user data there was, in base64.
    pub user_data_bytes: usize,
}

/// How a reset goes once it is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Course {
    #[default]
    Smooth,
    /// It takes [`SLOW`].
    Slow,
    /// It ends FAILED.
    Fails,
}

/// How long a slow reset takes, in fleet time.
pub const SLOW: SignedDuration = SignedDuration::from_mins(12);
