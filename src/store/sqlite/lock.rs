//! Locks on the database and beside it, so that one file has one node. A node holds them until it
//! ends.

use super::identity;
use super::leftover::{self, Fit};
use crate::store::options::{Mode, OpenError};
use rustix::fs::{Access, access};
use rustix::io::Errno;
use std::fs::{File, OpenOptions, TryLockError, create_dir_all};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The mode of new files: only their owner may read guests' orders and the hashes of passwords.
/// SQLite makes the files beside a database with the mode of the database.
const MODE: u32 = 0o600;

/// The locks of a node.
#[derive(Debug)]
pub struct Lock {
    /// `flock` on the database itself, which holds under each name of the file. It does not
    /// conflict with SQLite's locks on byte ranges (`fcntl`) on a local file system.
    database: File,
    /// The only lock of older versions. It also keeps a second store of this process from opening
    /// the database.
    _beside: File,
    /// The path of the second lock, if this start made it.
    made: Option<PathBuf>,
}

impl Lock {
    /// Returns the database, open for reading. Closing any handle of the file ends SQLite's own
    /// locks in this process, so this one is closed last (<https://www.sqlite.org/howtocorrupt.html>, "POSIX advisory locks").
    pub const fn database(&self) -> &File {
        &self.database
    }

    /// Removes the lock file that this start made. Call it only when the start is refused. The lock
    /// on the database still keeps other nodes out.
    pub fn leave_no_trace(&self) {
        if let Some(Err(cause)) = self.made.as_ref().map(std::fs::remove_file) {
            log::warn!(cause:% = cause; "a lock file that was made cannot be removed");
        }
    }
}

/// Makes the database and its folder if they do not exist. Returns the path without symbolic links,
/// since SQLite keeps the log beside that one, and the locks of a node. A tool takes no locks, since
/// it may run beside a node.
pub fn prepare(database: &Path, mode: Mode) -> Result<(PathBuf, Option<Lock>), OpenError> {
    let folder = identity::folder(database);
    create_dir_all(folder).map_err(|cause| OpenError::File { path: folder.to_owned(), cause })?;
    let file_error = |cause| OpenError::File { path: database.to_owned(), cause };
    refuse_log_alone(database, mode)?;
    make(database).map_err(file_error)?;
    let path = database.canonicalize().map_err(file_error)?;
    require_file(&path)?;
    let lock = match mode {
        Mode::Serve => Some(take(&path)?),
        Mode::Tool => {
            refuse_other_name(&path)?;
            None
        }
    };
    Ok((path, lock))
}

/// Refuses a database that a node has open under this name.
pub fn refuse_held(database: &Path) -> Result<(), OpenError> {
    let Ok(path) = database.canonicalize() else { return Ok(()) };
    if is_held(&path)? || is_held(&beside(&path))? { Err(OpenError::InUse { path }) } else { Ok(()) }
}

/// Takes the locks of a node on a database file, even if it is damaged. Makes an empty file if there is none. Returns its path
/// as [`prepare`] does.
pub fn claim(database: &Path) -> Result<(PathBuf, Lock), OpenError> {
    let file_error = |cause| OpenError::File { path: database.to_owned(), cause };
    make(database).map_err(file_error)?;
    let path = database.canonicalize().map_err(file_error)?;
    require_file(&path)?;
    let lock = take(&path)?;
    Ok((path, lock))
}

/// Refuses to make a database beside the log of a removed one. For a node, a log that was set aside
/// counts too.
pub fn refuse_log_alone(database: &Path, mode: Mode) -> Result<(), OpenError> {
    if database.symlink_metadata().is_ok() {
        return Ok(());
    }
    let left = Some(identity::log(database)).filter(|log| log.metadata().is_ok_and(|data| data.len() > 0));
    match left.or_else(|| identity::log_set_aside(database).filter(|_| mode == Mode::Serve)) {
        Some(log) => Err(OpenError::LogAlone { path: database.to_owned(), log, index: identity::index(database) }),
        None => Ok(()),
    }
}

/// Makes an empty database if it does not exist. Does not even open an existing one, since closing
/// it would end the locks that SQLite holds on it in this process.
fn make(database: &Path) -> io::Result<()> {
    match OpenOptions::new().create_new(true).write(true).mode(MODE).open(database) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(_) => {
            // So that an operator who mistyped the path notices.
            log::info!(path:% = database.display(); "made a new database");
            Ok(())
        }
    }
}

