//! The real executable, on real sockets, killed for real.

use std::process::Command;
use std::time::Duration;

use futures_util::future::{join_all, join4};
use serde_json::{Value, json};

use super::support::process::{BINARY, Lab, Running, command, messages, press, said, wipes};

const COMMAND: &str = "/reset ins-r8hr2upy img-pmqg1cw7 60GB";
/// Some can be wiped, some cannot.
const MACHINES: [&str; 6] =
    ["ins-r8hr2upy", "ins-stopped1", "ins-busy0001", "ins-local001", "ins-expired1", "ins-pending1"];
const KILLS: u64 = 20;

/// Arms a fault, brings a request to its approval, and kills the server at the call that meets the fault.
async fn killed_at_the_reset(lab: &Lab, fault: &str) {
    lab.control("/_sim/faults", &json!({ "fault": fault })).await;
    let server = lab.serve(&[]);
    server.types("alice", COMMAND).await;
    let state = lab.until(|state| !messages(state).is_empty()).await;
    server.send(&press("bob", &messages(&state)[0], "wipe").unwrap()).await.unwrap();
    lab.until(|state| called(state, "ResetInstance") == 1).await;
}

fn called(state: &Value, action: &str) -> usize {
    state["calls"].as_array().unwrap().iter().filter(|call| call["action"] == action).count()
}

async fn before_the_card() {
    let lab = Lab::start();
    let hang = json!({ "fault": "hang", "action": "DescribeInstances" });
    lab.control("/_sim/faults", &hang).await;
    let server = lab.serve(&[]);
    let answer = server.types("alice", COMMAND).await;
    assert!(answer.contains("Checking ins-r8hr2upy"), "{answer}");
    lab.until(|state| called(state, "DescribeInstances") == 1).await;
    drop(server);
    assert!(messages(&lab.state().await).is_empty());

    let server = lab.serve(&[]);
    let state = lab.until(|state| !messages(state).is_empty()).await;
    server.send(&press("bob", &messages(&state)[0], "wipe").unwrap()).await.unwrap();
    let state = lab.until(|state| wipes(state) == 1).await;
    assert_eq!(called(&state, "ResetInstance"), 1);
    lab.verifies();
}

async fn before_the_answer_to_a_wipe() {
    let lab = Lab::start();
    killed_at_the_reset(&lab, "accept-then-hang").await;
    let _server = lab.serve(&[]);
    lab.control("/_sim/clock", &json!({ "advance": "480s" })).await;
    let state = lab.until(|state| said(state, "is back.")).await;
    assert_eq!((wipes(&state), called(&state, "ResetInstance")), (1, 1));
    assert!(!said(&state, "Nothing was wiped"));
    lab.verifies();
}

async fn after_a_claim_whose_wipe_never_began() {
    let lab = Lab::start();
    killed_at_the_reset(&lab, "hang").await;
    let _server = lab.serve(&[]);
    lab.control("/_sim/clock", &json!({ "advance": "480s" })).await;
    let state = lab.until(|state| said(state, "Nothing was wiped")).await;
    assert_eq!((wipes(&state), called(&state, "ResetInstance")), (0, 1), "and nothing was sent again");
    lab.verifies();
}

/// Asks for every machine and decides on every card, for as long as there is a server.
async fn load(lab: &Lab, server: &Running) {
    loop {
        for (index, machine) in MACHINES.iter().enumerate() {
            server.send(&command(["alice", "bob"][index % 2], &format!("/reset {machine}"))).await;
        }
        for (index, message) in messages(&lab.state().await).iter().enumerate() {
            let (who, action) = if index % 3 == 2 { ("mallory", "cancel") } else { ("bob", "wipe") };
            if let Some(click) = press(who, message, action) {
                server.send(&click).await;
            }
        }
        lab.control("/_sim/clock", &json!({ "advance": "60s" })).await;
    }
}

/// How many facts of a kind are in the log.
fn logged(lab: &Lab, event: &str) -> usize {
    let listed = String::from_utf8(lab.audit(&["list", "--json"]).stdout).unwrap();
    let event = format!("\"type\":\"{event}\"");
    listed.lines().filter(|line| line.contains(&event)).count()
}

/// The log holds after each kill, and in the end every wipe is in it.
#[expect(clippy::disallowed_methods, reason = "the instants of the kills are real ones")]
async fn twenty_times_under_load() {
    let lab = Lab::start();
    for kill in 0..KILLS {
        let server = lab.serve(&[]);
        // No two at the same distance from the start.
        let instant = Duration::from_millis(40 + kill * 137 % 600);
        let busy = join_all((0..3).map(|_| load(&lab, &server)));
        assert!(tokio::time::timeout(instant, busy).await.is_err());
        drop(server);
        lab.verifies();
    }
    let server = lab.serve(&[]);
    // However few of the others came to an end on a busy machine, one wipe is sure to.
    tokio::select! {
        () = load(&lab, &server) => {}
        _ = lab.until(|state| wipes(state) > 0) => {}
    }
    lab.control("/_sim/clock", &json!({ "advance": "480s" })).await;
    let state = lab.until(|state| logged(&lab, "accepted") == wipes(state)).await;
    let (wiped, claimed) = (wipes(&state), logged(&lab, "claimed"));
    assert!(wiped <= claimed, "{wiped} wipes of {claimed} claims");
    lab.verifies();
}

/// At the same time: leases and looks take real time.
#[tokio::test]
async fn killed_at_any_instant_it_wipes_once_and_says_what_is_true() {
    join4(
        before_the_card(),
        before_the_answer_to_a_wipe(),
        after_a_claim_whose_wipe_never_began(),
        twenty_times_under_load(),
    )
    .await;
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
