//! The front's answer to a signed `/reset` (verify, parse, authorise, durable commit) over loopback HTTP, beside its two
//! limits, measured in the same run: a bare axum echo of the same request, and the same SQL statements with constant
//! values on a file of the same kind. Goal: within 1.5 times their sum.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "a benchmark measures time, prints it, and stops where it cannot go on"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cleanslate::app::App;
use cleanslate::audit::Origin;
use cleanslate::domain::id::{Platform, Principal};
use cleanslate::domain::policy::{self, Home, Limits, Policy, TargetRule};
use cleanslate::entry::server::{self, Patience};
use cleanslate::ingress::{self, Ingress};
use cleanslate::outbound::{self, Timeouts};
use cleanslate::sim::cast;
use cleanslate::sim::slack::deliver::{Delivery, slash_command};
use cleanslate::store::rules::Rules;
use cleanslate::store::sqlite::Sqlite;
use futures_util::future::{FutureExt as _, join_all};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;

const ROUNDS: usize = 400;
const WARM_UP: usize = 50;
const AT_ONCE: usize = 16;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = std::env::temp_dir().join(format!("cleanslate-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    runtime.block_on(run(&folder));
    std::fs::remove_dir_all(&folder).unwrap();
}

async fn run(folder: &Path) {
    let (echo, front) = (start_echo().await, start_front(folder.join("front.db")).await);
    let http = client();
    let echoed = serial(&http, &echo).await;
    let answered = serial(&http, &front).await;
    let stored = statements(&folder.join("statements.db"));
    println!("{:<44} {:>9} {:>9}", "one after the other, microseconds", "p50", "p99");
    for (name, times) in
        [("axum echo", &echoed), ("the same statements, constant values", &stored), ("the front", &answered)]
    {
        println!("{name:<44} {:>9} {:>9}", at(times, 50), at(times, 99));
    }
    for percent in [50, 99] {
        let ratio = seconds(at(&answered, percent)) / seconds(at(&echoed, percent) + at(&stored, percent));
        println!("p{percent}: the front takes {ratio:.2} times the sum of its limits (goal: 1.5)");
    }
    let (bare, whole) = (rate(&http, &echo).await, rate(&http, &front).await);
    println!("{AT_ONCE} at once, requests a second: axum echo {bare:.0}, the front {whole:.0}");
}

fn client() -> reqwest::Client {
    let seconds = Duration::from_secs(10);
    outbound::client(Timeouts { connect: seconds, total: seconds }).build().unwrap()
}

/// Each command is a delivery of its own, so that each is stored.
fn command(text: &str, trigger: &str) -> Delivery {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    slash_command(cast::USERS[0].1, text, trigger, now)
}

fn ask(lane: usize, round: usize) -> Delivery {
    let text = format!("/reset ins-{lane:02}{round:06} img-pmqg1cw7 60GB -- disk corrupt, INC-481");
    command(&text, &format!("{lane}.{round}.ask"))
}

/// Ends what [`ask`] began, so that the number of open requests stays what it is in life.
fn cancel(lane: usize, round: usize) -> Delivery {
    command(&format!("/resets cancel ins-{lane:02}{round:06}"), &format!("{lane}.{round}.cancel"))
}

async fn send(http: &reqwest::Client, base: &str, delivery: Delivery) {
    let request = http
        .post(format!("{base}{}", delivery.path))
        .header("x-slack-request-timestamp", delivery.timestamp)
        .header("x-slack-signature", delivery.signature)
        .body(delivery.body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap();
}

async fn serial(http: &reqwest::Client, base: &str) -> Vec<u64> {
    let mut times = Vec::new();
    for round in 0..WARM_UP + ROUNDS {
        let delivery = ask(0, round);
        let begun = Instant::now();
        send(http, base, delivery).await;
        times.push(micros(begun));
        send(http, base, cancel(0, round)).await;
    }
    sorted(&times)
}

/// Commands and their cancellations: two durable commits.
async fn rate(http: &reqwest::Client, base: &str) -> f64 {
    let begun = Instant::now();
    let rounds = ROUNDS / 4;
    join_all((1..=AT_ONCE).map(|lane| async move {
        for round in 0..rounds {
            send(http, base, ask(lane, round)).await;
            send(http, base, cancel(lane, round)).await;
        }
    }))
    .await;
    f64::from(u32::try_from(2 * AT_ONCE * rounds).unwrap()) / begun.elapsed().as_secs_f64()
}

/// The statements of one stored command, with constants for values: a look at the id, a count of the caller's
/// commands, a look at what is open, and the commit.
fn statements(file: &Path) -> Vec<u64> {
    drop(Sqlite::open(file, origin()).unwrap());
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    let read = rusqlite::Connection::open(file).unwrap();
    let run = |sql: &str| {
        connection.prepare_cached(sql).unwrap().execute([]).unwrap();
    };
    let look = |connection: &rusqlite::Connection, sql: &str| {
        let mut query = connection.prepare_cached(sql).unwrap();
        let mut rows = query.query([]).unwrap();
        while rows.next().unwrap().is_some() {}
    };
    let entry = "x".repeat(900);
    let times = (0..WARM_UP + ROUNDS).map(|round| {
        let begun = Instant::now();
        look(&read, "SELECT * FROM request r JOIN card c ON c.request = r.id WHERE r.id = 'none'");
        run("BEGIN IMMEDIATE");
        run("INSERT INTO tally VALUES ('ask', 1, 1, 0) ON CONFLICT (key) DO UPDATE SET count = count + 1");
        run("COMMIT");
        look(
            &read,
            "SELECT * FROM request r JOIN card c ON c.request = r.id JOIN lock l ON l.request = r.id",
        );
        run("BEGIN IMMEDIATE");
        look(&connection, "SELECT rev, seq FROM request WHERE id = 'none'");
        look(&connection, "SELECT request FROM lock WHERE instance = 'none'");
        look(&connection, "SELECT size, range, policy, at FROM head");
        let insert = |sql: &str| {
            connection.prepare_cached(sql).unwrap().execute((i64::try_from(round).unwrap(), &entry)).unwrap();
        };
        insert("INSERT INTO audit (origin, seq, bytes) VALUES ('example/bench', ?1, CAST(?2 AS BLOB))");
        run("UPDATE head SET size = size + 1, range = zeroblob(320), policy = 'x', at = 1");
        insert(
            "INSERT INTO request (id, rev, state, instance, record, due_at, seq, root)
             VALUES ('request' || ?1, 1, 'requested', 'ins-00000000', ?2, 1, 1, zeroblob(32))",
        );
        insert(
            "INSERT INTO lock (instance, request) VALUES ('ins-' || ?1, 'request' || ?1 || substr(?2, 1, 0))",
        );
        insert("INSERT INTO card (request, value) VALUES ('request' || ?1, substr(?2, 1, 90))");
        run("COMMIT");
        let time = micros(begun);
        run("DELETE FROM lock");
        time
    });
    sorted(&times.collect::<Vec<u64>>())
}

fn sorted(times: &[u64]) -> Vec<u64> {
    let mut measured = times[WARM_UP..].to_vec();
    measured.sort_unstable();
    measured
}

fn micros(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap()
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

fn at(times: &[u64], percent: usize) -> u64 {
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

async fn start_echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let echo = axum::Router::new().fallback(|body: bytes::Bytes| async move { body });
    tokio::spawn(async move { axum::serve(listener, echo).await });
    format!("http://{address}")
}

fn origin() -> Origin {
    Origin { log: "example/bench".to_owned(), build: "bench".to_owned() }
}

async fn start_front(file: PathBuf) -> String {
    let store = Arc::new(Sqlite::open(&file, origin()).unwrap());
    let policy = Arc::new(open_policy());
    let policies: policy::Policies = Arc::new(move |_| std::future::ready(Ok(Arc::clone(&policy))).boxed());
    let rules = Arc::new(Rules::new(Arc::clone(&store) as _, policies));
    let bell: cleanslate::app::Bell = Arc::new(|| std::future::ready(()).boxed());
    let app = Arc::new(App { store, rules, bell, command: "/reset".to_owned() });
    let ingress = Arc::new(Ingress { app, slack: keys(), clock: Arc::new(Timestamp::now) });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::listen(listener, ingress, Patience::default(), std::future::pending()));
    format!("http://{address}")
}

fn keys() -> ingress::Keys {
    Arc::new(|| {
        let keys = cleanslate::chat::slack::verify::Keys {
            current: cast::SLACK_SIGNING_SECRET.into(),
            previous: None,
        };
        std::future::ready(Ok(keys)).boxed()
    })
}

/// Nobody is too fast here: the limits would be what is measured.
fn open_policy() -> Policy {
    let text = "a benchmark".to_owned();
    let everybody = [Principal::Slack(cast::USERS[0].1.to_owned())];
    Policy {
        hash: policy::hash(&text),
        text,
        homes: vec![Home {
            platform: Platform::Slack,
            app: cast::SLACK_APP_ID.to_owned(),
            orgs: vec![cast::SLACK_TEAM_ID.to_owned()],
            channels: vec![cast::SLACK_CHANNEL_ID.to_owned()],
        }],
        approvers: everybody.clone().into(),
        requesters: everybody.into(),
        quorum: 1,
        self_approval: true,
        expires: SignedDuration::from_mins(30),
        grace: SignedDuration::from_secs(10),
        allow: vec![TargetRule::Any],
        confirm: Vec::new(),
        limits: Limits { open_per_channel: usize::MAX, asks_per_minute: u32::MAX, max_disk_gb: 500 },
        people: Vec::new(),
    }
}
