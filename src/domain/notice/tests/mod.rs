//! Every text, and that none of them is false. Requests here are driven by facts, as real ones are.

mod answers;
mod channel;
mod limits;
mod logins;
mod losses;
mod truth;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::ask::{Order, parse};
use crate::domain::id::{Platform, RequestId};
use crate::domain::plan::{
    Drift, Family, Findings, Image, Known, Machine, Operation, Plan, PlanRefusal, Price, Progress, Source,
    SystemDisk,
};
use crate::domain::policy::{Caller, Denial, Home, Limits, Policy, TargetRule};
use crate::domain::request::{
    Check, Claim, Event, Fact, Failure, IllegalFact, Lapse, Objection, Refusal, Request, Riddle, Speech,
    Terms, Vote, Wire,
};

const RESET: &str = "ins-r8hr2upy img-pmqg1cw7 60GB -- disk corrupt, INC-481";

/// Seconds after the command.
fn at(seconds: i64) -> Timestamp {
    "2026-11-24T03:12:04Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn actor_named(name: &str) -> Actor {
    let user = format!("U0{}", name.to_ascii_uppercase());
    Actor { platform: Platform::Slack, org: "T0123".to_owned(), user, name: name.to_owned() }
}

fn caller(name: &str) -> Caller {
    Caller {
        actor: actor_named(name),
        app: "A0123".to_owned(),
        place: Place { platform: Platform::Slack, org: "T0123".to_owned(), channel: "C0123".to_owned() },
        direct: false,
        bot: false,
        borrowed: false,
        proven: Vec::new(),
    }
}

fn machine() -> Machine {
    Machine {
        id: "ins-r8hr2upy".parse().unwrap(),
        name: "web-7".to_owned(),
        uuid: "e85f1388-0422-410d-8e50-bef540e78c18".to_owned(),
        private_ips: vec!["10.0.0.7".to_owned()],
        public_ips: vec!["43.139.10.7".to_owned()],
        region: "ap-guangzhou".to_owned(),
        zone: "ap-guangzhou-3".to_owned(),
        state: "RUNNING".to_owned(),
        restrict: "NORMAL".to_owned(),
        stop_charging: "NOT_APPLICABLE".to_owned(),
        os_name: "Ubuntu 22.04".to_owned(),
        image: Some("img-487zeit5".parse().unwrap()),
        disk: SystemDisk { id: "disk-1drr53sd".to_owned(), kind: "CLOUD_PREMIUM".to_owned(), size_gb: 50 },
        data_disks: 2,
        keys: vec!["skey-8xk2p1qa".parse().unwrap()],
        tags: vec![
            ("cleanslate".to_owned(), "allowed".to_owned()),
            ("team".to_owned(), "payments".to_owned()),
        ],
        last: Some(operation("StopInstances", "rid-before")),
    }
}

fn operation(name: &str, request_id: &str) -> Operation {
    Operation {
        name: name.to_owned(),
        progress: Progress::Success,
        request_id: request_id.to_owned(),
        error: None,
    }
}

fn image(id: &str, os_name: &str, family: Family) -> Image {
    Image {
        id: id.parse().unwrap(),
        os_name: os_name.to_owned(),
        family,
        source: Source::Public,
        state: "NORMAL".to_owned(),
        architecture: "x86_64".to_owned(),
        size_gb: 20,
        cloud_init: Some(true),
    }
}

fn policy() -> Policy {
    let approvers = ["slack:U0ALICE", "slack:U0BOB", "slack:U0CAROL"].map(|id| id.parse().unwrap());
    Policy {
        hash: "5b1e09".to_owned(),
        text: String::new(),
        homes: vec![Home {
            platform: Platform::Slack,
            app: "A0123".to_owned(),
            orgs: vec!["T0123".to_owned()],
            channels: vec!["C0123".to_owned()],
        }],
        approvers: approvers.iter().cloned().collect(),
        requesters: approvers.iter().cloned().collect(),
        quorum: 1,
        self_approval: true,
        expires: SignedDuration::from_mins(30),
        grace: SignedDuration::from_secs(10),
        allow: vec![TargetRule::Any],
        confirm: Vec::new(),
        limits: Limits { open_per_channel: 10, asks_per_minute: 5, max_disk_gb: 500 },
        people: Vec::new(),
    }
}

