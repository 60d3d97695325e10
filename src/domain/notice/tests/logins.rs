//! What is said of a password that is made for one request, and of a text that runs first.

use super::*;
use crate::domain::ask::Login;
use crate::domain::plan::{Means, Secret, Text};

/// An installation that has everything.
pub(super) fn means(request: &Request) -> Means {
    let name = format!("cleanslate/login/{}/{}", request.ask.instance, request.id);
    let read = format!("cat /srv/cleanslate/vault/{name}");
    let text = |name: &String| Text::of(name, b"#!/bin/sh\n").unwrap();
    Means {
        login: request.ask.login.clone().unwrap_or(Login::Keep),
        secret: Some(Secret { name, read }),
        text: request.ask.userdata.as_ref().map(text),
    }
}

/// Claimed, with a password and a text.
fn claimed_with(text: &str, target: Known<Image>) -> Request {
    let posted = post(&planned_with(text, machine(), target, terms()));
    let grace = SignedDuration::from_secs(10);
    let approved =
        then(&posted, 37, Some("bob"), Event::Approved { vote: vote("bob"), exec_by: at(337), grace });
    let claim = Claim { token: "one-0".to_owned(), signed_at: at(47), baseline: None, wire: Wire::V3 };
    then(&approved, 47, None, Event::Claimed { claim })
}

fn vault() -> Request {
    claimed_with("ins-r8hr2upy login=vault", Known::Missing)
}

/// The lines of an end that speak of the password, under one name for the secret.
fn of_the_password(request: &Request) -> String {
    let name = build::secret(request).unwrap().name.clone();
    let said = said(request, if request.is_over() { Speech::End } else { Speech::Unsettled });
    let lines = said.lines().filter(|line| line.contains(&name));
    lines.map(|line| line.replace(&name, "NAME")).collect::<Vec<_>>().join("\n")
}

/// Why what was asked for by name cannot be had.
pub(super) fn refusals() -> Vec<Refusal> {
    let text = str::to_owned;
    let all = [
        PlanRefusal::NoVault { why: text("the environment cannot be written to") },
        PlanRefusal::NoSuchText { known: vec![text("base"), text("gpu")] },
        PlanRefusal::NoSuchText { known: Vec::new() },
        PlanRefusal::TextUnreadable { why: text("userdata/base.sh: permission denied") },
        PlanRefusal::TextSize { bytes: 0, max: 16384 },
        PlanRefusal::TextSize { bytes: 20000, max: 16384 },
        PlanRefusal::NoCloudInit { image: "img-pmqg1cw7".parse().unwrap() },
    ];
    all.map(Refusal::Plan).to_vec()
}

