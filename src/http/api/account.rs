//! A person's own account: `/api/v1/people/me`. Calls that prove a secret are limited like sign-ins. A proof replaces the session
//! with a new one; such a call may be repeated under its `Idempotency-Key`.

use super::sessions::{SignInAnswer, counted, to_its_end};
use crate::auth::password_policy::schema as password_schema;
use crate::auth::session::SessionError;
use crate::domain::model::principal::Role;
use crate::domain::model::principal::person_role_schema;
use crate::domain::values::ids::UserId;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::http::body::Body;
use crate::http::extract::{AuthUser, ProvingUser};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::rate_limit::{Action, too_many};
use crate::http::state::State;
use crate::http::{device_cookie, qr};
use crate::protocol::ErrorCode;
use crate::store::credentials::OwnSession;
use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Returns the problem of a call in a session. A wrong code is `forbidden` here, since clients renew their token after
/// `unauthorized`.
fn refused(state: &State, error: SessionError) -> Problem {
    match error {
        SessionError::WrongCode => Problem::new(ErrorCode::Forbidden, error.to_string()),
        SessionError::CodeRequired => Problem::new(ErrorCode::Forbidden, error.to_string()).totp_required(),
        error => counted(state, error),
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
struct AccountAnswer {
    id: UserId,
    username: Key,
    #[schema(schema_with = person_role_schema)]
    role: Role,
    /// Whether the person has a second factor.
    totp: bool,
    /// Whether the person has a PIN for shared devices.
    pin: bool,
    /// Whether the person must set up a second factor before managing the restaurant.
    totp_setup_required: bool,
    /// The number of unused recovery codes.
    recovery_codes: u32,
}

/// `GET /api/v1/people/me`: returns the caller's account.
///
/// # Errors
/// `forbidden` unless the caller signed in with a password.
#[utoipa::path(
    get,
    path = "/api/v1/people/me",
    operation_id = "readAccount",
    tag = "sessions",
    summary = "Read the caller's account and whether it has a second factor",
    description = "For: staff, manager.",
    responses((status = 200, description = "The account.", body = AccountAnswer), parts::WithToken),
)]
pub async fn read(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    let account = state.sessions()?.account(&who).await?;
    let pin = state.node.store.pin(who.restaurant, account.user.id).await?.is_some();
    Ok(HttpResponse::Ok().json(AccountAnswer {
        id: account.user.id,
        username: account.user.username,
        role: account.user.role,
        totp: account.second_factor.is_some(),
        pin,
        totp_setup_required: account.needs_second_factor,
        recovery_codes: account.second_factor.map_or(0, |factor| factor.recovery_codes),
    }))
}

/// The body of `POST …/confirmation`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordConfirmation)]
pub struct Confirmation {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// A code of the second factor, or a recovery code. Required if the person has a second factor.
    #[schema(value_type = Option<String>, format = Password)]
    totp: Option<SecretString>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PasswordConfirmed)]
struct ConfirmationAnswer {
    #[serde(flatten)]
    session: SignInAnswer,
    confirmed_until: Timestamp,
}

/// `POST …/confirmation`: confirms the password, which permits sensitive actions for some minutes. 200 with the tokens of the
/// new session.
///
/// # Errors
/// `forbidden` for a wrong password or code, `unauthorized`, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/people/me/confirmation",
    operation_id = "confirmPassword",
    tag = "sessions",
    summary = "Confirm the password, which permits sensitive actions for some minutes",
    description = "For: staff, manager. Sensitive actions without a recent confirmation are refused with `confirm_password`. \
        The current session ends, and the answer has the tokens of the next one.",
    params(parts::Attempt),
    request_body = Confirmation,
    responses(
        (status = 200, description = "Confirmed: a new session, and how long it permits sensitive actions.", body = ConfirmationAnswer),
        parts::WithToken,
        parts::WithBody,
    ),
)]
pub async fn confirm_password(
    state: web::Data<State>,
    proving: ProvingUser,
    body: Body<Confirmation>,
) -> Result<HttpResponse, Problem> {
    let ProvingUser { who, attempt } = proving;
    state.limits.admit(Action::Login, &who).map_err(too_many)?;
    let Confirmation { password, totp } = body.0;
    let sessions = state.sessions()?.clone();
    let confirmed = async move { sessions.confirm_password(&who, password, totp.as_ref(), attempt).await };
    let (signed_in, confirmed_until) = to_its_end(confirmed).await.map_err(|error| refused(&state, error))?;
    Ok(HttpResponse::Ok().json(ConfirmationAnswer { session: signed_in.into(), confirmed_until }))
}

/// The body of `PUT …/password`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    #[schema(value_type = String, format = Password)]
    current: SecretString,
    #[schema(schema_with = password_schema)]
    new: SecretString,
}

