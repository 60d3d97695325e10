//! What the approver saw is what is wiped; and what is shown of every kind of reset.

use cleanslate::cli::rehearse::COMMAND;
use cleanslate::cloud::CloudError;
use cleanslate::domain::ask::Login;
use cleanslate::domain::id::Platform;
use cleanslate::domain::plan::{Family, Findings, Image, Known, Means, Plan, Progress, Source};
use cleanslate::sim::fault::Fault;
use jiff::SignedDuration;

use super::support::Bot;
use super::support::fleet::{Account, Deed};
use super::support::sample;
use super::support::scenario::Scenario;
use super::support::world::{Bug, Schedule, World};

/// A life in which `deed` is done between the click and the claim, in an account that `before` has changed. Gives the
/// wipes and what the channel read.
fn life(before: Deed, deed: Deed) -> (u32, String) {
    let world = World::new(Scenario::Drift, Bug::None, Schedule::new());
    world.fleet().act(before);
    world.fleet().will_drift(deed);
    world.live().unwrap();
    (world.wipes(), world.shown().join("\n"))
}

fn as_it_is(_: &mut Account) {}

fn denied() -> CloudError {
    CloudError::Refused { code: "UnauthorizedOperation".to_owned(), message: "no".to_owned() }
}

fn image(account: &mut Account) -> &mut Image {
    account.image.as_mut().unwrap().as_mut().unwrap()
}

#[test]
fn whatever_is_bound_voids_the_approval_by_its_name() {
    let drifts: [(&str, Deed); 23] = [
        ("name: web-7 → web-8", |a| a.machine.name = "web-8".to_owned()),
        ("uuid: uuid-7 → uuid-8", |a| a.machine.uuid = "uuid-8".to_owned()),
        ("private ip: 10.0.0.7 → 10.0.0.8", |a| a.machine.private_ips = vec!["10.0.0.8".to_owned()]),
        ("region: ap-guangzhou → ap-shanghai", |a| a.machine.region = "ap-shanghai".to_owned()),
        ("zone: ap-guangzhou-3 → ap-guangzhou-4", |a| a.machine.zone = "ap-guangzhou-4".to_owned()),
        ("system disk: disk-1 CLOUD_PREMIUM 50 GB → disk-2", |a| a.machine.disk.id = "disk-2".to_owned()),
        ("50 GB → disk-1 CLOUD_SSD 50 GB", |a| a.machine.disk.kind = "CLOUD_SSD".to_owned()),
        ("50 GB → disk-1 CLOUD_PREMIUM 80 GB", |a| a.machine.disk.size_gb = 80),
        ("image: Ubuntu 22.04 (img-pmqg1cw7) → Debian 12", |a| a.machine.os_name = "Debian 12".to_owned()),
        ("(img-487zeit5)", |a| a.machine.image = "img-487zeit5".parse().ok()),
        ("keys: skey-8xk2p1qa → skey-other001", |a| {
            a.machine.keys = vec!["skey-other001".parse().unwrap()];
        }),
        ("tags: env=lab → env=lab · tier=test", |a| {
            a.machine.tags.push(("tier".to_owned(), "test".to_owned()));
        }),
        ("last operation: RebootInstances before → StopInstances before", |a| {
            a.machine.last.as_mut().unwrap().name = "StopInstances".to_owned();
        }),
        ("last operation: RebootInstances before → RebootInstances other", |a| {
            a.machine.last.as_mut().unwrap().request_id = "other".to_owned();
        }),
        ("last operation: RebootInstances before → none", |a| a.machine.last = None),
        ("new image: Ubuntu 22.04 (img-pmqg1cw7), Public Linux x86_64, 20 GB, NORMAL → Ubuntu 24", |a| {
            image(a).os_name = "Ubuntu 24".to_owned();
        }),
        ("→ Ubuntu 22.04 (img-pmqg1cw7), Public Linux x86_64, 30 GB", |a| image(a).size_gb = 30),
        ("→ Ubuntu 22.04 (img-pmqg1cw7), Public Linux arm", |a| image(a).architecture = "arm".to_owned()),
        ("→ Ubuntu 22.04 (img-pmqg1cw7), Shared Linux", |a| image(a).source = Source::Shared),
        ("new image: Ubuntu 22.04", |a| a.image = Ok(None)),
        ("price: 0.66 an hour (about 481.80 a month) → 0.67 an hour", |a| {
            a.price = Ok(sample::price("0.67"));
        }),
        ("newest snapshot: 2023-11-14T22:13:20Z → none", |a| a.snapshot = Ok(None)),
        ("newest snapshot: 2023-11-14T22:13:20Z → 2023-11-14T21:13:20Z", |a| {
            a.snapshot = Ok(Some(sample::start() - SignedDuration::from_hours(1)));
        }),
    ];
    for (words, deed) in drifts {
        let (wipes, shown) = life(as_it_is, deed);
        assert_eq!(wipes, 0, "{words}: {shown}");
        assert!(
            shown.contains("is no longer what the card showed") && shown.contains(words),
            "{words}: {shown}"
        );
        assert!(shown.contains("Show me a new card"), "{words}: {shown}");
    }
}

