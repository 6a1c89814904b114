//! Fixes of the account as a whole.

use super::change::Change;
use super::draft::Draft;
use super::public::{is_public, would_break};
use super::{Case, Problem};
use crate::facts::SubjectFacts;
use crate::inventory::ids::SubjectKind;
use crate::report::plan::Level;

/// How many buckets a sentence names.
const NAMED: usize = 5;

/// Plans what is known about an account.
pub(super) fn plan<'p>(
    case: &Case<'_, '_>,
    problems: Vec<&'p Problem>,
    drafts: &mut Vec<Draft>,
    rest: &mut Vec<&'p Problem>,
) {
    let (block, others): (Vec<_>, Vec<_>) = problems
        .into_iter()
        .partition(|problem| problem.finding.check == "s3-account-public-access-not-blocked");
    for problem in others {
        match trail(case, problem) {
            Some(draft) => drafts.push(draft),
            None => rest.push(problem),
        }
    }
    if block.is_empty() {
        return;
    }
    let mut draft = case.draft("Turn on Block Public Access for the whole account.");
    draft.mends(&block);
    draft.effect("No bucket of the account, present or future, is open to the public, whatever its policy or ACL says.");
    let open: Vec<&str> = case
        .surroundings
        .buckets()
        .iter()
        .filter(|bucket| bucket.subject.id.account == case.subject.id.account)
        .filter(|bucket| {
            let own = bucket.facts.public_access_block.all.known() == Some(&true);
            !own && !would_break(bucket).is_empty()
                || bucket.facts.website.enabled.known() == Some(&true)
                || is_public(&bucket.facts) == Some(true)
        })
        .map(|bucket| bucket.facts.name.as_str())
        .collect();
    if open.is_empty() {
        draft.risk(Level::Low, "No bucket that was read is open to the public.");
    } else {
        let more = open.len().saturating_sub(NAMED);
        let mut names = open
            .iter()
            .take(NAMED)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        if more > 0 {
            names.push_str(&format!(" and {more} more"));
        }
        draft.risk(
            Level::High,
            "Websites, public downloads and partners named beside a public statement stop working.",
        );
        draft.decide(format!(
            "Somebody may rely on {names} being open, or it is not known. Move what must stay public behind CloudFront or into an account of its own first."
        ));
    }
    draft.changes.push(Change::BlockAccount);
    drafts.push(draft);
}

/// A trail of one Region that records every management event there can record all Regions. Where there
/// is none, a new one needs a bucket, and the policy file's own text asks for it.
fn trail(case: &Case<'_, '_>, problem: &Problem) -> Option<Draft> {
    if problem.finding.check != "account-no-multi-region-trail" {
        return None;
    }
    let trail = case
        .facts
        .subjects(SubjectKind::Trail)
        .filter(|subject| subject.id.account == case.subject.id.account)
        .filter_map(|subject| match case.facts.view(&subject)? {
            SubjectFacts::Trail(trail) => Some(trail),
            _ => None,
        })
        .find(|trail| {
            trail.own
                && !trail.multi_region
                && trail.logging.known() == Some(&true)
                && trail.delivery_error.known().is_some_and(String::is_empty)
                && trail.management_events.known().map(String::as_str) == Some("all")
        })?;
    let mut draft = case.draft(format!(
        "Let the trail {} of {} record all Regions.",
        trail.name, trail.region
    ));
    draft.mends(&[problem]);
    draft.effect("Management events of every Region, those enabled later included, are recorded in one place.");
    draft.risk(
        Level::Low,
        "More log files are stored; where a Region has a trail of its own, AWS charges for the second copy.",
    );
    draft.changes.push(Change::MultiRegion {
        trail: trail.arn,
        region: trail.region,
    });
    Some(draft)
}
