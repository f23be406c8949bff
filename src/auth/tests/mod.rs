//! What the tests of this module and of those above it share. The other files here are the tests of the file of the
//! same name.

pub mod fixtures;
