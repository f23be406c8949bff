//! Bodies with an entity tag: sent again only when they have changed.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, CacheControl, CacheDirective, ETag, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Bytes of a hash that make a tag: more than enough to tell versions of one body apart.
const TAG_BYTES: usize = 16;

/// The tag of a body.
#[must_use]
pub fn tag(body: &[u8]) -> String {
    tag_of_hash(&Sha256::digest(body))
}

/// The tag of a body whose SHA-256 is known.
#[must_use]
pub fn tag_of_hash(hash: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&hash[..TAG_BYTES.min(hash.len())])
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
