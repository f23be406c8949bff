//! The parameters of an address. If the type denies unknown fields, an unknown parameter is refused, so that a misspelt one is
//! an error.

use super::problem::Problem;
use crate::domain::values::as_text::read_as_text;
use crate::protocol::fields;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use std::str::FromStr;

/// The parameters of an address.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(fields::from_query(request.query_string()).map(Self).map_err(Problem::invalid))
    }
}

/// A whole number from `LEAST` to `MOST` as a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<const LEAST: u32, const MOST: u32>(pub u32);

/// The parameter is not a whole number within its bounds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number from {0} to {1}")]
pub struct NotWithin(u32, u32);

impl<const LEAST: u32, const MOST: u32> FromStr for Number<LEAST, MOST> {
    type Err = NotWithin;

    fn from_str(text: &str) -> Result<Self, NotWithin> {
        let number = text.parse().ok().filter(|number| (LEAST..=MOST).contains(number));
        number.map(Self).ok_or(NotWithin(LEAST, MOST))
    }
}

read_as_text!([const LEAST: u32, const MOST: u32] Number<LEAST, MOST>);
