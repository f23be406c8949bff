//! A write-ahead log that was left beside a database, and whether it belongs to it. SQLite replays every log that it can read,
//! also that of a file which was there before, and what comes out is damaged.
//!
//! Formats: <https://www.sqlite.org/fileformat2.html#the_database_header>, <https://www.sqlite.org/fileformat2.html#walformat>.

use super::wal_index::{FRAME_HEADER, LOG_HEADER};
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// How often to look again when another process writes in the middle of a look.
const LOOKS: u32 = 5;
/// More changes of the schema than one log has.
const SCHEMA_CHANGES: u32 = 1 << 16;
/// The first bytes of a log that SQLite reads, but for the last bit.
const MAGIC: u32 = 0x377f_0682;

/// How a log and a database fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The log was written over this database, or has nothing in it.
    Own,
    /// The log was written over another content.
    Foreign,
    /// The database was cut short: the log does not have all pages that are missing.
    Short,
}

/// Compares a database with the log beside it. Reads the header of each frame of the log.
///
/// # Errors
/// When one of the files does not read.
pub fn fit(database: &File, log: &File) -> io::Result<Fit> {
    let mut outcome = look(database, log)?;
    // A tool may empty the log in the middle of a look: an answer counts when it comes twice.
    for _ in 0..LOOKS {
        let again = look(database, log)?;
        if outcome == Fit::Own || again == outcome {
            return Ok(outcome);
        }
        outcome = again;
    }
    Ok(outcome)
}

fn look(database: &File, log: &File) -> io::Result<Fit> {
    let log = Log::read(log)?;
    if log.pages.is_empty() {
        return Ok(Fit::Own);
    }
    let Some(header) = Header::read(database, 0).filter(|header| header.page() == log.page) else { return Ok(Fit::Foreign) };
    // A checkpoint that was broken off has left the header of any of the log's commits, or that of before the first.
    let is_own = log.headers.first().is_none_or(|first| header.is_before(first)) || log.headers.contains(&header);
    if !is_own {
        return Ok(Fit::Foreign);
    }
    let present = u32::try_from(database.metadata()?.len() / u64::from(log.page)).unwrap_or(u32::MAX);
    let wanted = log.length.map_or(header.pages(), |length| header.pages().min(length));
    let is_whole = (present.saturating_add(1)..=wanted).all(|page| log.pages.contains(&page));
    Ok(if is_whole { Fit::Own } else { Fit::Short })
}

/// The first bytes of a database, which are those of its first page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header([u8; 100]);

impl Header {
    fn read(file: &File, at: u64) -> Option<Self> {
        let mut bytes = [0; 100];
        file.read_exact_at(&mut bytes, at).ok()?;
        Some(Self(bytes))
    }

    /// The length of a page. 1 stands for 65,536, which two bytes do not hold.
    fn page(&self) -> u32 {
        match number(&self.0, 16) >> 16 {
            1 => 1 << 16,
            page => page,
        }
    }

    fn pages(&self) -> u32 {
        number(&self.0, 28)
    }

    /// Whether a log that begins with a header may follow on this one: [`super::stamp`] counts commits one by one. SQLite counts
    /// changes of the schema, and a copy that it makes (`.backup`, `VACUUM INTO`) is one ahead of its original.
    fn is_before(&self, first: &Self) -> bool {
        let ahead = |at| number(&first.0, at).wrapping_sub(number(&self.0, at));
        ahead(40) < SCHEMA_CHANGES && ahead(60) <= 1
    }
}

/// What a log has in it.
#[derive(Debug, Default)]
struct Log {
    /// The length of a page.
    page: u32,
    /// The headers of the database, one for each commit that changed it.
    headers: Vec<Header>,
    pages: HashSet<u32>,
    /// The length of the database after the last commit, in pages.
    length: Option<u32>,
}

impl Log {
    /// Reads the frames of the log's present round; what is behind them is of the round before.
    fn read(file: &File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut start = [0; LOG_HEADER as usize];
        if length < LOG_HEADER {
            return Ok(Self::default());
        }
        file.read_exact_at(&mut start, 0)?;
        let mut log = Self { page: number(&start, 8), ..Self::default() };
        if number(&start, 0) & !1 != MAGIC {
            return Ok(log);
        }
        let stride = FRAME_HEADER as u64 + u64::from(log.page);
        let mut frame = [0; FRAME_HEADER];
        let mut at = LOG_HEADER;
        while at + stride <= length {
            file.read_exact_at(&mut frame, at)?;
            if frame[8..16] != start[16..24] {
                break;
            }
            if number(&frame, 0) == 1 {
                log.headers.extend(Header::read(file, at + FRAME_HEADER as u64));
            }
            log.pages.insert(number(&frame, 0));
            log.length = Some(number(&frame, 4)).filter(|pages| *pages > 0).or(log.length);
            at += stride;
        }
        Ok(log)
    }
}

/// Four bytes, the most significant first; the callers' places are within.
fn number<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    bytes.iter().skip(at).take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}
