//! What Discord sends, and what it means.

use std::fmt::Write as _;
use std::sync::LazyLock;

use cleanslate::chat::discord::parse;
use cleanslate::chat::{Inbound, Typed, Unreadable};
use cleanslate::domain::id::{Platform, Principal, RequestId};
use cleanslate::domain::policy::{Act, Caller, Denial, Home};
use cleanslate::domain::request::BadPress;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::{fixture, genuine};
use crate::support::sample;

const ALL: [&str; 9] = [
    "ping",
    "command",
    "command_dm",
    "component",
    "component_no_roles",
    "component_ephemeral_message",
    "modal_label",
    "modal_actionrow",
    "autocomplete",
];

fn payload(name: &str) -> Value {
    serde_json::from_str(&fixture(&format!("discord/{name}.json"))).unwrap()
}

/// What nobody expects in a place.
const ODD: [&str; 12] =
    ["null", "0", "-1", "2", "1e300", "true", "\"\"", "\"7\"", "[]", "[null]", "{}", "{\"0\":[{}]}"];

/// A body is what it says: which platform's signature made it genuine is the door's affair.
fn read(payload: &Value) -> Result<Inbound, Unreadable> {
    parse::interaction(&genuine(&payload.to_string()))
}

/// A fixture with one thing changed; a path that is not there is added to what is.
fn with(name: &str, path: &str, value: Value) -> Value {
    let mut payload = payload(name);
    let (parent, key) = path.rsplit_once('/').unwrap();
    payload.pointer_mut(parent).unwrap()[key] = value;
    payload
}

fn caller(payload: &Value) -> Caller {
    match read(payload) {
        Ok(Inbound::Order { caller, .. } | Inbound::Click { caller, .. }) => caller,
        other => panic!("{other:?}"),
    }
}

fn who(caller: &Caller) -> String {
    let Caller { actor, app, place, direct, bot, borrowed, proven } = caller;
    assert_eq!(
        (actor.platform, place.platform, &actor.org),
        (Platform::Discord, Platform::Discord, &place.org)
    );
    let mut said = format!("{} {} of {app} in {}/{}", actor.user, actor.name, place.org, place.channel);
    for (is, word) in [(direct, "direct"), (bot, "bot"), (borrowed, "borrowed")] {
        write!(said, "{}", if *is { format!(", {word}") } else { String::new() }).unwrap();
    }
    for principal in proven {
        write!(said, ", {principal}").unwrap();
    }
    said.replace("00000000000000", "…")
}

fn told(payload: &Value) -> String {
    match read(payload) {
        Err(why) => why.to_string(),
        Ok(Inbound::Ping) => "ping".to_owned(),
        Ok(Inbound::Order { caller, order, .. }) => match order {
            Ok(order) => format!("{}: {order:?}", who(&caller)),
            Err(hint) => format!("{}: {hint}", who(&caller)),
        },
        Ok(Inbound::Click { caller, message, press, typed, inline, .. }) => {
            assert!(inline, "Discord shows the answer to a click");
            let press = press.map_or_else(|bad| bad.to_string(), |press| press.to_string());
            format!("{} on {}: {press}, {typed:?}", who(&caller), message.0)
        }
    }
}

