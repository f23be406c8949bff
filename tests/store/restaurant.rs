//! A restaurant with a small menu, its people, and their commands.

use orderbell::clock;
use orderbell::domain::model::basket::{Basket, Line};
use orderbell::domain::model::command::{CallAction, OrderAction};
use orderbell::domain::model::event::By;
use orderbell::domain::model::menu::Menu;
use orderbell::domain::model::order::{Order, Service};
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::rules::change_menu::MenuAction;
use orderbell::domain::rules::decision::Decision;
use orderbell::domain::rules::order_limits::{Guest, OrderSize};
use orderbell::domain::rules::place_order::{self, NewIds};
use orderbell::domain::rules::transition::{self, TransitionContext};
use orderbell::domain::rules::{change_menu, waiter_call};
use orderbell::domain::values::ids::{CallId, CategoryId, CommandId, MenuItemId, OrderId, RestaurantId};
use orderbell::domain::values::level::Level;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::text::{Key, Slug};
use orderbell::domain::values::time::Timestamp;
use orderbell::domain::values::version::Expected;
use orderbell::store::accounts::Restaurant;
use orderbell::store::log::{Ack, CommandKey, Committed, Reads, State, Work};
use orderbell::store::{Result, SharedStore};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Returns the time `second` seconds into a fixed day, so that nothing depends on today.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_795_514_400_000 + second * 1000)
}

pub fn key<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a text of the test must be valid")
}

/// A restaurant in a store.
#[derive(Clone)]
pub struct TestRestaurant {
    pub store: SharedStore,
    pub id: RestaurantId,
    pub slug: Slug,
    pub dish: MenuItemId,
}

impl TestRestaurant {
    /// Creates a restaurant with two dishes.
    pub async fn open(store: &SharedStore) -> Self {
        let id = RestaurantId::from_uuid(clock::new_id());
        let restaurant = restaurant(id);
        let (menu, dish) = small_menu(id);
        store.add_restaurant(&restaurant, &menu, at(0)).await.expect("a restaurant must be added");
        Self { store: store.clone(), id, slug: restaurant.slug, dish }
    }

    pub fn staff(&self) -> Principal {
        let (sub, session) = (key("staff-1"), key("session-1"));
        Principal {
            sub,
            role: Role::Staff,
            restaurant: self.id,
            session,
            station: None,
            table: None,
            device: None,
            share: None,
            name: None,
        }
    }

    pub fn diner(&self, sub: &str) -> Principal {
        Principal { sub: key(sub), role: Role::Diner, table: Some(key("7")), ..self.staff() }
    }

    /// Returns work of a principal, the common part of the commands below.
    pub fn work(&self, who: &Principal, reads: Reads, command: Option<CommandKey>, decide: impl DecideFn) -> Work {
        let by = By::of(who);
        Work { restaurant: self.id, reads, command, by, at: at(1), note: None, delivery: None, decide: Box::new(decide) }
    }

    /// Returns the work that places an order of one dish.
    pub fn placing(&self, who: &Principal, command: Option<CommandKey>) -> Work {
        self.placing_basket(who, command, None, None)
    }

    /// As [`Self::placing`], for a guest at the table that their session is at.
    pub fn placing_at_their_seat(&self, who: &Principal) -> Work {
        let (asker, restaurant) = (who.clone(), self.clone());
        self.work(who, Reads::GuestBasket(Guest::of(who).expect("a guest")), None, move |state: State| {
            let who = Principal { table: state.seat.clone(), ..asker.clone() };
            (restaurant.placing(&who, None).decide)(state)
        })
    }

    /// As [`Self::placing`], with a number of the one who places it.
    pub fn placing_external(&self, who: &Principal, external_id: &str, command: CommandKey) -> Work {
        self.placing_basket(who, Some(command), Some(key(external_id)), None)
    }

    /// As [`Self::placing`], to take away at a time.
    pub fn placing_for(&self, who: &Principal, due: Timestamp) -> Work {
        self.placing_basket(who, None, None, Some(due))
    }

    fn placing_basket(
        &self,
        who: &Principal,
        command: Option<CommandKey>,
        external_id: Option<Key>,
        due_at: Option<Timestamp>,
    ) -> Work {
        let line = Line {
            menu_item: self.dish,
            quantity: 2,
            options: vec![],
            course: None,
            seat: None,
            note: Some(key("nut \"allergy\" — é")),
            allergy: false,
        };
        let service = if due_at.is_some() { Service::Takeaway } else { Service::DineIn };
        let basket = Basket {
            service,
            items: vec![line],
            note: None,
            allergy: false,
            guest_name: None,
            due_at,
            delivery: None,
            expected_total: None,
            table: None,
            external_id,
        };
        let asker = who.clone();
        self.work(who, Reads::Basket, command, move |state: State| {
            let order = OrderId::from_uuid(clock::new_id());
            let (number, tickets, level) = (state.next_number, state.ticket_counter, Level::CURRENT);
            let default_minutes = state.default_minutes;
            let fresh =
                NewIds { number, tickets, order, items: vec![clock::new_id()], default_minutes, level, rules: state.rules };
            place_order::decide(&state.menu.expect("a menu is read"), &basket, &asker, &fresh, state.moment)
        })
    }

