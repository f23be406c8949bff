//! What the restaurant decides about its guests' sessions: a table that goes, a key that changes, a guest who is sent away.
//! That the caller may do so is checked before.

use super::session::{SessionError, SessionService};
use crate::clock;
use crate::domain::ids::{RestaurantId, TableId};
use crate::domain::text::Key;
use crate::domain::version::Expected;
use crate::store::accounts::Table;
use crate::store::audit::{self, Kind, Note};

impl SessionService {
    /// Removes a table, and ends the sessions of its guests.
    ///
    /// # Errors
    /// The store's `Missing` and `Stale`.
    pub async fn remove_table(
        &self,
        note: Note,
        restaurant: RestaurantId,
        id: TableId,
        expected: Expected,
    ) -> Result<(), SessionError> {
        let now = clock::now();
        let ended = audit::recorded(note, self.store.remove_table(restaurant, id, expected)).await?;
        log::info!(restaurant:% = restaurant, table:% = id, sessions = ended.len(); "table removed");
        self.tell_ended(ended, now);
        Ok(())
    }

    /// Gives a table the key that it now has, and with `end_sessions` ends the sessions of its guests.
    ///
    /// # Errors
    /// The store's `Missing` and `Stale`.
    pub async fn renew_table_key(
        &self,
        note: Note,
        table: &Table,
        end_sessions: bool,
        expected: Expected,
    ) -> Result<(), SessionError> {
        let now = clock::now();
        let renew = self.store.set_table_key(table, end_sessions, expected);
        let ended = audit::recorded(note, renew).await?;
        log::info!(restaurant:% = table.restaurant, table:% = table.id, sessions = ended.len(); "table key changed");
        self.tell_ended(ended, now);
        Ok(())
    }

    /// Ends one guest's session.
    ///
    /// # Errors
    /// The store's `Missing` for a session that is no guest's of this restaurant.
    pub async fn end_guest(&self, restaurant: RestaurantId, session: &Key) -> Result<(), SessionError> {
        let now = clock::now();
        let note = Note::new(restaurant, Kind::Sessions, "end_guest").about(session);
        audit::recorded(note, self.store.end_guest_session(restaurant, session)).await?;
        log::info!(restaurant:% = restaurant, session:% = session; "guest session ended by the restaurant");
        self.tell_ended(vec![session.clone()], now);
        Ok(())
    }
}
