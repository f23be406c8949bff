//! Authorization: the "who" columns of the contract, as pure functions. The rules for an order's
//! transitions (`domain::rules::transition`) check a kitchen screen's station and a diner's
//! narrower right to cancel and to correct, and to add rounds.
//!
//! Each rule takes the principal and not only its role, since the holder of a link to one order
//! ([`Principal::share`]) has the role of a diner, but may only read that order.

use crate::domain::model::house_rules::{HouseRules, MinimumRole, RuledAction};
use crate::domain::model::order::Order;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::refusal::{Denied, Refusal};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::action::ActionName;
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::text::Key;

/// The owner of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The order.
    pub order: OrderId,
    /// The restaurant that cooks it.
    pub restaurant: RestaurantId,
    /// The diner who placed it, if one did.
    pub diner: Option<&'a Key>,
}

impl<'a> From<&'a Order> for Owner<'a> {
    fn from(order: &'a Order) -> Self {
        Self { order: order.id, restaurant: order.restaurant, diner: order.diner.as_ref() }
    }
}

/// Returns whether a principal has one of these roles, and is not limited to one order by a link.
fn is_one_of(who: &Principal, roles: &[Role]) -> bool {
    who.share.is_none() && roles.contains(&who.role)
}

/// Returns whether a principal may take an action at all ("Commands" in docs/protocol.md, column
/// "who").
#[must_use]
pub fn may_act(who: &Principal, action: ActionName) -> bool {
    use Role::{Diner, Kitchen, Manager, Service, Staff};
    let roles: &[Role] = match action {
        ActionName::Accept
        | ActionName::Reject
        | ActionName::Serve
        | ActionName::ServeItem
        | ActionName::VoidItem
        | ActionName::StartNow
        | ActionName::Reschedule => &[Staff, Manager, Service],
        ActionName::StartItem
        | ActionName::FinishItem
        | ActionName::RecallItem
        | ActionName::Recall
        | ActionName::Fire
        | ActionName::Hold => &[Kitchen, Staff, Manager],
        ActionName::Start | ActionName::Ready | ActionName::Promise => &[Kitchen, Staff, Manager, Service],
        ActionName::Cancel | ActionName::AddItems | ActionName::ChangeItem => &[Diner, Staff, Manager, Service],
        ActionName::Rush
        | ActionName::AnswerCall
        | ActionName::Move
        | ActionName::Merge
        | ActionName::Split
        | ActionName::Undo => &[Staff, Manager],
        ActionName::CallWaiter => &[Diner],
    };
    is_one_of(who, roles) && !is_shared(who)
}

/// Checks an action that the principal's role permits against the rules of the restaurant, which may require a higher role.
///
/// # Errors
/// `forbidden`, with the required role as its reason.
pub fn check_rules(who: &Principal, action: RuledAction, rules: &HouseRules) -> Result<(), Refusal> {
    match rules.lacks(who.role, action) {
        None => Ok(()),
        Some(MinimumRole::Staff) => Err(Denied::StaffRequired.refusal("the floor's staff have to do this")),
        Some(MinimumRole::Manager) => Err(Denied::ManagerRequired.refusal("a manager has to do this")),
    }
}

/// Returns whether an order is within a principal's reach: a diner's own orders, the order of a
/// link, and for everybody else each order of their restaurant. The answer about an order out of
/// reach is that it does not exist.
#[must_use]
pub fn owns<'a>(principal: &Principal, owner: impl Into<Owner<'a>>) -> bool {
    let owner = owner.into();
    let is_own = principal.role != Role::Diner || owner.diner == Some(&principal.sub);
    let is_shown = principal.share.is_none_or(|shown| shown == owner.order);
    owner.restaurant == principal.restaurant && is_own && is_shown
}

/// Returns whether a principal may take an action on an order: the role may, and the order is
/// within reach.
#[must_use]
pub fn may_command<'a>(principal: &Principal, action: ActionName, owner: impl Into<Owner<'a>>) -> bool {
    may_act(principal, action) && owns(principal, owner)
}

/// Returns whether a principal may place an order, for itself (a diner) or for a guest.
#[must_use]
pub fn may_place(who: &Principal) -> bool {
    is_one_of(who, &[Role::Diner, Role::Staff, Role::Manager, Role::Service]) && !is_shared(who)
}

