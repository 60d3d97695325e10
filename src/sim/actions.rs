//! The three calls: their parameters in, their answers out. What they do to the fleet is the fleet's.

use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::fleet::{Fleet, Image, Instance, LoginSettings, Order};
use super::params::Params;
use super::show;

/// Most ids in one call, and most results in one answer.
const MAX_IDS: usize = 100;
const MAX_FILTERS: usize = 10;
const MAX_FILTER_VALUES: usize = 5;

/// `DescribeInstances`. An id that the account lacks is no error: `TotalCount` is 0.
///
/// # Errors
/// As documented.
pub(super) fn describe_instances(
    fleet: &Fleet,
    region: &str,
    body: &Value,
) -> Result<Map<String, Value>, ApiError> {
    let params = Params::new(body, &["InstanceIds", "Filters", "Offset", "Limit"])?;
    let query = Query::read(&params, "InstanceIds", ("ins-", "InvalidInstanceId.Malformed"))?;
    query.passes(|name| instance_field(&Instance::default(), name))?;
    let mut found = Vec::new();
    for one in fleet.instances.iter().filter(|one| one.region == region && query.wants(&one.id)) {
        if query.passes(|name| instance_field(one, name))? {
            found.push(show::instance(fleet, one));
        }
    }
    Ok(query.page("InstanceSet", &found))
}

/// `DescribeImages`.
///
/// # Errors
/// As documented.
pub(super) fn describe_images(
    fleet: &Fleet,
    region: &str,
    body: &Value,
) -> Result<Map<String, Value>, ApiError> {
    let params = Params::new(body, &["ImageIds", "Filters", "Offset", "Limit", "InstanceType"])?;
    let query = Query::read(&params, "ImageIds", ("img-", "InvalidImageId.Malformed"))?;
    query.passes(|name| image_field(&Image::default(), name))?;
    let mut found = Vec::new();
    for one in fleet.images.iter().filter(|one| one.is_visible_in(region) && query.wants(&one.id)) {
        if query.passes(|name| image_field(one, name))? {
            found.push(show::image(one));
        }
    }
    Ok(query.page("ImageSet", &found))
}

/// The parameters of `ResetInstance`.
///
/// # Errors
/// A missing, unknown or wrongly typed parameter.
pub(super) fn reset_order(body: &Value) -> Result<Order, ApiError> {
    let names =
        ["InstanceId", "ImageId", "SystemDisk", "LoginSettings", "EnhancedService", "HostName", "UserData"];
    let params = Params::new(body, &names)?;
    let disk_names = ["DiskType", "DiskId", "DiskSize", "CdcId", "DiskName", "Encrypt", "KmsKeyId"];
    let disk = params.object("SystemDisk", &disk_names)?;
    check_enhanced_service(&params)?;
    let owned = |name: &str| params.text(name).map(|text| text.map(str::to_owned));
    Ok(Order {
        instance: params.required("InstanceId")?.to_owned(),
        image: owned("ImageId")?,
        disk_gb: disk.map(|disk| disk.number("DiskSize")).transpose()?.flatten(),
        login: login_settings(&params)?,
        host_name: owned("HostName")?,
        user_data: owned("UserData")?,
    })
}

fn login_settings(params: &Params<'_>) -> Result<LoginSettings, ApiError> {
    let Some(login) = params.object("LoginSettings", &["Password", "KeyIds", "KeepImageLogin"])? else {
        return Ok(LoginSettings::default());
    };
    Ok(LoginSettings {
        password: login.text("Password")?.map(str::to_owned),
        keys: login.texts("KeyIds")?,
        keep_image: login.text("KeepImageLogin")?.is_some_and(|keep| keep.eq_ignore_ascii_case("true")),
    })
}

/// Agents do not show in any answer, so that their switches are only checked for shape.
fn check_enhanced_service(params: &Params<'_>) -> Result<(), ApiError> {
    let names = ["SecurityService", "MonitorService", "AutomationService"];
    let Some(enhanced) = params.object("EnhancedService", &names)? else { return Ok(()) };
    for name in names {
        if let Some(service) = enhanced.object(name, &["Enabled"])? {
            service.flag("Enabled")?;
        }
    }
    Ok(())
}

/// What both describing calls share: ids or filters, and a page.
struct Query {
    ids: Vec<String>,
    filters: Vec<(String, Vec<String>)>,
    offset: usize,
    limit: usize,
}

