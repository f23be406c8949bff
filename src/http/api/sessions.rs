//! Signing in, sitting down, renewing and leaving.

use crate::auth::policy;
use crate::auth::session::{SessionError, SignedIn};
use crate::auth::token::TokenAnswer;
use crate::clock;
use crate::domain::model::order::Order;
use crate::domain::model::principal::Role;
use crate::domain::model::visit::OpenVisit;
use crate::domain::values::ids::{OrderId, RestaurantId, VisitId};
use crate::domain::values::money::Currency;
use crate::domain::values::text::{Key, Name, Slug, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::http::body::Body;
use crate::http::device_cookie;
use crate::http::extract::{AuthUser, IdempotencyKey};
use crate::http::problem::Problem;
use crate::http::rate_limit::{Action, too_many};
use crate::http::ration::Rationed;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use crate::store::accounts::Restaurant;
use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Orders of a page of a visit.
const ORDERS_OF_A_VISIT: u32 = 100;

/// How long an answer is held back from a session that is renewed too often.
const LONGEST_RENEWAL: Duration = Duration::from_secs(5);

/// A restaurant as answers name it.
#[derive(Debug, Serialize)]
pub struct RestaurantBrief {
    id: RestaurantId,
    slug: Slug,
    name: Name,
    currency: Currency,
}

impl From<Restaurant> for RestaurantBrief {
    fn from(Restaurant { id, slug, name, currency, .. }: Restaurant) -> Self {
        Self { id, slug, name, currency }
    }
}

/// The body of `POST /api/v1/sessions`: a name and a password at a restaurant, or an API key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    restaurant: Option<String>,
    username: Option<String>,
    password: Option<SecretString>,
    totp: Option<SecretString>,
    api_key: Option<SecretString>,
}

fn too_many_guesses(wait: Duration) -> Problem {
    let detail = "too many wrong passwords; wait a little, or sign in on a device or a network where you signed in before";
    Problem::new(ErrorCode::RateLimited, detail).after(wait)
}

/// Counts a refusal by the limit on tries.
pub(super) fn counted(state: &State, error: SessionError) -> Problem {
    if matches!(error, SessionError::TooManyTries(_) | SessionError::TooManyWrong) {
        state.metrics.hit("secret_tries");
    }
    error.into()
}

/// The tokens of a session that has begun, and what it may do.
#[derive(Serialize)]
pub(super) struct SignInAnswer {
    #[serde(flatten)]
    tokens: TokenAnswer,
    restaurant: RestaurantBrief,
    role: Role,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    totp_setup_required: bool,
}

impl From<SignedIn> for SignInAnswer {
    fn from(SignedIn { tokens, principal, restaurant, totp_setup_required, .. }: SignedIn) -> Self {
        Self { tokens, restaurant: restaurant.into(), role: principal.role, totp_setup_required }
    }
}

/// `POST /api/v1/sessions`: signs in staff, or a POS by its API key. 200 with tokens; the same again for the same person
/// under the same `Idempotency-Key`, which is optional here.
///
/// # Errors
/// `unauthorized`, `invalid`, `rate_limited`.
pub async fn sign_in(
    state: web::Data<State>,
    rationed: web::ReqData<Rationed>,
    attempt: Option<IdempotencyKey>,
    request: HttpRequest,
    body: Body<SignIn>,
) -> Result<HttpResponse, Problem> {
    let Rationed { address } = *rationed;
    let attempt = attempt.map(|IdempotencyKey(attempt)| attempt);
    let signed_in = match body.0 {
        SignIn { api_key: Some(key), restaurant: None, username: None, password: None, totp: None } => {
            let outcome = state.sessions()?.sign_in_with_api_key(&key).await;
            if matches!(outcome, Err(SessionError::BadCredentials)) {
                state.limits.fail(Action::Login, address).map_err(too_many)?;
            }
            outcome?
        }
        SignIn { restaurant: Some(slug), username: Some(username), password: Some(password), totp, api_key: None } => {
            let marks = device_cookie::read(&state, request.headers());
            let mark = state.sessions()?.mark_of(&slug, &username, &marks).await?;
            let guess = state.limits.guess(&slug, &username, address, mark).map_err(too_many_guesses)?;
            let outcome = state.sessions()?.sign_in(&slug, &username, password, totp.as_ref(), attempt).await;
            match &outcome {
                Ok(_) => guess.right(),
                Err(SessionError::BadCredentials) => guess.wrong(),
                // It was right, or was not checked.
                Err(_) => drop(guess),
            }
            outcome.map_err(|error| counted(&state, error))?
        }
        _ => return Err(Problem::invalid("send restaurant, username and password, or api_key alone")),
    };
    let mut answer = HttpResponse::Ok();
    if let (Some(mark), Ok(person)) = (&signed_in.device_mark, signed_in.principal.sub.as_str().parse()) {
        answer.insert_header((SET_COOKIE, device_cookie::set(&state, &request, person, mark)?));
    }
    Ok(answer.json(SignInAnswer::from(signed_in)))
}

