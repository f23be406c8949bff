//! The files of the pages, packed once and kept: a restaurant's phones all ask for the same thirty.

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptEncoding, Encoding, Header};
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Of 0 to 11. Above 5 a tenth of the bytes goes for ten times the work.
const QUALITY: i32 = 5;

/// By the hash of what was packed; as many as there are files in the binary.
static PACKED: LazyLock<Mutex<HashMap<[u8; 32], Bytes>>> = LazyLock::new(Mutex::default);

/// Whether a client likes brotli best.
pub(super) fn is_liked_best(request: &HttpRequest) -> bool {
    let ours = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).is_ok_and(|wishes| wishes.negotiate(ours.iter()) == Some(Encoding::brotli()))
}

/// A file as brotli; none should that fail, which writing to memory does not.
pub(super) fn pack(hash: [u8; 32], file: &Bytes) -> Option<Bytes> {
    if let Some(packed) = kept().get(&hash) {
        return Some(packed.clone());
    }
    let mut packed = Vec::new();
    let parameters = BrotliEncoderParams { quality: QUALITY, size_hint: file.len(), ..BrotliEncoderParams::default() };
    brotli::BrotliCompress(&mut file.as_ref(), &mut packed, &parameters).ok()?;
    Some(kept().entry(hash).or_insert(packed.into()).clone())
}

fn kept() -> std::sync::MutexGuard<'static, HashMap<[u8; 32], Bytes>> {
    PACKED.lock().unwrap_or_else(PoisonError::into_inner)
}
