//! [`Devices`]: paired screens, and the pairing itself.

use super::{Backend, Connection, Database, commit, feeds, found, sessions};
use crate::domain::model::display::Change;
use crate::domain::model::event::{By, Event};
use crate::domain::model::principal::Role;
use crate::domain::rules::screen;
use crate::domain::values::ids::{DeviceId, RestaurantId, UserId};
use crate::domain::values::text::{Key, Name};
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::Expected;
use crate::store::columns::{station, text};
use crate::store::devices::{Device, Devices, ListedDevice, Pairing, Poll, Revoked};
use crate::store::log::{Reads, Work};
use crate::store::{Result, StoreError};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use std::sync::Arc;
use uuid::Uuid;

statements! {
    /// Frees the user code `$1` if its pairing expired by `$2`, and removes pairings that expired by `$3`.
    DROP_STALE_PAIRINGS = "DELETE FROM pairings WHERE (user_code = $1 AND expires_at <= $2) OR expires_at <= $3";
    ADD_PAIRING = "INSERT INTO pairings (device_code_hash, user_code, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    APPROVE_PAIRING = "UPDATE pairings SET device = $2, approved_by = $4 \
        WHERE user_code = $1 AND device IS NULL AND expires_at > $3";
    /// Admits one poll at a time, and only if the former one was not after `$3`. The first poll after the approval is always
    /// admitted.
    POLL_PAIRING = "UPDATE pairings SET polled_at = $2 \
        WHERE device_code_hash = $1 AND (polled_at IS NULL OR polled_at <= $3 \
        OR (device IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sessions WHERE origin = $1))) RETURNING expires_at, device";
    PAIRING_EXPIRY = "SELECT expires_at FROM pairings WHERE device_code_hash = $1";
    /// Screens that a person approved and that have not yet begun a session.
    WAITING_FOR_APPROVER = "SELECT p.device FROM pairings p WHERE p.approved_by = $1 AND p.device IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.origin = p.device_code_hash)";
    VOID_PAIRINGS = "DELETE FROM pairings WHERE device = $1";

    ADD_DEVICE = "INSERT INTO devices (id, restaurant, name, station, created_at, approved_by, role) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    DEVICE_OF_PAIRING = "SELECT id, restaurant, name, station, role FROM devices WHERE id = $1 AND revoked_at IS NULL";
    DEVICE = "SELECT id, restaurant, name, station, role FROM devices \
        WHERE restaurant = $1 AND id = $2 AND revoked_at IS NULL";
    DEVICE_NAME = "SELECT name FROM devices WHERE restaurant = $1 AND id = $2";
    /// A screen is made when it is approved.
    DEVICES = "SELECT d.id, d.restaurant, d.name, d.station, d.role, d.created_at, d.approved_by, u.username FROM devices d \
        LEFT JOIN users u ON u.restaurant = d.restaurant AND u.id = d.approved_by \
        WHERE d.restaurant = $1 AND d.id > $2 AND d.revoked_at IS NULL ORDER BY d.id LIMIT $3";
    SET_DEVICE = "UPDATE devices SET name = $3, station = $4 WHERE restaurant = $1 AND id = $2 AND revoked_at IS NULL";
    REVOKE_DEVICE = "UPDATE devices SET revoked_at = $3 WHERE restaurant = $1 AND id = $2 AND revoked_at IS NULL";
}

#[derive(FromRow)]
struct DeviceRow {
    id: Uuid,
    restaurant: Uuid,
    name: String,
    station: Option<String>,
    role: String,
}

#[derive(FromRow)]
struct ListedDeviceRow {
    #[sqlx(flatten)]
    device: DeviceRow,
    created_at: i64,
    approved_by: Option<Uuid>,
    username: Option<String>,
}

impl TryFrom<ListedDeviceRow> for ListedDevice {
    type Error = StoreError;
    fn try_from(row: ListedDeviceRow) -> Result<Self> {
        Ok(Self {
            device: row.device.try_into()?,
            approved_at: Timestamp::from_micros(row.created_at),
            approved_by: row.approved_by.map(UserId::from_uuid),
            approver: row.username.map(|username| text("username", &username)).transpose()?,
        })
    }
}

impl TryFrom<DeviceRow> for Device {
    type Error = StoreError;
    fn try_from(row: DeviceRow) -> Result<Self> {
        Ok(Self {
            id: DeviceId::from_uuid(row.id),
            restaurant: RestaurantId::from_uuid(row.restaurant),
            name: text("name", &row.name)?,
            station: station(row.station.as_deref())?,
            role: text("role", &row.role)?,
        })
    }
}

