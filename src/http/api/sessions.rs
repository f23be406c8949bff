//! Sessions: signing in, sitting down at a table, renewing, signing out.

use crate::auth::policy;
use crate::auth::session::{SessionError, SignedIn};
use crate::auth::token::TokenAnswer;
use crate::clock;
use crate::domain::model::order::Order;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::visit::OpenVisit;
use crate::domain::values::ids::{OrderId, RestaurantId, VisitId};
use crate::domain::values::money::Currency;
use crate::domain::values::schema::wire_schema;
use crate::domain::values::text::{Key, Name, Slug, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::http::body::Body;
use crate::http::device_cookie;
use crate::http::extract::{AuthUser, OptionalIdempotencyKey};
use crate::http::openapi::parts;
use crate::http::paging;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::rate_limit::{Action, too_many};
use crate::http::ration::Rationed;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use crate::store::accounts::Restaurant;
use crate::store::audit;
use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType, Type};
use utoipa::{IntoParams, ToSchema};

/// The orders on a page of a guest's own orders.
const ORDERS_OF_A_VISIT: u32 = 100;

/// The longest delay of an answer to a session that renews too often.
const LONGEST_RENEWAL: Duration = Duration::from_secs(5);

/// A restaurant as answers name it.
#[derive(Debug, Serialize, ToSchema)]
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

wire_schema!(SignIn, "SignIn", OneOfBuilder::new().item(person_schema()).item(api_key_schema()));

/// Builds the schema of a body that has members of its own and no others.
fn closed() -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object));
    object.additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

fn secret_schema() -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
}

fn person_schema() -> ObjectBuilder {
    let text = || ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let totp = "A code of the person's authenticator app, or a recovery code; required with a second factor.";
    let person = closed().property("restaurant", text()).property("username", text()).property("password", secret_schema());
    let person = person.property("totp", secret_schema().description(Some(totp)));
    person.required("restaurant").required("username").required("password")
}

fn api_key_schema() -> ObjectBuilder {
    closed().property("api_key", secret_schema()).required("api_key")
}

fn too_many_guesses(wait: Duration) -> Problem {
    let detail = "too many wrong passwords; wait a little, or sign in on a device or a network where you signed in before";
    Problem::new(ErrorCode::RateLimited, detail).after(wait)
}

/// Runs a call that proves a secret, in a task of its own.
///
/// Cancel safety: a client that goes away takes no try back, and leaves no turn taken.
pub(super) async fn to_its_end<T: 'static>(
    call: impl Future<Output = Result<T, SessionError>> + 'static,
) -> Result<T, SessionError> {
    actix_web::rt::spawn(audit::carried(call)).await.unwrap_or(Err(SessionError::Internal))
}

/// Counts the error if the limit on attempts caused it, and returns the problem for it.
pub(super) fn counted(state: &State, error: SessionError) -> Problem {
    if matches!(error, SessionError::TooManyTries(_) | SessionError::TooManyWrong) {
        state.node.metrics.hit("secret_tries");
    }
    error.into()
}

/// The tokens of a new session, with its restaurant and role.
#[derive(Serialize, ToSchema)]
pub(super) struct SignInAnswer {
    #[serde(flatten)]
    tokens: TokenAnswer,
    restaurant: RestaurantBrief,
    role: Role,
    /// Whether a manager must set up a second factor first, and is staff until then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    totp_setup_required: bool,
}

impl From<SignedIn> for SignInAnswer {
    fn from(SignedIn { tokens, principal, restaurant, totp_setup_required, .. }: SignedIn) -> Self {
        Self { tokens, restaurant: restaurant.into(), role: principal.role, totp_setup_required }
    }
}

/// `POST /api/v1/sessions`: signs in a person, or a POS by its API key. 200 with tokens. A repeated
/// sign-in of the same person with the same `Idempotency-Key`, which is optional here, gets the
/// same session.
///
/// # Errors
/// `unauthorized`, `invalid`, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/sessions",
    operation_id = "signIn",
    tag = "sessions",
    summary = "Sign in with a name and a password, or with an API key",
    description = "For: everybody.",
    security(()),
    params(parts::Attempt),
    request_body = SignIn,
    responses(
        (status = 200, description = "Tokens.", body = SignInAnswer),
        parts::WithBody,
        (status = 401, response = Problem),
        (status = 429, response = Problem),
    ),
)]
pub async fn sign_in(
    state: web::Data<State>,
    rationed: web::ReqData<Rationed>,
    attempt: OptionalIdempotencyKey,
    request: HttpRequest,
    body: Body<SignIn>,
) -> Result<HttpResponse, Problem> {
    let Rationed { address } = *rationed;
    let OptionalIdempotencyKey(attempt) = attempt;
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
            let sessions = state.sessions()?.clone();
            let signed_in = async move {
                let outcome = sessions.sign_in(&slug, &username, password, totp.as_ref(), attempt).await;
                match &outcome {
                    Ok(_) => guess.right(),
                    Err(SessionError::BadCredentials) => guess.wrong(),
                    // The password was right, or was not checked.
                    Err(_) => drop(guess),
                }
                outcome
            };
            to_its_end(signed_in).await.map_err(|error| counted(&state, error))?
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
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    #[schema(value_type = String, format = Password)]
    refresh_token: SecretString,
}

