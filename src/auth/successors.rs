//! Successors of refresh tokens. A successor is derived from its predecessor. So a token that is
//! sent again (after a lost answer, from another tab, to another node) gets the same successor,
//! although only hashes are stored.
//!
//! A successor names its session and is signed: its text is `TAG.SESSION`. The tag is base64url of
//! a digest of the predecessor, and of the HMAC-SHA256 over session and digest. So nodes recognize
//! a successor even if the database has lost it.

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

/// The keys for successors, one for each key of the keyring with a secret part. New tokens use the
/// first one. The others find successors from before the keyring's first key was changed.
pub struct Successors(Vec<Zeroizing<[u8; 32]>>);

impl Successors {
    pub fn of(keyring: &Keyring) -> Self {
        Self(keyring.derive_each(LABEL).into_iter().map(Zeroizing::new).collect())
    }

    /// Derives the possible successors of a secret in a session, one for each key. A new successor
    /// is the first.
    pub fn derive(&self, session: &Key, secret: &SecretString) -> Candidates {
        let digest = &hash(secret)[..DIGEST];
        Candidates(self.0.iter().map(|key| successor(&**key, session, digest)).collect())
    }

    /// Returns the session of a successor that one of the keys has signed.
    pub fn session_of(&self, token: &SecretString) -> Option<Key> {
        let (tag, session) = token.expose_secret().split_once('.')?;
        let session = session.parse().ok()?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
        let (digest, signature) = tag.split_at_checked(DIGEST)?;
        let is_signed = self.0.iter().any(|key| mac(&**key, &session, digest).verify_slice(signature).is_ok());
        is_signed.then_some(session)
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

fn successor(key: &[u8], session: &Key, digest: &[u8]) -> SecretString {
    let signature = mac(key, session, digest).finalize().into_bytes();
    format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode([digest, &signature].concat()), session.as_str()).into()
}

fn mac(key: &[u8], session: &Key, digest: &[u8]) -> Hmac<Sha256> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes a key of any length") };
    mac.update(session.as_str().as_bytes());
    // The id of a session has no zero byte, so this separates the two unambiguously.
    mac.update(b"\0");
    mac.update(digest);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn derived(keyring: &str, session: &str, secret: &str) -> Vec<String> {
        let successors = Successors::of(&Keyring::parse(keyring).unwrap());
        let candidates = successors.derive(&session.parse().unwrap(), &secret.into());
        candidates.0.iter().map(|token| token.expose_secret().to_owned()).collect()
    }

    #[test]
    fn a_successor_is_of_its_key_its_session_and_the_token_before_it() {
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
    fn a_successor_is_recognized_by_its_key_and_by_every_character() {
        let (one, two) = (format!("a:{SECRET}1"), format!("b:{SECRET}2"));
        let session_of = |keyring: &str, token: &str| {
            let session = Successors::of(&Keyring::parse(keyring).unwrap()).session_of(&token.into());
            session.map(|session| session.as_str().to_owned())
        };
        let token = &derived(&one, "the-session", "t")[0];
        for keyring in [&one, &format!("{two},{one}")] {
            assert_eq!(session_of(keyring, token).as_deref(), Some("the-session"));
        }
        assert_eq!(session_of(&two, token), None);
        for at in 0..token.len() {
            let mut other = token.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(session_of(&one, &String::from_utf8(other).unwrap()), None, "{at}");
        }
        let (tag, session) = token.split_once('.').unwrap();
        for wrong in
            ["", ".", "t", tag, session, &token[1..], &format!("{tag}."), &format!(".{session}"), &format!("AAAA.{session}")]
        {
            assert_eq!(session_of(&one, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_candidate_is_found_by_its_hash() {
        let successors = Successors::of(&Keyring::parse(&format!("b:{SECRET}2,a:{SECRET}1")).unwrap());
        let candidates = || successors.derive(&"s".parse().unwrap(), &"t".into());
        let hashes = candidates().hashes();
        let found = candidates().find(hashes[1]).unwrap();
        assert_eq!(hash(&found), hashes[1]);
        assert!(candidates().find([0; 32]).is_none());
        assert_eq!(hash(&candidates().first().unwrap()), hashes[0]);
    }
}
