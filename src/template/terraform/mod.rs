//! Terraform and OpenTofu plans in JSON (`terraform show -json`).
//!
//! ```text
//! bytes -> document (values as slices) -> instances, configuration -> reader (joins by reference)
//!       -> buckets, functions, identities, surroundings -> settings -> build
//! ```
//!
//! Three things make a plan different from a template. It says which resources are new and which exist,
//! so that AWS's defaults of today hold only for the former. It has values in place of expressions,
//! and of what is known after apply only the names in the expression: what joins to what follows from
//! those. And it contains secrets in clear text: values that are marked as sensitive are never read.

mod address;
mod bucket_settings;
mod buckets;
mod configuration;
mod document;
mod evaluate;
mod functions;
mod hcl;
mod identities;
mod instances;
mod names;
mod policies;
mod reader;
mod references;
mod refusal;
mod sources;
mod surroundings;
mod values;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use coldbucket_policy::parse::is_account_id;

use self::configuration::Configuration;
use self::document::PlanDocument;
use self::instances::{Instances, PlannedAction};
use self::reader::Plan;
use self::references::InstanceIndex;
pub use self::refusal::{MOST_BYTES, PlanError};
use self::sources::SourceTree;
pub use self::sources::{ModuleSource, PlanFiles};
use crate::inventory::ids::account_of_arn;

use super::settings::{DeletedResource, DeploymentSettings};
use super::{Built, DeploymentTarget, TemplateRemark, build};

/// The resource types and data sources that are read.
const RELEVANT: &[&str] = &[
    "aws_appautoscaling_target",
    "aws_caller_identity",
    "aws_canonical_user_id",
    "aws_cloudtrail",
    "aws_cloudtrail_event_data_store",
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_event_target",
    "aws_config_config_rule",
    "aws_config_configuration_recorder",
    "aws_config_configuration_recorder_status",
    "aws_config_delivery_channel",
    "aws_iam_access_key",
    "aws_iam_group",
    "aws_iam_group_membership",
    "aws_iam_group_policy",
    "aws_iam_group_policy_attachment",
    "aws_iam_policy",
    "aws_iam_policy_attachment",
    "aws_iam_policy_document",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_user",
    "aws_iam_user_group_membership",
    "aws_iam_user_policy",
    "aws_iam_user_policy_attachment",
    "aws_kms_alias",
    "aws_kms_external_key",
    "aws_kms_key",
    "aws_kms_key_policy",
    "aws_kms_replica_external_key",
    "aws_kms_replica_key",
    "aws_lambda_alias",
    "aws_lambda_event_source_mapping",
    "aws_lambda_function",
    "aws_lambda_function_url",
    "aws_lambda_layer_version",
    "aws_lambda_permission",
    "aws_lambda_provisioned_concurrency_config",
    "aws_region",
    "aws_s3_access_point",
    "aws_s3_account_public_access_block",
    "aws_s3_bucket",
    "aws_s3_bucket_abac",
    "aws_s3_bucket_acl",
    "aws_s3_bucket_cors_configuration",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_object_lock_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_replication_configuration",
    "aws_s3_bucket_request_payment_configuration",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_s3_bucket_website_configuration",
    "aws_s3control_access_point_policy",
    "aws_s3control_multi_region_access_point",
    "aws_s3control_multi_region_access_point_policy",
    "aws_scheduler_schedule",
];

/// Types that describe AWS and are not read: buckets of another kind, or of another provider.
const GAPS: &[&str] = &[
    "aws_cloudformation_stack",
    "aws_cloudformation_stack_set",
    "aws_s3_directory_bucket",
    "aws_serverlessapplicationrepository_cloudformation_stack",
];

/// What the types of other providers begin with, those of Lambda Web Functions, and those of buckets and access
/// points of other kinds.
const GAP_PREFIXES: &[&str] = &[
    "awscc_lambda_",
    "awscc_s3",
    "aws_lambdaweb_",
    "aws_s3control_object_lambda_",
    "aws_s3tables_",
    "aws_s3vectors_",
];

