//! The command line: `serve`, and tools that work on the same database.

mod api_keys;
mod arguments;
mod audit;
mod backup;
mod compact;
mod doctor;
mod events;
mod guests;
mod manual;
mod people;
mod restaurants;
mod screens;
mod settings;
mod tools;

use crate::auth::key_material::KeyPair;
use crate::auth::token::Issuer;
use crate::config::{Common, Serve, parse_bind, parse_path};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::text::{Key, Name, Slug, Station, TableLabel};
use crate::push::vapid::VapidKey;
use crate::store::SharedStore;
use crate::store::audit::{Kind, Note, recorded};
use crate::store::credentials::SessionOwner;
use crate::store::open::open;
use crate::store::options::{Mode, Settings};
use crate::store::sessions::{Issued, SessionRow};
use crate::telemetry::logging::start_logging;
use crate::{clock, startup, telemetry};
use anyhow::{Context, bail};
use arguments::Parsed;
use clap::{ArgMatches, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use secrecy::{ExposeSecret, SecretString};
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tools::{parse_span, print, restaurant};

/// Returns the command line, with every setting.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

#[derive(Debug, Parser)]
#[command(name = "orderbell", version, about, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve diners, kitchen screens and staff.
    Serve(Box<Serve>),
    #[command(flatten)]
    Database(DatabaseCommand),
    /// Print a new pair of keys: the half that signs tokens, and the half that only verifies them.
    Keys {
        /// The id of both. Default: derived from the public key.
        #[arg(long, value_parser = parse_kid)]
        kid: Option<Key>,
    },
    /// Print a new VAPID key for push messages, as a line for the environment, and its public half.
    Vapid,
    /// Rewrite a SQLite database to take as little space as it can. Stop the node first.
    Compact,
    /// Show the settings that a node would have.
    #[command(subcommand)]
    Config(settings::ConfigCommand),
    /// Check the configuration, the database, Redis, the clock, limits, the disk, push, the public address and a running node.
    /// Changes nothing; fails if a node could not work.
    Doctor {
        /// Print the findings as JSON.
        #[arg(long)]
        json: bool,
        /// Flags of `serve` for the check, after `--`.
        #[arg(last = true)]
        flags: Vec<OsString>,
    },
    /// Print the completions of this command line for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page of a command, in the format of man.
    Man {
        /// The command, such as `serve` or `user add`. Default: orderbell itself.
        command: Vec<String>,
        /// Write the pages of all commands into this folder.
        #[arg(long, conflicts_with = "command")]
        folder: Option<PathBuf>,
    },
    /// Copy a SQLite database to a new file while its node runs, with its key file, and read the copy back.
    Backup {
        /// The new file. Nothing is overwritten.
        file: PathBuf,
    },
    /// Put a backup in the place of a SQLite database, and keep the replaced one beside it. Stop the node first.
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Check that a running server is ready; for containers.
    Healthcheck {
        /// The server's address.
        #[arg(long, env = "ORDERBELL_BIND", default_value = "127.0.0.1:8080", value_parser = parse_bind)]
        bind: std::net::SocketAddr,
        /// Certificate of the server, if it serves HTTPS. It is not read: the address is this machine's own.
        #[arg(long, env = "ORDERBELL_TLS_CERTIFICATE", value_parser = parse_path)]
        tls_certificate: Option<PathBuf>,
    },
}

