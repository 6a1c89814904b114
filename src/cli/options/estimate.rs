//! `cold-start estimate`.

use std::path::PathBuf;

use serde_json::Value;

use super::join::Join;
use crate::cli::args::EstimateArgs;
use crate::report::cold_start::EstimateInput;

/// `cold-start estimate`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct EstimateOptions {
    /// One or two functions with a title each; none with `batch`.
    pub inputs: Vec<(String, EstimateInput)>,
    /// Read the functions from standard input.
    pub batch: bool,
    /// Print JSON.
    pub json: bool,
    /// The file of the cold-start model.
    pub model: Option<PathBuf>,
}

impl Join {
    pub(super) fn estimate(&mut self, args: EstimateArgs) -> EstimateOptions {
        let mut inputs = Vec::new();
        if let Some(runtime) = args.runtime {
            let input = EstimateInput {
                id: runtime.clone(),
                runtime: runtime.clone(),
                architecture: args.architecture,
                package_type: if args.image { "image" } else { "zip" }.to_owned(),
                memory_mb: args.memory,
                zip_mb: args.zip_mb,
                unzipped_mb: args.unzipped_mb,
                imported_mb: args.imported_mb,
                image_mb: args.image_mb,
                uses_sdk: args.uses_sdk,
                sdk_client: args.sdk_client,
                packages: (!args.packages.is_empty()).then_some(args.packages),
                extensions: args.extensions,
                extension_kinds: (!args.extension_kinds.is_empty()).then_some(args.extension_kinds),
                ready_to_run: args.ready_to_run,
                snapstart: args.snapstart,
                primed: args.primed,
                vpc: args.vpc,
                framework: args.framework,
            };
            let other = self.versus(&input, &args.versus);
            inputs.push((format!("{runtime}, {} MB", input.memory_mb), input));
            inputs.extend(other);
        }
        EstimateOptions {
            inputs,
            batch: args.batch,
            json: args.json,
            model: args.cold_start_model,
        }
    }

    /// The second function: the first with the changes of `--versus`.
    fn versus(
        &mut self,
        input: &EstimateInput,
        changes: &[String],
    ) -> Option<(String, EstimateInput)> {
        if changes.is_empty() {
            return None;
        }
        let mut object = serde_json::to_value(input).ok()?;
        for change in changes {
            let Some((member, value)) = change.split_once('=') else {
                self.wrong(format!("--versus `{change}` is not MEMBER=VALUE"));
                return None;
            };
            let texts = ["runtime", "architecture", "package_type", "framework"];
            let value = if texts.contains(&member) {
                Value::from(value)
            } else {
                serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))
            };
            object.as_object_mut()?.insert(member.to_owned(), value);
        }
        let title = changes.join(", ");
        match serde_json::from_value::<EstimateInput>(object) {
            Ok(other) => Some((title, other)),
            Err(error) => {
                self.wrong(format!("--versus {title}: {error}"));
                None
            }
        }
    }
}
