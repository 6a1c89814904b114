//! `checks list`, `checks show`, `checks verify` and `completions`.

use std::collections::BTreeSet;
use std::path::Path;

use clap::CommandFactory;

use super::console::Console;
use super::files::Stdout;
use super::remediate::RoundTrip;
use super::{Exit, RunError, catalogue};
use crate::checks::{self, Catalog, Check};
use crate::cli::options::SelectionOptions;
use crate::cli::{Cli, did_you_mean};
use crate::inventory::ids::BucketKind;
use crate::output::catalogue_name;
use crate::output::checks::{CheckLine, CheckPage};
use crate::output::hostile;
use crate::remedy::change;

pub(super) fn list(
    selection: &SelectionOptions,
    console: &Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(&selection.policies)?;
    let selected = catalogue::select(&catalogue, selection)?;
    let mut lines: Vec<CheckLine> = selected.iter().map(line).collect();
    lines.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.id.cmp(&b.id)));
    let look = console.look();
    stdout.write(|out| crate::output::checks::list(&lines, look, out))?;
    Ok(Exit::Clean)
}

pub(super) fn show(
    id: &str,
    policies: &[std::path::PathBuf],
    console: &Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(policies)?;
    let page = page(find(&catalogue, id)?, &RoundTrip::shipped()?);
    let look = console.look();
    stdout.write(|out| crate::output::checks::show(&page, look, out))?;
    Ok(Exit::Clean)
}

/// The check with that id or earlier id.
pub(super) fn find<'a>(catalogue: &'a Catalog, id: &str) -> Result<&'a Check, RunError> {
    catalogue.get(id).ok_or_else(|| {
        let ids = catalogue.iter().map(|check| check.id.as_str());
        RunError::mistake(format!("unknown check `{id}`"), did_you_mean(id, ids))
    })
}

pub(super) fn verify(dir: Option<&Path>, stdout: &mut Stdout<'_>) -> Result<Exit, RunError> {
    let (number, problems) = match dir {
        Some(dir) => {
            let files = catalogue::read_folder(dir)?;
            (files.len(), checks::verify_files(files))
        }
        None => (
            Catalog::builtin_files().len(),
            checks::verify(&Catalog::builtin()?),
        ),
    };
    if !problems.is_empty() {
        return Err(checks::PolicyErrors { problems }.into());
    }
    stdout.write(|out| {
        writeln!(
            out,
            "{number} {} verified: every example gives its expected result",
            if number == 1 { "file" } else { "files" }
        )
    })?;
    Ok(Exit::Clean)
}

pub(super) fn completions(
    shell: clap_complete::Shell,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let mut script = Vec::new();
    let mut command = with_names(Cli::command(), &Catalog::builtin()?);
    clap_complete::generate(shell, &mut command, "coldbucket", &mut script);
    stdout.write(|out| out.write_all(&script))?;
    Ok(Exit::Clean)
}

/// The command line with the ids of checks and the names of packs as values to complete.
fn with_names(command: clap::Command, catalogue: &Catalog) -> clap::Command {
    // clap keeps names as long as the process, which ends with the script.
    let kept = |name: &String| -> &'static str { name.clone().leak() };
    let ids: Vec<&'static str> = catalogue.iter().map(|check| kept(&check.id)).collect();
    let packs: Vec<&'static str> = catalogue.packs().map(|pack| kept(&pack.name)).collect();
    let named = |command: clap::Command| -> clap::Command {
        let takes: Vec<(clap::Id, &[&'static str])> = command
            .get_arguments()
            .filter_map(|argument| {
                let values: &[&'static str] = match argument.get_id().as_str() {
                    "check" | "exclude" | "decided" => &ids,
                    "id" if command.get_name() == "show" => &ids,
                    "pack" => &packs,
                    _ => return None,
                };
                Some((argument.get_id().clone(), values))
            })
            .collect();
        takes.into_iter().fold(command, |command, (id, values)| {
            let values = values.to_vec();
            command.mut_arg(id, |argument| {
                argument.value_parser(clap::builder::PossibleValuesParser::new(values))
            })
        })
    };
    in_all(command, &named)
}

/// Changes a command and all below it.
fn in_all(
    command: clap::Command,
    change: &dyn Fn(clap::Command) -> clap::Command,
) -> clap::Command {
    let below: Vec<String> = command
        .get_subcommands()
        .map(|below| below.get_name().to_owned())
        .collect();
    let command = change(command);
    below.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |below| in_all(below, change))
    })
}