/// Returns whether a principal is a guest in their own session, who may see their visit, share
/// links to its orders, and get push messages about them.
#[must_use]
pub fn is_guest(who: &Principal) -> bool {
    is_one_of(who, &[Role::Diner])
}

/// Returns whether a principal may join a room ("Rooms" in docs/protocol.md). `order` is the owner
/// of an order room's order. `None` means that there is no such order; its room is forbidden.
#[must_use]
pub fn may_join(principal: &Principal, room: RoomId, order: Option<Owner<'_>>) -> bool {
    match room {
        RoomId::Order(_) => order.is_some_and(|owner| owns(principal, owner)),
        RoomId::Kitchen(id) => id == principal.restaurant && may_see_orders(principal),
        RoomId::Floor(id) => id == principal.restaurant && is_one_of(principal, &[Role::Staff, Role::Manager, Role::Service]),
        RoomId::Menu(id) => id == principal.restaurant && is_one_of(principal, &Role::ALL),
    }
}

/// Returns whether a principal may request a room, before the owner of an order room's order is
/// known.
#[must_use]
pub fn may_ask_for(who: &Principal, room: RoomId) -> bool {
    match room {
        RoomId::Order(id) => who.share.is_none_or(|shown| shown == id),
        _ => may_join(who, room, None),
    }
}

/// Returns whether a principal may list the orders of its restaurant.
#[must_use]
pub fn may_see_orders(who: &Principal) -> bool {
    is_one_of(who, &[Role::Kitchen, Role::Staff, Role::Manager, Role::Service])
}

/// Returns whether a principal may set availability, and pause and resume its restaurant.
#[must_use]
pub fn may_set_menu(who: &Principal) -> bool {
    is_one_of(who, &[Role::Staff, Role::Manager, Role::Service]) && !is_shared(who)
}

/// Returns whether a principal may approve the pairing of a device. A shared device may not.
#[must_use]
pub fn may_pair(who: &Principal) -> bool {
    is_one_of(who, &[Role::Staff, Role::Manager]) && !is_shared(who)
}

/// Returns whether a principal is a device that several people share, without one of them. It reads what staff read, and
/// changes nothing until a person is on shift.
#[must_use]
pub fn is_shared(who: &Principal) -> bool {
    who.device.is_some() && who.name.is_none() && is_one_of(who, &[Role::Staff])
}

/// Returns whether a principal may list the guests' sessions of its restaurant and end one.
#[must_use]
pub fn may_see_guests(who: &Principal) -> bool {
    is_one_of(who, &[Role::Staff, Role::Manager])
}

/// Returns whether a principal may end the visit of a table and the session of a guest.
#[must_use]
pub fn may_end_visits(who: &Principal) -> bool {
    may_see_guests(who) && !is_shared(who)
}

/// Returns whether a principal may read the names of the staff who acted.
#[must_use]
pub fn may_see_people(who: &Principal) -> bool {
    is_one_of(who, &[Role::Staff, Role::Manager])
}

/// Returns whether a principal may read riders' data.
#[must_use]
pub fn may_see_deliveries(who: &Principal) -> bool {
    is_one_of(who, &[Role::Staff, Role::Manager, Role::Service])
}

/// Returns whether a principal may set and erase riders' data.
#[must_use]
pub fn may_set_deliveries(who: &Principal) -> bool {
    may_see_deliveries(who) && !is_shared(who)
}

