//! What a connection makes of a frame, pure: frame in, one effect out. Knows no socket, no actor and no clock.

use crate::connection::limits::Limits;
use crate::connection::subscription::Subscription;
use crate::connection::token_bucket::{Bucket, Rate};
use crate::domain::model::basket::Basket;
use crate::domain::model::command::Command;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::CommandId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Station;
use crate::domain::values::time::Timestamp;
use crate::protocol::client_frame::{Nonce, Subscribe};
use crate::protocol::{ClientFrame, CloseCode, ErrorCode, Failure};

/// What is to be done about a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Join a room.
    Join(Subscription),
    /// Leave a room.
    Leave(RoomId),
    /// Run a command.
    Command(Box<Command>),
    /// Place an order.
    Place(CommandId, Box<Basket>),
    /// Verify a token and go on under it.
    Refresh(String),
    /// Record what a screen has drawn.
    Seen(Position, Option<Station>),
    /// A page of the floor has drawn everything up to a position.
    FloorSeen(Position),
    /// Answer a ping.
    Pong(Option<Nonce>),
    /// Send an error.
    Fail(Failure),
    /// Close.
    Close(CloseCode),
    /// Nothing.
    Nothing,
}

/// What a connection knows of itself.
#[derive(Debug)]
pub struct ClientState {
    /// Who speaks.
    pub principal: Principal,
    rooms: Vec<RoomId>,
    bucket: Bucket,
    /// Messages over the rate since there was last one within it.
    strikes: u32,
}

impl ClientState {
    /// A session that has said nothing yet.
    #[must_use]
    pub const fn new(principal: Principal, rate: Rate, now: Timestamp) -> Self {
        Self { principal, rooms: Vec::new(), bucket: Bucket::full(rate, now), strikes: 0 }
    }

    /// The rooms it is in.
    #[must_use]
    pub fn rooms(&self) -> &[RoomId] {
        &self.rooms
    }

    /// A room did not take it, or put it out.
    pub fn left(&mut self, room: RoomId) {
        self.rooms.retain(|joined| *joined != room);
    }

    /// Goes on as a principal from a new token, if it is the same one; says whether it is.
    pub fn refresh(&mut self, principal: Principal) -> bool {
        let old = &self.principal;
        let is_same = (&old.sub, old.role, old.restaurant, old.share)
            == (&principal.sub, principal.role, principal.restaurant, principal.share);
        if is_same {
            self.principal = principal;
        }
        is_same
    }

    /// Counts one message against the rate, whatever it is. Some effect means it is not to be looked at.
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

