//! The second factor: codes of an authenticator app (RFC 6238: six digits, 30 seconds, one step of tolerance), and recovery
//! codes for a lost app.
//!
//! A code is checked only after the right password, so a stranger cannot use up a person's tries. Each step can be used once:
//! the database stores the last one, so a code that someone observed is useless on all nodes.

use super::origin::Origin;
use super::secret::{RecoveryCode, code_characters, hash};
use super::session::{SessionError, Sessions};
use crate::clock;
use crate::domain::values::time::Timestamp;
use crate::store::accounts::{Restaurant, User};
use crate::store::credentials::{SecondFactor, TotpSecret};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use totp_rs::{Builder, Secret, Totp, TotpError};

/// The number of a person's recovery codes.
const RECOVERY_CODES: usize = 10;
/// How long codes at sign-in are counted.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// The number of digits of an app's code.
const DIGITS: usize = 6;

/// A second factor that waits for its first code.
pub struct Enrolment {
    /// The secret in base32, for typing it into an app.
    pub secret: SecretString,
    /// The secret as a URL for authenticator apps (`otpauth://totp/…`).
    pub otpauth_url: SecretString,
}

/// A code that a person typed.
enum Typed {
    Totp(SecretString),
    Recovery(RecoveryCode),
}

impl Typed {
    fn read(text: &SecretString) -> Option<Self> {
        let code = normalized(text);
        let digits = code.expose_secret();
        if digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Some(Self::Totp(code));
        }
        RecoveryCode::typed(&code).map(Self::Recovery)
    }
}

/// Returns a code in the one form in which codes are compared.
pub(super) fn normalized(code: &SecretString) -> SecretString {
    code_characters(code.expose_secret()).collect::<String>().into()
}

impl Sessions {
    /// Requires a code at sign-in from a person with a second factor. Returns whether they have one. A recovery code is
    /// accepted even after too many tries: it is too long to guess, and so a thief with the password cannot lock the owner out.
    ///
    /// # Errors
    /// `CodeRequired`; `WrongCode` for a code that is wrong or was used; `TooManyTries`; the store's.
    pub(super) async fn prove_second_factor(&self, user: &User, code: Option<&SecretString>) -> Result<bool, SessionError> {
        let Some(factor) = self.confirmed_factor(user).await? else { return Ok(false) };
        let code = code.ok_or(SessionError::CodeRequired)?;
        let is_guessable = matches!(Typed::read(code), Some(Typed::Totp(_)));
        if is_guessable {
            self.count_try(user).await?;
        }
        self.use_code(user, &factor, code).await?;
        if is_guessable {
            self.store.forget_tries(user.restaurant, user.id).await?;
        }
        Ok(true)
    }

    pub(super) async fn confirmed_factor(&self, user: &User) -> Result<Option<SecondFactor>, SessionError> {
        let factor = self.store.second_factor(user.restaurant, user.id).await?;
        Ok(factor.filter(|factor| factor.is_confirmed))
    }

    /// Checks a code and marks it as used.
    ///
    /// # Errors
    /// `WrongCode`; the store's.
    pub(super) async fn use_code(&self, user: &User, factor: &SecondFactor, code: &SecretString) -> Result<(), SessionError> {
        let restaurant = user.restaurant;
        let person = user.id;
        match Typed::read(code).ok_or(SessionError::WrongCode)? {
            Typed::Recovery(code) => {
                if !self.store.use_recovery_code(restaurant, person, hash(code.secret())).await? {
                    return Err(SessionError::WrongCode);
                }
                log::info!(restaurant:%, user:% = person; "recovery code used");
            }
            Typed::Totp(code) => {
                let step = step_of(factor.secret, &code, clock::now())?;
                if !self.store.use_step(restaurant, person, factor.secret, step).await? {
                    return Err(SessionError::WrongCode);
                }
            }
        }
        Ok(())
    }

    /// Counts a code at sign-in, before it is checked.
    ///
    /// # Errors
    /// `TooManyTries`, with the time until further tries are allowed; the store's.
    async fn count_try(&self, user: &User) -> Result<(), SessionError> {
        let now = clock::now();
        let tries = self.store.count_try(user.restaurant, user.id, now, now.minus(WINDOW)).await?;
        if tries.count <= self.rules.secret_tries {
            return Ok(());
        }
        Err(SessionError::TooManyTries(tries.since.plus(WINDOW).since(now)))
    }

