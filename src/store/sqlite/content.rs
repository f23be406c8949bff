//! Detects writes to an open database that bypass SQLite: the file changed without a checkpoint,
//! the write-ahead log does not end as its index says, or an earlier index was put back.
//!
//! Each check makes a few `stat` calls and a few short reads, but no query.

use super::wal_index::WalIndex;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The most attempts at a check. Another process that commits in the middle of one spoils it.
const LOOKS: u32 = 1000;

/// The files of an open database, and their state at the last check.
#[derive(Debug)]
pub struct Content {
    /// Closed after the connections: closing it ends the locks that SQLite holds on the file in
    /// this process.
    index: File,
    log: File,
    seen: Option<Seen>,
}

/// The state of the database file and of the log beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    written: Written,
    index: WalIndex,
}

/// The time of the last write to the file, and its length. The time of the inode's last change
/// would not help, since `chmod` and `ln` change it without changing the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    at: (i64, i64),
    length: u64,
}

impl Written {
    fn of(file: &File) -> io::Result<Self> {
        let data = file.metadata()?;
        Ok(Self { at: (data.mtime(), data.mtime_nsec()), length: data.len() })
    }
}

impl Content {
    /// Opens the files beside a database that SQLite has open.
    ///
    /// # Errors
    /// Returns the error of a file that is missing.
    pub fn of(log: &Path, index: &Path) -> io::Result<Self> {
        Ok(Self { index: File::open(index)?, log: File::open(log)?, seen: None })
    }

    /// Opens the current files, after the database was reopened.
    ///
    /// # Errors
    /// Returns the error of a file that is missing.
    pub fn follow(&mut self, log: &Path, index: &Path) -> io::Result<()> {
        self.log = File::open(log)?;
        let is_same =
            |data: &std::fs::Metadata, other: &std::fs::Metadata| (data.dev(), data.ino()) == (other.dev(), other.ino());
        if !is_same(&std::fs::metadata(index)?, &self.index.metadata()?) {
            self.index = File::open(index)?;
        }
        self.seen = None;
        Ok(())
    }

    /// Returns whether only SQLite has written to the files since the last check. While a
    /// checkpoint runs, or after one was interrupted, any change of the database file counts as the
    /// checkpoint's.
    pub fn is_untouched(&mut self, database: &File) -> bool {
        for _ in 0..LOOKS {
            let (Some(before), Ok(written)) = (WalIndex::read(&self.index), Written::of(database)) else { continue };
            let can_follow = |seen: Seen| seen.index == before || before.can_follow(&seen.index, &self.log);
            let is_own_log = before.is_of(&self.log) && self.seen.is_none_or(can_follow);
            if WalIndex::read(&self.index) != Some(before) {
                continue;
            }
            let checkpoints = before.checkpoints;
            let is_own_file = self.seen.is_none_or(|seen| seen.written == written || seen.index.checkpoints != checkpoints);
            if !is_own_log || !(is_own_file || checkpoints.is_under_way()) {
                return false;
            }
            self.seen = Some(Seen { written, index: before });
            return true;
        }
        false
    }
}
