//! What `ResetInstance` checks before it begins, each rule with its documented code.

use super::{Change, DiskOrder, Fleet, Image, Instance, Order};
use crate::sim::error::ApiError;

/// System disks on which Linux can become Windows or the other way round.
const SWITCHABLE_DISKS: [&str; 4] = ["CLOUD_BASIC", "CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD"];

/// The largest system disk, in GB. Tencent publishes no figure; its own tools stop here.
const MAX_DISK_GB: u32 = 2048;

/// States that have an error code of their own: `UnsupportedOperation.InstanceState…`, in camel case.
const REFUSED_STATES: [&str; 16] = [
    "PENDING",
    "STARTING",
    "STOPPING",
    "REBOOTING",
    "SHUTDOWN",
    "TERMINATING",
    "TERMINATED",
    "ISOLATING",
    "FREEZING",
    "CORRUPTED",
    "ENTER_RESCUE_MODE",
    "RESCUE_MODE",
    "EXIT_RESCUE_MODE",
    "ENTER_SERVICE_LIVE_MIGRATE",
    "SERVICE_LIVE_MIGRATE",
    "EXIT_SERVICE_LIVE_MIGRATE",
];

impl Fleet {
    /// The instance that `order` is for, and what the reset will change.
    pub(super) fn check(&self, region: &str, order: &Order) -> Result<(usize, Change), ApiError> {
        let instance = self.find(region, &order.instance)?;
        check_state(instance)?;
        let change = self.check_change(instance, order)?;
        let index = self.instances.iter().position(|one| one.id == instance.id);
        Ok((index.expect("the instance was found in this list"), change))
    }

    /// The instance of this id, where it is in this region.
    pub(super) fn find(&self, region: &str, id: &str) -> Result<&Instance, ApiError> {
        well_formed(id, "ins-", "InvalidInstanceId.Malformed")?;
        let found = self.instances.iter().find(|one| one.id == id && one.region == region);
        found.ok_or_else(|| {
            ApiError::new("InvalidInstanceId.NotFound", format!("The instance `['{id}']` does not exist."))
        })
    }

    /// Whatever does not depend on the instance's state.
    pub(super) fn check_change(&self, instance: &Instance, order: &Order) -> Result<Change, ApiError> {
        let image = self.check_image(instance, order)?;
        let switches = self.image(&instance.image).is_some_and(|old| old.is_windows() != image.is_windows());
        if switches && !SWITCHABLE_DISKS.contains(&instance.disk_type.as_str()) {
            return Err(ApiError::new(
                "InvalidParameterValue.InvalidImageIdForRetsetInstance",
                format!("A `{}` system disk does not allow switching the system.", instance.disk_type),
            ));
        }
        let change = Change {
            image: image.id.clone(),
            disk_gb: check_disk(instance, image, &order.disk)?,
            keys: self.check_login(instance, image, &order.login)?,
            agents: order.agents.on(image.is_public()),
            host_name: order.host_name.clone(),
            switches,
        };
        check_host_name(order, image)?;
        check_user_data(order)?;
        Ok(change)
    }

    /// Without an image the current one is used, even where it is no longer listed.
    fn check_image(&self, instance: &Instance, order: &Order) -> Result<&Image, ApiError> {
        let id = order.image.as_ref().unwrap_or(&instance.image);
        well_formed(id, "img-", "InvalidImageId.Malformed")?;
        let image =
            self.image(id).filter(|image| order.image.is_none() || image.is_visible_in(&instance.region));
        let image = image.ok_or_else(|| {
            ApiError::new("InvalidImageId.NotFound", format!("The image `{id}` does not exist."))
        })?;
        let refuse = |code: &str, why: &str| Err(ApiError::new(code, format!("The image `{id}` {why}.")));
        let old = self.image(&instance.image);
        if image.state != "NORMAL" {
            return refuse("InvalidParameterValue.InvalidImageState", &format!("is {}", image.state));
        }
        if image.whole_machine {
            return refuse("InvalidParameter.InstanceImageNotSupport", "is a whole-machine image");
        }
        if old.is_some_and(|old| old.architecture != image.architecture) {
            return refuse(
                "InvalidParameterValue.InvalidImageForGivenInstanceType",
                &format!("does not fit the instance type `{}`", instance.instance_type),
            );
        }
        if old.is_some_and(|old| old.license != image.license) {
            return refuse(
                "UnsupportedOperation.InvalidImageLicenseTypeForReset",
                "has another kind of licence",
            );
        }
        Ok(image)
    }
}

