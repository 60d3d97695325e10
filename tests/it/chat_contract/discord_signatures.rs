//! Only what Discord signed, just now, with the application's key.

use bytes::Bytes;
use cleanslate::chat::Unverified;
use cleanslate::chat::discord::verify::{BadKey, Keys, verify};
use data_encoding::HEXLOWER;
use ed25519_dalek::{Signer as _, SigningKey};
use http::HeaderMap;
use serde_json::Value;

use super::{NOW, at, fixture, headers};

const TIME: &str = "x-signature-timestamp";
const SIGNATURE: &str = "x-signature-ed25519";
const PUBLIC_KEY: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
/// The order of the group, little-endian: a scalar and the same plus this are the same point.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

type Pairs = Vec<(&'static str, Vec<u8>)>;

fn sign(seed: u8, timestamp: &str, body: &str) -> String {
    let key = SigningKey::from_bytes(&[seed; 32]);
    HEXLOWER.encode(&key.sign(format!("{timestamp}{body}").as_bytes()).to_bytes())
}

fn signed(timestamp: &str, signature: &str) -> Pairs {
    vec![(TIME, timestamp.as_bytes().to_vec()), (SIGNATURE, signature.as_bytes().to_vec())]
}

fn check(pairs: &Pairs, body: &[u8], now: i64) -> Result<Vec<u8>, Unverified> {
    let pairs: Vec<(&'static str, &[u8])> = pairs.iter().map(|(name, value)| (*name, &value[..])).collect();
    let headers: HeaderMap = headers(&pairs);
    let keys = Keys::parse(PUBLIC_KEY).unwrap();
    verify(&keys, &headers, Bytes::copy_from_slice(body), at(now)).map(|verified| verified.bytes().to_vec())
}

/// The same signature to a verifier that is not strict.
fn altered(signature: &str) -> String {
    let mut bytes = HEXLOWER.decode(signature.as_bytes()).unwrap();
    let mut carry = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(HEXLOWER.decode(ORDER.as_bytes()).unwrap()) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    HEXLOWER.encode(&bytes)
}

#[test]
fn every_signed_body_is_genuine_and_no_body_that_differs_by_a_bit_is() {
    let vectors: Value = serde_json::from_str(&fixture("signed_vectors.json")).unwrap();
    assert_eq!(vectors["discord"]["public_key"], PUBLIC_KEY);
    let cases = vectors["discord"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let text = case["body"].as_str().unwrap();
        let signature = case["signature"].as_str().unwrap();
        assert_eq!(signature, sign(7, &NOW.to_string(), text), "{}", case["name"]);
        let pairs = signed(&NOW.to_string(), signature);
        let mut body = text.as_bytes().to_vec();
        assert_eq!(check(&pairs, &body, NOW), Ok(body.clone()), "{}", case["name"]);
        for at in (0..body.len()).step_by(7) {
            body[at] ^= 1 << (at % 8);
            assert_eq!(check(&pairs, &body, NOW), Err(Unverified::Mismatch));
            body[at] ^= 1 << (at % 8);
        }
        body.push(b' ');
        assert_eq!(check(&pairs, &body, NOW), Err(Unverified::Mismatch));
    }
}

#[test]
fn no_signature_that_differs_by_a_bit_fits() {
    let time = NOW.to_string();
    let good = HEXLOWER.decode(sign(7, &time, "body").as_bytes()).unwrap();
    for bit in 0..512 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let refused = check(&signed(&time, &HEXLOWER.encode(&bad)), b"body", NOW);
        assert_eq!(refused, Err(Unverified::Mismatch), "bit {bit}");
    }
}

#[test]
fn every_odd_header_is_refused() {
    use Unverified::{Doubled, Malformed, Mismatch, Missing, Stale};
    let time = NOW.to_string();
    let good = sign(7, &time, "body");
    let resigned = |time: &str| signed(time, &sign(7, time, "body"));
    let with = |signature: &str| signed(&time, signature);
    let zero = "0".repeat(128);
    let raw = HEXLOWER.decode(good.as_bytes()).unwrap();
    let raw: Vec<u8> = raw.into_iter().map(|byte| byte | 0x80).collect();
    let twice = [with(&zero), with(&good)].concat();
    let cases = [
        ("no header", vec![], Missing),
        ("no signature", with(&good)[..1].to_vec(), Missing),
        ("no timestamp", with(&good)[1..].to_vec(), Missing),
        ("signature twice", [with(&good), with(&good)[1..].to_vec()].concat(), Doubled),
        ("a wrong one first", twice[1..].to_vec(), Doubled),
        ("timestamp twice", [with(&good), with(&good)[..1].to_vec()].concat(), Doubled),
        ("upper case", with(&good.to_uppercase()), Malformed),
        ("a prefix", with(&format!("0x{good}")), Malformed),
        ("white space", with(&format!("{good} ")), Malformed),
        ("two in one", with(&format!("{good},{good}")), Malformed),
        ("an odd number of digits", with(&good[1..]), Malformed),
        ("a byte short", with(&good[2..]), Malformed),
        ("half", with(&good[..64]), Malformed),
        ("a byte long", with(&format!("{good}00")), Malformed),
        ("twice as long", with(&good.repeat(2)), Malformed),
        ("not hex", with(&"g".repeat(128)), Malformed),
        ("not ASCII", with(&"\u{e9}".repeat(64)), Malformed),
        ("bytes", vec![(TIME, time.clone().into_bytes()), (SIGNATURE, raw)], Malformed),
        ("empty", with(""), Malformed),
        ("all zero", with(&zero), Mismatch),
        ("of another key", with(&sign(8, &time, "body")), Mismatch),
        ("of the body alone", with(&sign(7, "", "body")), Mismatch),
        ("of another time", with(&sign(7, &(NOW + 1).to_string(), "body")), Mismatch),
        ("altered to another that fits", with(&altered(&good)), Mismatch),
        ("a time with a fraction", resigned("1700000000.0"), Malformed),
        ("a time with a sign", resigned("+1700000000"), Malformed),
        ("a time with white space", resigned(" 1700000000"), Malformed),
        ("a time in words", resigned("now"), Malformed),
        ("no time", resigned(""), Malformed),
        ("a negative time", resigned("-1700000000"), Malformed),
        ("too many digits", resigned("0001700000000"), Malformed),
        ("far too many digits", resigned(&"9".repeat(40)), Malformed),
        ("301 s old", resigned(&(NOW - 301).to_string()), Stale),
        ("301 s ahead", resigned(&(NOW + 301).to_string()), Stale),
        ("in milliseconds", resigned("170000000000"), Stale),
    ];
    for (name, pairs, why) in cases {
        assert_eq!(check(&pairs, b"body", NOW), Err(why), "{name}");
    }
    for fine in [NOW - 300, NOW, NOW + 300] {
        assert!(check(&resigned(&fine.to_string()), b"body", NOW).is_ok(), "{fine}");
    }
}

/// The boundary between the two is the platform's own weakness: only the first is ever a number of seconds of now.
#[test]
fn digits_do_not_move_between_time_and_body() {
    let time = NOW.to_string();
    let signature = sign(7, &time, "1{}");
    assert!(check(&signed(&time, &signature), b"1{}", NOW).is_ok());
    assert_eq!(check(&signed(&format!("{time}1"), &signature), b"{}", NOW), Err(Unverified::Stale));
}

#[test]
fn only_a_key_that_somebody_can_own_is_one() {
    assert!(Keys::parse(PUBLIC_KEY).is_ok() && Keys::parse(&PUBLIC_KEY.to_uppercase()).is_ok());
    let zeros = |n: usize| "0".repeat(n);
    let not_keys = [
        String::new(),
        PUBLIC_KEY[..62].to_owned(),
        PUBLIC_KEY[..63].to_owned(),
        format!("{PUBLIC_KEY}00"),
        format!("{PUBLIC_KEY}\n"),
        format!("0x{}", &PUBLIC_KEY[2..]),
        "MTAwMDAwMDAwMDAwMDAwMDAx.GxxxxX.made-up-bot-token".to_owned(),
        // Not on the curve.
        format!("02{}", zeros(62)),
        // Every point of small order fits signatures that nobody made.
        format!("01{}", zeros(62)),
        format!("ec{}7f", "f".repeat(60)),
        zeros(64),
        format!("{}80", zeros(62)),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_owned(),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85".to_owned(),
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_owned(),
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa".to_owned(),
    ];
    for text in not_keys {
        assert!(Keys::parse(&text).is_err(), "{text}");
    }
    insta::assert_snapshot!(BadKey, @"this is not an application's public key: 64 hex digits, as the Developer Portal shows them under General Information. It is not the bot token");
}
