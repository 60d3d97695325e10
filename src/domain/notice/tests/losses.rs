//! What a card warns of before, and what is said when it did not go as asked.

use super::*;

/// The lines of a card that warn, of a request planned with `text` and changed by `change`.
fn warned(text: &str, change: impl FnOnce(&mut Plan)) -> String {
    let mut request = planned_with(
        text,
        machine(),
        Known::Found(image("img-pmqg1cw7", "TencentOS 4", Family::Linux)),
        terms(),
    );
    change(request.plan.as_mut().unwrap());
    let lines = card(&request, at(1)).unwrap().lines;
    assert!(lines.len() <= 12, "{lines:?}");
    let lines = lines.into_iter().filter(|line| line.tone == Tone::Warning).collect();
    super::text(&Notice { lines, ..Notice::default() })
}

#[test]
#[expect(clippy::too_many_lines, reason = "the texts stand side by side")]
fn what_the_card_warns_of() {
    let same = "ins-r8hr2upy img-pmqg1cw7";
    let windows = |plan: &mut Plan| plan.target.as_mut().unwrap().family = Family::Windows;
    let denied = || "Tencent Cloud answered UnauthorizedOperation".to_owned();
    let unlisted = |plan: &mut Plan| plan.current = None;
    let all = [
        ("plain", warned(same, |plan| plan.price = Known::Found(hourly("0")))),
        (
            "no snapshot",
            warned(same, |plan| {
                plan.snapshot = Known::Missing;
                plan.price = Known::Found(hourly("0"));
            }),
        ),
        (
            "two hours old",
            warned(RESET, |plan| plan.snapshot = Known::Found(at(0) - SignedDuration::from_mins(125))),
        ),
        (
            "it costs although it does not grow",
            warned(same, |plan| {
                plan.price =
                    Known::Found(Price { rate: None, unit: String::new(), once: "3.5".parse().ok() });
            }),
        ),
        (
            "only what must be permitted",
            warned(RESET, |plan| {
                plan.snapshot = Known::Unasked(denied());
                plan.price = Known::Unasked(denied());
                plan.image_unasked = Some(denied());
                (plan.current, plan.target) = (None, None);
            }),
        ),
        ("switch, at home", warned(same, windows)),
        (
            "switch, abroad, of an unlisted image, larger",
            warned("ins-r8hr2upy img-pmqg1cw7 101GB", |plan| {
                windows(plan);
                unlisted(plan);
                plan.machine.region = "ap-hongkong".to_owned();
            }),
        ),
        (
            "today's image is denied",
            warned(same, |plan| {
                unlisted(plan);
                plan.image_unasked = Some(denied());
                plan.price = Known::Unasked(denied());
            }),
        ),
        (
            "it is no longer listed, the same again",
            warned("ins-r8hr2upy", |plan| (plan.current, plan.target) = (None, None)),
        ),
    ];
    insta::assert_snapshot!(gallery(all.map(|(name, text)| (name.to_owned(), text))), @"
    ## plain
    ! Newest snapshot is 9 days old.

    ## no snapshot
    ! No snapshot of this disk.

    ## two hours old
    ! Newest snapshot is 2 hours old.
    ! The disk grows 50 → 60 GB and cannot shrink again. Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).

    ## it costs although it does not grow
    ! Newest snapshot is 9 days old.
    ! Tencent Cloud's price, in the account's currency: 3.50 at once.

    ## only what must be permitted
    ! Snapshots could not be looked up: Tencent Cloud answered UnauthorizedOperation.
    ! The disk grows 50 → 60 GB and cannot shrink again. Price not known: Tencent Cloud answered UnauthorizedOperation.
    ! The new image could not be looked up: Tencent Cloud answered UnauthorizedOperation. Its system and size were not checked.

    ## switch, at home
    ! Newest snapshot is 9 days old.
    ! Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).
    ! Linux → Windows: the disk id changes, and old snapshots can no longer be rolled back.

    ## switch, abroad, of an unlisted image, larger
    ! Newest snapshot is 9 days old.
    ! The disk grows 50 → 101 GB, more than twice its size, and cannot shrink again. Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).
    ! Linux → Windows: the disk id changes, and old snapshots can no longer be rolled back. ap-hongkong is outside mainland China: Tencent Cloud may refuse. ⚠ Today's image is no longer listed: whether the new one fits the machine was not checked.

    ## today's image is denied
    ! Newest snapshot is 9 days old.
    ! Today's image could not be looked up: Tencent Cloud answered UnauthorizedOperation. Whether the new one fits the machine was not checked.
    ! The price could not be looked up: Tencent Cloud answered UnauthorizedOperation.

    ## it is no longer listed, the same again
    ! Newest snapshot is 9 days old.
    ! Tencent Cloud's price, in the account's currency: 0.005 an hour (about 3.65 a month).
    ! Its image is no longer listed: system and size of the new one were not checked.
    ");
}

