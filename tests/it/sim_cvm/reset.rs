//! What a reset can come to: every documented refusal, and what is left of it afterwards.

use cleanslate::sim::fleet::Fleet;
use serde_json::{Value, json};

use super::{Call, code, control, of, send, serve, serve_with};

fn reset(body: Value) -> Call<'static> {
    of("cvm", "ResetInstance", body)
}

/// The codes of `ResetInstance`.
fn documented() -> impl Iterator<Item = &'static str> {
    let table = include_str!("../../fixtures/errors.csv").lines().skip(1);
    table.map(|line| line.split(',').next().unwrap())
}

#[tokio::test]
async fn every_documented_error_can_be_had_on_order() {
    let served = serve().await;
    assert_eq!(documented().count(), 102);
    for expected in documented() {
        served.sim.reset();
        served.sim.arm("ResetInstance", format!("refuse={expected}").parse().unwrap());
        assert_eq!(code(&served, &Call::default()).await, expected);
        assert_eq!(served.sim.wipes(), [], "{expected}");
    }
}

/// `UnsupportedOperation.InstanceStateEnterRescueMode` is about `ENTER_RESCUE_MODE`.
fn state_of(code: &str) -> Option<String> {
    let camel = code.strip_prefix("UnsupportedOperation.InstanceState")?;
    let words =
        camel.chars().map(|c| if c.is_uppercase() { format!("_{c}") } else { c.to_uppercase().to_string() });
    Some(words.collect::<String>().trim_start_matches('_').to_owned())
}

#[tokio::test]
async fn every_state_that_has_an_error_is_refused_with_it() {
    let states: Vec<(&str, String)> = documented().filter_map(|code| Some((code, state_of(code)?))).collect();
    assert_eq!(states.len(), 16);
    for (expected, state) in states {
        let served = serve_with(|fleet| state.clone_into(&mut fleet.instances[0].state)).await;
        assert_eq!(code(&served, &Call::default()).await, expected, "{state}");
    }
}

#[tokio::test]
async fn whoever_cannot_pay_for_a_larger_disk_is_refused() {
    let grown = |gb: u32| reset(json!({ "InstanceId": "ins-prepaid1", "SystemDisk": { "DiskSize": gb } }));
    let served = serve_with(|fleet| fleet.balance = Some(3.4)).await;
    assert_eq!(code(&served, &grown(110)).await, "InvalidAccount.InsufficientBalance");
    assert_eq!(code(&served, &grown(109)).await, "none");
    let broke = serve_with(|fleet| fleet.balance = Some(0.0)).await;
    assert_eq!(code(&broke, &grown(100)).await, "none", "what does not grow is free");
}

