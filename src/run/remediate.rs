//! `remediate`: audits, and plans fixes for failing checks. Nothing is applied.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use wildmatch::WildMatch;

use super::accepting::AcceptanceRules;
use super::assess::{self, AuditInput};
use super::console::Console;
use super::files::{self, Stdout};
use super::source;
use super::{Exit, RunError, catalogue, invocation, templates};
use crate::checks::message::TextTemplate;
use crate::checks::{Catalog, Check, Selected};
use crate::cli::did_you_mean;
use crate::cli::options::RemediateOptions;
use crate::facts::{FactPaths, Facts, Subject};
use crate::inventory::Snapshot;
use crate::inventory::request::CollectRequest;
use crate::output::plan::PlanFormat;
use crate::output::{Look, standard_ids};
use crate::remedy::quote::TextPiece;
use crate::remedy::{self, FixRequest, PlanOptions};
use crate::report::numbers::count;
use crate::report::plan::Plan;
use crate::report::{CheckResult, Report, Source, Status};

/// The results of tests/round_trip.rs on LocalStack.
const ROUND_TRIP: &str = include_str!("../../policies/data/round-trip.yaml");

/// Which fixes are verified, and why others are not.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct RoundTrip {
    /// Checks whose commands fixed a failing resource on LocalStack.
    pub(super) verified: BTreeSet<String>,
    /// Checks whose commands were not run there, and why.
    pub(super) not_verified: BTreeMap<String, String>,
}

impl RoundTrip {
    /// The shipped list.
    pub(super) fn shipped() -> Result<Self, RunError> {
        serde_saphyr::from_str(ROUND_TRIP)
            .map_err(|error| RunError::Internal(format!("policies/data/round-trip.yaml: {error}")))
    }
}

pub(super) fn run(
    remediate: RemediateOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(&remediate.selection.policies)?;
    let selected = catalogue::select(&catalogue, &remediate.selection)?;
    for glob in &remediate.decided {
        let pattern = WildMatch::new(glob);
        if !catalogue.iter().any(|check| pattern.matches(&check.id)) {
            let ids = catalogue.iter().map(|check| check.id.as_str());
            return Err(RunError::mistake(
                format!("--decided `{glob}` matches no check"),
                did_you_mean(glob, ids),
            ));
        }
    }
    for output in &remediate.outputs {
        if let Some(file) = &output.file {
            files::check_writable(file)?;
        }
    }
    let acceptance = AcceptanceRules::new(
        &remediate.accepted,
        &catalogue,
        &remediate.selection,
        &remediate.request.resources,
    )?;
    let mut plan = match &remediate.template {
        Some(template) => {
            let nothing = Snapshot::default();
            let input = AuditInput {
                snapshot: &nothing,
                source: Source::Template,
                selected: &selected,
                selection: &remediate.selection,
                resources: &remediate.request.resources,
                trust: &remediate.trust,
                model: None,
                acceptance: &acceptance,
                standard: None,
            };
            templates::fixes(template, &input, &remediate.decided)?
        }
        None => of_account(&remediate, &catalogue, &selected, &acceptance, console)?,
    };
    plan.invocation = invocation::of_remediation(&remediate, console.named_config());
    write(&remediate, &plan, console, stdout)?;
    Ok(Exit::Clean)
}

/// The plan for an account or a snapshot.
fn of_account(
    remediate: &RemediateOptions,
    catalogue: &Catalog,
    selected: &Selected,
    acceptance: &AcceptanceRules,
    console: &mut Console<'_>,
) -> Result<Plan, RunError> {
    let mut needs = catalogue::needs(selected);
    needs.extend(acceptance.needs(selected));
    needs.extend(remedy::needs(selected.kinds()));
    let request = CollectRequest {
        needs,
        ..remediate.request.clone()
    };
    let (mut snapshot, source) = source::obtain(&remediate.source, request, console)?;
    source::add_control_policies(
        &mut snapshot,
        remediate.control_policies.as_deref(),
        console,
    )?;
    let report = assess::report(&AuditInput {
        snapshot: &snapshot,
        source,
        selected,
        selection: &remediate.selection,
        resources: &remediate.request.resources,
        trust: &remediate.trust,
        model: None,
        acceptance,
        standard: catalogue::standard(catalogue, &remediate.selection),
    })?;
    for note in &report.notes {
        console.note(&format!("note: {note}"));
    }
    let facts = Facts::new(&snapshot, remediate.trust.clone());
    plan(&facts, selected, &report, &remediate.decided)
}

