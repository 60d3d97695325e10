//! Command line, mode, run.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use cleanslate::assemble::{Aws, Incomplete, Parts};
use cleanslate::cli::args::{
    Audit, AuditOptions, CheckOptions, Cli, ConfigFile, Mode, RegisterOptions, SimOptions,
};
use cleanslate::cli::{audit, check, register, rehearse};
use cleanslate::config::{Config, ConfigError, Environment, LivePolicy, NoRole, Role};
use cleanslate::domain::Clock;
use cleanslate::entry::lambda::{self, Front, Waker};
use cleanslate::entry::server::{self, Patience, Server};
use cleanslate::sim::{Sim, cast, fleet::Fleet};
use cleanslate::{assemble, chat, telemetry};
use jiff::Timestamp;
use tokio::net::TcpListener;

/// A platform that this command is about, and that is not configured.
#[derive(Debug, thiserror::Error)]
#[error("{0} is missing from the configuration; add the section")]
struct Missing(&'static str);

#[tokio::main]
async fn main() -> ExitCode {
    let environment = Environment::read();
    // Lambda starts it without arguments.
    let mode = match std::env::args_os().len() {
        ..=1 if environment.lambda => None,
        _ => Some(Cli::parse().mode),
    };
    // A rehearsal prints what happens; its log would only say it again.
    let usual = if matches!(mode, Some(Mode::Rehearse(_))) { "off" } else { "warn,cleanslate=info" };
    telemetry::start(environment.log.as_deref(), usual, !environment.no_color);
    let done = match mode {
        Some(mode) => Box::pin(run(mode, environment)).await,
        None => function(environment).await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            let usage = why.is::<ConfigError>()
                || why.is::<Incomplete>()
                || why.is::<Missing>()
                || why.is::<NoRole>();
            // If even this cannot be written, the exit code is left.
            let _ = writeln!(std::io::stderr(), "error: {why:#}");
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

async fn run(mode: Mode, environment: Environment) -> anyhow::Result<bool> {
    let (clock, aws): (Clock, _) = (Arc::new(now), Aws::default());
    let out = &mut std::io::stdout();
    let usual = environment.config_file(None);
    let open = async |file: ConfigFile| -> anyhow::Result<(Config, LivePolicy)> {
        let source = assemble::source(file.config.unwrap_or_else(|| usual.clone()), &aws).await?;
        Ok(LivePolicy::open(source, &clock).await?)
    };
    let load = async |file| open(file).await.map(|(config, _)| config);
    match mode {
        Mode::Rehearse(options) => rehearse::run(options, now()).await,
        Mode::Serve(file) => {
            let (config, policy) = open(file).await?;
            serve(config, policy, environment, &clock, &aws).await
        }
        Mode::Sim(options) => simulate(options, clock).await,
        Mode::Audit(Audit::List(AuditOptions { file, json })) => {
            audit::list(assemble::store(&load(file).await?, &aws).await?.as_ref(), out, json)
                .await
                .map(|()| true)
        }
        Mode::Audit(Audit::Show { id, options: AuditOptions { file, json } }) => {
            let store = assemble::store(&load(file).await?, &aws).await?;
            audit::show(store.as_ref(), &id, out, json).await.map(|()| true)
        }
        Mode::Audit(Audit::Verify(AuditOptions { file, json })) => {
            let config = load(file).await?;
            audit::report(assemble::store(&config, &aws).await?.as_ref(), &config.origin, out, json).await
        }
        Mode::Check(CheckOptions { file, online }) => {
            let config = load(file).await?;
            let secrets = Arc::new(assemble::secrets(&config, environment.secrets, &clock, &aws).await?);
            let offline = check::check(&config, &secrets, out).await?;
            let online = !online || check::online::check(&config, &secrets, &clock, &aws, out).await?;
            Ok(offline && online)
        }
        Mode::Register(RegisterOptions { file, global, dry_run }) => {
            let config = load(file).await?;
            let secrets = Arc::new(assemble::secrets(&config, environment.secrets, &clock, &aws).await?);
            let discord = config.platforms.discord.as_ref().ok_or(Missing("[discord]"))?;
            let client = assemble::discord_client(discord, &secrets)?;
            register::run(&client, &config, register::Options { global, dry_run }, out).await
        }
        Mode::Manifest { file, url } => {
            let config = load(file).await?;
            let url = url.or(config.public_url).unwrap_or_else(|| {
                let missing = "say where Slack reaches this server: --url https://\u{2026}";
                Cli::command().error(ErrorKind::MissingRequiredArgument, missing).exit()
            });
            let slack = config.platforms.slack.ok_or(Missing("[slack]"))?;
            let manifest = chat::slack::manifest::manifest(&slack.command, Some(url.as_str()));
            writeln!(out, "{manifest:#}")?;
            Ok(true)
        }
    }
}

/// The real clock, in whole milliseconds.
#[expect(clippy::disallowed_methods, reason = "the one place where the clock is made")]
fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap_or_default()
}

async fn serve(
    config: Config,
    policy: LivePolicy,
    environment: Environment,
    clock: &Clock,
    aws: &Aws,
) -> anyhow::Result<bool> {
    let secrets = assemble::secrets(&config, environment.secrets, clock, aws).await?;
    let Parts { ingress, worker, notify, .. } = assemble::parts(&config, policy, secrets, clock, aws).await?;
    let shutdown = server::signalled()?;
    let listener = bind(config.listen).await?;
    tracing::info!("Listening on http://{}", listener.local_addr()?);
    let patience = Patience::default();
    let server = Server { ingress, worker, bell: notify, sweep: config.sweep, patience };
    server.run(listener, shutdown).await?;
    Ok(true)
}

/// One of the two functions on AWS Lambda. What it needs is made before the first event.
async fn function(environment: Environment) -> anyhow::Result<bool> {
    let role = environment.role()?;
    let (clock, aws): (Clock, _) = (Arc::new(now), Aws::default());
    let source = assemble::source(environment.config_file(None), &aws).await?;
    let (config, policy) = LivePolicy::open(source, &clock).await?;
    let secrets = assemble::secrets(&config, environment.secrets, &clock, &aws).await?;
    match role {
        Role::Front { worker } => {
            let assemble::Front { ingress, notify } =
                assemble::front(&config, policy, secrets, &clock, &aws).await?;
            let waker = Waker::new(aws.config().await?, worker);
            lambda::front(Front { ingress, bell: notify, waker }).await?;
        }
        Role::Worker => {
            lambda::worker(assemble::worker(&config, policy, secrets, &clock, &aws).await?).await?;
        }
    }
    Ok(true)
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("{address} cannot be listened on"))
}

async fn simulate(options: SimOptions, clock: Clock) -> anyhow::Result<bool> {
    let fleet = match &options.fleet {
        Some(file) => std::fs::read_to_string(file)
            .map_err(anyhow::Error::from)
            .and_then(|text| Ok(Fleet::from_toml(&text)?))
            .with_context(|| format!("the fleet {} cannot be read", file.display()))?,
        None => Fleet::default(),
    };
    let shutdown = server::signalled()?;
    let listener = bind(options.listen).await?;
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
        () = shutdown => {}
    }
    Ok(true)
}
