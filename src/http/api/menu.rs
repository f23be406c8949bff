//! The restaurant's profile and menu, for everybody; availability and pauses, for staff.

use crate::commands::CommandError;
use crate::domain::model::course::{Firing, FiringRule, MAX_PAUSE};
use crate::domain::model::menu::Menu;
use crate::domain::model::principal::Principal;
use crate::domain::model::refusal::RefusalKind;
use crate::domain::rules::change_menu::MenuAction;
use crate::domain::values::ids::{MenuItemId, OptionId, RestaurantId};
use crate::domain::values::level::Level;
use crate::domain::values::money::Currency;
use crate::domain::values::position::Position;
use crate::domain::values::text::{Name, Slug, Station};
use crate::domain::values::time::Timestamp;
use crate::domain::values::time_zone::TimeZone;
use crate::domain::values::whole_number;
use crate::http::body::Body;
use crate::http::encoded::Encoded;
use crate::http::etag::BasedOn;
use crate::http::extract::{Acting, Tenant};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::{etag, occupancy};
use crate::store::StoreError;
use crate::store::accounts::Restaurant;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;

const JSON: &str = "application/json";

#[derive(Serialize, ToSchema)]
struct Profile {
    id: RestaurantId,
    slug: Slug,
    name: Name,
    currency: Currency,
    /// The minutes that `accept` promises if it names none.
    default_minutes: u16,
    /// Absent for UTC.
    #[serde(skip_serializing_if = "TimeZone::is_utc")]
    #[schema(required = false)]
    time_zone: TimeZone,
    paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<Timestamp>,
    /// The stations of the dishes on the menu.
    stations: Vec<Station>,
    /// The feature level in force. Absent on servers without feature levels, which counts as 0.
    #[schema(required = false)]
    feature_level: Level,
}

/// Returns the menu of a restaurant, encoded.
pub(super) async fn menu_of(state: &State, restaurant: RestaurantId) -> Result<Arc<Encoded>, Problem> {
    let text = state.node.store.menu_text(restaurant).await?.ok_or_else(|| Problem::not_found("this restaurant has no menu"))?;
    state.menus.of(restaurant, text).map_err(|error| {
        log::error!(restaurant:%, error:%; "the document of a menu cannot be read");
        Problem::from(StoreError::Internal)
    })
}

/// `GET /api/v1/restaurants/{slug}`: returns the public profile.
///
/// # Errors
/// `not_found`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}",
    operation_id = "profile",
    tag = "restaurants",
    summary = "Read the public profile",
    description = "For: everybody.",
    security(()),
    params(parts::RestaurantPath),
    responses(
        (status = 200, description = "The profile.", body = Profile),
        (status = 404, response = Problem),
    ),
)]
pub async fn profile(state: web::Data<State>, request: HttpRequest, named: Tenant) -> Result<HttpResponse, Problem> {
    let menu = &menu_of(&state, named.0.id).await?.menu;
    let Restaurant { id, slug, name, currency, default_minutes } = named.0;
    let stations = menu.stations();
    let feature_level = state.node.level.get();
    let time_zone = menu.time_zone.clone();
    let Menu { paused, paused_until, .. } = *menu;
    let profile = Profile { id, slug, name, currency, time_zone, default_minutes, paused, paused_until, stations, feature_level };
    // Plain data with text keys always serializes.
    let body = serde_json::to_vec(&profile).unwrap_or_default();
    Ok(etag::answer(&request, etag::tag(&body), JSON, body))
}

/// `GET /api/v1/restaurants/{slug}/menu`: returns the menu document, which marks sold-out dishes.
///
/// # Errors
/// `not_found`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/menu",
    operation_id = "menu",
    tag = "restaurants",
    summary = "Read the menu, which marks sold-out dishes",
    description = "For: everybody.",
    security(()),
    params(parts::RestaurantPath),
    responses(
        (status = 200, description = "The menu document.", body = Menu),
        (status = 404, response = Problem),
    ),
)]
pub async fn menu(state: web::Data<State>, request: HttpRequest, named: Tenant) -> Result<HttpResponse, Problem> {
    let menu = menu_of(&state, named.0.id).await?;
    let mut response = etag::answer(&request, etag::tag_of_hash(&menu.hash), JSON, menu.body.clone());
    response.extensions_mut().insert(occupancy::Shared);
    Ok(response)
}

/// The body of `PUT …/menu/items/{id}/availability`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    available: bool,
    until: Option<Timestamp>,
    /// The option of the dish; absent for the dish itself. From feature level 2 on.
    option: Option<OptionId>,
}

/// The body of `PUT …/pause`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    paused: bool,
    until: Option<Timestamp>,
}

/// The body of `PUT …/guest-rounds`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GuestRounds {
    /// Whether guests may add rounds to their open orders.
    allowed: bool,
}

/// The body of `PUT …/firing`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FiringRule)]
pub struct FiringBody {
    /// When later courses of new orders go to the kitchen.
    firing: Firing,
    /// How many minutes after the course before, 1 to 120; absent for at once.
    #[serde(default, deserialize_with = "pause")]
    #[schema(minimum = 1, maximum = 120)]
    minutes: Option<u16>,
}

/// Deserializes the minutes between two courses. `null` means the same as their absence.
fn pause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    struct Pause(u16);
    impl<'de> Deserialize<'de> for Pause {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            whole_number::within(deserializer, 1..=MAX_PAUSE).map(Self)
        }
    }
    Ok(Option::deserialize(deserializer)?.map(|Pause(minutes)| minutes))
}