/// `PUT …/password`: changes the password. The person's other sessions end. 200 with the tokens of the new session.
///
/// # Errors
/// `forbidden` for a wrong current password, `invalid` for a new one that breaks the rules, `unauthorized`, `rate_limited`.
#[utoipa::path(
    put,
    path = "/api/v1/people/me/password",
    operation_id = "changeOwnPassword",
    tag = "sessions",
    summary = "Change the password; the person's other sessions end",
    description = "For: staff, manager. The current session ends, and the answer has the tokens of the next one.",
    params(parts::Attempt),
    request_body = PasswordChange,
    responses(
        (status = 200, description = "Changed: a new session. The person's other sessions have ended.", body = SignInAnswer),
        parts::WithToken,
        parts::WithBody,
    ),
)]
pub async fn change_password(
    state: web::Data<State>,
    proving: ProvingUser,
    request: HttpRequest,
    body: Body<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let ProvingUser { who, attempt } = proving;
    state.limits.admit(Action::Login, &who).map_err(too_many)?;
    let PasswordChange { current, new } = body.0;
    let sessions = state.sessions()?.clone();
    let person = who.sub.as_str().parse();
    let changed = async move { sessions.change_own_password(&who, current, new, attempt).await };
    let signed_in = to_its_end(changed).await.map_err(|error| refused(&state, error))?;
    let mut answer = HttpResponse::Ok();
    if let (Some(mark), Ok(person)) = (&signed_in.device_mark, person) {
        answer.insert_header((SET_COOKIE, device_cookie::set(&state, &request, person, mark)?));
    }
    Ok(answer.json(SignInAnswer::from(signed_in)))
}

#[derive(Serialize, ToSchema)]
#[schema(as = OwnSession)]
struct SessionAnswer {
    id: Key,
    begun_at: Timestamp,
    renewed_at: Timestamp,
    expires_at: Timestamp,
    current: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OwnSessions)]
struct SessionList {
    sessions: Vec<SessionAnswer>,
}

/// `GET …/sessions`: lists the person's sessions, the most recently used first.
///
/// # Errors
/// `forbidden`.
#[utoipa::path(
    get,
    path = "/api/v1/people/me/sessions",
    operation_id = "listOwnSessions",
    tag = "sessions",
    summary = "List the person's sessions, the most recently used first",
    description = "For: staff, manager.",
    responses((status = 200, description = "The sessions.", body = SessionList), parts::WithToken),
)]
pub async fn sessions(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    let answer = |OwnSession { id, begun_at, renewed_at, expires_at }| {
        let current = id == who.session;
        SessionAnswer { id, begun_at, renewed_at, expires_at, current }
    };
    let sessions = state.sessions()?.own_sessions(&who).await?.into_iter().map(answer).collect();
    Ok(HttpResponse::Ok().json(SessionList { sessions }))
}

