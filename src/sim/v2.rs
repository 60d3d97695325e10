//! Signature v1, and the legacy API that came with it: `/v2/index.php`, where a nonce counts once, and a call without a
//! version is answered with a number.

use std::collections::BTreeMap;

use http::header;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::auth::{self, Judge, header_text, without_port};
use super::error::ApiError;
use super::fleet::ApiKey;
use super::params::missing;
use crate::cloud::v1::{self, Parameters};

pub(super) const PATH: &str = "/v2/index.php";

/// How far a timestamp may be off on the legacy path.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(2);

/// The legacy API's code for a call that came before, or too late.
const REPLAY: &str = "4500";

/// Parameters that belong to no action.
pub(super) const COMMON: [&str; 11] = [
    "Action",
    "Region",
    "Timestamp",
    "Nonce",
    "SecretId",
    "Version",
    "SignatureMethod",
    "Signature",
    "Token",
    "Language",
    "RequestClient",
];

/// The legacy API's short names of regions.
const REGIONS: [(&str, &str); 10] = [
    ("gz", "ap-guangzhou"),
    ("sh", "ap-shanghai"),
    ("bj", "ap-beijing"),
    ("cd", "ap-chengdu"),
    ("cq", "ap-chongqing"),
    ("hk", "ap-hongkong"),
    ("sg", "ap-singapore"),
    ("kr", "ap-seoul"),
    ("de", "eu-frankfurt"),
    ("usw", "na-siliconvalley"),
];

pub(super) fn region(name: &str) -> &str {
    REGIONS.iter().find(|(short, _)| *short == name).map_or(name, |(_, full)| full)
}

/// The nonces that were used, and when.
#[derive(Debug, Default)]
pub(super) struct Nonces(BTreeMap<(String, String), Timestamp>);

impl Nonces {
    /// False when the key has used it before. A nonce is kept until its timestamp is out of date.
    fn take(&mut self, secret_id: &str, nonce: &str, wall: Timestamp) -> bool {
        let life = TOLERANCE + TOLERANCE;
        self.0.retain(|_, used| wall.duration_since(*used) <= life);
        self.0.insert((secret_id.to_owned(), nonce.to_owned()), wall).is_none()
    }
}

/// Checks time, key, token, signature and, on the legacy path, the nonce.
///
/// # Errors
/// `MissingParameter`, `InvalidParameter`, an `AuthFailure`, or [`REPLAY`]: API 3.0 has no code for it.
pub(super) fn verify<'k>(
    parts: &Parts,
    parameters: &Parameters,
    judge: &Judge<'k>,
    nonces: &mut Nonces,
) -> Result<&'k ApiKey, ApiError> {
    let legacy = parts.uri.path() == PATH;
    let required =
        |name: &str| parameters.get(name).filter(|text| !text.is_empty()).ok_or_else(|| missing(name));
    let (secret_id, nonce, signature) = (required("SecretId")?, required("Nonce")?, required("Signature")?);
    // The documents ask for a positive one, and Tencent's own SDK for Node.js draws a zero now and then.
    if nonce.parse::<u64>().is_err() {
        return Err(ApiError::new("InvalidParameter", "`Nonce` is not a positive integer."));
    }
    let tolerance = if legacy { (TOLERANCE, REPLAY) } else { auth::TOLERANCE };
    judge.timestamp(required("Timestamp")?, tolerance)?;
    let key = judge.key(secret_id, parameters.get("Token").map(String::as_str))?;
    if !is_genuine(parts, parameters, &key.secret_key, signature) {
        return Err(auth::wrong_signature());
    }
    if legacy && !nonces.take(secret_id, nonce, judge.wall) {
        return Err(ApiError::new(REPLAY, "`Nonce` was used before."));
    }
    Ok(key)
}

/// Clients sign the host with the port or without; both are taken.
fn is_genuine(parts: &Parts, parameters: &Parameters, secret_key: &str, signature: &str) -> bool {
    let method = match parameters.get("SignatureMethod").map(String::as_str) {
        Some("HmacSHA256") => v1::Method::HmacSha256,
        Some(_) | None => v1::Method::HmacSha1,
    };
    let mut signed = parameters.clone();
    signed.remove("Signature");
    let host = header_text(&parts.headers, header::HOST.as_str()).unwrap_or_default();
    [host, without_port(host)].iter().any(|host| {
        let text = v1::string_to_sign(parts.method.as_str(), host, parts.uri.path(), &signed);
        method.signature(secret_key, &text) == signature
    })
}

/// The number of an error, by the beginning of its code: the longest that fits. What is not here is a wrong parameter.
const NUMBERS: [(&str, u32); 37] = [
    ("AuthFailure", 4100),
    ("AuthFailure.InvalidSecretId", 4103),
    ("AuthFailure.MFAFailure", 4106),
    ("AuthFailure.SecretIdNotFound", 4104),
    ("AuthFailure.SignatureExpire", 4200),
    ("AuthFailure.TokenFailure", 4105),
    ("AuthFailure.UnauthorizedOperation", 4101),
    ("UnauthorizedOperation", 4101),
    ("UnauthorizedOperation.", 4110),
    ("UnauthorizedOperation.InvalidToken", 4105),
    ("UnauthorizedOperation.MFA", 4106),
    ("UnauthorizedOperation.PermissionDenied", 4102),
    ("IpInBlacklist", 4300),
    ("IpNotInWhitelist", 4300),
    ("LimitExceeded", 4400),
    ("RequestLimitExceeded", 4400),
    ("UnsupportedProtocol", 4600),
    ("InvalidImageId.NotFound", 5000),
    ("InvalidInstanceId.NotFound", 5000),
    ("InvalidParameterValue.KeyPairNotFound", 5000),
    ("ResourceNotFound", 5000),
    ("FailedOperation", 5100),
    ("InvalidInstance.NotSupported", 5100),
    ("MutexOperation", 5100),
    ("OperationDenied", 5100),
    ("ResourceInUse", 5100),
    ("ResourceInsufficient", 5100),
    ("ResourceUnavailable", 5100),
    ("ResourcesSoldOut", 5200),
    ("UnsupportedOperation", 5100),
    ("InvalidAccount.UnpaidOrder", 5200),
    ("InvalidAccount.InsufficientBalance", 5300),
    ("Internal", 6000),
    ("InvalidAction", 6100),
    ("NoSuch", 6100),
    ("ActionOffline", 6100),
    ("ServiceUnavailable", 6200),
];

fn number(code: &str) -> u32 {
    if let Ok(number) = code.parse() {
        return number;
    }
    let fits = NUMBERS.iter().filter(|(beginning, _)| code.starts_with(beginning));
    fits.max_by_key(|(beginning, _)| beginning.len()).map_or(4000, |(_, number)| *number)
}

/// `{"code": 4100, "codeDesc": "AuthFailure.SignatureFailure", "message": …}`
pub(super) fn refusal(error: &ApiError) -> Value {
    json!({ "code": number(&error.code), "codeDesc": error.code, "message": error.message })
}

/// The fields of the answer stand beside the code.
pub(super) fn success(mut fields: Map<String, Value>) -> Value {
    fields.insert("code".to_owned(), 0.into());
    fields.insert("codeDesc".to_owned(), "Success".into());
    fields.insert("message".to_owned(), "".into());
    fields.into()
}
