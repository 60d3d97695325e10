//! What the channel reads.

use super::*;

#[test]
fn the_card_says_what_is_lost_first() {
    insta::assert_snapshot!(text(&card(&planned(), at(1)).unwrap()), @"
    Wipe web-7 and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu 22.04. This cannot be undone.
    ! Newest snapshot is 9 days old.
    ! The disk grows 50 → 60 GB and cannot shrink again. Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).
    Machine  web-7 · ins-r8hr2upy · 10.0.0.7 · 43.139.10.7 · ap-guangzhou-3 · running · account acme-prod
    System   Ubuntu 22.04 (img-487zeit5) → TencentOS 4 (img-pmqg1cw7)
    Login    the key it has today, skey-8xk2p1qa · 2 data disks: not formatted by this call
    Tags     cleanslate=allowed · team=payments · last operation StopInstances, SUCCESS
    Asked    alice: “disk corrupt, INC-481”
    Needs    1 of slack:U0BOB and slack:U0CAROL · until 03:42:05, 30 min in all
    Anyone here may cancel. #oc4vj
    [ Wipe web-7 ]  [ Cancel ]
    ");
}

#[test]
fn a_card_that_must_be_typed_for() {
    let target = || Known::Found(image("img-pmqg1cw7", "Windows Server 2022", Family::Windows));
    let words = "ins-r8hr2upy img-pmqg1cw7 150GB login=random hostname=web-7 security=off monitor=on";
    let own = Terms { requester_may: true, quorum: 2, ..terms() };
    let own = post(&planned_with(words, machine(), target(), own));
    let own = then(&own, 30, Some("bob"), Event::Voted { vote: vote("bob") });
    let nameless = Machine { name: String::new(), data_disks: 0, tags: Vec::new(), last: None, ..machine() };
    let all = Terms { all_type: true, ..terms() };
    let all = planned_with("ins-r8hr2upy", nameless, Known::Missing, all);
    let unseen = planned_with(RESET, machine(), Known::Unasked("no".to_owned()), terms());
    insta::assert_snapshot!(gallery([("own, Windows", own), ("all, no name, same image", all), ("image unseen", unseen)]
        .map(|(name, request)| (name.to_owned(), text(&card(&request, at(1)).unwrap())))), @"
    ## own, Windows
    Wipe web-7 and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu 22.04. This cannot be undone.
    ! Newest snapshot is 9 days old.
    ! The disk grows 50 → 150 GB, more than twice its size, and cannot shrink again. Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).
    ! Linux → Windows: the disk id changes, and old snapshots can no longer be rolled back.
    Machine  web-7 · ins-r8hr2upy · 10.0.0.7 · 43.139.10.7 · ap-guangzhou-3 · running · account acme-prod
    System   Ubuntu 22.04 (img-487zeit5) → Windows Server 2022 (img-pmqg1cw7) · host name web-7 · security agent off · monitor agent on
    Login    a random password, sent to the account's message centre · 2 data disks: not formatted by this call
    Tags     cleanslate=allowed · team=payments · last operation StopInstances, SUCCESS
    Asked    alice
    Needs    2 of slack:U0BOB and slack:U0CAROL · yes so far: bob · until 03:42:05, 30 min in all
    Anyone here may cancel. #oc4vj
    alice: to approve your own request, type web-7 [________]
    [ Wipe web-7 ]  [ Cancel ]

    ## all, no name, same image
    Wipe ins-r8hr2upy and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu 22.04. This cannot be undone.
    ! Newest snapshot is 9 days old.
    ! Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).
    Machine  no name · ins-r8hr2upy · 10.0.0.7 · 43.139.10.7 · ap-guangzhou-3 · running · account acme-prod
    System   Ubuntu 22.04 (img-487zeit5), the same again
    Login    the key it has today, skey-8xk2p1qa · no data disks
    Tags     none · last operation not known
    Asked    alice
    Needs    1 of slack:U0BOB and slack:U0CAROL · until 03:42:05, 30 min in all
    Anyone here may cancel. #oc4vj
    To approve, type 2upy [________]
    [ Wipe ins-r8hr2upy ]  [ Cancel ]

    ## image unseen
    Wipe web-7 and reinstall it?
    Everything on its system disk is lost: 50 GB, Ubuntu 22.04. This cannot be undone.
    ! Newest snapshot is 9 days old.
    ! The disk grows 50 → 60 GB and cannot shrink again. Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).
    ! The new image could not be looked up: no. Its system and size were not checked.
    Machine  web-7 · ins-r8hr2upy · 10.0.0.7 · 43.139.10.7 · ap-guangzhou-3 · running · account acme-prod
    System   Ubuntu 22.04 (img-487zeit5) → img-pmqg1cw7
    Login    the key it has today, skey-8xk2p1qa · 2 data disks: not formatted by this call
    Tags     cleanslate=allowed · team=payments · last operation StopInstances, SUCCESS
    Asked    alice: “disk corrupt, INC-481”
    Needs    1 of slack:U0BOB and slack:U0CAROL · until 03:42:05, 30 min in all
    Anyone here may cancel. #oc4vj
    [ Wipe web-7 ]  [ Cancel ]
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "the texts stand side by side")]
fn the_card_after_the_decision() {
    let all = early().into_iter().skip(3).chain(late()).chain(harmless()).chain(harmed());
    insta::assert_snapshot!(gallery(all.map(|(name, request)| {
        let card = text(&card(&request, request.last().at).unwrap());
        (name.to_owned(), card.split_once('\n').unwrap().1.to_owned())
    })), @"
    ## approved
    Approved by bob. Wiping at 03:12:51.
    [ Stop ]

    ## executing
    Approved by bob. The reset is leaving; it can no longer be stopped. Treat the disk as lost.

    ## unknown
    We do not know yet whether the disk was wiped: the reset left about 03:12:51 and no clear answer came back. It will never be sent again; I am finding out.

    ## accepted
    Tencent Cloud accepted the reset; the disk is being wiped.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968

    ## inferred
    No answer came back, but by the machine's last operation Tencent Cloud accepted the reset; the disk is being wiped.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968

    ## overdue
    Tencent Cloud accepted the reset and is not done after 30 minutes. Treat the disk as lost.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968

    ## overtaken
    We do not know whether this request wiped the disk. What to do is said below.

    ## gone
    We do not know whether this request wiped the disk. What to do is said below.

    ## no evidence
    We do not know whether this request wiped the disk. What to do is said below.

    ## refused at the claim
    Nothing was wiped: this program was upgraded meanwhile.

    ## cancelled
    Nothing was wiped: cancelled by carol at 03:13:04.

    ## expired
    Nothing was wiped: nobody decided in time; the card no longer acts.

    ## stale
    Nothing was wiped: what the card showed is no longer so; the approval is void.

    ## failed
    Nothing was wiped by this request: Tencent Cloud refused, MutexOperation.TaskRunning.

    ## not sent
    Nothing was wiped by this request: the reset was not sent.

    ## not executed
    Nothing was wiped by this request: the reset was not carried out.

    ## lapsed
    Nothing was wiped: the approval lapsed, because the channel could not be told of the approval in time.

    ## lapsed
    Nothing was wiped: the approval lapsed, because another operation was running on the machine.

    ## lapsed
    Nothing was wiped: the approval lapsed, because Tencent Cloud could not be asked for a second look.

    ## lapsed
    Nothing was wiped: the approval lapsed, because this program did not get to it in time.

    ## completed
    The disk was wiped and reinstalled.

    ## completed, other image and size
    The disk was wiped and reinstalled.

    ## completed, unconfirmed
    The disk was wiped and reinstalled.

    ## failed after it began
    The reinstall failed after it began. Treat the disk as lost.

    ## closed, overdue
    Closed by bob at 04:18:44. The reset was accepted, so treat the disk as wiped; they found: “logged in, the disk is new”.

    ## closed, indeterminate
    Closed by bob at 04:18:44. This program does not know whether the disk was wiped; they found: “logged in, the disk is new”.
    ");
}

/// The legacy API may still take a request in after two hours: no finding is promised earlier.
#[test]
fn a_finding_is_promised_for_after_the_fence_of_the_claim() {
    for (wire, promised) in [(Wire::V3, "about 03:21:51."), (Wire::V2, "about 05:16:51.")] {
        let unknown = then(&claimed_over(wire), 62, None, Event::Unknown { why: "no answer".to_owned() });
        let text = said(&unknown, Speech::Doubt);
        assert!(text.contains(&format!("I will say here what I find, {promised}")), "{text}");
    }
}

#[test]
fn what_is_said_aloud_before_the_end() {
    let mut all = vec![
        ("reminder", said(&posted(), Speech::Reminder)),
        ("doubt", said(&unknown(), Speech::Doubt)),
        ("found, inferred", said(&inferred(), Speech::Found)),
        ("slow", said(&accepted(), Speech::Slow)),
        ("overdue", said(&overdue(), Speech::Overdue)),
    ];
    all.extend(riddles().into_iter().map(|(name, request)| (name, said(&request, Speech::Unsettled))));
    insta::assert_snapshot!(gallery(all.into_iter().map(|(name, text)| (name.to_owned(), text))), @"
    ## reminder
    slack:U0BOB and slack:U0CAROL: the request to wipe web-7 (ins-r8hr2upy) still waits for a decision, until 03:42:05. Nothing has been wiped. #oc4vj

    ## doubt
    alice bob We do not know yet whether web-7 (ins-r8hr2upy) was wiped. The reset left about 03:12:51 and no clear answer came back; it will never be sent again. Until I report, treat the disk as lost and do not reset it in the console: that would hide the answer. I will say here what I find, about 03:21:51.
    #oc4vj · audit 6 · root 8f3a1c20

    ## found, inferred
    alice bob Found: web-7 (ins-r8hr2upy) is being wiped: no answer came back, but the machine's last operation is a reset that began after ours left. I will say when it is done.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968 · #oc4vj · audit 6 · root 8f3a1c20

    ## slow
    alice bob Still reinstalling web-7 (ins-r8hr2upy) after 10 minutes, longer than usual. The disk is already being wiped; there is nothing to do but wait. I keep looking.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968 · #oc4vj · audit 6 · root 8f3a1c20

    ## overdue
    alice bob After 30 minutes Tencent Cloud does not call the reset of web-7 (ins-r8hr2upy) done. Treat its disk as lost. Look at the machine in the console, and open a ticket with the RequestId; I ask once an hour for a day. To settle it by hand: /resets close oc4vj -- what you found. It stays locked here until then.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968 · #oc4vj · audit 6 · root 8f3a1c20

    ## overtaken
    alice bob We do not know whether this request wiped web-7 (ins-r8hr2upy): another operation (StartInstances) hid the trace. Until you know, treat the disk as lost. Do this: log in and look at the disk; in CloudAudit, search ResetInstance on ins-r8hr2upy since 03:12:51; then /resets close oc4vj -- what you found. The machine stays locked here until then.
    #oc4vj · audit 6 · root 8f3a1c20

    ## gone
    alice bob We do not know whether this request wiped web-7 (ins-r8hr2upy): the instance is no longer there. Until you know, treat the disk as lost. Do this: find out in the console who removed it; in CloudAudit, search ResetInstance on ins-r8hr2upy since 03:12:51; then /resets close oc4vj -- what you found. The machine stays locked here until then.
    #oc4vj · audit 6 · root 8f3a1c20

    ## no evidence
    alice bob We do not know whether this request wiped web-7 (ins-r8hr2upy): Tencent Cloud has given no answer that proves anything. Until you know, treat the disk as lost. Do this: log in and look at the disk; in CloudAudit, search ResetInstance on ins-r8hr2upy since 03:12:51; then /resets close oc4vj -- what you found. The machine stays locked here until then.
    #oc4vj · audit 6 · root 8f3a1c20
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "the texts stand side by side")]
fn what_is_said_at_the_end() {
    let all = harmless().into_iter().chain(harmed());
    insta::assert_snapshot!(
        gallery(all.map(|(name, request)| (name.to_owned(), said(&request, Speech::End)))), @"
    ## refused at the claim
    alice bob Nothing was wiped. web-7 (ins-r8hr2upy): this program was upgraded meanwhile. Ask again.
    To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #oc4vj · audit 6 · root 8f3a1c20

    ## cancelled
    alice Nothing was wiped. The request for web-7 (ins-r8hr2upy) was cancelled by carol.
    #oc4vj · audit 6 · root 8f3a1c20

    ## expired
    alice Nothing was wiped. Nobody decided about web-7 (ins-r8hr2upy) in time; its card no longer acts. Who may approve: slack:U0BOB and slack:U0CAROL. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #oc4vj · audit 6 · root 8f3a1c20
    [ Ask again ]

    ## stale
    alice bob Nothing was wiped. web-7 (ins-r8hr2upy) is no longer what the card showed, so the approval of bob is void.
    image: Ubuntu 22.04 (img-487zeit5) → TencentOS 4 (img-pmqg1cw7)
    last operation: StopInstances rid-before → ResetInstance rid-other
    Somebody may be working on this machine: find them first. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #oc4vj · audit 6 · root 8f3a1c20
    [ Show me a new card ]

    ## failed
    alice bob Nothing was wiped by this request. Tencent Cloud refused to reset web-7 (ins-r8hr2upy): MutexOperation.TaskRunning.
    Its own words: “A task is running.”
    Another operation is running on it. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    RequestId rid-no · #oc4vj · audit 6 · root 8f3a1c20

    ## not sent
    alice bob Nothing was wiped by this request. The reset of web-7 (ins-r8hr2upy) was not sent: the claim was too old. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #oc4vj · audit 6 · root 8f3a1c20
    [ Ask again ]

    ## not executed
    alice bob Nothing was wiped by this request. The reset of web-7 (ins-r8hr2upy) was not carried out: when it could no longer start, by the cloud's own clock, two looks found no trace of it. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #oc4vj · audit 6 · root 8f3a1c20
    [ Ask again ]

    ## lapsed
    alice bob Nothing was wiped. The approval for web-7 (ins-r8hr2upy) lapsed after five minutes: the channel could not be told of the approval in time. See that the bot may post in this channel. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #oc4vj · audit 6 · root 8f3a1c20
    [ Ask again ]

    ## lapsed
    alice bob Nothing was wiped. The approval for web-7 (ins-r8hr2upy) lapsed after five minutes: another operation was running on the machine. Find out who is working on the machine first. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #oc4vj · audit 6 · root 8f3a1c20
    [ Ask again ]

    ## lapsed
    alice bob Nothing was wiped. The approval for web-7 (ins-r8hr2upy) lapsed after five minutes: Tencent Cloud could not be asked for a second look. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #oc4vj · audit 6 · root 8f3a1c20
    [ Ask again ]

    ## lapsed
    alice bob Nothing was wiped. The approval for web-7 (ins-r8hr2upy) lapsed after five minutes: this program did not get to it in time. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    #oc4vj · audit 6 · root 8f3a1c20
    [ Ask again ]

    ## completed
    alice bob ins-r8hr2upy is back. The disk of web-7 was wiped and reinstalled. Tencent Cloud reports SUCCESS after 2 min 42 s; checked: TencentOS 4 (img-pmqg1cw7), 60 GB, running. Not checked: that your services start.
    Next: the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968 · #oc4vj · audit 6 · root 8f3a1c20

    ## completed, other image and size
    alice bob ins-r8hr2upy is not as asked. The disk of web-7 was wiped and reinstalled. Tencent Cloud reports SUCCESS after 2 min 42 s; checked: the image is NOT TencentOS 4 (img-pmqg1cw7), the disk has 50 GB, NOT 60 GB, running. Not checked: that your services start.
    Next: see in the console what was installed, and open a ticket with the RequestId; the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968 · #oc4vj · audit 6 · root 8f3a1c20

    ## completed, unconfirmed
    alice bob ins-r8hr2upy was reset. The disk of web-7 was wiped and reinstalled. Another operation has since hidden Tencent Cloud's last word on it; compared instead: TencentOS 4 (img-pmqg1cw7), 60 GB, it is stopped, NOT running. Not checked: that your services start.
    Next: start it in the console; the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968 · #oc4vj · audit 6 · root 8f3a1c20

    ## failed after it began
    alice bob The reinstall of web-7 (ins-r8hr2upy) failed after it began. Treat the disk as lost. Tencent Cloud reports FAILED, “disk error”. Look at the machine in the console and open a ticket with the RequestId; a new request may be made. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    RequestId a0a66377-b79f-4a21-846c-d997d6022968 · #oc4vj · audit 6 · root 8f3a1c20

    ## closed, overdue
    alice bob Closed by bob: web-7 (ins-r8hr2upy). The reset was accepted, so treat the disk as wiped; they found: “logged in, the disk is new”. The machine is no longer locked here.
    RequestId a0a66377-b79f-4a21-846c-d997d6022968 · #oc4vj · audit 6 · root 8f3a1c20

    ## closed, indeterminate
    alice bob Closed by bob: web-7 (ins-r8hr2upy). This program does not know whether the disk was wiped; they found: “logged in, the disk is new”. The machine is no longer locked here.
    #oc4vj · audit 6 · root 8f3a1c20
    ");
}
