//! A cache of tokens whose signature was verified. A client sends the same token with each of its
//! calls, and its signature is verified once.
//!
//! A hit proves that a verifier of this keyring has accepted the same bytes. It proves nothing about
//! the time, the session and the role, which callers check on each use.

use hashlink::LruCache;
use sha2::{Digest, Sha256};
use std::array;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The shards of the cache. Each has its own lock, so that workers rarely wait for each other.
const SHARDS: usize = 16;
/// The most tokens of a shard: 4,096 in all.
const MOST: usize = 256;

/// The SHA-256 of a whole token. The cache holds no token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Returns the digest of a token.
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// What verified tokens grant, by their digest.
///
/// Bound: [`MOST`] tokens in each of [`SHARDS`] shards. Overflow: the least recently used token of
/// the shard is dropped, and verified again when it is next sent.
pub(super) struct TokenCache<T>([Mutex<LruCache<TokenDigest, T>>; SHARDS]);

impl<T: Clone> TokenCache<T> {
    /// Returns an empty cache.
    pub(super) fn new() -> Self {
        Self(array::from_fn(|_| Mutex::new(LruCache::new(MOST))))
    }

    fn shard(&self, TokenDigest(bytes): &TokenDigest) -> MutexGuard<'_, LruCache<TokenDigest, T>> {
        self.0[usize::from(bytes[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what a token grants.
    pub(super) fn get(&self, token: &TokenDigest) -> Option<T> {
        self.shard(token).get(token).cloned()
    }

    /// Adds a verified token.
    pub(super) fn insert(&self, token: TokenDigest, grant: T) {
        self.shard(&token).insert(token, grant);
    }

    /// Removes a token.
    pub(super) fn remove(&self, token: &TokenDigest) {
        self.shard(token).remove(token);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_bounded_and_drops_the_least_recently_used_token() {
        let cache = TokenCache::new();
        let token = |number: usize| TokenDigest::of(&number.to_string());
        let used = token(0);
        for number in 0..SHARDS * MOST * 4 {
            cache.insert(token(number), number);
            assert_eq!(cache.get(&used), Some(0), "after {number}");
        }
        assert_eq!(cache.len(), SHARDS * MOST);
        assert_eq!(cache.get(&token(1)), None);
        assert_eq!(cache.get(&token(SHARDS * MOST * 4 - 1)), Some(SHARDS * MOST * 4 - 1));
        cache.remove(&used);
        assert_eq!(cache.get(&used), None);
    }
}
