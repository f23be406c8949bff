//! The settings for opening a database, and the errors of opening it.

use sqlx::migrate::MigrateError;
use std::path::PathBuf;

/// The purpose of opening a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For a node. A SQLite file has at most one.
    Serve,
    /// For a command that may run beside a node on the same database.
    Tool,
}

/// The settings for opening a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The purpose.
    pub mode: Mode,
    /// The most connections to PostgreSQL. SQLite ignores it.
    pub connections: u32,
}

impl Settings {
    /// The default of `connections`.
    pub const CONNECTIONS: u32 = 10;

    /// Returns the settings for a purpose, with the default number of connections.
    #[must_use]
    pub const fn new(mode: Mode) -> Self {
        Self { mode, connections: Self::CONNECTIONS }
    }
}

/// Why a database was not opened. No message repeats the URL, which may contain a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL's scheme is not that of a supported database.
    #[error("the database URL must begin with sqlite:// or postgres://")]
    Scheme,
    /// The URL is invalid.
    #[error("the database URL is invalid; write sqlite://path/to/file or postgres://user:password@host/database")]
    Url,
    /// The URL asks for a server that a node cannot use.
    #[error(
        "the database URL has a target_session_attrs that a node cannot use, since it writes: leave it out, or write read-write"
    )]
    SessionAttributes,
    /// The URL lists servers in a parameter.
    #[error(
        "the database URL lists servers in a parameter; list them before the path: postgres://user@db1:5432,db2:5432/database"
    )]
    HostList,
    /// The server is a standby, or takes no writes for another reason.
    #[error(
        "the server is a standby or read-only, and a node needs the primary; with several servers, name all of them in the URL"
    )]
    Standby,
    /// A file or folder cannot be made or opened.
    #[error("{path} cannot be used: {cause}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        cause: std::io::Error,
    },
    /// Another node has the file open.
    #[error("{path} is in use by another server; a SQLite database belongs to one node, several nodes need PostgreSQL")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A node has the file open under another name.
    #[error("{path} is open in a server under another name of the same file (a hard link); use the name that the server uses")]
    OtherName {
        /// The database.
        path: PathBuf,
    },
    /// The write-ahead log beside the file belongs to other content.
    #[error(
        "{log} does not belong to {path}: the database was replaced, and the log of the previous one was left beside it. To \
         start with {path} as it is, move {log} and {index} away; to keep the changes in the log, restore the database \
         to which it belongs"
    )]
    ForeignLog {
        /// The database.
        path: PathBuf,
        /// The log.
        log: PathBuf,
        /// The index of the log.
        index: PathBuf,
    },
    /// The database does not exist, but its write-ahead log does.
    #[error(
        "{path} does not exist, but its log {log} does. Nothing was made or changed. To begin a new database, move {log} and {index} away; to keep what the log has, put back the database it was \
         written for"
    )]
    LogAlone {
        /// The database.
        path: PathBuf,
        /// The log.
        log: PathBuf,
        /// The index of the log.
        index: PathBuf,
    },
    /// The file is the database of another program, or not a database.
    #[error(
        "{database} is not a database of Orderbell: {why}. It was left as it is; name another one, or one that is not there yet"
    )]
    Foreign {
        /// Which.
        database: String,
        /// Why it is not.
        why: String,
    },
    /// The file is cut short, or SQLite did not write its content.
    #[error(
        "{path} is damaged: it was cut short, or overwritten while a server ran or with the log of another file beside it. \
         Keep {path} and the files beside it for inspection, and restore a backup in their place"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk of {folder} is full: {free} KiB are free, and a start needs {needed} KiB")]
    Full {
        /// The folder of the database.
        folder: PathBuf,
        /// Free space, in KiB.
        free: u64,
        /// The space that a start needs, in KiB.
        needed: u64,
    },
    /// The database could lose changes that it acknowledged.
    #[error("the database is not set up to keep what it acknowledges: {0}")]
    NotDurable(String),
    /// The database does not answer, or refuses the connection.
    #[error("the database cannot be opened")]
    Connect(#[from] sqlx::Error),
    /// The schema cannot be upgraded.
    #[error("the database's schema cannot be brought up to date{}", reason(.0))]
    Migrate(#[from] MigrateError),
    /// An error of PostgreSQL, with the server's host, port and database.
    #[error("PostgreSQL at {place}")]
    At {
        /// `host:port/database`.
        place: String,
        /// The error.
        #[source]
        error: Box<OpenError>,
    },
}

impl OpenError {
    /// Whether a server may be ready later: it cannot be reached, is starting, has no connection left, or takes no writes yet.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let Self::At { error, .. } = self else { return false };
        match &**error {
            Self::Standby => true,
            Self::Connect(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| ["08", "53", "57"].iter().any(|class| code.starts_with(class)))
            }
            // A server that closes a new connection before it says whether it has TLS looks like one that breaks the protocol.
            Self::Connect(error) => {
                matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut)
            }
            _ => false,
        }
    }
}

/// Returns the advice on a migration that this version does not have, or has in another form.
const fn reason(error: &MigrateError) -> &'static str {
    match error {
        MigrateError::VersionMissing(_) => {
            ": a newer version of Orderbell has changed it; start that version or a later one, or restore an earlier backup"
        }
        MigrateError::VersionMismatch(_) => {
            ": another build of Orderbell has made it, with a migration that differs; start that build, or restore a backup"
        }
        _ => "",
    }
}
