//! Cloud assemblies of the AWS CDK: the folder `cdk.out`.
//!
//! The manifest names the stacks of an assembly and the assemblies of its stages (aws-cdk
//! cloud-assembly-schema 55). Stacks of one assembly import from each other. Resources are called by their
//! construct path, and packages are measured from the folders of their assets.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::source::{TemplateError, decode, parse};
use super::super::value::{TemplateNode, without_symbols};
use super::super::{Built, DeploymentTarget, TemplateRemark};
use super::check_is_template;
use super::evaluate::StackInput;
use super::gather::Gathered;
use super::stack::{Deployment, SourceFiles, StackOutputs, read_stack};
use crate::template::build::build;
use crate::template::settings::DeploymentSettings;

/// How deep stages nest.
const DEEPEST_STAGE: usize = 4;

/// A stack of an assembly.
struct AssemblyStack {
    root: TemplateNode,
    input: StackInput,
    folder: String,
    assets: AssetFiles,
}

/// The assets of an assembly by the key under which they are uploaded.
#[derive(Clone, Default)]
struct AssetFiles {
    /// Sizes of packages, bytes.
    packages: BTreeMap<String, u64>,
    /// Templates of nested stacks, by their path in the assembly.
    templates: BTreeMap<String, String>,
}

/// Files of a folder of the assembly.
struct InFolder<'a> {
    files: &'a dyn SourceFiles,
    folder: String,
}

impl SourceFiles for InFolder<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.read(&joined(&self.folder, path))
    }

    fn package_bytes(&self, path: &str) -> Option<u64> {
        self.files.package_bytes(&joined(&self.folder, path))
    }
}

/// A path in a folder, which may begin with `../`.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Reads the assembly whose manifest is at the root of `files`.
///
/// # Errors
/// A manifest or a template that cannot be read, with its name.
pub fn read_assembly(
    target: &DeploymentTarget,
    files: &dyn SourceFiles,
) -> Result<Vec<Built>, TemplateError> {
    let mut stacks = Vec::new();
    let mut gaps = Vec::new();
    find_stacks("", target, files, &mut stacks, &mut gaps, 0)?;
    let exports = exports(&mut stacks, target, files)?;
    // One deployment for each account and Region.
    let mut deployments: BTreeMap<(Option<String>, Option<String>), Vec<AssemblyStack>> =
        BTreeMap::new();
    for mut stack in stacks {
        stack.input.exports.clone_from(&exports);
        let place = (stack.input.account.clone(), stack.input.region.clone());
        deployments.entry(place).or_default().push(stack);
    }
    let mut all = Vec::new();
    for ((account, region), stacks) in deployments {
        let mut gathered = Gathered {
            settings: DeploymentSettings {
                account,
                region,
                taken_at: target.taken_at.clone(),
                onto: target.onto.clone(),
                ..DeploymentSettings::default()
            },
            ..Gathered::default()
        };
        for stack in &stacks {
            read_into(stack, files, &mut gathered)?;
        }
        let (settings, stack_gaps, problems) = gathered.joined();
        let mut built = build(&settings);
        for rendering in &mut built.renderings {
            rendering.exports.clone_from(&exports);
        }
        built.gaps.append(&mut gaps);
        built.gaps.extend(stack_gaps);
        built.problems.extend(problems);
        all.push(built);
    }
    Ok(all)
}

fn read_into(
    stack: &AssemblyStack,
    files: &dyn SourceFiles,
    gathered: &mut Gathered,
) -> Result<StackOutputs, TemplateError> {
    let in_folder = InFolder {
        files,
        folder: stack.folder.clone(),
    };
    let deployment = Deployment {
        files: &in_folder,
        packages: stack.assets.packages.clone(),
        templates: stack.assets.templates.clone(),
        by_construct: true,
        stacks: std::cell::Cell::new(0),
    };
    read_stack(&stack.root, &stack.input, &deployment, gathered, 0)
}

/// What the stacks export. An export may be made of an import, so this repeats until nothing is added.
fn exports(
    stacks: &mut [AssemblyStack],
    target: &DeploymentTarget,
    files: &dyn SourceFiles,
) -> Result<BTreeMap<String, TemplateNode>, TemplateError> {
    let mut exports = target.exports.clone();
    for _ in 0..stacks.len().min(8) {
        let mut found = target.exports.clone();
        for stack in stacks.iter_mut() {
            stack.input.exports.clone_from(&exports);
            let mut unused = Gathered {
                settings: DeploymentSettings {
                    account: stack.input.account.clone(),
                    onto: target.onto.clone(),
                    ..DeploymentSettings::default()
                },
                ..Gathered::default()
            };
            found.extend(read_into(stack, files, &mut unused)?.exports);
        }
        if found == exports {
            break;
        }
        exports = found;
    }
    Ok(exports)
}

