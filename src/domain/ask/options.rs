//! The Discord form: fields with names, where Slack has one line of words.

use super::{At, Draft, Hint, Order, PASSWORDS, image, instance, reason, set, size, target};

/// What `/reset` takes.
const RESET: [&str; 11] = [
    "instance",
    "image",
    "disk",
    "login",
    "keys",
    "hostname",
    "security",
    "monitor",
    "automation",
    "userdata",
    "reason",
];

/// The options that may be any text.
const ANY_TEXT: [&str; 2] = ["reason", "finding"];

/// The Discord form: the options of `/reset`, or of one of the subcommands of `/resets`, by name. The values are
/// judged as Slack's words are: what a form lets through is not taken for good.
///
/// # Errors
/// The first thing that is wrong, with what to fill in instead.
pub fn from_options(subcommand: Option<&str>, options: &[(&str, &str)]) -> Result<Order, Hint> {
    match subcommand {
        None => reset(options),
        Some("status") => {
            let [request] = fields(["request"], options)?;
            Ok(Order::Status(request.map(target).transpose()?))
        }
        Some("cancel") => {
            let [request] = fields(["request"], options)?;
            Ok(Order::Cancel(target(request.ok_or(Hint::NoTarget)?)?))
        }
        Some("close") => {
            let [request, finding] = fields(["request", "finding"], options)?;
            let target = target(request.ok_or(Hint::NoTarget)?)?;
            Ok(Order::Close { target, finding: reason(finding.unwrap_or_default())?.ok_or(Hint::NoFinding)? })
        }
        Some("explain") => {
            let [machine] = fields(["instance"], options)?;
            Ok(Order::Explain(instance(At::Option("instance"), machine.ok_or(Hint::Empty)?)?))
        }
        Some("help") => fields([], options).map(|[]| Order::Help),
        Some(_) => Err(Hint::Outdated),
    }
}

fn reset(options: &[(&str, &str)]) -> Result<Order, Hint> {
    let mut draft = Draft::default();
    let mut why = None;
    for (name, value) in RESET.into_iter().zip(fields(RESET, options)?) {
        let (at, Some(value)) = (At::Option(name), value) else { continue };
        match name {
            "instance" => draft.instance = Some(instance(at, value)?),
            "image" => draft.image = Some(image(at, value)?),
            "disk" => draft.disk_gb = Some(size(value)?),
            "reason" => why = reason(value)?,
            _ => draft.option(at, name, value)?,
        }
    }
    draft.finish(why).map(|ask| Order::Reset(Box::new(ask)))
}

