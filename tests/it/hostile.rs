//! Forged, replayed, doubled, garbled.

use bytes::Bytes;
use cleanslate::chat::slack::verify::{Keys, verify};
use cleanslate::cli::rehearse::COMMAND;
use cleanslate::sim::cast;
use cleanslate::sim::slack::deliver::Delivery;
use futures_util::future::join_all;
use http::HeaderMap;

use crate::support::Bot;

#[tokio::test]
async fn twenty_approvers_at_once_and_one_click_fifty_times_wipe_once() {
    let mut bot = Bot::start().await;
    bot.types("alice", COMMAND).await;
    bot.works().await;
    let mut clicks: Vec<Delivery> =
        (0..20).map(|n| bot.click(["bob", "carol"][n % 2], "wipe", None)).collect();
    clicks.extend(std::iter::repeat_n(clicks[0].clone(), 50));
    for answer in join_all(clicks.iter().map(|click| bot.stage.send(click))).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    let channel = bot.ends().await;
    assert_eq!(bot.wipes(), 1, "{channel}");
    assert_eq!(channel.matches("is back.").count(), 1, "{channel}");
}

#[tokio::test]
async fn the_same_command_again_is_the_same_request() {
    let mut bot = Bot::start().await;
    let command = bot.command("alice", COMMAND);
    for _ in 0..30 {
        bot.stage.deliver(command.clone()).await.unwrap();
    }
    bot.works().await;
    bot.presses("bob", "wipe", None).await;
    bot.ends().await;
    bot.stage.jump(bot.stage.now() + jiff::SignedDuration::from_mins(5));
    assert_eq!(bot.wipes(), 1);
    assert_eq!(bot.stage.send(&command).await.unwrap().status(), 401, "and stale five minutes later");
}

#[tokio::test]
async fn what_is_not_genuine_is_refused_and_stored_nowhere() {
    let mut bot = Bot::start().await;
    let good = bot.command("alice", COMMAND);
    let later = bot.stage.now() + jiff::SignedDuration::from_secs(301);
    let stale = Delivery::sign(good.path, good.body.clone(), later);
    let forged = [
        (Delivery { signature: String::new(), ..good.clone() }, 401),
        (Delivery { signature: good.signature.replace("v0=", "v0=0"), ..good.clone() }, 401),
        (Delivery { timestamp: "1".to_owned(), ..good.clone() }, 401),
        (Delivery { body: good.body.replace("60GB", "61GB"), ..good.clone() }, 401),
        (Delivery { path: "/slack/interactivity", ..good.clone() }, 200),
        (Delivery { path: "/slack/other", ..good.clone() }, 404),
        (Delivery { path: "/healthz", ..good.clone() }, 404),
        (Delivery { body: "x".repeat(64 * 1024 + 1), ..good.clone() }, 413),
        (Delivery::sign(good.path, "payload=%7B".to_owned(), bot.stage.now()), 200),
        (stale, 401),
    ];
    for (delivery, status) in forged {
        let answer = bot.stage.send(&delivery).await.unwrap();
        assert_eq!(answer.status(), status, "{delivery:?}");
        let body = answer.bytes().await.unwrap();
        assert!(status == 200 || body.is_empty(), "a stranger learns nothing");
    }
    let store = &bot.stage.parts.store;
    assert_eq!(store.head().await.unwrap().size, 0);
    assert_eq!(store.next_due().await.unwrap(), None);
}

#[test]
fn a_hundred_thousand_mutations_are_all_refused() {
    let now = "2026-01-05T03:12:04Z".parse().unwrap();
    let keys = Keys { current: cast::SLACK_SIGNING_SECRET.into(), previous: None };
    let good = Delivery::sign(
        "/slack/commands",
        "command=%2Freset&text=ins-r8hr2upy&user_id=U0ALICE00".to_owned(),
        now,
    );
    let check = |signature: &[u8], timestamp: &[u8], body: &[u8]| {
        let (Ok(signature), Ok(timestamp)) =
            (http::HeaderValue::from_bytes(signature), http::HeaderValue::from_bytes(timestamp))
        else {
            return false;
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-slack-signature", signature);
        headers.insert("x-slack-request-timestamp", timestamp);
        verify(&keys, &headers, Bytes::copy_from_slice(body), now).is_ok()
    };
    let parts = [good.signature.as_bytes(), good.timestamp.as_bytes(), good.body.as_bytes()];
    assert!(check(parts[0], parts[1], parts[2]));
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for round in 0..100_000 {
        let mut mutated = parts.map(<[u8]>::to_vec);
        let part = &mut mutated[random(3)];
        let at = random(part.len());
        match random(4) {
            0 => part[at] ^= 1 << random(8),
            1 => drop(part.remove(at)),
            2 => part.insert(at, u8::try_from(random(256)).unwrap()),
            _ => part.truncate(at),
        }
        let same = (0..3).all(|index| mutated[index] == parts[index]);
        assert!(same || !check(&mutated[0], &mutated[1], &mutated[2]), "round {round}: {mutated:?}");
    }
}
