//! Who calls: the TC3 signature, judged by what the request itself says it covers.

use http::HeaderMap;
use http::request::Parts;
use jiff::Timestamp;

use super::cast;
use super::error::ApiError;
use super::params::missing;
use crate::cloud::tc3::{ALGORITHM, Canonical, Scope};

/// How far the signature's time may be from the cloud's, in seconds.
const TOLERANCE: i64 = 300;

/// What `Authorization` says.
struct Authorization<'a> {
    secret_id: &'a str,
    /// `2019-02-25/cvm/tc3_request`
    scope: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

/// Checks time, key and signature; gives the service that the request was signed for.
///
/// # Errors
/// `UnsupportedProtocol`, `MissingParameter` or an `AuthFailure`, in the order in which they are looked at.
pub(super) fn verify<'a>(parts: &'a Parts, body: &[u8], now: Timestamp) -> Result<&'a str, ApiError> {
    if parts.method != http::Method::POST {
        return Err(ApiError::new("UnsupportedProtocol", "Only POST with TC3-HMAC-SHA256 is simulated."));
    }
    let text = header(&parts.headers, "authorization").ok_or_else(|| invalid("there is none"))?;
    let authorization = Authorization::read(text)?;
    let timestamp = header(&parts.headers, "x-tc-timestamp").ok_or_else(|| missing("Timestamp"))?;
    let timestamp: i64 = timestamp
        .parse()
        .map_err(|_| ApiError::new("InvalidParameter", "`Timestamp` is not a number of seconds."))?;
    if timestamp.abs_diff(now.as_second()) > TOLERANCE.unsigned_abs() {
        return Err(ApiError::new(
            "AuthFailure.SignatureExpire",
            format!("The signature has expired: signed at {timestamp}, server time {}.", now.as_second()),
        ));
    }
    if authorization.secret_id != cast::TENCENT_SECRET_ID {
        return Err(ApiError::new("AuthFailure.SecretIdNotFound", "The SecretId is not found."));
    }
    if header(&parts.headers, "x-tc-token").is_some_and(|token| !token.is_empty()) {
        return Err(ApiError::new("AuthFailure.TokenFailure", "This SecretId goes without a token."));
    }
    if authorization.is_genuine(parts, body, timestamp)? {
        Ok(authorization.service)
    } else {
        Err(ApiError::new(
            "AuthFailure.SignatureFailure",
            "The provided credentials could not be validated. Please check your signature is correct.",
        ))
    }
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
    fn is_genuine(&self, parts: &Parts, body: &[u8], timestamp: i64) -> Result<bool, ApiError> {
        let mut headers = Vec::new();
        for name in &self.signed_headers {
            let value = header(&parts.headers, name);
            headers
                .push((*name, value.ok_or_else(|| invalid(&format!("the signed `{name}` was not sent")))?));
        }
        let without_port: Vec<_> = headers
            .iter()
            .map(|(name, value)| match *name {
                "host" => (*name, value.rsplit_once(':').map_or(*value, |(host, _)| host)),
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
                payload: body,
            };
            scope.signature(cast::TENCENT_SECRET_KEY, &canonical.text()) == self.signature
        };
        Ok(scope.text() == self.scope && (fits(&headers) || fits(&without_port)))
    }
}

fn invalid(why: &str) -> ApiError {
    ApiError::new("AuthFailure.InvalidAuthorization", format!("The Authorization header is invalid: {why}."))
}

/// A header's text, where it is there and readable.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
