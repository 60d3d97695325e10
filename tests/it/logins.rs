//! How people log in afterwards, and what a new system runs first: the parameters that are more than what was typed.

use std::path::{Path, PathBuf};

use cleanslate::cli::audit;
use cleanslate::domain::ask::Login;
use cleanslate::domain::id::Platform;
use cleanslate::domain::password::Password;
use cleanslate::domain::plan::{Findings, Image, Known, Means, Plan, PlanRefusal, Source, Text};

use crate::support::front::Folder;
use crate::support::{Bot, PLATFORMS, sample};

const USERDATA: &str = "[userdata]\nbase = \"file:userdata/base.sh\"\nempty = \"file:empty.sh\"\n\
                        huge = \"file:huge.sh\"\ngone = \"file:gone.sh\"\n";

/// A folder with the texts that [`USERDATA`] names.
fn folder() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.0.join("userdata")).unwrap();
    for (name, text) in
        [("userdata/base.sh", "#!/bin/sh\necho canary\n"), ("empty.sh", ""), ("huge.sh", &"x".repeat(16_385))]
    {
        std::fs::write(folder.0.join(name), text).unwrap();
    }
    folder
}

/// Every file in a folder and below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The secrets in the vault, with what they hold.
fn kept(folder: &Folder) -> Vec<(PathBuf, String)> {
    let vault = folder.0.join("vault");
    let kept = if vault.is_dir() { files(&vault) } else { Vec::new() };
    kept.into_iter().map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap())).collect()
}

/// What a person reads, with the folder of the test under one name.
fn read(text: &str, folder: &Folder) -> String {
    text.replace(folder.0.to_str().unwrap(), "/srv/cleanslate")
}

#[tokio::test]
async fn a_new_password_is_kept_before_the_wipe_and_is_nowhere_else() {
    for platform in PLATFORMS {
        let folder = Folder::new();
        let mut bot = Bot::within(&folder, platform, "").await;
        bot.asks("alice", "/reset ins-r8hr2upy login=vault").await;
        let card = read(&bot.channel(), &folder);
        let login = card.lines().find(|line| line.starts_with("Login")).unwrap().to_owned();
        let name =
            login.split("/srv/cleanslate/vault/").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        assert!(name.starts_with("cleanslate/login/ins-r8hr2upy/"), "{login}");
        assert_eq!(
            login.replace(&name, "NAME"),
            "Login    a new password, kept before the wipe; to read it: cat /srv/cleanslate/vault/NAME \
             \u{b7} 2 data disks: not formatted by this call"
        );
        assert!(kept(&folder).is_empty(), "who only asks makes no secret");

        bot.presses("bob", "wipe", None).await;
        assert!(kept(&folder).is_empty(), "an approval that can be stopped makes no secret");
        let channel = read(&bot.ends().await, &folder);
        assert_eq!(bot.wipes(), 1);
        assert!(
            channel.contains(&format!("to read the new password: cat /srv/cleanslate/vault/{name};")),
            "{channel}"
        );
        let [(path, text)] = &kept(&folder)[..] else { panic!("one secret, and no draft of it") };
        assert_eq!(*path, folder.0.join("vault").join(&name));
        let password = Password::parse(text.trim_end()).unwrap();

        let mut log = Vec::new();
        audit::list(bot.stage.parts.store.as_ref(), &mut log, true).await.unwrap();
        let shown = [bot.channel(), String::from_utf8(log).unwrap()].concat();
        assert!(shown.contains(&name) && !shown.contains(password.expose()));
        for file in files(&folder.0).into_iter().filter(|file| file != path) {
            let bytes = std::fs::read(&file).unwrap();
            let found = bytes.windows(16).any(|window| window == password.expose().as_bytes());
            assert!(!found, "{}", file.display());
        }
    }
}

#[tokio::test]
async fn a_password_that_opens_nothing_is_called_so() {
    let folder = Folder::new();
    let mut bot = Bot::within(&folder, Platform::Slack, "").await;
    bot.stage.sim.arm("ResetInstance", "refuse=InvalidInstance.NotSupported".parse().unwrap());
    bot.asks("alice", "/reset ins-r8hr2upy login=vault").await;
    bot.presses("bob", "wipe", None).await;
    let channel = bot.ends().await;
    let [(path, _)] = &kept(&folder)[..] else { panic!("one secret") };
    let name = path.strip_prefix(folder.0.join("vault")).unwrap().display().to_string();
    let said = format!("The password that was made for it opens nothing; delete the secret {name}.");
    assert!(channel.contains(&said) && bot.wipes() == 0, "{channel}");
}

