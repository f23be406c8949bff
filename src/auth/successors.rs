//! Successors of refresh tokens. A successor is derived from its predecessor. So a token that is
//! sent again (after a lost answer, from another tab, to another node) gets the same successor,
//! although only hashes are stored.
//!
//! A successor names its session and is signed: its text is `TAG.SESSION`, where TAG is in
//! base64url a digest of its predecessor, the number of the renewal, and the HMAC-SHA256 of these
//! and the session. So nodes recognize a successor that the database has lost, and know which of
//! two is older. The first token of a session has no number, and neither have the tokens of versions
//! that did not count renewals.

use super::keyring::Keyring;
use super::secret::hash;
use crate::domain::values::text::Key;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

const LABEL: &str = "named renewals";

/// The length of the digest of a predecessor. Two tokens of a session have different predecessors.
const DIGEST: usize = 16;

/// The length of a signature.
const SIGNATURE: usize = 32;

/// The content of a signed token.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// Its session.
    pub session: Key,
    /// The number of its session's renewals when it was given out; 0 without a number.
    pub number: u32,
}

/// The keys for successors, one for each key of the keyring with a secret part. New tokens use the
/// first one. The others find successors from before the keyring's first key was changed.
pub struct Successors(Vec<Zeroizing<[u8; 32]>>);

impl Successors {
    pub fn of(keyring: &Keyring) -> Self {
        Self(keyring.derive_each(LABEL).into_iter().map(Zeroizing::new).collect())
    }

    /// Derives the possible successors of a secret in a session, for the renewal of this number (0 for a session's first
    /// token). The first one is for a new successor. Those without the number come last: an older version may have given them
    /// out.
    pub fn derive(&self, session: &Key, secret: &SecretString, number: u32) -> Candidates {
        let digest = &hash(secret)[..DIGEST];
        let numbered = (number > 0).then(|| [digest, &number.to_be_bytes()].concat());
        let signed = numbered.into_iter().chain([digest.to_vec()]);
        Candidates(signed.flat_map(|signed| self.0.iter().map(move |key| successor(&**key, session, &signed))).collect())
    }

    /// Reads a successor that one of the keys has signed.
    pub fn read(&self, token: &SecretString) -> Option<Named> {
        let (tag, session) = token.expose_secret().split_once('.')?;
        let session = session.parse().ok()?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
        let (signed, signature) = tag.split_last_chunk::<SIGNATURE>()?;
        let number = match signed.split_at_checked(DIGEST)?.1 {
            [] => 0,
            number => u32::from_be_bytes(number.try_into().ok()?),
        };
        let is_signed = self.0.iter().any(|key| mac(&**key, &session, signed).verify_slice(signature).is_ok());
        is_signed.then_some(Named { session, number })
    }
}

/// The possible successors of a token.
pub struct Candidates(Vec<SecretString>);

impl Candidates {
    /// Returns their hashes in the same sequence.
    pub fn hashes(&self) -> Vec<[u8; 32]> {
        self.0.iter().map(hash).collect()
    }

    /// Returns the one with this hash.
    pub fn find(self, stored: [u8; 32]) -> Option<SecretString> {
        self.0.into_iter().find(|candidate| hash(candidate) == stored)
    }

    /// Returns the one for a new successor.
    pub fn first(self) -> Option<SecretString> {
        self.0.into_iter().next()
    }
}

fn successor(key: &[u8], session: &Key, signed: &[u8]) -> SecretString {
    let signature = mac(key, session, signed).finalize().into_bytes();
    format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode([signed, &signature].concat()), session.as_str()).into()
}

