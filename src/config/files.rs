//! Settings from files: a configuration file, and files with one secret each. They take effect as the defaults of the command
//! line, so flags and environment variables take precedence.

use clap::{Arg, ArgAction, Command};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The flag that names the configuration file. The file itself cannot set it.
const CONFIG: &str = "config";
/// The suffix of a variable that names the file of a secret.
const FILE: &str = "_FILE";
/// The most bytes of a file that are read.
const MAX_BYTES: u64 = 256 * 1024;
/// The least similarity of a mistyped key to the one that is suggested.
const SIMILAR: f64 = 0.8;

/// Why settings cannot be read from files. No message repeats a value, which may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum FileSettingsError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {cause}{hint}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
        /// Where the name of the file comes from.
        hint: String,
    },
    /// The configuration file is not TOML.
    #[error("{path}, line {line}: {message}; write one setting a line, like bind = \"0.0.0.0:8080\"")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line of the error.
        line: usize,
        /// The parser's message.
        message: String,
    },
    /// A key is not the name of a setting.
    #[error("{path}: there is no setting {key}{}", suggestion.as_ref().map_or_else(String::new, |name| format!("; did you mean {name}?")))]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The most similar setting.
        suggestion: Option<String>,
    },
    /// A value has a type that its setting does not take.
    #[error("{path}: {key} takes {expected}")]
    Type {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What to write.
        expected: &'static str,
    },
    /// A secret is set twice.
    #[error("{variable} and {variable}_FILE are both set; unset one of them")]
    Both {
        /// The variable of the secret itself.
        variable: String,
    },
    /// The file of a secret is empty.
    #[error("{path} is empty (from {variable})")]
    Empty {
        /// The file.
        path: PathBuf,
        /// The variable that names the file.
        variable: String,
    },
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The configuration file.
    Configuration(PathBuf),
    /// A file with nothing but the secret.
    Secret {
        /// The variable that names the file.
        variable: String,
        /// The file.
        path: PathBuf,
    },
}

impl Origin {
    fn path(&self) -> &Path {
        let (Self::Configuration(path) | Self::Secret { path, .. }) = self;
        path
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(path) => write!(f, "file {}", path.display()),
            Self::Secret { variable, path } => write!(f, "file {} ({variable})", path.display()),
        }
    }
}

#[derive(Debug)]
struct Found {
    values: Vec<String>,
    origin: Origin,
    is_secret: bool,
}

/// Settings from files, by the name of their flag.
#[derive(Debug, Default)]
pub struct FileSettings(BTreeMap<String, Found>);

impl FileSettings {
    /// Reads the configuration file, if there is one, and the files of secrets that the environment names.
    ///
    /// # Errors
    /// See [`FileSettingsError`].
    pub fn read(command: &Command, configuration: Option<&Path>) -> Result<Self, FileSettingsError> {
        let known = known(command);
        let mut settings = Self::default();
        if let Some(path) = configuration {
            let text = read(path, String::new())?;
            for (key, values) in parse(&text, path, &known)? {
                let is_secret = known.get(&key).is_some_and(|setting| setting.is_secret);
                settings.0.insert(key, Found { values, origin: Origin::Configuration(path.to_owned()), is_secret });
            }
        }
        for (flag, setting) in known.into_iter().filter(|(_, setting)| setting.is_secret) {
            let variable = format!("{}{FILE}", setting.variable);
            let Some(path) = std::env::var_os(&variable).filter(|path| !path.is_empty()).map(PathBuf::from) else { continue };
            if std::env::var_os(&setting.variable).is_some_and(|value| !value.is_empty()) {
                return Err(FileSettingsError::Both { variable: setting.variable });
            }
            let text = read(&path, format!(" (from {variable})"))?;
            let secret = text.trim_end_matches(['\r', '\n']).to_owned();
            if secret.is_empty() {
                return Err(FileSettingsError::Empty { path, variable });
            }
            settings.0.insert(flag, Found { values: vec![secret], origin: Origin::Secret { variable, path }, is_secret: true });
        }
        Ok(settings)
    }

    /// Returns whether the file sets nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns where the value of a flag comes from, if a file has one.
    #[must_use]
    pub fn origin(&self, flag: &str) -> Option<&Origin> {
        self.0.get(flag).map(|found| &found.origin)
    }

    /// Returns the files with a secret.
    pub fn secrets(&self) -> impl Iterator<Item = &Path> {
        let files: BTreeSet<_> = self.0.values().filter(|found| found.is_secret).map(|found| found.origin.path()).collect();
        files.into_iter()
    }

    /// Makes the values from files the defaults of a command and its subcommands. The help of the result must not be shown,
    /// since it would contain these values, and so secrets. An empty environment variable counts as unset, so it does not hide
    /// a file's value.
    #[must_use]
    pub fn apply(&self, command: Command) -> Command {
        let layered = command.mut_args(|arg| {
            let found = arg.get_long().and_then(|flag| self.0.get(flag));
            let Some((found, variable)) = found.zip(arg.get_env().map(OsStr::to_owned)) else { return arg };
            let is_empty = std::env::var_os(variable).is_some_and(|value| value.is_empty());
            let arg = if is_empty { arg.env(None) } else { arg };
            arg.default_values(found.values.iter())
        });
        layered.mut_subcommands(|command| self.apply(command))
    }
}

