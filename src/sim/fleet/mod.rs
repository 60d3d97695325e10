//! The simulated fleet: a pure state machine, moved by [`Fleet::advance`]. Rules and error codes are those of the
//! `ResetInstance` page and its error list.

mod rules;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::rules::{known, new_disk, ready, strings, well_formed};

/// A documented error: its code, and words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub code: String,
    pub message: String,
}

pub fn error(code: &str, message: impl Into<String>) -> ApiError {
    ApiError { code: code.to_owned(), message: message.into() }
}

/// One disk wiped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wipe {
    pub instance: String,
    pub request_id: String,
    pub at: Timestamp,
}

/// Everything there is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// How long a reset takes.
    reset_seconds: i64,
    /// How long `LatestOperation*` still shows the operation before.
    lag_seconds: i64,
    keys: Vec<String>,
    images: Vec<Image>,
    instances: Vec<Instance>,
    #[serde(skip)]
    pub wipes: Vec<Wipe>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    id: String,
    os: String,
    #[serde(default = "tencentos")]
    platform: String,
    #[serde(default = "public")]
    kind: String,
    #[serde(default = "x86")]
    arch: String,
    #[serde(default = "normal")]
    state: String,
    #[serde(default = "twenty")]
    size_gb: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Instance {
    id: String,
    name: String,
    #[serde(default = "guangzhou")]
    region: String,
    #[serde(default = "guangzhou_3")]
    zone: String,
    #[serde(default = "running")]
    state: String,
    #[serde(default = "normal")]
    restrict: String,
    #[serde(default = "not_applicable")]
    stop_charging: String,
    private_ip: String,
    public_ip: Option<String>,
    #[serde(default = "ubuntu")]
    image: String,
    #[serde(default = "premium")]
    disk_type: String,
    #[serde(default = "fifty")]
    disk_gb: u32,
    #[serde(default)]
    data_disks: u32,
    #[serde(default = "first_key")]
    keys: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(skip)]
    disk_swaps: u32,
    #[serde(skip)]
    last: Option<Operation>,
    /// Under way, or done but not yet visible.
    #[serde(skip)]
    running: Option<Operation>,
}

#[derive(Debug, Clone)]
struct Operation {
    name: &'static str,
    request_id: String,
    started: Timestamp,
    ends: Timestamp,
    /// What it changes when it ends; an error message instead when it will fail.
    outcome: Result<Change, String>,
    done: bool,
}

#[derive(Debug, Clone, Default)]
struct Change {
    image: Option<String>,
    disk_gb: Option<u32>,
    keys: Vec<String>,
    new_disk: bool,
}

macro_rules! defaults {
    ($($name:ident: $type:ty = $value:expr;)*) => { $(fn $name() -> $type { $value })* };
}
defaults! {
    tencentos: String = "Linux".to_owned();
    public: String = "PUBLIC_IMAGE".to_owned();
    x86: String = "x86_64".to_owned();
    normal: String = "NORMAL".to_owned();
    twenty: u32 = 20;
    guangzhou: String = "ap-guangzhou".to_owned();
    guangzhou_3: String = "ap-guangzhou-3".to_owned();
    running: String = "RUNNING".to_owned();
    not_applicable: String = "NOT_APPLICABLE".to_owned();
    ubuntu: String = "img-487zeit5".to_owned();
    premium: String = "CLOUD_PREMIUM".to_owned();
    fifty: u32 = 50;
    first_key: Vec<String> = vec!["skey-8xk2p1qa".to_owned()];
}

/// How one reset is bent by a fault.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bend {
    pub slow: bool,
    pub fails: bool,
}

impl Default for Fleet {
    fn default() -> Self {
        Self::from_toml(include_str!("default.toml")).expect("the embedded fleet parses")
    }
}

impl Fleet {
    /// # Errors
    /// When the text is not a fleet.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Carries out whatever ends by `now`.
    pub fn advance(&mut self, now: Timestamp) {
        let lag = SignedDuration::from_secs(self.lag_seconds);
        for instance in &mut self.instances {
            let Some(operation) = &mut instance.running else { continue };
            if now >= operation.ends && !operation.done {
                operation.done = true;
                if let Ok(change) = operation.outcome.clone() {
                    instance.disk_swaps += u32::from(change.new_disk);
                    instance.image = change.image.unwrap_or_else(|| instance.image.clone());
                    instance.disk_gb = change.disk_gb.unwrap_or(instance.disk_gb);
                    instance.keys = change.keys;
                }
            }
            if now >= operation.started + lag {
                instance.last = Some(operation.clone());
                if operation.done {
                    instance.running = None;
                }
            }
        }
    }

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

