//! The command line: `serve`, and the small tools that work on the same database.

mod audit;
mod guests;
mod tools;

use crate::auth::key_material::KeyPair;
use crate::auth::password::Passwords;
use crate::auth::password_policy::Hints;
use crate::auth::token::Issuer;
use crate::config::{Common, Serve, parse_bind};
use crate::domain::model::menu::Menu;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::{RestaurantId, TableId, UserId};
use crate::domain::values::money::Currency;
use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, Name, Slug, Station, TableLabel};
use crate::push::vapid::VapidKey;
use crate::store::accounts::{Restaurant, Table, User};
use crate::store::audit::{Kind, Note, recorded};
use crate::store::credentials::SessionOwner;
use crate::store::open::open;
use crate::store::options::{Mode, Settings};
use crate::store::sessions::{Issued, SessionRow};
use crate::store::{SharedStore, StoreError};
use crate::{clock, startup, telemetry};
use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;
use tools::{parse_span, restaurant, say};

/// Live order updates for restaurants.
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
    /// Print a fresh pair of keys: the half that signs tokens, and the half that verifies them alone.
    Keys {
        /// The id of both. Default: made of the public one.
        #[arg(long, value_parser = parse_kid)]
        kid: Option<Key>,
    },
    /// Print a fresh key for messages to guests' phones, as a line for the environment, and its public half.
    Vapid,
    /// Ask a running server whether it is ready; for containers.
    Healthcheck {
        /// The address to ask.
        #[arg(long, env = "ORDERBELL_BIND", default_value = "127.0.0.1:8080", value_parser = parse_bind)]
        bind: std::net::SocketAddr,
    },
}

/// Commands that work on the database, beside a node or without one.
#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Bring the database's schema up to date, and stop.
    Migrate,
    /// Print a token, for a screen or a script; list those printed, and take one back.
    Token(TokenArgs),
    /// Restaurants.
    #[command(subcommand)]
    Restaurant(RestaurantCommand),
    /// People.
    #[command(subcommand)]
    User(UserCommand),
    /// Who did what.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// What is stored of one guest.
    #[command(subcommand)]
    Guest(guests::GuestCommand),
    /// Take the words and ids of guests out of old orders now.
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
    /// List the tokens of a restaurant that were printed and have not expired.
    List {
        /// Where: the restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
    },
    /// Take a token back: every node refuses it within two seconds, and closes its connections.
    Revoke {
        /// Its id, as printed beside it and by `token list`.
        id: Key,
    },
}

#[derive(Debug, clap::Args)]
struct IssueArgs {
    /// As what: diner, kitchen, staff, manager or service.
    #[arg(long)]
    role: Role,
    /// Where: the restaurant's slug.
    #[arg(long)]
    restaurant: Slug,
    /// The station a kitchen screen is bound to; without one it sees and touches all.
    #[arg(long)]
    station: Option<Station>,
    /// The table a diner sits at.
    #[arg(long)]
    table: Option<TableLabel>,
    /// What it is for, to find it again in the list.
    #[arg(long, default_value = "token")]
    name: Name,
    /// How long it is good for: 30m, 12h, 7d.
    #[arg(long, default_value = "12h", value_parser = parse_span)]
    expires: Duration,
}