/// Writes a plan to every output.
fn write(
    remediate: &RemediateOptions,
    plan: &Plan,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<(), RunError> {
    for output in &remediate.outputs {
        match &output.file {
            Some(file) => {
                files::write(file, |out| output.format.render(plan, Look::FILE, out))?;
                let fixes = count(plan.fixes.len(), "fix");
                console.note(&format!("wrote {}: {fixes}", file.display()));
            }
            None => {
                let look = console.look();
                let render = |out: &mut dyn Write| output.format.render(plan, look, out);
                if output.format == PlanFormat::TABLE {
                    console.show(stdout, render)?;
                } else {
                    stdout.write(render)?;
                }
            }
        }
    }
    if let Some((folder, format)) = &remediate.split {
        split(plan, folder, *format, console)?;
    }
    Ok(())
}

/// Writes one file a resource, a folder a Region.
fn split(
    plan: &Plan,
    folder: &Path,
    format: PlanFormat,
    console: &mut Console<'_>,
) -> Result<(), RunError> {
    let mut taken = BTreeSet::new();
    let parts = plan.by_resource();
    for (id, part) in &parts {
        let stem = format!(
            "{}/{}-{}",
            named(&id.region),
            id.kind.name(),
            named(&id.name)
        );
        let mut name = format!("{stem}.{}", format.extension());
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{stem}-{number}.{}", format.extension());
            number += 1;
        }
        let mut text = Vec::new();
        format
            .render(part, Look::FILE, &mut text)
            .map_err(RunError::Stdout)?;
        files::write_in(folder, &name, &text)?;
    }
    let (files, fixes) = (count(parts.len(), "file"), count(plan.fixes.len(), "fix"));
    console.note(&format!("wrote {files} in {}: {fixes}", folder.display()));
    Ok(())
}

/// A part of a path: no separator, no dots alone, nothing hidden.
fn named(text: &str) -> String {
    let safe = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || "-_".contains(letter) => letter,
        '.' => '.',
        _ => '_',
    };
    let name: String = text.chars().take(120).map(safe).collect();
    match name.trim_start_matches('.') {
        "" => "unnamed".to_owned(),
        name => name.to_owned(),
    }
}

/// The plan for the findings of a report. `decided` are globs of checks whose fixes are approved.
pub(super) fn plan(
    facts: &Facts<'_>,
    selected: &Selected,
    report: &Report,
    decided: &[String],
) -> Result<Plan, RunError> {
    let requests = requests(facts, selected, &report.results)?;
    let decided: Vec<WildMatch> = decided.iter().map(|glob| WildMatch::new(glob)).collect();
    let round_trip = RoundTrip::shipped()?;
    Ok(remedy::plan(
        facts,
        &requests,
        &PlanOptions {
            decided: &|check| decided.iter().any(|glob| glob.matches(check)),
            verified: &|check| round_trip.verified.contains(check),
            of_templates: report.source == Source::Template,
        },
        report.tool.clone(),
        report.source,
    ))
}

/// Each finding with the remediation of its check for this resource.
fn requests(
    facts: &Facts<'_>,
    selected: &Selected,
    results: &[CheckResult],
) -> Result<Vec<FixRequest>, RunError> {
    let checks: BTreeMap<&str, (&Check, Value)> = selected
        .with_params()
        .map(|(check, params)| (check.id.as_str(), (check, params)))
        .collect();
    let mut requests = Vec::new();
    let mut documents: BTreeMap<&str, Value> = BTreeMap::new();
    for result in results
        .iter()
        .filter(|result| result.status == Status::Fail)
    {
        let Some((check, params)) = checks.get(result.check.as_str()) else {
            continue;
        };
        let arn = result.resource.arn.as_str();
        if !documents.contains_key(arn) {
            let subject = Subject {
                id: result.resource.as_ref().clone(),
                unlisted: Vec::new(),
            };
            let known = match facts.view(&subject) {
                Some(facts) => facts.document(&FactPaths::EVERYTHING).known,
                None => Value::Null,
            };
            documents.insert(arn, known);
        }
        let known = documents.get(arn).unwrap_or(&Value::Null);
        let item = result
            .item
            .as_deref()
            .and_then(|key| item(check, known, key));
        let mut variables: Vec<(&str, &Value)> = known
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value))
            .collect();
        variables.push(("params", params));
        variables.extend(item.map(|item| ("item", item)));
        let pieces = |template: &Option<TextTemplate>| {
            template.as_ref().map(|template| {
                template
                    .parts(&variables)
                    .into_iter()
                    .map(|(filled, text)| {
                        if filled {
                            TextPiece::Value(text)
                        } else {
                            TextPiece::Text(text)
                        }
                    })
                    .collect()
            })
        };
        let fix = &check.remediation;
        requests.push(FixRequest {
            finding: result.clone(),
            title: check.title.clone(),
            controls: standard_ids(&check.maps_to),
            summary: fix.summary.render(&variables),
            params: params.clone(),
            decide: fix.decide.as_ref().map(|decide| decide.render(&variables)),
            change: fix.change.clone(),
            shell: pieces(&fix.shell),
            terraform: pieces(&fix.terraform),
        });
    }
    Ok(requests)
}

/// The item of a list that a result is about.
fn item<'v>(check: &Check, known: &'v Value, key: &str) -> Option<&'v Value> {
    let each = check.for_each.as_ref()?;
    let list = each
        .path
        .split('.')
        .try_fold(known, |value, name| value.get(name))?;
    list.as_array()?
        .iter()
        .find(|item| match item.get(&each.key) {
            Some(Value::String(text)) => text == key,
            Some(Value::Number(number)) => number.to_string() == key,
            _ => false,
        })
}
