//! Every call that the program makes can be its last: it is cut at each, and what remains must still be true.

use super::support::port::Fault;
use super::support::world::{Bug, Scenario, Schedule, World};

const FAULTS: [Fault; 6] = [
    Fault::DieBefore,
    Fault::DieAfter,
    Fault::AnswerLost,
    Fault::CallLost,
    Fault::Stall(35),
    Fault::Stall(900),
];
/// Schedules of two faults, and of up to five, in each scenario.
const PAIRS: u64 = 150;
const RANDOM: u64 = 5_000;

/// So many calls before and after one in the same state make it one of a long wait.
const WAIT: usize = 25;

/// How many times as many schedules are tried, and none skipped: `CLEANSLATE_CRASH=100 cargo test crash`.
#[expect(clippy::disallowed_methods, reason = "how long a test searches is its caller's choice")]
fn effort() -> u64 {
    std::env::var("CLEANSLATE_CRASH").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn schedule(&mut self, faults: usize, calls: usize) -> Schedule {
        (0..faults).map(|_| (self.below(calls), FAULTS[self.below(FAULTS.len())])).collect()
    }
}

/// Lives one life. Gives the request's revision at each of its calls.
fn live(scenario: Scenario, bug: Bug, schedule: &Schedule) -> Result<Vec<u32>, String> {
    let world = World::new(scenario, bug, schedule.clone());
    world.live().map_err(|why| format!("{scenario:?} {schedule:?}: {why}\n{}", world.shown().join("\n")))
}

/// One fault, at every call; of a long wait, which is one look over and over, at its first and last calls.
fn singles(scenario: Scenario, bug: Bug) -> Result<(), String> {
    let calls = live(scenario, bug, &Schedule::new())?;
    let waiting = |call: usize| {
        let around = call.checked_sub(WAIT).zip(calls.get(call + WAIT));
        around.is_some_and(|(early, late)| calls[early] == *late)
    };
    for call in (0..calls.len()).filter(|call| effort() > 1 || !waiting(*call)) {
        for fault in FAULTS {
            live(scenario, bug, &Schedule::from([(call, fault)]))?;
        }
    }
    Ok(())
}

/// Many faults, at calls by chance.
fn sampled(scenario: Scenario, seed: u64, runs: u64, most: usize) -> Result<(), String> {
    let calls = live(scenario, Bug::None, &Schedule::new())?.len();
    let mut dice = Dice(seed);
    for _ in 0..runs {
        let faults = 2 + dice.below(most - 1);
        // A fault makes a life longer: later calls than those of a life without one are cut too.
        live(scenario, Bug::None, &dice.schedule(faults, calls * 3 / 2))?;
    }
    Ok(())
}

fn everywhere(search: impl Fn(Scenario) -> Result<(), String> + Sync) {
    std::thread::scope(|scope| {
        let lives = Scenario::ALL.map(|scenario| {
            let search = &search;
            scope.spawn(move || search(scenario))
        });
        let failures: Vec<String> = lives.into_iter().filter_map(|life| life.join().unwrap().err()).collect();
        assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    });
}

#[test]
fn each_scenario_ends_as_it_should_without_faults() {
    for scenario in Scenario::ALL {
        let world = World::new(scenario, Bug::None, Schedule::new());
        world.live().unwrap();
        assert_eq!(world.wipes(), scenario.wipes(), "{scenario:?} {:#?}", world.shown());
    }
}

#[test]
fn one_fault_at_any_call_leaves_the_truth() {
    everywhere(|scenario| singles(scenario, Bug::None));
}

#[test]
fn two_faults_leave_the_truth() {
    everywhere(|scenario| sampled(scenario, 2, PAIRS * effort(), 2));
}

#[test]
fn any_schedule_leaves_the_truth() {
    everywhere(|scenario| sampled(scenario, 5, RANDOM * effort(), 5));
}

/// The search must find what is there to be found.
fn found(bug: Bug) -> String {
    let found = Scenario::ALL.into_iter().find_map(|scenario| singles(scenario, bug).err());
    found.unwrap_or_else(|| panic!("{bug:?} was not found"))
}

#[test]
fn a_store_that_ignores_the_revision_is_found_out() {
    let why = found(Bug::IgnoresBefore);
    assert!(why.contains("entry ") || why.contains("wipe"), "{why}");
}

#[test]
fn a_client_that_sends_again_is_found_out() {
    let why = found(Bug::Resends);
    assert!(why.contains("the disk was wiped 2 times"), "{why}");
}

#[test]
fn a_client_that_signs_when_it_sends_is_found_out() {
    let why = found(Bug::SignsLate);
    assert!(why.contains("1 wipes, and the channel read"), "{why}");
}

#[test]
fn a_driver_that_does_not_sweep_is_found_out() {
    let why = found(Bug::NoSweep);
    assert!(why.contains("left behind") || why.contains("nobody was told"), "{why}");
}
