//! The file of saved settings: written whole or not at all, and believed only as far as it can be
//! read. It does not know what any key means.

mod history;
mod saved;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

pub use history::{Held, Past, Step};
pub use saved::{Entry, Saved};

/// The file's name in the data folder.
pub const SETTINGS_FILE: &str = "proxy_settings.json";

/// What is read of the file; the history of changes may fill half of it.
const BYTES_MAX: u64 = 512 << 10;

/// Copies of damaged files that are kept; more would fill the disk of a machine that breaks them.
const DAMAGED_MAX: u32 = 10;

/// Where settings are saved. One owner writes; nobody else may.
#[derive(Debug)]
pub struct SettingsFile {
    folder: PathBuf,
}

/// Why settings could not be saved. What was saved before still is.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk, or what this user may fill of it, is full.
    #[error("there is no room to save {SETTINGS_FILE}: {0}")]
    Full(#[source] io::Error),
    /// The disk or its rights do not allow it.
    #[error("{SETTINGS_FILE} cannot be written: {0}")]
    Refused(#[source] io::Error),
    /// What is in its place must not be lost, and cannot be put aside.
    #[error("the {SETTINGS_FILE} that is there {damage}, and cannot be put aside: {source}")]
    Aside {
        /// What is wrong with it.
        damage: Damage,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It would not be read again.
    #[error("{SETTINGS_FILE} would have {bytes} bytes, more than {BYTES_MAX}")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full(error),
            _ => Self::Refused(error),
        }
    }
}

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// A power cut leaves such files behind.
    #[error("is empty")]
    Empty,
    /// It is something else.
    #[error("has more than {BYTES_MAX} bytes")]
    TooLarge,
    /// It was cut off, or edited wrongly.
    #[error("is not JSON ({0})")]
    NotJson(serde_json::Error),
    /// It is JSON of something else.
    #[error("is not a JSON object")]
    NotAnObject,
    /// The system does not give it out.
    #[error("cannot be read ({0})")]
    Unreadable(io::Error),
}

impl SettingsFile {
    /// Reads what is saved in a folder. Whatever is wrong is reported and survived: the last good
    /// file is used instead, or nothing, and what cannot be read is put aside.
    pub fn load(folder: &Path) -> (Self, Saved) {
        let file = Self {
            folder: folder.to_owned(),
        };
        let saved = match read(&file.main()) {
            Ok(Some(saved)) => saved,
            Ok(None) => file.last_good("is not there").unwrap_or_default(),
            Err(damage) => {
                file.report(&damage);
                file.last_good("was not used").unwrap_or_default()
            }
        };
        if saved.is_newer() {
            tracing::warn!(
                "{SETTINGS_FILE} was written by a newer version: what this one does not know is \
                 kept as it is"
            );
        }
        (file, saved)
    }

    /// Saves settings. When this returns without an error, they survive a power cut; with one, the
    /// settings saved before do.
    pub fn write(&self, saved: &Saved) -> Result<(), WriteError> {
        let bytes = saved.bytes();
        if BYTES_MAX < bytes.len() as u64 {
            return Err(WriteError::TooLarge { bytes: bytes.len() });
        }
        let begun = self.named(".new");
        let written = write_through(&begun, &bytes)
            .map_err(WriteError::from)
            .and_then(|()| self.replace(&begun));
        if written.is_err() {
            // A part of a file is of no use; what cannot be removed is written over next time.
            let _ = fs::remove_file(&begun);
        }
        written
    }

    /// Keeps a copy of what was read, because some of it is not used and the next write drops it.
    pub fn copy_aside(&self) {
        let places = [self.main(), self.backup()];
        let Some((from, bytes)) = places
            .into_iter()
            .find_map(|path| bounded(&path).ok().flatten().map(|bytes| (path, bytes)))
        else {
            return;
        };
        let is_copy = |path: &PathBuf| bounded(path).ok().flatten().as_ref() == Some(&bytes);
        // One copy is enough, however often Weir is started with the same file.
        if (1..=DAMAGED_MAX).any(|number| is_copy(&self.damaged(number))) {
            return;
        }
        let to = self.free_damaged();
        match fs::copy(&from, &to) {
            Ok(_) => tracing::error!("a copy of {} was kept as {}", from.display(), to.display()),
            Err(error) => tracing::error!("{} cannot be copied: {error}", from.display()),
        }
    }

