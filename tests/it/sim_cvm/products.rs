//! What stands around the reset: prices, disks, snapshots, callers, keys, regions.

use cleanslate::sim::cast;
use serde_json::{Value, json};

use super::{Call, Served, code, control, describe, of, send, serve};

async fn price(served: &Served, body: Value) -> Value {
    send(served, &of("cvm", "InquiryPriceResetInstance", body)).await["Price"]["InstancePrice"].take()
}

#[tokio::test]
async fn a_price_is_told_for_each_gb_of_growth_and_nothing_is_done() {
    let served = serve().await;
    let grown = |id: &str, gb: u32| json!({ "InstanceId": id, "SystemDisk": { "DiskSize": gb } });
    let by_hour = price(&served, grown("ins-r8hr2upy", 60)).await;
    assert_eq!(by_hour["UnitPriceDiscount"], 0.005);
    assert_eq!((&by_hour["ChargeUnit"], &by_hour["DiscountPrice"]), (&json!("HOUR"), &Value::Null));
    assert_eq!(by_hour.as_object().unwrap().len(), 19, "every documented field");
    let prepaid = price(&served, grown("ins-prepaid1", 110)).await;
    assert_eq!((&prepaid["DiscountPrice"], &prepaid["UnitPrice"]), (&json!(3.5), &Value::Null));
    assert_eq!(price(&served, json!({ "InstanceId": "ins-r8hr2upy" })).await["UnitPrice"], 0.0);
    assert_eq!(
        price(&served, grown("ins-busy0001", 60)).await["UnitPrice"],
        0.005,
        "its state is not looked at"
    );
    assert_eq!(served.sim.wipes(), []);
}

#[tokio::test]
async fn a_price_is_refused_for_the_same_parameters_as_a_reset() {
    let served = serve().await;
    let windows = |id: &str| json!({ "InstanceId": id, "ImageId": "img-9id7emv7" });
    let cases = [
        (json!({}), "MissingParameter"),
        (json!({ "InstanceId": "ins-r8hr2upy", "HostName": "web-7" }), "UnknownParameter"),
        (json!({ "InstanceId": "ins-00000000" }), "InvalidInstanceId.NotFound"),
        (json!({ "InstanceId": "ins-r8hr2upy", "SystemDisk": { "DiskSize": 49 } }), "InvalidParameterValue"),
        (json!({ "InstanceId": "ins-r8hr2upy", "ImageId": "img-00000000" }), "InvalidImageId.NotFound"),
        (
            json!({ "InstanceId": "ins-r8hr2upy", "LoginSettings": { "Password": "short" } }),
            "InvalidParameterValue.InvalidPassword",
        ),
        (windows("ins-prepaid1"), "InvalidParameterValue.InvalidImageIdForRetsetInstance"),
        (windows("ins-r8hr2upy"), "none"),
        (json!({ "InstanceId": "ins-hongkon2" }), "none"),
    ];
    for (body, expected) in cases {
        let call = of("cvm", "InquiryPriceResetInstance", body);
        let call = match call.body["InstanceId"].as_str() {
            Some("ins-hongkon2") => Call { region: Some("ap-hongkong"), ..call },
            _ => call,
        };
        assert_eq!(code(&served, &call).await, expected, "{}", call.body);
    }
    let abroad = of("cvm", "InquiryPriceResetInstance", windows("ins-hongkong"));
    let abroad = Call { region: Some("ap-hongkong"), ..abroad };
    assert_eq!(code(&served, &abroad).await, "InvalidParameterValue.InvalidImageOsName");
    let reset = Call { action: "ResetInstance", ..abroad };
    assert_eq!(code(&served, &reset).await, "none", "today's page forbids no switch abroad");
}

/// Null where there is none.
async fn disk(served: &Served, id: &str) -> Value {
    let found = send(served, &of("cbs", "DescribeDisks", json!({ "DiskIds": [id] }))).await;
    found["DiskSet"].get(0).cloned().unwrap_or_default()
}