/// How long an expired pairing still answers `Expired`, in microseconds.
const KEEP_EXPIRED: i64 = 60 * 60 * 1_000_000;

#[async_trait]
impl Devices for Backend {
    async fn add_pairing(&self, pairing: &Pairing, at: Timestamp) -> Result<()> {
        let pairing = pairing.clone();
        self.write(move |c| Box::pin(async move { add_pairing(c, &pairing, at).await })).await
    }

    async fn approve_pairing(&self, user_code: &Key, device: &Device, approver: Option<UserId>, at: Timestamp) -> Result<()> {
        let (user_code, device) = (user_code.clone(), device.clone());
        self.write(move |c| Box::pin(async move { approve(c, &user_code, &device, approver, at).await })).await
    }

    async fn poll_pairing(&self, device_code_hash: [u8; 32], interval_ms: i64, at: Timestamp) -> Result<Poll> {
        self.write(move |c| Box::pin(poll(c, device_code_hash, interval_ms, at))).await
    }

    async fn device(&self, restaurant: RestaurantId, id: DeviceId) -> Result<Option<Device>> {
        let query = query_as::<Database, DeviceRow>(DEVICE);
        self.one(query.bind(restaurant.uuid()).bind(id.uuid())).await
    }

    async fn device_name(&self, restaurant: RestaurantId, id: DeviceId) -> Result<Option<Name>> {
        let name = self.read(move |c| {
            Box::pin(async move {
                let query = query_scalar::<Database, String>(DEVICE_NAME).bind(restaurant.uuid()).bind(id.uuid());
                Ok(query.fetch_optional(c).await?)
            })
        });
        name.await?.map(|name| text("name", &name)).transpose()
    }

    async fn devices(&self, restaurant: RestaurantId, after: Option<DeviceId>, limit: u32) -> Result<Vec<ListedDevice>> {
        let query = query_as::<Database, ListedDeviceRow>(DEVICES).bind(restaurant.uuid());
        self.all(query.bind(after.map_or(Uuid::nil(), DeviceId::uuid)).bind(i64::from(limit))).await
    }

    async fn set_device(&self, device: &Device, expected: Expected, at: Timestamp) -> Result<Arc<[Event]>> {
        let device = device.clone();
        self.write(move |c| Box::pin(async move { set(c, &device, &expected, at).await })).await
    }

    async fn revoke_device(&self, restaurant: RestaurantId, id: DeviceId, expected: Expected, at: Timestamp) -> Result<Revoked> {
        self.write(move |c| Box::pin(async move { revoke(c, restaurant, id, &expected, at).await })).await
    }
}

async fn add_pairing(connection: &mut Connection, pairing: &Pairing, at: Timestamp) -> Result<()> {
    let drop = query::<Database>(DROP_STALE_PAIRINGS).bind(pairing.user_code.as_str()).bind(at.micros());
    drop.bind(at.micros() - KEEP_EXPIRED).execute(&mut *connection).await?;
    query::<Database>(ADD_PAIRING)
        .bind(pairing.device_code_hash.as_slice())
        .bind(pairing.user_code.as_str())
        .bind(at.micros())
        .bind(pairing.expires_at.micros())
        .execute(connection)
        .await?;
    Ok(())
}

async fn approve(
    connection: &mut Connection,
    user_code: &Key,
    device: &Device,
    approver: Option<UserId>,
    at: Timestamp,
) -> Result<()> {
    query::<Database>(ADD_DEVICE)
        .bind(device.id.uuid())
        .bind(device.restaurant.uuid())
        .bind(device.name.as_str())
        .bind(device.station.as_ref().map(|station| station.as_str()))
        .bind(at.micros())
        .bind(approver.map(UserId::uuid))
        .bind(device.role.as_str())
        .execute(&mut *connection)
        .await?;
    let approve = query::<Database>(APPROVE_PAIRING).bind(user_code.as_str()).bind(device.id.uuid());
    let approved = approve.bind(at.micros()).bind(approver.map(UserId::uuid)).execute(connection).await?.rows_affected();
    if approved == 1 { Ok(()) } else { Err(StoreError::Missing) }
}

