//! The command, from words to meaning. ASCII grammar; an unknown word is an error with a hint, never ignored and
//! never echoed raw. The reason alone may be any text.

mod options;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{BadId, ImageId, InstanceId, KeyId, RequestId};
pub use options::from_options;

/// Longest reason, in characters.
pub const REASON_MAX: usize = 200;

/// What a password would be typed under.
const PASSWORDS: [&str; 4] = ["password", "pass", "pwd", "passwd"];

/// How people log in after the reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// Send back the key pairs that the instance has now.
    Keep,
    Keys(Vec<KeyId>),
    /// Whatever the image has: `KeepImageLogin`.
    Image,
    /// Tencent sends a random password to the account's message centre.
    Random,
    /// A generated password, kept in the secret store.
    Vault,
}

/// One `/reset`, as typed. What was left out is `None`; the plan fills it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub instance: InstanceId,
    pub image: Option<ImageId>,
    pub disk_gb: Option<u32>,
    /// `None`: what `[login] default` says.
    pub login: Option<Login>,
    pub hostname: Option<String>,
    pub security: Option<bool>,
    pub monitor: Option<bool>,
    pub automation: Option<bool>,
    /// The name of a text in the configuration.
    pub userdata: Option<String>,
    pub reason: Option<String>,
}

/// What names an existing request: a prefix of its id, or the instance it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Prefix(String),
    Instance(InstanceId),
}

/// Everything that can be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Reset(Box<Ask>),
    Status(Option<Target>),
    Cancel(Target),
    Close { target: Target, finding: String },
    Explain(InstanceId),
    Help,
}

/// Where in a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Counted from 1.
    Word(usize),
    Option(&'static str),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(number) => write!(f, "word {number}"),
            Self::Option(name) => write!(f, "the option `{name}`"),
        }
    }
}

/// What is wrong with the words, and what to type instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Hint {
    #[error("say which machine: `/reset ins-r8hr2upy img-pmqg1cw7 60GB`")]
    Empty,
    #[error("{0} is not part of the command. Only the reason, after `--`, may be any text")]
    Unknown(At),
    #[error(
        "Discord shows this command as another version has it. An admin registers it anew: `cleanslate register`"
    )]
    Outdated,
    #[error(
        "{0} has a letter that is not plain ASCII; ids never have one. Type it by hand, or copy it from the console"
    )]
    NotAscii(At),
    #[error("{at}: {bad}")]
    Id { at: At, bad: BadId },
    #[error("`{0}` was given twice")]
    Twice(&'static str),
    #[error("`{option}` takes {takes}")]
    Value { option: &'static str, takes: &'static str },
    #[error("the disk size is a whole number of GB, like `60GB`, from 1 to 99999")]
    Size,
    #[error(
        "no password may pass through chat. Change that password now if it is in use, and choose the login `keep`, `image`, `random` or `vault`"
    )]
    Password,
    #[error("key pairs and a login cannot both be given")]
    KeyAndLogin,
    #[error("the reason is longer than {REASON_MAX} characters")]
    LongReason,
    #[error("`{0}` ids belong to another product. This bot resets CVM instances (`ins-…`) only")]
    OtherProduct(&'static str),
    #[error("say which request: its id like `#k3v7q` (at least four characters), or the instance id")]
    NoTarget,
    #[error("say what you found: `/reset close k3v7q -- logged in, the disk is new`")]
    NoFinding,
}

/// Whether `words` begin with what is not a machine: `status`, `help` and their like.
pub fn is_subcommand(words: &str) -> bool {
    let first = words.split_ascii_whitespace().next().unwrap_or_default();
    ["status", "cancel", "close", "explain", "help"].contains(&first)
}

