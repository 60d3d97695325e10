//! The loss sheet: what the cloud says the instance is now, and exactly what will be sent. Its digest binds the
//! approval to what the approver saw.

mod bound;
mod known;
mod means;
mod preflight;
mod price;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{ImageId, InstanceId, KeyId};
pub use bound::Drift;
pub use known::Known;
pub use means::{Means, Secret, Text, Texts, Userdata};
pub use preflight::{Findings, PlanRefusal};
pub use price::{Amount, Price};

/// How far an operation on the instance has come: `LatestOperationState` of `DescribeInstances`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    Operating,
    Success,
    Failed,
    /// Null or a word that this version does not know.
    Unreported,
}

/// `LatestOperation*` of `DescribeInstances`: the last thing done to the instance, by whomever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub name: String,
    pub progress: Progress,
    /// The `RequestId` of the call that started it.
    pub request_id: String,
    pub error: Option<String>,
}

/// Size in GB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemDisk {
    pub id: String,
    pub kind: String,
    pub size_gb: u32,
}

/// One instance, as `DescribeInstances` reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    pub id: InstanceId,
    pub name: String,
    pub uuid: String,
    pub private_ips: Vec<String>,
    pub public_ips: Vec<String>,
    pub region: String,
    pub zone: String,
    /// `InstanceState`, as sent: `RUNNING`, `STOPPED`, …
    pub state: String,
    /// `RestrictState`, as sent: `NORMAL`, `EXPIRED`, …
    pub restrict: String,
    /// `StopChargingMode`, as sent.
    pub stop_charging: String,
    pub os_name: String,
    pub image: Option<ImageId>,
    pub disk: SystemDisk,
    pub data_disks: u32,
    pub keys: Vec<KeyId>,
    /// Sorted by key.
    pub tags: Vec<(String, String)>,
    pub last: Option<Operation>,
}

impl Machine {
    /// What a person calls it: its name, or its id where it has none.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }

    /// What must be typed to confirm: the name without its outer spaces, which nobody sees, or the last four of the id
    /// where that leaves nothing.
    pub fn confirmation(&self) -> &str {
        match self.name.trim() {
            "" => &self.id.as_str()[8..],
            name => name,
        }
    }

    /// Whether `typed` confirms this machine.
    pub fn is_named_by(&self, typed: Option<&str>) -> bool {
        typed.is_some_and(|typed| typed.trim() == self.confirmation())
    }

    pub fn has_tag(&self, key: &str, value: &str) -> bool {
        self.tags.iter().any(|(k, v)| k == key && v == value)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    Linux,
    Windows,
}

impl Family {
    /// From `OsName`; `None` where there is none.
    fn guess(os_name: &str) -> Option<Self> {
        let windows = os_name.to_ascii_lowercase().contains("windows");
        (!os_name.is_empty()).then_some(if windows { Self::Windows } else { Self::Linux })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
        }
    }
}

/// `ImageType`: who made the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Public,
    Private,
    Shared,
    Other,
}

/// One image, as `DescribeImages` reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub id: ImageId,
    pub os_name: String,
    pub family: Family,
    pub source: Source,
    /// `ImageState`, as sent: `NORMAL`, `CREATING`, …
    pub state: String,
    pub architecture: String,
    pub size_gb: u32,
    /// `IsSupportCloudinit`: whether it runs `UserData`; `None`: the cloud does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_init: Option<bool>,
}

/// How people will log in afterwards: `LoginSettings` of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginOrder {
    Keys(Vec<KeyId>),
    KeepImage,
    /// Nothing is sent; Tencent sends a random password to the account's message centre.
    Random,
    /// `Password`: made and kept just before the call, and sent from memory.
    Vault(Secret),
}

/// The exact parameters of the `ResetInstance` that will be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetOrder {
    pub region: String,
    pub instance: InstanceId,
    pub image: Option<ImageId>,
    pub disk_gb: Option<u32>,
    pub login: LoginOrder,
    pub hostname: Option<String>,
    pub security: Option<bool>,
    pub monitor: Option<bool>,
    pub automation: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userdata: Option<Userdata>,
}

