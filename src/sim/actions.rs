//! What can be called: each action with its product, its version, how often, and what carries it out.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::error::ApiError;
use super::fleet::{ApiKey, Course, Fleet};
use super::params::Body;
use super::{cbs, cvm, price, sts};

/// The parameters of an answer, without its `RequestId`.
pub(super) type Answer = Result<Map<String, Value>, ApiError>;

/// One call that was let in.
pub(super) struct Asked<'a> {
    pub(super) region: &'a str,
    pub(super) body: &'a Body,
    pub(super) key: &'a ApiKey,
    pub(super) request_id: &'a str,
    /// Fleet time.
    pub(super) now: Timestamp,
    pub(super) course: Course,
}

pub(super) struct Action {
    /// `cvm`: what the signature, the host and a permission call it.
    pub(super) product: &'static str,
    pub(super) name: &'static str,
    /// Calls a second, for each region.
    pub(super) per_second: usize,
    pub(super) run: fn(&mut Fleet, &Asked<'_>) -> Answer,
}

/// Rates are those of the API pages.
const ACTIONS: [Action; 8] = [
    Action { product: "cvm", name: "DescribeInstances", per_second: 40, run: cvm::describe_instances },
    Action { product: "cvm", name: "DescribeInstancesStatus", per_second: 40, run: cvm::describe_status },
    Action { product: "cvm", name: "DescribeImages", per_second: 40, run: cvm::describe_images },
    Action { product: "cvm", name: "InquiryPriceResetInstance", per_second: 10, run: price::inquire },
    Action { product: "cvm", name: "ResetInstance", per_second: 10, run: cvm::reset_instance },
    Action { product: "cbs", name: "DescribeDisks", per_second: 100, run: cbs::describe_disks },
    Action { product: "cbs", name: "DescribeSnapshots", per_second: 20, run: cbs::describe_snapshots },
    Action { product: "sts", name: "GetCallerIdentity", per_second: 20, run: sts::get_caller_identity },
];

/// The version of a product's API.
pub(super) fn version(product: &str) -> Option<&'static str> {
    match product {
        "cvm" | "cbs" => Some("2017-03-12"),
        "sts" => Some("2018-08-13"),
        _ => None,
    }
}

pub(super) fn find(product: &str, name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.product == product && action.name == name)
}

/// The product that has an action of this name: where one address serves every product, the name alone tells.
pub(super) fn product_of(name: &str) -> Option<&'static str> {
    ACTIONS.iter().find(|action| action.name == name).map(|action| action.product)
}
