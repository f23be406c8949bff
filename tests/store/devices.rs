//! Pairing kitchen screens.

use crate::accounts::user;
use crate::database::TestDatabase;
use crate::fold::{fold, sound_feed};
use crate::restaurant::{TestRestaurant, at, key};
use crate::screens::connected;
use orderbell::clock;
use orderbell::domain::model::display::Change;
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::ids::{DeviceId, RestaurantId};
use orderbell::domain::values::text::Key;
use orderbell::domain::values::version::Expected;
use orderbell::store::StoreError;
use orderbell::store::accounts::{User, UserChange};
use orderbell::store::devices::{Device, ListedDevice, Pairing, Poll};
use orderbell::store::sessions::{Rotation, SessionRow};
use tokio::task::JoinSet;

const CODE: [u8; 32] = [1; 32];
const INTERVAL: i64 = 5000;

async fn begin(database: &TestDatabase) {
    let pairing = Pairing { device_code_hash: CODE, user_code: key("ABCD-1234"), expires_at: at(600) };
    database.store.add_pairing(&pairing, at(0)).await.unwrap();
}

fn screen(restaurant: RestaurantId) -> Device {
    Device {
        id: DeviceId::from_uuid(clock::new_id()),
        restaurant,
        name: key("Grill"),
        station: Some(key("hot")),
        role: Role::Kitchen,
    }
}

async fn poll(database: &TestDatabase, second: i64) -> Poll {
    database.store.poll_pairing(CODE, INTERVAL, at(second)).await.unwrap()
}

pub async fn a_paired_screen_is_returned_to_each_poll_until_its_session_has_ended(database: TestDatabase) {
    let (restaurant, store) = (TestRestaurant::open(&database.store).await, &database.store);
    begin(&database).await;
    assert_eq!(poll(&database, 1).await, Poll::Pending);
    assert_eq!(poll(&database, 2).await, Poll::TooSoon);
    assert_eq!(poll(&database, 6).await, Poll::Pending);
    let device = screen(restaurant.id);
    store.approve_pairing(&key("ABCD-1234"), &device, None, at(7)).await.unwrap();
    for second in [8, 9] {
        assert_eq!(poll(&database, second).await, Poll::Approved(device.clone()), "an approved screen is not told to wait");
    }
    store.begin_session(CODE, &session(&restaurant, &device, "s-1"), [5; 32], at(9)).await.unwrap();
    assert_eq!(poll(&database, 13).await, Poll::TooSoon, "the screen has its answer, or asks again after the interval");
    assert_eq!(poll(&database, 14).await, Poll::Approved(device.clone()), "the answer is repeated, since it may have been lost");
    store.end_session(&key("s-1")).await.unwrap();
    assert_eq!(poll(&database, 20).await, Poll::Unknown);
    assert_eq!(store.devices(restaurant.id, None, 100).await.unwrap(), [listed(device, 7, None)]);
}

pub async fn one_code_begins_one_session_however_many_ask_at_once(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let device = screen(restaurant.id);
    let mut beginnings = JoinSet::new();
    for number in 0..10_u8 {
        let (store, row) = (database.store.clone(), session(&restaurant, &device, &format!("s-{number}")));
        beginnings.spawn(async move { store.begin_session(CODE, &row, [100 + number; 32], at(2)).await });
    }
    let outcomes = beginnings.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(StoreError::Taken)).count(), 9, "{outcomes:?}");
}

pub async fn a_session_is_found_by_its_origin_until_it_is_renewed(database: TestDatabase) {
    let (restaurant, store) = (TestRestaurant::open(&database.store).await, &database.store);
    let row = session(&restaurant, &screen(restaurant.id), "s-1");
    store.begin_session(CODE, &row, [5; 32], at(2)).await.unwrap();
    assert_eq!(store.begun_session(CODE, at(1)).await.unwrap(), Some((row, [5; 32])));
    assert_eq!(store.begun_session(CODE, at(2)).await.unwrap(), None, "begun too long ago");
    assert_eq!(store.begun_session([9; 32], at(1)).await.unwrap(), None);
    store.rotate_refresh([5; 32], &[[6; 32]], at(3)).await.unwrap();
    assert_eq!(store.begun_session(CODE, at(1)).await.unwrap(), None);
}