/// RUNNING or STOPPED while charged, unrestricted, and nothing else under way.
fn check_state(instance: &Instance) -> Result<(), ApiError> {
    let id = &instance.id;
    let refuse = |code: &str, why: &str| Err(ApiError::new(code, format!("The instance `['{id}']` {why}.")));
    if instance.is_busy() {
        return refuse(
            "OperationDenied.InstanceOperationInProgress",
            "already has operation in progress. Please try again later",
        );
    }
    if instance.restrict != "NORMAL" {
        return refuse("InvalidInstance.NotSupported", &format!("is restricted: {}", instance.restrict));
    }
    if instance.state == "STOPPED" && instance.stop_charging == "STOP_CHARGING" {
        return refuse("UnsupportedOperation.StoppedModeStopCharging", "is stopped without being charged");
    }
    if let Some(code) = &instance.refuses {
        return refuse(code, "does not support this operation");
    }
    match instance.state.as_str() {
        "RUNNING" | "STOPPED" => Ok(()),
        state if REFUSED_STATES.contains(&state) => refuse(
            &format!("UnsupportedOperation.InstanceState{}", camel_case(state)),
            &format!("is in the state `{state}`, which does not support this operation"),
        ),
        state => refuse("InvalidInstance.NotSupported", &format!("is in the state `{state}`")),
    }
}

/// `ENTER_RESCUE_MODE` becomes `EnterRescueMode`.
fn camel_case(state: &str) -> String {
    state
        .split('_')
        .flat_map(|word| word[..1].chars().chain(word[1..].chars().map(|c| c.to_ascii_lowercase())))
        .collect()
}

/// The size afterwards, in GB. Disks only grow, local ones not at all, and the image must fit; nothing else of a disk
/// changes.
fn check_disk(instance: &Instance, image: &Image, asked: &DiskOrder) -> Result<u32, ApiError> {
    let today = instance.disk_gb;
    let refuse = |why: String| Err(ApiError::new("InvalidParameterValue", why));
    if let Some(wrong) = asked.disk_type.as_ref().filter(|wanted| **wanted != instance.disk_type) {
        return refuse(format!("A `{}` system disk cannot become `{wrong}`.", instance.disk_type));
    }
    if asked.encrypted {
        let why = "The encryption of a system disk does not change.";
        return Err(ApiError::new("UnsupportedOperation.ModifyEncryptionNotSupported", why));
    }
    let size = match asked.size_gb.map(u32::try_from) {
        None => today,
        Some(Ok(size)) if size <= MAX_DISK_GB => size,
        Some(_) => return refuse(format!("`SystemDisk.DiskSize` is at most {MAX_DISK_GB}.")),
    };
    if size < today {
        return refuse(format!("`SystemDisk.DiskSize` {size} is below the current size {today}."));
    }
    if size > today && instance.has_local_disk() {
        return refuse(format!("A `{}` system disk cannot be resized.", instance.disk_type));
    }
    if size < image.size_gb {
        return refuse(format!("The image `{}` needs a system disk of {} GB.", image.id, image.size_gb));
    }
    Ok(size)
}

/// Windows: 2–15 letters, digits and hyphens, not digits alone. Linux: 2–60, dot-separated segments of them. No
/// leading, trailing or doubled `.` or `-`.
fn check_host_name(order: &Order, image: &Image) -> Result<(), ApiError> {
    let Some(name) = &order.host_name else { return Ok(()) };
    let segment = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && !part.contains("--")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let fits = if image.is_windows() {
        (2..=15).contains(&name.len()) && !name.contains('.') && !name.bytes().all(|b| b.is_ascii_digit())
    } else {
        (2..=60).contains(&name.len())
    };
    if fits && name.split('.').all(segment) {
        return Ok(());
    }
    Err(ApiError::new("InvalidParameter.HostNameIllegal", "The specified host name is illegal."))
}

/// The most `UserData` may hold, in bytes. Whether Tencent counts before or after base64 is not said.
const MAX_USER_DATA: usize = 16 * 1024;

fn check_user_data(order: &Order) -> Result<(), ApiError> {
    let Some(data) = &order.user_data else { return Ok(()) };
    match data_encoding::BASE64.decode(data.as_bytes()) {
        Ok(decoded) if decoded.len() <= MAX_USER_DATA => Ok(()),
        Ok(_) | Err(_) => Err(ApiError::new(
            "InvalidParameterValue.InvalidUserDataFormat",
            "`UserData` is base64 of at most 16 KB.",
        )),
    }
}

/// # Errors
/// `code`, when `id` is not `prefix` and eight lower-case letters or digits.
pub(super) fn well_formed(id: &str, prefix: &str, code: &str) -> Result<(), ApiError> {
    if Fleet::is_id(id, prefix) {
        Ok(())
    } else {
        Err(ApiError::new(code, format!("The id `{id}` is malformed.")))
    }
}
