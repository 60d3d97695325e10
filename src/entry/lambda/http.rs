//! HTTP requests as Lambda hands them over: Function URLs and API Gateway's payload 2.0, and payload 1.0 of its REST
//! APIs. <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::event::{Envelope, RequestContext};
use crate::ingress::empty;

/// How the answer is to be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    V1,
    V2,
}

/// An event that has the envelope of an HTTP request, and holds none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event is no HTTP request: its {0} cannot be read")]
pub(super) struct Malformed(&'static str);

impl Payload {
    pub(super) fn of(envelope: &Envelope) -> Self {
        if envelope.version.as_deref() == Some("2.0") { Self::V2 } else { Self::V1 }
    }

    pub(super) fn answer(self, response: &Response<Bytes>) -> Value {
        let mut headers = serde_json::Map::new();
        for name in response.headers().keys() {
            let values: Vec<String> = response
                .headers()
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            let value = if self == Self::V1 { json!(values) } else { json!(values.join(", ")) };
            headers.insert(name.to_string(), value);
        }
        let (body, encoded) = match std::str::from_utf8(response.body()) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (BASE64.encode(response.body()), true),
        };
        let name = if self == Self::V1 { "multiValueHeaders" } else { "headers" };
        json!({
            "statusCode": response.status().as_u16(), name: headers, "body": body, "isBase64Encoded": encoded,
        })
    }

    /// An answer without a body.
    pub(super) fn refuse(self, status: StatusCode) -> Value {
        self.answer(&empty(status))
    }
}

/// The request as a server would have read it from a socket. The query is left out: nothing reads it.
pub(super) fn request(envelope: Envelope) -> Result<Request<Bytes>, Malformed> {
    let context = envelope.request_context.unwrap_or_default();
    let RequestContext { http, stage } = context;
    let method = envelope.http_method.or(http.method).ok_or(Malformed("method"))?;
    let path = envelope.raw_path.or(envelope.path).ok_or(Malformed("path"))?;
    // The stages of REST APIs are not in the path, and their events say no version.
    let stage = stage.filter(|_| envelope.version.is_some());
    let body = match envelope.body.unwrap_or_default() {
        body if envelope.is_base64_encoded == Some(true) => {
            BASE64.decode(body.as_bytes()).map_err(|_| Malformed("body"))?
        }
        body => body.into_bytes(),
    };
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| Malformed("method"))?;
    *request.uri_mut() = within(&path, stage.as_deref()).parse().map_err(|_| Malformed("path"))?;
    let (several, single) = (envelope.multi_value_headers, envelope.headers);
    let several = several.filter(|headers| !headers.is_empty());
    *request.headers_mut() = match several {
        Some(several) => {
            headers(several.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value))))?
        }
        None => headers(single.unwrap_or_default().iter())?,
    };
    Ok(request)
}

/// The path behind a named stage.
fn within<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let behind = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    behind.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

fn headers<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Result<HeaderMap, Malformed> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Malformed("headers"))?;
        let value = HeaderValue::from_str(value).map_err(|_| Malformed("headers"))?;
        headers.append(name, value);
    }
    Ok(headers)
}
