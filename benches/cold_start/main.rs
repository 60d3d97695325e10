//! From the start of a process to its first answer, and to each later one, as an emulated Lambda sees it: the front
//! beside its limit, a bare echo on the same runtime, and beside Slack's own frameworks in Python and JavaScript, which
//! only verify the request and reply. Nothing is warm but the file cache; everybody's turn comes in each round, so that
//! what else the machine does meets all alike. The peers are installed at the first run.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "a benchmark measures time, prints it, and stops where it cannot go on"
)]

mod emulator;
#[path = "../../tests/it/lambda/events.rs"]
#[expect(dead_code, reason = "it serves the tests")]
mod events;
mod report;
mod stub;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cleanslate::domain::id::Platform;
use cleanslate::outbound::{self, Timeouts};
use cleanslate::sim::play::Delivery;
use cleanslate::sim::{cast, slack};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

use self::emulator::{Function, Program};
use self::report::{Cold, Warm};
use self::stub::{Call, Stub};

const ROUNDS: usize = 40;
const WARM_ROUNDS: usize = 1000;
const FRONT: &str = env!("CARGO_BIN_EXE_cleanslate");
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

#[tokio::main]
async fn main() {
    if std::env::var_os(RUNTIME_API).is_some() {
        let echo = service_fn(async |event: LambdaEvent<Value>| Ok::<Value, Error>(event.payload));
        return lambda_runtime::run(echo).await.unwrap();
    }
    let folder = std::env::temp_dir().join(format!("cleanslate-cold-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let site = Site::new(&folder).await;
    site.cold().await.print();
    site.warm().await.print();
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Somebody who answers.
struct Subject {
    program: Program,
    event: fn(usize) -> Value,
}

struct Site {
    stub: Stub,
    /// In the order of the report's lines.
    subjects: [Subject; 6],
}

impl Site {
    async fn new(folder: &Path) -> Self {
        let peers = install();
        let file = folder.join("cleanslate.toml");
        std::fs::write(&file, config("[secrets]\nkind = \"env\"\n[store]\nkind = \"dynamodb\"\n")).unwrap();
        let verify = json!({ "slack": { "signing_secret": cast::SLACK_SIGNING_SECRET } }).to_string();
        let managed = "[secrets]\nkind = \"aws\"\nverify = \"verify\"\n[store]\nkind = \"dynamodb\"\n";
        let stub = Stub::start(folder, config(managed), verify).await;

        let bare = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
        let secret = ("CLEANSLATE_SLACK_SIGNING_SECRET", cast::SLACK_SIGNING_SECRET.to_owned());
        let front = [("CLEANSLATE_ROLE", "front".to_owned()), ("CLEANSLATE_WORKER", "worker".to_owned())];
        let file = ("CLEANSLATE_CONFIG", file.to_str().unwrap().to_owned());
        let alone: Vec<_> = front.iter().cloned().chain([file, secret.clone()]).collect();
        let elsewhere = ("CLEANSLATE_CONFIG", "secretsmanager:config".to_owned());
        let whole = front.into_iter().chain([elsewhere, ("AWS_ENDPOINT_URL", stub.url.clone())]).collect();

        let subject = |command: &[&str], variables, event| {
            let command = command.iter().map(|&word| word.to_owned()).collect();
            Subject { program: Program { command, folder: peers.clone(), variables }, event }
        };
        let python = peers.join("venv/bin/python");
        let python = [python.to_str().unwrap(), "-m", "awslambdaric", "peer.handler"];
        let nodejs = ["node", "node_modules/aws-lambda-ric/bin/index.mjs", "peer.handler"];
        let subjects = [
            subject(&[&bare], Vec::new(), help),
            subject(&[FRONT], alone.clone(), ping),
            subject(&[FRONT], alone, help),
            subject(&[FRONT], whole, order),
            subject(&python, vec![secret.clone()], help),
            subject(&nodejs, vec![secret], help),
        ];
        Self { stub, subjects }
    }

    async fn start(&self, subject: &Subject, number: usize) -> Function {
        Function::start(&subject.program, &(subject.event)(number), &self.stub.marks).await
    }

    /// The first round fills the file cache and stores the policy; it does not count.
    async fn cold(&self) -> Cold {
        let mut cold = Cold::default();
        for round in 0..=ROUNDS {
            for (index, subject) in self.subjects.iter().enumerate() {
                let mut function = self.start(subject, round).await;
                let (at, answer) = function.answer().await;
                check(&answer);
                if round > 0 {
                    let marks = self.stub.marks.lock().unwrap();
                    let marks = marks.iter().map(|(at, what)| (*at - function.begun, what.clone()));
                    cold.note(index, at - function.begun, function.peak(), marks.collect());
                }
            }
        }
        cold
    }

    /// An echo, an order, and the order's calls alone, each on what it has open already.
    async fn warm(&self) -> Warm {
        let [echo, _, _, whole, ..] = &self.subjects;
        let mut functions = [self.start(echo, 0).await, self.start(whole, 0).await];
        for function in &mut functions {
            function.answer().await;
        }
        let seconds = Duration::from_secs(10);
        let http = outbound::client(Timeouts { connect: seconds, total: seconds }).build().unwrap();
        let mut warm = Warm::default();
        for number in 1..=WARM_ROUNDS {
            self.stub.calls.lock().unwrap().clear();
            let [echoed, answered] = &mut functions;
            warm.echo.push(again(echoed, &help(number)).await);
            warm.front.push(again(answered, &order(number)).await);
            let calls = self.stub.calls.lock().unwrap().clone();
            warm.commit.push(repeat(&http, &self.stub.url, &calls).await);
        }
        warm
    }
}

async fn again(function: &mut Function, event: &Value) -> Duration {
    let begun = Instant::now();
    function.send(event);
    let (at, answer) = function.answer().await;
    check(&answer);
    at - begun
}

/// The same calls by a client that does nothing else.
async fn repeat(http: &reqwest::Client, url: &str, calls: &[Call]) -> Duration {
    let begun = Instant::now();
    for call in calls {
        let sent = http.post(format!("{url}{}", call.path)).header("x-amz-target", &call.target);
        sent.body(call.body.clone()).send().await.unwrap().bytes().await.unwrap();
    }
    begun.elapsed()
}

/// An echo gives the event back.
fn check(answer: &Value) {
    assert!(answer["statusCode"] == 200 || answer["rawPath"].is_string(), "{answer}");
}

/// Puts the peers where they are not there yet, and gives the folder.
fn install() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/peers-cold");
    let installed = Command::new(root.join("benches/cold_start/install")).arg(&folder).status().unwrap();
    assert!(installed.success(), "the peers cannot be installed");
    folder
}

fn event(delivery: &Delivery) -> Value {
    events::Call::of(delivery).event(events::Shape::FunctionUrl)
}

fn typed(text: &str, number: usize) -> Value {
    let now = Timestamp::now();
    let form = slack::deliver::slash_command(
        cast::USERS[0].1,
        text,
        &format!("{number}.{}", now.as_nanosecond()),
        now,
    );
    event(&Delivery::sign(Platform::Slack, form.path, form.body, now))
}

fn help(number: usize) -> Value {
    typed("/reset help", number)
}

fn order(number: usize) -> Value {
    typed(&format!("/reset ins-{number:08} img-pmqg1cw7 60GB"), number)
}

fn ping(_: usize) -> Value {
    let body = r#"{"type":1}"#.to_owned();
    event(&Delivery::sign(Platform::Discord, "/discord/interactions", body, Timestamp::now()))
}

fn config(places: &str) -> String {
    let (app, team, channel) = (cast::SLACK_APP_ID, cast::SLACK_TEAM_ID, cast::SLACK_CHANNEL_ID);
    let (application, key) = (cast::DISCORD_APPLICATION_ID, cast::DISCORD_PUBLIC_KEY);
    let (guild, place) = (cast::DISCORD_GUILD_ID, cast::DISCORD_CHANNEL_ID);
    format!(
        "{places}[audit]\norigin = \"bench\"\n\
         [slack]\napp_id = \"{app}\"\nteam_ids = [\"{team}\"]\nchannels = [\"{channel}\"]\n\
         [discord]\napplication_id = \"{application}\"\npublic_key = \"{key}\"\nguild_ids = [\"{guild}\"]\nchannels = [\"{place}\"]\n\
         [cloud]\nname = \"bench\"\nregions = [\"ap-guangzhou\"]\n\
         [approval]\napprovers = [\"slack:{}\", \"discord:{}\"]\n[targets]\nallow = [\"*\"]\n",
        cast::USERS[0].1,
        cast::DISCORD_USERS[0].1,
    )
}