#[test]
fn what_can_no_longer_be_reset_is_refused_at_the_claim() {
    let refusals: [(&str, Deed); 9] = [
        ("it is STOPPING", |a| a.machine.state = "STOPPING".to_owned()),
        ("it is STOPPED (not charged)", |a| {
            (a.machine.state, a.machine.stop_charging) = ("STOPPED".to_owned(), "STOP_CHARGING".to_owned());
        }),
        ("restricts it: EXPIRED", |a| a.machine.restrict = "EXPIRED".to_owned()),
        ("not one that may be reset from here", |a| a.machine.tags.clear()),
        ("no key pair that could be kept", |a| a.machine.keys.clear()),
        ("needs 60 GB and the disk would have 50 GB", |a| image(a).size_gb = 60),
        ("key pairs do not work on Windows", |a| image(a).family = Family::Windows),
        ("Tencent Cloud refused it: InvalidAccount.InsufficientBalance", |a| {
            let code = "InvalidAccount.InsufficientBalance".to_owned();
            a.price = Err(CloudError::Refused { code, message: String::new() });
        }),
        ("no such instance", |a| a.machine.id = "ins-00000000".parse().unwrap()),
    ];
    for (words, deed) in refusals {
        let (wipes, shown) = life(as_it_is, deed);
        assert_eq!(wipes, 0, "{words}: {shown}");
        assert!(shown.contains("Nothing was wiped") && shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn what_is_only_shown_does_not_void_it() {
    let deeds: [(&str, Deed); 9] = [
        ("public ip", |a| a.machine.public_ips = vec!["43.139.10.8".to_owned()]),
        ("another tag", |a| a.machine.tags.push(("team".to_owned(), "web".to_owned()))),
        ("stopped", |a| a.machine.state = "STOPPED".to_owned()),
        ("data disks", |a| a.machine.data_disks = 3),
        ("a newer snapshot", |a| a.snapshot = Ok(Some(sample::start() + SignedDuration::from_secs(5)))),
        ("a lower price", |a| a.price = Ok(sample::price("0.65"))),
        ("no answer about the price", |a| a.price = Err(CloudError::Unclear("no answer".to_owned()))),
        ("the price is not permitted", |a| a.price = Err(denied())),
        ("snapshots are not permitted", |a| a.snapshot = Err(denied())),
    ];
    for (what, deed) in deeds {
        let (wipes, shown) = life(as_it_is, deed);
        assert_eq!(wipes, 1, "{what}: {shown}");
    }
}

#[test]
fn only_looking_at_the_machine_and_resetting_it_must_be_permitted() {
    let before: Deed = |account| {
        (account.image, account.price, account.snapshot) = (Err(denied()), Err(denied()), Err(denied()));
    };
    let permitted: Deed = |account| {
        account.image = Ok(Some(sample::image("img-pmqg1cw7")));
        (account.price, account.snapshot) = (Ok(sample::price("0.66")), Ok(None));
    };
    for deed in [as_it_is, permitted] {
        let (wipes, shown) = life(before, deed);
        assert_eq!(wipes, 1, "{shown}");
        for words in [
            "Snapshots could not be looked up: Tencent Cloud answered UnauthorizedOperation.",
            "The new image could not be looked up: Tencent Cloud answered UnauthorizedOperation.",
            "The price could not be looked up: Tencent Cloud answered UnauthorizedOperation.",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }
}

/// It may be another one meanwhile.
#[test]
fn an_image_that_was_seen_and_cannot_be_looked_at_again_is_not_installed() {
    let (wipes, shown) = life(as_it_is, |account| account.image = Err(denied()));
    assert_eq!(wipes, 0);
    assert!(shown.contains("could not be asked for a second look"), "{shown}");
}

#[test]
fn what_runs_meanwhile_lets_the_approval_lapse() {
    let busy: Deed = |account| account.machine.last.as_mut().unwrap().progress = Progress::Operating;
    let (wipes, shown) = life(as_it_is, busy);
    assert_eq!(wipes, 0);
    assert!(shown.contains("another operation was running on the machine"), "{shown}");
}

/// What was planned by the version before has neither price nor snapshot. It is still read, and keeps its bytes.
#[test]
fn plans_of_the_version_before_are_read() {
    let machine = sample::machine(sample::INSTANCE);
    let current = Known::Found(sample::image("img-pmqg1cw7"));
    let found = Findings { account: "lab".to_owned(), machine, current, target: Known::Missing };
    let means = Means { login: Login::Keep, secret: None, text: None };
    let plan = Plan::draw(&sample::ask(sample::INSTANCE), found, &sample::policy(), &means).unwrap();
    let old = serde_json::to_string(&Plan { v: 1, ..plan.clone() }).unwrap();
    for new in ["price", "snapshot", "image_unasked"] {
        assert!(!old.contains(new), "{old}");
    }
    let read: Plan = serde_json::from_str(&old).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), old);
    let priced = Plan { price: Known::Found(sample::price("0.66")), snapshot: Known::Missing, ..plan };
    let text = serde_json::to_string(&priced).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), priced);
}

