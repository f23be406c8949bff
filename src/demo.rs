//! The demo restaurant of `serve --demo`.

use crate::auth::password::Passwords;
use crate::auth::secret::random_secret;
use crate::clock;
use crate::domain::model::dish_option::DishOption;
use crate::domain::model::menu::{Category, Menu, MenuItem};
use crate::domain::model::principal::Role;
use crate::domain::values::ids::{CategoryId, MenuItemId, OptionId, RestaurantId, TableId, UserId};
use crate::domain::values::money::{Currency, Money};
use crate::domain::values::text::{Key, Slug, TableLabel};
use crate::store::accounts::{Restaurant, Table, User};
use crate::store::{SharedStore, StoreError};
use anyhow::{Context, ensure};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// The slug of the demo restaurant.
pub const SLUG: &str = "demo";
/// The number of tables, labelled from 1.
pub const TABLES: u16 = 12;

/// The people who can sign in.
const PEOPLE: [(&str, Role); 2] = [("staff", Role::Staff), ("manager", Role::Manager)];

/// A sign-in of the demo.
#[derive(Debug, Clone)]
pub struct Person {
    /// The name for signing in.
    pub username: Key,
    /// The password.
    pub password: SecretString,
    /// The role.
    pub role: Role,
}

/// The sign-ins and keys that this start of the demo knows. On a loopback address they are the
/// well-known ones. Otherwise they are random, and known only to the start that made them.
#[derive(Debug, Clone, Default)]
pub struct Demo {
    /// People whose passwords are known.
    pub people: Vec<Person>,
    /// Tables whose keys are known, by label.
    pub tables: Vec<(TableLabel, Key)>,
}

/// Makes the demo restaurant, its tables and its people if they are absent, with well-known keys
/// and passwords if `well_known`.
///
/// # Errors
/// An error of the store or of hashing.
pub async fn make(store: &SharedStore, well_known: bool) -> anyhow::Result<Demo> {
    let slug: Slug = SLUG.parse()?;
    let restaurant = match store.restaurant_by_slug(&slug).await? {
        Some(restaurant) => restaurant,
        None => add_restaurant(store, slug).await?,
    };
    Ok(Demo {
        people: add_people(store, restaurant.id, well_known).await?,
        tables: add_tables(store, restaurant.id, well_known).await?,
    })
}

/// Refuses a database whose demo has well-known keys or passwords, before other machines can reach it.
///
/// # Errors
/// An error if it has any, or an error of the store.
pub async fn refuse_public(store: &SharedStore) -> anyhow::Result<()> {
    let Some(restaurant) = store.restaurant_by_slug(&SLUG.parse()?).await? else { return Ok(()) };
    let is_open = has_public_key(store, restaurant.id).await? || has_public_password(store, restaurant.id).await?;
    ensure!(
        !is_open,
        "the demo in this database has well-known table keys and passwords, and others could reach it; bind to a loopback address, or give another database (--database-url)"
    );
    Ok(())
}

async fn has_public_key(store: &SharedStore, restaurant: RestaurantId) -> anyhow::Result<bool> {
    let tables = store.tables(restaurant).await?;
    Ok(tables.iter().any(|table| table.key.as_str() == public_key(table.label.as_str())))
}

