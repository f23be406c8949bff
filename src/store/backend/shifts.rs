//! [`Shifts`]: PINs, and the shifts that they begin.

use super::{Backend, Connection, Database, found};
use crate::domain::values::ids::{PinId, RestaurantId, ShiftId, UserId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::columns::{number, text};
use crate::store::shifts::{MOST_HOLDERS, MOST_SHIFTS, OnShift, Pin, PinHolder, Shift, Shifts};
use crate::store::{Result, StoreError};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{FromRow, query, query_as};
use uuid::Uuid;

statements! {
    /// Changes no row for a person of another restaurant.
    SET_PIN = "INSERT INTO pins (person, restaurant, id, hash, set_at) \
        SELECT id, restaurant, $3, $4, $5 FROM users WHERE restaurant = $1 AND id = $2 \
        ON CONFLICT (person) DO UPDATE SET id = excluded.id, hash = excluded.hash, set_at = excluded.set_at, wrong = 0";
    REMOVE_PIN = "DELETE FROM pins WHERE restaurant = $1 AND person = $2";
    PIN = "SELECT id, hash, wrong FROM pins WHERE restaurant = $1 AND person = $2";
    PIN_HOLDERS = "SELECT p.person, u.username, u.role, p.wrong FROM pins p \
        JOIN users u ON u.restaurant = p.restaurant AND u.id = p.person \
        WHERE p.restaurant = $1 ORDER BY p.person LIMIT $2";
    COUNT_WRONG_PIN = "UPDATE pins SET wrong = wrong + 1 WHERE restaurant = $1 AND person = $2";
    FORGET_WRONG_PINS = "UPDATE pins SET wrong = 0 WHERE restaurant = $1 AND person = $2 AND wrong > 0";
    END_OLD_SHIFTS = "DELETE FROM shifts WHERE session = $1 AND (until <= $2 OR id <= \
        (SELECT id FROM shifts WHERE session = $1 ORDER BY id DESC LIMIT 1 OFFSET $3))";
    /// Changes no row for a session that has ended, and for a shift of another person.
    BEGIN_SHIFT = "INSERT INTO shifts (session, id, restaurant, person, pin, begun_at, until) \
        SELECT s.id, $3, s.restaurant, $4, $5, $6, $7 FROM sessions s WHERE s.restaurant = $1 AND s.id = $2 \
        ON CONFLICT (session, id) DO UPDATE SET pin = excluded.pin, until = excluded.until \
        WHERE shifts.person = excluded.person";
    ON_SHIFT = "SELECT s.person, u.username, u.role FROM shifts s \
        JOIN pins p ON p.restaurant = s.restaurant AND p.person = s.person AND p.id = s.pin \
        JOIN users u ON u.restaurant = s.restaurant AND u.id = s.person \
        WHERE s.restaurant = $1 AND s.session = $2 AND s.id = $3 AND s.until > $4";
}

#[derive(FromRow)]
struct PinRow {
    id: Uuid,
    hash: String,
    wrong: i64,
}

impl TryFrom<PinRow> for Pin {
    type Error = StoreError;
    fn try_from(row: PinRow) -> Result<Self> {
        Ok(Self { id: PinId::from_uuid(row.id), hash: row.hash.into(), wrong: number("wrong", row.wrong)? })
    }
}

#[derive(FromRow)]
struct PinHolderRow {
    person: Uuid,
    username: String,
    role: String,
    wrong: i64,
}

impl TryFrom<PinHolderRow> for PinHolder {
    type Error = StoreError;
    fn try_from(row: PinHolderRow) -> Result<Self> {
        let (id, name) = (UserId::from_uuid(row.person), text("username", &row.username)?);
        Ok(Self { id, name, role: text("role", &row.role)?, wrong: number("wrong", row.wrong)? })
    }
}

#[derive(FromRow)]
struct OnShiftRow {
    person: Uuid,
    username: String,
    role: String,
}

impl TryFrom<OnShiftRow> for OnShift {
    type Error = StoreError;
    fn try_from(row: OnShiftRow) -> Result<Self> {
        let person = UserId::from_uuid(row.person);
        Ok(Self { person, name: text("username", &row.username)?, role: text("role", &row.role)? })
    }
}

#[async_trait]
impl Shifts for Backend {
    async fn set_pin(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        id: PinId,
        hash: &SecretString,
        at: Timestamp,
    ) -> Result<()> {
        let set = query::<Database>(SET_PIN).bind(restaurant.uuid()).bind(person.uuid()).bind(id.uuid());
        found(self.execute(set.bind(hash.expose_secret().to_owned()).bind(at.micros())).await?)
    }

    async fn remove_pin(&self, restaurant: RestaurantId, person: UserId) -> Result<()> {
        found(self.execute(query::<Database>(REMOVE_PIN).bind(restaurant.uuid()).bind(person.uuid())).await?)
    }

    async fn pin(&self, restaurant: RestaurantId, person: UserId) -> Result<Option<Pin>> {
        self.one(query_as::<Database, PinRow>(PIN).bind(restaurant.uuid()).bind(person.uuid())).await
    }

    async fn pin_holders(&self, restaurant: RestaurantId) -> Result<Vec<PinHolder>> {
        self.all(query_as::<Database, PinHolderRow>(PIN_HOLDERS).bind(restaurant.uuid()).bind(MOST_HOLDERS)).await
    }

    async fn count_wrong_pin(&self, restaurant: RestaurantId, person: UserId) -> Result<()> {
        self.execute(query::<Database>(COUNT_WRONG_PIN).bind(restaurant.uuid()).bind(person.uuid())).await.map(drop)
    }

    async fn begin_shift(&self, shift: &Shift) -> Result<()> {
        let shift = shift.clone();
        self.write(move |c| Box::pin(async move { begin(c, &shift).await })).await
    }

    async fn on_shift(&self, restaurant: RestaurantId, session: &Key, shift: ShiftId, now: Timestamp) -> Result<Option<OnShift>> {
        let find = query_as::<Database, OnShiftRow>(ON_SHIFT).bind(restaurant.uuid()).bind(session.as_str().to_owned());
        self.one(find.bind(shift.uuid()).bind(now.micros())).await
    }
}

async fn begin(connection: &mut Connection, shift: &Shift) -> Result<()> {
    let (restaurant, session) = (shift.restaurant.uuid(), shift.session.as_str());
    let end = query::<Database>(END_OLD_SHIFTS).bind(session).bind(shift.begun_at.micros()).bind(MOST_SHIFTS);
    end.execute(&mut *connection).await?;
    let begin = query::<Database>(BEGIN_SHIFT).bind(restaurant).bind(session).bind(shift.id.uuid());
    let begin = begin.bind(shift.person.uuid()).bind(shift.pin.uuid()).bind(shift.begun_at.micros()).bind(shift.until.micros());
    if begin.execute(&mut *connection).await?.rows_affected() == 0 {
        return Err(StoreError::Taken);
    }
    query::<Database>(FORGET_WRONG_PINS).bind(restaurant).bind(shift.person.uuid()).execute(connection).await?;
    Ok(())
}