/// The Slack form: one line of words.
///
/// # Errors
/// The first thing that is wrong, with what to type instead.
pub fn parse(text: &str) -> Result<Order, Hint> {
    let (head, reason) = split_reason(text)?;
    let words: Vec<&str> = head.split_ascii_whitespace().collect();
    if let Some(at) = words.iter().position(|word| !word.bytes().all(|b| b.is_ascii_graphic())) {
        return Err(Hint::NotAscii(At::Word(at + 1)));
    }
    let Some((first, rest)) = words.split_first() else {
        return if text.trim().is_empty() { Ok(Order::Help) } else { Err(Hint::Empty) };
    };
    match *first {
        "help" => no_more(rest, Order::Help),
        "status" => match rest {
            [] => Ok(Order::Status(None)),
            [one, more @ ..] => no_more_after(2, more, Order::Status(Some(target(one)?))),
        },
        "cancel" => match rest {
            [] => Err(Hint::NoTarget),
            [one, more @ ..] => no_more_after(2, more, Order::Cancel(target(one)?)),
        },
        "close" => match rest {
            [] => Err(Hint::NoTarget),
            [one, more @ ..] => {
                let finding = reason.ok_or(Hint::NoFinding)?;
                no_more_after(2, more, Order::Close { target: target(one)?, finding })
            }
        },
        "explain" => match rest {
            [] => Err(Hint::Empty),
            [one, more @ ..] => no_more_after(2, more, Order::Explain(instance(At::Word(2), one)?)),
        },
        _ => Draft::default().read(&words)?.finish(reason).map(|ask| Order::Reset(Box::new(ask))),
    }
}

/// `text` up to a word `--`, and what follows it.
fn split_reason(text: &str) -> Result<(&str, Option<String>), Hint> {
    let start = if text.starts_with("-- ") { Some(0) } else { text.find(" -- ").map(|at| at + 1) };
    let Some(at) = start else { return Ok((text.trim_end_matches(" --"), None)) };
    Ok((&text[..at], reason(&text[at + 3..])?))
}

/// Any text, if it says something.
fn reason(text: &str) -> Result<Option<String>, Hint> {
    let text = text.trim();
    if text.chars().count() > REASON_MAX {
        return Err(Hint::LongReason);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn no_more(rest: &[&str], order: Order) -> Result<Order, Hint> {
    no_more_after(1, rest, order)
}

fn no_more_after(read: usize, rest: &[&str], order: Order) -> Result<Order, Hint> {
    if rest.is_empty() { Ok(order) } else { Err(Hint::Unknown(At::Word(read + 1))) }
}

fn target(word: &str) -> Result<Target, Hint> {
    if let Ok(id) = word.parse() {
        return Ok(Target::Instance(id));
    }
    let prefix = word.trim_start_matches('#').to_ascii_lowercase();
    if RequestId::is_prefix(&prefix) { Ok(Target::Prefix(prefix)) } else { Err(Hint::NoTarget) }
}

fn instance(at: At, word: &str) -> Result<InstanceId, Hint> {
    for other in ["lhins-", "ein-", "eks-"] {
        if word.starts_with(other) {
            return Err(Hint::OtherProduct(other));
        }
    }
    word.parse().map_err(|bad| Hint::Id { at, bad })
}

fn image(at: At, word: &str) -> Result<ImageId, Hint> {
    word.parse().map_err(|bad| Hint::Id { at, bad })
}

/// The options read so far. Slack's words and Discord's typed options both end here.
#[derive(Debug, Default)]
struct Draft {
    instance: Option<InstanceId>,
    image: Option<ImageId>,
    disk_gb: Option<u32>,
    login: Option<Login>,
    keys: Option<Vec<KeyId>>,
    hostname: Option<String>,
    security: Option<bool>,
    monitor: Option<bool>,
    automation: Option<bool>,
    userdata: Option<String>,
}

impl Draft {
    fn read(mut self, words: &[&str]) -> Result<Self, Hint> {
        for (index, word) in words.iter().enumerate() {
            self.word(At::Word(index + 1), word)?;
        }
        Ok(self)
    }

    fn word(&mut self, at: At, word: &str) -> Result<(), Hint> {
        match word.split_once('=') {
            Some((name, value)) => self.option(at, name, value),
            None if at == At::Word(1) => set(&mut self.instance, "the instance", instance(at, word)?),
            None if word.starts_with("img-") => set(&mut self.image, "the image", image(at, word)?),
            None if word.starts_with(|c: char| c.is_ascii_digit()) => {
                set(&mut self.disk_gb, "the size", size(word)?)
            }
            None => Err(Hint::Unknown(at)),
        }
    }

    fn option(&mut self, at: At, name: &str, value: &str) -> Result<(), Hint> {
        match name {
            "login" => set(&mut self.login, "login", login(value)?),
            "key" | "keys" => {
                let keys = value.split(',').map(str::parse).collect::<Result<_, _>>();
                set(&mut self.keys, "key", keys.map_err(|bad| Hint::Id { at, bad })?)
            }
            "hostname" => set(&mut self.hostname, "hostname", host_name(value)?),
            "security" => set(&mut self.security, "security", switch("security", value)?),
            "monitor" => set(&mut self.monitor, "monitor", switch("monitor", value)?),
            "automation" => set(&mut self.automation, "automation", switch("automation", value)?),
            "userdata" => set(&mut self.userdata, "userdata", text_name(value)?),
            _ if PASSWORDS.contains(&name) => Err(Hint::Password),
            _ => Err(Hint::Unknown(at)),
        }
    }

    fn finish(self, reason: Option<String>) -> Result<Ask, Hint> {
        let login = match (self.login, self.keys) {
            (Some(_), Some(_)) => return Err(Hint::KeyAndLogin),
            (Some(login), None) => Some(login),
            (None, keys) => keys.map(Login::Keys),
        };
        Ok(Ask {
            instance: self.instance.ok_or(Hint::Empty)?,
            image: self.image,
            disk_gb: self.disk_gb,
            login,
            hostname: self.hostname,
            security: self.security,
            monitor: self.monitor,
            automation: self.automation,
            userdata: self.userdata,
            reason,
        })
    }
}

fn set<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), Hint> {
    if slot.replace(value).is_some() { Err(Hint::Twice(name)) } else { Ok(()) }
}

/// `60GB`, `60gb`, `60G` and `60` all mean 60.
fn size(word: &str) -> Result<u32, Hint> {
    let lower = word.to_ascii_lowercase();
    let digits = lower.strip_suffix("gb").or_else(|| lower.strip_suffix('g')).unwrap_or(&lower);
    let plain = (1..=5).contains(&digits.len()) && !digits.starts_with('0');
    match digits.parse() {
        Ok(size) if plain && digits.bytes().all(|b| b.is_ascii_digit()) => Ok(size),
        Ok(_) | Err(_) => Err(Hint::Size),
    }
}

fn login(value: &str) -> Result<Login, Hint> {
    match value {
        "keep" => Ok(Login::Keep),
        "image" => Ok(Login::Image),
        "random" => Ok(Login::Random),
        "vault" => Ok(Login::Vault),
        _ => Err(Hint::Value { option: "login", takes: "`keep`, `image`, `random` or `vault`" }),
    }
}

fn switch(option: &'static str, value: &str) -> Result<bool, Hint> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Hint::Value { option, takes: "`on` or `off`" }),
    }
}

