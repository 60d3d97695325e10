//! Is it from Discord? Nothing else of a request is looked at before this says yes. Discord sends wrong signatures on
//! purpose, and removes an endpoint that takes one.
//!
//! Source: "Setting Up an Endpoint", docs.discord.com. The signature covers the timestamp as text, then the body as
//! it came. No age is documented; that an old request is refused is ours, against replays.

use bytes::Bytes;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use ed25519_dalek::{Signature, VerifyingKey};
use http::HeaderMap;
use jiff::Timestamp;

use crate::chat::headers::{fresh, the_only};
use crate::chat::{Unverified, Verified};

const TIMESTAMP: &str = "x-signature-timestamp";
const SIGNATURE: &str = "x-signature-ed25519";

/// The application's public key.
#[derive(Debug)]
pub struct Keys {
    pub current: VerifyingKey,
}

/// Text that is no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not an application's public key: 64 hex digits, as the Developer Portal shows them under General Information. It is not the bot token"
)]
pub struct BadKey;

impl Keys {
    /// Reads the key as the Developer Portal shows it: 64 hex digits.
    ///
    /// # Errors
    /// [`BadKey`] for everything else, also for a key that fits signatures which nobody made.
    pub fn parse(hex: &str) -> Result<Self, BadKey> {
        let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| BadKey)?;
        let bytes = bytes.try_into().map_err(|_| BadKey)?;
        let current = VerifyingKey::from_bytes(&bytes).map_err(|_| BadKey)?;
        if current.is_weak() { Err(BadKey) } else { Ok(Self { current }) }
    }
}

/// Checks that Discord sent `body` within 300 seconds of `now`.
///
/// # Errors
/// The first thing that is not exactly as Discord documents it. All of them are answered alike.
pub fn verify(keys: &Keys, headers: &HeaderMap, body: Bytes, now: Timestamp) -> Result<Verified, Unverified> {
    let timestamp = the_only(headers, TIMESTAMP)?;
    let signature = signature(the_only(headers, SIGNATURE)?)?;
    fresh(timestamp, now)?;
    match keys.current.verify_strict(&[timestamp, &body].concat(), &signature) {
        Ok(()) => Ok(Verified(body)),
        Err(_) => Err(Unverified::Mismatch),
    }
}

/// 128 lower-case hex digits, nothing else.
fn signature(value: &[u8]) -> Result<Signature, Unverified> {
    let bytes = HEXLOWER.decode(value).map_err(|_| Unverified::Malformed)?;
    Signature::from_slice(&bytes).map_err(|_| Unverified::Malformed)
}