#[tokio::test]
async fn images_of_every_kind_are_taken_where_they_fit() {
    let cases = [
        ("img-golden01", None, "none"),
        ("img-shared01", None, "none"),
        ("img-import01", None, "none"),
        ("img-winbig01", None, "InvalidParameterValue"),
        ("img-winbig01", Some(79), "InvalidParameterValue"),
        ("img-winbig01", Some(80), "none"),
        ("img-arm64001", None, "InvalidParameterValue.InvalidImageForGivenInstanceType"),
    ];
    for (image, size, expected) in cases {
        let served = serve().await;
        let body =
            json!({ "InstanceId": "ins-r8hr2upy", "ImageId": image, "SystemDisk": { "DiskSize": size } });
        assert_eq!(code(&served, &reset(body)).await, expected, "{image} {size:?}");
    }
    let served = serve().await;
    let mut kinds = Vec::new();
    for id in ["img-487zeit5", "img-golden01", "img-shared01", "img-import01"] {
        let found = send(&served, &of("cvm", "DescribeImages", json!({ "ImageIds": [id] }))).await;
        let one = &found["ImageSet"][0];
        kinds.push(format!("{} {} {}", one["ImageType"], one["ImageSource"], one["ImageCreator"]));
    }
    insta::assert_snapshot!(kinds.join("\n"), @r#"
    "PUBLIC_IMAGE" "OFFICIAL" null
    "PRIVATE_IMAGE" "CREATE_IMAGE" "100000000001"
    "SHARED_IMAGE" "CREATE_IMAGE" "100000000009"
    "PRIVATE_IMAGE" "EXTERNAL_IMPORT" "100000000001"
    "#);
}

#[tokio::test]
async fn a_password_is_kept_nowhere_and_all_else_is_seen() {
    const PASSWORD: &str = "Qcloud@TestApi123++";
    let served = serve().await;
    let body = json!({
        "InstanceId": "ins-r8hr2upy", "ImageId": "img-golden01", "HostName": "web-8", "UserData": "IyEvYmluL3No",
        "LoginSettings": { "Password": PASSWORD }, "EnhancedService": { "MonitorService": { "Enabled": false } },
    });
    let answer = send(&served, &reset(body)).await;
    served.sim.advance(std::time::Duration::from_secs(160));
    let (_, state) = control(&served, "GET", "/_sim/state", &Value::Null).await;
    let wipe = &state["fleet"]["wipes"][0];
    assert_eq!((&wipe["login"], &wipe["user_data_bytes"]), (&json!("password"), &json!(12)));
    assert_eq!(state["fleet"]["instances"][0]["HostName"], "web-8");
    let agents = json!({ "security": null, "monitor": false, "automation": null });
    assert_eq!(state["fleet"]["agents"]["ins-r8hr2upy"], agents, "a custom image keeps its own");
    let seen = send(&served, &super::describe()).await;
    for text in [answer.to_string(), state.to_string(), seen.to_string(), format!("{:?}", served.sim.wipes())]
    {
        assert!(!text.contains("Qcloud"), "{text}");
    }
}

#[tokio::test]
async fn agents_are_on_by_default_with_public_images_only() {
    let served = serve().await;
    let ask = |id: &str, image: &str| {
        let service = json!({ "SecurityService": { "Enabled": false } });
        reset(json!({ "InstanceId": id, "ImageId": image, "EnhancedService": service }))
    };
    assert_eq!(code(&served, &ask("ins-r8hr2upy", "img-pmqg1cw7")).await, "none");
    served.sim.advance(std::time::Duration::from_secs(160));
    let agents = json!({ "security": false, "monitor": true, "automation": true });
    assert_eq!(served.sim.state()["fleet"]["agents"]["ins-r8hr2upy"], agents);
}

#[tokio::test]
async fn user_data_is_base64_of_at_most_16_kb() {
    let data = |bytes: usize| {
        let text = data_encoding::BASE64.encode(&vec![b'x'; bytes]);
        reset(json!({ "InstanceId": "ins-r8hr2upy", "UserData": text }))
    };
    let served = serve().await;
    assert_eq!(code(&served, &data(16 * 1024 + 1)).await, "InvalidParameterValue.InvalidUserDataFormat");
    assert_eq!(code(&served, &data(16 * 1024)).await, "none");
}

#[tokio::test]
async fn a_host_name_follows_the_rules_of_its_system() {
    let served = serve().await;
    let name = |image: &str, name: &str| {
        reset(json!({ "InstanceId": "ins-r8hr2upy", "ImageId": image, "HostName": name }))
    };
    let (linux, windows) = ("img-pmqg1cw7", "img-9id7emv7");
    let long = "a".repeat(61);
    for (image, wrong) in [
        (linux, "a"),
        (linux, long.as_str()),
        (linux, "web-.prod"),
        (linux, ".web"),
        (linux, "web--7"),
        (linux, "web_7"),
        (windows, "sixteen-letters-"),
        (windows, "sixteenletters16"),
        (windows, "web.prod"),
        (windows, "1234"),
    ] {
        served.sim.reset();
        assert_eq!(code(&served, &name(image, wrong)).await, "InvalidParameter.HostNameIllegal", "{wrong}");
    }
    for (image, right) in [(linux, &long[..60]), (linux, "web-7.prod.example"), (windows, "fifteenletters1")]
    {
        served.sim.reset();
        assert_eq!(code(&served, &name(image, right)).await, "none", "{right}");
    }
}

#[tokio::test]
async fn answers_have_the_odd_shapes_of_real_ones() {
    let served = serve().await;
    let body = json!({ "InstanceIds": ["ins-odd00001", "ins-odd00002"] });
    let seen = send(&served, &of("cvm", "DescribeInstances", body.clone())).await;
    let [one, two] = [&seen["InstanceSet"][0], &seen["InstanceSet"][1]];
    assert_eq!((&one["LoginSettings"], one.get("ImageId")), (&json!([]), None));
    assert_eq!((&two["LoginSettings"], &two["Tags"]), (&Value::Null, &Value::Null));
    assert_eq!(one.get("LatestOperation"), Some(&Value::Null));
    let status = send(&served, &of("cvm", "DescribeInstancesStatus", body)).await;
    assert_eq!(
        status["InstanceStatusSet"][1],
        json!({ "InstanceId": "ins-odd00002", "InstanceState": "RUNNING" })
    );
}

#[test]
fn what_was_there_before_keeps_its_id() {
    let fleet = Fleet::default();
    let ids: Vec<&str> = fleet.instances.iter().map(|one| one.id.as_str()).take(11).collect();
    insta::assert_snapshot!(ids.join(" "), @"ins-r8hr2upy ins-stopped1 ins-unpaid01 ins-pending1 ins-expired1 ins-busy0001 ins-local001 ins-windows1 ins-nokeys01 ins-private1 ins-hongkong");
    assert!(fleet.image("img-pmqg1cw7").is_some_and(|image| image.name == "TencentOS Server 4"));
}
