//! Logs, to stderr: readable on a terminal, JSON elsewhere.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Logs whole events, and with them reply addresses, when it is asked for everything.
const QUIET: &str = "lambda_runtime::layers::api_response=info";

/// Starts logging. `filter` is `RUST_LOG`'s form.
pub fn start(filter: &str, color: bool) {
    let quiet = QUIET.parse().expect("it is a directive");
    let filter = EnvFilter::new(filter).add_directive(quiet);
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        logs.with_ansi(color).init();
    } else {
        logs.json().flatten_event(true).init();
    }
    // A panic's payload may hold anything; its place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "This program has a mistake and stopped a piece of work");
    }));
}
