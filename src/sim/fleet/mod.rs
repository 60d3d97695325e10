//! The simulated fleet: a pure state machine, moved by [`Fleet::advance`]. Rules and error codes are those of the
//! `ResetInstance` page and its error list.

mod describe;
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
    name: String,
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
            name: "ResetInstance".to_owned(),
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

    /// Somebody does something in the console: an operation that is over at once, seen at once.
    pub fn console(&mut self, id: &str, operation: &str, (request_id, now): (&str, Timestamp)) -> bool {
        self.advance(now);
        let Some(instance) = self.instances.iter_mut().find(|instance| instance.id == id) else {
            return false;
        };
        instance.last = Some(Operation {
            name: operation.to_owned(),
            request_id: request_id.to_owned(),
            started: now,
            ends: now,
            outcome: Ok(Change::default()),
            done: true,
        });
        true
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