impl Query {
    fn read(params: &Params<'_>, ids_name: &str, (prefix, code): (&str, &str)) -> Result<Self, ApiError> {
        if params.has(ids_name) && params.has("Filters") {
            let why = format!("`{ids_name}` and `Filters` cannot be specified at the same time.");
            return Err(ApiError::new("InvalidParameter", why));
        }
        let ids = params.texts(ids_name)?;
        if ids.len() > MAX_IDS {
            let why = format!("`{ids_name}` holds at most {MAX_IDS}.");
            return Err(ApiError::new("InvalidParameterValue.LimitExceeded", why));
        }
        if let Some(id) = ids.iter().find(|id| !Fleet::is_id(id, prefix)) {
            return Err(ApiError::new(code, format!("The id `{id}` is malformed.")));
        }
        let limit = params.number("Limit")?.unwrap_or(20);
        let limit = usize::try_from(limit).ok().filter(|limit| (1..=MAX_IDS).contains(limit));
        let limit = limit.ok_or_else(|| {
            ApiError::new("InvalidParameterValue.Range", format!("`Limit` is 1 to {MAX_IDS}."))
        })?;
        let offset = usize::try_from(params.number("Offset")?.unwrap_or(0)).unwrap_or(usize::MAX);
        Ok(Self { ids, filters: filters(params)?, offset, limit })
    }

    fn wants(&self, id: &str) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|one| one == id)
    }

    /// Values of one filter are joined by or, filters by and. `field` gives what the thing has under a filter's name.
    fn passes(&self, field: impl Fn(&str) -> Option<Vec<String>>) -> Result<bool, ApiError> {
        let mut passes = true;
        for (name, values) in &self.filters {
            let has = field(name).ok_or_else(|| {
                ApiError::new("InvalidFilter", format!("The filter `{name}` is not supported."))
            })?;
            passes &= values.iter().any(|value| has.contains(value));
        }
        Ok(passes)
    }

    fn page(&self, set: &str, found: &[Value]) -> Map<String, Value> {
        let page: Vec<&Value> = found.iter().skip(self.offset).take(self.limit).collect();
        Map::from_iter([("TotalCount".to_owned(), json!(found.len())), (set.to_owned(), json!(page))])
    }
}

fn filters(params: &Params<'_>) -> Result<Vec<(String, Vec<String>)>, ApiError> {
    let filters = params.objects("Filters", &["Name", "Values"])?;
    if filters.len() > MAX_FILTERS {
        return Err(ApiError::new("InvalidFilterValue.LimitExceeded", "`Filters` holds at most 10."));
    }
    let mut read = Vec::new();
    for filter in filters {
        let values = filter.texts("Values")?;
        if values.len() > MAX_FILTER_VALUES {
            return Err(ApiError::new("InvalidFilterValue.LimitExceeded", "`Values` holds at most 5."));
        }
        read.push((filter.required("Name")?.to_owned(), values));
    }
    Ok(read)
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

    use super::*;
    use crate::sim::fleet::Course;

    fn reset(body: &Value) -> Result<(), ApiError> {
        let order = reset_order(body)?;
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

    fn ids(answer: &Map<String, Value>) -> (u64, Vec<&str>) {
        let set = answer["InstanceSet"].as_array().unwrap();
        (
            answer["TotalCount"].as_u64().unwrap(),
            set.iter().map(|one| one["InstanceId"].as_str().unwrap()).collect(),
        )
    }

    #[test]
    fn instances_are_found_by_id_or_filter_and_counted_before_the_page_is_cut() {
        let fleet = Fleet::default();
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
            (json!({ "Offset": 1, "Limit": 2 }), (10, vec!["ins-stopped1", "ins-unpaid01"])),
            (json!({ "Offset": 100 }), (10, vec![])),
        ];
        for (body, expected) in cases {
            let answer = describe_instances(&fleet, "ap-guangzhou", &body).unwrap();
            assert_eq!(ids(&answer), expected, "{body}");
        }
    }

    #[test]
    fn a_wrong_question_is_refused() {
        let fleet = Fleet::default();
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
            let answer = describe_instances(&fleet, "ap-guangzhou", &body);
            assert_eq!(answer.map_err(|error| error.code), Err(code.to_owned()), "{body}");
        }
    }

    #[test]
    fn private_images_are_seen_in_their_region_only() {
        let fleet = Fleet::default();
        let found = |region: &str, body: Value| {
            let answer = describe_images(&fleet, region, &body).unwrap();
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
    }
}
