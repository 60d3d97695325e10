//! What an account has: images and instances. Field names and values are those of the describing calls, unless
//! said otherwise.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::reset::{Agents, Change, Running};

/// As `DescribeImages` has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Image {
    pub id: String,
    /// Where it is visible; empty: in every region.
    pub regions: Vec<String>,
    pub name: String,
    pub os_name: String,
    pub platform: String,
    pub image_type: String,
    /// `OFFICIAL`, `CREATE_IMAGE`, `EXTERNAL_IMPORT`; empty: what fits the type.
    pub source: String,
    pub architecture: String,
    pub state: String,
    pub size_gb: u32,
    pub license: String,
    /// Whether it holds data disks too; a reset does not take such an image.
    pub whole_machine: bool,
}

/// As `DescribeInstances` has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Instance {
    pub id: String,
    pub name: String,
    pub region: String,
    pub zone: String,
    pub instance_type: String,
    pub charge_type: String,
    pub state: String,
    pub restrict: String,
    pub stop_charging: String,
    pub private_ip: String,
    pub public_ip: Option<String>,
    pub image: String,
    pub host_name: String,
    pub disk_type: String,
    pub disk_gb: u32,
    /// `SnapshotAbility` of the system disk.
    pub snapshot_ability: bool,
    /// Sizes of the data disks, in GB.
    pub data_disks_gb: Vec<u32>,
    pub keys: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// The last thing done to it.
    pub operation: Option<Operation>,
    /// The code that every reset of it is refused with: for what this fleet has no state for.
    pub refuses: Option<String>,
    pub quirks: Quirks,
    /// The agents that the last reset left running; not part of any answer.
    #[serde(skip)]
    pub agents: Agents,
    /// How often the system disk was replaced: its id follows from it.
    #[serde(skip)]
    pub(super) disks_before: u32,
    #[serde(skip)]
    pub(super) reset: Option<Running>,
    /// What `LatestOperation*` shows until the lag is over.
    #[serde(skip)]
    pub(super) lagging: Option<(Timestamp, Option<Operation>)>,
}

/// Fields of an answer that come in an odd shape, as real answers have them. Names as in the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    pub null: Vec<String>,
    /// `[]` instead of an object.
    pub empty_list: Vec<String>,
    pub absent: Vec<String>,
}

/// `LatestOperation*`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    pub name: String,
    pub state: Progress,
    /// The `RequestId` of the call that began it; empty in a file: one is made up.
    #[serde(default)]
    pub request_id: String,
    #[serde(default)]
    pub error: Option<String>,
}

/// `LatestOperationState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Progress {
    Operating,
    Success,
    Failed,
}

impl Default for Image {
    fn default() -> Self {
        Self {
            id: String::new(),
            regions: Vec::new(),
            name: String::new(),
            os_name: String::new(),
            platform: "Ubuntu".to_owned(),
            image_type: "PUBLIC_IMAGE".to_owned(),
            source: String::new(),
            architecture: "x86_64".to_owned(),
            state: "NORMAL".to_owned(),
            size_gb: 20,
            license: "TencentCloud".to_owned(),
            whole_machine: false,
        }
    }
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            region: String::new(),
            zone: String::new(),
            instance_type: "S5.MEDIUM4".to_owned(),
            charge_type: "POSTPAID_BY_HOUR".to_owned(),
            state: "RUNNING".to_owned(),
            restrict: "NORMAL".to_owned(),
            stop_charging: "NOT_APPLICABLE".to_owned(),
            private_ip: String::new(),
            public_ip: None,
            image: String::new(),
            host_name: String::new(),
            disk_type: "CLOUD_PREMIUM".to_owned(),
            disk_gb: 50,
            snapshot_ability: true,
            data_disks_gb: Vec::new(),
            keys: Vec::new(),
            tags: BTreeMap::new(),
            operation: None,
            refuses: None,
            quirks: Quirks::default(),
            agents: Agents::default(),
            disks_before: 0,
            reset: None,
            lagging: None,
        }
    }
}

impl Progress {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operating => "OPERATING",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
        }
    }
}

impl Image {
    pub fn is_visible_in(&self, region: &str) -> bool {
        self.regions.is_empty() || self.regions.iter().any(|own| own == region)
    }

    pub fn is_windows(&self) -> bool {
        self.platform == "Windows"
    }

    pub fn is_public(&self) -> bool {
        self.image_type == "PUBLIC_IMAGE"
    }
}

impl Instance {
    /// The operation that `DescribeInstances` shows, as of the last [`super::Fleet::advance`].
    pub fn latest(&self) -> Option<&Operation> {
        match &self.lagging {
            Some((_, before)) => before.as_ref(),
            None => self.operation.as_ref(),
        }
    }

    /// Whether an operation is under way, shown or not.
    pub fn is_busy(&self) -> bool {
        self.operation.as_ref().is_some_and(|one| one.state == Progress::Operating)
    }

    pub fn is_prepaid(&self) -> bool {
        self.charge_type == "PREPAID"
    }

    /// `InstanceState` never says that a reset is under way; afterwards the machine runs.
    pub(super) fn finish(&mut self, outcome: Result<Change, String>) {
        let (state, error) = match outcome {
            Ok(change) => {
                self.disks_before += u32::from(change.switches);
                self.image = change.image;
                self.disk_gb = change.disk_gb;
                self.keys = change.keys;
                self.agents = change.agents;
                self.host_name = change.host_name.unwrap_or_else(|| self.host_name.clone());
                "RUNNING".clone_into(&mut self.state);
                (Progress::Success, None)
            }
            Err(error) => (Progress::Failed, Some(error)),
        };
        if let Some(operation) = &mut self.operation {
            operation.state = state;
            operation.error = error;
        }
    }
}
