//! Is it from Slack? Nothing else of a request is looked at before this says yes.
//!
//! Source: "Verifying requests from Slack", docs.slack.dev. The key is the signing secret as text, not its bytes
//! in hex; the signature covers the body as it came, before any decoding.

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::chat::headers::{fresh, the_only};
use crate::chat::{Unverified, Verified};

const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

/// The signing secrets that count.
#[derive(Debug)]
pub struct Keys {
    pub current: SecretString,
    /// While the secret is rotated: the one before, and when it stops counting.
    pub previous: Option<(SecretString, Timestamp)>,
}

/// Checks that Slack sent `body` within 300 seconds of `now`.
///
/// # Errors
/// The first thing that is not exactly as Slack documents it. All of them are answered alike.
pub fn verify(keys: &Keys, headers: &HeaderMap, body: Bytes, now: Timestamp) -> Result<Verified, Unverified> {
    let timestamp = the_only(headers, TIMESTAMP)?;
    let signature = signature(the_only(headers, SIGNATURE)?)?;
    fresh(timestamp, now)?;
    let previous = keys.previous.as_ref().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
    let mut secrets = std::iter::once(&keys.current).chain(previous);
    if secrets.any(|secret| signs(secret, timestamp, &body, &signature)) {
        Ok(Verified(body))
    } else {
        Err(Unverified::Mismatch)
    }
}

/// `v0=` and 64 lower-case hex digits, nothing else.
fn signature(value: &[u8]) -> Result<Vec<u8>, Unverified> {
    let hex = value.strip_prefix(b"v0=").filter(|hex| hex.len() == 64).ok_or(Unverified::Malformed)?;
    data_encoding::HEXLOWER.decode(hex).map_err(|_| Unverified::Malformed)
}

/// In constant time. An empty secret signs nothing: anybody could use it.
fn signs(secret: &SecretString, timestamp: &[u8], body: &[u8], signature: &[u8]) -> bool {
    let key = secret.expose_secret().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in [b"v0:".as_slice(), timestamp, b":", body] {
        mac.update(part);
    }
    !key.is_empty() && mac.verify_slice(signature).is_ok()
}

/// Whether this is Slack's check of the TLS certificate, which is answered with an empty 200 and nothing else,
/// before any signature is looked at. A command that also says `ssl_check` is a command, and must be signed.
pub fn is_ssl_check(body: &[u8]) -> bool {
    let mut checks = false;
    for (name, value) in form_urlencoded::parse(body) {
        match name.as_ref() {
            "command" => return false,
            "ssl_check" => checks |= value == "1",
            _ => {}
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_grammar_is_read() {
        let hex = "ab".repeat(32);
        assert_eq!(signature(format!("v0={hex}").as_bytes()), Ok(vec![0xab; 32]));
        for bad in
            [format!("v1={hex}"), format!("v0={}", hex.to_uppercase()), hex.clone(), format!("v0={hex}0")]
        {
            assert_eq!(signature(bad.as_bytes()), Err(Unverified::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_certificate_check_is_never_a_command() {
        assert!(is_ssl_check(b"ssl_check=1&token=verification_token"));
        for body in
            ["", "ssl_check=0", "ssl_check=1&command=%2Freset", "command=&ssl_check=1", "payload=ssl_check"]
        {
            assert!(!is_ssl_check(body.as_bytes()), "{body}");
        }
    }
}
