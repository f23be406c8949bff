//! `orderbell completions` and `orderbell man`.

use anyhow::Context;
use clap::Command;
use clap_complete::Shell;
use std::io::{self, Write as _};
use std::path::Path;

/// The name of the binary.
const NAME: &str = "orderbell";

/// Prints the completions for a shell.
pub(super) fn completions(mut command: Command, shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    io::stdout().write_all(&script)
}

/// Prints the manual page of a command, or writes those of all commands into a folder.
pub(super) fn manual(command: Command, words: &[String], folder: Option<&Path>) -> anyhow::Result<()> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    if let Some(folder) = folder {
        let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
        return written.with_context(|| format!("the manual cannot be written to {}", folder.display()));
    }
    let mut found = &command;
    for word in words {
        found = found.find_subcommand(word).with_context(|| format!("there is no command {word}; see: orderbell help"))?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(found.clone()).render(&mut page)?;
    Ok(io::stdout().write_all(&page)?)
}
