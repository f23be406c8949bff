//! A person's own account: `/api/v1/people/me`. What is proven here again is limited like a sign-in, and begins a new session
//! in the place of the old one. Such a call may be sent again under its `Idempotency-Key`.

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

/// A code that was not right is no reason to renew a token, so it is `forbidden` here.
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
    /// Whether there is a second factor.
    totp: bool,
    /// Whether a second factor has to be set up before managing.
    totp_setup_required: bool,
    /// The recovery codes that are not used yet.
    recovery_codes: u32,
}

/// `GET /api/v1/people/me`: who is signed in, and what guards the account.
///
/// # Errors
/// `forbidden` for who did not sign in with a password.
#[utoipa::path(
    get,
    path = "/api/v1/people/me",
    operation_id = "readAccount",
    tag = "sessions",
    summary = "Read who is signed in, and what guards the account",
    description = "For: staff, manager.",
    responses((status = 200, description = "The account.", body = AccountAnswer), parts::WithToken),
)]
pub async fn read(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    let account = state.sessions()?.account(&who).await?;
    Ok(HttpResponse::Ok().json(AccountAnswer {
        id: account.user.id,
        username: account.user.username,
        role: account.user.role,
        totp: account.second_factor.is_some(),
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
    /// A code of the second factor, or a recovery code; needed with a second factor.
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

/// `POST …/confirmation`: confirms the password, so that sensitive actions pass for a while. 200 with the tokens of the new
/// session.
///
/// # Errors
/// `forbidden` for a wrong password or code, `unauthorized`, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/people/me/confirmation",
    operation_id = "confirmPassword",
    tag = "sessions",
    summary = "Confirm the password, so that sensitive actions pass for a while",
    description = "For: staff, manager. A call that needs it is refused with `confirm_password`. The current session ends, and the answer \
        has the tokens of the next one.",
    params(parts::Attempt),
    request_body = Confirmation,
    responses(
        (status = 200, description = "Confirmed: a new session, and until when sensitive actions pass in it.", body = ConfirmationAnswer),
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

/// `PUT …/password`: another password. Every other session of the person ends. 200 with the tokens of the new one.
///
/// # Errors
/// `forbidden` for a wrong current one, `invalid` for the new one, `unauthorized`, `rate_limited`.
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
        (status = 200, description = "Changed: a new session; every other one of the person has ended.", body = SignInAnswer),
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
    let (sessions, person) = (state.sessions()?.clone(), who.sub.as_str().parse());
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

/// `GET …/sessions`: the person's sessions, the last used first.
///
/// # Errors
/// `forbidden`.
#[utoipa::path(
    get,
    path = "/api/v1/people/me/sessions",
    operation_id = "listOwnSessions",
    tag = "sessions",
    summary = "List the person's sessions, the last used first",
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

/// `DELETE …/sessions`: ends every session of the person but this one. 204.
///
/// # Errors
/// `forbidden`, `confirm_password`.
#[utoipa::path(
    delete,
    path = "/api/v1/people/me/sessions",
    operation_id = "endOtherSessions",
    tag = "sessions",
    summary = "End every session of the person but this one",
    description = "For: staff, manager. Takes a recent proof of the password, else `confirm_password`.",
    responses((status = 204, description = "Ended."), parts::WithToken),
)]
pub async fn end_others(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    state.sessions()?.end_other_sessions(&who).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE …/sessions/{id}`: ends one session of the person. 204.
///
/// # Errors
/// `forbidden`, `not_found` for one that is not theirs.
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
    /// In base32.
    secret: &'a str,
    /// For an authenticator app.
    otpauth_url: &'a str,
    /// The same as a picture.
    qr_svg: &'a str,
}

/// `POST …/totp`: begins a second factor. 200 with the secret, in a body, since addresses end up in logs.
///
/// # Errors
/// `forbidden` for a wrong password, `conflict` when there is one, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/people/me/totp",
    operation_id = "beginTotp",
    tag = "sessions",
    summary = "Begin a second factor (RFC 6238); it counts once it is confirmed",
    description = "For: staff, manager.",
    request_body = Enrol,
    responses(
        (status = 200, description = "The secret, this once.", body = EnrolAnswer),
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
    let (secret, otpauth_url) = (begun.secret.expose_secret(), begun.otpauth_url.expose_secret());
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

/// `POST …/totp/confirmation`: the first code; signing in asks for one from now on. 200 with recovery codes, this once, and
/// the tokens of the new session.
///
/// # Errors
/// `forbidden` for a wrong code, `conflict` when nothing was begun, `unauthorized`, `rate_limited`.
#[utoipa::path(
    post,
    path = "/api/v1/people/me/totp/confirmation",
    operation_id = "confirmTotp",
    tag = "sessions",
    summary = "Confirm the second factor with its first code; signing in asks for one from now on",
    description = "For: staff, manager. The current session ends, and the answer has the tokens of the next one.",
    params(parts::Attempt),
    request_body = Confirm,
    responses(
        (status = 200, description = "Confirmed: a new session, and the recovery codes, this once.", body = ConfirmAnswer),
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

/// `POST …/totp/removal`: signing in asks for the password alone. Every other session of the person ends. 200 with the tokens
/// of the new one.
///
/// # Errors
/// `forbidden` for a wrong password or code, `not_found` when there is none, `unauthorized`, `rate_limited`.
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
        (status = 200, description = "Removed: a new session; every other one of the person has ended.", body = SignInAnswer),
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
