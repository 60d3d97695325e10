//! The commands, as Discord is told of them.

use std::sync::Arc;

use cleanslate::assemble::{self, Aws};
use cleanslate::cli::register::{Options, run};
use cleanslate::config::Config;
use cleanslate::domain::Clock;
use cleanslate::sim::Sim;
use cleanslate::sim::fleet::Fleet;
use tokio::net::TcpListener;

use crate::support::front::{Folder, NOW, configuration, secrets};

/// What `register` says, run with this configuration.
async fn says(text: &str, options: Options) -> Result<String, String> {
    let folder = Folder::new();
    let config = Config::parse(text, &folder.0).unwrap();
    let clock: Clock = Arc::new(|| NOW);
    let secrets = Arc::new(assemble::secrets(&config, secrets(), &clock, &Aws::default()).await.unwrap());
    let client = assemble::discord_client(config.platforms.discord.as_ref().unwrap(), &secrets).unwrap();
    let mut out = Vec::new();
    let done = run(&client, &config, options, &mut out).await;
    done.map(|_| String::from_utf8(out).unwrap()).map_err(|why| format!("{why:#}"))
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the simulator runs beside the test")]
async fn registering_says_what_changes_and_changes_only_that() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/discord/api/v10/", listener.local_addr().unwrap());
    let sim = Sim::new(Fleet::default(), Arc::new(|| NOW));
    tokio::spawn(sim.clone().serve(listener));
    let text = configuration().replace(
        "[discord]\napi_base = \"http://127.0.0.1:9/\"",
        &format!("[discord]\napi_base = \"{base}\""),
    );
    let here = Options { global: false, dry_run: false };
    assert!(says(&text, Options { dry_run: true, ..here }).await.unwrap().contains("\"name\": \"resets\""));
    assert!(!sim.state().to_string().contains("resets"), "a dry run sends nothing");
    insta::assert_snapshot!(says(&text, here).await.unwrap(), @"
    server 1200000000000000001: adds /reset
    server 1200000000000000001: adds /resets
    ");
    insta::assert_snapshot!(says(&text, here).await.unwrap(), @"server 1200000000000000001: nothing to change");
    let renamed = text.replace("[discord]", "[discord]\ncommand = \"wipe\"");
    insta::assert_snapshot!(says(&renamed, here).await.unwrap(), @"
    server 1200000000000000001: adds /wipe
    server 1200000000000000001: adds /wipes
    server 1200000000000000001: removes /reset
    server 1200000000000000001: removes /resets
    ");
    insta::assert_snapshot!(says(&text, Options { global: true, ..here }).await.unwrap(), @"
    everywhere: adds /reset
    everywhere: adds /resets
    ");
    let foreign = text.replace("application_id = \"11", "application_id = \"12");
    insta::assert_snapshot!(says(&foreign, here).await.unwrap_err(), @"server 1200000000000000001: Discord refused (10002 Unknown Application); is the app installed there, and the bot token this application's?");
    assert!(says(&configuration(), here).await.unwrap_err().contains("run it again"));
}
