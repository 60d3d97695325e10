//! The lives that are cut.

use jiff::SignedDuration;

use super::fleet::Net;
use super::sample;

/// What people and the world do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Approve,
    Cancel,
    Stop,
    Expire,
    Refuse,
    Lapse,
    Drift,
    UnknownExecuted,
    UnknownNotExecuted,
    UnknownLate,
    /// With a password that is made for it.
    Vault,
}

impl Scenario {
    pub(crate) const ALL: [Self; 11] = [
        Self::Approve,
        Self::Cancel,
        Self::Stop,
        Self::Expire,
        Self::Refuse,
        Self::Lapse,
        Self::Drift,
        Self::UnknownExecuted,
        Self::UnknownNotExecuted,
        Self::UnknownLate,
        Self::Vault,
    ];

    pub(crate) fn net(self) -> Net {
        match self {
            Self::UnknownExecuted => Net::AnswerLost,
            Self::UnknownNotExecuted => Net::OrderLost,
            Self::UnknownLate => Net::OrderLate(SignedDuration::from_secs(200)),
            _ => Net::Fine,
        }
    }

    /// What is typed.
    pub(crate) fn words(self) -> String {
        let login = if self == Self::Vault { " login=vault" } else { "" };
        format!("{}{login}", sample::INSTANCE)
    }

    /// The wipes of a life without faults.
    pub(crate) fn wipes(self) -> u32 {
        u32::from(matches!(self, Self::Approve | Self::UnknownExecuted | Self::UnknownLate | Self::Vault))
    }
}
