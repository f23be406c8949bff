//! Copies of a database that are taken beside a running node, and their return to its place.

use super::connect::{self, reader};
use super::identity::{self, named};
use super::lock;
use super::open_error;
use super::ownership::{self, Found};
use super::revived::{self, Listed};
use super::sidecar::Sidecar;
use crate::store::options::{Mode, OpenError};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, query, query_as, query_scalar};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Why a backup was not taken or not restored. The database is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is nothing to copy.
    #[error("{0} does not exist; name the file of the database (--database-url) or of the backup")]
    Missing(PathBuf),
    /// The target exists.
    #[error("{0} exists already, and nothing is overwritten; name another file, or move it away")]
    Exists(PathBuf),
    /// The folder of the copy does not exist.
    #[error("the folder {0} does not exist; make it first, or name a file elsewhere")]
    NoFolder(PathBuf),
    /// Another command writes the same backup.
    #[error("{0} is being written by another command; wait until it has ended, or name another file")]
    Busy(PathBuf),
    /// The disk of the copy is full.
    #[error("the disk of {folder} is full: {free} KiB are free; free as much as the database takes, or name a file elsewhere")]
    Full {
        /// The folder of the copy.
        folder: PathBuf,
        /// Free space, in KiB.
        free: u64,
    },
    /// The backup is the database.
    #[error("{0} is the database itself; name a backup of it")]
    Same(PathBuf),
    /// The folder of the database belongs to another user, who could not open the restored file.
    #[error("{folder} belongs to the user {owner}; run this command as that user: setpriv --reuid {owner} --clear-groups …")]
    OtherUser {
        /// The folder.
        folder: PathBuf,
        /// The id of its owner.
        owner: u32,
    },
    /// The copy contradicts itself, or has less than what was copied.
    #[error("{path} is not sound: {why}")]
    Unsound {
        /// The copy.
        path: PathBuf,
        /// The fault.
        why: String,
    },
}

type Result<T> = std::result::Result<T, BackupError>;

/// The content of a database, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// The number of restaurants.
    pub restaurants: i64,
    /// The number of orders.
    pub orders: i64,
    /// The number of events.
    pub events: i64,
}

/// A restored database.
#[derive(Debug)]
pub struct Restored {
    /// The content of the restored database.
    pub contents: Contents,
    /// The replaced database, if there was one.
    pub replaced: Option<PathBuf>,
    /// What had been revoked since the backup. An error if the replaced database cannot be read.
    pub revived: std::result::Result<Vec<Listed>, OpenError>,
}

/// Copies the database of a URL to a new file, with or without a running node, and reads the copy back. The file appears under
/// its name once it is complete and on the disk. Migrates nothing.
///
/// # Errors
/// See [`BackupError`].
pub async fn back_up(url: &str, target: &Path) -> Result<Contents> {
    let options = connect::options(url)?;
    let database = options.get_filename().to_owned();
    require_file(&database)?;
    let partial = Partial::make(target)?;
    let opened = async {
        super::prepare(&options, Mode::Tool).await?;
        Ok(options.connect().await?)
    };
    let mut connection = opened.await.map_err(|error| open_error::explain(error, &database))?;
    let before = heads(&mut connection).await.map_err(OpenError::Connect)?;
    let copied = copy(&mut connection, &partial).await;
    connection.close().await.map_err(OpenError::Connect)?;
    copied?;
    let (contents, after) = examine(&partial.path).await?;
    if before.iter().any(|(restaurant, head)| after.get(restaurant).is_none_or(|copied| copied < head)) {
        return Err(unsound(target, "it has fewer events than the database had".to_owned()));
    }
    partial.keep(target)?;
    Ok(contents)
}

