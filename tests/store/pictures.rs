//! Pictures: their files, their number, and the removal of pictures that no dish uses.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at};
use orderbell::domain::model::picture::Picture;
use orderbell::domain::rules::change_menu::MenuAction;
use orderbell::domain::values::ids::{PictureId, RestaurantId};
use orderbell::store::SharedStore;
use orderbell::store::pictures::{PictureRow, PictureSize};
use serde_json::json;
use uuid::Uuid;

const MOST: u32 = 3;

fn row(number: u128) -> PictureRow {
    PictureRow { id: PictureId::from_uuid(Uuid::from_u128(number)), width: 480, height: 320 }
}

fn files(number: u8) -> Vec<PictureSize> {
    [160, 480].map(|width| PictureSize { width, body: vec![number; usize::from(width) * 40] }).into()
}

async fn add(store: &SharedStore, restaurant: RestaurantId, number: u8, second: i64) -> bool {
    store.add_picture(restaurant, row(number.into()), files(number), MOST, at(second)).await.unwrap()
}

pub async fn a_picture_is_read_back_in_each_width_by_its_own_restaurant(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let other = TestRestaurant::open(&database.store).await;
    assert!(add(store, restaurant.id, 1, 1).await);
    for PictureSize { width, body } in files(1) {
        assert_eq!(store.picture_body(restaurant.id, row(1).id, width).await.unwrap(), Some(body));
    }
    assert_eq!(store.picture_body(restaurant.id, row(1).id, 960).await.unwrap(), None);
    assert_eq!(store.picture_body(other.id, row(1).id, 480).await.unwrap(), None);
    assert_eq!(store.pictures(restaurant.id).await.unwrap(), [row(1)]);
    assert_eq!(store.pictures(other.id).await.unwrap(), []);
    assert!(add(store, other.id, 1, 1).await, "another restaurant may have a picture of the same content");
}

pub async fn the_number_of_pictures_of_a_restaurant_is_limited(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let many = (0..2 * MOST as u8).map(|number| add(store, restaurant.id, number, 1));
    let added = futures_util::future::join_all(many).await.into_iter().filter(|added| *added).count();
    let stored = store.pictures(restaurant.id).await.unwrap();
    assert_eq!((added, stored.len()), (MOST as usize, MOST as usize));
    let known = stored[0].id.uuid().as_u128() as u8;
    assert!(add(store, restaurant.id, known, 2).await, "a picture that exists already does not count again");
}

pub async fn a_picture_that_no_dish_uses_is_removed_after_a_while(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    for (number, second) in [(1, 1), (2, 1), (3, 50)] {
        assert!(add(store, restaurant.id, number, second).await);
    }
    let PictureRow { id, width, height } = row(1);
    let name = |picture: Option<Picture>| {
        let price = json!({"amount": 1, "currency": "BDT"});
        let category = Uuid::from_u128(5);
        let item = json!({"name": "Rice", "category": category, "price": price, "station": "hot", "sort": 1, "picture": picture});
        let draft = json!({"categories": {category.to_string(): {"name": "Mains", "sort": 1}}, "items": {restaurant.dish.to_string(): item}});
        restaurant.changing_menu(MenuAction::Replace(Box::new(serde_json::from_value(draft).unwrap())))
    };
    restaurant.ack(name(Some(Picture { id, width, height, alt: None }))).await;
    assert_eq!(store.forget_pictures(restaurant.id, at(20), 100).await.unwrap(), 1);
    assert_eq!(store.pictures(restaurant.id).await.unwrap(), [row(1), row(3)], "one is on the menu, the other is new");
    assert_eq!(store.picture_body(restaurant.id, row(2).id, 480).await.unwrap(), None);
    assert!(add(store, restaurant.id, 3, 90).await);
    assert_eq!(store.forget_pictures(restaurant.id, at(60), 100).await.unwrap(), 0, "it was uploaded again");
    restaurant.ack(name(None)).await;
    assert_eq!(store.forget_pictures(restaurant.id, at(99), 1).await.unwrap(), 1, "a batch at a time");
    assert_eq!(store.forget_pictures(restaurant.id, at(99), 100).await.unwrap(), 1);
}
