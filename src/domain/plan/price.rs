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

impl Amount {
    pub const ZERO: Self = Self(0);

    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

/// Not a sum of money in digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a sum of money")]
pub struct BadAmount;

/// What the cloud asks for the reset, discounts taken off: `InquiryPriceResetInstance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of a pay-as-you-go instance, for each unit.
    pub rate: Option<Amount>,
    /// `ChargeUnit`, as sent: `HOUR`. Empty where there is no rate.
    pub unit: String,
    /// Of a prepaid instance, to be paid once.
    pub once: Option<Amount>,
}

/// Hours in a month, on the average.
const MONTH: u64 = 730;

impl Price {
    /// Whether it is worse than `seen`, or cannot be compared with it.
    pub fn exceeds(&self, seen: &Self) -> bool {
        let other_unit = self.rate.is_some() && seen.rate.is_some() && self.unit != seen.unit;
        other_unit || self.rate > seen.rate || self.once > seen.once
    }

    pub fn is_free(&self) -> bool {
        [self.rate, self.once].into_iter().flatten().all(|amount| amount == Amount::ZERO)
    }
}

impl fmt::Display for Price {
    /// `0.005 an hour (about 3.65 a month)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rate) = self.rate {
            match self.unit.as_str() {
                "HOUR" => write!(f, "{rate} an hour (about {} a month)", rate.times(MONTH))?,
                "" => write!(f, "{rate}")?,
                unit => write!(f, "{rate} per {}", unit.to_lowercase())?,
            }
        }
        match self.once {
            Some(once) if self.rate.is_some() => write!(f, " and {once} at once"),
            Some(once) => write!(f, "{once} at once"),
            None => Ok(()),
        }
    }
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
    fn price(rate: &str, unit: &str, once: &str) -> Price {
        Price { rate: rate.parse().ok(), unit: unit.to_owned(), once: once.parse().ok() }
    }

    #[test]
    fn prices_read_well() {
        let shown = [price("0.005", "HOUR", ""), price("", "", "3.5"), price("0.8", "GB", "12")];
        insta::assert_snapshot!(shown.map(|price| price.to_string()).join("\n"), @"
        0.005 an hour (about 3.65 a month)
        3.50 at once
        0.80 per gb and 12.00 at once
        ");
    }

    #[test]
    fn a_price_is_worse_when_any_of_it_is_higher_or_it_is_another_kind() {
        let seen = price("0.5", "HOUR", "2");
        for worse in [price("0.500001", "HOUR", "2"), price("0.5", "HOUR", "2.01"), price("0.1", "GB", "2")] {
            assert!(worse.exceeds(&seen), "{worse}");
        }
        for fine in [seen.clone(), price("0.4", "HOUR", ""), price("", "", "1")] {
            assert!(!fine.exceeds(&seen), "{fine}");
        }
        assert!(seen.exceeds(&price("0.5", "HOUR", "")) && seen.exceeds(&price("", "", "2")));
        assert!(price("0", "HOUR", "0").is_free() && !seen.is_free() && !price("0", "", "0.01").is_free());
    }
}
