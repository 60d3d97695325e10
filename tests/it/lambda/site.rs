//! Both functions over one store, people who talk to the front, and what they see.
#![expect(clippy::disallowed_methods, reason = "the platforms are served beside the tests, in real time")]

use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cleanslate::domain::id::Platform;
use cleanslate::sim::fleet::Fleet;
use cleanslate::sim::play::{Delivery, Heard};
use cleanslate::sim::{Sim, cast};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;

use super::events::{Call, Shape};
use crate::support::front::Folder;
use crate::support::lambda::{Function, Invokes, Outcome};
use crate::support::process::BINARY;

pub(crate) const COMMAND: &str = "/reset ins-r8hr2upy img-pmqg1cw7 60GB";
pub(crate) const WORKER: &str = "cleanslate-worker";
const FLEET: &str = include_str!("../../../src/sim/fleet/default.toml");
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Site {
    pub(crate) sim: Sim,
    pub(crate) platform: Platform,
    pub(crate) invokes: Arc<Invokes>,
    folder: Folder,
    number: AtomicU32,
}

impl Site {
    pub(crate) async fn on(platform: Platform) -> Self {
        let quick = FLEET.replace("reset_seconds = 160", "reset_seconds = 1");
        assert_ne!(quick, FLEET);
        let wall = || Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
        let sim = Sim::new(Fleet::from_toml(&quick).unwrap(), Arc::new(wall));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = Folder::new();
        let text = configuration(&format!("http://{}", listener.local_addr().unwrap()));
        std::fs::write(folder.0.join("cleanslate.toml"), text).unwrap();
        tokio::spawn(sim.clone().serve(listener));
        Self { sim, platform, invokes: Invokes::start().await, folder, number: AtomicU32::new(1) }
    }

    fn config(&self) -> String {
        self.folder.0.join("cleanslate.toml").to_str().unwrap().to_owned()
    }

    /// An environment of the front, which has what signatures are checked with and no other secret.
    pub(crate) async fn front(&self) -> Arc<Function> {
        Function::start(&[
            ("CLEANSLATE_ROLE", "front"),
            ("CLEANSLATE_WORKER", WORKER),
            ("CLEANSLATE_CONFIG", &self.config()),
            ("CLEANSLATE_SLACK_SIGNING_SECRET", cast::SLACK_SIGNING_SECRET),
            ("AWS_ENDPOINT_URL_LAMBDA", &self.invokes.url),
            ("RUST_LOG", "trace"),
        ])
        .await
    }

    /// An environment of the worker, which cannot check a signature.
    pub(crate) async fn worker(&self) -> Arc<Function> {
        Function::start(&[
            ("CLEANSLATE_ROLE", "worker"),
            ("CLEANSLATE_CONFIG", &self.config()),
            ("CLEANSLATE_SLACK_BOT_TOKEN", cast::SLACK_BOT_TOKEN),
            ("CLEANSLATE_DISCORD_BOT_TOKEN", cast::DISCORD_BOT_TOKEN),
            ("CLEANSLATE_TENCENT_SECRET_ID", cast::TENCENT_SECRET_ID),
            ("CLEANSLATE_TENCENT_SECRET_KEY", cast::TENCENT_SECRET_KEY),
        ])
        .await
    }

    /// One environment of each, joined.
    pub(crate) async fn functions(&self) -> (Arc<Function>, Arc<Function>) {
        let (front, worker) = (self.front().await, self.worker().await);
        self.invokes.wakes(&[&worker]);
        (front, worker)
    }

