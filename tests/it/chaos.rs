//! Nothing that the cloud answers, or fails to answer, makes the program wipe twice or say what is not so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use cleanslate::cli::audit;
use cleanslate::cli::rehearse::COMMAND;
use cleanslate::cli::rehearse::stage::ORIGIN;
use cleanslate::sim::fault::Fault;
use futures_util::stream::{StreamExt as _, iter};
use serde_json::Value;

use super::support::channel::verdict;
use super::support::scenario::Scenario;
use super::support::search::{Dice, effort, search};
use super::support::trouble::{ALL, Met};
use super::support::world::{Bug, World};
use super::support::{Bot, PLATFORMS};

/// So many lives in memory; with `CLEANSLATE_CRASH=5` fifty thousand.
const LIVES: u64 = 10_000;
/// So many seeds are one part of the work.
const PART: u64 = 250;

/// What many lives came to.
#[derive(Default)]
struct Tally {
    met: BTreeSet<Met>,
    troubles: usize,
    /// How requests ended, and whether the disk was wiped.
    ends: BTreeMap<(&'static str, u32), usize>,
}

fn life(seed: u64, bug: Bug) -> Result<Arc<World>, String> {
    let all = Scenario::ALL;
    let world = World::troubled(all[usize::try_from(seed).unwrap() % all.len()], bug, seed);
    world
        .live()
        .map(|_| Arc::clone(&world))
        .map_err(|why| format!("seed {seed}: {why}\n{:?}\n{}", world.met(), world.shown().join("\n")))
}

/// The seed to live again, alone: `CLEANSLATE_SEED=4711 cargo test chaos`.
#[expect(clippy::disallowed_methods, reason = "which seed is looked at again is the caller's choice")]
fn chosen() -> Option<u64> {
    std::env::var("CLEANSLATE_SEED").ok()?.parse().ok()
}

#[test]
fn whatever_the_cloud_answers_the_disk_is_wiped_once_and_the_truth_is_told() {
    let tally = Mutex::new(Tally::default());
    let live = |seeds: std::ops::Range<u64>| {
        let mut lives = 0;
        for seed in seeds {
            let world = life(seed, Bug::None)?;
            let mut tally = tally.lock().unwrap();
            let met = world.met();
            tally.troubles += met.len();
            tally.met.extend(met);
            *tally.ends.entry((world.end().unwrap_or("none"), world.wipes())).or_default() += 1;
            lives += 1;
        }
        Ok(lives)
    };
    if let Some(seed) = chosen() {
        assert_eq!(live(seed..seed + 1), Ok(1));
        return;
    }
    let parts: Vec<u64> = (0..LIVES * effort() / PART).collect();
    let lives = search(&parts, |part| live(part * PART..(part + 1) * PART));
    let tally = tally.into_inner().unwrap();
    println!("{lives} lives with {} troubles", tally.troubles);
    for ((end, wipes), count) in &tally.ends {
        println!("{count:>6} ended {end}, {wipes} wiped");
    }
    let every = ALL.iter().flat_map(|(call, troubles)| troubles.iter().map(move |trouble| (*call, *trouble)));
    assert_eq!(tally.met, every.collect(), "each call meets each trouble");
}

#[test]
fn a_client_that_sends_again_is_found_out() {
    let why = (0..1000).find_map(|seed| life(seed, Bug::Resends).err()).unwrap();
    assert!(why.contains("the disk was wiped 2 times"), "{why}");
    let seed: u64 = why.trim_start_matches("seed ").split(':').next().unwrap().parse().unwrap();
    assert_eq!(life(seed, Bug::Resends).err(), Some(why), "a seed is the same life again");
    assert!(life(seed, Bug::None).is_ok());
}

/// So many lives over HTTP, and so many of them at once: some wait a second for an answer that never comes.
const SOCKET_LIVES: u64 = 200;
const AT_ONCE: usize = 32;
/// At most so many faults are armed in one life, besides the first.
const FAULTS: usize = 6;
const ACTIONS: [&str; 5] = [
    "DescribeInstances",
    "DescribeImages",
    "InquiryPriceResetInstance",
    "DescribeSnapshots",
    "ResetInstance",
];
const CODES: [&str; 6] = [
    "InternalError",
    "RequestLimitExceeded",
    "AuthFailure.SignatureFailure",
    "InvalidInstance.NotSupported",
    "MutexOperation.TaskRunning",
    "FailedOperation",
];

/// Every fault of the simulator, and of the first, which is any error code, one of some.
fn any_fault(dice: &mut Dice) -> Fault {
    let (name, _) = dice.one_of(&Fault::ALL);
    name.replace("CODE", dice.one_of(&CODES)).parse().unwrap()
}

/// A request over HTTP, pressed by bob once there is a card. The first fault is for the reset itself. Gives the faults
/// that were met, and the wipes.
async fn socket_life(seed: u64) -> Result<(Vec<String>, usize), String> {
    let platform = PLATFORMS[usize::try_from(seed).unwrap() % 2];
    let (mut dice, mut bot) = (Dice::of(seed), Bot::on(platform).await);
    let (percent, mut armed, mut pressed) = (dice.one_of(&[0, 20, 60]), 0, false);
    bot.stage.sim.arm("ResetInstance", any_fault(&mut dice));
    bot.types("alice", COMMAND).await;
    loop {
        if armed < FAULTS && dice.below(100) < percent {
            bot.stage.sim.arm(dice.one_of(&ACTIONS), any_fault(&mut dice));
            armed += 1;
        }
        bot.works().await;
        if !pressed && bot.stage.sim.button(platform, "wipe").is_some() {
            pressed = true;
            bot.presses("bob", "wipe", None).await;
        }
        let Some(due) = bot.stage.parts.store.next_due().await.unwrap() else { break };
        bot.stage.jump(due);
    }
    audit::verify(bot.stage.parts.store.as_ref(), ORIGIN).await.unwrap().unwrap();
    let (met, screen) = (met(&bot), bot.channel());
    match judge(bot.wipes(), &screen) {
        Ok(()) => Ok((met, bot.wipes())),
        Err(why) => Err(format!("seed {seed}: {why}\n{met:?}\n{screen}")),
    }
}

/// The calls that went wrong, in order: `ResetInstance hang`.
fn met(bot: &Bot) -> Vec<String> {
    let state = bot.stage.sim.state();
    let calls = state["calls"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    calls
        .filter(|call| !call["fault"].is_null())
        .map(|call| format!("{} {}", text(&call["action"]), text(&call["fault"])))
        .collect()
}

/// Every message agrees with the disk, and one of them tells how it ended.
fn judge(wipes: usize, screen: &str) -> Result<(), String> {
    if wipes > 1 {
        return Err(format!("the disk was wiped {wipes} times"));
    }
    if screen.split("\n--\n").any(|text| verdict(text).is_some_and(|said| said != (wipes == 1))) {
        return Err(format!("{wipes} wipes, and the channel reads otherwise"));
    }
    let told = screen
        .split("\n--\n")
        .last()
        .is_some_and(|last| verdict(last).is_some() || last.contains("We do not know whether"));
    if told { Ok(()) } else { Err("nobody was told".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_over_the_socket_the_disk_is_wiped_once_and_the_truth_is_told() {
    let seeds = chosen().map_or(0..SOCKET_LIVES, |seed| seed..seed + 1);
    let lives: Vec<_> = iter(seeds).map(socket_life).buffer_unordered(AT_ONCE).collect().await;
    let (mut faults, mut sum, count) = (BTreeMap::<String, usize>::new(), 0, lives.len());
    for life in lives {
        let (met, wipes) = life.unwrap_or_else(|why| panic!("{why}"));
        sum += wipes;
        for fault in met {
            *faults.entry(fault).or_default() += 1;
        }
    }
    println!("{count} lives over HTTP, {sum} wiped, with {} troubles", faults.values().sum::<usize>());
    let never = |(name, _): &(&str, &str)| {
        let start = format!("ResetInstance {}", name.replace("CODE", ""));
        !faults.keys().any(|fault| fault.starts_with(&start))
    };
    let missing: Vec<_> = Fault::ALL.into_iter().filter(never).collect();
    assert!(count < 2 || missing.is_empty(), "no reset met {missing:?}");
}