/// True for a type that describes AWS and is not read.
fn is_gap(kind: &str) -> bool {
    GAPS.contains(&kind) || GAP_PREFIXES.iter().any(|prefix| kind.starts_with(prefix))
}

/// The longest value of a variable that is read, bytes.
const MOST_VARIABLE: usize = 64 << 10;

/// True for a type that is read.
fn is_relevant(kind: &str) -> bool {
    RELEVANT.binary_search(&kind).is_ok()
}

/// The text of a plan: UTF-8, or UTF-16 with a byte order mark as PowerShell's `>` writes it.
///
/// # Errors
/// What the file looks like, when it is no text or too large.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, PlanError> {
    refusal::decode(bytes)
}

/// A plan, or a state as `terraform show -json` prints it.
#[derive(Debug)]
pub struct TerraformPlan<'a> {
    instances: Instances,
    configuration: Configuration<'a>,
    variables: BTreeMap<String, serde_json::Value>,
    gaps: Vec<TemplateRemark>,
    notes: Vec<String>,
}

/// Where the source of a module is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFolder {
    /// The names of the modules on the way from the root module; empty for the root.
    pub module: Vec<String>,
    /// The folder, relative to that of the root module.
    pub folder: String,
}

fn read_document(text: &str) -> Result<PlanDocument<'_>, PlanError> {
    let document: PlanDocument<'_> = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return Err(refusal::not_json(text, &error)),
    };
    if let Some(version) = &document.format_version {
        let major = version.split('.').next().unwrap_or_default();
        if !matches!(major, "0" | "1") {
            let shown = version.chars().filter(|letter| !letter.is_control());
            return Err(PlanError::FormatVersion(shown.take(20).collect()));
        }
    }
    let is_plan = document.planned_values.is_some() || document.resource_changes.is_some();
    if !is_plan && (document.values.is_none() || document.format_version.is_none()) {
        return Err(refusal::other_json(text));
    }
    Ok(document)
}

impl<'a> TerraformPlan<'a> {
    /// Reads a plan from its [decoded](decode) text.
    ///
    /// # Errors
    /// What the file looks like and the command that makes the right one, when it is no plan; and the
    /// limit that is exceeded.
    pub fn parse(text: &'a str) -> Result<Self, PlanError> {
        let document = read_document(text)?;
        let instances = instances::read(&document, is_relevant)?;
        let gaps = gaps(&document);
        let variables = variables(&document)?;
        let mut notes = Vec::new();
        if document.errored == Some(true) {
            notes.push("the plan ended with an error and cannot be applied".to_owned());
        }
        if document.planned_values.is_none() && document.resource_changes.is_none() {
            notes.push("the file is a state: its resources exist".to_owned());
        }
        let configuration = match document.configuration {
            Some(form) => Configuration::read(form, is_relevant)?,
            None => Configuration::default(),
        };
        Ok(Self {
            instances,
            configuration,
            variables,
            gaps,
            notes,
        })
    }

    /// The folders of the modules: of those whose source is a folder, and of those that
    /// `.terraform/modules/modules.json` (its text) says where they are.
    pub fn module_folders(&self, modules: Option<&str>) -> Vec<ModuleFolder> {
        let installed = modules.map(installed_modules).unwrap_or_default();
        let mut folders = vec![ModuleFolder {
            module: Vec::new(),
            folder: String::new(),
        }];
        let mut known: BTreeMap<Vec<String>, String> = [(Vec::new(), String::new())].into();
        for (module, source) in self.configuration.local_modules() {
            let parent = module.split_last().map(|(_, parent)| parent.to_vec());
            let parent = parent.and_then(|parent| known.get(&parent).cloned());
            let is_folder = source.starts_with("./") || source.starts_with("../");
            let folder = match installed.get(&module.join(".")) {
                Some(folder) => folder.clone(),
                None => match parent.filter(|_| is_folder) {
                    Some(parent) if parent.is_empty() => source,
                    Some(parent) => format!("{parent}/{source}"),
                    None => continue,
                },
            };
            known.insert(module.clone(), folder.clone());
            folders.push(ModuleFolder { module, folder });
        }
        folders
    }

