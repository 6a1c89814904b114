//! `--terraform-plan`: the file of a plan, and the configuration beside it.

use std::fs;

use super::Loaded;
use super::files::{DiskFiles, InputFile};
use crate::run::RunError;
use crate::template::cloudformation::SourceFiles;
use crate::template::terraform::{
    ModuleFolder, ModuleSource, PlanError, PlanFiles, TerraformPlan, decode,
};
use crate::template::{DeploymentTarget, TemplateKind};

/// Most files of configuration that are read for lines.
const MOST_FILES: usize = 5_000;

/// Most bytes of them together.
const MOST_BYTES: u64 = 64 << 20;

/// Where Terraform notes the folders of modules, relative to the root module.
const MODULES: &str = ".terraform/modules/modules.json";

/// Reads a plan, with the lines of its resources from the `*.tf` files in its folder and in those of
/// its modules.
pub(super) fn plan(input: &InputFile, target: &DeploymentTarget) -> Result<Loaded, RunError> {
    let (name, bytes) = input.bytes()?;
    let wrong = |error: PlanError| RunError::Template {
        file: name.clone(),
        message: error.to_string(),
    };
    let text = decode(bytes).map_err(wrong)?;
    let plan = TerraformPlan::parse(&text).map_err(wrong)?;
    let root = input.root();
    let files = input.folder(&root);
    let files = files.map(|files| beside(&plan, &files)).unwrap_or_default();
    let built = plan.build(target, &files);
    let file = input.file_name(name);
    Ok(Loaded {
        kind: TemplateKind::TerraformPlan,
        file: root.file(&file),
        root,
        built,
    })
}

/// What is beside a plan.
fn beside(plan: &TerraformPlan<'_>, files: &DiskFiles) -> PlanFiles {
    let packages = plan.packages().into_iter();
    PlanFiles {
        sources: sources(plan, files),
        package_bytes: packages
            .filter_map(|file| {
                let bytes = files.package_bytes(&file)?;
                Some((file, bytes))
            })
            .collect(),
    }
}

/// The `*.tf` files of a plan's modules. What is not there has no lines.
fn sources(plan: &TerraformPlan<'_>, files: &DiskFiles) -> Vec<ModuleSource> {
    let modules = files.read(MODULES);
    let modules = modules
        .as_deref()
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    let mut sources = Vec::new();
    let mut left = MOST_BYTES;
    for ModuleFolder { module, folder } in plan.module_folders(modules) {
        let entries = files.path(&folder).and_then(|path| fs::read_dir(path).ok());
        let mut names: Vec<String> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".tf") || name.ends_with(".tofu"))
            .collect();
        names.sort();
        for name in names {
            let file = match folder.is_empty() {
                true => name,
                false => format!("{folder}/{name}"),
            };
            let Some(bytes) = files.read(&file) else {
                continue;
            };
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if sources.len() >= MOST_FILES || size > left {
                return sources;
            }
            left -= size;
            if let Ok(text) = String::from_utf8(bytes) {
                sources.push(ModuleSource {
                    module: module.clone(),
                    file,
                    text,
                });
            }
        }
    }
    sources
}
