//! The lives that are cut.

use cleanslate::domain::id::Platform;
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
    /// On Discord, by a role that is read again before the claim.
    Role,
    /// The same, and the role is taken away after the approval.
    RoleLost,
    /// With a password that is made for it.
    Vault,
}

impl Scenario {
    pub(crate) const ALL: [Self; 13] = [
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
        Self::Role,
        Self::RoleLost,
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

    /// Where its people are.
    pub(crate) fn platform(self) -> Platform {
        if matches!(self, Self::Role | Self::RoleLost) { Platform::Discord } else { Platform::Slack }
    }

    /// The wipes of a life without faults.
    pub(crate) fn wipes(self) -> u32 {
        let wiped = matches!(
            self,
            Self::Approve | Self::Role | Self::UnknownExecuted | Self::UnknownLate | Self::Vault
        );
        u32::from(wiped)
    }
}
