//! The service for sessions, its settings and its errors. `sign_in` and `pairing` begin sessions, and `renewal` continues them.

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

/// The lives of sessions and tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// The life of an access token.
    pub access: Duration,
    /// The life of a diner's session: a long evening at one table.
    pub diner: Duration,
    /// The life of a session of staff or a manager.
    pub staff: Duration,
    /// The life of a kitchen screen's session: long, since a screen has no keyboard to sign in with.
    pub kitchen: Duration,
    /// The longest time for which a session of staff or a manager lives without a renewal. An open page renews its tokens by
    /// itself.
    pub staff_idle: Duration,
    /// The life of a POS's session. A POS begins the next one with its API key.
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

/// Why a call about sessions or accounts failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The restaurant, the name, the password or the API key is wrong. The error does not say which, so a guesser learns nothing.
    #[error("invalid credentials; check the restaurant, the name and the password, or the API key")]
    BadCredentials,
    /// The password is right, but a code of the person's second factor is missing.
    #[error("send a code of your authenticator app, or a recovery code, as totp")]
    CodeRequired,
    /// The code is not valid now, or was used before.
    #[error("this code is wrong, or was used; wait for the next one")]
    WrongCode,
    /// The PIN is wrong, or the person has none.
    #[error("the PIN is wrong")]
    WrongPin,
    /// The PIN was wrong too often, and no longer works.
    #[error("the PIN was wrong too often and is stopped; set a new one in your account, or ask a manager")]
    PinStopped,
    /// No second factor waits for its first code.
    #[error("no second factor waits for its first code; begin one")]
    NothingToConfirm,
    /// Managers remove their own second factor only with a code, since a stolen session must not be enough for it.
    #[error("remove your own second factor in your account, with a code")]
    OwnSecondFactor,
    /// The current password of a signed-in person is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The owner of this session has not proved their password recently enough for a sensitive action.
    #[error("confirm your password first: send it to /api/v1/people/me/confirmation, then send this request again")]
    ConfirmPassword,
    /// People change their own password only with the current one.
    #[error("change your own password in your account, with the current one: PUT /api/v1/people/me/password")]
    OwnPassword,
    /// The principal did not sign in with a password.
    #[error("only people who sign in with a password have an account")]
    NoAccount,
    /// Too many wrong passwords or codes were sent in this session, which has ended.
    #[error("too many wrong passwords or codes: this session has ended; sign in again")]
    TooManyWrong,
    /// Another call is trying a secret of the same person or session, so this one was refused.
    #[error("another call with your password or code is in progress; send this one again in a moment")]
    UnderWay(Duration),
    /// Too many wrong codes were sent at sign-in.
    #[error("too many wrong tries; wait a little")]
    TooManyTries(Duration),
    /// No table has this key.
    #[error("no table has this key; scan the code on the table again")]
    UnknownTable,
    /// The refresh token is unknown, expired, spent, or its session was ended.
    #[error("the session has ended; sign in again")]
    Over,
    /// Staff have ended the guest's session.
    #[error("the staff has ended this visit; ask them, or scan the code on the table again")]
    EndedByStaff,
    /// The role may not do this.
    #[error("only staff may do this")]
    Forbidden,
    /// A field is invalid. The text is for its sender.
    #[error("{0}")]
    Invalid(String),
    /// No screen waits for a pairing under this code.
    #[error("no screen waits under this code; read it from the screen again")]
    UnknownPairing,
    /// The change would leave the restaurant without a manager.
    #[error("this is the restaurant's last manager; make somebody else manager first")]
    LastManager,
    /// Too many passwords are being checked.
    #[error("too many sign-ins at once; try again in a few seconds")]
    Busy,
    /// An error inside the server. The log has the cause.
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
        log::error!(error:% = error; "an id in the store is invalid");
        Self::Internal
    }
}

/// A session that has begun.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session's first tokens.
    pub tokens: TokenAnswer,
    /// The principal of the tokens.
    pub principal: Principal,
    /// The principal's restaurant.
    pub restaurant: Restaurant,
    /// Whether this is a manager who lacks a required second factor, and has only the rights of staff until it is set up.
    pub totp_setup_required: bool,
    /// A new mark for the device, after a proof of the password.
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
    /// Returns a service on a store. `issuer` signs its tokens, and `ended` receives the sessions that it ends.
    #[must_use]
    pub fn new(store: SharedStore, issuer: Issuer, ended: Arc<EndedSessions>, lifetimes: Lifetimes) -> Self {
        Self {
            store,
            issuer,
            ended,
            passwords: Passwords::default(),
            lifetimes,
            rules: SignInRules::default(),
            failures: Arc::default(),
            metrics: Metrics::new(),
        }
    }

    /// Counts in a node's metrics.
    #[must_use]
    pub fn counting(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Shares the limit of concurrent password checks with other services.
    #[must_use]
    pub fn sharing(mut self, passwords: Passwords) -> Self {
        self.passwords = passwords;
        self
    }

    /// Replaces the rules for signing in.
    #[must_use]
    pub const fn with_rules(mut self, rules: SignInRules) -> Self {
        self.rules = rules;
        self
    }
}

/// The rules for signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInRules {
    /// Whether managers need a second factor.
    pub managers_need_totp: bool,
    /// The most wrong codes of one person at sign-in, and of wrong passwords and codes in one session, in a quarter of an hour.
    pub secret_tries: u32,
    /// How long a proof of the password permits sensitive actions.
    pub proof_life: Duration,
}

impl Default for SignInRules {
    fn default() -> Self {
        Self { managers_need_totp: false, secret_tries: 5, proof_life: Duration::from_secs(600) }
    }
}
