//! The platforms as they are: their signatures, their payloads, the limits of their messages and the answers of their
//! APIs.

mod client;
mod discord_client;
mod discord_words;
mod hostile_words;
mod inbound;
mod signatures;
mod stage;

use bytes::Bytes;
use cleanslate::chat::Verified;
use cleanslate::chat::slack::verify::{Keys, verify};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;
use sha2::Sha256;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const NOW: i64 = 1_700_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn keys() -> Keys {
    Keys { current: SecretString::from(SECRET), previous: None }
}

fn fixture(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    format!("v0={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, http::HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

fn signed(timestamp: &str, signature: &str) -> HeaderMap {
    headers(&[
        ("x-slack-request-timestamp", timestamp.as_bytes()),
        ("x-slack-signature", signature.as_bytes()),
    ])
}

/// A genuine body.
fn genuine(body: &(impl AsRef<[u8]> + ?Sized)) -> Verified {
    let body = body.as_ref();
    let timestamp = NOW.to_string();
    let headers = signed(&timestamp, &sign(SECRET, &timestamp, body));
    verify(&keys(), &headers, Bytes::copy_from_slice(body), at(NOW)).unwrap()
}
