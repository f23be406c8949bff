//! Large answers that are the same for everyone: their bytes are there once, however many readers take their time.

use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

/// Smaller ones are not worth a look.
const LARGE: usize = 16 * 1024;

type Hash = [u8; 32];

/// By their SHA-256, for as long as an answer holds them.
static KEPT: LazyLock<Mutex<HashMap<Hash, Weak<Vec<u8>>>>> = LazyLock::new(Mutex::default);

struct Owner(Arc<Vec<u8>>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The bytes of another answer that has the same, or these.
pub(super) fn share(hash: Hash, body: Vec<u8>) -> Bytes {
    if body.len() < LARGE {
        return body.into();
    }
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = kept.get(&hash).and_then(Weak::upgrade) {
        return Bytes::from_owner(Owner(same));
    }
    kept.retain(|_, other| other.strong_count() > 0);
    let body = Arc::new(body);
    kept.insert(hash, Arc::downgrade(&body));
    Bytes::from_owner(Owner(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_body_is_there_once_and_goes_with_its_last_reader() {
        let first = share([9; 32], vec![1; LARGE]);
        let second = share([9; 32], vec![1; LARGE]);
        assert_eq!(first.as_ptr(), second.as_ptr());
        drop((first, second));
        assert!(KEPT.lock().unwrap().get(&[9; 32]).is_none_or(|body| body.strong_count() == 0));
    }
}
