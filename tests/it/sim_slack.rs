//! The simulated Slack as a bot meets it that talks too much.

use bytes::Bytes;
use cleanslate::cli::rehearse::COMMAND;
use cleanslate::domain::id::Platform;
use cleanslate::sim::cast;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use jiff::SignedDuration;
use serde_json::json;

use super::support::Bot;

fn post(bot: &Bot) -> Response<Bytes> {
    let token = format!("Bearer {}", cast::SLACK_BOT_TOKEN).parse().unwrap();
    let headers = HeaderMap::from_iter([(AUTHORIZATION, token)]);
    let body = json!({ "channel": cast::SLACK_CHANNEL_ID, "text": "noise" }).to_string();
    let now = bot.stage.sim.fleet_now();
    bot.stage.sim.slack(|slack| slack.handle("chat.postMessage", &headers, body.as_bytes(), now))
}

fn has_card(bot: &Bot) -> bool {
    bot.stage.sim.slack(|slack| slack.with_button("wipe").is_some())
}

#[tokio::test]
async fn a_channel_that_is_full_gets_its_card_as_soon_as_slack_takes_it() {
    let mut bot = Bot::on(Platform::Slack).await;
    for _ in 0..10 {
        assert_eq!(post(&bot).status(), StatusCode::OK);
    }
    let refused = post(&bot);
    assert_eq!(
        (refused.status(), &refused.headers()[RETRY_AFTER]),
        (StatusCode::TOO_MANY_REQUESTS, &"10".parse().unwrap())
    );
    assert_eq!(refused.body(), r#"{"error":"ratelimited","ok":false}"#);

    bot.types("alice", COMMAND).await;
    bot.works().await;
    assert!(!has_card(&bot));
    bot.stage.jump(bot.stage.now() + SignedDuration::from_secs(10));
    bot.works().await;
    assert!(has_card(&bot));
}
