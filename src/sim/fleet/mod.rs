//! The simulated fleet: a pure state machine, moved by [`Fleet::advance`]. Rules and error codes are those of the
//! `ResetInstance` page and its error list.

mod disks;
mod file;
mod keys;
mod login;
mod model;
mod price;
mod reset;
mod rules;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::error::ApiError;
pub use disks::{Disk, Snapshot};
pub use file::BadFleet;
pub use keys::ApiKey;
pub use model::{Image, Instance, Operation, Progress, Quirks};
pub use reset::{Agents, Course, DiskOrder, Login, LoginSettings, Order, SLOW, Wipe};
use reset::{Change, Running};

/// Everything an account has, as the fleet file writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// The regions that the API serves.
    pub regions: Vec<String>,
    /// How long a reset takes, in seconds of fleet time.
    pub reset_seconds: u32,
    /// For how long after a call `LatestOperation*` still shows the operation before, in seconds of fleet time.
    pub lag_seconds: u32,
    /// What the account can pay with, in yuan; absent: enough.
    #[serde(default)]
    pub balance: Option<f64>,
    /// Ids of the key pairs.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Absent: the simulator's usual key, which may do everything.
    #[serde(default = "keys::default_keys")]
    pub api_keys: Vec<ApiKey>,
    #[serde(default)]
    pub images: Vec<Image>,
    #[serde(default)]
    pub instances: Vec<Instance>,
    #[serde(default)]
    pub snapshots: Vec<Snapshot>,
    #[serde(skip)]
    wipes: Vec<Wipe>,
}

impl Fleet {
    /// Carries out whatever ends by `now`.
    pub fn advance(&mut self, now: Timestamp) {
        for instance in &mut self.instances {
            if let Some(running) = instance.reset.take_if(|running| running.ends <= now) {
                instance.finish(running.outcome);
            }
            instance.lagging.take_if(|(until, _)| *until <= now);
        }
        for snapshot in &mut self.snapshots {
            snapshot.date(now);
        }
    }

    /// `ResetInstance`: checked, then begun; the wipe counts from here.
    ///
    /// # Errors
    /// As documented; nothing has been begun.
    pub fn reset(
        &mut self,
        region: &str,
        order: &Order,
        (request_id, now): (&str, Timestamp),
        course: Course,
    ) -> Result<(), ApiError> {
        self.advance(now);
        let (index, change) = self.check(region, order)?;
        self.check_balance(&self.instances[index], &change)?;
        let lag = SignedDuration::from_secs(self.lag_seconds.into());
        let takes = match course {
            Course::Smooth | Course::Fails => SignedDuration::from_secs(self.reset_seconds.into()),
            Course::Slow => SLOW,
        };
        let outcome = match course {
            Course::Smooth | Course::Slow => Ok(change),
            Course::Fails => Err("The image could not be written to the system disk.".to_owned()),
        };
        let instance = &mut self.instances[index];
        let before = instance.latest().cloned();
        instance.lagging = Some((now + lag, before));
        instance.operation = Some(Operation {
            name: "ResetInstance".to_owned(),
            state: Progress::Operating,
            request_id: request_id.to_owned(),
            error: None,
        });
        instance.reset = Some(Running { ends: now + takes, outcome });
        self.wipes.push(Wipe {
            instance: order.instance.clone(),
            request_id: request_id.to_owned(),
            at: now,
            login: order.login.way(),
            user_data_bytes: order.user_data.as_ref().map_or(0, String::len),
        });
        Ok(())
    }

    /// Somebody does something in the console: it is over and seen at once. False where the instance is not there or
    /// busy.
    pub fn console(&mut self, id: &str, operation: &str, (request_id, now): (&str, Timestamp)) -> bool {
        self.advance(now);
        let Some(instance) = self.instances.iter_mut().find(|one| one.id == id && !one.is_busy()) else {
            return false;
        };
        instance.lagging = None;
        instance.operation = Some(Operation {
            name: operation.to_owned(),
            state: Progress::Success,
            request_id: request_id.to_owned(),
            error: None,
        });
        true
    }

    /// Every disk wiped since the start, in order.
    pub fn wipes(&self) -> &[Wipe] {
        &self.wipes
    }

