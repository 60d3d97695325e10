//! A simulated Tencent Cloud, Slack and Discord, over their real HTTP APIs: what a client must sign, it must sign here;
//! what is refused there is refused here, with the documented code.
//!
//! Two times: *wall* time judges signatures, *fleet* time, wall time and an offset, drives operations, the lag of
//! `LatestOperation*` and the HTTP `Date`. `POST /_sim/clock` moves fleet time only.

mod actions;
mod auth;
pub mod cast;
mod cbs;
mod control;
mod cvm;
pub mod discord;
pub mod error;
pub mod fault;
pub mod fleet;
mod gateway;
mod limits;
mod order;
mod params;
pub mod play;
mod price;
mod query;
mod serve;
mod show;
pub mod slack;
mod sts;
mod v2;
mod wire;
mod world;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::Clock;
use discord::DiscordWorld;
use fault::{Armed, Fault};
use fleet::{Fleet, Wipe};
use slack::SlackWorld;
use world::World;

/// One simulated world; a clone is the same world.
#[derive(Clone)]
pub struct Sim {
    world: Arc<Mutex<World>>,
    start: Arc<Fleet>,
    wall: Clock,
}

impl Sim {
    pub fn new(fleet: Fleet, wall: Clock) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(fleet.clone()))), start: Arc::new(fleet), wall }
    }

    /// Moves fleet time on; wall time stays.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.with(|world| world.advance(by));
    }

    pub fn fleet_now(&self) -> Timestamp {
        let wall = self.wall();
        self.with(|world| world.fleet_now(wall))
    }

    /// Every disk wiped since the start, in order.
    pub fn wipes(&self) -> Vec<Wipe> {
        self.with(|world| world.fleet.wipes().to_vec())
    }

    /// The next call of `action` goes wrong like this.
    pub fn arm(&self, action: &str, fault: Fault) {
        let armed = Armed { fault, action: Some(action.to_owned()), region: None, times: 1 };
        self.with(|world| world.faults.arm(armed));
    }

    /// Somebody does something to an instance in the console; false where it is not there or busy.
    pub fn console(&self, instance: &str, operation: &str) -> bool {
        let wall = self.wall();
        self.with(|world| world.console(instance, operation, wall))
    }

    /// What `GET /_sim/state` answers: time, fleet, wipes, calls, armed faults, and what Slack and Discord hold.
    pub fn state(&self) -> Value {
        let wall = self.wall();
        self.with(|world| world.state(wall))
    }

    /// Back to the start: fleet, chat, faults, calls and fleet time.
    pub fn reset(&self) {
        self.with(|world| *world = World::new(Fleet::clone(&self.start)));
    }

    /// The simulated Slack, for whoever plays a person in it.
    pub fn slack<T>(&self, play: impl FnOnce(&mut SlackWorld) -> T) -> T {
        self.with(|world| play(&mut world.slack))
    }

    /// The simulated Discord, for whoever plays a person in it.
    pub fn discord<T>(&self, play: impl FnOnce(&mut DiscordWorld) -> T) -> T {
        self.with(|world| play(&mut world.discord))
    }

    fn wall(&self) -> Timestamp {
        (self.wall)()
    }

    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
