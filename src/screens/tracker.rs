//! The kitchen screens that are connected to this node, pure: who comes and goes, and what there is to tell of it.

use crate::domain::model::principal::Principal;
use crate::domain::values::ids::DeviceId;
use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, Station};
use crate::domain::values::time::Timestamp;
use crate::store::screens::{Receipt, ScreenKey};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a token says of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The paired device, whose name its row has.
    pub device: Option<DeviceId>,
    /// The station it is bound to.
    pub station: Option<Station>,
}

/// The screen that a principal speaks for: a paired device goes by its id, a token made by hand by its `sub`.
#[must_use]
pub fn place(who: &Principal) -> ScreenKey {
    let device = who.device.and_then(|device| device.to_string().parse::<Key>().ok());
    ScreenKey { restaurant: who.restaurant, display: device.unwrap_or_else(|| who.sub.clone()) }
}

/// One moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The clock that nobody sets: what the grace counts by.
    pub uptime: Timestamp,
    /// The clock on the wall: what people read.
    pub wall: Timestamp,
}

#[derive(Debug)]
struct Screen {
    who: Who,
    /// Its connections to this node.
    visits: u32,
    /// When the last of them ended.
    left: Option<Now>,
    /// The log knows that this node holds it.
    is_held: bool,
    /// Drawn, and not recorded yet.
    drawn: Option<(Position, Option<Station>, Timestamp)>,
}

/// Something to tell the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseChange {
    /// This node holds the screen.
    Hold(Who),
    /// It holds it no more, since its last connection ended at this time.
    Lose(Timestamp),
}

/// The screens of a node; as many as have connections, and those that have lost them a little while ago.
#[derive(Debug, Default)]
pub struct ScreenTracker(BTreeMap<ScreenKey, Screen>);

impl ScreenTracker {
    /// A connection of a screen begins.
    pub fn enter(&mut self, place: ScreenKey, who: Who) {
        let new = || Screen { who: who.clone(), visits: 0, left: None, is_held: false, drawn: None };
        let screen = self.0.entry(place).or_insert_with(new);
        screen.visits += 1;
        screen.left = None;
        if screen.who != who {
            (screen.who, screen.is_held) = (who, false);
        }
    }

    /// A connection of it has ended.
    pub fn leave(&mut self, place: &ScreenKey, now: Now) {
        let Some(screen) = self.0.get_mut(place) else { return };
        screen.visits = screen.visits.saturating_sub(1);
        if screen.visits == 0 {
            screen.left = Some(now);
        }
    }

    /// It has drawn what the receipt says. Gives the receipt back when the screen is not here.
    pub fn draw(&mut self, Receipt { place, position, at, shows }: Receipt) -> Option<Receipt> {
        let Some(screen) = self.0.get_mut(&place) else { return Some(Receipt { place, position, at, shows }) };
        // What it has drawn of another station is not drawn of this one.
        let before = screen.drawn.as_ref().filter(|(_, before, _)| *before == shows);
        let position = before.map_or(position, |(drawn, _, _)| position.max(*drawn));
        screen.drawn = Some((position, shows, at));
        None
    }

    /// What is to be told now, at most `limit`: of each screen that came and is not told of, and of each that has been
    /// away for the grace. One that came and went untold is forgotten.
    pub fn due(&mut self, uptime: Timestamp, grace: Duration, limit: usize) -> Vec<(ScreenKey, LeaseChange)> {
        self.0.retain(|_, screen| screen.is_held || screen.visits > 0);
        let deeds = self.0.iter().filter_map(|(place, screen)| Some((place.clone(), screen.deed(uptime, grace)?)));
        deeds.take(limit).collect()
    }

    /// The log knows that this node holds it, as `who` says, or that it does not.
    pub fn told(&mut self, place: &ScreenKey, deed: &LeaseChange) {
        if let Some(screen) = self.0.get_mut(place) {
            screen.is_held = *deed == LeaseChange::Hold(screen.who.clone());
        }
    }

    /// The log does not know any more that this node holds these.
    pub fn forgotten(&mut self, places: &[ScreenKey]) {
        for place in places {
            if let Some(screen) = self.0.get_mut(place) {
                screen.is_held = false;
            }
        }
    }

    /// The screens that the log knows this node to hold.
    #[must_use]
    pub fn held(&self) -> Vec<ScreenKey> {
        self.0.iter().filter(|(_, screen)| screen.is_held).map(|(place, _)| place.clone()).collect()
    }

    /// Takes what was drawn, of screens that the log knows.
    pub fn take_receipts(&mut self) -> Vec<Receipt> {
        let known = self.0.iter_mut().filter(|(_, screen)| screen.is_held);
        let drawn = known.filter_map(|(place, screen)| Some((place, screen.drawn.take()?)));
        drawn.map(|(place, (position, shows, at))| Receipt { place: place.clone(), position, at, shows }).collect()
    }
}

