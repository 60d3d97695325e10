//! Tencent Cloud over HTTP, as documented: a signed call in, status 200 out, errors too. Written from the documentation
//! and not from the client, so that the two can disagree.

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};

use super::actions::{self, Action, Answer, Asked};
use super::auth::Judge;
use super::error::ApiError;
use super::fault::Fault;
use super::fleet::{ApiKey, Course};
use super::limits;
use super::params::missing;
use super::wire::Wire;
use super::world::{Call, World};

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
    let wire = Wire::of(parts, body);
    let action = wire.common("Action").unwrap_or_default();
    let request_id = world.next_request_id();
    let fault = world.faults.take(action, wire.region().unwrap_or_default());
    let ahead = if fault == Some(Fault::Clock) { CLOCK_AHEAD } else { SignedDuration::ZERO };
    let now = world.fleet_now(wall);
    let outcome = admit(world, &wire, (wall + ahead, now + ahead))
        .and_then(|admitted| carry_out(world, &wire, &admitted, (&request_id, now), fault.as_ref()));
    world.record(Call {
        at: now,
        action: action.to_owned(),
        request_id: request_id.clone(),
        outcome: outcome.as_ref().map_or_else(|error| error.code.clone(), |_| "OK".to_owned()),
        fault: fault.clone(),
    });
    let mut answer = wire.answer(outcome, &request_id);
    super::serve::set_date(&mut answer, now + ahead);
    bend(answer, fault.as_ref())
}

/// A call that is let in.
struct Admitted<'a> {
    action: &'static Action,
    key: ApiKey,
    region: &'a str,
}

/// Who may call what, and what the common parameters must be.
fn admit<'a>(
    world: &mut World,
    wire: &'a Wire<'_>,
    (wall, fleet): (Timestamp, Timestamp),
) -> Result<Admitted<'a>, ApiError> {
    let judge = Judge { keys: &world.fleet.api_keys, wall, fleet };
    let (key, product) = wire.verify(&judge, &mut world.nonces)?;
    let action = known(wire, product)?;
    let region = wire.region().ok_or_else(|| missing("Region"))?;
    if !world.fleet.regions.iter().any(|one| one == region) {
        return Err(ApiError::new("UnsupportedRegion", format!("The region `{region}` is not supported.")));
    }
    if !key.may_call(product, action.name) {
        let why = format!("You are not authorized to perform {product}:{}.", action.name);
        return Err(ApiError::new("UnauthorizedOperation", why));
    }
    let key = key.clone();
    world.limits.admit(action, region, wall)?;
    Ok(Admitted { action, key, region })
}

/// The action, in the version that its product has.
fn known(wire: &Wire<'_>, product: &str) -> Result<&'static Action, ApiError> {
    let Some(right) = actions::version(product) else {
        return Err(ApiError::new("NoSuchProduct", format!("There is no product `{product}` here.")));
    };
    if !wire.is_unversioned() {
        let version = wire.common("Version").ok_or_else(|| missing("Version"))?;
        if version != right {
            return Err(ApiError::new("NoSuchVersion", format!("There is no version `{version}`.")));
        }
    }
    let name = wire.common("Action").ok_or_else(|| missing("Action"))?;
    actions::find(product, name).ok_or_else(|| {
        ApiError::new("InvalidAction", format!("The action `{name}` is invalid or not found."))
    })
}

fn carry_out(
    world: &mut World,
    wire: &Wire<'_>,
    admitted: &Admitted<'_>,
    (request_id, now): (&str, Timestamp),
    fault: Option<&Fault>,
) -> Answer {
    let course = match fault {
        Some(Fault::Refuse(code)) => {
            return Err(ApiError::new(code, "The simulator was told to refuse this call."));
        }
        Some(Fault::Throttle) => return Err(limits::exceeded(admitted.action.name)),
        Some(Fault::Hang | Fault::DropBefore) => return Ok(serde_json::Map::new()),
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
    let body = wire.body()?;
    world.fleet.advance(now);
    let Admitted { action, key, region } = admitted;
    (action.run)(&mut world.fleet, &Asked { region, body: &body, key, request_id, now, course })
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
