//! Calls per second, per action and region.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::actions::Action;
use super::error::ApiError;

const WINDOW: SignedDuration = SignedDuration::from_secs(1);

/// When the calls of the last second came.
#[derive(Debug, Default)]
pub(super) struct Limits(BTreeMap<(&'static str, String), VecDeque<Timestamp>>);

impl Limits {
    /// # Errors
    /// `RequestLimitExceeded`; such a call does not count.
    pub(super) fn admit(
        &mut self,
        action: &'static Action,
        region: &str,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let calls = self.0.entry((action.name, region.to_owned())).or_default();
        while calls.front().is_some_and(|first| *first + WINDOW <= now) {
            calls.pop_front();
        }
        if calls.len() >= action.per_second {
            return Err(exceeded(action.name));
        }
        calls.push_back(now);
        Ok(())
    }
}

pub(super) fn exceeded(action: &str) -> ApiError {
    let why = format!("Your current request times of `{action}` in a second exceeds the frequency limit.");
    ApiError::new("RequestLimitExceeded", why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::actions::find;

    #[test]
    fn the_eleventh_reset_of_a_second_is_refused_and_the_next_second_is_free() {
        let mut limits = Limits::default();
        let now = Timestamp::UNIX_EPOCH;
        let [reset, describe] = ["ResetInstance", "DescribeInstances"].map(|name| find("cvm", name).unwrap());
        for _ in 0..10 {
            assert_eq!(limits.admit(reset, "ap-guangzhou", now), Ok(()));
        }
        let late = now + SignedDuration::from_millis(999);
        assert_eq!(limits.admit(reset, "ap-guangzhou", late), Err(exceeded("ResetInstance")));
        assert_eq!(limits.admit(reset, "ap-hongkong", late), Ok(()));
        assert_eq!(limits.admit(describe, "ap-guangzhou", late), Ok(()));
        assert_eq!(limits.admit(reset, "ap-guangzhou", now + WINDOW), Ok(()));
    }
}
