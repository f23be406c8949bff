//! Prepares the files of `static/` for serving: styles written into pages, the version stamped, comments removed, texts
//! compressed. The build script runs this for a release build, which then only hands out bytes; a debug build runs it on
//! each request and reads `static/` from disk, so that an edited page needs no compiler.
//!
//! `build.rs` includes this module by its path: nothing here may use `crate::`.

mod compress;
mod minify;
mod page;

pub use compress::compress;

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

/// The media type of a page.
const HTML: &str = "text/html; charset=utf-8";
/// The end of a text's media type.
const UTF_8: &str = "; charset=utf-8";
/// The policy of a script, a style sheet or a picture that is opened directly. It is short, since a page loads some thirty
/// files.
const ASSET_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// The policy of the service worker: it loads its own parts and calls this server.
const WORKER_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";
/// The path of the service worker: at the root, since a worker serves only pages below its own
/// address.
const WORKER: &str = "service-worker.js";
/// The bytes of the digest in a version: enough to distinguish the versions at one address.
const DIGEST_BYTES: usize = 6;

/// The files of `static/` by their path relative to it, with `/` as the separator.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A file as it is served.
#[derive(Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The media type, with the encoding of a text.
    pub kind: String,
    /// The body without a content coding.
    pub body: Vec<u8>,
    /// The Content-Security-Policy.
    pub policy: String,
}

/// Reads every file below a folder.
///
/// # Errors
/// An error if a file or folder cannot be read.
pub fn read_all(folder: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(relative) = path.strip_prefix(folder) {
                files.insert(relative.to_string_lossy().replace('\\', "/"), fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

/// Returns the version of the package and twelve digits of a digest over the files: `0.1.0+9f86d081884c`.
pub fn version_of(package: &str, files: &Files) -> String {
    let mut digest = Sha256::new();
    for (path, file) in files {
        digest.update(path.as_bytes());
        digest.update([0]);
        digest.update(Sha256::digest(file));
    }
    let digits = digest.finalize()[..DIGEST_BYTES].iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    format!("{package}+{digits}")
}

/// Prepares one file; `read` returns others of `static/`, such as the style sheets of a page. Returns `None` for a file that
/// does not exist.
pub fn prepare(path: &str, version: &str, read: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Prepared> {
    let file = read(path)?;
    let kind = kind_of(path);
    if kind == HTML {
        let (body, policy) = page::assemble(&file, version, read);
        return Some(Prepared { kind, body, policy });
    }
    Some(Prepared { kind, body: file, policy: policy_of(path).to_owned() })
}

/// Returns the policy of answers that are not files.
pub const fn policy() -> &'static str {
    page::POLICY
}

/// Whether files of a media type are worth compressing.
pub fn is_text(kind: &str) -> bool {
    kind.ends_with(UTF_8)
}

/// Returns the media type of a file by its name, with the encoding of a text.
fn kind_of(path: &str) -> String {
    let kind = mime_guess::from_path(path).first_or_octet_stream().to_string();
    let is_text = kind.starts_with("text/") || kind == "application/json" || kind == "application/manifest+json";
    if is_text { format!("{kind}{UTF_8}") } else { kind }
}

/// Returns the policy of a file that is not a page.
fn policy_of(path: &str) -> &'static str {
    if path == WORKER { WORKER_POLICY } else { ASSET_POLICY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_worker_may_call_this_server_but_other_files_may_not() {
        assert_eq!(policy_of("service-worker.js"), WORKER_POLICY);
        for path in ["pages/service-worker.js", "client/orderbell.js", "manifest.webmanifest"] {
            assert_eq!(policy_of(path), ASSET_POLICY, "{path}");
        }
    }

    #[test]
    fn the_media_type_of_a_text_names_its_encoding() {
        for (path, expected) in [
            ("css/base.css", "text/css; charset=utf-8"),
            ("guest/order.js", "text/javascript; charset=utf-8"),
            ("order.html", HTML),
            ("manifest.webmanifest", "application/manifest+json; charset=utf-8"),
            ("icons/icon-192.png", "image/png"),
        ] {
            assert_eq!(kind_of(path), expected);
        }
    }

    #[test]
    fn a_version_follows_from_the_names_and_contents_of_the_files() {
        let files = |path: &str, text: &str| Files::from([(path.to_owned(), text.into())]);
        let version = version_of("1.2.3", &files("a.js", "one"));
        let (package, digest) = version.split_once('+').unwrap();
        assert_eq!((package, digest.len()), ("1.2.3", 12));
        assert_eq!(version, version_of("1.2.3", &files("a.js", "one")));
        assert_ne!(version, version_of("1.2.3", &files("b.js", "one")));
        assert_ne!(version, version_of("1.2.3", &files("a.js", "two")));
    }

    #[test]
    fn a_missing_file_is_not_prepared() {
        assert_eq!(prepare("none.js", "1", |_| None), None);
    }
}
