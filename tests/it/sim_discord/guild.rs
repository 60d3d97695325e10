//! Members and their roles, and the commands of the application.

use cleanslate::sim::cast;
use http::Method;
use serde_json::{Value, json};

use super::{ALICE, BOB, Served, body, errors, now};

#[tokio::test]
async fn roles_are_looked_up_and_can_be_taken_away() {
    let served = Served::start().await;
    let look = async |guild: &str, user: &str| {
        served.call(Method::GET, &format!("/guilds/{guild}/members/{user}"), &Value::Null).await
    };
    let guild = cast::DISCORD_GUILD_ID;
    let bob = look(guild, BOB).await.body;
    assert_eq!((&bob["roles"], &bob["user"]["id"]), (&json!([cast::DISCORD_ROLE_ID]), &json!(BOB)));
    assert_eq!(look(guild, ALICE).await.body["roles"], json!([]));
    served.play(|discord| discord.set_roles(BOB, &[]));
    assert_eq!(look(guild, BOB).await.body["roles"], json!([]));
    served.play(|discord| discord.leave(BOB));
    assert_eq!(look(guild, BOB).await.outcome(), "404 10007");
    served.play(|discord| discord.set_roles(BOB, &["9"]));
    assert_eq!(look(guild, BOB).await.body["roles"], json!(["9"]));
    assert_eq!(look(guild, "42").await.outcome(), "404 10013");
    assert_eq!(look("42", BOB).await.outcome(), "404 10004");
    assert_eq!(look(guild, "bob").await.outcome(), "400 50035");
}

fn option(name: &str, required: bool) -> Value {
    json!({ "type": 3, "name": name, "description": "words", "required": required })
}

fn command(options: &[Value]) -> Value {
    json!([{ "name": "reset", "description": "Reinstall a server", "options": options, "contexts": [0] }])
}

#[tokio::test]
async fn commands_are_replaced_as_a_whole_and_keep_their_ids() {
    let served = Served::start().await;
    let everywhere = format!("/applications/{}/commands", cast::DISCORD_APPLICATION_ID);
    let here =
        format!("/applications/{}/guilds/{}/commands", cast::DISCORD_APPLICATION_ID, cast::DISCORD_GUILD_ID);
    let mut two = command(&[option("instance", true), option("image", false)]);
    let sub =
        json!({ "type": 1, "name": "status", "description": "words", "options": [option("request", false)] });
    two.as_array_mut()
        .unwrap()
        .push(json!({ "name": "resets", "description": "Requests", "options": [sub] }));
    let first = served.call(Method::PUT, &here, &two).await.body;
    assert_eq!(
        (&first[1]["name"], &first[1]["guild_id"]),
        (&json!("resets"), &json!(cast::DISCORD_GUILD_ID))
    );
    let second = served.call(Method::PUT, &here, &command(&[option("instance", true)])).await.body;
    assert_eq!((second.as_array().unwrap().len(), &second[0]["id"]), (1, &first[0]["id"]));
    assert_ne!(second[0]["version"], first[0]["version"]);
    assert_eq!(served.call(Method::GET, &here, &Value::Null).await.body, second);
    assert_eq!(
        served.call(Method::GET, &everywhere, &Value::Null).await.body,
        json!([]),
        "each place has its own"
    );
    let global = served.call(Method::PUT, &everywhere, &command(&[])).await.body;
    assert_eq!(global[0].get("guild_id"), None);
    let delivered = served.play(|discord| discord.command(ALICE, "/reset ins-1", "1", now())).unwrap();
    assert_eq!(body(&delivered)["data"]["id"], global[0]["id"], "a command carries its registered id");
    for (path, expected) in [
        ("/applications/42/commands", "404 10002"),
        ("/applications/1100000000000000001/guilds/42/commands", "403 50001"),
    ] {
        assert_eq!(served.call(Method::PUT, path, &command(&[])).await.outcome(), expected);
    }
}

