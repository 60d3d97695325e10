//! The configuration as it stands in its file.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cleanslate::assemble::{self, Aws};
use cleanslate::cli::check::check;
use cleanslate::config::{Config, LivePolicy, Source};
use cleanslate::domain::Clock;
use jiff::{SignedDuration, Timestamp};

use crate::support::front::{Folder, NOW, configuration, secrets};

#[tokio::test]
async fn a_changed_policy_is_seen_when_the_old_one_is_too_old_and_a_broken_one_counts_as_no() {
    let folder = Folder::new();
    let file = folder.0.join("cleanslate.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let second = Arc::new(AtomicI64::new(0));
    let ticking = Arc::clone(&second);
    let clock: Clock = Arc::new(move || Timestamp::from_second(ticking.load(Ordering::Relaxed)).unwrap());
    let [minute, fresh] = [SignedDuration::from_mins(1), SignedDuration::ZERO];

    write(&configuration());
    let (_, live) = LivePolicy::open(Source::file(file.clone()), &clock).await.unwrap();
    write(&configuration().replace("[targets]", "self_approval = false\n[targets]"));
    second.store(59, Ordering::Relaxed);
    let old = live.today(minute).await.unwrap();
    assert!(old.self_approval, "a minute since it was opened is not over");
    assert!(Arc::ptr_eq(&old, &live.today(minute).await.unwrap()), "a minute is not over");
    let new = live.today(fresh).await.unwrap();
    assert!(old.self_approval && !new.self_approval && old.hash != new.hash);
    second.store(58, Ordering::Relaxed);
    write(&configuration());
    assert!(live.today(minute).await.unwrap().self_approval, "a clock that went back proves nothing");

    write("[approval]\n");
    second.store(200, Ordering::Relaxed);
    let why = format!("{:#}", live.today(minute).await.unwrap_err());
    assert!(why.contains("approval.approvers: it is missing"), "{why}");
    write(&configuration());
    assert!(live.today(minute).await.is_ok(), "a failure is not remembered");
}

#[tokio::test]
async fn check_says_who_may_and_what_is_missing() {
    let folder = Folder::new();
    let mut config = Config::parse(&configuration(), &folder.0).unwrap();
    config.policy.hash = "0123456789abcdef".to_owned();
    let clock: Clock = Arc::new(|| NOW);
    let mut some = secrets();
    some.remove("CLEANSLATE_TENCENT_SECRET_KEY");
    let mut out = Vec::new();
    let good =
        check(&config, &assemble::secrets(&config, some, &clock, &Aws::default()).await.unwrap(), &mut out)
            .await
            .unwrap();
    assert!(!good);
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    ok    configuration; policy 01234567…
    ok    may ask: slack:U0ALICE00, slack:U0BOB0000
    ok    may approve: slack:U0ALICE00, slack:U0BOB0000 (1 needed; their own too, with the machine's name typed)
    warn  targets.allow is "*": every machine that the key can see may be wiped; name a tag, and put it into the key's CAM policy too
    warn  cloud.endpoint is a loopback address: no real machine is reached; leave it out for Tencent Cloud
    warn  slack.api_base is a loopback address: nobody in Slack hears anything; leave it out for Slack
    warn  discord.api_base is a loopback address: nobody in Discord hears anything; leave it out for Discord
    warn  login=vault is refused: the secrets come from the environment, which cannot be written to
    ok    secrets: what Slack signs with
    ok    secrets: what Discord signs with
    ok    secrets: the bot's token for Slack
    ok    secrets: the bot's token for Discord
    FAIL  the secret tencent.secret_key is missing: add it to the secrets file, or set CLEANSLATE_TENCENT_SECRET_KEY
    "#);
    assert!(
        check(
            &config,
            &assemble::secrets(&config, secrets(), &clock, &Aws::default()).await.unwrap(),
            &mut Vec::new()
        )
        .await
        .unwrap()
    );
}

#[tokio::test]
async fn check_says_where_passwords_go_and_which_texts_can_be_sent() {
    let folder = Folder::new();
    std::fs::write(folder.0.join("base.sh"), "#!/bin/sh\n").unwrap();
    std::fs::write(folder.0.join("empty.sh"), "").unwrap();
    let more = "[userdata]\nbase = \"file:base.sh\"\nempty = \"file:empty.sh\"\ngone = \"file:gone.sh\"\n";
    let text = configuration().replace("kind = \"env\"", "kind = \"file\"") + more;
    let config = Config::parse(&text, &folder.0).unwrap();
    let clock: Clock = Arc::new(|| NOW);
    let mut out = Vec::new();
    check(&config, &assemble::secrets(&config, secrets(), &clock, &Aws::default()).await.unwrap(), &mut out)
        .await
        .unwrap();
    let said = String::from_utf8(out).unwrap().replace(folder.0.to_str().unwrap(), "/srv/cleanslate");
    let lines: Vec<&str> =
        said.lines().filter(|line| line.contains("login") || line.contains("userdata")).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    ok    login=vault: read a password with cat /srv/cleanslate/vault/cleanslate/login/INSTANCE/REQUEST
    ok    userdata=base: SHA-256 a8076d3d…
    warn  userdata=empty is refused: its userdata text is empty.
    warn  userdata=gone is refused: its userdata text could not be read (/srv/cleanslate/gone.sh: No such file or directory (os error 2)).
    ");
}
