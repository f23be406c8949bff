//! The rules that a restaurant sets for its own people.

use crate::auth::policy;
use crate::domain::model::house_rules::{AutoAccept, HouseRules, MinimumRole, RuledAction};
use crate::domain::values::level::Level;
use crate::http::body::Body;
use crate::http::etag::{self, BasedOn};
use crate::http::extract::{Manager, TenantUser};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use crate::store::audit::{self, Kind, Note};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The rules in force.
#[derive(Serialize, ToSchema)]
#[schema(as = HouseRulesInForce)]
struct RulesAnswer {
    /// The lowest role for each action that needs a higher one than by default.
    #[schema(value_type = BTreeMap<String, MinimumRole>)]
    minimum_roles: BTreeMap<RuledAction, MinimumRole>,
    /// Which orders the server accepts by itself; absent for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_accept: Option<AutoAccept>,
    /// The version, for `If-Match`.
    version: String,
}

/// `GET …/rules`: returns the rules. 200.
///
/// # Errors
/// `forbidden` for guests.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/rules",
    operation_id = "houseRules",
    tag = "restaurants",
    summary = "Read the rules that the restaurant sets for its own people",
    description = "For: kitchen, staff, manager, service.",
    params(parts::RestaurantPath),
    responses((status = 200, description = "The rules.", body = RulesAnswer), parts::OfRestaurant),
)]
pub async fn read(state: web::Data<State>, TenantUser(who): TenantUser) -> Result<HttpResponse, Problem> {
    if !policy::may_see_orders(&who) {
        return Err(Problem::new(ErrorCode::Forbidden, "your role may not do this"));
    }
    let rules = state.node.store.house_rules(who.restaurant).await?;
    Ok(answer(rules))
}

/// `PUT …/rules`: replaces the rules. 200 with them.
///
/// # Errors
/// `forbidden`, `invalid`; `stale` (412) if their version is not the one in `If-Match`.
#[utoipa::path(
    put,
    path = "/api/v1/restaurants/{slug}/rules",
    operation_id = "setHouseRules",
    tag = "management",
    summary = "Replace the rules that the restaurant sets for its own people",
    description = "For: manager. From feature level 2 on. They apply to the next command on any node.",
    params(parts::RestaurantPath, parts::IfMatch),
    request_body = HouseRules,
    responses(
        (status = 200, description = "The rules.", body = RulesAnswer),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn set(
    state: web::Data<State>,
    Manager(who): Manager,
    BasedOn(expected): BasedOn,
    body: Body<HouseRules>,
) -> Result<HttpResponse, Problem> {
    if state.node.level.get() < Level::TWO {
        return Err(Problem::invalid("rules need feature level 2, which is not in force yet"));
    }
    let rules = body.0;
    let note = Note::new(who.restaurant, Kind::Menu, "set_rules").by(&who);
    audit::recorded(note, state.node.store.set_house_rules(who.restaurant, &rules, &expected)).await?;
    Ok(answer(rules))
}

fn answer(rules: HouseRules) -> HttpResponse {
    let version = rules.version();
    let HouseRules { minimum_roles, auto_accept } = rules;
    let body = RulesAnswer { version: version.as_str().to_owned(), minimum_roles, auto_accept };
    etag::versioned(HttpResponse::Ok().json(body), version)
}
