//! The short and the long form of a test: in the usual form all of them take minutes, and the long form (`scripts/soak`)
//! repeats everything more often.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The time between two lines of progress.
const OFTEN: Duration = Duration::from_secs(5);

/// Returns the factor of the long form from `ORDERBELL_TEST_FACTOR`, one by default.
pub fn factor() -> usize {
    std::env::var("ORDERBELL_TEST_FACTOR").map_or(1, |text| text.parse().expect("a factor is a number"))
}

/// Returns the number of rounds: the usual one times the factor.
pub fn rounds(usual: usize) -> usize {
    usual * factor()
}

/// Prints the progress of a test in the long form, every few seconds.
pub fn progress(what: &str, done: usize, of: usize) {
    static SAID: Mutex<Option<Instant>> = Mutex::new(None);
    let mut said = SAID.lock().unwrap();
    if factor() > 1 && said.is_none_or(|said| said.elapsed() >= OFTEN) {
        *said = Some(Instant::now());
        // Begin a new line: the test's name may be on the current one.
        eprintln!("\n… {what}: {done} of {of}");
    }
}
