//! The list of statements, for the tests that prepare and explain each. A file that is missing here is dead code to the
//! compiler.

use super::{nodes, pushes};

/// Every statement of this database.
pub const ALL: &[&[(&str, &str)]] = &[nodes::STATEMENTS, pushes::STATEMENTS];
