//! What one person is told, and what the log says.

use super::*;

#[test]
fn refusals_before_a_card() {
    let texts = refusals().into_iter().map(|why| {
        let refused =
            then(&asked("ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b"), 5, None, Event::Refused { why });
        text(&ended_before_card(&refused)).replace("Nothing was wiped. ins-r8hr2upy: ", "")
    });
    insta::assert_snapshot!(texts.collect::<Vec<_>>().join("\n"), @"
    no such instance in ap-guangzhou, ap-shanghai. Check the id in the console; a machine elsewhere needs its region in [cloud] regions.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    not one that may be reset from here. Give it the tag that [targets] allow names, or ask your admin to add it there.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    StopInstances is running on it. Find out who is working on it, and ask again when that is done.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    it is LAUNCH_FAILED; a reset needs it running, or stopped and still paid for. Start it in the console, then ask again.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    Tencent Cloud restricts it: EXPIRED. Settle that in the console first.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    its system disk has 80 GB and a reset cannot make it 60 GB: disks only grow. Leave the size out to keep it as it is; for a smaller disk, build a new machine.
    Ask for this instead: /reset ins-r8hr2upy img-pmqg1cw7 hostname=a..b
    900 GB is over the limit of 500 GB here. Leave the size out or ask for less, or have your admin raise [limits] max_disk.
    Ask for this instead: /reset ins-r8hr2upy img-pmqg1cw7 hostname=a..b
    the new image needs 80 GB and the disk would have 60 GB. Ask for at least the size that the image needs.
    Ask for this instead: /reset ins-r8hr2upy img-pmqg1cw7 80GB hostname=a..b
    its system disk is local (LOCAL_SSD) and cannot grow. Leave the size out.
    Ask for this instead: /reset ins-r8hr2upy img-pmqg1cw7 hostname=a..b
    img-pmqg1cw7 is not visible to this account in ap-guangzhou. Images are regional: check the id, the region and the sharing.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    img-pmqg1cw7 is CREATING, not NORMAL. Wait until it is, or choose another image.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    the image is for arm64 and the machine is x86_64. Choose an image for the machine's architecture.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    it has no key pair that could be kept. Choose key=skey-…, login=vault, login=random or, for an image of your own, login=image.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    key pairs do not work on Windows. Choose login=vault, login=random or, for an image of your own, login=image.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    login=image works for custom, shared and imported images, and this one is none of them. Choose login=keep, key=skey-…, login=vault or login=random.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    the new system does not take this host name. On Windows: 2 to 15 letters, digits and single hyphens, no dot, not digits alone.
    Ask for this instead: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    the new system does not take this host name. On Linux: 2 to 60 letters, digits, single hyphens and dots, none of them first, last or doubled.
    Ask for this instead: /reset ins-r8hr2upy img-pmqg1cw7 60GB
    no change between Linux and Windows works on a CLOUD_HSSD system disk. It works on CLOUD_BASIC, CLOUD_PREMIUM, CLOUD_SSD and CLOUD_BSSD; choose an image of the same kind.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    asked for the price of this reset, Tencent Cloud refused it: InvalidParameterValue.KeyPairNotFound. A key pair does not exist. Correct `key=`, then ask again.
    You asked: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    the card could not be posted (not_in_channel). Let the bot into the channel (/invite @cleanslate), then ask again.
    To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    the machine could not be looked up (no answer within five minutes). Ask again when Tencent Cloud answers; the log has the details.
    To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    a right was checked once more just before the wipe. About bob: not on the list of approvers. Ask somebody who has the right.
    To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    a right was checked once more just before the wipe. About bob: that right could not be looked up, and what cannot be checked counts as no. Ask again in a minute.
    To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    a look-up failed (the secret store gave no answer). What cannot be checked is not done. Have it mended, then ask again.
    To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    this program was upgraded meanwhile. Ask again.
    To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB hostname=a..b
    ");
}

#[test]
fn denied_commands_and_clicks() {
    let mallory = caller("mallory");
    let command = denials().into_iter().map(|why| {
        let words = text(&denied(&mallory, &why, None));
        words
            .replace("Nothing was wiped and nothing was started: ", "")
            .replace("; the attempt is in the audit log.", "")
    });
    insta::assert_snapshot!(command.collect::<Vec<_>>().join("\n"), @r#"
    this app is not the one that is configured here. An admin finds the right ones in the configuration. You are slack:U0MALLORY, team T0123
    this team is not one that is configured here. An admin finds the right ones in the configuration. You are slack:U0MALLORY, team T0123
    an account of another team may not do this, in a shared channel neither. Ask somebody of this team. You are slack:U0MALLORY, team T0123
    a bot may not do this. A person has to. You are slack:U0MALLORY, team T0123
    resets are asked for where others see it, never in a direct message. Go to a channel that is configured for it, or have your admin add this one; /resets help prints its id. You are slack:U0MALLORY, team T0123
    this channel is not one that resets may be asked for in. Go to a channel that is configured for it, or have your admin add this one; /resets help prints its id. You are slack:U0MALLORY, team T0123
    the request belongs to another channel. Go to the channel of its card. You are slack:U0MALLORY, team T0123
    this is not the request's card. Use its card. You are slack:U0MALLORY, team T0123
    not on the list of those who may ask for resets. Ask somebody who may. You are slack:U0MALLORY, team T0123
    To be added, send your admin this: requesters = [ …, "slack:U0MALLORY" ]
    not on the list of approvers. Ask one of them. You are slack:U0MALLORY, team T0123
    To be added, send your admin this: approvers = [ …, "slack:U0MALLORY" ]
    nobody approves their own request here. Somebody else has to approve it. You are slack:U0MALLORY, team T0123
    that is not this machine's name. Type it exactly as the card says, then press the button again. You are slack:U0MALLORY, team T0123
    too many requests are open in this channel. Decide or cancel one first: /resets status. You are slack:U0MALLORY, team T0123
    too many requests from you within a minute. Wait a minute. You are slack:U0MALLORY, team T0123
    that right could not be looked up, and what cannot be checked counts as no. Try again in a minute. You are slack:U0MALLORY, team T0123
    "#);
    let clicks = [("posted", posted()), ("approved", approved()), ("accepted", accepted())];
    insta::assert_snapshot!(gallery(clicks.map(|(name, request)| {
        (name.to_owned(), text(&denied(&mallory, &Denial::NotAnApprover, Some(&request))))
    })), @r#"
    ## posted
    Not counted: not on the list of approvers. Ask one of them. You are slack:U0MALLORY, team T0123; the attempt is in the audit log.
    web-7 (ins-r8hr2upy): Nothing has been wiped; the card waits for 1 of slack:U0BOB and slack:U0CAROL until 03:42:05. If the request is a mistake, press Cancel: you may.
    To be added, send your admin this: approvers = [ …, "slack:U0MALLORY" ]

    ## approved
    Not counted: not on the list of approvers. Ask one of them. You are slack:U0MALLORY, team T0123; the attempt is in the audit log.
    web-7 (ins-r8hr2upy): It was approved by bob at 03:12:41. The wipe follows, unless somebody presses Stop. If the request is a mistake, press Stop: you may.
    To be added, send your admin this: approvers = [ …, "slack:U0MALLORY" ]

    ## accepted
    Not counted: not on the list of approvers. Ask one of them. You are slack:U0MALLORY, team T0123; the attempt is in the audit log.
    web-7 (ins-r8hr2upy): Tencent Cloud accepted the reset by 03:12:52; the disk is being wiped.
    To be added, send your admin this: approvers = [ …, "slack:U0MALLORY" ]
    "#);
}

#[test]
fn objections_to_what_came_too_late() {
    let cancelled = then(&posted(), 60, Some("carol"), Event::Cancelled);
    let all = [
        ("wrong name", Objection::Denied(Denial::WrongName), posted()),
        ("expired", Objection::Expired, posted()),
        ("not ready", Objection::AlreadyDecided, planned()),
        ("decided", Objection::AlreadyDecided, approved()),
        ("voted", Objection::AlreadyVoted, posted()),
        ("too late, executing", Objection::TooLate, claimed()),
        ("too late, over", Objection::TooLate, cancelled),
        ("not open-ended", Objection::NotOpenEnded, accepted()),
        ("race", objections().pop().unwrap(), accepted()),
    ];
    insta::assert_snapshot!(
        gallery(all.map(|(name, why, request)| (name.to_owned(), text(&objection(&why, &request))))), @"
    ## wrong name
    web-7 (ins-r8hr2upy): not counted: that is not this machine's name. Type it exactly as the card says, then press the button again.
    Nothing has been wiped; the card waits for 1 of slack:U0BOB and slack:U0CAROL until 03:42:05.

    ## expired
    web-7 (ins-r8hr2upy): too late, the time to decide is over.
    Nothing has been wiped. To try again: /reset ins-r8hr2upy img-pmqg1cw7 60GB

    ## not ready
    web-7 (ins-r8hr2upy): not counted, the card is not ready. Press again when it is.
    Nothing has been wiped; the card is about to be posted.

    ## decided
    web-7 (ins-r8hr2upy): not counted, it was decided before. The last step was taken by bob at 03:12:41.
    It was approved by bob at 03:12:41. The wipe follows, unless somebody presses Stop.

    ## voted
    web-7 (ins-r8hr2upy): your yes is counted already; somebody else has to say yes too.
    Nothing has been wiped; the card waits for 1 of slack:U0BOB and slack:U0CAROL until 03:42:05.

    ## too late, executing
    web-7 (ins-r8hr2upy): too late, this can no longer be stopped.
    It was approved by bob and the reset is leaving. Treat the disk as lost.

    ## too late, over
    web-7 (ins-r8hr2upy): too late, it is over already.
    Nothing was wiped: cancelled by carol at 03:13:04.

    ## not open-ended
    web-7 (ins-r8hr2upy): not closed: only a request that nobody could settle is closed by hand.
    Tencent Cloud accepted the reset by 03:12:52; the disk is being wiped.

    ## race
    web-7 (ins-r8hr2upy): it changed at the same moment, so this changed nothing. Look at the card.
    Tencent Cloud accepted the reset by 03:12:52; the disk is being wiped.
    ");
}

#[test]
fn answers_to_the_caller_alone() {
    let message = MessageRef("1732417925.000100".to_owned());
    let hint = parse("ins-r8hr2upy login=root").unwrap_err();
    let all = [
        ("opened", opened(&asked(RESET))),
        ("hint", super::super::hint(&hint)),
        ("already open", already_open(&posted(), Some(&message), at(125))),
        ("counted", counted(&posted())),
        ("use this card", use_this_card(&posted(), Some(&message))),
        ("use this card, none yet", use_this_card(&planned(), None)),
        ("unknown", unknown_request()),
        ("old button", old_button()),
        ("store", store_trouble()),
        ("lookup", lookup_trouble("the configuration")),
        (
            "cancelled before a card",
            ended_before_card(&then(&asked(RESET), 3, Some("carol"), Event::Cancelled)),
        ),
    ];
    insta::assert_snapshot!(gallery(all.map(|(name, notice)| (name.to_owned(), text(&notice)))), @"
    ## opened
    Checking ins-r8hr2upy. The card comes to this channel. #oc4vj
    If none appears within a minute, let the bot in: /invite @cleanslate

    ## hint
    Nothing was started and nothing was wiped: login takes keep, image, random or vault.
    All of it: /resets help

    ## already open
    web-7 (ins-r8hr2upy) already has a request: #oc4vj by alice, 2 min 5 s ago. Nothing new was started. Its card: the card (1732417925.000100)
    Nothing has been wiped; the card waits for 1 of slack:U0BOB and slack:U0CAROL until 03:42:05.

    ## counted
    Your yes is counted, 0 of 1: web-7 (ins-r8hr2upy). Nothing has been wiped; the card waits for 1 of slack:U0BOB and slack:U0CAROL until 03:42:05.

    ## use this card
    This is not the current card of web-7 (ins-r8hr2upy); its buttons wipe nothing. Use this one: the card (1732417925.000100)

    ## use this card, none yet
    This is not the current card of web-7 (ins-r8hr2upy); its buttons wipe nothing. Use this one: it is about to be posted.

    ## unknown
    No such request in this channel, or more than one; nothing was changed and nothing was wiped by this. What is open: /resets status

    ## old button
    This button belongs to another version; nothing was changed and nothing was wiped by it. What is open: /resets status. To ask again: /reset

    ## store
    I could not store this, so nothing came of it: nothing was wiped by it, and nothing was stopped by it. Try again in a minute; if it stays, see /healthz and the log.

    ## lookup
    I could not read the configuration, so it cannot be checked who may, and nothing came of this: nothing was wiped by it, and nothing was stopped by it. Try again in a minute; an admin finds the reason with cleanslate check.

    ## cancelled before a card
    Nothing was wiped. Your request for ins-r8hr2upy was cancelled by carol.
    ");
}

#[test]
fn what_people_are_told_who_look() {
    let instance = "ins-r8hr2upy".parse().unwrap();
    let all = [
        ("nothing open", status(&[], at(0))),
        ("status", status(&[posted(), unknown(), overdue()], at(1900))),
        ("help", help(&caller("alice"))),
        ("explain to alice", explain(&caller("alice"), &instance, &policy())),
        ("explain to mallory", explain(&caller("mallory"), &instance, &policy())),
    ];
    insta::assert_snapshot!(gallery(all.map(|(name, notice)| (name.to_owned(), text(&notice)))), @"
    ## nothing open
    Nothing is open in this channel.

    ## status
    web-7 (ins-r8hr2upy) · #oc4vj by alice, 31 min 40 s ago. Nothing has been wiped; the card waits for 1 of slack:U0BOB and slack:U0CAROL until 03:42:05.
    web-7 (ins-r8hr2upy) · #oc4vj by alice, 31 min 40 s ago. We do not know yet whether the disk was wiped. Treat it as lost until I report.
    web-7 (ins-r8hr2upy) · #oc4vj by alice, 31 min 40 s ago. Tencent Cloud accepted the reset by 03:12:52 and does not call it done. Treat the disk as lost.

    ## help
    Wipe a server and reinstall it, after an approval
    /reset ins-r8hr2upy img-pmqg1cw7 60GB -- why
    Image and size may be left out: the machine keeps what it has. Options:
    login=keep|image|random key=skey-…,… hostname=… security=on|off monitor=on|off automation=on|off
    /resets status [id] what is open here
    /resets cancel id withdraw a request; anyone in its channel may
    /resets close id -- finding settle one that I could not
    /resets explain ins-… may I?
    You are slack:U0ALICE, team T0123, channel C0123.

    ## explain to alice
    About ins-r8hr2upy, for slack:U0ALICE
    Ask for a reset: yes.
    Approve somebody else's, or close one: yes.
    Approve one's own: yes, with the machine's name typed.
    Needed: 1 of slack:U0ALICE, slack:U0BOB and slack:U0CAROL
    Whether the machine itself may be reset is for [targets] allow to say, by its id or tags; they are looked up when you ask.

    ## explain to mallory
    About ins-r8hr2upy, for slack:U0MALLORY
    Ask for a reset: not on the list of those who may ask for resets.
    Approve somebody else's, or close one: not on the list of approvers.
    Approve one's own: no.
    Needed: 1 of slack:U0ALICE, slack:U0BOB and slack:U0CAROL
    Whether the machine itself may be reset is for [targets] allow to say, by its id or tags; they are looked up when you ask.
    ");
}

#[test]
fn the_audit_log_in_words() {
    let mut facts: Vec<Fact> = completed(good_check()).facts;
    let others = late().into_iter().chain(harmless()).chain(harmed());
    facts.extend(others.map(|(_, request)| request.last().clone()));
    facts.push(Fact { at: at(9), by: Some(actor_named("bob")), event: Event::Voted { vote: vote("bob") } });
    let shrinks = Refusal::Plan(PlanRefusal::DiskShrinks { today_gb: 80, asked_gb: 60 });
    facts.push(Fact { at: at(9), by: None, event: Event::Refused { why: shrinks } });
    for count in [1, 4] {
        let (caller, denial) = (caller("mallory"), Denial::NotAnApprover);
        let by = Some(caller.actor.clone());
        facts.push(Fact {
            at: at(9),
            by,
            event: Event::Denied { caller, act: "wipe".to_owned(), denial, count },
        });
    }
    let changed = Event::PolicyChanged { hash: "0123456789".to_owned(), text: String::new() };
    facts.push(Fact { at: at(9), by: None, event: changed });
    let mut lines: Vec<String> =
        facts.iter().map(|fact| format!("{:<10}  {}", actor(fact), summary(fact))).collect();
    lines.dedup();
    insta::assert_snapshot!(lines.join("\n"), @"
    alice       asked: ins-r8hr2upy, img-pmqg1cw7, 60 GB
    cleanslate  planned, digest 32a928…
    cleanslate  card posted
    bob         approved
    cleanslate  claimed: one ResetInstance may leave
    cleanslate  accepted, RequestId a0a66377-b79f-4a21-846c-d997d6022968
    cleanslate  completed: the disk was wiped
    cleanslate  claimed: one ResetInstance may leave
    cleanslate  no clear answer: no answer within 15 s
    cleanslate  accepted, RequestId a0a66377-b79f-4a21-846c-d997d6022968
    cleanslate  accepted (inferred), RequestId a0a66377-b79f-4a21-846c-d997d6022968
    cleanslate  overdue: not done after 30 minutes
    cleanslate  cannot be settled from here: another operation (StartInstances) hid the trace
    cleanslate  cannot be settled from here: the instance is no longer there
    cleanslate  cannot be settled from here: Tencent Cloud has given no answer that proves anything
    cleanslate  refused, nothing was wiped: this program was upgraded meanwhile.
    carol       cancelled: nothing was wiped
    cleanslate  expired: nothing was wiped
    cleanslate  stale, nothing was wiped: changed were image, last operation
    cleanslate  failed, nothing was wiped by this request: MutexOperation.TaskRunning
    cleanslate  failed, nothing was wiped by this request: NotSent
    cleanslate  not executed: nothing was wiped by this request
    cleanslate  lapsed, nothing was wiped: the channel could not be told of the approval in time
    cleanslate  lapsed, nothing was wiped: another operation was running on the machine
    cleanslate  lapsed, nothing was wiped: Tencent Cloud could not be asked for a second look
    cleanslate  lapsed, nothing was wiped: this program did not get to it in time
    cleanslate  completed: the disk was wiped
    cleanslate  failed after it began: treat the disk as lost
    bob         closed by hand: logged in, the disk is new
    bob         said yes; more are needed
    cleanslate  refused, nothing was wiped: its system disk has 80 GB and a reset cannot make it 60 GB: disks only grow.
    mallory     denied wipe: not on the list of approvers.
    mallory     denied wipe, 4 times: not on the list of approvers.
    cleanslate  policy in force, hash 012345…
    ");
}
