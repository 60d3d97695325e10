//! The simulator's own API under `/_sim/`: see everything, arm a fault, move fleet time, use the console, start over.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::Sim;
use super::fault::{Armed, Fault};
use super::serve::{json, not_found};

/// `POST /_sim/faults`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    #[serde(default)]
    platform: Platform,
    fault: String,
    /// The call that goes wrong: Tencent's `ResetInstance` where neither this nor a region is said, any with a region
    /// alone; on Discord the beginning of `PATCH /channels/…`, and any call where nothing is said; on Slack any.
    action: Option<String>,
    /// Where Tencent's calls go wrong; everywhere, where nothing is said.
    region: Option<String>,
    #[serde(default = "once")]
    times: u32,
}

/// Whose call goes wrong.
#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Platform {
    #[default]
    Tencent,
    Slack,
    Discord,
}

fn once() -> u32 {
    1
}

/// `POST /_sim/clock`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// `480s`, `8m`, `PT8M`
    advance: SignedDuration,
}

/// `POST /_sim/console`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    instance: String,
    /// As `LatestOperation` names it: `StopInstances`.
    operation: String,
}

/// Serves `path`, which is what follows `/_sim/`. What is done is answered with the state afterwards.
pub(super) fn handle(sim: &Sim, method: &Method, path: &str, body: &[u8]) -> Response<Bytes> {
    let done = match (method.as_str(), path) {
        ("GET", "state") => Ok(()),
        ("POST", "faults") => read(body).and_then(|arm| arm_fault(sim, arm)),
        ("POST", "clock") => read(body).and_then(|advance| advance_clock(sim, &advance)),
        ("POST", "console") => read(body).and_then(|act| use_console(sim, &act)),
        ("POST", "reset") => {
            sim.reset();
            Ok(())
        }
        _ => return not_found(),
    };
    match done {
        Ok(()) => json(StatusCode::OK, &sim.state()),
        Err(why) => json(StatusCode::BAD_REQUEST, &json!({ "error": why })),
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn arm_fault(sim: &Sim, arm: Arm) -> Result<(), String> {
    let Arm { platform, fault, action, region, times } = arm;
    let few = usize::try_from(times.min(1000)).unwrap_or(1000);
    match platform {
        Platform::Tencent => {
            let fault = fault.parse::<Fault>().map_err(|error| error.to_string())?;
            let usual = || region.is_none().then(|| "ResetInstance".to_owned());
            let action = action.or_else(usual);
            sim.with(|world| world.faults.arm(Armed { fault, action, region, times }));
        }
        Platform::Slack => {
            sim.slack(|slack| slack.arm(&fault, few));
        }
        Platform::Discord => {
            let route = action.unwrap_or_default();
            let armed = sim.discord(|discord| discord.arm_route(&route, &fault, few));
            armed.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn use_console(sim: &Sim, act: &Act) -> Result<(), String> {
    let done = sim.console(&act.instance, &act.operation);
    done.then_some(()).ok_or_else(|| format!("{} is not there or busy", act.instance))
}

fn advance_clock(sim: &Sim, Advance { advance }: &Advance) -> Result<(), String> {
    let by = advance.unsigned_abs();
    if advance.is_negative() {
        return Err("fleet time does not go back".to_owned());
    }
    sim.advance(by);
    Ok(())
}
