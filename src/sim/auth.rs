//! Who calls: the TC3 signature, judged by what the request itself says it covers.

use http::HeaderMap;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};

use super::error::ApiError;
use super::fleet::ApiKey;
use super::params::missing;
use crate::cloud::tc3::{ALGORITHM, Canonical, Scope};

/// How far the signature's time may be from the cloud's, and the code of what is farther.
pub(super) const TOLERANCE: (SignedDuration, &str) =
    (SignedDuration::from_secs(300), "AuthFailure.SignatureExpire");

/// What a caller is judged by.
pub(super) struct Judge<'k> {
    pub(super) keys: &'k [ApiKey],
    /// The time of signatures.
    pub(super) wall: Timestamp,
    /// The time of temporary credentials.
    pub(super) fleet: Timestamp,
}

impl<'k> Judge<'k> {
    /// The time that a call says it was signed at, in Unix seconds.
    ///
    /// # Errors
    /// `InvalidParameter`, or the code of the tolerance when it is too far off.
    pub(super) fn timestamp(
        &self,
        text: &str,
        (tolerance, code): (SignedDuration, &str),
    ) -> Result<i64, ApiError> {
        let signed: i64 = text
            .parse()
            .map_err(|_| ApiError::new("InvalidParameter", "`Timestamp` is not a number of seconds."))?;
        let now = self.wall.as_second();
        if signed.abs_diff(now) > tolerance.as_secs().unsigned_abs() {
            let why = format!("The signature has expired: signed at {signed}, server time {now}.");
            return Err(ApiError::new(code, why));
        }
        Ok(signed)
    }

    /// The key of this id, with the token that belongs to it.
    ///
    /// # Errors
    /// `AuthFailure.SecretIdNotFound` or `AuthFailure.TokenFailure`.
    pub(super) fn key(&self, secret_id: &str, token: Option<&str>) -> Result<&'k ApiKey, ApiError> {
        let key = self.keys.iter().find(|key| key.secret_id == secret_id);
        let key =
            key.ok_or_else(|| ApiError::new("AuthFailure.SecretIdNotFound", "The SecretId is not found."))?;
        let fails = |why: &str| Err(ApiError::new("AuthFailure.TokenFailure", why));
        match (&key.token, token.unwrap_or_default()) {
            (None, "") => Ok(key),
            (None, _) => fails("This SecretId goes without a token."),
            (Some(_), "") => fails("This SecretId goes with a token."),
            (Some(right), sent) if right != sent => fails("The token is wrong."),
            (Some(_), _) if key.expires.is_some_and(|at| at <= self.fleet) => fails("The token has expired."),
            (Some(_), _) => Ok(key),
        }
    }
}

/// What `Authorization` says.
struct Authorization<'a> {
    secret_id: &'a str,
    /// `2019-02-25/cvm/tc3_request`
    scope: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

/// Checks time, key, token and signature; gives the key, and the service that the request was signed for.
///
/// # Errors
/// `MissingParameter` or an `AuthFailure`, in the order in which they are looked at.
pub(super) fn verify<'a, 'k>(
    parts: &'a Parts,
    payload: &[u8],
    judge: &Judge<'k>,
) -> Result<(&'k ApiKey, &'a str), ApiError> {
    let text = header_text(&parts.headers, "authorization").ok_or_else(|| invalid("there is none"))?;
    let authorization = Authorization::read(text)?;
    let timestamp = header_text(&parts.headers, "x-tc-timestamp").ok_or_else(|| missing("Timestamp"))?;
    let timestamp = judge.timestamp(timestamp, TOLERANCE)?;
    let key = judge.key(authorization.secret_id, header_text(&parts.headers, "x-tc-token"))?;
    if authorization.is_genuine(parts, payload, timestamp, &key.secret_key)? {
        Ok((key, authorization.service))
    } else {
        Err(wrong_signature())
    }
}

pub(super) fn wrong_signature() -> ApiError {
    ApiError::new(
        "AuthFailure.SignatureFailure",
        "The provided credentials could not be validated. Please check your signature is correct.",
    )
}

impl<'a> Authorization<'a> {
    /// Some clients leave out the space after the commas.
    fn read(text: &'a str) -> Result<Self, ApiError> {
        let fields =
            text.strip_prefix(ALGORITHM).ok_or_else(|| invalid("the algorithm is not TC3-HMAC-SHA256"))?;
        let field = |name: &str| {
            let value = fields.split(',').find_map(|one| one.trim().strip_prefix(name)?.strip_prefix('='));
            value.ok_or_else(|| invalid(&format!("`{name}` is missing")))
        };
        let credential = field("Credential")?;
        let (secret_id, scope) =
            credential.split_once('/').ok_or_else(|| invalid("`Credential` has no scope"))?;
        let [_, service, "tc3_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
            return Err(invalid("the scope is not `date/service/tc3_request`"));
        };
        let signed_headers: Vec<&str> = field("SignedHeaders")?.split(';').collect();
        if let Some(name) = ["content-type", "host"].iter().find(|name| !signed_headers.contains(*name)) {
            return Err(invalid(&format!("`{name}` is not signed")));
        }
        Ok(Self { secret_id, scope, service, signed_headers, signature: field("Signature")? })
    }

    /// Clients sign the host with the port or without; both are taken.
    fn is_genuine(
        &self,
        parts: &Parts,
        payload: &[u8],
        timestamp: i64,
        secret_key: &str,
    ) -> Result<bool, ApiError> {
        let mut headers = Vec::new();
        for name in &self.signed_headers {
            let value = header_text(&parts.headers, name);
            headers
                .push((*name, value.ok_or_else(|| invalid(&format!("the signed `{name}` was not sent")))?));
        }
        let without_port: Vec<_> = headers
            .iter()
            .map(|(name, value)| match *name {
                "host" => (*name, without_port(value)),
                _ => (*name, *value),
            })
            .collect();
        let scope = Scope { timestamp, service: self.service };
        let fits = |headers: &[(&str, &str)]| {
            let canonical = Canonical {
                method: parts.method.as_str(),
                path: parts.uri.path(),
                query: parts.uri.query().unwrap_or_default(),
                headers,
                payload,
            };
            scope.signature(secret_key, &canonical.text()) == self.signature
        };
        Ok(scope.text() == self.scope && (fits(&headers) || fits(&without_port)))
    }
}

fn invalid(why: &str) -> ApiError {
    ApiError::new("AuthFailure.InvalidAuthorization", format!("The Authorization header is invalid: {why}."))
}

pub(super) fn without_port(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

/// A header's text, where it is there and readable.
pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
