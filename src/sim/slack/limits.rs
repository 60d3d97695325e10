//! How fast a bot may call: docs.slack.dev, "Rate limits", and each method's own page.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Slack names no number for its "short bursts"; this one is ours.
const BURST: SignedDuration = SignedDuration::from_secs(10);

/// When the latest calls came, by method; those that post, by channel too.
#[derive(Debug, Default)]
pub(super) struct Limits(BTreeMap<(String, String), VecDeque<Timestamp>>);

impl Limits {
    /// # Errors
    /// The whole seconds to wait; such a call does not count.
    pub(super) fn admit(&mut self, method: &str, channel: &str, now: Timestamp) -> Result<(), i64> {
        let (most, window) = match method {
            // One a second in each channel.
            "chat.postMessage" => (10, BURST),
            "usergroups.users.list" => (20, MINUTE),
            "chat.postEphemeral" => (100, MINUTE),
            // "Hundreds of requests per minute."
            "auth.test" => (300, MINUTE),
            _ => (50, MINUTE),
        };
        let channel = if method == "chat.postMessage" { channel } else { "" };
        let calls = self.0.entry((method.to_owned(), channel.to_owned())).or_default();
        while calls.front().is_some_and(|first| *first + window <= now) {
            calls.pop_front();
        }
        match calls.front() {
            Some(first) if calls.len() >= most => {
                let wait = (*first + window).duration_since(now);
                Err(wait.as_secs() + i64::from(wait.subsec_nanos() > 0))
            }
            _ => {
                calls.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_takes_a_burst_and_then_one_message_a_second() {
        let mut limits = Limits::default();
        let at = |millis| Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis);
        for tenth in 0..10 {
            assert_eq!(limits.admit("chat.postMessage", "C1", at(tenth * 100)), Ok(()));
        }
        assert_eq!(limits.admit("chat.postMessage", "C1", at(1000)), Err(9));
        assert_eq!(limits.admit("chat.postMessage", "C1", at(9999)), Err(1));
        assert_eq!(limits.admit("chat.postMessage", "C2", at(1000)), Ok(()), "each channel has its own");
        assert_eq!(
            limits.admit("chat.postMessage", "C1", at(10_000)),
            Ok(()),
            "what was refused does not count"
        );
        assert_eq!(limits.admit("chat.postMessage", "C1", at(10_000)), Err(1));
    }

    #[test]
    fn each_method_has_its_tier() {
        let mut limits = Limits::default();
        let mut taken = |method| {
            (0..1000).take_while(|_| limits.admit(method, "C1", Timestamp::UNIX_EPOCH).is_ok()).count()
        };
        let tiers =
            ["chat.update", "chat.postEphemeral", "usergroups.users.list", "auth.test"].map(&mut taken);
        assert_eq!(tiers, [50, 100, 20, 300]);
        assert_eq!(limits.admit("chat.update", "C2", Timestamp::UNIX_EPOCH), Err(60), "whatever the channel");
    }
}