/// The body of `POST /api/v1/sessions/refresh`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    refresh_token: SecretString,
}

/// `POST /api/v1/sessions/refresh`: a new pair of tokens; the presented one is spent. 200.
///
/// # Errors
/// `unauthorized` when the session is over, `rate_limited`.
pub async fn refresh(state: web::Data<State>, body: Body<Refresh>) -> Result<HttpResponse, Problem> {
    let tokens = state.sessions()?.refresh(&body.0.refresh_token).await?;
    let session = state.tokens.verify(&tokens.access_token.clone().into(), clock::now())?.principal.session;
    // Each renewal needs the answer to the one before it: who waits for that does not go round faster.
    if let Err(wait) = state.limits.renew(&session) {
        tokio::time::sleep(wait.min(LONGEST_RENEWAL)).await;
    }
    Ok(HttpResponse::Ok().json(tokens))
}

/// `DELETE /api/v1/sessions/current`: ends the token's session and its connections, on every node. 204.
///
/// # Errors
/// `unauthorized`.
pub async fn end(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    state.sessions()?.sign_out(&who).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The body of `POST /api/v1/diner-sessions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitDown {
    table_key: SecretString,
}

#[derive(Serialize)]
struct SeatAnswer {
    #[serde(flatten)]
    tokens: TokenAnswer,
    #[serde(flatten)]
    visit: Visit,
}

#[derive(Serialize)]
struct Visit {
    restaurant: RestaurantBrief,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TableLabel>,
    diner: Key,
}

/// `POST /api/v1/diner-sessions`: a guest sits down at the table of a key. 200 with tokens.
///
/// # Errors
/// `not_found` for a key of no table, `rate_limited`.
pub async fn seat(state: web::Data<State>, body: Body<SitDown>) -> Result<HttpResponse, Problem> {
    let SignedIn { tokens, principal, restaurant, .. } = state.sessions()?.seat(&body.0.table_key).await?;
    let visit = Visit { restaurant: restaurant.into(), table: principal.table, diner: principal.sub };
    Ok(HttpResponse::Ok().json(SeatAnswer { tokens, visit }))
}

#[derive(Serialize)]
struct VisitAnswer {
    #[serde(flatten)]
    seat: Visit,
    #[serde(skip_serializing_if = "Option::is_none")]
    visit: Option<VisitBrief>,
    orders: Vec<Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<OrderId>,
}

/// The query of a guest's own visit.
#[derive(Debug, Deserialize)]
pub struct OrdersQuery {
    after: Option<OrderId>,
}

/// The visit of the guest's table, without what other guests have ordered.
#[derive(Serialize)]
struct VisitBrief {
    id: VisitId,
    opened_at: Timestamp,
}

/// `GET /api/v1/diner-sessions/current`: where the guest sits and what they have ordered, newest
/// first; `next` is the `after` of the next page, which is older.
///
/// # Errors
/// `forbidden` for who is no guest.
pub async fn visit(
    state: web::Data<State>,
    AuthUser(who): AuthUser,
    query: web::Query<OrdersQuery>,
) -> Result<HttpResponse, Problem> {
    if !policy::is_guest(&who) {
        return Err(Problem::new(ErrorCode::Forbidden, "only a guest has a visit"));
    }
    let restaurant = state.store.restaurant(who.restaurant).await?;
    let restaurant = restaurant.ok_or_else(|| Problem::not_found("this restaurant is gone"))?;
    // One more than fits says whether there is a next page.
    let mut orders = state.store.orders_of_diner(who.restaurant, &who.sub, query.after, ORDERS_OF_A_VISIT + 1).await?;
    let has_more = orders.len() > ORDERS_OF_A_VISIT as usize;
    orders.truncate(ORDERS_OF_A_VISIT as usize);
    let next = orders.last().filter(|_| has_more).map(|order| order.id);
    let visit = match &who.table {
        Some(table) => state.store.visit_of_table(who.restaurant, table).await?,
        None => None,
    };
    let visit = visit.map(|OpenVisit { id, opened_at, .. }| VisitBrief { id, opened_at });
    let seat = Visit { restaurant: restaurant.into(), table: who.table, diner: who.sub };
    Ok(HttpResponse::Ok().json(VisitAnswer { seat, visit, orders, next }))
}
