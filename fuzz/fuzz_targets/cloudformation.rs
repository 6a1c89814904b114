//! Any bytes as a template of CloudFormation or SAM, in YAML or JSON, and as the template nested in it.
#![no_main]

use coldbucket::template::DeploymentTarget;
use coldbucket::template::cloudformation::{SourceFiles, read_template};
use libfuzzer_sys::fuzz_target;

/// Every file that a template names is the template itself, and every package has a size.
struct Itself<'a>(&'a [u8]);

impl SourceFiles for Itself<'_> {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        Some(self.0.to_vec())
    }

    fn package_bytes(&self, path: &str) -> Option<u64> {
        u64::try_from(path.len()).ok()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let target = DeploymentTarget {
        taken_at: "2026-11-29T00:00:00Z".to_owned(),
        ..DeploymentTarget::default()
    };
    if let Ok((_, built)) = read_template("template.yaml", bytes, &target, &Itself(bytes)) {
        assert!(!built.renderings.is_empty());
    }
});
