//! How a call is written down. API 3.0 with TC3: common parameters in `X-TC-` headers, the others as JSON, or in the
//! query of a GET. Signature v1, on the legacy path and on API 3.0's: all of them in one list.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode, header};
use serde_json::json;

use super::actions::{self, Answer};
use super::auth::{self, Judge, header_text};
use super::error::ApiError;
use super::fleet::ApiKey;
use super::params::Body;
use super::v2::{self, Nonces};
use crate::cloud::v1::Parameters;

/// The most a query and a form may hold, in bytes.
const MAX_QUERY: usize = 32 * 1024;
const MAX_FORM: usize = 1024 * 1024;

pub(super) struct Wire<'a> {
    parts: &'a Parts,
    body: &'a [u8],
    /// Of signature v1; absent: TC3.
    v1: Option<Parameters>,
}

impl<'a> Wire<'a> {
    pub(super) fn of(parts: &'a Parts, body: &'a [u8]) -> Self {
        let content_type = header_text(&parts.headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        let is_tc3 = parts.uri.path() != v2::PATH
            && (parts.headers.contains_key(header::AUTHORIZATION)
                || parts.method == Method::POST && content_type.starts_with("application/json"));
        let list = if parts.method == Method::POST { body } else { query(parts).as_bytes() };
        let v1 = (!is_tc3).then(|| form_urlencoded::parse(list).into_owned().collect());
        Self { parts, body, v1 }
    }

    /// A common parameter: `Action`, `Version`.
    pub(super) fn common(&self, name: &str) -> Option<&str> {
        let text = match &self.v1 {
            Some(parameters) => parameters.get(name).map(String::as_str),
            None => header_text(&self.parts.headers, &format!("x-tc-{}", name.to_lowercase())),
        };
        text.filter(|text| !text.is_empty())
    }

    /// The legacy API also knows its regions by short names.
    pub(super) fn region(&self) -> Option<&str> {
        let region = self.common("Region")?;
        Some(if self.is_legacy() { v2::region(region) } else { region })
    }

    fn is_legacy(&self) -> bool {
        self.parts.uri.path() == v2::PATH
    }

    /// Whether the call is for the legacy API itself, which has no version and answers in its own envelope.
    pub(super) fn is_unversioned(&self) -> bool {
        self.is_legacy() && self.common("Version").is_none()
    }

    /// Who calls, and which product.
    ///
    /// # Errors
    /// `UnsupportedProtocol`, `RequestSizeLimitExceeded`, `MissingParameter`, an `AuthFailure`, or the legacy API's code
    /// for a replay.
    pub(super) fn verify<'k>(
        &self,
        judge: &Judge<'k>,
        nonces: &mut Nonces,
    ) -> Result<(&'k ApiKey, &str), ApiError> {
        if ![Method::GET, Method::POST].contains(&self.parts.method) {
            return Err(ApiError::new("UnsupportedProtocol", "Only GET and POST are supported."));
        }
        if query(self.parts).len() > MAX_QUERY || self.v1.is_some() && self.body.len() > MAX_FORM {
            return Err(ApiError::new("RequestSizeLimitExceeded", "The request exceeds the maximum size."));
        }
        match &self.v1 {
            Some(parameters) => Ok((v2::verify(self.parts, parameters, judge, nonces)?, self.product())),
            None => auth::verify(self.parts, self.payload(), judge),
        }
    }

    /// By the host's first label, as in `cvm.api.qcloud.com`; where that is no product, by the action.
    fn product(&self) -> &str {
        let host = header_text(&self.parts.headers, header::HOST.as_str()).unwrap_or_default();
        let label = host.split(['.', ':']).next().unwrap_or_default();
        match actions::version(label) {
            Some(_) => label,
            None => actions::product_of(self.common("Action").unwrap_or_default()).unwrap_or("cvm"),
        }
    }

    /// A GET has none, whatever comes with it.
    fn payload(&self) -> &[u8] {
        if self.parts.method == Method::GET { &[] } else { self.body }
    }

    /// The parameters of the action.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn body(&self) -> Result<Body, ApiError> {
        match &self.v1 {
            Some(parameters) => {
                let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                Body::flat(pairs.filter(|(name, _)| !v2::COMMON.contains(name)))
            }
            None if self.parts.method == Method::GET => {
                let pairs: Vec<_> =
                    form_urlencoded::parse(query(self.parts).as_bytes()).into_owned().collect();
                Body::flat(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            }
            None => Body::json(self.body),
        }
    }

    /// The answer as this wire has it.
    pub(super) fn answer(&self, outcome: Answer, request_id: &str) -> Response<Bytes> {
        let is_numeric = |code: &str| code.bytes().all(|b| b.is_ascii_digit());
        let answer = match outcome {
            Err(error) if self.is_unversioned() || is_numeric(&error.code) => v2::refusal(&error),
            Ok(fields) if self.is_unversioned() => v2::success(fields),
            Ok(mut fields) => {
                fields.insert("RequestId".to_owned(), request_id.into());
                json!({ "Response": fields })
            }
            Err(ApiError { code, message }) => {
                let error = json!({ "Code": code, "Message": message });
                json!({ "Response": { "Error": error, "RequestId": request_id } })
            }
        };
        super::serve::json(StatusCode::OK, &answer)
    }
}

fn query(parts: &Parts) -> &str {
    parts.uri.query().unwrap_or_default()
}
