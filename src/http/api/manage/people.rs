//! The people who may sign in.

use super::page::{self, PageQuery};
use crate::auth::password_policy::schema as password_schema;
use crate::auth::shifts::MOST_WRONG;
use crate::domain::model::principal::Role;
use crate::domain::model::principal::person_role_schema;
use crate::domain::values::ids::UserId;
use crate::domain::values::text::{Key, Slug};
use crate::http::api::shifts::NewPin;
use crate::http::body::Body;
use crate::http::etag::{self, BasedOn};
use crate::http::extract::{ConfirmedManager, Manager};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::state::State;
use crate::store::accounts::User;
use actix_web::{HttpResponse, web};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person in a manager's answer.
#[derive(Serialize, ToSchema)]
struct Person {
    id: UserId,
    username: Key,
    #[schema(schema_with = person_role_schema)]
    role: Role,
    /// Whether the person has a second factor.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    totp: bool,
    /// Whether the person has a PIN for shared devices.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pin: bool,
    /// Whether the PIN was wrong too often, and no longer works.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pin_stopped: bool,
    /// The version, for `If-Match`.
    version: String,
}

impl From<User> for Person {
    fn from(user: User) -> Self {
        let version = user.version().into_string();
        Self { id: user.id, username: user.username, role: user.role, totp: false, pin: false, pin_stopped: false, version }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = People)]
struct PersonList {
    people: Vec<Person>,
    /// The `after` of the next page; absent on the last page. A page has at most 500 entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Key>,
}

/// `GET …/people?after=`: lists the people by username; `next` is the `after` of the next page.
///
/// # Errors
/// `forbidden`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/people",
    operation_id = "listPeople",
    tag = "management",
    summary = "List the people who may sign in",
    description = "For: manager.",
    params(parts::RestaurantPath, parts::After),
    responses(
        (status = 200, description = "The people, by username.", body = PersonList),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn list(
    state: web::Data<State>,
    Manager(who): Manager,
    Query(query): Query<PageQuery<Key>>,
) -> Result<HttpResponse, Problem> {
    let mut people = state.node.store.users(who.restaurant, query.after.as_ref(), page::LIMIT).await?;
    let next = page::cut(&mut people, |person| person.username.clone());
    let guarded = state.node.store.people_with_second_factor(who.restaurant).await?;
    let holders = state.node.store.pin_holders(who.restaurant).await?;
    let person = |user: User| {
        let holder = holders.iter().find(|holder| holder.id == user.id);
        let (pin, pin_stopped) = (holder.is_some(), holder.is_some_and(|holder| holder.wrong >= MOST_WRONG));
        Person { totp: guarded.contains(&user.id), pin, pin_stopped, ..user.into() }
    };
    let people = people.into_iter().map(person).collect();
    Ok(HttpResponse::Ok().json(PersonList { people, next }))
}

/// A role of somebody who signs in with a password: an error lists these, and no role of a screen or a guest.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PersonRole {
    Staff,
    Manager,
}

impl From<PersonRole> for Role {
    fn from(role: PersonRole) -> Self {
        match role {
            PersonRole::Staff => Self::Staff,
            PersonRole::Manager => Self::Manager,
        }
    }
}

/// The body of `POST …/people`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    username: Key,
    #[schema(schema_with = password_schema)]
    password: SecretString,
    #[schema(schema_with = person_role_schema)]
    role: PersonRole,
}

/// `POST …/people`: adds a person. 201.
///
/// # Errors
/// `forbidden`, `confirm_password`, `conflict` if the name is taken, `invalid` for the role or the
/// password.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/people",
    operation_id = "addPerson",
    tag = "management",
    summary = "Add a person",
    description = "For: manager, with a recent proof of the password (else `confirm_password`).",
    params(parts::RestaurantPath),
    request_body = NewPerson,
    responses(
        (status = 201, description = "The person.", body = Person),
        parts::OfRestaurant,
        parts::WithBody,
        (status = 409, response = Problem),
    ),
)]
pub async fn add(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    body: Body<NewPerson>,
) -> Result<HttpResponse, Problem> {
    let NewPerson { username, password, role } = body.0;
    let user = state.management.add_person(who.restaurant, username, password, role.into()).await?;
    Ok(HttpResponse::Created().json(Person::from(user)))
}

/// The body of `PATCH …/people/{id}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub struct PersonChange {
    #[schema(schema_with = person_role_schema)]
    role: Option<PersonRole>,
    #[schema(schema_with = password_schema)]
    password: Option<SecretString>,
}