    /// What a text message asks for.
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
            ClientFrame::Place { id, basket } => Effect::Place(id, basket),
            ClientFrame::Refresh { token } => Effect::Refresh(token),
            ClientFrame::Seen { room, position, station } => self.seen(room, position, station),
            ClientFrame::Ping { nonce } => Effect::Pong(nonce),
        }
    }

    fn subscribe(&mut self, asked: Subscribe, epoch: &str, limits: &Limits) -> Effect {
        let Some(wish) = Subscription::of(&self.principal, &asked, epoch) else {
            return Effect::Fail(Failure::forbidden_room().about_room(asked.room));
        };
        if !self.rooms.contains(&wish.room) {
            if self.rooms.len() >= limits.rooms as usize {
                return Effect::Fail(Failure::too_many_rooms().about_room(asked.room));
            }
            self.rooms.push(wish.room);
        }
        Effect::Join(wish)
    }

    fn unsubscribe(&mut self, name: &str) -> Effect {
        match name.parse().ok().filter(|room| self.rooms.contains(room)) {
            Some(room) => {
                self.left(room);
                Effect::Leave(room)
            }
            // Leaving a room one is not in leaves things as they are.
            None => Effect::Nothing,
        }
    }

    fn seen(&self, name: String, position: Position, station: Option<Station>) -> Effect {
        let room = name.parse().ok().filter(|room| self.rooms.contains(room));
        match (self.principal.role, room) {
            // What was drawn of a menu or of one order says nothing of the tickets.
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

    fn session(role: Role) -> ClientState {
        let principal = Principal {
            sub: "someone".parse().unwrap(),
            role,
            restaurant: HOME.parse().unwrap(),
            session: "s".parse().unwrap(),
            station: None,
            table: None,
            device: None,
            share: None,
        };
        ClientState::new(principal, Limits::default().messages, Timestamp::from_millis(0))
    }

    fn subscribe(session: &mut ClientState, room: &str) -> Effect {
        session.read(&format!(r#"{{"type":"subscribe","room":"{room}","since":3,"epoch":"now"}}"#), "now", &Limits::default())
    }

    fn code(effect: &Effect) -> Option<ErrorCode> {
        match effect {
            Effect::Fail(failure) => Some(failure.code()),
            _ => None,
        }
    }

    #[test]
    fn who_may_ask_for_which_room() {
        for role in Role::ALL {
            for (kind, allowed) in
                [("kitchen", role != Role::Diner), ("floor", !matches!(role, Role::Diner | Role::Kitchen)), ("menu", true)]
            {
                let effect = subscribe(&mut session(role), &format!("{kind}:{HOME}"));
                assert_eq!(matches!(effect, Effect::Join(_)), allowed, "{role} {kind}");
                let effect = subscribe(&mut session(role), &format!("{kind}:{AWAY}"));
                assert_eq!(code(&effect), Some(ErrorCode::Forbidden), "{role} {kind} elsewhere");
            }
            let effect = subscribe(&mut session(role), &format!("order:{AWAY}"));
            let owner = (role == Role::Diner).then(|| "someone".parse().unwrap());
            assert!(matches!(effect, Effect::Join(wish) if wish.only_owner == owner), "{role}");
            assert_eq!(code(&subscribe(&mut session(role), "cellar:1")), Some(ErrorCode::Forbidden));
        }
    }

    #[test]
    fn a_link_asks_for_its_order_alone_and_is_not_renewed_into_more() {
        let mut session = session(Role::Diner);
        let owner = session.principal.clone();
        session.principal.share = Some(AWAY.parse().unwrap());
        assert!(matches!(subscribe(&mut session, &format!("order:{AWAY}")), Effect::Join(_)));
        for room in [format!("order:{HOME}"), format!("menu:{HOME}"), format!("kitchen:{HOME}")] {
            assert_eq!(code(&subscribe(&mut session, &room)), Some(ErrorCode::Forbidden), "{room}");
        }
        assert!(!session.refresh(owner.clone()));
        assert!(session.refresh(session.principal.clone()));
        session.principal.share = None;
        assert!(!session.refresh(Principal { share: Some(AWAY.parse().unwrap()), ..owner }));
    }

    #[test]
    fn a_cursor_counts_in_its_epoch_only() {
        let mut session = session(Role::Staff);
        let effect = |session: &mut ClientState, epoch: &str| subscribe_in(session, epoch);
        assert!(matches!(effect(&mut session, "now"), Effect::Join(Subscription { since: Some(_), .. })));
        assert!(matches!(effect(&mut session, "then"), Effect::Join(Subscription { since: None, .. })));
    }

    fn subscribe_in(session: &mut ClientState, epoch: &str) -> Effect {
        let text = format!(r#"{{"type":"subscribe","room":"menu:{HOME}","since":3,"epoch":"{epoch}"}}"#);
        session.read(&text, "now", &Limits::default())
    }

    #[test]
    fn rooms_are_bounded_and_a_second_subscribe_is_no_second_room() {
        let limits = Limits { rooms: 2, ..Limits::default() };
        let mut session = session(Role::Staff);
        let mut ask = |room: RoomId| session.read(&format!(r#"{{"type":"subscribe","room":"{room}"}}"#), "now", &limits);
        let order = |number| RoomId::Order(crate::domain::values::ids::OrderId::from_uuid(Uuid::from_u128(number)));
        assert!(code(&ask(order(1))).is_none() && code(&ask(order(1))).is_none() && code(&ask(order(2))).is_none());
        assert_eq!(code(&ask(order(3))), Some(ErrorCode::TooManyRooms));
        session.left(order(1));
        assert!(matches!(
            session.read(&format!(r#"{{"type":"unsubscribe","room":"{}"}}"#, order(2)), "now", &limits),
            Effect::Leave(_)
        ));
        assert!(session.rooms().is_empty());
    }

    #[test]
    fn over_the_rate_is_told_and_far_over_it_is_the_end() {
        let limits = Limits { messages: Rate { per_second: 1, burst: 3 }, ..Limits::default() };
        let mut session = session(Role::Diner);
        session.bucket = Bucket::full(limits.messages, Timestamp::from_millis(0));
        let mut admit = |at| session.admit(&limits, Timestamp::from_millis(at));
        assert!((0..3).all(|_| admit(0).is_none()));
        assert!((0..3).all(|_| code(&admit(0).unwrap()) == Some(ErrorCode::RateLimited)));
        assert_eq!(admit(0), Some(Effect::Close(CloseCode::RateLimited)));
        assert_eq!(admit(1000), None);
    }

    #[test]
    fn a_refresh_is_for_the_same_principal() {
        let mut session = session(Role::Staff);
        let mut other = session.principal.clone();
        other.session = "another".parse().unwrap();
        assert!(session.refresh(other.clone()));
        other.role = Role::Manager;
        assert!(!session.refresh(other.clone()));
        other.role = Role::Staff;
        other.restaurant = RestaurantId::from_uuid(Uuid::nil());
        assert!(!session.refresh(other));
        assert_eq!(session.principal.session.as_str(), "another");
    }

    proptest! {
        #[test]
        fn whatever_is_sent_the_rooms_stay_within_bounds(frames in prop::collection::vec((0_u8..4, 0_u128..80), 0..300)) {
            let mut session = session(Role::Kitchen);
            let limits = Limits::default();
            for (kind, number) in frames {
                let kind = ["subscribe", "unsubscribe", "seen", "dance"][usize::from(kind)];
                let room = format!("order:{}", Uuid::from_u128(number));
                session.read(&format!(r#"{{"type":"{kind}","room":"{room}","position":1}}"#), "now", &limits);
                session.read(&format!(r#"{{"type":"{kind}","room":"{room}"}}"#), "now", &limits);
                prop_assert!(session.rooms().len() <= limits.rooms as usize);
            }
        }
    }
}
