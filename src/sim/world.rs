//! Everything that the simulator remembers.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::discord::DiscordWorld;
use super::fault::{Armed, Fault, Faults};
use super::fleet::Fleet;
use super::limits::Limits;
use super::show;
use super::slack::SlackWorld;
use super::v2::Nonces;

/// How many calls are remembered.
const MAX_CALLS: usize = 1000;

/// One call of a Tencent Cloud API.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Fleet time.
    pub(super) at: Timestamp,
    pub(super) action: String,
    pub(super) request_id: String,
    /// `OK` or the error code that was answered, or would have been.
    pub(super) outcome: String,
    pub(super) fault: Option<Fault>,
}

pub(super) struct World {
    pub(super) fleet: Fleet,
    pub(super) slack: SlackWorld,
    pub(super) discord: DiscordWorld,
    pub(super) faults: Faults,
    pub(super) limits: Limits,
    pub(super) nonces: Nonces,
    calls: VecDeque<Call>,
    /// How far fleet time is ahead of wall time.
    offset: SignedDuration,
    served: u64,
}

impl World {
    pub(super) fn new(fleet: Fleet) -> Self {
        Self {
            fleet,
            slack: SlackWorld::default(),
            discord: DiscordWorld::default(),
            faults: Faults::default(),
            limits: Limits::default(),
            nonces: Nonces::default(),
            calls: VecDeque::new(),
            offset: SignedDuration::ZERO,
            served: 0,
        }
    }

    pub(super) fn fleet_now(&self, wall: Timestamp) -> Timestamp {
        wall.saturating_add(self.offset).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn advance(&mut self, by: SignedDuration) {
        self.offset = self.offset.saturating_add(by);
    }

    /// Shaped like the example of the API page, and the same from run to run.
    pub(super) fn next_request_id(&mut self) -> String {
        self.served += 1;
        format!("a0a66377-b79f-4a21-846c-{:012x}", self.served)
    }

    pub(super) fn console(&mut self, instance: &str, operation: &str, wall: Timestamp) -> bool {
        self.served += 1;
        let request_id = format!("c0501e00-0000-4000-8000-{:012x}", self.served);
        let now = self.fleet_now(wall);
        self.fleet.console(instance, operation, (&request_id, now))
    }

    pub(super) fn record(&mut self, call: Call) {
        if self.calls.len() == MAX_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(super) fn state(&mut self, wall: Timestamp) -> Value {
        let now = self.fleet_now(wall);
        self.fleet.advance(now);
        let call = |call: &Call| {
            json!({
                "at": call.at.to_string(), "action": call.action, "request_id": call.request_id,
                "outcome": call.outcome, "fault": call.fault.as_ref().map(ToString::to_string),
            })
        };
        let fault = |armed: &Armed| {
            json!({
                "fault": armed.fault.to_string(), "action": armed.action, "region": armed.region, "times": armed.times,
            })
        };
        json!({
            "now": now.to_string(),
            "fleet": show::fleet(&self.fleet),
            "calls": self.calls.iter().map(call).collect::<Vec<_>>(),
            "faults": self.faults.iter().map(fault).collect::<Vec<_>>(),
            "slack": self.slack.state(),
            "discord": self.discord.state(),
        })
    }
}
