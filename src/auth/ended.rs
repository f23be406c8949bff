//! Ended sessions. A signed token cannot be revoked, so each node keeps the ids of the ended
//! sessions, checks them for each message, and closes the connections of a session at once when it
//! ends.
//!
//! A node that cannot tell which sessions have ended admits nobody: before its first complete read
//! of the store, and when no read has succeeded for the patience of [`EndedSessions::new`].

use super::token::MAX_TOKEN_LIFE;
use crate::clock;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::sessions::EndCursor;
use crate::store::{Sessions, StoreError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::broadcast;

/// How far each poll looks back before the latest known end: a slow transaction may commit an
/// earlier end later. Both times come from the database's clock, since the clocks of nodes may be
/// minutes apart.
const OVERLAP: Duration = Duration::from_secs(60);
/// The most notices that a listener may be behind. Overflow: [`Notice::Missed`].
const NOTICES: usize = 1024;
/// The ended sessions of one page. Reading a page takes far less than the store's deadline.
const PAGE: u32 = 10_000;
/// How often to drop ends whose tokens have all expired.
const PRUNE_PERIOD: Duration = Duration::from_secs(60);
/// The value of `read_at` before the first read.
const NEVER: i64 = -1;

/// A notice to a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// This session has ended.
    Ended(Key),
    /// The listener missed some: it must check each session against [`EndedSessions::contains`].
    Missed,
}

/// Why a session is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// The session has ended.
    Ended,
    /// This node cannot tell: it has not read the ended sessions, or not recently.
    Unknown,
}

/// The ended sessions that this node knows. Shared; each method takes `&self`.
#[derive(Debug)]
pub struct EndedSessions {
    /// When the last token of each session expires.
    sessions: RwLock<HashMap<Key, Timestamp>>,
    polled: Mutex<Polled>,
    /// When the last complete read began, in milliseconds of [`clock::uptime`].
    read_at: AtomicI64,
    patience: Duration,
    notices: broadcast::Sender<Key>,
}

#[derive(Debug, Default)]
struct Polled {
    /// The latest end that a poll has seen, by the database's clock.
    latest: Option<Timestamp>,
    /// When ends without a valid token were last dropped.
    pruned: Option<Timestamp>,
}

impl Default for EndedSessions {
    fn default() -> Self {
        Self::new(Self::PATIENCE)
    }
}

impl EndedSessions {
    /// How long a read of the store counts as recent by default.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    /// Makes a registry that admits nobody before its first read. A read counts as recent for
    /// `patience`.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        Self {
            sessions: RwLock::default(),
            polled: Mutex::default(),
            read_at: AtomicI64::new(NEVER),
            patience,
            notices: broadcast::channel(NOTICES).0,
        }
    }

    /// Returns whether a session is known to have ended.
    #[must_use]
    pub fn contains(&self, session: &Key) -> bool {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner).contains_key(session)
    }

    /// Returns whether this node knows, as of `uptime`, which sessions have ended.
    #[must_use]
    pub fn is_current(&self, uptime: Timestamp) -> bool {
        let read_at = self.read_at.load(Ordering::Acquire);
        read_at != NEVER && uptime.since(Timestamp::from_millis(read_at)) <= self.patience
    }

    /// Admits a session that has not ended.
    ///
    /// # Errors
    /// [`Barred`].
    pub fn admit(&self, session: &Key, uptime: Timestamp) -> Result<(), Barred> {
        match self.contains(session) {
            true => Err(Barred::Ended),
            false if self.is_current(uptime) => Ok(()),
            false => Err(Barred::Unknown),
        }
    }

    /// Records several ends at once, as [`Self::insert`] records one.
    pub fn insert_all(&self, sessions: Vec<Key>, at: Timestamp) {
        for session in sessions {
            self.insert(session, at);
        }
    }

    /// Records the end of a session, and then notifies the listeners if it was not known before.
    pub fn insert(&self, session: Key, at: Timestamp) {
        self.record(session, at.plus(MAX_TOKEN_LIFE));
    }

    fn record(&self, session: Key, until: Timestamp) {
        let known = self.sessions.write().unwrap_or_else(PoisonError::into_inner).insert(session.clone(), until).is_some();
        if !known && self.notices.send(session).is_err() {
            log::trace!("a session ended and nobody listens");
        }
    }

    /// Returns a listener for ends from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener(self.notices.subscribe())
    }

    /// Reads the sessions that have ended on any node since the last call (on the first call, all
    /// whose tokens may still be valid), and drops those whose tokens have all expired. One task
    /// calls it before anybody is admitted, and then every few seconds.
    ///
    /// # Errors
    /// The store's. The next call then reads what this one could not.
    pub async fn refresh_from<S: Sessions + ?Sized>(&self, store: &S, now: Timestamp) -> Result<(), StoreError> {
        let begun = clock::uptime();
        let latest = self.polled.lock().unwrap_or_else(PoisonError::into_inner).latest;
        let since = latest.map_or_else(|| before(now, MAX_TOKEN_LIFE), |at| before(at, OVERLAP));
        let newest = self.read_from(store, since, now).await?;
        let mut polled = self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        polled.latest = newest.max(latest);
        if polled.pruned.is_none_or(|at| now.since(at) >= PRUNE_PERIOD || at > now) {
            polled.pruned = Some(now);
            self.sessions.write().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until >= now);
        }
        self.read_at.store(begun.millis(), Ordering::Release);
        Ok(())
    }

    /// Reads page by page. Returns the time of the latest end.
    async fn read_from<S: Sessions + ?Sized>(
        &self,
        store: &S,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (mut cursor, mut newest) = (EndCursor::at(since), None);
        loop {
            let page = store.ended_since(cursor.clone(), now, PAGE).await?;
            if let Some(last) = page.last() {
                cursor = EndCursor::after(last);
                newest = Some(last.at());
            }
            let is_last = page.len() < PAGE as usize;
            for ended in page {
                let until = ended.until.unwrap_or_else(|| ended.at().plus(MAX_TOKEN_LIFE));
                self.record(ended.session, until);
            }
            if is_last {
                return Ok(newest);
            }
        }
    }
}