#[test]
fn refusals_of_what_was_asked_for_by_name() {
    let texts = refusals().into_iter().map(|why| {
        let request = asked("ins-r8hr2upy login=vault userdata=base");
        let refused = then(&request, 5, None, Event::Refused { why });
        text(&ended_before_card(&refused)).replace("Nothing was wiped. ins-r8hr2upy: ", "")
    });
    insta::assert_snapshot!(texts.collect::<Vec<_>>().join("\n"), @"
    its new password could not be kept in the secret store (the environment cannot be written to). Choose another login, or have your admin give the secret store a place to write to ([secrets]).
    You asked: /reset ins-r8hr2upy login=vault userdata=base
    there is no userdata text of this name here; there is base, gpu. Name one of those, or leave it out; your admin adds texts there.
    Ask for this instead: /reset ins-r8hr2upy login=vault
    there is no text in [userdata] here. Leave it out; your admin adds texts there.
    Ask for this instead: /reset ins-r8hr2upy login=vault
    its userdata text could not be read (userdata/base.sh: permission denied). Have your admin mend [userdata], or leave it out.
    Ask for this instead: /reset ins-r8hr2upy login=vault
    its userdata text is empty. Have your admin put the text right, or leave it out.
    Ask for this instead: /reset ins-r8hr2upy login=vault
    its userdata text has 20000 bytes, and Tencent Cloud takes 16384. Have your admin put the text right, or leave it out.
    Ask for this instead: /reset ins-r8hr2upy login=vault
    img-pmqg1cw7 has no cloud-init, so that it would not run the userdata text. Leave it out, or choose an image that supports cloud-init.
    Ask for this instead: /reset ins-r8hr2upy login=vault
    ");
}

#[test]
fn a_password_is_named_where_it_is_needed_and_where_it_opens_nothing() {
    let accepted = |request: &Request| {
        then(request, 48, None, Event::Accepted { request_id: RID.to_owned(), inferred: false })
    };
    let unknown = then(&vault(), 62, None, Event::Unknown { why: "no answer within 15 s".to_owned() });
    let refused = failure("InvalidInstance.NotSupported", "", "Choose another.");
    let ends = [
        ("completed", then(&accepted(&vault()), 209, None, Event::Completed { check: good_check() })),
        ("failed", then(&vault(), 48, None, Event::Failed { failure: refused })),
        ("not sent", then(&vault(), 70, None, Event::Failed { failure: Failure::not_sent("too late") })),
        ("not executed", then(&unknown, 560, None, Event::NotExecuted)),
        (
            "failed after it began",
            then(&accepted(&vault()), 209, None, Event::FailedAsync { message: "disk error".to_owned() }),
        ),
        ("gone", then(&unknown, 560, None, Event::Indeterminate { riddle: Riddle::NoEvidence })),
    ];
    insta::assert_snapshot!(gallery(ends.map(|(name, end)| (name.to_owned(), of_the_password(&end)))), @"
    ## completed
    Next: the host key is new, ssh-keygen -R 43.139.10.7; to read the new password: cat /srv/cleanslate/vault/NAME; mount the 2 data disks.

    ## failed
    Choose another. The password that was made for it opens nothing; delete the secret NAME. To try again: /reset ins-r8hr2upy login=vault

    ## not sent
    alice bob Nothing was wiped by this request. The reset of web-7 (ins-r8hr2upy) was not sent: too late. The password that was made for it opens nothing; delete the secret NAME. To try again: /reset ins-r8hr2upy login=vault

    ## not executed
    alice bob Nothing was wiped by this request. The reset of web-7 (ins-r8hr2upy) was not carried out: when it could no longer start, by the cloud's own clock, two looks found no trace of it. The password that was made for it opens nothing; delete the secret NAME. To try again: /reset ins-r8hr2upy login=vault

    ## failed after it began
    alice bob The reinstall of web-7 (ins-r8hr2upy) failed after it began. Treat the disk as lost. Tencent Cloud reports FAILED, “disk error”. Look at the machine in the console and open a ticket with the RequestId; a new request may be made. If a new system answers, this reads its password: cat /srv/cleanslate/vault/NAME. To try again: /reset ins-r8hr2upy login=vault

    ## gone
    alice bob We do not know whether this request wiped web-7 (ins-r8hr2upy): Tencent Cloud has given no answer that proves anything. Until you know, treat the disk as lost. Do this: log in and look at the disk; in CloudAudit, search ResetInstance on ins-r8hr2upy since 03:12:51; then /resets close oc4vj -- what you found. If a new system answers, this reads its password: cat /srv/cleanslate/vault/NAME. The machine stays locked here until then.
    ");
}

#[test]
fn a_card_names_secret_and_text_and_what_is_not_known() {
    let known = image("img-pmqg1cw7", "TencentOS 4", Family::Linux);
    let unsaid = Image { cloud_init: None, ..known.clone() };
    let words = "ins-r8hr2upy img-pmqg1cw7 login=vault userdata=base hostname=web-8 security=off";
    let cards = [Known::Found(known), Known::Found(unsaid), Known::Unasked("no".to_owned())].map(|target| {
        let request = post(&planned_with(words, machine(), target, terms()));
        let card = text(&card(&request, at(1)).unwrap());
        let lines = card.lines().filter(|line| line.starts_with("Login") || line.starts_with("System"));
        lines.map(str::to_owned).collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(cards.join("\n"), @"
    System   Ubuntu 22.04 (img-487zeit5) → TencentOS 4 (img-pmqg1cw7) · host name web-8 · userdata base (SHA-256 a8076d3d…) · security agent off
    Login    a new password, kept before the wipe; to read it: cat /srv/cleanslate/vault/cleanslate/login/ins-r8hr2upy/oc4vjmtyvbi3to5e6wpqryaaea · 2 data disks: not formatted by this call
    System   Ubuntu 22.04 (img-487zeit5) → TencentOS 4 (img-pmqg1cw7) · host name web-8 · userdata base (SHA-256 a8076d3d…, not known whether this image runs it) · security agent off
    Login    a new password, kept before the wipe; to read it: cat /srv/cleanslate/vault/cleanslate/login/ins-r8hr2upy/oc4vjmtyvbi3to5e6wpqryaaea · 2 data disks: not formatted by this call
    System   Ubuntu 22.04 (img-487zeit5) → img-pmqg1cw7 · host name web-8 · userdata base (SHA-256 a8076d3d…, not known whether this image runs it) · security agent off
    Login    a new password, kept before the wipe; to read it: cat /srv/cleanslate/vault/cleanslate/login/ins-r8hr2upy/oc4vjmtyvbi3to5e6wpqryaaea · 2 data disks: not formatted by this call
    ");
}
