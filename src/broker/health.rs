//! Whether Redis does its part: known to `/readyz`, `/metrics`, the log (once for each change) and the registry, which
//! compares heads more often while it does not.

use crate::feed::{HeadChecker, Pace};
use crate::telemetry::Metrics;
use actix::Addr;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One half of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What this node tells others.
    Publishing,
    /// What it hears from them.
    Hearing,
}

/// What is known. Cheap to clone.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    registry: Addr<HeadChecker>,
    metrics: Metrics,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct State {
    publishing: bool,
    hearing: bool,
    /// Some other node is silent.
    is_lonely: bool,
    /// What was last told; nothing at first, so that the first finding is told whatever it is.
    told: Option<bool>,
}

impl State {
    /// Takes what one half has found; gives what is to be told when that changes.
    fn find(&mut self, half: Direction, is_well: bool) -> Option<bool> {
        *match half {
            Direction::Publishing => &mut self.publishing,
            Direction::Hearing => &mut self.hearing,
        } = is_well;
        let is_healthy = self.publishing && self.hearing;
        // One half that works while the other is still connecting for the first time is no news.
        let is_news = if is_well && !is_healthy { false } else { self.told != Some(is_healthy) };
        is_news.then(|| *self.told.insert(is_healthy))
    }
}

impl Health {
    /// Not healthy until both halves are; the registry hurries until then.
    #[must_use]
    pub fn new(registry: Addr<HeadChecker>, metrics: Metrics) -> Self {
        let health = Self(Arc::new(Inner { state: Mutex::default(), registry, metrics }));
        health.pace();
        health
    }

    /// Whether what this node publishes and hears is known to arrive.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        let state = self.state();
        state.publishing && state.hearing
    }

    /// One half works.
    pub(super) fn well(&self, half: Direction) {
        if self.find(half, true).is_some() {
            log::info!("redis is healthy, events cross nodes at once");
            self.pace();
        }
    }

    /// One half does not.
    pub(super) fn ill(&self, half: Direction, reason: &dyn Display) {
        if self.find(half, false).is_some() {
            let half = match half {
                Direction::Publishing => "publishing",
                Direction::Hearing => "hearing",
            };
            log::warn!(half, reason:%; "redis is not healthy, feeds compare their heads every two seconds meanwhile");
            self.pace();
        }
    }

    /// Whether all other nodes that have been heard of publish.
    pub(super) fn peers(&self, are_heard: bool) {
        let was_lonely = std::mem::replace(&mut self.state().is_lonely, !are_heard);
        if was_lonely == are_heard {
            match are_heard {
                true => log::info!("all other nodes are heard again"),
                false => log::info!("another node has ended or cannot publish, feeds compare their heads every two seconds"),
            }
            self.pace();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, half: Direction, is_well: bool) -> Option<bool> {
        self.state().find(half, is_well)
    }

    fn pace(&self) {
        let (is_healthy, is_lonely) = (self.is_healthy(), self.state().is_lonely);
        self.0.metrics.redis_healthy.set(is_healthy.into());
        // Not fan-out: one message a change.
        self.0.registry.do_send(if is_healthy && !is_lonely { Pace::Steady } else { Pace::Hurried });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once() {
        let mut state = State::default();
        let mut told = Vec::new();
        for (half, is_well) in [
            (Direction::Publishing, true),
            (Direction::Hearing, true),
            (Direction::Hearing, true),
            (Direction::Hearing, false),
            (Direction::Publishing, false),
            (Direction::Publishing, false),
            (Direction::Publishing, true),
            (Direction::Hearing, true),
        ] {
            told.extend(state.find(half, is_well));
        }
        assert_eq!(told, [true, false, true]);
    }

    #[test]
    fn a_redis_that_is_away_at_the_start_is_told() {
        let mut state = State::default();
        assert_eq!((state.find(Direction::Publishing, false), state.find(Direction::Hearing, false)), (Some(false), None));
    }
}
