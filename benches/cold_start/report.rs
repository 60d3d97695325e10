//! What was measured, beside what it is held to.

use std::time::Duration;

/// Of one start: how long after it what happened.
type Timeline = Vec<(Duration, String)>;

const ECHO: usize = 0;
const HELP: usize = 2;
const WHOLE: usize = 3;
const PEERS: [usize; 2] = [4, 5];
const NAMES: [&str; 6] = [
    "the limit: a bare echo",
    "the front: Discord's ping, nothing to call",
    "the front: /reset help, nothing to call",
    "the front: an order, all of AWS called",
    "Python slack_bolt: /reset help",
    "JavaScript @slack/bolt: /reset help",
];

/// Starts, by subject.
#[derive(Default)]
pub(crate) struct Cold {
    starts: [Vec<(Duration, Timeline)>; 6],
    /// In KiB.
    peaks: [u32; 6],
}

impl Cold {
    pub(crate) fn note(&mut self, subject: usize, time: Duration, peak: u32, timeline: Timeline) {
        self.starts[subject].push((time, timeline));
        self.peaks[subject] = self.peaks[subject].max(peak);
    }

    pub(crate) fn print(mut self) {
        println!("{:<46}{:>9}{:>9}{:>10}", "start to first answer, milliseconds", "p50", "p99", "peak MiB");
        let mut p50 = [0.0; 6];
        for (index, starts) in self.starts.iter_mut().enumerate() {
            starts.sort();
            let times: Vec<Duration> = starts.iter().map(|(time, _)| *time).collect();
            p50[index] = millis(at(&times, 50));
            let (p99, peak) = (millis(at(&times, 99)), f64::from(self.peaks[index]) / 1024.0);
            println!("{:<46}{:>9.2}{p99:>9.2}{peak:>10.1}", NAMES[index], p50[index]);
        }
        let peer = PEERS.map(|peer| p50[peer]).into_iter().fold(f64::INFINITY, f64::min);
        println!("/reset help: {:.0} times as fast as the faster peer (goal: 50),", peer / p50[HELP]);
        println!("    and {:.2} ms more than the echo (goal: 2)", p50[HELP] - p50[ECHO]);
        println!("an order: {:.1} times as fast as the faster peer's help (goal: 12),", peer / p50[WHOLE]);
        println!("    and {:.1} MiB at most (goal: 16)", f64::from(self.peaks[WHOLE]) / 1024.0);
        for subject in [HELP, WHOLE] {
            let (time, timeline) = &self.starts[subject][self.starts[subject].len() / 2];
            println!("\n{}, the median start:", NAMES[subject]);
            for (after, what) in timeline {
                println!("{:>9.2} ms  {what}", millis(*after));
            }
            println!("{:>9.2} ms  has answered", millis(*time));
        }
    }
}

/// Answers of processes that run, in turns.
#[derive(Default)]
pub(crate) struct Warm {
    pub(crate) echo: Vec<Duration>,
    pub(crate) front: Vec<Duration>,
    /// An order's calls of AWS alone.
    pub(crate) commit: Vec<Duration>,
}

impl Warm {
    pub(crate) fn print(mut self) {
        println!("\n{:<46}{:>9}{:>9}", "later answers, milliseconds", "p50", "p99");
        let rows = [
            ("a bare echo", &mut self.echo),
            ("an order's calls of AWS by a bare client", &mut self.commit),
            ("an order", &mut self.front),
        ];
        let [echo, commit, front] = rows.map(|(name, times)| {
            times.sort();
            let [p50, p99] = [50, 99].map(|percent| millis(at(times, percent)));
            println!("{name:<46}{p50:>9.3}{p99:>9.3}");
            p99
        });
        println!("p99: {:.2} of echo and calls together (goal: 2)", front / (echo + commit));
    }
}

/// Of sorted times.
fn at(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
