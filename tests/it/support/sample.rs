//! A small team, its machine and its rules.

use std::collections::BTreeSet;

use cleanslate::audit::Origin;
use cleanslate::domain::ask::{self, Ask, Order};
use cleanslate::domain::id::{Actor, Place, Platform, Principal, RequestId};
use cleanslate::domain::plan::{Family, Image, Machine, Operation, Price, Progress, Source, SystemDisk};
use cleanslate::domain::policy::{Caller, Home, Limits, Policy, TargetRule, hash};
use cleanslate::domain::request::Request;
use jiff::{SignedDuration, Timestamp};

pub(crate) const INSTANCE: &str = "ins-r8hr2upy";
const ORG: &str = "T01";
const APP: &str = "A01";
const CHANNEL: &str = "C01";

pub(crate) fn start() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

pub(crate) fn origin() -> Origin {
    Origin { log: "example/test".to_owned(), build: "0.1.0".to_owned() }
}

pub(crate) fn id(delivery: &str) -> RequestId {
    RequestId::derive(Platform::Slack, ORG, delivery)
}

pub(crate) fn caller(user: &str) -> Caller {
    let org = ORG.to_owned();
    let place = Place { platform: Platform::Slack, org: org.clone(), channel: CHANNEL.to_owned() };
    let name = user.to_ascii_lowercase();
    let actor = Actor { platform: Platform::Slack, org, user: user.to_owned(), name };
    Caller {
        actor,
        app: APP.to_owned(),
        place,
        direct: false,
        bot: false,
        borrowed: false,
        proven: Vec::new(),
    }
}

/// The same person on either platform; on Discord with what makes an approver there.
pub(crate) fn caller_on(platform: Platform, user: &str) -> Caller {
    let mut caller = caller(user);
    if platform == Platform::Discord {
        caller.actor.platform = platform;
        caller.place.platform = platform;
        caller.proven.extend((user == "UBOB").then(role));
    }
    caller
}

fn role() -> Principal {
    Principal::DiscordRole("4".to_owned())
}

pub(crate) fn policy_on(platform: Platform) -> Policy {
    let mut policy = policy();
    if platform == Platform::Discord {
        policy.homes[0].platform = platform;
        policy.approvers = BTreeSet::from([role()]);
        policy.requesters = BTreeSet::from([Principal::Discord("UALICE".to_owned())]);
    }
    policy
}

pub(crate) fn policy() -> Policy {
    let text = "approvers = [ \"slack:UBOB\" ]".to_owned();
    let home = Home {
        platform: Platform::Slack,
        app: APP.to_owned(),
        orgs: vec![ORG.to_owned()],
        channels: vec![CHANNEL.to_owned()],
    };
    Policy {
        hash: hash(&text),
        text,
        homes: vec![home],
        approvers: BTreeSet::from([Principal::Slack("UBOB".to_owned())]),
        requesters: BTreeSet::from([Principal::Slack("UALICE".to_owned())]),
        quorum: 1,
        self_approval: false,
        expires: SignedDuration::from_mins(30),
        grace: SignedDuration::from_secs(15),
        allow: vec![TargetRule::Tag("env".to_owned(), "lab".to_owned())],
        confirm: vec![TargetRule::Tag("tier".to_owned(), "prod".to_owned())],
        limits: Limits { open_per_channel: 50, asks_per_minute: 50, max_disk_gb: 500 },
        people: Vec::new(),
    }
}

pub(crate) fn ask(instance: &str) -> Ask {
    match ask::parse(instance) {
        Ok(Order::Reset(ask)) => *ask,
        other => panic!("{other:?}"),
    }
}

/// A request of Alice's, just made.
pub(crate) fn request(delivery: &str, instance: &str, at: Timestamp) -> Request {
    Request::open(id(delivery), caller("UALICE"), ask(instance), &policy(), at).unwrap()
}

pub(crate) fn machine(instance: &str) -> Machine {
    let restart = Operation {
        name: "RebootInstances".to_owned(),
        progress: Progress::Success,
        request_id: "before".to_owned(),
        error: None,
    };
    Machine {
        id: instance.parse().unwrap(),
        name: "web-7".to_owned(),
        uuid: "uuid-7".to_owned(),
        private_ips: vec!["10.0.0.7".to_owned()],
        public_ips: Vec::new(),
        region: "ap-guangzhou".to_owned(),
        zone: "ap-guangzhou-3".to_owned(),
        state: "RUNNING".to_owned(),
        restrict: "NORMAL".to_owned(),
        stop_charging: "NOT_APPLICABLE".to_owned(),
        os_name: "Ubuntu 22.04".to_owned(),
        image: Some("img-pmqg1cw7".parse().unwrap()),
        disk: SystemDisk { id: "disk-1".to_owned(), kind: "CLOUD_PREMIUM".to_owned(), size_gb: 50 },
        data_disks: 0,
        keys: vec!["skey-8xk2p1qa".parse().unwrap()],
        tags: vec![("env".to_owned(), "lab".to_owned())],
        last: Some(restart),
    }
}

pub(crate) fn image(id: &str) -> Image {
    Image {
        id: id.parse().unwrap(),
        os_name: "Ubuntu 22.04".to_owned(),
        family: Family::Linux,
        source: Source::Public,
        state: "NORMAL".to_owned(),
        architecture: "x86_64".to_owned(),
        size_gb: 20,
        cloud_init: Some(true),
    }
}

/// By the hour.
pub(crate) fn price(rate: &str) -> Price {
    Price { rate: rate.parse().ok(), unit: "HOUR".to_owned(), once: None }
}