fn before(at: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

/// A subscription to ends of sessions.
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
    use crate::domain::values::ids::RestaurantId;
    use crate::domain::values::text::Name;
    use crate::store::sessions::{Ended, Issued, Lost, Refresh, Rotation, SessionRow};
    use async_trait::async_trait;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    const fn second(number: i64) -> Timestamp {
        Timestamp::from_millis(number * 1000)
    }

    fn end_of(session: &str, at: Timestamp) -> Ended {
        Ended { session: key(session), micros: at.micros(), until: None }
    }

    /// A store that only lists ended sessions; the tests call nothing else.
    struct Ends(Vec<Ended>, Mutex<Vec<Timestamp>>);

    #[async_trait]
    impl Sessions for Ends {
        async fn add_issued(&self, _: &SessionRow, _: &Name, _: Timestamp) -> Result<(), StoreError> {
            Err(StoreError::Internal)
        }
        async fn issued(&self, _: RestaurantId, _: Timestamp) -> Result<Vec<Issued>, StoreError> {
            Err(StoreError::Internal)
        }
        async fn add_session(&self, _: &SessionRow, _: [u8; 32], _: Timestamp) -> Result<(), StoreError> {
            Err(StoreError::Internal)
        }
        async fn begin_session(&self, _: [u8; 32], _: &SessionRow, _: [u8; 32], _: Timestamp) -> Result<(), StoreError> {
            Err(StoreError::Internal)
        }
        async fn begun_session(&self, _: [u8; 32], _: Timestamp) -> Result<Option<(SessionRow, [u8; 32])>, StoreError> {
            Err(StoreError::Internal)
        }
        async fn find_refresh(&self, _: [u8; 32]) -> Result<Option<Refresh>, StoreError> {
            Err(StoreError::Internal)
        }
        async fn rotate_refresh(&self, _: [u8; 32], _: &[[u8; 32]], _: Timestamp) -> Result<Rotation, StoreError> {
            Err(StoreError::Internal)
        }
        async fn recover_refresh(&self, _: &Lost, _: &[[u8; 32]], _: Timestamp) -> Result<Rotation, StoreError> {
            Err(StoreError::Internal)
        }
        async fn session_end(&self, _: RestaurantId, _: &Key) -> Result<Option<Timestamp>, StoreError> {
            Err(StoreError::Internal)
        }
        async fn end_session(&self, _: &Key) -> Result<(), StoreError> {
            Err(StoreError::Internal)
        }
        async fn ended_since(&self, after: EndCursor, _: Timestamp, limit: u32) -> Result<Vec<Ended>, StoreError> {
            self.1.lock().unwrap().push(Timestamp::from_micros(after.micros));
            let place = |ended: &Ended| (ended.micros, ended.session.as_str().to_owned());
            let later = self.0.iter().filter(|ended| place(ended) > (after.micros, after.session.clone()));
            Ok(later.take(limit as usize).cloned().collect())
        }
        async fn forget_sessions(&self, _: Timestamp, _: Timestamp) -> Result<u64, StoreError> {
            Err(StoreError::Internal)
        }
    }

    #[tokio::test]
    async fn listeners_get_an_end_once_and_after_it_is_known() {
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
    async fn a_listener_that_was_too_slow_learns_that_it_missed_ends() {
        let ended = EndedSessions::default();
        let mut listener = ended.listen();
        for number in 0..=NOTICES {
            ended.insert(key(&format!("s{number}")), second(1));
        }
        assert_eq!(listener.next().await, Some(Notice::Missed));
    }

    #[tokio::test]
    async fn polls_overlap_and_ends_without_a_valid_token_are_dropped() {
        let life = i64::try_from(MAX_TOKEN_LIFE.as_secs()).unwrap();
        // An hour ahead of the database's clock.
        let (start, end) = (second(2 * life + 3600), second(3 * life + 3601));
        let store = Ends(vec![end_of("elsewhere", second(2 * life - 30))], Mutex::default());
        let ended = EndedSessions::default();
        let mut listener = ended.listen();
        ended.refresh_from(&store, start).await.unwrap();
        ended.refresh_from(&store, second(2 * life + 3602)).await.unwrap();
        assert_eq!(*store.1.lock().unwrap(), [second(life + 3600), second(2 * life - 90)], "this node's clock is not used");
        assert_eq!(listener.next().await, Some(Notice::Ended(key("elsewhere"))));
        assert!(listener.0.is_empty(), "the overlap notified it twice");
        assert!(ended.contains(&key("elsewhere")));
        ended.refresh_from(&store, end).await.unwrap();
        assert!(!ended.contains(&key("elsewhere")));
    }

    #[tokio::test]
    async fn nobody_is_admitted_before_the_first_read_or_when_the_last_one_is_too_old() {
        let ended = EndedSessions::new(Duration::from_secs(30));
        ended.insert(key("a"), second(1));
        let start = clock::uptime();
        assert_eq!(ended.admit(&key("b"), start), Err(Barred::Unknown));
        assert_eq!(ended.admit(&key("a"), start), Err(Barred::Ended), "a known end is reported");
        ended.refresh_from(&Ends(vec![], Mutex::default()), second(2)).await.unwrap();
        let read = clock::uptime();
        assert_eq!(ended.admit(&key("b"), read), Ok(()));
        assert_eq!(ended.admit(&key("a"), read), Err(Barred::Ended));
        assert_eq!(ended.admit(&key("b"), read.plus(Duration::from_secs(31))), Err(Barred::Unknown));
        assert_eq!(ended.admit(&key("a"), read.plus(Duration::from_secs(31))), Err(Barred::Ended));
    }

    #[tokio::test]
    async fn all_ends_are_read_even_if_more_than_a_page_have_the_same_time() {
        let ends: Vec<_> = (0..PAGE * 2 + 1).map(|number| end_of(&format!("s{number:06}"), second(9))).collect();
        let (first, last) = (ends[0].session.clone(), ends[ends.len() - 1].session.clone());
        let ended = EndedSessions::default();
        ended.refresh_from(&Ends(ends, Mutex::default()), second(10)).await.unwrap();
        assert!(ended.contains(&first) && ended.contains(&last));
    }

    #[tokio::test]
    async fn an_end_is_kept_until_its_last_token_expires() {
        let ends = vec![Ended { until: Some(second(100)), ..end_of("a", second(9)) }, end_of("b", second(9))];
        let (store, ended) = (Ends(ends, Mutex::default()), EndedSessions::default());
        ended.refresh_from(&store, second(10)).await.unwrap();
        ended.refresh_from(&Ends(vec![], Mutex::default()), second(200)).await.unwrap();
        assert!(!ended.contains(&key("a")) && ended.contains(&key("b")));
    }
}
