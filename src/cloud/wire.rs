//! Bodies of the API calls, both ways. Pure. Answers are read leniently: fields come as null, as `[]` instead of an
//! object, or not at all.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::domain::id::{ImageId, InstanceId, KeyId};
use crate::domain::plan::{
    Family, Image, LoginOrder, Machine, Operation, Progress, ResetOrder, Source, SystemDisk,
};

/// API version of CVM.
pub const VERSION: &str = "2017-03-12";

pub fn describe_instance(instance: &InstanceId) -> Value {
    json!({ "InstanceIds": [instance.as_str()] })
}

pub fn describe_image(image: &ImageId) -> Value {
    json!({ "ImageIds": [image.as_str()] })
}

/// Only what was asked for: a field that is not sent keeps its documented default.
pub fn reset_instance(order: &ResetOrder) -> Value {
    let mut body = Map::new();
    body.insert("InstanceId".to_owned(), order.instance.as_str().into());
    if let Some(image) = &order.image {
        body.insert("ImageId".to_owned(), image.as_str().into());
    }
    if let Some(size) = order.disk_gb {
        body.insert("SystemDisk".to_owned(), json!({ "DiskSize": size }));
    }
    match &order.login {
        LoginOrder::Keys(keys) => {
            let keys: Vec<&str> = keys.iter().map(KeyId::as_str).collect();
            body.insert("LoginSettings".to_owned(), json!({ "KeyIds": keys }));
        }
        LoginOrder::KeepImage => {
            body.insert("LoginSettings".to_owned(), json!({ "KeepImageLogin": "TRUE" }));
        }
        LoginOrder::Random => {}
    }
    let services = [
        ("SecurityService", order.security),
        ("MonitorService", order.monitor),
        ("AutomationService", order.automation),
    ];
    let enhanced: Map<String, Value> = services
        .into_iter()
        .filter_map(|(name, on)| on.map(|on| (name.to_owned(), json!({ "Enabled": on }))))
        .collect();
    if !enhanced.is_empty() {
        body.insert("EnhancedService".to_owned(), enhanced.into());
    }
    if let Some(name) = &order.hostname {
        body.insert("HostName".to_owned(), name.as_str().into());
    }
    body.into()
}

/// What stands inside `Response`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope {
    Good {
        request_id: String,
        body: Value,
    },
    Error {
        code: String,
        message: String,
        request_id: Option<String>,
    },
    /// Neither `Error` nor `RequestId`, or not an envelope at all.
    Unreadable(&'static str),
}

/// Longest text of the cloud's that is kept, in characters.
const TEXT_MAX: usize = 300;

pub fn envelope(bytes: &[u8]) -> Envelope {
    let Ok(Value::Object(mut outer)) = serde_json::from_slice(bytes) else {
        return Envelope::Unreadable("the answer was not complete JSON");
    };
    let Some(Value::Object(response)) = outer.remove("Response") else {
        return Envelope::Unreadable("the answer had no Response in it");
    };
    let text = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(|text| text.chars().take(TEXT_MAX).collect::<String>())
    };
    let request_id = text(response.get("RequestId"));
    match (response.get("Error").filter(|error| !error.is_null()), request_id) {
        (Some(error), request_id) => match text(error.get("Code")) {
            Some(code) => {
                Envelope::Error { code, message: text(error.get("Message")).unwrap_or_default(), request_id }
            }
            None => Envelope::Unreadable("the answer had an error without a code"),
        },
        (None, Some(request_id)) => Envelope::Good { request_id, body: response.into() },
        (None, None) => Envelope::Unreadable("the answer had neither an error nor a RequestId"),
    }
}

