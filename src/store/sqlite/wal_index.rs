//! The header of a write-ahead log's index, which connections share (the `-shm` file). It says
//! which frames of the log are committed, and how many of them checkpoints have written into the
//! database.
//!
//! The format is SQLite's own and stable:
//! <https://www.sqlite.org/walformat.html#the_wal_index_file_format>.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// The length of both copies of the header and of the state of checkpoints after them.
const LENGTH: usize = 132;
/// The length of one copy of the header.
const HEADER: usize = 48;
/// The length of a log's header.
pub const LOG_HEADER: u64 = 32;
/// The length of a frame's header, which precedes the page.
pub const FRAME_HEADER: usize = 24;

/// The state of a write-ahead log, as its connections see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalIndex {
    /// The commits of all connections. Only grows while any connection is open.
    changes: u32,
    page: u32,
    /// The number of committed frames.
    frames: u32,
    /// The running checksum of the last committed frame.
    checksum: [u32; 2],
    pub checkpoints: Checkpoints,
}

/// The progress of checkpoints. It changes whenever a checkpoint writes to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoints {
    /// Changes when the log restarts, which requires a complete checkpoint.
    salt: [u8; 8],
    /// The number of frames in the database.
    written: u32,
    /// The number of frames that a checkpoint has begun to write. SQLite sets it before the first
    /// byte.
    attempted: u32,
}

impl Checkpoints {
    /// Returns whether a checkpoint runs or was interrupted.
    pub const fn is_under_way(&self) -> bool {
        self.attempted > self.written
    }
}

impl WalIndex {
    /// Reads the state. Returns `None` while another process changes it, and for a file that is not
    /// an index.
    pub fn read(index: &File) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        index.read_exact_at(&mut bytes, 0).ok()?;
        let is_initialized = bytes[12] == 1;
        if !is_initialized || bytes[..HEADER] != bytes[HEADER..2 * HEADER] {
            return None;
        }
        let number = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        // 1 means 65,536, which does not fit into two bytes.
        let page = u32::from(u16::from_ne_bytes([bytes[14], bytes[15]]));
        Some(Self {
            changes: number(8)?,
            page: if page == 1 { 1 << 16 } else { page },
            frames: number(16)?,
            checksum: [number(24)?, number(28)?],
            checkpoints: Checkpoints { salt: bytes.get(32..40)?.try_into().ok()?, written: number(96)?, attempted: number(128)? },
        })
    }

    /// Returns whether this state can follow an earlier one. An index that was put back has fewer
    /// commits, or belongs to a log in which the last frame of the earlier state was overwritten.
    pub fn can_follow(&self, earlier: &Self, log: &File) -> bool {
        let is_later = self.changes.wrapping_sub(earlier.changes) < 1 << 31;
        is_later && (self.checkpoints.salt != earlier.checkpoints.salt || earlier.is_of(log))
    }

    /// Returns whether a file is the log of this index: the last committed frame is at its place,
    /// and its checksum, which covers all frames before it, is the one that SQLite computed.
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
