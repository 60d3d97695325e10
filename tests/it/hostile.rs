//! Forged, replayed, doubled, garbled.

use bytes::Bytes;
use cleanslate::chat::{discord, slack};
use cleanslate::cli::rehearse::COMMAND;
use cleanslate::domain::id::Platform;
use cleanslate::sim::cast;
use cleanslate::sim::play::Delivery;
use futures_util::future::join_all;
use http::{HeaderMap, HeaderValue};

use crate::support::{Bot, PLATFORMS};

#[tokio::test]
async fn twenty_approvers_at_once_and_one_click_fifty_times_wipe_once() {
    for mut bot in Bot::both().await {
        bot.asks("alice", COMMAND).await;
        let mut clicks: Vec<Delivery> = Vec::new();
        for n in 0..20 {
            clicks.push(bot.click(["bob", "carol"][n % 2], "wipe", None).await);
        }
        clicks.extend(std::iter::repeat_n(clicks[0].clone(), 50));
        for answer in join_all(clicks.iter().map(|click| bot.stage.send(click))).await {
            assert_eq!(answer.unwrap().status(), 200);
        }
        let channel = bot.ends().await;
        assert_eq!(bot.wipes(), 1, "{channel}");
        assert_eq!(channel.matches("is back.").count(), 1, "{channel}");
    }
}

#[tokio::test]
async fn the_same_command_again_is_the_same_request() {
    for mut bot in Bot::both().await {
        let command = bot.command("alice", COMMAND);
        for _ in 0..30 {
            bot.stage.send(&command).await.unwrap().error_for_status().unwrap();
        }
        bot.works().await;
        bot.presses("bob", "wipe", None).await;
        bot.ends().await;
        bot.stage.jump(bot.stage.now() + jiff::SignedDuration::from_mins(5));
        assert_eq!(bot.wipes(), 1);
        assert_eq!(bot.stage.send(&command).await.unwrap().status(), 401, "and stale five minutes later");
    }
}

/// The delivery with another signature.
fn signed_with(delivery: &Delivery, signature: &str) -> Delivery {
    let mut forged = delivery.clone();
    signature.clone_into(&mut forged.headers[2].1);
    forged
}

#[tokio::test]
async fn what_is_not_genuine_is_refused_and_stored_nowhere() {
    for mut bot in Bot::both().await {
        let platform = bot.stage.platform;
        let good = bot.command("alice", COMMAND);
        let later = bot.stage.now() + jiff::SignedDuration::from_secs(301);
        let sign = |body: &str, now| Delivery::sign(platform, good.path, body.to_owned(), now);
        let mut old = good.clone();
        old.headers[1].1 = "1".to_owned();
        let other = match platform {
            Platform::Slack => "/discord/interactions",
            Platform::Discord => "/slack/commands",
        };
        let forged = [
            (signed_with(&good, ""), 401),
            (signed_with(&good, &format!("{}0", good.headers[2].1)), 401),
            (signed_with(&good, &good.headers[2].1.replace(['a', 'b', 'c'], "d")), 401),
            (old, 401),
            (Delivery { body: good.body.replace("60GB", "61GB"), ..good.clone() }, 401),
            (Delivery { path: other, ..good.clone() }, 404),
            (Delivery { path: "/slack/other", ..good.clone() }, 404),
            (Delivery { path: "/healthz", ..good.clone() }, 404),
            (Delivery { body: "x".repeat(64 * 1024 + 1), ..good.clone() }, 413),
            (sign("payload=%7B", bot.stage.now()), 200),
            (sign(&good.body, later), 401),
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
}

/// Whether the platform's verifier takes it.
fn is_genuine(platform: Platform, headers: &HeaderMap, body: &[u8]) -> bool {
    let (body, now) = (Bytes::copy_from_slice(body), "2026-01-05T03:12:04Z".parse().unwrap());
    match platform {
        Platform::Slack => {
            let keys = slack::verify::Keys { current: cast::SLACK_SIGNING_SECRET.into(), previous: None };
            slack::verify::verify(&keys, headers, body, now).is_ok()
        }
        Platform::Discord => {
            let keys = discord::verify::Keys::parse(cast::DISCORD_PUBLIC_KEY).unwrap();
            discord::verify::verify(&keys, headers, body, now).is_ok()
        }
    }
}

#[test]
fn a_hundred_thousand_mutations_are_all_refused() {
    for platform in PLATFORMS {
        let now = "2026-01-05T03:12:04Z".parse().unwrap();
        let body = "command=%2Freset&text=ins-r8hr2upy&user_id=U0ALICE00".to_owned();
        let good = Delivery::sign(platform, "/", body, now);
        let [_, (time, timestamp), (seal, signature)] = &good.headers;
        let check = |parts: &[Vec<u8>; 3]| {
            let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).ok();
            let (Some(signature), Some(timestamp)) = (value(&parts[0]), value(&parts[1])) else {
                return false;
            };
            let headers = HeaderMap::from_iter([
                (http::HeaderName::from_static(seal), signature),
                (http::HeaderName::from_static(time), timestamp),
            ]);
            is_genuine(platform, &headers, &parts[2])
        };
        let parts = [signature.as_bytes(), timestamp.as_bytes(), good.body.as_bytes()].map(<[u8]>::to_vec);
        assert!(check(&parts));
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % below
        };
        for round in 0..100_000 {
            let mut mutated = parts.clone();
            let part = &mut mutated[random(3)];
            let at = random(part.len());
            match random(4) {
                0 => part[at] ^= 1 << random(8),
                1 => drop(part.remove(at)),
                2 => part.insert(at, u8::try_from(random(256)).unwrap()),
                _ => part.truncate(at),
            }
            assert!(mutated == parts || !check(&mutated), "{platform:?} {round}: {mutated:?}");
        }
    }
}
