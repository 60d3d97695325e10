//! Where passwords are kept that this program makes. Each is written once, under a name that no other has, and is never
//! changed: whoever finds one there uses that one.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;

use super::{SecretSource, file};
use crate::domain::password::Password;

/// What can keep a password.
#[async_trait]
pub trait Vault: Send + Sync {
    /// The command with which a person reads a secret; it ends with `name`.
    fn reading(&self, name: &str) -> String;

    /// Whether a password could be kept now.
    ///
    /// # Errors
    /// Why it could not.
    async fn ready(&self) -> anyhow::Result<()>;

    /// Keeps `password` under `name` for good; where there is one already, that one stays. Gives the one that is there:
    /// of two processes that make one for the same request, both send the same.
    ///
    /// # Errors
    /// When it is not certain to be there.
    async fn keep(&self, name: &str, password: &Password) -> anyhow::Result<Password>;
}

/// The vault that belongs to where the secrets come from: beside a file, in Secrets Manager, or none.
///
/// # Errors
/// When this process has no folder to start a path from.
pub fn of(source: &SecretSource) -> anyhow::Result<Arc<dyn Vault>> {
    Ok(match source {
        SecretSource::Env => Arc::new(Nowhere),
        SecretSource::Manager(manager, _) => Arc::new(manager.clone()),
        SecretSource::File(secrets) => {
            let root = std::path::absolute(secrets.with_file_name("vault"));
            Arc::new(Folder { root: root.context("the folder of the secrets has no path")? })
        }
    })
}

/// The environment: it can be read alone.
struct Nowhere;

#[async_trait]
impl Vault for Nowhere {
    fn reading(&self, _: &str) -> String {
        String::new()
    }

    async fn ready(&self) -> anyhow::Result<()> {
        bail!("the secrets come from the environment, which cannot be written to")
    }

    async fn keep(&self, _: &str, _: &Password) -> anyhow::Result<Password> {
        bail!("the secrets come from the environment, which cannot be written to")
    }
}

/// A file for each secret, which its owner alone can read.
struct Folder {
    /// Absolute: people are told of it.
    root: PathBuf,
}

#[async_trait]
impl Vault for Folder {
    fn reading(&self, name: &str) -> String {
        let path = self.root.join(name).display().to_string();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        if path.chars().all(plain) {
            return format!("cat {path}");
        }
        format!("cat '{}'", path.replace('\'', r"'\''"))
    }

    async fn ready(&self) -> anyhow::Result<()> {
        make(&self.root)?;
        let trial = new_file(&self.root)?;
        std::fs::remove_file(&trial.1).with_context(|| format!("{} cannot be removed", trial.1.display()))
    }

    async fn keep(&self, name: &str, password: &Password) -> anyhow::Result<Password> {
        ensure!(name.split('/').all(is_part), "{name} is not a secret's name");
        let path = self.root.join(name);
        let folder = path.parent().context("a secret lies in a folder")?;
        make(folder)?;
        let (draft, at) = new_file(folder)?;
        let placed = place(draft, &at, &path, password);
        // A second name of the same file, or one that was not needed: what is left of it harms nobody.
        let _ = std::fs::remove_file(&at);
        placed?;
        for one in
            folder.ancestors().take_while(|one| self.root.parent().is_some_and(|top| one.starts_with(top)))
        {
            let synced = File::open(one).and_then(|folder| folder.sync_all());
            synced.with_context(|| format!("{} cannot be written through", one.display()))?;
        }
        kept(&path)
    }
}

fn is_part(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    !part.starts_with('.') && !part.is_empty() && part.bytes().all(plain)
}

fn make(folder: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("the folder {} cannot be made", folder.display()))
}

/// A file that nobody else has.
fn new_file(folder: &Path) -> anyhow::Result<(File, PathBuf)> {
    let number = getrandom::u64().map_err(|why| anyhow::anyhow!("no random numbers: {why}"))?;
    let path = folder.join(format!(".{number:016x}"));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    Ok((file.with_context(|| format!("no file can be made in {}", folder.display()))?, path))
}

