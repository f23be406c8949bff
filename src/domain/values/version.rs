//! Versions of edited documents. An edit names the version that it is based on; a stale one is
//! refused.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The bytes of a hash in a version: enough to distinguish the versions of one document.
const HASH_BYTES: usize = 16;

/// A version of a document: an opaque word made from its content, and the entity tag over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// Returns the version of a document with this SHA-256.
    #[must_use]
    pub fn of_hash(hash: &[u8]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(&hash[..HASH_BYTES.min(hash.len())]))
    }

    /// Returns the version of an encoded document.
    #[must_use]
    pub fn of_bytes(document: &[u8]) -> Self {
        Self::of_hash(&Sha256::digest(document))
    }

    /// Returns the version of a document of several texts in a fixed order.
    #[must_use]
    pub fn of_parts(parts: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self::of_hash(&digest.finalize())
    }

    /// Returns the word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the word as an owned string.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The versions that an edit accepts as its base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected(Option<Vec<String>>);

impl Expected {
    /// Any version, for a client that names none.
    pub const ANY: Self = Self(None);

    /// Accepts only these versions.
    #[must_use]
    pub const fn one_of(words: Vec<String>) -> Self {
        Self(Some(words))
    }

    /// Whether a document with this version may be edited.
    #[must_use]
    pub fn admits(&self, version: &Version) -> bool {
        self.admits_any(&[version.as_str()])
    }

    /// Whether a document may be edited, if its version has several names.
    #[must_use]
    pub fn admits_any(&self, names: &[&str]) -> bool {
        self.0.as_ref().is_none_or(|words| words.iter().any(|word| names.contains(&word.as_str())))
    }

    /// Whether the edit names no version.
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
    fn parts_with_other_boundaries_have_another_version() {
        assert_ne!(Version::of_parts(&["ab", "c"]), Version::of_parts(&["a", "bc"]));
        assert_eq!(Version::of_parts(&["ab", "c"]), Version::of_parts(&["ab", "c"]));
    }

    #[test]
    fn an_edit_applies_to_the_versions_it_names_or_to_any_if_it_names_none() {
        let (one, two) = (Version::of_bytes(b"1"), Version::of_bytes(b"2"));
        assert!(Expected::ANY.admits(&one));
        assert!(Expected::from(one.clone()).admits(&one));
        assert!(!Expected::from(one).admits(&two));
        assert!(!Expected::one_of(vec![]).admits(&two));
    }
}