fn session(restaurant: &TestRestaurant, device: &Device, id: &str) -> SessionRow {
    let who = Principal { role: Role::Kitchen, session: key(id), device: Some(device.id), ..restaurant.staff() };
    SessionRow { principal: who, expires_at: at(600) }
}

fn listed(device: Device, second: i64, approver: Option<&User>) -> ListedDevice {
    let (approved_by, approver) = (approver.map(|user| user.id), approver.map(|user| user.username.clone()));
    ListedDevice { device, approved_at: at(second), approved_by, approver }
}

pub async fn screens_are_listed_page_by_page_with_their_approvers(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let zia = user(restaurant.id, "zia");
    store.add_user(&zia, at(0)).await.unwrap();
    let mut screens = Vec::new();
    for number in 0..3_u8 {
        let user_code = key(&format!("ABCD-{number}"));
        let pairing = Pairing { device_code_hash: [number; 32], user_code, expires_at: at(600) };
        store.add_pairing(&pairing, at(0)).await.unwrap();
        let device = screen(restaurant.id);
        store.approve_pairing(&pairing.user_code, &device, Some(zia.id), at(i64::from(number))).await.unwrap();
        screens.push(listed(device, i64::from(number), Some(&zia)));
    }
    let page = async |after, limit| store.devices(restaurant.id, after, limit).await.unwrap();
    assert_eq!(page(None, 2).await, screens[..2]);
    assert_eq!(page(Some(screens[1].device.id), 2).await, screens[2..]);
    store.change_user(restaurant.id, zia.id, UserChange::Set { role: None, password_hash: None }, Expected::ANY).await.unwrap();
    assert_eq!(page(None, 9).await, [], "screens without a session vanish when their approver must sign in again");
}

pub async fn an_approval_needs_a_valid_code(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    begin(&database).await;
    let approve =
        async |code: &str, second| database.store.approve_pairing(&key(code), &screen(restaurant.id), None, at(second)).await;
    assert_eq!(approve("WXYZ-0000", 1).await, Err(StoreError::Missing));
    assert_eq!(approve("ABCD-1234", 600).await, Err(StoreError::Missing), "the code has expired");
    assert_eq!(approve("ABCD-1234", 599).await, Ok(()));
    assert_eq!(approve("ABCD-1234", 599).await, Err(StoreError::Missing), "used");
    assert_eq!(database.store.devices(restaurant.id, None, 100).await.unwrap().len(), 1, "a failed approval adds no screen");
}

pub async fn a_pairing_expires_and_frees_its_code(database: TestDatabase) {
    begin(&database).await;
    let again = Pairing { device_code_hash: [2; 32], user_code: key("ABCD-1234"), expires_at: at(1200) };
    assert_eq!(database.store.add_pairing(&again, at(599)).await, Err(StoreError::Taken));
    assert_eq!(poll(&database, 600).await, Poll::Expired);
    assert_eq!(poll(&database, 601).await, Poll::Expired, "the answer is repeated, and not refused as too soon");
    assert_eq!(database.store.add_pairing(&again, at(600)).await, Ok(()));
    assert_eq!(poll(&database, 700).await, Poll::Unknown);
    assert_eq!(database.store.poll_pairing([2; 32], INTERVAL, at(700)).await.unwrap(), Poll::Pending);
}

