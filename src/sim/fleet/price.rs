//! What a larger disk costs. The prices are made up; where they are told is as `InquiryPriceResetInstance` says.

use super::{Change, Fleet, Instance, Order};
use crate::sim::error::ApiError;

/// System disks for which the price of switching between Linux and Windows is told.
const PRICED_SWITCH_DISKS: [&str; 3] = ["CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD"];

/// Outside of these the price of switching is not told.
const MAINLAND: [&str; 8] = [
    "ap-guangzhou",
    "ap-shanghai",
    "ap-nanjing",
    "ap-beijing",
    "ap-chengdu",
    "ap-chongqing",
    "ap-shanghai-fsi",
    "ap-shenzhen-fsi",
];

impl Instance {
    /// What growing the system disk to `size_gb` costs, in yuan: each hour, or at once where the instance is paid for in
    /// advance.
    fn growth_price(&self, size_gb: u32) -> f64 {
        let growth = f64::from(size_gb.saturating_sub(self.disk_gb));
        if self.is_prepaid() { growth * 35.0 / 100.0 } else { growth * 5.0 / 10_000.0 }
    }
}

impl Fleet {
    /// The instance, and what growing its system disk as `order` says costs. Nothing is begun, and the instance may be in
    /// any state.
    ///
    /// # Errors
    /// As `ResetInstance`, but for the instance's state.
    pub fn price(&self, region: &str, order: &Order) -> Result<(&Instance, f64), ApiError> {
        let instance = self.find(region, &order.instance)?;
        let change = self.check_change(instance, order)?;
        if change.switches {
            check_switch(instance)?;
        }
        Ok((instance, instance.growth_price(change.disk_gb)))
    }

    pub(super) fn check_balance(&self, instance: &Instance, change: &Change) -> Result<(), ApiError> {
        let price = instance.growth_price(change.disk_gb);
        if price > 0.0 && self.balance.is_some_and(|balance| balance < price) {
            let why = "The account balance is insufficient.";
            return Err(ApiError::new("InvalidAccount.InsufficientBalance", why));
        }
        Ok(())
    }
}

/// The price of a switch is told for fewer disks than can be switched, and in mainland China only.
fn check_switch(instance: &Instance) -> Result<(), ApiError> {
    if !PRICED_SWITCH_DISKS.contains(&instance.disk_type.as_str()) {
        let why = format!("The price of switching a `{}` system disk is not told.", instance.disk_type);
        return Err(ApiError::new("InvalidParameterValue.InvalidImageIdForRetsetInstance", why));
    }
    if !MAINLAND.contains(&instance.region.as_str()) {
        let why = format!("The price of switching the system is not told in `{}`.", instance.region);
        return Err(ApiError::new("InvalidParameterValue.InvalidImageOsName", why));
    }
    Ok(())
}
