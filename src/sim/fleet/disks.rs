//! Disks: each instance has its system disk and its data disks; snapshots are made of them.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Fleet, Instance};

/// A disk of an instance. Local ones are no business of CBS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    pub id: String,
    pub region: String,
    pub zone: String,
    pub instance: String,
    pub is_system: bool,
    pub disk_type: String,
    pub size_gb: u32,
    pub is_prepaid: bool,
    pub snapshot_ability: bool,
}

/// As `DescribeSnapshots` of CBS has it. It outlives its disk.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snapshot {
    pub id: String,
    pub name: String,
    /// The disk that it was made of.
    pub disk: String,
    /// Absent: so long before the fleet is first looked at as `age_hours` says.
    pub created: Option<Timestamp>,
    pub age_hours: u32,
    pub state: String,
    pub percent: u32,
    /// What the disk was when the fleet file was read.
    #[serde(skip)]
    pub of: Disk,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            disk: String::new(),
            created: None,
            age_hours: 0,
            state: "NORMAL".to_owned(),
            percent: 100,
            of: Disk::default(),
        }
    }
}

impl Disk {
    pub fn usage(&self) -> &'static str {
        if self.is_system { "SYSTEM_DISK" } else { "DATA_DISK" }
    }

    pub fn is_cloud(&self) -> bool {
        !self.disk_type.starts_with("LOCAL_")
    }
}

impl Snapshot {
    /// Fixes when it was made, the first time it is looked at.
    pub(super) fn date(&mut self, now: Timestamp) {
        let age = SignedDuration::from_hours(self.age_hours.into());
        self.created.get_or_insert_with(|| now.saturating_sub(age).unwrap_or(now));
    }
}

impl Instance {
    /// `disk-` or `ldisk-`, and eight characters that change when the disk is replaced.
    pub fn system_disk_id(&self) -> String {
        let prefix = if self.has_local_disk() { "ldisk" } else { "disk" };
        format!("{prefix}-{}{:02}", &self.id[4..10], self.disks_before)
    }

    pub fn has_local_disk(&self) -> bool {
        self.disk_type.starts_with("LOCAL_")
    }

    /// The system disk first.
    pub fn disks(&self) -> Vec<Disk> {
        let system = Disk {
            id: self.system_disk_id(),
            region: self.region.clone(),
            zone: self.zone.clone(),
            instance: self.id.clone(),
            is_system: true,
            disk_type: self.disk_type.clone(),
            size_gb: self.disk_gb,
            is_prepaid: self.is_prepaid(),
            snapshot_ability: self.snapshot_ability,
        };
        let data = self.data_disks_gb.iter().enumerate().map(|(n, size_gb)| Disk {
            id: format!("disk-{}d{n}", &self.id[4..10]),
            is_system: false,
            disk_type: "CLOUD_PREMIUM".to_owned(),
            size_gb: *size_gb,
            snapshot_ability: true,
            ..system.clone()
        });
        let data: Vec<Disk> = data.collect();
        [vec![system], data].concat()
    }
}

impl Fleet {
    /// The disks that CBS knows.
    pub fn cloud_disks(&self) -> impl Iterator<Item = Disk> {
        self.instances.iter().flat_map(Instance::disks).filter(Disk::is_cloud)
    }
}
