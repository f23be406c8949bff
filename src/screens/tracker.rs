//! The tracker of this node's kitchen screens, pure: connections, receipts, and the changes to
//! report.

use crate::domain::model::principal::Principal;
use crate::domain::values::ids::DeviceId;
use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, Station};
use crate::domain::values::time::Timestamp;
use crate::store::screens::{Receipt, ScreenKey};
use std::collections::BTreeMap;
use std::time::Duration;

/// The identity of a screen in its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The paired device, whose row has the name.
    pub device: Option<DeviceId>,
    /// The station it is bound to, if any.
    pub station: Option<Station>,
}

/// Returns the key of the principal's screen: a paired device's id, or the `sub` of a token that
/// was issued by hand.
#[must_use]
pub fn screen_key(who: &Principal) -> ScreenKey {
    let device = who.device.and_then(|device| device.to_string().parse::<Key>().ok());
    ScreenKey { restaurant: who.restaurant, display: device.unwrap_or_else(|| who.sub.clone()) }
}

/// A moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock, for the grace period.
    pub uptime: Timestamp,
    /// The wall clock, for people.
    pub wall: Timestamp,
}

#[derive(Debug)]
struct Screen {
    who: Identity,
    /// The number of connections to this node.
    connections: u32,
    /// When the last connection ended.
    left: Option<Now>,
    /// Whether the log knows that this node holds the screen.
    is_held: bool,
    /// The receipt that is not stored yet.
    drawn: Option<(Position, Option<Station>, Timestamp)>,
}

/// A change to report to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseChange {
    /// This node holds the screen.
    Hold(Identity),
    /// This node no longer holds the screen, whose last connection ended at this time.
    Lose(Timestamp),
}

/// The screens of a node.
///
/// Bound: the screens with connections, and those that lost their last one within the grace period.
#[derive(Debug, Default)]
pub struct ScreenTracker(BTreeMap<ScreenKey, Screen>);

impl ScreenTracker {
    /// Adds a connection of a screen.
    pub fn enter(&mut self, place: ScreenKey, who: Identity) {
        let new = || Screen { who: who.clone(), connections: 0, left: None, is_held: false, drawn: None };
        let screen = self.0.entry(place).or_insert_with(new);
        screen.connections += 1;
        screen.left = None;
        if screen.who != who {
            (screen.who, screen.is_held) = (who, false);
        }
    }

    /// Removes a connection of a screen.
    pub fn leave(&mut self, place: &ScreenKey, now: Now) {
        let Some(screen) = self.0.get_mut(place) else { return };
        screen.connections = screen.connections.saturating_sub(1);
        if screen.connections == 0 {
            screen.left = Some(now);
        }
    }

    /// Records a receipt. Returns it if the screen has no connection to this node.
    pub fn draw(&mut self, Receipt { place, position, at, shows }: Receipt) -> Option<Receipt> {
        let Some(screen) = self.0.get_mut(&place) else { return Some(Receipt { place, position, at, shows }) };
        // An earlier receipt for another station does not count for this one.
        let before = screen.drawn.as_ref().filter(|(_, before, _)| *before == shows);
        let position = before.map_or(position, |(drawn, _, _)| position.max(*drawn));
        screen.drawn = Some((position, shows, at));
        None
    }

    /// Returns at most `limit` changes to report: new screens, and screens without a connection for
    /// the grace period. Drops screens that came and went unreported.
    pub fn due(&mut self, uptime: Timestamp, grace: Duration, limit: usize) -> Vec<(ScreenKey, LeaseChange)> {
        self.0.retain(|_, screen| screen.is_held || screen.connections > 0);
        let changes = self.0.iter().filter_map(|(place, screen)| Some((place.clone(), screen.change(uptime, grace)?)));
        changes.take(limit).collect()
    }

    /// Records that the log has taken a change.
    pub fn mark_reported(&mut self, place: &ScreenKey, change: &LeaseChange) {
        if let Some(screen) = self.0.get_mut(place) {
            screen.is_held = *change == LeaseChange::Hold(screen.who.clone());
        }
    }

    /// Records that the log no longer knows that this node holds these screens.
    pub fn mark_unheld(&mut self, places: &[ScreenKey]) {
        for place in places {
            if let Some(screen) = self.0.get_mut(place) {
                screen.is_held = false;
            }
        }
    }

    /// Returns the screens that the log knows this node to hold.
    #[must_use]
    pub fn held(&self) -> Vec<ScreenKey> {
        self.0.iter().filter(|(_, screen)| screen.is_held).map(|(place, _)| place.clone()).collect()
    }

    /// Removes and returns the receipts of screens that the log knows.
    pub fn take_receipts(&mut self) -> Vec<Receipt> {
        let known = self.0.iter_mut().filter(|(_, screen)| screen.is_held);
        let drawn = known.filter_map(|(place, screen)| Some((place, screen.drawn.take()?)));
        drawn.map(|(place, (position, shows, at))| Receipt { place: place.clone(), position, at, shows }).collect()
    }
}

