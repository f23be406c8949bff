//! Decides whether a write-ahead log that was left beside a database belongs to it, and which
//! program's tables it has. SQLite replays any log that it can read, even the log of a previous
//! file, which damages the database.
//!
//! Formats: <https://www.sqlite.org/fileformat2.html#the_database_header>,
//! <https://www.sqlite.org/fileformat2.html#walformat>.

use super::wal_index::{FRAME_HEADER, LOG_HEADER};
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// How often to repeat a comparison if another process writes in the middle of it.
const LOOKS: u32 = 5;
/// More changes of the schema than one log contains.
const SCHEMA_CHANGES: u32 = 1 << 16;
/// The header of a database, and that of the page after it.
const ROOT: usize = 108;
/// The first byte of an inner page of a table.
const INNER_PAGE: u8 = 5;
/// The lengths that a page can have.
const PAGES: std::ops::RangeInclusive<u32> = 512..=1 << 16;
/// The first bytes of each log that SQLite reads, without the last bit.
const MAGIC: u32 = 0x377f_0682;

/// How a log and a database fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The log belongs to this database, or is empty.
    Own,
    /// The log belongs to other content.
    Foreign,
    /// The database was cut short, and the log lacks some of the missing pages.
    Short,
}

/// Compares a database with the log beside it. Reads the frames of the log that SQLite would replay.
///
/// # Errors
/// Returns the error of a file that cannot be read.
pub fn fit(database: &File, log: &File) -> io::Result<Fit> {
    let mut outcome = look(database, log)?;
    // A tool may empty the log in the middle of a comparison, so a result counts if two in a row
    // agree.
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
    // An interrupted checkpoint leaves the header of any commit in the log, or the one from before
    // the first.
    let is_own = log.headers.first().is_none_or(|first| header.is_before(first)) || log.headers.contains(&header);
    if !is_own {
        return Ok(Fit::Foreign);
    }
    let present = u32::try_from(database.metadata()?.len() / u64::from(log.page)).unwrap_or(u32::MAX);
    let wanted = log.length.map_or(header.pages(), |length| header.pages().min(length));
    let is_whole = (present.saturating_add(1)..=wanted).all(|page| log.pages.contains(&page));
    Ok(if is_whole { Fit::Own } else { Fit::Short })
}

/// The schema that a log would give to a database without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// SQLite's `application_id`.
    pub application: i32,
    pub has_tables: bool,
    /// Whether the log has the bytes that the caller asked for.
    pub holds: bool,
}

/// Reads the schema of the last commit in a log, without SQLite, which might merge the log. Returns
/// `None` if no commit in it changes the schema.
///
/// # Errors
/// Returns the error of a file that cannot be read.
pub fn schema(log: &File, look_for: &[u8]) -> io::Result<Option<Schema>> {
    let Log { page, length: Some(_), first_page: Some(at), end, .. } = Log::read(log)? else { return Ok(None) };
    let mut root = [0; ROOT];
    log.read_exact_at(&mut root, at)?;
    // The root page of the schema. A leaf has a cell for each table and index, and an inner page always has cells.
    let has_tables = root[100] == INNER_PAGE || root[103..105] != [0, 0];
    let mut content = vec![0; page as usize];
    let stride = FRAME_HEADER as u64 + u64::from(page);
    let mut frame = LOG_HEADER;
    let mut holds = false;
    while !holds && frame + stride <= end {
        log.read_exact_at(&mut content, frame + FRAME_HEADER as u64)?;
        holds = content.windows(look_for.len().max(1)).any(|bytes| bytes == look_for);
        frame += stride;
    }
    Ok(Some(Schema { application: number(&root, 68).cast_signed(), has_tables, holds }))
}

/// The header of a database: the first bytes of its first page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header([u8; 100]);

impl Header {
    fn read(file: &File, at: u64) -> Option<Self> {
        let mut bytes = [0; 100];
        file.read_exact_at(&mut bytes, at).ok()?;
        Some(Self(bytes))
    }

