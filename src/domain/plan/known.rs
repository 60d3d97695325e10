//! What a look-up came to.

use serde::{Deserialize, Serialize};

/// The answer to a look-up that only enriches the card: a permission that is missing must not stop a reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    Found(T),
    Missing,
    /// The cloud would not say, and why. Empty: it was not asked.
    Unasked(String),
}

impl<T> Known<T> {
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(value) => Some(value),
            Self::Missing | Self::Unasked(_) => None,
        }
    }

    /// Why the cloud would not say.
    pub fn unasked(&self) -> Option<&str> {
        match self {
            Self::Unasked(why) => Some(why),
            Self::Found(_) | Self::Missing => None,
        }
    }

    /// What an older version did not ask for is not written either, so that its entries keep their bytes.
    pub(super) fn was_not_asked(&self) -> bool {
        self.unasked() == Some("")
    }
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self::Unasked(String::new())
    }
}
