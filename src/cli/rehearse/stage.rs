//! The simulated platforms and the real program, on loopback. The tests stand on it too.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::assemble::{self, Aws, Parts};
use crate::config::{LivePolicy, Source};
use crate::domain::Clock;
use crate::domain::id::Platform;
use crate::entry::server::{self, Patience};
use crate::outbound::{self, Timeouts};
use crate::sim::fleet::Fleet;
use crate::sim::play::{Delivery, Heard};
use crate::sim::{Sim, cast};

/// Several stages may stand in one process.
static STAGES: AtomicU32 = AtomicU32::new(0);

/// Names the rehearsal's audit log.
pub const ORIGIN: &str = "cleanslate.example/rehearsal";

/// Everything that a rehearsal runs on.
pub struct Stage {
    pub sim: Sim,
    pub parts: Parts,
    /// Where its people are.
    pub platform: Platform,
    clock: Arc<AtomicI64>,
    http: reqwest::Client,
    front: std::net::SocketAddr,
    _stop: oneshot::Sender<()>,
    /// Removed at the end, unless it is kept.
    folder: Option<PathBuf>,
}

impl Stage {
    /// The clock begins at `start` and moves only by [`Stage::jump`].
    pub async fn build(platform: Platform, keep: Option<PathBuf>, start: Timestamp) -> anyhow::Result<Self> {
        Self::build_with("", platform, keep, start).await
    }