    /// Puts the new file in the old one's place; at no moment is there none under either name.
    fn replace(&self, begun: &Path) -> Result<(), WriteError> {
        let main = self.main();
        let had = match read(&main) {
            Ok(had) => had.is_some(),
            Err(damage) => {
                self.put_aside()
                    .map_err(|source| WriteError::Aside { damage, source })?;
                false
            }
        };
        if had {
            self.keep_last_good()?;
        }
        fs::rename(begun, &main)?;
        if let Err(error) = self.sync() {
            // The answer will be that nothing was saved, so nothing may be.
            self.undo(had);
            return Err(error.into());
        }
        Ok(())
    }

    fn keep_last_good(&self) -> io::Result<()> {
        let step = self.named(".bak.new");
        remove_if_there(&step)?;
        if fs::hard_link(self.main(), &step).is_err() {
            // Not every file system has links.
            fs::copy(self.main(), &step)?;
            File::open(&step)?.sync_all()?;
        }
        fs::rename(&step, self.backup())?;
        self.sync()
    }

    fn undo(&self, had: bool) {
        let undone = if had {
            let step = self.named(".new");
            fs::copy(self.backup(), &step).and_then(|_| fs::rename(&step, self.main()))
        } else {
            fs::remove_file(self.main())
        };
        if let Err(error) = undone {
            tracing::error!("{SETTINGS_FILE} cannot be set back: {error}");
        }
    }

    fn last_good(&self, why: &str) -> Option<Saved> {
        let backup = self.backup();
        match read(&backup) {
            Ok(Some(saved)) => {
                tracing::error!(
                    "{} {why}: the settings before the last change are used, from {}",
                    self.main().display(),
                    backup.display()
                );
                Some(saved)
            }
            Ok(None) => None,
            Err(damage) => {
                tracing::error!("{} {damage}: it is not used", backup.display());
                None
            }
        }
    }

    fn report(&self, damage: &Damage) {
        let main = self.main();
        if let Damage::Unreadable(_) = damage {
            // It may be whole, and readable again tomorrow.
            return tracing::error!("{} {damage}", main.display());
        }
        match self.put_aside() {
            Ok(aside) => tracing::error!(
                "{} {damage}; it was put aside as {}",
                main.display(),
                aside.display()
            ),
            Err(error) => tracing::error!(
                "{} {damage}, and cannot be put aside: {error}",
                main.display()
            ),
        }
    }

    fn put_aside(&self) -> io::Result<PathBuf> {
        let aside = self.free_damaged();
        fs::rename(self.main(), &aside)?;
        Ok(aside)
    }

    fn free_damaged(&self) -> PathBuf {
        let free = (1..DAMAGED_MAX)
            .map(|number| self.damaged(number))
            .find(|path| fs::symlink_metadata(path).is_err());
        free.unwrap_or_else(|| self.damaged(DAMAGED_MAX))
    }

    fn main(&self) -> PathBuf {
        self.named("")
    }

    fn backup(&self) -> PathBuf {
        self.named(".bak")
    }

    fn damaged(&self, number: u32) -> PathBuf {
        self.named(&format!(".damaged-{number}"))
    }

    fn named(&self, tail: &str) -> PathBuf {
        self.folder.join(format!("{SETTINGS_FILE}{tail}"))
    }

    /// Makes names durable: a file that is on the disk under no name is lost.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<Saved>, Damage> {
    let Some(bytes) = bounded(path).map_err(Damage::Unreadable)? else {
        return Ok(None);
    };
    if BYTES_MAX < bytes.len() as u64 {
        return Err(Damage::TooLarge);
    }
    Saved::read(&bytes).map(Some)
}

/// A file's bytes, up to one more than are used; nothing if it is not there.
fn bounded(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        // Opening a pipe would wait for ever.
        Ok(found) if !found.is_file() => return Err(io::Error::other("it is not a file")),
        Ok(_) => {}
        // A link that leads nowhere is in the way all the same.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match fs::symlink_metadata(path) {
                Ok(_) => Err(error),
                Err(_) => Ok(None),
            };
        }
        Err(error) => return Err(error),
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
