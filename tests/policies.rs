//! Invariants over the whole table of checks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use coldbucket::checks::{Catalog, verify};

#[test]
fn every_example_of_every_file_gives_what_it_promises() {
    let catalog = Catalog::builtin().unwrap_or_else(|errors| panic!("{errors}"));
    let problems: Vec<String> = verify(&catalog).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
