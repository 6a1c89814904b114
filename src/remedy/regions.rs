//! Fixes of AWS Config in a Region. What is there is kept: the recorder with its role and its name.
//! Where there is no recorder yet, a role and a bucket have to be chosen, and the policy file's own
//! text asks for them.

use super::change::Change;
use super::draft::Draft;
use super::{Case, Problem};
use crate::facts::SubjectFacts;
use crate::facts::region::RuleTable;
use crate::facts::settings::Recorder;
use crate::report::plan::Level;

/// Plans what is known about Regions.
pub(super) fn plan<'p>(
    case: &Case<'_, '_>,
    problems: Vec<&'p Problem>,
    drafts: &mut Vec<Draft>,
    rest: &mut Vec<&'p Problem>,
) {
    let recorder = case.facts.recorder(case.subject);
    for problem in problems {
        let draft = match (problem.finding.check.as_str(), &recorder) {
            ("config-recorder-off", Some(recorder)) if recorder.delivers => {
                Some(start(case, recorder))
            }
            ("config-not-recording-s3", Some(recorder)) => Some(record(case, recorder)),
            ("config-rules-missing", _) => rules(case, recorder.is_some()),
            _ => None,
        };
        match draft {
            Some(mut draft) => {
                draft.mends(&[problem]);
                drafts.push(draft);
            }
            None => rest.push(problem),
        }
    }
}

fn start(case: &Case<'_, '_>, recorder: &Recorder) -> Draft {
    let mut draft = case.draft(format!(
        "Start the recorder {} of AWS Config in {}.",
        recorder.name, case.place.name
    ));
    draft.effect("Changes of what it names are recorded, and rules run at them.");
    draft.risk(Level::Low, "AWS charges for each configuration item that is recorded and for each evaluation of a rule.");
    draft.changes.push(Change::StartRecorder {
        recorder: recorder.name.clone(),
    });
    draft
}

fn record(case: &Case<'_, '_>, recorder: &Recorder) -> Draft {
    let mut draft = case.draft(format!(
        "Let the recorder {} of AWS Config in {} record buckets, beside what it records.",
        recorder.name, case.place.name
    ));
    draft.effect("Changes of buckets are recorded, and rules about buckets run at them.");
    draft.risk(
        Level::Low,
        "AWS charges for each configuration item that is recorded.",
    );
    draft.changes.push(Change::RecordBuckets {
        recorder: recorder.name.clone(),
        excluded: recorder.excludes,
        others: recorder.excludes_others,
    });
    draft
}

/// One rule a topic that nothing watches.
fn rules(case: &Case<'_, '_>, has_recorder: bool) -> Option<Draft> {
    let Some(SubjectFacts::Region(facts)) = case.facts.view(case.subject) else {
        return None;
    };
    let unwatched = facts.config.unwatched.known()?;
    let mut identifiers: Vec<String> = Vec::new();
    for topic in unwatched {
        let row = RuleTable::builtin()
            .rows
            .iter()
            .find(|row| row.topic == *topic)?;
        if !identifiers.contains(&row.identifier) {
            identifiers.push(row.identifier.clone());
        }
    }
    let mut draft = case.draft(format!(
        "Let managed rules of AWS Config in {} watch {}.",
        case.place.name,
        unwatched.join(", ")
    ));
    draft.effect("A bucket that breaks one of them shows in AWS Config within minutes to a day.");
    draft.risk(
        Level::Low,
        "AWS charges for each evaluation of a rule. Rules never change anything.",
    );
    if !has_recorder {
        draft.decide(
            "Rules need a recorder, and there is none here: decide on that first (config-recorder-off).",
        );
    }
    draft.changes.push(Change::ConfigRules { identifiers });
    Some(draft)
}
