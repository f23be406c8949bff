//! The file beside a database that names the database's current id. At the next start it shows
//! whether the database is the one that the last node left: a backup has an earlier id.
//!
//! A node gives the database a new id when it starts, every ten seconds in which it commits, and
//! when it stops. A backup from before then does not have it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The file, beside its database.
#[derive(Debug, Clone)]
pub struct Sidecar(PathBuf);

impl Sidecar {
    /// Returns the file of a database.
    pub fn of(database: &Path) -> Self {
        Self(super::identity::named(database, "-history"))
    }

    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    /// Whether the file names an id. A file that does not exist names none.
    ///
    /// # Errors
    /// The error of reading the file.
    pub fn names(&self, id: &str) -> io::Result<bool> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => Ok(text.lines().any(|line| line == id)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(cause),
        }
    }

    /// Replaces the ids in the file. After a power cut it names either these or the previous ones.
    ///
    /// # Errors
    /// The error of writing the file.
    pub fn write(&self, ids: &[String]) -> io::Result<()> {
        let fresh = super::identity::named(&self.0, ".new");
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(ids.iter().map(|id| format!("{id}\n")).collect::<String>().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.0)?;
        File::open(super::identity::folder(&self.0))?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sidecar_names_only_what_was_written_last() {
        let folder = tempfile::tempdir().unwrap();
        let sidecar = Sidecar::of(&folder.path().join("db"));
        assert!(!sidecar.names("one").unwrap() && !sidecar.exists());
        sidecar.write(&["one".into(), "two".into()]).unwrap();
        assert!(sidecar.names("one").unwrap() && sidecar.names("two").unwrap() && !sidecar.names("on").unwrap());
        sidecar.write(&["three".into()]).unwrap();
        assert!(!sidecar.names("two").unwrap() && sidecar.names("three").unwrap());
        sidecar.write(&[]).unwrap();
        assert!(!sidecar.names("three").unwrap() && !sidecar.names("").unwrap());
        assert!(sidecar.exists() && folder.path().join("db-history").exists());
    }
}
