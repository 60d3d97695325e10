//! Every reason why there can be no plan.

use super::PlanRefusal;

pub(super) fn plan_refusals() -> Vec<PlanRefusal> {
    let text = str::to_owned;
    vec![
        PlanRefusal::NoSuchInstance { regions: vec![text("ap-guangzhou"), text("ap-shanghai")] },
        PlanRefusal::NotATarget,
        PlanRefusal::NotIdle { operation: text("StopInstances") },
        PlanRefusal::WrongState { state: text("LAUNCH_FAILED") },
        PlanRefusal::Restricted { restrict: text("EXPIRED") },
        PlanRefusal::DiskShrinks { today_gb: 80, asked_gb: 60 },
        PlanRefusal::DiskTooLarge { asked_gb: 900, max_gb: 500 },
        PlanRefusal::DiskBelowImage { disk_gb: 60, image_gb: 80 },
        PlanRefusal::LocalDiskGrows { kind: text("LOCAL_SSD") },
        PlanRefusal::NoSuchImage { image: "img-pmqg1cw7".parse().unwrap(), region: text("ap-guangzhou") },
        PlanRefusal::ImageNotReady { image: "img-pmqg1cw7".parse().unwrap(), state: text("CREATING") },
        PlanRefusal::WrongArchitecture { image: text("arm64"), machine: text("x86_64") },
        PlanRefusal::NoKeysToKeep,
        PlanRefusal::KeysOnWindows,
        PlanRefusal::KeepImageOnPublic,
        PlanRefusal::BadHostName { windows: true },
        PlanRefusal::BadHostName { windows: false },
        PlanRefusal::SwitchOnDisk { kind: text("CLOUD_HSSD") },
        PlanRefusal::NoVault { why: text("the environment cannot be written to") },
        PlanRefusal::NoSuchText { known: vec![text("base"), text("gpu")] },
        PlanRefusal::NoSuchText { known: Vec::new() },
        PlanRefusal::TextUnreadable { why: text("userdata/base.sh: permission denied") },
        PlanRefusal::TextSize { bytes: 0, max: 16384 },
        PlanRefusal::TextSize { bytes: 20000, max: 16384 },
        PlanRefusal::NoCloudInit { image: "img-pmqg1cw7".parse().unwrap() },
    ]
}
