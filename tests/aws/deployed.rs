//! As it is deployed: the functions run from their packages, woken by each other and by the minute's timer. `.ci/aws`
//! deploys the template on a stand-in first; what is not there yet, as on a new account, is made here.
#![expect(clippy::disallowed_methods, reason = "it is played in real time, beside the platforms")]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use cleanslate::domain::id::Platform;
use cleanslate::outbound::{self, Timeouts};
use cleanslate::sim::fleet::Fleet;
use cleanslate::sim::play::{Delivery, Heard};
use cleanslate::sim::{Sim, cast};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::front::Folder;
use crate::support::process::BINARY;

const FLEET: &str = include_str!("../../src/sim/fleet/default.toml");
/// The timer comes once a minute, and a stand-in takes its time.
const PATIENCE: Duration = Duration::from_secs(200);

struct Place {
    sim: Sim,
    url: String,
    config: String,
    http: reqwest::Client,
    number: AtomicU32,
}

impl Place {
    /// Simulated platforms, and the secrets that the functions read.
    async fn new() -> Self {
        let url = std::env::var("CLEANSLATE_URL").expect("run .ci/aws, which deploys and says where");
        let quick = FLEET.replace("reset_seconds = 160", "reset_seconds = 1");
        let wall = || Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
        let sim = Sim::new(Fleet::from_toml(&quick).unwrap(), Arc::new(wall));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = configuration(&format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(sim.clone().serve(listener));
        let verify = json!({ "slack": { "signing_secret": cast::SLACK_SIGNING_SECRET },
            "discord": { "public_key": cast::DISCORD_PUBLIC_KEY } });
        let bot = json!({ "slack": { "bot_token": cast::SLACK_BOT_TOKEN },
            "discord": { "bot_token": cast::DISCORD_BOT_TOKEN } });
        let cloud = json!({ "tencent": { "secret_id": cast::TENCENT_SECRET_ID,
            "secret_key": cast::TENCENT_SECRET_KEY } });
        let client = Client::new(&cleanslate::aws::config().await.unwrap());
        for (name, text) in [
            ("config", config.clone()),
            ("verify", verify.to_string()),
            ("bot", bot.to_string()),
            ("cloud", cloud.to_string()),
        ] {
            let make = client.create_secret().name(format!("cleanslate/{name}")).secret_string(text);
            make.send().await.unwrap();
        }
        let http = outbound::client(Timeouts { connect: PATIENCE, total: PATIENCE }).build().unwrap();
        Self { sim, url, config, http, number: AtomicU32::new(1) }
    }

    fn number(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    async fn post(&self, delivery: &Delivery) -> (u16, Value) {
        let mut request = self.http.post(format!("{}{}", self.url.trim_end_matches('/'), delivery.path));
        for (name, value) in &delivery.headers {
            request = request.header(*name, value);
        }
        let answer = request.body(delivery.body.clone()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn send(&self, platform: Platform, delivery: &Delivery) -> Heard {
        let (status, answer) = self.post(delivery).await;
        assert_eq!(status, 200, "{answer}");
        self.sim.hears(platform, delivery, &answer).unwrap()
    }

    async fn types(&self, platform: Platform, text: &str) {
        let delivery = self.sim.types(platform, ("alice", text), self.number()).unwrap();
        let heard = self.send(platform, &delivery).await;
        assert!(matches!(heard, Heard::Words(_)), "{heard:?}");
    }

    async fn wipes(&self, platform: Platform) {
        self.until(platform, |screen| screen.contains("[ Wipe ")).await;
        let press = self.sim.presses(platform, ("bob", "wipe", None), self.number()).unwrap();
        if let Heard::Form { expect, .. } = self.send(platform, &press).await {
            let form = self.sim.fills(&press, &expect, self.number()).unwrap();
            assert_eq!(self.send(platform, &form).await, Heard::Nothing);
        }
    }

    /// Waits until the channel reads so.
    async fn until(&self, platform: Platform, wanted: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        loop {
            let shown = self.sim.screen(platform).into_iter().map(|message| message.lines.join("\n"));
            let screen = shown.collect::<Vec<_>>().join("\n--\n");
            if wanted(&screen) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{screen}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// `kill -9` for every environment of the worker.
fn kill_the_worker() {
    let environments = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let path = entry.ok()?.path();
        let environment = std::fs::read(path.join("environ")).ok()?;
        let program = std::fs::read_link(path.join("exe")).ok()?;
        let role = environment.split(|byte| *byte == 0).any(|one| one == b"CLEANSLATE_ROLE=worker");
        (role && program.ends_with("bootstrap")).then(|| path.file_name().unwrap().to_owned())
    });
    let ids: Vec<_> = environments.collect();
    assert!(!ids.is_empty(), "there is a worker to be killed");
    assert!(Command::new("kill").arg("-9").args(&ids).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_template_to_one_wipe_though_the_worker_is_killed() {
    let place = Place::new().await;
    let forged = place.sim.types(Platform::Slack, ("alice", "/reset ins-r8hr2upy"), place.number()).unwrap();
    let forged = Delivery { body: forged.body.replace("r8hr2upy", "windows1"), ..forged };
    assert_eq!(place.post(&forged).await, (401, Value::Null));
    let ping = place.sim.discord(|discord| discord.ping("2000000000000000001", Timestamp::now()));
    let headers = [("x-signature-timestamp", ping.timestamp), ("x-signature-ed25519", ping.signature)];
    let mut request = place.http.post(format!("{}{}", place.url.trim_end_matches('/'), ping.path));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = request.body(ping.body).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), json!({ "type": 1 }));

    // The worker dies between the approval and the claim. Nothing but the timer goes on with it.
    place.types(Platform::Slack, "/reset ins-r8hr2upy img-pmqg1cw7 60GB").await;
    place.wipes(Platform::Slack).await;
    place.until(Platform::Slack, |screen| screen.contains("Approved by")).await;
    kill_the_worker();
    assert_eq!(place.sim.wipes().len(), 0);
    place.until(Platform::Slack, |screen| screen.contains("ins-r8hr2upy is back.")).await;
    assert_eq!(place.sim.wipes().len(), 1);

    place.types(Platform::Discord, "/reset ins-nokeys01 login=random").await;
    place.wipes(Platform::Discord).await;
    place.until(Platform::Discord, |screen| screen.contains("is back.")).await;
    assert_eq!(place.sim.wipes().len(), 2);

    let folder = Folder::new();
    let file = folder.0.join("cleanslate.toml");
    std::fs::write(&file, &place.config).unwrap();
    let verified = Command::new(BINARY).args(["audit", "verify", "--config"]).arg(&file).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

/// As a person would write it. The grace is long enough to be killed in.
fn configuration(sim: &str) -> String {
    let [alice, bob, ..] = cast::USERS.map(|(_, id)| id);
    let [also_alice, also_bob, ..] = cast::DISCORD_USERS.map(|(_, id)| id);
    let (app, team, channel) = (cast::SLACK_APP_ID, cast::SLACK_TEAM_ID, cast::SLACK_CHANNEL_ID);
    let (application, guild, place) =
        (cast::DISCORD_APPLICATION_ID, cast::DISCORD_GUILD_ID, cast::DISCORD_CHANNEL_ID);
    format!(
        "[store]\nkind = \"dynamodb\"\n[secrets]\nkind = \"aws\"\n[audit]\norigin = \"example/deployed\"\n\
         [slack]\napi_base = \"{sim}/slack/api/\"\napp_id = \"{app}\"\nteam_ids = [\"{team}\"]\nchannels = [\"{channel}\"]\n\
         [discord]\napi_base = \"{sim}/discord/api/v10/\"\napplication_id = \"{application}\"\n\
         guild_ids = [\"{guild}\"]\nchannels = [\"{place}\"]\n\
         [cloud]\nname = \"simulated\"\nendpoint = \"{sim}\"\nregions = [\"ap-guangzhou\"]\n\
         [approval]\napprovers = [\"slack:{alice}\", \"slack:{bob}\", \"discord:{also_alice}\", \
         \"discord:{also_bob}\"]\ngrace = \"10s\"\n[targets]\nallow = [\"*\"]\n"
    )
}
