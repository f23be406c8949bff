//! Proof of the password before sensitive actions. A stolen session alone must not be enough to take over the restaurant. So
//! adding, changing and removing people, removing their second factor, making API keys, exporting or erasing guests, and ending
//! one's other sessions require a recent proof: the owner of the session entered the password, and a code if they have a second
//! factor. Signing in is such a proof, and a renewed session keeps the time of its proof. A proof begins a new session, so a
//! thief who copied the tokens of the old one does not share it ([`super::succession`]).

use super::origin::Origin;
use super::session::{SessionError, Sessions, SignedIn};
use super::succession::Attempt;
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::{CommandId, UserId};
use crate::domain::values::time::Timestamp;
use crate::store::accounts::User;
use crate::store::audit::{Kind, Note};
use crate::store::credentials::PasswordProof;
use secrecy::SecretString;

const ACTION: &str = "confirm_password";

impl Sessions {
    /// Checks that the owner of a session proved their password recently. Tokens that an operator printed pass, since they
    /// have no password.
    ///
    /// # Errors
    /// `ConfirmPassword`; `Over` if the session has ended; the store's.
    pub async fn require_recent_proof(&self, who: &Principal) -> Result<(), SessionError> {
        match self.store.password_proof(who.restaurant, &who.session).await? {
            PasswordProof::Printed => Ok(()),
            PasswordProof::At(at) if clock::now() < at.plus(self.rules.proof_life) => Ok(()),
            PasswordProof::Unlisted if !self.is_person(who).await? => Ok(()),
            PasswordProof::At(_) | PasswordProof::Unlisted => {
                self.record_unconfirmed(&self.own_user(who).await?, ACTION).await;
                Err(SessionError::ConfirmPassword)
            }
            PasswordProof::Ended => Err(SessionError::Over),
        }
    }

    /// Confirms a person's password, with a code of their second factor if they have one. Returns the new session in which
    /// they continue, and until when it permits sensitive actions.
    ///
    /// # Errors
    /// `WrongPassword`; after the right password, `CodeRequired` or `WrongCode`; those of [`Self::prove`]; the store's.
    pub async fn confirm_password(
        &self,
        who: &Principal,
        password: SecretString,
        code: Option<&SecretString>,
        attempt: Option<CommandId>,
    ) -> Result<(SignedIn, Timestamp), SessionError> {
        let origin = Origin::succession(&who.session, ACTION, attempt);
        let repeated_with = Some(password.clone());
        let call = async move |attempt: &Attempt<'_>| {
            let user = &attempt.user;
            self.check_password(user, password).await?;
            let has_second_factor = self.check_second_factor(user, code).await?;
            let prepared = self.prepare(attempt, has_second_factor, Some(clock::now()))?;
            let note = Note::new(user.restaurant, Kind::Sessions, ACTION).about(user.id).called(&user.username);
            let succession = &prepared.succession;
            let commit = async { self.store.succeed(succession).await.map(|()| vec![succession.old.clone()]) };
            self.succeed(attempt, &prepared, note, commit).await
        };
        let signed_in = self.prove(who, ACTION, &origin, repeated_with, call).await?;
        match self.store.password_proof(who.restaurant, &signed_in.principal.session).await? {
            PasswordProof::At(at) => Ok((signed_in, at.plus(self.rules.proof_life))),
            PasswordProof::Printed | PasswordProof::Ended | PasswordProof::Unlisted => Err(SessionError::Over),
        }
    }

    /// Checks a code of the person's second factor. Returns whether they have one.
    async fn check_second_factor(&self, user: &User, code: Option<&SecretString>) -> Result<bool, SessionError> {
        let Some(factor) = self.confirmed_factor(user).await? else { return Ok(false) };
        self.use_code(user, &factor, code.ok_or(SessionError::CodeRequired)?).await?;
        Ok(true)
    }

    async fn is_person(&self, who: &Principal) -> Result<bool, SessionError> {
        let Ok(id) = who.sub.as_str().parse::<UserId>() else { return Ok(false) };
        Ok(self.store.user(who.restaurant, id).await?.is_some())
    }
}