/// Commands that work on the database, with or without a running node.
#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Bring the database's schema up to date.
    Migrate,
    /// Issue a token for a screen or a script, list issued tokens, or revoke one.
    Token(TokenArgs),
    /// Manage restaurants.
    #[command(subcommand)]
    Restaurant(restaurants::RestaurantCommand),
    /// Manage people.
    #[command(subcommand)]
    User(people::UserCommand),
    /// Manage paired kitchen screens.
    #[command(subcommand)]
    Screen(screens::ScreenCommand),
    /// Manage the API keys of POS systems and delivery platforms.
    #[command(subcommand)]
    ApiKey(api_keys::ApiKeyCommand),
    /// Export the events of a restaurant.
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Export the audit (who did what).
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Export or erase the data of one guest.
    #[command(subcommand)]
    Guest(guests::GuestCommand),
    /// Remove guests' words and ids from old orders now.
    Purge(guests::PurgeArgs),
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct TokenArgs {
    #[command(flatten)]
    issue: Option<IssueArgs>,
    #[command(subcommand)]
    command: Option<TokenCommand>,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// List the issued tokens of a restaurant that have not expired.
    List {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
    },
    /// Revoke a token. Within two seconds, each node refuses it and closes its connections.
    Revoke {
        /// The token's id, as printed when it was issued and by `token list`.
        id: Key,
    },
}

#[derive(Debug, clap::Args)]
struct IssueArgs {
    /// The role: diner, kitchen, staff, manager or service.
    #[arg(long)]
    role: Role,
    /// The restaurant's slug.
    #[arg(long)]
    restaurant: Slug,
    /// The station of a kitchen screen. Without one, the screen sees and changes all stations.
    #[arg(long)]
    station: Option<Station>,
    /// The table of a diner.
    #[arg(long)]
    table: Option<TableLabel>,
    /// A name for the list of tokens.
    #[arg(long, default_value = "token")]
    name: Name,
    /// The lifetime: 30m, 12h, 7d.
    #[arg(long, default_value = "12h", value_parser = parse_span)]
    expires: Duration,
}

