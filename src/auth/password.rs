//! Passwords: Argon2id with OWASP's parameters, on threads of low priority, a bounded number at a time.

use super::password_policy::{Hints, LENGTH, WeakPassword, check_strength, normalized};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Kibibytes of memory for one hash (OWASP Password Storage Cheat Sheet: m=19456, t=2, p=1).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// The most hashes at a time: each takes a core and 19 MiB. A node with one core computes one at a
/// time.
const CONCURRENT: usize = 2;
/// How long an idle thread is kept.
const KEPT: Duration = Duration::from_secs(600);
/// The niceness of a thread that hashes (`setpriority(2)`), so that orders go first when all cores
/// are busy.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
/// How long a sign-in waits for its turn before it is refused.
const PATIENCE: Duration = Duration::from_secs(10);
/// The hash to check for an unknown person, so that the time of the answer reveals nothing. No
/// password has this hash.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password was not hashed or not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has 8 to 128 characters")]
    Length,
    /// Easy to guess.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// Too many at once. The caller may try again later.
    #[error("too many sign-ins at once")]
    Busy,
    /// Hashing failed.
    #[error("the password could not be hashed")]
    Failed,
}

/// Hashes and checks passwords. Cheap to clone; clones share the bound.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    patience: Duration,
    threads: Arc<Threads>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let at_once = cores.min(CONCURRENT);
        Self { turns: Arc::new(Semaphore::new(at_once)), patience: PATIENCE, threads: Arc::new(Threads::new(at_once)) }
    }
}

/// Threads of low priority that do nothing but hash, since on Linux a thread cannot raise its
/// priority again. An idle one keeps the memory of a hash for [`KEPT`]. `None` if they could
/// not be started.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Threads {
    fn new(count: usize) -> Self {
        let mut builder = Builder::new_current_thread();
        builder.max_blocking_threads(count).thread_keep_alive(KEPT).thread_name("password").on_thread_start(lower_priority);
        Self(builder.build().ok())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

impl Passwords {
    /// Hashes a password that somebody chose, in PHC form. Refuses one that is easy to guess.
    ///
    /// # Errors
    /// `Length`; `Weak`; `Busy` after [`PATIENCE`].
    pub async fn hash_new(&self, password: SecretString, hints: Hints) -> Result<SecretString, PasswordError> {
        let password = fitting(&password)?;
        self.in_turn(move || {
            check_strength(&password, &hints)?;
            hash(&password)
        })
        .await
    }

    /// Hashes a password in PHC form without checking its strength: a random one, or a public one
    /// of the demo.
    ///
    /// # Errors
    /// `Length`; `Busy` after [`PATIENCE`].
    pub async fn hash(&self, password: SecretString) -> Result<SecretString, PasswordError> {
        let password = fitting(&password)?;
        self.in_turn(move || hash(&password)).await
    }

    /// Returns whether a password has this hash. Without a hash (an unknown person), returns false
    /// after the same work. Tries the password as typed, too: older versions hashed it without
    /// normalization.
    ///
    /// # Errors
    /// `Busy` after [`PATIENCE`].
    pub async fn verify(&self, password: SecretString, hash: Option<SecretString>) -> Result<bool, PasswordError> {
        let Some(normal) = normalized(&password) else { return Ok(false) };
        let is_normal = normal.expose_secret() == password.expose_secret();
        let forms = if is_normal { vec![normal] } else { vec![normal, password] };
        self.in_turn(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODY.into());
            let hasher = hasher()?;
            let fits =
                |form: &SecretString| hasher.verify_password(form.expose_secret().as_bytes(), hash.expose_secret()).is_ok();
            Ok(forms.iter().any(fits) && known)
        })
        .await
    }

    /// Runs work on a thread when its turn comes.
    ///
    /// Cancel safety: the turn ends with the work, even if the caller stops waiting.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let threads = self.threads.0.as_ref().ok_or(PasswordError::Failed)?;
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await;
        let turn: OwnedSemaphorePermit = turn.map_err(|_| PasswordError::Busy)?.map_err(|_| PasswordError::Busy)?;
        let task = threads.spawn_blocking(move || {
            let outcome = work();
            drop(turn);
            outcome
        });
        task.await.map_err(|_| PasswordError::Failed)?
    }
}

/// Lowers the priority of this thread. Systems other than Linux would lower that of the whole
/// process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// Normalizes a new password, and checks its length.
fn fitting(password: &SecretString) -> Result<SecretString, PasswordError> {
    let fits = |password: &SecretString| LENGTH.contains(&password.expose_secret().chars().count());
    normalized(password).filter(fits).ok_or(PasswordError::Length)
}

fn hash(password: &SecretString) -> Result<SecretString, PasswordError> {
    let hash = hasher()?.hash_password(password.expose_secret().as_bytes()).map_err(|_| PasswordError::Failed)?;
    Ok(hash.to_string().into())
}

fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| PasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_salted_names_its_parameters_and_matches_only_its_password() {
        let passwords = Passwords::default();
        let hash = passwords.hash("staff-demo".into()).await.unwrap();
        let again = passwords.hash("staff-demo".into()).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(hash.expose_secret(), again.expose_secret());
        assert_eq!(passwords.verify("staff-demo".into(), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.verify("Staff-demo".into(), Some(hash)).await, Ok(false));
    }

    #[tokio::test]
    async fn a_sign_in_of_an_unknown_person_costs_the_same_work() {
        let known = Passwords::default().hash("password".into()).await.unwrap();
        let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parameters(NOBODY), parameters(known.expose_secret()));
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODY).is_ok(), "an unreadable hash would cost no work");
        assert_eq!(Passwords::default().verify("password".into(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn lengths_are_counted_in_characters() {
        let passwords = Passwords::default();
        assert_eq!(passwords.hash("1234567".into()).await.unwrap_err(), PasswordError::Length);
        assert_eq!(passwords.hash("é".repeat(129).into()).await.unwrap_err(), PasswordError::Length);
        assert!(passwords.hash("é".repeat(128).into()).await.is_ok());
        assert_eq!(passwords.verify("x".repeat(129).into(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_password_works_in_any_composition_and_one_from_before_normalization_still_works() {
        let passwords = Passwords::default();
        let (composed, typed) = ("caf\u{e9} noir 12", "cafe\u{301} noir 12");
        let old = hash(&typed.into()).unwrap();
        assert_eq!(passwords.verify(typed.into(), Some(old)).await, Ok(true));
        let new = passwords.hash(typed.into()).await.unwrap();
        assert_eq!(passwords.verify(typed.into(), Some(new.clone())).await, Ok(true));
        assert_eq!(passwords.verify(composed.into(), Some(new)).await, Ok(true));
    }

    #[tokio::test]
    async fn a_check_that_gets_no_turn_in_time_is_refused() {
        let passwords = Passwords { patience: Duration::from_millis(20), ..Passwords::default() };
        let _both = Arc::clone(&passwords.turns).acquire_many_owned(2).await.unwrap();
        assert_eq!(passwords.verify("password".into(), None).await, Err(PasswordError::Busy));
    }
}
