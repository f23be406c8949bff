//! The header of the index that connections share of a write-ahead log (the `-shm` file): which frames of the log are
//! committed, and how far checkpoints have written them into the database.
//!
//! The format is SQLite's own and stable: <https://www.sqlite.org/walformat.html#the_wal_index_file_format>.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// The header, twice, and the state of checkpoints behind it.
const LENGTH: usize = 132;
/// The length of one copy of the header.
const HEADER: usize = 48;
/// The header of a log.
pub const LOG_HEADER: u64 = 32;
/// The header of a frame, which the page follows.
pub const FRAME_HEADER: usize = 24;

/// The state of a write-ahead log, as its connections have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalIndex {
    /// Commits of all connections. It only grows while the database is open somewhere.
    changes: u32,
    page: u32,
    /// Committed frames.
    frames: u32,
    /// The running checksum of the last of them.
    checksum: [u32; 2],
    pub checkpoints: Checkpoints,
}

/// How far checkpoints have come. It differs between two moments whenever one has written to the database in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoints {
    /// Changes when the log begins from its start, which takes a complete checkpoint.
    salt: [u8; 8],
    /// Frames that are in the database.
    written: u32,
    /// Frames that a checkpoint has begun to write. SQLite sets it before the first byte.
    attempted: u32,
}

impl Checkpoints {
    /// Whether a checkpoint is under way, or was broken off.
    pub const fn is_under_way(&self) -> bool {
        self.attempted > self.written
    }
}

impl WalIndex {
    /// Reads the state. `None` while somebody changes it, and for a file that is no index.
    pub fn read(index: &File) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        index.read_exact_at(&mut bytes, 0).ok()?;
        let is_initialized = bytes[12] == 1;
        if !is_initialized || bytes[..HEADER] != bytes[HEADER..2 * HEADER] {
            return None;
        }
        let number = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        // 1 stands for 65,536, which two bytes do not hold.
        let page = u32::from(u16::from_ne_bytes([bytes[14], bytes[15]]));
        Some(Self {
            changes: number(8)?,
            page: if page == 1 { 1 << 16 } else { page },
            frames: number(16)?,
            checksum: [number(24)?, number(28)?],
            checkpoints: Checkpoints { salt: bytes.get(32..40)?.try_into().ok()?, written: number(96)?, attempted: number(128)? },
        })
    }

    /// Whether this state can come after an earlier one. An index that somebody has put back counts fewer commits, or is of a log
    /// in which the last frame of the earlier state was written over.
    pub fn can_follow(&self, earlier: &Self, log: &File) -> bool {
        let is_later = self.changes.wrapping_sub(earlier.changes) < 1 << 31;
        is_later && (self.checkpoints.salt != earlier.checkpoints.salt || earlier.is_of(log))
    }

    /// Whether a file is the log of this index: the last committed frame is where it should be, and its checksum, which runs
    /// over all frames before it, is the one that SQLite has computed.
    pub fn is_of(&self, log: &File) -> bool {
        if self.frames == 0 {
            return true;
        }
        let start = LOG_HEADER + u64::from(self.frames - 1) * (FRAME_HEADER as u64 + u64::from(self.page));
        let end = start + FRAME_HEADER as u64 + u64::from(self.page);
        let mut header = [0; LOG_HEADER as usize];
        let mut frame = [0; FRAME_HEADER];
        if log.metadata().map_or(0, |data| data.len()) < end
            || log.read_exact_at(&mut header, 0).is_err()
            || log.read_exact_at(&mut frame, start).is_err()
        {
            return false;
        }
        let checksum = self.checksum.map(u32::to_be_bytes).concat();
        header[16..24] == self.checkpoints.salt && frame[8..16] == self.checkpoints.salt && frame[16..24] == checksum[..]
    }
}
