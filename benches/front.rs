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
use cleanslate::chat::{self, slack};
use cleanslate::domain::id::{Platform, Principal};
use cleanslate::domain::policy::{self, Home, Limits, Policy, TargetRule};
use cleanslate::entry::server::{self, Patience};
use cleanslate::ingress::Ingress;
use cleanslate::outbound::{self, Timeouts};
use cleanslate::sim::cast;
use cleanslate::sim::slack::deliver::{Delivery, slash_command};
use cleanslate::store::rules::Rules;
use cleanslate::store::sqlite::Sqlite;
use futures_util::future::{FutureExt as _, join_all};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;

const ROUNDS: usize = 1000;
const WARM_UP: usize = 50;
const AT_ONCE: usize = 16;
/// Lengths, in bytes, of what the front stores for one command.
const ENTRY: usize = 780;
const RECORD: usize = 725;
const CARD: usize = 66;

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
    let statements = Statements::on(&folder.join("statements.db"));
    let [mut echoed, mut stored, mut answered] = [const { Vec::new() }; 3];
    // In turns: what else the machine does meets all three alike.
    for round in 0..WARM_UP + ROUNDS {
        echoed.push(timed(&http, &echo, round).await);
        stored.push(statements.timed(round));
        answered.push(timed(&http, &front, round).await);
    }
    let [echoed, stored, answered] = [echoed, stored, answered].map(sorted);
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

/// One command, answered; then its cancellation, which is not measured.
async fn timed(http: &reqwest::Client, base: &str, round: usize) -> u64 {
    let delivery = ask(0, round);
    let begun = Instant::now();
    send(http, base, delivery).await;
    let time = micros(begun);
    send(http, base, cancel(0, round)).await;
    time
}

/// Commands and their cancellations: two durable commits.
async fn rate(http: &reqwest::Client, base: &str) -> f64 {
    let begun = Instant::now();
    let rounds = ROUNDS / 10;
    join_all((1..=AT_ONCE).map(|lane| async move {
        for round in 0..rounds {
            send(http, base, ask(lane, round)).await;
            send(http, base, cancel(lane, round)).await;
        }
    }))
    .await;
    f64::from(u32::try_from(2 * AT_ONCE * rounds).unwrap()) / begun.elapsed().as_secs_f64()
}

/// The statements of one stored command, with constants for values: a look at what is open, and the commit.
struct Statements {
    reader: rusqlite::Connection,
    writer: rusqlite::Connection,
}

impl Statements {
    /// On a file that the store has made.
    fn on(file: &Path) -> Self {
        drop(Sqlite::open(file, origin()).unwrap());
        let [reader, writer] = [(); 2].map(|()| rusqlite::Connection::open(file).unwrap());
        writer.pragma_update(None, "synchronous", "FULL").unwrap();
        Self { reader, writer }
    }

    fn timed(&self, round: usize) -> u64 {
        let begun = Instant::now();
        self.ask(u64::try_from(round).unwrap());
        let time = micros(begun);
        self.end(u64::try_from(round).unwrap());
        time
    }

    fn ask(&self, round: u64) {
        let id = &id(round);
        let [record, card] = [RECORD, CARD].map(|length| "x".repeat(length));
        read(
            &self.reader,
            "SELECT r.id, r.record, r.due_at, r.sighting, r.seq, r.root, c.value, c.due_at
             FROM request r JOIN card c ON c.request = r.id JOIN lock l ON l.request = r.id",
        );
        self.write("BEGIN IMMEDIATE", ());
        self.write("SAVEPOINT job", ());
        read(&self.writer, "SELECT rev, seq FROM request WHERE id = 'none'");
        read(
            &self.writer,
            "INSERT INTO tally (key, span, count, before) VALUES ('ask', 1, 1, 0) ON CONFLICT (key) DO UPDATE SET
                before = CASE WHEN span = excluded.span THEN 0 ELSE count END,
                count = CASE WHEN span = excluded.span THEN count + 1 ELSE 1 END,
                span = excluded.span
             RETURNING count, before",
        );
        read(&self.writer, "SELECT request FROM lock WHERE instance = 'none'");
        read(&self.writer, "SELECT size, range, policy, at FROM head");
        let seq = self.append(2 * round);
        self.write(
            "INSERT INTO request (id, rev, state, instance, record, due_at, seq, root)
             VALUES (?1, 1, 'requested', 'ins-00000000', ?2, 1, ?3, zeroblob(32))",
            (id, record, seq),
        );
        self.write("INSERT INTO lock (instance, request) VALUES ('ins-00000000', ?1)", [id]);
        self.write("INSERT INTO card (request, value) VALUES (?1, ?2)", (id, card));
        self.write("RELEASE job", ());
        self.write("COMMIT", ());
    }

    /// What cancels it.
    fn end(&self, round: u64) {
        self.write("BEGIN IMMEDIATE", ());
        let seq = self.append(2 * round + 1);
        self.write(
            "UPDATE request SET rev = 2, state = 'cancelled', record = record || ?2, due_at = NULL, seq = ?3 WHERE id = ?1",
            (id(round), "x".repeat(RECORD / 2), seq),
        );
        self.write("DELETE FROM lock", ());
        self.write("COMMIT", ());
    }

    fn append(&self, seq: u64) -> i64 {
        let seq = i64::try_from(seq).unwrap();
        self.write(
            "INSERT INTO audit (origin, seq, bytes) VALUES ('example/bench', ?1, CAST(?2 AS BLOB))",
            (seq, "x".repeat(ENTRY)),
        );
        self.write(
            "UPDATE head SET size = size + 1, range = zeroblob(96), policy = hex(zeroblob(32)), at = 1",
            (),
        );
        seq
    }

    fn write(&self, sql: &str, values: impl rusqlite::Params) {
        self.writer.prepare_cached(sql).unwrap().execute(values).unwrap();
    }
}

/// Ids are digests: their order is not that of their making.
fn id(round: u64) -> String {
    format!("{:026x}", round.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

fn read(connection: &rusqlite::Connection, sql: &str) {
    let mut query = connection.prepare_cached(sql).unwrap();
    let mut rows = query.query([]).unwrap();
    while rows.next().unwrap().is_some() {}
}

/// Without the warm-up.
fn sorted(mut times: Vec<u64>) -> Vec<u64> {
    times.drain(..WARM_UP);
    times.sort_unstable();
    times
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
    let app = Arc::new(App { store, rules, bell });
    let ingress =
        Arc::new(Ingress { app, slack: Some(door()), discord: None, clock: Arc::new(Timestamp::now) });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::listen(listener, ingress, Patience::default(), std::future::pending()));
    format!("http://{address}")
}

fn door() -> chat::Door<slack::verify::Keys> {
    let keys: chat::Keys<_> = Arc::new(|_| {
        let keys = slack::verify::Keys { current: cast::SLACK_SIGNING_SECRET.into(), previous: None };
        std::future::ready(Ok(keys)).boxed()
    });
    slack::door(keys, "/reset".to_owned())
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