#[test]
fn every_interaction_is_understood() {
    let all = ALL.map(|name| format!("{name}: {}", told(&payload(name)))).join("\n");
    insta::assert_snapshot!(all, @r#"
    ping: ping
    command: 2…001 Alice of 1…001 in 4…001/5…001, discord-role:3…001: Reset(Ask { instance: InstanceId("ins-1a2b3c4d"), image: Some(ImageId("img-9qabwvbn")), disk_gb: Some(60), login: None, hostname: None, security: None, monitor: None, automation: None, userdata: None, reason: None })
    command_dm: 2…001 Alice of 1…001 in direct/5…002, direct: Reset(Ask { instance: InstanceId("ins-1a2b3c4d"), image: Some(ImageId("img-9qabwvbn")), disk_gb: Some(60), login: None, hostname: None, security: None, monitor: None, automation: None, userdata: None, reason: None })
    component: 2…001 Alice of 1…001 in 4…001/5…001, discord-role:3…001 on 800000000000000001: v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912, Later
    component_no_roles: 2…001 Alice of 1…001 in 4…001/5…001 on 800000000000000001: v1.cancel.63zugjalf7tebh7ybkby3lhhty.5b1e0912, Later
    component_ephemeral_message: 2…001 Alice of 1…001 in 4…001/5…001, discord-role:3…001 on 800000000000000001: v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912, Later
    modal_label: 2…001 Alice of 1…001 in 4…001/5…001, discord-role:3…001 on 800000000000000001: v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912, Name("ins-1a2b3c4d")
    modal_actionrow: 2…001 Alice of 1…001 in 4…001/5…001, discord-role:3…001 on 800000000000000001: v1.wipe.63zugjalf7tebh7ybkby3lhhty.5b1e0912, Name("ins-1a2b3c4d")
    autocomplete: the platform sent something this version cannot read: an interaction that is no slash command, press or form
    "#);
}

#[test]
fn both_commands_are_told_apart_by_their_shape() {
    let sub = |name: &str, options: Value| json!([{ "name": name, "type": 1, "options": options }]);
    let option = |name: &str, value: Value| json!({ "name": name, "type": 3, "value": value });
    let request = option("request", json!("k3v2q"));
    let cases = [
        json!([option("instance", json!("ins-r8hr2upy")), option("reason", json!("disk corrupt"))]),
        json!([
            option("instance", json!("ins-r8hr2upy")),
            option("disk", json!(60)),
            option("monitor", json!(false))
        ]),
        json!([option("instance", json!("ins-r8hr2upy")), option("password", json!("hunter2hunter2"))]),
        json!([option("instance", json!("ins-r8hr2upy")), option("force", json!(true))]),
        json!([option("instance", json!("ins-r8hr2upy img-pmqg1cw7"))]),
        json!([option("instance", json!({ "id": "ins-r8hr2upy" }))]),
        json!([option("instance", Value::Null)]),
        json!([]),
        Value::Null,
        sub("status", json!([])),
        sub("status", Value::Null),
        sub("status", json!([request])),
        sub("cancel", json!([request])),
        sub("close", json!([request, option("finding", json!("the disk is new"))])),
        sub("explain", json!([option("instance", json!("ins-r8hr2upy"))])),
        sub("help", json!([])),
        sub("wipe", json!([request])),
        json!([{ "name": "now", "type": 2, "options": sub("help", json!([])) }]),
    ];
    let mut all = String::new();
    for name in ["reset", "server-reset"] {
        let lines = cases.iter().map(|options| {
            let mut command = with("command", "/data/options", options.clone());
            command["data"]["name"] = json!(name);
            let said = told(&command);
            said.split_once(": ").unwrap().1.to_owned()
        });
        let lines = lines.collect::<Vec<_>>().join("\n");
        assert!(all.is_empty() || all == lines, "names are configurable");
        all = lines;
    }
    insta::assert_snapshot!(all, @r#"
    Reset(Ask { instance: InstanceId("ins-r8hr2upy"), image: None, disk_gb: None, login: None, hostname: None, security: None, monitor: None, automation: None, userdata: None, reason: Some("disk corrupt") })
    Reset(Ask { instance: InstanceId("ins-r8hr2upy"), image: None, disk_gb: Some(60), login: None, hostname: None, security: None, monitor: Some(false), automation: None, userdata: None, reason: None })
    no password may pass through chat. Change that password now if it is in use, and choose the login `keep`, `image`, `random` or `vault`
    Discord shows this command as another version has it. An admin registers it anew: `cleanslate register`
    the option `instance`: that is not an instance id: it looks like `ins-r8hr2upy`
    the option `instance`: that is not an instance id: it looks like `ins-r8hr2upy`
    the option `instance`: that is not an instance id: it looks like `ins-r8hr2upy`
    say which machine: `/reset ins-r8hr2upy img-pmqg1cw7 60GB`
    say which machine: `/reset ins-r8hr2upy img-pmqg1cw7 60GB`
    Status(None)
    Status(None)
    Status(Some(Prefix("k3v2q")))
    Cancel(Prefix("k3v2q"))
    Close { target: Prefix("k3v2q"), finding: "the disk is new" }
    Explain(InstanceId("ins-r8hr2upy"))
    Help
    Discord shows this command as another version has it. An admin registers it anew: `cleanslate register`
    Discord shows this command as another version has it. An admin registers it anew: `cleanslate register`
    "#);
}

#[test]
fn one_delivery_is_one_request() {
    let derived = |name: &str| RequestId::derive(Platform::Discord, "400000000000000001", name);
    let Ok(Inbound::Order { id, .. }) = read(&payload("command")) else { panic!("a command") };
    assert_eq!(id, derived("700000000000000001"));
    let Ok(Inbound::Click { id, .. }) = read(&payload("component")) else { panic!("a click") };
    assert_eq!(id, derived("700000000000000002"));
}

#[test]
fn an_interaction_says_who_where_and_by_which_delivery() {
    let needed = [
        ("command", "/id"),
        ("command", "/application_id"),
        ("command", "/member/user/id"),
        ("command", "/member/user"),
        ("command", "/type"),
        ("command", "/data/type"),
        ("component", "/message/id"),
        ("component", "/message"),
        ("modal_label", "/message"),
    ];
    for (name, path) in needed {
        for value in [Value::Null, json!({ "new": 1 })] {
            let said = told(&with(name, path, value));
            assert!(said.starts_with("the platform sent something"), "{name} {path}: {said}");
        }
    }
    let mut nowhere = with("command", "/channel", Value::Null);
    assert_eq!(told(&nowhere), told(&payload("command")), "channel_id is enough");
    nowhere["channel_id"] = Value::Null;
    assert!(read(&nowhere).is_err());
    assert_eq!(told(&with("command", "/channel_id", Value::Null)), told(&payload("command")));
}

/// Puts null for one thing after the other, and a new field beside it.
#[test]
fn what_is_not_used_may_come_go_and_be_null() {
    let used = [
        "/id",
        "/application_id",
        "/type",
        "/guild_id",
        "/member",
        "/member/user",
        "/member/user/id",
        "/member/user/global_name",
        "/member/roles",
        "/message",
        "/message/id",
        "/authorizing_integration_owners/0",
    ];
    for name in ["command", "component", "modal_label", "modal_actionrow"] {
        let whole = payload(name);
        let mut changed = 0;
        for path in paths(&whole, "") {
            if used.contains(&&path[..]) || path.starts_with("/data") || path.starts_with("/member/roles/") {
                continue;
            }
            let mut odd = whole.clone();
            *odd.pointer_mut(&path).unwrap() = Value::Null;
            odd["something_new"] = json!([1, { "two": null }]);
            assert_eq!(told(&odd), told(&whole), "{name} {path}");
            changed += 1;
        }
        assert!(changed > 30, "{name}: {changed}");
    }
}

/// Every place in a value.
fn paths(value: &Value, path: &str) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (format!("{path}/{name}"), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (format!("{path}/{index}"), value)).collect()
        }
        _ => Vec::new(),
    };
    children
        .into_iter()
        .flat_map(|(path, value)| [vec![path.clone()], paths(value, &path)].concat())
        .collect()
}

