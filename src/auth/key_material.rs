//! The material of a keyring's keys, and the algorithm of each kind.

use crate::domain::values::text::Key;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::{SECRET_KEY_LENGTH, SigningKey, VerifyingKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use sha2::{Digest, Sha256};

/// The fewest bytes of a secret: the output size of HMAC-SHA256 (RFC 7518, section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

const SEED: &str = "ed25519:";
const PUBLIC: &str = "ed25519-public:";
/// The prefix of both Ed25519 forms. No secret may begin with it. Otherwise a mistyped public key would be used as a secret,
/// although everybody may know it.
const FAMILY: &str = "ed25519";

/// Why the part after a key's id was refused. Each message follows the words "key ID of the
/// keyring".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFlaw {
    /// The secret is too short.
    #[error("has a secret of fewer than {MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 48")]
    ShortSecret,
    /// It has neither of the two forms of an Ed25519 key.
    #[error("begins with ed25519 and is neither kid:ed25519:SEED nor kid:ed25519-public:KEY; make a pair with: orderbell keys")]
    Form,
    /// It is not base64url, or does not have the length of a seed or a public key.
    #[error("is not {SECRET_KEY_LENGTH} bytes in base64url without padding (43 characters); make a pair with: orderbell keys")]
    Bytes,
    /// It is not a public key, or it is one for which anybody can make a valid signature.
    #[error("is not an Ed25519 public key; take the line with ed25519-public that orderbell keys prints")]
    NotPublic,
}

/// A secret, or one or both halves of a pair.
pub(super) enum KeyMaterial {
    /// HS256: the key that verifies also signs.
    Secret(SecretSlice<u8>),
    /// EdDSA with both halves: the public one follows from the seed.
    Seed(SigningKey),
    /// EdDSA with only the half that verifies.
    Public(VerifyingKey),
}

impl KeyMaterial {
    /// Reads the part after a key's id.
    pub fn read(text: &str) -> Result<Self, KeyFlaw> {
        if let Some(seed) = text.strip_prefix(SEED) {
            Ok(Self::Seed(SigningKey::from_bytes(&*bytes(seed)?)))
        } else if let Some(public) = text.strip_prefix(PUBLIC) {
            let key = VerifyingKey::from_bytes(&*bytes(public)?).map_err(|_| KeyFlaw::NotPublic)?;
            if key.is_weak() { Err(KeyFlaw::NotPublic) } else { Ok(Self::Public(key)) }
        } else if text.get(..FAMILY.len()).is_some_and(|head| head.eq_ignore_ascii_case(FAMILY)) {
            Err(KeyFlaw::Form)
        } else if text.len() < MIN_SECRET_BYTES {
            Err(KeyFlaw::ShortSecret)
        } else {
            Ok(Self::Secret(SecretBox::from(text.as_bytes().to_vec())))
        }
    }

    /// Returns the only algorithm for tokens under this key.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(_) => Algorithm::HS256,
            Self::Seed(_) | Self::Public(_) => Algorithm::EdDSA,
        }
    }

    /// Returns the key that verifies.
    pub fn decoding(&self) -> DecodingKey {
        match self {
            Self::Secret(secret) => DecodingKey::from_secret(secret.expose_secret()),
            Self::Seed(pair) => DecodingKey::from_ed_der(pair.verifying_key().as_bytes()),
            Self::Public(key) => DecodingKey::from_ed_der(key.as_bytes()),
        }
    }

    /// Returns the secret bytes, or `None` for a public half.
    pub fn secret_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Secret(secret) => Some(secret.expose_secret()),
            Self::Seed(pair) => Some(pair.as_bytes()),
            Self::Public(_) => None,
        }
    }

    /// Returns the key that signs, or `None` for a public half.
    pub fn encoding(&self) -> Option<EncodingKey> {
        match self {
            Self::Secret(secret) => Some(EncodingKey::from_secret(secret.expose_secret())),
            Self::Seed(pair) => {
                let Ok(document) = pair.to_pkcs8_der() else { unreachable!("a pair has one length") };
                Some(EncodingKey::from_ed_der(document.as_bytes()))
            }
            Self::Public(_) => None,
        }
    }
}

fn bytes(text: &str) -> Result<Zeroizing<[u8; SECRET_KEY_LENGTH]>, KeyFlaw> {
    let decoded = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyFlaw::Bytes)?);
    decoded.as_slice().try_into().map(Zeroizing::new).map_err(|_| KeyFlaw::Bytes)
}

/// Returns the keyring entry of a public half.
pub(super) fn public_entry(kid: &Key, key: &VerifyingKey) -> String {
    format!("{kid}:{PUBLIC}{}", BASE64_URL_SAFE_NO_PAD.encode(key.as_bytes()))
}

/// A new pair, as two keyring entries with one id.
#[derive(Debug)]
pub struct KeyPair {
    /// For the nodes that sign.
    pub private_entry: SecretString,
    /// For the nodes that only verify. Not secret.
    pub public_entry: String,
}

impl KeyPair {
    /// Makes a pair from 256 random bits. Without `kid`, derives the id from the public key.
    #[must_use]
    pub fn random(kid: Option<Key>) -> Self {
        let mut seed = Zeroizing::new([0; SECRET_KEY_LENGTH]);
        rand::fill(&mut *seed);
        let public = SigningKey::from_bytes(&seed).verifying_key();
        let kid = kid.unwrap_or_else(|| id_of(&public));
        let private_entry = format!("{kid}:{SEED}{}", *Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*seed)));
        Self { private_entry: private_entry.into(), public_entry: public_entry(&kid, &public) }
    }
}

