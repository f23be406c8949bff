//! The check that the database accepts writes: a probe when nothing was committed for a while, and
//! immediately after a failed commit. `/readyz` reports the result.

use crate::clock;
use crate::store::{SharedStore, WriteFaults};
use crate::telemetry::Metrics;
use std::time::Duration;

/// The period of checks.
const PACE: Duration = Duration::from_secs(1);
/// The number of checks between two probes of an idle, healthy node.
const IDLE: u32 = 10;
/// The bytes of a probe after a failure: as many as the largest order, so that a disk with less
/// space still counts as full.
const LARGE: usize = 64 * 1024;
/// The successive probes that change the verdict. After a failed commit, one suffices.
const IN_A_ROW: u32 = 2;

/// Probes until the process ends.
pub async fn watch(store: SharedStore, metrics: Metrics) {
    let mut verdict = Verdict::default();
    metrics.database_writable.set(1);
    loop {
        tokio::time::sleep(PACE).await;
        let faults = store.write_faults();
        let Some(bytes) = verdict.next_probe(faults.count(), faults.committed()) else { continue };
        let is_written = store.probe_write(bytes, clock::now()).await.is_ok();
        let was_failing = verdict.is_failing;
        verdict.record(is_written, faults.count());
        if verdict.is_failing != was_failing {
            report(faults, &metrics, verdict.is_failing);
        }
    }
}

fn report(faults: &WriteFaults, metrics: &Metrics, is_failing: bool) {
    faults.set_standing(is_failing);
    metrics.database_writable.set(i64::from(!is_failing));
    match is_failing {
        true => log::error!(cause = faults.last(); "the database accepts no writes; this node is not ready"),
        false => log::info!("the database accepts writes again"),
    }
}

/// The verdict of the probes, pure.
#[derive(Debug, Default)]
struct Verdict {
    is_failing: bool,
    /// Successive outcomes that contradict the verdict.
    against: u32,
    quiet: u32,
    failed: u64,
    committed: u64,
    /// Whether other commits have failed since the last probe.
    is_suspicious: bool,
}

impl Verdict {
    /// Returns the bytes of a probe that is due now. `failed` and `committed` count commits since
    /// the start.
    fn next_probe(&mut self, failed: u64, committed: u64) -> Option<usize> {
        self.is_suspicious = failed != self.failed;
        let is_busy = committed != self.committed;
        (self.failed, self.committed) = (failed, committed);
        if self.is_suspicious || self.is_failing || self.against > 0 {
            return Some(LARGE);
        }
        self.quiet = if is_busy { 0 } else { self.quiet + 1 };
        (self.quiet >= IDLE).then_some(0)
    }

    /// Records the outcome of a probe. `failed` includes it.
    fn record(&mut self, is_written: bool, failed: u64) {
        self.quiet = 0;
        self.failed = failed;
        if is_written != self.is_failing {
            self.against = 0;
            return;
        }
        self.against += 1;
        if self.against >= IN_A_ROW || (!is_written && self.is_suspicious) {
            (self.is_failing, self.against) = (!self.is_failing, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_node_probes_periodically_and_a_busy_one_never() {
        let mut verdict = Verdict::default();
        let probes = (0..30).filter(|_| verdict.next_probe(0, 0).inspect(|_| verdict.record(true, 0)).is_some()).count();
        assert_eq!(probes, 3);
        let mut verdict = Verdict::default();
        assert!((1..100).all(|commits| verdict.next_probe(0, commits).is_none()));
    }

    #[test]
    fn one_probe_confirms_a_failed_commit_but_not_a_failed_probe() {
        let mut verdict = Verdict::default();
        assert_eq!(verdict.next_probe(1, 0), Some(LARGE));
        verdict.record(true, 1);
        assert!(!verdict.is_failing, "one commit failed and the next did not");
        assert_eq!(verdict.next_probe(2, 0), Some(LARGE));
        verdict.record(false, 3);
        assert!(verdict.is_failing);

        let mut verdict = Verdict::default();
        verdict.record(false, 1);
        assert!(!verdict.is_failing);
        assert_eq!(verdict.next_probe(1, 0), Some(LARGE));
        verdict.record(false, 2);
        assert!(verdict.is_failing);
    }

    #[test]
    fn a_database_that_accepts_every_other_write_is_failing() {
        let mut verdict = Verdict { is_failing: true, ..Verdict::default() };
        for is_written in [true, false, true, false] {
            assert_eq!(verdict.next_probe(0, 0), Some(LARGE));
            verdict.record(is_written, 0);
            assert!(verdict.is_failing);
        }
        for _ in 0..2 {
            verdict.record(true, 0);
        }
        assert!(!verdict.is_failing);
    }
}
