//! A simulation of the pure cores together: the fold of commands, the outbox and its messages, the sequencer, members, tail and
//! frames of rooms, the state of connections, the comparison of histories, and clients that follow the cursor rule. Nodes die,
//! the database and Redis go away, the database comes back without its last commits, announcements are lost, repeated and
//! reordered, connections are cut and slow. The actors around the cores are modelled, with their queues and waits. Time and chance
//! come from a seed, so a failure can be repeated with its seed.
//!
//! At every frame the simulation checks that a client with access to a room gets each event once, in order, without a gap, as
//! committed in one history. At the end it checks that each state is the fold of the log, and that each command was answered
//! and took effect once.
//!
//! `ORDERBELL_TEST_SEEDS=10000` runs more seeds (`scripts/simulate`), and `ORDERBELL_TEST_SEED=7` prints the run of one.

mod chance;
mod client;
mod connection;
mod database;
mod feed;
mod histories;
mod node;
mod room;
mod rules;
mod world;

use rules::Rule;
use std::time::Instant;
use world::{Sum, World};

/// The seeds of an ordinary run.
const SEEDS: u64 = 200;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Returns the number of seeds of this run.
fn seeds() -> u64 {
    number("ORDERBELL_TEST_SEEDS").unwrap_or(SEEDS)
}

#[test]
fn under_any_faults_every_client_gets_each_event_once_in_order() {
    if let Some(seed) = number("ORDERBELL_TEST_SEED") {
        return println!("{}", World::tell(seed, None));
    }
    let begun = Instant::now();
    let mut total = Sum::default();
    for seed in 0..seeds() {
        let sum = World::run(seed, None);
        let sum = sum.unwrap_or_else(|fault| panic!("seed {seed} fails {fault}; ORDERBELL_TEST_SEED={seed} prints its run"));
        total = total.plus(sum);
    }
    println!("{} seeds, {total:?}, {:.1} s", seeds(), begun.elapsed().as_secs_f64());
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..3 {
        assert_eq!(World::tell(seed, Some(Rule::Sequence)), World::tell(seed, Some(Rule::Sequence)));
        assert_eq!(World::run(seed, None), World::run(seed, None));
    }
}

#[test]
fn the_simulation_detects_each_broken_rule() {
    let mut missed = Vec::new();
    for rule in Rule::ALL {
        let mut tried = rule.seed()..rule.seed() + seeds();
        match tried.find_map(|seed| World::run(seed, Some(rule)).err().map(|fault| (seed, fault))) {
            Some((seed, fault)) => println!("{rule:?}: seed {seed}, {fault:.150}"),
            None => missed.push(rule),
        }
    }
    assert_eq!(missed, []);
}
