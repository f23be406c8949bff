//! Notices what was written to an open database past SQLite: the file changes although no checkpoint has written to it, or the
//! write-ahead log no longer ends as its index says, or the index is an earlier one.
//!
//! A few calls for the state of a file and a few short reads at each look; no query.

use super::wal_index::WalIndex;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// How often to look again when another process commits in the middle of a look.
const LOOKS: u32 = 1000;

/// The files of an open database, and the state in which they were seen last.
#[derive(Debug)]
pub struct Content {
    /// Closing it would end the locks that SQLite holds on the same file in this process, so it is closed after the connections.
    index: File,
    log: File,
    seen: Option<Seen>,
}

/// A state of the database file, and that of the log beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    written: Written,
    index: WalIndex,
}

/// When the file was last written, and how long it is. Not when its inode changed: `chmod` and `ln` leave the content alone.
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
    /// When one of them is not there.
    pub fn of(log: &Path, index: &Path) -> io::Result<Self> {
        Ok(Self { index: File::open(index)?, log: File::open(log)?, seen: None })
    }

    /// Takes up the files that are there now, after the database was opened again.
    ///
    /// # Errors
    /// When one of them is not there.
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

    /// Whether only SQLite has written to the files since the last look. While a checkpoint is under way, or was broken off, a
    /// change of the database file is taken for the checkpoint's.
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
