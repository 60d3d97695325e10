//! `check --online` against the simulated platforms: what is as it should be, and each thing that is not.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cleanslate::assemble::{self, Aws};
use cleanslate::cli::check::online::check;
use cleanslate::cli::register;
use cleanslate::config::{Config, Environment};
use cleanslate::domain::Clock;
use cleanslate::sim::fleet::Fleet;
use cleanslate::sim::{Sim, cast};
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::support::front::{Folder, NOW, configuration, secrets};
use crate::support::process::BINARY;

/// The simulated platforms, and the configuration of a program that calls them.
struct Site {
    sim: Sim,
    folder: Folder,
    text: String,
    secrets: BTreeMap<String, SecretString>,
}

impl Site {
    /// Everything as it should be.
    #[expect(clippy::disallowed_methods, reason = "the simulator runs beside the test")]
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let sim = Sim::new(Fleet::default(), Arc::new(|| NOW));
        tokio::spawn(sim.clone().serve(listener));
        let base = |platform: &str| format!("[{platform}]\napi_base = \"http://127.0.0.1:9/\"");
        let text = configuration()
            .replace(&base("slack"), &format!("[slack]\napi_base = \"{address}/slack/api/\""))
            .replace(&base("discord"), &format!("[discord]\napi_base = \"{address}/discord/api/v10/\""))
            .replace("endpoint = \"http://127.0.0.1:9\"", &format!("endpoint = \"{address}\""));
        let mut site = Self { sim, folder: Folder::new(), text, secrets: secrets() };
        site.keep("CLEANSLATE_TENCENT_READ_SECRET_ID", cast::TENCENT_READ_SECRET_ID);
        site.keep("CLEANSLATE_TENCENT_READ_SECRET_KEY", cast::TENCENT_READ_SECRET_KEY);
        let (config, secrets, _) = site.parts().await;
        let client = assemble::discord_client(config.platforms.discord.as_ref().unwrap(), &secrets).unwrap();
        let here = register::Options { global: false, dry_run: false };
        register::run(&client, &config, here, &mut Vec::new()).await.unwrap();
        site
    }

    fn keep(&mut self, name: &str, value: &str) {
        let kept = Environment::of([(name.into(), value.into())]).secrets;
        self.secrets.extend(kept);
    }

    async fn parts(&self) -> (Config, Arc<cleanslate::secrets::Secrets>, Clock) {
        let config = Config::parse(&self.text, &self.folder.0).unwrap();
        let clock: Clock = Arc::new(|| NOW);
        let secrets =
            assemble::secrets(&config, self.secrets.clone(), &clock, &Aws::default()).await.unwrap();
        (config, Arc::new(secrets), clock)
    }

    /// What is not green; nothing of it is red where all is well.
    async fn complaints(&self) -> String {
        let (good, said) = self.says().await;
        let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("ok ")).collect();
        assert_eq!(good, lines.iter().all(|line| !line.starts_with("FAIL ")), "{said}");
        lines.join("\n")
    }

    async fn says(&self) -> (bool, String) {
        let (config, secrets, clock) = self.parts().await;
        let mut out = Vec::new();
        let good = check(&config, &secrets, &clock, &Aws::default(), &mut out).await.unwrap();
        (good, String::from_utf8(out).unwrap())
    }
}

