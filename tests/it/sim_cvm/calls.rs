//! What is signed, what is taken, and what is refused before anything is looked at.

use cleanslate::cloud::tc3::{Canonical, Scope, authorization};
use cleanslate::sim::cast;
use serde_json::{Value, json};

use super::{Call, NOW, Served, code, control, describe, parts, raw, send, serve};

async fn latest(served: &Served) -> String {
    let shown = send(served, &describe()).await["InstanceSet"][0].take();
    let text = |name: &str| shown[name].as_str().unwrap_or("null").to_owned();
    format!("{} {} {}", text("LatestOperation"), text("LatestOperationState"), text("ImageId"))
}

#[tokio::test]
async fn a_signed_reset_is_carried_out_in_fleet_time() {
    let served = serve().await;
    let answer = send(&served, &Call::default()).await;
    let request_id = answer["RequestId"].as_str().unwrap();
    assert_eq!(answer.as_object().unwrap().len(), 1, "nothing but a RequestId");
    assert_eq!(served.sim.wipes()[0].request_id, request_id);
    let mut seen = vec![latest(&served).await];
    for advance in ["8s", "152s"] {
        control(&served, "POST", "/_sim/clock", &json!({ "advance": advance })).await;
        seen.push(latest(&served).await);
    }
    insta::assert_snapshot!(seen.join("\n"), @"
    StartInstances SUCCESS img-487zeit5
    ResetInstance OPERATING img-487zeit5
    ResetInstance SUCCESS img-pmqg1cw7
    ");
    let (head, _) = parts(&raw(served.address, &describe().bytes(served.address)).await);
    assert!(head.contains("date: tue, 14 nov 2023 22:16:00 gmt"), "fleet time, 160 s on: {head}");
}

#[tokio::test]
async fn whoever_signs_badly_is_told_the_documented_code_and_wipes_nothing() {
    let served = serve().await;
    let tampered = r#"{"InstanceId":"ins-stopped1"}"#;
    let calls = [
        (Call { secret_key: "wrong", ..Call::default() }, "AuthFailure.SignatureFailure"),
        (Call { sent_body: Some(tampered), ..Call::default() }, "AuthFailure.SignatureFailure"),
        (Call { signed_host: Some("cvm.example"), ..Call::default() }, "AuthFailure.SignatureFailure"),
        (Call { secret_id: "AKIDsomebodyelse", ..Call::default() }, "AuthFailure.SecretIdNotFound"),
        (Call { signed_at: NOW - 301, ..Call::default() }, "AuthFailure.SignatureExpire"),
        (Call { signed_at: NOW + 301, ..Call::default() }, "AuthFailure.SignatureExpire"),
        (Call { signed: &["content-type"], ..Call::default() }, "AuthFailure.InvalidAuthorization"),
        (Call { signed: &["host"], ..Call::default() }, "AuthFailure.InvalidAuthorization"),
        (
            Call { signed: &["content-type", "host", "x-absent"], ..Call::default() },
            "AuthFailure.InvalidAuthorization",
        ),
        (Call { token: Some("session"), ..Call::default() }, "AuthFailure.TokenFailure"),
        (Call { service: "cvn", ..Call::default() }, "NoSuchProduct"),
        (Call { service: "cbs", ..Call::default() }, "InvalidAction"),
        (Call { version: None, ..Call::default() }, "MissingParameter"),
        (Call { version: Some("2016-01-01"), ..Call::default() }, "NoSuchVersion"),
        (Call { action: "TerminateInstances", ..Call::default() }, "InvalidAction"),
        (Call { region: None, ..Call::default() }, "MissingParameter"),
        (Call { region: Some("gz"), ..Call::default() }, "UnsupportedRegion"),
        (
            Call { body: json!({ "InstanceId": "ins-1122" }), ..Call::default() },
            "InvalidInstanceId.Malformed",
        ),
    ];
    for (call, expected) in &calls {
        assert_eq!(code(&served, call).await, *expected, "{}", call.bytes(served.address));
    }
    assert_eq!(served.sim.wipes(), []);
}

#[tokio::test]
async fn whatever_the_documentation_allows_a_client_to_sign_is_taken() {
    let served = serve().await;
    let calls = [
        describe(),
        Call { signed: &["content-type", "host"], ..describe() },
        Call { signed_host: Some("127.0.0.1"), ..describe() },
        Call { signed_at: NOW - 300, ..describe() },
        Call { signed_at: NOW + 300, ..describe() },
    ];
    for call in &calls {
        assert_eq!(code(&served, call).await, "none", "{}", call.bytes(served.address));
    }
    let unspaced =
        describe().bytes(served.address).replace(", Signed", ",Signed").replace(", Signature", ",Signature");
    let (_, body) = parts(&raw(served.address, &unspaced).await);
    assert!(String::from_utf8(body).unwrap().contains("\"TotalCount\":1"));
}

/// A GET without a body, `action` read from its query.
async fn get(served: &Served, query: &str) -> Value {
    let host = served.address.to_string();
    let form = "application/x-www-form-urlencoded";
    let canonical = Canonical {
        method: "GET",
        path: "/",
        query,
        headers: &[("content-type", form), ("host", &host)],
        payload: b"",
    };
    let scope = Scope { timestamp: NOW, service: "cvm" };
    let signed = authorization(cast::TENCENT_SECRET_ID, cast::TENCENT_SECRET_KEY, scope, canonical);
    let request = format!(
        "GET /?{query} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {form}\r\nConnection: close\r\n\
         Authorization: {signed}\r\nX-TC-Action: DescribeInstances\r\nX-TC-Timestamp: {NOW}\r\n\
         X-TC-Version: 2017-03-12\r\nX-TC-Region: ap-guangzhou\r\n\r\n"
    );
    let (_, body) = parts(&raw(served.address, &request).await);
    let mut answer: Value = serde_json::from_slice(&body).unwrap();
    answer["Response"].take()
}

#[tokio::test]
async fn a_get_has_its_parameters_flat_in_the_query() {
    let served = serve().await;
    let found = get(&served, "Filters.0.Name=zone&Filters.0.Values.0=ap-guangzhou-4&Limit=1&Offset=1").await;
    assert_eq!(
        (&found["TotalCount"], &found["InstanceSet"][0]["InstanceId"]),
        (&json!(2), &json!("ins-prepaid1"))
    );
    for (query, code) in [
        ("Limit=many", "InvalidParameter"),
        ("InstanceIds=ins-r8hr2upy", "InvalidParameter"),
        ("Filters.0.Values=1&Filters.0.Values.0=1", "InvalidParameter"),
        ("Colour=red", "UnknownParameter"),
    ] {
        assert_eq!(get(&served, query).await["Error"]["Code"], code, "{query}");
    }
    let long = format!("InstanceIds.0={}", "x".repeat(32 * 1024));
    assert_eq!(get(&served, &long).await["Error"]["Code"], "RequestSizeLimitExceeded");
    let put = "PUT / HTTP/1.1\r\nHost: sim\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (_, body) = parts(&raw(served.address, put).await);
    assert!(String::from_utf8(body).unwrap().contains("UnsupportedProtocol"));
}

#[tokio::test]
async fn the_eleventh_reset_of_a_second_is_throttled() {
    let served = serve().await;
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(code(&served, &Call::default()).await);
    }
    assert_eq!(codes[0], "none");
    assert_eq!(codes[9], "OperationDenied.InstanceOperationInProgress");
    assert_eq!(codes[10], "RequestLimitExceeded");
}
