//! What is secret is nowhere to be found but where it was put.

use std::path::PathBuf;

use cleanslate::sim::cast;
use cleanslate::sim::slack::deliver::Delivery;
use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use serde_json::json;

use super::support::process::{Lab, command, messages, press, said};

/// Not the keys of the simulated cloud, which says so.
const WRONG_ID: &str = "AKIDcanary7Qm2Wz9Xk4Lp8Rt1";
const WRONG_KEY: &str = "canary+key/5Hs\"8Jd&3Fg=6Ty";
const WRONG_TOKEN: &str = "canary+token/2Bn\\4Vc%7Mx=9";
/// Typed in chat by somebody who knows no better.
const PASSWORD: &str = "Canary-Pa55\"w0rd/+&=%41";
/// In a text that the new system runs first.
const USERDATA: &str = "canary-userdata-6Vd1";
/// In a body that nobody signed.
const FORGED: &str = "canary-forged-body-3Kp7";

/// A secret in every form in which something could carry it along, with the form's name.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let escaped = json!(secret).to_string();
    let encoded: String = form_urlencoded::byte_serialize(bytes).collect();
    let percent = bytes.iter().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"));
    let mut forms = vec![
        ("raw", secret.to_owned()),
        ("hex", HEXLOWER.encode(bytes)),
        ("HEX", HEXUPPER.encode(bytes)),
        ("URL", encoded.replace('+', "%20")),
        ("form", encoded),
        ("percent", percent),
        ("JSON", escaped.trim_matches('"').to_owned()),
        ("JSON in JSON", json!(escaped).to_string().trim_matches(['"', '\\']).to_owned()),
        ("Debug", format!("{secret:?}").trim_matches('"').to_owned()),
    ];
    // Within a longer text, base64 depends on where a secret begins; its ends depend on its neighbours too.
    for before in 0..3 {
        let shifted = [&vec![0; before], bytes].concat();
        for (name, encoding) in [("base64", BASE64), ("base64url", BASE64URL)] {
            let whole = encoding.encode(&shifted[..shifted.len() / 3 * 3]);
            forms.push((name, whole[if before == 0 { 0 } else { 4 }..].to_owned()));
        }
    }
    forms
}

/// Places, each with what can be read there.
struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    fn add(&mut self, name: &str, text: impl Into<Vec<u8>>) {
        self.0.push((name.to_owned(), text.into()));
    }

    /// Every file of the server's folder but those that hold the secrets.
    fn add_folder(&mut self, lab: &Lab) {
        for file in std::fs::read_dir(&lab.folder.0).unwrap().map(|entry| entry.unwrap().path()) {
            if !["secrets.toml", "base.sh", "vault"].iter().any(|name| file.ends_with(name)) {
                self.add(&file.display().to_string(), std::fs::read(&file).unwrap());
            }
        }
    }

    fn holds(&self, words: &str) -> bool {
        self.0.iter().any(|(_, bytes)| find(bytes, words))
    }

    /// Where a secret is, and in which form.
    fn search(&self, secrets: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        for secret in secrets {
            for (form, text) in forms(secret) {
                let places = self.0.iter().filter(|(_, bytes)| find(bytes, &text));
                found.extend(places.map(|(name, _)| format!("{secret}: {form} in {name}")));
            }
        }
        found
    }
}

