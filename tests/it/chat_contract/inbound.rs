//! What Slack sends, and what it means.

use std::fmt::Write as _;

use cleanslate::chat::slack::{parse, verify};
use cleanslate::chat::{Inbound, Unreadable};
use cleanslate::domain::id::{Platform, RequestId};
use cleanslate::domain::policy::Caller;
use cleanslate::domain::request::BadPress;
use serde_json::{Value, json};

use super::{fixture, genuine};

fn click_body(payload: &Value) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish()
}

fn click(payload: &Value) -> Result<Inbound, Unreadable> {
    parse::interactivity(&genuine(&click_body(payload)))
}

fn payload(name: &str) -> Value {
    serde_json::from_str(&fixture(&format!("slack/{name}.json"))).unwrap()
}

fn who(caller: &Caller) -> String {
    let Caller { actor, app, place, direct, bot, borrowed, proven } = caller;
    assert!(!bot && !borrowed && proven.is_empty());
    let direct = if *direct { ", direct" } else { "" };
    format!("{}/{} {} of {app} in {}/{}{direct}", actor.org, actor.user, actor.name, place.org, place.channel)
}

fn told(inbound: Result<Inbound, Unreadable>) -> String {
    match inbound {
        Err(why) => why.to_string(),
        Ok(Inbound::Ping) => "ping".to_owned(),
        Ok(Inbound::Order { caller, order, .. }) => match order {
            Ok(order) => format!("{}: {order:?}", who(&caller)),
            Err(hint) => format!("{}: {hint}", who(&caller)),
        },
        Ok(Inbound::Click { caller, message, press, typed, inline, .. }) => {
            assert!(!inline, "Slack does not show the answer to a click");
            let press = press.map_or_else(|bad| bad.to_string(), |press| press.to_string());
            format!("{} on {}: {press}, typed {typed:?}", who(&caller), message.0)
        }
    }
}

