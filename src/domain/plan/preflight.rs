//! What is checked before anybody is asked: each check refuses, or lets the plan be drawn.

use serde::{Deserialize, Serialize};

use super::{Family, Image, Known, LoginOrder, Machine, Means, Plan, Progress, ResetOrder, Source, switch};
use crate::domain::ask::{Ask, Login};
use crate::domain::id::ImageId;
use crate::domain::policy::Policy;

/// Everything the cloud was asked for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    pub account: String,
    pub machine: Machine,
    pub current: Known<Image>,
    pub target: Known<Image>,
}

/// Why no card was made. `Display` of the domain is [`crate::domain::notice`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanRefusal {
    NoSuchInstance {
        regions: Vec<String>,
    },
    /// `[targets] allow` does not cover it.
    NotATarget,
    NotIdle {
        operation: String,
    },
    WrongState {
        state: String,
    },
    Restricted {
        restrict: String,
    },
    DiskShrinks {
        today_gb: u32,
        asked_gb: u32,
    },
    DiskTooLarge {
        asked_gb: u32,
        max_gb: u32,
    },
    DiskBelowImage {
        disk_gb: u32,
        image_gb: u32,
    },
    LocalDiskGrows {
        kind: String,
    },
    NoSuchImage {
        image: ImageId,
        region: String,
    },
    ImageNotReady {
        image: ImageId,
        state: String,
    },
    WrongArchitecture {
        image: String,
        machine: String,
    },
    NoKeysToKeep,
    KeysOnWindows,
    KeepImageOnPublic,
    BadHostName {
        windows: bool,
    },
    SwitchOnDisk {
        kind: String,
    },
    /// Asked for the price of this very reset, the cloud refused its parameters.
    WouldRefuse {
        code: String,
        /// What the code means, and what to do.
        advice: String,
    },
    /// The secret store cannot keep the password of `login=vault`, and why.
    NoVault {
        why: String,
    },
    /// `[userdata]` has no text of this name; it has these.
    NoSuchText {
        known: Vec<String>,
    },
    TextUnreadable {
        why: String,
    },
    /// Nothing, or more than is taken.
    TextSize {
        bytes: usize,
        max: usize,
    },
    /// The new image would not run the text.
    NoCloudInit {
        image: ImageId,
    },
}

impl Plan {
    /// Draws the plan for `ask` from what the cloud says, or says why there can be none. Its price and its newest
    /// snapshot are to be asked for when it is known.
    ///
    /// # Errors
    /// The first rule that does not hold; nothing has been sent.
    pub fn draw(ask: &Ask, found: Findings, policy: &Policy, means: &Means) -> Result<Self, PlanRefusal> {
        let machine = &found.machine;
        if !policy.targets(machine) {
            return Err(PlanRefusal::NotATarget);
        }
        check_state(machine)?;
        let target = target_image(ask, &found)?.or_else(|| same_image(ask, &found));
        check_disk(ask, machine, target.as_ref(), policy)?;
        check_system(&found, target.as_ref())?;
        let family = target.as_ref().map(|image| image.family).or_else(|| Family::guess(&machine.os_name));
        let family = family.unwrap_or(Family::Linux);
        check_hostname(ask, family)?;
        check_text(means, target.as_ref())?;
        let order = ResetOrder {
            region: machine.region.clone(),
            instance: machine.id.clone(),
            image: ask.image.clone().or_else(|| machine.image.clone()),
            disk_gb: ask.disk_gb,
            login: login_order(means, machine, target.as_ref(), family)?,
            hostname: ask.hostname.clone(),
            security: ask.security,
            monitor: ask.monitor,
            automation: ask.automation,
            userdata: means.text.as_ref().map(|text| text.userdata.clone()),
        };
        let bound_tags = policy.bound_tags(machine);
        let unasked = found.target.unasked().or_else(|| found.current.unasked());
        Ok(Self {
            image_unasked: unasked.map(str::to_owned),
            v: Self::VERSION,
            account: found.account,
            current: found.current.found().cloned(),
            machine: found.machine,
            target,
            order,
            bound_tags,
            price: Known::default(),
            snapshot: Known::default(),
        })
    }
}

/// `InstanceState` must be RUNNING, or STOPPED while it is still paid for; the error list of `ResetInstance` refuses
/// every other one.
fn check_state(machine: &Machine) -> Result<(), PlanRefusal> {
    if let Some(last) = &machine.last
        && last.progress == Progress::Operating
    {
        return Err(PlanRefusal::NotIdle { operation: last.name.clone() });
    }
    let stopped_unpaid = machine.state == "STOPPED" && machine.stop_charging == "STOP_CHARGING";
    if !matches!(machine.state.as_str(), "RUNNING" | "STOPPED") || stopped_unpaid {
        let state = if stopped_unpaid { "STOPPED (not charged)".to_owned() } else { machine.state.clone() };
        return Err(PlanRefusal::WrongState { state });
    }
    if !matches!(machine.restrict.as_str(), "" | "NORMAL") {
        return Err(PlanRefusal::Restricted { restrict: machine.restrict.clone() });
    }
    Ok(())
}

