//! What `ResetInstance` asks of an instance, an image and the parameters.

use serde_json::{Map, Value};

use super::{ApiError, Image, Instance, error};

/// States and restrictions that a reset needs.
pub(super) fn ready(instance: &Instance) -> Result<(), ApiError> {
    let id = &instance.id;
    if instance.running.is_some() {
        let message =
            format!("The instance `['{id}']` already has operation in progress. Please try again later.");
        return Err(error("OperationDenied.InstanceOperationInProgress", message));
    }
    if instance.state == "STOPPED" && instance.stop_charging == "STOP_CHARGING" {
        return Err(error(
            "UnsupportedOperation.StoppedModeStopCharging",
            format!("The instance `{id}` is stopped without charging."),
        ));
    }
    if instance.restrict != "NORMAL" {
        return Err(error(
            "InvalidInstance.NotSupported",
            format!("The instance `{id}` is {}.", instance.restrict),
        ));
    }
    let state = match instance.state.as_str() {
        "RUNNING" | "STOPPED" => return Ok(()),
        "PENDING" => "Pending",
        "STARTING" => "Starting",
        "STOPPING" => "Stopping",
        "REBOOTING" => "Rebooting",
        "SHUTDOWN" => "Shutdown",
        "TERMINATING" => "Terminating",
        "RESCUE_MODE" => "RescueMode",
        _ => {
            return Err(error(
                "InvalidInstance.NotSupported",
                format!("The instance `{id}` cannot be reset."),
            ));
        }
    };
    Err(error(
        &format!("UnsupportedOperation.InstanceState{state}"),
        format!("The instance `{id}` is in an unsupported state."),
    ))
}

pub(super) fn new_disk(
    instance: &Instance,
    image: &Image,
    body: &Map<String, Value>,
) -> Result<Option<u32>, ApiError> {
    let invalid = |message: String| error("InvalidParameterValue", message);
    let Some(disk) = body.get("SystemDisk") else { return Ok(None) };
    let disk = disk.as_object().ok_or_else(|| error("InvalidParameter", "SystemDisk is an object."))?;
    known(disk, &["DiskSize"])?;
    let size = disk.get("DiskSize").and_then(Value::as_u64).and_then(|size| u32::try_from(size).ok());
    let size = size.ok_or_else(|| invalid("SystemDisk.DiskSize is an integer.".to_owned()))?;
    if size < instance.disk_gb || size < image.size_gb || size > 2048 {
        return Err(invalid(format!(
            "The system disk size `{size}` is not supported: it is at least {} and at most 2048.",
            instance.disk_gb
        )));
    }
    if size > instance.disk_gb && instance.disk_type.starts_with("LOCAL_") {
        return Err(invalid("A local system disk cannot be resized.".to_owned()));
    }
    Ok(Some(size))
}

pub(super) fn known(body: &Map<String, Value>, fields: &[&str]) -> Result<(), ApiError> {
    match body.keys().find(|key| !fields.contains(&key.as_str())) {
        Some(key) => Err(error("UnknownParameter", format!("The parameter `{key}` is not recognized."))),
        None => Ok(()),
    }
}

pub(super) fn strings(body: &Map<String, Value>, field: &str) -> Result<Vec<String>, ApiError> {
    let Some(value) = body.get(field) else { return Ok(Vec::new()) };
    let invalid = || error("InvalidParameter", format!("`{field}` is a list of strings."));
    let list = value.as_array().ok_or_else(invalid)?;
    list.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(invalid)).collect()
}

pub(super) fn well_formed(id: &str, prefix: &str, code: &str) -> Result<(), ApiError> {
    let tail = id.strip_prefix(prefix).unwrap_or_default();
    let good = tail.len() == 8 && tail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if good { Ok(()) } else { Err(error(code, format!("The id `{id}` is malformed."))) }
}