#[test]
fn whatever_is_not_as_asked_is_said() {
    let check = |change: fn(&mut Check)| {
        let mut check = good_check();
        change(&mut check);
        let text = said(&completed(check), Speech::End);
        text.lines().take(2).collect::<Vec<_>>().join("\n")
    };
    let all = [
        ("image", check(|check| check.image_ok = false)),
        ("size", check(|check| (check.disk_ok, check.disk_gb) = (false, 50))),
        ("state", check(|check| check.state = "STOPPED".to_owned())),
        ("no state", check(|check| check.state.clear())),
        ("image and state", check(|check| (check.image_ok, check.state) = (false, "SHUTDOWN".to_owned()))),
    ];
    for (name, text) in &all {
        assert!(!text.contains("is back"), "{name}: {text}");
    }
    insta::assert_snapshot!(gallery(all.map(|(name, text)| (name.to_owned(), text))), @"
    ## image
    alice bob ins-r8hr2upy is not as asked. The disk of web-7 was wiped and reinstalled. Tencent Cloud reports SUCCESS after 2 min 42 s; checked: the image is NOT TencentOS 4 (img-pmqg1cw7), 60 GB, running. Not checked: that your services start.
    Next: see in the console what was installed, and open a ticket with the RequestId; the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.

    ## size
    alice bob ins-r8hr2upy is not as asked. The disk of web-7 was wiped and reinstalled. Tencent Cloud reports SUCCESS after 2 min 42 s; checked: TencentOS 4 (img-pmqg1cw7), the disk has 50 GB, NOT 60 GB, running. Not checked: that your services start.
    Next: see in the console what was installed, and open a ticket with the RequestId; the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.

    ## state
    alice bob ins-r8hr2upy does not run. The disk of web-7 was wiped and reinstalled. Tencent Cloud reports SUCCESS after 2 min 42 s; checked: TencentOS 4 (img-pmqg1cw7), 60 GB, it is stopped, NOT running. Not checked: that your services start.
    Next: start it in the console; the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.

    ## no state
    alice bob ins-r8hr2upy was reset. The disk of web-7 was wiped and reinstalled. Tencent Cloud reports SUCCESS after 2 min 42 s; checked: TencentOS 4 (img-pmqg1cw7), 60 GB, its state is not reported. Not checked: that your services start.
    Next: see in the console whether it runs; the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.

    ## image and state
    alice bob ins-r8hr2upy is not as asked. The disk of web-7 was wiped and reinstalled. Tencent Cloud reports SUCCESS after 2 min 42 s; checked: the image is NOT TencentOS 4 (img-pmqg1cw7), 60 GB, it is shutdown, NOT running. Not checked: that your services start.
    Next: see in the console what was installed, and open a ticket with the RequestId; start it in the console; the host key is new, ssh-keygen -R 43.139.10.7; log in with skey-8xk2p1qa; mount the 2 data disks.
    ");
}
