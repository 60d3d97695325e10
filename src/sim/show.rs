//! `Instance` and `Image` as `DescribeInstances` and `DescribeImages` answer them, every documented field in place.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fleet::{Agents, Disk, Fleet, Image, Instance, Wipe};

/// The account that everything belongs to.
pub(super) const ACCOUNT: &str = "100000000001";

/// When every machine was made: 2024-03-01T02:00:00Z.
pub(super) const CREATED: Timestamp = Timestamp::constant(1_709_258_400, 0);

/// Null where nothing is there, as the API answers empty lists.
fn or_null(list: &[Value]) -> Value {
    if list.is_empty() { Value::Null } else { list.to_vec().into() }
}

fn tags(instance: &Instance) -> Vec<Value> {
    instance.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn data_disks(instance: &Instance) -> Vec<Value> {
    let data = instance.disks().into_iter().filter(|disk| !disk.is_system);
    let show = |disk: Disk| {
        json!({
            "DiskId": disk.id, "DiskType": disk.disk_type, "DiskSize": disk.size_gb,
            "DeleteWithInstance": false, "Encrypt": false, "SnapshotId": null, "KmsKeyId": null,
            "ThroughputPerformance": 0, "CdcId": null, "BurstPerformance": false, "DiskName": null,
        })
    };
    data.map(show).collect()
}

/// Adds the fields of one object to another.
pub(super) fn add(to: &mut Value, more: Value) {
    if let (Value::Object(to), Value::Object(more)) = (to, more) {
        to.extend(more);
    }
}

pub(super) fn instance(fleet: &Fleet, one: &Instance) -> Value {
    let image = fleet.image(&one.image);
    let windows = image.is_some_and(Image::is_windows);
    let keys: Vec<Value> = one.keys.iter().map(|key| key.as_str().into()).collect();
    let public: Vec<Value> = one.public_ip.iter().map(|ip| ip.as_str().into()).collect();
    let mut shown = json!({
        "Placement": { "Zone": one.zone, "ProjectId": 0, "HostId": null, "HostIds": null, "RackId": null },
        "InstanceId": one.id,
        "InstanceName": one.name,
        "Uuid": uuid(one),
        "InstanceType": one.instance_type,
        "CPU": 2,
        "Memory": 4,
        "InstanceState": one.state,
        "RestrictState": one.restrict,
        "StopChargingMode": one.stop_charging,
        "InstanceChargeType": one.charge_type,
        "RenewFlag": if one.is_prepaid() { "NOTIFY_AND_MANUAL_RENEW".into() } else { Value::Null },
        "CreatedTime": CREATED.to_string(),
        "ExpiredTime": if one.is_prepaid() { "2026-03-01T02:00:00Z".into() } else { Value::Null },
        "SystemDisk": {
            "DiskId": one.system_disk_id(), "DiskType": one.disk_type, "DiskSize": one.disk_gb,
            "CdcId": null, "DiskName": null, "Encrypt": null, "KmsKeyId": null,
        },
        "DataDisks": or_null(&data_disks(one)),
        "PrivateIpAddresses": [one.private_ip],
        "PublicIpAddresses": or_null(&public),
        "ImageId": one.image,
        "OsName": image.map(|image| image.os_name.as_str()),
        "LicenseType": image.map(|image| image.license.as_str()),
        "LoginSettings": { "Password": null, "KeyIds": or_null(&keys), "KeepImageLogin": null },
        "HostName": one.host_name,
        "DefaultLoginUser": if windows { "Administrator" } else { "root" },
        "DefaultLoginPort": if windows { 3389 } else { 22 },
        "Tags": tags(one),
    });
    add_latest_operation(&mut shown, one);
    add_surroundings(&mut shown, one);
    bend(&mut shown, one);
    shown
}

/// Some fields in the odd shapes that real answers have.
fn bend(shown: &mut Value, one: &Instance) {
    for name in &one.quirks.null {
        shown[name] = Value::Null;
    }
    for name in &one.quirks.empty_list {
        shown[name] = json!([]);
    }
    if let Value::Object(shown) = shown {
        shown.retain(|name, _| !one.quirks.absent.contains(name));
    }
}

fn add_latest_operation(shown: &mut Value, one: &Instance) {
    let last = one.latest();
    shown["LatestOperation"] = json!(last.map(|last| last.name.as_str()));
    shown["LatestOperationState"] = json!(last.map(|last| last.state.as_str()));
    shown["LatestOperationRequestId"] = json!(last.map(|last| last.request_id.as_str()));
    shown["LatestOperationErrorMsg"] = json!(last.and_then(|last| last.error.as_deref()));
}

/// Fields that no reset touches.
fn add_surroundings(shown: &mut Value, one: &Instance) {
    let assigned = one.public_ip.is_some();
    shown["InternetAccessible"] = json!({
        "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR", "PublicIpAssigned": assigned,
        "InternetMaxBandwidthOut": if assigned { 5 } else { 0 }, "BandwidthPackageId": null,
    });
    shown["VirtualPrivateCloud"] = json!({
        "VpcId": "vpc-sim00001", "SubnetId": "subnet-sim00001", "AsVpcGateway": false,
        "PrivateIpAddresses": null, "Ipv6AddressCount": null,
    });
    shown["SecurityGroupIds"] = json!(["sg-sim00001"]);
    shown["DisableApiTermination"] = json!(false);
    let absent = [
        "DisasterRecoverGroupId",
        "DisasterRecoverGroupIds",
        "IPv6Addresses",
        "PublicIPv6Addresses",
        "CamRoleName",
        "HpcClusterId",
        "RdmaIpAddresses",
        "DedicatedClusterId",
        "IsolatedSource",
        "GPUInfo",
        "EnableJumboFrame",
        "Metadata",
        "CpuTopology",
        "PartitionNumber",
    ];
    for name in absent {
        shown[name] = Value::Null;
    }
}

/// An instance keeps its uuid for life.
fn uuid(one: &Instance) -> String {
    let tail = data_encoding::HEXLOWER.encode(&one.id.as_bytes()[4..12]);
    format!("{}-{}-4{}-8000-00000000000{}", &tail[..8], &tail[8..12], &tail[12..15], &tail[15..])
}

pub(super) fn image(one: &Image) -> Value {
    let source = match one.source.as_str() {
        "" if one.is_public() => "OFFICIAL",
        "" => "CREATE_IMAGE",
        source => source,
    };
    let creator = match one.image_type.as_str() {
        "PUBLIC_IMAGE" => Value::Null,
        "SHARED_IMAGE" => "100000000009".into(),
        _ => ACCOUNT.into(),
    };
    let snapshots: Vec<Value> = if one.whole_machine {
        vec![
            json!({ "SnapshotId": "snap-sim00001", "DiskUsage": "SYSTEM_DISK", "DiskSize": one.size_gb }),
            json!({ "SnapshotId": "snap-sim00002", "DiskUsage": "DATA_DISK", "DiskSize": 100 }),
        ]
    } else {
        Vec::new()
    };
    json!({
        "ImageId": one.id,
        "ImageName": one.name,
        "ImageDescription": "",
        "OsName": one.os_name,
        "Platform": one.platform,
        "Architecture": one.architecture,
        "ImageType": one.image_type,
        "ImageState": one.state,
        "ImageSize": one.size_gb,
        "ImageSource": source,
        "ImageCreator": creator,
        "CreatedTime": "2024-01-01T00:00:00Z",
        "SyncPercent": null,
        "IsSupportCloudinit": true,
        "SnapshotSet": or_null(&snapshots),
        "Tags": [],
        "LicenseType": one.license,
        "ImageFamily": null,
        "ImageDeprecated": false,
        "CdcCacheStatus": null,
    })
}

/// The fleet as the control API shows it: as the APIs do, and what no answer says.
pub(super) fn fleet(fleet: &Fleet) -> Value {
    let agents = |one: &Instance| (one.id.clone(), agents(one.agents));
    json!({
        "instances": fleet.instances.iter().map(|one| instance(fleet, one)).collect::<Vec<_>>(),
        "images": fleet.images.iter().map(image).collect::<Vec<_>>(),
        "wipes": fleet.wipes().iter().map(wipe).collect::<Vec<_>>(),
        "agents": fleet.instances.iter().map(agents).collect::<Map<_, _>>(),
    })
}

/// Null: as the image has it.
fn agents(one: Agents) -> Value {
    json!({ "security": one.security, "monitor": one.monitor, "automation": one.automation })
}

fn wipe(one: &Wipe) -> Value {
    json!({
        "instance": one.instance, "request_id": one.request_id, "at": one.at.to_string(),
        "login": one.login.as_str(), "user_data_bytes": one.user_data_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_of_the_example_as_the_api_describes_it() {
        let fleet = Fleet::default();
        let shown = instance(&fleet, &fleet.instances[0]);
        let names = [
            "InstanceId",
            "InstanceName",
            "Uuid",
            "OsName",
            "SystemDisk",
            "LoginSettings",
            "Tags",
            "Placement",
        ];
        let excerpt: Vec<String> = names.iter().map(|name| format!("{name}: {}", shown[name])).collect();
        insta::assert_snapshot!(excerpt.join("\n"), @r#"
        InstanceId: "ins-r8hr2upy"
        InstanceName: "web-7"
        Uuid: "72386872-3275-4707-8000-000000000009"
        OsName: "Ubuntu Server 22.04 LTS 64bit"
        SystemDisk: {"CdcId":null,"DiskId":"disk-r8hr2u00","DiskName":null,"DiskSize":50,"DiskType":"CLOUD_PREMIUM","Encrypt":null,"KmsKeyId":null}
        LoginSettings: {"KeepImageLogin":null,"KeyIds":["skey-8xk2p1qa"],"Password":null}
        Tags: [{"Key":"cleanslate","Value":"allowed"},{"Key":"env","Value":"prod"},{"Key":"team","Value":"payments"}]
        Placement: {"HostId":null,"HostIds":null,"ProjectId":0,"RackId":null,"Zone":"ap-guangzhou-3"}
        "#);
        assert_eq!(shown["LatestOperationState"], "SUCCESS");
    }

    #[test]
    fn what_is_not_there_is_null() {
        let fleet = Fleet::default();
        let pending = fleet.instances.iter().find(|one| one.id == "ins-pending1").unwrap();
        let shown = instance(&fleet, pending);
        for name in [
            "LatestOperation",
            "LatestOperationState",
            "LatestOperationRequestId",
            "PublicIpAddresses",
            "DataDisks",
        ] {
            assert_eq!(shown.get(name), Some(&Value::Null), "{name}");
        }
    }
}
