//! The CVM API over HTTP, as documented: `POST /`, TC3, HTTP 200 for errors too.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::cast;
use super::fault::Fault;
use super::fleet::{ApiError, Bend, Fleet, error};
use crate::cloud::tc3::{self, Canonical, Scope};

/// How far `X-TC-Timestamp` may lie from the cloud's clock.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// How a call is answered.
pub enum Outcome {
    Answer(Response<Bytes>),
    /// The connection closes without a byte.
    Close,
    /// The connection stays open and silent.
    Hang,
}

/// The two times: signatures are judged by wall time, operations and `Date` by fleet time.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub wall: Timestamp,
    pub fleet: Timestamp,
}

/// Answers one call.
pub fn call(
    fleet: &mut Fleet,
    request: (&HeaderMap, &[u8]),
    now: Now,
    fault: Option<&Fault>,
    request_id: &str,
) -> Outcome {
    let ahead =
        if fault == Some(&Fault::Clock) { SignedDuration::from_mins(10) } else { SignedDuration::ZERO };
    let now = Now { wall: now.wall + ahead, fleet: now.fleet + ahead };
    match fault {
        Some(Fault::Hang) => return Outcome::Hang,
        Some(Fault::DropBefore) => return Outcome::Close,
        _ => {}
    }
    let answer = act(fleet, request, now, (fault, request_id));
    let body = envelope(answer, request_id);
    match fault {
        Some(Fault::AcceptThenDrop) => Outcome::Close,
        Some(Fault::AcceptThenHang) => Outcome::Hang,
        Some(Fault::AcceptThen5xx) => {
            respond(StatusCode::BAD_GATEWAY, "<html>502 Bad Gateway</html>".into(), now)
        }
        Some(Fault::Truncate) => respond(StatusCode::OK, body[..body.len() / 2].to_owned(), now),
        Some(Fault::Garble) => respond(StatusCode::OK, "\u{fffd}\u{1}not json".into(), now),
        _ => respond(StatusCode::OK, body, now),
    }
}

fn respond(status: StatusCode, body: String, now: Now) -> Outcome {
    let date = now.fleet.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let response =
        Response::builder().status(status).header("content-type", "application/json").header("date", date);
    Outcome::Answer(response.body(Bytes::from(body)).unwrap_or_default())
}

fn envelope(answer: Result<Value, ApiError>, request_id: &str) -> String {
    let mut response = match answer {
        Ok(body) => body,
        Err(ApiError { code, message }) => json!({ "Error": { "Code": code, "Message": message } }),
    };
    response["RequestId"] = request_id.into();
    json!({ "Response": response }).to_string()
}

fn act(
    fleet: &mut Fleet,
    (headers, body): (&HeaderMap, &[u8]),
    now: Now,
    (fault, request_id): (Option<&Fault>, &str),
) -> Result<Value, ApiError> {
    authenticate(headers, body, now.wall)?;
    match fault {
        Some(Fault::Refuse(code)) => return Err(error(code, "Refused on purpose.")),
        Some(Fault::Throttle) => {
            return Err(error(
                "RequestLimitExceeded",
                "Your current request times equals to `10` in a second, which exceeds the frequency limit `10` for a second.",
            ));
        }
        _ => {}
    }
    if header(headers, "x-tc-version")? != "2017-03-12" {
        return Err(error("NoSuchVersion", "The API version does not exist."));
    }
    let region = header(headers, "x-tc-region")?;
    let body: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_| error("InvalidParameter", "The body is not a JSON object."))?;
    fleet.advance(now.fleet);
    match header(headers, "x-tc-action")? {
        "DescribeInstances" => fleet.describe_instances(region, &body),
        "DescribeImages" => fleet.describe_images(&body),
        "ResetInstance" => {
            let bend = Bend { slow: fault == Some(&Fault::Slow), fails: fault == Some(&Fault::FailAsync) };
            fleet.reset(region, &body, (request_id, now.fleet), bend).map(|()| json!({}))
        }
        action => Err(error("InvalidAction", format!("The action `{action}` does not exist."))),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, ApiError> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| error("MissingParameter", format!("The header `{name}` is missing.")))
}

/// Verified by the request's own `SignedHeaders` and scope.
fn authenticate(headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), ApiError> {
    let malformed = || error("AuthFailure.InvalidAuthorization", "The Authorization header is malformed.");
    let authorization =
        headers.get("authorization").and_then(|value| value.to_str().ok()).ok_or_else(malformed)?;
    let parts = authorization.strip_prefix(tc3::ALGORITHM).ok_or_else(malformed)?;
    let part = |name: &str| {
        parts
            .split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .ok_or_else(malformed)
    };
    let (credential, signed, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let [id, date, service, "tc3_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
        return Err(malformed());
    };
    if id != cast::TENCENT_SECRET_ID {
        return Err(error("AuthFailure.SecretIdNotFound", "The SecretId is not found."));
    }
    let timestamp: i64 = header(headers, "x-tc-timestamp")?.parse().map_err(|_| malformed())?;
    let sent = Timestamp::from_second(timestamp).map_err(|_| malformed())?;
    if now.duration_since(sent).abs() > WINDOW {
        return Err(error(
            "AuthFailure.SignatureExpire",
            "The provided credentials have expired: the timestamp is more than five minutes off.",
        ));
    }
    let names: Vec<&str> = signed.split(';').collect();
    if !names.contains(&"content-type") || !names.contains(&"host") {
        return Err(malformed());
    }
    let signed: Vec<(&str, &str)> = names
        .iter()
        .map(|name| header(headers, name).map(|value| (*name, value)))
        .collect::<Result<_, _>>()?;
    let scope = Scope { timestamp, service };
    let canonical = Canonical { method: "POST", path: "/", query: "", headers: &signed, payload: body };
    let genuine = scope.signature(cast::TENCENT_SECRET_KEY, &canonical.text()) == signature;
    if genuine && scope.text().starts_with(date) {
        Ok(())
    } else {
        Err(error("AuthFailure.SignatureFailure", "The provided credentials could not be validated."))
    }
}
