//! Any bytes as a bucket policy, every question; the evaluator judges the witnesses.
#![no_main]

use coldbucket_policy::evaluate::Policies;
use coldbucket_policy::prove::Case;
use coldbucket_policy::{Policy, PolicyKind, batch};
use coldbucket::report::policy::Decision;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let policy = Policy::parse(&String::from_utf8_lossy(bytes), PolicyKind::Resource);
    if policy.statements.is_empty() {
        return;
    }
    let owner = "111111111111";
    let case = Case::new("b", owner, Some(&policy));
    let policies = Policies::of_resource(Some(&policy)).with_willing_identity();
    let mut questions = batch::every_question(Some(&policy), owner);
    questions.truncate(12);
    for answer in batch::answers(&case, &questions).expect("these are questions") {
        if let Some(witness) = &answer.witness {
            let outcome = policies.evaluate(witness);
            assert_eq!(outcome.decision, Decision::Allow, "{answer:?}");
        }
    }
});
