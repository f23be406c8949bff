//! Ends guests' sessions on behalf of the restaurant: with a table, with its key, with a visit, or
//! one by one. The caller checks that the restaurant may.

use super::management::Management;
use super::session::SessionError;
use crate::clock;
use crate::domain::values::ids::{RestaurantId, TableId, VisitId};
use crate::domain::values::text::Key;
use crate::domain::values::version::Expected;
use crate::store::StoreError;
use crate::store::accounts::Table;
use crate::store::audit::{self, Kind, Note};
use crate::store::visits::VisitClosed;

impl Management {
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
        self.ended.insert_all(ended, now);
        Ok(())
    }

    /// Stores a table's new key. With `end_sessions`, also ends the sessions of its guests.
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
        self.ended.insert_all(ended, now);
        Ok(())
    }

    /// Ends the visit of a table. With `end_sessions`, also ends the sessions of its guests. While
    /// an order or a call is open, ends nothing and returns false.
    ///
    /// # Errors
    /// The store's `Missing`.
    pub async fn end_visit(&self, restaurant: RestaurantId, id: VisitId, end_sessions: bool) -> Result<bool, SessionError> {
        let now = clock::now();
        let visit = self.store.open_visit(restaurant, id).await?.ok_or(StoreError::Missing)?;
        let note = Note::new(restaurant, Kind::Tables, "free_table").about(id).called(&visit.table);
        match audit::recorded(note, self.store.close_visit(restaurant, id, end_sessions, now)).await? {
            VisitClosed::Busy => Ok(false),
            VisitClosed::Done(sessions) => {
                log::info!(restaurant:% = restaurant, visit:% = id, sessions = sessions.len(); "visit ended");
                self.ended.insert_all(sessions, now);
                Ok(true)
            }
        }
    }

    /// Ends one guest's session.
    ///
    /// # Errors
    /// The store's `Missing` for a session that does not belong to a guest of this restaurant.
    pub async fn end_guest(&self, restaurant: RestaurantId, session: &Key) -> Result<(), SessionError> {
        let now = clock::now();
        let note = Note::new(restaurant, Kind::Sessions, "end_guest").about(session);
        audit::recorded(note, self.store.end_guest_session(restaurant, session)).await?;
        log::info!(restaurant:% = restaurant, session:% = session; "guest session ended by the restaurant");
        self.ended.insert_all(vec![session.clone()], now);
        Ok(())
    }
}
