//! What an installation adds to what was typed: the login that is meant, where a password is kept, and texts by name.

use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::PlanRefusal;
use crate::domain::ask::Login;

/// The most that `UserData` may hold, in bytes. Tencent does not say whether it counts before or after Base64.
const TEXT_MAX: usize = 16 * 1024;

/// For one request.
#[derive(Debug, Clone)]
pub struct Means {
    /// What was typed, or else `[login] default`.
    pub login: Login,
    /// Where the password of `login=vault` is kept.
    pub secret: Option<Secret>,
    /// The text that was asked for.
    pub text: Option<Text>,
}

/// A secret that is made for one request, and named after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    pub name: String,
    /// The command that shows it to who may see it; it ends with the name.
    pub read: String,
}

/// Which text a new system runs at its first start. The text itself stays out of plan, log and chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Userdata {
    /// As in `[userdata]`.
    pub name: String,
    /// Of the text, in hex: another text under the same name is another plan.
    pub sha256: String,
}

/// A text as it was read. `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct Text {
    pub userdata: Userdata,
    /// In Base64, as `UserData` is sent.
    pub encoded: SecretString,
}

/// Reads a text of `[userdata]` by its name. The error is [`PlanRefusal::NoSuchText`] or one of its neighbours.
pub type Texts = Arc<dyn Fn(&str) -> Result<Text, PlanRefusal> + Send + Sync>;

impl Text {
    /// # Errors
    /// When it cannot be sent.
    pub fn of(name: &str, bytes: &[u8]) -> Result<Self, PlanRefusal> {
        if bytes.is_empty() || bytes.len() > TEXT_MAX {
            return Err(PlanRefusal::TextSize { bytes: bytes.len(), max: TEXT_MAX });
        }
        let sha256 = HEXLOWER.encode(&Sha256::digest(bytes));
        let userdata = Userdata { name: name.to_owned(), sha256 };
        Ok(Self { userdata, encoded: BASE64.encode(bytes).into() })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_text_is_known_by_its_hash_and_not_shown() {
        let text = Text::of("base", b"#!/bin/sh\necho canary\n").unwrap();
        assert_eq!(text.encoded.expose_secret(), "IyEvYmluL3NoCmVjaG8gY2FuYXJ5Cg==");
        let shown = format!("{text:?}");
        assert!(!shown.contains("canary") && !shown.contains("Y2FuYXJ5"), "{shown}");
        assert!(shown.contains(&text.userdata.sha256[..8]), "{shown}");
        assert_ne!(text.userdata, Text::of("base", b"other").unwrap().userdata);
    }

    #[test]
    fn sixteen_kilobytes_are_sent_and_no_byte_more() {
        assert!(Text::of("base", &[b'x'; TEXT_MAX]).is_ok());
        for bytes in [0, TEXT_MAX + 1] {
            let refused = Text::of("base", &vec![b'x'; bytes]).map(|text| text.userdata);
            assert_eq!(refused, Err(PlanRefusal::TextSize { bytes, max: TEXT_MAX }));
        }
    }
}
