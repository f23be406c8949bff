//! Who may do what: the "who" columns of the contract, as pure functions. A kitchen screen's station and a diner's
//! narrower right to cancel are looked at where the order is decided upon (`domain::transition`).

use crate::domain::action::ActionName;
use crate::domain::ids::RestaurantId;
use crate::domain::order::Order;
use crate::domain::principal::{Principal, Role};
use crate::domain::room_id::RoomId;
use crate::domain::text::Key;

/// Whose an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The restaurant that cooks it.
    pub restaurant: RestaurantId,
    /// The diner who placed it, when one did.
    pub diner: Option<&'a Key>,
}

impl<'a> From<&'a Order> for Owner<'a> {
    fn from(order: &'a Order) -> Self {
        Self { restaurant: order.restaurant, diner: order.diner.as_ref() }
    }
}

/// Whether a role may take an action at all (section 4, column "who").
#[must_use]
pub const fn may_act(role: Role, action: ActionName) -> bool {
    use Role::{Diner, Kitchen, Manager, Service, Staff};
    match action {
        ActionName::Accept | ActionName::Reject | ActionName::Serve => matches!(role, Staff | Manager | Service),
        ActionName::Start
        | ActionName::StartItem
        | ActionName::FinishItem
        | ActionName::RecallItem
        | ActionName::Recall
        | ActionName::Promise => matches!(role, Kitchen | Staff | Manager),
        ActionName::Ready => matches!(role, Kitchen | Staff | Manager | Service),
        ActionName::Cancel => matches!(role, Diner | Staff | Manager | Service),
        ActionName::VoidItem | ActionName::Rush | ActionName::AnswerCall => matches!(role, Staff | Manager),
        ActionName::CallWaiter => matches!(role, Diner),
    }
}

/// Whether an order is within a principal's reach: a diner's own, and for everybody else any of their restaurant.
/// What is out of reach is answered as if it did not exist.
#[must_use]
pub fn owns<'a>(principal: &Principal, owner: impl Into<Owner<'a>>) -> bool {
    let owner = owner.into();
    let is_own = principal.role != Role::Diner || owner.diner == Some(&principal.sub);
    owner.restaurant == principal.restaurant && is_own
}

/// Whether a principal may take an action on an order: the role may, and the order is within reach.
#[must_use]
pub fn may_command<'a>(principal: &Principal, action: ActionName, owner: impl Into<Owner<'a>>) -> bool {
    may_act(principal.role, action) && owns(principal, owner)
}

/// Whether a role may place an order, for itself (a diner) or for a guest.
#[must_use]
pub const fn may_place(role: Role) -> bool {
    matches!(role, Role::Diner | Role::Staff | Role::Manager | Role::Service)
}

/// Whether a principal may join a room (section 5). `order` is the owner of an order room's order; `None` when there is
/// no such order, which is answered like a room that may not be joined.
#[must_use]
pub fn may_join(principal: &Principal, room: RoomId, order: Option<Owner<'_>>) -> bool {
    let role = principal.role;
    match room {
        RoomId::Order(_) => order.is_some_and(|owner| owns(principal, owner)),
        RoomId::Kitchen(id) => id == principal.restaurant && may_see_orders(role),
        RoomId::Floor(id) => id == principal.restaurant && matches!(role, Role::Staff | Role::Manager | Role::Service),
        RoomId::Menu(id) => id == principal.restaurant,
    }
}

/// Whether a role may list the orders of its restaurant.
#[must_use]
pub const fn may_see_orders(role: Role) -> bool {
    matches!(role, Role::Kitchen | Role::Staff | Role::Manager | Role::Service)
}

/// Whether a role may say what is sold out, and pause and resume its restaurant.
#[must_use]
pub const fn may_set_menu(role: Role) -> bool {
    matches!(role, Role::Staff | Role::Manager | Role::Service)
}

/// Whether a role may approve the pairing of a kitchen screen.
#[must_use]
pub const fn may_pair(role: Role) -> bool {
    matches!(role, Role::Staff | Role::Manager)
}

