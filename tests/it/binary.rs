//! The real executable, on real sockets, killed for real.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cleanslate::sim::cast;
use cleanslate::sim::slack::deliver::{Delivery, slash_command};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_cleanslate");

/// A process that does not outlive the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str], log: bool) -> (Running, String) {
    let (out, err) = if log { (Stdio::null(), Stdio::piped()) } else { (Stdio::piped(), Stdio::null()) };
    let mut child = Command::new(BINARY).args(arguments).stdout(out).stderr(err).spawn().unwrap();
    let stream: Box<dyn std::io::Read + Send> =
        if log { Box::new(child.stderr.take().unwrap()) } else { Box::new(child.stdout.take().unwrap()) };
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap().unwrap();
    // The pipe is read to its end, so that the child never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    (Running(child), first)
}

fn serve(config: &Path) -> (Running, String) {
    let (server, line) = start(&["serve", "--config", config.to_str().unwrap()], true);
    let line: Value = serde_json::from_str(&line).unwrap();
    let address = line["message"].as_str().unwrap().rsplit("http://").next().unwrap().to_owned();
    (server, format!("http://{address}"))
}

fn now() -> jiff::Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    jiff::Timestamp::from_second(i64::try_from(since.as_secs()).unwrap()).unwrap()
}

async fn send(front: &str, delivery: &Delivery) {
    let request = reqwest(front, delivery.path)
        .header("x-slack-request-timestamp", &delivery.timestamp)
        .header("x-slack-signature", &delivery.signature)
        .body(delivery.body.clone());
    assert_eq!(request.send().await.unwrap().status(), 200);
}

fn reqwest(base: &str, path: &str) -> reqwest::RequestBuilder {
    let seconds = Duration::from_secs(10);
    let timeouts = cleanslate::outbound::Timeouts { connect: seconds, total: seconds };
    cleanslate::outbound::client(timeouts).build().unwrap().post(format!("{base}{path}"))
}

async fn control(sim: &str, path: &str, body: &Value) -> Value {
    let answer = reqwest(sim, path).body(body.to_string()).send().await.unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// Asks the simulator until `wanted` is so.
#[expect(clippy::disallowed_methods, reason = "real processes have no virtual clock")]
async fn until(sim: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let state = control(sim, "/_sim/clock", &json!({ "advance": "0s" })).await;
        if wanted(&state) {
            return state;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{state:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn wipes(state: &Value) -> usize {
    state["fleet"]["wipes"].as_array().unwrap().len()
}

fn said(state: &Value, words: &str) -> bool {
    state["slack"]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .any(|message| message["text"].as_str().unwrap().contains(words))
}

/// A folder with a configuration for a simulator.
fn folder(sim: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cleanslate-binary-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[audit]\norigin = \"example/binary\"\n[secrets]\nkind = \"file\"\n\
         [slack]\napi_base = \"{sim}/slack/api/\"\napp_id = \"{}\"\nteam_ids = [\"{}\"]\nchannels = [\"{}\"]\n\
         [cloud]\nname = \"simulated\"\nendpoint = \"{sim}\"\nregions = [\"ap-guangzhou\"]\n\
         [approval]\napprovers = [\"slack:{}\", \"slack:{}\"]\ngrace = \"0s\"\n[targets]\nallow = [\"*\"]\n",
        cast::SLACK_APP_ID,
        cast::SLACK_TEAM_ID,
        cast::SLACK_CHANNEL_ID,
        cast::USERS[0].1,
        cast::USERS[1].1,
    );
    std::fs::write(folder.join("cleanslate.toml"), config).unwrap();
    let secrets = format!(
        "slack.signing_secret = \"{}\"\nslack.bot_token = \"{}\"\ntencent.secret_id = \"{}\"\ntencent.secret_key = \"{}\"\n",
        cast::SLACK_SIGNING_SECRET,
        cast::SLACK_BOT_TOKEN,
        cast::TENCENT_SECRET_ID,
        cast::TENCENT_SECRET_KEY,
    );
    let file = folder.join("secrets.toml");
    std::fs::write(&file, secrets).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    folder
}

/// The click that Slack would send for the card in `state`.
fn approve(state: &Value) -> Delivery {
    let card = &state["slack"]["messages"][0];
    let actions = card["blocks"].as_array().unwrap().iter().find(|block| block["type"] == "actions").unwrap();
    let value = actions["elements"][0]["value"].clone();
    let payload = json!({
        "type": "block_actions", "api_app_id": cast::SLACK_APP_ID, "trigger_id": "9.9.kill",
        "user": { "id": cast::USERS[1].1, "username": "bob", "team_id": cast::SLACK_TEAM_ID },
        "team": { "id": cast::SLACK_TEAM_ID }, "channel": { "id": cast::SLACK_CHANNEL_ID },
        "container": { "message_ts": card["ts"] }, "actions": [{ "type": "button", "action_id": "wipe", "value": value }],
    });
    let body =
        form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    Delivery::sign("/slack/interactivity", body, now())
}

#[tokio::test]
async fn killed_after_the_claim_it_wipes_once_and_says_so() {
    let (_sim, ready) = start(&["sim", "--listen", "127.0.0.1:0", "--json"], false);
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let sim = ready["listen"].as_str().unwrap();
    let folder = folder(sim);
    let config = folder.join("cleanslate.toml");
    control(sim, "/_sim/faults", &json!({ "fault": "accept-then-hang" })).await;

    let (server, front) = serve(&config);
    let command = slash_command(cast::USERS[0].1, "/reset ins-r8hr2upy img-pmqg1cw7 60GB", "1.1.kill", now());
    send(&front, &command).await;
    let state = until(sim, |state| !state["slack"]["messages"].as_array().unwrap().is_empty()).await;
    send(&front, &approve(&state)).await;
    until(sim, |state| wipes(state) == 1).await;
    drop(server);

    let (_server, _) = serve(&config);
    control(sim, "/_sim/clock", &json!({ "advance": "480s" })).await;
    let state = until(sim, |state| said(state, "is back.")).await;
    assert_eq!(wipes(&state), 1);
    assert!(!said(&state, "Nothing was wiped"));
    let verified = Command::new(BINARY)
        .args(["audit", "verify", "--config", config.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_wrong_configuration_is_a_usage_error_in_words() {
    let missing =
        Command::new(BINARY).args(["check", "--config", "/nowhere/cleanslate.toml"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("cannot be read"));
    assert_eq!(Command::new(BINARY).output().unwrap().status.code(), Some(2));
    let fault = Command::new(BINARY).args(["rehearse", "--fault", "earthquake"]).output().unwrap();
    assert_eq!(fault.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&fault.stderr).contains("accept-then-drop"));
}
