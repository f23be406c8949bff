//! `orderbell config check`: the effective settings of a node, and where each comes from.

use super::arguments::Parsed;
use super::tools::print;
use crate::config::files::FileSettings;
use anyhow::Context;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Subcommand};
use std::ffi::OsString;

/// Printed in place of a secret.
const MASK: &str = "********";

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print each setting of `serve` with where it comes from, and check that a node could start with them.
    Check {
        /// Flags of `serve` to check, after `--`.
        #[arg(last = true)]
        flags: Vec<OsString>,
    },
}

/// Returns the command line of the `serve` to check: those flags of the check that all commands have, and the flags after `--`.
pub(super) fn words(command: &Command, matches: &ArgMatches, flags: Vec<OsString>) -> Vec<OsString> {
    let given = command
        .get_arguments()
        .filter(|arg| arg.is_global_set() && matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine));
    let common = given.flat_map(|arg| {
        let raw = matches.get_raw(arg.get_id().as_str()).into_iter().flatten();
        let name = OsString::from(format!("--{}", arg.get_long().unwrap_or_default()));
        raw.flat_map(move |value| [name.clone(), value.to_owned()])
    });
    ["orderbell".into()].into_iter().chain(common).chain(["serve".into()]).chain(flags).collect()
}

/// Prints the settings of a `serve`.
pub(super) fn print_all<T>(mut command: Command, parsed: &Parsed<T>) -> anyhow::Result<()> {
    command.build();
    let serve = command.find_subcommand("serve").context("there is no command serve")?;
    let matches = parsed.matches.subcommand_matches("serve").context("the settings are not those of serve")?;
    for setting in serve.get_arguments().filter(|setting| setting.get_env().is_some() && !setting.is_hide_set()) {
        print(&line(setting, matches, &parsed.files))?;
    }
    Ok(())
}

/// Writes a setting: its flag, its value, and where the value comes from.
fn line(setting: &Arg, matches: &ArgMatches, files: &FileSettings) -> String {
    let (flag, id) = (setting.get_long().unwrap_or_default(), setting.get_id().as_str());
    let values = matches.get_raw(id).into_iter().flatten().map(|value| value.to_string_lossy());
    let value = values.collect::<Vec<_>>().join(",");
    let is_shown = !setting.is_hide_env_values_set() || value.is_empty() || value.starts_with("sqlite:");
    let variable = setting.get_env().unwrap_or_default().to_string_lossy();
    let source = match (matches.value_source(id), files.origin(flag)) {
        (Some(ValueSource::CommandLine), _) => "flag".to_owned(),
        (Some(ValueSource::EnvVariable), _) => format!("environment {variable}"),
        (_, Some(origin)) => origin.to_string(),
        _ => "default".to_owned(),
    };
    let value = if is_shown { value.as_str() } else { MASK };
    format!("{flag:<30} {:<40} {source}", if value.is_empty() { "-" } else { value })
}
