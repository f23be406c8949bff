//! Reads the command line, with settings from files below flags and environment variables.

use crate::config::files::{FileSettings, FileSettingsError};
use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, Parser};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

/// The exit status for a wrong command line, the same as clap's.
const USAGE: i32 = 2;
/// The argument that names the configuration file.
const CONFIG: &str = "config";

/// The command line.
pub(super) struct Parsed<T> {
    pub cli: T,
    pub matches: ArgMatches,
    pub files: FileSettings,
}

/// Why a command line was refused.
pub(super) enum Refused {
    /// A wrong flag or variable, or a request for help.
    Usage(Box<clap::Error>),
    /// A wrong value in a file.
    Value(Box<clap::Error>, String),
    /// A file cannot be used.
    Files(FileSettingsError),
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Self::Usage(Box::new(error))
    }
}

impl Refused {
    /// Prints the reason, and ends the process.
    pub(super) fn exit(self) -> ! {
        match self {
            Self::Usage(error) => error.exit(),
            Self::Value(error, place) => {
                let _ = writeln!(std::io::stderr(), "{place}:");
                error.exit()
            }
            Self::Files(error) => {
                let _ = writeln!(std::io::stderr(), "orderbell: {error}");
                std::process::exit(USAGE)
            }
        }
    }
}

/// Reads the command line twice if settings come from files: first to find the configuration file, and for errors of flags and
/// variables; then with the values from files in place of the defaults.
pub(super) fn parse<T: Parser>(words: &[OsString]) -> Result<Parsed<T>, Refused> {
    let command = T::command();
    let matches = command.clone().try_get_matches_from(words)?;
    let configuration = matches.get_one::<PathBuf>(CONFIG).map(PathBuf::as_path).filter(|path| !path.as_os_str().is_empty());
    let files = FileSettings::read(&command, configuration).map_err(Refused::Files)?;
    if files.is_empty() {
        return Ok(Parsed { cli: T::from_arg_matches(&matches)?, matches, files });
    }
    let matches = files.apply(command).try_get_matches_from(words).map_err(|error| in_file(error, &files))?;
    Ok(Parsed { cli: T::from_arg_matches(&matches)?, matches, files })
}

/// Names the file of a wrong value. All flags and variables have been read before.
fn in_file(error: clap::Error, files: &FileSettings) -> Refused {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return error.into() };
    let flag = argument.trim_start_matches("--").split([' ', '=']).next().unwrap_or_default();
    match files.origin(flag).map(ToString::to_string) {
        Some(place) => Refused::Value(Box::new(error), place),
        None => error.into(),
    }
}