/// A setting that a file may have.
#[derive(Debug, Clone)]
struct Setting {
    variable: String,
    is_secret: bool,
    is_list: bool,
}

/// Returns the settings of a command and its subcommands: flags with a variable.
fn known(command: &Command) -> BTreeMap<String, Setting> {
    let own = command.get_arguments().filter_map(|arg: &Arg| {
        let (flag, variable) = arg.get_long().zip(arg.get_env())?;
        let setting = Setting {
            variable: variable.to_string_lossy().into_owned(),
            is_secret: arg.is_hide_env_values_set(),
            is_list: matches!(arg.get_action(), ArgAction::Append),
        };
        (flag != CONFIG).then(|| (flag.to_owned(), setting))
    });
    own.chain(command.get_subcommands().flat_map(known)).collect()
}

/// Parses a configuration file: one table without others in it.
fn parse(text: &str, path: &Path, known: &BTreeMap<String, Setting>) -> Result<BTreeMap<String, Vec<String>>, FileSettingsError> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let (line, message) = (1 + before.matches('\n').count(), error.message().to_owned());
        FileSettingsError::Syntax { path: path.to_owned(), line, message }
    })?;
    let one = |(key, value): (String, Value)| {
        let Some(setting) = known.get(&key) else {
            let suggestion = most_similar(&key, known.keys());
            return Err(FileSettingsError::Unknown { path: path.to_owned(), key, suggestion });
        };
        match values(value, setting.is_list) {
            Some(values) => Ok((key, values)),
            None => {
                let expected = if setting.is_list { "texts: [\"one\", \"other\"]" } else { "a text, a number, true or false" };
                Err(FileSettingsError::Type { path: path.to_owned(), key, expected })
            }
        }
    };
    table.into_iter().map(one).collect()
}

/// Returns a value as the words that would follow its flag.
fn values(value: Value, is_list: bool) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Boolean(switch) => Some(vec![switch.to_string()]),
        Value::Array(items) if is_list => items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

fn most_similar<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> Option<String> {
    let key = key.to_lowercase().replace('_', "-");
    let rated = known.map(|name| (strsim::jaro_winkler(&key, name), name));
    let best = rated.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(similarity, _)| *similarity >= SIMILAR).map(|(_, name)| name.clone())
}

fn read(path: &Path, hint: String) -> Result<String, FileSettingsError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
    read.map_err(|cause| FileSettingsError::Read { path: path.to_owned(), cause, hint })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        let global = Arg::new("database_url").long("database-url").env("T_URL").hide_env_values(true).global(true);
        let list = Arg::new("hosts").long("hosts").env("T_HOSTS").action(ArgAction::Append).value_delimiter(',');
        let serve = Command::new("serve").arg(Arg::new("drain").long("drain-s").env("T_DRAIN").default_value("10")).arg(list);
        Command::new("t").arg(global).arg(Arg::new("config").long("config").env("T_CONFIG")).subcommand(serve)
    }

    fn parsed(text: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
        parse(text, Path::new("f.toml"), &known(&command())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_has_texts_numbers_and_lists() {
        let found = parsed("database-url = 'sqlite://a'\ndrain-s = 3\nhosts = ['a', 'b']\n").unwrap();
        let found: Vec<_> = found.iter().map(|(key, values)| (key.as_str(), values.join("|"))).collect();
        assert_eq!(found, [("database-url", "sqlite://a".into()), ("drain-s", "3".into()), ("hosts", "a|b".into())]);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_most_similar_setting() {
        for (text, says) in [
            ("drain_s = 3", "f.toml: there is no setting drain_s; did you mean drain-s?"),
            ("databse-url = 'x'", "f.toml: there is no setting databse-url; did you mean database-url?"),
            ("colour = 'red'", "f.toml: there is no setting colour"),
            ("config = 'other.toml'", "f.toml: there is no setting config"),
            ("[serve]\ndrain-s = 3", "f.toml: there is no setting serve"),
            ("drain-s = [3]", "f.toml: drain-s takes a text, a number, true or false"),
            ("hosts = [1]", "f.toml: hosts takes texts: [\"one\", \"other\"]"),
        ] {
            assert_eq!(parsed(text).unwrap_err(), says);
        }
    }

    #[test]
    fn an_error_of_the_syntax_names_the_line_and_repeats_no_secret() {
        let said = parsed("drain-s = 3\ndatabase-url = \"postgres://me:a-secret@h\n").unwrap_err();
        assert!(said.starts_with("f.toml, line 2: ") && !said.contains("a-secret"), "{said}");
    }

    #[test]
    fn a_flag_comes_before_a_file_and_a_file_before_the_default() {
        let values = vec!["3".to_owned()];
        let found = Found { values, origin: Origin::Configuration("f.toml".into()), is_secret: false };
        let settings = FileSettings([("drain-s".to_owned(), found)].into());
        let drain = |words: &[&str]| {
            let matches = settings.apply(command()).get_matches_from(words);
            matches.subcommand_matches("serve").unwrap().get_one::<String>("drain").unwrap().clone()
        };
        assert_eq!(drain(&["t", "serve"]), "3");
        assert_eq!(drain(&["t", "serve", "--drain-s", "4"]), "4");
    }
}
