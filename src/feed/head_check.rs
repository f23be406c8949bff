//! The `HeadChecker` actor: compares the positions of feeds with the heads of the log, off the
//! event path.

use super::messages::{CompareNow, Pace};
use super::registry::FeedRegistry;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::store;
use actix::prelude::*;
use std::time::Duration;

/// Feeds compared in one query.
const CHUNK: usize = 500;
/// The period of comparisons while announcements may not arrive.
const HURRIED: Duration = Duration::from_secs(2);
/// The period of checks for repairs: feeds that found unannounced events in the log.
const REPAIR_CHECK: Duration = Duration::from_secs(1);
/// The number of hurried comparisons after a repair.
const HURRIED_AFTER_REPAIR: u32 = 30;
/// The least time between a comparison and a requested one.
const REST: Duration = Duration::from_millis(100);

/// The comparison of heads, one for each node. Periodically and on request, it reads the heads of
/// all feeds on this node, in one query per [`CHUNK`], and sends each feed the head of its log; a
/// feed that is behind reads the rest. So no announcement has to arrive. If feeds do find
/// unannounced events, announcements were lost, and it compares more often for a while. Requests
/// during a comparison share one further comparison, which begins after them.
pub struct HeadChecker {
    feeds: FeedRegistry,
    period: Duration,
    pace: Pace,
    /// The feeds' repairs at the last check.
    repairs: u64,
    /// Hurried comparisons left after a repair.
    hurried_left: u32,
    is_comparing: bool,
    /// The request that arrived during a comparison.
    asked: Option<CompareNow>,
    next: Option<SpawnHandle>,
}

impl HeadChecker {
    /// Compares once every `period`, and more often while hurried.
    #[must_use]
    pub const fn new(feeds: FeedRegistry, period: Duration) -> Self {
        Self { feeds, period, pace: Pace::Steady, repairs: 0, hurried_left: 0, is_comparing: false, asked: None, next: None }
    }

    fn compare(&mut self, which: CompareNow, ctx: &mut Context<Self>) {
        if self.is_comparing || self.asked.is_some() {
            self.asked = Some(merge(self.asked.take(), which));
            return;
        }
        self.is_comparing = true;
        let is_all = which == CompareNow::All;
        if let Some(next) = self.next.take_if(|_| is_all) {
            ctx.cancel_future(next);
        }
        let feeds = self.feeds.clone();
        let comparison = async move {
            let restaurants = match which {
                CompareNow::All => feeds.restaurants(),
                CompareNow::Of(restaurants) => restaurants,
            };
            for chunk in restaurants.chunks(CHUNK) {
                report(&feeds, feeds.store().heads(chunk).await);
            }
        };
        ctx.spawn(comparison.into_actor(self).map(move |(), checker, ctx| checker.compared(is_all, ctx)));
    }

    fn compared(&mut self, is_all: bool, ctx: &mut Context<Self>) {
        self.is_comparing = false;
        if is_all {
            self.hurried_left = self.hurried_left.saturating_sub(1);
            self.schedule(ctx);
        }
        if self.asked.is_some() {
            ctx.run_later(REST, |checker, ctx| {
                if let Some(asked) = checker.asked.take() {
                    checker.compare(asked, ctx);
                }
            });
        }
    }

    /// Schedules the next comparison of all feeds.
    fn schedule(&mut self, ctx: &mut Context<Self>) {
        let wait = match (self.pace, self.hurried_left) {
            (Pace::Steady, 0) => self.period,
            _ => HURRIED.min(self.period),
        };
        self.next = Some(ctx.run_later(wait, |checker, ctx| {
            checker.next = None;
            checker.compare(CompareNow::All, ctx);
        }));
    }

    /// Starts to hurry if feeds have repaired themselves.
    fn check_repairs(&mut self, ctx: &mut Context<Self>) {
        let repairs = self.feeds.metrics().feed_repairs.get();
        if std::mem::replace(&mut self.repairs, repairs) != repairs {
            let is_leisurely = std::mem::replace(&mut self.hurried_left, HURRIED_AFTER_REPAIR) == 0 && self.pace == Pace::Steady;
            if let Some(next) = self.next.take_if(|_| is_leisurely) {
                ctx.cancel_future(next);
                self.schedule(ctx);
            }
        }
    }
}

/// Merges two requests into one.
fn merge(one: Option<CompareNow>, other: CompareNow) -> CompareNow {
    match (one, other) {
        (None, other) => other,
        (Some(CompareNow::Of(mut one)), CompareNow::Of(other)) => {
            one.extend(other);
            CompareNow::Of(one)
        }
        _ => CompareNow::All,
    }
}

fn report(feeds: &FeedRegistry, heads: store::Result<Vec<(RestaurantId, Position)>>) {
    match heads {
        Ok(heads) => heads.into_iter().for_each(|(restaurant, head)| feeds.report_head(restaurant, head)),
        Err(error) => log::warn!(error:% = error; "cannot compare the heads of feeds; will try again"),
    }
}

impl Actor for HeadChecker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.schedule(ctx);
        ctx.run_interval(REPAIR_CHECK, Self::check_repairs);
    }
}

impl Handler<CompareNow> for HeadChecker {
    type Result = ();
    fn handle(&mut self, which: CompareNow, ctx: &mut Context<Self>) {
        self.compare(which, ctx);
    }
}

impl Handler<Pace> for HeadChecker {
    type Result = ();
    fn handle(&mut self, pace: Pace, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.pace, pace) != pace && pace == Pace::Hurried {
            self.compare(CompareNow::All, ctx);
        }
    }
}