#[test]
fn a_person_is_named_as_the_guild_knows_them() {
    let mut alice = with("command", "/member/nick", json!("ali"));
    let name = |payload: &Value| caller(payload).actor.name;
    assert_eq!(name(&alice), "ali");
    alice["member"]["nick"] = Value::Null;
    assert_eq!(name(&alice), "Alice");
    alice["member"]["user"]["global_name"] = Value::Null;
    assert_eq!(name(&alice), "alice");
    alice["member"]["user"]["username"] = Value::Null;
    assert_eq!(name(&alice), "");
}

#[test]
fn roles_are_proven_but_everyones() {
    let proven = |roles: Value| caller(&with("component", "/member/roles", roles)).proven;
    let role = |id: &str| Principal::DiscordRole(id.to_owned());
    assert_eq!(proven(json!(["31", "400000000000000001", "32"])), [role("31"), role("32")]);
    assert_eq!(proven(json!([])), []);
    assert_eq!(proven(Value::Null), []);
    assert_eq!(proven(json!(["", "admin", "3".repeat(21)])), [], "what is no id is no role");
    assert!(read(&with("component", "/member/roles", json!("31"))).is_err());
}

/// The role that may ask and approve makes no difference where the place or the account is wrong.
#[test]
fn who_is_not_at_home_is_denied_for_that() {
    let mut policy = sample::policy();
    policy.homes.push(Home {
        platform: Platform::Discord,
        app: "100000000000000001".to_owned(),
        orgs: vec!["400000000000000001".to_owned()],
        channels: vec!["500000000000000001".to_owned()],
    });
    policy.requesters.insert(Principal::DiscordRole("300000000000000001".to_owned()));
    let judged = |payload: &Value| policy.authorise(&caller(payload), Act::Ask);
    assert_eq!(judged(&payload("command")), Ok(()));
    assert_eq!(judged(&payload("component")), Ok(()));
    assert_eq!(judged(&payload("component_no_roles")), Err(Denial::NotARequester));
    assert_eq!(judged(&payload("command_dm")), Err(Denial::DirectMessage));
    assert_eq!(judged(&with("command", "/context", json!(1))), Err(Denial::DirectMessage));
    assert_eq!(judged(&with("command", "/context", json!(2))), Err(Denial::DirectMessage));
    assert_eq!(judged(&with("command", "/guild_id", Value::Null)), Err(Denial::DirectMessage));
    let mut memberless = with("command", "/user", json!({ "id": "200000000000000001" }));
    assert_eq!(judged(&memberless), Ok(()), "the member counts");
    memberless["member"] = Value::Null;
    assert_eq!(judged(&memberless), Err(Denial::DirectMessage));
    let owners = |owners: Value| judged(&with("command", "/authorizing_integration_owners", owners));
    assert_eq!(owners(json!({ "1": "200000000000000001" })), Err(Denial::Borrowed));
    assert_eq!(owners(json!({})), Err(Denial::Borrowed));
    assert_eq!(owners(json!({ "0": null })), Err(Denial::Borrowed));
    assert_eq!(owners(json!({ "0": "400000000000000001", "1": "200000000000000001" })), Ok(()));
    assert_eq!(owners(Value::Null), Ok(()));
    let bot = |bot: Value| judged(&with("command", "/member/user/bot", bot));
    assert_eq!([bot(json!(true)), bot(json!(false)), bot(Value::Null)], [Err(Denial::Bot), Ok(()), Ok(())]);
    assert_eq!(judged(&with("command", "/guild_id", json!("9"))), Err(Denial::WrongTeam));
    assert_eq!(judged(&with("command", "/channel_id", json!("9"))), Err(Denial::WrongChannel));
    assert_eq!(judged(&with("command", "/application_id", json!("9"))), Err(Denial::WrongApp));
}

