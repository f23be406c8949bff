//! Settings from a file, and secrets from separate files; the output of `orderbell config check`; the completions and the
//! manual.

use std::fs;
use std::path::Path;
use std::process::Output;
use support::server::command;
use tempfile::TempDir;

const KEYS: &str = "k1:a-secret-of-these-tests-and-of-nobody-else";

/// Runs a command with environment variables in a folder.
async fn run(folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> Output {
    command(folder, &[]).args(words).envs(environment.iter().copied()).output().await.unwrap()
}

/// Returns the output of a command that must succeed.
async fn said(folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(folder, words, environment).await;
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the message of a command that must fail.
async fn refused(folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(folder, words, environment).await;
    assert!(!output.status.success(), "{words:?} must be refused");
    String::from_utf8(output.stderr).unwrap()
}

/// Returns a folder with a configuration file.
fn configured(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("orderbell.toml"), text).unwrap();
    folder
}

/// Returns a setting's value and source, as `config check` prints them.
fn setting<'a>(printed: &'a str, flag: &str) -> (&'a str, &'a str) {
    let line = printed.lines().find(|line| line.split_whitespace().next() == Some(flag)).unwrap_or_else(|| panic!("{printed}"));
    let (value, source) = line[flag.len()..].trim_start().split_once(' ').unwrap();
    (value, source.trim_start())
}

const CHECK: [&str; 4] = ["config", "check", "--config", "orderbell.toml"];

#[tokio::test]
async fn a_flag_precedes_the_environment_which_precedes_a_file_which_precedes_the_default() {
    let text = "drain-s = 21\nhead-comparison-s = 22\ndisplay-alarm-s = 23\ndemo = true\n\
                allowed-origin = ['https://one.example.com', 'https://two.example.com']\ndatabase-url = 'sqlite://mine.db'\n";
    let folder = configured(text);
    let environment = [("ORDERBELL_HEAD_COMPARISON_S", "32"), ("ORDERBELL_DISPLAY_ALARM_S", "33"), ("DATABASE_URL", "")];
    let words = [&CHECK[..], &["--", "--display-alarm-s", "43"]].concat();
    let printed = said(folder.path(), &words, &environment).await;
    let file = "file orderbell.toml";
    for (flag, value, source) in [
        ("drain-s", "21", file),
        ("head-comparison-s", "32", "environment ORDERBELL_HEAD_COMPARISON_S"),
        ("display-alarm-s", "43", "flag"),
        ("demo", "true", file),
        ("allowed-origin", "https://one.example.com,https://two.example.com", file),
        ("database-url", "sqlite://mine.db", file),
        ("access-token-minutes", "15", "default"),
        ("public-url", "-", "default"),
    ] {
        assert_eq!(setting(&printed, flag), (value, source), "{flag}");
    }
    assert!(printed.ends_with("a node can start with these settings\n"), "{printed}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the check creates no file");
}

#[tokio::test]
async fn secrets_come_from_files_and_are_masked() {
    let folder = configured("redis-url = 'redis://me:a-password@redis'\n");
    fs::write(folder.path().join("url"), "postgres://me:another-password@db/orderbell\n").unwrap();
    fs::write(folder.path().join("keys"), format!("{KEYS}\n")).unwrap();
    let environment = [("DATABASE_URL_FILE", "url"), ("ORDERBELL_JWT_KEYS_FILE", "keys")];
    let printed = said(folder.path(), &CHECK, &environment).await;
    assert_eq!(setting(&printed, "database-url"), ("********", "file url (DATABASE_URL_FILE)"));
    assert_eq!(setting(&printed, "jwt-keys"), ("********", "file keys (ORDERBELL_JWT_KEYS_FILE)"));
    assert_eq!(setting(&printed, "redis-url"), ("********", "file orderbell.toml"));
    assert!(
        !printed.contains("a-password") && !printed.contains("another-password") && !printed.contains("a-secret"),
        "{printed}"
    );

    let both = [environment.as_slice(), &[("ORDERBELL_JWT_KEYS", KEYS)]].concat();
    let message = refused(folder.path(), &CHECK, &both).await;
    assert!(message.contains("ORDERBELL_JWT_KEYS and ORDERBELL_JWT_KEYS_FILE are both set"), "{message}");
    let message = refused(folder.path(), &CHECK, &[("REDIS_URL_FILE", "absent")]).await;
    assert!(message.contains("absent cannot be read") && message.contains("REDIS_URL_FILE"), "{message}");
}

#[tokio::test]
async fn the_configuration_of_the_package_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/debian/orderbell.toml");
    let printed = said(folder.path(), &["config", "check", "--config", shipped], &[]).await;
    assert_eq!(setting(&printed, "database-url").0, "sqlite:///var/lib/orderbell/orderbell.db");
}

/// The other commands read the same files: a token is signed with the key of the file.
#[tokio::test]
async fn a_tool_takes_its_database_and_its_keys_from_files() {
    let folder = configured("database-url = 'sqlite://mine.db'\n");
    fs::write(folder.path().join("keys"), format!("{KEYS}\n")).unwrap();
    let environment = [("ORDERBELL_CONFIG", "orderbell.toml"), ("ORDERBELL_JWT_KEYS_FILE", "keys")];
    said(folder.path(), &["restaurant", "add", "--slug", "r", "--name", "R", "--currency", "EUR"], &environment).await;
    said(folder.path(), &["token", "--role", "staff", "--restaurant", "r"], &environment).await;
    assert!(folder.path().join("mine.db").exists() && !folder.path().join("mine.db.keys").exists());
}

#[tokio::test]
async fn an_invalid_file_is_refused_with_a_remedy_and_without_its_secrets() {
    for (text, words) in [
        ("drain_s = 3", "there is no setting drain_s; did you mean drain-s?"),
        ("drain-s = 'soon'", "orderbell.toml:\nerror: invalid value 'soon' for '--drain-s"),
        ("jwt-keys = \"k1:a-secret-without-its-end", "orderbell.toml, line 1: "),
        ("redis-url = 'redis://a-secret@h'", "a Redis URL with SQLite is refused"),
    ] {
        let folder = configured(text);
        let message = refused(folder.path(), &CHECK, &[]).await;
        assert!(message.contains(words) && !message.contains("a-secret"), "{text}: {message}");
    }
    let folder = tempfile::tempdir().unwrap();
    let message = refused(folder.path(), &CHECK, &[]).await;
    assert!(message.contains("orderbell.toml cannot be read"), "{message}");
}

#[tokio::test]
async fn completions_and_the_manual_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = said(folder.path(), &["completions", shell], &[]).await;
        assert!(script.contains("database-url") && script.contains("reset-totp"), "{shell}");
    }
    let page = said(folder.path(), &["man", "user", "add"], &[]).await;
    assert!(page.contains("orderbell\\-user\\-add") && page.contains("username"), "{page}");
    assert!(refused(folder.path(), &["man", "usr"], &[]).await.contains("there is no command usr"));
    said(folder.path(), &["man", "--folder", "pages"], &[]).await;
    for page in ["orderbell.1", "orderbell-serve.1", "orderbell-user-add.1"] {
        assert!(folder.path().join("pages").join(page).exists(), "{page}");
    }
}
