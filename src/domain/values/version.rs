//! Versions of documents that people edit: an edit names the version that it was based on, and a stale one is refused.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Bytes of a hash that make a version: more than enough to tell versions of one document apart.
const HASH_BYTES: usize = 16;

/// A version of a document, made of its content: an opaque word, the entity tag over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// The version of a document whose SHA-256 is known.
    #[must_use]
    pub fn of_hash(hash: &[u8]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(&hash[..HASH_BYTES.min(hash.len())]))
    }

    /// The version of a document as it is written.
    #[must_use]
    pub fn of_bytes(document: &[u8]) -> Self {
        Self::of_hash(&Sha256::digest(document))
    }

    /// The version of a document of a few texts, in a fixed order.
    #[must_use]
    pub fn of_parts(parts: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self::of_hash(&digest.finalize())
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The word as an owned text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The versions that an edit was based on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected(Option<Vec<String>>);

impl Expected {
    /// Whatever is there: the edit of a client that names no version.
    pub const ANY: Self = Self(None);

    /// One of these words.
    #[must_use]
    pub const fn one_of(words: Vec<String>) -> Self {
        Self(Some(words))
    }

    /// Whether an edit may be made to a document with this version.
    #[must_use]
    pub fn admits(&self, version: &Version) -> bool {
        self.admits_any(&[version.as_str()])
    }

    /// Whether an edit may be made to a document whose version has several names.
    #[must_use]
    pub fn admits_any(&self, names: &[&str]) -> bool {
        self.0.as_ref().is_none_or(|words| words.iter().any(|word| names.contains(&word.as_str())))
    }

    /// Whether no version is named.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.0.is_none()
    }
}

impl From<Version> for Expected {
    fn from(version: Version) -> Self {
        Self(Some(vec![version.0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_however_they_are_cut() {
        assert_ne!(Version::of_parts(&["ab", "c"]), Version::of_parts(&["a", "bc"]));
        assert_eq!(Version::of_parts(&["ab", "c"]), Version::of_parts(&["ab", "c"]));
    }

    #[test]
    fn an_edit_is_admitted_to_the_version_it_names_and_to_any_when_it_names_none() {
        let (one, two) = (Version::of_bytes(b"1"), Version::of_bytes(b"2"));
        assert!(Expected::ANY.admits(&one));
        assert!(Expected::from(one.clone()).admits(&one));
        assert!(!Expected::from(one).admits(&two));
        assert!(!Expected::one_of(vec![]).admits(&two));
    }
}
