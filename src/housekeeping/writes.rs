//! Whether the database takes writes: a probe of its own when nothing else was committed for a while, and at once when a
//! commit has failed. `/readyz` tells the result.

use crate::clock;
use crate::store::{SharedStore, WriteFaults};
use crate::telemetry::Metrics;
use std::time::Duration;

/// How often to look.
const PACE: Duration = Duration::from_secs(1);
/// Looks between two probes of an idle node that is well.
const IDLE: u32 = 10;
/// Bytes of a probe after a failure: as many as the largest order, so that a disk with place for less is still full.
const LARGE: usize = 64 * 1024;
/// Probes in a row that change the verdict. After a failed commit a single one confirms it.
const IN_A_ROW: u32 = 2;

/// Probes for as long as the node lives.
pub async fn watch(store: SharedStore, metrics: Metrics) {
    let mut verdict = Verdict::default();
    metrics.database_writable.set(1);
    loop {
        tokio::time::sleep(PACE).await;
        let faults = store.write_faults();
        let Some(bytes) = verdict.look(faults.count(), faults.committed()) else { continue };
        let is_written = store.probe_write(bytes, clock::now()).await.is_ok();
        let was_standing = verdict.is_standing;
        verdict.hear(is_written, faults.count());
        if verdict.is_standing != was_standing {
            tell(faults, &metrics, verdict.is_standing);
        }
    }
}

fn tell(faults: &WriteFaults, metrics: &Metrics, is_standing: bool) {
    faults.set_standing(is_standing);
    metrics.database_writable.set(i64::from(!is_standing));
    match is_standing {
        true => log::error!(cause = faults.last(); "the database takes no writes, this node is not ready"),
        false => log::info!("the database takes writes again"),
    }
}

/// What probes have shown. Pure.
#[derive(Debug, Default)]
struct Verdict {
    is_standing: bool,
    /// Outcomes in a row that speak against the verdict.
    against: u32,
    quiet: u32,
    failed: u64,
    committed: u64,
    /// Commits of others have failed since the last probe.
    is_suspicious: bool,
}

impl Verdict {
    /// Whether to probe now, and with how many bytes. `failed` and `committed` count commits since the start.
    fn look(&mut self, failed: u64, committed: u64) -> Option<usize> {
        self.is_suspicious = failed != self.failed;
        let is_busy = committed != self.committed;
        (self.failed, self.committed) = (failed, committed);
        if self.is_suspicious || self.is_standing || self.against > 0 {
            return Some(LARGE);
        }
        self.quiet = if is_busy { 0 } else { self.quiet + 1 };
        (self.quiet >= IDLE).then_some(0)
    }

    /// Takes an outcome in; `failed` counts it.
    fn hear(&mut self, is_written: bool, failed: u64) {
        self.quiet = 0;
        self.failed = failed;
        if is_written != self.is_standing {
            self.against = 0;
            return;
        }
        self.against += 1;
        if self.against >= IN_A_ROW || (!is_written && self.is_suspicious) {
            (self.is_standing, self.against) = (!self.is_standing, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_node_probes_now_and_then_and_a_busy_one_never() {
        let mut verdict = Verdict::default();
        let probes = (0..30).filter(|_| verdict.look(0, 0).inspect(|_| verdict.hear(true, 0)).is_some()).count();
        assert_eq!(probes, 3);
        let mut verdict = Verdict::default();
        assert!((1..100).all(|commits| verdict.look(0, commits).is_none()));
    }

    #[test]
    fn a_failed_commit_is_confirmed_at_once_and_a_lone_failed_probe_is_not() {
        let mut verdict = Verdict::default();
        assert_eq!(verdict.look(1, 0), Some(LARGE));
        verdict.hear(true, 1);
        assert!(!verdict.is_standing, "one commit failed and the next did not");
        assert_eq!(verdict.look(2, 0), Some(LARGE));
        verdict.hear(false, 3);
        assert!(verdict.is_standing);

        let mut verdict = Verdict::default();
        verdict.hear(false, 1);
        assert!(!verdict.is_standing);
        assert_eq!(verdict.look(1, 0), Some(LARGE));
        verdict.hear(false, 2);
        assert!(verdict.is_standing);
    }

    #[test]
    fn a_database_that_takes_one_write_and_refuses_the_next_is_not_well() {
        let mut verdict = Verdict { is_standing: true, ..Verdict::default() };
        for is_written in [true, false, true, false] {
            assert_eq!(verdict.look(0, 0), Some(LARGE));
            verdict.hear(is_written, 0);
            assert!(verdict.is_standing);
        }
        for _ in 0..2 {
            verdict.hear(true, 0);
        }
        assert!(!verdict.is_standing);
    }
}
