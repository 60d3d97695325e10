//! The secrets' own file.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use super::{NAMES, Sheet};

/// The secrets in it, if its owner alone can read it.
pub(super) fn read(path: &Path) -> anyhow::Result<Sheet> {
    let shown = path.display();
    let file = File::open(path).with_context(|| {
        format!("{shown} cannot be opened (for the environment alone, write kind = \"env\" in [secrets])")
    })?;
    parse(&private(file, path)?).with_context(|| format!("{shown} cannot be used"))
}

/// The text of a file that others cannot read. The mode is that of the opened file, so that it cannot be exchanged in
/// between.
pub(super) fn private(mut file: File, path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let mode = file.metadata().with_context(|| format!("{shown} cannot be looked at"))?.mode();
    ensure!(
        mode % 0o100 == 0,
        "{shown} can be read by others (mode {:03o}): run `chmod 600 {shown}`, and change what they may have read",
        mode & 0o777
    );
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(|| format!("{shown} cannot be read"))?;
    Ok(text)
}

/// Two levels of names over strings. A complaint names keys and lines, never a value: the parser's own messages
/// quote what they stumble over.
pub(super) fn parse(text: &str) -> anyhow::Result<Sheet> {
    let table: toml::Table = toml::from_str(text).map_err(|why: toml::de::Error| {
        let line =
            text.get(..why.span().map_or(0, |span| span.start)).unwrap_or_default().matches('\n').count();
        anyhow::anyhow!(
            "line {} is not TOML: write name = \"value\" under [slack], [discord] or [tencent]",
            line + 1
        )
    })?;
    let mut sheet = Sheet::new();
    for (section, keys) in table {
        let toml::Value::Table(keys) = keys else {
            bail!("{section} is not a section: write [slack], [discord] or [tencent] above the secrets");
        };
        for (key, value) in keys {
            let whole = format!("{section}.{key}");
            let Some(name) = NAMES.into_iter().find(|name| *name == whole) else {
                bail!("{whole} is no secret of this program; they are {}", NAMES.join(", "));
            };
            let value = match value {
                toml::Value::String(value) => value,
                toml::Value::Datetime(at) => at.to_string(),
                _ => bail!("{whole} is not text: write it in quotes"),
            };
            sheet.insert(name, value.into());
        }
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_never_quotes_a_value() {
        let complaints = [
            "[slack]\nsigning_secret = canary",
            "[slack]\nsigning_secret = \"canary",
            "slack = \"canary\"",
            "[slack]\nbot_token = [\"canary\"]",
            "[slack]\nbot_tokn = \"canary\"",
            "[slack]\nbot_token = \"canary\"\nbot_token = \"canary\"",
        ]
        .map(|text| format!("{:#}\n", parse(text).unwrap_err()))
        .concat();
        assert!(!complaints.contains("canary"), "{complaints}");
        insta::assert_snapshot!(complaints, @r#"
        line 2 is not TOML: write name = "value" under [slack], [discord] or [tencent]
        line 2 is not TOML: write name = "value" under [slack], [discord] or [tencent]
        slack is not a section: write [slack], [discord] or [tencent] above the secrets
        slack.bot_token is not text: write it in quotes
        slack.bot_tokn is no secret of this program; they are slack.signing_secret, slack.signing_secret_previous, slack.signing_secret_previous_until, slack.bot_token, discord.public_key, discord.bot_token, tencent.secret_id, tencent.secret_key, tencent.token, tencent_read.secret_id, tencent_read.secret_key, tencent_read.token
        line 3 is not TOML: write name = "value" under [slack], [discord] or [tencent]
        "#);
    }
}
