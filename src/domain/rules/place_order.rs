//! The rule for placing an order. Prices come from the menu, never from the client.

use super::auto_accept;
use super::choices::{Chosen, choose};
use super::courses;
use super::decision::{Decision, Steps, Write};
use super::schedule;
use crate::domain::model::basket::{Basket, Line};
use crate::domain::model::course::{Course, CourseNumber, Firing};
use crate::domain::model::draft::Moment;
use crate::domain::model::event::{EventKind, Rule};
use crate::domain::model::house_rules::HouseRules;
use crate::domain::model::line::of_line;
use crate::domain::model::menu::{Menu, MenuItem};
use crate::domain::model::order::{Choice, Item, Order, Service};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::refusal::{Closed, Refusal, RefusalKind, invalid, invalid_at};
use crate::domain::model::status::{ItemStatus, OrderStatus};
use crate::domain::model::ticket_counter::TicketCounter;
use crate::domain::values::hours::Hours;
use crate::domain::values::ids::{CategoryId, ItemId, OrderId};
use crate::domain::values::level::Level;
use crate::domain::values::limit::Limit;
use crate::domain::values::money::Money;
use crate::domain::values::time::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The most bytes of an order's document.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// The number and the ids of a new order, made by the caller, and what it is placed under.
#[derive(Debug, Clone)]
pub struct NewIds {
    /// The restaurant's next order number.
    pub number: u32,
    /// The counter that the order's ticket comes from.
    pub tickets: TicketCounter,
    /// The order's id.
    pub order: OrderId,
    /// One id for each line of the basket, ascending.
    pub items: Vec<Uuid>,
    /// The minutes that an order takes by default.
    pub default_minutes: u16,
    /// The feature level in force: the document has no fields of a higher one.
    pub level: Level,
    /// The rules of the restaurant.
    pub rules: Arc<HouseRules>,
}

/// Decides on a basket.
///
/// # Errors
/// `paused` while the restaurant takes no orders, and for a guest's order outside the hours of the restaurant or of a dish's
/// category; `price_changed` if the order costs more than the guest agreed to; `invalid` for a takeaway without the name that
/// the restaurant requires, for a time out of range, for a dish that is not on the menu or sold out, for options that its
/// groups do not allow, and for a total out of range; `too_large` for a document of more than [`MAX_DOCUMENT_BYTES`].
pub fn decide(menu: &Menu, basket: &Basket, who: &Principal, new_ids: &NewIds, moment: Moment) -> Result<Decision, Refusal> {
    check_open(menu)?;
    schedule::check_basket(basket, moment.now)?;
    check_hours(menu, &basket.items, who, basket.due_at.unwrap_or(moment.now))?;
    check_name(menu, basket, new_ids.level)?;
    let (items, total) = price_all(menu, &basket.items, &new_ids.items, new_ids.level)?;
    check_agreed(basket.expected_total, &items, total)?;
    let ids: Vec<_> = items.keys().copied().collect();
    let today = menu.time_zone.day(moment.now);
    // On another day, an order of that day may have the same ticket.
    let is_for_today = basket.due_at.is_none_or(|due| menu.time_zone.day(due) == today);
    let ticket = (is_for_today && new_ids.level >= Level::TWO).then(|| new_ids.tickets.next(today, basket.service).0);
    let mut order = Order { ticket, ..new_order(basket, who, new_ids, moment, items, total) };
    courses::hold_later(&mut order, &ids, menu.firing_rule());
    if let Some(due) = basket.due_at {
        schedule::set(&mut order, due, new_ids.default_minutes, moment.now);
    }
    check_bytes(&order)?;
    let mut steps = Steps::from(Value::Object(Map::new()), moment);
    steps.push(EventKind::OrderPlaced, Some(order.id), &mut order);
    let rule = new_ids.rules.auto_accept.as_ref().filter(|_| new_ids.level >= Level::TWO);
    if let Some(rule) = rule.filter(|rule| auto_accept::admits(rule, &order, menu, moment.now)) {
        auto_accept::accept(rule, &mut order, moment.now);
        steps.push_by_rule(Rule::AutoAccept, EventKind::OrderAccepted, Some(order.id), &mut order);
    }
    Ok(steps.decide(Write::Order(Box::new(order))))
}

