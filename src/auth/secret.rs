//! Random secrets: refresh tokens, device codes, API keys, pairing codes, recovery codes. Of all but pairing codes, the store
//! keeps only hashes.

use crate::domain::values::text::Key;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Random bytes of a secret that people do not type.
const RANDOM_BYTES: usize = 32;
/// Letters of a pairing code: 34 bits, enough for ten minutes behind a rate limit (RFC 8628, "User Code Brute Forcing").
const CODE_LETTERS: usize = 8;
/// Letters of a recovery code.
const RECOVERY_LETTERS: usize = 16;
/// Consonants, which make no words and do not resemble digits (RFC 8628, "User Code Recommendations").
const CODE_ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Makes a secret of 256 random bits, in base64url (43 characters).
#[must_use]
pub fn random_secret() -> SecretString {
    let mut bytes = [0; RANDOM_BYTES];
    rand::fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes).into()
}

/// Returns the hash that the store keeps of a secret. SHA-256 without salt or stretching is enough, since a secret has too many
/// random bits to guess.
#[must_use]
pub fn hash(secret: &SecretString) -> [u8; 32] {
    Sha256::digest(secret.expose_secret().as_bytes()).into()
}

/// Returns the characters of a typed code in upper case, without the spaces and hyphens between its groups.
pub(super) fn code_characters(typed: &str) -> impl Iterator<Item = char> {
    typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase())
}

/// The code that a person types to approve a screen: eight letters, shown in two groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCode(Key);

impl UserCode {
    /// Makes a random code.
    #[must_use]
    pub fn random() -> Self {
        let mut rng = rand::rng();
        loop {
            let letters = (0..CODE_LETTERS).map(|_| char::from(CODE_ALPHABET[rng.random_range(0..CODE_ALPHABET.len())]));
            if let Some(code) = Self::typed(&letters.collect::<String>()) {
                return code;
            }
        }
    }

    /// Reads a code in any case, with or without hyphens and spaces. `None` if the text is not a code.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        let letters: String = code_characters(text).collect();
        let is_code = letters.len() == CODE_LETTERS && letters.bytes().all(|letter| CODE_ALPHABET.contains(&letter));
        if is_code { letters.parse().ok().map(Self) } else { None }
    }

    /// Returns the letters alone, as the store keeps them.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.0
    }

    /// Returns the code as pages show it: `XXXX-XXXX`.
    #[must_use]
    pub fn shown(&self) -> String {
        let (head, tail) = self.0.as_str().split_at(CODE_LETTERS / 2);
        format!("{head}-{tail}")
    }
}

/// The code that a person types when their authenticator app is lost: sixteen letters, shown in four groups. That is 69 bits,
/// so its hash needs neither salt nor stretching (NIST SP 800-63B-4, "Look-Up Secret Verifiers").
#[derive(Debug)]
pub struct RecoveryCode(SecretString);

impl RecoveryCode {
    /// Derives a code from the first 128 bits of a secret: enough that all letters are equally likely.
    #[must_use]
    pub fn of(secret: [u8; 32]) -> Self {
        let [bits, _] = secret.as_chunks::<16>().0 else { unreachable!("32 are twice 16") };
        let letters = CODE_ALPHABET.len() as u128;
        let powers = std::iter::successors(Some(u128::from_be_bytes(*bits)), |rest| Some(rest / letters));
        let letters = powers.take(RECOVERY_LETTERS).map(|rest| char::from(CODE_ALPHABET[(rest % letters) as usize]));
        Self(letters.collect::<String>().into())
    }

    /// Reads a code in any case, with or without hyphens and spaces. `None` if the text is not a code.
    #[must_use]
    pub fn typed(text: &SecretString) -> Option<Self> {
        let letters: String = code_characters(text.expose_secret()).take(RECOVERY_LETTERS + 1).collect();
        let is_code = letters.len() == RECOVERY_LETTERS && letters.bytes().all(|letter| CODE_ALPHABET.contains(&letter));
        is_code.then(|| Self(letters.into()))
    }

    /// Returns the letters alone, as they are hashed.
    #[must_use]
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }

    /// Returns the code as pages show it: `XXXX-XXXX-XXXX-XXXX`.
    #[must_use]
    pub fn shown(&self) -> SecretString {
        let letters = self.0.expose_secret();
        let groups: Vec<&str> = (0..RECOVERY_LETTERS).step_by(4).filter_map(|at| letters.get(at..at + 4)).collect();
        groups.join("-").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn secrets_have_256_bits_and_differ() {
        let all: HashSet<String> = (0..100).map(|_| random_secret().expose_secret().to_owned()).collect();
        assert_eq!(all.len(), 100);
        for text in all {
            assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap().len(), 32, "{text}");
        }
    }

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let secret = random_secret();
        assert!(!format!("{secret:?}").contains(secret.expose_secret()));
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = UserCode::random();
        let shown = code.shown();
        assert_eq!((shown.len(), shown.as_bytes()[4]), (9, b'-'), "{shown}");
        for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', ""), shown.replace('-', " ")] {
            assert_eq!(UserCode::typed(&typed), Some(code.clone()), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn every_code_that_is_read_has_only_letters_of_the_alphabet(text in "\\PC{0,12}") {
            if let Some(code) = UserCode::typed(&text) {
                prop_assert_eq!(code.key().as_str().len(), CODE_LETTERS);
                prop_assert!(code.key().as_str().bytes().all(|letter| CODE_ALPHABET.contains(&letter)));
            }
        }
    }
}