    /// Returns the length of a page. 1 means 65,536, which does not fit into two bytes.
    fn page(&self) -> u32 {
        match number(&self.0, 16) >> 16 {
            1 => 1 << 16,
            page => page,
        }
    }

    fn pages(&self) -> u32 {
        number(&self.0, 28)
    }

    /// Returns whether a log whose first header is `first` may follow this header. [`super::stamp`]
    /// increments its number with each commit. SQLite counts the changes of the schema, and a copy
    /// that it makes (`.backup`, `VACUUM INTO`) is one ahead of its original.
    fn is_before(&self, first: &Self) -> bool {
        let ahead = |at| number(&first.0, at).wrapping_sub(number(&self.0, at));
        ahead(40) < SCHEMA_CHANGES && ahead(60) <= 1
    }
}

/// The contents of a log.
#[derive(Debug, Default)]
struct Log {
    /// The length of a page.
    page: u32,
    /// The database headers in the log, one for each commit that changed the header.
    headers: Vec<Header>,
    pages: HashSet<u32>,
    /// The length of the database after the last commit, in pages.
    length: Option<u32>,
    /// The offset of the database's first page after the last commit.
    first_page: Option<u64>,
    /// The offset after the last frame.
    end: u64,
}

impl Log {
    /// Reads the frames that SQLite would replay. Frames after them are left over from before the
    /// log restarted, or were not synced when the power failed: their checksum is wrong.
    fn read(file: &File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut start = [0; LOG_HEADER as usize];
        if length < LOG_HEADER {
            return Ok(Self::default());
        }
        file.read_exact_at(&mut start, 0)?;
        let mut log = Self { page: number(&start, 8), ..Self::default() };
        let mut checksum = Checksum { is_big_endian: number(&start, 0) & 1 == 1, sums: [0, 0] };
        checksum.add(&start[..24]);
        if number(&start, 0) & !1 != MAGIC || !PAGES.contains(&log.page) || !checksum.is(&start[24..]) {
            return Ok(log);
        }
        let stride = FRAME_HEADER as u64 + u64::from(log.page);
        let (mut frame, mut content) = ([0; FRAME_HEADER], vec![0; log.page as usize]);
        let mut first_page = None;
        let mut at = LOG_HEADER;
        while at + stride <= length {
            file.read_exact_at(&mut frame, at)?;
            file.read_exact_at(&mut content, at + FRAME_HEADER as u64)?;
            checksum.add(&frame[..8]);
            checksum.add(&content);
            if frame[8..16] != start[16..24] || !checksum.is(&frame[16..]) {
                break;
            }
            if number(&frame, 0) == 1 {
                log.headers.extend(Header::read(file, at + FRAME_HEADER as u64));
                first_page = Some(at + FRAME_HEADER as u64);
            }
            log.pages.insert(number(&frame, 0));
            if number(&frame, 4) > 0 {
                log.length = Some(number(&frame, 4));
                log.first_page = first_page;
            }
            at += stride;
        }
        log.end = at;
        Ok(log)
    }
}

/// The running checksum of a log, which covers its header and each frame so far.
struct Checksum {
    is_big_endian: bool,
    sums: [u32; 2],
}

impl Checksum {
    /// Adds bytes, eight at a time.
    fn add(&mut self, bytes: &[u8]) {
        let word = if self.is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        let [mut one, mut two] = self.sums;
        for pair in bytes.as_chunks::<4>().0.as_chunks::<2>().0 {
            one = one.wrapping_add(word(pair[0])).wrapping_add(two);
            two = two.wrapping_add(word(pair[1])).wrapping_add(one);
        }
        self.sums = [one, two];
    }

    /// Returns whether this is the checksum that a log has recorded.
    fn is(&self, recorded: &[u8]) -> bool {
        recorded == self.sums.map(u32::to_be_bytes).as_flattened()
    }
}

/// Reads four bytes, the most significant first. The callers' offsets are within the bounds.
fn number<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    bytes.iter().skip(at).take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}
