//! Entity tags: a body is sent again only if it has changed.

use super::problem::Problem;
use crate::domain::values::version::{Expected, Version};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, CacheControl, CacheDirective, ETag, EntityTag, Header, IF_MATCH, IfMatch, IfNoneMatch};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use std::future::{Ready, ready};

/// Returns the tag of a body.
#[must_use]
pub fn tag(body: &[u8]) -> String {
    Version::of_bytes(body).into_string()
}

/// Returns the tag of a body with this SHA-256.
#[must_use]
pub fn tag_of_hash(hash: &[u8]) -> String {
    Version::of_hash(hash).into_string()
}

/// The bytes of a hash in the tag of an embedded file. They tell its versions apart, and a page that loads forty files pays for
/// each byte of a header.
const FILE_TAG_BYTES: usize = 8;

/// Returns the tag of an embedded file with this SHA-256.
#[must_use]
pub fn tag_of_file(hash: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&hash[..FILE_TAG_BYTES.min(hash.len())])
}

/// The most versions that one request may name.
const MAX_NAMED: usize = 16;

/// The versions in the header `If-Match`; any version without the header.
#[derive(Debug)]
pub struct BasedOn(pub Expected);

impl FromRequest for BasedOn {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(based_on(request).map(Self))
    }
}

/// Reads a tag, weak or strong: it names the version of a document, and not its compressed bytes.
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

/// Adds the version of the document in an answer.
#[must_use]
pub fn versioned(mut response: HttpResponse, version: Version) -> HttpResponse {
    let tag = ETag(EntityTag::new_weak(version.into_string()));
    if let Ok(value) = actix_web::http::header::TryIntoHeaderValue::try_into_value(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// Returns the body, or 304 if the client has it. The tag is weak, since the bytes on the wire
/// depend on the compression. The client may store the body, but must revalidate it each time.
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
