//! The state of a client, pure: a frame comes in, and one effect comes out. It knows no socket, no actor and no clock.

use crate::connection::limits::Limits;
use crate::connection::subscription::Subscription;
use crate::connection::token_bucket::{Bucket, Rate};
use crate::domain::model::basket::Basket;
use crate::domain::model::command::Command;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::{CommandId, ShiftId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Station;
use crate::domain::values::time::Timestamp;
use crate::protocol::client_frame::{Nonce, Subscribe};
use crate::protocol::{ClientFrame, CloseCode, ErrorCode, Failure};

/// The effect of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Join a room.
    Join(Subscription),
    /// Leave a room.
    Leave(RoomId),
    /// Run a command.
    Command(Box<Command>),
    /// Place an order.
    Place(CommandId, Box<Basket>, Option<ShiftId>),
    /// Verify a token and replace the current one.
    Refresh(String),
    /// Record that a screen has drawn everything up to a position.
    Seen(Position, Option<Station>),
    /// Record that a page of the floor has drawn everything up to a position.
    FloorSeen(Position),
    /// Answer a ping.
    Pong(Option<Nonce>),
    /// Send an error.
    Fail(Failure),
    /// Close.
    Close(CloseCode),
    /// Do nothing.
    Nothing,
}

/// The state of one client.
#[derive(Debug)]
pub struct ClientState {
    /// The principal of the current token.
    pub principal: Principal,
    rooms: Vec<RoomId>,
    bucket: Bucket,
    /// Messages over the rate since the last one within it.
    strikes: u32,
}

impl ClientState {
    /// Returns the state of a client that has sent nothing yet.
    #[must_use]
    pub const fn new(principal: Principal, rate: Rate, now: Timestamp) -> Self {
        Self { principal, rooms: Vec::new(), bucket: Bucket::full(rate, now), strikes: 0 }
    }

    /// Returns the rooms that the client has asked for.
    #[must_use]
    pub fn rooms(&self) -> &[RoomId] {
        &self.rooms
    }

    /// Records that a room refused the client, or evicted it.
    pub fn left(&mut self, room: RoomId) {
        self.rooms.retain(|joined| *joined != room);
    }

    /// Takes the principal of a new token, unless the token belongs to another principal. Returns whether it was taken.
    pub fn refresh(&mut self, principal: Principal) -> bool {
        let old = &self.principal;
        let is_same = (&old.sub, old.role, old.restaurant, old.share)
            == (&principal.sub, principal.role, principal.restaurant, principal.share);
        if is_same {
            self.principal = principal;
        }
        is_same
    }

    /// Counts a message of any kind against the rate. If this returns an effect, the message must not be handled.
    pub fn admit(&mut self, limits: &Limits, now: Timestamp) -> Option<Effect> {
        let Err(wait) = self.bucket.take(limits.messages, now) else {
            self.strikes = 0;
            return None;
        };
        self.strikes += 1;
        if self.strikes > limits.messages.burst {
            return Some(Effect::Close(CloseCode::RateLimited));
        }
        let failure = Failure::new(ErrorCode::RateLimited, "too many messages; wait and send it again");
        Some(Effect::Fail(failure.after(wait)))
    }

    /// Returns the effect of a text message.
    pub fn read(&mut self, text: &str, epoch: &str, limits: &Limits) -> Effect {
        match ClientFrame::parse(text) {
            Ok(frame) => self.react(frame, epoch, limits),
            Err(bad) => Effect::Fail(bad.into()),
        }
    }

    fn react(&mut self, frame: ClientFrame, epoch: &str, limits: &Limits) -> Effect {
        match frame {
            ClientFrame::Subscribe(subscribe) => self.subscribe(subscribe, epoch, limits),
            ClientFrame::Unsubscribe { room } => self.unsubscribe(&room),
            ClientFrame::Command(command) => Effect::Command(command),
            ClientFrame::Place { id, basket, shift } => Effect::Place(id, basket, shift),
            ClientFrame::Refresh { token } => Effect::Refresh(token),
            ClientFrame::Seen { room, position, station } => self.seen(room, position, station),
            ClientFrame::Ping { nonce } => Effect::Pong(nonce),
        }
    }

