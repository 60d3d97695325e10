//! Signature v1, on the legacy path and on API 3.0's.

use std::collections::BTreeMap;

use cleanslate::cloud::v1::{self, Method};
use cleanslate::sim::cast;
use serde_json::{Value, json};

use super::{NOW, Served, parts, raw, serve, serve_with};

/// A call, and everything about it that can be wrong.
#[derive(Clone)]
struct Call {
    http_method: &'static str,
    path: &'static str,
    method: Method,
    secret_key: &'static str,
    host: Option<&'static str>,
    parameters: BTreeMap<String, String>,
}

/// The example of the API page, with the common parameters.
fn page() -> Call {
    let parameters = [
        ("Action", "ResetInstance"),
        ("Version", "2017-03-12"),
        ("Region", "ap-guangzhou"),
        ("Nonce", "11886"),
        ("SecretId", cast::TENCENT_SECRET_ID),
        ("SignatureMethod", "HmacSHA256"),
        ("InstanceId", "ins-r8hr2upy"),
        ("ImageId", "img-pmqg1cw7"),
        ("SystemDisk.DiskSize", "60"),
        ("LoginSettings.Password", "Qcloud@TestApi123++"),
        ("EnhancedService.SecurityService.Enabled", "TRUE"),
        ("EnhancedService.MonitorService.Enabled", "TRUE"),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Call {
        http_method: "GET",
        path: "/v2/index.php",
        method: Method::HmacSha256,
        secret_key: cast::TENCENT_SECRET_KEY,
        host: None,
        parameters: parameters.into_iter().collect(),
    }
    .with("Timestamp", &NOW.to_string())
}

/// A question.
fn describe(pairs: &[(&str, &str)]) -> Call {
    let mut call = page().with("Action", "DescribeInstances");
    call.parameters.retain(|name, _| v1_common(name));
    pairs.iter().fold(call, |call, (name, value)| call.with(name, value))
}

fn v1_common(name: &str) -> bool {
    ["Action", "Version", "Region", "Nonce", "SecretId", "SignatureMethod", "Timestamp"].contains(&name)
}

impl Call {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.parameters.remove(name);
        self
    }

    async fn send(&self, served: &Served) -> Value {
        let sent = served.address.to_string();
        let host = self.host.unwrap_or(&sent);
        let text = v1::string_to_sign(self.http_method, host, self.path, &self.parameters);
        let query = v1::query(&self.parameters, &self.method.signature(self.secret_key, &text));
        let (http_method, path) = (self.http_method, self.path);
        let head = format!("Host: {sent}\r\nConnection: close\r\n");
        let request = if http_method == "GET" {
            format!("GET {path}?{query} HTTP/1.1\r\n{head}\r\n")
        } else {
            let length = query.len();
            let form = "Content-Type: application/x-www-form-urlencoded";
            format!(
                "{http_method} {path} HTTP/1.1\r\n{head}{form}\r\nContent-Length: {length}\r\n\r\n{query}"
            )
        };
        let (head, body) = parts(&raw(served.address, &request).await);
        assert!(head.starts_with("http/1.1 200 ok"), "{head}");
        serde_json::from_slice(&body).unwrap()
    }

    async fn code(&self, served: &Served) -> String {
        let answer = self.send(served).await;
        answer["Response"]["Error"]["Code"].as_str().unwrap_or("none").to_owned()
    }
}

