//! The keys of a node, by its role: a node that signs no tokens holds no signing key.

use crate::auth::key_material::MIN_SECRET_BYTES;
use crate::auth::keyring::{Keyring, derive};
use crate::auth::token::{Issuer, Verifier};
use crate::broker::KEY_LABEL;
use crate::config::{Common, Refused, Serve};
use crate::domain::values::text::Key;
use secrecy::ExposeSecret;
use std::path::PathBuf;

/// Why a keyring does not suit a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// A node that only verifies has a key that signs.
    #[error(
        "--role realtime verifies tokens and must not be able to sign them, but key {0} of the keyring has its seed; give this \
         node the public half instead: {1}"
    )]
    SeedOnRealtime(Key, String),
    /// No secret signs the messages between nodes.
    #[error(
        "messages between nodes over Redis are signed with a shared secret, and the keyring has no HS256 key to derive \
         it from: set ORDERBELL_REDIS_SECRET to {MIN_SECRET_BYTES} bytes or more, the same on each node (openssl rand -hex 32)"
    )]
    NoRedisSecret,
    /// The secret is too short.
    #[error("ORDERBELL_REDIS_SECRET has fewer than {MIN_SECRET_BYTES} bytes; make one with: openssl rand -hex 32")]
    ShortRedisSecret,
}

/// Reads the keyring from the configuration, or on SQLite from a file beside the database, which is
/// created if absent.
///
/// # Errors
/// A message with the fault and the remedy, without any secret.
pub fn keyring(common: &Common) -> anyhow::Result<Keyring> {
    if let Some(keys) = &common.jwt_keys {
        return Ok(Keyring::parse(keys.expose_secret())?);
    }
    if !common.is_sqlite() {
        return Err(Refused::NoKeyring.into());
    }
    Ok(Keyring::load_or_make(&key_file(common.database_url.expose_secret()))?)
}

/// Reads the key file beside a SQLite database like the start of a node, but does not make one. Returns its path, and whether
/// it exists; `None` if the keys come from elsewhere.
///
/// # Errors
/// As [`keyring`], and if the keys do not suit the node.
pub fn check_key_file(common: &Common, serve: &Serve) -> anyhow::Result<Option<(PathBuf, bool)>> {
    if common.jwt_keys.is_some() || !common.is_sqlite() {
        return Ok(None);
    }
    let path = key_file(common.database_url.expose_secret());
    let is_there = path.symlink_metadata().is_ok();
    if is_there {
        Keys::of(&Keyring::load(&path)?, serve)?;
    }
    Ok(Some((path, is_there)))
}

/// Returns the key file beside a SQLite database: `data/orderbell.db.keys` for `data/orderbell.db`.
#[must_use]
pub fn key_file(url: &str) -> PathBuf {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split(['?', '#']).next().unwrap_or(path);
    PathBuf::from(format!("{path}.keys"))
}

/// The keys of a node.
pub struct Keys {
    /// The verifier of tokens, on every node.
    pub verifier: Verifier,
    /// The signer of tokens, only on a node that issues them.
    pub issuer: Option<Issuer>,
    /// The key of messages between nodes, only with Redis.
    pub messages: Option<[u8; 32]>,
}

impl Keys {
    /// Takes the keys that the role needs.
    ///
    /// # Errors
    /// An error if the keyring cannot sign on a node that issues tokens, can sign on one that must
    /// not, or has no secret for Redis.
    pub fn of(keyring: &Keyring, serve: &Serve) -> anyhow::Result<Self> {
        let issuer = if serve.role.serves_api() {
            Some(Issuer::of(keyring)?)
        } else {
            check_verifies_only(keyring)?;
            None
        };
        let messages = serve.redis().map(|_| message_key(keyring, serve)).transpose()?;
        Ok(Self { verifier: Verifier::of(keyring), issuer, messages })
    }
}

fn check_verifies_only(keyring: &Keyring) -> Result<(), Unsuitable> {
    if let Some((kid, public_entry)) = keyring.first_seed() {
        return Err(Unsuitable::SeedOnRealtime(kid.clone(), public_entry));
    }
    let secrets: Vec<_> = keyring.secrets().into_iter().map(Key::as_str).collect();
    if !secrets.is_empty() {
        log::warn!(
            keys = secrets.join(",");
            "this node signs no tokens, but anyone who steals its hs256 secret can: make a pair with orderbell keys, and give \
             this node only the public half"
        );
    }
    Ok(())
}

