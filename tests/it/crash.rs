//! Every call that the program makes can be its last: it is cut at each, and what remains must still be true.

use std::collections::HashSet;

use super::support::port::{Call, Fault, Touch};
use super::support::scenario::Scenario;
use super::support::search::{Dice, effort, search};
use super::support::world::{Bug, Schedule, World};

/// How long a process stands still, in seconds: longer than a lease, and longer than a signature lives.
const STALLS: [i64; 2] = [35, 900];
const FAULTS: [Fault; 6] = [
    Fault::DieBefore,
    Fault::DieAfter,
    Fault::AnswerLost,
    Fault::CallLost,
    Fault::Stall(STALLS[0]),
    Fault::Stall(STALLS[1]),
];
/// Schedules of two to five faults by chance: so many seeds in each scenario, and so many schedules for each. With
/// `CLEANSLATE_CRASH=20` a million, and of the others none is skipped.
const SEEDS: u64 = 10;
const RANDOM: u64 = 500;

/// So many calls before and after one at the same revision make it one of a long wait: more than two looks.
const WAIT: usize = 14;

fn schedule(dice: &mut Dice, faults: usize, calls: usize) -> Schedule {
    (0..faults).map(|_| (dice.below(calls), dice.one_of(&FAULTS))).collect()
}

/// Lives one life.
fn live(scenario: Scenario, bug: Bug, schedule: &Schedule) -> Result<Vec<Call>, String> {
    let world = World::new(scenario, bug, schedule.clone());
    world.live().map_err(|why| format!("{scenario:?} {schedule:?}: {why}\n{}", world.shown().join("\n")))
}

/// Every fault that the calls from `first` on can have. Left out is what leaves the same behind as what is there: of
/// a call that only looks, it does not matter how far it came; nor after which look a process dies, when nothing
/// changed between. Of a long wait, which is one look over and over, its first and last calls stand for all.
fn faults(calls: &[Call], first: usize, stalls: &[i64]) -> Vec<(usize, Fault)> {
    let waits = |at: usize| {
        let around = at.checked_sub(WAIT).zip(calls.get(at + WAIT));
        around.is_some_and(|(early, late)| calls[early].rev == late.rev)
    };
    let mut faults = Vec::new();
    let mut deaths = HashSet::new();
    for (at, call) in calls.iter().enumerate().skip(first) {
        if waits(at) && effort() == 1 {
            continue;
        }
        if deaths.insert(call.world) {
            faults.push((at, Fault::DieBefore));
        }
        faults.push((at, Fault::CallLost));
        if call.touch == Touch::Changes {
            faults.push((at, Fault::AnswerLost));
            if deaths.insert(call.world.changed()) {
                faults.push((at, Fault::DieAfter));
            }
        }
        faults.extend(stalls.iter().map(|seconds| (at, Fault::Stall(*seconds))));
    }
    faults
}

/// One fault, at every call.
fn singles(scenario: Scenario, bug: Bug) -> Result<usize, String> {
    let faults = faults(&live(scenario, bug, &Schedule::new())?, 0, &STALLS);
    for fault in &faults {
        live(scenario, bug, &Schedule::from([*fault]))?;
    }
    Ok(faults.len())
}

/// A fault, and after it another one at every call that is made then. Who stands still meets a rival, whose calls
/// have no faults; that is left to the singles and to chance.
fn pairs(scenario: Scenario, first: (usize, Fault)) -> Result<usize, String> {
    let calls = live(scenario, Bug::None, &Schedule::from([first]))?;
    let seconds = faults(&calls, first.0 + 1, &[]);
    for second in &seconds {
        live(scenario, Bug::None, &Schedule::from([first, *second]))?;
    }
    Ok(seconds.len())
}

/// Two to five faults, at calls by chance.
fn sampled(scenario: Scenario, seed: u64) -> Result<usize, String> {
    let calls = live(scenario, Bug::None, &Schedule::new())?.len();
    let mut dice = Dice(seed);
    let mut lives = 0;
    for _ in 0..RANDOM * effort() {
        let faults = 2 + dice.below(4);
        // A fault makes a life longer: later calls than those of a life without one are cut too.
        live(scenario, Bug::None, &schedule(&mut dice, faults, calls * 3 / 2))?;
        lives += 1;
    }
    Ok(lives)
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
    let lives = search(&Scenario::ALL, |scenario| singles(*scenario, Bug::None));
    println!("{lives} lives with one fault");
}

#[test]
fn two_faults_at_any_calls_leave_the_truth() {
    let mut firsts = Vec::new();
    for scenario in Scenario::ALL {
        let calls = live(scenario, Bug::None, &Schedule::new()).unwrap();
        firsts.extend(faults(&calls, 0, &[]).into_iter().map(|first| (scenario, first)));
    }
    let lives = search(&firsts, |(scenario, first)| pairs(*scenario, *first));
    println!("{lives} lives with two faults");
}

#[test]
fn any_schedule_leaves_the_truth() {
    let seeds: Vec<_> =
        Scenario::ALL.into_iter().flat_map(|scenario| (0..SEEDS).map(move |seed| (scenario, seed))).collect();
    let lives = search(&seeds, |(scenario, seed)| sampled(*scenario, *seed));
    println!("{lives} lives with up to five faults");
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

#[test]
fn a_vault_that_replaces_what_it_holds_is_found_out() {
    let why = found(Bug::Overwrites);
    assert!(why.contains("the password that was sent is not the one in"), "{why}");
}