pub(super) fn line(check: &Check) -> CheckLine {
    CheckLine {
        id: check.id.clone(),
        severity: check.severity,
        subject: check.subject.name().to_owned(),
        title: check.title.clone(),
    }
}

/// Whether the commands of `remediate` are verified.
fn verification(check: &Check, round_trip: &RoundTrip) -> String {
    if round_trip.verified.contains(&check.id) {
        "verified on LocalStack or moto: after the commands of `remediate`, a failing resource passes"
            .to_owned()
    } else {
        round_trip
            .not_verified
            .get(&check.id)
            .map(|why| format!("not verified: {why}"))
            .unwrap_or_default()
    }
}

/// The summary of a fix, and where its commands for a resource come from.
fn how_to_fix(check: &Check) -> String {
    let summary = check.fix();
    if check.remediation.change.is_none() {
        return summary;
    }
    format!(
        "{summary}\n\nThe commands below have placeholders for names. `coldbucket remediate --check {}` prints them for your resources, and keeps what each setting contains already.",
        check.id
    )
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The kinds of bucket that a check judges, where they are more than general purpose ones.
fn kinds(check: &Check) -> String {
    if check.kinds.iter().all(|kind| *kind == BucketKind::General) {
        return String::new();
    }
    let names: Vec<&str> = check.kinds.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

pub(super) fn page(check: &Check, round_trip: &RoundTrip) -> CheckPage {
    let text = |expression: &checks::expression::Expression| expression.text().trim().to_owned();
    let needs = check.needs();
    let actions: BTreeSet<&str> = needs
        .iter()
        .flat_map(|need| need.reading.calls())
        .map(|call| call.action)
        .filter(|action| !action.is_empty())
        .collect();
    let params: Vec<String> = check
        .params
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    let fix = &check.remediation;
    let change = fix.change.as_deref().and_then(change::find);
    let template = |template: &Option<checks::message::TextTemplate>| {
        template
            .as_ref()
            .map(|template| template.text().to_owned())
            .unwrap_or_default()
    };
    let [shell, terraform, cloudformation] = match change {
        Some(change) => change::example(change),
        None => [&fix.shell, &fix.terraform, &fix.cloudformation].map(template),
    };
    let decide = match (&fix.decide, change) {
        (Some(decide), _) => decide.general().unwrap_or_else(|| decide.text().to_owned()),
        (None, Some(change)) => change.decide.to_owned(),
        (None, None) => String::new(),
    };
    let risk = |change: &change::NamedChange| {
        format!("{}. {}", capitalized(change.risk.name()), change.risk_note)
    };
    CheckPage {
        line: line(check),
        members: vec![
            ("subject", check.subject.name().to_owned()),
            ("kinds", kinds(check)),
            (
                "applies",
                check.applies.as_ref().map(text).unwrap_or_default(),
            ),
            (
                "for each",
                check
                    .for_each
                    .as_ref()
                    .map(|each| format!("{} by {}", each.path, each.key))
                    .unwrap_or_default(),
            ),
            ("fails when", text(&check.fail_when)),
            ("thresholds", params.join(", ")),
            ("reads", actions.into_iter().collect::<Vec<_>>().join(", ")),
            ("earlier ids", check.aliases.join(", ")),
            ("change", fix.change.clone().unwrap_or_default()),
            ("fix", verification(check, round_trip)),
            ("since", check.since.clone()),
            ("deprecated", check.deprecated.clone().unwrap_or_default()),
        ],
        prose: vec![
            ("Why", check.rationale.clone()),
            ("Where other tools differ", check.traps.clone()),
            ("Fix", how_to_fix(check)),
            (
                "What changes",
                change
                    .map(|change| change.effect)
                    .unwrap_or_default()
                    .to_owned(),
            ),
            ("Risk", change.map(risk).unwrap_or_default()),
            ("Decide first", decide),
        ],
        code: vec![
            ("With the AWS CLI", shell),
            ("With Terraform", terraform),
            ("With CloudFormation", cloudformation),
        ],
        lists: vec![
            (
                "Standards and tools",
                check
                    .maps_to
                    .iter()
                    .filter(|(_, ids)| !ids.is_empty())
                    .map(|(name, ids)| format!("{}: {}", catalogue_name(name), ids.join(", ")))
                    .collect(),
            ),
            (
                "References",
                check
                    .references
                    .iter()
                    .map(|url| hostile::plain(url).into_owned())
                    .collect(),
            ),
        ],
    }
}
