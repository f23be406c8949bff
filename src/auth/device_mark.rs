//! Marks of devices that signed in before (OWASP's "device cookies"). Sign-ins with a mark have
//! their own budget of attempts, which strangers cannot use up. A mark grants no access.
//!
//! A mark names a person and a random id, expires after [`LIFE`], and is signed under a key derived
//! from the keyring, so it is valid on every node and after restarts. It contains a keyed digest of
//! the stored password hash, so a new password invalidates all earlier marks.

use super::keyring::Keyring;
use crate::domain::values::ids::UserId;
use crate::domain::values::time::Timestamp;
use crate::store::accounts::User;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::time::Duration;
use uuid::Uuid;

const LABEL: &str = "device-marks";
/// How long a mark is valid: longer than any session of staff.
pub const LIFE: Duration = Duration::from_secs(180 * 24 * 60 * 60);
/// The most marks in one browser: one for each person who signed in there. Overflow: the oldest is
/// dropped.
const MOST: usize = 8;
/// The most valid marks that are read from the cookies of one request. Overflow: the others are
/// ignored.
pub(super) const MOST_READ: usize = 4 * MOST;
/// Separates marks; base64url does not contain it.
pub(super) const SEPARATOR: char = '.';

const ID_BYTES: usize = 16;
const DIGEST_BYTES: usize = 16;
const MAC_BYTES: usize = 32;
/// The bytes of a mark: person, id, expiry in seconds, digest of the password hash.
const BODY_BYTES: usize = 16 + ID_BYTES + 8 + DIGEST_BYTES;

/// Identifies a mark.
pub type MarkId = [u8; ID_BYTES];

/// The keys for marks, one for each key of the keyring with a secret part. The first one signs.
pub struct MarkKeys(Vec<Zeroizing<[u8; 32]>>);

/// A mark with a valid signature that has not expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    person: UserId,
    pub(super) id: MarkId,
    digest: [u8; DIGEST_BYTES],
    /// The index of its key.
    key: usize,
    /// The text that was read.
    text: String,
}

/// The verified marks that a browser sent.
#[derive(Debug, Default)]
pub struct Marks(pub(super) Vec<Mark>);

impl MarkKeys {
    /// Derives the keys of a keyring.
    #[must_use]
    pub fn of(keyring: &Keyring) -> Self {
        Self(keyring.derive_each(LABEL).into_iter().map(Zeroizing::new).collect())
    }

    /// Makes a mark for a person. Returns `None` without a key.
    pub(super) fn make(&self, user: &User, now: Timestamp) -> Option<String> {
        let key = self.0.first()?;
        let mut id: MarkId = [0; ID_BYTES];
        rand::fill(&mut id);
        let mut bytes = Vec::with_capacity(BODY_BYTES + MAC_BYTES);
        bytes.extend_from_slice(user.id.uuid().as_bytes());
        bytes.extend_from_slice(&id);
        bytes.extend_from_slice(&now.plus(LIFE).seconds().to_be_bytes());
        bytes.extend_from_slice(&digest(&**key, user));
        let mac = signing(&**key, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&mac);
        Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn read(&self, text: &str, now: Timestamp) -> Option<Mark> {
        // The decoder needs space for whole groups of three bytes.
        let mut bytes = [0; BODY_BYTES + MAC_BYTES + 3];
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (body, mac) = bytes.get(..length)?.split_first_chunk::<BODY_BYTES>().filter(|(_, mac)| mac.len() == MAC_BYTES)?;
        let key = self.0.iter().position(|key| signing(&**key, body).verify_slice(mac).is_ok())?;
        let (person, rest) = body.split_first_chunk::<16>()?;
        let (id, rest) = rest.split_first_chunk::<ID_BYTES>()?;
        let (end, rest) = rest.split_first_chunk::<8>()?;
        if now.seconds() >= i64::from_be_bytes(*end) {
            return None;
        }
        let person = UserId::from_uuid(Uuid::from_bytes(*person));
        Some(Mark { person, id: *id, digest: rest.try_into().ok()?, key, text: text.to_owned() })
    }

    pub(super) fn is_of(&self, mark: &Mark, user: &User) -> bool {
        mark.person == user.id && self.0.get(mark.key).is_some_and(|key| digest(&**key, user) == mark.digest)
    }
}

fn signing(key: &[u8], body: &[u8]) -> Hmac<Sha256> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes a key of any length") };
    mac.update(b"mark\0");
    mac.update(body);
    mac
}

