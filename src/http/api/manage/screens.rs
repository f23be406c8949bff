//! Paired kitchen screens.

use crate::domain::values::ids::DeviceId;
use crate::domain::values::text::{Name, Slug, Station};
use crate::http::api::devices::DeviceBrief;
use crate::http::body::Body;
use crate::http::etag::{self, BasedOn};
use crate::http::extract::Manager;
use crate::http::problem::Problem;
use crate::http::state::State;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Serialize)]
struct DeviceList {
    devices: Vec<DeviceBrief>,
}

/// `GET …/devices`: the screens in the order they were paired.
///
/// # Errors
/// `forbidden`.
pub async fn list(state: web::Data<State>, Manager(who): Manager) -> Result<HttpResponse, Problem> {
    let devices = state.store.devices(who.restaurant).await?.into_iter().map(DeviceBrief::from).collect();
    Ok(HttpResponse::Ok().json(DeviceList { devices }))
}

/// The body of `PATCH …/devices/{id}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceChange {
    name: Option<Name>,
    /// Absent: as it is; null: every station.
    #[serde(default, deserialize_with = "present")]
    station: Option<Option<Station>>,
}

/// Tells null from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Station>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `PATCH …/devices/{id}`: another name or station. 200 with the device. A station that changes reaches the screen with
/// its next token.
///
/// # Errors
/// `forbidden`, `not_found`, `invalid` for a station that is not on the menu, `stale` (412).
pub async fn change(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, DeviceId)>,
    based_on: BasedOn,
    body: Body<DeviceChange>,
) -> Result<HttpResponse, Problem> {
    let DeviceChange { name, station } = body.0;
    if name.is_none() && station.is_none() {
        return Err(Problem::invalid("send a name or a station"));
    }
    let (device, events) = state.sessions()?.change_screen(who.restaurant, path.1, name, station, based_on.0).await?;
    state.commands.announce(who.restaurant, events).await;
    let version = device.version();
    Ok(etag::versioned(HttpResponse::Ok().json(DeviceBrief::from(device)), version))
}

/// `DELETE …/devices/{id}`: the screen's sessions end, on every node, the floor is told at once, and it has to be
/// paired again. 204.
///
/// # Errors
/// `forbidden`, `not_found`, `stale` (412).
pub async fn revoke(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, DeviceId)>,
    based_on: BasedOn,
) -> Result<HttpResponse, Problem> {
    let events = state.sessions()?.revoke_screen(who.restaurant, path.1, based_on.0).await?;
    state.commands.announce(who.restaurant, events).await;
    Ok(HttpResponse::NoContent().finish())
}
