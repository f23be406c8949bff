//! Every statement, once. The text is the same for both databases except in [`sqlite`] and [`postgres`]; `tests/store`
//! prepares each on both.

/// Names statements and lists them, for the test that prepares them all.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(in crate::store) const $name: &str = $sql;)*
        /// Every statement of this module with its name.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $name),)*];
    };
}

pub mod privacy;