fn target_image(ask: &Ask, found: &Findings) -> Result<Option<Image>, PlanRefusal> {
    let Some(id) = &ask.image else { return Ok(None) };
    match &found.target {
        Known::Found(image) if image.state != "NORMAL" => {
            Err(PlanRefusal::ImageNotReady { image: id.clone(), state: image.state.clone() })
        }
        Known::Found(image) => Ok(Some(image.clone())),
        Known::Missing => {
            Err(PlanRefusal::NoSuchImage { image: id.clone(), region: found.machine.region.clone() })
        }
        Known::Unasked(_) => Ok(None),
    }
}

/// Without an image the current one is used.
fn same_image(ask: &Ask, found: &Findings) -> Option<Image> {
    if ask.image.is_none() { found.current.found().cloned() } else { None }
}

fn check_disk(
    ask: &Ask,
    machine: &Machine,
    target: Option<&Image>,
    policy: &Policy,
) -> Result<(), PlanRefusal> {
    let today_gb = machine.disk.size_gb;
    let after = ask.disk_gb.unwrap_or(today_gb);
    if after < today_gb {
        return Err(PlanRefusal::DiskShrinks { today_gb, asked_gb: after });
    }
    if ask.disk_gb.is_some() && after > policy.limits.max_disk_gb {
        return Err(PlanRefusal::DiskTooLarge { asked_gb: after, max_gb: policy.limits.max_disk_gb });
    }
    if after > today_gb && machine.disk.kind.starts_with("LOCAL_") {
        return Err(PlanRefusal::LocalDiskGrows { kind: machine.disk.kind.clone() });
    }
    match target {
        Some(image) if image.size_gb > after => {
            Err(PlanRefusal::DiskBelowImage { disk_gb: after, image_gb: image.size_gb })
        }
        Some(_) | None => Ok(()),
    }
}

/// Linux to Windows or back works on these system disks only (the `ResetInstance` page).
const SWITCHABLE_DISKS: [&str; 4] = ["CLOUD_BASIC", "CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD"];

fn check_system(found: &Findings, target: Option<&Image>) -> Result<(), PlanRefusal> {
    if let (Some(old), Some(new)) = (found.current.found(), target)
        && old.architecture != new.architecture
    {
        return Err(PlanRefusal::WrongArchitecture {
            image: new.architecture.clone(),
            machine: old.architecture.clone(),
        });
    }
    let kind = &found.machine.disk.kind;
    let switches = switch(&found.machine, found.current.found(), target).is_some();
    if switches && !SWITCHABLE_DISKS.contains(&kind.as_str()) {
        return Err(PlanRefusal::SwitchOnDisk { kind: kind.clone() });
    }
    Ok(())
}

/// Windows: 2–15 letters, digits, hyphens, not all digits. Linux: 2–60, dot-separated segments of the same.
fn check_hostname(ask: &Ask, family: Family) -> Result<(), PlanRefusal> {
    let Some(name) = &ask.hostname else { return Ok(()) };
    let segments_ok = name.split('.').all(|part| {
        !part.is_empty() && !part.starts_with('-') && !part.ends_with('-') && !part.contains("--")
    });
    let good = segments_ok
        && match family {
            Family::Windows => {
                (2..=15).contains(&name.len())
                    && !name.contains('.')
                    && !name.bytes().all(|b| b.is_ascii_digit())
            }
            Family::Linux => (2..=60).contains(&name.len()),
        };
    if good { Ok(()) } else { Err(PlanRefusal::BadHostName { windows: family == Family::Windows }) }
}

/// An image without cloud-init would start as if nothing had been sent.
fn check_text(means: &Means, target: Option<&Image>) -> Result<(), PlanRefusal> {
    match target {
        Some(Image { id, cloud_init: Some(false), .. }) if means.text.is_some() => {
            Err(PlanRefusal::NoCloudInit { image: id.clone() })
        }
        Some(_) | None => Ok(()),
    }
}

fn login_order(
    means: &Means,
    machine: &Machine,
    target: Option<&Image>,
    family: Family,
) -> Result<LoginOrder, PlanRefusal> {
    match &means.login {
        Login::Keys(_) | Login::Keep if family == Family::Windows => Err(PlanRefusal::KeysOnWindows),
        Login::Keys(keys) => Ok(LoginOrder::Keys(keys.clone())),
        Login::Keep if machine.keys.is_empty() => Err(PlanRefusal::NoKeysToKeep),
        Login::Keep => Ok(LoginOrder::Keys(machine.keys.clone())),
        Login::Image if target.is_some_and(|image| !image.may_keep_login()) => {
            Err(PlanRefusal::KeepImageOnPublic)
        }
        Login::Image => Ok(LoginOrder::KeepImage),
        Login::Random => Ok(LoginOrder::Random),
        Login::Vault => match &means.secret {
            Some(secret) => Ok(LoginOrder::Vault(secret.clone())),
            None => Err(PlanRefusal::NoVault { why: "there is no store for it".to_owned() }),
        },
    }
}

impl Image {
    /// `KeepImageLogin` is for custom, shared and imported images; those of the marketplace are none of them.
    fn may_keep_login(&self) -> bool {
        match self.source {
            Source::Private | Source::Shared => true,
            Source::Public | Source::Other => false,
        }
    }
}
