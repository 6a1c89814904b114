//! `permissions`: the IAM policy that lets the selected checks be judged, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::files::Stdout;
use super::{Exit, RunError, catalogue};
use crate::cli::options::Selection;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;

pub(super) fn run(
    selection: &Selection,
    image_sizes: bool,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(&selection.policies)?;
    let selected = catalogue::select(&catalogue, selection)?;
    let policy = policy(&catalogue::needs(&selected), image_sizes);
    stdout.write(|out| {
        serde_json::to_writer_pretty(&mut *out, &policy)?;
        out.write_all(b"\n")
    })?;
    Ok(Exit::Clean)
}

/// One statement a service, in the order of their names. `Resource` is `*` because listings and
/// account settings allow nothing narrower, and the buckets are not known beforehand.
fn policy(needs: &BTreeSet<(SubjectKind, Need)>, image_sizes: bool) -> Value {
    let mut by_service: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let calls = needs
        .iter()
        .map(|(_, need)| need.reading)
        .filter(|reading| image_sizes || !reading.opt_in())
        .flat_map(|reading| reading.calls());
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
    use crate::inventory::need::ReadingKind;

    fn written(readings: &[ReadingKind], image_sizes: bool) -> Value {
        let needs = readings
            .iter()
            .map(|reading| (SubjectKind::Bucket, Need::own(*reading)))
            .collect();
        policy(&needs, image_sizes)
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
            false,
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
    fn what_can_read_code_is_left_out_unless_asked_for() {
        let actions = |image_sizes| written(&[ReadingKind::FunctionImage], image_sizes).to_string();
        assert!(!actions(false).contains("GetFunction"));
        assert!(actions(true).contains("lambda:GetFunction"));
        assert!(actions(true).contains("ecr:DescribeImages"));
    }
}