/// The letters of a host name; which of them may stand where depends on the system and is checked with the plan.
fn host_name(value: &str) -> Result<String, Hint> {
    let good = (2..=60).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if good {
        Ok(value.to_owned())
    } else {
        Err(Hint::Value { option: "hostname", takes: "2 to 60 letters, digits, `-` and `.`" })
    }
}

fn text_name(value: &str) -> Result<String, Hint> {
    let good = (1..=40).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if good {
        Ok(value.to_owned())
    } else {
        Err(Hint::Value { option: "userdata", takes: "the name of a text in the configuration" })
    }
}

impl Ask {
    /// The shortest command that asks the same again, without the reason.
    pub fn canonical(&self) -> String {
        let word = |(name, value): (&str, String)| match name {
            "instance" | "image" | "disk" => value,
            "keys" => format!("key={value}"),
            name => format!("{name}={value}"),
        };
        self.options().into_iter().map(word).collect::<Vec<_>>().join(" ")
    }

    /// The same as named options, in the order in which they are typed.
    pub fn options(&self) -> Vec<(&'static str, String)> {
        let (login, keys) = match &self.login {
            None => (None, None),
            Some(Login::Keep) => (Some("keep"), None),
            Some(Login::Keys(keys)) => {
                (None, Some(keys.iter().map(KeyId::as_str).collect::<Vec<_>>().join(",")))
            }
            Some(Login::Image) => (Some("image"), None),
            Some(Login::Random) => (Some("random"), None),
            Some(Login::Vault) => (Some("vault"), None),
        };
        let switch = |on: Option<bool>| on.map(|on| if on { "on" } else { "off" }.to_owned());
        let all = [
            ("instance", Some(self.instance.to_string())),
            ("image", self.image.as_ref().map(ToString::to_string)),
            ("disk", self.disk_gb.map(|gb| format!("{gb}GB"))),
            ("login", login.map(str::to_owned)),
            ("keys", keys),
            ("hostname", self.hostname.clone()),
            ("security", switch(self.security)),
            ("monitor", switch(self.monitor)),
            ("automation", switch(self.automation)),
            ("userdata", self.userdata.clone()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str) -> Ask {
        match parse(text) {
            Ok(Order::Reset(ask)) => *ask,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn hint(text: &str) -> String {
        parse(text).expect_err(text).to_string()
    }

    #[test]
    fn the_documented_example_parses() {
        let ask = ask("ins-r8hr2upy img-pmqg1cw7 60GB -- disk corrupt, INC-481 \u{2014} sorry");
        assert_eq!(ask.canonical(), "ins-r8hr2upy img-pmqg1cw7 60GB");
        assert_eq!(ask.reason.as_deref(), Some("disk corrupt, INC-481 \u{2014} sorry"));
    }

    #[test]
    fn every_option_parses_and_is_said_back_the_same() {
        let text = "ins-r8hr2upy img-pmqg1cw7 60GB key=skey-8xk2p1qa,skey-aaaaaaaa hostname=web-7 security=off \
                    monitor=on automation=off userdata=base";
        assert_eq!(ask(text).canonical(), text);
        assert_eq!(ask(&ask(text).canonical()), ask(text));
    }

    #[test]
    fn sizes_are_whole_gigabytes() {
        for word in ["60GB", "60gb", "60G", "60", "60Gb"] {
            assert_eq!(ask(&format!("ins-r8hr2upy {word}")).disk_gb, Some(60), "{word}");
        }
        for word in ["060", "0GB", "6.5GB", "100000", "60TB", "60GBGB", "6\u{0665}"] {
            assert!(parse(&format!("ins-r8hr2upy {word}")).is_err(), "{word}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_type_and_never_echoed() {
        insta::assert_snapshot!(
            [
                "img-pmqg1cw7",
                "ins-r8hr2upy <!channel>",
                "ins-r8hr2up\u{0443}",
                "ins-r8hr2upy password=hunter2hunter2",
                "ins-r8hr2upy login=root",
                "ins-r8hr2upy login=keep key=skey-8xk2p1qa",
                "ins-r8hr2upy 60GB 70GB",
                "ins-r8hr2upy ins-r8hr2upz",
                "ins-r8hr2upy security=yes",
                "lhins-12345678",
                "cancel",
                "cancel web-7",
                "close k3v7q",
                "help me",
            ]
            .map(hint)
            .join("\n"),
            @"
        word 1: that is not an instance id: it looks like `ins-r8hr2upy`
        word 2 is not part of the command. Only the reason, after `--`, may be any text
        word 1 has a letter that is not plain ASCII; ids never have one. Type it by hand, or copy it from the console
        no password may pass through chat. Change that password now if it is in use, and choose the login `keep`, `image`, `random` or `vault`
        `login` takes `keep`, `image`, `random` or `vault`
        key pairs and a login cannot both be given
        `the size` was given twice
        word 2 is not part of the command. Only the reason, after `--`, may be any text
        `security` takes `on` or `off`
        `lhins-` ids belong to another product. This bot resets CVM instances (`ins-…`) only
        say which request: its id like `#k3v7q` (at least four characters), or the instance id
        say which request: its id like `#k3v7q` (at least four characters), or the instance id
        say what you found: `/reset close k3v7q -- logged in, the disk is new`
        word 2 is not part of the command. Only the reason, after `--`, may be any text
        "
        );
    }

    #[test]
    fn requests_are_named_by_prefix_or_instance() {
        assert_eq!(parse("cancel #K3v2q"), Ok(Order::Cancel(Target::Prefix("k3v2q".to_owned()))));
        assert!(matches!(parse("status ins-r8hr2upy"), Ok(Order::Status(Some(Target::Instance(_))))));
        assert_eq!(parse(""), Ok(Order::Help));
    }

    proptest::proptest! {
        #[test]
        fn what_is_accepted_is_ascii_and_round_trips(text in "(ins-[a-z0-9]{8}|\\PC{0,12})( (img-[a-z0-9]{8}|[0-9]{1,6}G?B?|login=[a-z]{4,6}|\\PC{0,10})){0,3}") {
            if let Ok(Order::Reset(ask)) = parse(&text) {
                proptest::prop_assert!(ask.canonical().is_ascii());
                let again = parse(&ask.canonical());
                proptest::prop_assert_eq!(again, Ok(Order::Reset(Box::new(Ask { reason: None, ..*ask }))));
            }
        }
    }
}
