//! The `FeedRegistry` actor: compares what feeds have with what the log has, off the event path.

use super::directory::Directory;
use crate::domain::ids::RestaurantId;
use crate::domain::position::Position;
use crate::store;
use actix::prelude::*;
use std::time::Duration;

/// Feeds compared in one query.
const CHUNK: usize = 500;

/// One per node. On a period it reads the heads of all feeds that live here, in one query per [`CHUNK`], and tells each
/// how far the log reaches; a feed that is behind reads the rest. This is what makes every announcement optional.
pub struct FeedRegistry {
    directory: Directory,
    period: Duration,
}

impl FeedRegistry {
    /// Compares every `period`.
    #[must_use]
    pub const fn new(directory: Directory, period: Duration) -> Self {
        Self { directory, period }
    }

    fn compare(&mut self, ctx: &mut Context<Self>) {
        let directory = self.directory.clone();
        let comparison = async move {
            for chunk in directory.restaurants().chunks(CHUNK) {
                tell(&directory, directory.store().heads(chunk).await);
            }
        };
        ctx.spawn(comparison.into_actor(self).map(|(), registry, ctx| {
            ctx.run_later(registry.period, Self::compare);
        }));
    }
}

fn tell(directory: &Directory, heads: store::Result<Vec<(RestaurantId, Position)>>) {
    match heads {
        Ok(heads) => heads.into_iter().for_each(|(restaurant, head)| directory.tell_head(restaurant, head)),
        Err(error) => log::warn!(error:% = error; "cannot compare the heads of feeds, will try again"),
    }
}

impl Actor for FeedRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_later(self.period, Self::compare);
    }
}