/// Whether a role keeps the menu, the tables, the people, the devices and the API keys.
#[must_use]
pub const fn may_manage(role: Role) -> bool {
    matches!(role, Role::Manager)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const HERE: RestaurantId = RestaurantId::from_uuid(Uuid::from_u128(1));
    const ELSEWHERE: RestaurantId = RestaurantId::from_uuid(Uuid::from_u128(2));

    type Room = fn(RestaurantId) -> RoomId;
    type May = fn(Role) -> bool;

    /// The columns of every table below.
    const ROLES: [Role; 5] = [Role::Diner, Role::Kitchen, Role::Staff, Role::Manager, Role::Service];

    fn principal(role: Role) -> Principal {
        let (sub, session) = ("me".parse().unwrap(), "s".parse().unwrap());
        Principal { sub, role, restaurant: HERE, session, station: None, table: None, device: None }
    }

    /// An order of mine, of another diner, of another restaurant (under my own `sub`, which is unique only here).
    fn cells(allowed: impl Fn(Owner<'_>) -> bool) -> String {
        let (mine, theirs): (Key, Key) = ("me".parse().unwrap(), "them".parse().unwrap());
        [(HERE, &mine), (HERE, &theirs), (ELSEWHERE, &mine)]
            .map(|(restaurant, diner)| if allowed(Owner { restaurant, diner: Some(diner) }) { 'y' } else { '-' })
            .iter()
            .collect()
    }

    /// A cell: own order, another's, another restaurant's.
    #[test]
    fn every_role_and_action_on_every_order_is_as_the_contract_says() {
        let table = [
            (ActionName::Accept, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::Reject, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::Start, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::StartItem, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::FinishItem, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::RecallItem, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::Ready, ["---", "yy-", "yy-", "yy-", "yy-"]),
            (ActionName::Recall, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::Serve, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::Cancel, ["y--", "---", "yy-", "yy-", "yy-"]),
            (ActionName::VoidItem, ["---", "---", "yy-", "yy-", "---"]),
            (ActionName::Promise, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::Rush, ["---", "---", "yy-", "yy-", "---"]),
        ];
        for (action, expected) in table {
            for (role, cell) in ROLES.into_iter().zip(expected) {
                assert_eq!(cells(|owner| may_command(&principal(role), action, owner)), cell, "{role} {action}");
            }
        }
        let calls = [ActionName::CallWaiter, ActionName::AnswerCall];
        assert!(ActionName::ALL.iter().all(|a| calls.contains(a) || table.iter().any(|(row, _)| row == a)), "a row is missing");
    }

    #[test]
    fn every_role_and_call_is_as_the_contract_says() {
        let table = [
            (ActionName::CallWaiter, [true, false, false, false, false]),
            (ActionName::AnswerCall, [false, false, true, true, false]),
        ];
        for (action, expected) in table {
            assert_eq!(ROLES.map(|role| may_act(role, action)), expected, "{action}");
        }
    }

    #[test]
    fn every_role_and_room_is_as_the_contract_says() {
        let id = "0193a5f0-7c1e-7000-8000-00000000002a".parse().unwrap();
        let orders = ["y--", "yy-", "yy-", "yy-", "yy-"];
        for (role, cell) in ROLES.into_iter().zip(orders) {
            let who = principal(role);
            assert_eq!(cells(|owner| may_join(&who, RoomId::Order(id), Some(owner))), cell, "order {role}");
            assert!(!may_join(&who, RoomId::Order(id), None), "order that does not exist, {role}");
        }
        let rooms: [(Room, [bool; 5]); 3] = [
            (RoomId::Kitchen, [false, true, true, true, true]),
            (RoomId::Floor, [false, false, true, true, true]),
            (RoomId::Menu, [true, true, true, true, true]),
        ];
        for (room, expected) in rooms {
            assert_eq!(ROLES.map(|role| may_join(&principal(role), room(HERE), None)), expected, "{}", room(HERE));
            assert_eq!(ROLES.map(|role| may_join(&principal(role), room(ELSEWHERE), None)), [false; 5], "{}", room(ELSEWHERE));
        }
    }

    #[test]
    fn every_role_and_call_of_the_http_api_is_as_the_contract_says() {
        let table: [(&str, May, [bool; 5]); 5] = [
            ("place", may_place, [true, false, true, true, true]),
            ("see orders", may_see_orders, [false, true, true, true, true]),
            ("set menu", may_set_menu, [false, false, true, true, true]),
            ("pair", may_pair, [false, false, true, true, false]),
            ("manage", may_manage, [false, false, false, true, false]),
        ];
        for (what, may, expected) in table {
            assert_eq!(ROLES.map(may), expected, "{what}");
        }
    }

    #[test]
    fn an_order_without_a_diner_is_no_diners_own() {
        let owner = Owner { restaurant: HERE, diner: None };
        assert_eq!(ROLES.map(|role| owns(&principal(role), owner)), [false, true, true, true, true]);
    }
}
