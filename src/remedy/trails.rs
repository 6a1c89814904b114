//! Fixes of trails. What is wrong with the bucket of a trail is mended at the bucket, together with
//! what else is planned for it.

use super::change::{Change, Place};
use super::draft::Draft;
use super::public::Neighbour;
use super::{Case, Problem, buckets};
use crate::facts::SubjectFacts;

/// The bucket a trail delivers to, where it is one that was read.
pub(super) fn bucket_of<'c, 'f>(case: &Case<'c, 'f>) -> Option<&'c Neighbour<'f>> {
    let Some(SubjectFacts::Trail(trail)) = case.facts.view(case.subject) else {
        return None;
    };
    case.surroundings.buckets().iter().find(|bucket| {
        bucket.facts.name == trail.bucket.name
            && bucket.subject.id.account == case.subject.id.account
    })
}

/// Plans what is known about trails.
pub(super) fn plan<'p>(
    case: &Case<'_, '_>,
    bucket: Option<(&Neighbour<'_>, &Place)>,
    problems: Vec<&'p Problem>,
    drafts: &mut Vec<Draft>,
    rest: &mut Vec<&'p Problem>,
) {
    for problem in problems {
        let check = problem.finding.check.as_str();
        match (check, bucket) {
            ("trail-bucket-no-access-log" | "trail-bucket-public", Some((bucket, place))) => {
                let planned = drafts
                    .iter_mut()
                    .find(|draft| draft.resource == bucket.subject.id && settles(draft, check));
                match planned {
                    Some(draft) => draft.mends(&[problem]),
                    None => at_bucket(case, bucket, place, problem, drafts),
                }
            }
            _ => rest.push(problem),
        }
    }
}

fn settles(draft: &Draft, check: &str) -> bool {
    if check == "trail-bucket-public" {
        return draft
            .changes
            .iter()
            .any(|change| matches!(change, Change::BlockPublicAccess { .. }));
    }
    draft.mends.iter().any(|mended| {
        matches!(
            mended.check.as_str(),
            "s3-no-access-log" | "trail-bucket-no-access-log"
        )
    })
}

fn at_bucket(
    case: &Case<'_, '_>,
    bucket: &Neighbour<'_>,
    place: &Place,
    problem: &Problem,
    drafts: &mut Vec<Draft>,
) {
    let Some(neighbour) = Neighbour::of(case.facts, &bucket.subject) else {
        return;
    };
    let case = Case {
        subject: &bucket.subject,
        place,
        ..*case
    };
    let planner = buckets::Planner {
        case: &case,
        bucket: neighbour,
    };
    if problem.finding.check == "trail-bucket-public" {
        planner.block(&[problem], drafts);
    } else {
        planner.deliver_log(&[problem], drafts);
    }
}
