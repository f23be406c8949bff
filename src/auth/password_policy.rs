//! The rules for new passwords (NIST SP 800-63B-4, section 3.1.1.2; RFC 8265 for comparing texts).
//!
//! A password has 8 to 128 code points of any kind, including spaces, without rules of composition.
//! It is refused if attackers would try it first: a common or leaked one, a pattern, a repetition,
//! or one made of the account's names. Signing in does not check this, so an existing password
//! continues to work.

use crate::domain::values::text::{Key, Name, Slug};
use secrecy::{ExposeSecret, SecretString};
use std::ops::RangeInclusive;
use unicode_normalization::UnicodeNormalization;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type};
use zxcvbn::feedback::Warning;
use zxcvbn::{Score, zxcvbn};

/// Code points of a password, after normalization.
pub(super) const LENGTH: RangeInclusive<usize> = 8..=128;
/// The most code points before normalization, which may join several into one.
const MOST_TYPED: usize = 4 * *LENGTH.end();
/// The least strength of a new password: more than a million guesses. The limits on sign-ins
/// allow only a small fraction of them.
const LEAST: Score = Score::Two;
/// The fewest letters and digits that a password has besides the account's names.
const BESIDE_NAMES: usize = 4;
/// The fewest letters of a name to look for. A shorter name is part of many passwords by chance.
const TELLING: usize = 3;

/// The common words in passwords of restaurants, besides the account's names: roles, rooms,
/// seasons, months, days, and the words of demonstrations and first sign-ins.
const COMMON: &[&str] = &[
    "restaurant",
    "manager",
    "kitchen",
    "waitress",
    "waiter",
    "service",
    "counter",
    "cashier",
    "welcome",
    "changeme",
    "letmein",
    "default",
    "winter",
    "spring",
    "summer",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "orders",
    "order",
    "tables",
    "table",
    "admin",
    "owner",
    "staff",
    "guest",
    "floor",
    "demo",
    "test",
    "menu",
    "chef",
    "cook",
    "boss",
    "cafe",
];

/// Why a new password is refused, in words for the person who chose it. Never repeats the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this password is too easy to guess: {0}; a few words that do not belong together are better")]
pub struct WeakPassword(&'static str);

/// The names that a guesser tries first for an account.
#[derive(Debug, Clone)]
pub struct Hints(Vec<String>);

impl Hints {
    /// Returns the names of an account and of its restaurant, whole and word by word.
    #[must_use]
    pub fn of(username: &Key, slug: &Slug, name: &Name) -> Self {
        let whole = [username.as_str(), slug.as_str(), name.as_str(), "orderbell"].map(str::to_lowercase);
        let joined = name.as_str().to_lowercase().split_whitespace().collect::<String>();
        let parts = whole.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).map(str::to_owned);
        let hints = parts.chain(whole.iter().cloned()).chain([joined]);
        let mut hints: Vec<String> = hints.filter(|hint| hint.chars().count() >= TELLING).collect();
        hints.sort_by_key(|hint| std::cmp::Reverse(hint.len()));
        Self(hints)
    }

    /// Returns whether a password is little else than these names.
    fn make(&self, password: &str) -> bool {
        is_made_of(password, self.0.iter().map(String::as_str))
    }

    /// Returns whether a password is little else than these names, common words and a year.
    fn make_with_common_words(&self, password: &str) -> bool {
        is_made_of(password, self.0.iter().map(String::as_str).chain(COMMON.iter().copied()))
    }
}

fn is_made_of<'a>(password: &str, words: impl Iterator<Item = &'a str>) -> bool {
    let password = password.to_lowercase();
    let rest = words.fold(password.clone(), |rest, word| rest.replace(word, " "));
    let beside = rest.split(|c: char| !c.is_alphanumeric()).filter(|part| !is_year(part));
    rest != password && beside.map(|part| part.chars().count()).sum::<usize>() < BESIDE_NAMES
}

fn is_year(part: &str) -> bool {
    part.parse::<u16>().is_ok_and(|year| (1900..2100).contains(&year))
}

/// Returns whether two passwords are the same text, whether or not their accents are composed.
pub(super) fn is_same(one: &SecretString, other: &SecretString) -> bool {
    let text = |password| normalized(password).map(|text| text.expose_secret().to_owned());
    text(one).is_some_and(|one| Some(one) == text(other))
}

/// Normalizes a password to the form that is hashed (NFC), so that it does not matter how a
/// keyboard composes an accent. Returns `None` if the text is longer than any password.
pub(super) fn normalized(password: &SecretString) -> Option<SecretString> {
    let typed = password.expose_secret();
    if typed.chars().count() > MOST_TYPED {
        return None;
    }
    let text: String = typed.nfc().collect();
    (text.chars().count() <= *LENGTH.end()).then(|| text.into())
}

