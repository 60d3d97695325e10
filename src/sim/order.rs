//! The parameters of `ResetInstance`, and of asking for its price.

use super::error::ApiError;
use super::fleet::{Agents, DiskOrder, LoginSettings, Order};
use super::params::{Body, Params};

const NAMES: [&str; 6] =
    ["InstanceId", "ImageId", "SystemDisk", "LoginSettings", "EnhancedService", "UserData"];

/// # Errors
/// A missing, unknown or wrongly typed parameter.
pub(super) fn reset_order(body: &Body) -> Result<Order, ApiError> {
    let params = body.params(&[&NAMES[..], &["HostName"]].concat())?;
    let host_name = params.text("HostName")?.map(str::to_owned);
    Ok(Order { host_name, ..order(&params)? })
}

/// The price does not depend on a host name, and none is taken.
///
/// # Errors
/// As [`reset_order`].
pub(super) fn price_order(body: &Body) -> Result<Order, ApiError> {
    order(&body.params(&NAMES)?)
}

fn order(params: &Params<'_>) -> Result<Order, ApiError> {
    let owned = |name: &str| params.text(name).map(|text| text.map(str::to_owned));
    Ok(Order {
        instance: params.required("InstanceId")?.to_owned(),
        image: owned("ImageId")?,
        disk: disk(params)?,
        login: login_settings(params)?,
        agents: agents(params)?,
        host_name: None,
        user_data: owned("UserData")?,
    })
}

fn disk(params: &Params<'_>) -> Result<DiskOrder, ApiError> {
    let names = ["DiskType", "DiskId", "DiskSize", "CdcId", "DiskName", "Encrypt", "KmsKeyId"];
    let Some(disk) = params.object("SystemDisk", &names)? else { return Ok(DiskOrder::default()) };
    for ignored in ["DiskId", "CdcId", "DiskName"] {
        disk.text(ignored)?;
    }
    let has_key = disk.text("KmsKeyId")?.is_some_and(|key| !key.is_empty());
    Ok(DiskOrder {
        size_gb: disk.number("DiskSize")?,
        disk_type: disk.text("DiskType")?.map(str::to_owned),
        encrypted: disk.flag("Encrypt")?.unwrap_or(false) || has_key,
    })
}

fn login_settings(params: &Params<'_>) -> Result<LoginSettings, ApiError> {
    let Some(login) = params.object("LoginSettings", &["Password", "KeyIds", "KeepImageLogin"])? else {
        return Ok(LoginSettings::default());
    };
    let keep_image = match login.text("KeepImageLogin")?.map(str::to_ascii_lowercase).as_deref() {
        Some("true") => true,
        Some("false") | None => false,
        Some(_) => {
            let why = "`LoginSettings.KeepImageLogin` is TRUE or FALSE.";
            return Err(ApiError::new("InvalidParameterValue", why));
        }
    };
    let password = login.text("Password")?.map(Into::into);
    Ok(LoginSettings { password, keys: login.texts("KeyIds")?, keep_image })
}

