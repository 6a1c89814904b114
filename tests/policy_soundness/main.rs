//! The prover's word against the evaluator's, over random policies and requests.
//!
//! The two share the parsed tree and no line of matching. Where the prover says "unreachable", every
//! request of that class must be denied; every witness must be allowed and make sense. The long run
//! is `cargo bench --bench soundness -- --pairs 1000000`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

mod grammar;
mod judge;

use coldbucket::facts::policy::{Policy, PolicyKind};
use grammar::Random;
use judge::Tally;

#[test]
fn nothing_that_was_called_unreachable_is_allowed() {
    let mut random = Random(0x00c0_1db0);
    let mut tally = Tally::default();
    for _ in 0..400 {
        tally.add(judge::judge(&mut random, 20));
    }
    assert!(
        tally.wrong.is_empty(),
        "{} contradictions, the first:\n{}",
        tally.wrong.len(),
        tally.wrong[0]
    );
    // The run must have had something to say.
    assert!(tally.in_unreachable > 1_000, "{tally:?}");
    assert!(tally.allowed > 1_000, "{tally:?}");
    assert!(tally.witnesses > 400, "{tally:?}");
}

#[test]
fn the_grammar_is_read_without_defects() {
    let mut random = Random(7);
    for _ in 0..2_000 {
        let document = grammar::policy(&mut random);
        let policy = Policy::parse(&document.to_string(), PolicyKind::Resource);
        assert!(policy.is_sound(), "{document}: {:?}", policy.defects);
    }
}

#[test]
fn the_same_seed_gives_the_same_policies() {
    let of = |seed| grammar::policy(&mut Random(seed)).to_string();
    assert_eq!(of(3), of(3));
    assert_ne!(of(3), of(4));
}
