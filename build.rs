//! Rebuilds when a migration is added: the compiler only sees those that were embedded the last time.
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
