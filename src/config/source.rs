//! Where the configuration stands, and how it is read.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};

use super::{Config, ConfigError, Wrong};

/// Reads the text, each time anew.
pub type Reader = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<String>> + Send + Sync>;

#[derive(Clone)]
pub struct Source {
    /// As it was named on the command line.
    name: PathBuf,
    /// Where relative paths in it start: its own folder, so that every command finds the same store wherever it is run.
    folder: PathBuf,
    read: Reader,
}

impl Source {
    pub fn file(path: PathBuf) -> Self {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let name = path.clone();
        let read: Reader = Arc::new(move || {
            let text = std::fs::read_to_string(&path).map_err(anyhow::Error::from);
            std::future::ready(text).boxed()
        });
        Self { name, folder, read }
    }

    /// Kept elsewhere, without a folder of its own.
    pub fn elsewhere(name: PathBuf, read: Reader) -> Self {
        Self { name, folder: PathBuf::new(), read }
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// Everything that is wrong with it, at most one fault per section.
    pub async fn load(&self) -> Result<Config, ConfigError> {
        let fault = |wrong| ConfigError { file: self.name.clone(), wrong };
        let text = (self.read)().await.map_err(|why| {
            let write = "name the file with --config or CLEANSLATE_CONFIG";
            fault(vec![Wrong::new("--config", format!("it cannot be read ({why:#})"), write)])
        })?;
        Config::parse(&text, &self.folder).map_err(fault)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name.display())
    }
}
