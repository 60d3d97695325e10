//! What can be typed at a terminal. The first line of each comment here is what `--help` says.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use url::Url;

use super::rehearse;

/// Reinstall a cloud server from chat: approved, audited, and wiped at most once.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub mode: Mode,
}

#[derive(Subcommand)]
pub enum Mode {
    /// Play one request through, with simulated platforms
    Rehearse(rehearse::Options),
    /// Run the server
    Serve(ConfigFile),
    /// Run the simulated platforms
    Sim(SimOptions),
    /// Read the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Check configuration, policy and secrets
    Check(CheckOptions),
    /// Tell Discord this bot's commands
    Register(RegisterOptions),
    /// Print the Slack app manifest for this configuration
    Manifest {
        #[command(flatten)]
        file: ConfigFile,
        /// Where Slack reaches this server; `[server] public_url` without it
        #[arg(long)]
        url: Option<Url>,
    },
}

#[derive(Args)]
pub struct ConfigFile {
    /// The configuration; without it, `CLEANSLATE_CONFIG` or `cleanslate.toml`
    #[arg(long)]
    pub config: Option<PathBuf>,
}

#[derive(Args)]
pub struct CheckOptions {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Ask the platforms, the cloud and the store, too: nothing is changed, and nobody sees it
    #[arg(long)]
    pub online: bool,
}

#[derive(Args)]
pub struct SimOptions {
    #[arg(long, default_value = "127.0.0.1:9000")]
    pub listen: SocketAddr,
    /// Machines and images, as TOML
    #[arg(long)]
    pub fleet: Option<PathBuf>,
    /// Print one JSON line when it is ready
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct RegisterOptions {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Everywhere the app is installed, not in the configured servers alone
    #[arg(long)]
    pub global: bool,
    /// Print what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Subcommand)]
pub enum Audit {
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
pub struct AuditOptions {
    #[command(flatten)]
    pub file: ConfigFile,
    #[arg(long)]
    pub json: bool,
}
