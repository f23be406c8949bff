//! A node's stamp in its database: a number in the file's header (SQLite's `user_version`). It
//! starts at a random value with each run of a node, and each commit that changes rows increments
//! it. Content that is copied over the file, even an older state of the same database, has a number
//! that the node does not expect.

use super::lock::Lock;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// The offset of the number in the file
/// (<https://www.sqlite.org/fileformat2.html#user_version_number>).
const OFFSET: u64 = 60;

/// The numbers that a node has written.
#[derive(Debug)]
pub struct Stamp {
    lock: Lock,
    first: u32,
    /// How many numbers were written after the first.
    count: u32,
    /// The count in the file at the last check. A checkpoint increases it, and nothing decreases
    /// it.
    reached: u32,
    /// The number from before this run, which stays in the file until a checkpoint.
    before: Option<u32>,
}

impl Stamp {
    /// Makes a stamp whose first number is `first`, a random one.
    pub fn new(lock: Lock, first: u32) -> Self {
        let before = number_in(&lock);
        Self { lock, first, count: 0, reached: 0, before }
    }

    /// Returns the database, open for reading.
    pub const fn database(&self) -> &File {
        self.lock.database()
    }

    /// Returns the number written last, in SQLite's type.
    pub const fn current(&self) -> i32 {
        self.first.wrapping_add(self.count).cast_signed()
    }

    /// Increments the number in the database, which is less than the last one if a commit failed.
    /// Returns the new number.
    pub const fn advance(&mut self, number: i32) -> i32 {
        self.count = number.cast_unsigned().wrapping_sub(self.first).wrapping_add(1);
        self.current()
    }

    /// Returns whether this node wrote a number that SQLite reads.
    pub const fn is_own(&self, number: i32) -> bool {
        number.cast_unsigned().wrapping_sub(self.first) <= self.count
    }

    /// Returns whether this node wrote the file's content. Reads the header past SQLite, whose
    /// cache does not notice a foreign write.
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