#[test]
fn a_reset_that_takes_long_is_spoken_of_and_asked_about_every_hour() {
    let (wipes, shown) = life(
        |account| account.reinstall = SignedDuration::from_hours(3),
        |account| account.snapshot = Err(denied()),
    );
    assert_eq!(wipes, 1);
    let said =
        ["after 10 minutes, longer than usual", "After 30 minutes Tencent Cloud", "SUCCESS after 3 h "];
    let places = said.map(|words| shown.find(words).unwrap_or_else(|| panic!("{words}: {shown}")));
    assert!(places.is_sorted(), "{shown}");
}

#[test]
fn a_reset_that_never_ends_is_asked_about_for_a_day_and_then_left_to_a_person() {
    let world = World::new(Scenario::Approve, Bug::None, Schedule::new());
    world.fleet().act(|account| account.reinstall = SignedDuration::from_hours(1000));
    assert_eq!(world.live().unwrap_err(), "left behind as overdue");
    let shown = world.shown().join("\n");
    assert!(shown.contains("I ask once an hour for a day. To settle it by hand: "), "{shown}");
}

/// The lines of the card, or of the refusal.
async fn shown(words: &str) -> String {
    let mut bot = Bot::on(Platform::Slack).await;
    bot.asks("alice", &format!("/reset {words}")).await;
    bot.channel()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "the sheets stand side by side")]
