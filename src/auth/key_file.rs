//! The keyring of an embedded node: a file beside the database, made once, readable by its owner alone.

use super::keyring::{Keyring, KeyringError};
use super::secret::random_secret;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Owner may read and write, nobody else anything.
const MODE: u32 = 0o600;
/// More than a keyring can need; a file that is larger is some other file.
const MAX_BYTES: u64 = 64 * 1024;

/// Why a key file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It could not be read or written.
    #[error("the key file {path} cannot be used: {source}")]
    Io {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read it.
    #[error("the key file {0} can be read by others; run: chmod 600 {0}")]
    Exposed(PathBuf),
    /// It does not hold a keyring.
    #[error("the key file {path} does not hold a keyring: {source}")]
    Content {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyringError,
    },
}

impl Keyring {
    /// Reads the keyring of a file, which holds what `ORDERBELL_JWT_KEYS` would; makes the file with one random key,
    /// mode 0600, when it does not exist. Two processes that start together end up with the same key: the file appears
    /// whole or not at all, and the first one stands.
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

/// Writes a draft beside the file, whole and on disk, and links it into place, which fails when another was first.
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
    fn the_file_is_made_once_for_its_owner_alone_and_read_again() {
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