#[test]
fn only_our_buttons_and_forms_are_presses() {
    let pressed = |payload: Value| match read(&payload) {
        Ok(Inbound::Click { press, .. }) => press.map(|press| press.action.as_str()),
        other => panic!("{other:?}"),
    };
    let bad = Err(BadPress);
    assert_eq!(pressed(payload("component")), Ok("wipe"));
    assert_eq!(pressed(payload("modal_label")), Ok("wipe"));
    for id in [json!("v2.wipe.x.y"), json!("v1.approve.01J9ZQ"), json!(""), Value::Null] {
        for name in ["component", "modal_label", "modal_actionrow"] {
            assert_eq!(pressed(with(name, "/data/custom_id", id.clone())), bad, "{name} {id}");
        }
    }
    for kind in [json!(3), json!(5), Value::Null] {
        assert_eq!(pressed(with("component", "/data/component_type", kind)), bad, "not a button");
    }
    assert_eq!(pressed(with("component", "/data", Value::Null)), bad);
}

#[test]
fn what_was_typed_is_found_in_either_shape() {
    let typed = |components: Value| match read(&with("modal_label", "/data/components", components)) {
        Ok(Inbound::Click { typed: Typed::Name(name), .. }) => name,
        other => panic!("{other:?}"),
    };
    let label = |component: Value| json!([{ "type": 18, "id": 1, "component": component }]);
    let row = |components: Value| json!([{ "type": 1, "id": 1, "components": components }]);
    let input = |value: &str| json!({ "type": 4, "id": 2, "custom_id": "typed", "value": value });
    assert_eq!(typed(label(input("web-7"))), "web-7");
    assert_eq!(typed(row(json!([input("web-7")]))), "web-7");
    assert_eq!(typed(json!([{ "type": 10, "id": 1 }, label(input(" web-7 "))[0]])), " web-7 ");
    assert_eq!(typed(json!([{ "type": 18, "component": input("a"), "components": null }])), "a");
    let nothing = [
        label(input("")),
        label(json!({ "type": 4, "value": null })),
        label(Value::Null),
        row(json!([])),
        row(Value::Null),
        json!([]),
        Value::Null,
    ];
    for components in nothing {
        assert_eq!(typed(components.clone()), "", "{components}");
    }
}

