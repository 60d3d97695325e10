//! Who may, on what: the sections that make the policy.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::Wrong;
use super::raw::{RawApproval, RawLimits, RawPerson, RawTargets};
use super::values::{duration, gigabytes, list, number, required, slack_id, snowflake};
use crate::domain::id::Principal;
use crate::domain::policy::{Limits, Person, TargetRule};

/// Which platforms are configured: an account elsewhere can press no button.
#[derive(Clone, Copy)]
pub(super) struct Served {
    pub(super) slack: bool,
    pub(super) discord: bool,
}

/// The sections of the policy, unchecked.
pub(super) struct RawRules {
    pub(super) approval: RawApproval,
    pub(super) targets: RawTargets,
    pub(super) limits: RawLimits,
    pub(super) people: Vec<RawPerson>,
}

/// The same, checked.
pub(super) struct Rules {
    pub(super) approval: Approval,
    pub(super) targets: Targets,
    pub(super) limits: Limits,
    pub(super) people: Vec<Person>,
}

#[expect(clippy::struct_field_names, reason = "named as in the file")]
pub(super) struct Approval {
    pub(super) approvers: BTreeSet<Principal>,
    pub(super) requesters: BTreeSet<Principal>,
    pub(super) quorum: u32,
    pub(super) self_approval: bool,
    pub(super) expires: SignedDuration,
    pub(super) grace: SignedDuration,
}

pub(super) struct Targets {
    pub(super) allow: Vec<TargetRule>,
    pub(super) confirm: Vec<TargetRule>,
}

impl RawRules {
    /// The rules, and what is wrong with them.
    pub(super) fn check(self, served: Served) -> (Option<Rules>, Vec<Wrong>) {
        let Self { approval, targets, limits, people } = self;
        let people = check_people(people);
        let approval = people.as_ref().ok().map(|people| approval.check(people, served)).transpose();
        match (people, approval, targets.check(), limits.check()) {
            (Ok(people), Ok(Some(approval)), Ok(targets), Ok(limits)) => {
                (Some(Rules { approval, targets, limits, people }), Vec::new())
            }
            (people, approval, targets, limits) => {
                let wrong = [people.err(), approval.err(), targets.err(), limits.err()];
                (None, wrong.into_iter().flatten().collect())
            }
        }
    }
}

fn check_people(raw: Vec<RawPerson>) -> Result<Vec<Person>, Wrong> {
    let mut people: Vec<Person> = Vec::new();
    for RawPerson { name, slack, discord } in raw {
        let name = required("[[people]] name", name, "write a short name: \"bob\"")?;
        if format!("person:{name}").parse::<Principal>().is_err() {
            let wrong = format!("`{name}` is not a name");
            return Err(Wrong::new("[[people]] name", wrong, "use letters, digits, `-`, `_` and `.`"));
        }
        if let Some(id) = &slack {
            slack_id("[[people]] slack", id, &['U', 'W'], "U0123")?;
        }
        if let Some(id) = &discord {
            snowflake("[[people]] discord", id)?;
        }
        if slack.is_none() && discord.is_none() {
            let wrong = format!("`{name}` has no account");
            return Err(Wrong::new("[[people]]", wrong, "add slack = \"U0123\" or discord = \"123\""));
        }
        let person = Person { name, slack, discord };
        if let Some(other) = people.iter().find(|other| overlap(other, &person)) {
            let wrong = format!("`{}` and `{}` share a name or an account", other.name, person.name);
            return Err(Wrong::new("[[people]]", wrong, "write one entry per person"));
        }
        people.push(person);
    }
    Ok(people)
}

fn overlap(a: &Person, b: &Person) -> bool {
    let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    a.name == b.name || same(&a.slack, &b.slack) || same(&a.discord, &b.discord)
}

impl RawApproval {
    fn check(self, people: &[Person], served: Served) -> Result<Approval, Wrong> {
        let Self { approvers, requesters, quorum, self_approval, expires, grace } = self;
        let write = "write who may approve: [\"slack:U0123\"]";
        let check = |key: &str, list: Vec<String>| -> Result<BTreeSet<Principal>, Wrong> {
            list.into_iter().map(|text| principal(key, &text, people, served)).collect()
        };
        let approvers = check("approval.approvers", list("approval.approvers", approvers, write)?)?;
        let requesters = match requesters {
            Some(_) => {
                let write = "write who may ask, or leave it out: the approvers";
                check("approval.requesters", list("approval.requesters", requesters, write)?)?
            }
            None => approvers.clone(),
        };
        let quorum = number("approval.quorum", quorum, 1, 1..=100)?;
        let self_approval = self_approval.unwrap_or(true);
        let [second, minute] = [SignedDuration::from_secs(1), SignedDuration::from_mins(1)];
        let expires = duration("approval.expires", expires.as_deref(), minute * 30, minute..=minute * 120)?;
        let grace =
            duration("approval.grace", grace.as_deref(), second * 10, SignedDuration::ZERO..=minute * 2)?;
        let approval = Approval { approvers, requesters, quorum, self_approval, expires, grace };
        approval.reachable(people)?;
        Ok(approval)
    }
}

