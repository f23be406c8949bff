//! Fixtures for the tests of this module and of higher layers. Each other file here tests the file of the same name.

pub mod fixtures;
