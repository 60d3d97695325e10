//! `DescribeInstances` and `DescribeImages`.

use serde_json::{Map, Value, json};

use super::rules::{known, strings, well_formed};
use super::{ApiError, Fleet, Instance, error};

impl Fleet {
    /// `DescribeInstances`.
    ///
    /// # Errors
    /// As documented.
    pub fn describe_instances(&self, region: &str, body: &Map<String, Value>) -> Result<Value, ApiError> {
        known(body, &["InstanceIds", "Filters", "Offset", "Limit"])?;
        if body.contains_key("InstanceIds") && body.contains_key("Filters") {
            return Err(error(
                "InvalidParameter",
                "InstanceIds and Filters cannot be specified at the same time.",
            ));
        }
        let ids = strings(body, "InstanceIds")?;
        for id in &ids {
            well_formed(id, "ins-", "InvalidInstanceId.Malformed")?;
        }
        let limit =
            body.get("Limit").map_or(Some(20), Value::as_u64).filter(|limit| (1..=100).contains(limit));
        let limit =
            limit.ok_or_else(|| error("InvalidParameterValue.Range", "Limit must be in [1, 100]."))?;
        let offset = body.get("Offset").and_then(Value::as_u64).unwrap_or(0);
        let filters = body.get("Filters").and_then(Value::as_array).cloned().unwrap_or_default();
        let found: Vec<&Instance> = self
            .instances
            .iter()
            .filter(|i| i.region == region && (ids.is_empty() || ids.contains(&i.id)))
            .filter(|i| filters.iter().all(|filter| passes(i, filter)))
            .collect();
        let page =
            found.iter().skip(usize::try_from(offset).unwrap_or(0)).take(usize::try_from(limit).unwrap_or(0));
        let set: Vec<Value> = page.map(|instance| self.show(instance)).collect();
        Ok(json!({ "TotalCount": found.len(), "InstanceSet": set }))
    }

    pub(super) fn show(&self, i: &Instance) -> Value {
        let last = i.last.as_ref();
        let progress = last.map(|op| match (op.done, &op.outcome) {
            (false, _) => "OPERATING",
            (true, Ok(_)) => "SUCCESS",
            (true, Err(_)) => "FAILED",
        });
        let failure = last.filter(|op| op.done).and_then(|op| op.outcome.as_ref().err());
        let disks: Vec<Value> = (1..=i.data_disks)
            .map(|n| json!({ "DiskId": format!("disk-{}{n:02}", &i.id[4..10]), "DiskType": "CLOUD_PREMIUM", "DiskSize": 100 }))
            .collect();
        json!({
            "InstanceId": i.id, "InstanceName": i.name, "Uuid": format!("{}-uuid", i.id), "InstanceType": "S5.MEDIUM4",
            "Placement": { "Zone": i.zone, "ProjectId": 0 }, "CPU": 2, "Memory": 4, "InstanceChargeType": "PREPAID",
            "InstanceState": i.state, "RestrictState": i.restrict, "StopChargingMode": i.stop_charging,
            "PrivateIpAddresses": [i.private_ip], "PublicIpAddresses": i.public_ip.as_ref().map(|ip| vec![ip]),
            "ImageId": i.image, "OsName": self.image(&i.image).map(|image| image.os.clone()),
            "SystemDisk": { "DiskId": disk_id(i), "DiskType": i.disk_type, "DiskSize": i.disk_gb },
            "DataDisks": if disks.is_empty() { Value::Null } else { disks.into() },
            "LoginSettings": { "KeyIds": i.keys },
            "Tags": i.tags.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect::<Vec<_>>(),
            "LatestOperation": last.map_or("StartInstances", |op| &op.name),
            "LatestOperationState": progress.unwrap_or("SUCCESS"),
            "LatestOperationRequestId": last.map_or_else(|| first_request(i), |op| op.request_id.clone()),
            "LatestOperationErrorMsg": failure, "CreatedTime": "2024-03-01T00:00:00Z",
        })
    }

    /// `DescribeImages`.
    ///
    /// # Errors
    /// As documented.
    pub fn describe_images(&self, body: &Map<String, Value>) -> Result<Value, ApiError> {
        known(body, &["ImageIds", "Filters", "Offset", "Limit", "InstanceType"])?;
        let ids = strings(body, "ImageIds")?;
        for id in &ids {
            well_formed(id, "img-", "InvalidImageId.Malformed")?;
        }
        let found = self.images.iter().filter(|image| ids.is_empty() || ids.contains(&image.id));
        let set: Vec<Value> = found
            .map(|image| {
                json!({
                    "ImageId": image.id, "OsName": image.os, "ImageName": image.os, "ImageType": image.kind,
                    "ImageState": image.state, "ImageSize": image.size_gb, "Architecture": image.arch,
                    "Platform": image.platform, "LicenseType": "TencentCloud", "IsSupportCloudinit": true,
                })
            })
            .collect();
        Ok(json!({ "TotalCount": set.len(), "ImageSet": set }))
    }
}

fn disk_id(instance: &Instance) -> String {
    let prefix = if instance.disk_type.starts_with("LOCAL_") { "ldisk" } else { "disk" };
    format!("{prefix}-{}{:02}", &instance.id[4..10], instance.disk_swaps + 90)
}

fn first_request(instance: &Instance) -> String {
    format!("00000000-0000-4000-8000-0000{}", &instance.id[4..])
}

fn passes(instance: &Instance, filter: &Value) -> bool {
    let values: Vec<&str> =
        filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match filter["Name"].as_str().unwrap_or_default() {
        "instance-id" => values.contains(&instance.id.as_str()),
        "instance-name" => values.contains(&instance.name.as_str()),
        "zone" => values.contains(&instance.zone.as_str()),
        name => name
            .strip_prefix("tag:")
            .and_then(|key| instance.tags.get(key))
            .is_some_and(|v| values.contains(&v.as_str())),
    }
}
