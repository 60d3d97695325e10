//! What the program logs while the tests run, all of them together.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

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
        tracing_subscriber::fmt()
            .json()
            .with_env_filter("off,cleanslate=trace")
            .with_writer(move || writer.clone())
            .init();
        lines
    });
}

/// Every line so far.
pub(crate) fn lines() -> String {
    let lines = LINES.get().expect("started with the program that logs");
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}
