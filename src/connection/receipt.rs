//! Display receipts: what a kitchen screen has drawn.

use super::Services;
use crate::domain::position::Position;
use crate::domain::principal::Principal;
use crate::domain::time::Timestamp;
use crate::store::devices::Receipt;
use std::sync::Arc;
use std::time::Duration;

/// A screen's receipts are recorded at most this often.
pub const PERIOD: Duration = Duration::from_millis(500);

/// What a screen has drawn and is not recorded yet.
#[derive(Debug, Default)]
pub struct Drawn(Option<Position>);

impl Drawn {
    /// Notes that everything up to a position is drawn; says whether nothing waited to be recorded.
    pub fn note(&mut self, position: Position) -> bool {
        let was_empty = self.0.is_none();
        self.0 = self.0.max(Some(position));
        was_empty
    }

    /// The receipt for what waits. A screen that was not paired goes by its `sub`.
    pub fn take(&mut self, who: &Principal, at: Timestamp) -> Option<Receipt> {
        let position = self.0.take()?;
        let display = match who.device {
            Some(device) => device.to_string().parse().ok()?,
            None => who.sub.clone(),
        };
        let name = who.station.as_ref().map_or("kitchen", |station| station.as_str()).parse().ok()?;
        Some(Receipt { restaurant: who.restaurant, display, name, station: who.station.clone(), position, at })
    }
}

/// Records it. One that is lost is made up for by the next.
pub async fn record(services: Arc<Services>, receipt: Receipt) {
    match services.directory.store().record_seen(&receipt).await {
        Ok(()) => drop(services.metrics.seen.inc()),
        Err(error) => log::warn!(error:% = error; "cannot record what a screen has drawn"),
    }
}