/// What one approval covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub v: u8,
    /// `[cloud] name`: which account this is.
    pub account: String,
    pub machine: Machine,
    /// The image the machine runs, where the cloud still knows it.
    pub current: Option<Image>,
    pub target: Option<Image>,
    pub order: ResetOrder,
    /// The tags that `[targets]` names: a change in them can change who may approve.
    pub bound_tags: Vec<(String, String)>,
    /// Why an image could not be looked up, where one could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_unasked: Option<String>,
    #[serde(default, skip_serializing_if = "Known::was_not_asked")]
    pub price: Known<Price>,
    /// When the newest snapshot of the system disk was made.
    #[serde(default, skip_serializing_if = "Known::was_not_asked")]
    pub snapshot: Known<Timestamp>,
}

impl Plan {
    /// 2: price, snapshot, and everything of the new image.
    pub const VERSION: u8 = 2;

    /// The system that will be installed: its own words where the image is known.
    pub fn target_name(&self) -> String {
        match (&self.target, &self.order.image) {
            (Some(image), _) => format!("{} ({})", image.os_name, image.id),
            (None, Some(id)) => id.to_string(),
            (None, None) => self.current_name(),
        }
    }

    /// The system that will be lost.
    pub fn current_name(&self) -> String {
        match &self.machine.image {
            Some(id) => format!("{} ({id})", self.machine.os_name),
            None => self.machine.os_name.clone(),
        }
    }

    /// The size of the system disk afterwards, in GB.
    pub fn disk_after(&self) -> u32 {
        self.order.disk_gb.unwrap_or(self.machine.disk.size_gb)
    }

    /// From what to what the reset moves the machine, where that is from Linux to Windows or back.
    pub fn switch(&self) -> Option<(Family, Family)> {
        switch(&self.machine, self.current.as_ref(), self.target.as_ref())
    }

    /// Whether it is a [`Self::switch`], or could be one for all that is known of the new image.
    pub fn may_switch(&self) -> bool {
        self.switch().is_some() || (self.target.is_none() && self.order.image != self.machine.image)
    }

    /// How many GB the system disk grows by.
    pub fn growth_gb(&self) -> u32 {
        self.disk_after().saturating_sub(self.machine.disk.size_gb)
    }

    /// Whether the machine is in mainland China, by the list of regions. A change between Linux and Windows was long
    /// refused elsewhere, and the page of `InquiryPriceResetInstance` still says so.
    pub fn is_in_mainland(&self) -> bool {
        MAINLAND.iter().any(|start| self.machine.region.starts_with(start))
    }
}

/// How the names of mainland regions begin; those of finance regions only go on.
const MAINLAND: [&str; 7] =
    ["ap-guangzhou", "ap-shanghai", "ap-shenzhen", "ap-nanjing", "ap-beijing", "ap-chengdu", "ap-chongqing"];

/// `None` where both are of one family, or one is not known.
fn switch(machine: &Machine, current: Option<&Image>, target: Option<&Image>) -> Option<(Family, Family)> {
    // An image that is no longer listed leaves the name of its system.
    let old = current.map(|image| image.family).or_else(|| Family::guess(&machine.os_name))?;
    let new = target?.family;
    (old != new).then_some((old, new))
}

/// `team=payments · env=prod`
pub fn tag_text(tags: &[(String, String)]) -> String {
    tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_confirmed_by_what_can_be_seen_of_its_name() {
        let named = |name: &str| Machine {
            id: "ins-r8hr2upy".parse().unwrap(),
            name: name.to_owned(),
            uuid: String::new(),
            private_ips: Vec::new(),
            public_ips: Vec::new(),
            region: String::new(),
            zone: String::new(),
            state: String::new(),
            restrict: String::new(),
            stop_charging: String::new(),
            os_name: String::new(),
            image: None,
            disk: SystemDisk { id: String::new(), kind: String::new(), size_gb: 50 },
            data_disks: 0,
            keys: Vec::new(),
            tags: Vec::new(),
            last: None,
        };
        assert!(named(" web-7 ").is_named_by(Some("web-7")));
        for bare in ["", "   "] {
            assert!(named(bare).is_named_by(Some("2upy")), "{bare:?}");
            for nothing in [None, Some(""), Some("  "), Some("web-7")] {
                assert!(!named(bare).is_named_by(nothing), "{bare:?} {nothing:?}");
            }
        }
    }
}