#[test]
fn every_command_is_understood() {
    let names = [
        "",
        "_help",
        "_empty_text",
        "_dm",
        "_private_channel",
        "_enterprise_grid",
        "_escaped_mentions",
        "_unicode",
    ];
    let mut all = String::new();
    for name in names {
        let body = fixture(&format!("slack/slash_command{name}.form"));
        writeln!(all, "{}", told(parse::command(&genuine(&body)))).unwrap();
    }
    insta::assert_snapshot!(all, @r#"
    T111/U111 alice of A111 in T111/C111: Reset(Ask { instance: InstanceId("ins-1a2b3c4d"), image: Some(ImageId("img-9qabwvbn")), disk_gb: Some(60), login: None, hostname: None, security: None, monitor: None, automation: None, userdata: None, reason: None })
    T111/U111 alice of A111 in T111/C111: Help
    T111/U111 alice of A111 in T111/C111: Help
    T111/U111 alice of A111 in T111/D111, direct: Reset(Ask { instance: InstanceId("ins-1a2b3c4d"), image: Some(ImageId("img-9qabwvbn")), disk_gb: Some(60), login: None, hostname: None, security: None, monitor: None, automation: None, userdata: None, reason: None })
    T111/U111 alice of A111 in T111/G111: Reset(Ask { instance: InstanceId("ins-1a2b3c4d"), image: Some(ImageId("img-9qabwvbn")), disk_gb: Some(60), login: None, hostname: None, security: None, monitor: None, automation: None, userdata: None, reason: None })
    T111/W111 alice of A111 in T111/C111: Reset(Ask { instance: InstanceId("ins-1a2b3c4d"), image: Some(ImageId("img-9qabwvbn")), disk_gb: Some(60), login: None, hostname: None, security: None, monitor: None, automation: None, userdata: None, reason: None })
    T111/U111 alice of A111 in T111/C111: word 4 is not part of the command. Only the reason, after `--`, may be any text
    T111/U111 alice of A111 in T111/C111: word 1 has a letter that is not plain ASCII; ids never have one. Type it by hand, or copy it from the console
    "#);
}

#[test]
fn every_click_is_understood() {
    let names =
        ["wipe", "cancel", "dm", "ephemeral", "grid_workspace_install", "org_install", "docs_example"];
    let mut all = String::new();
    for name in names {
        writeln!(all, "{}", told(click(&payload(&format!("block_actions_{name}"))))).unwrap();
    }
    for name in ["view_submission", "view_submission_wrong", "view_closed", "url_verification"] {
        writeln!(all, "{}", told(click(&payload(name)))).unwrap();
    }
    insta::assert_snapshot!(all, @r#"
    T111/U222 bob of A111 in T111/C111 on 1700000000.000100: v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912, typed Name("web-7")
    T111/U222 bob of A111 in T111/C111 on 1700000000.000100: v1.cancel.63zugjalf7tebh7ybkby3lhhty.5b1e0912, typed Nothing
    T111/U222 bob of A111 in T111/D111, direct on 1700000000.000100: v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912, typed Nothing
    T111/U222 bob of A111 in T111/C111 on 1700000000.000100: v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912, typed Nothing
    T111/U222 bob of A111 in T111/C111 on 1700000000.000100: v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912, typed Nothing
    T111/W222 bob of A111 in E111/C111 on 1700000000.000100: v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912, typed Nothing
    T111/U111 jtorrance of A111 in T111/C111 on 1548261231.000200: this button is not one of this version's, typed Nothing
    the platform sent something this version cannot read: an interaction that is not a click
    the platform sent something this version cannot read: an interaction that is not a click
    the platform sent something this version cannot read: an interaction that is not a click
    the platform sent something this version cannot read: an interaction that is not a click
    "#);
}

#[test]
fn one_delivery_is_one_request() {
    let expected = RequestId::derive(Platform::Slack, "T111", "111.222.0123456789abcdef0123456789abcdef");
    let Ok(Inbound::Order { id, .. }) = parse::command(&genuine(&fixture("slack/slash_command.form"))) else {
        panic!("a command")
    };
    assert_eq!(id, expected);
    let Ok(Inbound::Click { id, .. }) = click(&payload("block_actions_wipe")) else { panic!("a click") };
    assert_eq!(id, expected);
}

#[test]
fn a_command_says_who_where_and_by_which_delivery() {
    let whole = fixture("slack/slash_command.form");
    for field in ["command", "team_id", "channel_id", "user_id", "api_app_id", "trigger_id"] {
        let kept = form_urlencoded::parse(whole.as_bytes()).filter(|(name, _)| name != field);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        assert!(parse::command(&genuine(&body)).is_err(), "{field}");
    }
    for field in ["token", "team_domain", "channel_name", "user_name", "text", "response_url"] {
        let kept = form_urlencoded::parse(whole.as_bytes()).filter(|(name, _)| name != field);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        assert!(parse::command(&genuine(&body)).is_ok(), "{field}");
    }
    assert!(parse::command(&genuine(&click_body(&payload("block_actions_wipe")))).is_err());
    assert!(parse::interactivity(&genuine(&whole)).is_err());
}

#[test]
fn a_click_says_who_where_and_on_what() {
    for path in ["/user/id", "/api_app_id", "/trigger_id", "/container/message_ts", "/team/id", "/type"] {
        for value in [Value::Null, json!({ "new": 1 })] {
            let mut odd = payload("block_actions_wipe");
            *odd.pointer_mut(path).unwrap() = value;
            assert!(click(&odd).is_err(), "{path}");
        }
    }
    for path in
        ["/user/name", "/user/username", "/enterprise", "/message", "/state", "/channel", "/response_url"]
    {
        let mut odd = payload("block_actions_wipe");
        *odd.pointer_mut(path).unwrap() = Value::Null;
        assert!(told(click(&odd)).contains("in T111/C111 on 1700000000.000100"), "{path}");
    }
}

#[test]
fn only_one_press_of_one_of_our_buttons_counts() {
    let pressed = |change: &dyn Fn(&mut Value)| {
        let mut odd = payload("block_actions_wipe");
        change(&mut odd);
        match click(&odd) {
            Ok(Inbound::Click { press, .. }) => press.map(|press| press.action.as_str()),
            other => panic!("{other:?}"),
        }
    };
    let bad = Err(BadPress);
    assert_eq!(pressed(&|_| {}), Ok("wipe"));
    assert_eq!(pressed(&|p| p["actions"][0]["action_id"] = json!("cancel")), bad, "name and value differ");
    assert_eq!(pressed(&|p| p["actions"][0]["value"] = json!("v2.wipe.x.y")), bad, "another version");
    assert_eq!(pressed(&|p| p["actions"][0]["value"] = Value::Null), bad, "a link button");
    assert_eq!(pressed(&|p| p["actions"][0]["type"] = json!("overflow")), bad, "not a button");
    assert_eq!(pressed(&|p| p["actions"] = json!([])), bad, "no press");
    let twice = |p: &mut Value| p["actions"] = json!([p["actions"][0].clone(), p["actions"][0].clone()]);
    assert_eq!(pressed(&twice), bad, "two presses");
}

#[test]
fn bytes_that_are_no_payload_are_unreadable() {
    for body in ["", "payload=", "payload=%7B", "payload=null", "payload=%5B%5D", "payload=%FF%FE", "&&&=%"] {
        assert!(parse::interactivity(&genuine(body)).is_err(), "{body}");
        assert!(parse::command(&genuine(body)).is_err(), "{body}");
    }
    let deep = format!("payload={}", "%5B".repeat(20_000));
    assert!(parse::interactivity(&genuine(&deep)).is_err());
}

#[test]
fn a_certificate_check_is_told_from_a_command() {
    assert!(verify::is_ssl_check(fixture("slack/ssl_check.form").as_bytes()));
    let command = fixture("slack/slash_command.form");
    assert!(!verify::is_ssl_check(format!("{command}&ssl_check=1").as_bytes()));
}