fn id_of(public: &VerifyingKey) -> Key {
    let digest = Sha256::digest(public.as_bytes());
    let Ok(kid) = format!("k{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]).parse() else {
        unreachable!("hexadecimal digits are visible")
    };
    kid
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "0123456789abcdef0123456789abcdef";

    fn flaw(text: &str) -> Option<KeyFlaw> {
        KeyMaterial::read(text).err()
    }

    /// RFC 8032, section 7.1, test 1.
    const RFC_SEED: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69,
        0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    const RFC_PUBLIC: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3,
        0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
    ];

    #[test]
    fn the_public_half_follows_from_the_seed_as_in_the_rfc() {
        let read = KeyMaterial::read(&format!("{SEED}{}", BASE64_URL_SAFE_NO_PAD.encode(RFC_SEED))).unwrap_or_else(|_| panic!());
        let KeyMaterial::Seed(pair) = read else { panic!("a seed was written") };
        assert_eq!(pair.verifying_key().to_bytes(), RFC_PUBLIC);
    }

    #[test]
    fn each_form_has_its_algorithm_and_only_a_public_half_cannot_sign() {
        let (seed, public) = (BASE64_URL_SAFE_NO_PAD.encode(RFC_SEED), BASE64_URL_SAFE_NO_PAD.encode(RFC_PUBLIC));
        for (text, algorithm, signs) in [
            (TEXT.to_owned(), Algorithm::HS256, true),
            (format!("{SEED}{seed}"), Algorithm::EdDSA, true),
            (format!("{PUBLIC}{public}"), Algorithm::EdDSA, false),
        ] {
            let key = KeyMaterial::read(&text).unwrap_or_else(|flaw| panic!("{text}: {flaw}"));
            assert_eq!((key.algorithm(), key.encoding().is_some()), (algorithm, signs), "{text}");
        }
    }

    #[test]
    fn a_text_that_only_looks_like_a_key_is_not_taken_for_a_secret() {
        let good = BASE64_URL_SAFE_NO_PAD.encode(RFC_PUBLIC);
        for (text, expected) in [
            (format!("{SEED}{TEXT}-and-more"), KeyFlaw::Bytes),
            (format!("{SEED}{}", &good[1..]), KeyFlaw::Bytes),
            (format!("{SEED}{good}="), KeyFlaw::Bytes),
            (format!("{SEED}{good}AAAA"), KeyFlaw::Bytes),
            (SEED.into(), KeyFlaw::Bytes),
            (PUBLIC.into(), KeyFlaw::Bytes),
            (format!("{PUBLIC}{}/{}", &good[..5], &good[6..]), KeyFlaw::Bytes),
            (format!("ed25519-pub:{good}"), KeyFlaw::Form),
            (format!("Ed25519-public:{good}"), KeyFlaw::Form),
            (format!("ed25519{good}"), KeyFlaw::Form),
            ("ed25519".into(), KeyFlaw::Form),
            (TEXT[1..].into(), KeyFlaw::ShortSecret),
        ] {
            assert_eq!(flaw(&text), Some(expected), "{text}");
        }
    }

    /// Under a key of small order, anybody can make a valid signature.
    #[test]
    fn a_public_key_of_small_order_or_off_the_curve_is_refused() {
        let (mut identity, mut no_point) = ([0; 32], [0; 32]);
        identity[0] = 1;
        no_point[0] = 2;
        for bytes in [[0; 32], identity, no_point] {
            assert_eq!(flaw(&format!("{PUBLIC}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))), Some(KeyFlaw::NotPublic), "{bytes:?}");
        }
    }

    #[test]
    fn a_new_pair_has_two_halves_with_one_id_and_does_not_show_its_secret() {
        let (one, other) = (KeyPair::random(None), KeyPair::random(Some("k2".parse().unwrap())));
        assert_ne!(one.public_entry, KeyPair::random(None).public_entry);
        assert!(other.public_entry.starts_with("k2:ed25519-public:"), "{}", other.public_entry);
        for pair in [one, other] {
            let private = pair.private_entry.expose_secret();
            let (kid, rest) = private.split_once(':').unwrap();
            let Ok(KeyMaterial::Seed(seed)) = KeyMaterial::read(rest) else { panic!("a seed") };
            assert_eq!(public_entry(&kid.parse().unwrap(), &seed.verifying_key()), pair.public_entry);
            assert!(!format!("{pair:?}").contains(&rest[SEED.len()..]));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_none_with_the_prefix_is_taken_for_a_secret(head in "(?i)(ed25519(-public)?:?)?", rest in "\\PC{0,60}") {
            let text = format!("{head}{rest}");
            match KeyMaterial::read(&text) {
                Ok(KeyMaterial::Secret(_)) => prop_assert!(text.len() >= MIN_SECRET_BYTES && !text.to_lowercase().starts_with(FAMILY)),
                Ok(_) => prop_assert!(text.starts_with(FAMILY)),
                Err(_) => {}
            }
        }

        #[test]
        fn every_seed_round_trips_and_its_public_half_is_accepted(seed in any::<[u8; 32]>()) {
            let read = KeyMaterial::read(&format!("{SEED}{}", BASE64_URL_SAFE_NO_PAD.encode(seed)));
            let Ok(KeyMaterial::Seed(pair)) = read else { panic!("a seed") };
            prop_assert_eq!(pair.to_bytes(), seed);
            let entry = public_entry(&"a".parse().unwrap(), &pair.verifying_key());
            prop_assert!(matches!(KeyMaterial::read(&entry[2..]), Ok(KeyMaterial::Public(key)) if key == pair.verifying_key()));
        }
    }
}
