//! What the program logs while the tests run, all of them together.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

static LINES: OnceLock<Lines> = OnceLock::new();

/// Logging is one for the whole process and must be there before the first line, or it may miss it.
pub(crate) fn start() {
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer().json().with_writer(move || writer.clone());
        let ours = Targets::new().with_target("cleanslate", LevelFilter::TRACE);
        tracing_subscriber::registry().with(layer.with_filter(ours)).init();
        lines
    });
}

/// Every line so far.
pub(crate) fn lines() -> String {
    let lines = LINES.get().expect("started with the program that logs");
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}
