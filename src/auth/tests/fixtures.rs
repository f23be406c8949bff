//! Fixtures for the tests of sessions and of HTTP: a real store with two small restaurants.

use crate::auth::secret::hash;
use crate::domain::model::menu::Menu;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::{RestaurantId, TableId, UserId};
use crate::domain::values::time::Timestamp;
use crate::store::SharedStore;
use crate::store::accounts::{ApiKey, Restaurant, Table, User};
use crate::store::open::open;
use crate::store::options::{Mode, Settings};
use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

/// The restaurant `ladle`.
pub const LADLE: RestaurantId = RestaurantId::from_uuid(Uuid::from_u128(0x1ad1e));
/// The restaurant `next-door`.
pub const NEXT_DOOR: RestaurantId = RestaurantId::from_uuid(Uuid::from_u128(0x4ed0));
/// A dish of `ladle`.
pub const REZALA: &str = "00000000-0000-7000-8000-00000000000a";
/// The password of all users.
pub const PASSWORD: &str = "the-right-one";
/// An API key of `ladle`.
pub const API_KEY: &str = "an-api-key-of-the-ladle";

const NOW: Timestamp = Timestamp::from_millis(1_795_514_400_000);

/// Opens a store on a file in a folder, which is removed when it is dropped.
pub async fn open_store() -> (SharedStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let store = open(&url, Settings::new(Mode::Serve)).await.unwrap();
    for (id, slug) in [(LADLE, "ladle"), (NEXT_DOOR, "next-door")] {
        add_restaurant(&store, id, slug).await;
    }
    let key = ApiKey { id: "pos-1".parse().unwrap(), restaurant: LADLE, name: "POS".parse().unwrap() };
    store.add_api_key(&key, hash(&API_KEY.into()), NOW).await.unwrap();
    (store, folder)
}

async fn add_restaurant(store: &SharedStore, id: RestaurantId, slug: &str) {
    let restaurant = Restaurant {
        id,
        slug: slug.parse().unwrap(),
        name: slug.parse().unwrap(),
        currency: "BDT".parse().unwrap(),
        default_minutes: 20,
    };
    store.add_restaurant(&restaurant, &menu(id), NOW).await.unwrap();
    let table = Table {
        id: TableId::from_uuid(Uuid::from_u128(id.uuid().as_u128() + 1)),
        restaurant: id,
        label: "7".parse().unwrap(),
        key: format!("{slug}-table-7").parse().unwrap(),
    };
    store.add_table(&table).await.unwrap();
    for (number, role) in [(2, Role::Staff), (3, Role::Manager)] {
        let user = User {
            id: UserId::from_uuid(Uuid::from_u128(id.uuid().as_u128() + number)),
            restaurant: id,
            username: role.as_str().parse().unwrap(),
            role,
            password_hash: cheap_hash(),
        };
        store.add_user(&user, NOW).await.unwrap();
    }
}

fn menu(restaurant: RestaurantId) -> Menu {
    let category = "00000000-0000-7000-8000-0000000000ca";
    let price = json!({"amount": 900, "currency": "BDT"});
    let item = json!({"id": REZALA, "name": "Beef rezala", "category": category, "price": price, "station": "hot", "sort": 1, "available": true, "options": {}});
    let menu = json!({"restaurant": restaurant, "position": 0, "currency": "BDT", "paused": false,
        "categories": {category: {"name": "Mains", "sort": 1}}, "items": {REZALA: item}});
    serde_json::from_value(menu).unwrap()
}

/// Returns a hash of [`PASSWORD`] with parameters that are fast and weak.
fn cheap_hash() -> SecretString {
    let params = Params::new(8, 1, 1, None).unwrap();
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    hasher.hash_password(PASSWORD.as_bytes()).unwrap().to_string().into()
}

/// Makes a principal of a restaurant.
pub fn principal(role: Role, restaurant: RestaurantId) -> Principal {
    let (sub, session) = (format!("some-{role}").parse().unwrap(), format!("session-{role}").parse().unwrap());
    Principal { sub, role, restaurant, session, station: None, table: None, device: None, share: None, name: None }
}
