//! Abuse: a thousand clients use a restaurant while an attacker abuses it. For each kind of abuse, prints how well the clients
//! were served during the hostile calls and during as many harmless calls, on a new server with its own core.
//!
//! `scripts/abuse [SECONDS] [MIX…]` runs it. `--no-limits` removes the configurable limits, as a control.
#![allow(missing_docs)] // a program

mod good;
mod hostile;
mod http;
mod server;

use good::{Crowd, Figures};
use hostile::{Mix, Target};
use server::Server;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::LocalSet;

/// The server's limit on descriptors: enough for one and a half times the normal load.
const DESCRIPTORS: u32 = 4096;
/// The largest allowed ratio of the normal load's p99 during the attack to that during harmless calls.
const RATIO: f64 = 2.0;
/// The largest allowed growth of resident memory.
const GROWTH: u64 = 50 * 1024 * 1024;

/// Settings that remove the limits on guests and strangers.
const NO_LIMITS: &str = include_str!("no_limits.txt");

struct Options {
    span: Duration,
    mixes: Vec<Mix>,
    has_limits: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options { span: Duration::from_secs(10), mixes: Vec::new(), has_limits: true };
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            // `cargo bench` adds this argument.
            "--bench" => {}
            "--no-limits" => options.has_limits = false,
            text => match (text.parse(), Mix::ALL.into_iter().find(|mix| mix.name() == text)) {
                (Ok(seconds), _) => options.span = Duration::from_secs(seconds),
                (_, Some(mix)) => options.mixes.push(mix),
                _ => return Err(format!("{text} is neither a number of seconds nor one of {}", names())),
            },
        }
    }
    if options.mixes.is_empty() {
        options.mixes = Mix::ALL.to_vec();
    }
    Ok(options)
}

fn names() -> String {
    Mix::ALL.map(Mix::name).join(", ")
}

/// The result of one mix.
struct Row {
    harmless: Figures,
    hostile: Figures,
    growth: u64,
    lost: usize,
    faults: u64,
    is_running: bool,
    answers: BTreeMap<String, u64>,
}

async fn measure(mix: Mix, options: &Options) -> Result<Row, Box<dyn Error>> {
    let mut flags: Vec<String> = mix.flags().iter().map(ToString::to_string).collect();
    if !options.has_limits {
        flags.extend(NO_LIMITS.lines().flat_map(|line| line.split_whitespace().map(str::to_owned)));
    }
    let mut server = Server::start(&flags, DESCRIPTORS).await?;
    let crowd = Crowd::join(&server).await?;
    let target = Target::prepare(mix, &server).await?;
    // Warm up: the first commands, and the first of every call.
    tokio::join!(crowd.work(Duration::from_secs(2)), target.run(false, Duration::from_secs(2)));
    let (harmless, _) = tokio::join!(crowd.work(options.span), target.run(false, options.span));
    let before = server.resident();
    let highest = Rc::new(Cell::new(before));
    let (hostile, answers) = {
        let watching = async {
            loop {
                highest.set(highest.get().max(server.resident()));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let work = async { tokio::join!(crowd.work(options.span), target.run(true, options.span)) };
        tokio::select! { figures = work => figures, () = watching => unreachable!("it watches for ever") }
    };
    target.release();
    let (lost, faults) = crowd.settle().await;
    let is_running = server.is_running();
    Ok(Row { harmless, hostile, growth: highest.get() - before, lost, faults, is_running, answers })
}

/// Returns a percentile of the times, in milliseconds.
fn percentile(micros: &[u64], percent: usize) -> f64 {
    let mut sorted = micros.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(f64::NAN, |micros| *micros as f64 / 1000.0)
}

/// Prints a row. Returns whether the normal load was served within the bounds.
fn print(mix: Mix, row: &Row) -> bool {
    let ratio = |harmless: &[u64], hostile: &[u64]| {
        let (harmless, hostile) = (percentile(harmless, 99), percentile(hostile, 99));
        (format!("{harmless:.1} → {hostile:.1} ({:.1}×)", hostile / harmless), hostile / harmless)
    };
    let (commands, command_ratio) = ratio(&row.harmless.commands, &row.hostile.commands);
    let (deliveries, delivery_ratio) = ratio(&row.harmless.deliveries, &row.hostile.deliveries);
    let (newcomers, newcomer_ratio) = ratio(&row.harmless.newcomers, &row.hostile.newcomers);
    let refused: u64 = row.hostile.refused.values().sum();
    let growth = row.growth as f64 / 1024.0 / 1024.0;
    println!(
        "| {} | {commands} | {deliveries} | {newcomers} | {refused} | {growth:.0} | {} | {} |",
        mix.name(),
        row.lost,
        row.faults
    );
    let mut notes = vec![format!("answers {:?}", row.answers)];
    notes.extend(row.hostile.refused.iter().map(|(what, count)| format!("{count} × {what}")));
    notes.extend(row.harmless.refused.iter().map(|(what, count)| format!("beside harmless calls: {count} × {what}")));
    notes.extend((!row.is_running).then(|| "the server ended".to_owned()));
    eprintln!("  {}: {}", mix.name(), notes.join("; "));
    let is_fast = [command_ratio, delivery_ratio, newcomer_ratio].into_iter().all(|ratio| ratio <= RATIO);
    is_fast && refused == 0 && row.growth <= GROWTH && row.lost == 0 && row.faults == 0 && row.is_running
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("abuse: {problem}");
            return ExitCode::FAILURE;
        }
    };
    println!("| beside | command p99 ms | event p99 ms | newcomer p99 ms | refused | MB more | lost | out of order |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut failed = Vec::new();
    for mix in &options.mixes {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return ExitCode::FAILURE;
        };
        let outcome = LocalSet::new().block_on(&runtime, measure(*mix, &options));
        let is_good = match outcome {
            Ok(row) => print(*mix, &row),
            Err(error) => {
                println!("| {} | could not be measured: {error} |", mix.name());
                false
            }
        };
        if !is_good {
            failed.push(mix.name());
        }
    }
    if failed.is_empty() {
        println!("every mix: normal load within {RATIO}×, none refused, nothing lost, at most 50 MB more");
        return ExitCode::SUCCESS;
    }
    println!("not within the bounds: {}", failed.join(", "));
    ExitCode::FAILURE
}
