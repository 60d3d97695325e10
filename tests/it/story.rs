//! Whole requests, through the front door.

use cleanslate::cli::rehearse::COMMAND;
use cleanslate::domain::id::Platform;
use cleanslate::sim::cast;
use cleanslate::sim::fault::Fault;
use cleanslate::sim::play::Heard;

use crate::support::Bot;

#[tokio::test]
async fn an_approver_lets_the_reset_through() {
    let mut bot = Bot::on(Platform::Slack).await;
    insta::assert_snapshot!(bot.types("alice", COMMAND).await, @"
    Checking ins-r8hr2upy. The card comes to this channel. #6nrck
    If none appears within a minute, let the bot in: /invite @cleanslate
    ");
    bot.works().await;
    insta::assert_snapshot!(bot.channel(), @"
    Wipe web-7 and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu Server 22.04 LTS 64bit. This cannot be undone.
    ⚠ Newest snapshot is 9 days old.
    ⚠ The disk grows 50 → 60 GB and cannot shrink again. Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).
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
    bot.presses("bob", "wipe", None).await;
    insta::assert_snapshot!(bot.channel(), @"
    web-7 (ins-r8hr2upy) · #6nrck
    Approved by @bob. Wiping at 03:12:17.
    [ Stop ]
    ");
    insta::assert_snapshot!(bot.ends().await, @"
    web-7 (ins-r8hr2upy) · #6nrck
    The disk was wiped and reinstalled.
    --
    @alice @bob ins-r8hr2upy is back. The disk of web-7 was wiped and reinstalled. Tencent Cloud reports SUCCESS after 2 min 40 s; checked: TencentOS Server 4 for x86_64 (img-pmqg1cw7), 60 GB, running. Not checked: that your services start.
    Next: the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.
    RequestId a0a66377-b79f-4a21-846c-… · #6nrck · audit 7 · root …
    ");
    assert_eq!(bot.wipes(), 1);
}

#[tokio::test]
async fn anybody_in_the_channel_may_cancel() {
    let mut bot = Bot::on(Platform::Slack).await;
    bot.asks("alice", COMMAND).await;
    bot.presses("mallory", "cancel", None).await;
    insta::assert_snapshot!(bot.ends().await, @"
    web-7 (ins-r8hr2upy) · #6nrck
    Nothing was wiped: cancelled by @mallory at 03:12:07.
    --
    @alice Nothing was wiped. The request for web-7 (ins-r8hr2upy) was cancelled by @mallory.
    #6nrck · audit 4 · root …
    ");
    assert_eq!(bot.wipes(), 0);
}

#[tokio::test]
async fn anybody_may_stop_it_between_approval_and_claim() {
    for mut bot in Bot::both().await {
        bot.asks("alice", COMMAND).await;
        bot.presses("bob", "wipe", None).await;
        bot.presses("mallory", "stop", None).await;
        assert!(bot.ends().await.contains("was cancelled by @mallory"));
        assert_eq!(bot.wipes(), 0);
    }
}

#[tokio::test]
async fn nobody_decides_and_it_expires() {
    let mut bot = Bot::on(Platform::Slack).await;
    bot.types("alice", COMMAND).await;
    insta::assert_snapshot!(bot.ends().await, @"
    web-7 (ins-r8hr2upy) · #6nrck
    Nothing was wiped: nobody decided in time; the card no longer acts.
    --
    @bob and @carol: the request to wipe web-7 (ins-r8hr2upy) still waits for a decision, until 03:42:04. Nothing has been wiped. #6nrck
    --
    @alice Nothing was wiped. Nobody decided about web-7 (ins-r8hr2upy) in time; its card no longer acts. Who may approve: @bob and @carol. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #6nrck · audit 4 · root …
    [ Ask again ]
    ");
    assert_eq!(bot.wipes(), 0);
}

#[tokio::test]
async fn a_stranger_may_neither_ask_nor_approve() {
    let mut bot = Bot::on(Platform::Slack).await;
    insta::assert_snapshot!(bot.types("mallory", COMMAND).await, @r#"
    Nothing was wiped and nothing was started: not on the list of those who may ask for resets. Ask somebody who may. You are slack:U0MALLORY, team T0SIM0000; the attempt is in the audit log.
    To be added, send your admin this: requesters = [ …, "slack:U0MALLORY" ]
    "#);
    bot.asks("alice", COMMAND).await;
    bot.presses("mallory", "wipe", None).await;
    let channel = bot.channel();
    insta::assert_snapshot!(channel.rsplit("--\n").next().unwrap(), @r#"
    (only mallory) Not counted: not on the list of approvers. Ask one of them. You are slack:U0MALLORY, team T0SIM0000; the attempt is in the audit log.
    web-7 (ins-r8hr2upy): Nothing has been wiped; the card waits for 1 of @bob and @carol until 03:42:04. If the request is a mistake, press Cancel: you may.
    To be added, send your admin this: approvers = [ …, "slack:U0MALLORY" ]
    "#);
    assert_eq!(bot.wipes(), 0);
}

#[tokio::test]
async fn ones_own_request_takes_the_name_typed() {
    for mut bot in Bot::both().await {
        bot.asks("alice", COMMAND).await;
        for typed in [Some(""), Some("web-8")] {
            bot.presses("alice", "wipe", typed).await;
            assert!(bot.channel().contains("that is not this machine's name"));
            assert!(!bot.channel().contains("Approved"));
        }
        bot.presses("alice", "wipe", Some(" web-7 ")).await;
        assert!(bot.channel().contains("Approved by @alice"));
        bot.ends().await;
        assert_eq!(bot.wipes(), 1);
    }
}

#[tokio::test]
async fn what_cannot_be_reset_is_refused_in_words() {
    let cases = [
        ("ins-r8hr2upy 40GB", "disks only grow"),
        ("ins-r8hr2upy 600GB", "over the limit"),
        ("ins-aaaaaaaa", "no such instance"),
        ("ins-private1", "not one that may be reset"),
        ("ins-unpaid01", "still paid for"),
        ("ins-pending1", "PENDING"),
        ("ins-local001 60GB", "cannot grow"),
        ("ins-nokeys01", "no key pair"),
        ("ins-windows1", "do not work on Windows"),
        ("ins-r8hr2upy img-missing1", "not visible"),
        ("ins-r8hr2upy img-making01", "not NORMAL"),
        ("ins-r8hr2upy img-arm64001", "the machine is x86_64"),
        ("ins-r8hr2upy login=image", "custom, shared and imported"),
        ("ins-r8hr2upy userdata=base", "no text in [userdata]"),
        ("ins-r8hr2upy hostname=a..b", "doubled"),
    ];
    for (words, why) in cases {
        for mut bot in Bot::both().await {
            bot.types("alice", &format!("/reset {words}")).await;
            let channel = bot.ends().await;
            assert!(channel.starts_with("(only alice) Nothing was wiped."), "{words}: {channel}");
            assert!(channel.contains(why), "{words}: {channel}");
            assert_eq!(bot.wipes(), 0, "{words}");
        }
    }
}

#[tokio::test]
async fn every_bad_night_ends_in_true_words() {
    let cases = [
        ("refuse=InvalidInstanceId.NotFound", 0, "Nothing was wiped by this request. Tencent Cloud refused"),
        ("refuse=InternalServerError", 0, "two looks found no trace"),
        ("throttle", 0, "Too many calls at once"),
        ("hang", 0, "two looks found no trace"),
        ("drop-before", 0, "two looks found no trace"),
        ("accept-then-drop", 1, "ins-r8hr2upy is back."),
        ("accept-then-5xx", 1, "ins-r8hr2upy is back."),
        ("accept-then-hang", 1, "ins-r8hr2upy is back."),
        ("truncate", 1, "ins-r8hr2upy is back."),
        ("garble", 1, "ins-r8hr2upy is back."),
        ("slow", 1, "longer than usual"),
        ("clock", 0, "clock of this program's host"),
        ("fail-async", 1, "Treat the disk as lost"),
    ];
    for (fault, wipes, words) in cases {
        for mut bot in Bot::both().await {
            bot.stage.sim.arm("ResetInstance", fault.parse::<Fault>().unwrap());
            bot.types("alice", COMMAND).await;
            bot.works().await;
            bot.presses("bob", "wipe", None).await;
            let channel = bot.ends().await;
            assert!(channel.contains(words), "{fault}: {channel}");
            assert_eq!(bot.wipes(), wipes, "{fault}");
            assert_eq!(channel.contains("Nothing was wiped"), wipes == 0, "{fault}: {channel}");
        }
    }
}

#[tokio::test]
async fn one_machine_has_one_open_request() {
    for mut bot in Bot::both().await {
        bot.asks("alice", COMMAND).await;
        let answer = bot.types("bob", "/reset ins-r8hr2upy").await;
        assert!(answer.contains("already has a request") && answer.contains("the card"), "{answer}");
        let status = bot.types("bob", "/resets status").await;
        assert!(status.contains("the card waits for 1 of") && status.contains("by @alice"), "{status}");
        let cancelled = bot.types("carol", "/resets cancel ins-r8hr2upy").await;
        assert!(cancelled.contains("Nothing was wiped: cancelled by @carol"), "{cancelled}");
        bot.ends().await;
    }
}

#[tokio::test]
async fn a_bot_that_is_not_in_the_channel_tells_the_requester() {
    for mut bot in Bot::both().await {
        bot.is_shut_out();
        bot.types("alice", COMMAND).await;
        let channel = bot.ends().await;
        let how = match bot.stage.platform {
            Platform::Slack => "(/invite @cleanslate)",
            Platform::Discord => "View Channel and Send Messages",
        };
        assert!(channel.contains("the card could not be posted") && channel.contains(how), "{channel}");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_edited_is_replaced() {
    for mut bot in Bot::both().await {
        bot.asks("alice", COMMAND).await;
        bot.stage.jump(bot.stage.now() + jiff::SignedDuration::from_secs(3));
        let click = bot.click("bob", "wipe", None).await;
        bot.stage.deliver(&click).await.unwrap();
        bot.cannot_edit();
        let channel = bot.ends().await;
        assert!(channel.contains("ins-r8hr2upy is back."), "{channel}");
        assert_eq!(bot.wipes(), 1);
    }
}

#[tokio::test]
async fn what_somebody_does_in_the_console_voids_the_approval() {
    let mut bot = Bot::on(Platform::Slack).await;
    bot.asks("alice", COMMAND).await;
    bot.presses("bob", "wipe", None).await;
    assert!(bot.stage.sim.console("ins-r8hr2upy", "StopInstances"));
    let channel = bot.ends().await;
    insta::assert_snapshot!(channel.rsplit("--\n").next().unwrap(), @"
    @alice @bob Nothing was wiped. web-7 (ins-r8hr2upy) is no longer what the card showed, so the approval of @bob is void.
    last operation: StartInstances 00000000-0000-4000-8000-… → StopInstances c0501e00-0000-4000-8000-…
    Somebody may be working on this machine: find them first. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #6nrck · audit 5 · root …
    [ Show me a new card ]
    ");
    assert_eq!(bot.wipes(), 0);
}

#[tokio::test]
async fn a_trace_that_is_hidden_is_left_to_a_person() {
    for mut bot in Bot::both().await {
        bot.stage.sim.arm("ResetInstance", Fault::DropBefore);
        bot.asks("alice", COMMAND).await;
        bot.presses("bob", "wipe", None).await;
        bot.stage.jump(bot.stage.now() + jiff::SignedDuration::from_secs(10));
        bot.works().await;
        assert!(bot.stage.sim.console("ins-r8hr2upy", "StartInstances"));
        bot.stage.settle().await.unwrap();
        assert!(
            bot.channel().contains("We do not know whether this request wiped web-7"),
            "{}",
            bot.channel()
        );
        let answer = bot.types("bob", "/resets close ins-r8hr2upy -- logged in: the disk is old").await;
        assert!(answer.contains("Closed by @bob"), "{answer}");
        assert!(bot.ends().await.contains("found: \u{201c}logged in: the disk is old\u{201d}"));
    }
}

#[tokio::test]
async fn an_approval_that_cannot_be_announced_lapses() {
    for mut bot in Bot::both().await {
        bot.asks("alice", COMMAND).await;
        let click = bot.click("bob", "wipe", None).await;
        bot.stage.deliver(&click).await.unwrap();
        bot.platform_fails(40);
        let channel = bot.ends().await;
        assert!(channel.contains("the channel could not be told of the approval in time"), "{channel}");
        assert_eq!(bot.wipes(), 0);
    }
}

#[tokio::test]
async fn on_discord_a_role_approves_and_the_name_is_typed_in_a_window() {
    let mut bot = Bot::on(Platform::Discord).await;
    insta::assert_snapshot!(bot.types("alice", COMMAND).await, @"
    Checking ins-r8hr2upy. The card comes to this channel. #nqlno
    If none appears within a minute, let the bot in: give the bot View Channel and Send Messages here
    ");
    bot.works().await;
    insta::assert_snapshot!(bot.channel(), @"
    Wipe web-7 and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu Server 22.04 LTS 64bit. This cannot be undone.
    ! Newest snapshot is 9 days old.
    ! The disk grows 50 → 60 GB and cannot shrink again. Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).
    Machine  web-7 · ins-r8hr2upy · 10.0.0.7 · 43.139.10.7 · ap-guangzhou-3 · running · account simulated
    System   Ubuntu Server 22.04 LTS 64bit (img-487zeit5) → TencentOS Server 4 for x86_64 (img-pmqg1cw7)
    Login    the key it has today, skey-8xk2p1qa · 2 data disks: not formatted by this call
    Tags     cleanslate=allowed · env=prod · team=payments · last operation StartInstances, SUCCESS
    Asked    @alice
    Needs    1 of @oncall · until 03:42:04, 30 min in all
    Anyone here may cancel. #nqlno
    [ Wipe web-7 ]  [ Cancel ]
    ");
    let press = bot.press("bob", "wipe");
    let Heard::Form { lines, .. } = bot.stage.deliver(&press).await.unwrap() else { panic!("no window") };
    insta::assert_snapshot!(lines.join("\n"), @"
    Wipe web-7 (ins-r8hr2upy)?
    To approve, type web-7 [________]
    [ Cancel ]  [ Submit ]
    ");
    bot.presses("bob", "wipe", Some("web-8")).await;
    insta::assert_snapshot!(bot.channel().rsplit("--\n").next().unwrap(), @"
    (only bob) Not counted: that is not this machine's name. Type it exactly as the card says, then press the button again. You are discord:1500000000000000002, team 1200000000000000001; the attempt is in the audit log.
    web-7 (ins-r8hr2upy): Nothing has been wiped; the card waits for 1 of @oncall until 03:42:04. If the request is a mistake, press Cancel: you may.
    ");
    bot.presses("bob", "wipe", Some("web-7")).await;
    insta::assert_snapshot!(bot.ends().await.rsplit("--\n").next().unwrap(), @"
    @alice @bob ins-r8hr2upy is back. The disk of web-7 was wiped and reinstalled. Tencent Cloud reports SUCCESS after 2 min 40 s; checked: TencentOS Server 4 for x86_64 (img-pmqg1cw7), 60 GB, running. Not checked: that your services start.
    Next: the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.
    RequestId a0a66377-b79f-4a21-846c-… · #nqlno · audit 8 · root …
    ");
    assert_eq!(bot.wipes(), 1);
}

#[tokio::test]
async fn a_role_that_was_taken_away_before_the_claim_voids_the_approval() {
    let mut bot = Bot::on(Platform::Discord).await;
    bot.asks("alice", COMMAND).await;
    bot.presses("bob", "wipe", None).await;
    let bob = cast::discord_id("bob").unwrap();
    bot.stage.sim.discord(|discord| discord.set_roles(bob, &[]));
    insta::assert_snapshot!(bot.ends().await.rsplit("--\n").next().unwrap(), @"
    @alice @bob Nothing was wiped. web-7 (ins-r8hr2upy): a right was checked once more just before the wipe. About @bob: not on the list of approvers. Ask somebody who has the right.
    To try again: /reset instance:ins-r8hr2upy image:img-pmqg1cw7 disk:60GB
    #nqlno · audit 5 · root …
    ");
    assert_eq!(bot.wipes(), 0);
}

#[tokio::test]
async fn a_role_that_cannot_be_read_again_counts_as_none() {
    let mut bot = Bot::on(Platform::Discord).await;
    bot.asks("alice", COMMAND).await;
    bot.presses("bob", "wipe", None).await;
    bot.stage.sim.discord(|discord| discord.arm_route("GET /guilds", "500", 9)).unwrap();
    let channel = bot.ends().await;
    assert!(channel.contains("Nothing was wiped") && channel.contains("a look-up failed"), "{channel}");
    assert_eq!(bot.wipes(), 0);
}

#[tokio::test]
async fn who_takes_no_direct_messages_is_told_in_the_channel() {
    let mut bot = Bot::on(Platform::Discord).await;
    let alice = cast::discord_id("alice").unwrap();
    bot.stage.sim.discord(|discord| discord.close_direct_messages(alice));
    bot.types("alice", "/reset ins-r8hr2upy 40GB").await;
    let channel = bot.ends().await;
    assert!(channel.starts_with("@alice") && channel.contains("disks only grow"), "{channel}");
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_not_posted_twice_on_discord() {
    let mut bot = Bot::on(Platform::Discord).await;
    bot.stage.sim.discord(|discord| discord.arm("lost-answer", 1)).unwrap();
    bot.types("alice", COMMAND).await;
    bot.stage.settle().await.unwrap();
    assert_eq!(bot.channel().matches("Anyone here may cancel").count(), 0, "it expired");
    assert_eq!(bot.stage.sim.screen(Platform::Discord).len(), 3, "card, reminder, end: {}", bot.channel());
}