#[tokio::test]
async fn what_is_stopped_makes_no_secret() {
    let folder = Folder::new();
    let mut bot = Bot::within(&folder, Platform::Slack, "").await;
    bot.asks("alice", "/reset ins-r8hr2upy login=vault").await;
    bot.presses("bob", "wipe", None).await;
    bot.presses("mallory", "stop", None).await;
    bot.ends().await;
    assert!(kept(&folder).is_empty() && bot.wipes() == 0);
}

#[tokio::test]
async fn a_vault_that_cannot_be_written_refuses_before_the_card_and_before_the_claim() {
    let folder = Folder::new();
    let mut bot = Bot::within(&folder, Platform::Slack, "").await;
    let vault = folder.0.join("vault");
    std::fs::write(&vault, "in the way").unwrap();
    bot.types("alice", "/reset ins-r8hr2upy login=vault").await;
    let refused = read(&bot.ends().await, &folder);
    insta::assert_snapshot!(refused, @"
    (only alice) Nothing was wiped. ins-r8hr2upy: its new password could not be kept in the secret store (the folder /srv/cleanslate/vault cannot be made: File exists (os error 17)). Choose another login, or have your admin give the secret store a place to write to ([secrets]).
    You asked: /reset ins-r8hr2upy login=vault
    ");
    std::fs::remove_file(&vault).unwrap();
    bot.asks("alice", "/reset ins-r8hr2upy login=vault").await;
    bot.presses("bob", "wipe", None).await;
    std::fs::remove_dir(&vault).unwrap();
    std::fs::write(&vault, "in the way").unwrap();
    let refused = read(&bot.ends().await, &folder);
    let last = refused.rsplit("--\n").next().unwrap();
    assert!(
        last.starts_with("@alice @bob Nothing was wiped. web-7") && last.contains("could not be kept"),
        "{last}"
    );
    assert_eq!(bot.wipes(), 0);
}

#[tokio::test]
async fn what_was_not_typed_is_what_the_configuration_says_and_the_card_shows_it() {
    let cases = [
        ("keep", "ins-r8hr2upy", "the key it has today, skey-8xk2p1qa"),
        ("random", "ins-r8hr2upy", "a random password, sent to"),
        ("image", "ins-r8hr2upy img-golden01", "whatever the image has"),
        ("vault", "ins-r8hr2upy", "a new password, kept before the wipe"),
        ("vault", "ins-windows1", "a new password, kept before the wipe"),
        ("vault", "ins-r8hr2upy login=keep", "the key it has today"),
        ("vault", "ins-r8hr2upy key=skey-spare001", "another key, skey-spare001"),
    ];
    for (default, words, login) in cases {
        let folder = Folder::new();
        let more = format!("[login]\ndefault = \"{default}\"\n");
        let mut bot = Bot::within(&folder, Platform::Slack, &more).await;
        bot.asks("alice", &format!("/reset {words}")).await;
        let card = bot.channel();
        let line = card.lines().find(|line| line.starts_with("Login"));
        assert!(line.is_some_and(|line| line.contains(login)), "{default}, {words}: {card}");
    }
}

#[tokio::test]
async fn a_text_is_approved_by_its_hash_and_stays_out_of_sight() {
    for platform in PLATFORMS {
        let folder = folder();
        let mut bot = Bot::within(&folder, platform, USERDATA).await;
        bot.asks("alice", "/reset ins-r8hr2upy userdata=base").await;
        let card = bot.channel();
        assert!(card.contains("· userdata base (SHA-256 2fbe9d67\u{2026})"), "{card}");
        bot.presses("bob", "wipe", None).await;
        std::fs::write(folder.0.join("userdata/base.sh"), "#!/bin/sh\necho changed\n").unwrap();
        let stale = bot.ends().await;
        assert_eq!(bot.wipes(), 0);
        assert!(
            stale.contains("is no longer what the card showed") && stale.contains("sent userdata: "),
            "{stale}"
        );

        bot.asks("alice", "/reset ins-r8hr2upy userdata=base").await;
        bot.presses("bob", "wipe", None).await;
        bot.ends().await;
        assert_eq!(bot.wipes(), 1);
        let mut log = Vec::new();
        audit::list(bot.stage.parts.store.as_ref(), &mut log, true).await.unwrap();
        let shown = [bot.channel(), String::from_utf8(log).unwrap()].concat();
        assert!(!shown.contains("canary") && !shown.contains("echo changed"), "{shown}");
    }
}

/// The rules of the `ResetInstance` page and of its structures, each with what the caller reads.
#[tokio::test]
async fn what_the_documents_rule_out_is_refused_before_a_card() {
    let windows = "On Windows: 2 to 15 letters";
    let linux = "On Linux: 2 to 60 letters";
    let cases = [
        ("ins-r8hr2upy login=image", "works for custom, shared and imported images"),
        ("ins-windows1", "key pairs do not work on Windows"),
        ("ins-windows1 key=skey-spare001", "key pairs do not work on Windows"),
        ("ins-r8hr2upy img-9id7emv7 login=keep", "key pairs do not work on Windows"),
        ("ins-nokeys01 login=keep", "no key pair that could be kept"),
        ("ins-windows1 login=vault hostname=server-in-rack-17", windows),
        ("ins-windows1 login=vault hostname=ad.example", windows),
        ("ins-windows1 login=vault hostname=12345", windows),
        ("ins-r8hr2upy hostname=-web", linux),
        ("ins-r8hr2upy hostname=web-", linux),
        ("ins-r8hr2upy hostname=web--7", linux),
        ("ins-r8hr2upy hostname=.web", linux),
        ("ins-r8hr2upy hostname=web.", linux),
        ("ins-r8hr2upy hostname=web..7", linux),
        ("ins-r8hr2upy userdata=other", "there is base, empty, gone, huge. Name one of those"),
        ("ins-r8hr2upy userdata=empty", "its userdata text is empty"),
        ("ins-r8hr2upy userdata=huge", "has 16385 bytes, and Tencent Cloud takes 16384"),
        ("ins-r8hr2upy userdata=gone", "its userdata text could not be read"),
    ];
    let folder = folder();
    let mut bot = Bot::within(&folder, Platform::Slack, USERDATA).await;
    for (words, why) in cases {
        bot.types("alice", &format!("/reset {words}")).await;
        let channel = bot.ends().await;
        let last = channel.rsplit("--\n").next().unwrap();
        assert!(last.starts_with("(only alice) Nothing was wiped."), "{words}: {last}");
        assert!(last.contains(why), "{words}: {last}");
        bot.stage.jump(bot.stage.now() + jiff::SignedDuration::from_secs(61));
    }
    let typed = [
        ("ins-r8hr2upy login=vault key=skey-spare001", "key pairs and a login cannot both be given"),
        ("ins-r8hr2upy login=keep login=image", "`login` was given twice"),
        ("ins-r8hr2upy hostname=a", "2 to 60 letters"),
        ("ins-r8hr2upy hostname=web_7", "2 to 60 letters"),
    ];
    for (words, why) in typed {
        let answer = bot.types("alice", &format!("/reset {words}")).await;
        assert!(answer.contains(&why.replace('`', "")), "{words}: {answer}");
    }
    assert_eq!(bot.wipes(), 0);
}

/// What the images of the simulated cloud do not have.
#[test]
fn an_image_decides_about_its_own_logins_and_texts() {
    let draw = |words: &str, target: Image| {
        let ask = sample::ask(&format!("ins-r8hr2upy img-aaaaaaaa {words}"));
        let machine = sample::machine(sample::INSTANCE);
        let current = Known::Found(sample::image("img-pmqg1cw7"));
        let found = Findings { account: "lab".to_owned(), machine, current, target: Known::Found(target) };
        let text = ask.userdata.as_ref().map(|name| Text::of(name, b"#!/bin/sh\n").unwrap());
        let means = Means { login: ask.login.clone().unwrap_or(Login::Keep), secret: None, text };
        Plan::draw(&ask, found, &sample::policy(), &means).map(|plan| plan.order)
    };
    let image = || sample::image("img-aaaaaaaa");
    for (source, may) in
        [(Source::Public, false), (Source::Other, false), (Source::Private, true), (Source::Shared, true)]
    {
        let drawn = draw("login=image", Image { source, ..image() });
        assert_eq!(drawn.is_ok(), may, "{source:?}: {drawn:?}");
        assert!(may || drawn == Err(PlanRefusal::KeepImageOnPublic));
    }
    for (cloud_init, may) in [(Some(true), true), (None, true), (Some(false), false)] {
        let drawn = draw("userdata=base", Image { cloud_init, ..image() });
        assert_eq!(drawn.is_ok(), may, "{cloud_init:?}: {drawn:?}");
        assert!(may || drawn == Err(PlanRefusal::NoCloudInit { image: image().id }));
        assert!(draw("", Image { cloud_init, ..image() }).is_ok());
    }
}
