//! Command line, mode, run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use cleanslate::cli::{audit, check, rehearse};
use cleanslate::config::{Config, Environment};
use cleanslate::domain::Clock;
use cleanslate::secrets::Secrets;
use cleanslate::sim::{Sim, cast, fault::Fault, fleet::Fleet};
use cleanslate::{assemble, chat, entry, telemetry};
use jiff::Timestamp;

/// Reinstall a cloud server from chat: approved, audited, and wiped at most once.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// Play one request through, with simulated platforms
    #[command(after_help = faults())]
    Rehearse(rehearse::Options),
    /// Run the server
    Serve(ConfigFile),
    /// Run the simulated platforms
    Sim(SimOptions),
    /// Read the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Check configuration and policy, offline
    Check(ConfigFile),
    /// Print the Slack app manifest for this configuration
    Manifest {
        #[command(flatten)]
        file: ConfigFile,
        /// Where Slack reaches this server
        #[arg(long)]
        url: String,
    },
}

#[derive(Args)]
struct ConfigFile {
    /// The configuration; without it, `CLEANSLATE_CONFIG` or `cleanslate.toml`
    #[arg(long)]
    config: Option<PathBuf>,
}

#[derive(Args)]
struct SimOptions {
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// Machines and images, as TOML
    #[arg(long)]
    fleet: Option<PathBuf>,
    /// Print one JSON line when it is ready
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Audit {
    /// Every entry, a line each
    List(AuditOptions),
    /// One request, with the card that was decided on
    Show {
        id: String,
        #[command(flatten)]
        options: AuditOptions,
    },
    /// Check bytes, tree and replay
    Verify(AuditOptions),
}

#[derive(Args)]
struct AuditOptions {
    #[command(flatten)]
    file: ConfigFile,
    #[arg(long)]
    json: bool,
}

fn faults() -> String {
    let lines: Vec<String> = Fault::ALL.iter().map(|(name, what)| format!("  {name:<18} {what}")).collect();
    format!("Faults:\n{}", lines.join("\n"))
}

#[tokio::main]
async fn main() -> ExitCode {
    let environment = Environment::read();
    let cli = Cli::try_parse().unwrap_or_else(|error| error.exit());
    // A rehearsal prints what happens; its log would only say it again.
    let usual = if matches!(cli.mode, Mode::Rehearse(_)) { "off" } else { "warn,cleanslate=info" };
    telemetry::start(environment.log.as_deref().unwrap_or(usual), !environment.no_color);
    match run(cli.mode, &environment).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            let mut command = Cli::command();
            let message = format!("{why:#}");
            let usage = why.is::<cleanslate::config::ConfigError>();
            // clap prints to stderr, in colour where that is wanted.
            let _ = command.error(clap::error::ErrorKind::Io, message).print();
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

async fn run(mode: Mode, environment: &Environment) -> anyhow::Result<bool> {
    let clock: Clock = Arc::new(now);
    let out = &mut std::io::stdout();
    let load = |file: ConfigFile| {
        let file = environment.config_file(file.config);
        Config::load(&file).map(|config| (config, file))
    };
    match mode {
        Mode::Rehearse(options) => rehearse::run(options, now()).await,
        Mode::Serve(file) => {
            let (config, file) = load(file)?;
            serve(config, &file, environment, clock).await
        }
        Mode::Sim(options) => simulate(options, clock).await,
        Mode::Audit(Audit::List(AuditOptions { file, json })) => {
            audit::list(assemble::store(&load(file)?.0)?.as_ref(), out, json).await.map(|()| true)
        }
        Mode::Audit(Audit::Show { id, options: AuditOptions { file, json } }) => {
            audit::show(assemble::store(&load(file)?.0)?.as_ref(), &id, out, json).await.map(|()| true)
        }
        Mode::Audit(Audit::Verify(AuditOptions { file, json })) => {
            let config = load(file)?.0;
            audit::report(assemble::store(&config)?.as_ref(), &config.origin, out, json).await
        }
        Mode::Check(file) => {
            let config = load(file)?.0;
            let secrets = Secrets::load(config.secrets.as_deref(), &environment.secrets);
            Ok(check::check(&config, secrets, out)?)
        }
        Mode::Manifest { file, url } => {
            use std::io::Write as _;
            let manifest = chat::slack::manifest::manifest(&load(file)?.0.slack.command, &url);
            writeln!(out, "{}", serde_json::to_string_pretty(&manifest)?)?;
            Ok(true)
        }
    }
}

/// The real clock, in whole milliseconds.
#[expect(clippy::disallowed_methods, reason = "the one place where the clock is made")]
fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "a shell: it starts the server's loops")]
async fn serve(
    config: Config,
    file: &std::path::Path,
    environment: &Environment,
    clock: Clock,
) -> anyhow::Result<bool> {
    let secrets = Secrets::load(config.secrets.as_deref(), &environment.secrets)?;
    let parts = assemble::parts(&config, file, &secrets, &clock)?;
    let listener = tokio::net::TcpListener::bind(config.listen).await?;
    tracing::info!("Listening on http://{}", listener.local_addr()?);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let front = tokio::spawn(entry::server::listen(listener, parts.ingress, stopped.clone()));
    let worker = tokio::spawn(entry::server::work(parts.worker, parts.notify, config.sweep, stopped));
    entry::server::signalled().await?;
    tracing::info!("Stopping: requests and work under way are finished first");
    stop.send_replace(true);
    front.await?;
    worker.await?;
    Ok(true)
}

async fn simulate(options: SimOptions, clock: Clock) -> anyhow::Result<bool> {
    use std::io::Write as _;
    let fleet = match &options.fleet {
        Some(file) => Fleet::from_toml(&std::fs::read_to_string(file)?)?,
        None => Fleet::default(),
    };
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    let ready = cast::ready(listener.local_addr()?);
    let mut out = std::io::stdout();
    if options.json {
        writeln!(out, "{ready}")?;
    } else {
        writeln!(
            out,
            "Simulated Tencent Cloud and Slack at {}\n{ready:#}",
            ready["listen"].as_str().unwrap_or_default()
        )?;
    }
    out.flush()?;
    tokio::select! {
        served = Sim::new(fleet, clock).serve(listener) => served?,
        stopped = entry::server::signalled() => stopped?,
    }
    Ok(true)
}
