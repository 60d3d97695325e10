//! One request's whole life, without a runtime: people, processes that die, and a clock that jumps.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use cleanslate::app::App;
use cleanslate::audit::verify::Verifier;
use cleanslate::chat::{Inbound, Typed};
use cleanslate::cloud::Cloud;
use cleanslate::domain::Clock;
use cleanslate::domain::ask::{Login, Order};
use cleanslate::domain::id::Platform;
use cleanslate::domain::password::Noise;
use cleanslate::domain::plan::PlanRefusal;
use cleanslate::domain::policy::{Policies, TargetRule};
use cleanslate::domain::request::{Action, Press, State};
use cleanslate::secrets::vault::Vault;
use cleanslate::store::rules::Rules;
use cleanslate::store::{Row, Store as _};
use cleanslate::worker::{Supplies, Worker};
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::channel::{Channel, verdict};
use super::fleet::{Fleet, Rogue};
use super::memory::Memory;
use super::port::{Call, Dead, Fate, Fault, Moment, Port, Touch};
use super::sample;
use super::scenario::Scenario;
use super::trouble::{Met, Troubled};
use super::vault::MemoryVault;

/// More rounds than any life needs.
const ROUNDS: usize = 2000;
/// More polls than any call needs.
const POLLS: usize = 10_000;

/// What is wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    IgnoresBefore,
    Resends,
    SignsLate,
    NoSweep,
    Overwrites,
}

/// The fault at each call that has one, by its number.
pub(crate) type Schedule = BTreeMap<usize, Fault>;

pub(crate) struct World {
    scenario: Scenario,
    bug: Bug,
    schedule: Schedule,
    memory: Arc<Memory>,
    fleet: Arc<Fleet>,
    /// Between the program and the fleet, in a life in which the cloud's answers go wrong.
    trouble: Option<Arc<Troubled>>,
    channel: Arc<Channel>,
    vault: Arc<MemoryVault>,
    clock: Clock,
    state: Arc<Mutex<Mutable>>,
    /// How many passwords were made.
    passwords: Arc<AtomicU8>,
}

struct Mutable {
    now: Timestamp,
    calls: Vec<Call>,
    /// Calls that changed something, so far.
    changes: u32,
    dead: bool,
    /// Another process works while the first one stands still: it has no faults.
    rival: bool,
    processes: u32,
    acts: u32,
}

struct Process {
    app: App,
    worker: Worker,
}

/// The world as one process meets it.
struct Lot(Arc<World>);

impl Fate for Lot {
    fn next(&self, touch: Touch) -> Result<Option<Fault>, Dead> {
        let mut state = self.0.state.lock().unwrap();
        if state.dead && !state.rival {
            return Err(Dead);
        }
        let Mutable { changes, now, processes, acts, .. } = *state;
        state.changes += u32::from(touch == Touch::Changes);
        if state.rival {
            return Ok(None);
        }
        let rev = self.0.memory.rev();
        state.calls.push(Call { rev, touch, world: Moment { changes, now, processes, acts } });
        Ok(self.0.schedule.get(&(state.calls.len() - 1)).copied())
    }

    fn die(&self) {
        self.0.state.lock().unwrap().dead = true;
    }

    fn stall(&self, seconds: i64) {
        let until = self.0.now() + SignedDuration::from_secs(seconds);
        self.0.state.lock().unwrap().rival = true;
        // What the other one meets is judged at the end, like everything else.
        drop(self.0.drive(Some(until)));
        let mut state = self.0.state.lock().unwrap();
        state.rival = false;
        state.now = state.now.max(until);
    }
}

impl World {
    pub(crate) fn new(scenario: Scenario, bug: Bug, schedule: Schedule) -> Arc<Self> {
        Self::build(scenario, bug, schedule, None)
    }

    /// A life without faults of its own, and a cloud whose answers go wrong by chance.
    pub(crate) fn troubled(scenario: Scenario, bug: Bug, seed: u64) -> Arc<Self> {
        Self::build(scenario, bug, Schedule::new(), Some(seed))
    }