    /// The files that functions name as their packages.
    pub fn packages(&self) -> BTreeSet<String> {
        self.instances
            .resources
            .values()
            .filter(|resource| resource.address.kind == "aws_lambda_function")
            .filter_map(|resource| resource.values.get("filename")?.as_str())
            .map(str::to_owned)
            .collect()
    }

    /// The snapshots that the plan leads to. `files` is what is beside it: the lines of resources,
    /// expressions that a plan leaves out, and the sizes of packages.
    pub fn build(self, target: &DeploymentTarget, files: &PlanFiles) -> Built {
        let notes = self.notes.clone();
        let gaps = self.gaps.clone();
        let plan = self.plan(target, files);
        let mut settings = DeploymentSettings {
            account: plan.account.clone(),
            region: plan.region.clone(),
            taken_at: target.taken_at.clone(),
            names_existing: true,
            onto: target.onto.clone(),
            deleted: deleted(&plan),
            ..DeploymentSettings::default()
        };
        let (buckets, problems) = buckets::read(&plan);
        settings.buckets = buckets;
        settings.functions = functions::read(&plan);
        (settings.identities, settings.managed_policies) = identities::read(&plan);
        surroundings::read(&plan, &mut settings);
        let forgotten = forgotten(&plan);
        drop(plan);
        let mut built = build::build(&settings);
        built.problems.extend(problems);
        built.problems.sort();
        built.problems.dedup();
        built.gaps.extend(gaps);
        built.notes.extend(notes);
        built.notes.extend(forgotten);
        built
    }

    fn plan(self, target: &DeploymentTarget, files: &PlanFiles) -> Plan<'a> {
        let mut index = InstanceIndex::default();
        for address in self.instances.resources.keys() {
            index.add(address);
        }
        for address in self.instances.data.keys() {
            index.add(address);
        }
        let mut plan = Plan {
            configuration: self.configuration,
            instances: self.instances,
            index,
            variables: self.variables,
            ..Plan::default()
        };
        plan.sources = SourceTree::read(&files.sources);
        plan.package_bytes.clone_from(&files.package_bytes);
        plan.region = target
            .region
            .clone()
            .or_else(|| default_region(&plan))
            .or_else(|| target.region());
        plan.account = target
            .account
            .clone()
            .or_else(|| account(&plan))
            .or_else(|| target.account());
        plan.onto.clone_from(&target.onto);
        let mut names: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for bucket in plan.staying("aws_s3_bucket") {
            if let Some(name) = bucket.known_text("bucket") {
                names
                    .entry(name)
                    .or_default()
                    .push(bucket.address().clone());
            }
        }
        plan.candidates = plan
            .staying("aws_s3_bucket")
            .filter(|bucket| !bucket.existing() || bucket.known_text("bucket").is_none())
            .map(|bucket| {
                let referents = bucket.referents(bucket.expression("bucket"));
                (bucket.address().clone(), referents)
            })
            .collect();
        plan.bucket_names = names;
        plan
    }
}

/// What the plan deletes.
fn deleted(plan: &Plan<'_>) -> Vec<DeletedResource> {
    let mut deleted = Vec::new();
    let mut add = |kind: &str, argument: &str, of: &dyn Fn(String) -> DeletedResource| {
        let gone = plan
            .of_kind(kind)
            .filter(|reader| reader.resource.action == PlannedAction::Delete);
        deleted.extend(gone.filter_map(|reader| reader.known_text(argument).map(of)));
    };
    add("aws_s3_bucket", "bucket", &DeletedResource::Bucket);
    add("aws_lambda_function", "arn", &DeletedResource::Function);
    for kind in ["role", "user", "group"] {
        let key = |name: String| DeletedResource::Identity(format!("{kind}/{name}"));
        add(&format!("aws_iam_{kind}"), "name", &key);
    }
    add("aws_iam_policy", "arn", &DeletedResource::ManagedPolicy);
    add("aws_cloudtrail", "arn", &DeletedResource::Trail);
    add("aws_kms_key", "arn", &DeletedResource::Key);
    add("aws_s3_access_point", "arn", &DeletedResource::AccessPoint);
    let mut blocks = plan.of_kind("aws_s3_account_public_access_block");
    if blocks.any(|reader| reader.resource.action == PlannedAction::Delete) {
        deleted.push(DeletedResource::AccountPublicAccessBlock);
    }
    deleted
}