fn message_key(keyring: &Keyring, serve: &Serve) -> Result<[u8; 32], Unsuitable> {
    match serve.redis_secret() {
        Some(secret) if secret.expose_secret().len() < MIN_SECRET_BYTES => Err(Unsuitable::ShortRedisSecret),
        Some(secret) => Ok(derive(secret.expose_secret().as_bytes(), KEY_LABEL)),
        None => keyring.derive(KEY_LABEL).ok_or(Unsuitable::NoRedisSecret),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::key_material::KeyPair;
    use crate::auth::keyring::KeyringError;
    use clap::{Args, Command, FromArgMatches};

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    /// Returns the keys of a node with these flags, regardless of the environment of the test.
    fn keys(keyring: &str, flags: &[&str]) -> anyhow::Result<Keys> {
        let command = Serve::augment_args(Command::new("serve")).mut_args(|flag| flag.env(None));
        let flags = command.get_matches_from(["serve"].iter().chain(flags));
        Keys::of(&Keyring::parse(keyring).unwrap(), &Serve::from_arg_matches(&flags).unwrap())
    }

    fn refusal<E: std::error::Error + Clone + Send + Sync + 'static>(keyring: &str, flags: &[&str]) -> E {
        let Err(error) = keys(keyring, flags) else { panic!("{flags:?} are accepted") };
        error.downcast_ref::<E>().unwrap_or_else(|| panic!("{error:#}")).clone()
    }

    #[test]
    fn a_realtime_node_never_holds_a_signing_key() {
        let pair = KeyPair::random(Some("p".parse().unwrap()));
        let (private, public) = (pair.private_entry.expose_secret(), pair.public_entry.as_str());
        let old = format!("old:{SECRET}");
        for keyring in [public.to_owned(), old.clone(), format!("{public},{old}")] {
            assert!(keys(&keyring, &["--role", "realtime"]).unwrap().issuer.is_none(), "{keyring}");
        }
        for keyring in
            [private.to_owned(), format!("{old},{private}"), format!("{},{private}", KeyPair::random(None).public_entry)]
        {
            let refused: Unsuitable = refusal(&keyring, &["--role", "realtime"]);
            assert_eq!(refused, Unsuitable::SeedOnRealtime("p".parse().unwrap(), public.to_owned()));
            assert!(refused.to_string().contains(public) && !refused.to_string().contains(private));
        }
    }

    #[test]
    fn an_api_node_needs_a_signing_key_first_and_accepts_any_others() {
        let (one, other) = (KeyPair::random(None), KeyPair::random(None));
        let (private, public) = (one.private_entry.expose_secret(), other.public_entry.as_str());
        for role in ["all", "api"] {
            for keyring in [private.to_owned(), format!("{private},{public},old:{SECRET}"), format!("old:{SECRET},{public}")] {
                assert!(keys(&keyring, &["--role", role]).unwrap().issuer.is_some(), "{role} {public}");
            }
            for keyring in [public.to_owned(), format!("{public},{private}"), format!("{public},old:{SECRET}")] {
                assert!(matches!(refusal(&keyring, &["--role", role]), KeyringError::CannotSign(_)), "{role}");
            }
        }
    }

    #[test]
    fn the_message_key_derives_from_the_redis_secret_or_the_first_hs256_key() {
        let pair = KeyPair::random(None);
        let (private, old) = (pair.private_entry.expose_secret(), format!("old:{SECRET}"));
        let (redis, both) = (["--redis-url", "redis://h"], format!("{private},{old}"));
        let given = |secret| [redis.as_slice(), &["--redis-secret", secret]].concat();
        let messages = |keyring: &str, flags: &[&str]| keys(keyring, flags).unwrap().messages;
        assert_eq!(messages(&old, &[]), None, "no messages without redis");
        assert_eq!(messages(&both, &redis), Keyring::parse(&old).unwrap().derive(KEY_LABEL));
        assert_eq!(messages(&both, &given("")), messages(&old, &redis), "an empty variable counts as unset");
        let own = "a secret that no token is signed with";
        assert_eq!(messages(private, &given(own)), messages(&old, &given(own)));
        assert_ne!(messages(&old, &given(own)), messages(&old, &redis));
        assert_eq!(refusal::<Unsuitable>(private, &redis), Unsuitable::NoRedisSecret);
        assert_eq!(refusal::<Unsuitable>(&old, &given("too short")), Unsuitable::ShortRedisSecret);
    }

    #[test]
    fn the_key_file_is_beside_the_database() {
        for url in ["sqlite://data/orderbell.db", "sqlite:data/orderbell.db", "sqlite://data/orderbell.db?mode=rwc"] {
            assert_eq!(key_file(url), PathBuf::from("data/orderbell.db.keys"), "{url}");
        }
    }
}
