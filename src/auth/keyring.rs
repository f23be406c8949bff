//! The keys that sign and verify tokens. The first key signs and all keys verify, so a key can be
//! replaced without signing anybody out: add the new key to all nodes, move it to the front, and
//! remove the old key once its last token has expired.
//!
//! A keyring may have no key that signs. Asking for one then returns the reason.

use super::key_material::{KeyFlaw, KeyMaterial, public_entry};
use crate::domain::values::text::Key;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::ExposeSecret;
use sha2::Sha256;
use std::fmt;

/// Why a keyring was refused. The messages name keys by id or place, and never show a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is no key.
    #[error("the keyring is empty; give at least one key as kid:secret, or a pair of orderbell keys")]
    Empty,
    /// An entry has no colon.
    #[error("key {0} of the keyring has no colon; write each as kid:secret, separated by commas")]
    NoColon(usize),
    /// An id is empty, too long, or has blanks.
    #[error("key {0} of the keyring has an unusable id; a kid is 1 to 64 visible ASCII characters")]
    BadKid(usize),
    /// Two keys have one id.
    #[error("the keyring has two keys with the id {0}; give each its own")]
    Twice(Key),
    /// An entry is not a valid key.
    #[error("key {0} of the keyring {1}")]
    Flawed(Key, KeyFlaw),
    /// The first key is the public half of a pair.
    #[error(
        "the keyring cannot sign: its first key, {0}, is a public key; put one that signs in front (the line with ed25519: of \
         its pair), or start a node that only verifies, with --role realtime"
    )]
    CannotSign(Key),
}

/// One key.
struct NamedKey {
    kid: Key,
    material: KeyMaterial,
}

/// One or more keys, each under its own id. Its debug output shows only the ids.
pub struct Keyring(Vec<NamedKey>);

impl Keyring {
    /// Reads `KEY[,KEY…]`. Each key is `kid:secret` (HS256, with the bytes of the secret as
    /// written), `kid:ed25519:SEED` (EdDSA, signs and verifies) or `kid:ed25519-public:KEY` (EdDSA,
    /// only verifies); the last two are in base64url.
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
        if keys.is_empty() { Err(KeyringError::Empty) } else { Ok(Self(keys)) }
    }

    /// Returns the id, the algorithm and the key that sign.
    pub(super) fn signing(&self) -> Result<(&Key, Algorithm, EncodingKey), KeyringError> {
        let NamedKey { kid, material } = &self.0[0];
        let encoding = material.encoding().ok_or_else(|| KeyringError::CannotSign(kid.clone()))?;
        Ok((kid, material.algorithm(), encoding))
    }

    /// Returns the verifying part of each key.
    pub(super) fn verifying(&self) -> impl Iterator<Item = (&Key, Algorithm, DecodingKey)> {
        self.0.iter().map(|key| (&key.kid, key.material.algorithm(), key.material.decoding()))
    }

    /// Returns the ids of HS256 keys. A node that verifies with one can also sign with it.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Key> {
        self.0.iter().filter(|key| matches!(key.material, KeyMaterial::Secret(_))).map(|key| &key.kid).collect()
    }

    /// Returns the id of the first key that has both halves of a pair, and the entry of its public
    /// half.
    #[must_use]
    pub fn first_seed(&self) -> Option<(&Key, String)> {
        self.0.iter().find_map(|NamedKey { kid, material }| match material {
            KeyMaterial::Seed(pair) => Some((kid, public_entry(kid, &pair.verifying_key()))),
            KeyMaterial::Secret(_) | KeyMaterial::Public(_) => None,
        })
    }

    /// Derives a key for another purpose, named by a label, from each key that has a secret part.
    /// Returns them in the keyring's order.
    pub(super) fn derive_each(&self, label: &str) -> Vec<[u8; 32]> {
        self.0.iter().filter_map(|key| key.material.secret_bytes()).map(|secret| derive(secret, label)).collect()
    }

    /// Derives a key for another purpose from the first HS256 key and a label. Returns `None`
    /// without an HS256 key, since nodes that only verify then share no secret with nodes that
    /// sign.
    #[must_use]
    pub fn derive(&self, label: &str) -> Option<[u8; 32]> {
        self.0.iter().find_map(|key| match &key.material {
            KeyMaterial::Secret(secret) => Some(derive(secret.expose_secret(), label)),
            KeyMaterial::Seed(_) | KeyMaterial::Public(_) => None,
        })
    }
}

