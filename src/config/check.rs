//! Section by section, into [`Config`].

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

use super::logins::check_userdata;
use super::platforms;
use super::raw::{RawAudit, RawCloud, RawConfig, RawSecrets, RawServer, RawStore};
use super::rules::{RawRules, Served};
use super::values::{address, duration, list, required, unserved};
use super::{Api, Cloud, Config, SecretsPlace, Store, Wrong};

/// What was wrong so far.
#[derive(Default)]
struct Faults(Vec<Wrong>);

impl Faults {
    fn keep<T>(&mut self, checked: Result<T, Wrong>) -> Option<T> {
        self.keep_all(checked.map_err(|wrong| vec![wrong]))
    }

    fn keep_all<T>(&mut self, checked: Result<T, Vec<Wrong>>) -> Option<T> {
        checked.map_err(|wrong| self.0.extend(wrong)).ok()
    }
}

impl RawConfig {
    /// Relative paths start at `folder`.
    pub(super) fn check(self, folder: &Path) -> Result<Config, Vec<Wrong>> {
        let Self { server, store, secrets, audit, slack, discord, cloud, .. } = self;
        let Self { approval, targets, limits, login, userdata, people, .. } = self;
        let mut faults = Faults::default();
        let server = faults.keep(server.check());
        let store = faults.keep(store.check(folder));
        let secrets = faults.keep(secrets.check(folder));
        let origin = faults.keep(audit.check());
        let here = Served { slack: slack.is_some(), discord: discord.is_some() };
        let platforms = faults.keep_all(platforms::check(slack, discord));
        let cloud = faults.keep(cloud.check());
        let (rules, wrong) = RawRules { approval, targets, limits, people }.check(here);
        faults.0.extend(wrong);
        let logins = secrets.as_ref().and_then(|secrets| faults.keep(login.check(secrets)));
        let userdata = faults.keep(check_userdata(userdata, folder));
        match (server, store, secrets, origin, platforms, cloud, rules, logins.zip(userdata)) {
            (
                Some((listen, public_url, sweep)),
                Some(store),
                Some(secrets),
                Some(origin),
                Some((platforms, homes)),
                Some(cloud),
                Some(rules),
                Some((logins, userdata)),
            ) if faults.0.is_empty() => {
                let policy = rules.policy(homes);
                Ok(Config {
                    listen,
                    public_url,
                    sweep,
                    store,
                    secrets,
                    origin,
                    platforms,
                    cloud,
                    policy,
                    logins,
                    userdata,
                })
            }
            _ => Err(faults.0),
        }
    }
}

impl RawServer {
    fn check(self) -> Result<(SocketAddr, Option<Url>, Duration), Wrong> {
        let Self { listen, public_url, sweep } = self;
        let listen = listen.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let listen = listen.parse().map_err(|_| {
            let wrong = format!("`{listen}` is not an address with a port");
            Wrong::new("server.listen", wrong, "write \"127.0.0.1:8080\"")
        })?;
        let public_url = public_url
            .map(|url| address("server.public_url", &url, "https://cleanslate.example.com"))
            .transpose()?;
        let minute = SignedDuration::from_mins(1);
        let sweep =
            duration("server.sweep", sweep.as_deref(), minute, SignedDuration::from_secs(1)..=minute)?;
        Ok((listen, public_url, sweep.unsigned_abs()))
    }
}

impl RawStore {
    fn check(self, folder: &Path) -> Result<Store, Wrong> {
        let Self { kind, path, table } = self;
        let stray = |key, wrong: &str, kind| {
            Err(Wrong::new(key, wrong, format!("remove it, or write kind = \"{kind}\"")))
        };
        match (kind.as_deref(), path, table) {
            (None | Some("sqlite"), path, None) => {
                Ok(Store::Sqlite(folder.join(path.unwrap_or_else(|| "cleanslate.db".to_owned()))))
            }
            (None | Some("sqlite"), _, Some(_)) => stray("store.table", "SQLite has no table", "dynamodb"),
            (Some("dynamodb"), None, table) => check_table(table.unwrap_or_else(|| "cleanslate".to_owned())),
            (Some("dynamodb"), Some(_), _) => stray("store.path", "DynamoDB has no path", "sqlite"),
            (Some(kind), _, _) => {
                let wrong = format!("this build does not serve `{kind}`");
                Err(Wrong::new("store.kind", wrong, "write \"sqlite\" or \"dynamodb\""))
            }
        }
    }
}

/// A table's name has at most 255 characters; the log's is four longer.
fn check_table(table: String) -> Result<Store, Wrong> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if (3..=251).contains(&table.len()) && table.bytes().all(plain) {
        return Ok(Store::Dynamodb(table));
    }
    let wrong = format!("`{table}` is not 3 to 251 letters, digits, `_`, `-` or `.`");
    Err(Wrong::new("store.table", wrong, "write \"cleanslate\""))
}