/// What is wrong with each, a line each.
async fn refusals(served: &Served, bodies: &[Value]) -> String {
    let path = format!("/applications/{}/commands", cast::DISCORD_APPLICATION_ID);
    let mut found = Vec::new();
    for body in bodies {
        let heard = served.call(Method::PUT, &path, body).await;
        assert_eq!(heard.outcome(), "400 50035", "{body}");
        found.push(errors(&heard.body).join(", "));
    }
    assert_eq!(served.call(Method::GET, &path, &Value::Null).await.body, json!([]), "nothing was registered");
    found.join("\n")
}

#[tokio::test]
async fn a_command_over_a_limit_is_refused_where_it_is_over() {
    let served = Served::start().await;
    let changed = |name: &str, value: Value| {
        let mut changed = command(&[]);
        changed[0][name] = value;
        changed
    };
    let choice = json!({ "name": "y".repeat(100), "value": "z" });
    let long = |n| {
        let mut long = option(&format!("o{n}"), false);
        long["choices"] = json!(vec![choice.clone(); 4]);
        long
    };
    let cases = [
        changed("name", json!("Reset")),
        changed("name", json!("re set")),
        changed("name", json!("r".repeat(33))),
        changed("description", json!("")),
        changed("description", json!("d".repeat(101))),
        changed("default_member_permissions", json!(0)),
        changed("contexts", json!([3])),
        changed("type", json!(2)),
        command(&(0..25).map(long).collect::<Vec<_>>()),
        json!([command(&[])[0], command(&[])[0]]),
        Value::Null,
    ];
    insta::assert_snapshot!(refusals(&served, &cases).await, @"
    0.name APPLICATION_COMMAND_INVALID_NAME
    0.name APPLICATION_COMMAND_INVALID_NAME
    0.name BASE_TYPE_BAD_LENGTH
    0.description BASE_TYPE_BAD_LENGTH
    0.description BASE_TYPE_BAD_LENGTH
    0.default_member_permissions NUMBER_TYPE_COERCE
    0.contexts.0 BASE_TYPE_CHOICES
    0.type BASE_TYPE_CHOICES
    0 APPLICATION_COMMAND_TOO_LARGE
    1 APPLICATION_COMMANDS_DUPLICATE_NAME
     BASE_TYPE_REQUIRED
    ");
}

#[tokio::test]
async fn an_option_over_a_limit_is_refused_where_it_is_over() {
    let served = Served::start().await;
    let of = |name: &str, value: Value| {
        let mut option = option("instance", true);
        option[name] = value;
        command(&[option])
    };
    let sub = json!({ "type": 1, "name": "status", "description": "words" });
    let mut nested = sub.clone();
    nested["options"] = json!([sub]);
    let cases = [
        command(&[option("image", false), option("instance", true)]),
        command(&[option("image", false), option("image", false)]),
        command(&[sub, option("image", false)]),
        command(&(0..26).map(|n| option(&format!("o{n}"), false)).collect::<Vec<_>>()),
        of("type", json!(12)),
        of("type", Value::Null),
        of("description", Value::Null),
        of("min_length", json!(6001)),
        of("max_length", json!(0)),
        of("choices", json!([{ "name": "", "value": "on" }])),
        command(&[nested]),
    ];
    insta::assert_snapshot!(refusals(&served, &cases).await, @"
    0.options.1 APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID
    0.options.1 APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS
    0.options APPLICATION_COMMAND_OPTIONS_TYPE_INVALID
    0.options BASE_TYPE_MAX_LENGTH
    0.options.0.type BASE_TYPE_CHOICES
    0.options.0.type BASE_TYPE_REQUIRED
    0.options.0.description BASE_TYPE_REQUIRED
    0.options.0.min_length BASE_TYPE_CHOICES
    0.options.0.max_length BASE_TYPE_CHOICES
    0.options.0.choices.0.name BASE_TYPE_BAD_LENGTH
    0.options.0.options APPLICATION_COMMAND_OPTIONS_TYPE_INVALID
    ");
}
