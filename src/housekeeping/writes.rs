//! The check that the database accepts writes. It writes a probe when nothing was committed for a while, when a commit failed
//! or was slow, or when commits are running but none of them ends. `/readyz` reports the result.

use crate::clock;
use crate::store::{SharedStore, WriteFaults};
use crate::telemetry::Metrics;
use std::time::Duration;
use tokio::time::timeout;

/// The period of checks.
const PACE: Duration = Duration::from_secs(1);
/// The period of checks while the database accepts no writes.
const FAILING_PACE: Duration = Duration::from_millis(250);
/// The longest that a probe may take. A slower one counts as failed.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest time by which a probe that has exceeded [`PATIENCE`] may delay the next check. The store's own deadline ends
/// such a probe earlier.
const LATE: Duration = Duration::from_secs(30);
/// The number of checks between two probes of an idle, healthy node.
const IDLE: u32 = 10;
/// The size in bytes of a probe after a failure or a suspicion. It is the size of the largest order, so that the probe fails
/// if the disk has no space for such an order.
const LARGE: usize = 64 * 1024;
/// The number of successive probes that have to contradict the verdict to change it. After a failed commit, one failed probe
/// is enough.
const IN_A_ROW: u32 = 2;
/// The upper limit of [`Verdict::needed`], which doubles with each relapse.
const MOST_IN_A_ROW: u32 = 32;
/// A failure is a relapse if fewer checks than this have passed since the last one ended.
const RELAPSE: u32 = 60;

