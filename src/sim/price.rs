//! `InquiryPriceResetInstance`: what the larger disk of a reset costs. A reset that keeps its size is free.

use serde_json::{Map, Value, json};

use super::actions::{Answer, Asked};
use super::fleet::Fleet;
use super::order::price_order;

/// Every field of `ItemPrice`; those that do not apply are null.
const FIELDS: [&str; 19] = [
    "UnitPrice",
    "ChargeUnit",
    "OriginalPrice",
    "DiscountPrice",
    "Discount",
    "UnitPriceDiscount",
    "UnitPriceSecondStep",
    "UnitPriceDiscountSecondStep",
    "UnitPriceThirdStep",
    "UnitPriceDiscountThirdStep",
    "OriginalPriceThreeYear",
    "DiscountPriceThreeYear",
    "DiscountThreeYear",
    "OriginalPriceFiveYear",
    "DiscountPriceFiveYear",
    "DiscountFiveYear",
    "OriginalPriceOneYear",
    "DiscountPriceOneYear",
    "DiscountOneYear",
];

/// The rules of `ResetInstance` for its parameters hold; the instance's state is not looked at, for which the call has
/// no error code.
///
/// # Errors
/// As documented.
pub(super) fn inquire(fleet: &mut Fleet, asked: &Asked<'_>) -> Answer {
    let order = price_order(asked.body)?;
    let (instance, price) = fleet.price(asked.region, &order)?;
    let disk = if instance.is_prepaid() {
        item(&[("OriginalPrice", json!(price)), ("DiscountPrice", json!(price)), ("Discount", json!(100.0))])
    } else {
        item(&[
            ("UnitPrice", json!(price)),
            ("UnitPriceDiscount", json!(price)),
            ("ChargeUnit", json!("HOUR")),
            ("Discount", json!(100.0)),
        ])
    };
    let price = json!({ "InstancePrice": disk, "BandwidthPrice": item(&[]) });
    Ok(Map::from_iter([("Price".to_owned(), price)]))
}

fn item(known: &[(&str, Value)]) -> Value {
    let value = |field: &str| known.iter().find(|(name, _)| *name == field).map(|(_, value)| value.clone());
    FIELDS.iter().map(|field| ((*field).to_owned(), value(field).unwrap_or_default())).collect()
}
