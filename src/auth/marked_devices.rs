//! Reads and makes the marks of devices.

use super::device_mark::{MOST, MarkId, Marks, SEPARATOR};
use super::session::{SessionError, SessionService};
use crate::domain::values::time::Timestamp;
use crate::store::accounts::User;
use secrecy::SecretString;

impl SessionService {
    /// Verifies the marks that a browser sent. Those that do not verify are left out.
    #[must_use]
    pub fn read_marks(&self, text: &str, now: Timestamp) -> Marks {
        let keys = self.issuer.mark_keys();
        Marks(text.split(SEPARATOR).take(MOST).filter_map(|text| keys.read(text, now)).collect())
    }

    /// Finds the mark of the account that somebody signs in to.
    ///
    /// # Errors
    /// The store's.
    pub async fn mark_of(&self, slug: &str, username: &str, marks: &Marks) -> Result<Option<MarkId>, SessionError> {
        if marks.0.is_empty() {
            return Ok(None);
        }
        let (_, user) = self.find_user(slug, username).await?;
        let keys = self.issuer.mark_keys();
        Ok(user.and_then(|user| marks.0.iter().find(|mark| keys.is_of(mark, &user)).map(|mark| mark.id)))
    }

    /// Makes a mark of the device on which a person has proved the password.
    pub(super) fn mark_device(&self, user: &User, now: Timestamp) -> Option<SecretString> {
        self.issuer.mark_keys().make(user, now).map(SecretString::from)
    }
}