impl RawSecrets {
    fn check(self, folder: &Path) -> Result<SecretsPlace, Wrong> {
        let Self { kind, path, verify, bot, cloud } = self;
        let kind = kind.as_deref().unwrap_or("file");
        let elsewhere = [
            ("secrets.path", path.as_ref(), "file"),
            ("secrets.verify", verify.as_ref(), "aws"),
            ("secrets.bot", bot.as_ref(), "aws"),
            ("secrets.cloud", cloud.as_ref(), "aws"),
        ];
        for (key, value, of) in elsewhere {
            if value.is_some() && of != kind {
                let write = format!("remove it, or write kind = \"{of}\"");
                return Err(Wrong::new(key, format!("kind = \"{kind}\" has none"), write));
            }
        }
        let or = |name: Option<String>, usual: &str| name.unwrap_or_else(|| usual.to_owned());
        match kind {
            "file" => Ok(SecretsPlace::File(folder.join(or(path, "secrets.toml")))),
            "env" => Ok(SecretsPlace::Environment),
            "aws" => Ok(SecretsPlace::Manager {
                verify: or(verify, "cleanslate/verify"),
                bot: or(bot, "cleanslate/bot"),
                cloud: or(cloud, "cleanslate/cloud"),
            }),
            kind => {
                let wrong = format!("secrets are not kept in `{kind}`");
                Err(Wrong::new("secrets.kind", wrong, "write \"file\", \"env\" or \"aws\""))
            }
        }
    }
}

impl RawAudit {
    fn check(self) -> Result<String, Wrong> {
        let Self { origin, key } = self;
        unserved("audit.key", key.as_ref())?;
        let write = "write a name for this log that no other log has: \"cleanslate.example/prod\"";
        let origin = required("audit.origin", origin, write)?;
        if origin.is_empty()
            || origin.len() > 100
            || !origin.bytes().all(|b| b.is_ascii_graphic() && b != b'+')
        {
            let wrong = "it is not 1 to 100 visible ASCII characters without `+`";
            return Err(Wrong::new("audit.origin", wrong, write));
        }
        Ok(origin)
    }
}

impl RawCloud {
    fn check(self) -> Result<Cloud, Wrong> {
        let Self { name, api, signature, timeout, language, endpoint, regions } = self;
        let api = check_api(api.as_deref(), signature.as_deref())?;
        let write = "write what people call this account: \"acme-prod\"";
        let name = required("cloud.name", name, write)?;
        if name.trim().is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            return Err(Wrong::new("cloud.name", "it is not 1 to 64 visible characters", write));
        }
        let language = language.unwrap_or_else(|| "en-US".to_owned());
        if !["en-US", "zh-CN"].contains(&language.as_str()) {
            let wrong = format!("`{language}` is no language of the API");
            return Err(Wrong::new("cloud.language", wrong, "write \"en-US\" or \"zh-CN\""));
        }
        let regions = list("cloud.regions", regions, "write where your servers are: [\"ap-guangzhou\"]")?;
        for region in &regions {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if !region.contains('-') || !region.bytes().all(plain) {
                let wrong = format!("`{region}` is not a region");
                return Err(Wrong::new("cloud.regions", wrong, "write it like \"ap-guangzhou\""));
            }
        }
        let second = SignedDuration::from_secs(1);
        let timeout = duration("cloud.timeout", timeout.as_deref(), second * 15, second..=second * 60)?;
        let endpoint = check_endpoint(endpoint, api, &regions[0])?;
        Ok(Cloud { name, api, endpoint, regions, language, timeout: timeout.unsigned_abs() })
    }
}

fn check_api(api: Option<&str>, signature: Option<&str>) -> Result<Api, Wrong> {
    match (api.unwrap_or("v3"), signature) {
        ("v3", None) => Ok(Api::V3),
        ("v3", Some(_)) => {
            let wrong = "v3 has one signature, TC3-HMAC-SHA256";
            Err(Wrong::new("cloud.signature", wrong, "remove it, or write api = \"v2\""))
        }
        ("v2", None | Some("HmacSHA256")) => Ok(Api::V2Sha256),
        ("v2", Some("HmacSHA1")) => Ok(Api::V2Sha1),
        ("v2", Some(other)) => {
            let wrong = format!("`{other}` is no signature of v2");
            Err(Wrong::new("cloud.signature", wrong, "write \"HmacSHA256\" or \"HmacSHA1\""))
        }
        (other, _) => {
            let wrong = format!("`{other}` is no version of the API");
            Err(Wrong::new("cloud.api", wrong, "write \"v3\" or \"v2\""))
        }
    }
}

/// The address with its placeholders, after a look at what it becomes.
fn check_endpoint(endpoint: Option<String>, api: Api, region: &str) -> Result<String, Wrong> {
    let (usual, path) = match api {
        Api::V3 => ("https://{service}.tencentcloudapi.com", "/"),
        Api::V2Sha256 | Api::V2Sha1 => ("https://{service}.api.qcloud.com/v2/index.php", "/v2/index.php"),
    };
    let endpoint = endpoint.unwrap_or_else(|| usual.to_owned());
    let filled = endpoint.replace("{service}", "cvm").replace("{region}", region);
    let bad = |wrong: String| Wrong::new("cloud.endpoint", wrong, format!("write \"{usual}\""));
    if filled.contains(['{', '}']) {
        return Err(bad("it holds a placeholder other than {service} and {region}".to_owned()));
    }
    let url = address("cloud.endpoint", &filled, usual)?;
    // The signature covers the path.
    if url.path() == path { Ok(endpoint) } else { Err(bad(format!("its path is not `{path}`"))) }
}