async fn has_public_password(store: &SharedStore, restaurant: RestaurantId) -> anyhow::Result<bool> {
    for (name, _) in PEOPLE {
        let Some(user) = store.user_by_name(restaurant, &name.parse()?).await? else { continue };
        if Passwords::default().verify(public_password(name), Some(user.password_hash)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn public_key(label: &str) -> String {
    format!("demo-table-{label}")
}

fn public_password(name: &str) -> SecretString {
    format!("{name}-demo").into()
}

async fn add_restaurant(store: &SharedStore, slug: Slug) -> anyhow::Result<Restaurant> {
    let id = RestaurantId::from_uuid(clock::new_id());
    let currency: Currency = "BDT".parse()?;
    let restaurant = Restaurant { id, slug, name: "The Copper Ladle".parse()?, currency, default_minutes: 20 };
    store.add_restaurant(&restaurant, &menu(id, currency)?, clock::now()).await?;
    Ok(restaurant)
}

async fn add_tables(store: &SharedStore, restaurant: RestaurantId, well_known: bool) -> anyhow::Result<Vec<(TableLabel, Key)>> {
    let present = store.tables(restaurant).await?;
    // Only the start that makes random keys prints them.
    let is_printed = |table: &&Table| well_known && table.key.as_str() == public_key(table.label.as_str());
    let mut tables: Vec<_> = present.iter().filter(is_printed).map(|table| (table.label.clone(), table.key.clone())).collect();
    for number in (1..=TABLES).filter(|number| !present.iter().any(|table| table.label.as_str() == number.to_string())) {
        let label: TableLabel = number.to_string().parse()?;
        let key: Key = if well_known { public_key(label.as_str()).parse()? } else { random_secret().expose_secret().parse()? };
        let id = TableId::from_uuid(clock::new_id());
        store.add_table(&Table { id, restaurant, label: label.clone(), key: key.clone() }).await?;
        tables.push((label, key));
    }
    Ok(tables)
}

async fn add_people(store: &SharedStore, restaurant: RestaurantId, well_known: bool) -> anyhow::Result<Vec<Person>> {
    let mut people = Vec::new();
    for (name, role) in PEOPLE {
        let username: Key = name.parse()?;
        let is_new = store.user_by_name(restaurant, &username).await?.is_none();
        let password = if well_known { public_password(name) } else { random_secret() };
        if is_new {
            let password_hash = Passwords::default().hash(password.clone()).await?;
            let id = UserId::from_uuid(clock::new_id());
            let user = User { id, restaurant, username: username.clone(), role, password_hash };
            match store.add_user(&user, clock::now()).await {
                // Another node was faster.
                Ok(()) | Err(StoreError::Taken) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if is_new || well_known {
            people.push(Person { username, password, role });
        }
    }
    Ok(people)
}

/// A dish: name, description, price in taka, station, options with their prices.
type Dish = (&'static str, &'static str, i64, &'static str, &'static [(&'static str, i64)]);

const MENU: [(&str, &[Dish]); 4] = [
    (
        "Starters",
        &[
            ("Shingara", "Crisp parcels of potato and peas, three of them", 120, "hot", &[("tamarind dip", 0)]),
            ("Fuchka", "Hollow crisps, spiced chickpeas, sour water", 150, "cold", &[("extra sour", 0), ("no onion", 0)]),
            ("Cucumber raita", "Yoghurt, mint, roasted cumin", 90, "cold", &[]),
        ],
    ),
    (
        "Mains",
        &[
            ("Beef rezala", "Slow-braised in yoghurt and white spices", 450, "hot", &[("extra spicy", 0), ("extra gravy", 60)]),
            ("Kacchi biryani", "Mutton and potato under a sealed lid", 520, "hot", &[("boiled egg", 30), ("extra meat", 180)]),
            ("Shorshe ilish", "Hilsa in mustard, with rice", 680, "hot", &[("less mustard", 0)]),
            ("Chicken roast", "Wedding-style, with ghee and raisins", 380, "hot", &[("leg piece", 0), ("breast piece", 0)]),
            ("Vegetable bhuna", "Seasonal vegetables, dry-fried", 260, "hot", &[("no chilli", 0), ("extra spicy", 0)]),
        ],
    ),
    (
        "Sweets",
        &[
            ("Mishti doi", "Set caramel yoghurt in clay", 140, "cold", &[]),
            ("Firni", "Ground rice, milk, cardamom", 130, "cold", &[("no nuts", 0)]),
            ("Rasmalai", "Two, in saffron milk", 180, "cold", &[]),
        ],
    ),
    (
        "Drinks",
        &[
            ("Borhani", "Spiced yoghurt with mint", 110, "bar", &[]),
            ("Lemon soda", "Fresh lime, salted or sweet", 100, "bar", &[("salted", 0), ("sweet", 0), ("no ice", 0)]),
            ("Masala cha", "Tea boiled with milk and ginger", 60, "bar", &[("no sugar", 0), ("oat milk", 40)]),
        ],
    ),
];

fn menu(restaurant: RestaurantId, currency: Currency) -> anyhow::Result<Menu> {
    let (mut categories, mut items) = (BTreeMap::new(), BTreeMap::new());
    for (sort, (name, dishes)) in (1_u32..).zip(MENU) {
        let category = CategoryId::from_uuid(clock::new_id());
        categories.insert(category, Category::new(name.parse()?, sort));
        for (sort, dish) in (1_u32..).zip(dishes) {
            let item = menu_item(dish, category, sort, currency).with_context(|| format!("the demo's dish {}", dish.0))?;
            items.insert(item.id, item);
        }
    }
    Ok(Menu { categories, items, ..Menu::new(restaurant, currency) })
}

fn menu_item(dish: &Dish, category: CategoryId, sort: u32, currency: Currency) -> anyhow::Result<MenuItem> {
    let (name, description, taka, station, options) = *dish;
    let price = |taka: i64| Money { amount: taka * 100, currency };
    let mut choices = BTreeMap::new();
    for (name, adds) in options {
        choices.insert(OptionId::from_uuid(clock::new_id()), DishOption::new(name.parse()?, price(*adds)));
    }
    Ok(MenuItem {
        id: MenuItemId::from_uuid(clock::new_id()),
        name: name.parse()?,
        description: Some(description.parse()?),
        category,
        price: price(taka),
        station: station.parse()?,
        sort,
        available: true,
        until: None,
        photo: None,
        picture: None,
        sku: None,
        options: choices,
        groups: BTreeMap::new(),
    })
}