fn agents(params: &Params<'_>) -> Result<Agents, ApiError> {
    let names = ["SecurityService", "MonitorService", "AutomationService"];
    let Some(enhanced) = params.object("EnhancedService", &names)? else { return Ok(Agents::default()) };
    let on = |name: &str| match enhanced.object(name, &["Enabled"])? {
        Some(service) => service.flag("Enabled"),
        None => Ok(None),
    };
    Ok(Agents {
        security: on("SecurityService")?,
        monitor: on("MonitorService")?,
        automation: on("AutomationService")?,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::sim::fleet::{Course, Fleet};

    fn reset(body: &Value) -> Result<(), ApiError> {
        let order = reset_order(&Body::json(body.to_string().as_bytes())?)?;
        Fleet::default().reset("ap-guangzhou", &order, ("r-1", Timestamp::UNIX_EPOCH), Course::Smooth)
    }

    /// `ins-r8hr2upy` with `more`.
    fn web(more: &Value) -> Value {
        let mut body = json!({ "InstanceId": "ins-r8hr2upy" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    fn only(id: &str) -> Value {
        json!({ "InstanceId": id })
    }

    fn login(login: &Value) -> Value {
        web(&json!({ "LoginSettings": login }))
    }

    fn windows(more: &Value) -> Value {
        let mut body = web(more);
        body["ImageId"] = "img-9id7emv7".into();
        body
    }

    /// Each body is refused with its code, and the code is one that `ResetInstance` documents.
    fn refuses(cases: &[(Value, &str)]) {
        let documented = include_str!("../../tests/fixtures/errors.csv");
        for (body, code) in cases {
            assert_eq!(reset(body).map_err(|error| error.code), Err((*code).to_owned()), "{body}");
            assert!(documented.contains(&format!("\n{code},")), "{code} is not documented");
        }
    }

    #[test]
    fn parameters_are_read_strictly() {
        let text_flag = json!({ "EnhancedService": { "MonitorService": { "Enabled": "TRUE" } } });
        refuses(&[
            (json!({}), "MissingParameter"),
            (json!([]), "InvalidParameter"),
            (json!({ "InstanceId": 7 }), "InvalidParameter"),
            (web(&json!({ "ClientToken": "x" })), "UnknownParameter"),
            (web(&json!({ "SystemDisk": { "Size": 60 } })), "UnknownParameter"),
            (web(&json!({ "SystemDisk": { "DiskSize": "60" } })), "InvalidParameter"),
            (web(&json!({ "SystemDisk": { "DiskName": 7 } })), "InvalidParameter"),
            (login(&json!({ "KeepImageLogin": true })), "InvalidParameter"),
            (login(&json!({ "KeepImageLogin": "yes" })), "InvalidParameterValue"),
            (web(&text_flag), "InvalidParameter"),
            (web(&json!({ "HostName": "-web" })), "InvalidParameter.HostNameIllegal"),
            (web(&json!({ "HostName": "web..7" })), "InvalidParameter.HostNameIllegal"),
            (windows(&json!({ "HostName": "12345" })), "InvalidParameter.HostNameIllegal"),
            (windows(&json!({ "HostName": "web.7" })), "InvalidParameter.HostNameIllegal"),
            (web(&json!({ "UserData": "not base64!" })), "InvalidParameterValue.InvalidUserDataFormat"),
        ]);
    }

    #[test]
    fn the_instance_must_be_there_idle_and_paid_for() {
        refuses(&[
            (only("ins-1122"), "InvalidInstanceId.Malformed"),
            (only("lhins-r8hr2upy"), "InvalidInstanceId.Malformed"),
            (only("ins-00000000"), "InvalidInstanceId.NotFound"),
            (only("ins-hongkong"), "InvalidInstanceId.NotFound"),
            (only("ins-pending1"), "UnsupportedOperation.InstanceStatePending"),
            (only("ins-unpaid01"), "UnsupportedOperation.StoppedModeStopCharging"),
            (only("ins-expired1"), "InvalidInstance.NotSupported"),
            (only("ins-busy0001"), "OperationDenied.InstanceOperationInProgress"),
            (only("ins-emrnode1"), "FailedOperation.InvalidInstanceApplicationRoleEmr"),
        ]);
    }

    #[test]
    fn the_image_must_fit_and_the_disk_only_grows() {
        let image = |id: &str| web(&json!({ "ImageId": id }));
        let size = |id: &str, gb: u32| json!({ "InstanceId": id, "SystemDisk": { "DiskSize": gb } });
        let local_switch = json!({ "InstanceId": "ins-local001", "ImageId": "img-9id7emv7" });
        refuses(&[
            (image("ubuntu"), "InvalidImageId.Malformed"),
            (image("img-00000000"), "InvalidImageId.NotFound"),
            (image("img-making01"), "InvalidParameterValue.InvalidImageState"),
            (image("img-whole001"), "InvalidParameter.InstanceImageNotSupport"),
            (image("img-arm64001"), "InvalidParameterValue.InvalidImageForGivenInstanceType"),
            (image("img-byol0001"), "UnsupportedOperation.InvalidImageLicenseTypeForReset"),
            (local_switch, "InvalidParameterValue.InvalidImageIdForRetsetInstance"),
            (size("ins-r8hr2upy", 49), "InvalidParameterValue"),
            (size("ins-r8hr2upy", 2049), "InvalidParameterValue"),
            (size("ins-local001", 60), "InvalidParameterValue"),
            (web(&json!({ "SystemDisk": { "DiskType": "CLOUD_SSD" } })), "InvalidParameterValue"),
            (
                web(&json!({ "SystemDisk": { "Encrypt": true } })),
                "UnsupportedOperation.ModifyEncryptionNotSupported",
            ),
            (
                web(&json!({ "SystemDisk": { "KmsKeyId": "k" } })),
                "UnsupportedOperation.ModifyEncryptionNotSupported",
            ),
        ]);
    }

    #[test]
    fn one_way_to_log_in_and_one_that_the_system_knows() {
        let keys = json!(["skey-8xk2p1qa"]);
        let both = |name: &str, value: &str| login(&json!({ "KeyIds": keys, name: value }));
        let password = |text: &str| json!({ "LoginSettings": { "Password": text } });
        refuses(&[
            (login(&json!({ "KeyIds": ["8xk2p1qa"] })), "InvalidKeyPairId.Malformed"),
            (login(&json!({ "KeyIds": ["skey-00000000"] })), "InvalidParameterValue.KeyPairNotFound"),
            (login(&json!({ "KeyIds": vec!["skey-8xk2p1qa"; 6] })), "InvalidParameterValue.LimitExceeded"),
            (both("KeepImageLogin", "true"), "InvalidParameter.ParameterConflict"),
            (both("Password", "Qcloud@TestApi123"), "InvalidParameter.ParameterConflict"),
            (login(&json!({ "KeepImageLogin": "TRUE" })), "InvalidParameterValue"),
            (web(&password("abcdefgh")), "InvalidParameterValue.InvalidPassword"),
            (web(&password("Abc1234")), "InvalidParameterValue.InvalidPassword"),
            (web(&password("Abc12345_")), "InvalidParameterValue.InvalidPassword"),
            (windows(&password("abcdefgh1234")), "InvalidParameterValue.InvalidPassword"),
            (
                windows(&json!({ "LoginSettings": { "KeyIds": keys } })),
                "UnsupportedOperation.KeyPairUnsupportedWindows",
            ),
        ]);
    }

    #[test]
    fn what_the_page_shows_is_accepted() {
        let good = [
            json!({ "InstanceId": "ins-r8hr2upy" }),
            json!({
                "InstanceId": "ins-r8hr2upy",
                "ImageId": "img-pmqg1cw7",
                "SystemDisk": { "DiskSize": 60 },
                "LoginSettings": { "Password": "Qcloud@TestApi123++" },
                "EnhancedService": {
                    "SecurityService": { "Enabled": true },
                    "MonitorService": { "Enabled": true },
                },
            }),
            web(&json!({ "LoginSettings": { "KeyIds": ["skey-8xk2p1qa", "skey-spare001"] } })),
            web(&json!({ "ImageId": "img-golden01", "LoginSettings": { "KeepImageLogin": "TRUE" } })),
            web(&json!({ "ImageId": "img-9id7emv7", "HostName": "win-7", "SystemDisk": null })),
            web(&json!({ "HostName": "web-7.prod", "UserData": "IyEvYmluL3No" })),
            json!({ "InstanceId": "ins-stopped1" }),
        ];
        for body in good {
            assert_eq!(reset(&body), Ok(()), "{body}");
        }
    }
}
