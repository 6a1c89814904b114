//! Any bytes as a policy.
#![no_main]

use coldbucket_policy::documented_public::documented_public;
use coldbucket_policy::{Policy, PolicyKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for kind in [PolicyKind::Resource, PolicyKind::Identity, PolicyKind::Trust] {
        let policy = Policy::parse(&text, kind);
        for defect in &policy.defects {
            assert!(defect.place.offset <= text.len());
        }
        for statement in &policy.statements {
            assert!(text.get(statement.place.offset..statement.end).is_some());
        }
        let _ = documented_public(&policy);
    }
});
