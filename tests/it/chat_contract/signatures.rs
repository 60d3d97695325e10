//! Only what Slack signed, just now, with a secret that counts.

use bytes::Bytes;
use cleanslate::chat::Unverified;
use cleanslate::chat::slack::verify::{Keys, verify};
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;

use super::{NOW, SECRET, at, fixture, headers, keys, sign, signed};

const TIME: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

fn check(keys: &Keys, headers: &HeaderMap, body: &[u8], now: i64) -> Result<Vec<u8>, Unverified> {
    verify(keys, headers, Bytes::copy_from_slice(body), at(now)).map(|verified| verified.bytes().to_vec())
}

#[test]
fn slacks_published_example_is_genuine() {
    let example: Value = serde_json::from_str(&fixture("slack/doc_signature_vector.json")).unwrap();
    let text = |name: &str| example[name].as_str().unwrap();
    let keys = Keys { current: SecretString::from(text("signing_secret")), previous: None };
    let body = text("body").as_bytes();
    let headers = signed(text("timestamp"), text("signature"));
    assert_eq!(check(&keys, &headers, body, 1_531_420_618), Ok(body.to_vec()));
}

#[test]
fn every_signed_body_is_genuine_and_no_body_that_differs_by_a_bit_is() {
    let vectors: Value = serde_json::from_str(&fixture("signed_vectors.json")).unwrap();
    let cases = vectors["slack"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 16);
    for case in cases {
        let mut body = case["body"].as_str().unwrap().as_bytes().to_vec();
        let headers = signed(&NOW.to_string(), case["signature"].as_str().unwrap());
        assert_eq!(check(&keys(), &headers, &body, NOW), Ok(body.clone()), "{}", case["name"]);
        for at in 0..body.len() {
            body[at] ^= 1 << (at % 8);
            assert_eq!(check(&keys(), &headers, &body, NOW), Err(Unverified::Mismatch));
            body[at] ^= 1 << (at % 8);
        }
    }
}

#[test]
fn every_odd_header_is_refused() {
    let time = NOW.to_string();
    let good = sign(SECRET, &time, b"body");
    let resigned = |time: &str| vec![(TIME, time.to_owned()), (SIGNATURE, sign(SECRET, time, b"body"))];
    let with = |signature: &str| vec![(TIME, time.clone()), (SIGNATURE, signature.to_owned())];
    let cases = [
        ("no header", vec![]),
        ("no signature", vec![(TIME, time.clone())]),
        ("no timestamp", vec![(SIGNATURE, good.clone())]),
        ("signature twice", [with(&good), vec![(SIGNATURE, good.clone())]].concat()),
        ("a wrong one first", [vec![(SIGNATURE, format!("v0={}", "0".repeat(64)))], with(&good)].concat()),
        ("timestamp twice", [with(&good), vec![(TIME, time.clone())]].concat()),
        ("upper case", with(&format!("v0={}", good[3..].to_uppercase()))),
        ("another version", with(&good.replace("v0=", "v1="))),
        ("upper-case version", with(&good.replace("v0=", "V0="))),
        ("no version", with(&good[3..])),
        ("white space", with(&format!("{good} "))),
        ("white space inside", with(&good.replace("v0=", "v0= "))),
        ("two in one", with(&format!("{good},{good}"))),
        ("cut short", with(&good[..good.len() - 1])),
        ("cut shorter", with(&good[..35])),
        ("too long", with(&format!("{good}0"))),
        ("not hex", with(&format!("v0={}", "g".repeat(64)))),
        ("not ASCII", with(&format!("v0={}", "\u{e9}".repeat(32)))),
        ("empty", with("")),
        ("all zero", with(&format!("v0={}", "0".repeat(64)))),
        ("of another secret", with(&sign("another", &time, b"body"))),
        ("of an empty secret", with(&sign("", &time, b"body"))),
        ("of another time", vec![(TIME, (NOW + 1).to_string()), (SIGNATURE, good.clone())]),
        ("a time with a fraction", resigned("1700000000.0")),
        ("a time with a sign", resigned("+1700000000")),
        ("a time with white space", resigned(" 1700000000")),
        ("a time in words", resigned("now")),
        ("no time", resigned("")),
        ("a negative time", resigned("-1700000000")),
        ("too many digits", resigned("0001700000000")),
        ("far too many digits", resigned(&"9".repeat(40))),
        ("301 s old", resigned(&(NOW - 301).to_string())),
        ("301 s ahead", resigned(&(NOW + 301).to_string())),
    ];
    for (name, pairs) in cases {
        let pairs: Vec<(&'static str, &[u8])> = pairs.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
        assert!(check(&keys(), &headers(&pairs), b"body", NOW).is_err(), "{name}");
    }
    for fine in [NOW - 300, NOW, NOW + 300] {
        let pairs = resigned(&fine.to_string());
        let pairs: Vec<(&'static str, &[u8])> = pairs.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
        assert!(check(&keys(), &headers(&pairs), b"body", NOW).is_ok(), "{fine}");
    }
}

#[test]
fn the_previous_secret_counts_until_its_end() {
    let until = at(NOW + 60);
    let rotated =
        Keys { current: SecretString::from("new"), previous: Some((SecretString::from("old"), until)) };
    let try_at = |secret: &str, now: i64| {
        let time = now.to_string();
        check(&rotated, &signed(&time, &sign(secret, &time, b"x")), b"x", now).is_ok()
    };
    assert_eq!([try_at("new", NOW), try_at("old", NOW), try_at("other", NOW)], [true, true, false]);
    assert_eq!(
        [try_at("old", NOW + 59), try_at("old", NOW + 60), try_at("new", NOW + 60)],
        [true, false, true]
    );
}

#[test]
fn an_empty_secret_signs_nothing() {
    let none =
        Keys { current: SecretString::from(""), previous: Some((SecretString::from(""), at(NOW + 60))) };
    let time = NOW.to_string();
    assert_eq!(check(&none, &signed(&time, &sign("", &time, b"x")), b"x", NOW), Err(Unverified::Mismatch));
}

#[test]
fn a_refusal_gives_nothing_away() {
    let time = NOW.to_string();
    let right = sign(SECRET, &time, b"body");
    let refused = check(&keys(), &signed(&time, &sign("x", &time, b"body")), b"body", NOW).unwrap_err();
    let said = format!("{refused} {refused:?} {:?}", keys());
    assert!(!said.contains(&right[3..11]) && !said.contains("body") && !said.contains(SECRET), "{said}");
}