/// Checks that the restaurant takes orders.
///
/// # Errors
/// `paused`.
pub(super) fn check_open(menu: &Menu) -> Result<(), Refusal> {
    if menu.paused {
        return Err(Refusal::new(RefusalKind::Paused, "the restaurant takes no orders right now; try again in a little while"));
    }
    Ok(())
}

/// Checks that a takeaway has a name, where the restaurant requires one. Below level 2 no request can have one.
fn check_name(menu: &Menu, basket: &Basket, level: Level) -> Result<(), Refusal> {
    let is_required = menu.names_required && basket.service == Service::Takeaway && level >= Level::TWO;
    if is_required && basket.guest_name.is_none() {
        return Err(invalid_at("/guest_name", "guest_name: takeaways are called out by a name here; give one"));
    }
    Ok(())
}

/// Returns the lines with their prices from the menu, and their total.
///
/// # Errors
/// `invalid` for a dish that is not on the menu or sold out, for options that its groups do not
/// allow, and for a total out of range.
pub(super) fn price_all(
    menu: &Menu,
    lines: &[Line],
    ids: &[Uuid],
    level: Level,
) -> Result<(BTreeMap<ItemId, Item>, Money), Refusal> {
    debug_assert_eq!(lines.len(), ids.len(), "one id for each line");
    let mut items = BTreeMap::new();
    let mut total = Money::zero(menu.currency);
    for (at, (line, id)) in lines.iter().zip(ids).enumerate() {
        let item = price(menu, line, level).map_err(|refusal| refusal.within(&of_line(at)))?;
        let sum = item.price.checked_times(item.quantity).and_then(|price| total.checked_add(price));
        total = sum.ok_or_else(|| invalid("the order's total is too large"))?;
        items.insert(ItemId::from_uuid(*id), item);
    }
    Ok((items, total))
}

fn new_order(
    basket: &Basket,
    who: &Principal,
    new_ids: &NewIds,
    moment: Moment,
    items: BTreeMap<ItemId, Item>,
    total: Money,
) -> Order {
    let diner = (who.role == Role::Diner).then(|| who.sub.clone());
    Order {
        id: new_ids.order,
        restaurant: who.restaurant,
        number: new_ids.number,
        ticket: None,
        position: moment.head,
        status: OrderStatus::Placed,
        service: basket.service,
        table: if diner.is_some() { who.table.clone() } else { basket.table.clone() },
        diner,
        guest_name: basket.guest_name.clone(),
        external_id: basket.external_id.clone(),
        rush: false,
        firing: Firing::Together,
        firing_minutes: None,
        fires_at: None,
        note: basket.note.clone(),
        allergy: basket.allergy,
        placed_at: moment.now,
        accepted_at: None,
        auto_accepted: false,
        started_at: None,
        ready_at: None,
        served_at: None,
        closed_at: None,
        promised_at: None,
        due_at: None,
        starts_at: None,
        upcoming: false,
        reason: None,
        detail: None,
        split_from: None,
        total,
        items,
    }
}

/// Refuses a guest's order that is due outside the hours. The refusal says when they begin. Staff and services order at any
/// time.
///
/// # Errors
/// `paused`.
pub(super) fn check_hours(menu: &Menu, lines: &[Line], who: &Principal, at: Timestamp) -> Result<(), Refusal> {
    if who.role != Role::Diner {
        return Ok(());
    }
    let zone = &menu.time_zone;
    let closed_until = |hours: &Hours| (!hours.has(zone, at)).then(|| hours.next_change(zone, at));
    if let Some(opens_at) = menu.hours.as_ref().and_then(closed_until) {
        let message = match opens_at {
            Some(_) => "the restaurant is closed; opens_at says when it opens",
            None => "the restaurant is closed, and its hours never begin",
        };
        return Err(Refusal::closed(Closed::Restaurant, message, opens(opens_at, None)));
    }
    let dishes = lines.iter().filter_map(|line| menu.items.get(&line.menu_item));
    for (dish, category) in dishes.filter_map(|dish| Some((dish, menu.categories.get(&dish.category)?))) {
        if let Some(opens_at) = category.hours.as_ref().and_then(closed_until) {
            let message = match opens_at {
                Some(_) => format!("{} cannot be ordered now; opens_at says when {} begins", dish.name, category.name),
                None => format!("{} cannot be ordered now, and the hours of {} never begin", dish.name, category.name),
            };
            return Err(Refusal::closed(Closed::Category, message, opens(opens_at, Some(dish.category))));
        }
    }
    Ok(())
}

