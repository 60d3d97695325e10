//! The policy's text: what the log keeps of it, and what its hash is made from.

use serde::Serialize;

use super::rules::Rules;
use crate::domain::id::Principal;
use crate::domain::policy::{self, Home, Person, Policy, TargetRule};

/// The rules as the log keeps them: all of them, defaults too, in one order.
#[derive(Serialize)]
struct Text {
    approval: ApprovalText,
    targets: TargetsText,
    limits: LimitsText,
    home: Vec<HomeText>,
    people: Vec<Person>,
}

#[derive(Serialize)]
struct ApprovalText {
    approvers: Vec<Principal>,
    requesters: Vec<Principal>,
    quorum: u32,
    self_approval: bool,
    expires: String,
    grace: String,
}

#[derive(Serialize)]
struct TargetsText {
    allow: Vec<String>,
    confirm: Vec<String>,
}

#[derive(Serialize)]
struct LimitsText {
    open_per_channel: usize,
    asks_per_minute: u32,
    max_disk: String,
}

#[derive(Serialize)]
struct HomeText {
    platform: &'static str,
    app: String,
    teams: Vec<String>,
    channels: Vec<String>,
}

impl Rules {
    /// The policy for these homes, with its text and the text's hash.
    pub(super) fn policy(self, homes: Vec<Home>) -> Policy {
        let text = toml::to_string(&self.text(&homes)).expect("the rules are strings, numbers and lists");
        let Self { approval, targets, limits, people } = self;
        Policy {
            hash: policy::hash(&text),
            text,
            homes,
            approvers: approval.approvers,
            requesters: approval.requesters,
            quorum: approval.quorum as usize,
            self_approval: approval.self_approval,
            expires: approval.expires,
            grace: approval.grace,
            allow: targets.allow,
            confirm: targets.confirm,
            limits,
            people,
        }
    }

    fn text(&self, homes: &[Home]) -> Text {
        let Self { approval, targets, limits, people } = self;
        let mut people = people.clone();
        people.sort_by(|a, b| a.name.cmp(&b.name));
        let home = |home: &Home| HomeText {
            platform: home.platform.as_str(),
            app: home.app.clone(),
            teams: sorted(home.orgs.clone()),
            channels: sorted(home.channels.clone()),
        };
        Text {
            approval: ApprovalText {
                approvers: approval.approvers.iter().cloned().collect(),
                requesters: approval.requesters.iter().cloned().collect(),
                quorum: approval.quorum,
                self_approval: approval.self_approval,
                expires: format!("{:#}", approval.expires),
                grace: format!("{:#}", approval.grace),
            },
            targets: TargetsText {
                allow: sorted(targets.allow.iter().map(rule_text).collect()),
                confirm: sorted(targets.confirm.iter().map(rule_text).collect()),
            },
            limits: LimitsText {
                open_per_channel: limits.open_per_channel,
                asks_per_minute: limits.asks_per_minute,
                max_disk: format!("{}GB", limits.max_disk_gb),
            },
            home: homes.iter().map(home).collect(),
            people,
        }
    }
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

fn rule_text(rule: &TargetRule) -> String {
    match rule {
        TargetRule::Any => "*".to_owned(),
        TargetRule::Instance(id) => id.to_string(),
        TargetRule::Tag(key, value) => format!("tag:{key}={value}"),
    }
}
