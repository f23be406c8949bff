//! What a demonstration shows of itself.

use crate::demo::{Person, SLUG};
use crate::domain::model::principal::Role;
use crate::domain::values::text::Key;
use crate::http::problem::Problem;
use crate::http::qr;
use crate::http::state::State;
use actix_web::{HttpResponse, web};
use secrecy::ExposeSecret;
use serde::Serialize;

/// Somebody to sign in as. The password is public: a demonstration shows people only when bound to loopback.
#[derive(Clone, PartialEq, Eq, Serialize)]
struct DemoPerson {
    username: Key,
    password: String,
    role: Role,
}

impl From<&Person> for DemoPerson {
    fn from(person: &Person) -> Self {
        let password = person.password.expose_secret().to_owned();
        Self { username: person.username.clone(), password, role: person.role }
    }
}

/// What the landing page shows of a demonstration.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Demo {
    /// The restaurant to sign in at.
    restaurant: &'static str,
    /// The page of one of its tables; only when the keys are the public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    table_url: Option<String>,
    /// Who can be signed in as; only when the passwords are the public ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    people: Vec<DemoPerson>,
}

impl Demo {
    /// What everybody who asks may see: no table's key and no person but those that are public anyway. `base` is the
    /// server's address, without a slash at its end.
    #[must_use]
    pub fn new(base: &str, table_key: Option<&Key>, people: &[Person]) -> Self {
        let table_url = table_key.map(|key| format!("{base}/t/{key}"));
        Self { restaurant: SLUG, table_url, people: people.iter().map(DemoPerson::from).collect() }
    }
}

fn no_demo() -> Problem {
    Problem::not_found("this server is no demonstration, or does not show its tables")
}

/// `GET /api/v1/demo`: what there is to try.
///
/// # Errors
/// `not_found` unless the server was started with `--demo`.
pub async fn read(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.demo.as_deref().ok_or_else(no_demo)?))
}

/// `GET /api/v1/demo/qr.svg`: the address of a table's page as a QR code.
///
/// # Errors
/// `not_found` when there is no table to show.
pub async fn qr(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let url = state.demo.as_deref().and_then(|demo| demo.table_url.as_deref()).ok_or_else(no_demo)?;
    qr::picture(url)
}
