//! Extractors: the principal of a request, the restaurant in its path, and the id of its call.

use super::problem::Problem;
use super::rate_limit::{Action, too_many};
use super::state::State;
use crate::auth::authenticate::{authenticate, bearer_token};
use crate::auth::policy;
use crate::auth::token::Verified;
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::{CommandId, RestaurantId, ShiftId};
use crate::domain::values::text::Slug;
use crate::protocol::ErrorCode;
use crate::store::accounts::Restaurant;
use crate::store::audit;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use secrecy::SecretString;
use std::future::{Ready, ready};

/// The header that names the shift of the person who acts on a shared device.
const SHIFT: &str = "orderbell-shift";

/// The principal of the request's bearer token, with all rights of the role and a session that has not ended. Refuses the link
/// to an order; handlers that a link may call use [`Bearer`].
#[derive(Debug)]
pub struct AuthUser(pub Principal);

impl FromRequest for AuthUser {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let refuse_link = |principal: Principal| match principal.share {
            None => Ok(Self(principal)),
            Some(_) => Err(Problem::new(ErrorCode::Forbidden, "this link shows one order and can do nothing else")),
        };
        ready(verified(request).and_then(|verified| refuse_link(verified.principal)))
    }
}

/// A person who proves a secret. Their session may have ended with an earlier call whose answer was lost. Then this call can
/// only repeat that one, by its `Idempotency-Key`, to get the answer again.
#[derive(Debug)]
pub struct ProvingUser {
    /// The principal of the token.
    pub who: Principal,
    /// The id by which the server recognizes a repetition of the call.
    pub attempt: Option<CommandId>,
}

impl FromRequest for ProvingUser {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let attempt = optional_key(request);
        let who = AuthUser::from_request(request, payload).into_inner().or_else(|problem| match attempt {
            Ok(Some(_)) => ended_user(request).ok_or(problem),
            Ok(None) | Err(_) => Err(problem),
        });
        ready(who.and_then(|AuthUser(who)| Ok(Self { who, attempt: attempt? })))
    }
}

/// Returns the principal of a token that is valid except that its session has ended.
fn ended_user(request: &HttpRequest) -> Option<AuthUser> {
    let state = state(request).ok()?;
    let verified = state.node.tokens.verify(&token_of(request)?, clock::now()).ok()?;
    let who = verified.principal.clone();
    if who.share.is_some() || !state.node.ended.contains(&who.session) {
        return None;
    }
    audit::speaks(&who);
    // So the body may be as long as that of a signed-in person.
    request.extensions_mut().insert(Outcome(Ok(verified)));
    Some(AuthUser(who))
}

fn token_of(request: &HttpRequest) -> Option<SecretString> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.and_then(bearer_token)
}

/// The principal of the request's bearer token, which may be the link to an order, and when the token expires. The policy decides
/// what the principal may do.
#[derive(Debug)]
pub struct Bearer(pub Verified);

impl FromRequest for Bearer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(verified(request).map(Self))
    }
}

pub(super) fn state(request: &HttpRequest) -> Result<web::Data<State>, Problem> {
    let missing = || Problem::new(ErrorCode::Internal, "the server is not set up");
    request.app_data::<web::Data<State>>().cloned().ok_or_else(missing)
}

/// Verifies the request's token, and counts a refused one. All extractors of a request share the outcome.
pub(super) fn verified(request: &HttpRequest) -> Result<Verified, Problem> {
    if let Some(Outcome(outcome)) = request.extensions().get() {
        return outcome.clone();
    }
    let outcome = verify(request);
    request.extensions_mut().insert(Outcome(outcome.clone()));
    outcome
}

/// The outcome of verifying the request's token.
struct Outcome(Result<Verified, Problem>);

fn verify(request: &HttpRequest) -> Result<Verified, Problem> {
    let state = state(request)?;
    let token = token_of(request)
        .ok_or_else(|| Problem::new(ErrorCode::Unauthorized, "send a token with the header Authorization: Bearer"))?;
    let denied = match authenticate(&state.node.tokens, &state.node.ended, &token) {
        Ok(verified) => {
            audit::speaks(&verified.principal);
            return Ok(verified);
        }
        Err(denied) => denied,
    };
    if denied.retry_after().is_none() {
        let counted = state.limits.fail(Action::Handshake, state.limits.address_of(request));
        // The holder of a token that was once valid has to learn that it must be renewed, even if others guess from the same
        // address.
        if !denied.was_valid() {
            counted.map_err(too_many)?;
        }
    }
    Err(denied.into())
}

/// The restaurant that the path names, by its slug or by its id. Needs no token.
#[derive(Debug)]
pub struct Tenant(pub Restaurant);

impl FromRequest for Tenant {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = request.match_info().get("slug").unwrap_or_default().to_owned();
        let state = state(request);
        Box::pin(async move { named(&*state?, &name).await.map(Self) })
    }
}

