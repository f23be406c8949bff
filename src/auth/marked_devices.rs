//! Reads and makes the marks of devices.

use super::device_mark::{MOST_READ, MarkId, Marks, SEPARATOR};
use super::session::{SessionError, Sessions};
use crate::domain::values::time::Timestamp;
use crate::store::accounts::User;
use secrecy::SecretString;

impl Sessions {
    /// Verifies the marks in a browser's cookies. Ignores invalid marks, which do not count towards
    /// the limit.
    #[must_use]
    pub fn read_marks<'a>(&self, cookies: impl Iterator<Item = &'a str>, now: Timestamp) -> Marks {
        let keys = self.issuer.mark_keys();
        let marks = cookies.flat_map(|cookie| cookie.split(SEPARATOR)).filter_map(|text| keys.read(text, now));
        Marks(marks.take(MOST_READ).collect())
    }

    /// Finds the mark of the account that a person signs in to.
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

    /// Makes a mark for the device on which a person proved the password.
    pub(super) fn mark_device(&self, user: &User, now: Timestamp) -> Option<SecretString> {
        self.issuer.mark_keys().make(user, now).map(SecretString::from)
    }
}