fn find(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Everything of the test that nobody may find again.
fn secrets(deliveries: &[Delivery]) -> Vec<String> {
    let fixed = [
        cast::SLACK_SIGNING_SECRET,
        cast::SLACK_BOT_TOKEN,
        cast::TENCENT_SECRET_ID,
        cast::TENCENT_SECRET_KEY,
        "hooks.slack.com",
        "verification-token",
        WRONG_ID,
        WRONG_KEY,
        WRONG_TOKEN,
        PASSWORD,
        USERDATA,
        FORGED,
    ];
    let signatures = deliveries.iter().map(|delivery| delivery.signature[3..].to_owned());
    let triggers = deliveries.iter().filter_map(|delivery| {
        let triggers =
            form_urlencoded::parse(delivery.body.as_bytes()).find(|(name, _)| name == "trigger_id");
        triggers.map(|(_, trigger)| trigger.into_owned())
    });
    fixed.map(str::to_owned).into_iter().chain(signatures).chain(triggers).collect()
}

fn add_userdata(lab: &Lab) {
    let config = lab.folder.0.join("cleanslate.toml");
    let configuration = std::fs::read_to_string(&config).unwrap();
    std::fs::write(config, format!("{configuration}[userdata]\nbase = \"file:base.sh\"\n")).unwrap();
    std::fs::write(lab.folder.0.join("base.sh"), format!("#!/bin/sh\necho {USERDATA}\n")).unwrap();
}

/// What the one file in a folder, or in the one folder in it, holds.
fn only_file_below(mut path: PathBuf) -> String {
    while path.is_dir() {
        let below: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [one] = &below[..] else { panic!("{below:?}") };
        path.clone_from(one);
    }
    std::fs::read_to_string(path).unwrap().trim_end().to_owned()
}

#[test]
fn the_search_finds_a_secret_in_every_form() {
    let planted = |text: &str| {
        let mut places = Places(Vec::new());
        places.add("a log", format!("before {text} after"));
        places.search(&[PASSWORD.to_owned()])
    };
    for (form, text) in forms(PASSWORD) {
        let found = planted(&text);
        assert!(found.contains(&format!("{PASSWORD}: {form} in a log")), "{form}: {found:?}");
    }
    for before in ["", "x", "xy", "xyz"] {
        let carried = BASE64.encode(format!("{before}{PASSWORD}, and more").as_bytes());
        assert!(!planted(&carried).is_empty(), "{carried}");
    }
    assert_eq!(planted("nothing"), [""; 0]);
}

#[tokio::test]
async fn no_secret_leaves_the_program_whatever_happens() {
    let lab = Lab::start();
    add_userdata(&lab);
    let mut places = Places(Vec::new());
    let mut sent = Vec::new();

    // Keys that the cloud does not know.
    let wrong = [
        ("RUST_LOG", "trace"),
        ("CLEANSLATE_TENCENT_SECRET_ID", WRONG_ID),
        ("CLEANSLATE_TENCENT_SECRET_KEY", WRONG_KEY),
        ("CLEANSLATE_TENCENT_TOKEN", WRONG_TOKEN),
    ];
    let server = lab.serve(&wrong);
    let order = command("alice", "/reset ins-stopped1");
    let answer = server.send(&order).await.unwrap();
    places.add("an answer", answer.1);
    sent.push(order);
    lab.until(|state| said(state, "AuthFailure")).await;
    places.add("the first server's output", server.said());
    drop(server);

    // Forged, foolish, refused; then a wipe whose answer is a 502, found out by looking.
    let server = lab.serve(&wrong[..1]);
    let forged = Delivery { body: format!("text={FORGED}"), ..command("alice", "/reset help") };
    let foolish = command("alice", &format!("/reset ins-r8hr2upy password={PASSWORD}"));
    let order = command(
        "alice",
        "/reset ins-r8hr2upy img-pmqg1cw7 60GB login=vault userdata=base -- the disk is full",
    );
    lab.control("/_sim/faults", &json!({ "fault": "accept-then-5xx" })).await;
    for (delivery, status) in [(forged, 401), (foolish, 200), (order, 200)] {
        let (answered, body) = server.send(&delivery).await.unwrap();
        assert_eq!(answered, status);
        places.add("an answer", body);
        sent.push(delivery);
    }
    let state = lab.until(|state| messages(state).iter().any(|m| press("bob", m, "wipe").is_some())).await;
    let click = messages(&state).iter().find_map(|message| press("bob", message, "wipe")).unwrap();
    server.send(&click).await.unwrap();
    sent.push(click);
    lab.until(|state| said(state, "We do not know")).await;
    lab.control("/_sim/clock", &json!({ "advance": "480s" })).await;
    let state = lab.until(|state| said(state, "is back.")).await;

    places.add("Slack", state["slack"].to_string());
    places.add("the second server's output", server.said());
    places.add_folder(&lab);
    for arguments in [&["list"][..], &["list", "--json"], &["show", "ins-stopped1"], &["verify", "--json"]] {
        let output = lab.audit(arguments);
        places.add(&format!("audit {arguments:?}"), [output.stdout, output.stderr].concat());
    }
    for there in [
        "TRACE",
        "no password may pass through chat",
        "ins-stopped1",
        "the disk is full",
        "cleanslate/login/ins-r8hr2upy/",
        "cleanslate.db-wal",
    ] {
        let named = places.0.iter().any(|(name, _)| name.ends_with(there));
        assert!(named || places.holds(there), "{there} was to be looked through");
    }
    let mut secrets = secrets(&sent);
    secrets.push(only_file_below(lab.folder.0.join("vault")));
    assert_eq!(places.search(&secrets), [""; 0]);
}
