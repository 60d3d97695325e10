//! Every action of Tencent Cloud's API that this program calls: one list, for the client and for the policies of its
//! keys in `infra/cam`.

/// One action of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// `cvm`, `cbs`, `sts`: the host's first label, and what a signature is for.
    pub service: &'static str,
    pub name: &'static str,
    /// Of the product's API.
    pub version: &'static str,
    /// Whether no reset comes about without it. Without another one a card says less.
    pub required: bool,
}

const DISKS_AND_MACHINES: &str = "2017-03-12";

pub const DESCRIBE_INSTANCES: Action = cvm("DescribeInstances", true);
pub const DESCRIBE_IMAGES: Action = cvm("DescribeImages", false);
pub const INQUIRY_PRICE_RESET_INSTANCE: Action = cvm("InquiryPriceResetInstance", false);
pub const RESET_INSTANCE: Action = cvm("ResetInstance", true);
pub const DESCRIBE_SNAPSHOTS: Action =
    Action { service: "cbs", name: "DescribeSnapshots", version: DISKS_AND_MACHINES, required: false };
pub const GET_CALLER_IDENTITY: Action =
    Action { service: "sts", name: "GetCallerIdentity", version: "2018-08-13", required: false };

/// All of them. [`RESET_INSTANCE`] is the only one that changes something.
pub const ACTIONS: [Action; 6] = [
    DESCRIBE_INSTANCES,
    DESCRIBE_IMAGES,
    INQUIRY_PRICE_RESET_INSTANCE,
    DESCRIBE_SNAPSHOTS,
    GET_CALLER_IDENTITY,
    RESET_INSTANCE,
];

const fn cvm(name: &'static str, required: bool) -> Action {
    Action { service: "cvm", name, version: DISKS_AND_MACHINES, required }
}

impl Action {
    /// As a policy allows it. CAM lists the actions of CBS under `cvm`.
    pub fn permission(self) -> String {
        let product = if self.service == "cbs" { "cvm" } else { self.service };
        format!("name/{product}:{}", self.name)
    }
}
