//! The keyring file of an embedded node: beside the database, made once, readable only by its
//! owner.

use super::keyring::{Keyring, KeyringError};
use super::secret::random_secret;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Only the owner may read and write.
const MODE: u32 = 0o600;
/// The most bytes that are read: more than a keyring needs.
const MAX_BYTES: u64 = 64 * 1024;

/// Why a key file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file could not be read or written.
    #[error("the key file {path} cannot be used: {source}")]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Others can read the file.
    #[error("the key file {0} can be read by others; run: chmod 600 {0}")]
    Exposed(PathBuf),
    /// The file does not hold a keyring.
    #[error("the key file {path} does not hold a keyring: {source}")]
    Content {
        /// The path of the file.
        path: PathBuf,
        /// The keyring's error.
        source: KeyringError,
    },
}

impl Keyring {
    /// Reads the keyring from a file in the form of `ORDERBELL_JWT_KEYS`. If the file does not
    /// exist, makes it with one random key and mode 0600. Two processes that start together get the
    /// same key: the file appears whole or not at all, and the first one remains.
    ///
    /// # Errors
    /// [`KeyFileError`], with the path.
    pub fn load_or_make(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io { path: path.to_owned(), source };
        match File::open(path) {
            Ok(file) => load(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(io)?;
                load(path, File::open(path).map_err(io)?)
            }
            Err(error) => Err(io(error)),
        }
    }

    /// Reads the keyring from a file.
    ///
    /// # Errors
    /// As [`Self::load_or_make`].
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        load(path, File::open(path).map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?)
    }
}

fn load(path: &Path, file: File) -> Result<Keyring, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
        return Err(KeyFileError::Exposed(path.to_owned()));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(io)?;
    let text = SecretString::from(text);
    Keyring::parse(text.expose_secret()).map_err(|source| KeyFileError::Content { path: path.to_owned(), source })
}

/// Writes a draft beside the file to disk, and links it into place, which fails if another process
/// was first.
fn make(path: &Path) -> io::Result<()> {
    let draft = path.with_extension(format!("draft-{:016x}", rand::random::<u64>()));
    let linked = write_draft(&draft).and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_directory(path),
    }
}

fn write_draft(draft: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(draft)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    let secret = random_secret();
    writeln!(file, "local:{}", secret.expose_secret())?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_made_once_and_only_its_owner_can_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("orderbell.keys");
        let made = Keyring::load_or_make(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "a draft was left behind");
        assert_eq!(Keyring::load_or_make(&path).unwrap().derive("x"), made.derive("x"));
    }

    #[test]
    fn nodes_that_start_together_share_one_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("orderbell.keys");
        make(&path).unwrap();
        let first = Keyring::load_or_make(&path).unwrap().derive("x");
        make(&path).unwrap();
        assert_eq!(Keyring::load_or_make(&path).unwrap().derive("x"), first);
    }

    #[test]
    fn a_file_that_others_can_read_or_that_holds_something_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("orderbell.keys");
        Keyring::load_or_make(&path).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Keyring::load_or_make(&path), Err(KeyFileError::Exposed(_))));
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "local:short").unwrap();
        assert!(matches!(Keyring::load_or_make(&path), Err(KeyFileError::Content { .. })));
        let nowhere = directory.path().join("missing/orderbell.keys");
        assert!(matches!(Keyring::load_or_make(&nowhere), Err(KeyFileError::Io { .. })));
    }
}