impl Screen {
    fn change(&self, uptime: Timestamp, grace: Duration) -> Option<LeaseChange> {
        match self.left {
            None => (!self.is_held).then(|| LeaseChange::Hold(self.who.clone())),
            Some(left) => (self.is_held && uptime >= left.uptime.plus(grace)).then_some(LeaseChange::Lose(left.wall)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    const GRACE: Duration = Duration::from_secs(5);

    fn place(name: &str) -> ScreenKey {
        let restaurant = crate::domain::values::ids::RestaurantId::from_uuid(Uuid::nil());
        ScreenKey { restaurant, display: name.parse().unwrap() }
    }

    fn who(station: &str) -> Identity {
        Identity { device: None, station: station.parse().ok() }
    }

    fn now(second: i64) -> Now {
        Now { uptime: Timestamp::from_millis(second * 1000), wall: Timestamp::from_millis(1_000_000 + second * 1000) }
    }

    fn due(tracker: &mut ScreenTracker, second: i64) -> Vec<LeaseChange> {
        tracker.due(now(second).uptime, GRACE, 10).into_iter().map(|(_, change)| change).collect()
    }

    /// Reports all due changes.
    fn report(tracker: &mut ScreenTracker, second: i64) -> Vec<LeaseChange> {
        let changes = tracker.due(now(second).uptime, GRACE, 10);
        changes.iter().for_each(|(place, change)| tracker.mark_reported(place, change));
        changes.into_iter().map(|(_, change)| change).collect()
    }

    #[test]
    fn a_screen_is_reported_once_and_lost_after_the_grace_period() {
        let (mut tracker, grill) = (ScreenTracker::default(), place("grill"));
        tracker.enter(grill.clone(), who("hot"));
        assert_eq!(due(&mut tracker, 0), [LeaseChange::Hold(who("hot"))]);
        assert_eq!(due(&mut tracker, 0), [LeaseChange::Hold(who("hot"))], "until the log has taken it");
        report(&mut tracker, 0);
        assert_eq!((report(&mut tracker, 1), tracker.held()), (vec![], vec![grill.clone()]));
        tracker.leave(&grill, now(10));
        assert_eq!(report(&mut tracker, 14), []);
        assert_eq!(report(&mut tracker, 15), [LeaseChange::Lose(now(10).wall)]);
        assert_eq!((report(&mut tracker, 16), tracker.held()), (vec![], vec![]));
    }

    #[test]
    fn a_reload_and_the_end_of_one_connection_of_two_are_not_reported() {
        let (mut tracker, grill) = (ScreenTracker::default(), place("grill"));
        tracker.enter(grill.clone(), who("hot"));
        tracker.enter(grill.clone(), who("hot"));
        report(&mut tracker, 0);
        tracker.leave(&grill, now(1));
        assert_eq!(report(&mut tracker, 60), []);
        tracker.leave(&grill, now(61));
        assert_eq!(report(&mut tracker, 62), []);
        tracker.enter(grill, who("hot"));
        assert_eq!(report(&mut tracker, 120), []);
    }

    #[test]
    fn screens_are_reported_again_after_a_change_or_a_lost_lease() {
        let (mut tracker, grill) = (ScreenTracker::default(), place("grill"));
        tracker.enter(grill.clone(), who("hot"));
        report(&mut tracker, 0);
        tracker.mark_unheld(std::slice::from_ref(&grill));
        assert_eq!(report(&mut tracker, 1), [LeaseChange::Hold(who("hot"))]);
        tracker.enter(grill.clone(), who("cold"));
        assert_eq!(report(&mut tracker, 2), [LeaseChange::Hold(who("cold"))]);
        tracker.mark_reported(&grill, &LeaseChange::Hold(who("hot")));
        assert_eq!(report(&mut tracker, 3), [LeaseChange::Hold(who("cold"))], "the confirmation of an earlier change");
    }

    #[test]
    fn receipts_wait_for_the_report_of_the_screen_and_the_highest_counts() {
        let (mut tracker, grill) = (ScreenTracker::default(), place("grill"));
        let position = |number| Position::new(number).unwrap();
        tracker.enter(grill.clone(), who("hot"));
        for (drawn, second) in [(3, 1), (9, 2), (7, 3)] {
            let receipt = Receipt { place: grill.clone(), position: position(drawn), at: now(second).wall, shows: None };
            assert_eq!(tracker.draw(receipt), None);
        }
        let elsewhere = Receipt { place: place("pass"), position: position(3), at: now(3).wall, shows: None };
        assert_eq!(tracker.draw(elsewhere.clone()), Some(elsewhere));
        assert_eq!(tracker.take_receipts(), []);
        report(&mut tracker, 4);
        let expected = Receipt { place: grill.clone(), position: position(9), at: now(3).wall, shows: None };
        assert_eq!((tracker.take_receipts(), tracker.take_receipts()), (vec![expected], vec![]));
    }

    proptest! {
        #[test]
        fn in_the_end_the_log_has_exactly_the_connected_screens(
            moves in prop::collection::vec((0_u8..3, 0_u8..4, any::<bool>()), 0..80),
        ) {
            let mut tracker = ScreenTracker::default();
            let mut there = [0_u32; 3];
            for (second, (screen, change, heard)) in (0..).zip(&moves) {
                let at = place(&screen.to_string());
                let connections = &mut there[usize::from(*screen)];
                match change {
                    0 | 1 => { tracker.enter(at, who("hot")); *connections += 1; }
                    2 if *connections > 0 => { tracker.leave(&at, now(second)); *connections -= 1; }
                    _ => tracker.mark_unheld(&[at]),
                }
                if *heard { report(&mut tracker, second); }
            }
            report(&mut tracker, 1000);
            let expected: Vec<_> = (0..3).filter(|at| there[*at] > 0).map(|at| place(&at.to_string())).collect();
            prop_assert_eq!(tracker.held(), expected.clone());
            report(&mut tracker, 1001);
            prop_assert_eq!(tracker.0.into_keys().collect::<Vec<_>>(), expected);
        }
    }
}