/// The result of a change of the menu.
#[derive(Serialize, ToSchema)]
#[schema(as = MenuChanged)]
pub(super) struct Changed<'a> {
    position: Position,
    changed: bool,
    #[schema(value_type = Menu)]
    document: &'a RawValue,
}

pub(crate) async fn change(
    state: &State,
    who: &Principal,
    action: MenuAction,
    BasedOn(expected): BasedOn,
) -> Result<HttpResponse, Problem> {
    let ack = state.node.commands.change_menu(who, action, expected).await.map_err(|error| match error {
        CommandError::Refused(refusal) if refusal.kind == RefusalKind::Stale => Problem::outdated(refusal.document),
        other => other.into(),
    })?;
    let body = Changed { position: ack.position, changed: ack.changed, document: &ack.document };
    let menu: Option<Menu> = serde_json::from_str(ack.document.get()).ok();
    let response = HttpResponse::Ok().json(body);
    Ok(match menu {
        Some(menu) => etag::versioned(response, menu.version()),
        None => response,
    })
}

/// `PUT /api/v1/restaurants/{slug}/menu/items/{item}/availability`: marks a dish, or one of
/// its options, as sold out or as available. 200 with the menu.
///
/// # Errors
/// `forbidden`, `not_found`, `invalid` if `until` is in the past, `stale` (412).
#[utoipa::path(
    put,
    path = "/api/v1/restaurants/{slug}/menu/items/{item}/availability",
    operation_id = "setAvailability",
    tag = "restaurants",
    summary = "Set whether a dish or an option is sold out",
    description = "For: staff, manager, service.",
    params(
        parts::RestaurantPath,
        ("item" = MenuItemId, Path, description = "The dish."),
        parts::IfMatch, parts::Shift,
    ),
    request_body = Availability,
    responses(
        (status = 200, description = "The menu.", body = Changed),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn set_availability(
    state: web::Data<State>,
    Acting(who): Acting,
    path: web::Path<(Slug, MenuItemId)>,
    based_on: BasedOn,
    body: Body<Availability>,
) -> Result<HttpResponse, Problem> {
    let Availability { available, until, option } = body.0;
    change(&state, &who, MenuAction::Availability { item: path.1, option, available, until }, based_on).await
}

/// `PUT /api/v1/restaurants/{slug}/pause`: pauses or resumes ordering. 200 with the menu.
///
/// # Errors
/// `forbidden`, `invalid` if `until` is in the past, `stale` (412).
#[utoipa::path(
    put,
    path = "/api/v1/restaurants/{slug}/pause",
    operation_id = "setPause",
    tag = "restaurants",
    summary = "Pause or resume ordering",
    description = "For: staff, manager, service.",
    params(parts::RestaurantPath, parts::IfMatch, parts::Shift),
    request_body = Pause,
    responses(
        (status = 200, description = "The menu.", body = Changed),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn set_pause(
    state: web::Data<State>,
    Acting(who): Acting,
    based_on: BasedOn,
    body: Body<Pause>,
) -> Result<HttpResponse, Problem> {
    let Pause { paused, until } = body.0;
    change(&state, &who, MenuAction::Pause { paused, until }, based_on).await
}

/// `PUT /api/v1/restaurants/{slug}/guest-rounds`: sets whether guests may add rounds to their open
/// orders. 200 with the menu.
///
/// # Errors
/// `forbidden`, `invalid` below feature level 2, `stale` (412).
#[utoipa::path(
    put,
    path = "/api/v1/restaurants/{slug}/guest-rounds",
    operation_id = "setGuestRounds",
    tag = "restaurants",
    summary = "Set whether guests may add rounds to their open orders",
    description = "For: staff, manager, service. From feature level 2 on.",
    params(parts::RestaurantPath, parts::IfMatch, parts::Shift),
    request_body = GuestRounds,
    responses(
        (status = 200, description = "The menu.", body = Changed),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn set_guest_rounds(
    state: web::Data<State>,
    Acting(who): Acting,
    based_on: BasedOn,
    body: Body<GuestRounds>,
) -> Result<HttpResponse, Problem> {
    change(&state, &who, MenuAction::GuestRounds(body.0.allowed), based_on).await
}

/// `PUT /api/v1/restaurants/{slug}/firing`: sets when later courses of new orders go to the kitchen.
/// 200 with the menu.
///
/// # Errors
/// `forbidden`, `invalid` below feature level 2, `stale` (412).
#[utoipa::path(
    put,
    path = "/api/v1/restaurants/{slug}/firing",
    operation_id = "setFiring",
    tag = "restaurants",
    summary = "Set when later courses of new orders go to the kitchen",
    description = "For: staff, manager, service. From feature level 2 on.",
    params(parts::RestaurantPath, parts::IfMatch, parts::Shift),
    request_body = FiringBody,
    responses(
        (status = 200, description = "The menu.", body = Changed),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn set_firing(
    state: web::Data<State>,
    Acting(who): Acting,
    based_on: BasedOn,
    body: Body<FiringBody>,
) -> Result<HttpResponse, Problem> {
    let FiringBody { firing, minutes } = body.0;
    change(&state, &who, MenuAction::Firing(FiringRule { firing, minutes }), based_on).await
}
