//! The files of the pages and their version. A release build holds them prepared (see `build.rs`); a debug build prepares
//! them from `static/` on each request.

pub mod handlers;
mod moved;
#[cfg(not(assets_embedded))]
pub(super) mod prepare;
pub mod specs;
use actix_web::http::header::HeaderValue;
use bytes::Bytes;
use std::borrow::Cow;

#[cfg(assets_embedded)]
use embedded as source;
#[cfg(not(assets_embedded))]
use on_disk as source;

/// A file as it is served.
#[derive(Debug, Clone)]
pub(super) struct Asset {
    /// The media type, with the encoding of a text.
    pub(super) kind: Cow<'static, str>,
    /// The Content-Security-Policy.
    pub(super) policy: HeaderValue,
    /// The SHA-256 of the body.
    pub(super) hash: [u8; 32],
    /// The body without a content coding.
    pub(super) body: Bytes,
    /// The body of a text as brotli.
    pub(super) brotli: Option<Bytes>,
}

/// Returns the file at a path of `static/`.
pub(super) fn find(path: &str) -> Option<Asset> {
    source::find(path)
}

/// Returns the version of the package and twelve digits of a digest over the files of the pages: `0.1.0+9f86d081884c`. A page
/// that finds another version loads itself again. Constant for the life of the process.
#[must_use]
pub fn version() -> &'static str {
    source::version()
}

/// The policy of answers that are not files.
pub(super) fn policy() -> HeaderValue {
    HeaderValue::from_static(source::policy())
}

#[cfg(assets_embedded)]
mod embedded {
    use super::{Asset, Bytes, Cow, HeaderValue};

    struct Embedded {
        path: &'static str,
        kind: &'static str,
        policy: &'static str,
        hash: [u8; 32],
        body: &'static [u8],
        brotli: Option<&'static [u8]>,
    }

    // Sorted by path.
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));

    pub(super) fn find(path: &str) -> Option<Asset> {
        let index = ASSETS.binary_search_by_key(&path, |asset| asset.path).ok()?;
        let asset = &ASSETS[index];
        Some(Asset {
            kind: Cow::Borrowed(asset.kind),
            policy: HeaderValue::from_static(asset.policy),
            hash: asset.hash,
            body: Bytes::from_static(asset.body),
            brotli: asset.brotli.map(Bytes::from_static),
        })
    }

    pub(super) fn version() -> &'static str {
        VERSION
    }

    pub(super) fn policy() -> &'static str {
        POLICY
    }
}

#[cfg(not(assets_embedded))]
mod on_disk {
    use super::prepare;
    use super::{Asset, Bytes, HeaderValue};
    use sha2::{Digest, Sha256};
    use std::collections::HashMap;
    use std::fs;
    use std::path::{Component, Path};
    use std::sync::{LazyLock, Mutex, PoisonError};

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/static");

    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let files = prepare::read_all(Path::new(FOLDER)).unwrap_or_default();
        prepare::version_of(env!("CARGO_PKG_VERSION"), &files)
    });

    /// Compressed bodies by the hash of the uncompressed one: as many as there are files, and one more for each edit.
    static COMPRESSED: LazyLock<Mutex<HashMap<[u8; 32], Option<Bytes>>>> = LazyLock::new(Mutex::default);

    pub(super) fn find(path: &str) -> Option<Asset> {
        let prepared = prepare::prepare(path, version(), read)?;
        let hash = Sha256::digest(&prepared.body).into();
        Some(Asset {
            policy: HeaderValue::try_from(prepared.policy).ok()?,
            hash,
            brotli: compressed(hash, &prepared.kind, &prepared.body),
            body: prepared.body.into(),
            kind: prepared.kind.into(),
        })
    }

    pub(super) fn version() -> &'static str {
        &VERSION
    }

    pub(super) fn policy() -> &'static str {
        prepare::policy()
    }

    /// Reads a file in the folder. A path from a request must not lead out of it.
    fn read(path: &str) -> Option<Vec<u8>> {
        let is_below = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        fs::read(Path::new(FOLDER).join(path)).ok().filter(|_| is_below)
    }

    /// Compresses outside the lock, so that requests for other files do not wait.
    fn compressed(hash: [u8; 32], kind: &str, body: &[u8]) -> Option<Bytes> {
        let kept = || COMPRESSED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compressed) = kept().get(&hash) {
            return compressed.clone();
        }
        let compressed = prepare::compress(kind, body).map(Bytes::from);
        kept().entry(hash).or_insert(compressed).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: [&str; 6] = ["index.html", "table.html", "order.html", "kitchen.html", "staff.html", "manage.html"];

    #[test]
    fn every_page_holds_its_styles_and_its_version() {
        for name in PAGES {
            let page = find(name).unwrap();
            let text = String::from_utf8(page.body.to_vec()).unwrap();
            let (_, rest) = text.split_once("<style>").unwrap();
            let (styles, rest) = rest.split_once("</style>").unwrap();
            assert!(styles.contains(":root") && !styles.contains('<') && !rest.contains("<style"), "{name}");
            assert!(text.contains(version()) && !text.contains("{{version}}"), "{name}");
            assert!(page.policy.to_str().unwrap().contains("style-src 'self' 'sha256-"), "{name}");
        }
    }

    #[test]
    fn a_path_that_leads_out_of_the_folder_finds_nothing() {
        for path in ["", "../Cargo.toml", "/etc/passwd", "client/../../Cargo.toml", "no.html", "client"] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_text_is_also_stored_as_brotli_and_a_picture_is_not() {
        let script = find("guest/order.js").unwrap();
        assert!(script.brotli.unwrap().len() < script.body.len());
        assert!(find("icons/icon-192.png").unwrap().brotli.is_none());
    }
}