/// Returns whether a principal may manage the menu, tables, people, devices and API keys.
#[must_use]
pub fn may_manage(who: &Principal) -> bool {
    is_one_of(who, &[Role::Manager])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::ids::DeviceId;
    use uuid::Uuid;

    const HERE: RestaurantId = RestaurantId::from_uuid(Uuid::from_u128(1));
    const ELSEWHERE: RestaurantId = RestaurantId::from_uuid(Uuid::from_u128(2));

    type Room = fn(RestaurantId) -> RoomId;
    type May = fn(&Principal) -> bool;

    const ORDER: OrderId = OrderId::from_uuid(Uuid::from_u128(3));
    const OTHER: OrderId = OrderId::from_uuid(Uuid::from_u128(4));

    /// The columns of every table below.
    const ROLES: [Role; 5] = [Role::Diner, Role::Kitchen, Role::Staff, Role::Manager, Role::Service];

    fn principal(role: Role) -> Principal {
        let (sub, session) = ("me".parse().unwrap(), "s".parse().unwrap());
        Principal { sub, role, restaurant: HERE, session, station: None, table: None, device: None, share: None, name: None }
    }

    /// An order of one's own, of another diner, and of another restaurant (under one's own `sub`, which is unique only here).
    fn cells(allowed: impl Fn(Owner<'_>) -> bool) -> String {
        let (mine, theirs): (Key, Key) = ("me".parse().unwrap(), "them".parse().unwrap());
        [(HERE, &mine), (HERE, &theirs), (ELSEWHERE, &mine)]
            .map(|(restaurant, diner)| if allowed(Owner { order: ORDER, restaurant, diner: Some(diner) }) { 'y' } else { '-' })
            .iter()
            .collect()
    }

    /// A cell: own order, another's, another restaurant's.
    #[test]
    fn every_role_has_the_actions_of_the_contract_on_every_order() {
        let table = [
            (ActionName::Accept, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::Reject, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::StartNow, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::Reschedule, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::Start, ["---", "yy-", "yy-", "yy-", "yy-"]),
            (ActionName::StartItem, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::FinishItem, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::RecallItem, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::Ready, ["---", "yy-", "yy-", "yy-", "yy-"]),
            (ActionName::Recall, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::Serve, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::Cancel, ["y--", "---", "yy-", "yy-", "yy-"]),
            (ActionName::VoidItem, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::Promise, ["---", "yy-", "yy-", "yy-", "yy-"]),
            (ActionName::Rush, ["---", "---", "yy-", "yy-", "---"]),
            (ActionName::Fire, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::Hold, ["---", "yy-", "yy-", "yy-", "---"]),
            (ActionName::ServeItem, ["---", "---", "yy-", "yy-", "yy-"]),
            (ActionName::AddItems, ["y--", "---", "yy-", "yy-", "yy-"]),
            (ActionName::ChangeItem, ["y--", "---", "yy-", "yy-", "yy-"]),
        ];
        for (action, expected) in table {
            for (role, cell) in ROLES.into_iter().zip(expected) {
                assert_eq!(cells(|owner| may_command(&principal(role), action, owner)), cell, "{role} {action}");
            }
        }
        let calls = [
            ActionName::CallWaiter,
            ActionName::AnswerCall,
            ActionName::Move,
            ActionName::Merge,
            ActionName::Split,
            ActionName::Undo,
        ];
        assert!(ActionName::ALL.iter().all(|a| calls.contains(a) || table.iter().any(|(row, _)| row == a)), "a row is missing");
    }

    #[test]
    fn every_role_has_the_calls_of_the_contract() {
        let table = [
            (ActionName::CallWaiter, [true, false, false, false, false]),
            (ActionName::AnswerCall, [false, false, true, true, false]),
            (ActionName::Move, [false, false, true, true, false]),
            (ActionName::Merge, [false, false, true, true, false]),
            (ActionName::Split, [false, false, true, true, false]),
            (ActionName::Undo, [false, false, true, true, false]),
        ];
        for (action, expected) in table {
            assert_eq!(ROLES.map(|role| may_act(&principal(role), action)), expected, "{action}");
        }
    }

    /// A cell: whether the role may act, without a rule, with a rule for staff, and with a rule for managers.
    #[test]
    fn a_rule_of_a_restaurant_raises_the_role_of_its_action_and_of_no_other() {
        const CELLS: [(Role, [bool; 3]); 5] = [
            (Role::Diner, [true, true, true]),
            (Role::Kitchen, [true, false, false]),
            (Role::Staff, [true, true, false]),
            (Role::Manager, [true, true, true]),
            (Role::Service, [true, true, true]),
        ];
        for action in RuledAction::all() {
            let rules = |role| HouseRules { minimum_roles: [(action, role)].into(), auto_accept: None };
            let rules = [HouseRules::default(), rules(MinimumRole::Staff), rules(MinimumRole::Manager)];
            for (role, expected) in CELLS {
                let may = |action| rules.each_ref().map(|rules| check_rules(&principal(role), action, rules).is_ok());
                assert_eq!(may(action), expected, "{role} {action}");
                for other in RuledAction::all().filter(|other| *other != action) {
                    assert_eq!(may(other), [true; 3], "{role} {other} beside {action}");
                }
            }
        }
        let refused = |least| {
            let action = RuledAction::SetAvailability;
            let rules = HouseRules { minimum_roles: [(action, least)].into(), auto_accept: None };
            check_rules(&principal(Role::Kitchen), action, &rules).unwrap_err().denied
        };
        assert_eq!(refused(MinimumRole::Staff), Some(Denied::StaffRequired));
        assert_eq!(refused(MinimumRole::Manager), Some(Denied::ManagerRequired));
    }

    /// A device that several people share reads what staff read; a person on it may what their role may.
    #[test]
    fn a_shared_device_without_a_person_changes_nothing() {
        let device = Principal { device: Some(DeviceId::from_uuid(Uuid::nil())), ..principal(Role::Staff) };
        let person = Principal { name: Some("mina".parse().unwrap()), ..device.clone() };
        for action in ActionName::ALL {
            assert!(!may_act(&device, action), "{action}");
            assert_eq!(may_act(&person, action), may_act(&principal(Role::Staff), action), "{action}");
        }
        for may in [may_place, may_set_menu, may_pair, may_end_visits, may_set_deliveries] {
            assert_eq!((may(&device), may(&person)), (false, true));
        }
        for may in [may_see_orders, may_see_guests, may_see_people, may_see_deliveries] {
            assert_eq!((may(&device), may(&person)), (true, true));
        }
        assert!(may_join(&device, RoomId::Floor(HERE), None));
    }

    #[test]
    fn every_role_has_the_rooms_of_the_contract() {
        let orders = ["y--", "yy-", "yy-", "yy-", "yy-"];
        for (role, cell) in ROLES.into_iter().zip(orders) {
            let who = principal(role);
            assert_eq!(cells(|owner| may_join(&who, RoomId::Order(ORDER), Some(owner))), cell, "order {role}");
            assert!(!may_join(&who, RoomId::Order(ORDER), None), "order that does not exist, {role}");
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
    fn every_role_has_the_http_calls_of_the_contract() {
        let table: [(&str, May, [bool; 5]); 9] = [
            ("place", may_place, [true, false, true, true, true]),
            ("have a visit", is_guest, [true, false, false, false, false]),
            ("see orders", may_see_orders, [false, true, true, true, true]),
            ("set menu", may_set_menu, [false, false, true, true, true]),
            ("pair", may_pair, [false, false, true, true, false]),
            ("see guests", may_see_guests, [false, false, true, true, false]),
            ("see people", may_see_people, [false, false, true, true, false]),
            ("see deliveries", may_see_deliveries, [false, false, true, true, true]),
            ("manage", may_manage, [false, false, false, true, false]),
        ];
        for (what, may, expected) in table {
            assert_eq!(ROLES.map(|role| may(&principal(role))), expected, "{what}");
        }
    }

    #[test]
    fn an_order_without_a_diner_belongs_to_no_diner() {
        let owner = Owner { order: ORDER, restaurant: HERE, diner: None };
        assert_eq!(ROLES.map(|role| owns(&principal(role), owner)), [false, true, true, true, true]);
    }

    /// The holder of a link may read its order and nothing else, whatever role the token has.
    #[test]
    fn a_link_reads_its_order_and_permits_no_action() {
        for role in ROLES {
            let who = Principal { share: Some(ORDER), ..principal(role) };
            for action in ActionName::ALL {
                assert!(!may_act(&who, action), "{role} {action}");
                assert_eq!(cells(|owner| may_command(&who, action, owner)), "---", "{role} {action}");
            }
            for may in [may_place, is_guest, may_see_orders, may_set_menu, may_pair, may_see_guests, may_see_people, may_manage] {
                assert!(!may(&who), "{role}");
            }
            for room in [RoomId::Kitchen(HERE), RoomId::Floor(HERE), RoomId::Menu(HERE), RoomId::Order(OTHER)] {
                assert!(!may_ask_for(&who, room), "{role} {room}");
                assert!(!may_join(&who, room, None), "{role} {room}");
            }
            let (mine, order) = (&who.sub, |order| Owner { order, restaurant: HERE, diner: Some(&who.sub) });
            assert!(may_ask_for(&who, RoomId::Order(ORDER)) && may_join(&who, RoomId::Order(ORDER), Some(order(ORDER))));
            assert!(owns(&who, order(ORDER)) && !owns(&who, order(OTHER)), "{role}: of {mine}'s orders, one");
            let elsewhere = Owner { restaurant: ELSEWHERE, ..order(ORDER) };
            assert!(!owns(&who, elsewhere) && !may_join(&who, RoomId::Order(ORDER), Some(elsewhere)));
        }
    }
}