#[tokio::test]
async fn where_all_is_well_every_line_is_green_and_nothing_is_left() {
    let site = Site::new().await;
    let (good, said) = site.says().await;
    assert!(good, "{said}");
    insta::assert_snapshot!(said, @"
    ok    Slack: the bot's token is for T0SIM0000
    ok    Slack: the bot's token has the scopes commands, chat:write, usergroups:read
    ok    Slack: the bot may write in C0ONCALL0
    ok    Discord: the bot's token is that of the user 1100000000000000001
    ok    Discord: the server 1200000000000000001 has /reset and /resets
    ok    Discord: the bot sees the channel 1300000000000000001; whether it may write there, only a message can show
    ok    Tencent Cloud: the key for reading reads machines in ap-guangzhou
    ok    Tencent Cloud: the key for wiping is genuine; whether it may wipe, only a wipe can show
    ok    Tencent Cloud: the account 100000000001 is the one that cards call test
    ok    the clock of this host is 0 s behind Tencent Cloud's
    ");
    let state = site.sim.state();
    assert_eq!(state["slack"]["scheduled"], serde_json::json!([]));
    let calls = state["calls"].as_array().unwrap();
    assert!(!calls.is_empty() && calls.iter().all(|call| call["action"] != "ResetInstance"), "{calls:?}");
}

#[tokio::test]
async fn a_wrong_token_is_red() {
    let mut site = Site::new().await;
    site.keep("CLEANSLATE_SLACK_BOT_TOKEN", "xoxb-revoked");
    site.keep("CLEANSLATE_DISCORD_BOT_TOKEN", "revoked");
    insta::assert_snapshot!(site.complaints().await, @"
    FAIL  Slack: the bot's token: refused (invalid_auth); next: put the app's Bot User OAuth Token (xoxb-…) into the secrets as slack.bot_token
    FAIL  Discord: the bot's token: refused (401: Unauthorized); next: put the token of the application's bot into the secrets as discord.bot_token
    ");
}

#[tokio::test]
async fn what_a_chat_platform_does_not_give_is_red() {
    let mut site = Site::new().await;
    site.sim.slack(|slack| {
        slack.member = false;
        slack.scopes.retain(|scope| *scope != "usergroups:read");
    });
    site.sim.discord(|discord| discord.permissions = 0);
    site.text = site.text.replace("[discord]", "[discord]\ncommand = \"wipe\"");
    insta::assert_snapshot!(site.complaints().await, @"
    FAIL  Slack: the bot's token lacks usergroups:read; next: give the app the manifest that `cleanslate manifest` prints, and install it again
    FAIL  Slack: the channel C0ONCALL0: refused (not_in_channel); next: check its id in slack.channels, and type `/invite @cleanslate` there (a private channel without the bot counts as not found)
    FAIL  Discord: the commands of the server 1200000000000000001 are not those of this version (adds /wipe, adds /wipes, removes /reset, removes /resets); next: run `cleanslate register`
    FAIL  Discord: the channel 1300000000000000001: refused (50001 Missing Access); next: check its id in discord.channels, and let the bot there View Channel, Send Messages, Embed Links and Read Message History
    ");
    site.text = site
        .text
        .replace(cast::SLACK_TEAM_ID, "T0OTHER00")
        .replace(cast::DISCORD_GUILD_ID, "1200000000000000009");
    insta::assert_snapshot!(site.complaints().await, @"
    FAIL  Slack: the bot's token is for T0SIM0000, which slack.team_ids does not name; next: install the app where it is meant to be and take the token from there, or correct slack.team_ids
    FAIL  Slack: the bot's token lacks usergroups:read; next: give the app the manifest that `cleanslate manifest` prints, and install it again
    FAIL  Slack: the channel C0ONCALL0: refused (not_in_channel); next: check its id in slack.channels, and type `/invite @cleanslate` there (a private channel without the bot counts as not found)
    FAIL  Discord: the server 1200000000000000009: refused (10004 Unknown Guild); next: check discord.guild_ids, and invite the app there with the scopes bot and applications.commands
    FAIL  Discord: the channel 1300000000000000001: refused (50001 Missing Access); next: check its id in discord.channels, and let the bot there View Channel, Send Messages, Embed Links and Read Message History
    ");
}

#[tokio::test]
async fn a_trial_message_that_stays_is_told() {
    let site = Site::new().await;
    site.sim.slack(|slack| slack.keeps_scheduled = true);
    insta::assert_snapshot!(site.complaints().await, @"warn  Slack: the bot may write in C0ONCALL0, but the trial message Q00000001, scheduled for 100 days from now, could not be taken back: delete it with chat.deleteScheduledMessage");
}

#[tokio::test]
async fn a_key_that_is_refused_is_red() {
    let mut site = Site::new().await;
    site.keep("CLEANSLATE_TENCENT_READ_SECRET_KEY", "wrong");
    insta::assert_snapshot!(site.complaints().await, @"FAIL  Tencent Cloud: the key for reading, in ap-guangzhou: The signature does not match. Tencent Cloud answered AuthFailure.SignatureFailure: The provided credentials could not be validated. Please check your signature is correct; next: The secret key is probably wrong: put the right one into the cloud secret, then ask again.");
    site.keep("CLEANSLATE_TENCENT_READ_SECRET_KEY", cast::TENCENT_READ_SECRET_KEY);
    site.keep("CLEANSLATE_TENCENT_SECRET_ID", "AKIDnobodys");
    insta::assert_snapshot!(site.complaints().await, @"FAIL  Tencent Cloud: the key for wiping: The API key does not exist, or was disabled or deleted. Tencent Cloud answered AuthFailure.SecretIdNotFound: The SecretId is not found; next: Put a valid key into the cloud secret, without spaces around it, then ask again.");
    site.keep("CLEANSLATE_TENCENT_SECRET_ID", cast::TENCENT_SECRET_ID);
    site.text = site.text.replace("[\"ap-guangzhou\"]", "[\"ap-guangzhou\", \"xx-nowhere\"]");
    insta::assert_snapshot!(site.complaints().await, @"FAIL  Tencent Cloud: the key for reading, in xx-nowhere: The region is not served here. Tencent Cloud answered UnsupportedRegion: The region `xx-nowhere` is not supported; next: Check `[cloud] regions` and `endpoint`: finance regions have hosts of their own.");
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_before_it_matters() {
    let site = Site::new().await;
    site.sim.advance(Duration::from_secs(90));
    insta::assert_snapshot!(site.complaints().await, @"warn  the clock of this host is 90 s behind Tencent Cloud's: from 300 s on, every call is refused; switch on time synchronisation on this host");
    site.sim.advance(Duration::from_secs(310));
    insta::assert_snapshot!(site.complaints().await, @"FAIL  the clock of this host is 400 s behind Tencent Cloud's: from 300 s on, every call is refused; next: switch on time synchronisation on this host");
}

/// The program itself: the option is heard, and its exit code is the worst of both halves.
#[tokio::test]
async fn a_store_that_does_not_answer_is_red() {
    let site = Site::new().await;
    let file = site.folder.0.join("cleanslate.toml");
    let nowhere = "[store]\nkind = \"dynamodb\"\n[slack]";
    std::fs::write(&file, site.text.replace("[slack]", nowhere)).unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::new(BINARY);
        command.arg("check").arg("--config").arg(&file).args(more);
        for (name, value) in &site.secrets {
            command.env(name, secrecy::ExposeSecret::expose_secret(value));
        }
        let aws = [
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "none"),
            ("AWS_SECRET_ACCESS_KEY", "none"),
            ("AWS_MAX_ATTEMPTS", "1"),
        ];
        command.envs(aws);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    assert_eq!(run(&[]).await.unwrap().status.code(), Some(0));
    let online = run(&["--online"]).await.unwrap();
    let said = String::from_utf8(online.stdout).unwrap();
    assert_eq!(online.status.code(), Some(1), "{said}");
    let red = said.lines().find(|line| line.starts_with("FAIL  the store: ")).unwrap_or(&said);
    assert!(
        red.ends_with(
            "make the tables cleanslate and cleanslate-log, and let these AWS credentials use both"
        ),
        "{said}"
    );
}
