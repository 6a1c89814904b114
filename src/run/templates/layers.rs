//! Several inputs with `--onto`: all of them laid over one account, in the order of the arguments.

use super::files::{InputFile, Root};
use super::{LiveAccount, Loaded, ReadInputs};
use crate::run::RunError;
use crate::template::layers::{LayerError, Layers, MOST};
use crate::template::{Built, DeploymentTarget, SourcePosition, TemplateKind};

/// Inputs that are judged each by itself.
pub(super) fn apart(loaded: Vec<Loaded>) -> ReadInputs {
    ReadInputs {
        files: loaded.iter().map(file_of).collect(),
        judged: loaded,
    }
}

fn file_of(loaded: &Loaded) -> (String, TemplateKind) {
    (loaded.file.clone(), loaded.kind)
}

/// Inputs over an account.
pub(super) fn over(
    inputs: &[InputFile],
    target: &DeploymentTarget,
    onto: &LiveAccount,
) -> Result<ReadInputs, RunError> {
    let mut alone: Vec<Vec<Loaded>> = Vec::new();
    for input in inputs {
        alone.push(input.read(target)?);
    }
    if alone.iter().flatten().count() < 2 {
        return Ok(apart(alone.into_iter().flatten().collect()));
    }
    let mut layers = Layers::new(std::sync::Arc::clone(&onto.snapshot));
    let mut files = Vec::new();
    for (input, parts) in inputs.iter().zip(&alone) {
        for (index, part) in parts.iter().enumerate() {
            onto.check(part)?;
            files.push(file_of(part));
            let added = layers.add(&part.file, target, &mut |target| {
                let mut parts = input.read(target)?;
                // Accounts and Regions of an assembly do not depend on what is in the account.
                if index >= parts.len() {
                    return Err(RunError::mistake(
                        "the input changed while it was read",
                        None,
                    ));
                }
                Ok(as_reported(parts.swap_remove(index)))
            });
            added.map_err(|error| match error {
                LayerError::Input(error) => error,
                LayerError::TooMany(parameters) => too_many(parameters.into_iter().collect()),
            })?;
        }
    }
    let judged = Loaded {
        kind: files
            .first()
            .map_or(TemplateKind::CloudFormation, |(_, kind)| *kind),
        file: files
            .first()
            .map(|(file, _)| file.clone())
            .unwrap_or_default(),
        // Positions are as reports have them.
        root: Root::of(None),
        built: layers.finish(),
    };
    Ok(ReadInputs {
        judged: vec![judged],
        files,
    })
}

fn too_many(parameters: Vec<String>) -> RunError {
    let named = if parameters.is_empty() {
        "judge the inputs in separate runs".to_owned()
    } else {
        format!("give values with --parameter: {}", parameters.join(", "))
    };
    RunError::mistake(
        format!("the inputs lead to more than {MOST} different accounts"),
        Some(named),
    )
}

/// What was read, with positions relative to the root of the repository.
fn as_reported(loaded: Loaded) -> Built {
    let Loaded {
        root, mut built, ..
    } = loaded;
    let moved = |position: &mut SourcePosition| {
        position.file = root.file(&position.file).into();
    };
    for rendering in &mut built.renderings {
        rendering.positions.values_mut().for_each(moved);
    }
    let remarks = built.problems.iter_mut().chain(&mut built.gaps);
    remarks
        .filter_map(|remark| remark.position.as_mut())
        .for_each(moved);
    built
}