#[derive(Debug, Subcommand)]
enum RestaurantCommand {
    /// Add a restaurant with an empty menu.
    Add {
        /// Its name in URLs: lower-case letters, digits, hyphens.
        #[arg(long)]
        slug: Slug,
        /// Its name for people.
        #[arg(long)]
        name: Name,
        /// The currency of its menu (ISO 4217).
        #[arg(long)]
        currency: Currency,
        /// Minutes promised when staff accept without saying.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=480))]
        default_minutes: u16,
        /// How many tables to make, labelled 1, 2, 3 …; their addresses are printed.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=500))]
        tables: u16,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a person. The password is read from standard input, one line.
    Add {
        /// Where: the restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// What they sign in with.
        #[arg(long)]
        username: Key,
        /// staff or manager.
        #[arg(long, default_value = "staff", value_parser = parse_person_role)]
        role: Role,
    },
    /// Remove the second factor of a person who has lost it. They are signed out everywhere.
    ResetTotp {
        /// Where: the restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// What they sign in with.
        #[arg(long)]
        username: Key,
    },
}

/// Runs the command line to its end. Errors go to standard error, causes included.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::start_logging(&cli.common.log);
    let outcome = actix_rt::System::new().block_on(run(cli));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "orderbell: {}", explain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Returns an error with its causes, each said once: many errors of libraries repeat their cause.
fn explain(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| match (text.is_empty(), cause.to_string()) {
        (true, cause) => cause,
        (false, cause) if text.contains(&cause) => text,
        (false, cause) => format!("{text}: {cause}"),
    })
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let common = &cli.common;
    match cli.command {
        Command::Serve(serve) => startup::serve(common, &serve).await?,
        Command::Keys { kid } => say_keys(&KeyPair::random(kid))?,
        Command::Vapid => say(&vapid())?,
        Command::Healthcheck { bind } => return startup::healthcheck::healthcheck(bind).await,
        Command::Database(command) => {
            let settings = Settings { mode: Mode::Tool, connections: 1 };
            let store = open(common.database_url.expose_secret(), settings).await?;
            let outcome = on_database(common, &store, command).await;
            // Whole, also after an error: where no node runs, what SQLite keeps in its log goes into the file.
            store.close().await;
            outcome?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn on_database(common: &Common, store: &SharedStore, command: DatabaseCommand) -> anyhow::Result<()> {
    match command {
        DatabaseCommand::Migrate => say("the schema is up to date")?,
        DatabaseCommand::Token(TokenArgs { command: Some(TokenCommand::List { restaurant }), .. }) => {
            say(&list_tokens(store, &restaurant).await?)?;
        }
        DatabaseCommand::Token(TokenArgs { command: Some(TokenCommand::Revoke { id }), .. }) => {
            revoke_token(store, &id).await?;
        }
        DatabaseCommand::Token(TokenArgs { issue, .. }) => {
            let args = issue.context("say --role and --restaurant")?;
            say(token(common, store, args).await?.expose_secret())?;
        }
        DatabaseCommand::Restaurant(RestaurantCommand::Add { slug, name, currency, default_minutes, tables }) => {
            let id = RestaurantId::from_uuid(clock::new_id());
            let restaurant = Restaurant { id, slug, name, currency, default_minutes };
            add_restaurant(store, restaurant, tables).await?;
        }
        DatabaseCommand::User(UserCommand::Add { restaurant, username, role }) => {
            add_user(store, &restaurant, username, role).await?;
        }
        DatabaseCommand::User(UserCommand::ResetTotp { restaurant, username }) => {
            reset_totp(store, &restaurant, &username).await?;
        }
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

/// Says both halves of a pair, each an entry of `ORDERBELL_JWT_KEYS`.
fn say_keys(pair: &KeyPair) -> std::io::Result<()> {
    say("# secret, for nodes that sign (--role all, --role api):")?;
    say(pair.private_entry.expose_secret())?;
    say("# for nodes that verify alone (--role realtime):")?;
    say(&pair.public_entry)
}

/// Reads the id of a key, which ends at a colon, in a list with commas.
fn parse_kid(text: &str) -> Result<Key, String> {
    let kid = text.parse::<Key>().ok().filter(|kid| !kid.as_str().contains([':', ',']));
    kid.ok_or_else(|| "a kid is 1 to 64 visible ASCII characters without a colon or a comma".into())
}

/// Reads the role of a person.
fn parse_person_role(text: &str) -> Result<Role, String> {
    let role = text.parse().ok().filter(|role| matches!(role, Role::Staff | Role::Manager));
    role.ok_or_else(|| "people are staff or manager; screens are paired, and a POS gets an API key".into())
}

/// One line a token: its id, what it is, until when, and what it is for.
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
    };
    let now = clock::now();
    let token = Issuer::of(&startup::keyring(common)?)?.issue(&principal, args.expires, now)?;
    // Listed first: a token that nobody can find again is not handed out.
    let row = SessionRow { expires_at: now.plus(args.expires), principal };
    let id = &row.principal.session;
    let note = Note::new(restaurant.id, Kind::Sessions, "print_token").about(id).called(&args.name).set_to(args.role);
    recorded(note, store.add_issued(&row, &args.name, now)).await?;
    writeln!(std::io::stderr(), "token {id}; take it back with: orderbell token revoke {id}")?;
    Ok(token)
}

/// Ends the session of a token. One that is not listed has no restaurant whose audit it would belong to.
async fn revoke_token(store: &SharedStore, id: &Key) -> anyhow::Result<()> {
    match store.session_owner(id).await? {
        Some(SessionOwner { restaurant, role, token_name }) => {
            let label = token_name.as_ref().map_or("session", Name::as_str);
            let note = Note::new(restaurant, Kind::Sessions, "revoke_token").about(id).called(label).set_to(role);
            recorded(note, store.end_session(id)).await?;
        }
        // A token of an earlier version has no row; its id is a UUID all the same.
        None if uuid::Uuid::try_parse(id.as_str()).is_err() => {
            bail!("{id} is not the id of a token; list them with: orderbell token list --restaurant SLUG")
        }
        None => {
            store.end_session(id).await?;
            return Ok(say(&format!("no token {id} is listed; should there be one, it is refused from now on"))?);
        }
    }
    say(&format!("token {id} is revoked"))?;
    Ok(())
}

async fn add_restaurant(store: &SharedStore, restaurant: Restaurant, tables: u16) -> anyhow::Result<()> {
    let menu = Menu {
        restaurant: restaurant.id,
        position: Position::ZERO,
        currency: restaurant.currency,
        paused: false,
        paused_until: None,
        categories: BTreeMap::new(),
        items: BTreeMap::new(),
    };
    match store.add_restaurant(&restaurant, &menu, clock::now()).await {
        Err(StoreError::Taken) => bail!("there is a restaurant {} already", restaurant.slug),
        added => added?,
    }
    say(&format!("restaurant {} has the id {}", restaurant.slug, restaurant.id))?;
    for number in 1..=tables {
        let key: Key = crate::auth::secret::random_secret().expose_secret().parse()?;
        let table = Table {
            id: TableId::from_uuid(clock::new_id()),
            restaurant: restaurant.id,
            label: number.to_string().parse()?,
            key: key.clone(),
        };
        let note = Note::new(restaurant.id, Kind::Tables, "add_table").about(table.id).called(&table.label);
        recorded(note, store.add_table(&table)).await?;
        say(&format!("table {number}: /t/{key}"))?;
    }
    Ok(())
}

async fn add_user(store: &SharedStore, slug: &Slug, username: Key, role: Role) -> anyhow::Result<()> {
    let restaurant = restaurant(store, slug).await?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("the password is read from standard input")?;
    let password = SecretString::from(line.trim_end_matches(['\r', '\n']).to_owned());
    let hints = Hints::of(&username, &restaurant.slug, &restaurant.name);
    let password_hash = Passwords::default().hash_new(password, hints).await?;
    let user = User { id: UserId::from_uuid(clock::new_id()), restaurant: restaurant.id, username, role, password_hash };
    let note = Note::new(user.restaurant, Kind::People, "add_person").about(user.id).called(&user.username).set_to(role);
    match recorded(note, store.add_user(&user, clock::now())).await {
        Err(StoreError::Taken) => bail!("{} is taken in {slug}", user.username),
        added => added?,
    }
    say(&format!("{} may sign in as {role} of {slug}", user.username))?;
    Ok(())
}

async fn reset_totp(store: &SharedStore, slug: &Slug, username: &Key) -> anyhow::Result<()> {
    let restaurant = restaurant(store, slug).await?;
    let user = store.user_by_name(restaurant.id, username).await?;
    let user = user.with_context(|| format!("nobody signs in as {username} in {slug}"))?;
    let note = Note::new(restaurant.id, Kind::People, "reset_second_factor").about(user.id).called(username);
    match recorded(note, store.remove_second_factor(restaurant.id, user.id, None)).await {
        Err(StoreError::Missing) => bail!("{username} has no second factor"),
        removed => removed?,
    };
    say(&format!("{username} signs in with the password alone, and is signed out everywhere"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// A setting that is documented with another default is worse than one that is not documented.
    #[test]
    fn operations_md_names_every_setting_with_its_variable_and_its_default() {
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
    fn a_vapid_key_is_printed_as_the_environment_takes_it_and_a_fresh_one_each_time() {
        let printed = vapid();
        let (secret, public) = printed.split_once('\n').unwrap();
        let key = VapidKey::parse(&secret.strip_prefix("ORDERBELL_VAPID_KEY=").unwrap().into()).unwrap();
        assert_eq!(public, format!("public key: {}", key.public_key()));
        assert_ne!(vapid(), printed);
    }

    #[test]
    fn a_cause_is_said_once() {
        let cause = anyhow::anyhow!("connection refused").context("error of the network: connection refused");
        assert_eq!(explain(&cause.context("no database")), "no database: error of the network: connection refused");
    }

    #[test]
    fn a_person_is_staff_or_a_manager() {
        assert_eq!(parse_person_role("manager"), Ok(Role::Manager));
        for bad in ["chef", "kitchen", "service", "diner", ""] {
            assert!(parse_person_role(bad).unwrap_err().starts_with("people are staff or manager"), "{bad}");
        }
    }

    #[test]
    fn the_id_of_a_key_stays_one_in_a_keyring() {
        assert_eq!(parse_kid("k-2026.11").unwrap().as_str(), "k-2026.11");
        for bad in ["", "a:b", "a,b", "a b", "é", &"x".repeat(65)] {
            assert!(parse_kid(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_are_read_and_nonsense_is_refused() {
        assert_eq!(parse_span("12h"), Ok(Duration::from_secs(12 * 3600)));
        assert_eq!(parse_span("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for bad in ["", "h", "12", "0h", "-1h", "1.5h", "12é", "99999999999999999999d", "99999999999999999d"] {
            assert!(parse_span(bad).is_err(), "{bad}");
        }
    }
}