/// Runs the command line. Errors go to standard error, with their causes.
#[must_use]
pub fn main() -> ExitCode {
    use_small_pages();
    let parsed = arguments::parse::<Cli>(&std::env::args_os().collect::<Vec<_>>()).unwrap_or_else(|refused| refused.exit());
    start_logging(&parsed.cli.common.log, parsed.cli.common.log_format);
    let outcome = actix_rt::System::new().block_on(run(parsed.cli, &parsed.matches));
    match outcome {
        Ok(code) => code,
        // The reader of the output has seen enough (head).
        Err(error) if tools::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "orderbell: {}", telemetry::causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Asks the kernel for small pages. With transparent huge pages each thread's heap takes 2 MB at its first allocation, which
/// doubles the memory of a node at rest.
fn use_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

async fn run(cli: Cli, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let common = &cli.common;
    match cli.command {
        Command::Serve(serve) => startup::serve(common, &serve).await?,
        Command::Keys { kid } => print_keys(&KeyPair::random(kid))?,
        Command::Vapid => print(&vapid())?,
        Command::Compact => compact::compact(common).await?,
        Command::Config(command) => check_settings(command, matches)?,
        Command::Doctor { json, flags } => return examine(flags, json, matches).await,
        Command::Completions { shell } => manual::completions(Cli::command(), shell)?,
        Command::Man { command, folder } => manual::manual(Cli::command(), &command, folder.as_deref())?,
        Command::Backup { file } => backup::back_up(common, &file).await?,
        Command::Restore { file } => backup::restore(common, &file).await?,
        Command::Healthcheck { bind, tls_certificate } => {
            let is_tls = tls_certificate.is_some_and(|path| !path.as_os_str().is_empty());
            return startup::healthcheck::healthcheck(bind, is_tls).await;
        }
        Command::Database(command) => {
            let settings = Settings { mode: Mode::Tool, connections: 1 };
            let store = open(common.database_url.expose_secret(), settings).await?;
            let outcome = run_on_database(common, &store, command).await;
            // Also after an error: if no node runs, closing moves SQLite's write-ahead log into the
            // file.
            store.close().await;
            outcome?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the settings that `serve` would have in this environment, and refuses those that a node would refuse.
fn check_settings(command: settings::ConfigCommand, matches: &ArgMatches) -> anyhow::Result<()> {
    let settings::ConfigCommand::Check { flags } = command;
    let parsed = parse_serve(flags, matches);
    settings::print_all(Cli::command(), &parsed)?;
    startup::check(&parsed.cli.common, serve_of(&parsed)?)?;
    Ok(print("a node can start with these settings")?)
}

/// Checks everything that a `serve` would depend on in this environment.
async fn examine(flags: Vec<OsString>, as_json: bool, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let parsed = parse_serve(flags, matches);
    doctor::run(&parsed.cli.common, serve_of(&parsed)?, &parsed.files, as_json).await
}

/// Reads the settings that `serve` would have here, with further flags.
fn parse_serve(flags: Vec<OsString>, matches: &ArgMatches) -> Parsed<Cli> {
    let words = settings::words(&Cli::command(), matches, flags);
    arguments::parse(&words).unwrap_or_else(|refused| refused.exit())
}

fn serve_of(parsed: &Parsed<Cli>) -> anyhow::Result<&Serve> {
    let Command::Serve(serve) = &parsed.cli.command else { bail!("write only flags of serve after --") };
    Ok(serve)
}

async fn run_on_database(common: &Common, store: &SharedStore, command: DatabaseCommand) -> anyhow::Result<()> {
    match command {
        DatabaseCommand::Migrate => print("the schema is up to date")?,
        DatabaseCommand::Token(TokenArgs { command: Some(TokenCommand::List { restaurant }), .. }) => {
            print(&list_tokens(store, &restaurant).await?)?;
        }
        DatabaseCommand::Token(TokenArgs { command: Some(TokenCommand::Revoke { id }), .. }) => {
            revoke_token(store, &id).await?;
        }
        DatabaseCommand::Token(TokenArgs { issue, .. }) => {
            let args = issue.context("--role and --restaurant are required")?;
            print(token(common, store, args).await?.expose_secret())?;
        }
        DatabaseCommand::Restaurant(command) => restaurants::run(store, command).await?,
        DatabaseCommand::User(command) => people::run(store, command).await?,
        DatabaseCommand::Screen(command) => screens::run(store, command).await?,
        DatabaseCommand::ApiKey(command) => api_keys::run(store, command).await?,
        DatabaseCommand::Events(command) => events::run(store, command).await?,
        DatabaseCommand::Audit(command) => audit::run(store, command).await?,
        DatabaseCommand::Guest(command) => guests::run(store, command).await?,
        DatabaseCommand::Purge(args) => guests::purge(store, args).await?,
    }
    Ok(())
}

fn vapid() -> String {
    let key = VapidKey::random();
    format!("ORDERBELL_VAPID_KEY={}\npublic key: {}", key.secret().expose_secret(), key.public_key())
}

/// Prints both halves of a pair, each as an entry of `ORDERBELL_JWT_KEYS`.
fn print_keys(pair: &KeyPair) -> std::io::Result<()> {
    print("# secret, for nodes that sign (--role all, --role api):")?;
    print(pair.private_entry.expose_secret())?;
    print("# for nodes that only verify (--role realtime):")?;
    print(&pair.public_entry)
}

/// Parses the id of a key. A keyring separates it from the key by a colon, and keys by commas.
fn parse_kid(text: &str) -> Result<Key, String> {
    let kid = text.parse::<Key>().ok().filter(|kid| !kid.as_str().contains([':', ',']));
    kid.ok_or_else(|| "a kid is 1 to 64 visible ASCII characters without a colon or a comma".into())
}

/// Returns one line for each token.
async fn list_tokens(store: &SharedStore, slug: &Slug) -> anyhow::Result<String> {
    let restaurant = restaurant(store, slug).await?;
    let tokens = store.issued(restaurant.id, clock::now()).await?;
    let lines = tokens.iter().map(|token| {
        let Issued { session, name, role, created_at, expires_at } = token;
        format!("{session}  {role}  issued {created_at}  expires {expires_at}  {name}")
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

async fn token(common: &Common, store: &SharedStore, args: IssueArgs) -> anyhow::Result<SecretString> {
    let restaurant = restaurant(store, &args.restaurant).await?;
    let principal = Principal {
        sub: clock::new_id().to_string().parse()?,
        role: args.role,
        restaurant: restaurant.id,
        session: clock::new_id().to_string().parse()?,
        station: args.station,
        table: args.table,
        device: None,
        share: None,
        name: None,
    };
    let now = clock::now();
    let token = Issuer::of(&startup::keyring(common)?)?.issue(&principal, args.expires, now)?;
    // Recorded before it is returned, so that each issued token can be revoked.
    let row = SessionRow { expires_at: now.plus(args.expires), principal };
    let id = &row.principal.session;
    let note = Note::new(restaurant.id, Kind::Sessions, "print_token").about(id).called(&args.name).set_to(args.role);
    recorded(note, store.add_issued(&row, &args.name, now)).await?;
    writeln!(std::io::stderr(), "token {id}; revoke it with: orderbell token revoke {id}")?;
    Ok(token)
}

/// Ends the session of a token. A token that is not listed has no restaurant, and so no audit
/// entry.
async fn revoke_token(store: &SharedStore, id: &Key) -> anyhow::Result<()> {
    match store.session_owner(id).await? {
        Some(SessionOwner { restaurant, role, token_name }) => {
            let label = token_name.as_ref().map_or("session", Name::as_str);
            let note = Note::new(restaurant, Kind::Sessions, "revoke_token").about(id).called(label).set_to(role);
            recorded(note, store.end_session(id)).await?;
        }
        // A token of an older version has no row, but its id is a UUID too.
        None if uuid::Uuid::try_parse(id.as_str()).is_err() => {
            bail!("{id} is not the id of a token; list them with: orderbell token list --restaurant SLUG")
        }
        None => {
            store.end_session(id).await?;
            return Ok(print(&format!("no token {id} is listed; if it exists, it is revoked now"))?);
        }
    }
    print(&format!("token {id} is revoked"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// A setting with a wrong documented default is worse than an undocumented one.
    #[test]
    fn operations_md_lists_each_setting_with_its_variable_and_default() {
        let document = include_str!("../docs/operations.md");
        let serve = Cli::command().find_subcommand("serve").unwrap().clone();
        let common = Cli::command();
        let settings = serve.get_arguments().chain(common.get_arguments()).filter(|setting| !setting.is_hide_set());
        for setting in settings.filter(|setting| setting.get_env().is_some()) {
            let (flag, variable) = (setting.get_long().unwrap(), setting.get_env().unwrap().to_str().unwrap());
            let row = document.lines().find(|line| line.starts_with('|') && line.contains(&format!("`--{flag}`")));
            let row = row.unwrap_or_else(|| panic!("--{flag} is not in the tables"));
            assert!(row.contains(&format!("`{variable}`")), "{variable} in {row}");
            let words = row.replace(',', "");
            for default in setting.get_default_values() {
                let default = default.to_str().unwrap().replace(',', "");
                assert!(default == "false" || words.contains(&default), "{default} of --{flag} in {row}");
            }
        }
    }

    #[test]
    fn a_new_vapid_key_is_printed_as_a_line_for_the_environment() {
        let printed = vapid();
        let (secret, public) = printed.split_once('\n').unwrap();
        let key = VapidKey::parse(&secret.strip_prefix("ORDERBELL_VAPID_KEY=").unwrap().into()).unwrap();
        assert_eq!(public, format!("public key: {}", key.public_key()));
        assert_ne!(vapid(), printed);
    }

    #[test]
    fn the_id_of_a_key_has_no_separators() {
        assert_eq!(parse_kid("k-2026.11").unwrap().as_str(), "k-2026.11");
        for bad in ["", "a:b", "a,b", "a b", "é", &"x".repeat(65)] {
            assert!(parse_kid(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_parse_and_invalid_ones_are_refused() {
        assert_eq!(parse_span("12h"), Ok(Duration::from_secs(12 * 3600)));
        assert_eq!(parse_span("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for bad in ["", "h", "12", "0h", "-1h", "1.5h", "12é", "99999999999999999999d", "99999999999999999d"] {
            assert!(parse_span(bad).is_err(), "{bad}");
        }
    }
}
