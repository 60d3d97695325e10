//! What the platforms' signature headers have in common.

use http::HeaderMap;
use jiff::Timestamp;

use super::Unverified;

/// How far a platform's clock and ours may be apart, either way, in seconds. An old request is a replay.
const WINDOW: u64 = 300;

/// The value of a header that must come exactly once.
pub(super) fn the_only<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a [u8], Unverified> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Unverified::Missing)?;
    if values.next().is_some() { Err(Unverified::Doubled) } else { Ok(value.as_bytes()) }
}

/// Refuses a timestamp that is not of now.
pub(super) fn fresh(timestamp: &[u8], now: Timestamp) -> Result<(), Unverified> {
    if seconds(timestamp)?.abs_diff(now.as_second()) > WINDOW { Err(Unverified::Stale) } else { Ok(()) }
}

/// 1 to 12 ASCII digits: Unix time in seconds.
fn seconds(value: &[u8]) -> Result<i64, Unverified> {
    if !(1..=12).contains(&value.len()) || !value.iter().all(u8::is_ascii_digit) {
        return Err(Unverified::Malformed);
    }
    Ok(value.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_digits_and_nothing_else() {
        assert_eq!(seconds(b"1531420618"), Ok(1_531_420_618));
        for bad in ["", "+1", "-1", "1.0", " 1", "1 ", "0x1", "1e3", "1234567890123", "\u{0661}"] {
            assert_eq!(seconds(bad.as_bytes()), Err(Unverified::Malformed), "{bad:?}");
        }
    }
}