/// Puts a backup in the place of the database of a URL, and keeps the replaced one under a name with `suffix`. No node may have
/// the database open. The next start begins a generation of every feed, so that all screens start over.
///
/// # Errors
/// See [`BackupError`].
pub async fn restore(url: &str, backup: &Path, suffix: &str) -> Result<Restored> {
    let options = connect::options(url)?;
    let database = options.get_filename().to_owned();
    require_file(backup)?;
    fs::create_dir_all(identity::folder(&database)).map_err(|cause| file_error(identity::folder(&database), cause))?;
    require_own_folder(&database)?;
    // Follows a link, so that the link stays and the copy is made on the disk of the file itself.
    let database = database.canonicalize().unwrap_or(database);
    if database.exists() && same_file(backup, &database)? {
        return Err(BackupError::Same(backup.to_owned()));
    }
    lock::refuse_held(&database)?;
    let partial = Partial::make_beside(&database, ".restoring")?;
    let mut connection = reader(backup).connect().await.map_err(|error| open_error::explain(error.into(), backup))?;
    let copied = match ownership::require_own(&mut connection, backup, &connect::MIGRATOR).await {
        Ok(Found::Own) => copy(&mut connection, &partial).await,
        Ok(Found::Nothing) => Err(unsound(backup, "it is empty".to_owned())),
        Err(error) => Err(open_error::explain(error, backup).into()),
    };
    connection.close().await.map_err(OpenError::Connect)?;
    copied?;
    let (contents, _) = examine(&partial.path).await?;
    let (database, lock) = lock::claim(&database)?;
    let revived = match database.metadata().map_err(|cause| file_error(&database, cause))?.len() {
        0 => Ok(Vec::new()),
        _ => revived::carry(&partial.path, &database).await,
    };
    partial.file.sync_all().map_err(|cause| file_error(&partial.path, cause))?;
    let replaced = replace(&database, partial, suffix)?;
    drop(lock);
    Ok(Restored { contents, replaced, revived })
}

/// Exchanges the files. After a crash at any point, the next start finds one whole database and begins another generation, or
/// refuses a log that belongs to another database.
fn replace(database: &Path, partial: Partial, suffix: &str) -> Result<Option<PathBuf>> {
    let error = |cause| file_error(database, cause);
    Sidecar::of(database).write(&[]).map_err(error)?;
    let aside = named(database, suffix);
    let was_there = database.metadata().map_err(error)?.len() > 0;
    if was_there {
        fs::hard_link(database, &aside).map_err(|cause| file_error(&aside, cause))?;
    }
    fs::rename(&partial.path, database).map_err(error)?;
    for beside in ["-wal", "-shm"] {
        match fs::rename(named(database, beside), named(&aside, beside)) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(file_error(&named(database, beside), cause)),
            _ => {}
        }
    }
    sync_folder(database)?;
    Ok(was_there.then_some(aside))
}

/// A file with a temporary name until it is complete. Removed if dropped before that.
struct Partial {
    path: PathBuf,
    /// Open until the end: closing it would end the locks that SQLite holds on it in this process.
    file: File,
}

