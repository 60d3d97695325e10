//! The real executable on real sockets: a simulator, and servers in a folder of their own.
#![expect(clippy::disallowed_methods, reason = "real processes have no virtual clock")]

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use cleanslate::sim::cast;
use cleanslate::sim::slack::deliver::{Delivery, slash_command};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::front::Folder;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_cleanslate");
static DELIVERIES: AtomicU32 = AtomicU32::new(0);
/// Longer than anything takes, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A process that is killed, as `kill -9` does, when this is dropped.
pub(crate) struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts it and waits for the line in which it says where it listens.
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(arguments).envs(environment.iter().copied());
        let (mut running, lines) = Self::spawn(&mut command);
        running.address = loop {
            let line = lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("it does not listen: {}", running.said()));
            if let Some(address) = address(&line) {
                break address;
            }
        };
        running
    }

    /// Starts it; gives its lines too, as they come.
    pub(crate) fn spawn(command: &mut Command) -> (Self, mpsc::Receiver<String>) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (heard, lines) = mpsc::channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for stream in [Box::new(out) as Box<dyn Read + Send>, Box::new(err)] {
            let (said, heard) = (Arc::clone(&said), heard.clone());
            // Read to its end, so that the process never waits for a reader.
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    said.lock().unwrap().extend([line.as_str(), "\n"]);
                    let _ = heard.send(line);
                }
            });
        }
        (Self { child, said, address: String::new() }, lines)
    }

    /// Everything on its standard output and error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Sends what Slack would send; gives the answer's status and body. `None`: there is nobody.
    pub(crate) async fn send(&self, delivery: &Delivery) -> Option<(u16, String)> {
        let request = post(&self.address, delivery.path)
            .header("x-slack-request-timestamp", &delivery.timestamp)
            .header("x-slack-signature", &delivery.signature)
            .body(delivery.body.clone());
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Somebody of the cast types a command; gives what they alone read.
    pub(crate) async fn types(&self, who: &str, text: &str) -> String {
        let (status, body) = self.send(&command(who, text)).await.unwrap();
        assert_eq!(status, 200, "{body}");
        body
    }
}

fn address(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let listening = line["message"].as_str().and_then(|text| text.strip_prefix("Listening on "));
    listening.or(line["listen"].as_str()).map(str::to_owned)
}

fn post(base: &str, path: &str) -> reqwest::RequestBuilder {
    let seconds = Duration::from_secs(10);
    let timeouts = cleanslate::outbound::Timeouts { connect: seconds, total: seconds };
    cleanslate::outbound::client(timeouts).build().unwrap().post(format!("{base}{path}"))
}

fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

fn trigger() -> String {
    format!("{}.trigger", DELIVERIES.fetch_add(1, Ordering::Relaxed))
}

/// What Slack sends when somebody of the cast types this now. No two are the same delivery.
pub(crate) fn command(who: &str, text: &str) -> Delivery {
    slash_command(cast::user_id(who).unwrap(), text, &trigger(), now())
}

/// What Slack sends when somebody of the cast presses a button of `message`, as the simulator shows it.
pub(crate) fn press(who: &str, message: &Value, action: &str) -> Option<Delivery> {
    let blocks = message["blocks"].as_array()?;
    let buttons = blocks.iter().flat_map(|block| block["elements"].as_array().into_iter().flatten());
    let value = &buttons.into_iter().find(|button| button["action_id"] == action)?["value"];
    let payload = json!({
        "type": "block_actions", "api_app_id": cast::SLACK_APP_ID,
        "trigger_id": trigger(),
        "user": { "id": cast::user_id(who)?, "username": who, "team_id": cast::SLACK_TEAM_ID },
        "team": { "id": cast::SLACK_TEAM_ID }, "channel": { "id": cast::SLACK_CHANNEL_ID },
        "container": { "message_ts": message["ts"] },
        "actions": [{ "type": "button", "action_id": action, "value": value }],
    });
    let body =
        form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    Some(Delivery::sign("/slack/interactivity", body, now()))
}

/// A simulator, and the configuration of a server that talks to it.
pub(crate) struct Lab {
    sim: Running,
    pub(crate) folder: Folder,
}

impl Lab {
    pub(crate) fn start() -> Self {
        let sim = Running::start(&["sim", "--listen", "127.0.0.1:0", "--json"], &[]);
        let folder = Folder::new();
        let [alice, bob, _, _] = cast::USERS.map(|(_, id)| id);
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[audit]\norigin = \"example/binary\"\n\
             [slack]\napi_base = \"{url}/slack/api/\"\napp_id = \"{}\"\nteam_ids = [\"{}\"]\nchannels = [\"{}\"]\n\
             [cloud]\nname = \"simulated\"\nendpoint = \"{url}\"\nregions = [\"ap-guangzhou\"]\n\
             [approval]\napprovers = [\"slack:{alice}\", \"slack:{bob}\"]\ngrace = \"0s\"\n\
             [targets]\nallow = [\"*\"]\n[limits]\nasks_per_minute = 60\n",
            cast::SLACK_APP_ID,
            cast::SLACK_TEAM_ID,
            cast::SLACK_CHANNEL_ID,
            url = sim.address,
        );
        std::fs::write(folder.0.join("cleanslate.toml"), config).unwrap();
        let secrets = format!(
            "slack.signing_secret = \"{}\"\nslack.bot_token = \"{}\"\n\
             tencent.secret_id = \"{}\"\ntencent.secret_key = \"{}\"\n",
            cast::SLACK_SIGNING_SECRET,
            cast::SLACK_BOT_TOKEN,
            cast::TENCENT_SECRET_ID,
            cast::TENCENT_SECRET_KEY,
        );
        let file = folder.0.join("secrets.toml");
        std::fs::write(&file, secrets).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        Self { sim, folder }
    }

    fn config(&self) -> String {
        path(&self.folder.0.join("cleanslate.toml"))
    }

    /// One more server over the same store.
    pub(crate) fn serve(&self, environment: &[(&str, &str)]) -> Running {
        Running::start(&["serve", "--config", &self.config()], environment)
    }

    /// `cleanslate audit …`
    pub(crate) fn audit(&self, arguments: &[&str]) -> Output {
        let config = self.config();
        Command::new(BINARY).arg("audit").args(arguments).args(["--config", &config]).output().unwrap()
    }

    pub(crate) fn verifies(&self) {
        let verified = self.audit(&["verify"]);
        assert!(verified.status.success(), "{verified:?}");
    }

    /// Speaks to the simulator itself; gives its state afterwards.
    pub(crate) async fn control(&self, path: &str, body: &Value) -> Value {
        let answer = post(&self.sim.address, path).body(body.to_string()).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    pub(crate) async fn state(&self) -> Value {
        self.control("/_sim/clock", &json!({ "advance": "0s" })).await
    }

    /// Asks the simulator until `wanted` is so.
    pub(crate) async fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let state = self.state().await;
            if wanted(&state) {
                return state;
            }
            assert!(begun.elapsed() < PATIENCE, "{state:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn path(path: &Path) -> String {
    path.to_str().expect("temporary folders have plain names").to_owned()
}

pub(crate) fn wipes(state: &Value) -> usize {
    state["fleet"]["wipes"].as_array().unwrap().len()
}

pub(crate) fn messages(state: &Value) -> &[Value] {
    state["slack"]["messages"].as_array().unwrap()
}

pub(crate) fn said(state: &Value, words: &str) -> bool {
    messages(state).iter().any(|message| message["text"].as_str().unwrap().contains(words))
}