/// Returns the document of such a refusal: when the hours begin, and the category that they belong to.
fn opens(at: Option<Timestamp>, category: Option<CategoryId>) -> Value {
    let fields = [("opens_at", at.map(|at| json!(at))), ("category", category.map(|id| json!(id)))];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Refuses lines that would cost more than the guest agreed to. The refusal carries the new total
/// and each line's price of one portion, in the order of the lines.
pub(super) fn check_agreed(expected_total: Option<Money>, items: &BTreeMap<ItemId, Item>, total: Money) -> Result<(), Refusal> {
    let Some(agreed) = expected_total else { return Ok(()) };
    if agreed.currency != total.currency {
        let message = format!("expected_total is in {}; prices here are in {}", agreed.currency, total.currency);
        return Err(invalid_at("/expected_total", message));
    }
    if total.amount <= agreed.amount {
        return Ok(());
    }
    // The ids of the lines ascend in their order.
    let lines: Vec<Money> = items.values().map(|item| item.price).collect();
    let message = "prices have changed and the order would cost more than you agreed to; check it again";
    let refusal = Refusal::new(RefusalKind::PriceChanged, message);
    Err(Refusal { document: Some(json!({ "total": total, "prices": lines })), ..refusal })
}

/// Checks that a document is no larger than [`MAX_DOCUMENT_BYTES`].
///
/// # Errors
/// `too_large`, with the limit.
pub(crate) fn check_bytes(order: &Order) -> Result<(), Refusal> {
    // Plain data with text keys always serializes.
    let bytes = serde_json::to_vec(order).map_or(0, |json| json.len());
    if bytes <= MAX_DOCUMENT_BYTES {
        return Ok(());
    }
    let message =
        format!("the order has {bytes} bytes, at most {MAX_DOCUMENT_BYTES} are allowed; split it, or shorten the notes");
    Err(Refusal::new(RefusalKind::TooLarge, message).by(Limit::OrderBytes))
}

/// Returns a line of the order with its price from the menu, and with the fields that the feature level in force allows.
pub(super) fn price(menu: &Menu, line: &Line, level: Level) -> Result<Item, Refusal> {
    let wrong_dish = |message| invalid_at("/menu_item", message);
    let dish = menu.items.get(&line.menu_item);
    let dish = dish.ok_or_else(|| wrong_dish(format!("menu_item {} is not on the menu", line.menu_item)))?;
    if !dish.available {
        return Err(wrong_dish(format!("{} is sold out; take it out of the basket", dish.name)));
    }
    let chosen = choose(dish, &line.options).map_err(|refusal| refusal.within("/options"))?;
    let price = chosen.iter().try_fold(dish.price, |price, chosen| price.checked_add(chosen.option.price));
    let price = price.ok_or_else(|| invalid("the price is too large"))?;
    let choices = if level >= Level::TWO { chosen.iter().map(|chosen| choice(dish, chosen)).collect() } else { Vec::new() };
    Ok(Item {
        menu_item: line.menu_item,
        name: dish.name.clone(),
        quantity: line.quantity,
        options: chosen.iter().map(|chosen| chosen.option.name.clone()).collect(),
        choices,
        note: line.note.clone(),
        allergy: line.allergy,
        station: dish.station.clone(),
        status: ItemStatus::Queued,
        price,
        round: 1,
        added_at: None,
        course: course(menu, dish, line.course)?,
        seat: line.seat,
        held: false,
        fired_at: None,
        served_at: None,
        reason: None,
        detail: None,
    })
}

/// Returns the course of a line: the chosen one, by its name on the menu, or that of the dish's
/// category.
pub(super) fn course(menu: &Menu, dish: &MenuItem, chosen: Option<CourseNumber>) -> Result<Option<Course>, Refusal> {
    let Some(number) = chosen else {
        return Ok(menu.categories.get(&dish.category).and_then(|category| category.course.clone()));
    };
    let mut courses = menu.categories.values().filter_map(|category| category.course.as_ref());
    let named = courses.find(|course| course.number == number).cloned();
    named.map(Some).ok_or_else(|| invalid_at("/course", format!("the menu has no course {}", number.number())))
}

fn choice(dish: &MenuItem, chosen: &Chosen<'_>) -> Choice {
    let group = chosen.option.group.and_then(|group| dish.groups.get(&group));
    Choice { id: chosen.id, group: group.map(|group| group.name.clone()) }
}
