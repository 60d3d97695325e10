//! CVM: machines, images, and the reset.

use serde_json::{Map, json};

use super::actions::{Answer, Asked};
use super::error::ApiError;
use super::fleet::{Fleet, Image, Instance};
use super::order::reset_order;
use super::query::Query;
use super::show;

const INSTANCE_IDS: (&str, &str, &str) = ("InstanceIds", "ins-", "InvalidInstanceId.Malformed");
const IMAGE_IDS: (&str, &str, &str) = ("ImageIds", "img-", "InvalidImageId.Malformed");

/// `DescribeInstances`. An id that the account lacks is no error: `TotalCount` is 0.
///
/// # Errors
/// As documented.
pub(super) fn describe_instances(fleet: &mut Fleet, asked: &Asked<'_>) -> Answer {
    let params = asked.body.params(&["InstanceIds", "Filters", "Offset", "Limit"])?;
    let query = Query::read(&params, INSTANCE_IDS)?;
    let here = fleet.instances.iter().filter(|one| one.region == asked.region);
    let found = query.select(here, |one| &one.id, instance_field)?;
    Ok(query.page("InstanceSet", found, |one| show::instance(fleet, one)))
}

/// `DescribeInstancesStatus`.
///
/// # Errors
/// As documented.
pub(super) fn describe_status(fleet: &mut Fleet, asked: &Asked<'_>) -> Answer {
    let params = asked.body.params(&["InstanceIds", "Offset", "Limit"])?;
    let query = Query::read(&params, INSTANCE_IDS)?;
    let here = fleet.instances.iter().filter(|one| one.region == asked.region);
    let found = query.select(here, |one| &one.id, instance_field)?;
    Ok(query.page(
        "InstanceStatusSet",
        found,
        |one| json!({ "InstanceId": one.id, "InstanceState": one.state }),
    ))
}

/// `DescribeImages`. With an instance type, the images that fit it.
///
/// # Errors
/// As documented.
pub(super) fn describe_images(fleet: &mut Fleet, asked: &Asked<'_>) -> Answer {
    let params = asked.body.params(&["ImageIds", "Filters", "Offset", "Limit", "InstanceType"])?;
    let query = Query::read(&params, IMAGE_IDS)?;
    let architecture = params.text("InstanceType")?.map(architecture_of);
    let here = fleet.images.iter().filter(|one| {
        one.is_visible_in(asked.region) && architecture.is_none_or(|fits| fits == one.architecture)
    });
    let found = query.select(here, |one| &one.id, image_field)?;
    Ok(query.page("ImageSet", found, show::image))
}

/// `ResetInstance`.
///
/// # Errors
/// As documented; nothing has been begun.
pub(super) fn reset_instance(fleet: &mut Fleet, asked: &Asked<'_>) -> Answer {
    let order = reset_order(asked.body)?;
    let id = &order.instance;
    let known = fleet.instances.iter().find(|one| one.id == *id && one.region == asked.region);
    if !asked.key.may_reset(id, known) {
        let resource = format!("qcs::cvm:{}:uin/{}:instance/{id}", asked.region, show::ACCOUNT);
        let why =
            format!("You are not authorized to perform cvm:ResetInstance on the resource `{resource}`.");
        return Err(ApiError::new("UnauthorizedOperation.PermissionDenied", why));
    }
    fleet.reset(asked.region, &order, (asked.request_id, asked.now), asked.course)?;
    Ok(Map::new())
}

/// The `SR` families are Arm machines.
fn architecture_of(instance_type: &str) -> &'static str {
    if instance_type.starts_with("SR") { "arm" } else { "x86_64" }
}

fn instance_field(one: &Instance, name: &str) -> Option<Vec<String>> {
    let text = |text: &String| vec![text.clone()];
    match name {
        "instance-id" => Some(text(&one.id)),
        "instance-name" => Some(text(&one.name)),
        "instance-state" => Some(text(&one.state)),
        "instance-charge-type" => Some(text(&one.charge_type)),
        "instance-type" => Some(text(&one.instance_type)),
        "zone" => Some(text(&one.zone)),
        "image-id" => Some(text(&one.image)),
        "private-ip-address" => Some(text(&one.private_ip)),
        "public-ip-address" => Some(one.public_ip.iter().cloned().collect()),
        "tag-key" => Some(one.tags.keys().cloned().collect()),
        "tag-value" => Some(one.tags.values().cloned().collect()),
        name => name.strip_prefix("tag:").map(|key| one.tags.get(key).cloned().into_iter().collect()),
    }
}

