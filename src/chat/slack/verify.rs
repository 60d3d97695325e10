//! The signature check, before anything is parsed. Slack: "Verifying requests from Slack".

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::super::Verified;

/// How far a timestamp may lie from our clock, either way.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// The signing secret; while it is rotated, the one before it too.
#[derive(Debug, Clone)]
pub struct Keys {
    pub current: SecretString,
    /// With the moment at which it stops to count.
    pub previous: Option<(SecretString, Timestamp)>,
}

/// Why a request is not genuine. Says nothing that helps to forge the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    #[error("the signature headers are missing or malformed")]
    Headers,
    #[error("the timestamp is too far off")]
    Stale,
    #[error("the signature does not match")]
    Signature,
}

/// # Errors
/// When the request was not signed by Slack within five minutes of `now`.
pub fn verify(keys: &Keys, headers: &HeaderMap, body: Bytes, now: Timestamp) -> Result<Verified, Unverified> {
    let stamp = only(headers, "x-slack-request-timestamp").ok_or(Unverified::Headers)?;
    let signature = only(headers, "x-slack-signature").ok_or(Unverified::Headers)?;
    let sent = unix(stamp).ok_or(Unverified::Headers)?;
    let mac = signature.strip_prefix("v0=").and_then(mac_bytes).ok_or(Unverified::Headers)?;
    if now.duration_since(sent).abs() > WINDOW {
        return Err(Unverified::Stale);
    }
    let previous = keys.previous.as_ref().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
    let genuine =
        std::iter::once(&keys.current).chain(previous).any(|secret| matches(secret, stamp, &body, &mac));
    if genuine { Ok(Verified(body)) } else { Err(Unverified::Signature) }
}

/// The header, if it is there exactly once and is ASCII.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(one), None) => one.to_str().ok(),
        (None, _) | (Some(_), Some(_)) => None,
    }
}

/// One to twelve digits.
fn unix(text: &str) -> Option<Timestamp> {
    let plain = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if plain { Timestamp::from_second(text.parse().ok()?).ok() } else { None }
}

/// Sixty-four lower-case hex digits.
fn mac_bytes(hex: &str) -> Option<[u8; 32]> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

fn matches(secret: &SecretString, stamp: &str, body: &[u8], mac: &[u8; 32]) -> bool {
    signer(secret, stamp, body).verify_slice(mac).is_ok()
}

fn signer(secret: &SecretString, stamp: &str, body: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length")
        .chain_update("v0:")
        .chain_update(stamp)
        .chain_update(":")
        .chain_update(body)
}

/// Slack's certificate probe, sent to apps that are publicly distributed: answered before the signature is looked at,
/// with nothing. A body that carries a command is never one.
pub fn is_ssl_check(body: &[u8]) -> bool {
    let mut probe = false;
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "command" | "payload" => return false,
            "ssl_check" => probe = value == "1",
            _ => {}
        }
    }
    probe
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slack's own published example.
    fn example() -> (Keys, HeaderMap, Bytes, Timestamp) {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/fixtures/slack/doc_signature_vector.json"))
                .unwrap();
        let text = |name: &str| fixture[name].as_str().unwrap().to_owned();
        let keys = Keys { current: text("signing_secret").into(), previous: None };
        let mut headers = HeaderMap::new();
        headers.insert("x-slack-signature", text("signature").parse().unwrap());
        headers.insert("x-slack-request-timestamp", text("timestamp").parse().unwrap());
        let now = unix(&text("timestamp")).unwrap();
        (keys, headers, text("body").into(), now)
    }

    #[test]
    fn the_published_example_is_genuine_for_five_minutes_either_way() {
        let (keys, headers, body, now) = example();
        for (offset, good) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)] {
            let verdict = verify(&keys, &headers, body.clone(), now + SignedDuration::from_secs(offset));
            assert_eq!(verdict.is_ok(), good, "{offset}");
        }
    }

    #[test]
    fn odd_headers_are_refused() {
        let (keys, good, body, now) = example();
        let signature = good["x-slack-signature"].to_str().unwrap().to_owned();
        let stamp = good["x-slack-request-timestamp"].to_str().unwrap().to_owned();
        let odd_signatures = [
            String::new(),
            signature.to_uppercase(),
            signature.replace("v0=", "v1="),
            signature.replace("v0=", ""),
            format!(" {signature}"),
            format!("{signature}0"),
            signature[..66].to_owned(),
            "v0=".to_owned(),
        ];
        for odd in odd_signatures {
            let mut headers = good.clone();
            headers.insert("x-slack-signature", odd.parse().unwrap());
            assert!(verify(&keys, &headers, body.clone(), now).is_err(), "{odd}");
        }
        for odd in
            ["", "now", "-1531420618", "+1531420618", "1531420618.0", " 1531420618", "1531420618000", "0x5b"]
        {
            let mut headers = good.clone();
            headers.insert("x-slack-request-timestamp", odd.parse().unwrap());
            assert!(verify(&keys, &headers, body.clone(), now).is_err(), "{odd}");
        }
        let mut not_ascii = good.clone();
        not_ascii.insert("x-slack-signature", http::HeaderValue::from_bytes(b"v0=\xff").unwrap());
        assert_eq!(verify(&keys, &not_ascii, body.clone(), now).err(), Some(Unverified::Headers));
        for name in ["x-slack-signature", "x-slack-request-timestamp"] {
            let mut missing = good.clone();
            missing.remove(name);
            assert_eq!(verify(&keys, &missing, body.clone(), now).err(), Some(Unverified::Headers));
            let mut doubled = good.clone();
            doubled
                .append(name, if name == "x-slack-signature" { &signature } else { &stamp }.parse().unwrap());
            assert_eq!(verify(&keys, &doubled, body.clone(), now).err(), Some(Unverified::Headers));
        }
    }

    #[test]
    fn the_previous_secret_counts_until_its_end() {
        let (keys, headers, body, now) = example();
        let minute = SignedDuration::from_mins(1);
        let rotated = |until| Keys { current: "new".into(), previous: Some((keys.current.clone(), until)) };
        assert!(verify(&rotated(now + minute), &headers, body.clone(), now).is_ok());
        assert_eq!(verify(&rotated(now), &headers, body, now).err(), Some(Unverified::Signature));
    }

    #[test]
    fn a_probe_carries_no_command() {
        assert!(is_ssl_check(b"ssl_check=1&token=x"));
        for body in ["", "ssl_check=0", "ssl_check=1&command=%2Freset", "payload=%7B%7D&ssl_check=1"] {
            assert!(!is_ssl_check(body.as_bytes()), "{body}");
        }
    }
}
