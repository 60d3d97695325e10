//! TC3-HMAC-SHA256, API 3.0's signature. Pure. Tencent's documentation: "Signature v3".

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use jiff::tz::Offset;
use sha2::{Digest as _, Sha256};

/// The name that stands in the `Authorization` header.
pub const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Canonical<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// As sent, without the question mark.
    pub query: &'a str,
    /// The signed headers: lower-case names, sorted, with their values as sent.
    pub headers: &'a [(&'a str, &'a str)],
    pub payload: &'a [u8],
}

impl Canonical<'_> {
    /// `content-type;host`
    pub fn signed_headers(&self) -> String {
        self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
    }

    /// The canonical request.
    pub fn text(&self) -> String {
        let headers = self.headers.iter().fold(String::new(), |text, (name, value)| {
            text + name + ":" + &value.trim().to_lowercase() + "\n"
        });
        let Self { method, path, query, payload, .. } = self;
        format!("{method}\n{path}\n{query}\n{headers}\n{}\n{}", self.signed_headers(), hash(payload))
    }
}

/// When and for which service a signature holds.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Unix seconds, as in `X-TC-Timestamp`.
    pub timestamp: i64,
    /// `cvm`, `cbs`, `sts`.
    pub service: &'a str,
}

impl Scope<'_> {
    /// The date in UTC, whatever the machine's zone.
    fn date(&self) -> String {
        let at = Timestamp::from_second(self.timestamp).unwrap_or_default();
        Offset::UTC.to_datetime(at).date().to_string()
    }

    /// `2019-02-25/cvm/tc3_request`
    pub fn text(&self) -> String {
        format!("{}/{}/tc3_request", self.date(), self.service)
    }

    pub fn string_to_sign(&self, canonical_request: &str) -> String {
        let hashed = hash(canonical_request.as_bytes());
        format!("{ALGORITHM}\n{}\n{}\n{hashed}", self.timestamp, self.text())
    }

    /// The keys of the date, the service and the request, each made from the one before.
    fn keys(&self, secret_key: &str) -> [[u8; 32]; 3] {
        let date = hmac(format!("TC3{secret_key}").as_bytes(), self.date().as_bytes());
        let service = hmac(&date, self.service.as_bytes());
        [date, service, hmac(&service, b"tc3_request")]
    }

    /// The signature of a canonical request, in hex.
    pub fn signature(&self, secret_key: &str, canonical_request: &str) -> String {
        let [_, _, key] = self.keys(secret_key);
        data_encoding::HEXLOWER.encode(&hmac(&key, self.string_to_sign(canonical_request).as_bytes()))
    }
}

/// The `Authorization` header of a request.
pub fn authorization(
    secret_id: &str,
    secret_key: &str,
    scope: Scope<'_>,
    canonical: Canonical<'_>,
) -> String {
    let signature = scope.signature(secret_key, &canonical.text());
    let (scope, headers) = (scope.text(), canonical.signed_headers());
    format!("{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={headers}, Signature={signature}")
}

fn hash(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(message).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn header<'a>(request: &'a Value, name: &str) -> &'a str {
        let headers = request["headers"].as_object().unwrap();
        headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str().unwrap())
            .unwrap()
    }

    /// Every published and recomputed vector, with each intermediate value.
    #[test]
    fn every_vector_holds() {
        let all: Value = serde_json::from_str(include_str!("../../tests/fixtures/vectors.json")).unwrap();
        let vectors: Vec<&Value> =
            all["vectors"].as_array().unwrap().iter().filter(|vector| vector["kind"] == "tc3").collect();
        assert_eq!(vectors.len(), 16);
        for vector in vectors {
            let (input, request, steps) = (&vector["input"], &vector["request"], &vector["steps"]);
            let (id, text) = (&vector["id"], |value: &Value| value.as_str().unwrap().to_owned());
            let body = data_encoding::HEXLOWER.decode(text(&request["body_utf8_hex"]).as_bytes()).unwrap();
            let names = text(&steps["signed_headers"]);
            let headers: Vec<(&str, &str)> =
                names.split(';').map(|name| (name, header(request, name))).collect();
            let query = text(&steps["canonical_query_string"]);
            let (method, path) = (text(&input["method"]), text(&input["path"]));
            let canonical =
                Canonical { method: &method, path: &path, query: &query, headers: &headers, payload: &body };
            let service = text(&input["service"]);
            let scope = Scope { timestamp: input["timestamp"].as_i64().unwrap(), service: &service };
            let (secret_id, secret_key) = (text(&input["secret_id"]), text(&input["secret_key"]));
            assert_eq!(hash(&body), steps["hashed_payload"], "{id}");
            assert_eq!(canonical.text(), steps["canonical_request"], "{id}");
            assert_eq!(hash(canonical.text().as_bytes()), steps["hashed_canonical_request"], "{id}");
            assert_eq!(scope.date(), steps["date"], "{id}");
            assert_eq!(scope.text(), steps["credential_scope"], "{id}");
            assert_eq!(scope.string_to_sign(&canonical.text()), steps["string_to_sign"], "{id}");
            let [date, service, signing] =
                scope.keys(&secret_key).map(|key| data_encoding::HEXLOWER.encode(&key));
            assert_eq!(date, steps["secret_date_hex"], "{id}");
            assert_eq!(service, steps["secret_service_hex"], "{id}");
            assert_eq!(signing, steps["secret_signing_hex"], "{id}");
            assert_eq!(scope.signature(&secret_key, &canonical.text()), vector["signature"], "{id}");
            assert_eq!(
                authorization(&secret_id, &secret_key, scope, canonical),
                vector["authorization"],
                "{id}"
            );
        }
    }
}
