//! `permissions`: the least-privilege IAM policy for the selected checks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::files::Stdout;
use super::{Exit, RunError, catalogue};
use crate::cli::options::SelectionOptions;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Need, ReadingKind};

pub(super) fn run(
    selection: &SelectionOptions,
    opted: &[ReadingKind],
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(&selection.policies)?;
    let selected = catalogue::select(&catalogue, selection)?;
    let policy = policy(&catalogue::needs(&selected), opted);
    stdout.write(|out| {
        serde_json::to_writer_pretty(&mut *out, &policy)?;
        out.write_all(b"\n")
    })?;
    Ok(Exit::Clean)
}

/// The longest session policy that AssumeRole takes, characters (STS API reference, copy of 2026).
#[cfg(feature = "aws")]
const LONGEST_SESSION_POLICY: usize = 2048;

/// The same policy for a session, as short as it can be written; none where it is too long.
#[cfg(feature = "aws")]
pub(super) fn session_policy(
    needs: &BTreeSet<(SubjectKind, Need)>,
    opted: &[ReadingKind],
) -> Option<String> {
    let actions: BTreeSet<&str> = readings(needs, opted)
        .into_iter()
        .flat_map(ReadingKind::calls)
        .map(|call| call.action)
        .filter(|action| !action.is_empty())
        .collect();
    let statement = json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]);
    let text = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    (text.len() <= LONGEST_SESSION_POLICY).then_some(text)
}

/// What a run reads for these needs: without the opt-ins that are not opted for, and, where functions are
/// read, with those that the report shows of them.
fn readings(needs: &BTreeSet<(SubjectKind, Need)>, opted: &[ReadingKind]) -> BTreeSet<ReadingKind> {
    let function = |(kind, need): &(SubjectKind, Need)| {
        *kind == SubjectKind::Function || need.reading.scope().subject() == SubjectKind::Function
    };
    let of_report = opted
        .iter()
        .filter(|reading| reading.serves_cold_starts() && needs.iter().any(function));
    needs
        .iter()
        .map(|(_, need)| need.reading)
        .filter(|reading| !reading.opt_in() || opted.contains(reading))
        .chain(of_report.copied())
        .collect()
}

/// One statement a service, sorted by name. `Resource` is `*` because listings and account settings
/// support nothing narrower, and the buckets are not known in advance.
pub(super) fn policy(needs: &BTreeSet<(SubjectKind, Need)>, opted: &[ReadingKind]) -> Value {
    let mut by_service: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let calls = readings(needs, opted)
        .into_iter()
        .flat_map(ReadingKind::calls);
    for call in calls {
        if let Some((service, _)) = call.action.split_once(':') {
            by_service.entry(service).or_default().insert(call.action);
        }
    }
    let statements: Vec<Value> = by_service
        .into_iter()
        .map(|(service, actions)| {
            json!({
                "Sid": format!("ColdbucketReads{}", capitalized(service)),
                "Effect": "Allow",
                "Action": actions,
                "Resource": "*",
            })
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A statement id may hold letters and digits only (IAM reference, Sid).
fn capitalized(service: &str) -> String {
    let mut letters = service.chars().filter(char::is_ascii_alphanumeric);
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn written(readings: &[ReadingKind], opted: &[ReadingKind]) -> Value {
        let needs = readings
            .iter()
            .map(|reading| (SubjectKind::Bucket, Need::own(*reading)))
            .collect();
        policy(&needs, opted)
    }

    #[test]
    fn one_statement_a_service_with_sorted_actions() {
        let policy = written(
            &[
                ReadingKind::BucketPolicy,
                ReadingKind::BucketListing,
                ReadingKind::FunctionListing,
                ReadingKind::Caller,
            ],
            &[],
        );
        assert_eq!(
            policy,
            json!({"Version": "2012-10-17", "Statement": [
                {"Sid": "ColdbucketReadsLambda", "Effect": "Allow", "Action": ["lambda:ListFunctions"], "Resource": "*"},
                {"Sid": "ColdbucketReadsS3", "Effect": "Allow", "Action": ["s3:GetBucketPolicy", "s3:ListAllMyBuckets"], "Resource": "*"},
            ]})
        );
    }

    #[test]
    fn opt_in_permissions_are_excluded_unless_requested() {
        let image = ReadingKind::FunctionImage;
        let actions = |opted: &[ReadingKind]| written(&[image], opted).to_string();
        assert!(!actions(&[]).contains("GetFunction"));
        assert!(!actions(&[ReadingKind::FunctionMeasured]).contains("GetFunction"));
        assert!(actions(&[image]).contains("lambda:GetFunction"));
        assert!(actions(&[image]).contains("ecr:DescribeImages"));
        let sample = ReadingKind::BucketObjectSample;
        let actions = |opted: &[ReadingKind]| written(&[sample], opted).to_string();
        assert!(!actions(&[image]).contains("s3:GetObject"));
        assert!(actions(&[sample]).contains("s3:GetObject"));
        assert!(actions(&[sample]).contains("s3:ListBucket"));
    }
}