#[tokio::test]
async fn disks_say_whose_they_are_and_what_can_be_saved_of_them() {
    let served = serve().await;
    let one = disk(&served, "disk-r8hr2u00").await;
    let shown = ["InstanceId", "DiskUsage", "DiskSize", "DiskState", "SnapshotAbility", "SnapshotCount"];
    let shown: Vec<String> = shown.iter().map(|name| one[*name].to_string()).collect();
    assert_eq!(shown.join(" "), r#""ins-r8hr2upy" "SYSTEM_DISK" 50 "ATTACHED" true 2"#);
    assert_eq!(disk(&served, "disk-prepai00").await["SnapshotAbility"], false);
    assert_eq!(disk(&served, "disk-local000").await, Value::Null, "local disks are not cloud disks");
    let filter = json!({ "Filters": [
        { "Name": "instance-id", "Values": ["ins-r8hr2upy"] },
        { "Name": "disk-usage", "Values": ["DATA_DISK"] },
    ] });
    let data = send(&served, &of("cbs", "DescribeDisks", filter)).await;
    assert_eq!((&data["TotalCount"], &data["DiskSet"][1]["DiskSize"]), (&json!(2), &json!(100)));
}

async fn snapshots(served: &Served, body: Value) -> Vec<String> {
    let mut answer = send(served, &of("cbs", "DescribeSnapshots", body)).await;
    let Value::Array(set) = answer["SnapshotSet"].take() else { panic!("{answer}") };
    let word = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    set.iter()
        .map(|one| format!("{} {} {}", word(one, "SnapshotId"), word(one, "DiskId"), word(one, "CreateTime")))
        .collect()
}

#[tokio::test]
async fn snapshots_are_found_by_their_disk_newest_first_and_outlive_it() {
    let served = serve().await;
    let of_disk = |order: &str, limit: u32| {
        json!({
            "Filters": [
                { "Name": "disk-id", "Values": ["disk-r8hr2u00"] },
                { "Name": "snapshot-state", "Values": ["NORMAL"] },
            ],
            "OrderField": "CREATE_TIME", "Order": order, "Limit": limit,
        })
    };
    let newest = ["snap-web70002 disk-r8hr2u00 2023-11-06 06:13:20"];
    assert_eq!(snapshots(&served, of_disk("DESC", 1)).await, newest, "nine days ago, in China's time");
    let ascending = snapshots(&served, of_disk("ASC", 20)).await;
    assert_eq!((ascending.len(), ascending[1].as_str()), (2, newest[0]));
    let unfinished = json!({ "SnapshotIds": ["snap-batch001"] });
    let unfinished =
        send(&served, &of("cbs", "DescribeSnapshots", unfinished)).await["SnapshotSet"][0].take();
    assert_eq!((&unfinished["SnapshotState"], &unfinished["Percent"]), (&json!("CREATING"), &json!(40)));

    let windows = json!({ "InstanceId": "ins-r8hr2upy", "ImageId": "img-9id7emv7" });
    assert_eq!(code(&served, &of("cvm", "ResetInstance", windows)).await, "none");
    served.sim.advance(std::time::Duration::from_secs(160));
    assert_eq!(disk(&served, "disk-r8hr2u00").await, Value::Null);
    assert_eq!(disk(&served, "disk-r8hr2u01").await["SnapshotCount"], 0);
    assert_eq!(snapshots(&served, of_disk("DESC", 1)).await, newest, "of a disk that is gone");
}

#[tokio::test]
async fn wrong_questions_about_disks_are_refused() {
    let served = serve().await;
    let cases = [
        ("DescribeDisks", json!({ "DiskIds": ["disk-r8hr2u00"], "Filters": [] }), "InvalidParameter"),
        ("DescribeDisks", json!({ "DiskIds": ["r8hr2u00"] }), "InvalidParameterValue"),
        ("DescribeDisks", json!({ "OrderField": "SIZE" }), "InvalidParameterValue"),
        ("DescribeDisks", json!({ "ReturnBindAutoSnapshotPolicy": "yes" }), "InvalidParameter"),
        ("DescribeSnapshots", json!({ "Order": "UP" }), "InvalidParameterValue"),
        (
            "DescribeSnapshots",
            json!({ "Filters": [{ "Name": "colour", "Values": ["red"] }] }),
            "InvalidFilter",
        ),
        ("DescribeSnapshots", json!({ "Limit": 101 }), "InvalidParameterValue.Range"),
        ("DescribeSnapshots", json!({ "DiskId": "disk-r8hr2u00" }), "UnknownParameter"),
        ("CreateSnapshot", json!({ "DiskId": "disk-r8hr2u00" }), "InvalidAction"),
    ];
    for (action, body, expected) in cases {
        assert_eq!(code(&served, &of("cbs", action, body.clone())).await, expected, "{action} {body}");
    }
}

fn with_key<'a>(call: Call<'a>, secret_id: &'a str, secret_key: &'a str) -> Call<'a> {
    Call { secret_id, secret_key, ..call }
}