/// `PATCH …/people/{id}`: changes a person's role or password. Their sessions end on every node.
/// 200 with the person.
///
/// # Errors
/// `forbidden`, `confirm_password`, `not_found`, `invalid`, `conflict` for the last manager's role,
/// `stale` (412).
#[utoipa::path(
    patch,
    path = "/api/v1/restaurants/{slug}/people/{id}",
    operation_id = "changePerson",
    tag = "management",
    summary = "Change a person's role or password; their sessions end",
    description = "For: manager, with a recent proof of the password (else `confirm_password`).",
    params(parts::RestaurantPath, ("id" = UserId, Path, description = "The id."), parts::IfMatch),
    request_body = PersonChange,
    responses(
        (status = 200, description = "The person.", body = Person),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
        (status = 409, response = Problem),
    ),
)]
pub async fn change(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, UserId)>,
    based_on: BasedOn,
    body: Body<PersonChange>,
) -> Result<HttpResponse, Problem> {
    let PersonChange { role, password } = body.0;
    if role.is_none() && password.is_none() {
        return Err(Problem::invalid("send a role or a password"));
    }
    state.management.change_person(&who, path.1, role.map(Role::from), password, based_on.0).await?;
    let user = state.node.store.user(who.restaurant, path.1).await?;
    let user = user.ok_or_else(|| Problem::not_found("no such person"))?;
    let version = user.version();
    Ok(etag::versioned(HttpResponse::Ok().json(Person::from(user)), version))
}

/// `DELETE …/people/{id}`: removes a person. Their sessions end on every node. 204.
///
/// # Errors
/// `forbidden`, `confirm_password`, `not_found`, `conflict` for the last manager, `stale` (412).
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/people/{id}",
    operation_id = "removePerson",
    tag = "management",
    summary = "Remove a person; their sessions end. Removing the last manager is refused (409)",
    description = "For: manager, with a recent proof of the password (else `confirm_password`).",
    params(parts::RestaurantPath, ("id" = UserId, Path, description = "The id."), parts::IfMatch),
    responses(
        (status = 204, description = "Removed."),
        parts::OfRestaurant,
        parts::OnVersion,
        (status = 409, response = Problem),
    ),
)]
pub async fn remove(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, UserId)>,
    based_on: BasedOn,
) -> Result<HttpResponse, Problem> {
    state.management.remove_person(who.restaurant, path.1, based_on.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE …/people/{id}/totp`: removes a person's lost second factor. Their sessions end. 204.
///
/// # Errors
/// `forbidden`, also for one's own; `confirm_password`; `not_found` for a person without one.
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/people/{id}/totp",
    operation_id = "resetTotp",
    tag = "management",
    summary = "Remove a person's lost second factor; their sessions end. Removing one's own here is refused (403): it requires a code",
    description = "For: manager, with a recent proof of the password (else `confirm_password`).",
    params(parts::RestaurantPath, ("id" = UserId, Path, description = "The id.")),
    responses((status = 204, description = "Removed."), parts::OfRestaurant),
)]
pub async fn reset_totp(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, UserId)>,
) -> Result<HttpResponse, Problem> {
    state.sessions()?.reset_totp(&who, path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `PUT …/people/{id}/pin`: sets a person's PIN for shared devices. 204.
///
/// # Errors
/// `forbidden`, `confirm_password`, `not_found`, `invalid` for a PIN that is guessed first.
#[utoipa::path(
    put,
    path = "/api/v1/restaurants/{slug}/people/{id}/pin",
    operation_id = "setPin",
    tag = "management",
    summary = "Set a person's PIN for shared devices; a stopped one works again",
    description = "For: manager, with a recent proof of the password (else `confirm_password`).",
    params(parts::RestaurantPath, ("id" = UserId, Path, description = "The id.")),
    request_body = NewPin,
    responses((status = 204, description = "Set."), parts::OfRestaurant, parts::WithBody),
)]
pub async fn set_pin(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, UserId)>,
    body: Body<NewPin>,
) -> Result<HttpResponse, Problem> {
    state.management.set_pin(who.restaurant, path.1, &body.0.pin).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE …/people/{id}/pin`: removes a person's PIN. Their shifts on shared devices end. 204.
///
/// # Errors
/// `forbidden`, `confirm_password`, `not_found` for a person without one.
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/people/{id}/pin",
    operation_id = "removePin",
    tag = "management",
    summary = "Remove a person's PIN; their shifts on shared devices end",
    description = "For: manager, with a recent proof of the password (else `confirm_password`).",
    params(parts::RestaurantPath, ("id" = UserId, Path, description = "The id.")),
    responses((status = 204, description = "Removed."), parts::OfRestaurant),
)]
pub async fn remove_pin(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, UserId)>,
) -> Result<HttpResponse, Problem> {
    state.management.remove_pin(who.restaurant, path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