#[tokio::test]
async fn the_example_of_the_page_is_carried_out() {
    let calls = [
        page(),
        Call { http_method: "POST", ..page() },
        Call { path: "/", ..page() },
        Call { path: "/", http_method: "POST", ..page() },
        Call { host: Some("127.0.0.1"), ..page() },
        Call { method: Method::HmacSha1, ..page().with("SignatureMethod", "HmacSHA1") },
        Call { method: Method::HmacSha1, ..page().without("SignatureMethod") },
        page().with("Timestamp", &(NOW - 7200).to_string()),
        page().with("Region", "gz"),
    ];
    for call in calls {
        let served = serve().await;
        let answer = call.send(&served).await;
        let wipes = served.sim.wipes();
        assert_eq!(answer["Response"]["RequestId"], wipes[0].request_id, "{answer}");
        assert_eq!(wipes[0].login.as_str(), "password");
        served.sim.advance(std::time::Duration::from_secs(160));
        let one = &served.sim.state()["fleet"]["instances"][0];
        assert_eq!((&one["ImageId"], &one["SystemDisk"]["DiskSize"]), (&json!("img-pmqg1cw7"), &json!(60)));
    }
}

#[tokio::test]
async fn flat_parameters_reach_every_action() {
    let served = serve().await;
    let found =
        describe(&[("Filters.0.Name", "zone"), ("Filters.0.Values.0", "ap-guangzhou-4"), ("Limit", "1")]);
    let found = found.send(&served).await["Response"].take();
    assert_eq!(
        (&found["TotalCount"], &found["InstanceSet"][0]["InstanceId"]),
        (&json!(2), &json!("ins-pending1"))
    );
    let by_id = describe(&[("InstanceIds.1", "ins-r8hr2upy"), ("Nonce", "2")]).send(&served).await;
    assert_eq!(by_id["Response"]["TotalCount"], 1, "older clients count from 1");
    let disks = describe(&[("DiskIds.0", "disk-r8hr2u00"), ("Nonce", "3")]).with("Action", "DescribeDisks");
    assert_eq!(disks.send(&served).await["Response"]["TotalCount"], 1);
    let keys = page().without("LoginSettings.Password").with("LoginSettings.KeyIds.0", "skey-8xk2p1qa");
    assert_eq!(keys.with("Nonce", "4").code(&served).await, "none");
    assert_eq!(served.sim.wipes()[0].login.as_str(), "keys");
}

#[tokio::test]
async fn whoever_signs_badly_is_told_the_documented_code_and_wipes_nothing() {
    let served = serve().await;
    let three = |call: Call| Call { path: "/", ..call };
    let late = (NOW - 301).to_string();
    let cases = [
        (Call { secret_key: "wrong", ..page() }, "AuthFailure.SignatureFailure"),
        (Call { host: Some("cvm.example"), ..page() }, "AuthFailure.SignatureFailure"),
        (page().with("SignatureMethod", "HmacSHA1"), "AuthFailure.SignatureFailure"),
        (page().with("SecretId", "AKIDsomebodyelse"), "AuthFailure.SecretIdNotFound"),
        (page().with("Token", "session"), "AuthFailure.TokenFailure"),
        (three(page().with("Timestamp", &late)), "AuthFailure.SignatureExpire"),
        (page().with("Timestamp", "now"), "InvalidParameter"),
        (page().with("Nonce", "-1"), "InvalidParameter"),
        (page().without("Nonce"), "MissingParameter"),
        (page().without("SecretId"), "MissingParameter"),
        (page().without("Region"), "MissingParameter"),
        (three(page().without("Version")), "MissingParameter"),
        (page().with("Nonce", "21").with("Version", "2016-01-01"), "NoSuchVersion"),
        (page().with("Nonce", "22").with("Action", "TerminateInstances"), "InvalidAction"),
        (page().with("Nonce", "23").with("SystemDisk.DiskSize", "60GB"), "InvalidParameter"),
        (page().with("Nonce", "24").with("EnhancedService.MonitorService.Enabled", "on"), "InvalidParameter"),
        (page().with("Nonce", "25").with("ClientToken", "x"), "UnknownParameter"),
    ];
    for (call, expected) in cases {
        assert_eq!(call.code(&served).await, expected, "{:?}", call.parameters);
    }
    assert_eq!(served.sim.wipes(), []);
}

