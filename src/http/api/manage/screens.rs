//! Paired kitchen screens.

use super::page::{self, PageQuery};
use crate::domain::values::as_text::or_null;
use crate::domain::values::ids::{DeviceId, UserId};
use crate::domain::values::schema;
use crate::domain::values::text::{Key, Name, Slug, Station};
use crate::domain::values::time::Timestamp;
use crate::http::api::devices::DeviceBrief;
use crate::http::body::Body;
use crate::http::etag::{self, BasedOn};
use crate::http::extract::Manager;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::state::State;
use crate::store::devices::ListedDevice;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

#[derive(Serialize, ToSchema)]
#[schema(as = ListedDevice)]
struct ListedScreen {
    #[serde(flatten)]
    device: DeviceBrief,
    approved_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<Approver>,
}

/// The person who approved a screen. The name is absent after that person was removed.
#[derive(Serialize, ToSchema)]
struct Approver {
    id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<Key>,
}

impl From<ListedDevice> for ListedScreen {
    fn from(ListedDevice { device, approved_at, approved_by, approver }: ListedDevice) -> Self {
        let approved_by = approved_by.map(|id| Approver { id, username: approver });
        Self { device: device.into(), approved_at, approved_by }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Devices)]
struct DeviceList {
    devices: Vec<ListedScreen>,
    /// The `after` of the next page; absent on the last page. A page has at most 500 entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<DeviceId>,
}

/// `GET …/devices?after=`: lists the screens in the sequence in which they were paired, each with
/// the time and the person of its approval; `next` is the `after` of the next page.
///
/// # Errors
/// `forbidden`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/devices",
    operation_id = "listDevices",
    tag = "management",
    summary = "List the paired screens",
    description = "For: manager.",
    params(parts::RestaurantPath, parts::After),
    responses((status = 200, description = "The screens.", body = DeviceList), parts::OfRestaurant, (status = 422, response = Problem)),
)]
pub async fn list(
    state: web::Data<State>,
    Manager(who): Manager,
    Query(query): Query<PageQuery<DeviceId>>,
) -> Result<HttpResponse, Problem> {
    let mut devices = state.node.store.devices(who.restaurant, query.after, page::LIMIT).await?;
    let next = page::cut(&mut devices, |listed| listed.device.id);
    let devices = devices.into_iter().map(ListedScreen::from).collect();
    Ok(HttpResponse::Ok().json(DeviceList { devices, next }))
}

/// The body of `PATCH …/devices/{id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub struct DeviceChange {
    name: Option<Name>,
    /// Absent: unchanged. Null: every station.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(schema_with = station_schema)]
    station: Option<Option<Station>>,
}

fn station_schema() -> Schema {
    schema::or_null::<Station>().description(Some("A station of the kitchen; null for every station.")).build().into()
}

/// `PATCH …/devices/{id}`: changes a screen's name or station. 200 with the device. A new station
/// reaches the screen with its next token.
///
/// # Errors
/// `forbidden`, `not_found`, `invalid` for a station that no dish on the menu has, `stale` (412).
#[utoipa::path(
    patch,
    path = "/api/v1/restaurants/{slug}/devices/{id}",
    operation_id = "changeDevice",
    tag = "management",
    summary = "Change a screen's name or station",
    description = "For: manager.",
    params(parts::RestaurantPath, ("id" = DeviceId, Path, description = "The id."), parts::IfMatch),
    request_body = DeviceChange,
    responses(
        (status = 200, description = "The screen.", body = DeviceBrief),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
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
    let (device, events) = state.management.change_screen(who.restaurant, path.1, name, station, based_on.0).await?;
    state.node.commands.announce(who.restaurant, events).await;
    let version = device.version();
    Ok(etag::versioned(HttpResponse::Ok().json(DeviceBrief::from(device)), version))
}

/// `DELETE …/devices/{id}`: revokes a screen. Its sessions end on every node, the floor is notified
/// at once, and the screen must be paired again. 204.
///
/// # Errors
/// `forbidden`, `not_found`, `stale` (412).
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/devices/{id}",
    operation_id = "revokeDevice",
    tag = "management",
    summary = "Revoke a screen; its sessions end",
    description = "For: manager.",
    params(parts::RestaurantPath, ("id" = DeviceId, Path, description = "The id."), parts::IfMatch),
    responses((status = 204, description = "Revoked."), parts::OfRestaurant, parts::OnVersion),
)]
pub async fn revoke(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, DeviceId)>,
    based_on: BasedOn,
) -> Result<HttpResponse, Problem> {
    let events = state.management.revoke_screen(who.restaurant, path.1, based_on.0).await?;
    state.node.commands.announce(who.restaurant, events).await;
    Ok(HttpResponse::NoContent().finish())
}