impl Partial {
    /// Makes the file for a new file at `target`.
    fn make(target: &Path) -> Result<Self> {
        if target.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(target.to_owned()));
        }
        let folder = identity::folder(target);
        if !folder.exists() {
            return Err(BackupError::NoFolder(folder.to_owned()));
        }
        Self::make_beside(target, ".partial")
    }

    /// Makes the file beside another, or takes one that an interrupted command has left. Only its owner may read it.
    fn make_beside(target: &Path, suffix: &str) -> Result<Self> {
        let path = named(target, suffix);
        let open = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = open.map_err(|cause| file_error(&path, cause))?;
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => return Err(BackupError::Busy(path)),
            Err(fs::TryLockError::Error(cause)) => return Err(file_error(&path, cause)),
            Ok(()) => {}
        }
        file.set_len(0).map_err(|cause| file_error(&path, cause))?;
        Ok(Self { path, file })
    }

    /// Gives the file its name.
    fn keep(self, target: &Path) -> Result<()> {
        let renamed = match renameat_with(CWD, &self.path, CWD, target, RenameFlags::NOREPLACE) {
            // This file system cannot refuse to replace a file. The target did not exist when the backup began.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => fs::rename(&self.path, target),
            Err(Errno::EXIST) => return Err(BackupError::Exists(target.to_owned())),
            renamed => renamed.map_err(Into::into),
        };
        renamed.map_err(|cause| file_error(target, cause))?;
        sync_folder(target)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Absent when it has its name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Copies a database into an empty file, as it is at one point, and waits until the copy is on the disk.
async fn copy(connection: &mut SqliteConnection, target: &Partial) -> Result<()> {
    let path = std::path::absolute(&target.path).map_err(|cause| file_error(&target.path, cause))?;
    let text = path.to_str().ok_or_else(|| file_error(&path, io::Error::other("its name is not UTF-8")))?;
    let copied = query("VACUUM INTO $1").bind(text).execute(connection).await;
    copied.map_err(|error| match open_error::explain(error.into(), &target.path) {
        OpenError::Full { folder, free, .. } => BackupError::Full { folder, free },
        other => other.into(),
    })?;
    target.file.sync_all().map_err(|cause| file_error(&target.path, cause))
}

/// Reads a copy completely, and checks that nothing in it contradicts the rest. Returns what it holds, and the head of each feed.
async fn examine(path: &Path) -> Result<(Contents, BTreeMap<Vec<u8>, i64>)> {
    let read = async {
        let mut connection = reader(path).immutable(true).connect().await?;
        let findings = findings(&mut connection).await?;
        let counts = "SELECT (SELECT count(*) FROM restaurants), (SELECT count(*) FROM orders), (SELECT count(*) FROM events)";
        let (restaurants, orders, events) = query_as(counts).fetch_one(&mut connection).await?;
        let heads = heads(&mut connection).await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>((findings, Contents { restaurants, orders, events }, heads))
    };
    match read.await {
        Ok((None, contents, heads)) => Ok((contents, heads)),
        Ok((Some(why), ..)) => Err(unsound(path, why)),
        Err(error) => Err(unsound(path, error.to_string())),
    }
}

/// Returns the first contradiction in a database.
async fn findings(connection: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
    let integrity: String = query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut *connection).await?;
    if integrity != "ok" {
        return Ok(Some(integrity));
    }
    if query("PRAGMA foreign_key_check").fetch_optional(&mut *connection).await?.is_some() {
        return Ok(Some("a row refers to one that does not exist".to_owned()));
    }
    // The positions of a feed are unique, so they have no gap if there are as many as its head says.
    let gaps = "SELECT count(*) FROM feeds WHERE head <> (SELECT count(*) FROM events WHERE restaurant = feeds.restaurant)";
    let gaps: i64 = query_scalar(gaps).fetch_one(connection).await?;
    Ok((gaps > 0).then(|| "a feed lacks events".to_owned()))
}

async fn heads(connection: &mut SqliteConnection) -> sqlx::Result<BTreeMap<Vec<u8>, i64>> {
    let heads: Vec<(Vec<u8>, i64)> = query_as("SELECT restaurant, head FROM feeds").fetch_all(connection).await?;
    Ok(heads.into_iter().collect())
}

fn require_file(path: &Path) -> Result<()> {
    if path.exists() { Ok(()) } else { Err(BackupError::Missing(path.to_owned())) }
}

fn require_own_folder(database: &Path) -> Result<()> {
    let folder = identity::folder(database);
    let owner = folder.metadata().map_err(|cause| file_error(folder, cause))?.uid();
    if owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(BackupError::OtherUser { folder: folder.to_owned(), owner })
}

fn same_file(one: &Path, other: &Path) -> Result<bool> {
    let inode = |path: &Path| path.metadata().map(|data| (data.dev(), data.ino())).map_err(|cause| file_error(path, cause));
    Ok(inode(one)? == inode(other)?)
}

fn sync_folder(path: &Path) -> Result<()> {
    let folder = identity::folder(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|cause| file_error(folder, cause))
}

fn file_error(path: &Path, cause: io::Error) -> BackupError {
    OpenError::File { path: path.to_owned(), cause }.into()
}

fn unsound(path: &Path, why: String) -> BackupError {
    BackupError::Unsound { path: path.to_owned(), why }
}
