//! Sessions: a secret in, a pair of tokens out. How a kitchen screen gets its session is beside this, in `pairing`, and how
//! a session goes on in `renewal`.

use super::ended::EndedSessions;
use super::failures::Failures;
use super::password::{PasswordError, Passwords};
use super::token::{Issuer, TokenAnswer, TokenError};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::text::InvalidText;
use crate::store::accounts::Restaurant;
use crate::store::{SharedStore, StoreError};
use crate::telemetry::Metrics;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long things live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// An access token.
    pub access: Duration,
    /// A diner's session: a long evening at one table.
    pub diner: Duration,
    /// The session of a member of the staff.
    pub staff: Duration,
    /// The session of a kitchen screen, which has no keyboard to sign in with.
    pub kitchen: Duration,
    /// How long a session of staff may go without a renewal. An open page renews its tokens by itself.
    pub staff_idle: Duration,
    /// The session of a POS, which has its API key to begin another.
    pub service: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access: Duration::from_secs(15 * 60),
            diner: DAY / 2,
            staff: 30 * DAY,
            staff_idle: 7 * DAY,
            kitchen: 180 * DAY,
            service: 30 * DAY,
        }
    }
}

impl Lifetimes {
    pub(super) const fn session(&self, role: Role) -> Duration {
        match role {
            Role::Diner => self.diner,
            Role::Kitchen => self.kitchen,
            Role::Staff | Role::Manager => self.staff,
            Role::Service => self.service,
        }
    }
}

/// Why no tokens were given out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The restaurant, the name, the password or the API key is wrong; which one is not said.
    #[error("nobody signs in with this; check the restaurant, the name and the password, or the API key")]
    BadCredentials,
    /// The password is right, and a code of the person's second factor is missing.
    #[error("send a code of your authenticator app, or a recovery code, as totp")]
    CodeRequired,
    /// The code is not one of this moment, or it was used.
    #[error("this code is wrong, or was used; wait for the next one")]
    WrongCode,
    /// There is no second factor that waits for its first code.
    #[error("no second factor waits for its first code; begin one")]
    NothingToConfirm,
    /// A manager removes another's second factor, and their own only with a code.
    #[error("remove your own second factor in your account, with a code")]
    OwnSecondFactor,
    /// The current password of somebody in a session is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The owner of this session has not proved their password recently enough for a sensitive action.
    #[error("confirm your password for this: send it to /api/v1/people/me/confirmation, and the same again")]
    ConfirmPassword,
    /// People change their own password with the one they have.
    #[error("change your own password in your account, with the one you have: PUT /api/v1/people/me/password")]
    OwnPassword,
    /// The principal did not sign in with a password.
    #[error("only people who sign in with a password have an account")]
    NoAccount,
    /// Too many wrong passwords or codes were sent in this session, which ended.
    #[error("too many wrong passwords or codes: this session has ended; sign in again")]
    TooManyWrong,
    /// Another try at a secret is being made, and this one was not.
    #[error("another call with your password or code is under way; send this one again in a moment")]
    UnderWay(Duration),
    /// A code was tried too often by somebody who signs in.
    #[error("too many wrong tries; wait a little")]
    TooManyTries(Duration),
    /// No table has this key.
    #[error("no table has this key; scan the code on the table again")]
    UnknownTable,
    /// The refresh token is unknown, expired, spent, or its session was ended.
    #[error("the session is over; sign in again")]
    Over,
    /// The restaurant has ended the guest's session.
    #[error("the staff has ended this visit; ask them, or scan the code on the table again")]
    EndedByHouse,
    /// The role may not do this.
    #[error("only staff may do this")]
    Forbidden,
    /// A field is wrong, in words for its sender.
    #[error("{0}")]
    Invalid(String),
    /// There is no such pairing (any more).
    #[error("no screen waits under this code; read it from the screen again")]
    UnknownPairing,
    /// It would leave nobody who can manage the restaurant.
    #[error("this is the restaurant's last manager; make somebody else manager first")]
    LastManager,
    /// Too many at once; try again in a while.
    #[error("too many sign-ins at once; try again in a few seconds")]
    Busy,
    /// Something broke that is not the caller's doing. The cause is in the log.
    #[error("the tokens could not be made")]
    Internal,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PasswordError> for SessionError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            PasswordError::Length | PasswordError::Weak(_) => Self::Invalid(error.to_string()),
            PasswordError::Failed => Self::Internal,
        }
    }
}

impl From<TokenError> for SessionError {
    fn from(error: TokenError) -> Self {
        log::error!(error:% = error; "token not issued");
        Self::Internal
    }
}

impl From<InvalidText> for SessionError {
    fn from(error: InvalidText) -> Self {
        log::error!(error:% = error; "an id does not read as one");
        Self::Internal
    }
}

/// A session that has begun.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Its first tokens.
    pub tokens: TokenAnswer,
    /// Whom they speak for.
    pub principal: Principal,
    /// Where.
    pub restaurant: Restaurant,
    /// Whether it is a manager's who has to set up a second factor first, and works as staff until then.
    pub totp_setup_required: bool,
    /// A mark of the device, after a sign-in with a password.
    pub device_mark: Option<SecretString>,
}

/// Begins, renews and ends sessions. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    pub(super) store: SharedStore,
    pub(super) issuer: Issuer,
    pub(super) ended: Arc<EndedSessions>,
    pub(super) passwords: Passwords,
    pub(super) lifetimes: Lifetimes,
    pub(super) rules: SignInRules,
    pub(super) failures: Arc<Failures>,
    pub(super) metrics: Metrics,
}

impl Sessions {
    /// A service on a store, whose tokens `issuer` signs, and which tells `ended` of what it ends.
    #[must_use]
    pub fn new(store: SharedStore, issuer: Issuer, ended: Arc<EndedSessions>, lifetimes: Lifetimes) -> Self {
        let (passwords, failures, metrics) = (Passwords::default(), Arc::default(), Metrics::new());
        Self { store, issuer, ended, passwords, lifetimes, rules: SignInRules::default(), failures, metrics }
    }

    /// The same, counting in a node's metrics.
    #[must_use]
    pub fn counting(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// The same, checking passwords in the turns of others.
    #[must_use]
    pub fn sharing(mut self, passwords: Passwords) -> Self {
        self.passwords = passwords;
        self
    }

    /// With rules for who signs in.
    #[must_use]
    pub const fn with_rules(mut self, rules: SignInRules) -> Self {
        self.rules = rules;
        self
    }
}

/// What a restaurant asks of those who sign in, and how often they may try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInRules {
    /// Whether a session of a manager takes a second factor.
    pub managers_need_totp: bool,
    /// Wrong codes of one person at sign-in, and wrong passwords and codes of one session, in a quarter of an hour.
    pub secret_tries: u32,
    /// How long a proof of the password is good for sensitive actions.
    pub proof_life: Duration,
}

impl Default for SignInRules {
    fn default() -> Self {
        Self { managers_need_totp: false, secret_tries: 5, proof_life: Duration::from_secs(600) }
    }
}
