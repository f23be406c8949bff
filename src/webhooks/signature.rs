//! The headers of a message by Standard Webhooks (<https://www.standardwebhooks.com>), pure.

use crate::domain::model::webhook::SigningKeys;
use crate::domain::values::time::Timestamp;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;

/// Returns the value of `webhook-signature`: for each pair of keys an HMAC (`v1`) and a signature of Ed25519 (`v1a`) over the
/// message's id, the time of the attempt and the body.
pub fn signatures<'a>(keys: impl Iterator<Item = &'a SigningKeys>, id: &str, at: Timestamp, body: &[u8]) -> String {
    let signed = [id.as_bytes(), b".", at.seconds().to_string().as_bytes(), b".", body].concat();
    keys.flat_map(|keys| [format!("v1,{}", mac(&keys.secret, &signed)), format!("v1a,{}", signature(&keys.seed, &signed))])
        .collect::<Vec<_>>()
        .join(" ")
}

fn mac(secret: &[u8; 32], signed: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { unreachable!("HMAC takes a key of any length") };
    mac.update(signed);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

fn signature(seed: &[u8; 32], signed: &[u8]) -> String {
    BASE64_STANDARD.encode(SigningKey::from_bytes(seed).sign(signed).to_bytes())
}

/// Returns the secret as receivers configure it.
#[must_use]
pub fn secret(keys: &SigningKeys) -> SecretString {
    format!("whsec_{}", BASE64_STANDARD.encode(keys.secret)).into()
}

/// Returns the public key of Ed25519 as receivers configure it.
#[must_use]
pub fn public_key(keys: &SigningKeys) -> String {
    format!("whpk_{}", BASE64_STANDARD.encode(SigningKey::from_bytes(&keys.seed).verifying_key().to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    use secrecy::ExposeSecret;

    #[test]
    fn each_pair_of_keys_signs_id_time_and_body() {
        let (new, old) = (SigningKeys { secret: [1; 32], seed: [2; 32] }, SigningKeys { secret: [3; 32], seed: [4; 32] });
        let at = Timestamp::from_millis(1_700_000_000_999);
        let all = signatures([&new, &old].into_iter(), "m.1", at, b"{}");
        let parts: Vec<_> = all.split(' ').map(|part| part.split_once(',').unwrap()).collect();
        assert_eq!(parts.iter().map(|(version, _)| *version).collect::<Vec<_>>(), ["v1", "v1a", "v1", "v1a"]);
        let signed = b"m.1.1700000000.{}";
        for (keys, parts) in [(new, &parts[..2]), (old, &parts[2..])] {
            assert_eq!(parts[0].1, mac(&keys.secret, signed));
            let key = public_key(&keys);
            let key = BASE64_STANDARD.decode(key.strip_prefix("whpk_").unwrap()).unwrap();
            let signature = Signature::from_slice(&BASE64_STANDARD.decode(parts[1].1).unwrap()).unwrap();
            VerifyingKey::from_bytes(&key.try_into().unwrap()).unwrap().verify(signed, &signature).unwrap();
        }
    }

    /// Computed with Python's `hmac`, `hashlib` and `base64`.
    #[test]
    fn the_mac_is_that_of_another_implementation() {
        let keys = SigningKeys { secret: std::array::from_fn(|index| index as u8), seed: [0; 32] };
        assert_eq!(secret(&keys).expose_secret(), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        let all = signatures([&keys].into_iter(), "msg_1", Timestamp::from_millis(1_614_265_330_000), br#"{"test": 2432232314}"#);
        assert!(all.starts_with("v1,GWvjEzx3AphU7wha3hNZPXJnymF9Fg+ZdvPQqWPOjZ0= v1a,"), "{all}");
        assert_eq!(format!("{keys:?}"), "SigningKeys");
    }
}
