//! Bodies with an entity tag: sent again only when they have changed.

use super::problem::Problem;
use crate::domain::values::version::{Expected, Version};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, CacheControl, CacheDirective, ETag, EntityTag, Header, IF_MATCH, IfMatch, IfNoneMatch};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use std::future::{Ready, ready};

/// The tag of a body.
#[must_use]
pub fn tag(body: &[u8]) -> String {
    Version::of_bytes(body).into_string()
}

/// The tag of a body whose SHA-256 is known.
#[must_use]
pub fn tag_of_hash(hash: &[u8]) -> String {
    Version::of_hash(hash).into_string()
}

/// The most versions that one request may name.
const MAX_NAMED: usize = 16;

/// The versions of the header `If-Match`; any version where there is none.
#[derive(Debug)]
pub struct BasedOn(pub Expected);

impl FromRequest for BasedOn {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(based_on(request).map(Self))
    }
}

/// A tag is taken weak or strong: it names the version of a document, and not the bytes that a compression made of it.
fn based_on(request: &HttpRequest) -> Result<Expected, Problem> {
    if !request.headers().contains_key(IF_MATCH) {
        return Ok(Expected::ANY);
    }
    match IfMatch::parse(request) {
        Ok(IfMatch::Any) => Ok(Expected::ANY),
        Ok(IfMatch::Items(tags)) if tags.len() <= MAX_NAMED => {
            Ok(Expected::one_of(tags.iter().map(|tag| tag.tag().to_owned()).collect()))
        }
        _ => Err(Problem::invalid("If-Match must be the ETag, or the version, that was read")),
    }
}

/// An answer with the version of the document that it carries.
#[must_use]
pub fn versioned(mut response: HttpResponse, version: Version) -> HttpResponse {
    let tag = ETag(EntityTag::new_weak(version.into_string()));
    if let Ok(value) = actix_web::http::header::TryIntoHeaderValue::try_into_value(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// The body, or 304 when the client has it. The tag is weak, since the bytes on the wire depend on the compression; the
/// client may keep the body but has to ask each time.
#[must_use]
pub fn answer(request: &HttpRequest, tag: String, content_type: &str, body: impl Into<bytes::Bytes>) -> HttpResponse {
    let tag = EntityTag::new_weak(tag);
    let is_known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|other| other.weak_eq(&tag)),
        Err(_) => false,
    };
    let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    response.insert_header(ETag(tag)).insert_header(CacheControl(vec![CacheDirective::NoCache]));
    if is_known {
        return response.finish();
    }
    response.insert_header((header::CONTENT_TYPE, content_type)).body(body.into())
}
