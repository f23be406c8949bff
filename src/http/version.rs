//! The files of the pages, and which version of them this node serves: a page that finds another one loads itself again.

use rust_embed::Embed;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;

/// The files of `static/`: compiled in, or read from the disk in a debug build.
#[derive(Embed)]
#[folder = "static/"]
pub(super) struct Static;

/// Where a page says which version it is.
const PLACEHOLDER: &str = "{{version}}";
/// Bytes of the digest that are told: enough to tell the versions of one place apart.
const DIGEST_BYTES: usize = 6;

static VERSION: LazyLock<String> = LazyLock::new(|| format!("{}+{}", env!("CARGO_PKG_VERSION"), digest()));

/// The version of the package and twelve digits of a digest over the files of the pages: `0.1.0+9f86d081884c`. The same
/// for as long as the process lives.
#[must_use]
pub fn version() -> &'static str {
    &VERSION
}

fn digest() -> String {
    let mut paths: Vec<_> = Static::iter().collect();
    paths.sort_unstable();
    let mut digest = Sha256::new();
    for path in paths {
        let Some(file) = Static::get(&path) else { continue };
        digest.update(path.as_bytes());
        digest.update([0]);
        digest.update(file.metadata.sha256_hash());
    }
    digest.finalize()[..DIGEST_BYTES].iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A page with the version written into it.
pub(super) fn stamp(page: &[u8]) -> String {
    String::from_utf8_lossy(page).replace(PLACEHOLDER, version())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_packages_and_a_digest_of_the_files() {
        let (package, digest) = version().split_once('+').unwrap();
        assert_eq!(package, env!("CARGO_PKG_VERSION"));
        assert!(digest.len() == 12 && digest.chars().all(|digit| digit.is_ascii_hexdigit()), "{digest}");
        assert_eq!(super::digest(), digest, "the same files have the same");
    }

    #[test]
    fn a_page_is_stamped_and_the_rest_of_it_left() {
        assert_eq!(stamp(b"<p>{{version}} {{other}}</p>"), format!("<p>{} {{{{other}}}}</p>", version()));
    }
}
