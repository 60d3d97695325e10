//! Identifiers, parsed once into types that cannot be wrong.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Text that is not the identifier it should be; its `Display` says what one looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("that is not {what}: it looks like `{example}`")]
pub struct BadId {
    what: &'static str,
    example: &'static str,
}

/// A cloud resource id: a fixed prefix and eight lower-case letters or digits. Tencent promises the length
/// nowhere, but every published id has it, and a typed id that differs is more likely a slip than a new format.
macro_rules! cloud_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                match text.strip_prefix($prefix) {
                    Some(tail) if tail.len() == 8 && tail.bytes().all(is_id_byte) => Ok(Self(text.to_owned())),
                    Some(_) | None => Err(BadId { what: $what, example: $example }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

cloud_id!(
    /// A CVM instance, `ins-r8hr2upy`.
    InstanceId, "ins-", "an instance id", "ins-r8hr2upy"
);
cloud_id!(
    /// A CVM image, `img-pmqg1cw7`.
    ImageId, "img-", "an image id", "img-pmqg1cw7"
);
cloud_id!(
    /// A CVM key pair, `skey-8xk2p1qa`.
    KeyId, "skey-", "a key id", "skey-8xk2p1qa"
);

/// The chat platform that an account, a channel or a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    Slack,
    Discord,
}

impl Platform {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Discord => "discord",
        }
    }

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slack => "Slack",
            Self::Discord => "Discord",
        }
    }
}

/// One request, derived from what the platform sent, so that the same delivery always names the same request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(String);

impl RequestId {
    const LENGTH: usize = 26;
    const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz234567";

    /// The id of the request that one delivery opens. `delivery` is Slack's `trigger_id` or Discord's interaction id.
    pub fn derive(platform: Platform, org: &str, delivery: &str) -> Self {
        let digest = Sha256::digest(
            format!("cleanslate request v1\n{}\n{org}\n{delivery}", platform.as_str()).as_bytes(),
        );
        let mut text = data_encoding::BASE32_NOPAD.encode(&digest).to_ascii_lowercase();
        text.truncate(Self::LENGTH);
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What people see: the first five characters.
    pub fn short(&self) -> &str {
        &self.0[..5]
    }

    /// Whether `text` can be the beginning of a request id that a person types: at least four characters.
    pub fn is_prefix(text: &str) -> bool {
        (4..=Self::LENGTH).contains(&text.len()) && text.chars().all(|c| Self::ALPHABET.contains(c))
    }
}

impl TryFrom<String> for RequestId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        if text.len() == Self::LENGTH && Self::is_prefix(&text) {
            Ok(Self(text))
        } else {
            Err(BadId { what: "a request id", example: "#k3v7q" })
        }
    }
}

impl FromStr for RequestId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        Self::try_from(text.to_owned())
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One account on one chat platform. `org` is the account's own team or guild, `name` is for display only:
/// nothing is ever decided by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    pub platform: Platform,
    pub org: String,
    pub user: String,
    pub name: String,
}

impl Actor {
    /// The principal that an approver list names this account by.
    pub fn principal(&self) -> Principal {
        match self.platform {
            Platform::Slack => Principal::Slack(self.user.clone()),
            Platform::Discord => Principal::Discord(self.user.clone()),
        }
    }
}

/// One channel on one chat platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub platform: Platform,
    pub org: String,
    pub channel: String,
}

/// A posted message, as the platform names it (Slack's `ts`, Discord's message id).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageRef(pub String);

/// Who an approver list can name. Written `slack:U0123`, `slack-group:S0123`, `discord:123`, `discord-role:123`,
/// `person:bob`; always ids, never names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Principal {
    Slack(String),
    SlackGroup(String),
    Discord(String),
    DiscordRole(String),
    Person(String),
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slack(id) => write!(f, "slack:{id}"),
            Self::SlackGroup(id) => write!(f, "slack-group:{id}"),
            Self::Discord(id) => write!(f, "discord:{id}"),
            Self::DiscordRole(id) => write!(f, "discord-role:{id}"),
            Self::Person(name) => write!(f, "person:{name}"),
        }
    }
}

impl FromStr for Principal {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let slack = |id: &str, first: &[char]| {
            id.starts_with(first)
                && id.len() > 1
                && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        let snowflake = |id: &str| !id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_digit());
        let word = |id: &str| {
            !id.is_empty()
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.')
        };
        match text.split_once(':') {
            Some(("slack", id)) if slack(id, &['U', 'W']) => Ok(Self::Slack(id.to_owned())),
            Some(("slack-group", id)) if slack(id, &['S']) => Ok(Self::SlackGroup(id.to_owned())),
            Some(("discord", id)) if snowflake(id) => Ok(Self::Discord(id.to_owned())),
            Some(("discord-role", id)) if snowflake(id) => Ok(Self::DiscordRole(id.to_owned())),
            Some(("person", name)) if word(name) => Ok(Self::Person(name.to_owned())),
            Some(_) | None => Err(BadId {
                what: "a principal",
                example: "slack:U0123, slack-group:S0123, discord:123, discord-role:123 or person:bob",
            }),
        }
    }
}

impl TryFrom<String> for Principal {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        principal.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_ascii_ids_parse() {
        assert!("ins-r8hr2upy".parse::<InstanceId>().is_ok());
        for bad in [
            "ins-1122",
            "INS-r8hr2upy",
            "ins-r8hr2up\u{0443}",
            "lhins-r8hr2upy",
            "ins-r8hr2upyy",
            " ins-r8hr2upy",
        ] {
            assert!(bad.parse::<InstanceId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_delivery_names_one_request() {
        let id = RequestId::derive(Platform::Slack, "T1", "111.222.abc");
        assert_eq!(id, RequestId::derive(Platform::Slack, "T1", "111.222.abc"));
        assert_ne!(id, RequestId::derive(Platform::Discord, "T1", "111.222.abc"));
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert!(RequestId::is_prefix(id.short()));
    }

    #[test]
    fn principals_are_ids_never_names() {
        for good in ["slack:U0123", "slack-group:S0123", "discord:3", "discord-role:4", "person:bob"] {
            assert_eq!(good.parse::<Principal>().map(|p| p.to_string()), Ok(good.to_owned()));
        }
        for bad in ["slack:bob", "slack:S0123", "discord:bob", "@bob", "U0123", "person:"] {
            assert!(bad.parse::<Principal>().is_err(), "{bad}");
        }
    }
}
