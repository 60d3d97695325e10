//! Who may, on what, where. One `authorise` for every kind of event, on ids only.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::id::{Actor, InstanceId, Place, Platform, Principal};
use super::plan::Machine;

/// One account at one place, as the platform's signature vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub actor: Actor,
    /// The app that was called: Slack's `api_app_id`, Discord's `application_id`.
    pub app: String,
    pub place: Place,
    /// A direct message, where nobody else would see the card.
    pub direct: bool,
    pub bot: bool,
    /// The app came along with the account and is not a member of the place: Discord's user install.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub borrowed: bool,
    /// Groups and roles that were proven for this account at this event.
    pub proven: Vec<Principal>,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub enum Act<'a> {
    Ask,
    Approve(Ballot<'a>),
    /// Cancel or stop: anyone in the channel may, because stopping must be easier than starting.
    Cancel,
    Close,
    /// `status`, `explain`, `help`.
    Look,
}

/// What an approval is measured against.
#[derive(Debug, Clone, Copy)]
pub struct Ballot<'a> {
    pub requester: &'a Actor,
    pub machine: &'a Machine,
    pub typed: Option<&'a str>,
}

/// Why not. Each is a reason of its own in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    WrongApp,
    WrongTeam,
    /// The app was brought along by an account; it has to be installed for the place.
    Borrowed,
    /// The account belongs to another team: a guest of a shared channel.
    Guest,
    Bot,
    DirectMessage,
    WrongChannel,
    /// The request belongs to another channel than the one the event came from.
    OtherChannel,
    /// The message that was clicked is not the request's card.
    OtherMessage,
    NotARequester,
    NotAnApprover,
    OwnRequest,
    /// The machine's name was missing or wrong where it must be typed.
    WrongName,
    TooManyOpen,
    TooFast,
    /// The policy or a membership could not be looked up, which counts as no.
    LookupFailed,
}

/// Accounts that are one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    pub slack: Option<String>,
    pub discord: Option<String>,
}

/// One entry of `[targets]`: `"*"`, an instance id, or `tag:key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetRule {
    Any,
    Instance(InstanceId),
    Tag(String, String),
}

impl FromStr for TargetRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some((key, value)) = text.strip_prefix("tag:").and_then(|tag| tag.split_once('='))
            && !key.is_empty()
        {
            return Ok(Self::Tag(key.to_owned(), value.to_owned()));
        }
        text.parse()
            .map(Self::Instance)
            .map_err(|_| "a target is `*`, `ins-r8hr2upy` or `tag:key=value`".to_owned())
    }
}

impl TargetRule {
    fn covers(&self, machine: &Machine) -> bool {
        match self {
            Self::Any => true,
            Self::Instance(id) => *id == machine.id,
            Self::Tag(key, value) => machine.has_tag(key, value),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open requests per channel.
    pub open_per_channel: usize,
    /// Requests per person and minute.
    pub asks_per_minute: u32,
    pub max_disk_gb: u32,
}

/// What one platform's events must carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub platform: Platform,
    pub app: String,
    pub orgs: Vec<String>,
    pub channels: Vec<String>,
}

/// The configuration's rules, checked and parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// SHA-256 of `text`, in hex: every audit entry names it.
    pub hash: String,
    /// The rules as configured, without anything secret.
    pub text: String,
    pub homes: Vec<Home>,
    pub approvers: BTreeSet<Principal>,
    pub requesters: BTreeSet<Principal>,
    pub quorum: usize,
    pub self_approval: bool,
    /// From the posting of the card.
    pub expires: SignedDuration,
    /// Between the approval and the claim.
    pub grace: SignedDuration,
    pub allow: Vec<TargetRule>,
    pub confirm: Vec<TargetRule>,
    pub limits: Limits,
    pub people: Vec<Person>,
}

impl Policy {
    /// Whether `caller` may do `act`.
    ///
    /// # Errors
    /// The first rule that says no.
    pub fn authorise(&self, caller: &Caller, act: Act<'_>) -> Result<(), Denial> {
        self.at_home(caller)?;
        match act {
            Act::Cancel => Ok(()),
            Act::Ask => self.listed(caller, &self.requesters).then_some(()).ok_or(Denial::NotARequester),
            Act::Close => self.listed(caller, &self.approvers).then_some(()).ok_or(Denial::NotAnApprover),
            Act::Look => [&self.requesters, &self.approvers]
                .into_iter()
                .any(|list| self.listed(caller, list))
                .then_some(())
                .ok_or(Denial::NotARequester),
            Act::Approve(ballot) => self.may_approve(caller, ballot),
        }
    }