/// Pairs a screen, begins its session `s-1`, and connects it.
async fn connected_screen(database: &TestDatabase, restaurant: &TestRestaurant) -> Device {
    begin(database).await;
    let (device, store) = (screen(restaurant.id), &database.store);
    store.approve_pairing(&key("ABCD-1234"), &device, None, at(1)).await.unwrap();
    let display = device.id.to_string();
    let principal = Principal {
        sub: key(&display),
        role: Role::Kitchen,
        restaurant: restaurant.id,
        session: key("s-1"),
        station: device.station.clone(),
        table: None,
        device: Some(device.id),
        share: None,
        name: None,
    };
    store.add_session(&SessionRow { principal, expires_at: at(600) }, [5; 32], at(1)).await.unwrap();
    restaurant.hold(&display, 1).await;
    restaurant.tell(&display, connected()).await;
    device
}

pub async fn a_screen_moved_to_another_station_keeps_its_session(database: TestDatabase) {
    let (restaurant, store) = (TestRestaurant::open(&database.store).await, &database.store);
    let other = TestRestaurant::open(store).await;
    let device = connected_screen(&database, &restaurant).await;
    let display = device.id.to_string();
    let foreign = Device { restaurant: other.id, ..device.clone() };
    let set = async |device, second| store.set_device(device, Expected::ANY, at(second)).await.map(|events| events.len());
    assert_eq!(set(&foreign, 2).await, Err(StoreError::Missing), "another's");
    let moved = Device { name: key("Cold line"), station: Some(key("cold")), ..device };
    assert_eq!(set(&moved, 2).await, Ok(1), "one event to announce");
    assert_eq!(store.devices(restaurant.id, None, 100).await.unwrap()[0].device, moved);
    let renewed = store.rotate_refresh([5; 32], &[[6; 32]], at(2)).await.unwrap();
    let Rotation::Rotated { session: row, .. } = renewed else { panic!("the session continues") };
    assert_eq!(row.principal.station, moved.station, "the next token names the new station");
    let displays = restaurant.displays().await;
    let shown = &displays[&display];
    assert_eq!((&shown["name"], &shown["station"], &shown["connected"]), (&"Cold line".into(), &"cold".into(), &true.into()));
    let events = sound_feed(store, restaurant.id).await;
    assert_eq!(fold(&events, restaurant.head().await).displays, displays, "the floor's events say the same");
    store.revoke_device(restaurant.id, moved.id, Expected::ANY, at(3)).await.unwrap();
    assert_eq!(set(&moved, 2).await, Err(StoreError::Missing), "revoked");
}

pub async fn a_revoked_screen_is_removed_with_its_sessions(database: TestDatabase) {
    let (restaurant, store) = (TestRestaurant::open(&database.store).await, &database.store);
    let device = connected_screen(&database, &restaurant).await;
    let display = device.id.to_string();
    let revoked = store.revoke_device(restaurant.id, device.id, Expected::ANY, at(3)).await.unwrap();
    let told: Vec<_> = revoked.events.iter().map(|event| (event.kind, event.position)).collect();
    assert_eq!((revoked.sessions, told), (vec![key::<Key>("s-1")], vec![(EventKind::DisplayLost, restaurant.head().await)]));
    assert_eq!(store.device(restaurant.id, device.id).await.unwrap(), None);
    assert_eq!(store.devices(restaurant.id, None, 100).await.unwrap(), []);
    assert_eq!(store.rotate_refresh([5; 32], &[[6; 32]], at(4)).await.unwrap(), Rotation::Unknown);
    assert_eq!(poll(&database, 5).await, Poll::Unknown, "a screen removed before its session began stays unknown");
    let floor = store.snapshot(restaurant.id, RoomId::Floor(restaurant.id)).await.unwrap().unwrap();
    assert!(floor.displays.unwrap().is_empty());
    let events = sound_feed(store, restaurant.id).await;
    assert_eq!(fold(&events, floor.last.position).displays, serde_json::json!({}), "the floor's events say the same");
    assert_eq!((events.len(), store.leases(None, 9).await.unwrap()), (2, vec![]));
    assert!(!restaurant.tell(&display, Change::Lost { left: None }).await, "its connections end later");
    assert_eq!(store.revoke_device(restaurant.id, device.id, Expected::ANY, at(4)).await.unwrap_err(), StoreError::Missing);
}