fn image_field(one: &Image, name: &str) -> Option<Vec<String>> {
    let text = |text: &String| Some(vec![text.clone()]);
    match name {
        "image-id" => text(&one.id),
        "image-name" => text(&one.name),
        "image-type" => text(&one.image_type),
        "image-state" => text(&one.state),
        "platform" => text(&one.platform),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;
    use crate::sim::fleet::Course;
    use crate::sim::params::Body;

    fn ask(run: fn(&mut Fleet, &Asked<'_>) -> Answer, region: &str, body: &Value) -> Answer {
        let mut fleet = Fleet::default();
        let (key, body) = (fleet.api_keys[0].clone(), Body::json(body.to_string().as_bytes())?);
        let (now, course) = (Timestamp::UNIX_EPOCH, Course::Smooth);
        run(&mut fleet, &Asked { region, body: &body, key: &key, request_id: "r-1", now, course })
    }

    fn ids(answer: &Map<String, Value>) -> (u64, Vec<&str>) {
        let set = answer["InstanceSet"].as_array().unwrap();
        (
            answer["TotalCount"].as_u64().unwrap(),
            set.iter().map(|one| one["InstanceId"].as_str().unwrap()).collect(),
        )
    }

    #[test]
    fn instances_are_found_by_id_or_filter_and_counted_before_the_page_is_cut() {
        let cases = [
            (json!({ "InstanceIds": ["ins-r8hr2upy"] }), (1, vec!["ins-r8hr2upy"])),
            (json!({ "InstanceIds": ["ins-00000000"] }), (0, vec![])),
            (json!({ "InstanceIds": ["ins-hongkong"] }), (0, vec![])),
            (
                json!({ "Filters": [{ "Name": "tag:env", "Values": ["prod", "test"] }] }),
                (1, vec!["ins-r8hr2upy"]),
            ),
            (
                json!({ "Filters": [
                    { "Name": "instance-id", "Values": ["ins-r8hr2upy", "ins-private1"] },
                    { "Name": "tag:cleanslate", "Values": ["allowed"] },
                ] }),
                (1, vec!["ins-r8hr2upy"]),
            ),
            (json!({ "Offset": 1, "Limit": 2 }), (14, vec!["ins-stopped1", "ins-unpaid01"])),
            (json!({ "Offset": 100 }), (14, vec![])),
        ];
        for (body, expected) in cases {
            let answer = ask(describe_instances, "ap-guangzhou", &body).unwrap();
            assert_eq!(ids(&answer), expected, "{body}");
        }
    }

    #[test]
    fn a_wrong_question_is_refused() {
        let filter = |name: &str, values: usize| json!({ "Name": name, "Values": vec!["x"; values] });
        let cases = [
            (json!({ "InstanceIds": ["ins-r8hr2upy"], "Filters": [] }), "InvalidParameter"),
            (json!({ "InstanceIds": ["web-7"] }), "InvalidInstanceId.Malformed"),
            (json!({ "InstanceIds": vec!["ins-r8hr2upy"; 101] }), "InvalidParameterValue.LimitExceeded"),
            (json!({ "Filters": [filter("colour", 1)] }), "InvalidFilter"),
            (json!({ "Filters": [filter("zone", 6)] }), "InvalidFilterValue.LimitExceeded"),
            (json!({ "Filters": vec![filter("zone", 1); 11] }), "InvalidFilterValue.LimitExceeded"),
            (json!({ "Limit": 101 }), "InvalidParameterValue.Range"),
            (json!({ "Limit": -1 }), "InvalidParameter"),
            (json!({ "DryRun": true }), "UnknownParameter"),
        ];
        for (body, code) in cases {
            let answer = ask(describe_instances, "ap-guangzhou", &body);
            assert_eq!(answer.map_err(|error| error.code), Err(code.to_owned()), "{body}");
        }
    }

    #[test]
    fn private_images_are_seen_in_their_region_only() {
        let found = |region: &str, body: Value| {
            let answer = ask(describe_images, region, &body).unwrap();
            answer["ImageSet"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["ImageId"].to_string())
                .collect::<Vec<_>>()
        };
        let golden = || json!({ "ImageIds": ["img-golden01"] });
        assert_eq!(found("ap-guangzhou", golden()), ["\"img-golden01\""]);
        assert!(found("ap-hongkong", golden()).is_empty());
        let windows = json!({ "Filters": [{ "Name": "platform", "Values": ["Windows"] }] });
        assert_eq!(found("ap-hongkong", windows), ["\"img-9id7emv7\""]);
        assert_eq!(found("ap-hongkong", json!({ "InstanceType": "SR1.MEDIUM4" })), ["\"img-arm64001\""]);
    }
}