    /// The right app, team and channel, and a person.
    fn at_home(&self, caller: &Caller) -> Result<(), Denial> {
        let place = &caller.place;
        let Some(home) =
            self.homes.iter().find(|home| home.platform == place.platform && home.app == caller.app)
        else {
            return Err(Denial::WrongApp);
        };
        // First, because a direct message on Discord belongs to no guild at all.
        if caller.direct {
            return Err(Denial::DirectMessage);
        }
        if !home.orgs.contains(&place.org) {
            return Err(Denial::WrongTeam);
        }
        if !home.orgs.contains(&caller.actor.org) || caller.actor.platform != place.platform {
            return Err(Denial::Guest);
        }
        if caller.borrowed {
            return Err(Denial::Borrowed);
        }
        if caller.bot {
            return Err(Denial::Bot);
        }
        if home.channels.contains(&place.channel) { Ok(()) } else { Err(Denial::WrongChannel) }
    }

    fn may_approve(&self, caller: &Caller, ballot: Ballot<'_>) -> Result<(), Denial> {
        if !self.listed(caller, &self.approvers) {
            return Err(Denial::NotAnApprover);
        }
        let own = self.person(&caller.actor) == self.person(ballot.requester);
        if own && !self.self_approval {
            return Err(Denial::OwnRequest);
        }
        // A name that was typed must be right, also where none had to be.
        let must = own || self.confirms(ballot.machine) || ballot.typed.is_some();
        if must && !ballot.machine.is_named_by(ballot.typed) {
            return Err(Denial::WrongName);
        }
        Ok(())
    }

    /// Everything that the account is known as.
    fn listed(&self, caller: &Caller, list: &BTreeSet<Principal>) -> bool {
        list.contains(&caller.actor.principal())
            || caller.proven.iter().any(|principal| list.contains(principal))
            || self.joined(&caller.actor).is_some_and(|p| list.contains(&Principal::Person(p.name.clone())))
    }

    fn joined(&self, actor: &Actor) -> Option<&Person> {
        self.people.iter().find(|person| {
            let account = match actor.platform {
                Platform::Slack => &person.slack,
                Platform::Discord => &person.discord,
            };
            account.as_deref() == Some(actor.user.as_str())
        })
    }

    /// Who the account is, for counting: people are counted, not accounts.
    pub fn person(&self, actor: &Actor) -> Principal {
        self.joined(actor).map_or_else(|| actor.principal(), |person| Principal::Person(person.name.clone()))
    }

    /// Whether the instance may be reset at all.
    pub fn targets(&self, machine: &Machine) -> bool {
        self.allow.iter().any(|rule| rule.covers(machine))
    }

    /// Whether everybody must type the machine's name, not the requester alone.
    pub fn confirms(&self, machine: &Machine) -> bool {
        self.confirm.iter().any(|rule| rule.covers(machine))
    }

    /// Whether the requester could approve alone, by typing the name.
    pub fn lets_self_approve(&self, requester: &Caller) -> bool {
        self.self_approval && self.listed(requester, &self.approvers)
    }

    /// The machine's tags that a rule names.
    pub fn bound_tags(&self, machine: &Machine) -> Vec<(String, String)> {
        let named: BTreeSet<&str> = self
            .allow
            .iter()
            .chain(&self.confirm)
            .filter_map(|rule| match rule {
                TargetRule::Tag(key, _) => Some(key.as_str()),
                TargetRule::Any | TargetRule::Instance(_) => None,
            })
            .collect();
        machine.tags.iter().filter(|(key, _)| named.contains(key.as_str())).cloned().collect()
    }
}

/// SHA-256 of a policy's text, in hex.
pub fn hash(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// Gives today's policy, at most so old. An error counts as no.
pub type Policies =
    Arc<dyn Fn(SignedDuration) -> BoxFuture<'static, anyhow::Result<Arc<Policy>>> + Send + Sync>;