    fn show(&self, i: &Instance) -> Value {
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
            "LatestOperation": last.map_or("StartInstances", |op| op.name),
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

    /// `ResetInstance`: checked, then begun. The wipe counts from here.
    ///
    /// # Errors
    /// As documented; nothing has been begun.
    pub fn reset(
        &mut self,
        region: &str,
        body: &Map<String, Value>,
        (request_id, now): (&str, Timestamp),
        bend: Bend,
    ) -> Result<(), ApiError> {
        let (index, change) = self.check_reset(region, body)?;
        let seconds = if bend.slow { 12 * 60 } else { self.reset_seconds };
        let outcome = if bend.fails {
            Err("The image could not be written to the disk.".to_owned())
        } else {
            Ok(change)
        };
        let instance = &mut self.instances[index];
        instance.running = Some(Operation {
            name: "ResetInstance",
            request_id: request_id.to_owned(),
            started: now,
            ends: now + SignedDuration::from_secs(seconds),
            outcome,
            done: false,
        });
        self.wipes.push(Wipe { instance: instance.id.clone(), request_id: request_id.to_owned(), at: now });
        Ok(())
    }

    fn check_reset(&self, region: &str, body: &Map<String, Value>) -> Result<(usize, Change), ApiError> {
        let fields = [
            "InstanceId",
            "ImageId",
            "SystemDisk",
            "LoginSettings",
            "EnhancedService",
            "HostName",
            "UserData",
        ];
        known(body, &fields)?;
        let id = body.get("InstanceId").and_then(Value::as_str);
        let id = id
            .ok_or_else(|| error("MissingParameter", "The request is missing the parameter `InstanceId`."))?;
        well_formed(id, "ins-", "InvalidInstanceId.Malformed")?;
        let index = self.instances.iter().position(|i| i.id == id && i.region == region);
        let index = index.ok_or_else(|| {
            error("InvalidInstanceId.NotFound", format!("The instance `{id}` is not found."))
        })?;
        let instance = &self.instances[index];
        ready(instance)?;
        let image = self.new_image(instance, body)?;
        let disk_gb = new_disk(instance, image, body)?;
        let keys = self.new_login(instance, image, body)?;
        let new_disk = self.image(&instance.image).is_some_and(|old| old.platform != image.platform);
        if new_disk
            && !["CLOUD_BASIC", "CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD"]
                .contains(&instance.disk_type.as_str())
        {
            return Err(error(
                "InvalidParameterValue.InvalidImageIdForRetsetInstance",
                "The system disk type does not support switching the operating system.",
            ));
        }
        Ok((index, Change { image: Some(image.id.clone()), disk_gb, keys, new_disk }))
    }

    fn new_image(&self, instance: &Instance, body: &Map<String, Value>) -> Result<&Image, ApiError> {
        let id = body.get("ImageId").and_then(Value::as_str).unwrap_or(&instance.image);
        well_formed(id, "img-", "InvalidImageId.Malformed")?;
        let image = self
            .image(id)
            .ok_or_else(|| error("InvalidImageId.NotFound", format!("The image `{id}` is not found.")))?;
        if image.state != "NORMAL" {
            return Err(error(
                "InvalidParameterValue.InvalidImageState",
                format!("The image `{id}` is {}.", image.state),
            ));
        }
        if self.image(&instance.image).is_some_and(|old| old.arch != image.arch) {
            return Err(error(
                "InvalidParameterValue.InvalidImageForGivenInstanceType",
                "The image does not fit the instance type.",
            ));
        }
        Ok(image)
    }

    /// The key pairs that are bound afterwards.
    fn new_login(
        &self,
        instance: &Instance,
        image: &Image,
        body: &Map<String, Value>,
    ) -> Result<Vec<String>, ApiError> {
        let Some(login) = body.get("LoginSettings").and_then(Value::as_object) else { return Ok(Vec::new()) };
        known(login, &["Password", "KeyIds", "KeepImageLogin"])?;
        let keys = strings(login, "KeyIds")?;
        let keep = login
            .get("KeepImageLogin")
            .and_then(Value::as_str)
            .is_some_and(|keep| keep.eq_ignore_ascii_case("true"));
        let ways =
            usize::from(!keys.is_empty()) + usize::from(login.contains_key("Password")) + usize::from(keep);
        if ways > 1 {
            return Err(error(
                "InvalidParameter.ParameterConflict",
                "Password, KeyIds and KeepImageLogin exclude one another.",
            ));
        }
        if !keys.is_empty() && image.platform == "Windows" {
            return Err(error(
                "UnsupportedOperation.KeyPairUnsupportedWindows",
                "Key pairs are not supported on Windows.",
            ));
        }
        for key in &keys {
            well_formed(key, "skey-", "InvalidKeyPairId.Malformed")?;
            if !self.keys.contains(key) {
                return Err(error(
                    "InvalidParameterValue.KeyPairNotFound",
                    format!("The key pair `{key}` is not found."),
                ));
            }
        }
        if keep && image.kind == "PUBLIC_IMAGE" {
            return Err(error("InvalidParameterValue", "KeepImageLogin is not supported for public images."));
        }
        if login
            .get("Password")
            .and_then(Value::as_str)
            .is_some_and(|password| !(8..=30).contains(&password.len()))
        {
            return Err(error(
                "InvalidParameterValue.InvalidPassword",
                "The password does not meet the rules.",
            ));
        }
        Ok(if keep { instance.keys.clone() } else { keys })
    }

    fn image(&self, id: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.id == id)
    }

    /// The fleet as the control API shows it.
    pub fn state(&self) -> Value {
        let wipes: Vec<Value> = self
            .wipes
            .iter()
            .map(|wipe| json!({ "instance": wipe.instance, "request_id": wipe.request_id, "at": wipe.at.to_string() }))
            .collect();
        json!({ "instances": self.instances.iter().map(|i| self.show(i)).collect::<Vec<_>>(), "wipes": wipes })
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
