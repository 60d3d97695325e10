//! The secrets' own file.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::sheet::{self, Sheet};

/// The secrets in it, if its owner alone can read it.
pub(super) fn read(path: &Path) -> anyhow::Result<Sheet> {
    let shown = path.display();
    let file = File::open(path).with_context(|| {
        format!("{shown} cannot be opened (for the environment alone, write kind = \"env\" in [secrets])")
    })?;
    sheet::toml(&private(file, path)?).with_context(|| format!("{shown} cannot be used"))
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