/// Revokes the screens that a person approved and that have not yet begun a session. They were never connected, so no floor
/// knows them.
pub async fn void_unclaimed(connection: &mut Connection, restaurant: RestaurantId, person: UserId, at: Timestamp) -> Result<()> {
    let waiting = query_scalar::<Database, Uuid>(WAITING_FOR_APPROVER).bind(person.uuid());
    for device in waiting.fetch_all(&mut *connection).await? {
        let revoke = query::<Database>(REVOKE_DEVICE).bind(restaurant.uuid()).bind(device);
        revoke.bind(at.micros()).execute(&mut *connection).await?;
        query::<Database>(VOID_PAIRINGS).bind(device).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn poll(connection: &mut Connection, hash: [u8; 32], interval_ms: i64, at: Timestamp) -> Result<Poll> {
    let query = query_as::<Database, (i64, Option<Uuid>)>(POLL_PAIRING).bind(hash.as_slice());
    let latest_before = at.micros() - interval_ms.saturating_mul(1000);
    let polled = query.bind(at.micros()).bind(latest_before).fetch_optional(&mut *connection).await?;
    match polled {
        Some((expires_at, _)) if expires_at <= at.micros() => Ok(Poll::Expired),
        Some((_, None)) => Ok(Poll::Pending),
        Some((_, Some(device))) => hand_out(connection, device).await,
        None => not_now(connection, hash, at).await,
    }
}

/// Returns the approved screen. The pairing stays, for a screen that does not receive the answer; it begins only one session.
async fn hand_out(connection: &mut Connection, device: Uuid) -> Result<Poll> {
    let query = query_as::<Database, DeviceRow>(DEVICE_OF_PAIRING).bind(device);
    match query.fetch_optional(connection).await? {
        Some(row) => Ok(Poll::Approved(row.try_into()?)),
        None => Ok(Poll::Unknown),
    }
}

async fn not_now(connection: &mut Connection, hash: [u8; 32], at: Timestamp) -> Result<Poll> {
    let query = query_scalar::<Database, i64>(PAIRING_EXPIRY).bind(hash.as_slice());
    Ok(match query.fetch_optional(connection).await? {
        None => Poll::Unknown,
        Some(expires_at) if expires_at <= at.micros() => Poll::Expired,
        Some(_) => Poll::TooSoon,
    })
}

/// Holds the restaurant's feed, so that changes of its screens run one after the other, and checks the screen's version.
async fn hold(connection: &mut Connection, restaurant: RestaurantId, id: DeviceId, expected: &Expected) -> Result<()> {
    feeds::hold(connection, restaurant).await?;
    let find = query_as::<Database, DeviceRow>(DEVICE).bind(restaurant.uuid()).bind(id.uuid());
    let device = Device::try_from(find.fetch_optional(connection).await?.ok_or(StoreError::Missing)?)?;
    if expected.admits(&device.version()) { Ok(()) } else { Err(StoreError::Stale) }
}

async fn set(connection: &mut Connection, device: &Device, expected: &Expected, at: Timestamp) -> Result<Arc<[Event]>> {
    hold(connection, device.restaurant, device.id, expected).await?;
    let (restaurant, id) = (device.restaurant.uuid(), device.id.uuid());
    let station = device.station.as_ref().map(|station| station.as_str());
    let set = query::<Database>(SET_DEVICE).bind(restaurant).bind(id).bind(device.name.as_str());
    found(set.bind(station).execute(&mut *connection).await?.rows_affected())?;
    sessions::set_station(connection, device.restaurant, device.id, station).await?;
    let change = Change::Renamed { name: device.name.clone(), station: device.station.clone() };
    append_notice(connection, device.restaurant, device.id, change, at).await
}

async fn revoke(
    connection: &mut Connection,
    restaurant: RestaurantId,
    id: DeviceId,
    expected: &Expected,
    at: Timestamp,
) -> Result<Revoked> {
    hold(connection, restaurant, id, expected).await?;
    let revoke = query::<Database>(REVOKE_DEVICE).bind(restaurant.uuid()).bind(id.uuid());
    if revoke.bind(at.micros()).execute(&mut *connection).await?.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    query::<Database>(VOID_PAIRINGS).bind(id.uuid()).execute(&mut *connection).await?;
    let events = append_notice(&mut *connection, restaurant, id, Change::Removed, at).await?;
    Ok(Revoked { sessions: sessions::end_of_device(connection, restaurant, id).await?, events })
}

/// Appends an event about a device for the floor, in the transaction that changes or revokes it. Returns the events to
/// announce after the commit.
async fn append_notice(
    connection: &mut Connection,
    restaurant: RestaurantId,
    device: DeviceId,
    change: Change,
    at: Timestamp,
) -> Result<Arc<[Event]>> {
    let id: Key = text("device", &device.to_string())?;
    let (reads, by) = (Reads::Display(id.clone()), By::role(Role::Service));
    let decide = Box::new(move |state: crate::store::log::State| {
        Ok(screen::decide(state.display, id.clone(), change.clone(), state.moment))
    });
    commit::commit_one(connection, Work { restaurant, reads, command: None, by, at, note: None, delivery: None, decide })
        .await
        .map(|committed| committed.events)
}
