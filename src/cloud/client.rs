//! The HTTP client: pooled connections for reading, a fresh one for the wipe.

use std::error::Error as _;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::fmt::strtime;
use reqwest::header::{DATE, HeaderMap};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use super::tc3::{self, Canonical, Scope};
use super::wire::{self, Envelope};
use super::{Answer, Armed, Cloud, CloudError, Credentials, Sent, errors};
use crate::domain::Clock;
use crate::domain::id::{ImageId, InstanceId};
use crate::domain::plan::{Image, Machine, ResetOrder};
use crate::domain::request::Failure;
use crate::outbound::{self, Timeouts};

const JSON: &str = "application/json; charset=utf-8";

/// What credentials are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Read,
    Wipe,
}

/// Fetches the credentials for a purpose.
pub type KeyRing = Arc<dyn Fn(Purpose) -> BoxFuture<'static, anyhow::Result<Credentials>> + Send + Sync>;

/// Where the API is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// May hold `{service}` and `{region}`; without a placeholder one address serves all.
    pub endpoint: String,
    /// Searched in this order for the instance.
    pub regions: Vec<String>,
    /// `X-TC-Language`: of the cloud's own messages.
    pub language: String,
    pub timeouts: Timeouts,
}

/// CVM over API 3.0.
pub struct Client {
    settings: Settings,
    keys: KeyRing,
    clock: Clock,
    reads: reqwest::Client,
}

/// One call, ready to leave.
struct Call<'a> {
    action: &'static str,
    region: &'a str,
    body: Value,
    signed_at: Timestamp,
}

/// Why there is no envelope to read.
enum Lost {
    /// No byte of the request was written.
    NotSent(String),
    /// It may have arrived.
    Unknown(String),
}

impl Client {
    /// # Errors
    /// When the TLS set-up fails.
    pub fn new(settings: Settings, keys: KeyRing, clock: Clock) -> anyhow::Result<Self> {
        let reads = outbound::client(settings.timeouts).build()?;
        Ok(Self { settings, keys, clock, reads })
    }

    fn url(&self, region: &str) -> Result<Url, Lost> {
        let address = self.settings.endpoint.replace("{service}", "cvm").replace("{region}", region);
        address.parse().map_err(|_| Lost::NotSent("the endpoint is not an address".to_owned()))
    }

    async fn send(
        &self,
        http: &reqwest::Client,
        credentials: &Credentials,
        call: Call<'_>,
    ) -> Result<(Option<Timestamp>, Envelope), Lost> {
        let url = self.url(call.region)?;
        let body = call.body.to_string();
        let headers = self.headers(&url, credentials, &call, &body)?;
        let answer = http.post(url).headers(headers).body(body).send().await.map_err(|why| lost(&why))?;
        let (status, date) =
            (answer.status(), answer.headers().get(DATE).and_then(|date| http_date(date.to_str().ok()?)));
        if status != reqwest::StatusCode::OK {
            return Err(Lost::Unknown(format!("HTTP {}", status.as_u16())));
        }
        let bytes = answer.bytes().await.map_err(|why| Lost::Unknown(plain(&why)))?;
        Ok((date, wire::envelope(&bytes)))
    }

    fn headers(
        &self,
        url: &Url,
        credentials: &Credentials,
        call: &Call<'_>,
        body: &str,
    ) -> Result<HeaderMap, Lost> {
        let host = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        let timestamp = call.signed_at.as_second();
        let canonical = Canonical {
            method: "POST",
            path: "/",
            query: "",
            // The action is signed too: without it the same signature would serve for another one.
            headers: &[("content-type", JSON), ("host", &host), ("x-tc-action", call.action)],
            payload: body.as_bytes(),
        };
        let scope = Scope { timestamp, service: "cvm" };
        let secret = credentials.secret_key.expose_secret();
        let authorization = tc3::authorization(&credentials.secret_id, secret, scope, canonical);
        let timestamp = timestamp.to_string();
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str, sensitive: bool| {
            let mut value = reqwest::header::HeaderValue::from_str(value)
                .map_err(|_| Lost::NotSent(format!("{name} cannot be sent as it is")))?;
            value.set_sensitive(sensitive);
            headers.insert(name, value);
            Ok(())
        };
        put("content-type", JSON, false)?;
        put("host", &host, false)?;
        put("authorization", &authorization, true)?;
        put("x-tc-action", call.action, false)?;
        put("x-tc-version", wire::VERSION, false)?;
        put("x-tc-timestamp", &timestamp, false)?;
        put("x-tc-region", call.region, false)?;
        put("x-tc-language", &self.settings.language, false)?;
        put("x-tc-requestclient", "cleanslate", false)?;
        if let Some(token) = &credentials.token {
            put("x-tc-token", token.expose_secret(), true)?;
        }
        Ok(headers)
    }

