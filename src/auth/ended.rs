//! Sessions that are over. A signed token cannot be taken back, so every node keeps the ids of the sessions that were
//! ended, looks there for each message, and hears of new ones to close connections at once.

use super::token::MAX_TOKEN_LIFE;
use crate::domain::text::Key;
use crate::domain::time::Timestamp;
use crate::store::{Sessions, StoreError};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::broadcast;

/// How far each poll of the store looks back behind the latest end that was seen: a transaction that recorded another may
/// have taken a while. Both times are of the database's clock; those of nodes may be minutes apart.
const OVERLAP: Duration = Duration::from_secs(60);
/// Notices a listener may be behind before it is told to look at everything.
const NOTICES: usize = 1024;

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// This session has ended.
    Ended(Key),
    /// Some were missed: check every session against [`EndedSessions::contains`].
    Missed,
}

/// The ended sessions that this node knows of. Shared; every method takes `&self`.
#[derive(Debug)]
pub struct EndedSessions {
    sessions: RwLock<HashMap<Key, Timestamp>>,
    /// The latest end that a poll has seen, by the database's clock.
    latest: Mutex<Option<Timestamp>>,
    notices: broadcast::Sender<Key>,
}

impl Default for EndedSessions {
    fn default() -> Self {
        Self { sessions: RwLock::default(), latest: Mutex::default(), notices: broadcast::channel(NOTICES).0 }
    }
}

impl EndedSessions {
    /// Whether a session is over.
    #[must_use]
    pub fn contains(&self, session: &Key) -> bool {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner).contains_key(session)
    }

    /// Records that a session was ended, and tells the listeners if it is news. Whoever is told finds it recorded.
    pub fn insert(&self, session: Key, at: Timestamp) {
        let known = self.sessions.write().unwrap_or_else(PoisonError::into_inner).insert(session.clone(), at).is_some();
        if !known && self.notices.send(session).is_err() {
            log::trace!("a session ended and nobody listens");
        }
    }

    /// A listener for ends from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener(self.notices.subscribe())
    }

    /// Takes over what other nodes have ended since the last time (at first: all that still matters), and forgets what
    /// no token can name any more. To be called every few seconds, by one task.
    ///
    /// # Errors
    /// The store's; the next call then covers what this one missed.
    pub async fn refresh_from<S: Sessions + ?Sized>(&self, store: &S, now: Timestamp) -> Result<(), StoreError> {
        let latest = *self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = before(now, MAX_TOKEN_LIFE);
        let since = latest.map_or(oldest, |at| before(at, OVERLAP));
        let ends = store.ended_since(since).await?;
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = ends.last().map(|ended| ended.at).max(latest);
        for ended in ends {
            self.insert(ended.session, ended.at);
        }
        self.sessions.write().unwrap_or_else(PoisonError::into_inner).retain(|_, at| *at >= oldest);
        Ok(())
    }
}

fn before(at: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

/// Hears of sessions that end.
#[derive(Debug)]
pub struct Listener(broadcast::Receiver<Key>);

impl Listener {
    /// Waits for the next end. `None` when the node shuts down. Safe to cancel.
    pub async fn next(&mut self) -> Option<Notice> {
        match self.0.recv().await {
            Ok(session) => Some(Notice::Ended(session)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Notice::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RestaurantId;
    use crate::store::sessions::{Ended, Rotation, SessionRow};
    use async_trait::async_trait;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    const fn second(number: i64) -> Timestamp {
        Timestamp::from_millis(number * 1000)
    }

    /// What a store has to say of ended sessions; it is asked for nothing else here.
    struct Ends(Vec<Ended>, Mutex<Vec<Timestamp>>);

    #[async_trait]
    impl Sessions for Ends {
        async fn add_session(&self, _: &SessionRow, _: [u8; 32], _: Timestamp) -> Result<(), StoreError> {
            Err(StoreError::Internal)
        }
        async fn rotate_refresh(&self, _: [u8; 32], _: [u8; 32], _: Timestamp) -> Result<Rotation, StoreError> {
            Err(StoreError::Internal)
        }
        async fn session_end(&self, _: RestaurantId, _: &Key) -> Result<Option<Timestamp>, StoreError> {
            Err(StoreError::Internal)
        }
        async fn end_session(&self, _: &Key) -> Result<(), StoreError> {
            Err(StoreError::Internal)
        }
        async fn ended_since(&self, since: Timestamp) -> Result<Vec<Ended>, StoreError> {
            self.1.lock().unwrap().push(since);
            Ok(self.0.iter().filter(|ended| ended.at >= since).cloned().collect())
        }
        async fn forget_sessions(&self, _: Timestamp) -> Result<u64, StoreError> {
            Err(StoreError::Internal)
        }
    }

    #[tokio::test]
    async fn an_end_is_known_before_it_is_told_and_told_once() {
        let ended = EndedSessions::default();
        let mut listener = ended.listen();
        assert!(!ended.contains(&key("a")));
        ended.insert(key("a"), second(1));
        ended.insert(key("a"), second(2));
        ended.insert(key("b"), second(2));
        assert_eq!(listener.next().await, Some(Notice::Ended(key("a"))));
        assert!(ended.contains(&key("a")));
        assert_eq!(listener.next().await, Some(Notice::Ended(key("b"))));
        drop(ended);
        assert_eq!(listener.next().await, None);
    }

    #[tokio::test]
    async fn a_listener_that_was_too_slow_is_told_so() {
        let ended = EndedSessions::default();
        let mut listener = ended.listen();
        for number in 0..=NOTICES {
            ended.insert(key(&format!("s{number}")), second(1));
        }
        assert_eq!(listener.next().await, Some(Notice::Missed));
    }

    #[tokio::test]
    async fn polls_overlap_and_what_no_token_can_name_is_forgotten() {
        let life = i64::try_from(MAX_TOKEN_LIFE.as_secs()).unwrap();
        // An hour ahead of the database's clock.
        let (start, end) = (second(2 * life + 3600), second(3 * life + 3601));
        let store = Ends(vec![Ended { session: key("elsewhere"), at: second(2 * life - 30) }], Mutex::default());
        let ended = EndedSessions::default();
        let mut listener = ended.listen();
        ended.refresh_from(&store, start).await.unwrap();
        ended.refresh_from(&store, second(2 * life + 3602)).await.unwrap();
        assert_eq!(*store.1.lock().unwrap(), [second(life + 3600), second(2 * life - 90)], "its own clock has no say");
        assert_eq!(listener.next().await, Some(Notice::Ended(key("elsewhere"))));
        assert!(listener.0.is_empty(), "the overlap told it twice");
        assert!(ended.contains(&key("elsewhere")));
        ended.refresh_from(&store, end).await.unwrap();
        assert!(!ended.contains(&key("elsewhere")));
    }
}
