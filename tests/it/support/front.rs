//! A program that is assembled as `serve` does it, in a folder of its own, with a clock that stands still.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cleanslate::assemble::{self, Aws, Parts};
use cleanslate::config::{Environment, LivePolicy, Source};
use cleanslate::domain::Clock;
use cleanslate::ingress::Ingress;
use cleanslate::sim::cast;
use cleanslate::sim::slack::deliver::{self, Delivery};
use http::{Request, Response};
use jiff::Timestamp;

static FOLDERS: AtomicUsize = AtomicUsize::new(0);

pub(crate) const NOW: Timestamp = Timestamp::constant(1_795_478_400, 0);

/// A folder that goes when the test ends.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name =
            format!("cleanslate-test-{}-{}", std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The configuration of the tests: alice and bob, one channel, nothing that could be reached.
pub(crate) fn configuration() -> String {
    let [alice, bob, _, _] = cast::USERS.map(|(_, id)| id);
    let (app, team, channel) = (cast::SLACK_APP_ID, cast::SLACK_TEAM_ID, cast::SLACK_CHANNEL_ID);
    let (application, key) = (cast::DISCORD_APPLICATION_ID, cast::DISCORD_PUBLIC_KEY);
    let (guild, place) = (cast::DISCORD_GUILD_ID, cast::DISCORD_CHANNEL_ID);
    format!(
        "[secrets]\nkind = \"env\"\n[audit]\norigin = \"test\"\n\
         [slack]\napi_base = \"http://127.0.0.1:9/\"\napp_id = \"{app}\"\nteam_ids = [\"{team}\"]\nchannels = [\"{channel}\"]\n\
         [discord]\napi_base = \"http://127.0.0.1:9/\"\napplication_id = \"{application}\"\npublic_key = \"{key}\"\n\
         guild_ids = [\"{guild}\"]\nchannels = [\"{place}\"]\n\
         [cloud]\nname = \"test\"\nendpoint = \"http://127.0.0.1:9\"\nregions = [\"ap-guangzhou\"]\n\
         [approval]\napprovers = [\"slack:{alice}\", \"slack:{bob}\"]\n[targets]\nallow = [\"*\"]\n"
    )
}

pub(crate) fn secrets() -> BTreeMap<String, secrecy::SecretString> {
    let variables = [
        ("CLEANSLATE_SLACK_SIGNING_SECRET", cast::SLACK_SIGNING_SECRET),
        ("CLEANSLATE_SLACK_BOT_TOKEN", cast::SLACK_BOT_TOKEN),
        ("CLEANSLATE_DISCORD_BOT_TOKEN", cast::DISCORD_BOT_TOKEN),
        ("CLEANSLATE_TENCENT_SECRET_ID", cast::TENCENT_SECRET_ID),
        ("CLEANSLATE_TENCENT_SECRET_KEY", cast::TENCENT_SECRET_KEY),
    ];
    Environment::of(variables.map(|(name, value)| (name.into(), value.into()))).secrets
}

pub(crate) struct Front {
    pub(crate) parts: Parts,
    pub(crate) folder: Folder,
}

impl Front {
    pub(crate) async fn new() -> Self {
        super::log::start();
        let folder = Folder::new();
        let file = folder.0.join("cleanslate.toml");
        std::fs::write(&file, configuration()).unwrap();
        let clock: Clock = Arc::new(|| NOW);
        let (config, policy) = LivePolicy::open(Source::file(file), &clock).await.unwrap();
        let secrets = assemble::secrets(&config, secrets(), &clock, &Aws::default()).await.unwrap();
        let parts = assemble::parts(&config, policy, secrets, &clock, &Aws::default()).await.unwrap();
        Self { parts, folder }
    }

    pub(crate) fn ingress(&self) -> &Ingress {
        &self.parts.ingress
    }

    pub(crate) async fn log_size(&self) -> u64 {
        self.parts.store.head().await.unwrap().size
    }
}

/// Alice's order, as Slack would send it.
pub(crate) fn order(instance: &str, trigger: &str) -> Delivery {
    let alice = cast::user_id("alice").unwrap();
    deliver::slash_command(alice, &format!("/reset {instance}"), trigger, NOW)
}

/// The delivery as a request that was read.
pub(crate) fn request(delivery: &Delivery) -> Request<Bytes> {
    Request::post(delivery.path)
        .header("x-slack-request-timestamp", &delivery.timestamp)
        .header("x-slack-signature", &delivery.signature)
        .body(Bytes::from(delivery.body.clone()))
        .unwrap()
}

/// The delivery as bytes on the wire.
pub(crate) fn wire(delivery: &Delivery) -> Vec<u8> {
    let Delivery { path, timestamp, signature, body } = delivery;
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nx-slack-request-timestamp: {timestamp}\r\n\
         x-slack-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}
