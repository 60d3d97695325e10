//! A reset from the command to its end, over both functions.

use cleanslate::domain::id::Platform;
use cleanslate::sim::cast;
use cleanslate::sim::fault::Fault;
use futures_util::future::join;
use serde_json::json;

use super::events::{timer, wake_up};
use super::site::{COMMAND, Site, WORKER};
use crate::support::PLATFORMS;
use crate::support::lambda::{ACCESS_KEY, Function, Invoke, Mood, Outcome, SESSION_TOKEN, WORKER_SECONDS};

/// The command and its card.
async fn card(site: &Site, front: &Function) {
    let answer = site.types(front, "alice", COMMAND).await;
    assert!(answer.contains("Checking ins-r8hr2upy"), "{answer}");
    site.invokes.rest().await;
    assert!(site.sim.button(site.platform, "wipe").is_some(), "{}", site.screen());
}

async fn from_command_to_end(platform: Platform) {
    let site = Site::on(platform).await;
    let (front, _worker) = site.functions().await;
    card(&site, &front).await;
    let wake = Invoke { function: WORKER.into(), kind: "Event".into(), event: wake_up().to_string() };
    assert_eq!(*site.invokes.calls.lock().unwrap(), [wake], "one commit, one wake-up");
    site.presses(&front, "bob", "wipe").await;
    site.invokes.rest().await;
    site.wiped_once();
    // The front logs everything that it can.
    site.until(|_| front.said().contains("is approved")).await;
    let said = front.said();
    assert!(said.contains("TRACE"));
    for secret in [ACCESS_KEY, SESSION_TOKEN, "hooks.slack.com", "trigger_id", cast::SLACK_SIGNING_SECRET] {
        assert!(!said.contains(secret), "{secret}");
    }
    // No timer came: the second invocation waited for the grace and for the end of the reset.
    assert_eq!(
        *site.invokes.outcomes.lock().unwrap(),
        [Outcome::Answered(json!({})), Outcome::Answered(json!({}))]
    );
}

#[tokio::test]
async fn one_wake_up_after_each_commit_carries_a_reset_to_its_end() {
    let [one, other] = PLATFORMS.map(from_command_to_end);
    join(one, other).await;
}

/// The front answers all the same, and says in the log that nobody was woken.
#[tokio::test]
async fn the_timer_finds_what_no_wake_up_told_of() {
    let site = Site::on(Platform::Slack).await;
    let (front, worker) = site.functions().await;
    *site.invokes.mood.lock().unwrap() = Mood::Fails;
    let answer = site.types(&front, "alice", COMMAND).await;
    assert!(answer.contains("Checking ins-r8hr2upy"), "{answer}");
    site.until(|_| front.said().contains("could not be woken")).await;
    assert_eq!(worker.invoke(timer(), WORKER_SECONDS).await, Outcome::Answered(json!({})));
    *site.invokes.mood.lock().unwrap() = Mood::Hangs;
    site.presses(&front, "bob", "wipe").await;
    site.until(|_| front.said().matches("could not be woken").count() == 2).await;
    assert_eq!(worker.invoke(timer(), WORKER_SECONDS).await, Outcome::Answered(json!({})));
    site.wiped_once();
}

#[tokio::test]
async fn a_worker_killed_at_the_wipe_is_followed_by_one_that_looks() {
    let site = Site::on(Platform::Slack).await;
    let (front, worker) = site.functions().await;
    card(&site, &front).await;
    site.sim.arm("ResetInstance", Fault::AcceptThenHang);
    site.presses(&front, "bob", "wipe").await;
    site.until(|site| site.called("ResetInstance") == 1).await;
    worker.replace();
    site.invokes.rest().await;
    assert_eq!(site.invokes.outcomes.lock().unwrap().last(), Some(&Outcome::Lost));
    site.sim.advance(std::time::Duration::from_mins(8));
    assert_eq!(worker.invoke(wake_up(), 300).await, Outcome::Answered(json!({})));
    site.wiped_once();
}

#[tokio::test]
async fn wake_ups_that_come_twice_and_to_two_workers_wipe_once() {
    let site = Site::on(Platform::Slack).await;
    let (front, one) = site.functions().await;
    let other = site.worker().await;
    site.invokes.wakes(&[&one, &other]);
    *site.invokes.mood.lock().unwrap() = Mood::DeliversTwice;
    site.types(&front, "alice", COMMAND).await;
    site.until(|site| site.sim.button(site.platform, "wipe").is_some()).await;
    site.presses(&front, "bob", "wipe").await;
    site.invokes.rest().await;
    site.wiped_once();
    let outcomes = site.invokes.outcomes.lock().unwrap();
    assert!(
        outcomes.len() == 8 && outcomes.iter().all(|one| *one == Outcome::Answered(json!({}))),
        "{outcomes:?}"
    );
}