fn find_stacks(
    folder: &str,
    target: &DeploymentTarget,
    files: &dyn SourceFiles,
    stacks: &mut Vec<AssemblyStack>,
    gaps: &mut Vec<TemplateRemark>,
    depth: usize,
) -> Result<(), TemplateError> {
    let name = joined(folder, "manifest.json");
    let manifest = json(files, &name)?;
    if let Some(missing) = manifest.get("missing").and_then(Value::as_array)
        && !missing.is_empty()
    {
        gaps.push(TemplateRemark {
            address: String::new(),
            position: None,
            message: format!(
                "{name}: {} context lookups are missing; run `cdk synth` with credentials for a complete assembly",
                missing.len()
            ),
        });
    }
    let assets = assets(folder, &manifest, files);
    let artifacts = manifest.get("artifacts").and_then(Value::as_object);
    for (id, artifact) in artifacts.into_iter().flatten() {
        let text = |path: &str| artifact.pointer(path).and_then(Value::as_str);
        match text("/type") {
            Some("aws:cloudformation:stack") => {
                let Some(file) = text("/properties/templateFile") else {
                    continue;
                };
                let path = joined(folder, file);
                let bytes = files
                    .read(&path)
                    .ok_or_else(|| TemplateError::new(format!("{path} cannot be read")))?;
                let root = parse(&path, &decode(&bytes)?)?;
                check_is_template(&root)?;
                let input = stack_input(id, artifact, target);
                stacks.push(AssemblyStack {
                    root,
                    input,
                    folder: folder.to_owned(),
                    assets: assets.clone(),
                });
            }
            Some("cdk:cloud-assembly") if depth < DEEPEST_STAGE => {
                if let Some(stage) = text("/properties/directoryName") {
                    let stage = joined(folder, stage);
                    find_stacks(&stage, target, files, stacks, gaps, depth + 1)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn json(files: &dyn SourceFiles, name: &str) -> Result<Value, TemplateError> {
    let bytes = files
        .read(name)
        .ok_or_else(|| TemplateError::new(format!("{name} cannot be read")))?;
    serde_json::from_slice(&bytes).map_err(|error| TemplateError::new(format!("{name}: {error}")))
}

/// Account and Region from `aws://ACCOUNT/REGION`, unless the user names others.
fn stack_input(id: &str, artifact: &Value, target: &DeploymentTarget) -> StackInput {
    let environment = artifact
        .get("environment")
        .and_then(Value::as_str)
        .and_then(|environment| environment.strip_prefix("aws://"))
        .and_then(|environment| environment.split_once('/'));
    let (account, region) = environment.unwrap_or_default();
    let known =
        |text: &str| (!text.is_empty() && !text.starts_with("unknown-")).then(|| text.to_owned());
    let parameters = artifact
        .pointer("/properties/parameters")
        .and_then(Value::as_object);
    let given = parameters
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), TemplateNode::from_json(value)));
    let by_user = target.parameters.iter();
    StackInput {
        account: target
            .account
            .clone()
            .or_else(|| known(account))
            .or_else(|| target.account()),
        region: target
            .region
            .clone()
            .or_else(|| known(region))
            .or_else(|| target.region()),
        stack_name: target.stack_name.clone().or_else(|| {
            let name = artifact
                .pointer("/properties/stackName")
                .and_then(Value::as_str);
            Some(name.unwrap_or(id).to_owned())
        }),
        parameters: given
            .chain(
                by_user.map(|(name, value)| {
                    (name.clone(), TemplateNode::text(without_symbols(value)))
                }),
            )
            .collect(),
        prefix: format!("{id}/"),
        ..StackInput::default()
    }
}

/// The assets of an assembly.
fn assets(folder: &str, manifest: &Value, files: &dyn SourceFiles) -> AssetFiles {
    let mut found = AssetFiles::default();
    let artifacts = manifest.get("artifacts").and_then(Value::as_object);
    for artifact in artifacts
        .into_iter()
        .flatten()
        .map(|(_, artifact)| artifact)
    {
        let file = artifact.pointer("/properties/file").and_then(Value::as_str);
        let is_assets = artifact.get("type").and_then(Value::as_str) == Some("cdk:asset-manifest");
        let (true, Some(file)) = (is_assets, file) else {
            continue;
        };
        let Ok(listed) = json(files, &joined(folder, file)) else {
            continue;
        };
        for (_, asset) in listed
            .get("files")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let Some(path) = asset.pointer("/source/path").and_then(Value::as_str) else {
                continue;
            };
            let destinations = asset.get("destinations").and_then(Value::as_object);
            let keys: Vec<&str> = destinations
                .into_iter()
                .flatten()
                .filter_map(|(_, destination)| destination.get("objectKey")?.as_str())
                .collect();
            // Templates are assets too.
            if path.ends_with(".json") {
                let templates = keys.iter().map(|key| ((*key).to_owned(), path.to_owned()));
                found.templates.extend(templates);
            } else if let Some(size) = files.package_bytes(&joined(folder, path)) {
                let packages = keys.iter().map(|key| ((*key).to_owned(), size));
                found.packages.extend(packages);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_stay_in_the_assembly() {
        assert_eq!(joined("assembly-Prod", "../asset.1"), "asset.1");
        assert_eq!(joined("", "asset.1"), "asset.1");
        assert_eq!(joined("", "../../etc/passwd"), "etc/passwd");
    }
}
