//! What a reset costs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Money in the account's own currency, which the cloud does not name; in millionths, so that equal prices are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Amount(u64);

/// Decimal places that are kept.
const PLACES: usize = 6;

impl FromStr for Amount {
    type Err = BadAmount;

    /// Reads `0.66`; places beyond the sixth are cut off.
    fn from_str(text: &str) -> Result<Self, BadAmount> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) {
            return Err(BadAmount);
        }
        let part: String = part.chars().chain(std::iter::repeat('0')).take(PLACES).collect();
        format!("{whole}{part}").parse().map(Self).map_err(|_| BadAmount)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let million = 10_u64.pow(6);
        let part = format!("{:06}", self.0 % million);
        let part = part.trim_end_matches('0');
        write!(f, "{}.{part:0<2}", self.0 / million)
    }
}

/// Not a sum of money in digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a sum of money")]
pub struct BadAmount;

/// What the instance costs as the reset leaves it, discounts taken off: `InquiryPriceResetInstance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of a pay-as-you-go instance, for each unit.
    pub rate: Option<Amount>,
    /// `ChargeUnit`, as sent: `HOUR`. Empty where there is no rate.
    pub unit: String,
    /// Of a prepaid instance, to be paid once.
    pub once: Option<Amount>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, shown) in
            [("0.66", "0.66"), ("12", "12.00"), ("0.0525", "0.0525"), ("1.9999999", "1.999999")]
        {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), shown);
        }
        assert!("9.5".parse::<Amount>().unwrap() < "10".parse().unwrap());
        for odd in ["", ".", ".5", "-1", "1e-5", "1,5", "1.2.3", "99999999999999999999"] {
            assert_eq!(odd.parse::<Amount>(), Err(BadAmount), "{odd}");
        }
    }
}
