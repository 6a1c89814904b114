//! The options of a run as other commands take them, for the commands that outputs print.

use std::path::Path;

use crate::cli::Placed;
use crate::cli::options::{
    Acceptance, AuditOptions, AuditSource, DEFAULT_PACK, RemediateOptions, SelectionOptions,
    TemplateOptions,
};
use crate::inventory::request::CollectRequest;
use crate::report::Severity;
use crate::report::invocation::{BeforeDeployment, Invocation};

/// Words of a command line in the making.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn option(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(name.to_owned());
        self.0.push(value.into());
    }

    fn path(&mut self, name: &str, value: &Path) {
        self.option(name, value.display().to_string());
    }

    /// What the configuration file says, it says again.
    fn typed(&mut self, name: &str, values: &[Placed<String>]) {
        for value in values.iter().filter(|value| value.place.is_none()) {
            self.option(name, &value.value);
        }
    }
}

/// Where the data and the checks of any command come from.
pub(super) fn of(
    source: &AuditSource,
    request: &CollectRequest,
    selection: &SelectionOptions,
    config: Option<&Path>,
) -> Invocation {
    let mut words = Words::default();
    match source {
        AuditSource::Sample => words.0.push("--sample".to_owned()),
        AuditSource::Snapshot(path) => words.path("--snapshot", path),
        AuditSource::Live => {
            live(request, &mut words);
        }
    }
    if !request.resources.regions.is_empty() {
        words.option("--region", request.resources.regions.join(","));
    }
    let mut catalogue = Words::default();
    if let Some(config) = config {
        catalogue.path("--config", config);
    }
    for folder in &selection.policies {
        catalogue.path("--policies", folder);
    }
    let mut pack = Words::default();
    if selection.pack.0.value != DEFAULT_PACK {
        pack.option("--pack", &selection.pack.0.value);
    }
    Invocation {
        source: words.0,
        catalogue: catalogue.0,
        pack: pack.0,
        before_deployment: None,
        audit: Vec::new(),
    }
}

/// The profile and the endpoint.
fn live(request: &CollectRequest, words: &mut Words) {
    if let Some(profile) = &request.profile {
        words.option("--profile", profile);
    }
    if let Some(endpoint) = &request.endpoint_url {
        words.option("--endpoint-url", endpoint);
    }
}

/// Templates and plans with what is known of their deployment.
fn of_template(template: &TemplateOptions) -> Words {
    let mut words = Words::default();
    for file in &template.templates {
        words.path("--template", file);
    }
    for file in &template.terraform_plans {
        words.path("--terraform-plan", file);
    }
    let known = [
        ("--account", &template.account),
        ("--region", &template.region),
        ("--stack-name", &template.stack_name),
        ("--as-of", &template.as_of),
    ];
    for (option, value) in known {
        if let Some(value) = value {
            words.option(option, value);
        }
    }
    for (name, value) in &template.parameters {
        words.option("--parameter", format!("{name}={value}"));
    }
    for file in &template.parameter_files {
        words.path("--parameter-file", file);
    }
    words
}

/// All of an audit but its outputs.
pub(super) fn of_audit(audit: &AuditOptions, config: Option<&Path>) -> Invocation {
    let mut words = Words::default();
    words.typed("--check", &audit.selection.check);
    words.typed("--exclude", &audit.selection.exclude);
    if let Some(severity) = audit.selection.severity {
        words.option("--severity", severity.name());
    }
    for bucket in &audit.request.resources.buckets {
        words.option("--bucket", bucket);
    }
    for function in &audit.request.resources.functions {
        words.option("--function", function);
    }
    match audit.gate.fail_on {
        Some(Severity::High) => {}
        Some(severity) => words.option("--fail-on", severity.name()),
        None => words.option("--fail-on", "none"),
    }
    if audit.gate.allow_incomplete {
        words.0.push("--allow-incomplete".to_owned());
    }
    let Acceptance { baseline, .. } = &audit.accepted;
    if let Some(baseline) = baseline {
        words.path("--baseline", baseline);
    }
    if let Some(budget) = audit.selection.cold_start_budget_ms {
        words.option("--cold-start-budget", format!("{budget}ms"));
    }
    if let Some(model) = &audit.cold_start_model {
        words.path("--cold-start-model", model);
    }
    let reads_account = match &audit.template {
        None => audit.source == AuditSource::Live,
        Some(template) => template.onto == Some(AuditSource::Live),
    };
    if reads_account {
        opt_ins(&audit.request, &mut words);
    }
    let mut run = of(&audit.source, &audit.request, &audit.selection, config);
    if let Some(template) = &audit.template {
        run.source = of_template(template).0;
        run.before_deployment = Some(match template.terraform_plans.is_empty() {
            true => BeforeDeployment::Templates,
            false => BeforeDeployment::Plans,
        });
        match &template.onto {
            Some(AuditSource::Snapshot(file)) => words.path("--onto", file),
            Some(_) => {
                words.option("--onto", "live");
                live(&audit.request, &mut words);
            }
            None => {}
        }
    }
    Invocation {
        audit: words.0,
        ..run
    }
}

/// The same with the snapshot on standard input: for documents that do not depend on where a file is.
pub(super) fn of_standard_input(run: &Invocation) -> Invocation {
    let mut run = run.clone();
    if let [option, file, ..] = run.source.as_mut_slice()
        && option == "--snapshot"
    {
        "-".clone_into(file);
    }
    run
}

/// Of a plan.
pub(super) fn of_remediation(remediate: &RemediateOptions, config: Option<&Path>) -> Invocation {
    let run = of(
        &remediate.source,
        &remediate.request,
        &remediate.selection,
        config,
    );
    match &remediate.template {
        None => run,
        Some(template) => Invocation {
            source: of_template(template).0,
            before_deployment: Some(BeforeDeployment::Templates),
            ..run
        },
    }
}

/// The opt-in readings, which only a live account takes.
fn opt_ins(request: &CollectRequest, words: &mut Words) {
    if request.image_sizes {
        words.0.push("--image-sizes".to_owned());
    }
    if request.inspect_packages {
        words.0.push("--inspect-packages".to_owned());
    }
    if let Some(number) = request.sample_objects {
        words.option("--sample-objects", number.to_string());
    }
    if let Some(days) = request.measure_days {
        words.option("--measure", days.to_string());
    }
    if request.live_prices {
        words.0.push("--live-prices".to_owned());
    }
}
