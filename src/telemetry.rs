//! Logs, to stderr: readable on a terminal, JSON elsewhere.

use std::io::IsTerminal as _;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

/// Logs whole events, and with them reply addresses, when it is asked for everything.
const QUIET: &str = "lambda_runtime::layers::api_response";

/// Starts logging. `wanted` is `RUST_LOG`'s text: levels, and targets with levels. Without it, or where it cannot be
/// understood, `usual` counts.
pub fn start(wanted: Option<&str>, usual: &str, color: bool) {
    let usual: Targets = usual.parse().expect("it is a filter");
    let wanted = wanted.map(str::parse::<Targets>);
    let filter = wanted.as_ref().and_then(|wanted| wanted.as_ref().ok()).unwrap_or(&usual);
    let logs = registry().with(filter.clone().with_target(QUIET, Level::INFO));
    let layer = fmt::layer().with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        logs.with(layer.with_ansi(color)).init();
    } else {
        logs.with(layer.json().flatten_event(true)).init();
    }
    if let Some(Err(why)) = wanted {
        tracing::warn!("RUST_LOG is ignored ({why}): write it like \"info,cleanslate=debug\"");
    }
    // A panic's payload may hold anything; its place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "This program has a mistake and stopped a piece of work");
    }));
}
