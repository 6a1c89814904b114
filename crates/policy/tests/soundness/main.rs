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

mod callers;
mod carried_out;
mod forms;
mod grammar;
mod judge;
mod pairs;

use coldbucket_policy::{Policy, PolicyKind};
use grammar::Random;
use judge::Tally;
use serde_json::json;

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

/// RCPs bind every caller, SCPs the principals of their account, and nothing called unreachable is allowed.
#[test]
fn control_policies_never_contradict_the_evaluator() {
    let mut random = Random(0x0c0_57a1);
    let mut tally = Tally::default();
    for _ in 0..400 {
        tally.add(judge::judge_bound(&mut random, 20));
    }
    assert!(
        tally.wrong.is_empty(),
        "{} contradictions, the first:\n{}",
        tally.wrong.len(),
        tally.wrong[0]
    );
    assert!(tally.in_unreachable > 1_000, "{tally:?}");
    assert!(tally.allowed > 300, "{tally:?}");
    assert!(tally.witnesses > 150, "{tally:?}");
}

/// Found by the long run: services that no statement names are somebody too, and what a service's
/// request carries of a signature is not documented.
#[test]
fn what_the_long_run_found_stays_found() {
    let policies = [
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:Put*", "Resource": "arn:aws:s3:::b/*b"},
            {"Effect": "Deny", "Principal": "*", "NotAction": "s3:GetObject", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
             "Condition": {"ArnNotEqualsIfExists": {"aws:SourceArn": "arn:aws:s3:::*"}}}]}),
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::b/a/*", "Condition": {"BinaryEqualsIfExists": {"s3:authType": "eA=="}}}]}),
    ];
    for document in policies {
        let tally = judge::judge_policy(&mut Random(1), &document, 400, "found");
        assert!(tally.allowed > 0, "{document}");
        assert!(tally.wrong.is_empty(), "{}", tally.wrong[0]);
    }
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

/// TLS versions, signatures, upload headers, lock-out, services and named parties.
#[test]
fn questions_about_the_form_of_requests_never_contradict_the_evaluator() {
    let mut random = Random(0x00f0_0235);
    let mut compared = forms::Compared::default();
    for _ in 0..200 {
        forms::judge(&mut random, &mut compared);
    }
    assert!(
        compared.wrong.is_empty(),
        "{} contradictions, the first:\n{}",
        compared.wrong.len(),
        compared.wrong[0]
    );
    // The run must have had something to say.
    assert!(compared.requests > 5_000, "{compared:?}");
    assert!(compared.unreachable > 100, "{compared:?}");
    assert!(compared.witnesses > 250, "{compared:?}");
    assert!(compared.scoped > 2, "{compared:?}");
    assert!(compared.named > 10, "{compared:?}");
}

/// Pairs of policies, with the laws of comparison; the bench `soundness` judges many more.
#[test]
fn comparisons_never_contradict_the_evaluator_and_keep_the_laws() {
    let mut random = Random(0x00c0_3a1e);
    let mut tally = pairs::PairTally::default();
    for _ in 0..200 {
        tally.add(pairs::judge(&mut random, 60));
    }
    assert!(
        tally.wrong.is_empty(),
        "{} contradictions, the first:\n{}",
        tally.wrong.len(),
        tally.wrong[0]
    );
    // The run must have had something to say.
    assert!(tally.new > 50, "{tally:?}");
    assert!(tally.none > 30, "{tally:?}");
    assert!(tally.requests > 2_500, "{tally:?}");
    assert!(tally.unknown * 20 < tally.pairs, "{tally:?}");
}

/// Federated identities with their claims, and callers of KMS.
#[test]
fn keys_that_follow_from_the_caller_never_contradict_the_evaluator() {
    let mut random = Random(0x00c0_ca11);
    let mut tally = pairs::PairTally::default();
    for _ in 0..400 {
        tally.add(callers::judge(&mut random));
    }
    assert!(
        tally.wrong.is_empty(),
        "{} contradictions, the first:\n{}",
        tally.wrong.len(),
        tally.wrong[0]
    );
    // The run must have had something to say.
    assert!(tally.new > 100, "{tally:?}");
    assert!(tally.none > 100, "{tally:?}");
    assert!(tally.unknown * 20 < tally.pairs, "{tally:?}");
}
