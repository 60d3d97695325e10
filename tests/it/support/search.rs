//! Looking for what must not be: many lives, by chance that is the same every time, on every core.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many times as much is tried: `CLEANSLATE_CRASH=20 cargo test`.
#[expect(clippy::disallowed_methods, reason = "how long a test searches is its caller's choice")]
pub(crate) fn effort() -> u64 {
    std::env::var("CLEANSLATE_CRASH").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Numbers that look random and are the same every time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// Neighbouring seeds have nothing in common.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// From 1 to `limit`.
    pub(crate) fn seconds(&mut self, limit: usize) -> i64 {
        1 + i64::try_from(self.below(limit)).unwrap()
    }
}

/// Searches each part of the work, on every core. Gives the number of lives.
pub(crate) fn search<T: Sync>(work: &[T], lives: impl Fn(&T) -> Result<usize, String> + Sync) -> usize {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut sum = 0;
        while let Some(part) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            sum += lives(part)?;
        }
        Ok::<usize, String>(sum)
    };
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        let sums = workers.into_iter().map(|worker| worker.join().unwrap());
        sums.map(|sum| sum.unwrap_or_else(|why| panic!("{why}"))).sum()
    })
}
