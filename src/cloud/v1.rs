//! Signature v1, of the legacy API. Pure. Tencent's documentation: "Signature" of CVM's legacy API, and "Signature v1".

use std::collections::BTreeMap;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// What a string is signed with: `SignatureMethod`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    HmacSha256,
    HmacSha1,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacSha256 => "HmacSHA256",
            Self::HmacSha1 => "HmacSHA1",
        }
    }

    /// The signature of a [`string_to_sign`], in Base64.
    pub fn signature(self, secret_key: &str, string_to_sign: &str) -> String {
        const ANY_KEY: &str = "HMAC takes a key of any length";
        let (key, message) = (secret_key.as_bytes(), string_to_sign.as_bytes());
        match self {
            Self::HmacSha256 => {
                let mac = Hmac::<Sha256>::new_from_slice(key).expect(ANY_KEY);
                BASE64.encode(&mac.chain_update(message).finalize().into_bytes())
            }
            Self::HmacSha1 => {
                let mac = Hmac::<Sha1>::new_from_slice(key).expect(ANY_KEY);
                BASE64.encode(&mac.chain_update(message).finalize().into_bytes())
            }
        }
    }
}

/// The parameters of a call by their names, in the order of the names' bytes: `KeyIds.1`, `KeyIds.10`, `KeyIds.2`.
pub type Parameters = BTreeMap<String, String>;

/// Adds the parameters of a JSON body: `SystemDisk.DiskSize`, `LoginSettings.KeyIds.0`. Booleans are written as the
/// API page writes them, `TRUE` and `FALSE`; null is left out.
pub fn flatten(body: &Value, into: &mut Parameters) {
    flatten_at(String::new(), body, into);
}

fn flatten_at(name: String, value: &Value, into: &mut Parameters) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Null => {}
        Value::Bool(true) => drop(into.insert(name, "TRUE".to_owned())),
        Value::Bool(false) => drop(into.insert(name, "FALSE".to_owned())),
        Value::Number(number) => drop(into.insert(name, number.to_string())),
        Value::String(text) => drop(into.insert(name, text.clone())),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, one)| flatten_at(below(&n.to_string()), one, into));
        }
        Value::Object(object) => object.iter().for_each(|(key, one)| flatten_at(below(key), one, into)),
    }
}

/// What is signed: values enter as they are, and are encoded on the wire only. `host` goes without a port.
pub fn string_to_sign(http_method: &str, host: &str, path: &str, parameters: &Parameters) -> String {
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{http_method}{host}{path}?{}", pairs.join("&"))
}

/// The query string of a signed call. It holds the key's id, the token and the signature: it is never to be shown.
pub fn query(parameters: &Parameters, signature: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters).append_pair("Signature", signature).finish()
}

/// A positive `Nonce` that follows from `seed`: 63 bits, as Tencent's legacy SDK draws them at random. What is signed
/// with one seed has one nonce, however often it were sent; the API takes a nonce once.
pub fn nonce(seed: &str) -> u64 {
    let digest = Sha256::digest(format!("cleanslate nonce v1\n{seed}").as_bytes());
    let number = digest[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    (number >> 1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &Value) -> &str {
        value.as_str().unwrap()
    }

    fn method(input: &Value) -> Method {
        let methods = [Method::HmacSha256, Method::HmacSha1];
        methods.into_iter().find(|method| method.name() == text(&input["signature_method"])).unwrap()
    }

    /// The Python SDK, which the vectors were made with, writes booleans in its own way.
    fn as_python_writes(value: &mut Value) {
        match value {
            Value::Bool(on) => *value = if *on { "True".into() } else { "False".into() },
            Value::Array(list) => list.iter_mut().for_each(as_python_writes),
            Value::Object(object) => object.values_mut().for_each(as_python_writes),
            Value::Null | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn parameters(input: &Value) -> Parameters {
        let mut body = input["params"].clone();
        as_python_writes(&mut body);
        for (name, field) in [
            ("Action", "action"),
            ("Language", "language"),
            ("Nonce", "nonce"),
            ("Region", "region"),
            ("RequestClient", "request_client"),
            ("SecretId", "secret_id"),
            ("SignatureMethod", "signature_method"),
            ("Timestamp", "timestamp"),
            ("Token", "token"),
            ("Version", "version"),
        ] {
            body[name] = input[field].clone();
        }
        let mut parameters = Parameters::new();
        flatten(&body, &mut parameters);
        parameters
    }

    fn decoded(query: &str) -> BTreeMap<String, String> {
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// Every published and recomputed vector, with each intermediate value and what goes over the wire; but for two
    /// that show quirks of the legacy SDK, `_` in names and `@` in values.
    #[test]
    fn every_vector_holds() {
        let all: Value = serde_json::from_str(include_str!("../../tests/fixtures/vectors.json")).unwrap();
        let quirks = ["v1-15-legacysdk-underscore-key", "v1-16-legacysdk-post-at-password"];
        let mut held = 0;
        for vector in all["vectors"].as_array().unwrap() {
            let (id, input, steps) = (text(&vector["id"]), &vector["input"], &vector["steps"]);
            if vector["kind"] == "tc3" || quirks.contains(&id) {
                continue;
            }
            held += 1;
            let to_sign = text(&steps["string_to_sign"]);
            let hex = data_encoding::HEXLOWER.encode(to_sign.as_bytes());
            assert_eq!(hex, steps["string_to_sign_utf8_hex"], "{id}");
            let signature = method(input).signature(text(&input["secret_key"]), to_sign);
            assert_eq!(signature, vector["signature"], "{id}");
            let one = Parameters::new();
            let encoded = query(&one, &signature);
            assert_eq!(encoded, format!("Signature={}", text(&vector["signature_percent_encoded"])), "{id}");
            // The worked examples of the documentation give the string alone.
            if input["params"].is_null() {
                assert!(id.starts_with("doc-"), "{id}");
                continue;
            }
            let parameters = parameters(input);
            let pairs: Vec<_> = parameters.iter().map(|(name, value)| [name, value]).collect();
            assert_eq!(serde_json::json!(pairs), steps["flattened_sorted"], "{id}");
            let (http_method, host, path) =
                (text(&input["method"]), text(&input["host"]), text(&input["path"]));
            assert_eq!(string_to_sign(http_method, host, path, &parameters), to_sign, "{id}");
            if let Some(request) = vector.get("request") {
                let sent = text(&request[if http_method == "GET" { "url" } else { "body" }]);
                let sent = sent.split_once('?').map_or(sent, |(_, query)| query);
                assert_eq!(decoded(&query(&parameters, &signature)), decoded(sent), "{id}");
            }
        }
        assert_eq!(held, 11);
    }

    #[test]
    fn booleans_are_written_as_on_the_api_page_and_null_is_not_sent() {
        let body = serde_json::json!({ "A": true, "B": { "C": false, "D": null }, "E": [null, 1] });
        let mut parameters = Parameters::new();
        flatten(&body, &mut parameters);
        assert_eq!(query(&parameters, "s"), "A=TRUE&B.C=FALSE&E.1=1&Signature=s");
    }

    #[test]
    fn a_nonce_is_positive_and_one_for_each_seed() {
        assert_eq!(nonce("one-0"), nonce("one-0"));
        assert_ne!(nonce("one-0"), nonce("one-1"));
        assert!((0..1_000).all(|n| (1..=i64::MAX.unsigned_abs()).contains(&nonce(&n.to_string()))));
    }
}