async fn every_kind_of_reset_has_its_loss_sheet() {
    insta::assert_snapshot!(shown("ins-r8hr2upy").await, @"
    Wipe web-7 and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu Server 22.04 LTS 64bit. This cannot be undone.
    ⚠ Newest snapshot is 9 days old.
    Machine  web-7 · ins-r8hr2upy · 10.0.0.7 · 43.139.10.7 · ap-guangzhou-3 · running · account simulated
    System   Ubuntu Server 22.04 LTS 64bit (img-487zeit5), the same again
    Login    the key it has today, skey-8xk2p1qa · 2 data disks: not formatted by this call
    Tags     cleanslate=allowed · env=prod · team=payments · last operation StartInstances, SUCCESS
    Asked    @alice
    Needs    1 of @bob and @carol · until 03:42:04, 30 min in all
    Anyone here may cancel. #6nrck
    alice: to approve your own request, type web-7 [________]
    [ Wipe web-7 ]  [ Cancel ]
    ");
    insta::assert_snapshot!(shown("ins-r8hr2upy img-9id7emv7 login=random").await, @"
    Wipe web-7 and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu Server 22.04 LTS 64bit. This cannot be undone.
    ⚠ Newest snapshot is 9 days old.
    ⚠ Linux → Windows: the disk id changes, and old snapshots can no longer be rolled back.
    Machine  web-7 · ins-r8hr2upy · 10.0.0.7 · 43.139.10.7 · ap-guangzhou-3 · running · account simulated
    System   Ubuntu Server 22.04 LTS 64bit (img-487zeit5) → Windows Server 2022 Datacenter 64bit (img-9id7emv7)
    Login    a random password, sent to the account's message centre · 2 data disks: not formatted by this call
    Tags     cleanslate=allowed · env=prod · team=payments · last operation StartInstances, SUCCESS
    Asked    @alice
    Needs    1 of @bob and @carol · until 03:42:04, 30 min in all
    Anyone here may cancel. #6nrck
    alice: to approve your own request, type web-7 [________]
    [ Wipe web-7 ]  [ Cancel ]
    ");
    insta::assert_snapshot!(shown("ins-r8hr2upy img-pmqg1cw7 120GB").await, @"
    Wipe web-7 and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu Server 22.04 LTS 64bit. This cannot be undone.
    ⚠ Newest snapshot is 9 days old.
    ⚠ The disk grows 50 → 120 GB, more than twice its size, and cannot shrink again. Tencent Cloud's price, in the account's currency: 0.035 an hour (about 25.55 a month).
    Machine  web-7 · ins-r8hr2upy · 10.0.0.7 · 43.139.10.7 · ap-guangzhou-3 · running · account simulated
    System   Ubuntu Server 22.04 LTS 64bit (img-487zeit5) → TencentOS Server 4 for x86_64 (img-pmqg1cw7)
    Login    the key it has today, skey-8xk2p1qa · 2 data disks: not formatted by this call
    Tags     cleanslate=allowed · env=prod · team=payments · last operation StartInstances, SUCCESS
    Asked    @alice
    Needs    1 of @bob and @carol · until 03:42:04, 30 min in all
    Anyone here may cancel. #6nrck
    alice: to approve your own request, type web-7 [________]
    [ Wipe web-7 ]  [ Cancel ]
    ");
    insta::assert_snapshot!(shown("ins-prepaid1 img-shared01 110GB login=image").await, @"
    Wipe erp-1 and reinstall it?
    Everything on its system disk is lost: 100 GB, Ubuntu Server 22.04 LTS 64bit. This cannot be undone.
    ⚠ No snapshot of this disk.
    ⚠ The disk grows 100 → 110 GB and cannot shrink again. Tencent Cloud's price, in the account's currency: 3.50 at once.
    Machine  erp-1 · ins-prepaid1 · 10.0.0.23 · ap-guangzhou-4 · running · account simulated
    System   Ubuntu Server 22.04 LTS 64bit (img-golden01) → Ubuntu Server 22.04 LTS 64bit (img-shared01)
    Login    whatever the image has · no data disks
    Tags     cleanslate=allowed · last operation ResetInstance, FAILED
    Asked    @alice
    Needs    1 of @bob and @carol · until 03:42:04, 30 min in all
    Anyone here may cancel. #6nrck
    alice: to approve your own request, type erp-1 [________]
    [ Wipe erp-1 ]  [ Cancel ]
    ");
    insta::assert_snapshot!(shown("ins-unpaid01").await, @"
    (only alice) Nothing was wiped. ins-unpaid01: it is STOPPED (not charged); a reset needs it running, or stopped and still paid for. Start it in the console, then ask again.
    You asked: /reset ins-unpaid01
    ");
    insta::assert_snapshot!(shown("ins-r8hr2upy img-winbig01 60GB login=random").await, @"
    (only alice) Nothing was wiped. ins-r8hr2upy: the new image needs 80 GB and the disk would have 60 GB. Ask for at least the size that the image needs.
    Ask for this instead: /reset ins-r8hr2upy img-winbig01 80GB login=random
    ");
}

#[tokio::test]
async fn what_the_cloud_would_refuse_has_no_card() {
    insta::assert_snapshot!(shown("ins-r8hr2upy key=skey-00000000").await, @"
    (only alice) Nothing was wiped. ins-r8hr2upy: asked for the price of this reset, Tencent Cloud refused it: InvalidParameterValue.KeyPairNotFound. A key pair does not exist. Key pairs belong to an account and a region: correct 'key=', then ask again.
    You asked: /reset ins-r8hr2upy key=skey-00000000
    ");
    insta::assert_snapshot!(shown("ins-r8hr2upy img-whole001").await, @"
    (only alice) Nothing was wiped. ins-r8hr2upy: asked for the price of this reset, Tencent Cloud refused it: InvalidParameter.InstanceImageNotSupport. Images of whole machines cannot be used here. Choose an image of a system disk alone, then ask again.
    You asked: /reset ins-r8hr2upy img-whole001
    ");
}

/// The price of it is not told abroad, which is no proof that it is refused.
#[tokio::test]
async fn a_change_of_the_system_abroad_is_warned_of_and_not_refused() {
    insta::assert_snapshot!(shown("ins-hongkong img-9id7emv7 login=random").await, @"
    Wipe edge-1 and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu Server 22.04 LTS 64bit. This cannot be undone.
    ⚠ Newest snapshot is 9 hours old.
    ⚠ Linux → Windows: the disk id changes, and old snapshots can no longer be rolled back. ap-hongkong is outside mainland China: Tencent Cloud may refuse.
    ⚠ The price could not be looked up: Tencent Cloud answered InvalidParameterValue.InvalidImageOsName.
    Machine  edge-1 · ins-hongkong · 10.1.0.7 · 43.154.20.7 · ap-hongkong-2 · running · account simulated
    System   Ubuntu Server 22.04 LTS 64bit (img-487zeit5) → Windows Server 2022 Datacenter 64bit (img-9id7emv7)
    Login    a random password, sent to the account's message centre · no data disks
    Tags     cleanslate=allowed · last operation StartInstances, SUCCESS
    Asked    @alice
    Needs    1 of @bob and @carol · until 03:42:04, 30 min in all
    Anyone here may cancel. #6nrck
    alice: to approve your own request, type edge-1 [________]
    [ Wipe edge-1 ]  [ Cancel ]
    ");
}

#[tokio::test]
async fn a_price_that_is_slow_or_throttled_only_is_not_known() {
    for (fault, why) in [
        (Fault::Throttle, "Tencent Cloud answered RequestLimitExceeded"),
        (Fault::Refuse("FailedOperation.InquiryPriceFailed".to_owned()), "InquiryPriceFailed"),
        (Fault::DropBefore, "gave no clear answer"),
    ] {
        let mut bot = Bot::on(Platform::Slack).await;
        bot.stage.sim.arm("InquiryPriceResetInstance", fault);
        bot.asks("alice", COMMAND).await;
        let card = bot.channel();
        assert!(card.contains("Price not known: ") && card.contains(why), "{card}");
        bot.presses("bob", "wipe", None).await;
        assert!(bot.ends().await.contains("ins-r8hr2upy is back."));
        assert_eq!(bot.wipes(), 1);
    }
}

/// A cloud that never names an operation, or does not any more, has not said that there was none.
#[test]
fn a_cloud_that_names_no_operation_leaves_a_doubt_that_a_person_settles() {
    let always: Deed = |account| account.mute_after = Some(0);
    let later: Deed = |account| account.mute_after = Some(1);
    for (scenario, wipes) in [(Scenario::UnknownExecuted, 1), (Scenario::UnknownNotExecuted, 0)] {
        for mute in [always, later] {
            let world = World::new(scenario, Bug::None, Schedule::new());
            world.fleet().act(mute);
            world.live().unwrap();
            let shown = world.shown().join("\n");
            assert_eq!(world.wipes(), wipes);
            assert!(shown.contains("We do not know whether this request wiped"), "{scenario:?}: {shown}");
            assert!(!shown.contains("Nothing was wiped"), "{scenario:?}: {shown}");
        }
    }
}