#[test]
fn what_else_there_is_is_unreadable() {
    for kind in [json!(0), json!(4), json!(6), json!(-1), json!("2"), json!(2.5)] {
        assert!(read(&with("command", "/type", kind.clone())).is_err(), "{kind}");
    }
    for kind in [json!(2), json!(3), json!(4)] {
        assert!(read(&with("command", "/data/type", kind)).is_err(), "a command on a user or a message");
    }
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    for body in ["", "{", "null", "[]", "{}", "1", "\"\"", "{\"type\":1", "\u{feff}{\"type\":1}", &deep] {
        assert!(parse::interaction(&genuine(body)).is_err(), "{}", &body[..body.len().min(20)]);
    }
    for body in [&b"{\"type\":1,\"id\":\"\xff\"}"[..], b"\xff\xfe{\0}\0"] {
        assert!(parse::interaction(&genuine(body)).is_err());
    }
    assert_eq!(parse::interaction(&genuine("{\"type\":1}")), Ok(Inbound::Ping));
}

/// Every fixture and every place in it.
static WHOLE: LazyLock<Vec<(Value, Vec<String>)>> = LazyLock::new(|| {
    let whole = ALL.map(payload).into_iter();
    whole.map(|whole| (whole.clone(), paths(&whole, ""))).collect()
});

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(10_000) })]

    /// Whatever becomes of a body, it is read or refused, and never as somebody whom it does not name.
    #[test]
    fn no_change_of_a_body_is_too_much(
        (which, place, odd) in (0..ALL.len(), any::<Index>(), select(&ODD[..])),
        bytes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let (whole, paths) = &WHOLE[which];
        let mut changed = whole.clone();
        let path: &String = place.get(paths);
        *changed.pointer_mut(path).unwrap() = serde_json::from_str(odd).unwrap();
        let body = changed.to_string();
        let read = parse::interaction(&genuine(&body));
        if let Ok(Inbound::Order { caller, .. } | Inbound::Click { caller, .. }) = read {
            for named in [&caller.actor.user, &caller.place.channel, &caller.app] {
                assert!(body.contains(&format!("\"{named}\"")), "{named} is not in {body}");
            }
        }
        let mut noisy = body.into_bytes();
        for (place, byte) in bytes {
            let at = place.index(noisy.len());
            noisy[at] = byte;
        }
        if let Ok(Inbound::Order { caller, .. } | Inbound::Click { caller, .. }) =
            parse::interaction(&genuine(&noisy))
        {
            assert!(caller.proven.iter().all(|role| role.to_string().parse() == Ok(role.clone())));
        }
    }

    #[test]
    fn half_a_body_is_none((which, end) in (0..ALL.len(), any::<Index>())) {
        let body = WHOLE[which].0.to_string();
        assert!(parse::interaction(&genuine(&body[..end.index(body.len())])).is_err());
    }
}