/// `POST /api/v1/sessions/refresh`: spends a refresh token and returns a new pair. 200.
///
/// # Errors
/// `unauthorized` if the session has ended, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/refresh",
    operation_id = "refresh",
    tag = "sessions",
    summary = "Spend a refresh token for a new pair",
    description = "The token that was spent last gets the same successor again, until the successor is spent, but for at \
        most 24 hours. So send it again after a lost answer. An older one ends the session.",
    security(()),
    request_body = Refresh,
    responses(
        (status = 200, description = "Tokens.", body = TokenAnswer),
        parts::WithBody,
        (status = 401, response = Problem),
        (status = 429, response = Problem),
    ),
)]
pub async fn refresh(state: web::Data<State>, body: Body<Refresh>) -> Result<HttpResponse, Problem> {
    let tokens = state.sessions()?.refresh(&body.0.refresh_token).await?;
    let session = state.node.tokens.verify(&tokens.access_token.clone().into(), clock::now())?.principal.session;
    // Each renewal needs the answer to the previous one, so delaying the answer slows the client
    // down.
    if let Err(wait) = state.limits.renew(&session) {
        tokio::time::sleep(wait.min(LONGEST_RENEWAL)).await;
    }
    Ok(HttpResponse::Ok().json(tokens))
}

/// `DELETE /api/v1/sessions/current`: ends the token's session and its connections, on every node. 204.
///
/// # Errors
/// `unauthorized`.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/current",
    operation_id = "signOut",
    tag = "sessions",
    summary = "End the session, on every node",
    description = "For: every role.",
    responses((status = 204, description = "Ended."), parts::WithToken),
)]
pub async fn end(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    state.sessions()?.sign_out(&who).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The body of `POST /api/v1/diner-sessions`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SitDown {
    #[schema(value_type = String)]
    table_key: SecretString,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SatDown)]
struct SeatAnswer {
    #[serde(flatten)]
    tokens: TokenAnswer,
    restaurant: RestaurantBrief,
    #[schema(required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TableLabel>,
    diner: Key,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Seat)]
struct Visit {
    restaurant: RestaurantBrief,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TableLabel>,
    diner: Key,
}

/// `POST /api/v1/diner-sessions`: begins a guest's session at the table with this key. 200 with
/// tokens.
///
/// # Errors
/// `not_found` if no table has the key, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/diner-sessions",
    operation_id = "sitDown",
    tag = "sessions",
    summary = "Sit down at the table with this key",
    description = "For: everybody.",
    security(()),
    request_body = SitDown,
    responses(
        (status = 200, description = "Tokens.", body = SeatAnswer),
        parts::WithBody,
        (status = 404, response = Problem),
        (status = 429, response = Problem),
    ),
)]
pub async fn seat(state: web::Data<State>, body: Body<SitDown>) -> Result<HttpResponse, Problem> {
    let SignedIn { tokens, principal, restaurant, .. } = state.sessions()?.seat(&body.0.table_key).await?;
    let Principal { table, sub: diner, .. } = principal;
    Ok(HttpResponse::Ok().json(SeatAnswer { tokens, restaurant: restaurant.into(), table, diner }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = OwnVisit)]
struct VisitAnswer {
    #[serde(flatten)]
    seat: Visit,
    /// The open visit of the table, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    visit: Option<VisitBrief>,
    orders: Vec<Order>,
    /// The `after` of the next page, which is older; absent on the last page. A page has 100 orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<OrderId>,
}

/// The query of a guest's own visit. Unknown parameters are ignored: version 1 began without any.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OrdersQuery {
    /// The `next` of the previous page.
    after: Option<OrderId>,
}

/// The visit of the guest's table, without the orders of other guests.
#[derive(Serialize, ToSchema)]
struct VisitBrief {
    id: VisitId,
    opened_at: Timestamp,
}

/// `GET /api/v1/diner-sessions/current`: returns the guest's table and their orders, newest first;
/// `next` is the `after` of the next page, which is older.
///
/// # Errors
/// `forbidden` unless the caller is a guest.
#[utoipa::path(
    get,
    path = "/api/v1/diner-sessions/current",
    operation_id = "visit",
    tag = "sessions",
    summary = "Read the guest's table and orders",
    description = "For: diner.",
    params(OrdersQuery),
    responses(
        (status = 200, description = "The table, its open visit, and the guest's orders, newest first.", body = VisitAnswer),
        parts::WithToken,
        (status = 404, response = Problem),
        (status = 422, response = Problem),
    ),
)]
pub async fn visit(
    state: web::Data<State>,
    AuthUser(who): AuthUser,
    Query(query): Query<OrdersQuery>,
) -> Result<HttpResponse, Problem> {
    if !policy::is_guest(&who) {
        return Err(Problem::new(ErrorCode::Forbidden, "only a guest has a visit"));
    }
    let restaurant = state.node.store.restaurant(who.restaurant).await?;
    let restaurant = restaurant.ok_or_else(|| Problem::not_found("this restaurant is gone"))?;
    let mut orders = state.node.store.orders_of_diner(who.restaurant, &who.sub, query.after, ORDERS_OF_A_VISIT + 1).await?;
    let next = paging::cut(&mut orders, ORDERS_OF_A_VISIT, |order| order.id);
    // The token may name the table that the guest has left.
    let table = state.node.store.seat(who.restaurant, &who.session).await?.or(who.table);
    let visit = match &table {
        Some(table) => state.node.store.visit_of_table(who.restaurant, table).await?,
        None => None,
    };
    let visit = visit.map(|OpenVisit { id, opened_at, .. }| VisitBrief { id, opened_at });
    let seat = Visit { restaurant: restaurant.into(), table, diner: who.sub };
    Ok(HttpResponse::Ok().json(VisitAnswer { seat, visit, orders, next }))
}