#[tokio::test]
async fn a_nonce_counts_once_and_a_timestamp_two_hours() {
    let served = serve().await;
    assert_eq!(describe(&[]).code(&served).await, "none");
    let again = describe(&[]).send(&served).await;
    assert_eq!((&again["code"], &again["Response"]), (&json!(4500), &Value::Null), "{again}");
    assert_eq!(describe(&[("Nonce", "2")]).code(&served).await, "none");
    let three = Call { path: "/", ..describe(&[]) };
    assert_eq!(three.code(&served).await, "none", "API 3.0 has no such check");
    let late = describe(&[("Nonce", "3"), ("Timestamp", &(NOW - 7201).to_string())]).send(&served).await;
    assert_eq!(late["code"], 4500);
}

#[tokio::test]
async fn without_a_version_the_answer_is_a_number() {
    let served = serve_with(|fleet| fleet.balance = Some(0.0)).await;
    let page = || page().without("Version");
    let read = |call: Call| Call {
        secret_key: cast::TENCENT_READ_SECRET_KEY,
        ..call.with("SecretId", cast::TENCENT_READ_SECRET_ID)
    };
    let tagged = Call {
        secret_key: "simulated-tagged-secret-key-000",
        ..page().with("SecretId", "AKIDsimulatedtagged000000000000000").with("InstanceId", "ins-private1")
    };
    let cases = [
        (page().without("InstanceId"), 4000),
        (page().with("ClientToken", "x"), 4000),
        (Call { secret_key: "wrong", ..page() }, 4100),
        (read(page()), 4101),
        (tagged, 4102),
        (page().with("SecretId", "AKIDsomebodyelse"), 4104),
        (page().with("Token", "session"), 4105),
        (page().with("Timestamp", "1"), 4500),
        (page().with("InstanceId", "ins-00000000"), 5000),
        (page().with("InstanceId", "ins-busy0001"), 5100),
        (page().with("InstanceId", "ins-pending1"), 5100),
        (page(), 5300),
        (page().with("Action", "TerminateInstances"), 6100),
        (Call { http_method: "PUT", ..page() }, 4600),
    ];
    for (n, (call, expected)) in cases.into_iter().enumerate() {
        let answer = call.with("Nonce", &(n + 1).to_string()).send(&served).await;
        assert_eq!(answer["code"], expected, "{answer}");
        assert!(answer["codeDesc"].is_string() && answer["message"].is_string(), "{answer}");
    }
    let good = page().without("SystemDisk.DiskSize").send(&served).await;
    assert_eq!(good, json!({ "code": 0, "codeDesc": "Success", "message": "" }));
    assert_eq!(served.sim.wipes().len(), 1);
}

#[tokio::test]
async fn every_documented_number_can_be_had_on_order() {
    let served = serve().await;
    let table = include_str!("../../fixtures/errors_legacy_numeric.csv").lines().skip(1);
    let numbers: Vec<u32> = table.map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers.len(), 23);
    for number in numbers {
        served.sim.reset();
        served.sim.arm("ResetInstance", format!("refuse={number}").parse().unwrap());
        assert_eq!(page().send(&served).await["code"], number);
        assert_eq!(served.sim.wipes(), []);
    }
}

#[tokio::test]
async fn faults_meet_the_legacy_api_too() {
    let served = serve().await;
    served.sim.arm("ResetInstance", "throttle".parse().unwrap());
    assert_eq!(page().code(&served).await, "RequestLimitExceeded");
    served.sim.arm("ResetInstance", "accept-then-drop".parse().unwrap());
    let call = page().with("Nonce", "2");
    let query = v1::query(
        &call.parameters,
        &call.method.signature(
            call.secret_key,
            &v1::string_to_sign("GET", &served.address.to_string(), call.path, &call.parameters),
        ),
    );
    let request = format!(
        "GET /v2/index.php?{query} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        served.address
    );
    assert_eq!(raw(served.address, &request).await, b"");
    assert_eq!(served.sim.wipes().len(), 1);
}