    /// An image by its id, wherever it is visible.
    pub fn image(&self, id: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUANGZHOU: &str = "ap-guangzhou";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn order(instance: &str, image: &str) -> Order {
        Order {
            instance: instance.to_owned(),
            image: Some(image.to_owned()),
            disk: DiskOrder { size_gb: Some(60), ..DiskOrder::default() },
            ..Order::default()
        }
    }

    fn find<'a>(fleet: &'a Fleet, id: &str) -> &'a Instance {
        fleet.instances.iter().find(|one| one.id == id).unwrap()
    }

    /// What a poll at `seconds` sees: operation, state, image, disk size.
    fn poll(fleet: &mut Fleet, id: &str, seconds: i64) -> String {
        fleet.advance(at(seconds));
        let one = find(fleet, id);
        let last = one.latest().unwrap();
        format!("{} {} {} {} GB", last.name, last.state.as_str(), one.image, one.disk_gb)
    }

    #[test]
    fn a_reset_shows_after_the_lag_and_changes_the_machine_at_its_end() {
        let mut fleet = Fleet::default();
        let reset = order("ins-r8hr2upy", "img-pmqg1cw7");
        fleet.reset(GUANGZHOU, &reset, ("r-1", at(0)), Course::Smooth).unwrap();
        let seen: Vec<String> = [0, 7, 8, 159, 160, 9999]
            .into_iter()
            .map(|seconds| format!("{seconds:>4} s  {}", poll(&mut fleet, "ins-r8hr2upy", seconds)))
            .collect();
        insta::assert_snapshot!(seen.join("\n"), @"
           0 s  StartInstances SUCCESS img-487zeit5 50 GB
           7 s  StartInstances SUCCESS img-487zeit5 50 GB
           8 s  ResetInstance OPERATING img-487zeit5 50 GB
         159 s  ResetInstance OPERATING img-487zeit5 50 GB
         160 s  ResetInstance SUCCESS img-pmqg1cw7 60 GB
        9999 s  ResetInstance SUCCESS img-pmqg1cw7 60 GB
        ");
        let one = find(&fleet, "ins-r8hr2upy");
        assert_eq!(one.latest().map(|last| last.request_id.as_str()), Some("r-1"));
        assert_eq!(one.keys, Vec::<String>::new(), "no login was asked for: a random password, no keys");
        let wipe = Wipe {
            instance: one.id.clone(),
            request_id: "r-1".to_owned(),
            at: at(0),
            login: Login::Random,
            user_data_bytes: 0,
        };
        assert_eq!(fleet.wipes(), [wipe]);
    }

    #[test]
    fn a_failed_reset_says_why_and_changes_nothing_but_has_wiped() {
        let mut fleet = Fleet::default();
        let reset = order("ins-r8hr2upy", "img-pmqg1cw7");
        fleet.reset(GUANGZHOU, &reset, ("r-1", at(0)), Course::Fails).unwrap();
        assert_eq!(poll(&mut fleet, "ins-r8hr2upy", 160), "ResetInstance FAILED img-487zeit5 50 GB");
        let one = find(&fleet, "ins-r8hr2upy");
        assert!(one.latest().unwrap().error.is_some());
        assert_eq!(fleet.wipes().len(), 1);
    }

    #[test]
    fn a_slow_reset_takes_twelve_minutes() {
        let mut fleet = Fleet::default();
        let reset = order("ins-r8hr2upy", "img-pmqg1cw7");
        fleet.reset(GUANGZHOU, &reset, ("r-1", at(0)), Course::Slow).unwrap();
        assert_eq!(poll(&mut fleet, "ins-r8hr2upy", 719), "ResetInstance OPERATING img-487zeit5 50 GB");
        assert_eq!(poll(&mut fleet, "ins-r8hr2upy", 720), "ResetInstance SUCCESS img-pmqg1cw7 60 GB");
    }

    #[test]
    fn one_operation_at_a_time_even_while_the_lag_hides_it() {
        let mut fleet = Fleet::default();
        let reset = order("ins-r8hr2upy", "img-pmqg1cw7");
        fleet.reset(GUANGZHOU, &reset, ("r-1", at(0)), Course::Smooth).unwrap();
        let second = fleet.reset(GUANGZHOU, &reset, ("r-2", at(1)), Course::Smooth).unwrap_err();
        assert_eq!(second.code, "OperationDenied.InstanceOperationInProgress");
        insta::assert_snapshot!(second.message, @"The instance `['ins-r8hr2upy']` already has operation in progress. Please try again later.");
        assert_eq!(fleet.wipes().len(), 1);
        fleet.reset(GUANGZHOU, &reset, ("r-3", at(160)), Course::Smooth).unwrap();
        assert_eq!(fleet.wipes().len(), 2, "once it is over, nothing stops a second one");
    }

    #[test]
    fn what_somebody_does_in_the_console_is_seen_at_once_but_never_during_a_reset() {
        let mut fleet = Fleet::default();
        assert!(fleet.console("ins-r8hr2upy", "StopInstances", ("c-1", at(0))));
        assert_eq!(poll(&mut fleet, "ins-r8hr2upy", 0), "StopInstances SUCCESS img-487zeit5 50 GB");
        let reset = order("ins-r8hr2upy", "img-pmqg1cw7");
        fleet.reset(GUANGZHOU, &reset, ("r-1", at(1)), Course::Smooth).unwrap();
        assert!(!fleet.console("ins-r8hr2upy", "StartInstances", ("c-2", at(2))));
        assert!(fleet.console("ins-r8hr2upy", "StartInstances", ("c-3", at(161))));
        assert_eq!(poll(&mut fleet, "ins-r8hr2upy", 161), "StartInstances SUCCESS img-pmqg1cw7 60 GB");
        assert!(!fleet.console("ins-00000000", "StartInstances", ("c-4", at(162))));
    }

    #[test]
    fn only_a_switch_of_the_system_replaces_the_disk() {
        let mut fleet = Fleet::default();
        let disk = |fleet: &Fleet| find(fleet, "ins-stopped1").system_disk_id();
        let before = disk(&fleet);
        let linux = order("ins-stopped1", "img-pmqg1cw7");
        fleet.reset(GUANGZHOU, &linux, ("r-1", at(0)), Course::Smooth).unwrap();
        fleet.advance(at(160));
        assert_eq!(disk(&fleet), before);
        assert_eq!(find(&fleet, "ins-stopped1").state, "RUNNING", "a reset starts the machine");
        let windows = order("ins-stopped1", "img-9id7emv7");
        fleet.reset(GUANGZHOU, &windows, ("r-2", at(200)), Course::Smooth).unwrap();
        assert_eq!(disk(&fleet), before, "not before it is over");
        fleet.advance(at(360));
        assert_ne!(disk(&fleet), before);
    }
}
