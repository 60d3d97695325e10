//! What the control API shows and does.

use cleanslate::sim::fault::Fault;
use serde_json::{Value, json};

use super::{Call, code, control, raw, serve};

#[tokio::test]
async fn the_control_api_says_what_it_cannot_do() {
    let served = serve().await;
    let cases = [
        ("POST", "/_sim/faults", json!({ "fault": "drop" }), "400"),
        ("POST", "/_sim/faults", json!({ "fault": "hang", "acton": "ResetInstance" }), "400"),
        ("POST", "/_sim/clock", json!({ "advance": "-1s" }), "400"),
        ("POST", "/_sim/clock", json!({ "advance": 480 }), "400"),
        ("POST", "/_sim/console", json!({ "instance": "ins-busy0001", "operation": "StopInstances" }), "400"),
        ("GET", "/_sim/reset", json!({}), "404"),
        ("GET", "/anything", json!({}), "404"),
    ];
    for (method, path, body, status) in cases {
        let (head, answer) = control(&served, method, path, &body).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{path} {body}: {head}");
        assert!(answer["error"].is_string(), "{path} {body}: {answer}");
    }
}

#[tokio::test]
async fn everything_is_in_the_state_and_goes_back_to_the_start() {
    let served = serve().await;
    served.sim.arm("ResetInstance", Fault::AcceptThenDrop);
    raw(served.address, &Call::default().bytes(served.address)).await;
    code(&served, &Call { secret_key: "wrong", ..Call::default() }).await;
    served.sim.advance(std::time::Duration::from_mins(8));
    let (_, state) = control(&served, "GET", "/_sim/state", &Value::Null).await;
    let calls: Vec<String> = state["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| format!("{} {} {}", call["action"], call["outcome"], call["fault"]))
        .collect();
    insta::assert_snapshot!(calls.join("\n"), @r#"
    "ResetInstance" "OK" "accept-then-drop"
    "ResetInstance" "AuthFailure.SignatureFailure" null
    "#);
    assert_eq!(state["now"], "2023-11-14T22:21:20Z");
    assert_eq!(state["fleet"]["wipes"][0]["instance"], "ins-r8hr2upy");
    assert_eq!(state["fleet"]["instances"][0]["ImageId"], "img-pmqg1cw7");
    control(&served, "POST", "/_sim/reset", &Value::Null).await;
    let (_, state) = control(&served, "GET", "/_sim/state", &Value::Null).await;
    assert_eq!(state["now"], "2023-11-14T22:13:20Z");
    assert_eq!((&state["calls"], &state["fleet"]["wipes"]), (&json!([]), &json!([])));
    assert_eq!(state["fleet"]["instances"][0]["ImageId"], "img-487zeit5");
}
