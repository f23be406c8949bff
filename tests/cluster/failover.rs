//! The primary of PostgreSQL is lost under load, and is replaced by its synchronous standby. The nodes know both servers from
//! their URL, and switch by themselves.

use crate::load::Load;
use crate::test_cluster::TestCluster;
use crate::watcher::{on_each_node, settle};
use std::time::{Duration, Instant};
use support::long::{progress, rounds};
use support::postgres::{Cluster, Loss};
use support::{PATIENCE, eventually};
use tokio::task::block_in_place;

/// The longest time from the promotion to the next acknowledgement.
const RECOVERY: Duration = Duration::from_secs(20);

/// Loses the primary, and kills some of the two nodes, which start again after the promotion. A node that stays up confirms
/// that the standby has everything.
async fn fail_over(how: Loss, killed: usize) {
    let (times, mut acknowledged, mut longest) = (rounds(1), 0, Duration::ZERO);
    for time in 0..times {
        progress("failovers", time, times);
        let mut primary = block_in_place(Cluster::start);
        let standby = primary.standby().await;
        let url = primary.database().await.replace(&primary.authority(), &both(&primary, &standby, time));
        let mut cluster = TestCluster::open_on(&url, 2, None, &["--head-comparison-s", "1"]).await;
        let watchers = on_each_node(&cluster).await;
        let load = Load::start(&cluster, 4, Duration::from_millis(10));
        tokio::time::sleep(Duration::from_secs(1)).await;
        block_in_place(|| primary.lose(how));
        for node in &mut cluster.nodes[..killed] {
            node.kill().await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        standby.promote().await;
        let promoted = Instant::now();
        for number in 0..killed {
            cluster.restart(number).await;
        }
        for node in &cluster.nodes {
            let anybody = node.anybody();
            let probe = || async { (anybody.get("/readyz").await.status == 200).then_some(()) };
            eventually("/readyz after a failover", PATIENCE, probe).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let work = load.stop().await;
        for seen in settle(&cluster, &work, watchers).await {
            let snapshots = seen.room.types().into_iter().filter(|kind| *kind == "snapshot").count();
            assert_eq!(snapshots, 1, "nothing was lost, so no screen starts over");
        }
        let after = work.done.iter().map(|done| done.at).filter(|at| *at > promoted).min().expect("commands are acknowledged");
        longest = longest.max(after - promoted);
        acknowledged += work.done.len();
    }
    println!(
        "{times} × the primary is lost ({how:?}), {killed} of two nodes killed with it, and its standby promoted: {acknowledged} commands \
         acknowledged, the next one within {longest:.1?} of the promotion, 0 lost, 0 doubled, no snapshot"
    );
    assert!(longest < RECOVERY, "{longest:?}");
}

/// Returns the servers for a URL, with the standby first every other time.
fn both(primary: &Cluster, standby: &Cluster, time: usize) -> String {
    let [one, other] = [primary.authority(), standby.authority()];
    if time.is_multiple_of(2) { format!("{other},{one}") } else { format!("{one},{other}") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_switch_to_the_standby_of_a_killed_primary() {
    fail_over(Loss::Killed, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_switch_to_the_standby_of_a_hanging_primary() {
    fail_over(Loss::Hung, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_switch_to_the_standby_of_a_primary_that_was_shut_down() {
    fail_over(Loss::ShutDown, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stays_up_confirms_that_the_standby_has_everything() {
    fail_over(Loss::Killed, 1).await;
}
