//! `orderbell backup` and `orderbell restore`: copies of a SQLite database with its key file.

use super::tools::print;
use crate::clock;
use crate::config::Common;
use crate::domain::values::time::Timestamp;
use crate::startup::key_file;
use crate::store::sqlite::backup::{self, Contents};
use crate::store::sqlite::revived::Listed;
use crate::telemetry::causes;
use anyhow::{Context, bail, ensure};
use secrecy::ExposeSecret;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The refusal of a database on a server.
const ON_A_SERVER: &str = "only a SQLite database is backed up and restored by this command; for PostgreSQL use \
    pg_dump --format=custom and pg_restore, or continuous archiving (see \"Backups\" in docs/operations.md)";

/// Copies the database, and its key file if the keys come from there.
pub(super) async fn back_up(common: &Common, target: &Path) -> anyhow::Result<()> {
    ensure!(common.is_sqlite(), ON_A_SERVER);
    let (from, to) = (keys_of_database(common), keys_of_backup(target));
    if to.symlink_metadata().is_ok() {
        bail!("{} exists already, and nothing is overwritten; name another file, or move it away", to.display());
    }
    let missing = target.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    if let Some(folder) = missing {
        bail!("the folder {} does not exist; make it first, or name a file elsewhere", folder.display());
    }
    // Copied before the database gets its name, so that no copy is without its keys.
    let keys = from.as_ref().filter(|from| from.exists());
    if let Some(from) = keys {
        copy(from, &to).map_err(|error| {
            let full = if error.kind() == io::ErrorKind::StorageFull { ", whose disk is full" } else { "" };
            let what = format!("the key file {} cannot be copied to {}{full}", from.display(), to.display());
            anyhow::Error::new(error).context(what)
        })?;
    }
    let copied = backup::back_up(common.database_url.expose_secret(), target).await;
    if copied.is_err() && keys.is_some() {
        fs::remove_file(&to).with_context(|| format!("{} cannot be removed", to.display()))?;
    }
    let and_keys = keys.map(|_| format!(" and {}", to.display())).unwrap_or_default();
    print(&format!("{}{and_keys}: {}; read back, and sound", target.display(), listed(copied?)))?;
    match from {
        Some(from) if and_keys.is_empty() => Ok(print(&format!(
            "no keys were copied, since there is no key file {}; without its keys, everybody signs in again",
            from.display()
        ))?),
        Some(_) => Ok(()),
        None => Ok(print("no keys were copied, since they are in ORDERBELL_JWT_KEYS; keep that setting with the copy")?),
    }
}

/// Puts a backup in the place of the database, and its key file if it has one.
pub(super) async fn restore(common: &Common, source: &Path) -> anyhow::Result<()> {
    ensure!(common.is_sqlite(), ON_A_SERVER);
    let suffix = format!(".replaced-{}", compact(clock::now()));
    let restored = backup::restore(common.database_url.expose_secret(), source, &suffix).await?;
    print(&format!("restored {}: {}", source.display(), listed(restored.contents)))?;
    if let Some(keys) = keys_of_database(common) {
        restore_keys(&keys_of_backup(source), &keys, &suffix).with_context(|| {
            format!("the database is restored, but not its key file; copy {} by hand", keys_of_backup(source).display())
        })?;
    }
    match &restored.revived {
        Ok(listed) => print_revived(listed)?,
        Err(error) => print(&format!(
            "the replaced database cannot be read ({}), so what had been revoked since the backup is not known, and is valid again: \
             people, passwords, API keys, screens, tokens, tables' codes, erased guests; see \"After a restore\" in docs/operations.md",
            causes(error)
        ))?,
    }
    if let Some(replaced) = restored.replaced {
        print(&format!("the replaced database is {}; remove it when nobody needs it", replaced.display()))?;
    }
    Ok(print("all screens start over at the next start of the node")?)
}

/// The most names of a kind to print.
const NAMES: usize = 50;

/// Prints what was revoked after the backup: first what stays revoked, then what an operator has to check.
fn print_revived(listed: &[Listed]) -> io::Result<()> {
    for Listed { what, names, remedy } in listed {
        let count = names.len();
        let more = if count > NAMES { format!(" and {} more", count - NAMES) } else { String::new() };
        let shown = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
        print(&match remedy {
            Some(remedy) => format!("TO DO: {count} {what}: {shown}{more}\n       {remedy}"),
            None => format!("since the backup: {count} {what}: {shown}{more}"),
        })?;
    }
    Ok(())
}

/// Puts a key file in place. Without one in the backup, the present keys stay.
fn restore_keys(from: &Path, to: &Path, suffix: &str) -> io::Result<()> {
    if !from.exists() || to.exists() && fs::read(from)? == fs::read(to)? {
        return Ok(());
    }
    if to.exists() {
        let aside = with_suffix(to, suffix);
        fs::rename(to, &aside)?;
        print(&format!("the replaced key file is {}", aside.display()))?;
    }
    copy(from, to)
}

/// Copies a key file to a new one, which only its owner may read.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut keys = Vec::new();
    fs::File::open(from)?.read_to_end(&mut keys)?;
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(to)?;
    let written = file.write_all(&keys).and_then(|()| file.sync_all());
    // Half a key file would block the next try.
    written.inspect_err(|_| drop(fs::remove_file(to)))
}

/// Returns the key file beside the database; `None` when the keys are in the configuration.
fn keys_of_database(common: &Common) -> Option<PathBuf> {
    common.jwt_keys.is_none().then(|| key_file(common.database_url.expose_secret()))
}

/// Returns the path of the key file beside a backup, where a node that serves the backup would look for it.
fn keys_of_backup(backup: &Path) -> PathBuf {
    with_suffix(backup, ".keys")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Writes a time for the name of a file: `20261130T110500Z`.
fn compact(time: Timestamp) -> String {
    let text: String = time.to_string().chars().filter(|letter| !matches!(letter, '-' | ':')).collect();
    format!("{}Z", text.split('.').next().unwrap_or_default())
}

fn listed(contents: Contents) -> String {
    let Contents { restaurants, orders, events } = contents;
    format!("{restaurants} restaurants, {orders} orders, {events} events")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_a_name_has_no_colons() {
        assert_eq!(compact(Timestamp::from_millis(1_796_036_700_123)), "20261130T110500Z");
    }

    #[test]
    fn the_keys_of_a_backup_are_where_a_node_looks_for_them() {
        assert_eq!(keys_of_backup(Path::new("a/b.db")), key_file("sqlite://a/b.db"));
    }
}
