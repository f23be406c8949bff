//! The `HeadChecker` actor: compares what feeds have with what the log has, off the event path.

use super::messages::{CompareNow, Pace};
use super::registry::FeedRegistry;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::store;
use actix::prelude::*;
use std::time::Duration;

/// Feeds compared in one query.
const CHUNK: usize = 500;
/// How often heads are compared while announcements are not known to arrive.
const HURRIED: Duration = Duration::from_secs(2);
/// How often it is looked at whether feeds found something in the log that nobody announced.
const LOOK: Duration = Duration::from_secs(1);
/// How many comparisons are hurried after such a find.
const UNEASY: u32 = 30;
/// How long after one comparison the next may begin that somebody asked for.
const REST: Duration = Duration::from_millis(100);

/// One per node. On a period, and when asked, it reads the heads of all feeds that live here, in one query per [`CHUNK`],
/// and tells each how far the log reaches; a feed that is behind reads the rest. This is what makes every announcement
/// optional. Where feeds do find something, announcements have been lost, by whatever cause, and it compares more often
/// for a while. Requests that come while it reads are served together by one further read, begun after them.
pub struct HeadChecker {
    directory: FeedRegistry,
    period: Duration,
    pace: Pace,
    /// Repairs of feeds that it knows of.
    repairs: u64,
    /// Comparisons that are still to be hurried on their account.
    uneasy: u32,
    is_comparing: bool,
    /// What was asked for while it compared.
    asked: Option<CompareNow>,
    next: Option<SpawnHandle>,
}

impl HeadChecker {
    /// Compares every `period`; more often while it is told to hurry.
    #[must_use]
    pub const fn new(directory: FeedRegistry, period: Duration) -> Self {
        Self { directory, period, pace: Pace::Steady, repairs: 0, uneasy: 0, is_comparing: false, asked: None, next: None }
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
        let directory = self.directory.clone();
        let comparison = async move {
            let restaurants = match which {
                CompareNow::All => directory.restaurants(),
                CompareNow::Of(restaurants) => restaurants,
            };
            for chunk in restaurants.chunks(CHUNK) {
                tell(&directory, directory.store().heads(chunk).await);
            }
        };
        ctx.spawn(comparison.into_actor(self).map(move |(), registry, ctx| registry.compared(is_all, ctx)));
    }

    fn compared(&mut self, is_all: bool, ctx: &mut Context<Self>) {
        self.is_comparing = false;
        if is_all {
            self.uneasy = self.uneasy.saturating_sub(1);
            self.schedule(ctx);
        }
        if self.asked.is_some() {
            ctx.run_later(REST, |registry, ctx| {
                if let Some(asked) = registry.asked.take() {
                    registry.compare(asked, ctx);
                }
            });
        }
    }

    /// The next comparison of all, a period after the last.
    fn schedule(&mut self, ctx: &mut Context<Self>) {
        let wait = match (self.pace, self.uneasy) {
            (Pace::Steady, 0) => self.period,
            _ => HURRIED.min(self.period),
        };
        self.next = Some(ctx.run_later(wait, |registry, ctx| {
            registry.next = None;
            registry.compare(CompareNow::All, ctx);
        }));
    }

    /// Begins to hurry when feeds have found what nobody announced.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let repairs = self.directory.metrics().feed_repairs.get();
        if std::mem::replace(&mut self.repairs, repairs) != repairs {
            let is_leisurely = std::mem::replace(&mut self.uneasy, UNEASY) == 0 && self.pace == Pace::Steady;
            if let Some(next) = self.next.take_if(|_| is_leisurely) {
                ctx.cancel_future(next);
                self.schedule(ctx);
            }
        }
    }
}

/// One request for what two ask.
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

fn tell(directory: &FeedRegistry, heads: store::Result<Vec<(RestaurantId, Position)>>) {
    match heads {
        Ok(heads) => heads.into_iter().for_each(|(restaurant, head)| directory.tell_head(restaurant, head)),
        Err(error) => log::warn!(error:% = error; "cannot compare the heads of feeds, will try again"),
    }
}

impl Actor for HeadChecker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.schedule(ctx);
        ctx.run_interval(LOOK, Self::look);
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
