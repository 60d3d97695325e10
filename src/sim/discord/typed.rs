//! A command as it is typed on Slack, as the options that a person would fill in on Discord, so that one text serves
//! both. Every option is a string, as the commands are registered.

use serde_json::{Value, json};

/// What follows a word of `/resets`, and the option that it fills.
const SUBCOMMANDS: [(&str, &str); 5] = [
    ("status", "request"),
    ("cancel", "request"),
    ("close", "request"),
    ("explain", "instance"),
    ("help", ""),
];

const NAMED: [&str; 7] = ["login", "key", "hostname", "security", "monitor", "automation", "userdata"];

/// A command's name and its options, as the interaction carries them.
#[derive(Debug, Clone, PartialEq)]
pub struct Typed {
    pub name: String,
    pub options: Value,
}

/// Reads `/reset ins-r8hr2upy img-pmqg1cw7 60GB login=keep -- why`, `/resets status k3v7q`, `/reset status k3v7q`.
///
/// # Errors
/// Where Discord's form has no place for a word: nobody could send it from there.
pub fn typed(text: &str) -> Result<Typed, String> {
    let (text, tail) = match text.split_once(" -- ") {
        Some((text, tail)) => (text, Some(tail.trim())),
        None => (text, None),
    };
    let mut words = text.split_ascii_whitespace();
    let name = words.next().and_then(|word| word.strip_prefix('/')).ok_or("a command begins with /")?;
    let words: Vec<&str> = words.collect();
    let sub = words.first().and_then(|word| SUBCOMMANDS.iter().find(|(known, _)| known == word));
    match sub {
        Some((sub, takes)) => {
            let name = if name.ends_with("resets") { name.to_owned() } else { format!("{name}s") };
            let options = subcommand(takes, &words[1..], tail)?;
            Ok(Typed { name, options: json!([{ "name": sub, "type": 1, "options": options }]) })
        }
        None if name.ends_with("resets") => Err("choose status, cancel, close, explain or help".to_owned()),
        None => Ok(Typed { name: name.to_owned(), options: reset(&words, tail)?.into() }),
    }
}

fn option(name: &str, value: &str) -> Value {
    json!({ "name": name, "type": 3, "value": value })
}

fn no_place(word: &str) -> String {
    format!("Discord's form has no place for `{word}`")
}

fn subcommand(takes: &str, words: &[&str], finding: Option<&str>) -> Result<Vec<Value>, String> {
    let mut options = Vec::new();
    match words {
        [] => {}
        [word] if !takes.is_empty() => options.push(option(takes, word)),
        [.., word] => return Err(no_place(word)),
    }
    options.extend(finding.map(|finding| option("finding", finding)));
    Ok(options)
}

fn reset(words: &[&str], reason: Option<&str>) -> Result<Vec<Value>, String> {
    let (instance, words) = words.split_first().ok_or("`instance` is required")?;
    let mut options = vec![option("instance", instance)];
    for word in words {
        let filled = match word.split_once('=') {
            Some((name, value)) if NAMED.contains(&name) => {
                option(if name == "key" { "keys" } else { name }, value)
            }
            Some(_) => return Err(no_place(word)),
            None if word.starts_with(|first: char| first.is_ascii_digit()) => option("disk", word),
            None => option("image", word),
        };
        if options.iter().any(|option| option["name"] == filled["name"]) {
            return Err(no_place(word));
        }
        options.push(filled);
    }
    options.extend(reason.map(|reason| option("reason", reason)));
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let line = |options: &Value| {
            let options = options.as_array().into_iter().flatten();
            let shown =
                options.map(|o| format!("{}:{}", o["name"].as_str().unwrap(), o["value"].as_str().unwrap()));
            shown.collect::<Vec<_>>().join(" ")
        };
        match typed(text) {
            Err(why) => why,
            Ok(Typed { name, options }) if options[0]["type"] == 1 => {
                let sub = options[0]["name"].as_str().unwrap();
                format!("/{name} {sub} {}", line(&options[0]["options"])).trim_end().to_owned()
            }
            Ok(Typed { name, options }) => format!("/{name} {}", line(&options)),
        }
    }

    #[test]
    fn one_text_serves_both_platforms() {
        let texts = [
            "/reset ins-r8hr2upy",
            "/reset ins-r8hr2upy img-pmqg1cw7 60GB login=keep key=skey-1,skey-2 security=off -- disk corrupt -- 481",
            "/reset ins-r8hr2upy 60 img-pmqg1cw7",
            "/resets status",
            "/reset status k3v7q",
            "/resets close k3v7q -- it was wiped",
            "/reset explain ins-r8hr2upy",
            "/reset help",
            "/reset",
            "/reset ins-r8hr2upy img-pmqg1cw7 please",
            "/reset ins-r8hr2upy password=hunter2",
            "/resets help me",
            "/resets",
            "reset ins-r8hr2upy",
        ];
        let shown: Vec<String> = texts.iter().map(|text| shown(text)).collect();
        insta::assert_snapshot!(shown.join("\n"), @"
        /reset instance:ins-r8hr2upy
        /reset instance:ins-r8hr2upy image:img-pmqg1cw7 disk:60GB login:keep keys:skey-1,skey-2 security:off reason:disk corrupt -- 481
        /reset instance:ins-r8hr2upy disk:60 image:img-pmqg1cw7
        /resets status
        /resets status request:k3v7q
        /resets close request:k3v7q finding:it was wiped
        /resets explain instance:ins-r8hr2upy
        /resets help
        `instance` is required
        Discord's form has no place for `please`
        Discord's form has no place for `password=hunter2`
        Discord's form has no place for `me`
        choose status, cancel, close, explain or help
        a command begins with /
        ");
    }
}
