//! Renewals through `Sessions`, before and after the database has lost some of them.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, key};
use orderbell::auth::ended::EndedSessions;
use orderbell::auth::keyring::Keyring;
use orderbell::auth::secret::hash;
use orderbell::auth::session::{Lifetimes, SessionError, Sessions};
use orderbell::auth::token::Issuer;
use orderbell::clock;
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::store::sessions::SessionRow;
use std::sync::Arc;
use std::time::Duration;

/// The backup has the first two renewals of the session, of which the owner made five.
const KEPT: usize = 2;
const NEWEST: usize = 5;

/// Copies the sessions, as a backup does.
const BACK_UP: &str = "CREATE TABLE kept_sessions AS SELECT * FROM sessions; \
    CREATE TABLE kept_refreshes AS SELECT * FROM session_refreshes";
const RESTORE: &str = "DELETE FROM session_refreshes; DELETE FROM sessions; \
    INSERT INTO sessions SELECT * FROM kept_sessions; INSERT INTO session_refreshes SELECT * FROM kept_refreshes";

/// A session and the refresh tokens that its owner has received, oldest first.
struct History(Vec<String>);

impl History {
    async fn begin(database: &TestDatabase, role: Role) -> Self {
        let restaurant = TestRestaurant::open(&database.store).await;
        let id = clock::new_id();
        let principal = Principal { role, session: key(&id.to_string()), ..restaurant.staff() };
        let row = SessionRow { principal, expires_at: clock::now().plus(Duration::from_secs(24 * 3600)) };
        let first = format!("first-{id}");
        database.store.add_session(&row, hash(&first.as_str().into()), clock::now()).await.unwrap();
        Self(vec![first])
    }

    async fn renew(&mut self, node: &Sessions, times: usize) {
        for _ in 0..times {
            let next = present(node, &self.0[self.0.len() - 1]).await.unwrap();
            self.0.push(next);
        }
    }
}

fn node(database: &TestDatabase) -> Sessions {
    let keyring = Keyring::parse("a:0123456789abcdef0123456789abcdef").unwrap();
    Sessions::new(database.store.clone(), Issuer::of(&keyring).unwrap(), Arc::<EndedSessions>::default(), Lifetimes::default())
}

async fn present(node: &Sessions, token: &str) -> Result<String, SessionError> {
    node.refresh(&token.into()).await.map(|answer| answer.refresh_token)
}

async fn histories(database: &TestDatabase, node: &Sessions, role: Role, number: usize, renewals: usize) -> Vec<History> {
    let mut histories = Vec::with_capacity(number);
    for _ in 0..number {
        let mut history = History::begin(database, role).await;
        history.renew(node, renewals).await;
        histories.push(history);
    }
    histories
}

/// Presents each token of a session without lost renewals: the newest, the last spent one, and older ones.
pub async fn an_old_token_ends_a_session_without_lost_renewals(database: TestDatabase) {
    let node = node(&database);
    for (presented, history) in histories(&database, &node, Role::Kitchen, NEWEST + 1, NEWEST).await.into_iter().enumerate() {
        let answer = present(&node, &history.0[presented]).await;
        match presented {
            NEWEST => assert!(answer.is_ok()),
            4 => assert_eq!(answer.unwrap(), history.0[NEWEST], "the last spent token gets its successor again"),
            _ => {
                assert_eq!(answer, Err(SessionError::Over), "{presented}");
                assert_eq!(present(&node, &history.0[NEWEST]).await, Err(SessionError::Over), "{presented}");
            }
        }
    }
}

/// The owner of a session continues it after a restore. Whoever has an older token, known or lost, ends it.
pub async fn an_old_token_ends_a_session_whose_lost_renewals_are_recovered(database: TestDatabase) {
    let node = node(&database);
    let mut histories = histories(&database, &node, Role::Kitchen, NEWEST + 1, KEPT).await;
    database.execute(BACK_UP).await;
    for history in &mut histories {
        history.renew(&node, NEWEST - KEPT).await;
    }
    database.execute(RESTORE).await;
    for (presented, history) in histories.into_iter().enumerate() {
        let next = present(&node, &history.0[NEWEST]).await.unwrap();
        assert_eq!(present(&node, &history.0[NEWEST]).await.unwrap(), next, "the answer was lost");
        if presented == NEWEST {
            assert!(present(&node, &next).await.is_ok());
            continue;
        }
        for token in [&history.0[presented], &next, &history.0[NEWEST], &history.0[presented]] {
            assert_eq!(present(&node, token).await, Err(SessionError::Over), "{presented}");
        }
    }
}