/// Derives a key for a purpose from a secret and a label. The signed text of a token is base64url,
/// which has no slash, so a derived key is never the signature of a token.
#[must_use]
pub fn derive(secret: &[u8], label: &str) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { unreachable!("HMAC takes a key of any length") };
    mac.update(b"orderbell/derive/");
    mac.update(label.as_bytes());
    mac.finalize().into_bytes().into()
}

impl NamedKey {
    fn parse(place: usize, entry: &str) -> Result<Self, KeyringError> {
        let (kid, rest) = entry.split_once(':').ok_or(KeyringError::NoColon(place))?;
        let kid: Key = kid.parse().map_err(|_| KeyringError::BadKid(place))?;
        match KeyMaterial::read(rest) {
            Ok(material) => Ok(Self { kid, material }),
            Err(flaw) => Err(KeyringError::Flawed(kid, flaw)),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.kid)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::key_material::KeyPair;
    use proptest::prelude::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn kid(text: &str) -> Key {
        text.parse().unwrap()
    }

    fn pair(id: &str) -> KeyPair {
        KeyPair::random(Some(kid(id)))
    }

    #[test]
    fn a_keyring_reads_its_keys_in_order_and_keeps_colons_of_secrets() {
        let keyring = Keyring::parse(&format!(" new:{SECRET}:x , old:{SECRET} ")).unwrap();
        assert_eq!(keyring.signing().unwrap().0.as_str(), "new");
        assert_eq!(keyring.verifying().map(|(kid, ..)| kid.as_str()).collect::<Vec<_>>(), ["new", "old"]);
        let KeyMaterial::Secret(secret) = &keyring.0[0].material else { panic!("a secret") };
        assert_eq!(secret.expose_secret(), format!("{SECRET}:x").as_bytes());
    }

    #[test]
    fn errors_name_the_fault_without_the_secret() {
        let short = &SECRET[1..];
        let flawed = |flaw| KeyringError::Flawed(kid("a"), flaw);
        let cases = [
            (String::new(), KeyringError::Empty),
            ("  ".into(), KeyringError::Empty),
            (SECRET.into(), KeyringError::NoColon(1)),
            (format!("a:{SECRET},"), KeyringError::NoColon(2)),
            (format!(":{SECRET}"), KeyringError::BadKid(1)),
            (format!("a b:{SECRET}"), KeyringError::BadKid(1)),
            (format!("{}:{SECRET}", "x".repeat(65)), KeyringError::BadKid(1)),
            (format!("a:{short}"), flawed(KeyFlaw::ShortSecret)),
            (format!("a:ed25519:{SECRET}"), flawed(KeyFlaw::Bytes)),
            (format!("a:ed25519-secret:{SECRET}"), flawed(KeyFlaw::Form)),
            (format!("a:{SECRET},a:{SECRET}"), KeyringError::Twice(kid("a"))),
        ];
        for (text, expected) in cases {
            let error = Keyring::parse(&text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!format!("{error} {error:?}").contains(short), "{error}");
        }
    }

    #[test]
    fn debug_output_shows_ids_alone() {
        let keyring = format!("a:{SECRET},{}", pair("b").private_entry.expose_secret());
        assert_eq!(format!("{:?}", Keyring::parse(&keyring).unwrap()), r#"["a", "b"]"#);
    }

    #[test]
    fn derived_keys_differ_by_label_and_by_key() {
        let (one, two) = (format!("a:{SECRET}1,b:{SECRET}2"), format!("b:{SECRET}2"));
        let (one, two) = (Keyring::parse(&one).unwrap(), Keyring::parse(&two).unwrap());
        assert_eq!(one.derive("broker"), one.derive("broker"));
        assert_ne!(one.derive("broker"), one.derive("other"));
        assert_ne!(one.derive("broker"), two.derive("broker"));
        assert_eq!(one.derive("broker"), Some(derive(format!("{SECRET}1").as_bytes(), "broker")));
    }

    #[test]
    fn keys_are_derived_from_the_first_secret_and_never_from_a_pair() {
        let pair = pair("p");
        let old = format!("old:{SECRET}");
        for entry in [pair.private_entry.expose_secret(), pair.public_entry.as_str()] {
            let alone = Keyring::parse(entry).unwrap();
            assert_eq!((alone.derive("broker"), alone.secrets().len()), (None, 0), "{entry}");
            let both = Keyring::parse(&format!("{entry},{old}")).unwrap();
            assert_eq!(both.derive("broker"), Keyring::parse(&old).unwrap().derive("broker"));
            assert_eq!(both.secrets(), [&kid("old")]);
        }
    }

    #[test]
    fn each_key_with_a_secret_part_derives_a_key_in_the_order_of_the_keyring() {
        let pair = pair("p");
        let (private, public) = (pair.private_entry.expose_secret(), pair.public_entry.as_str());
        let of = |text: &str| Keyring::parse(text).unwrap().derive_each("renewals");
        let (secret, seed) = (of(&format!("old:{SECRET}")), of(private));
        assert_eq!((secret.len(), seed.len(), of(public).len()), (1, 1, 0));
        assert_eq!(of(&format!("{private},old:{SECRET}")), [seed[0], secret[0]]);
        assert_eq!(of(&format!("old:{SECRET},{public}")), secret, "nodes that only verify have nothing to derive from");
    }

    #[test]
    fn only_a_keyring_whose_first_key_signs_has_a_signing_key() {
        let pair = pair("p");
        let (private, public) = (pair.private_entry.expose_secret(), pair.public_entry.as_str());
        for (text, signer) in [
            (private.to_owned(), Ok("p")),
            (public.to_owned(), Err("p")),
            (format!("{public},old:{SECRET}"), Err("p")),
            (format!("old:{SECRET},{public}"), Ok("old")),
        ] {
            let keyring = Keyring::parse(&text).unwrap();
            let signing = keyring.signing().map(|(kid, ..)| kid.as_str()).map_err(|error| error.to_string());
            match signer {
                Ok(kid) => assert_eq!(signing, Ok(kid), "{text}"),
                Err(kid) => assert!(signing.unwrap_err().contains(&format!(" {kid},"))),
            }
        }
    }

    #[test]
    fn the_first_seed_is_found_after_a_secret_and_returned_as_its_public_half() {
        let pair = pair("p");
        let keyring = format!("old:{SECRET},{}", pair.private_entry.expose_secret());
        assert_eq!(Keyring::parse(&keyring).unwrap().first_seed(), Some((&kid("p"), pair.public_entry.clone())));
        assert_eq!(Keyring::parse(&format!("old:{SECRET},{}", pair.public_entry)).unwrap().first_seed(), None);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_error_repeats_a_long_part_of_it(text in "[a-c:, ]{0,8}(ed25519(-public)?:)?[!-~]{0,80}") {
            if let Err(error) = Keyring::parse(&text) {
                for (_, secret) in text.split(',').filter_map(|entry| entry.split_once(':')) {
                    let secret = secret.trim();
                    let secret = secret.trim_start_matches("ed25519-public:").trim_start_matches("ed25519:");
                    prop_assert!(secret.len() < 8 || !error.to_string().contains(secret));
                }
            }
        }
    }
}