/// `DELETE …/sessions`: ends all sessions of the person except this one. 204.
///
/// # Errors
/// `forbidden`, `confirm_password`.
#[utoipa::path(
    delete,
    path = "/api/v1/people/me/sessions",
    operation_id = "endOtherSessions",
    tag = "sessions",
    summary = "End all sessions of the person except this one",
    description = "For: staff, manager. Without a recent proof of the password, `confirm_password`.",
    responses((status = 204, description = "Ended."), parts::WithToken),
)]
pub async fn end_others(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    state.sessions()?.end_other_sessions(&who).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE …/sessions/{id}`: ends one session of the person. 204.
///
/// # Errors
/// `forbidden`, `not_found` for a session that is not theirs.
#[utoipa::path(
    delete,
    path = "/api/v1/people/me/sessions/{id}",
    operation_id = "endOwnSession",
    tag = "sessions",
    summary = "End one session of the person",
    description = "For: staff, manager.",
    params(("id" = Key, Path, description = "The id.")),
    responses(
        (status = 204, description = "Ended."),
        parts::WithToken,
        (status = 404, response = Problem),
    ),
)]
pub async fn end_session(state: web::Data<State>, AuthUser(who): AuthUser, id: web::Path<Key>) -> Result<HttpResponse, Problem> {
    state.sessions()?.end_own_session(&who, id.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The body of `POST …/totp`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TotpBeginning)]
pub struct Enrol {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TotpSecret)]
struct EnrolAnswer<'a> {
    /// The secret in base32.
    secret: &'a str,
    /// The secret as a URL for authenticator apps.
    otpauth_url: &'a str,
    /// The URL as a QR code.
    qr_svg: &'a str,
}

/// `POST …/totp`: begins a second factor. 200 with the secret and its QR code in the body, since addresses get into logs.
///
/// # Errors
/// `forbidden` for a wrong password, `conflict` if the person has a second factor, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/people/me/totp",
    operation_id = "beginTotp",
    tag = "sessions",
    summary = "Begin a second factor (RFC 6238), which has no effect until it is confirmed",
    description = "For: staff, manager.",
    request_body = Enrol,
    responses(
        (status = 200, description = "The secret. No other answer contains it.", body = EnrolAnswer),
        parts::WithToken,
        parts::WithBody,
        (status = 409, response = Problem),
    ),
)]
pub async fn begin_totp(state: web::Data<State>, AuthUser(who): AuthUser, body: Body<Enrol>) -> Result<HttpResponse, Problem> {
    state.limits.admit(Action::Login, &who).map_err(too_many)?;
    let sessions = state.sessions()?.clone();
    let begun = async move { sessions.begin_totp(&who, body.0.password).await };
    let begun = to_its_end(begun).await.map_err(|error| refused(&state, error))?;
    let secret = begun.secret.expose_secret();
    let otpauth_url = begun.otpauth_url.expose_secret();
    let qr_svg = qr::svg(otpauth_url)?;
    Ok(HttpResponse::Ok().json(EnrolAnswer { secret, otpauth_url, qr_svg: &qr_svg }))
}

/// The body of `POST …/totp/confirmation`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TotpConfirmation)]
pub struct Confirm {
    #[schema(value_type = String, format = Password)]
    code: SecretString,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
struct ConfirmAnswer<'a> {
    #[serde(flatten)]
    session: SignInAnswer,
    recovery_codes: Vec<&'a str>,
}

/// `POST …/totp/confirmation`: confirms the second factor with its first code. From then on, signing in requires a code. 200
/// with the recovery codes and the tokens of the new session.
///
/// # Errors
/// `forbidden` for a wrong code, `conflict` if no second factor was begun, `unauthorized`, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/people/me/totp/confirmation",
    operation_id = "confirmTotp",
    tag = "sessions",
    summary = "Confirm the second factor with its first code; from then on, signing in requires a code",
    description = "For: staff, manager. The current session ends, and the answer has the tokens of the next one.",
    params(parts::Attempt),
    request_body = Confirm,
    responses(
        (status = 200, description = "Confirmed: a new session, and the recovery codes.", body = ConfirmAnswer),
        parts::WithToken,
        parts::WithBody,
        (status = 404, response = Problem),
        (status = 409, response = Problem),
    ),
)]
pub async fn confirm_totp(state: web::Data<State>, proving: ProvingUser, body: Body<Confirm>) -> Result<HttpResponse, Problem> {
    let ProvingUser { who, attempt } = proving;
    state.limits.admit(Action::Login, &who).map_err(too_many)?;
    let sessions = state.sessions()?.clone();
    let confirmed = async move { sessions.confirm_totp(&who, &body.0.code, attempt).await };
    let (signed_in, codes) = to_its_end(confirmed).await.map_err(|error| refused(&state, error))?;
    let recovery_codes = codes.iter().map(ExposeSecret::expose_secret).collect();
    Ok(HttpResponse::Ok().json(ConfirmAnswer { session: signed_in.into(), recovery_codes }))
}

/// The body of `POST …/totp/removal`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TotpRemoval)]
pub struct Remove {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    #[schema(value_type = String, format = Password)]
    code: SecretString,
}

/// `POST …/totp/removal`: removes the second factor, so that signing in requires only the password. The person's other sessions
/// end. 200 with the tokens of the new session.
///
/// # Errors
/// `forbidden` for a wrong password or code, `not_found` without a second factor, `unauthorized`, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/people/me/totp/removal",
    operation_id = "removeTotp",
    tag = "sessions",
    summary = "Remove the second factor with the password and a code; the person's other sessions end",
    description = "For: staff, manager. The current session ends, and the answer has the tokens of the next one.",
    params(parts::Attempt),
    request_body = Remove,
    responses(
        (status = 200, description = "Removed: a new session. The person's other sessions have ended.", body = SignInAnswer),
        parts::WithToken,
        parts::WithBody,
        (status = 404, response = Problem),
    ),
)]
pub async fn remove_totp(state: web::Data<State>, proving: ProvingUser, body: Body<Remove>) -> Result<HttpResponse, Problem> {
    let ProvingUser { who, attempt } = proving;
    state.limits.admit(Action::Login, &who).map_err(too_many)?;
    let Remove { password, code } = body.0;
    let sessions = state.sessions()?.clone();
    let removed = async move { sessions.remove_own_totp(&who, password, &code, attempt).await };
    let signed_in = to_its_end(removed).await.map_err(|error| refused(&state, error))?;
    Ok(HttpResponse::Ok().json(SignInAnswer::from(signed_in)))
}