/// An account that can press a button here, a role, or somebody who has such an account.
fn principal(key: &str, text: &str, people: &[Person], served: Served) -> Result<Principal, Wrong> {
    let principal: Principal = text.parse().map_err(|_| {
        let write = "write ids, never names: \"slack:U0123\", \"discord:123\", \"discord-role:123\" or \"person:bob\"";
        Wrong::new(key, format!("`{text}` is not a principal"), write)
    })?;
    let here = match &principal {
        Principal::Slack(_) => served.slack,
        Principal::Discord(_) | Principal::DiscordRole(_) => served.discord,
        Principal::Person(name) => {
            let person = people.iter().find(|person| person.name == *name).ok_or_else(|| {
                Wrong::new(key, format!("nobody is called `{text}`"), "add them to [[people]]")
            })?;
            served.slack && person.slack.is_some() || served.discord && person.discord.is_some()
        }
        Principal::SlackGroup(_) => {
            let wrong = format!("this build cannot look up `{text}`");
            return Err(Wrong::new(key, wrong, "list the people: \"slack:U0123\""));
        }
    };
    if here {
        return Ok(principal);
    }
    let wrong = format!("`{text}` has no account on a platform that is configured");
    Err(Wrong::new(key, wrong, "add [slack] or [discord], or the account in [[people]]"))
}

impl Approval {
    /// Whether there is anybody whose request could ever be approved.
    fn reachable(&self, people: &[Person]) -> Result<(), Wrong> {
        let persons = |list: &BTreeSet<Principal>| -> BTreeSet<Principal> {
            list.iter().map(|principal| person(principal, people)).collect()
        };
        let (approvers, requesters) = (persons(&self.approvers), persons(&self.requesters));
        let all_approve = requesters.is_subset(&approvers);
        let can = approvers.len() - usize::from(all_approve && !self.self_approval);
        // Nobody knows how many people hold a role.
        let open = approvers.iter().any(|principal| matches!(principal, Principal::DiscordRole(_)));
        if open || self.quorum as usize <= can {
            return Ok(());
        }
        let own = if all_approve && !self.self_approval { " (nobody approves their own)" } else { "" };
        let wrong = format!("it asks for {} approvals, and only {can} can ever come{own}", self.quorum);
        Err(Wrong::new("approval.quorum", wrong, "lower it, or name more people in approvers"))
    }
}

/// Who a principal is, for counting.
fn person(principal: &Principal, people: &[Person]) -> Principal {
    let joined = people.iter().find(|person| match principal {
        Principal::Slack(id) => person.slack.as_ref() == Some(id),
        Principal::Discord(id) => person.discord.as_ref() == Some(id),
        Principal::SlackGroup(_) | Principal::DiscordRole(_) | Principal::Person(_) => false,
    });
    joined.map_or_else(|| principal.clone(), |person| Principal::Person(person.name.clone()))
}

impl RawTargets {
    fn check(self) -> Result<Targets, Wrong> {
        let Self { allow, confirm } = self;
        let write = "write what may be wiped: [\"tag:cleanslate=allowed\"]";
        let allow = rules("targets.allow", list("targets.allow", allow, write)?)?;
        let confirm = rules("targets.confirm", confirm.unwrap_or_default())?;
        Ok(Targets { allow, confirm })
    }
}

fn rules(key: &str, list: Vec<String>) -> Result<Vec<TargetRule>, Wrong> {
    list.into_iter()
        .map(|text| {
            text.parse().map_err(|what: String| Wrong::new(key, format!("`{text}` is not a target"), what))
        })
        .collect()
}

impl RawLimits {
    fn check(self) -> Result<Limits, Wrong> {
        let Self { open_per_channel, asks_per_minute, max_disk } = self;
        let open = number("limits.open_per_channel", open_per_channel, 10, 1..=100)?;
        let asks_per_minute = number("limits.asks_per_minute", asks_per_minute, 5, 1..=60)?;
        let max_disk_gb = gigabytes("limits.max_disk", max_disk.as_deref().unwrap_or("500GB"))?;
        Ok(Limits { open_per_channel: open as usize, asks_per_minute, max_disk_gb })
    }
}
