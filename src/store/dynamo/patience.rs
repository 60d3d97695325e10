//! Waiting, with an end. The timer is the SDK's own.

use std::pin::pin;
use std::time::Duration;

use aws_sdk_dynamodb::config::{AsyncSleep as _, SharedAsyncSleep, Sleep};
use futures_util::future::{Either, select};

/// The longest first pause; each next one may be twice as long.
const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(640);

/// How long one call may go on trying.
pub(super) struct Patience {
    timer: SharedAsyncSleep,
    end: Sleep,
    over: bool,
    longest: Duration,
}

impl Patience {
    pub(super) fn new(timer: &SharedAsyncSleep, total: Duration) -> Self {
        Self { timer: timer.clone(), end: timer.sleep(total), over: false, longest: FIRST }
    }

    /// Waits for `work`; `None`: the time was over first.
    pub(super) async fn wait<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        if self.over {
            return None;
        }
        match select(pin!(work), &mut self.end).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => {
                self.over = true;
                None
            }
        }
    }

    /// Lets the others go first for a random while. False: the time is over.
    pub(super) async fn pause(&mut self) -> bool {
        // Without random numbers everybody waits alike; the end is the same.
        let share = getrandom::u32().unwrap_or_default() % 1000;
        let pause = self.timer.sleep(self.longest * share / 1000);
        self.longest = LONGEST.min(self.longest * 2);
        self.wait(pause).await.is_some()
    }
}
