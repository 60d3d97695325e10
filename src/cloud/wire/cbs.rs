//! Cloud Block Storage, both ways: what can be saved of a disk, and what was. API 3.0 only.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::Offset;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{lenient, list};

pub fn describe_disk(disk: &str) -> Value {
    json!({ "DiskIds": [disk] })
}

/// The newest finished snapshot of a disk.
pub fn describe_newest_snapshot(disk: &str) -> Value {
    json!({
        "Filters": [
            { "Name": "disk-id", "Values": [disk] },
            { "Name": "snapshot-state", "Values": ["NORMAL"] },
        ],
        "OrderField": "CREATE_TIME",
        "Order": "DESC",
        "Limit": 1,
    })
}

/// One disk, as `DescribeDisks` reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Disk {
    #[serde(rename = "DiskId", deserialize_with = "lenient")]
    pub id: String,
    /// As sent: `ATTACHED`, `ROLLBACKING`, …
    #[serde(rename = "DiskState", deserialize_with = "lenient")]
    pub state: String,
    /// Whether a snapshot of it can be made.
    #[serde(rename = "SnapshotAbility", deserialize_with = "lenient")]
    pub can_snapshot: bool,
    #[serde(rename = "SnapshotCount", deserialize_with = "lenient")]
    pub snapshots: u32,
    #[serde(rename = "Encrypt", deserialize_with = "lenient")]
    pub encrypted: bool,
}

/// The disk in a `DescribeDisks` answer; `None`: the region does not know it.
///
/// # Errors
/// When there is one that cannot be read, or no list to look in.
pub fn disk(body: &Value) -> Result<Option<Disk>, &'static str> {
    let Some(first) = list(body, "DiskSet")?.first() else { return Ok(None) };
    let disk = Disk::deserialize(first).map_err(|_| "a disk could not be read")?;
    if disk.id.is_empty() { Err("a disk had no id") } else { Ok(Some(disk)) }
}

/// One snapshot, as `DescribeSnapshots` reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub id: String,
    /// The disk that it was made of.
    pub disk: String,
    pub created: Timestamp,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireSnapshot {
    #[serde(deserialize_with = "lenient")]
    snapshot_id: String,
    #[serde(deserialize_with = "lenient")]
    disk_id: String,
    #[serde(deserialize_with = "lenient")]
    create_time: String,
}

/// The first snapshot in a `DescribeSnapshots` answer; `None`: there is none.
///
/// # Errors
/// When there is one that cannot be read, or no list to look in.
pub fn snapshot(body: &Value) -> Result<Option<Snapshot>, &'static str> {
    let Some(first) = list(body, "SnapshotSet")?.first() else { return Ok(None) };
    let wire = WireSnapshot::deserialize(first).map_err(|_| "a snapshot could not be read")?;
    let created = time(&wire.create_time).ok_or("a snapshot had no time that can be read")?;
    Ok(Some(Snapshot { id: wire.snapshot_id, disk: wire.disk_id, created }))
}

/// `2023-03-09 10:45:11`. CBS writes China's time, UTC+8, in every region.
fn time(text: &str) -> Option<Timestamp> {
    const CHINA: Offset = Offset::constant(8);
    let civil = strtime::parse("%Y-%m-%d %H:%M:%S", text).ok()?.to_datetime().ok()?;
    CHINA.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_snapshot_is_asked_for() {
        insta::assert_snapshot!(describe_newest_snapshot("disk-r8hr2upy"), @r#"{"Filters":[{"Name":"disk-id","Values":["disk-r8hr2upy"]},{"Name":"snapshot-state","Values":["NORMAL"]}],"Limit":1,"Order":"DESC","OrderField":"CREATE_TIME"}"#);
    }

    #[test]
    fn times_are_chinas() {
        let set = json!([{ "SnapshotId": "snap-0jfkjwl1", "DiskId": "disk-r8hr2upy", "CreateTime": "2023-03-09 10:45:11" }]);
        let found = snapshot(&json!({ "SnapshotSet": set })).unwrap().unwrap();
        assert_eq!(found.created, "2023-03-09T02:45:11Z".parse().unwrap());
        assert_eq!((found.id.as_str(), found.disk.as_str()), ("snap-0jfkjwl1", "disk-r8hr2upy"));
        assert_eq!(snapshot(&json!({ "SnapshotSet": null })), Ok(None));
        for odd in
            [json!({}), json!({ "SnapshotSet": [{ "SnapshotId": "snap-0jfkjwl1", "CreateTime": null }] })]
        {
            assert!(snapshot(&odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_disk_says_what_it_can() {
        let set = json!([{ "DiskId": "disk-r8hr2upy", "DiskState": "ATTACHED", "SnapshotAbility": true, "SnapshotCount": 2 }]);
        let disk_of = |body: Value| disk(&body);
        let found = disk_of(json!({ "DiskSet": set })).unwrap().unwrap();
        assert_eq!((found.can_snapshot, found.snapshots, found.encrypted), (true, 2, false));
        assert_eq!(disk_of(json!({ "DiskSet": [] })), Ok(None));
        for odd in [json!({}), json!({ "DiskSet": [{}] }), json!({ "DiskSet": [1] })] {
            assert!(disk_of(odd.clone()).is_err(), "{odd}");
        }
    }
}
