//! Which files a database is, so that one that is removed or replaced under a running node is noticed.
//!
//! Linux lets a file be removed or renamed that a process has open: SQLite then writes to a file that no path leads to,
//! and what it commits is gone when the node ends. Looking up two paths costs microseconds beside a commit's write to disk.

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
    /// The write-ahead log, and the index of it that connections share.
    beside: [(u64, u64); 2],
}

impl Identity {
    /// That of a database that is open, and so has its write-ahead log beside it.
    ///
    /// # Errors
    /// When one of the files is not there.
    pub fn of(database: &Path) -> io::Result<Self> {
        Ok(Self { file: inode(database)?, beside: beside(database)?, database: database.to_owned() })
    }

    /// Takes up the log that is there now, after the database was opened again.
    ///
    /// # Errors
    /// When there is none.
    pub fn follow_log(&mut self) -> io::Result<()> {
        self.beside = beside(&self.database)?;
        Ok(())
    }

    /// Whether the path still leads to the database file itself.
    pub fn is_same_file(&self) -> bool {
        inode(&self.database).is_ok_and(|file| file == self.file)
    }

    /// Moves the write-ahead log to another name. It belongs to the content that was overwritten: the next to open the
    /// database would write it over the new one.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn set_log_aside(&self) -> io::Result<()> {
        std::fs::rename(self.log(), self.set_aside())
    }

    /// The path of the write-ahead log.
    pub fn log(&self) -> PathBuf {
        log(&self.database)
    }

    /// The path of the index of the log.
    pub fn index(&self) -> PathBuf {
        index(&self.database)
    }

    /// Removes a log that was set aside and last written before a time. Returns whether there was one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_set_aside(&self, before: Timestamp) -> io::Result<bool> {
        let path = self.set_aside();
        match std::fs::metadata(&path) {
            Ok(data) if data.mtime().saturating_mul(1000) < before.millis() => std::fs::remove_file(path).map(|()| true),
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
            _ => Ok(false),
        }
    }

    /// Returns the path of a log that was set aside, while it is there.
    pub fn log_set_aside(&self) -> Option<PathBuf> {
        log_set_aside(&self.database)
    }

    fn set_aside(&self) -> PathBuf {
        set_aside(&self.database)
    }

    /// Whether the paths still lead to every file.
    pub fn is_in_place(&self) -> bool {
        self.is_same_file() && beside(&self.database).is_ok_and(|beside| beside == self.beside)
    }
}

/// The path of the write-ahead log of a database.
pub fn log(database: &Path) -> PathBuf {
    named(database, "-wal")
}

/// The path of the index of the log that connections share.
pub fn index(database: &Path) -> PathBuf {
    named(database, "-shm")
}

/// The path of the log of an overwritten database that was set aside, while it is there.
pub fn log_set_aside(database: &Path) -> Option<PathBuf> {
    Some(set_aside(database)).filter(|path| path.exists())
}

fn set_aside(database: &Path) -> PathBuf {
    named(database, "-wal.replaced")
}

fn named(database: &Path, suffix: &str) -> PathBuf {
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
        assert!(identity.is_in_place(), "another content is the database's own business");
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
