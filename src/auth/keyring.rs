//! The keys that sign and verify tokens. The first signs, all verify, so that a key can be changed without signing
//! anybody out: put the new one in front, and take the old one away when its last token has expired.

use crate::domain::text::Key;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretBox, SecretSlice};
use sha2::Sha256;
use std::fmt;

/// The fewest bytes of a secret: as many as HMAC-SHA256 gives out (RFC 7518, section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// Why a keyring was not taken. The messages name keys by id or place, and never show a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Nothing there.
    #[error("the keyring is empty; give at least one key as kid:secret")]
    Empty,
    /// An entry without a colon.
    #[error("key {0} of the keyring has no colon; write each as kid:secret, separated by commas")]
    NoColon(usize),
    /// An id that is empty, too long or has blanks.
    #[error("key {0} of the keyring has an unusable id; a kid is 1 to 64 visible ASCII characters")]
    BadKid(usize),
    /// Two keys of one id.
    #[error("the keyring has two keys with the id {0}; give each its own")]
    Twice(Key),
    /// A secret that could be guessed.
    #[error("the secret of key {0} has fewer than {MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 48")]
    ShortSecret(Key),
}

/// One key.
struct NamedKey {
    kid: Key,
    secret: SecretSlice<u8>,
    decoding: DecodingKey,
}

/// One or more keys, each under its own id. Its debug output shows the ids alone.
pub struct Keyring {
    keys: Vec<NamedKey>,
    signing: EncodingKey,
}

impl Keyring {
    /// Reads `kid:secret[,kid:secret…]`. The secret is taken as it is written, byte for byte.
    ///
    /// # Errors
    /// [`KeyringError`], which says what to write instead.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys: Vec<NamedKey> = Vec::new();
        for (index, entry) in text.trim().split(',').enumerate().filter(|_| !text.trim().is_empty()) {
            let key = NamedKey::parse(index + 1, entry.trim())?;
            if keys.iter().any(|other| other.kid == key.kid) {
                return Err(KeyringError::Twice(key.kid));
            }
            keys.push(key);
        }
        let first = keys.first().ok_or(KeyringError::Empty)?;
        let signing = EncodingKey::from_secret(first.secret.expose_secret());
        Ok(Self { keys, signing })
    }

    /// The id and the key that sign.
    pub(super) fn signing(&self) -> (&Key, &EncodingKey) {
        (&self.keys[0].kid, &self.signing)
    }

    /// The key of an id.
    pub(super) fn verifying(&self, kid: &str) -> Option<&DecodingKey> {
        self.keys.iter().find(|key| key.kid.as_str() == kid).map(|key| &key.decoding)
    }

    /// A key for another purpose, made of the first key and a label. What tokens sign is base64url, which has no
    /// slash, so a derived key can never be the signature of a token.
    #[must_use]
    pub fn derive(&self, label: &str) -> [u8; 32] {
        let first = self.keys[0].secret.expose_secret();
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(first) else { unreachable!("HMAC takes a key of any length") };
        mac.update(b"orderbell/derive/");
        mac.update(label.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl NamedKey {
    fn parse(place: usize, entry: &str) -> Result<Self, KeyringError> {
        let (kid, secret) = entry.split_once(':').ok_or(KeyringError::NoColon(place))?;
        let kid: Key = kid.parse().map_err(|_| KeyringError::BadKid(place))?;
        if secret.len() < MIN_SECRET_BYTES {
            return Err(KeyringError::ShortSecret(kid));
        }
        let secret: SecretSlice<u8> = SecretBox::from(secret.as_bytes().to_vec());
        let decoding = DecodingKey::from_secret(secret.expose_secret());
        Ok(Self { kid, secret, decoding })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_keyring_reads_its_keys_in_order_and_keeps_colons_of_secrets() {
        let keyring = Keyring::parse(&format!(" new:{SECRET}:x , old:{SECRET} ")).unwrap();
        assert_eq!(keyring.signing().0.as_str(), "new");
        assert!(keyring.verifying("new").is_some() && keyring.verifying("old").is_some() && keyring.verifying("x").is_none());
        assert_eq!(keyring.keys[0].secret.expose_secret(), format!("{SECRET}:x").as_bytes());
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        let short = &SECRET[1..];
        let cases = [
            (String::new(), KeyringError::Empty),
            ("  ".into(), KeyringError::Empty),
            (SECRET.into(), KeyringError::NoColon(1)),
            (format!("a:{SECRET},"), KeyringError::NoColon(2)),
            (format!(":{SECRET}"), KeyringError::BadKid(1)),
            (format!("a b:{SECRET}"), KeyringError::BadKid(1)),
            (format!("{}:{SECRET}", "x".repeat(65)), KeyringError::BadKid(1)),
            (format!("a:{short}"), KeyringError::ShortSecret("a".parse().unwrap())),
            (format!("a:{SECRET},a:{SECRET}"), KeyringError::Twice("a".parse().unwrap())),
        ];
        for (text, expected) in cases {
            let error = Keyring::parse(&text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!format!("{error} {error:?}").contains(short), "{error}");
        }
    }

    #[test]
    fn debug_output_shows_ids_alone() {
        let keyring = Keyring::parse(&format!("a:{SECRET}")).unwrap();
        assert_eq!(format!("{keyring:?}"), r#"["a"]"#);
    }

    #[test]
    fn derived_keys_differ_by_label_and_by_key() {
        let (one, two) = (format!("a:{SECRET}1,b:{SECRET}2"), format!("b:{SECRET}2"));
        let (one, two) = (Keyring::parse(&one).unwrap(), Keyring::parse(&two).unwrap());
        assert_eq!(one.derive("broker"), one.derive("broker"));
        assert_ne!(one.derive("broker"), one.derive("other"));
        assert_ne!(one.derive("broker"), two.derive("broker"));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_error_repeats_a_long_part_of_it(text in "[a-c:, ]{0,8}[!-~]{0,80}") {
            if let Err(error) = Keyring::parse(&text) {
                for (_, secret) in text.split(',').filter_map(|entry| entry.split_once(':')) {
                    let secret = secret.trim();
                    prop_assert!(secret.len() < 8 || !error.to_string().contains(secret));
                }
            }
        }
    }
}
