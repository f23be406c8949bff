//! Pairing kitchen screens (RFC 8628).

use super::sessions::RestaurantBrief;
use crate::auth::pairing::BegunPairing;
use crate::auth::token::TokenAnswer;
use crate::domain::model::principal::Role;
use crate::domain::model::principal::screen_role_schema;
use crate::domain::values::ids::DeviceId;
use crate::domain::values::level::Level;
use crate::domain::values::text::{Name, Station};
use crate::http::body::Body;
use crate::http::extract::AuthUser;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::rate_limit::{Action, too_many};
use crate::http::state::State;
use crate::store::devices::Device;
use actix_web::{HttpResponse, web};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /api/v1/devices/pairings`: begins to pair a screen. 200 with its codes.
///
/// # Errors
/// `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/devices/pairings",
    operation_id = "beginPairing",
    tag = "devices",
    summary = "Begin to pair a screen (RFC 8628)",
    description = "For: everybody.",
    security(()),
    responses(
        (status = 200, description = "Its codes.", body = BegunPairing),
        (status = 429, response = Problem),
    ),
)]
pub async fn begin(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.sessions()?.begin_pairing().await?))
}

/// The body of `POST /api/v1/devices/pairings/{user_code}/approval`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PairingApproval)]
pub struct Approval {
    name: Name,
    /// A station of the kitchen. Absent: every station.
    station: Option<Station>,
    /// The purpose of the device. `staff`: it shows the floor, and people take turns on it. From feature level 2 on.
    #[serde(default)]
    role: DeviceRole,
}

/// The role of a paired device.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DeviceRole {
    /// A screen of the kitchen.
    #[default]
    Kitchen,
    /// A device of the floor.
    Staff,
}

impl From<DeviceRole> for Role {
    fn from(role: DeviceRole) -> Self {
        match role {
            DeviceRole::Kitchen => Self::Kitchen,
            DeviceRole::Staff => Self::Staff,
        }
    }
}

/// A screen in an answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Device)]
pub struct DeviceBrief {
    id: DeviceId,
    name: Name,
    /// A station of the kitchen. Absent: every station.
    #[serde(skip_serializing_if = "Option::is_none")]
    station: Option<Station>,
    /// `kitchen`, or `staff` for a device of the floor.
    #[schema(schema_with = screen_role_schema)]
    role: Role,
    /// The version, for `If-Match`.
    version: String,
}

impl From<Device> for DeviceBrief {
    fn from(device: Device) -> Self {
        let version = device.version().into_string();
        Self { id: device.id, name: device.name, station: device.station, role: device.role, version }
    }
}

/// `POST /api/v1/devices/pairings/{user_code}/approval`: approves the screen that shows the code.
/// 200 with the device.
///
/// # Errors
/// `forbidden`, `not_found` if no screen shows the code, `invalid` for a station that no dish on
/// the menu has.
#[utoipa::path(
    post,
    path = "/api/v1/devices/pairings/{user_code}/approval",
    operation_id = "approvePairing",
    tag = "devices",
    summary = "Approve the screen that shows the code",
    description = "For: staff, manager.",
    params(("user_code" = String, Path, description = "The code that the screen shows.")),
    request_body = Approval,
    responses(
        (status = 200, description = "The device.", body = DeviceBrief),
        parts::WithToken,
        parts::WithBody,
        (status = 404, response = Problem),
    ),
)]
pub async fn approve(
    state: web::Data<State>,
    AuthUser(who): AuthUser,
    user_code: web::Path<String>,
    body: Body<Approval>,
) -> Result<HttpResponse, Problem> {
    state.limits.admit(Action::Pair, &who).map_err(too_many)?;
    let Approval { name, station, role } = body.0;
    if matches!(role, DeviceRole::Staff) && state.node.level.get() < Level::TWO {
        return Err(Problem::invalid("role: staff needs feature level 2, which is not in force yet"));
    }
    let device = state.sessions()?.approve(&who, &user_code, name, station, role.into()).await?;
    Ok(HttpResponse::Ok().json(DeviceBrief::from(device)))
}

/// The body of `POST /api/v1/devices/token`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PairingPoll)]
pub struct TokenRequest {
    #[schema(value_type = String, format = Password)]
    device_code: SecretString,
}

#[derive(Serialize, ToSchema)]
struct PairedAnswer {
    #[serde(flatten)]
    tokens: TokenAnswer,
    restaurant: RestaurantBrief,
    #[schema(schema_with = screen_role_schema)]
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    station: Option<Station>,
}

/// `POST /api/v1/devices/token`: returns the tokens of an approved screen. 200. A screen that lost
/// the answer gets the same session again, until it renews the tokens or the code expires.
///
/// # Errors
/// 400 with `error` (and `code`) `authorization_pending`, `slow_down`, `expired_token` or
/// `invalid_grant`.
#[utoipa::path(
    post,
    path = "/api/v1/devices/token",
    operation_id = "pollPairing",
    tag = "devices",
    summary = "Ask whether the screen is approved",
    description = "Once the screen is approved, repeated calls return the same session and refresh token, until they are renewed or the code expires.",
    security(()),
    request_body = TokenRequest,
    responses(
        (status = 200, description = "Tokens.", body = PairedAnswer),
        parts::WithBody,
        (status = 429, response = Problem),
    ),
)]
pub async fn token(state: web::Data<State>, body: Body<TokenRequest>) -> Result<HttpResponse, Problem> {
    let signed_in = state.sessions()?.poll(&body.0.device_code).await?;
    let (restaurant, principal) = (signed_in.restaurant.into(), signed_in.principal);
    let answer = PairedAnswer { tokens: signed_in.tokens, restaurant, role: principal.role, station: principal.station };
    Ok(HttpResponse::Ok().json(answer))
}