/// Finds a restaurant by its slug or by its id. A slug may look like an id, and comes first.
async fn named(state: &State, name: &str) -> Result<Restaurant, Problem> {
    let store = &state.node.store;
    if let Ok(slug) = name.parse::<Slug>()
        && let Some(restaurant) = store.restaurant_by_slug(&slug).await?
    {
        return Ok(restaurant);
    }
    let restaurant = match name.parse::<RestaurantId>() {
        Ok(id) => store.restaurant(id).await?,
        Err(_) => None,
    };
    restaurant.ok_or_else(|| Problem::not_found("no restaurant has this name"))
}

/// A principal of the restaurant that the path names, by its slug or by its id. A paired screen knows only the id, from its
/// token.
#[derive(Debug)]
pub struct TenantUser(pub Principal);

impl FromRequest for TenantUser {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = AuthUser::from_request(request, payload).into_inner();
        let id = request.match_info().get("slug").and_then(|text| text.parse::<RestaurantId>().ok());
        let named = Tenant::from_request(request, payload);
        Box::pin(async move {
            let AuthUser(principal) = user?;
            if id == Some(principal.restaurant) {
                return Ok(Self(principal));
            }
            let Tenant(restaurant) = named.await?;
            if restaurant.id == principal.restaurant {
                return Ok(Self(principal));
            }
            Err(Problem::new(ErrorCode::Forbidden, "your token is another restaurant's"))
        })
    }
}

/// A principal of the restaurant that the path names: on a shared device the person on the shift that the header
/// `Orderbell-Shift` names. Handlers that take it define what a PIN permits: they change what a restaurant does today, not
/// permissions.
#[derive(Debug)]
pub struct Acting(pub Principal);

impl FromRequest for Acting {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = TenantUser::from_request(request, payload);
        let (state, shift) = (state(request), shift(request));
        Box::pin(async move {
            let TenantUser(principal) = user.await?;
            Ok(Self(state?.node.commands.acting(&principal, shift?).await?))
        })
    }
}

/// A principal of any restaurant, as [`Acting`], for a path that names no restaurant.
#[derive(Debug)]
pub struct ActingUser(pub Principal);

impl FromRequest for ActingUser {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = AuthUser::from_request(request, payload).into_inner();
        let (state, shift) = (state(request), shift(request));
        Box::pin(async move {
            let AuthUser(principal) = user?;
            Ok(Self(state?.node.commands.acting(&principal, shift?).await?))
        })
    }
}

fn shift(request: &HttpRequest) -> Result<Option<ShiftId>, Problem> {
    let Some(shift) = request.headers().get(SHIFT) else { return Ok(None) };
    let shift = shift.to_str().ok().and_then(|text| text.parse().ok());
    shift.map(Some).ok_or_else(|| Problem::invalid("Orderbell-Shift: expected the id of a shift, a UUID"))
}

/// A manager of the restaurant that the path names.
#[derive(Debug)]
pub struct Manager(pub Principal);

impl FromRequest for Manager {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = TenantUser::from_request(request, payload);
        Box::pin(async move {
            let TenantUser(principal) = user.await?;
            if policy::may_manage(&principal) {
                return Ok(Self(principal));
            }
            Err(Problem::new(ErrorCode::Forbidden, "only a manager may do this"))
        })
    }
}

/// A manager of the restaurant that the path names who proved their password recently. Sensitive actions require one.
#[derive(Debug)]
pub struct ConfirmedManager(pub Principal);

impl FromRequest for ConfirmedManager {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let manager = Manager::from_request(request, payload);
        let state = state(request);
        Box::pin(async move {
            let Manager(principal) = manager.await?;
            state?.sessions()?.require_recent_proof(&principal).await?;
            Ok(Self(principal))
        })
    }
}

/// The header `Idempotency-Key`, a UUID, under which placing an order can be repeated safely.
#[derive(Debug)]
pub struct IdempotencyKey(pub CommandId);

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(idempotency_key(request, false).and_then(|id| id.map(Self).ok_or_else(no_idempotency_key)))
    }
}

/// An optional `Idempotency-Key`: it may be absent, but one that is sent must be valid.
#[derive(Debug)]
pub struct OptionalIdempotencyKey(pub Option<CommandId>);

impl FromRequest for OptionalIdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(optional_key(request).map(Self))
    }
}

/// Reads a key that only names a call. Accepts upper case, in which some languages print a UUID.
fn optional_key(request: &HttpRequest) -> Result<Option<CommandId>, Problem> {
    idempotency_key(request, true)
}

fn idempotency_key(request: &HttpRequest, in_any_case: bool) -> Result<Option<CommandId>, Problem> {
    let mut keys = request.headers().get_all("idempotency-key");
    let Some(key) = keys.next() else { return Ok(None) };
    let read = |text: &str| if in_any_case { text.to_ascii_lowercase() } else { text.to_owned() };
    let id = key.to_str().ok().and_then(|text| read(text.trim()).parse().ok());
    // Two keys would identify two calls.
    id.filter(|_| keys.next().is_none()).map(Some).ok_or_else(no_idempotency_key)
}

fn no_idempotency_key() -> Problem {
    Problem::invalid(
        "Idempotency-Key: expected a UUID of your own in lower case with hyphens, and the same one when you send again",
    )
}
