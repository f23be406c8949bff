//! The `HeadChecker` actor: compares the positions of feeds with the heads of the log, off the
//! event path.

use super::messages::{CompareNow, Pace};
use super::registry::FeedRegistry;
use crate::domain::model::history::Known;
use crate::domain::values::ids::RestaurantId;
use crate::store;
use actix::prelude::*;
use std::collections::HashMap;
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
        let is_known = which == CompareNow::Known;
        let is_all = !matches!(which, CompareNow::Of(_));
        if let Some(next) = self.next.take_if(|_| is_all) {
            ctx.cancel_future(next);
        }
        let feeds = self.feeds.clone();
        let comparison = async move { compare(&feeds, which).await };
        ctx.spawn(comparison.into_actor(self).map(move |compared, checker, ctx| {
            checker.compared(is_all, ctx);
            if let Err(error) = compared {
                log::warn!(error:% = error; "cannot compare the heads of feeds; will try again");
                if is_known {
                    ctx.run_later(HURRIED, |checker, ctx| checker.compare(CompareNow::Known, ctx));
                }
            }
        }));
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

    /// Compares each feed for which a comparison is requested.
    fn await_doubts(&mut self, ctx: &mut Context<Self>) {
        let histories = self.feeds.histories().clone();
        let doubted = async move { histories.doubted().await };
        ctx.spawn(doubted.into_actor(self).map(|doubted, checker, ctx| {
            checker.compare(CompareNow::Of(doubted), ctx);
            checker.await_doubts(ctx);
        }));
    }

    /// Compares all known feeds if connections now lead to another database than before.
    fn await_reconnects(&mut self, ctx: &mut Context<Self>) {
        let store = self.feeds.store().clone();
        let reconnected = async move { store.reconnected().await };
        ctx.spawn(reconnected.into_actor(self).map(|(), checker, ctx| {
            checker.compare(CompareNow::Known, ctx);
            checker.await_reconnects(ctx);
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
        (Some(CompareNow::Known), _) | (_, CompareNow::Known) => CompareNow::Known,
        _ => CompareNow::All,
    }
}

async fn compare(feeds: &FeedRegistry, which: CompareNow) -> store::Result<()> {
    let is_known = which == CompareNow::Known;
    let restaurants = match which {
        CompareNow::Known => feeds.histories().restaurants(),
        CompareNow::All => feeds.restaurants(),
        CompareNow::Of(restaurants) => restaurants,
    };
    for chunk in restaurants.chunks(CHUNK) {
        compare_chunk(feeds, chunk).await?;
    }
    // This node has already compared what it knows with the database that it reaches now.
    if is_known && feeds.store().is_moved().await? {
        feeds.store().record_origin(false).await?;
    }
    Ok(())
}

/// Compares feeds with the log. A feed that is behind reads the rest; one whose history was rewritten
/// ends.
async fn compare_chunk(feeds: &FeedRegistry, restaurants: &[RestaurantId]) -> store::Result<()> {
    let histories = feeds.histories();
    // A feed of which nothing is known yet reads its own head.
    let known: HashMap<_, _> = restaurants.iter().filter_map(|id| Some((*id, histories.get(*id)?))).collect();
    let of = |(restaurant, known): (&RestaurantId, &Known)| {
        let restaurant = *restaurant;
        known.positions().map(move |position| (restaurant, position)).collect::<Vec<_>>()
    };
    let asked: Vec<_> = known.iter().flat_map(of).collect();
    for (restaurant, head) in feeds.store().heads(&asked).await? {
        let Some(known) = known.get(&restaurant) else { continue };
        match histories.judge(restaurant, known, &head).await? {
            None => feeds.report_head(restaurant, head.last.position),
            Some(_) => feeds.end(restaurant),
        }
    }
    Ok(())
}

impl Actor for HeadChecker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.schedule(ctx);
        self.await_doubts(ctx);
        self.await_reconnects(ctx);
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
