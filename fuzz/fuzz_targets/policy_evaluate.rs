//! Any bytes as a line of `policy evaluate --batch`.
#![no_main]

use coldbucket_policy::batch::Evaluator;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let line = String::from_utf8_lossy(bytes);
    let mut evaluator = Evaluator::default();
    let first = evaluator.answer(&line);
    // The second time the policies are found compiled.
    assert_eq!(first, evaluator.answer(&line));
});