    fn build(scenario: Scenario, bug: Bug, schedule: Schedule, seed: Option<u64>) -> Arc<Self> {
        let state = Mutable {
            now: sample::start(),
            calls: Vec::new(),
            changes: 0,
            dead: false,
            rival: false,
            processes: 0,
            acts: 0,
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let clock: Clock = Arc::new(move || shared.lock().unwrap().now);
        let memory = match bug {
            Bug::IgnoresBefore => Memory::careless(sample::origin()),
            Bug::None | Bug::Resends | Bug::SignsLate | Bug::NoSweep | Bug::Overwrites => {
                Memory::new(sample::origin())
            }
        };
        let fleet = Arc::new(Fleet::new(Arc::clone(&clock), scenario.net()));
        let ticking = Arc::clone(&state);
        let passes = move |by| ticking.lock().unwrap().now += by;
        let trouble = seed.map(|seed| {
            Arc::new(Troubled::new(Arc::clone(&fleet), Arc::clone(&clock), Box::new(passes), seed))
        });
        Arc::new(Self {
            scenario,
            bug,
            schedule,
            memory: Arc::new(memory),
            fleet,
            trouble,
            channel: Arc::new(Channel::new(Arc::clone(&clock))),
            vault: Arc::new(MemoryVault::careless(bug == Bug::Overwrites)),
            clock,
            state,
            passwords: Arc::default(),
        })
    }

    /// From the command to the last word. Gives the calls that could have failed.
    ///
    /// # Errors
    /// What must not be.
    pub(crate) fn live(self: &Arc<Self>) -> Result<Vec<Call>, String> {
        let process = self.process();
        let order = Inbound::Order {
            caller: sample::caller_on(self.scenario.platform(), "UALICE"),
            id: sample::id("one"),
            order: Ok(Order::Reset(Box::new(sample::ask(&self.scenario.words())))),
        };
        self.play(process.app.receive(order, self.now()));
        let dead = self.state.lock().unwrap().dead;
        if !dead || self.bug != Bug::NoSweep {
            self.drive(None)?;
        }
        self.judge()?;
        Ok(self.state.lock().unwrap().calls.clone())
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(crate) fn wipes(&self) -> u32 {
        self.fleet.wipes()
    }

    /// Every trouble that the cloud's answers had, in order.
    pub(crate) fn met(&self) -> Vec<Met> {
        self.trouble.as_ref().map(|troubled| troubled.met()).unwrap_or_default()
    }

    /// How the request stands at the end; `None`: nothing was opened.
    pub(crate) fn end(&self) -> Option<&'static str> {
        self.rows().pop().map(|row| row.request.state.name())
    }

    pub(crate) fn shown(&self) -> Vec<String> {
        self.channel.shown()
    }

    fn now(&self) -> Timestamp {
        self.state.lock().unwrap().now
    }

    /// A process with a name of its own.
    fn process(self: &Arc<Self>) -> Process {
        let mut state = self.state.lock().unwrap();
        state.processes += 1;
        state.dead = false;
        let name = format!("p{}", state.processes);
        drop(state);
        let there: Arc<dyn Cloud> = match &self.trouble {
            Some(troubled) => Arc::clone(troubled) as _,
            None => Arc::clone(&self.fleet) as _,
        };
        let cloud = match self.bug {
            Bug::Resends => Arc::new(Rogue::Resends(there)),
            Bug::SignsLate => Arc::new(Rogue::SignsLate(there, Arc::clone(&self.clock))),
            Bug::None | Bug::IgnoresBefore | Bug::NoSweep | Bug::Overwrites => there,
        };
        let fate = Arc::new(Lot(Arc::clone(self)));
        let (store, chat) = (Arc::clone(&self.memory) as _, Arc::clone(&self.channel) as _);
        let vault = Arc::clone(&self.vault) as _;
        let port = Arc::new(Port { fate, store, chat, cloud, vault });
        let rules = Arc::new(Rules::new(Arc::clone(&port) as _, self.policies()));
        let app = App {
            store: Arc::clone(&port) as _,
            rules: Arc::clone(&rules),
            bell: Arc::new(|| std::future::ready(()).boxed()),
        };
        let worker = Worker {
            name,
            account: "lab".to_owned(),
            regions: vec!["ap-guangzhou".to_owned()],
            store: Arc::clone(&port) as _,
            chat: Arc::clone(&port) as _,
            supplies: self.supplies(Arc::clone(&port) as _),
            cloud: port,
            rules,
            clock: Arc::clone(&self.clock),
            claims: AtomicU64::new(0),
        };
        Process { app, worker }
    }

    /// No two passwords are the same.
    fn supplies(&self, vault: Arc<dyn Vault>) -> Supplies {
        let made = Arc::clone(&self.passwords);
        Supplies {
            login: Login::Keep,
            prefix: "login/".to_owned(),
            vault,
            texts: Arc::new(|_| Err(PlanRefusal::NoSuchText { known: Vec::new() })),
            noise: Arc::new(move || {
                let number = made.fetch_add(1, Ordering::Relaxed);
                Ok([number; size_of::<Noise>()])
            }),
        }
    }

    fn policies(&self) -> Policies {
        let mut policy = sample::policy_on(self.scenario.platform());
        if self.scenario == Scenario::Refuse {
            policy.allow = vec![TargetRule::Tag("env".to_owned(), "other".to_owned())];
        }
        let policy = Arc::new(policy);
        Arc::new(move |_| std::future::ready(Ok(Arc::clone(&policy))).boxed())
    }

    /// Polls to the end, or to the death of the process.
    fn play<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        for _ in 0..POLLS {
            match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(value) => return Some(value),
                Poll::Pending if self.state.lock().unwrap().dead => return None,
                Poll::Pending => {}
            }
        }
        panic!("a call never ended");
    }

    /// Runs processes, each until it dies, until nothing is due (or until a time).
    fn drive(self: &Arc<Self>, until: Option<Timestamp>) -> Result<(), String> {
        let mut process = self.process();
        for _ in 0..ROUNDS {
            let swept = self.play(process.worker.sweep());
            let acted = swept.is_some() && self.play(self.act(&process.app)).unwrap_or_default();
            if self.state.lock().unwrap().dead {
                if self.bug == Bug::NoSweep {
                    return Ok(());
                }
                process = self.process();
                self.wait_until(self.now() + SignedDuration::from_secs(1));
                continue;
            }
            if acted {
                continue;
            }
            let pause = SignedDuration::from_secs(i64::from(!matches!(swept, Some(Ok(())))));
            let Some(next) = self.play(self.memory.next_due()).and_then(Result::ok).flatten() else {
                return Ok(());
            };
            let next = next.max(self.now() + pause);
            if until.is_some_and(|until| next > until) {
                return Ok(());
            }
            self.wait_until(next);
        }
        Err(format!("it never came to rest; at the end {:?}", self.rows()))
    }

    fn wait_until(&self, at: Timestamp) {
        let mut state = self.state.lock().unwrap();
        state.now = state.now.max(at);
    }

    fn rows(&self) -> Vec<Row> {
        self.memory.requests(None, usize::MAX).now_or_never().unwrap().unwrap()
    }

    /// Somebody looks at the channel. Says whether they pressed a button.
    async fn act(&self, app: &App) -> bool {
        let acts = self.state.lock().unwrap().acts;
        if acts > u32::from(self.scenario == Scenario::Stop) {
            return false;
        }
        let Some(row) = self.rows().pop() else { return false };
        let Some(message) = row.card.message.clone() else { return false };
        let action = match (acts, self.scenario, &row.request.state) {
            (_, Scenario::Expire | Scenario::Refuse, _) => return false,
            (0, Scenario::Cancel, State::AwaitingDecision { until: Some(_) }) => Action::Cancel,
            (0, _, State::AwaitingDecision { until: Some(_) }) => Action::Wipe,
            (1, Scenario::Stop, State::Approved { .. }) => Action::Stop,
            _ => return false,
        };
        self.state.lock().unwrap().acts += 1;
        let now = self.now();
        match self.scenario {
            Scenario::Lapse => self.channel.fail_until(now + SignedDuration::from_mins(6)),
            Scenario::Drift => self.fleet.drift(),
            Scenario::RoleLost => self.channel.takes_roles(),
            _ => {}
        }
        let digest = row.request.digest_prefix();
        let user = if action == Action::Wipe { "UBOB" } else { "UCAROL" };
        let typed = match (self.scenario.platform(), &row.request.plan) {
            (Platform::Discord, Some(plan)) => Typed::Name(plan.machine.confirmation().to_owned()),
            _ => Typed::Nothing,
        };
        let click = Inbound::Click {
            caller: sample::caller_on(self.scenario.platform(), user),
            id: sample::id(&format!("click{acts}")),
            message,
            press: Ok(Press { action, request: row.request.id, digest }),
            typed,
            inline: true,
        };
        app.receive(click, now).await;
        true
    }

    fn judge(&self) -> Result<(), String> {
        let wipes = self.wipes();
        if wipes > 1 {
            return Err(format!("the disk was wiped {wipes} times"));
        }
        let shown = self.shown();
        if let Some(lie) = shown.iter().find(|text| verdict(text).is_some_and(|said| said != (wipes > 0))) {
            return Err(format!("{wipes} wipes, and the channel read {lie:?}"));
        }
        for (name, sent) in self.fleet.passwords() {
            if self.vault.read(&name).as_ref() != Some(&sent) {
                return Err(format!("the password that was sent is not the one in {name}"));
            }
        }
        for row in self.rows() {
            let state = &row.request.state;
            if !row.request.is_over() && !matches!(state, State::Indeterminate(_)) {
                return Err(format!("left behind as {}", state.name()));
            }
            let spoken = shown.iter().filter(|text| text.starts_with("post") || text.starts_with("tell"));
            let said =
                spoken.rev().any(|text| verdict(text).is_some() || text.contains("We do not know whether"));
            if !said {
                return Err(format!("nobody was told that it is {}", state.name()));
            }
        }
        self.audit().map_err(|bad| bad.to_string())
    }

    fn audit(&self) -> Result<(), cleanslate::audit::verify::Bad> {
        let mut verifier = Verifier::new(&sample::origin().log);
        let entries = self.memory.entries(0, usize::MAX).now_or_never().unwrap().unwrap();
        for (seq, bytes) in entries {
            verifier.entry(seq, &bytes)?;
        }
        let rows = self.rows();
        for row in &rows {
            verifier.row(&row.request, &row.seal)?;
        }
        let head = self.memory.head().now_or_never().unwrap().unwrap();
        verifier.finish(&head, rows.len()).map(drop)
    }
}