    async fn describe_in(
        &self,
        region: &str,
        instance: &InstanceId,
    ) -> Result<Answer<Option<Machine>>, CloudError> {
        let Answer { date, value } =
            self.read("DescribeInstances", region, wire::describe_instance(instance)).await?;
        match wire::machine(&value, region) {
            Ok(value) if value.as_ref().is_none_or(|found| found.id == *instance) => {
                Ok(Answer { date, value })
            }
            Ok(_) => Err(CloudError::Unclear("the answer was about another instance".to_owned())),
            Err(why) => Err(CloudError::Unclear(why.to_owned())),
        }
    }

    /// A call that changes nothing.
    async fn read(
        &self,
        action: &'static str,
        region: &str,
        body: Value,
    ) -> Result<Answer<Value>, CloudError> {
        let credentials =
            (self.keys)(Purpose::Read).await.map_err(|why| CloudError::Credentials(format!("{why:#}")))?;
        let call = Call { action, region, body, signed_at: (self.clock)() };
        match self.send(&self.reads, &credentials, call).await {
            Ok((date, Envelope::Good { body, .. })) => Ok(Answer { date, value: body }),
            Ok((_, Envelope::Error { code, message, .. })) => Err(CloudError::Refused { code, message }),
            Ok((_, Envelope::Unreadable(why))) => Err(CloudError::Unclear(why.to_owned())),
            Err(Lost::NotSent(why) | Lost::Unknown(why)) => Err(CloudError::Unclear(why)),
        }
    }
}

#[async_trait]
impl Cloud for Client {
    async fn describe(&self, instance: &InstanceId) -> Result<Answer<Option<Machine>>, CloudError> {
        let mut dates = Vec::new();
        let mut trouble = None;
        for region in &self.settings.regions {
            match self.describe_in(region, instance).await {
                Ok(Answer { date, value: None }) => dates.push(date),
                Ok(found) => return Ok(found),
                Err(why) => trouble = Some(why),
            }
        }
        // A region that could not be asked may be the one that has it. Of several dates the earliest proves least,
        // and one answer without a date leaves no proof at all.
        trouble.map_or_else(|| Ok(Answer { date: dates.into_iter().min().flatten(), value: None }), Err)
    }

    async fn image(&self, region: &str, image: &ImageId) -> Result<Answer<Option<Image>>, CloudError> {
        let Answer { date, value } = self.read("DescribeImages", region, wire::describe_image(image)).await?;
        match wire::image(&value) {
            Ok(value) if value.as_ref().is_none_or(|found| found.id == *image) => Ok(Answer { date, value }),
            Ok(_) => Err(CloudError::Unclear("the answer was about another image".to_owned())),
            Err(why) => Err(CloudError::Unclear(why.to_owned())),
        }
    }

    async fn arm(&self) -> Result<Armed, CloudError> {
        let credentials = (self.keys)(Purpose::Wipe).await;
        credentials.map(Armed).map_err(|why| CloudError::Credentials(format!("{why:#}")))
    }

    async fn reset(&self, Armed(credentials): Armed, order: &ResetOrder, signed_at: Timestamp) -> Sent {
        // A client of its own: no connection that was used before, none that is used after.
        let fresh = match outbound::client(self.settings.timeouts).pool_max_idle_per_host(0).build() {
            Ok(fresh) => fresh,
            Err(why) => return Sent::Failed(Failure::not_sent(&plain(&why))),
        };
        let body = wire::reset_instance(order);
        let call = Call { action: "ResetInstance", region: &order.region, body, signed_at };
        match self.send(&fresh, &credentials, call).await {
            Ok((_, Envelope::Good { request_id, .. })) => Sent::Accepted { request_id },
            Ok((_, Envelope::Error { code, message, request_id })) => {
                if errors::is_refusal(&code) {
                    let advice = errors::advice(&code).to_owned();
                    Sent::Failed(Failure { code, message, advice, request_id })
                } else {
                    let request_id = request_id.unwrap_or_else(|| "none".to_owned());
                    Sent::Unknown { why: format!("Tencent Cloud answered {code}, RequestId {request_id}") }
                }
            }
            Ok((_, Envelope::Unreadable(why))) => Sent::Unknown { why: why.to_owned() },
            Err(Lost::NotSent(why)) => Sent::Failed(Failure::not_sent(&why)),
            Err(Lost::Unknown(why)) => Sent::Unknown { why },
        }
    }
}

/// Only what fails before a connection stands is certain not to have arrived.
fn lost(why: &reqwest::Error) -> Lost {
    if why.is_connect() || why.is_builder() { Lost::NotSent(plain(why)) } else { Lost::Unknown(plain(why)) }
}

/// What went wrong, without the address.
fn plain(why: &reqwest::Error) -> String {
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