/// The database cannot know that a lost token was spent. It learns that from the owner, whose session continues.
pub async fn a_thief_who_renews_first_after_a_restore_is_detected_when_the_owner_renews(database: TestDatabase) {
    let node = node(&database);
    let mut histories = histories(&database, &node, Role::Kitchen, NEWEST, KEPT).await;
    database.execute(BACK_UP).await;
    for history in &mut histories {
        history.renew(&node, NEWEST - KEPT).await;
    }
    database.execute(RESTORE).await;
    for (presented, history) in histories.into_iter().enumerate() {
        let stolen = present(&node, &history.0[presented]).await;
        if presented + 1 < KEPT {
            assert_eq!(stolen, Err(SessionError::Over), "{presented}: the database knows that it is old");
            assert_eq!(present(&node, &history.0[NEWEST]).await, Err(SessionError::Over), "{presented}");
            continue;
        }
        let stolen = stolen.unwrap();
        assert_eq!(stolen, history.0[presented + 1], "the same successor as its owner got");
        let next = present(&node, &history.0[NEWEST]).await.unwrap();
        if stolen == history.0[NEWEST] {
            assert_eq!(present(&node, &stolen).await.unwrap(), next, "a thief in step with the owner gets the same successor");
        } else {
            assert_eq!(present(&node, &stolen).await, Err(SessionError::Over), "{presented}");
            assert_eq!(present(&node, &next).await, Err(SessionError::Over), "{presented}");
        }
    }
}

/// A thief who renews up to and past the owner's token.
pub async fn a_thief_who_overtakes_the_owner_after_a_restore_ends_the_session(database: TestDatabase) {
    let node = node(&database);
    let mut owner = History::begin(&database, Role::Kitchen).await;
    owner.renew(&node, KEPT).await;
    database.execute(BACK_UP).await;
    owner.renew(&node, NEWEST - KEPT).await;
    database.execute(RESTORE).await;
    let mut thief = History(owner.0[..=KEPT + 1].to_vec());
    thief.renew(&node, NEWEST).await;
    assert_eq!(present(&node, &owner.0[NEWEST]).await, Err(SessionError::Over));
    assert_eq!(present(&node, &thief.0[thief.0.len() - 1]).await, Err(SessionError::Over));
}

/// Several requests with one lost token, as tabs and nodes send them, get one successor.
pub async fn simultaneous_requests_with_a_lost_token_get_one_successor(database: TestDatabase) {
    let node = node(&database);
    let mut histories = histories(&database, &node, Role::Kitchen, 4, KEPT).await;
    database.execute(BACK_UP).await;
    for history in &mut histories {
        history.renew(&node, NEWEST - KEPT).await;
    }
    database.execute(RESTORE).await;
    for history in histories {
        let newest = &history.0[NEWEST];
        let (one, two, three) = tokio::join!(present(&node, newest), present(&node, newest), present(&node, newest));
        let next = one.unwrap();
        assert_eq!((two.unwrap(), three.unwrap()), (next.clone(), next.clone()));
        assert!(present(&node, &next).await.is_ok());
    }
}

/// A phone that staff lost long ago grants no access, whatever the database has lost.
pub async fn a_lost_token_of_an_idle_session_of_staff_ends_it(database: TestDatabase) {
    let node = node(&database);
    let (mut idle, mut screen) = (History::begin(&database, Role::Staff).await, History::begin(&database, Role::Kitchen).await);
    for history in [&mut idle, &mut screen] {
        history.renew(&node, KEPT).await;
    }
    database.execute(BACK_UP).await;
    for history in [&mut idle, &mut screen] {
        history.renew(&node, 1).await;
    }
    database.execute(RESTORE).await;
    database.execute("UPDATE sessions SET refreshed_at = refreshed_at - 691200000000").await;
    for token in [&idle.0[KEPT + 1], &idle.0[KEPT]] {
        assert_eq!(present(&node, token).await, Err(SessionError::Over));
    }
    screen.renew(&node, 1).await;
}
