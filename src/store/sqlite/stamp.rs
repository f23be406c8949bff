//! A node's stamp in its database: a number in the file's header (SQLite's `user_version`) that starts at random with each
//! run of a node and counts up with each commit that changes rows. Content that is copied over the file, an older state of the same database
//! too, has another number than the node expects.

use super::lock::Lock;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// Where the number is in the file (<https://www.sqlite.org/fileformat2.html#user_version_number>).
const OFFSET: u64 = 60;

/// The numbers that a node has written.
#[derive(Debug)]
pub struct Stamp {
    lock: Lock,
    first: u32,
    /// Numbers written after the first.
    count: u32,
    /// The count that was in the file when it was last looked at. A checkpoint moves it on; nothing moves it back.
    reached: u32,
    /// The number of before this run, which stays in the file until a checkpoint.
    before: Option<u32>,
}

impl Stamp {
    /// A stamp that begins with a random number.
    pub fn new(lock: Lock, first: u32) -> Self {
        let before = number_in(&lock);
        Self { lock, first, count: 0, reached: 0, before }
    }

    /// The database, open for reading.
    pub const fn database(&self) -> &File {
        self.lock.database()
    }

    /// The number written last, as SQLite has it.
    pub const fn current(&self) -> i32 {
        self.first.wrapping_add(self.count).cast_signed()
    }

    /// Counts up from the number that the database has, which is less than the last one when a commit has failed. Returns the new
    /// number.
    pub const fn advance(&mut self, number: i32) -> i32 {
        self.count = number.cast_unsigned().wrapping_sub(self.first).wrapping_add(1);
        self.current()
    }

    /// Whether a number that SQLite reads is one of this node's.
    pub const fn is_own(&self, number: i32) -> bool {
        number.cast_unsigned().wrapping_sub(self.first) <= self.count
    }

    /// Whether the file's content is still what this node wrote. Reads the header past SQLite, whose cache does not notice
    /// a write that is not its own.
    pub fn is_on_file(&mut self) -> bool {
        let Some(number) = number_in(&self.lock) else { return false };
        if self.before == Some(number) {
            return true;
        }
        let count = number.wrapping_sub(self.first);
        if !(self.reached..=self.count).contains(&count) {
            return false;
        }
        self.reached = count;
        self.before = None;
        true
    }
}

fn number_in(lock: &Lock) -> Option<u32> {
    let mut number = [0; 4];
    lock.database().read_exact_at(&mut number, OFFSET).ok()?;
    Some(u32::from_be_bytes(number))
}
