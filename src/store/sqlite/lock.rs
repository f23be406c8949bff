//! One file, one node: a lock beside the database, held as long as the node lives.

use crate::store::open::{Mode, OpenError};
use std::fs::{File, OpenOptions, TryLockError, create_dir_all};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What is made here is its owner's alone: guests' orders and the hashes of passwords are in it. SQLite makes the files
/// beside a database with the mode of the database.
const MODE: u32 = 0o600;

/// Makes a database that is not there, with its folder, and, for a server, takes the lock beside it; a tool works beside a
/// running server.
pub fn prepare(database: &Path, mode: Mode) -> Result<Option<File>, OpenError> {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        create_dir_all(folder).map_err(|cause| OpenError::File { path: folder.to_owned(), cause })?;
    }
    make(database).map_err(|cause| OpenError::File { path: database.to_owned(), cause })?;
    match mode {
        Mode::Serve => take(database).map(Some),
        Mode::Tool => Ok(None),
    }
}

/// Makes a database that is not there, empty. One that is there is not even opened: closing it again would take away the
/// locks that SQLite holds on it in this process (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
fn make(database: &Path) -> io::Result<()> {
    match OpenOptions::new().create_new(true).write(true).mode(MODE).open(database) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

fn take(database: &Path) -> Result<File, OpenError> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let open = File::options().create(true).truncate(false).write(true).mode(MODE).open(&path);
    let file = open.map_err(|cause| OpenError::File { path: path.clone(), cause })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: database.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(OpenError::File { path, cause }),
    }
}