fn terms() -> Terms {
    Terms {
        quorum: 1,
        approvers: vec!["slack:U0BOB".parse().unwrap(), "slack:U0CAROL".parse().unwrap()],
        requester_may: false,
        all_type: false,
        expires: SignedDuration::from_mins(30),
    }
}

/// A request of alice's, at its beginning.
fn asked(text: &str) -> Request {
    let Ok(Order::Reset(ask)) = parse(text) else { panic!("{text}") };
    let caller = caller("alice");
    let id = RequestId::derive(Platform::Slack, "T0123", "111.222.abc");
    let by = Some(caller.actor.clone());
    Request::first(id, Fact { at: at(0), by, event: Event::Requested { caller, ask: *ask } }).unwrap()
}

/// The request after one more fact.
fn then(request: &Request, seconds: i64, by: Option<&str>, event: Event) -> Request {
    request.apply(Fact { at: at(seconds), by: by.map(actor_named), event }).unwrap()
}

fn planned_with(text: &str, machine: Machine, target: Known<Image>, terms: Terms) -> Request {
    let request = asked(text);
    let current = Known::Found(image("img-487zeit5", "Ubuntu 22.04", Family::Linux));
    let findings = Findings { account: "acme-prod".to_owned(), machine, current, target };
    let plan = Plan::draw(&request.ask, findings, &policy(), &logins::means(&request)).unwrap();
    let plan = Plan { price: Known::Found(hourly("0.005")), snapshot: Known::Found(days_ago(9)), ..plan };
    let digest = plan.digest();
    then(&request, 1, None, Event::Planned { plan: Box::new(plan), terms, digest })
}

fn hourly(rate: &str) -> Price {
    Price { rate: rate.parse().ok(), unit: "HOUR".to_owned(), once: None }
}

fn days_ago(days: i64) -> Timestamp {
    at(0) - SignedDuration::from_hours(24 * days)
}

fn planned() -> Request {
    let target = Known::Found(image("img-pmqg1cw7", "TencentOS 4", Family::Linux));
    planned_with(RESET, machine(), target, terms())
}

fn posted() -> Request {
    post(&planned())
}

fn post(request: &Request) -> Request {
    let event = Event::Posted { message: MessageRef("1732417925.000100".to_owned()), until: at(1801) };
    then(request, 1, None, event)
}

fn vote(name: &str) -> Vote {
    Vote { caller: caller(name), named: false }
}

fn approved() -> Request {
    let grace = SignedDuration::from_secs(10);
    then(&posted(), 37, Some("bob"), Event::Approved { vote: vote("bob"), exec_by: at(337), grace })
}

fn claimed() -> Request {
    claimed_over(Wire::V3)
}

fn claimed_over(wire: Wire) -> Request {
    let baseline = Some(operation("StopInstances", "rid-before"));
    let claim = Claim { token: "one-0".to_owned(), signed_at: at(47), baseline, wire };
    then(&approved(), 47, None, Event::Claimed { claim })
}

fn unknown() -> Request {
    then(&claimed(), 62, None, Event::Unknown { why: "no answer within 15 s".to_owned() })
}

const RID: &str = "a0a66377-b79f-4a21-846c-d997d6022968";

fn accepted() -> Request {
    then(&claimed(), 48, None, Event::Accepted { request_id: RID.to_owned(), inferred: false })
}

fn inferred() -> Request {
    then(&unknown(), 500, None, Event::Accepted { request_id: RID.to_owned(), inferred: true })
}

fn overdue() -> Request {
    then(&accepted(), 1848, None, Event::Overdue)
}

