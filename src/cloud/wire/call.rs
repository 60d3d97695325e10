//! One call as it leaves: a POST signed with TC3, or a GET signed with v1.

use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use super::action::Action;
use crate::cloud::tc3::{self, Canonical, Scope};
use crate::cloud::{Credentials, v1};
use crate::domain::request::Wire;

const JSON: &str = "application/json; charset=utf-8";
/// Marks our calls in the cloud's own records.
const CLIENT: &str = "cleanslate";

/// The longest address of a GET, in bytes: Tencent's documentation of request structures.
const GET_MAX: usize = 32 * 1024;

/// How calls are signed; the rest of the protocol follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    Tc3,
    V1(v1::Method),
}

impl Signing {
    pub fn wire(self) -> Wire {
        match self {
            Self::Tc3 => Wire::V3,
            Self::V1(_) => Wire::V2,
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub action: Action,
    pub region: &'a str,
    /// Of the cloud's own messages: `en-US`, `zh-CN`.
    pub language: &'a str,
    pub body: &'a Value,
    pub signed_at: Timestamp,
    /// Of v1: taken once by the API. TC3 has none.
    pub nonce: u64,
}

/// A signed call. It has no `Debug`: headers and address hold signature and token.
pub struct Outgoing {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<String>,
}

impl Call<'_> {
    /// The call to `url`, the endpoint of its service and region.
    ///
    /// # Errors
    /// When a value cannot be sent; says which, and not the value.
    pub fn sign(&self, signing: Signing, url: Url, credentials: &Credentials) -> Result<Outgoing, String> {
        match signing {
            Signing::Tc3 => self.post(url, credentials),
            Signing::V1(method) => self.get(method, url, credentials),
        }
    }

    fn post(&self, url: Url, credentials: &Credentials) -> Result<Outgoing, String> {
        let body = self.body.to_string();
        let host = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        let timestamp = self.signed_at.as_second();
        let canonical = Canonical {
            method: "POST",
            path: "/",
            query: "",
            // The action is signed too: without it the same signature would serve for another one.
            headers: &[("content-type", JSON), ("host", &host), ("x-tc-action", self.action.name)],
            payload: body.as_bytes(),
        };
        let scope = Scope { timestamp, service: self.action.service };
        let secret = credentials.secret_key.expose_secret();
        let authorization = tc3::authorization(&credentials.secret_id, secret, scope, canonical);
        let timestamp = timestamp.to_string();
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str, sensitive: bool| {
            let mut value =
                HeaderValue::from_str(value).map_err(|_| format!("{name} cannot be sent as it is"))?;
            value.set_sensitive(sensitive);
            headers.insert(name, value);
            Ok::<_, String>(())
        };
        put("content-type", JSON, false)?;
        put("host", &host, false)?;
        put("authorization", &authorization, true)?;
        put("x-tc-action", self.action.name, false)?;
        put("x-tc-version", self.action.version, false)?;
        put("x-tc-timestamp", &timestamp, false)?;
        put("x-tc-region", self.region, false)?;
        put("x-tc-language", self.language, false)?;
        put("x-tc-requestclient", CLIENT, false)?;
        if let Some(token) = &credentials.token {
            put("x-tc-token", token.expose_secret(), true)?;
        }
        Ok(Outgoing { method: Method::POST, url, headers, body: Some(body) })
    }

    fn get(&self, method: v1::Method, mut url: Url, credentials: &Credentials) -> Result<Outgoing, String> {
        let mut parameters = v1::Parameters::new();
        v1::flatten(self.body, &mut parameters);
        let mut put = |name: &str, value: &str| drop(parameters.insert(name.to_owned(), value.to_owned()));
        put("Action", self.action.name);
        put("Version", self.action.version);
        put("Region", self.region);
        put("Timestamp", &self.signed_at.as_second().to_string());
        put("Nonce", &self.nonce.to_string());
        put("SecretId", &credentials.secret_id);
        put("SignatureMethod", method.name());
        put("Language", self.language);
        put("RequestClient", CLIENT);
        if let Some(token) = &credentials.token {
            put("Token", token.expose_secret());
        }
        let host = url.host_str().unwrap_or_default();
        let to_sign = v1::string_to_sign("GET", host, url.path(), &parameters);
        let signature = method.signature(credentials.secret_key.expose_secret(), &to_sign);
        url.set_query(Some(&v1::query(&parameters, &signature)));
        if url.as_str().len() > GET_MAX {
            return Err(
                "it is longer than the 32 KB that the legacy API takes; shorten its userdata".to_owned()
            );
        }
        Ok(Outgoing { method: Method::GET, url, headers: HeaderMap::new(), body: None })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::wire::action;

    fn credentials(token: Option<&str>) -> Credentials {
        Credentials {
            secret_id: "AKIDTESTONLYNOTAREALSECRETID000000000".to_owned(),
            secret_key: "TestOnlyNotARealSecretKey0123456".to_owned().into(),
            token: token.map(|token| token.to_owned().into()),
        }
    }

    fn call(body: &Value) -> Call<'_> {
        let signed_at = Timestamp::from_second(1_465_185_768).unwrap();
        let (action, region, language) = (action::RESET_INSTANCE, "ap-guangzhou", "en-US");
        Call { action, region, language, body, signed_at, nonce: 11_886 }
    }

    #[test]
    fn the_legacy_call_is_one_address() {
        let body = json!({ "InstanceId": "ins-r8hr2upy", "LoginSettings": { "KeyIds": ["skey-8xk2p1qa"] } });
        let url: Url = "https://cvm.api.qcloud.com/v2/index.php".parse().unwrap();
        let signing = Signing::V1(v1::Method::HmacSha256);
        let sent = call(&body).sign(signing, url, &credentials(Some("a+b"))).unwrap();
        assert!(sent.headers.is_empty() && sent.body.is_none() && sent.method == Method::GET);
        insta::assert_snapshot!(sent.url.as_str().replace('&', "\n&"), @"
        https://cvm.api.qcloud.com/v2/index.php?Action=ResetInstance
        &InstanceId=ins-r8hr2upy
        &Language=en-US
        &LoginSettings.KeyIds.0=skey-8xk2p1qa
        &Nonce=11886
        &Region=ap-guangzhou
        &RequestClient=cleanslate
        &SecretId=AKIDTESTONLYNOTAREALSECRETID000000000
        &SignatureMethod=HmacSHA256
        &Timestamp=1465185768
        &Token=a%2Bb
        &Version=2017-03-12
        &Signature=pe1LJXjeHUtKGHjt%2FvRDpZGvTI%2BiDqlj%2BF80HYMRuc4%3D
        ");
    }

    #[test]
    fn what_cannot_be_sent_is_named_and_not_shown() {
        let url: Url = "https://cvm.tencentcloudapi.com".parse().unwrap();
        let sent = call(&json!({})).sign(Signing::Tc3, url, &credentials(Some("two\nlines")));
        assert_eq!(sent.err().as_deref(), Some("x-tc-token cannot be sent as it is"));
    }
}
