//! `orderbell user`: the people of a restaurant.

use super::tools::{print, restaurant};
use crate::auth::password::Passwords;
use crate::auth::password_policy::Hints;
use crate::clock;
use crate::domain::model::principal::Role;
use crate::domain::values::ids::UserId;
use crate::domain::values::text::{Key, Slug};
use crate::domain::values::version::Expected;
use crate::store::accounts::{Restaurant, User, UserChange, UserChanged};
use crate::store::audit::{Kind, Note, recorded};
use crate::store::{SharedStore, StoreError};
use anyhow::{Context, bail};
use clap::Subcommand;
use secrecy::SecretString;
use std::io::BufRead as _;

/// The most people of one read.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a person. The password is read from standard input, one line.
    Add {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// The name for signing in.
        #[arg(long)]
        username: Key,
        /// The role: staff or manager.
        #[arg(long, default_value = "staff", value_parser = parse_person_role)]
        role: Role,
    },
    /// Remove the second factor of a person who has lost it, and sign them out everywhere.
    ResetTotp {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// The name for signing in.
        #[arg(long)]
        username: Key,
    },
    /// List the people of a restaurant: the username, the role, and whether a second factor is set up.
    List {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
    },
    /// Set another password, which is read from standard input, one line. Signs the person out everywhere.
    ResetPassword {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// The name for signing in.
        #[arg(long)]
        username: Key,
    },
    /// Set another role. Signs the person out everywhere.
    SetRole {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// The name for signing in.
        #[arg(long)]
        username: Key,
        /// The role: staff or manager.
        #[arg(long, value_parser = parse_person_role)]
        role: Role,
    },
    /// Remove a person, who is signed out everywhere.
    Remove {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// The name for signing in.
        #[arg(long)]
        username: Key,
    },
}

pub(super) async fn run(store: &SharedStore, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { restaurant, username, role } => add_user(store, &restaurant, username, role).await,
        UserCommand::List { restaurant } => list(store, &restaurant).await,
        UserCommand::ResetTotp { restaurant, username } => reset_totp(store, &restaurant, &username).await,
        UserCommand::ResetPassword { restaurant: slug, username } => {
            let user = find(store, &slug, &username).await?;
            let restaurant = restaurant(store, &slug).await?;
            let password_hash = Some(hash_of_input(&restaurant, &username).await?);
            let change = UserChange::Set { role: None, password_hash };
            change_user(store, user, "change_password", change).await?;
            Ok(print(&format!("{username} has a new password, and is signed out everywhere"))?)
        }
        UserCommand::SetRole { restaurant, username, role } => {
            let user = find(store, &restaurant, &username).await?;
            let change = UserChange::Set { role: Some(role), password_hash: None };
            change_user(store, user, "change_role", change).await?;
            Ok(print(&format!("{username} is now {role}, and is signed out everywhere"))?)
        }
        UserCommand::Remove { restaurant, username } => {
            let user = find(store, &restaurant, &username).await?;
            change_user(store, user, "remove_person", UserChange::Remove).await?;
            Ok(print(&format!("{username} is removed, and signed out everywhere"))?)
        }
    }
}

async fn list(store: &SharedStore, slug: &Slug) -> anyhow::Result<()> {
    let restaurant = restaurant(store, slug).await?;
    let guarded = store.people_with_second_factor(restaurant.id).await?;
    let mut after = None;
    loop {
        let users = store.users(restaurant.id, after.as_ref(), PAGE).await?;
        for user in &users {
            let factor = if guarded.contains(&user.id) { "second factor" } else { "password only" };
            print(&format!("{}  {}  {factor}", user.username, user.role))?;
        }
        let Some(last) = users.last() else { return Ok(()) };
        after = Some(last.username.clone());
    }
}

async fn find(store: &SharedStore, slug: &Slug, username: &Key) -> anyhow::Result<User> {
    let restaurant = restaurant(store, slug).await?;
    let user = store.user_by_name(restaurant.id, username).await?;
    user.with_context(|| format!("{slug} has no user {username}; list them with: orderbell user list --restaurant {slug}"))
}

async fn change_user(store: &SharedStore, user: User, action: &'static str, change: UserChange) -> anyhow::Result<()> {
    let note = Note::new(user.restaurant, Kind::People, action).about(user.id).called(&user.username);
    let note = match &change {
        UserChange::Set { role: Some(role), .. } => note.set_to(role),
        _ => note,
    };
    match recorded(note, store.change_user(user.restaurant, user.id, change, Expected::ANY)).await? {
        UserChanged::Done(_) => Ok(()),
        UserChanged::LastManager => {
            bail!(
                "{} is the last manager of the restaurant; add another one first: orderbell user add --role manager …",
                user.username
            )
        }
    }
}

/// Reads a new password from standard input. Refuses one that is easy to guess.
async fn hash_of_input(restaurant: &Restaurant, username: &Key) -> anyhow::Result<SecretString> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("the password is read from standard input")?;
    let password = SecretString::from(line.trim_end_matches(['\r', '\n']).to_owned());
    let hints = Hints::of(username, &restaurant.slug, &restaurant.name);
    Ok(Passwords::default().hash_new(password, hints).await?)
}

/// Parses the role of a person.
fn parse_person_role(text: &str) -> Result<Role, String> {
    let role = text.parse().ok().filter(|role| matches!(role, Role::Staff | Role::Manager));
    role.ok_or_else(|| "people are staff or manager; pair a screen, and give a POS an API key".into())
}

async fn add_user(store: &SharedStore, slug: &Slug, username: Key, role: Role) -> anyhow::Result<()> {
    let restaurant = restaurant(store, slug).await?;
    let password_hash = hash_of_input(&restaurant, &username).await?;
    let user = User { id: UserId::from_uuid(clock::new_id()), restaurant: restaurant.id, username, role, password_hash };
    let note = Note::new(user.restaurant, Kind::People, "add_person").about(user.id).called(&user.username).set_to(role);
    match recorded(note, store.add_user(&user, clock::now())).await {
        Err(StoreError::Taken) => bail!("{} is taken in {slug}", user.username),
        added => added?,
    }
    print(&format!("{} may sign in as {role} of {slug}", user.username))?;
    Ok(())
}

async fn reset_totp(store: &SharedStore, slug: &Slug, username: &Key) -> anyhow::Result<()> {
    let user = find(store, slug, username).await?;
    let note = Note::new(user.restaurant, Kind::People, "reset_second_factor").about(user.id).called(username);
    match recorded(note, store.remove_second_factor(user.restaurant, user.id, None)).await {
        Err(StoreError::Missing) => bail!("{username} has no second factor"),
        removed => removed?,
    };
    print(&format!("{username} now signs in with only the password, and is signed out everywhere"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_staff_or_a_manager() {
        assert_eq!(parse_person_role("manager"), Ok(Role::Manager));
        for bad in ["chef", "kitchen", "service", "diner", ""] {
            assert!(parse_person_role(bad).unwrap_err().starts_with("people are staff or manager"), "{bad}");
        }
    }
}
