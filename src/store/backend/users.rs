//! What becomes of a person, in one transaction with the end of their sessions.

use super::{Connection, Database, devices, feeds, found, sessions};
use crate::clock;
use crate::domain::model::principal::Role;
use crate::domain::values::ids::{RestaurantId, UserId};
use crate::domain::values::version::Expected;
use crate::store::accounts::{User, UserChange, UserChanged};
use crate::store::rows::UserRow;
use crate::store::{Result, StoreError, audit, sql};
use secrecy::ExposeSecret;
use sqlx::{query, query_as, query_scalar};

pub async fn change(
    connection: &mut Connection,
    restaurant: RestaurantId,
    id: UserId,
    change: UserChange,
    expected: &Expected,
) -> Result<UserChanged> {
    // Two managers who remove each other at once must not both find the other: one waits here.
    feeds::hold(connection, restaurant).await?;
    let find = query_as::<Database, UserRow>(sql::accounts::USER).bind(restaurant.uuid()).bind(id.uuid());
    let user = User::try_from(find.fetch_optional(&mut *connection).await?.ok_or(StoreError::Missing)?)?;
    if !expected.admits(&user.version()) {
        return Err(StoreError::Stale);
    }
    if user.role == Role::Manager && ends_management(&change) && other_managers(connection, &user).await? == 0 {
        audit::came_to("last_manager");
        return Ok(UserChanged::LastManager);
    }
    found(write(connection, &user, change).await?)?;
    devices::void_unclaimed(connection, restaurant, id, clock::now()).await?;
    Ok(UserChanged::Done(sessions::end_of_person(connection, restaurant, id, |_| true).await?))
}

fn ends_management(change: &UserChange) -> bool {
    match change {
        UserChange::Set { role, .. } => role.is_some_and(|role| role != Role::Manager),
        UserChange::Remove => true,
    }
}

async fn other_managers(connection: &mut Connection, user: &User) -> Result<i64> {
    let query = query_scalar::<Database, i64>(sql::accounts::OTHER_MANAGERS).bind(user.restaurant.uuid());
    Ok(query.bind(user.id.uuid()).fetch_one(connection).await?)
}

async fn write(connection: &mut Connection, user: &User, change: UserChange) -> Result<u64> {
    let (restaurant, id) = (user.restaurant.uuid(), user.id.uuid());
    let done = match change {
        UserChange::Remove => query::<Database>(sql::accounts::REMOVE_USER).bind(restaurant).bind(id).execute(connection).await?,
        UserChange::Set { role, password_hash } => {
            let hash = password_hash.as_ref().unwrap_or(&user.password_hash).expose_secret().to_owned();
            let query = query::<Database>(sql::accounts::SET_USER).bind(restaurant).bind(id);
            query.bind(role.unwrap_or(user.role).as_str()).bind(hash).execute(connection).await?
        }
    };
    Ok(done.rows_affected())
}