#[tokio::test]
async fn a_key_may_what_it_may() {
    let served = serve().await;
    let reads = |call| with_key(call, cast::TENCENT_READ_SECRET_ID, cast::TENCENT_READ_SECRET_KEY);
    let no_cbs =
        |call| with_key(call, "AKIDsimulatednocbs0000000000000000", "simulated-nocbs-secret-key-0000");
    let tagged =
        |call| with_key(call, "AKIDsimulatedtagged000000000000000", "simulated-tagged-secret-key-000");
    let disks = || of("cbs", "DescribeDisks", json!({}));
    let reset = |id: &str| of("cvm", "ResetInstance", json!({ "InstanceId": id }));
    let cases = [
        (reads(describe()), "none"),
        (reads(disks()), "none"),
        (reads(reset("ins-r8hr2upy")), "UnauthorizedOperation"),
        (no_cbs(describe()), "none"),
        (no_cbs(disks()), "UnauthorizedOperation"),
        (tagged(reset("ins-private1")), "UnauthorizedOperation.PermissionDenied"),
        (tagged(reset("ins-00000000")), "UnauthorizedOperation.PermissionDenied"),
        (tagged(reset("ins-stopped1")), "none"),
    ];
    for (call, expected) in &cases {
        assert_eq!(code(&served, call).await, *expected, "{} {} {}", call.secret_id, call.action, call.body);
    }
    assert_eq!(served.sim.wipes().len(), 1);
}

#[tokio::test]
async fn a_temporary_credential_holds_with_its_token_until_it_expires() {
    let served = serve().await;
    let temporary = |token| Call {
        token,
        ..with_key(describe(), "AKIDsimulatedtemporary000000000000", "simulated-temporary-secret-key-")
    };
    let expired = Call {
        token: Some("simulated-token-11111111"),
        ..with_key(describe(), "AKIDsimulatedexpired00000000000000", "simulated-expired-secret-key-00")
    };
    let right = Some("simulated-token-00000000");
    let cases = [
        (temporary(right), "none"),
        (temporary(None), "AuthFailure.TokenFailure"),
        (temporary(Some("")), "AuthFailure.TokenFailure"),
        (temporary(Some("simulated-token-11111111")), "AuthFailure.TokenFailure"),
        (expired, "AuthFailure.TokenFailure"),
        (Call { secret_key: "wrong", ..temporary(right) }, "AuthFailure.SignatureFailure"),
    ];
    for (call, expected) in &cases {
        assert_eq!(code(&served, call).await, *expected, "{:?}", call.token);
    }
    served.sim.advance(std::time::Duration::from_hours(24 * 365 * 100));
    assert_eq!(code(&served, &temporary(right)).await, "AuthFailure.TokenFailure", "in fleet time");
}

#[tokio::test]
async fn the_caller_is_told_who_it_is() {
    let served = serve().await;
    let who = || of("sts", "GetCallerIdentity", json!({}));
    let user = send(&served, &who()).await;
    assert_eq!((&user["Type"], &user["AccountId"]), (&json!("CAMUser"), &json!("100000000001")));
    assert_eq!(user["Arn"], "qcs::cam:100000000001:uin/100000000002");
    let role = Call {
        token: Some("simulated-token-00000000"),
        ..with_key(who(), "AKIDsimulatedtemporary000000000000", "simulated-temporary-secret-key-")
    };
    let role = send(&served, &role).await;
    assert_eq!(role["Type"], "CAMRole");
    assert_eq!(code(&served, &Call { version: Some("2017-03-12"), ..who() }).await, "NoSuchVersion");
    assert_eq!(code(&served, &of("sts", "GetCallerIdentity", json!({ "A": 1 }))).await, "UnknownParameter");
}

#[tokio::test]
async fn an_instance_is_in_its_region_and_a_region_can_fail() {
    let served = serve().await;
    let ask = |region| Call {
        region: Some(region),
        body: json!({ "InstanceIds": ["ins-hongkong"] }),
        ..describe()
    };
    assert_eq!(send(&served, &ask("ap-hongkong")).await["TotalCount"], 1);
    assert_eq!(send(&served, &ask("ap-guangzhou")).await["TotalCount"], 0);
    let disks = Call { region: Some("ap-hongkong"), ..of("cbs", "DescribeDisks", json!({})) };
    assert_eq!(send(&served, &disks).await["TotalCount"], 2);

    let arm = json!({ "fault": "refuse=InternalError", "region": "ap-hongkong", "times": 2 });
    let (_, state) = control(&served, "POST", "/_sim/faults", &arm).await;
    assert_eq!(state["faults"][0]["region"], "ap-hongkong");
    let mut codes = Vec::new();
    for call in [ask("ap-guangzhou"), ask("ap-hongkong"), disks, ask("ap-hongkong")] {
        codes.push(code(&served, &call).await);
    }
    assert_eq!(codes, ["none", "InternalError", "InternalError", "none"]);
}
