//! One file, one node: a lock beside the database, held as long as the node lives.

use crate::store::open::{Mode, OpenError};
use std::fs::{File, TryLockError, create_dir_all};
use std::path::{Path, PathBuf};

/// Makes the folder of a database and, for a server, takes the lock beside it; a tool works beside a running server.
pub fn prepare(database: &Path, mode: Mode) -> Result<Option<File>, OpenError> {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        create_dir_all(folder).map_err(|cause| OpenError::File { path: folder.to_owned(), cause })?;
    }
    match mode {
        Mode::Serve => take(database).map(Some),
        Mode::Tool => Ok(None),
    }
}

fn take(database: &Path) -> Result<File, OpenError> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let open = File::options().create(true).truncate(false).write(true).open(&path);
    let file = open.map_err(|cause| OpenError::File { path: path.clone(), cause })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: database.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(OpenError::File { path, cause }),
    }
}