/// Signs a session, and a digest with or without a number, which differ in length.
fn mac(key: &[u8], session: &Key, signed: &[u8]) -> Hmac<Sha256> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes a key of any length") };
    mac.update(session.as_str().as_bytes());
    // The id of a session has no zero byte, so this separates the two unambiguously.
    mac.update(b"\0");
    mac.update(signed);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn derived(keyring: &str, session: &str, secret: &str) -> Vec<String> {
        numbered(keyring, session, secret, 0)
    }

    fn numbered(keyring: &str, session: &str, secret: &str, number: u32) -> Vec<String> {
        let successors = Successors::of(&Keyring::parse(keyring).unwrap());
        let candidates = successors.derive(&session.parse().unwrap(), &secret.into(), number);
        candidates.0.iter().map(|token| token.expose_secret().to_owned()).collect()
    }

    #[test]
    fn a_successor_depends_on_its_key_its_session_and_its_predecessor() {
        let (one, two) = (format!("a:{SECRET}1"), format!("b:{SECRET}2"));
        let [token] = &derived(&one, "s", "t")[..] else { panic!("one for each key") };
        assert_eq!((token.len(), &derived(&one, "s", "t")[0]), (66, token));
        for (keyring, session, secret) in [(&two, "s", "t"), (&one, "r", "t"), (&one, "s", "u"), (&one, "st", "")] {
            assert_ne!(&derived(keyring, session, secret)[0], token, "{keyring} {session} {secret}");
        }
        let both = derived(&format!("{two},{one}"), "s", "t");
        assert_eq!(both, [derived(&two, "s", "t")[0].clone(), token.clone()], "the first key's is for new tokens");
    }

    #[test]
    fn a_successor_with_a_number_comes_before_the_one_that_an_older_version_made() {
        let keyring = format!("b:{SECRET}2,a:{SECRET}1");
        let (old, seventh) = (derived(&keyring, "s", "t"), numbered(&keyring, "s", "t", 7));
        assert_eq!((old.len(), seventh.len()), (2, 4));
        assert_eq!(seventh[2..], old);
        assert_ne!(seventh[0], numbered(&keyring, "s", "t", 8)[0]);
    }

    #[test]
    fn a_successor_is_recognized_by_its_key_and_by_every_character() {
        let (one, two) = (format!("a:{SECRET}1"), format!("b:{SECRET}2"));
        let read = |keyring: &str, token: &str| Successors::of(&Keyring::parse(keyring).unwrap()).read(&token.into());
        for number in [0, 1, 77, u32::MAX] {
            let token = &numbered(&one, "the-session", "t", number)[0];
            for keyring in [&one, &format!("{two},{one}")] {
                assert_eq!(read(keyring, token), Some(Named { session: "the-session".parse().unwrap(), number }));
            }
            assert_eq!(read(&two, token), None);
            for at in 0..token.len() {
                let mut other = token.clone().into_bytes();
                other[at] = if other[at] == b'A' { b'B' } else { b'A' };
                assert_eq!(read(&one, &String::from_utf8(other).unwrap()), None, "{at}");
            }
            let (tag, session) = token.split_once('.').unwrap();
            for wrong in
                ["", ".", "t", tag, session, &token[1..], &format!("{tag}."), &format!(".{session}"), &format!("AAAA.{session}")]
            {
                assert_eq!(read(&one, wrong), None, "{wrong}");
            }
        }
    }

    /// Phones and screens hold tokens that an earlier version gave out.
    #[test]
    fn a_token_of_a_version_without_numbers_is_readable() {
        let keys = Successors::of(&Keyring::parse(&format!("a:{SECRET}1")).unwrap());
        let given_out = "47mKTaMaEn1L3m5DAz9munSJu3K36Gghodjpwp5zv2uv1ucFnEaW6aNz5ruP_WHd.s";
        assert_eq!(keys.read(&given_out.into()), Some(Named { session: "s".parse().unwrap(), number: 0 }));
    }

    #[test]
    fn a_candidate_is_found_by_its_hash() {
        let successors = Successors::of(&Keyring::parse(&format!("b:{SECRET}2,a:{SECRET}1")).unwrap());
        let candidates = || successors.derive(&"s".parse().unwrap(), &"t".into(), 0);
        let hashes = candidates().hashes();
        let found = candidates().find(hashes[1]).unwrap();
        assert_eq!(hash(&found), hashes[1]);
        assert!(candidates().find([0; 32]).is_none());
        assert_eq!(hash(&candidates().first().unwrap()), hashes[0]);
    }
}
