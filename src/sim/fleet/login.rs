//! `LoginSettings`: a password, key pairs, or what the image brings; nothing means a random password.

use secrecy::ExposeSecret as _;

use super::rules::well_formed;
use super::{Fleet, Image, Instance, LoginSettings};
use crate::sim::error::ApiError;

/// Special characters that a password may hold.
const SPECIAL: &str = "()`~!@#$%^&*-+=|{}[]:;',.?/";

/// The most key pairs one instance can have.
const MAX_KEYS: usize = 5;

impl Fleet {
    /// The key pairs that are bound afterwards.
    pub(super) fn check_login(
        &self,
        instance: &Instance,
        image: &Image,
        login: &LoginSettings,
    ) -> Result<Vec<String>, ApiError> {
        let ways = [login.password.is_some(), !login.keys.is_empty(), login.keep_image];
        if ways.iter().filter(|way| **way).count() > 1 {
            return Err(ApiError::new(
                "InvalidParameter.ParameterConflict",
                "`Password`, `KeyIds` and `KeepImageLogin` exclude one another.",
            ));
        }
        if let Some(password) = &login.password {
            check_password(password.expose_secret(), image.is_windows())?;
        }
        if login.keep_image {
            return if image.is_public() {
                Err(ApiError::new(
                    "InvalidParameterValue",
                    "`KeepImageLogin` is for custom, shared and imported images.",
                ))
            } else {
                Ok(instance.keys.clone())
            };
        }
        self.check_keys(&login.keys, image)?;
        Ok(login.keys.clone())
    }

    fn check_keys(&self, keys: &[String], image: &Image) -> Result<(), ApiError> {
        if keys.len() > MAX_KEYS {
            return Err(ApiError::new(
                "InvalidParameterValue.LimitExceeded",
                format!("`LoginSettings.KeyIds` holds at most {MAX_KEYS}."),
            ));
        }
        if !keys.is_empty() && image.is_windows() {
            return Err(ApiError::new(
                "UnsupportedOperation.KeyPairUnsupportedWindows",
                "Key pairs cannot be used with a Windows image.",
            ));
        }
        for key in keys {
            well_formed(key, "skey-", "InvalidKeyPairId.Malformed")?;
            if !self.keys.contains(key) {
                return Err(ApiError::new(
                    "InvalidParameterValue.KeyPairNotFound",
                    format!("The key pair `{key}` does not exist."),
                ));
            }
        }
        Ok(())
    }
}

/// Linux: 8–30 characters of two kinds; Windows: 12–30 of three.
fn check_password(password: &str, windows: bool) -> Result<(), ApiError> {
    let (shortest, kinds_needed) = if windows { (12, 3) } else { (8, 2) };
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_uppercase(),
        |c| c.is_ascii_digit(),
        |c| SPECIAL.contains(c),
    ];
    let known = password.chars().all(|c| kinds.iter().any(|kind| kind(c)));
    let used = kinds.iter().filter(|kind| password.chars().any(**kind)).count();
    if known && (shortest..=30).contains(&password.len()) && used >= kinds_needed {
        return Ok(());
    }
    Err(ApiError::new(
        "InvalidParameterValue.InvalidPassword",
        "The specified password does not meet the complexity requirements.",
    ))
}
