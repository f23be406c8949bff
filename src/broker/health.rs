//! The health of Redis, for `/readyz`, `/metrics`, the log (once for each change) and the
//! comparison of heads, which is more frequent while Redis is unhealthy.

use crate::feed::{HeadChecker, Pace};
use crate::telemetry::Metrics;
use actix::Addr;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A direction of messages between nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From this node to others.
    Publishing,
    /// From others to this node.
    Hearing,
}

/// The health of both directions and of other nodes. Cheap to clone.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    head_checker: Addr<HeadChecker>,
    metrics: Metrics,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct State {
    publishing: bool,
    hearing: bool,
    /// Whether any other node is silent.
    has_silent_peer: bool,
    /// The health last reported; `None` before the first report.
    reported: Option<bool>,
}

impl State {
    /// Records the health of a direction. Returns the overall health if it has to be reported.
    fn record(&mut self, direction: Direction, is_up: bool) -> Option<bool> {
        *match direction {
            Direction::Publishing => &mut self.publishing,
            Direction::Hearing => &mut self.hearing,
        } = is_up;
        let is_healthy = self.publishing && self.hearing;
        // Report nothing if one direction works while the other is still connecting for the first time.
        let is_changed = if is_up && !is_healthy { false } else { self.reported != Some(is_healthy) };
        is_changed.then(|| *self.reported.insert(is_healthy))
    }
}

impl Health {
    /// Starts unhealthy, so that heads are compared more often until both directions work.
    #[must_use]
    pub fn new(head_checker: Addr<HeadChecker>, metrics: Metrics) -> Self {
        let health = Self(Arc::new(Inner { state: Mutex::default(), head_checker, metrics }));
        health.pace();
        health
    }

    /// Whether both directions are known to work.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        let state = self.state();
        state.publishing && state.hearing
    }

    /// Marks a direction as working.
    pub(super) fn mark_up(&self, direction: Direction) {
        if self.record(direction, true).is_some() {
            log::info!("redis is healthy; events cross nodes at once");
            self.pace();
        }
    }

    /// Marks a direction as broken.
    pub(super) fn mark_down(&self, direction: Direction, reason: &dyn Display) {
        if self.record(direction, false).is_some() {
            let direction = match direction {
                Direction::Publishing => "publishing",
                Direction::Hearing => "hearing",
            };
            log::warn!(direction, reason:%; "redis is not healthy; feeds compare their heads every two seconds");
            self.pace();
        }
    }

    /// Records whether all known other nodes publish.
    pub(super) fn set_peers(&self, are_heard: bool) {
        let had_silent_peer = std::mem::replace(&mut self.state().has_silent_peer, !are_heard);
        if had_silent_peer == are_heard {
            match are_heard {
                true => log::info!("all other nodes publish again"),
                false => log::info!("another node has ended or cannot publish; feeds compare their heads every two seconds"),
            }
            self.pace();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, direction: Direction, is_up: bool) -> Option<bool> {
        self.state().record(direction, is_up)
    }

    fn pace(&self) {
        let (is_healthy, has_silent_peer) = (self.is_healthy(), self.state().has_silent_peer);
        self.0.metrics.redis_healthy.set(is_healthy.into());
        // `do_send` is safe here, since each change sends only one message.
        self.0.head_checker.do_send(if is_healthy && !has_silent_peer { Pace::Steady } else { Pace::Hurried });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_reported_once() {
        let mut state = State::default();
        let mut reported = Vec::new();
        for (direction, is_up) in [
            (Direction::Publishing, true),
            (Direction::Hearing, true),
            (Direction::Hearing, true),
            (Direction::Hearing, false),
            (Direction::Publishing, false),
            (Direction::Publishing, false),
            (Direction::Publishing, true),
            (Direction::Hearing, true),
        ] {
            reported.extend(state.record(direction, is_up));
        }
        assert_eq!(reported, [true, false, true]);
    }

    #[test]
    fn a_redis_that_is_down_at_the_start_is_reported() {
        let mut state = State::default();
        assert_eq!((state.record(Direction::Publishing, false), state.record(Direction::Hearing, false)), (Some(false), None));
    }
}