fn riddles() -> Vec<(&'static str, Request)> {
    let overtaken = Riddle::Overtaken { operation: "StartInstances".to_owned() };
    [("overtaken", overtaken), ("gone", Riddle::Gone), ("no evidence", Riddle::NoEvidence)]
        .map(|(name, riddle)| (name, then(&unknown(), 560, None, Event::Indeterminate { riddle })))
        .to_vec()
}

fn good_check() -> Check {
    Check { image_ok: true, disk_ok: true, disk_gb: 60, state: "RUNNING".to_owned(), confirmed: true }
}

fn completed(check: Check) -> Request {
    then(&accepted(), 209, None, Event::Completed { check })
}

fn failure(code: &str, message: &str, advice: &str) -> Failure {
    let request_id = Some("rid-no".to_owned());
    Failure { code: code.to_owned(), message: message.to_owned(), advice: advice.to_owned(), request_id }
}

/// Still to be decided, or to be carried out.
fn early() -> Vec<(&'static str, Request)> {
    vec![("requested", asked(RESET)), ("planned", planned()), ("posted", posted()), ("approved", approved())]
}

/// After the claim and not over.
fn late() -> Vec<(&'static str, Request)> {
    let mut all = vec![
        ("executing", claimed()),
        ("unknown", unknown()),
        ("accepted", accepted()),
        ("inferred", inferred()),
        ("overdue", overdue()),
    ];
    all.extend(riddles());
    all
}

/// Over, and nothing was wiped.
fn harmless() -> Vec<(&'static str, Request)> {
    let drift = |field: &str, was: &str, is: &str| Drift {
        field: field.to_owned(),
        was: was.to_owned(),
        is: is.to_owned(),
    };
    let drift = vec![
        drift("image", "Ubuntu 22.04 (img-487zeit5)", "TencentOS 4 (img-pmqg1cw7)"),
        drift("last operation", "StopInstances rid-before", "ResetInstance rid-other"),
    ];
    let busy =
        failure("MutexOperation.TaskRunning", "A task is running.", "Another operation is running on it.");
    let mut all = vec![
        ("refused at the claim", then(&approved(), 48, None, Event::Refused { why: Refusal::Upgraded })),
        ("cancelled", then(&posted(), 60, Some("carol"), Event::Cancelled)),
        ("expired", then(&posted(), 1801, None, Event::Expired)),
        ("stale", then(&approved(), 48, None, Event::Stale { drift })),
        ("failed", then(&claimed(), 48, None, Event::Failed { failure: busy })),
        (
            "not sent",
            then(&claimed(), 70, None, Event::Failed { failure: Failure::not_sent("the claim was too old") }),
        ),
        ("not executed", then(&unknown(), 560, None, Event::NotExecuted)),
    ];
    for why in [Lapse::NotAnnounced, Lapse::Busy, Lapse::CloudSilent, Lapse::Down] {
        all.push(("lapsed", then(&approved(), 337, None, Event::Lapsed { why })));
    }
    all
}

/// Over, and the disk was wiped, or may have been.
fn harmed() -> Vec<(&'static str, Request)> {
    let finding = "logged in, the disk is new".to_owned();
    let closed =
        |request: &Request| then(request, 4000, Some("bob"), Event::Closed { finding: finding.clone() });
    vec![
        ("completed", completed(good_check())),
        (
            "completed, other image and size",
            completed(Check { image_ok: false, disk_ok: false, disk_gb: 50, ..good_check() }),
        ),
        (
            "completed, unconfirmed",
            completed(Check { confirmed: false, state: "STOPPED".to_owned(), ..good_check() }),
        ),
        (
            "failed after it began",
            then(&accepted(), 209, None, Event::FailedAsync { message: "disk error".to_owned() }),
        ),
        ("closed, overdue", closed(&overdue())),
        ("closed, indeterminate", closed(&riddles()[0].1)),
    ]
}

