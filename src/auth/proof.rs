//! Proof of the password before sensitive actions. A stolen session alone must not take the restaurant over, so setting
//! somebody's password or second factor, adding and removing people, making API keys, and exporting or erasing guests take a
//! session whose owner proved the password, and the code of a second factor where there is one, a short while ago. Signing in
//! is such a proof. Renewals keep its time.

use super::session::{SessionError, SessionService};
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::UserId;
use crate::domain::values::time::Timestamp;
use crate::store::StoreError;
use crate::store::audit::{self, Kind, Note};
use crate::store::credentials::PasswordProof;
use secrecy::SecretString;

const ACTION: &str = "confirm_password";

impl SessionService {
    /// Checks that the owner of a session proved their password recently. Tokens that an operator printed have no password,
    /// and pass.
    ///
    /// # Errors
    /// `ConfirmPassword`; `Over` for a session that has ended; the store's.
    pub async fn require_recent_proof(&self, who: &Principal) -> Result<(), SessionError> {
        match self.store.password_proof(who.restaurant, &who.session).await? {
            PasswordProof::Printed => Ok(()),
            PasswordProof::At(at) if clock::now() < at.plus(self.rules.proof_life) => Ok(()),
            PasswordProof::Unlisted if !self.is_person(who).await? => Ok(()),
            PasswordProof::At(_) | PasswordProof::Unlisted => Err(SessionError::ConfirmPassword),
            PasswordProof::Ended => Err(SessionError::Over),
        }
    }

    /// Confirms the password of the person whose session this is, with a code of their second factor when they have one.
    /// Returns until when sensitive actions pass.
    ///
    /// # Errors
    /// `WrongPassword`; after the right one `CodeRequired` and `WrongCode`; `TooManyTries`, `NoAccount`; the store's.
    pub async fn confirm_password(
        &self,
        who: &Principal,
        password: SecretString,
        code: Option<&SecretString>,
    ) -> Result<Timestamp, SessionError> {
        let user = self.prove_password(who, password, ACTION).await?;
        let proven = self.prove_second_factor(&user, code).await;
        self.recording(&user, ACTION, proven).await?;
        let now = clock::now();
        let note = Note::new(user.restaurant, Kind::Sessions, ACTION).about(user.id).called(&user.username);
        match audit::recorded(note, self.store.prove_password(user.restaurant, &who.session, now)).await {
            Err(StoreError::Missing) => Err(SessionError::Over),
            proved => proved.map(|()| now.plus(self.rules.proof_life)).map_err(Into::into),
        }
    }

    async fn is_person(&self, who: &Principal) -> Result<bool, SessionError> {
        let Ok(id) = who.sub.as_str().parse::<UserId>() else { return Ok(false) };
        Ok(self.store.user(who.restaurant, id).await?.is_some())
    }
}
