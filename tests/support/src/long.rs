//! The usual form of these tests is minutes for all of them; the long one (`scripts/soak`) does everything more often.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Between two lines of progress.
const OFTEN: Duration = Duration::from_secs(5);

/// How many times the usual number: `ORDERBELL_TEST_FACTOR`, one when nobody says otherwise.
pub fn factor() -> usize {
    std::env::var("ORDERBELL_TEST_FACTOR").map_or(1, |text| text.parse().expect("a factor is a number"))
}

/// How often a round is repeated.
pub fn rounds(usual: usize) -> usize {
    usual * factor()
}

/// Says in the long form how far a test is, every few seconds.
pub fn progress(what: &str, done: usize, of: usize) {
    static SAID: Mutex<Option<Instant>> = Mutex::new(None);
    let mut said = SAID.lock().unwrap();
    if factor() > 1 && said.is_none_or(|said| said.elapsed() >= OFTEN) {
        *said = Some(Instant::now());
        // On a line of its own: the name of the test may stand on the one before.
        eprintln!("\n… {what}: {done} of {of}");
    }
}
