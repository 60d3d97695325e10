//! From the start of the process to its first answer, as an emulated Lambda sees it: the front with a signed
//! `/reset help` and with Discord's ping, beside the limit, a bare echo on the same runtime. Nothing is warm but the
//! file cache. In turns: what else the machine does meets all three alike.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "a benchmark measures time, prints it, and stops where it cannot go on"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use cleanslate::domain::id::Platform;
use cleanslate::sim::play::Delivery;
use cleanslate::sim::{cast, slack};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const ROUNDS: usize = 60;
const FRONT: &str = env!("CARGO_BIN_EXE_cleanslate");
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

#[tokio::main]
async fn main() {
    if std::env::var_os(RUNTIME_API).is_some() {
        return echo().await;
    }
    let folder = std::env::temp_dir().join(format!("cleanslate-cold-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    measure(&folder).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The limit: this executable, started as a function.
async fn echo() {
    let echo = service_fn(async |event: LambdaEvent<Value>| Ok::<Value, Error>(event.payload));
    lambda_runtime::run(echo).await.unwrap();
}

async fn measure(folder: &Path) {
    let config = configure(folder);
    let emulator = Emulator::start().await;
    let bare = std::env::current_exe().unwrap();
    let mut times = [const { Vec::new() }; 3];
    let mut memory = [0; 3];
    // The first round makes the store's file and fills the file cache.
    for round in 0..=ROUNDS {
        let events = [help(), help(), ping()];
        for (index, event) in events.iter().enumerate() {
            let program = if index == 0 { bare.as_path() } else { Path::new(FRONT) };
            let (time, resident) = emulator.cold(program, &config, event).await;
            memory[index] = resident;
            if round > 0 {
                times[index].push(time);
            }
        }
    }
    println!("{:<44} {:>9} {:>9} {:>9}", "start to first answer, milliseconds", "p50", "p99", "RSS MiB");
    let names = ["a bare echo", "the front: /reset help", "the front: ping"];
    for ((name, times), memory) in names.into_iter().zip(&mut times).zip(memory) {
        times.sort();
        let at =
            |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
        println!("{name:<44} {:>9.2} {:>9.2} {:>9.1}", at(50), at(99), f64::from(memory) / 1024.0);
    }
}

/// A Function URL's event.
fn event(delivery: &Delivery) -> Value {
    let headers: serde_json::Map<String, Value> =
        delivery.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "version": "2.0", "rawPath": delivery.path, "headers": headers, "body": delivery.body, "isBase64Encoded": false,
        "requestContext": { "http": { "method": "POST", "path": delivery.path }, "stage": "$default" },
    })
}

fn help() -> Value {
    let form = slack::deliver::slash_command(cast::USERS[0].1, "/reset help", "1.1", Timestamp::now());
    event(&Delivery::sign(Platform::Slack, form.path, form.body, Timestamp::now()))
}

fn ping() -> Value {
    let body = r#"{"type":1}"#.to_owned();
    event(&Delivery::sign(Platform::Discord, "/discord/interactions", body, Timestamp::now()))
}

fn configure(folder: &Path) -> PathBuf {
    let (app, team, channel) = (cast::SLACK_APP_ID, cast::SLACK_TEAM_ID, cast::SLACK_CHANNEL_ID);
    let (application, key) = (cast::DISCORD_APPLICATION_ID, cast::DISCORD_PUBLIC_KEY);
    let (guild, place) = (cast::DISCORD_GUILD_ID, cast::DISCORD_CHANNEL_ID);
    let file = folder.join("cleanslate.toml");
    let text = format!(
        "[secrets]\nkind = \"env\"\n[audit]\norigin = \"bench\"\n\
         [slack]\napp_id = \"{app}\"\nteam_ids = [\"{team}\"]\nchannels = [\"{channel}\"]\n\
         [discord]\napplication_id = \"{application}\"\npublic_key = \"{key}\"\nguild_ids = [\"{guild}\"]\nchannels = [\"{place}\"]\n\
         [cloud]\nname = \"bench\"\nregions = [\"ap-guangzhou\"]\n\
         [approval]\napprovers = [\"slack:{}\", \"discord:{}\"]\n[targets]\nallow = [\"*\"]\n",
        cast::USERS[0].1,
        cast::DISCORD_USERS[0].1,
    );
    std::fs::write(&file, text).unwrap();
    file
}

/// The runtime's interface: one event for each process, and the time at which its answer came.
struct Emulator {
    api: String,
    event: Arc<Mutex<Option<String>>>,
    answers: tokio::sync::Mutex<mpsc::UnboundedReceiver<(Instant, String)>>,
}

impl Emulator {
    async fn start() -> Self {
        let event = Arc::new(Mutex::new(None));
        let (answer, answers) = mpsc::unbounded_channel();
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(async move |body: String| drop(answer.send((Instant::now(), body)))),
            )
            .with_state(Arc::clone(&event));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { api, event, answers: tokio::sync::Mutex::new(answers) }
    }

    /// Starts the process, and gives the time to its answer and what it holds in memory then, in KiB.
    async fn cold(&self, program: &Path, config: &Path, event: &Value) -> (Duration, u32) {
        *self.event.lock().unwrap() = Some(event.to_string());
        let begun = Instant::now();
        let mut process = Command::new(program)
            .env_clear()
            .env(RUNTIME_API, &self.api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "front")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "ASIABENCH")
            .env("AWS_SECRET_ACCESS_KEY", "bench")
            .env("CLEANSLATE_ROLE", "front")
            .env("CLEANSLATE_WORKER", "worker")
            .env("CLEANSLATE_CONFIG", config)
            .env("CLEANSLATE_SLACK_SIGNING_SECRET", cast::SLACK_SIGNING_SECRET)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (answered, answer) = self.answers.lock().await.recv().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        // An echo gives the event back.
        assert!(answer["statusCode"] == 200 || answer == *event, "{answer}");
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        process.kill().unwrap();
        process.wait().unwrap();
        (answered - begun, resident.unwrap_or_default())
    }
}

async fn next(State(event): State<Arc<Mutex<Option<String>>>>) -> ([(&'static str, String); 2], String) {
    let event = event.lock().unwrap().take();
    let Some(event) = event else { return std::future::pending().await };
    let deadline = (Timestamp::now().as_millisecond() + 3000).to_string();
    ([("lambda-runtime-aws-request-id", "1".to_owned()), ("lambda-runtime-deadline-ms", deadline)], event)
}
