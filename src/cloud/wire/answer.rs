//! What CVM answers, read leniently: fields come as null, as `[]` instead of an object, or not at all.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::TEXT_MAX;
use crate::domain::id::KeyId;
use crate::domain::plan::{Amount, Family, Image, Machine, Operation, Price, Progress, Source, SystemDisk};

/// `null`, `[]` and a missing field all mean the default.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: Default + serde::de::DeserializeOwned>(
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

/// A list of the answer; a null one is empty.
pub(super) fn list<'a>(body: &'a Value, name: &str) -> Result<&'a [Value], &'static str> {
    match body.get(name) {
        Some(Value::Array(elements)) => Ok(elements),
        Some(Value::Null) => Ok(&[]),
        Some(_) | None => Err("the answer had no list in it"),
    }
}

/// The instance in a `DescribeInstances` answer; `None`: the region does not know it.
///
/// # Errors
/// When there is one that cannot be read, or no list to look in: that is no proof that the instance is gone.
pub fn machine(body: &Value, region: &str) -> Result<Option<Machine>, &'static str> {
    let Some(first) = list(body, "InstanceSet")?.first() else { return Ok(None) };
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
    #[serde(deserialize_with = "lenient")]
    is_support_cloudinit: Option<bool>,
}

/// The image in a `DescribeImages` answer; `None`: not visible there.
///
/// # Errors
/// When there is one that cannot be read, or no list to look in.
pub fn image(body: &Value) -> Result<Option<Image>, &'static str> {
    let Some(first) = list(body, "ImageSet")?.first() else { return Ok(None) };
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
        cloud_init: wire.is_support_cloudinit,
    }))
}

/// `Price.InstancePrice` of an `InquiryPriceResetInstance` answer.
///
/// # Errors
/// When there is no amount in it that can be read: that is no proof that the reset is free.
pub fn price(body: &Value) -> Result<Price, &'static str> {
    let item = &body["Price"]["InstancePrice"];
    let amount = |names: [&str; 2]| {
        let number = names.into_iter().find_map(|name| item[name].as_number())?;
        number.to_string().parse::<Amount>().ok()
    };
    let rate = amount(["UnitPriceDiscount", "UnitPrice"]);
    let once = amount(["DiscountPrice", "OriginalPrice"]);
    if rate.is_none() && once.is_none() {
        return Err("the answer had no price in it");
    }
    let unit = rate.and_then(|_| item["ChargeUnit"].as_str()).unwrap_or_default().to_owned();
    Ok(Price { rate, unit, once })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn a_price_is_what_is_paid() {
        let read = |item: Value| price(&json!({ "Price": { "InstancePrice": item } }));
        let amount = |text: &str| text.parse::<Amount>().ok();
        let hourly =
            json!({ "UnitPrice": 0.8, "ChargeUnit": "HOUR", "UnitPriceDiscount": 0.66, "Discount": 82 });
        let by_hour = Price { rate: amount("0.66"), unit: "HOUR".to_owned(), once: None };
        assert_eq!(read(hourly), Ok(by_hour));
        let prepaid = json!({ "OriginalPrice": 12, "DiscountPrice": null, "ChargeUnit": null });
        assert_eq!(read(prepaid), Ok(Price { rate: None, unit: String::new(), once: amount("12") }));
        for odd in [json!({}), json!([]), json!(null), json!({ "UnitPrice": "free", "ChargeUnit": "HOUR" })] {
            assert!(read(odd.clone()).is_err(), "{odd}");
        }
    }
}
