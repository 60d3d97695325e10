//! `cleanslate.toml`: read as it is written (`raw`), then checked into types that cannot be wrong. The only reader
//! of the environment, and of files but the secrets' own.

mod check;
mod environment;
mod live;
mod logins;
mod nearest;
mod platforms;
mod raw;
mod rules;
mod source;
mod text;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

pub use self::environment::{Environment, NoRole, Role};
pub use self::live::LivePolicy;
pub use self::logins::{Logins, TextPlace, texts};
use self::raw::RawConfig;
pub use self::source::{Reader, Source};
use crate::domain::policy::Policy;

/// Everything that is configured, but the secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where the platforms reach this server; only the manifest needs it.
    pub public_url: Option<Url>,
    /// The longest time between two sweeps.
    pub sweep: Duration,
    pub store: Store,
    pub secrets: SecretsPlace,
    /// Names the audit log.
    pub origin: String,
    pub platforms: Platforms,
    pub cloud: Cloud,
    pub policy: Policy,
    pub logins: Logins,
    /// The texts that can be asked for, by name.
    pub userdata: BTreeMap<String, TextPlace>,
}

/// Where the secrets are; the environment wins over each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretsPlace {
    File(PathBuf),
    Environment,
    /// Three secrets of AWS Secrets Manager, by their names.
    Manager {
        verify: String,
        bot: String,
        cloud: String,
    },
}

/// `[store]`: where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// A file.
    Sqlite(PathBuf),
    /// The table of state; the log's is named after it.
    Dynamodb(String),
}

/// The platforms that are served: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platforms {
    pub slack: Option<Slack>,
    pub discord: Option<Discord>,
}

/// How Slack is called; who may call is the policy's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slack {
    /// Ends with `/`.
    pub api_base: Url,
    /// As people type it, with its slash.
    pub command: String,
}

/// How Discord is called; who may call is the policy's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discord {
    /// Ends with `/`.
    pub api_base: Url,
    /// Without a slash; people see it with one.
    pub command: String,
    /// In hex; it is not secret, and may stand with the secrets all the same.
    pub public_key: Option<String>,
}

/// How Tencent Cloud is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// The account's name, on every card.
    pub name: String,
    pub api: Api,
    /// May hold `{service}` and `{region}`.
    pub endpoint: String,
    pub regions: Vec<String>,
    pub language: String,
    /// Of one call, from the first step to the last byte.
    pub timeout: Duration,
}

/// `cloud.api`, with `cloud.signature`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// API 3.0.
    V3,
    /// The legacy API, signed with `HmacSHA256`.
    V2Sha256,
    /// The legacy API, signed with `HmacSHA1`.
    V2Sha1,
}

/// One thing that is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {wrong}; {write}")]
pub struct Wrong {
    pub key: String,
    pub wrong: String,
    pub write: String,
}

impl Wrong {
    fn new(key: impl Into<String>, wrong: impl Into<String>, write: impl Into<String>) -> Self {
        Self { key: key.into(), wrong: wrong.into(), write: write.into() }
    }
}

/// All that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    pub wrong: Vec<Wrong>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used", self.file.display())?;
        self.wrong.iter().try_for_each(|wrong| write!(f, "\n  {wrong}"))
    }
}

