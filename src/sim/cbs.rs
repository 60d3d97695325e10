//! CBS: disks and their snapshots, as far as somebody looks at them before a reset.

use std::cmp::Reverse;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::actions::{Answer, Asked};
use super::error::ApiError;
use super::fleet::{Disk, Fleet, Snapshot};
use super::params::Params;
use super::query::Query;
use super::show::CREATED;

const DISK_IDS: (&str, &str, &str) = ("DiskIds", "disk-", "InvalidParameterValue");
const SNAPSHOT_IDS: (&str, &str, &str) = ("SnapshotIds", "snap-", "InvalidParameterValue");

/// `DescribeDisks`. Local disks are not there.
///
/// # Errors
/// As documented.
pub(super) fn describe_disks(fleet: &mut Fleet, asked: &Asked<'_>) -> Answer {
    let names =
        ["DiskIds", "Filters", "Offset", "Limit", "OrderField", "Order", "ReturnBindAutoSnapshotPolicy"];
    let params = asked.body.params(&names)?;
    params.flag("ReturnBindAutoSnapshotPolicy")?;
    let query = Query::read(&params, DISK_IDS)?;
    let newest_first = newest_first(&params, &["CREATE_TIME", "DEADLINE"])?;
    let disks: Vec<Disk> = fleet.cloud_disks().filter(|disk| disk.region == asked.region).collect();
    let mut found = query.select(disks.iter(), |one| &one.id, disk_field)?;
    // All of them were made at the same time.
    if newest_first {
        found.reverse();
    }
    Ok(query.page("DiskSet", found, |one| show_disk(fleet, one)))
}

/// `DescribeSnapshots`.
///
/// # Errors
/// As documented.
pub(super) fn describe_snapshots(fleet: &mut Fleet, asked: &Asked<'_>) -> Answer {
    let params = asked.body.params(&["SnapshotIds", "Filters", "Offset", "Limit", "OrderField", "Order"])?;
    let query = Query::read(&params, SNAPSHOT_IDS)?;
    let newest_first = newest_first(&params, &["CREATE_TIME"])?;
    let here = fleet.snapshots.iter().filter(|one| one.of.region == asked.region);
    let mut found = query.select(here, |one| &one.id, snapshot_field)?;
    if newest_first {
        found.sort_by_key(|one| Reverse(one.created));
    } else {
        found.sort_by_key(|one| one.created);
    }
    Ok(query.page("SnapshotSet", found, show_snapshot))
}

/// The order of the answer. Without a word it is descending, which no page says and no client should count on.
fn newest_first(params: &Params<'_>, fields: &[&str]) -> Result<bool, ApiError> {
    let refuse = |name: &str| {
        Err(ApiError::new("InvalidParameterValue", format!("`{name}` is not one of its values.")))
    };
    if params.text("OrderField")?.is_some_and(|field| !fields.contains(&field)) {
        return refuse("OrderField");
    }
    match params.text("Order")? {
        Some("DESC") | None => Ok(true),
        Some("ASC") => Ok(false),
        Some(_) => refuse("Order"),
    }
}

fn disk_field(one: &Disk, name: &str) -> Option<Vec<String>> {
    let text = |text: &str| Some(vec![text.to_owned()]);
    match name {
        "disk-id" => text(&one.id),
        "disk-usage" => text(one.usage()),
        "disk-type" => text(&one.disk_type),
        "disk-charge-type" => text(charge_type(one)),
        "disk-state" => text("ATTACHED"),
        "instance-id" => text(&one.instance),
        "zone" => text(&one.zone),
        "portable" => text(if one.is_system { "FALSE" } else { "TRUE" }),
        _ => None,
    }
}

fn snapshot_field(one: &Snapshot, name: &str) -> Option<Vec<String>> {
    let text = |text: &str| Some(vec![text.to_owned()]);
    match name {
        "snapshot-id" => text(&one.id),
        "snapshot-name" => text(&one.name),
        "snapshot-state" => text(&one.state),
        "snapshot-type" => text("PRIVATE_SNAPSHOT"),
        "disk-usage" => text(one.of.usage()),
        "disk-id" => text(&one.disk),
        "zone" => text(&one.of.zone),
        "project-id" => text("0"),
        "encrypt" => text("FALSE"),
        _ => None,
    }
}

fn charge_type(one: &Disk) -> &'static str {
    if one.is_prepaid { "PREPAID" } else { "POSTPAID_BY_HOUR" }
}

/// CBS writes times without a zone, and means China's.
fn china_time(at: Timestamp) -> String {
    Offset::constant(8).to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn placement(zone: &str) -> Value {
    json!({ "Zone": zone, "CageId": null, "CdcId": null, "CdcName": null, "ProjectId": 0, "ProjectName": null })
}

fn show_disk(fleet: &Fleet, one: &Disk) -> Value {
    let snapshots = fleet.snapshots.iter().filter(|snapshot| snapshot.disk == one.id);
    let mut shown = json!({
        "DiskId": one.id, "DiskName": "", "DiskUsage": one.usage(), "DiskType": one.disk_type,
        "DiskSize": one.size_gb, "DiskState": "ATTACHED", "DiskChargeType": charge_type(one),
        "InstanceId": one.instance, "InstanceType": "CVM", "InstanceIdList": [one.instance],
        "Attached": true, "AttachMode": "PF", "Portable": !one.is_system, "Shareable": false,
        "SnapshotAbility": one.snapshot_ability, "SnapshotCount": snapshots.clone().count(),
        "SnapshotSize": snapshots.map(|snapshot| u64::from(snapshot.of.size_gb) << 30).sum::<u64>(),
        "Encrypt": false, "EncryptType": "", "KmsKeyId": "", "Rollbacking": false, "RollbackPercent": 100,
        "Migrating": false, "MigratePercent": 100, "CreateTime": china_time(CREATED), "Placement": placement(&one.zone),
        "DeleteWithInstance": one.is_system, "DeleteSnapshot": 0, "Tags": [],
    });
    let rest = json!({
        "AutoRenewFlagError": false, "AutoSnapshotPolicyIds": null, "BackupDisk": false, "BurstPerformance": false,
        "DeadlineError": false, "DeadlineTime": null, "DifferDaysOfDeadline": null, "DiskBackupCount": 0,
        "DiskBackupQuota": 0, "ErrorPrompt": "", "IsReturnable": null, "LastAttachInsId": one.instance, "RenewFlag": null,
        "ReturnFailCode": 0, "ThroughputPerformance": 0,
    });
    super::show::add(&mut shown, rest);
    shown
}

fn show_snapshot(one: &Snapshot) -> Value {
    let created = one.created.map(china_time);
    let mut shown = json!({
        "SnapshotId": one.id, "SnapshotName": one.name, "SnapshotState": one.state, "Percent": one.percent,
        "SnapshotType": "PRIVATE_SNAPSHOT", "DiskId": one.disk, "DiskUsage": one.of.usage(),
        "DiskSize": one.of.size_gb, "CreateTime": created, "Placement": placement(&one.of.zone),
    });
    let rest = json!({
        "AutoSnapshotPolicyId": null, "CopyFromRemote": false, "CopyingToRegions": [], "DeadlineTime": null,
        "Encrypt": false, "ImageCount": 0, "Images": [], "IsLocked": false, "IsPermanent": true,
        "LatestModifyTime": one.created.map(|at| at.to_string()), "ShareReference": 0, "SnapshotMode": null, "Tags": [],
        "TimeStartShare": null,
    });
    super::show::add(&mut shown, rest);
    shown
}