/// Refuses anything but a file, and files that this user may not write: SQLite's errors name neither, and its attempt at
/// a file without the permission leaves an index without it.
fn require_file(database: &Path) -> Result<(), OpenError> {
    let file_error = |path: &Path, cause: io::Error| OpenError::File { path: path.to_owned(), cause };
    let data = database.metadata().map_err(|cause| file_error(database, cause))?;
    if !data.is_file() {
        let why = if data.is_dir() { "it is a folder, and not a file" } else { "it is not a regular file" };
        return Err(OpenError::Foreign { database: database.display().to_string(), why: why.to_owned() });
    }
    let folder = identity::folder(database).to_owned();
    for path in [database.to_owned(), identity::log(database), identity::index(database)] {
        let (path, access) = match access(&path, Access::READ_OK | Access::WRITE_OK) {
            // SQLite will make it.
            Err(Errno::NOENT) => (&folder, access(&folder, Access::WRITE_OK | Access::EXEC_OK)),
            access => (&path, access),
        };
        access.map_err(|cause| file_error(path, cause.into()))?;
    }
    Ok(())
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// Takes both locks. Takes the one beside the database first, and so does not open a database that
/// another store of this process has open.
fn take(database: &Path) -> Result<Lock, OpenError> {
    let path = beside(database);
    let is_new = !path.exists();
    let open = File::options().create(true).truncate(false).write(true).mode(MODE).open(&path);
    let beside = open.map_err(|cause| OpenError::File { path: path.clone(), cause })?;
    hold(&beside, &path, database)?;
    let file = File::open(database).map_err(|cause| OpenError::File { path: database.to_owned(), cause })?;
    hold(&file, database, database)?;
    Ok(Lock { database: file, _beside: beside, made: is_new.then_some(path) })
}

fn hold(file: &File, path: &Path, database: &Path) -> Result<(), OpenError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: database.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(OpenError::File { path: path.to_owned(), cause }),
    }
}

/// Refuses a file that a node has open under another name: SQLite keeps a log for each name, and
/// writing to both logs destroys the database.
fn refuse_other_name(database: &Path) -> Result<(), OpenError> {
    let file_error = |cause| OpenError::File { path: database.to_owned(), cause };
    if database.metadata().map_err(file_error)?.nlink() < 2 {
        return Ok(());
    }
    if is_held(database)? && !is_held(&beside(database))? {
        return Err(OpenError::OtherName { path: database.to_owned() });
    }
    Ok(())
}

/// Returns whether a node holds the lock on a file.
fn is_held(path: &Path) -> Result<bool, OpenError> {
    match File::open(path).map(|file| file.try_lock_shared()) {
        Ok(Ok(())) => Ok(false),
        Ok(Err(TryLockError::WouldBlock)) => Ok(true),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Ok(Err(TryLockError::Error(cause))) | Err(cause) => Err(OpenError::File { path: path.to_owned(), cause }),
    }
}

/// Refuses a write-ahead log beside the database that belongs to another database, and an empty
/// database beside a log that was set aside. A tool that runs beside a node leaves this to the node.
pub fn require_own_log(database: &Path, lock: Option<&Lock>) -> Result<(), OpenError> {
    let log = identity::log(database);
    let is_empty = database.metadata().is_ok_and(|data| data.len() == 0);
    if let Some(log) = identity::log_set_aside(database).filter(|_| is_empty && lock.is_some()) {
        return Err(OpenError::ForeignLog { path: database.to_owned(), log, index: identity::index(database) });
    }
    let is_there = log.metadata().is_ok_and(|data| data.len() > 0);
    if !is_there || lock.is_none() && is_held(&beside(database))? {
        return Ok(());
    }
    let fit = File::open(&log).and_then(|log| match lock {
        Some(lock) => leftover::fit(lock.database(), &log),
        None => leftover::fit(&File::open(database)?, &log),
    });
    match fit.map_err(|cause| OpenError::File { path: log.clone(), cause })? {
        Fit::Own => Ok(()),
        Fit::Foreign => Err(OpenError::ForeignLog { path: database.to_owned(), log, index: identity::index(database) }),
        Fit::Short => Err(OpenError::Damaged { path: database.to_owned() }),
    }
}