/// Probes until the process ends.
pub async fn watch(store: SharedStore, metrics: Metrics) {
    let mut verdict = Verdict::default();
    metrics.database_writable.set(1);
    loop {
        tokio::time::sleep(if verdict.is_failing { FAILING_PACE } else { PACE }).await;
        let faults = store.write_faults();
        let Some(bytes) = verdict.next_probe(Counts::of(faults)) else { continue };
        faults.forget_cause();
        let mut probe = store.probe_write(bytes, clock::now());
        let in_time = timeout(PATIENCE, &mut probe).await.ok();
        if in_time.is_none() {
            faults.blame_time();
        }
        let was_failing = verdict.is_failing;
        verdict.record(in_time.as_ref().is_some_and(Result::is_ok), faults.count());
        if verdict.is_failing != was_failing {
            report(faults, &metrics, verdict.is_failing);
        }
        if in_time.is_none() {
            // Another probe would only occupy a second connection, and wait there for the same database.
            let _ = timeout(LATE, probe).await;
            verdict.failed = faults.count();
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

/// Counts of writes since the start.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    failed: u64,
    committed: u64,
    begun: u64,
    ended: u64,
}

impl Counts {
    fn of(faults: &WriteFaults) -> Self {
        let (begun, ended) = faults.begun_and_ended();
        Self { failed: faults.count(), committed: faults.committed(), begun, ended }
    }
}

/// The verdict of the probes, pure.
#[derive(Debug)]
struct Verdict {
    is_failing: bool,
    /// Successive outcomes that contradict the verdict.
    against: u32,
    quiet: u32,
    failed: u64,
    before: Counts,
    /// Whether, since the last check, a write other than a probe failed or was slow, or writes were running and none ended.
    is_suspicious: bool,
    /// The number of successive successful probes that end the current failure.
    needed: u32,
    /// Checks since the last failure ended.
    healthy: u32,
}

impl Default for Verdict {
    fn default() -> Self {
        let (before, is_failing, is_suspicious) = (Counts::default(), false, false);
        Self { is_failing, against: 0, quiet: 0, failed: 0, before, is_suspicious, needed: IN_A_ROW, healthy: RELAPSE }
    }
}

impl Verdict {
    /// Returns the size in bytes of the probe that is due now; `None` if none is due.
    fn next_probe(&mut self, counts: Counts) -> Option<usize> {
        let is_stuck = self.before.begun > self.before.ended && counts.ended == self.before.ended;
        self.is_suspicious = is_stuck || counts.failed != self.failed;
        let is_busy = counts.committed != self.before.committed;
        (self.failed, self.before) = (counts.failed, counts);
        self.healthy = self.healthy.saturating_add(1);
        if self.is_suspicious || self.is_failing || self.against > 0 {
            return Some(LARGE);
        }
        self.quiet = if is_busy { 0 } else { self.quiet + 1 };
        (self.quiet >= IDLE).then_some(0)
    }

    /// Records the outcome of a probe. `failed` is the count of failed writes, as read after the probe.
    fn record(&mut self, is_written: bool, failed: u64) {
        self.quiet = 0;
        self.failed = failed;
        if is_written != self.is_failing {
            self.against = 0;
            return;
        }
        self.against += 1;
        let needed = if self.is_failing { self.needed } else { IN_A_ROW };
        if self.against >= needed || (!is_written && self.is_suspicious) {
            self.turn();
        }
    }

    /// Changes the verdict. A failure soon after the last one takes more successes to end, so that a node with a bad connection
    /// to its database does not keep switching between ready and not ready.
    fn turn(&mut self) {
        (self.is_failing, self.against) = (!self.is_failing, 0);
        if self.is_failing {
            self.needed = if self.healthy < RELAPSE { (self.needed * 2).min(MOST_IN_A_ROW) } else { IN_A_ROW };
        }
        self.healthy = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts of writes that all have ended.
    fn counts(failed: u64, committed: u64) -> Counts {
        Counts { failed, committed, ..Counts::default() }
    }

    #[test]
    fn an_idle_node_probes_periodically_and_a_busy_one_never() {
        let mut verdict = Verdict::default();
        let probes = (0..30).filter(|_| verdict.next_probe(counts(0, 0)).inspect(|_| verdict.record(true, 0)).is_some()).count();
        assert_eq!(probes, 3);
        let mut verdict = Verdict::default();
        assert!((1..100).all(|commits| verdict.next_probe(counts(0, commits)).is_none()));
    }

    #[test]
    fn the_verdict_changes_with_one_failed_probe_after_a_failed_commit_and_with_two_otherwise() {
        let mut verdict = Verdict::default();
        assert_eq!(verdict.next_probe(counts(1, 0)), Some(LARGE));
        verdict.record(true, 1);
        assert!(!verdict.is_failing, "one commit failed, but the probe after it succeeded");
        assert_eq!(verdict.next_probe(counts(2, 0)), Some(LARGE));
        verdict.record(false, 3);
        assert!(verdict.is_failing);

        let mut verdict = Verdict::default();
        verdict.record(false, 1);
        assert!(!verdict.is_failing);
        assert_eq!(verdict.next_probe(counts(1, 0)), Some(LARGE));
        verdict.record(false, 2);
        assert!(verdict.is_failing);
    }

    #[test]
    fn writes_are_suspicious_only_if_none_of_them_ends() {
        let mut verdict = Verdict::default();
        for check in 0..5 {
            let flowing = Counts { begun: check + 3, ended: check, committed: check + 1, failed: 0 };
            assert_eq!(verdict.next_probe(flowing), None);
        }
        let stuck = Counts { begun: 9, ended: 4, committed: 5, failed: 0 };
        assert_eq!(verdict.next_probe(stuck), Some(LARGE));
        verdict.record(false, 0);
        assert!(verdict.is_failing, "no write ends, and the probe fails");
    }

    #[test]
    fn each_relapse_takes_more_successes_to_end_until_a_calm_period_resets_their_number() {
        let mut verdict = Verdict::default();
        let mut failed = 0;
        let mut fall_and_rise = |verdict: &mut Verdict| {
            failed += 1;
            verdict.next_probe(counts(failed, 0));
            verdict.record(false, failed);
            assert!(verdict.is_failing);
            (1..).find(|_| {
                verdict.next_probe(counts(failed, 0));
                verdict.record(true, failed);
                !verdict.is_failing
            })
        };
        let successes: Vec<_> = (0..7).filter_map(|_| fall_and_rise(&mut verdict)).collect();
        assert_eq!(successes, [2, 4, 8, 16, 32, 32, 32]);
        for _ in 0..RELAPSE {
            verdict.next_probe(counts(7, 0));
        }
        assert_eq!(fall_and_rise(&mut verdict), Some(2));
    }

    #[test]
    fn a_database_that_accepts_every_other_write_is_failing() {
        let mut verdict = Verdict { is_failing: true, ..Verdict::default() };
        for is_written in [true, false, true, false] {
            assert_eq!(verdict.next_probe(counts(0, 0)), Some(LARGE));
            verdict.record(is_written, 0);
            assert!(verdict.is_failing);
        }
        for _ in 0..2 {
            verdict.record(true, 0);
        }
        assert!(!verdict.is_failing);
    }
}
