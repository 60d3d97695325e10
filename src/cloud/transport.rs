//! One signed call over HTTP, and what is certain when no answer comes back.

use std::error::Error as _;

use jiff::Timestamp;
use jiff::fmt::strtime;
use reqwest::header::DATE;

use super::wire::call::Outgoing;
use super::wire::envelope::{self, Envelope};

/// Why there is no envelope to read. The words never hold the address, which can hold secrets.
#[derive(Debug)]
pub(super) enum Lost {
    /// No byte of the request was written.
    NotSent(String),
    /// It may have arrived.
    Unknown(String),
}

/// The answer, with the cloud's own clock.
pub(super) async fn exchange(
    http: &reqwest::Client,
    call: Outgoing,
) -> Result<(Option<Timestamp>, Envelope), Lost> {
    let Outgoing { method, url, headers, body } = call;
    let mut request = http.request(method, url).headers(headers);
    if let Some(body) = body {
        request = request.body(body);
    }
    let answer = request.send().await.map_err(|why| lost(&why))?;
    let date = answer.headers().get(DATE).and_then(|date| http_date(date.to_str().ok()?));
    let status = answer.status();
    if status != reqwest::StatusCode::OK {
        return Err(Lost::Unknown(format!("HTTP {}", status.as_u16())));
    }
    let bytes = answer.bytes().await.map_err(|why| Lost::Unknown(plain(&why)))?;
    Ok((date, envelope::read(&bytes)))
}

/// Only what fails before a connection stands is certain not to have arrived.
fn lost(why: &reqwest::Error) -> Lost {
    if why.is_connect() || why.is_builder() { Lost::NotSent(plain(why)) } else { Lost::Unknown(plain(why)) }
}

/// What went wrong, without the address.
pub(super) fn plain(why: &reqwest::Error) -> String {
    if why.is_timeout() {
        let missed = if why.is_connect() { "no connection in time" } else { "no answer in time" };
        return missed.to_owned();
    }
    let mut cause = why.source();
    let mut text = None;
    while let Some(error) = cause {
        text = Some(error.to_string());
        cause = error.source();
    }
    text.unwrap_or_else(|| "the connection failed".to_owned())
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`: the one form that HTTP allows to be sent (RFC 9110, 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    let parsed = strtime::parse("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
    let civil = parsed.to_datetime().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fixed_form_is_a_date() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), "1994-11-06T08:49:37Z".parse().ok());
        for odd in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 31 Feb 1994 08:49:37 GMT",
        ] {
            assert_eq!(http_date(odd), None, "{odd}");
        }
    }
}