/// The values of these options, and of no others.
fn fields<'a, const N: usize>(
    names: [&'static str; N],
    options: &[(&str, &'a str)],
) -> Result<[Option<&'a str>; N], Hint> {
    let mut values = [None; N];
    for (name, value) in options {
        let unknown = if PASSWORDS.contains(name) { Hint::Password } else { Hint::Outdated };
        let index = names.iter().position(|known| known == name).ok_or(unknown)?;
        if !value.is_ascii() && !ANY_TEXT.contains(name) {
            return Err(Hint::NotAscii(At::Option(names[index])));
        }
        set(&mut values[index], names[index], value.trim())?;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn the_same_is_asked_as_in_words() {
        let words = "ins-r8hr2upy img-pmqg1cw7 60GB key=skey-8xk2p1qa,skey-aaaaaaaa hostname=web-7 security=off \
                     monitor=on automation=off userdata=base -- disk corrupt \u{2014} sorry";
        let options = [
            ("reason", " disk corrupt \u{2014} sorry"),
            ("image", "img-pmqg1cw7"),
            ("instance", "ins-r8hr2upy "),
            ("disk", "60GB"),
            ("keys", "skey-8xk2p1qa,skey-aaaaaaaa"),
            ("hostname", "web-7"),
            ("security", "off"),
            ("monitor", "on"),
            ("automation", "off"),
            ("userdata", "base"),
        ];
        assert_eq!(from_options(None, &options), parse(words));
        let Ok(Order::Reset(ask)) = parse(words) else { panic!("{words}") };
        let said_back = ask.options();
        let mut again: Vec<(&str, &str)> =
            said_back.iter().map(|(name, value)| (*name, &value[..])).collect();
        again.push(options[0]);
        assert_eq!(from_options(None, &again), Ok(Order::Reset(ask)));
    }

    #[test]
    fn a_subcommand_is_the_same_order_as_in_words() {
        let request = |value| ("request", value);
        let same = [
            ("status", vec![], "status"),
            ("status", vec![request("#K3v2q")], "status #K3v2q"),
            ("status", vec![request("ins-r8hr2upy")], "status ins-r8hr2upy"),
            ("cancel", vec![request("k3v2q")], "cancel k3v2q"),
            ("close", vec![("finding", "new disk"), request("k3v2q")], "close k3v2q -- new disk"),
            ("explain", vec![("instance", "ins-r8hr2upy")], "explain ins-r8hr2upy"),
            ("help", vec![], "help"),
        ];
        for (subcommand, options, words) in same {
            let order = from_options(Some(subcommand), &options);
            assert!(order.is_ok() && order == parse(words), "{words}: {order:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_fill_in_and_never_echoed() {
        let reset = |name: &'static str, value: &'static str| {
            (None, vec![("instance", "ins-r8hr2upy"), (name, value)])
        };
        let long = "x".repeat(201);
        let cases = [
            (None, vec![]),
            (None, vec![("instance", "web-7")]),
            (None, vec![("instance", "lhins-12345678")]),
            (None, vec![("instance", "ins-r8hr2upy img-pmqg1cw7")]),
            (None, vec![("instance", "ins-r8hr2up\u{0443}")]),
            reset("instance", "ins-r8hr2upz"),
            reset("image", "<@everyone>"),
            reset("disk", "60 GB"),
            reset("login", "root"),
            reset("keys", "skey-8xk2p1qa, skey-aaaaaaaa"),
            reset("security", "yes"),
            reset("userdata", ""),
            reset("password", "hunter2hunter2"),
            reset("disk_gb", "60"),
            reset("request", "k3v2q"),
            (None, vec![("instance", "ins-r8hr2upy"), ("login", "keep"), ("keys", "skey-8xk2p1qa")]),
            (None, vec![("instance", "ins-r8hr2upy"), ("reason", long.as_str())]),
            (Some("status"), vec![("request", "k3v7q k3v7q")]),
            (Some("cancel"), vec![]),
            (Some("close"), vec![("request", "k3v2q"), ("finding", " ")]),
            (Some("explain"), vec![("instance", "k3v2q")]),
            (Some("help"), vec![("request", "k3v2q")]),
            (Some("wipe"), vec![]),
        ];
        let hints = cases
            .map(|(subcommand, options)| from_options(subcommand, &options).unwrap_err().to_string())
            .join("\n");
        insta::assert_snapshot!(hints, @"
        say which machine: `/reset ins-r8hr2upy img-pmqg1cw7 60GB`
        the option `instance`: that is not an instance id: it looks like `ins-r8hr2upy`
        `lhins-` ids belong to another product. This bot resets CVM instances (`ins-…`) only
        the option `instance`: that is not an instance id: it looks like `ins-r8hr2upy`
        the option `instance` has a letter that is not plain ASCII; ids never have one. Type it by hand, or copy it from the console
        `instance` was given twice
        the option `image`: that is not an image id: it looks like `img-pmqg1cw7`
        the disk size is a whole number of GB, like `60GB`, from 1 to 99999
        `login` takes `keep`, `image`, `random` or `vault`
        the option `keys`: that is not a key id: it looks like `skey-8xk2p1qa`
        `security` takes `on` or `off`
        `userdata` takes the name of a text in the configuration
        no password may pass through chat. Change that password now if it is in use, and choose the login `keep`, `image`, `random` or `vault`
        Discord shows this command as another version has it. An admin registers it anew: `cleanslate register`
        Discord shows this command as another version has it. An admin registers it anew: `cleanslate register`
        key pairs and a login cannot both be given
        the reason is longer than 200 characters
        say which request: its id like `#k3v7q` (at least four characters), or the instance id
        say which request: its id like `#k3v7q` (at least four characters), or the instance id
        say what you found: `/reset close k3v7q -- logged in, the disk is new`
        the option `instance`: that is not an instance id: it looks like `ins-r8hr2upy`
        Discord shows this command as another version has it. An admin registers it anew: `cleanslate register`
        Discord shows this command as another version has it. An admin registers it anew: `cleanslate register`
        ");
    }
}