    /// Begins a second factor for a person who has proved the password.
    pub(super) async fn enrol(&self, user: &User, restaurant: &Restaurant) -> Result<Enrolment, SessionError> {
        let mut secret = TotpSecret([0; 20]);
        rand::fill(&mut secret.0);
        self.store.begin_second_factor(user.restaurant, user.id, secret, clock::now()).await?;
        let otpauth_url = otpauth_url(secret, restaurant, user)?.into();
        Ok(Enrolment { secret: Secret::new_stack(secret.0).to_base32().into(), otpauth_url })
    }

    /// Finds the second factor that waits for its first code.
    ///
    /// # Errors
    /// `NothingToConfirm`; the store's.
    pub(super) async fn unconfirmed_factor(&self, user: &User) -> Result<SecondFactor, SessionError> {
        let factor = self.store.second_factor(user.restaurant, user.id).await?;
        factor.filter(|factor| !factor.is_confirmed).ok_or(SessionError::NothingToConfirm)
    }
}

/// Returns the step of the code that confirms a second factor. A recovery code cannot confirm it.
pub(super) fn first_step(factor: &SecondFactor, code: &SecretString) -> Result<i64, SessionError> {
    match Typed::read(code) {
        Some(Typed::Totp(code)) => step_of(factor.secret, &code, clock::now()),
        Some(Typed::Recovery(_)) | None => Err(SessionError::WrongCode),
    }
}

/// Returns a person's recovery codes with their hashes. They are derived, so that the same attempt shows the same ones
/// although only hashes are stored. They are derived from two secrets, the refresh token of the answer and the attempt's name,
/// so that stolen tokens are not enough to derive them.
pub(super) fn recovery_codes(refresh: &SecretString, attempt: &Origin) -> (Vec<SecretString>, Vec<[u8; 32]>) {
    let codes = (0..RECOVERY_CODES).map(|number| RecoveryCode::of(attempt.derive(refresh, number)));
    codes.map(|code| (code.shown(), hash(code.secret()))).unzip()
}

/// Returns the step of a code.
fn step_of(secret: TotpSecret, code: &SecretString, now: Timestamp) -> Result<i64, SessionError> {
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let step = totp(secret)?.check(code.expose_secret(), seconds).ok_or(SessionError::WrongCode)?;
    i64::try_from(step).map_err(|_| SessionError::WrongCode)
}

/// Returns the checker of a secret's codes: SHA-1, six digits, 30 seconds, one step of tolerance. All apps support these.
fn totp(secret: TotpSecret) -> Result<Totp, SessionError> {
    Builder::new().with_secret(Secret::new_stack(secret.0)).build().map_err(unusable)
}

/// Returns the content of a QR code for authenticator apps. It names the restaurant, since people may work in several.
fn otpauth_url(secret: TotpSecret, restaurant: &Restaurant, user: &User) -> Result<String, SessionError> {
    // A colon would end the label's first half.
    let label = |text: &str| text.replace(':', " ");
    let named = Builder::new().with_secret(Secret::new_stack(secret.0)).with_account_name(label(user.username.as_str()));
    let totp = named.with_issuer(Some(label(restaurant.name.as_str()))).build().map_err(unusable)?;
    totp.to_url().map_err(unusable)
}

fn unusable(error: TotpError) -> SessionError {
    // The text may contain the label, never the secret.
    log::error!(error:% = error; "a second factor cannot be used");
    SessionError::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of the eight digits for SHA-1.
    #[test]
    fn codes_are_those_of_the_rfc_with_one_step_of_tolerance() {
        let secret = TotpSecret(*b"12345678901234567890");
        for (second, code) in
            [(1_111_111_111, "050471"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            let step = second / 30;
            let at = |offset: i64| step_of(secret, &code.into(), Timestamp::from_millis((second + offset) * 1000));
            assert_eq!((at(0), at(30), at(-30)), (Ok(step), Ok(step), Ok(step)), "{code}");
            assert_eq!((at(61).is_err(), at(-60).is_err()), (true, true), "{code}");
        }
    }

    #[test]
    fn a_text_is_a_code_a_recovery_code_or_neither() {
        let read = |text: &str| Typed::read(&text.into());
        assert!(matches!(read(" 123 456 "), Some(Typed::Totp(code)) if code.expose_secret() == "123456"));
        let recovery = RecoveryCode::of([7; 32]).shown().expose_secret().to_lowercase();
        assert!(matches!(read(&recovery), Some(Typed::Recovery(_))), "{recovery}");
        for nothing in ["", "12345", "1234567", "１２３４５６", "abcdef", &"1".repeat(100_000)] {
            assert!(read(nothing).is_none(), "{nothing:.10}");
        }
    }
}