/// `null`, `[]` and a missing field all mean the default.
fn lenient<'de, D: Deserializer<'de>, T: Default + serde::de::DeserializeOwned>(
    from: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireInstance {
    #[serde(deserialize_with = "lenient")]
    instance_id: String,
    #[serde(deserialize_with = "lenient")]
    instance_name: String,
    #[serde(deserialize_with = "lenient")]
    uuid: String,
    #[serde(deserialize_with = "lenient")]
    private_ip_addresses: Vec<String>,
    #[serde(deserialize_with = "lenient")]
    public_ip_addresses: Vec<String>,
    #[serde(deserialize_with = "lenient")]
    placement: WirePlacement,
    #[serde(deserialize_with = "lenient")]
    instance_state: String,
    #[serde(deserialize_with = "lenient")]
    restrict_state: String,
    #[serde(deserialize_with = "lenient")]
    stop_charging_mode: String,
    #[serde(deserialize_with = "lenient")]
    os_name: String,
    #[serde(deserialize_with = "lenient")]
    image_id: String,
    #[serde(deserialize_with = "lenient")]
    system_disk: WireDisk,
    #[serde(deserialize_with = "lenient")]
    data_disks: Vec<Value>,
    #[serde(deserialize_with = "lenient")]
    login_settings: WireLogin,
    #[serde(deserialize_with = "lenient")]
    tags: Vec<WireTag>,
    #[serde(deserialize_with = "lenient")]
    latest_operation: String,
    #[serde(deserialize_with = "lenient")]
    latest_operation_state: String,
    #[serde(deserialize_with = "lenient")]
    latest_operation_request_id: String,
    #[serde(deserialize_with = "lenient")]
    latest_operation_error_msg: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WirePlacement {
    #[serde(deserialize_with = "lenient")]
    zone: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireDisk {
    #[serde(rename = "DiskId", deserialize_with = "lenient")]
    id: String,
    #[serde(rename = "DiskType", deserialize_with = "lenient")]
    kind: String,
    #[serde(rename = "DiskSize", deserialize_with = "lenient")]
    size: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireLogin {
    #[serde(deserialize_with = "lenient")]
    key_ids: Vec<KeyId>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireTag {
    #[serde(deserialize_with = "lenient")]
    key: String,
    #[serde(deserialize_with = "lenient")]
    value: String,
}

/// The first element of a list; an empty or null list has none.
fn first<'a>(body: &'a Value, list: &str) -> Result<Option<&'a Value>, &'static str> {
    match body.get(list) {
        Some(Value::Array(elements)) => Ok(elements.first()),
        Some(Value::Null) => Ok(None),
        Some(_) | None => Err("the answer had no list in it"),
    }
}

/// The instance in a `DescribeInstances` answer; `None`: the region does not know it.
///
/// # Errors
/// When there is one that cannot be read, or no list to look in: that is no proof that the instance is gone.
pub fn machine(body: &Value, region: &str) -> Result<Option<Machine>, &'static str> {
    let Some(first) = first(body, "InstanceSet")? else { return Ok(None) };
    let wire = WireInstance::deserialize(first).map_err(|_| "an instance could not be read")?;
    let last = operation(&wire);
    let mut tags: Vec<_> = wire.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    tags.sort();
    Ok(Some(Machine {
        id: wire.instance_id.parse().map_err(|_| "an instance had no id")?,
        name: wire.instance_name,
        uuid: wire.uuid,
        private_ips: wire.private_ip_addresses,
        public_ips: wire.public_ip_addresses,
        region: region.to_owned(),
        zone: wire.placement.zone,
        state: wire.instance_state,
        restrict: wire.restrict_state,
        stop_charging: wire.stop_charging_mode,
        os_name: wire.os_name,
        image: wire.image_id.parse().ok(),
        disk: SystemDisk {
            id: wire.system_disk.id,
            kind: wire.system_disk.kind,
            size_gb: wire.system_disk.size,
        },
        data_disks: u32::try_from(wire.data_disks.len()).unwrap_or(u32::MAX),
        keys: wire.login_settings.key_ids,
        tags,
        last,
    }))
}

/// `None` where the cloud reports no operation at all.
fn operation(wire: &WireInstance) -> Option<Operation> {
    if wire.latest_operation.is_empty() && wire.latest_operation_request_id.is_empty() {
        return None;
    }
    let progress = match wire.latest_operation_state.as_str() {
        "OPERATING" => Progress::Operating,
        "SUCCESS" => Progress::Success,
        "FAILED" => Progress::Failed,
        _ => Progress::Unreported,
    };
    let error = &wire.latest_operation_error_msg;
    Some(Operation {
        name: wire.latest_operation.clone(),
        progress,
        request_id: wire.latest_operation_request_id.clone(),
        error: (!error.is_empty()).then(|| error.chars().take(TEXT_MAX).collect()),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireImage {
    #[serde(deserialize_with = "lenient")]
    image_id: String,
    #[serde(deserialize_with = "lenient")]
    os_name: String,
    #[serde(deserialize_with = "lenient")]
    platform: String,
    #[serde(deserialize_with = "lenient")]
    image_type: String,
    #[serde(deserialize_with = "lenient")]
    image_state: String,
    #[serde(deserialize_with = "lenient")]
    architecture: String,
    #[serde(deserialize_with = "lenient")]
    image_size: u32,
}

/// The image in a `DescribeImages` answer; `None`: not visible there.
///
/// # Errors
/// When there is one that cannot be read, or no list to look in.
pub fn image(body: &Value) -> Result<Option<Image>, &'static str> {
    let Some(first) = first(body, "ImageSet")? else { return Ok(None) };
    let wire = WireImage::deserialize(first).map_err(|_| "an image could not be read")?;
    Ok(Some(Image {
        id: wire.image_id.parse().map_err(|_| "an image had no id")?,
        family: if wire.platform.contains("Windows") { Family::Windows } else { Family::Linux },
        source: match wire.image_type.as_str() {
            "PUBLIC_IMAGE" => Source::Public,
            "PRIVATE_IMAGE" => Source::Private,
            "SHARED_IMAGE" => Source::Shared,
            _ => Source::Other,
        },
        os_name: wire.os_name,
        state: wire.image_state,
        architecture: wire.architecture,
        size_gb: wire.image_size,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> ResetOrder {
        ResetOrder {
            region: "ap-guangzhou".to_owned(),
            instance: "ins-r8hr2upy".parse().unwrap(),
            image: "img-pmqg1cw7".parse().ok(),
            disk_gb: Some(60),
            login: LoginOrder::Keys(vec!["skey-8xk2p1qa".parse().unwrap()]),
            hostname: Some("web-7".to_owned()),
            security: Some(true),
            monitor: None,
            automation: Some(false),
        }
    }

    #[test]
    fn only_what_was_asked_for_is_sent() {
        insta::assert_snapshot!(reset_instance(&order()), @r#"{"EnhancedService":{"AutomationService":{"Enabled":false},"SecurityService":{"Enabled":true}},"HostName":"web-7","ImageId":"img-pmqg1cw7","InstanceId":"ins-r8hr2upy","LoginSettings":{"KeyIds":["skey-8xk2p1qa"]},"SystemDisk":{"DiskSize":60}}"#);
        let bare = ResetOrder {
            image: None,
            disk_gb: None,
            login: LoginOrder::Random,
            hostname: None,
            security: None,
            automation: None,
            ..order()
        };
        assert_eq!(reset_instance(&bare), json!({ "InstanceId": "ins-r8hr2upy" }));
        let keep = ResetOrder { login: LoginOrder::KeepImage, ..bare };
        assert_eq!(reset_instance(&keep)["LoginSettings"], json!({ "KeepImageLogin": "TRUE" }));
    }

    #[test]
    fn nulls_and_odd_shapes_are_read() {
        let body = json!({ "InstanceSet": [{
            "InstanceId": "ins-r8hr2upy", "InstanceName": null, "LoginSettings": [], "PublicIpAddresses": null,
            "LatestOperation": null, "LatestOperationState": null, "SystemDisk": { "DiskSize": 50 }, "Tags": null,
        }] });
        let machine = machine(&body, "ap-guangzhou").unwrap().unwrap();
        assert_eq!((machine.title(), machine.disk.size_gb, &machine.last), ("ins-r8hr2upy", 50, &None));
        for none in [json!([]), Value::Null] {
            let body = json!({ "TotalCount": 0, "InstanceSet": none });
            assert_eq!(super::machine(&body, "ap-guangzhou"), Ok(None));
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_missing() {
        for body in
            [json!({}), json!({ "InstanceSet": {} }), json!({ "InstanceSet": [{ "InstanceId": "x" }] })]
        {
            assert!(machine(&body, "ap-guangzhou").is_err(), "{body}");
        }
        for body in [json!({}), json!({ "ImageSet": [{ "ImageId": null }] })] {
            assert!(image(&body).is_err(), "{body}");
        }
    }

    /// A rule may ask for the name to be typed by tag: one odd tag must not hide the others.
    #[test]
    fn one_odd_tag_does_not_hide_the_others() {
        let tags = json!([{ "Key": "note", "Value": null }, { "Key": "env", "Value": "prod" }]);
        let body = json!({ "InstanceSet": [{ "InstanceId": "ins-r8hr2upy", "Tags": tags }] });
        assert!(machine(&body, "ap-guangzhou").unwrap().unwrap().has_tag("env", "prod"));
    }

    #[test]
    fn operations_and_images_keep_what_is_known() {
        let body = json!({ "InstanceSet": [{
            "InstanceId": "ins-r8hr2upy", "LatestOperation": "ResetInstance", "LatestOperationState": "PAUSED",
            "LatestOperationRequestId": "a", "LatestOperationErrorMsg": "no",
        }] });
        let last = machine(&body, "ap-guangzhou").unwrap().unwrap().last.unwrap();
        assert_eq!((last.progress, last.request_id.as_str()), (Progress::Unreported, "a"));
        let body = json!({ "ImageSet": [{
            "ImageId": "img-pmqg1cw7", "Platform": "Windows Server", "ImageType": "NEW_KIND", "ImageSize": 50,
        }] });
        let image = image(&body).unwrap().unwrap();
        assert_eq!((image.family, image.source, image.size_gb), (Family::Windows, Source::Other, 50));
    }

    #[test]
    fn envelopes() {
        for good in [r#"{"Response":{"RequestId":"a"}}"#, r#"{"Response":{"Error":null,"RequestId":"a"}}"#] {
            assert!(matches!(envelope(good.as_bytes()), Envelope::Good { .. }), "{good}");
        }
        let error = envelope(br#"{"Response":{"Error":{"Code":"C","Message":"m"},"RequestId":"a"}}"#);
        assert_eq!(
            error,
            Envelope::Error {
                code: "C".to_owned(),
                message: "m".to_owned(),
                request_id: Some("a".to_owned()),
            }
        );
        let nameless = r#"{"Response":{"Error":{"Message":"m"},"RequestId":"a"}}"#;
        for odd in
            ["", "{\"Respon", "[]", "{}", r#"{"Response":{}}"#, r#"{"Response":{"RequestId":""}}"#, nameless]
        {
            assert!(matches!(envelope(odd.as_bytes()), Envelope::Unreadable(_)), "{odd}");
        }
    }
}
