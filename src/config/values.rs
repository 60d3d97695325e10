//! Single values: each is parsed once, and a refusal says what to write.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use jiff::SignedDuration;
use url::{Host, Url};

use super::Wrong;

/// A value that must be there.
pub(super) fn required<T>(key: &str, value: Option<T>, write: &str) -> Result<T, Wrong> {
    value.ok_or_else(|| Wrong::new(key, "it is missing", write))
}

/// A list that must not be empty, nor name a thing twice.
pub(super) fn list(key: &str, values: Option<Vec<String>>, write: &str) -> Result<Vec<String>, Wrong> {
    let values = required(key, values, write)?;
    if values.is_empty() {
        return Err(Wrong::new(key, "it is empty", write));
    }
    for (i, value) in values.iter().enumerate() {
        if values[..i].contains(value) {
            return Err(Wrong::new(key, format!("it names `{value}` twice"), "name everything once"));
        }
    }
    Ok(values)
}

/// A key of something that this build does not have.
pub(super) fn unserved<T>(key: &str, value: Option<&T>) -> Result<(), Wrong> {
    match value {
        Some(_) => Err(Wrong::new(key, "this build does not serve it", "remove it")),
        None => Ok(()),
    }
}

/// One of Slack's ids: a letter that says what it is, then capitals and digits.
pub(super) fn slack_id(key: &str, id: &str, first: &[char], example: &str) -> Result<(), Wrong> {
    let tail = id.strip_prefix(first).unwrap_or_default();
    if !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Wrong::new(key, format!("`{id}` is not an id"), format!("write the id, never a name: \"{example}\"")))
}

/// One of Discord's ids: a number.
pub(super) fn snowflake(key: &str, id: &str) -> Result<(), Wrong> {
    if (1..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    let write = "write the number in quotes, never a name: \"123\"";
    Err(Wrong::new(key, format!("`{id}` is not an id"), write))
}

/// `30m`, `90s`, `1h 30m`, between two bounds.
pub(super) fn duration(
    key: &str,
    text: Option<&str>,
    default: SignedDuration,
    bounds: RangeInclusive<SignedDuration>,
) -> Result<SignedDuration, Wrong> {
    let Some(text) = text else { return Ok(default) };
    let parsed = text.parse::<SignedDuration>().map_err(|_| {
        Wrong::new(key, format!("`{text}` is not a duration"), format!("write it like \"{default:#}\""))
    })?;
    if bounds.contains(&parsed) {
        return Ok(parsed);
    }
    let write = format!("write {:#} to {:#}", bounds.start(), bounds.end());
    Err(Wrong::new(key, format!("`{text}` is out of bounds"), write))
}

/// A whole number between two bounds.
pub(super) fn number(
    key: &str,
    value: Option<i64>,
    default: u32,
    bounds: RangeInclusive<u32>,
) -> Result<u32, Wrong> {
    let Some(value) = value else { return Ok(default) };
    u32::try_from(value).ok().filter(|value| bounds.contains(value)).ok_or_else(|| {
        let write = format!("write {} to {}", bounds.start(), bounds.end());
        Wrong::new(key, format!("{value} is out of bounds"), write)
    })
}

/// `500GB`, in GB, as it is typed in a command too.
pub(super) fn gigabytes(key: &str, text: &str) -> Result<u32, Wrong> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.strip_suffix("gb").or_else(|| lower.strip_suffix('g')).unwrap_or(&lower);
    let plain = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|gb| plain && *gb > 0)
        .ok_or_else(|| Wrong::new(key, format!("`{text}` is not a size"), "write whole gigabytes: \"500GB\""))
}

/// An address that secrets or signatures may be sent to: https, or a loopback one.
pub(super) fn address(key: &str, text: &str, example: &str) -> Result<Url, Wrong> {
    let bad = |wrong: String| Wrong::new(key, wrong, format!("write \"{example}\""));
    let url: Url = text.parse().map_err(|_| bad(format!("`{text}` is not an address")))?;
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(bad("it holds more than scheme, host, port and path".to_owned()));
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(bad(format!("`{text}` is neither https nor a loopback address"))),
    }
    Ok(url)
}