    /// Returns the work that acts on an order.
    pub fn acting(&self, order: OrderId, action: OrderAction, command: Option<CommandKey>) -> Work {
        let who = self.staff();
        let asker = who.clone();
        let reads = if action.reads_menu() { Reads::OrderAndMenu(order) } else { Reads::Order(order) };
        self.work(&who, reads, command, move |state: State| {
            let missing = || Refusal::new(RefusalKind::NotFound, "no such order");
            let order = state.order.as_ref().ok_or_else(missing)?;
            let default_minutes = state.default_minutes;
            let new_items: Vec<_> = (0..action.new_items()).map(|_| clock::new_id()).collect();
            transition::decide(
                order,
                &action,
                None,
                TransitionContext {
                    who: &asker,
                    moment: state.moment,
                    default_minutes,
                    new_items: &new_items,
                    menu: state.menu.as_deref(),
                    size: &OrderSize::DEFAULT,
                },
            )
        })
    }

    /// Returns the work that raises or answers a call.
    pub fn calling(&self, who: &Principal, action: CallAction) -> Work {
        let asker = who.clone();
        self.work(who, Reads::Calls, None, move |state: State| {
            waiter_call::decide(&state.calls, &action, &asker, CallId::from_uuid(clock::new_id()), state.moment)
        })
    }

    /// Returns the work that changes the menu.
    pub fn changing_menu(&self, action: MenuAction) -> Work {
        self.work(&self.staff(), Reads::Menu, None, move |state: State| {
            change_menu::decide(&state.menu.expect("a menu is read"), &action, &Expected::ANY, state.moment)
        })
    }

    pub async fn commit(&self, work: Work) -> Result<Committed> {
        self.store.commit(work).await
    }

    /// Commits work that must succeed, and returns its ack.
    pub async fn ack(&self, work: Work) -> Ack {
        self.commit(work).await.expect("the store must answer").answer.expect("the command must not be refused")
    }

    /// Places an order that must be accepted.
    pub async fn place(&self, who: &Principal) -> Order {
        order_of(&self.ack(self.placing(who, None)).await)
    }

    pub async fn head(&self) -> Position {
        self.store.head(self.id).await.expect("the store must answer")
    }
}

pub trait DecideFn: Fn(State) -> std::result::Result<Decision, Refusal> + Send + Sync + 'static {}
impl<F: Fn(State) -> std::result::Result<Decision, Refusal> + Send + Sync + 'static> DecideFn for F {}

pub fn order_of(ack: &Ack) -> Order {
    serde_json::from_str(ack.document.get()).expect("an ack of an order carries its document")
}

/// Returns a command's key, with a fingerprint for its meaning.
pub fn command(sub: &str, id: CommandId, meaning: u8) -> CommandKey {
    CommandKey { sub: key(sub), id, fingerprint: [meaning; 32] }
}

pub fn command_id() -> CommandId {
    CommandId::from_uuid(clock::new_id())
}

/// Returns a restaurant with a unique slug.
pub fn restaurant(id: RestaurantId) -> Restaurant {
    let slug = format!("restaurant-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    Restaurant { id, slug: key(&slug), name: key("TestRestaurant"), currency: key("BDT"), default_minutes: 20 }
}

pub fn small_menu(restaurant: RestaurantId) -> (Menu, MenuItemId) {
    let (category, dish) = (CategoryId::from_uuid(clock::new_id()), MenuItemId::from_uuid(clock::new_id()));
    let other = MenuItemId::from_uuid(clock::new_id());
    let item = |id: MenuItemId, name: &str, station: &str| {
        json!({"id": id, "name": name, "category": category, "price": {"amount": 900, "currency": "BDT"},
               "station": station, "sort": 1, "available": true})
    };
    let menu = json!({
        "restaurant": restaurant, "position": 0, "currency": "BDT", "paused": false,
        "categories": {category.to_string(): {"name": "Mains", "sort": 1}},
        "items": {dish.to_string(): item(dish, "Beef rezala", "hot"), other.to_string(): item(other, "Lassi", "bar")},
    });
    (serde_json::from_value(menu).expect("the test's menu must read"), dish)
}
