//! The CVM API over HTTP, as documented: TC3 in, `{"Response": …}` with status 200 out, errors too. Written from the
//! documentation and not from the client, so that the two can disagree.

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::auth::{self, header};
use super::error::ApiError;
use super::fault::Fault;
use super::fleet::Course;
use super::params::missing;
use super::world::{Call, World};
use super::{actions, limits};

const VERSION: &str = "2017-03-12";
const ACTIONS: [&str; 3] = ["DescribeInstances", "DescribeImages", "ResetInstance"];

/// How far ahead the cloud's clock is under the fault `clock`.
const CLOCK_AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// What goes back over the wire.
#[derive(Debug)]
pub(super) enum Served {
    Answer(Response<Bytes>),
    /// Nothing, until the client gives up.
    Hold,
    /// The connection is closed without a byte.
    Close,
    /// The head and half of the body, then the connection is closed.
    Cut(Response<Bytes>),
}

/// One call, from its bytes to its answer.
pub(super) fn call(world: &mut World, parts: &Parts, body: &[u8], wall: Timestamp) -> Served {
    let action = header(&parts.headers, "x-tc-action").unwrap_or_default();
    let request_id = world.next_request_id();
    let fault = world.faults.take(action);
    let ahead = if fault == Some(Fault::Clock) { CLOCK_AHEAD } else { SignedDuration::ZERO };
    let now = world.fleet_now(wall);
    let outcome = auth::verify(parts, body, wall + ahead)
        .and_then(|service| admit(world, parts, service, wall))
        .and_then(|region| {
            execute(world, &Asked { action, region, body, request_id: &request_id, now }, fault.as_ref())
        });
    let code = outcome.as_ref().map_or_else(|error| error.code.clone(), |_| "OK".to_owned());
    world.record(Call {
        at: now,
        action: action.to_owned(),
        request_id: request_id.clone(),
        outcome: code,
        fault: fault.clone(),
    });
    let answer = envelope(outcome, &request_id, now + ahead);
    bend(answer, fault.as_ref())
}

/// What the common parameters must be. Gives the region.
fn admit<'a>(
    world: &mut World,
    parts: &'a Parts,
    service: &str,
    wall: Timestamp,
) -> Result<&'a str, ApiError> {
    let required = |name: &str| {
        let value = header(&parts.headers, &format!("x-tc-{}", name.to_lowercase()));
        value.filter(|value| !value.is_empty()).ok_or_else(|| missing(name))
    };
    if service != "cvm" {
        return Err(ApiError::new("NoSuchProduct", format!("There is no product `{service}` here.")));
    }
    let version = required("Version")?;
    if version != VERSION {
        return Err(ApiError::new("NoSuchVersion", format!("There is no version `{version}`.")));
    }
    let action = required("Action")?;
    if !ACTIONS.contains(&action) {
        return Err(ApiError::new(
            "InvalidAction",
            format!("The action `{action}` is invalid or not found."),
        ));
    }
    let region = required("Region")?;
    if !world.fleet.regions.iter().any(|one| one == region) {
        return Err(ApiError::new("UnsupportedRegion", format!("The region `{region}` is not supported.")));
    }
    world.limits.admit(action, region, wall)?;
    Ok(region)
}

/// One admitted call.
struct Asked<'a> {
    action: &'a str,
    region: &'a str,
    body: &'a [u8],
    request_id: &'a str,
    now: Timestamp,
}

fn execute(
    world: &mut World,
    asked: &Asked<'_>,
    fault: Option<&Fault>,
) -> Result<Map<String, Value>, ApiError> {
    let course = match fault {
        Some(Fault::Refuse(code)) => {
            return Err(ApiError::new(code, "The simulator was told to refuse this call."));
        }
        Some(Fault::Throttle) => return Err(limits::exceeded(asked.action)),
        Some(Fault::Hang | Fault::DropBefore) => return Ok(Map::new()),
        Some(Fault::Slow) => Course::Slow,
        Some(Fault::FailAsync) => Course::Fails,
        Some(
            Fault::AcceptThenDrop
            | Fault::AcceptThen5xx
            | Fault::AcceptThenHang
            | Fault::Truncate
            | Fault::Garble
            | Fault::Clock,
        )
        | None => Course::Smooth,
    };
    let body: Value = serde_json::from_slice(asked.body)
        .map_err(|_| ApiError::new("InvalidParameter", "The request body is not JSON."))?;
    world.fleet.advance(asked.now);
    match asked.action {
        "DescribeInstances" => actions::describe_instances(&world.fleet, asked.region, &body),
        "DescribeImages" => actions::describe_images(&world.fleet, asked.region, &body),
        _ => {
            let order = actions::reset_order(&body)?;
            world.fleet.reset(asked.region, &order, (asked.request_id, asked.now), course)?;
            Ok(Map::new())
        }
    }
}

/// `{"Response": …}`, dated by the cloud's clock.
fn envelope(
    outcome: Result<Map<String, Value>, ApiError>,
    request_id: &str,
    date: Timestamp,
) -> Response<Bytes> {
    let mut response = outcome.unwrap_or_else(|error| {
        let error = json!({ "Code": error.code, "Message": error.message });
        Map::from_iter([("Error".to_owned(), error)])
    });
    response.insert("RequestId".to_owned(), request_id.into());
    let mut answer = super::serve::json(StatusCode::OK, &json!({ "Response": response }));
    super::serve::set_date(&mut answer, date);
    answer
}

fn bend(mut answer: Response<Bytes>, fault: Option<&Fault>) -> Served {
    match fault {
        Some(Fault::Hang | Fault::AcceptThenHang) => Served::Hold,
        Some(Fault::DropBefore | Fault::AcceptThenDrop) => Served::Close,
        Some(Fault::Truncate) => Served::Cut(answer),
        Some(Fault::AcceptThen5xx) => {
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            *answer.body_mut() = Bytes::from_static(b"<html><h1>502 Bad Gateway</h1></html>");
            Served::Answer(answer)
        }
        Some(Fault::Garble) => {
            *answer.body_mut() = Bytes::from_static(b"\x1f\x8b garbled \x00\xff");
            Served::Answer(answer)
        }
        Some(Fault::Refuse(_) | Fault::Throttle | Fault::Slow | Fault::Clock | Fault::FailAsync) | None => {
            Served::Answer(answer)
        }
    }
}
