//! The fleet file: TOML, checked when it is read, so that a slip in it is not met as a strange answer later.

use super::{Disk, Fleet, Instance};

/// A fleet file that cannot be used, and where it is wrong.
#[derive(Debug, thiserror::Error)]
pub enum BadFleet {
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    #[error("`{name}` is not {what}")]
    Name { what: &'static str, name: String },
    #[error("`{0}` is there twice")]
    Twice(String),
    #[error("{of}: {name} is not in this fleet")]
    Dangling { of: String, name: String },
}

impl Default for Fleet {
    fn default() -> Self {
        Self::from_toml(include_str!("default.toml")).expect("the embedded fleet is good")
    }
}

impl Fleet {
    /// # Errors
    /// When the text is not a fleet: broken TOML, an unknown key, a malformed or repeated id, an instance in a region,
    /// with an image or with a key pair that the file does not have, or a snapshot of such a disk.
    pub fn from_toml(text: &str) -> Result<Self, BadFleet> {
        let mut fleet: Self = toml::from_str(text)?;
        fleet.check_ids()?;
        for instance in &fleet.instances {
            fleet.check_references(instance)?;
        }
        for instance in &mut fleet.instances {
            if let Some(operation) = instance.operation.as_mut().filter(|one| one.request_id.is_empty()) {
                operation.request_id = format!("00000000-0000-4000-8000-0000{}", &instance.id[4..]);
            }
        }
        let disks: Vec<Disk> = fleet.cloud_disks().collect();
        for snapshot in &mut fleet.snapshots {
            let of = disks.iter().find(|disk| disk.id == snapshot.disk);
            snapshot.of = of.cloned().ok_or_else(|| BadFleet::Dangling {
                of: format!("snapshot {}", snapshot.id),
                name: format!("disk `{}`", snapshot.disk),
            })?;
        }
        Ok(fleet)
    }

    /// Whether `id` is `prefix` and eight lower-case letters or digits.
    pub fn is_id(id: &str, prefix: &str) -> bool {
        id.strip_prefix(prefix).is_some_and(|tail| {
            tail.len() == 8 && tail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
    }

    fn check_ids(&self) -> Result<(), BadFleet> {
        let images = self.images.iter().map(|image| ("img-", "an image id", &image.id));
        let instances = self.instances.iter().map(|one| ("ins-", "an instance id", &one.id));
        let keys = self.keys.iter().map(|key| ("skey-", "a key id", key));
        let snapshots = self.snapshots.iter().map(|one| ("snap-", "a snapshot id", &one.id));
        let mut seen = std::collections::BTreeSet::new();
        for (prefix, what, id) in images.chain(instances).chain(keys).chain(snapshots) {
            if !Self::is_id(id, prefix) {
                return Err(BadFleet::Name { what, name: id.clone() });
            }
            if !seen.insert(id) {
                return Err(BadFleet::Twice(id.clone()));
            }
        }
        match self.api_keys.iter().map(|key| &key.secret_id).find(|id| !seen.insert(id)) {
            Some(id) => Err(BadFleet::Twice(id.clone())),
            None => Ok(()),
        }
    }

    fn check_references(&self, instance: &Instance) -> Result<(), BadFleet> {
        let dangling = |name: &str| BadFleet::Dangling {
            of: format!("instance {}", instance.id),
            name: name.to_owned(),
        };
        if !self.regions.contains(&instance.region) {
            return Err(dangling(&format!("region `{}`", instance.region)));
        }
        if self.image(&instance.image).is_none() {
            return Err(dangling(&format!("image `{}`", instance.image)));
        }
        match instance.keys.iter().find(|key| !self.keys.contains(key)) {
            Some(key) => Err(dangling(&format!("key pair `{key}`"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::cast::{TENCENT_SECRET_ID, TENCENT_SECRET_KEY};

    const SMALLEST: &str = r#"
        regions = ["ap-guangzhou"]
        reset_seconds = 1
        lag_seconds = 0
        keys = ["skey-00000001"]
        [[images]]
        id = "img-00000001"
        [[instances]]
        id = "ins-00000001"
        region = "ap-guangzhou"
        image = "img-00000001"
        keys = ["skey-00000001"]
    "#;

    #[test]
    fn the_smallest_fleet_is_one_machine_that_runs() {
        let fleet = Fleet::from_toml(SMALLEST).unwrap();
        assert_eq!(fleet.instances[0].state, "RUNNING");
        assert_eq!(fleet.instances[0].latest(), None);
    }

    #[test]
    fn who_names_no_key_has_the_usual_one_which_the_default_fleet_has_too() {
        let usual = &Fleet::from_toml(SMALLEST).unwrap().api_keys[0];
        let default = &Fleet::default().api_keys[0];
        for key in [usual, default] {
            assert_eq!(
                (key.secret_id.as_str(), key.secret_key.as_str()),
                (TENCENT_SECRET_ID, TENCENT_SECRET_KEY)
            );
            assert!(key.may_call("cvm", "ResetInstance") && key.may_reset("ins-00000000", None));
            assert_eq!(key.token, None);
        }
    }

    #[test]
    fn a_slip_in_the_file_is_named() {
        let slips = [
            ("lag_seconds", "lag_second"),
            ("id = \"ins-00000001\"", "id = \"ins-1122\""),
            ("id = \"ins-00000001\"", "id = \"img-00000001\""),
            ("region = \"ap-guangzhou\"", "region = \"gz\""),
            ("image = \"img-00000001\"", "image = \"img-00000002\""),
            ("keys = [\"skey-00000001\"]\n        [[images", "keys = []\n        [[images"),
            ("[[images]]", "[[images]]\nid = \"img-00000001\"\n[[images]]"),
            ("[[images]]", "[[snapshots]]\nid = \"snap-00000001\"\ndisk = \"disk-00000002\"\n[[images]]"),
            ("[[images]]", "[[snapshots]]\nid = \"snap-1\"\n[[images]]"),
        ];
        let said: Vec<String> = slips
            .iter()
            .map(|(good, bad)| Fleet::from_toml(&SMALLEST.replacen(good, bad, 1)).unwrap_err().to_string())
            .map(|error| error.lines().last().unwrap_or_default().to_owned())
            .collect();
        insta::assert_snapshot!(said.join("\n"), @"
        unknown field `lag_second`, expected one of `regions`, `reset_seconds`, `lag_seconds`, `balance`, `keys`, `api_keys`, `images`, `instances`, `snapshots`
        `ins-1122` is not an instance id
        `img-00000001` is not an instance id
        instance ins-00000001: region `gz` is not in this fleet
        instance ins-00000001: image `img-00000002` is not in this fleet
        instance ins-00000001: key pair `skey-00000001` is not in this fleet
        `img-00000001` is there twice
        snapshot snap-00000001: disk `disk-00000002` is not in this fleet
        `snap-1` is not a snapshot id
        ");
    }
}