    fn subscribe(&mut self, asked: Subscribe, epoch: &str, limits: &Limits) -> Effect {
        let Some(subscription) = Subscription::of(&self.principal, &asked, epoch) else {
            return Effect::Fail(Failure::forbidden_room().about_room(asked.room));
        };
        if !self.rooms.contains(&subscription.room) {
            if self.rooms.len() >= limits.rooms as usize {
                return Effect::Fail(Failure::too_many_rooms().about_room(asked.room));
            }
            self.rooms.push(subscription.room);
        }
        Effect::Join(subscription)
    }

    fn unsubscribe(&mut self, name: &str) -> Effect {
        match name.parse().ok().filter(|room| self.rooms.contains(room)) {
            Some(room) => {
                self.left(room);
                Effect::Leave(room)
            }
            // The client is not in the room.
            None => Effect::Nothing,
        }
    }

    fn seen(&self, name: String, position: Position, station: Option<Station>) -> Effect {
        let room = name.parse().ok().filter(|room| self.rooms.contains(room));
        match (self.principal.role, room) {
            // A drawn menu or order says nothing about tickets.
            (Role::Kitchen, Some(RoomId::Kitchen(_))) => Effect::Seen(position, station),
            (_, Some(RoomId::Floor(_))) => Effect::FloorSeen(position),
            (_, Some(_)) => Effect::Nothing,
            (_, None) => {
                let message = "subscribe to the room before reporting what was drawn of it";
                Effect::Fail(Failure::new(ErrorCode::Forbidden, message).about_room(name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::ids::RestaurantId;
    use proptest::prelude::*;
    use uuid::Uuid;

    const HOME: &str = "0193a5f0-7c1e-7000-8000-000000000001";
    const AWAY: &str = "0193a5f0-7c1e-7000-8000-000000000002";

    fn client(role: Role) -> ClientState {
        let principal = Principal {
            sub: "someone".parse().unwrap(),
            role,
            restaurant: HOME.parse().unwrap(),
            session: "s".parse().unwrap(),
            station: None,
            table: None,
            device: None,
            share: None,
            name: None,
        };
        ClientState::new(principal, Limits::default().messages, Timestamp::from_millis(0))
    }

    fn subscribe(client: &mut ClientState, room: &str) -> Effect {
        client.read(&format!(r#"{{"type":"subscribe","room":"{room}","since":3,"epoch":"now"}}"#), "now", &Limits::default())
    }

    fn code(effect: &Effect) -> Option<ErrorCode> {
        match effect {
            Effect::Fail(failure) => Some(failure.code()),
            _ => None,
        }
    }

    #[test]
    fn each_role_may_request_only_its_rooms() {
        for role in Role::ALL {
            for (kind, allowed) in
                [("kitchen", role != Role::Diner), ("floor", !matches!(role, Role::Diner | Role::Kitchen)), ("menu", true)]
            {
                let effect = subscribe(&mut client(role), &format!("{kind}:{HOME}"));
                assert_eq!(matches!(effect, Effect::Join(_)), allowed, "{role} {kind}");
                let effect = subscribe(&mut client(role), &format!("{kind}:{AWAY}"));
                assert_eq!(code(&effect), Some(ErrorCode::Forbidden), "{role} {kind} elsewhere");
            }
            let effect = subscribe(&mut client(role), &format!("order:{AWAY}"));
            let owner = (role == Role::Diner).then(|| "someone".parse().unwrap());
            assert!(matches!(effect, Effect::Join(subscription) if subscription.only_owner == owner), "{role}");
            assert_eq!(code(&subscribe(&mut client(role), "cellar:1")), Some(ErrorCode::Forbidden));
        }
    }

    #[test]
    fn a_link_may_request_only_its_order_and_a_renewal_adds_no_rights() {
        let mut client = client(Role::Diner);
        let owner = client.principal.clone();
        client.principal.share = Some(AWAY.parse().unwrap());
        assert!(matches!(subscribe(&mut client, &format!("order:{AWAY}")), Effect::Join(_)));
        for room in [format!("order:{HOME}"), format!("menu:{HOME}"), format!("kitchen:{HOME}")] {
            assert_eq!(code(&subscribe(&mut client, &room)), Some(ErrorCode::Forbidden), "{room}");
        }
        assert!(!client.refresh(owner.clone()));
        assert!(client.refresh(client.principal.clone()));
        client.principal.share = None;
        assert!(!client.refresh(Principal { share: Some(AWAY.parse().unwrap()), ..owner }));
    }

    #[test]
    fn a_cursor_is_valid_only_in_its_epoch() {
        let mut client = client(Role::Staff);
        let effect = |client: &mut ClientState, epoch: &str| subscribe_in(client, epoch);
        assert!(matches!(effect(&mut client, "now"), Effect::Join(Subscription { since: Some(_), .. })));
        assert!(matches!(effect(&mut client, "then"), Effect::Join(Subscription { since: None, .. })));
    }

    fn subscribe_in(client: &mut ClientState, epoch: &str) -> Effect {
        let text = format!(r#"{{"type":"subscribe","room":"menu:{HOME}","since":3,"epoch":"{epoch}"}}"#);
        client.read(&text, "now", &Limits::default())
    }

    #[test]
    fn rooms_are_bounded_and_a_repeated_subscribe_counts_once() {
        let limits = Limits { rooms: 2, ..Limits::default() };
        let mut client = client(Role::Staff);
        let mut ask = |room: RoomId| client.read(&format!(r#"{{"type":"subscribe","room":"{room}"}}"#), "now", &limits);
        let order = |number| RoomId::Order(crate::domain::values::ids::OrderId::from_uuid(Uuid::from_u128(number)));
        assert!(code(&ask(order(1))).is_none() && code(&ask(order(1))).is_none() && code(&ask(order(2))).is_none());
        assert_eq!(code(&ask(order(3))), Some(ErrorCode::TooManyRooms));
        client.left(order(1));
        assert!(matches!(
            client.read(&format!(r#"{{"type":"unsubscribe","room":"{}"}}"#, order(2)), "now", &limits),
            Effect::Leave(_)
        ));
        assert!(client.rooms().is_empty());
    }

    #[test]
    fn messages_over_the_rate_are_refused_and_far_over_it_the_connection_ends() {
        let limits = Limits { messages: Rate { per_second: 1, burst: 3 }, ..Limits::default() };
        let mut client = client(Role::Diner);
        client.bucket = Bucket::full(limits.messages, Timestamp::from_millis(0));
        let mut admit = |at| client.admit(&limits, Timestamp::from_millis(at));
        assert!((0..3).all(|_| admit(0).is_none()));
        assert!((0..3).all(|_| code(&admit(0).unwrap()) == Some(ErrorCode::RateLimited)));
        assert_eq!(admit(0), Some(Effect::Close(CloseCode::RateLimited)));
        assert_eq!(admit(1000), None);
    }

    #[test]
    fn a_refresh_is_for_the_same_principal() {
        let mut client = client(Role::Staff);
        let mut other = client.principal.clone();
        other.session = "another".parse().unwrap();
        assert!(client.refresh(other.clone()));
        other.role = Role::Manager;
        assert!(!client.refresh(other.clone()));
        other.role = Role::Staff;
        other.restaurant = RestaurantId::from_uuid(Uuid::nil());
        assert!(!client.refresh(other));
        assert_eq!(client.principal.session.as_str(), "another");
    }

    proptest! {
        #[test]
        fn rooms_stay_within_bounds_for_any_frames(frames in prop::collection::vec((0_u8..4, 0_u128..80), 0..300)) {
            let mut client = client(Role::Kitchen);
            let limits = Limits::default();
            for (kind, number) in frames {
                let kind = ["subscribe", "unsubscribe", "seen", "dance"][usize::from(kind)];
                let room = format!("order:{}", Uuid::from_u128(number));
                client.read(&format!(r#"{{"type":"{kind}","room":"{room}","position":1}}"#), "now", &limits);
                client.read(&format!(r#"{{"type":"{kind}","room":"{room}"}}"#), "now", &limits);
                prop_assert!(client.rooms().len() <= limits.rooms as usize);
            }
        }
    }
}
