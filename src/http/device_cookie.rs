//! The cookie that carries marks of devices ([`crate::auth::device_mark`]). Only sign-in reads it; scripts cannot.

use super::problem::Problem;
use super::state::State;
use crate::auth::device_mark::{LIFE, Marks};
use crate::clock;
use crate::domain::values::ids::UserId;
use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use secrecy::SecretString;

const NAME: &str = "orderbell_device";
/// The only path to which browsers send the cookie.
const PATH: &str = "/api/v1/sessions";

/// Reads and verifies the marks of a request, from all cookies of this name, since a sibling domain
/// can set one that the browser sends before ours.
pub fn read(state: &State, headers: &HeaderMap) -> Marks {
    let Some(sessions) = &state.sessions else { return Marks::default() };
    let lines = headers.get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let cookies = lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    let sent = cookies.filter(|(name, _)| *name == NAME).map(|(_, value)| value);
    sessions.read_marks(sent, clock::now())
}

/// Returns the value of `Set-Cookie` that adds the mark of a person.
///
/// # Errors
/// `internal` if the value is not a valid header. A mark always makes a valid one.
pub fn set(state: &State, request: &HttpRequest, person: UserId, mark: &SecretString) -> Result<HeaderValue, Problem> {
    let marks = read(state, request.headers()).with(person, mark);
    let secure = if state.base.is_secure(request.peer_addr(), request.headers()) { "; Secure" } else { "" };
    let age = LIFE.as_secs();
    let cookie = format!("{NAME}={marks}; Path={PATH}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(cookie).map_err(|_| crate::store::StoreError::Internal.into())
}
