//! `collect`: reads an account into a snapshot.

use std::collections::BTreeSet;

use super::console::Console;
use super::files::{self, Stdout};
use super::source;
use super::{Exit, RunError, catalogue};
use crate::cli::options::CollectOptions;
use crate::facts;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Need, ReadingKind};
use crate::inventory::request::CollectRequest;
use crate::output::json;

pub(super) fn run(
    collect: CollectOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(&collect.selection.policies)?;
    let selected = catalogue::select(&catalogue, &collect.selection)?;
    let mut needs = catalogue::needs(&selected);
    if collect.everything {
        needs.extend(everything());
    }
    needs.extend(opted(&collect.request));
    if let Some(file) = &collect.output {
        files::check_writable(file)?;
    }
    let request = CollectRequest {
        needs,
        ..collect.request
    };
    let snapshot = source::read_account(request, console)?;
    match &collect.output {
        Some(file) => files::write(file, |out| json::document(&snapshot, out))?,
        None => stdout.write(|out| json::document(&snapshot, out))?,
    }
    if snapshot.complete {
        Ok(Exit::Clean)
    } else {
        console.note("note: interrupted; the snapshot is incomplete");
        Ok(Exit::Incomplete)
    }
}

fn all_of_facts() -> BTreeSet<(SubjectKind, Need)> {
    let of_kind = |kind: SubjectKind| {
        let needs = facts::needs(kind.variable()).into_iter();
        needs.map(move |need| (kind, need))
    };
    SubjectKind::ALL.into_iter().flat_map(of_kind).collect()
}

/// What an option turns on is read whether or not a selected check needs it: a snapshot is for later
/// questions too.
fn opted(request: &CollectRequest) -> BTreeSet<(SubjectKind, Need)> {
    let opted = request.opted();
    let mut needs = all_of_facts();
    needs.retain(|(_, need)| opted.contains(&need.reading));
    needs
}

/// All that facts could open, and the readings that no fact opens yet, but for the opt-ins.
fn everything() -> BTreeSet<(SubjectKind, Need)> {
    let mut needs = all_of_facts();
    let opened: BTreeSet<ReadingKind> = needs.iter().map(|(_, need)| need.reading).collect();
    for reading in ReadingKind::ALL {
        let kind = reading.scope().subject();
        if !opened.contains(reading) {
            needs.insert((kind, Need::own(*reading)));
        }
    }
    needs.retain(|(_, need)| !need.reading.opt_in());
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_every_reading_but_the_opt_ins() {
        let read: BTreeSet<ReadingKind> =
            everything().iter().map(|(_, need)| need.reading).collect();
        for reading in ReadingKind::ALL {
            assert_eq!(
                read.contains(reading),
                !reading.opt_in(),
                "{}",
                reading.name()
            );
        }
    }
}