fn refusals() -> Vec<Refusal> {
    let why = || "not_in_channel".to_owned();
    let mut all: Vec<Refusal> = plan_refusals().into_iter().map(Refusal::Plan).collect();
    all.extend([
        Refusal::NoCard { why: why() },
        Refusal::CloudSilent { why: "no answer within five minutes".to_owned() },
        Refusal::Right { who: actor_named("bob"), denial: Denial::NotAnApprover },
        Refusal::Right { who: actor_named("bob"), denial: Denial::LookupFailed },
        Refusal::Lookup { why: "the secret store gave no answer".to_owned() },
        Refusal::Upgraded,
    ]);
    all
}

fn plan_refusals() -> Vec<PlanRefusal> {
    let text = str::to_owned;
    vec![
        PlanRefusal::NoSuchInstance { regions: vec![text("ap-guangzhou"), text("ap-shanghai")] },
        PlanRefusal::NotATarget,
        PlanRefusal::NotIdle { operation: text("StopInstances") },
        PlanRefusal::WrongState { state: text("LAUNCH_FAILED") },
        PlanRefusal::Restricted { restrict: text("EXPIRED") },
        PlanRefusal::DiskShrinks { today_gb: 80, asked_gb: 60 },
        PlanRefusal::DiskTooLarge { asked_gb: 900, max_gb: 500 },
        PlanRefusal::DiskBelowImage { disk_gb: 60, image_gb: 80 },
        PlanRefusal::LocalDiskGrows { kind: text("LOCAL_SSD") },
        PlanRefusal::NoSuchImage { image: "img-pmqg1cw7".parse().unwrap(), region: text("ap-guangzhou") },
        PlanRefusal::ImageNotReady { image: "img-pmqg1cw7".parse().unwrap(), state: text("CREATING") },
        PlanRefusal::WrongArchitecture { image: text("arm64"), machine: text("x86_64") },
        PlanRefusal::NoKeysToKeep,
        PlanRefusal::KeysOnWindows,
        PlanRefusal::KeepImageOnPublic,
        PlanRefusal::BadHostName { windows: true },
        PlanRefusal::BadHostName { windows: false },
        PlanRefusal::SwitchOnDisk { kind: text("CLOUD_HSSD") },
        PlanRefusal::WouldRefuse {
            code: text("InvalidParameterValue.KeyPairNotFound"),
            advice: text("A key pair does not exist. Correct `key=`, then ask again."),
        },
    ]
}

fn denials() -> Vec<Denial> {
    vec![
        Denial::WrongApp,
        Denial::WrongTeam,
        Denial::Guest,
        Denial::Bot,
        Denial::DirectMessage,
        Denial::WrongChannel,
        Denial::OtherChannel,
        Denial::OtherMessage,
        Denial::NotARequester,
        Denial::NotAnApprover,
        Denial::OwnRequest,
        Denial::WrongName,
        Denial::TooManyOpen,
        Denial::TooFast,
        Denial::LookupFailed,
    ]
}

fn objections() -> Vec<Objection> {
    let illegal = IllegalFact { state: "executing".to_owned(), event: "cancelled".to_owned() };
    vec![
        Objection::Denied(Denial::WrongName),
        Objection::Expired,
        Objection::AlreadyDecided,
        Objection::AlreadyVoted,
        Objection::TooLate,
        Objection::NotOpenEnded,
        Objection::Illegal(illegal),
    ]
}

fn tail() -> Tail {
    Tail { seq: 6, root: "8f3a1c20".to_owned() }
}

fn said(request: &Request, what: Speech) -> String {
    text(&speech(request, what, &tail(), request.last().at))
}

fn text(notice: &Notice) -> String {
    plain(notice).join("\n")
}

/// `## name`, then the text, for each.
fn gallery(texts: impl IntoIterator<Item = (String, String)>) -> String {
    let pieces: Vec<String> = texts.into_iter().map(|(name, text)| format!("## {name}\n{text}")).collect();
    pieces.join("\n\n")
}
