//! The identity of a database's files, to detect their removal or replacement under a running node.
//!
//! On Linux, a file can be removed or renamed while a process has it open. SQLite then writes to a
//! file without a path, and its commits are lost when the node ends. Looking up the paths costs
//! microseconds, far less than a commit's write to disk.

use crate::domain::values::time::Timestamp;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The files of an open database.
#[derive(Debug, Clone)]
pub struct Identity {
    database: PathBuf,
    file: (u64, u64),
    /// The write-ahead log, and its index that connections share.
    beside: [(u64, u64); 2],
}

impl Identity {
    /// Returns the identity of an open database, which has its write-ahead log beside it.
    ///
    /// # Errors
    /// Returns the error of a file that is missing.
    pub fn of(database: &Path) -> io::Result<Self> {
        Ok(Self { file: inode(database)?, beside: beside(database)?, database: database.to_owned() })
    }

    /// Adopts the current log, after the database was reopened.
    ///
    /// # Errors
    /// Returns the error of a missing log.
    pub fn follow_log(&mut self) -> io::Result<()> {
        self.beside = beside(&self.database)?;
        Ok(())
    }

    /// Returns whether the path still leads to the database file.
    pub fn is_same_file(&self) -> bool {
        inode(&self.database).is_ok_and(|file| file == self.file)
    }

    /// Renames the write-ahead log, which belongs to the overwritten content: the next process that
    /// opens the database would replay it over the new content.
    ///
    /// # Errors
    /// Returns the error of the renaming.
    pub fn set_log_aside(&self) -> io::Result<()> {
        std::fs::rename(self.log(), self.set_aside())
    }

    /// Returns the path of the write-ahead log.
    pub fn log(&self) -> PathBuf {
        log(&self.database)
    }

    /// Returns the path of the log's index.
    pub fn index(&self) -> PathBuf {
        index(&self.database)
    }

    /// Removes the log that was set aside, unless it was written at or after a time. Returns whether
    /// it was removed.
    ///
    /// # Errors
    /// Returns the error of reading its state or removing it.
    pub fn remove_set_aside(&self, before: Timestamp) -> io::Result<bool> {
        let path = self.set_aside();
        match std::fs::metadata(&path) {
            Ok(data) if data.mtime().saturating_mul(1000) < before.millis() => std::fs::remove_file(path).map(|()| true),
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
            _ => Ok(false),
        }
    }

    /// Returns the path of the log that was set aside, if it exists.
    pub fn log_set_aside(&self) -> Option<PathBuf> {
        log_set_aside(&self.database)
    }

    fn set_aside(&self) -> PathBuf {
        set_aside(&self.database)
    }

    /// Returns whether the paths still lead to all files.
    pub fn is_in_place(&self) -> bool {
        self.is_same_file() && beside(&self.database).is_ok_and(|beside| beside == self.beside)
    }
}

/// Returns the folder of a database.
pub fn folder(database: &Path) -> &Path {
    database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the path of a database's write-ahead log.
pub fn log(database: &Path) -> PathBuf {
    named(database, "-wal")
}

/// Returns the path of the log's index, which connections share.
pub fn index(database: &Path) -> PathBuf {
    named(database, "-shm")
}

/// Returns the path of the log that was set aside for an overwritten database, if it exists.
pub fn log_set_aside(database: &Path) -> Option<PathBuf> {
    Some(set_aside(database)).filter(|path| path.exists())
}

fn set_aside(database: &Path) -> PathBuf {
    named(database, "-wal.replaced")
}

/// Returns the path of a database with a suffix.
pub fn named(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}

fn beside(database: &Path) -> io::Result<[(u64, u64); 2]> {
    Ok([inode(&log(database))?, inode(&index(database))?])
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|data| (data.dev(), data.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_removed_or_replaced_is_not_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let (database, log) = (folder.path().join("db"), folder.path().join("db-wal"));
        assert!(Identity::of(&database).is_err());
        let index = folder.path().join("db-shm");
        for path in [&database, &log, &index] {
            std::fs::write(path, "x").unwrap();
        }
        let identity = Identity::of(&database).unwrap();
        assert!(identity.is_in_place());
        std::fs::write(&database, "more").unwrap();
        assert!(identity.is_in_place(), "changed content does not change the identity");
        std::fs::rename(&log, folder.path().join("kept")).unwrap();
        assert!(!identity.is_in_place() && identity.is_same_file());
        std::fs::write(&log, "x").unwrap();
        assert!(!identity.is_in_place());
        std::fs::rename(folder.path().join("kept"), &log).unwrap();
        assert!(identity.is_in_place());
        std::fs::rename(&index, folder.path().join("kept")).unwrap();
        assert!(!identity.is_in_place() && identity.is_same_file());
        std::fs::rename(folder.path().join("kept"), &index).unwrap();
        let mut reopened = identity;
        std::fs::rename(&log, folder.path().join("kept")).unwrap();
        std::fs::write(&log, "x").unwrap();
        reopened.follow_log().unwrap();
        assert!(reopened.is_in_place());
        let identity = reopened;
        std::fs::remove_file(&database).unwrap();
        assert!(!identity.is_same_file());
    }
}