/// Returns a keyed digest of a password hash. It differs between hashes, and reveals nothing about
/// the password.
fn digest(key: &[u8], user: &User) -> [u8; DIGEST_BYTES] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes a key of any length") };
    mac.update(b"password\0");
    mac.update(user.password_hash.expose_secret().as_bytes());
    let whole: [u8; MAC_BYTES] = mac.finalize().into_bytes().into();
    std::array::from_fn(|at| whole[at])
}

impl Marks {
    /// Returns the people who signed in on this device, as the signed marks prove.
    pub fn people(&self) -> impl Iterator<Item = UserId> {
        self.0.iter().map(|mark| mark.person)
    }

    /// Returns the browser's next cookie: a new mark, and the marks of other people.
    #[must_use]
    pub fn with(&self, person: UserId, new: &SecretString) -> String {
        let others = self.0.iter().filter(|mark| mark.person != person).map(|mark| mark.text.as_str());
        let all: Vec<&str> = std::iter::once(new.expose_secret()).chain(others).take(MOST).collect();
        all.join(&SEPARATOR.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::principal::Role;
    use crate::domain::values::ids::RestaurantId;

    const NOW: Timestamp = Timestamp::from_millis(1_795_514_400_000);

    fn keys(keyring: &str) -> MarkKeys {
        MarkKeys::of(&Keyring::parse(keyring).unwrap())
    }

    fn user(number: u128, hash: &str) -> User {
        User {
            id: UserId::from_uuid(Uuid::from_u128(number)),
            restaurant: RestaurantId::from_uuid(Uuid::from_u128(1)),
            username: "mina".parse().unwrap(),
            role: Role::Manager,
            password_hash: hash.into(),
        }
    }

    #[test]
    fn a_mark_is_valid_for_one_person_and_password_and_expires() {
        let keys = keys("a:0123456789abcdef0123456789abcdef");
        let mina = user(2, "hash");
        let text = keys.make(&mina, NOW).unwrap();
        let mark = keys.read(&text, NOW).unwrap();
        assert!(keys.is_of(&mark, &mina));
        assert!(!keys.is_of(&mark, &user(3, "hash")), "another person");
        assert!(!keys.is_of(&mark, &user(2, "another hash")), "the password was changed");
        assert!(keys.read(&text, NOW.plus(LIFE - Duration::from_secs(1))).is_some());
        assert_eq!(keys.read(&text, NOW.plus(LIFE)), None);
        assert_ne!(keys.read(&keys.make(&mina, NOW).unwrap(), NOW).unwrap().id, mark.id);
    }

    #[test]
    fn a_changed_or_forged_mark_is_refused_and_an_old_key_still_verifies() {
        let (old, new) = ("a:0123456789abcdef0123456789abcdef", "b:fedcba9876543210fedcba9876543210");
        let mina = user(2, "hash");
        let text = keys(old).make(&mina, NOW).unwrap();
        assert_eq!(keys(new).read(&text, NOW), None);
        let both = keys(&format!("{new},{old}"));
        assert!(both.read(&text, NOW).is_some_and(|mark| both.is_of(&mark, &mina)));
        for at in 0..text.len() {
            let letter = if &text[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
            assert_eq!(keys(old).read(&changed, NOW), None, "{at}");
        }
        for nonsense in ["", "x", "🍲", &text[1..], &format!("{text}AAAA"), &"A".repeat(10_000)] {
            assert_eq!(keys(old).read(nonsense, NOW), None, "{nonsense:.20}");
        }
    }

    #[test]
    fn a_browser_carries_one_mark_per_person_and_at_most_a_few() {
        let keys = keys("a:0123456789abcdef0123456789abcdef");
        let mut carried = String::new();
        for number in 0..20 {
            let read = Marks(carried.split(SEPARATOR).filter_map(|text| keys.read(text, NOW)).collect());
            let person = user(number % 10, "hash");
            carried = read.with(person.id, &keys.make(&person, NOW).unwrap().into());
        }
        let people: Vec<_> = carried.split(SEPARATOR).map(|text| keys.read(text, NOW).unwrap().person.uuid().as_u128()).collect();
        assert_eq!(people, [9, 8, 7, 6, 5, 4, 3, 2]);
        assert!(carried.len() < 1200, "{}", carried.len());
    }
}
