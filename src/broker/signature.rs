//! Signatures of messages between nodes, pure. Redis carries the messages but does not vouch for
//! their sender.
//!
//! A sealed message is one byte of version, 32 bytes of HMAC-SHA256 (RFC 2104) over version and
//! body, and the body. The key depends on the keyring and the epoch, so a message for another
//! database is refused on any channel.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The most bytes of a sealed message.
pub const MAX_MESSAGE: usize = 1 << 20;

const VERSION: u8 = 1;
const TAG: usize = 32;
const HEAD: usize = 1 + TAG;

/// Why a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More than [`MAX_MESSAGE`] bytes.
    #[error("oversized")]
    Oversized,
    /// The sender does not have the key.
    #[error("forged")]
    Forged,
    /// The signature is valid, but the body is not: another version, or a bug.
    #[error("garbled")]
    Garbled,
}

impl Refused {
    /// Returns the word in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oversized => "oversized",
            Self::Forged => "forged",
            Self::Garbled => "garbled",
        }
    }
}

/// A verifier of messages.
pub trait Verify: Send + Sync + 'static {
    /// Returns the body of a sealed message.
    ///
    /// # Errors
    /// [`Refused`] if the message has to be dropped.
    fn open<'a>(&self, sealed: &'a [u8]) -> Result<&'a [u8], Refused>;
}

/// A signer of messages, which also verifies those of nodes with the same key and epoch.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl Signer {
    /// Makes a signer for a key of the keyring ([`crate::broker::KEY_LABEL`]) and the database's
    /// epoch.
    #[must_use]
    pub fn new(key: &[u8; 32], epoch: &str) -> Self {
        let of_epoch = keyed(key).chain_update(b"orderbell/broker/epoch/").chain_update(epoch).finalize().into_bytes();
        Self(keyed(&of_epoch))
    }

    /// Seals a body.
    ///
    /// # Errors
    /// [`Refused::Oversized`] if receivers would refuse it.
    pub fn seal(&self, body: &[u8]) -> Result<Vec<u8>, Refused> {
        if HEAD + body.len() > MAX_MESSAGE {
            return Err(Refused::Oversized);
        }
        let mut sealed = Vec::with_capacity(HEAD + body.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.mac(body).finalize().into_bytes());
        sealed.extend_from_slice(body);
        Ok(sealed)
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update([VERSION]).chain_update(body)
    }
}

impl Verify for Signer {
    fn open<'a>(&self, sealed: &'a [u8]) -> Result<&'a [u8], Refused> {
        if sealed.len() > MAX_MESSAGE {
            return Err(Refused::Oversized);
        }
        let (head, body) = sealed.split_at_checked(HEAD).ok_or(Refused::Forged)?;
        // In constant time, so that timing does not show how much of a guess is right.
        let is_ours = head[0] == VERSION && self.mac(body).verify_slice(&head[1..]).is_ok();
        if is_ours { Ok(body) } else { Err(Refused::Forged) }
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let Ok(mac) = Hmac::new_from_slice(key) else { unreachable!("HMAC takes a key of any length") };
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signer() -> Signer {
        Signer::new(&[7; 32], "epoch")
    }

    proptest! {
        #[test]
        fn sealed_messages_open(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let sealed = signer().seal(&body).unwrap();
            prop_assert_eq!(signer().open(&sealed), Ok(body.as_slice()));
        }

        #[test]
        fn a_flipped_bit_is_refused(body in prop::collection::vec(any::<u8>(), 0..60)) {
            let sealed = signer().seal(&body).unwrap();
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                prop_assert_eq!(signer().open(&flipped), Err(Refused::Forged));
            }
        }

        #[test]
        fn a_changed_length_is_refused(body in prop::collection::vec(any::<u8>(), 0..60), more in 1_usize..40) {
            let sealed = signer().seal(&body).unwrap();
            for length in 0..sealed.len() {
                prop_assert_eq!(signer().open(&sealed[..length]), Err(Refused::Forged));
            }
            let longer = [sealed, vec![0; more]].concat();
            prop_assert_eq!(signer().open(&longer), Err(Refused::Forged));
        }

        #[test]
        fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(signer().open(&bytes), Err(Refused::Forged));
        }
    }

    #[test]
    fn another_key_or_epoch_is_refused() {
        let sealed = signer().seal(b"body").unwrap();
        for other in [Signer::new(&[8; 32], "epoch"), Signer::new(&[7; 32], "epocH")] {
            assert_eq!(other.open(&sealed), Err(Refused::Forged));
        }
    }

    #[test]
    fn the_limit_is_the_same_for_sealing_and_opening() {
        let largest = vec![0; MAX_MESSAGE - HEAD];
        let sealed = signer().seal(&largest).unwrap();
        assert_eq!(sealed.len(), MAX_MESSAGE);
        assert!(signer().open(&sealed).is_ok());
        assert_eq!(signer().seal(&vec![0; MAX_MESSAGE - HEAD + 1]), Err(Refused::Oversized));
        assert_eq!(signer().open(&vec![0; MAX_MESSAGE + 1]), Err(Refused::Oversized));
    }
}