/// Checks that a normalized password is not easy to guess. Takes a few milliseconds of a core.
///
/// # Errors
/// [`WeakPassword`], with the reason.
pub(super) fn check_strength(password: &SecretString, hints: &Hints) -> Result<(), WeakPassword> {
    let password = password.expose_secret();
    if hints.make(password) {
        return Err(WeakPassword("it is made of the user name or the restaurant's name"));
    }
    if hints.make_with_common_words(password) {
        return Err(WeakPassword("it is made of words that guessers try first"));
    }
    let names: Vec<&str> = hints.0.iter().map(String::as_str).collect();
    let estimate = zxcvbn(password, &names);
    if estimate.score() >= LEAST {
        return Ok(());
    }
    let warning = estimate.feedback().and_then(zxcvbn::feedback::Feedback::warning);
    Err(WeakPassword(warning.map_or("it takes fewer than a million tries", reason)))
}

const fn reason(warning: Warning) -> &'static str {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess | Warning::ShortKeyboardPatternsAreEasyToGuess => {
            "it is a pattern on the keyboard"
        }
        Warning::RepeatsLikeAaaAreEasyToGuess | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            "it repeats the same characters"
        }
        Warning::ThisIsATop10Password | Warning::ThisIsATop100Password | Warning::ThisIsACommonPassword => {
            "it is on the lists of leaked passwords"
        }
        Warning::ThisIsSimilarToACommonlyUsedPassword => "it is nearly one on the lists of leaked passwords",
        Warning::SequencesLikeAbcAreEasyToGuess => "it is a sequence",
        Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess => "it is a date",
        Warning::AWordByItselfIsEasyToGuess => "it is one word",
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess | Warning::CommonNamesAndSurnamesAreEasyToGuess => "it is a name",
    }
}

/// Builds the schema of a password that somebody chooses.
pub(crate) fn schema() -> Object {
    let password = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let password = password.format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)));
    password.min_length(Some(*LENGTH.start())).max_length(Some(*LENGTH.end())).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints() -> Hints {
        Hints::of(&"b.rahman".parse().unwrap(), &"copper-ladle".parse().unwrap(), &"The Copper Ladle".parse().unwrap())
    }

    #[test]
    fn passwords_that_guessers_try_first_are_refused_with_the_reason() {
        for (weak, why) in [
            ("12345678", "leaked"),
            ("        ", "repeats"),
            ("aaaaaaaaaaaaaaaaaaaa", "repeats"),
            ("password1", "leaked"),
            ("Password123!", "nearly"),
            ("qwertyuiop", "leaked"),
            ("abcdefghijkl", "sequence"),
            ("copperladle", "restaurant's name"),
            ("ladle-ladle", "restaurant's name"),
            ("b.rahman1", "user name"),
            ("orderbell", "restaurant's name"),
            ("1qaz2wsx3edc", "leaked"),
            ("manager-demo", "try first"),
            ("winter2026!", "try first"),
            ("Summer-2024", "try first"),
            ("kitchen_staff", "try first"),
            ("ladle-manager1", "try first"),
            ("December24", "try first"),
        ] {
            let refused = check_strength(&weak.into(), &hints()).expect_err(weak);
            assert!(refused.to_string().contains(why), "{weak}: {refused}");
            assert!(!refused.to_string().contains(weak.trim_start()) || weak.trim().is_empty(), "{refused}");
        }
    }

    #[test]
    fn passwords_need_no_mix_of_characters() {
        for good in [
            "long enough",
            "correct horse battery",
            "a-new-one",
            "kdjfhgue",
            "the winter of 42 spoons",
            "tables turn slowly",
            "ভাতের হোটেল ১২",
            "🍲 and two spoons",
        ] {
            assert_eq!(check_strength(&good.into(), &hints()), Ok(()), "{good}");
        }
    }

    #[test]
    fn two_passwords_are_equal_whether_or_not_their_accents_are_composed() {
        assert!(is_same(&"cafe\u{301} noir".into(), &"caf\u{e9} noir".into()));
        assert!(!is_same(&"cafe noir".into(), &"Cafe noir".into()));
        assert!(!is_same(&"e".repeat(200).into(), &"e".repeat(200).into()), "longer than any password");
    }

    #[test]
    fn normalizing_composes_accents_and_refuses_a_text_that_is_too_long() {
        let form = |text: &str| normalized(&text.into()).map(|text| text.expose_secret().to_owned());
        assert_eq!(form("cafe\u{301} noir"), form("caf\u{e9} noir"));
        assert_eq!(form(&"e\u{301}".repeat(128)).map(|text| text.chars().count()), Some(128));
        assert_eq!(form(&"e".repeat(129)), None);
        assert_eq!(form(&"\u{301}".repeat(1_000_000)), None);
    }
}