/// The Region of the default provider, or the one that a data source names.
fn default_region(plan: &Plan<'_>) -> Option<String> {
    plan.provider_region("aws")
        .or_else(|| plan.data_text("aws_region", "region"))
        .or_else(|| plan.data_text("aws_region", "name"))
        .or_else(|| plan.data_text("aws_region", "id"))
}

/// The account that a data source names, or the ARN of something that exists.
fn account(plan: &Plan<'_>) -> Option<String> {
    let of_arn = || {
        plan.instances
            .resources
            .values()
            .filter(|resource| resource.action == PlannedAction::Keep)
            .filter(|resource| {
                matches!(
                    resource.address.kind.as_str(),
                    "aws_lambda_function" | "aws_iam_role" | "aws_kms_key" | "aws_iam_user"
                )
            })
            .filter_map(|resource| plan.reader(resource).known_text("arn"))
            .find_map(|arn| account_of_arn(&arn).map(str::to_owned))
    };
    plan.data_text("aws_caller_identity", "account_id")
        .or_else(of_arn)
        .filter(|id| is_account_id(id))
}

/// Values of the root module's variables. Those that are sensitive are not read.
fn variables(
    document: &PlanDocument<'_>,
) -> Result<BTreeMap<String, serde_json::Value>, PlanError> {
    let declared = document
        .configuration
        .as_ref()
        .and_then(|configuration| configuration.root_module.as_ref())
        .and_then(|module| module.variables.as_ref());
    let mut variables = BTreeMap::new();
    for (name, form) in document.variables.iter().flatten() {
        // Without its declaration a variable may be sensitive.
        let declaration = declared.and_then(|declared| declared.get(name));
        let is_open = declaration.is_some_and(|declaration| declaration.sensitive != Some(true));
        let is_region = name.to_ascii_lowercase().contains("region");
        let Some(raw) = form.value.filter(|_| is_open || is_region) else {
            continue;
        };
        if raw.get().len() <= MOST_VARIABLE {
            let value = serde_json::from_str(raw.get())
                .map_err(|error| PlanError::Shape(error.to_string()))?;
            variables.insert(name.clone().into_owned(), value);
        }
    }
    Ok(variables)
}

/// Where modules were installed, by their dotted names.
fn installed_modules(text: &str) -> BTreeMap<String, String> {
    let document: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let modules = document
        .get("Modules")
        .and_then(serde_json::Value::as_array);
    modules
        .into_iter()
        .flatten()
        .filter_map(|module| {
            let text = |member| module.get(member).and_then(serde_json::Value::as_str);
            Some((text("Key")?.to_owned(), text("Dir")?.to_owned()))
        })
        .collect()
}

/// Resources that are not read, although they may hold buckets or functions.
fn gaps(document: &PlanDocument<'_>) -> Vec<TemplateRemark> {
    let mut found = BTreeSet::new();
    for change in document.resource_changes.iter().flatten() {
        if is_gap(&change.kind) {
            found.insert((change.address.as_ref(), change.kind.as_ref()));
        }
    }
    found
        .into_iter()
        .map(|(address, kind)| TemplateRemark {
            address: address.to_owned(),
            position: None,
            message: format!("resources of type {kind} are not read"),
        })
        .collect()
}

/// Resources that stay in the account without Terraform.
fn forgotten(plan: &Plan<'_>) -> Option<String> {
    let addresses: Vec<String> = plan
        .instances
        .resources
        .values()
        .filter(|resource| resource.action == PlannedAction::Forget)
        .filter(|resource| {
            matches!(
                resource.address.kind.as_str(),
                "aws_s3_bucket" | "aws_lambda_function"
            )
        })
        .map(|resource| resource.address.to_string())
        .collect();
    (!addresses.is_empty()).then(|| {
        format!(
            "removed from the state without being deleted, and not judged: {}",
            addresses.join(", ")
        )
    })
}