    fn number(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn command(&self, who: &str, text: &str) -> Delivery {
        self.sim.types(self.platform, (who, text), self.number()).unwrap()
    }

    /// Gives the delivery to the front; gives what the person sees.
    pub(crate) async fn send(&self, front: &Function, delivery: &Delivery) -> Heard {
        let (status, body) = answer(front.invoke(Call::of(delivery).event(Shape::FunctionUrl), 3).await);
        assert_eq!(status, 200, "{}", front.said());
        let body = serde_json::from_str(&body).unwrap_or_default();
        self.sim.hears(self.platform, delivery, &body).unwrap()
    }

    /// Somebody types a command; gives what they alone read.
    pub(crate) async fn types(&self, front: &Function, who: &str, text: &str) -> String {
        match self.send(front, &self.command(who, text)).await {
            Heard::Words(lines) => lines.join("\n"),
            other => panic!("{text}: {other:?}"),
        }
    }

    /// Somebody presses the newest button, and types the machine's name where it is asked for.
    pub(crate) async fn presses(&self, front: &Function, who: &str, action: &str) {
        let press = self.sim.presses(self.platform, (who, action, None), self.number());
        let press = press.expect("there is such a button");
        if let Heard::Form { expect, .. } = self.send(front, &press).await {
            let form = self.sim.fills(&press, &expect, self.number()).unwrap();
            assert_eq!(self.send(front, &form).await, Heard::Nothing);
        }
    }

    /// Everything on the screen, oldest first.
    pub(crate) fn screen(&self) -> String {
        let shown = self.sim.screen(self.platform).into_iter().map(|message| message.lines.join("\n"));
        shown.collect::<Vec<_>>().join("\n--\n")
    }

    /// How often an action of the cloud was called.
    pub(crate) fn called(&self, action: &str) -> usize {
        let state = self.sim.state();
        state["calls"].as_array().unwrap().iter().filter(|call| call["action"] == action).count()
    }

    pub(crate) fn audit(&self, arguments: &[&str]) -> Output {
        let config = self.config();
        Command::new(BINARY).arg("audit").args(arguments).args(["--config", &config]).output().unwrap()
    }

    /// One wipe, whose end the channel has read, in a log that holds.
    pub(crate) fn wiped_once(&self) {
        let screen = self.screen();
        assert_eq!((self.sim.wipes().len(), self.called("ResetInstance")), (1, 1), "{screen}");
        assert!(screen.contains("is back."), "{screen}");
        assert!(!screen.contains("Nothing was wiped"), "{screen}");
        let verified = self.audit(&["verify"]);
        assert!(verified.status.success(), "{verified:?}");
    }

    /// Asks until it is so.
    pub(crate) async fn until(&self, wanted: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !wanted(self) {
            assert!(begun.elapsed() < PATIENCE, "{}", self.screen());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Status and body of an HTTP answer.
pub(crate) fn answer(outcome: Outcome) -> (u64, String) {
    let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
    assert_eq!(answer["isBase64Encoded"], Value::Bool(false));
    (answer["statusCode"].as_u64().unwrap(), answer["body"].as_str().unwrap().to_owned())
}

/// As a person would write it; alice and bob may ask and approve, on Slack carol too.
fn configuration(sim: &str) -> String {
    let [alice, bob, carol, _] = cast::USERS.map(|(_, id)| id);
    let [also_alice, also_bob, ..] = cast::DISCORD_USERS.map(|(_, id)| id);
    let (app, team, channel) = (cast::SLACK_APP_ID, cast::SLACK_TEAM_ID, cast::SLACK_CHANNEL_ID);
    let (application, key) = (cast::DISCORD_APPLICATION_ID, cast::DISCORD_PUBLIC_KEY);
    let (guild, place) = (cast::DISCORD_GUILD_ID, cast::DISCORD_CHANNEL_ID);
    format!(
        "[secrets]\nkind = \"env\"\n[audit]\norigin = \"example/lambda\"\n\
         [slack]\napi_base = \"{sim}/slack/api/\"\napp_id = \"{app}\"\nteam_ids = [\"{team}\"]\nchannels = [\"{channel}\"]\n\
         [discord]\napi_base = \"{sim}/discord/api/v10/\"\napplication_id = \"{application}\"\npublic_key = \"{key}\"\n\
         guild_ids = [\"{guild}\"]\nchannels = [\"{place}\"]\n\
         [cloud]\nname = \"simulated\"\nendpoint = \"{sim}\"\nregions = [\"ap-guangzhou\"]\n\
         [approval]\napprovers = [\"slack:{alice}\", \"slack:{bob}\", \"slack:{carol}\", \"discord:{also_alice}\", \
         \"discord:{also_bob}\"]\ngrace = \"1s\"\n[targets]\nallow = [\"*\"]\n"
    )
}
