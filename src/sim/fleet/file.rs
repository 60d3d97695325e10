//! The fleet file: TOML, checked when it is read, so that a slip in it is not met as a strange answer later.

use super::{Fleet, Image, Instance};

/// A fleet file that cannot be used, and where it is wrong.
#[derive(Debug, thiserror::Error)]
pub enum BadFleet {
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    #[error("`{name}` is not {what}")]
    Name { what: &'static str, name: String },
    #[error("`{0}` is there twice")]
    Twice(String),
    #[error("instance {instance}: {name} is not in this fleet")]
    Dangling { instance: String, name: String },
}

impl Default for Fleet {
    fn default() -> Self {
        Self::from_toml(include_str!("default.toml")).expect("the embedded fleet is good")
    }
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
            data_disks_gb: Vec::new(),
            keys: Vec::new(),
            tags: std::collections::BTreeMap::new(),
            operation: None,
            disks_before: 0,
            reset: None,
            lagging: None,
        }
    }
}

impl Fleet {
    /// # Errors
    /// When the text is not a fleet: broken TOML, an unknown key, a malformed or repeated id, or an instance in a
    /// region, with an image or with a key pair that the file does not have.
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
        let mut seen = std::collections::BTreeSet::new();
        for (prefix, what, id) in images.chain(instances).chain(keys) {
            if !Self::is_id(id, prefix) {
                return Err(BadFleet::Name { what, name: id.clone() });
            }
            if !seen.insert(id) {
                return Err(BadFleet::Twice(id.clone()));
            }
        }
        Ok(())
    }

    fn check_references(&self, instance: &Instance) -> Result<(), BadFleet> {
        let dangling =
            |name: &str| BadFleet::Dangling { instance: instance.id.clone(), name: name.to_owned() };
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
    fn a_slip_in_the_file_is_named() {
        let slips = [
            ("lag_seconds", "lag_second"),
            ("id = \"ins-00000001\"", "id = \"ins-1122\""),
            ("id = \"ins-00000001\"", "id = \"img-00000001\""),
            ("region = \"ap-guangzhou\"", "region = \"gz\""),
            ("image = \"img-00000001\"", "image = \"img-00000002\""),
            ("keys = [\"skey-00000001\"]\n        [[images", "keys = []\n        [[images"),
            ("[[images]]", "[[images]]\nid = \"img-00000001\"\n[[images]]"),
        ];
        let said: Vec<String> = slips
            .iter()
            .map(|(good, bad)| Fleet::from_toml(&SMALLEST.replacen(good, bad, 1)).unwrap_err().to_string())
            .map(|error| error.lines().last().unwrap_or_default().to_owned())
            .collect();
        insta::assert_snapshot!(said.join("\n"), @"
        unknown field `lag_second`, expected one of `regions`, `reset_seconds`, `lag_seconds`, `keys`, `images`, `instances`
        `ins-1122` is not an instance id
        `img-00000001` is not an instance id
        instance ins-00000001: region `gz` is not in this fleet
        instance ins-00000001: image `img-00000002` is not in this fleet
        instance ins-00000001: key pair `skey-00000001` is not in this fleet
        `img-00000001` is there twice
        ");
    }
}
