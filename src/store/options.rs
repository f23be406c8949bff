//! How a database is opened, and why it was not.

use std::path::PathBuf;

/// What for a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For a node. A SQLite file has at most one.
    Serve,
    /// For a command that works on the same database while a node may be running.
    Tool,
}

/// How a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What for.
    pub mode: Mode,
    /// The most connections to PostgreSQL. SQLite has its own numbers.
    pub connections: u32,
}

impl Settings {
    /// The most connections to PostgreSQL when nobody says otherwise.
    pub const CONNECTIONS: u32 = 10;

    /// For a purpose, with the usual number of connections.
    #[must_use]
    pub const fn new(mode: Mode) -> Self {
        Self { mode, connections: Self::CONNECTIONS }
    }
}

/// Why a database was not opened. No text here repeats the URL, which may carry a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is of no database that there is a store for.
    #[error("the database URL must begin with sqlite:// or postgres://")]
    Scheme,
    /// The URL does not read.
    #[error("the database URL does not read: sqlite://path/to/file or postgres://user:password@host/database is wanted")]
    Url,
    /// A file or folder cannot be made or opened.
    #[error("{path} cannot be used: {cause}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// Another node has the file.
    #[error("{path} is in use by another server; a SQLite database belongs to one node, several nodes need PostgreSQL")]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// A node has the file under another name.
    #[error("{path} is open in a server under another name of the same file (a hard link); use the name that the server uses")]
    OtherName {
        /// Which.
        path: PathBuf,
    },
    /// The write-ahead log beside the file was written over another content.
    #[error(
        "{log} does not belong to {path}: the database was replaced, and the log of the one before was left beside it. To start \
         with {path} as it is, move {log} and {index} away; to keep what the log has, put back the database it was \
         written for"
    )]
    ForeignLog {
        /// The database.
        path: PathBuf,
        /// The log.
        log: PathBuf,
        /// The index of the log.
        index: PathBuf,
    },
    /// The file is cut short or otherwise not as SQLite has written it.
    #[error(
        "{path} is damaged: it was cut short, or overwritten while a server ran or with the log of another file beside it. \
         Keep {path} and the files beside it for inspection, and restore a backup in their place"
    )]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk of {folder} is full: {free} KiB are free, and a start needs {needed} KiB")]
    Full {
        /// The folder of the database.
        folder: PathBuf,
        /// Free space, in KiB.
        free: u64,
        /// What is needed, in KiB.
        needed: u64,
    },
    /// The database would lose what it has acknowledged.
    #[error("the database is not set up to keep what it acknowledges: {0}")]
    NotDurable(String),
    /// The database does not answer, or refuses.
    #[error("the database cannot be opened")]
    Connect(#[from] sqlx::Error),
    /// The schema cannot be brought up to date.
    #[error("the database's schema cannot be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// One of the others, with the server's host, port and database.
    #[error("PostgreSQL at {place}")]
    At {
        /// `host:port/database`.
        place: String,
        /// The error.
        #[source]
        error: Box<OpenError>,
    },
}
