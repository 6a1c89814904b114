//! The generated documentation: the checks' pages, their index, fixes, the coverage, the man pages.
//!
//! All of it is generated from the program's own declarations. `make docs` writes it, and `tests/docs.rs`
//! compares it.

use std::path::Path;

use clap::CommandFactory;

use super::remediate::RoundTrip;
use super::{Exit, RunError, files, listing};
use crate::checks::message::TextTemplate;
use crate::checks::{self, Catalog, topics};
use crate::cli::Cli;
use crate::output::docs::{self, Coverage, FixCoverage, Line, Standard};
use crate::remedy::change;

pub(super) fn run(folder: &Path) -> Result<Exit, RunError> {
    for (name, text) in pages()? {
        files::write_in(folder, &name, text.as_bytes())?;
    }
    Ok(Exit::Clean)
}

/// Every generated page: its path below `docs/`, and its text.
///
/// # Errors
/// A mistake in the policy files or in the table of topics.
pub fn pages() -> Result<Vec<(String, String)>, RunError> {
    let catalog = Catalog::builtin()?;
    let round_trip = RoundTrip::shipped()?;
    let mut pages = Vec::new();
    let mut add = |name: String, write: &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>| {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = write(&mut text);
        pages.push((name, String::from_utf8_lossy(&text).into_owned()));
    };
    for check in catalog.iter() {
        let page = listing::page(check, &round_trip);
        add(format!("checks/{}.md", check.id), &|out| {
            docs::check(&page, out)
        });
    }
    let mut lines: Vec<_> = catalog.iter().map(listing::line).collect();
    lines.sort_by(|a, b| (&a.subject, &a.id).cmp(&(&b.subject, &b.id)));
    add("checks/README.md".to_owned(), &|out| {
        docs::index(&lines, out)
    });
    let fixes = fixes(&catalog, &round_trip);
    add("remediation.md".to_owned(), &|out| docs::fixes(&fixes, out));
    let coverage = coverage(&catalog)?;
    add("coverage.md".to_owned(), &|out| {
        docs::coverage(&coverage, out)
    });
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    man(&command, &mut add);
    Ok(pages)
}

/// A man page for the command and each of its visible subcommands.
fn man(
    command: &clap::Command,
    add: &mut impl FnMut(String, &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>),
) {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let page = clap_mangen::Man::new(command.clone());
    add(format!("man/{name}.1"), &|out| page.render(out));
    for subcommand in command.get_subcommands() {
        if !subcommand.is_hide_set() {
            man(subcommand, add);
        }
    }
}

/// Which checks a command fixes, and which a person. A check whose fix is configuration alone names a
/// change.
fn fixes(catalog: &Catalog, round_trip: &RoundTrip) -> FixCoverage {
    let mut coverage = FixCoverage::default();
    for check in catalog.iter() {
        let fix = &check.remediation;
        let decide = fix.decide.as_ref().map(TextTemplate::general);
        let row = |note: String| [check.id.clone(), check.title.clone(), note];
        match fix.change.as_deref().and_then(change::find) {
            None => coverage
                .manual
                .push(row(decide.flatten().unwrap_or_default())),
            Some(change) if round_trip.verified.contains(&check.id) => {
                coverage.verified.push(row(change.decide.to_owned()));
            }
            Some(_) => {
                let why = round_trip.not_verified.get(&check.id);
                coverage
                    .not_verified
                    .push(row(why.cloned().unwrap_or_default()));
            }
        }
    }
    coverage
}

fn coverage(catalog: &Catalog) -> Result<Coverage, RunError> {
    let topics = topics::all().map_err(|error| RunError::mistake(error, None))?;
    let standards = catalog
        .packs()
        .filter_map(|pack| {
            let standard = pack.standard.as_ref()?;
            let controls = standard.controls.iter().map(|(id, control)| Line {
                id: id.clone(),
                title: control.title.clone(),
                checks: catalog
                    .iter()
                    .filter(|check| standard.answers(check, id))
                    .map(|check| check.id.clone())
                    .collect(),
                not_covered: control.not_covered.clone(),
            });
            Some(Standard {
                title: standard.title.clone(),
                pack: pack.name.clone(),
                controls: controls.collect(),
            })
        })
        .collect();
    Ok(Coverage {
        topics: topics.iter().map(topic).collect(),
        standards,
    })
}

fn topic(topic: &checks::topics::Topic) -> Line {
    Line {
        id: topic.id.clone(),
        title: topic.title.clone(),
        checks: topic.checks.clone(),
        not_covered: topic.not_covered.clone(),
    }
}