impl Screen {
    fn deed(&self, uptime: Timestamp, grace: Duration) -> Option<LeaseChange> {
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

    fn who(station: &str) -> Who {
        Who { device: None, station: station.parse().ok() }
    }

    fn now(second: i64) -> Now {
        Now { uptime: Timestamp::from_millis(second * 1000), wall: Timestamp::from_millis(1_000_000 + second * 1000) }
    }

    fn due(roster: &mut ScreenTracker, second: i64) -> Vec<LeaseChange> {
        roster.due(now(second).uptime, GRACE, 10).into_iter().map(|(_, deed)| deed).collect()
    }

    /// Does all that is due, as if the log took it.
    fn tell(roster: &mut ScreenTracker, second: i64) -> Vec<LeaseChange> {
        let deeds = roster.due(now(second).uptime, GRACE, 10);
        deeds.iter().for_each(|(place, deed)| roster.told(place, deed));
        deeds.into_iter().map(|(_, deed)| deed).collect()
    }

    #[test]
    fn a_screen_is_told_once_and_lost_after_the_grace() {
        let (mut roster, grill) = (ScreenTracker::default(), place("grill"));
        roster.enter(grill.clone(), who("hot"));
        assert_eq!(due(&mut roster, 0), [LeaseChange::Hold(who("hot"))]);
        assert_eq!(due(&mut roster, 0), [LeaseChange::Hold(who("hot"))], "until the log has taken it");
        tell(&mut roster, 0);
        assert_eq!((tell(&mut roster, 1), roster.held()), (vec![], vec![grill.clone()]));
        roster.leave(&grill, now(10));
        assert_eq!(tell(&mut roster, 14), []);
        assert_eq!(tell(&mut roster, 15), [LeaseChange::Lose(now(10).wall)]);
        assert_eq!((tell(&mut roster, 16), roster.held()), (vec![], vec![]));
    }

    #[test]
    fn a_reload_is_not_told_nor_one_connection_of_two() {
        let (mut roster, grill) = (ScreenTracker::default(), place("grill"));
        roster.enter(grill.clone(), who("hot"));
        roster.enter(grill.clone(), who("hot"));
        tell(&mut roster, 0);
        roster.leave(&grill, now(1));
        assert_eq!(tell(&mut roster, 60), []);
        roster.leave(&grill, now(61));
        assert_eq!(tell(&mut roster, 62), []);
        roster.enter(grill, who("hot"));
        assert_eq!(tell(&mut roster, 120), []);
    }

    #[test]
    fn what_the_log_has_forgotten_or_what_has_changed_is_told_again() {
        let (mut roster, grill) = (ScreenTracker::default(), place("grill"));
        roster.enter(grill.clone(), who("hot"));
        tell(&mut roster, 0);
        roster.forgotten(std::slice::from_ref(&grill));
        assert_eq!(tell(&mut roster, 1), [LeaseChange::Hold(who("hot"))]);
        roster.enter(grill.clone(), who("cold"));
        assert_eq!(tell(&mut roster, 2), [LeaseChange::Hold(who("cold"))]);
        roster.told(&grill, &LeaseChange::Hold(who("hot")));
        assert_eq!(tell(&mut roster, 3), [LeaseChange::Hold(who("cold"))], "an answer to what was said before");
    }

    #[test]
    fn receipts_wait_for_the_screen_to_be_known_and_the_last_one_counts() {
        let (mut roster, grill) = (ScreenTracker::default(), place("grill"));
        let position = |number| Position::new(number).unwrap();
        roster.enter(grill.clone(), who("hot"));
        for (drawn, second) in [(3, 1), (9, 2), (7, 3)] {
            let receipt = Receipt { place: grill.clone(), position: position(drawn), at: now(second).wall, shows: None };
            assert_eq!(roster.draw(receipt), None);
        }
        let elsewhere = Receipt { place: place("pass"), position: position(3), at: now(3).wall, shows: None };
        assert_eq!(roster.draw(elsewhere.clone()), Some(elsewhere));
        assert_eq!(roster.take_receipts(), []);
        tell(&mut roster, 4);
        let wanted = Receipt { place: grill.clone(), position: position(9), at: now(3).wall, shows: None };
        assert_eq!((roster.take_receipts(), roster.take_receipts()), (vec![wanted], vec![]));
    }

    proptest! {
        #[test]
        fn in_the_end_the_log_knows_who_is_there_and_nothing_is_kept_of_who_is_not(
            moves in prop::collection::vec((0_u8..3, 0_u8..4, any::<bool>()), 0..80),
        ) {
            let mut roster = ScreenTracker::default();
            let mut there = [0_u32; 3];
            for (second, (screen, deed, heard)) in (0..).zip(&moves) {
                let at = place(&screen.to_string());
                let visits = &mut there[usize::from(*screen)];
                match deed {
                    0 | 1 => { roster.enter(at, who("hot")); *visits += 1; }
                    2 if *visits > 0 => { roster.leave(&at, now(second)); *visits -= 1; }
                    _ => roster.forgotten(&[at]),
                }
                if *heard { tell(&mut roster, second); }
            }
            tell(&mut roster, 1000);
            let wanted: Vec<_> = (0..3).filter(|at| there[*at] > 0).map(|at| place(&at.to_string())).collect();
            prop_assert_eq!(roster.held(), wanted.clone());
            tell(&mut roster, 1001);
            prop_assert_eq!(roster.0.into_keys().collect::<Vec<_>>(), wanted);
        }
    }
}
