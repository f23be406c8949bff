//! Shared devices: the people who take turns on one, and their shifts.

use super::sessions::{counted, to_its_end};
use crate::auth::shifts::{BegunShift, MOST_WRONG, pin_schema};
use crate::domain::model::principal::{Person, Role, person_role_schema};
use crate::domain::values::ids::{ShiftId, UserId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::http::body::Body;
use crate::http::extract::AuthUser;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::rate_limit::{Action, too_many};
use crate::http::state::State;
use crate::store::shifts::PinHolder;
use actix_web::{HttpResponse, web};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person who may begin a shift.
#[derive(Serialize, ToSchema)]
struct Holder {
    id: UserId,
    name: Key,
    #[schema(schema_with = person_role_schema)]
    role: Role,
    /// Whether the PIN was wrong too often, and no longer works.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stopped: bool,
}

impl From<PinHolder> for Holder {
    fn from(holder: PinHolder) -> Self {
        Self { id: holder.id, name: holder.name, role: holder.role, stopped: holder.wrong >= MOST_WRONG }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = PeopleOfDevice)]
struct Holders {
    people: Vec<Holder>,
}

/// `GET /api/v1/devices/current/people`: lists the people who may begin a shift on this shared device. 200.
///
/// # Errors
/// `forbidden` for every other principal.
#[utoipa::path(
    get,
    path = "/api/v1/devices/current/people",
    operation_id = "peopleOfDevice",
    tag = "devices",
    summary = "List the people who have a PIN, on a shared device",
    description = "For: a device that was paired with the role `staff`. 500 at most.",
    responses((status = 200, description = "The people.", body = Holders), parts::WithToken),
)]
pub async fn people(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    let people = state.sessions()?.people_of_device(&who).await?.into_iter().map(Holder::from).collect();
    Ok(HttpResponse::Ok().json(Holders { people }))
}

/// The body of `POST /api/v1/devices/current/shifts`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShift {
    /// A new id, which the device makes. Commands of the shift name it.
    id: ShiftId,
    person: UserId,
    #[schema(schema_with = pin_schema)]
    pin: SecretString,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Shift)]
struct ShiftAnswer {
    id: ShiftId,
    person: Person,
    #[schema(schema_with = person_role_schema)]
    role: Role,
    expires_at: Timestamp,
}

impl From<BegunShift> for ShiftAnswer {
    fn from(BegunShift { shift, person }: BegunShift) -> Self {
        let role = person.role;
        let person = Person { id: person.person, name: person.name };
        Self { id: shift.id, person, role, expires_at: shift.until }
    }
}

/// `POST /api/v1/devices/current/shifts`: begins the shift of a person on this shared device. 200, also when it is repeated.
///
/// # Errors
/// `forbidden` with the reason `wrong_pin` or `pin_stopped`, and for every other principal; `rate_limited`; `conflict` for the id
/// of another person's shift.
#[utoipa::path(
    post,
    path = "/api/v1/devices/current/shifts",
    operation_id = "beginShift",
    tag = "devices",
    summary = "Begin the shift of a person on a shared device, by their PIN",
    description = "For: a device that was paired with the role `staff`. After 5 wrong PINs of a person in a quarter of an hour \
        `rate_limited`; after 20 in a row the PIN no longer works until a new one is set.",
    request_body = NewShift,
    responses(
        (status = 200, description = "The shift.", body = ShiftAnswer),
        parts::WithToken,
        parts::WithBody,
        (status = 409, response = Problem),
    ),
)]
pub async fn begin(state: web::Data<State>, AuthUser(who): AuthUser, body: Body<NewShift>) -> Result<HttpResponse, Problem> {
    state.limits.admit(Action::Login, &who).map_err(too_many)?;
    let NewShift { id, person, pin } = body.0;
    let sessions = state.sessions()?.clone();
    let begun = to_its_end(async move { sessions.begin_shift(&who, id, person, pin).await }).await;
    let begun = begun.map_err(|error| counted(&state, error))?;
    Ok(HttpResponse::Ok().json(ShiftAnswer::from(begun)))
}

/// The body of `PUT …/pin`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPin)]
pub struct NewPin {
    #[schema(schema_with = pin_schema)]
    pub(super) pin: SecretString,
}

/// `PUT /api/v1/people/me/pin`: sets the caller's own PIN. 204.
///
/// # Errors
/// `forbidden` without an account, `confirm_password`, `invalid` for a PIN that is guessed first.
#[utoipa::path(
    put,
    path = "/api/v1/people/me/pin",
    operation_id = "setOwnPin",
    tag = "sessions",
    summary = "Set one's own PIN for shared devices",
    description = "For: staff, manager. Without a recent proof of the password, `confirm_password`.",
    request_body = NewPin,
    responses((status = 204, description = "Set."), parts::WithToken, parts::WithBody),
)]
pub async fn set_own_pin(state: web::Data<State>, AuthUser(who): AuthUser, body: Body<NewPin>) -> Result<HttpResponse, Problem> {
    state.sessions()?.set_own_pin(&who, body.0.pin).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /api/v1/people/me/pin`: removes the caller's own PIN. 204.
///
/// # Errors
/// `forbidden` without an account, `not_found` without a PIN.
#[utoipa::path(
    delete,
    path = "/api/v1/people/me/pin",
    operation_id = "removeOwnPin",
    tag = "sessions",
    summary = "Remove one's own PIN for shared devices",
    description = "For: staff, manager.",
    responses((status = 204, description = "Removed."), parts::WithToken, (status = 404, response = Problem)),
)]
pub async fn remove_own_pin(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    state.sessions()?.remove_own_pin(&who).await?;
    Ok(HttpResponse::NoContent().finish())
}