/// A link is made whole or not at all, and not where there is something: what lies at `path` is never half a password,
/// and never replaced.
fn place(mut draft: File, at: &Path, path: &Path, password: &Password) -> anyhow::Result<()> {
    let shown = path.display();
    let written = writeln!(draft, "{}", password.expose()).and_then(|()| draft.sync_all());
    written.with_context(|| format!("{shown} cannot be written"))?;
    match std::fs::hard_link(at, path) {
        Err(why) if why.kind() != ErrorKind::AlreadyExists => {
            Err(why).with_context(|| format!("{shown} cannot be made"))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn kept(path: &Path) -> anyhow::Result<Password> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("{shown} cannot be opened"))?;
    let text = file::private(file, path)?;
    Password::parse(text.trim_end()).with_context(|| format!("{shown} holds no password of this program"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt as _;

    use super::*;

    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    const NAME: &str = "cleanslate/login/ins-r8hr2upy/one";

    /// A vault in a folder that goes when the test ends.
    struct Trial(Folder);

    impl Trial {
        fn new() -> Self {
            let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
            let top = std::env::temp_dir().join(format!("cleanslate-vault-{}-{number}", std::process::id()));
            std::fs::create_dir_all(&top).unwrap();
            Self(Folder { root: top.join("vault") })
        }

        fn keep(&self, name: &str, password: &Password) -> Result<String, String> {
            let kept = self.0.keep(name, password).now_or_never().unwrap();
            kept.map(|kept| kept.expose().to_owned()).map_err(|why| format!("{why:#}"))
        }

        fn path(&self) -> PathBuf {
            self.0.root.join(NAME)
        }
    }

    impl Drop for Trial {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.root.parent().unwrap());
        }
    }

    fn password(noise: u8) -> Password {
        Password::of(&[noise; 240])
    }

    #[test]
    fn the_first_password_stays_and_whoever_comes_later_gets_it() {
        let trial = Trial::new();
        let [first, second] = [1, 2].map(password);
        assert_ne!(first.expose(), second.expose());
        assert_eq!(trial.keep(NAME, &first).unwrap(), first.expose());
        assert_eq!(trial.keep(NAME, &second).unwrap(), first.expose());
        let other = NAME.replace("one", "two");
        assert_eq!(trial.keep(&other, &second).unwrap(), second.expose());
        assert_eq!(std::fs::read_to_string(trial.path()).unwrap(), format!("{}\n", first.expose()));
        let names = |folder: &Path| {
            let names = std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name());
            names.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(trial.path().parent().unwrap()), ["one", "two"].map(Into::into).into());
        for path in [&trial.path(), &trial.0.root] {
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode % 0o100, 0, "{}: {mode:o}", path.display());
        }
    }

    #[test]
    fn of_many_at_once_one_wins_and_all_know_it() {
        let trial = Trial::new();
        let kept: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let keep = |n| trial.keep(NAME, &password(n)).unwrap();
            let all: Vec<_> = (0..16).map(|n| scope.spawn(move || keep(n))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(kept.len(), 1);
    }

    #[test]
    fn what_is_not_a_password_of_ours_is_neither_used_nor_replaced_nor_quoted() {
        let trial = Trial::new();
        trial.keep(NAME, &password(1)).unwrap();
        std::fs::write(trial.path(), "canary").unwrap();
        let why = trial.keep(NAME, &password(2)).unwrap_err();
        assert!(why.ends_with("holds no password of this program") && !why.contains("canary"), "{why}");
        assert_eq!(std::fs::read_to_string(trial.path()).unwrap(), "canary");
        std::fs::set_permissions(trial.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(trial.keep(NAME, &password(2)).unwrap_err().contains("can be read by others"));
        for name in ["", "/etc/passwd", "../secrets.toml", "a//b", "a/./b", "a/..", "a b"] {
            assert!(trial.keep(name, &password(1)).unwrap_err().contains("is not a secret's name"), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_written_says_so_beforehand() {
        let trial = Trial::new();
        let ready = |vault: &dyn Vault| vault.ready().now_or_never().unwrap();
        ready(&trial.0).unwrap();
        assert_eq!(std::fs::read_dir(&trial.0.root).unwrap().count(), 0, "a trial leaves nothing");
        std::fs::remove_dir(&trial.0.root).unwrap();
        std::fs::write(&trial.0.root, "a file where the folder should be").unwrap();
        assert!(format!("{:#}", ready(&trial.0).unwrap_err()).contains("cannot be made"));
        let nowhere = of(&SecretSource::Env).unwrap();
        assert!(ready(nowhere.as_ref()).unwrap_err().to_string().contains("cannot be written to"));
    }

    #[test]
    fn the_way_to_read_it_can_be_pasted() {
        let folder = |root: &str| Folder { root: root.into() }.reading("login/one");
        assert_eq!(folder("/srv/clean-slate/vault"), "cat /srv/clean-slate/vault/login/one");
        assert_eq!(folder("/srv/it's here/vault"), r"cat '/srv/it'\''s here/vault/login/one'");
    }
}
