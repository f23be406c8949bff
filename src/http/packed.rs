//! The files of the pages, packed once and kept: a restaurant's phones all ask for the same thirty.

use super::lean;
use actix_web::HttpRequest;
use actix_web::http::header::{AcceptEncoding, Encoding, Header};
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Of 0 to 11, while somebody waits. A debug build packs no file beforehand, and the tests weigh what is shipped.
const AT_ONCE: i32 = if cfg!(debug_assertions) { WELL } else { QUICK };
const QUICK: i32 = 5;
/// A tenth of the bytes less, for thirty times the work.
const WELL: i32 = 11;

/// By the hash of what was packed; as many as there are files in the binary.
static PACKED: LazyLock<Mutex<HashMap<[u8; 32], Bytes>>> = LazyLock::new(Mutex::default);

/// Whether a client likes brotli best.
pub(super) fn is_liked_best(request: &HttpRequest) -> bool {
    let ours = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).is_ok_and(|wishes| wishes.negotiate(ours.iter()) == Some(Encoding::brotli()))
}

/// A file of a media type as brotli, code without its comments; none should that fail, which writing to memory does not.
pub(super) fn pack(hash: [u8; 32], kind: &str, file: &Bytes) -> Option<Bytes> {
    if let Some(packed) = kept().get(&hash) {
        return Some(packed.clone());
    }
    let packed = brotli(kind, file, AT_ONCE)?;
    Some(kept().entry(hash).or_insert(packed).clone())
}

/// Packs a file as small as it gets; from then on that is what [`pack`] gives.
pub(super) fn pack_well(hash: [u8; 32], kind: &str, file: &Bytes) {
    if let Some(packed) = brotli(kind, file, WELL) {
        kept().insert(hash, packed);
    }
}

fn brotli(kind: &str, file: &[u8], quality: i32) -> Option<Bytes> {
    let file = if lean::can_be(kind) { lean::of(file) } else { Cow::Borrowed(file) };
    let mut packed = Vec::new();
    let parameters = BrotliEncoderParams { quality, size_hint: file.len(), ..BrotliEncoderParams::default() };
    brotli::BrotliCompress(&mut file.as_ref(), &mut packed, &parameters).ok()?;
    Some(packed.into())
}

fn kept() -> std::sync::MutexGuard<'static, HashMap<[u8; 32], Bytes>> {
    PACKED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_well_is_what_is_given_and_is_smaller() {
        let text = Bytes::from_static(include_bytes!("pages.rs"));
        let hash = [7; 32];
        let quick = brotli("text/x-rust", &text, QUICK).unwrap();
        pack_well(hash, "text/x-rust", &text);
        let well = pack(hash, "text/x-rust", &text).unwrap();
        assert!(well.len() < quick.len(), "{} and {}", well.len(), quick.len());
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut well.as_ref(), &mut plain).unwrap();
        assert_eq!(plain, text);
    }
}