    /// The same with `more` sections in its configuration.
    pub async fn build_with(
        more: &str,
        platform: Platform,
        keep: Option<PathBuf>,
        start: Timestamp,
    ) -> anyhow::Result<Self> {
        let millis = Arc::new(AtomicI64::new(start.as_millisecond()));
        let ticking = Arc::clone(&millis);
        let clock: Clock =
            Arc::new(move || Timestamp::from_millisecond(ticking.load(Ordering::SeqCst)).unwrap_or_default());
        let sim = Sim::new(Fleet::default(), Arc::clone(&clock));
        let platforms = TcpListener::bind("127.0.0.1:0").await?;
        let front = TcpListener::bind("127.0.0.1:0").await?;
        let address = platforms.local_addr()?;
        tokio::spawn(sim.clone().serve(platforms));

        let temporary = std::env::temp_dir().join(format!(
            "cleanslate-rehearsal-{}-{}",
            std::process::id(),
            STAGES.fetch_add(1, Ordering::Relaxed)
        ));
        let folder = keep.clone().unwrap_or(temporary);
        let file = write(&folder, platform, address, more)
            .with_context(|| format!("the folder {} cannot be used", folder.display()))?;
        let aws = Aws::default();
        let (config, policy) = LivePolicy::open(Source::file(file), &clock).await?;
        let secrets = assemble::secrets(&config, BTreeMap::new(), &clock, &aws).await?;
        let parts = assemble::parts(&config, policy, secrets, &clock, &aws).await?;
        let address = front.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server::listen(
            front,
            Arc::clone(&parts.ingress),
            Patience::default(),
            stopped.map(drop),
        ));
        let seconds = Duration::from_secs(10);
        let http = outbound::client(Timeouts { connect: seconds, total: seconds }).build()?;
        let folder = keep.is_none().then_some(folder);
        Ok(Self { sim, parts, platform, clock: millis, http, front: address, _stop: stop, folder })
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.clock.load(Ordering::SeqCst)).unwrap_or_default()
    }

    /// Moves the clock on, never back.
    pub fn jump(&self, to: Timestamp) {
        self.clock.fetch_max(to.as_millisecond(), Ordering::SeqCst);
    }

    /// Sends what the platform would send; gives what the person sees of the answer.
    ///
    /// # Errors
    /// When it is not answered with a success, or not as the platform takes it.
    pub async fn deliver(&self, delivery: &Delivery) -> anyhow::Result<Heard> {
        let answer = self.send(delivery).await?.error_for_status()?;
        let answer: Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
        self.sim.hears(self.platform, delivery, &answer).map_err(anyhow::Error::msg)
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, delivery: &Delivery) -> reqwest::Result<reqwest::Response> {
        let mut request = self.http.post(format!("http://{}{}", self.front, delivery.path));
        for (name, value) in &delivery.headers {
            request = request.header(*name, value);
        }
        request.body(delivery.body.clone()).send().await
    }

    /// Works and jumps in time until nothing is left to do.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle(&self) -> anyhow::Result<()> {
        loop {
            self.parts.worker.sweep().await?;
            let Some(due) = self.parts.store.next_due().await? else { return Ok(()) };
            self.jump(due);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // It lies in the system's folder for such things; what cannot be removed goes with it.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// The configuration that a person would write, in a folder.
fn write(
    folder: &Path,
    platform: Platform,
    sim: std::net::SocketAddr,
    more: &str,
) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join("cleanslate.toml");
    let (section, approvers, keys) = match platform {
        Platform::Slack => slack(sim),
        Platform::Discord => discord(sim),
    };
    let config = format!(
        "[audit]\norigin = \"{ORIGIN}\"\n\n{section}\n[cloud]\nname = \"simulated\"\nendpoint = \"http://{sim}\"\n\
         regions = [\"ap-guangzhou\", \"ap-hongkong\"]\ntimeout = \"1s\"\n\n[approval]\napprovers = [{approvers}]\n\n\
         [targets]\nallow = [\"tag:cleanslate=allowed\"]\n{more}"
    );
    std::fs::write(&file, config)?;
    let secrets = folder.join("secrets.toml");
    let (id, key) = (cast::TENCENT_SECRET_ID, cast::TENCENT_SECRET_KEY);
    let text = format!("{keys}\n[tencent]\nsecret_id = \"{id}\"\nsecret_key = \"{key}\"\n");
    std::fs::write(&secrets, text)?;
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// The platform's section, the approvers, and the platform's secrets.
fn slack(sim: std::net::SocketAddr) -> (String, String, String) {
    let (app, team, channel) = (cast::SLACK_APP_ID, cast::SLACK_TEAM_ID, cast::SLACK_CHANNEL_ID);
    let section = format!(
        "[slack]\napi_base = \"http://{sim}/slack/api/\"\napp_id = \"{app}\"\nteam_ids = [\"{team}\"]\n\
         channels = [\"{channel}\"]\n"
    );
    let [alice, bob, carol, _] = cast::USERS.map(|(_, id)| id);
    let approvers = format!("\"slack:{alice}\", \"slack:{bob}\", \"slack:{carol}\"");
    let (secret, token) = (cast::SLACK_SIGNING_SECRET, cast::SLACK_BOT_TOKEN);
    let keys = format!("[slack]\nsigning_secret = \"{secret}\"\nbot_token = \"{token}\"\n");
    (section, approvers, keys)
}

/// Bob and carol hold the role.
fn discord(sim: std::net::SocketAddr) -> (String, String, String) {
    let (app, key) = (cast::DISCORD_APPLICATION_ID, cast::DISCORD_PUBLIC_KEY);
    let (guild, channel) = (cast::DISCORD_GUILD_ID, cast::DISCORD_CHANNEL_ID);
    let section = format!(
        "[discord]\napi_base = \"http://{sim}/discord/api/v10/\"\napplication_id = \"{app}\"\npublic_key = \"{key}\"\n\
         guild_ids = [\"{guild}\"]\nchannels = [\"{channel}\"]\n"
    );
    let [alice, ..] = cast::DISCORD_USERS.map(|(_, id)| id);
    let approvers = format!("\"discord:{alice}\", \"discord-role:{}\"", cast::DISCORD_ROLE_ID);
    let keys = format!("[discord]\nbot_token = \"{}\"\n", cast::DISCORD_BOT_TOKEN);
    (section, approvers, keys)
}