impl Config {
    /// Checks a configuration's text; relative paths start at `folder`.
    ///
    /// # Errors
    /// Everything that is wrong with it, at most one fault per section.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Wrong>> {
        RawConfig::parse(text).map_err(|wrong| vec![wrong])?.check(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ask::Login;

    /// The smallest configuration that serves.
    const SMALLEST: &str = r#"
audit = { origin = "cleanslate.example/prod" }

[slack]
app_id = "A0123"
team_ids = ["T0123"]
channels = ["C0123"]

[cloud]
name = "acme-prod"
regions = ["ap-guangzhou"]

[approval]
approvers = ["slack:U0123", "person:bob"]

[targets]
allow = ["tag:cleanslate=allowed"]

[[people]]
name = "bob"
slack = "U0456"
"#;

    fn faults(text: &str) -> String {
        let wrong = Config::parse(text, Path::new("/etc")).map(|config| config.policy.text).unwrap_err();
        let mut lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        lines.push(String::new());
        lines.join("\n")
    }

    /// What is wrong after each change, one at a time.
    fn faults_of(changes: &[(&str, &str)]) -> String {
        changes.iter().map(|(old, new)| faults(&with(old, new))).collect()
    }

    /// The smallest configuration with `new` in the place of `old`.
    fn with(old: &str, new: &str) -> String {
        assert!(SMALLEST.contains(old), "{old}");
        SMALLEST.replacen(old, new, 1)
    }

    #[test]
    fn the_store_may_be_a_table() {
        let store = |text: &str| Config::parse(&with("[slack]", text), Path::new("/etc")).unwrap().store;
        let table = "[store]\nkind = \"dynamodb\"\ntable = \"ops.clean-slate\"\n[slack]";
        assert_eq!(store(table), Store::Dynamodb("ops.clean-slate".to_owned()));
        assert_eq!(store("[store]\nkind = \"dynamodb\"\n[slack]"), Store::Dynamodb("cleanslate".to_owned()));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let config = Config::parse(SMALLEST, Path::new("/etc")).unwrap();
        assert_eq!(config.store, Store::Sqlite("/etc/cleanslate.db".into()));
        assert_eq!(config.secrets, SecretsPlace::File("/etc/secrets.toml".into()));
        assert_eq!(config.platforms.slack.unwrap().command, "/reset");
        assert_eq!(
            config.logins,
            Logins { default: Login::Keep, vault_prefix: "cleanslate/login/".to_owned() }
        );
        assert_eq!((config.sweep, config.cloud.timeout), (Duration::from_mins(1), Duration::from_secs(15)));
        insta::assert_snapshot!(config.policy.text, @r#"
        [approval]
        approvers = ["slack:U0123", "person:bob"]
        requesters = ["slack:U0123", "person:bob"]
        quorum = 1
        self_approval = true
        expires = "30m"
        grace = "10s"

        [targets]
        allow = ["tag:cleanslate=allowed"]
        confirm = []

        [limits]
        open_per_channel = 10
        asks_per_minute = 5
        max_disk = "500GB"

        [[home]]
        platform = "slack"
        app = "A0123"
        teams = ["T0123"]
        channels = ["C0123"]

        [[people]]
        name = "bob"
        slack = "U0456"
        "#);
    }

    #[test]
    fn the_hash_is_of_the_rules_not_of_their_spelling() {
        let hash = |text: &str| Config::parse(text, Path::new("")).unwrap().policy.hash;
        let same = with(
            "approvers =",
            "quorum = 1\nexpires = \"1800s\"\nrequesters = [\"person:bob\", \"slack:U0123\"]\napprovers =",
        );
        assert_eq!(hash(SMALLEST), hash(&same));
        assert_eq!(hash(SMALLEST), hash(&with("acme-prod", "acme-test")), "the account's name is no rule");
        assert_ne!(hash(SMALLEST), hash(&with("approvers =", "grace = \"11s\"\napprovers =")));
        assert_ne!(hash(SMALLEST), hash(&with("C0123", "C0124")));
        assert_ne!(hash(SMALLEST), hash(&with("U0456", "U0457")));
    }

    #[test]
    fn every_section_says_what_is_wrong_with_it() {
        insta::assert_snapshot!(faults(""), @r#"
        audit.origin: it is missing; write a name for this log that no other log has: "cleanslate.example/prod"
        [slack], [discord]: both are missing; add one section, or both
        cloud.name: it is missing; write what people call this account: "acme-prod"
        approval.approvers: it is missing; write who may approve: ["slack:U0123"]
        targets.allow: it is missing; write what may be wiped: ["tag:cleanslate=allowed"]
        "#);
    }

    #[test]
    fn a_wrong_key_or_type_names_the_line() {
        let table: String = [
            with("channels", "chanels"),
            with("[targets]", "[tragets]"),
            with("slack = \"U0456\"", "slakc = \"U0456\""),
            with("name = \"acme-prod\"", "name = 7"),
            with("[\"C0123\"]", "\"C0123\""),
            with("approvers =", "quorum = \"2\"\napprovers ="),
            with("approvers =", "self_approval = 1\napprovers ="),
            with("[slack]", "[slack"),
            format!("slack = 1\n{}", with("[slack]", "[server]")),
        ]
        .iter()
        .map(|text| faults(text))
        .collect();
        insta::assert_snapshot!(table, @r#"
        slack.chanels (line 7): there is no such key; the nearest key is `channels`
        [tragets] (line 16): there is no such key; the nearest key is `targets`
        people.slakc (line 21): there is no such key; the nearest key is `slack`
        cloud.name (line 10): integer `7` does not belong here; write text in quotes
        slack.channels (line 7): string "C0123" does not belong here; write a list: ["…", "…"]
        approval.quorum (line 14): string "2" does not belong here; write a whole number without quotes
        approval.self_approval (line 14): integer `1` does not belong here; write true or false without quotes
        [slack] (line 4): this is not TOML: unclosed table, expected `]`; see https://toml.io
        server.app_id (line 6): there is no such key; the nearest key is `listen`
        "#);
    }

    #[test]
    fn a_wrong_setting_says_what_to_write() {
        let changes = [
            ("[slack]", "[server]\nlisten = \"8080\"\n[slack]"),
            ("[slack]", "[server]\nsweep = \"2m\"\n[slack]"),
            ("[slack]", "[server]\npublic_url = \"http://example.com\"\n[slack]"),
            ("[slack]", "[store]\nkind = \"postgres\"\n[slack]"),
            ("[slack]", "[store]\nkind = \"dynamodb\"\npath = \"x.db\"\n[slack]"),
            ("[slack]", "[store]\nkind = \"dynamodb\"\ntable = \"a table\"\n[slack]"),
            ("[slack]", "[store]\ntable = \"t\"\n[slack]"),
            ("[slack]", "[secrets]\nkind = \"vault\"\n[slack]"),
            ("[slack]", "[secrets]\nkind = \"aws\"\npath = \"x\"\n[slack]"),
            ("[slack]", "[secrets]\nkind = \"env\"\npath = \"x\"\n[slack]"),
            ("[slack]", "[secrets]\nbot = \"x\"\n[slack]"),
            ("[slack]", "[discord]\nguild_ids = [\"2\"]\n[slack]"),
            ("[slack]", "[login]\ndefault = \"root\"\n[slack]"),
            ("[slack]", "[secrets]\nkind = \"env\"\n[login]\ndefault = \"vault\"\n[slack]"),
            ("[slack]", "[login]\nvault_prefix = \"../login/\"\n[slack]"),
            ("[slack]", "[login]\nvault_prefix = \"login\"\n[slack]"),
            ("[slack]", "[userdata]\nbase = \"base.sh\"\n[slack]"),
            ("[slack]", "[userdata]\n\"base 1\" = \"file:base.sh\"\n[slack]"),
            ("origin = \"cleanslate.example/prod\"", "origin = \"two words\""),
            ("origin =", "key = \"file:audit.key\", origin ="),
        ];
        insta::assert_snapshot!(faults_of(&changes), @r#"
        server.listen: `8080` is not an address with a port; write "127.0.0.1:8080"
        server.sweep: `2m` is out of bounds; write 1s to 1m
        server.public_url: `http://example.com` is neither https nor a loopback address; write "https://cleanslate.example.com"
        store.kind: this build does not serve `postgres`; write "sqlite" or "dynamodb"
        store.path: DynamoDB has no path; remove it, or write kind = "sqlite"
        store.table: `a table` is not 3 to 251 letters, digits, `_`, `-` or `.`; write "cleanslate"
        store.table: SQLite has no table; remove it, or write kind = "dynamodb"
        secrets.kind: secrets are not kept in `vault`; write "file", "env" or "aws"
        secrets.path: kind = "aws" has none; remove it, or write kind = "file"
        secrets.path: kind = "env" has none; remove it, or write kind = "file"
        secrets.bot: kind = "file" has none; remove it, or write kind = "aws"
        discord.application_id: it is missing; write the application's id: "123"
        login.default: `root` is no way to log in; write "keep", "image", "random" or "vault"
        login.default: a new password could not be kept: the environment cannot be written to; write kind = "file" or "aws" in [secrets], or another login
        login.vault_prefix: `../login/` is not the beginning of a secret's name; write it like "cleanslate/login/"
        login.vault_prefix: `login` is not the beginning of a secret's name; write it like "cleanslate/login/"
        userdata.base: it is not a place; write it like "file:userdata/base.sh" or "text:#!/bin/sh…"
        userdata.base 1: it cannot be typed; use 1 to 40 letters, digits, `-` and `_`
        audit.origin: it is not 1 to 100 visible ASCII characters without `+`; write a name for this log that no other log has: "cleanslate.example/prod"
        audit.key: this build does not serve it; remove it
        "#);
    }

    #[test]
    fn a_wrong_platform_says_what_to_write() {
        let changes = [
            ("app_id = \"A0123\"", "app_id = \"cleanslate\""),
            ("app_id", "command = \"reset\"\napp_id"),
            ("app_id", "api_base = \"http://slack.com/api/\"\napp_id"),
            ("app_id", "api_base = \"https://slack.com/api\"\napp_id"),
            ("[\"T0123\"]", "[]"),
            ("[\"C0123\"]", "[\"#ops\"]"),
            ("regions = [\"ap-guangzhou\"]", "regions = [\"Guangzhou\"]"),
            ("regions", "endpoint = \"http://{service}.tencentcloudapi.com\"\nregions"),
            ("regions", "endpoint = \"https://{host}.tencentcloudapi.com\"\nregions"),
            ("regions", "endpoint = \"https://cvm.api.qcloud.com/v2/index.php\"\nregions"),
            ("regions", "endpoint = \"https://key:secret@cvm.tencentcloudapi.com\"\nregions"),
            ("regions", "endpoint = \"https://cvm.api.qcloud.com\"\napi = \"v2\"\nregions"),
            ("regions", "api = \"v4\"\nregions"),
            ("regions", "api = \"v2\"\nsignature = \"TC3-HMAC-SHA256\"\nregions"),
            ("regions", "signature = \"HmacSHA1\"\nregions"),
            ("regions", "language = \"de\"\nregions"),
            ("regions", "timeout = \"soon\"\nregions"),
        ];
        insta::assert_snapshot!(faults_of(&changes), @r#"
        slack.app_id: `cleanslate` is not an id; write the id, never a name: "A0123"
        slack.command: `reset` is not a slash command in lower-case letters; write "/reset"
        slack.api_base: `http://slack.com/api/` is neither https nor a loopback address; write "https://slack.com/api/"
        slack.api_base: it does not end with `/`; write "https://slack.com/api/"
        slack.team_ids: it is empty; write your team's id: ["T0123"]
        slack.channels: `#ops` is not an id; write the id, never a name: "C0123"
        cloud.regions: `Guangzhou` is not a region; write it like "ap-guangzhou"
        cloud.endpoint: `http://cvm.tencentcloudapi.com` is neither https nor a loopback address; write "https://{service}.tencentcloudapi.com"
        cloud.endpoint: it holds a placeholder other than {service} and {region}; write "https://{service}.tencentcloudapi.com"
        cloud.endpoint: its path is not `/`; write "https://{service}.tencentcloudapi.com"
        cloud.endpoint: it holds more than scheme, host, port and path; write "https://{service}.tencentcloudapi.com"
        cloud.endpoint: its path is not `/v2/index.php`; write "https://{service}.api.qcloud.com/v2/index.php"
        cloud.api: `v4` is no version of the API; write "v3" or "v2"
        cloud.signature: `TC3-HMAC-SHA256` is no signature of v2; write "HmacSHA256" or "HmacSHA1"
        cloud.signature: v3 has one signature, TC3-HMAC-SHA256; remove it, or write api = "v2"
        cloud.language: `de` is no language of the API; write "en-US" or "zh-CN"
        cloud.timeout: `soon` is not a duration; write it like "15s"
        "#);
    }

    #[test]
    fn a_wrong_rule_says_what_to_write() {
        let changes = [
            ("\"slack:U0123\"", "\"@alice\""),
            ("\"slack:U0123\"", "\"slack-group:S0123\""),
            ("\"slack:U0123\"", "\"discord:123\""),
            ("\"slack:U0123\"", "\"person:carol\""),
            ("\"slack:U0123\"", "\"person:bob\""),
            ("approvers", "requesters = []\napprovers"),
            ("approvers", "quorum = 3\napprovers"),
            ("approvers", "quorum = 0\napprovers"),
            ("approvers", "quorum = 2\nself_approval = false\napprovers"),
            ("approvers", "expires = \"3h\"\napprovers"),
            ("approvers", "grace = \"121s\"\napprovers"),
            ("tag:cleanslate=allowed", "web-7"),
            ("allow =", "confirm = [\"env=prod\"]\nallow ="),
            ("[targets]", "[limits]\nmax_disk = \"1TB\"\n[targets]"),
            ("[targets]", "[limits]\nasks_per_minute = 0\n[targets]"),
            ("slack = \"U0456\"", "slack = \"bob\""),
            ("slack = \"U0456\"", ""),
            ("slack = \"U0456\"", "slack = \"U0456\"\n[[people]]\nname = \"robert\"\nslack = \"U0456\""),
        ];
        insta::assert_snapshot!(faults_of(&changes), @r#"
        approval.approvers: `@alice` is not a principal; write ids, never names: "slack:U0123", "discord:123", "discord-role:123" or "person:bob"
        approval.approvers: this build cannot look up `slack-group:S0123`; list the people: "slack:U0123"
        approval.approvers: `discord:123` has no account on a platform that is configured; add [slack] or [discord], or the account in [[people]]
        approval.approvers: nobody is called `person:carol`; add them to [[people]]
        approval.approvers: it names `person:bob` twice; name everything once
        approval.requesters: it is empty; write who may ask, or leave it out: the approvers
        approval.quorum: it asks for 3 approvals, and only 2 can ever come; lower it, or name more people in approvers
        approval.quorum: 0 is out of bounds; write 1 to 100
        approval.quorum: it asks for 2 approvals, and only 1 can ever come (nobody approves their own); lower it, or name more people in approvers
        approval.expires: `3h` is out of bounds; write 1m to 2h
        approval.grace: `121s` is out of bounds; write 0s to 2m
        targets.allow: `web-7` is not a target; a target is `*`, `ins-r8hr2upy` or `tag:key=value`
        targets.confirm: `env=prod` is not a target; a target is `*`, `ins-r8hr2upy` or `tag:key=value`
        limits.max_disk: `1TB` is not a size; write whole gigabytes: "500GB"
        limits.asks_per_minute: 0 is out of bounds; write 1 to 60
        [[people]] slack: `bob` is not an id; write the id, never a name: "U0123"
        [[people]]: `bob` has no account; add slack = "U0123" or discord = "123"
        [[people]]: `bob` and `robert` share a name or an account; write one entry per person
        "#);
    }

    #[test]
    fn two_accounts_of_one_person_are_one_approval() {
        let two = with("person:bob", "slack:U0456").replace("approvers", "quorum = 2\napprovers");
        assert!(Config::parse(&two, Path::new("")).is_ok());
        let one = with("\"slack:U0123\"", "\"slack:U0456\"").replace("approvers", "quorum = 2\napprovers");
        assert!(faults(&one).contains("only 1 can ever come"), "{}", faults(&one));
    }

    #[test]
    fn the_legacy_api_has_an_address_and_signatures_of_its_own() {
        let cloud = |lines: &str| {
            let text = with("regions", &format!("{lines}\nregions"));
            let Cloud { api, endpoint, .. } = Config::parse(&text, Path::new("")).unwrap().cloud;
            (api, endpoint)
        };
        let usual = |host: &str, path: &str| format!("https://{{service}}.{host}{path}");
        assert_eq!(cloud("api = \"v3\""), (Api::V3, usual("tencentcloudapi.com", "")));
        assert_eq!(cloud("api = \"v2\""), (Api::V2Sha256, usual("api.qcloud.com", "/v2/index.php")));
        assert_eq!(cloud("api = \"v2\"\nsignature = \"HmacSHA256\"").0, Api::V2Sha256);
        assert_eq!(cloud("api = \"v2\"\nsignature = \"HmacSHA1\"").0, Api::V2Sha1);
        let regional = "https://{service}.{region}.api.qcloud.com/v2/index.php";
        assert_eq!(cloud(&format!("api = \"v2\"\nendpoint = \"{regional}\"")).1, regional);
    }

    #[test]
    fn loopback_addresses_need_no_tls() {
        for endpoint in [
            "http://127.0.0.1:9000",
            "http://localhost:9000",
            "http://[::1]:9000",
            "https://{service}.{region}.example",
        ] {
            let text = with("regions", &format!("endpoint = \"{endpoint}\"\nregions"));
            assert_eq!(Config::parse(&text, Path::new("")).unwrap().cloud.endpoint, endpoint);
        }
    }
}
