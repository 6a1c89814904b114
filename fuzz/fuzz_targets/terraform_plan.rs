//! Any bytes as a plan in JSON, and as the `*.tf` file beside it.
#![no_main]

use coldbucket::template::DeploymentTarget;
use coldbucket::template::terraform::{ModuleSource, PlanFiles, TerraformPlan, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes) else { return };
    let files = PlanFiles {
        sources: vec![ModuleSource {
            module: Vec::new(),
            file: "main.tf".to_owned(),
            text: text.clone().into_owned(),
        }],
        ..PlanFiles::default()
    };
    let Ok(plan) = TerraformPlan::parse(&text) else {
        return;
    };
    plan.module_folders(Some(&text));
    let target = DeploymentTarget {
        taken_at: "2026-11-29T00:00:00Z".to_owned(),
        ..DeploymentTarget::default()
    };
    let built = plan.build(&target, &files);
    assert!(!built.renderings.is_empty());
});
