//! `policy prove`: lines, a policy from a file, a bucket of an account.

use std::path::Path;
use std::str::FromStr;

use super::streaming;
use crate::cli::options::AuditSource;
use crate::facts;
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::{BucketInventory, Ownership, PublicAccessBlock};
use crate::inventory::ids::SubjectKind;
use crate::inventory::request::{CollectRequest, ResourceFilter};
use crate::report::Reach;
use crate::report::policy::ProveOutput;
use crate::run::console::Console;
use crate::run::files::{self, Stdout};
use crate::run::source;
use crate::run::{Exit, RunError};
use coldbucket_policy::batch;
use coldbucket_policy::documented_public::documented_public;
use coldbucket_policy::parse::is_account_id;
use coldbucket_policy::prove::Case;

/// The questions, and the form of the answer.
pub(super) struct QuestionList<'a> {
    pub(super) questions: &'a [String],
    /// Questions whose answer sets the exit code.
    pub(super) fail_on: &'a [String],
    pub(super) json: bool,
}

/// `--batch`.
pub(super) fn lines(stdout: &mut Stdout<'_>) -> Result<Exit, RunError> {
    streaming::answers(
        || |line: &str| batch::prove(line, None),
        |_| Exit::Clean,
        stdout,
    )
}

/// A policy from a file.
pub(super) fn policy(
    asked: &QuestionList<'_>,
    file: &Path,
    bucket: Option<String>,
    owner: Option<String>,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let (name, bytes) = files::read_bytes(file)?;
    let wrong = |message: String| RunError::mistake(format!("{name}: {message}"), None);
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let policy = batch::bucket_policy(&text).map_err(wrong)?;
    for defect in &policy.defects {
        console.note(&format!("{name}: {defect}"));
    }
    let bucket = match bucket.or_else(|| named_bucket(&text)) {
        Some(bucket) => bucket,
        None => {
            return Err(RunError::mistake(
                "the policy names no bucket",
                Some("name its bucket with --bucket".to_owned()),
            ));
        }
    };
    let owner = match owner {
        Some(owner) if is_account_id(&owner) => owner,
        Some(owner) => {
            return Err(RunError::mistake(
                format!("--owner {owner:?} is not a 12-digit account id"),
                None,
            ));
        }
        None => {
            let owner = unnamed_account(&text);
            console.note(&format!(
                "without --owner, {bucket} is assumed to belong to account {owner}, which the policy does not name"
            ));
            owner
        }
    };
    let case = Case::new(&bucket, &owner, Some(&policy));
    answer(asked, &case, stdout)
}

/// A bucket of an account.
pub(super) fn bucket(
    asked: &QuestionList<'_>,
    name: &str,
    source: &AuditSource,
    request: CollectRequest,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let needs = ["bucket.exposure", "bucket.encryption.algorithm"]
        .iter()
        .flat_map(|path| facts::needs(path))
        .map(|need| (SubjectKind::Bucket, need))
        .collect();
    let request = CollectRequest {
        needs,
        resources: ResourceFilter {
            buckets: vec![name.to_owned()],
            ..ResourceFilter::default()
        },
        ..request
    };
    let (snapshot, _) = source::obtain(source, request, console)?;
    let found = snapshot
        .accounts
        .iter()
        .find_map(|(id, account)| Some((id, account, account.buckets.get(name)?)));
    let Some((owner, account, found)) = found else {
        let names = snapshot
            .accounts
            .values()
            .flat_map(|account| account.buckets.keys())
            .map(String::as_str);
        return Err(RunError::mistake(
            format!("there is no bucket {name:?}"),
            crate::cli::did_you_mean(name, names),
        ));
    };
    let unread = unread(account, found);
    if !unread.is_empty() {
        // Half of what decides would prove half of it.
        stdout.write(|out| {
            writeln!(
                out,
                "unknown: what decides who can reach {} could not be read; it takes {}",
                crate::output::hostile::plain(name),
                unread.join(", ")
            )
        })?;
        return Ok(Exit::Incomplete);
    }
    let policy = match &found.policy {
        Reading::Known(text) => Some(
            batch::bucket_policy(text)
                .map_err(|message| RunError::mistake(format!("{name}: {message}"), None))?,
        ),
        _ => None,
    };
    let acl = found.acl.known();
    let case = Case {
        bucket: name,
        owner,
        owner_id: acl.and_then(|acl| acl.owner.as_deref()),
        policy: policy.as_ref(),
        block: effective_block(account, found),
        aws_says_public: found.policy_status.known().map(|status| status.is_public),
        ownership: found
            .ownership
            .known()
            .map(|ownership| ownership.object_ownership.as_str()),
        grants: acl.map(|acl| acl.grants.as_slice()).unwrap_or_default(),
        default_encryption: found
            .encryption
            .known()
            .and_then(|encryption| encryption.algorithm.as_deref()),
        rcps: &[],
        scps: &[],
        now: jiff::Timestamp::from_str(&snapshot.taken_at)
            .ok()
            .map(|time| time.as_millisecond() as f64 / 1000.0),
        partition: Some(account.partition()),
    };
    answer(asked, &case, stdout)
}

/// The permissions for the readings that decide and were not read.
fn unread(account: &AccountInventory, bucket: &BucketInventory) -> Vec<String> {
    fn missing<T>(reading: &Reading<T>, action: &str) -> Option<String> {
        match reading {
            Reading::Known(_) | Reading::Absent => None,
            Reading::Denied { action, .. } | Reading::Failed { action, .. } => Some(action.clone()),
            Reading::NotCollected | Reading::LeftOut | Reading::Undetermined(_) => {
                Some(action.to_owned())
            }
        }
    }
    // With ACLs disabled the ACL does not matter.
    let enforced = bucket.ownership.known().is_some_and(Ownership::acls_off);
    let acl = if enforced {
        None
    } else {
        missing(&bucket.acl, "s3:GetBucketAcl")
    };
    // Nor do the bucket's own settings if the account enables all of them.
    let blocked = account
        .public_access_block
        .known()
        .is_some_and(PublicAccessBlock::all);
    let block = if blocked {
        None
    } else {
        missing(&bucket.public_access_block, "s3:GetBucketPublicAccessBlock")
    };
    [
        missing(&bucket.policy, "s3:GetBucketPolicy"),
        missing(&bucket.ownership, "s3:GetBucketOwnershipControls"),
        acl,
        block,
        missing(
            &account.public_access_block,
            "s3:GetAccountPublicAccessBlock",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Block Public Access of account and bucket combined, setting by setting.
fn effective_block(account: &AccountInventory, bucket: &BucketInventory) -> PublicAccessBlock {
    let of = |reading: &Reading<PublicAccessBlock>| reading.known().copied().unwrap_or_default();
    let (a, b) = (
        of(&account.public_access_block),
        of(&bucket.public_access_block),
    );
    PublicAccessBlock {
        block_public_acls: a.block_public_acls || b.block_public_acls,
        ignore_public_acls: a.ignore_public_acls || b.ignore_public_acls,
        block_public_policy: a.block_public_policy || b.block_public_policy,
        restrict_public_buckets: a.restrict_public_buckets || b.restrict_public_buckets,
    }
}

fn answer(
    asked: &QuestionList<'_>,
    case: &Case<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let every;
    let questions: &[String] = if asked.questions.is_empty() {
        let mut all = batch::every_question(case.policy, case.owner);
        let more: Vec<String> = asked
            .fail_on
            .iter()
            .filter(|one| !all.contains(one))
            .cloned()
            .collect();
        all.extend(more);
        every = all;
        &every
    } else {
        asked.questions
    };
    let output = ProveOutput {
        id: case.bucket.to_owned(),
        answers: batch::answers(case, questions)
            .map_err(|message| RunError::mistake(message, None))?,
        documented_public: case.policy.map_or(Some(false), documented_public),
    };
    stdout.write(|out| {
        if asked.json {
            serde_json::to_writer(&mut *out, &output)?;
            writeln!(out)
        } else {
            crate::output::proof::render(&output, case.aws_says_public, out)
        }
    })?;
    Ok(exit(&output, asked.fail_on))
}

/// 1 if the answer to one of the questions is reachable, 3 if it is unknown.
fn exit(output: &ProveOutput, fail_on: &[String]) -> Exit {
    let verdicts = output
        .answers
        .iter()
        .filter(|answer| fail_on.contains(&answer.question))
        .map(|answer| answer.verdict);
    match verdicts.max() {
        Some(Reach::Reachable) => Exit::Findings,
        Some(Reach::Unknown) => Exit::Incomplete,
        _ => Exit::Clean,
    }
}

/// The bucket of the first S3 ARN in a policy's text.
fn named_bucket(text: &str) -> Option<String> {
    text.match_indices(":s3:::")
        .filter_map(|(at, found)| {
            let rest = text.get(at + found.len()..)?;
            let name: String = rest
                .chars()
                .take_while(|letter| !matches!(letter, '/' | '"' | '*' | '?' | '$' | '\\'))
                .collect();
            (!name.is_empty()).then_some(name)
        })
        .next()
}

/// An account id that does not occur in a text.
fn unnamed_account(text: &str) -> String {
    (1..=9)
        .map(|digit| digit.to_string().repeat(12))
        .find(|id| !text.contains(id.as_str()))
        .unwrap_or_else(|| "123456789012".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_is_the_first_one_named() {
        let named = |text: &str| named_bucket(text);
        assert_eq!(named(r#""arn:aws:s3:::logs/*""#).as_deref(), Some("logs"));
        assert_eq!(
            named(r#""arn:aws:s3:::*", "arn:aws-cn:s3:::b""#).as_deref(),
            Some("b")
        );
        assert_eq!(named("{}"), None);
    }

    #[test]
    fn the_owner_is_another_account() {
        assert_eq!(unnamed_account("111111111111 222222222222"), "333333333333");
    }

    #[test]
    fn what_was_not_read_is_named() {
        let mut bucket = BucketInventory {
            policy: Reading::Denied {
                action: "s3:GetBucketPolicy".to_owned(),
                code: "AccessDenied".to_owned(),
            },
            ownership: Reading::Known(Ownership {
                object_ownership: "BucketOwnerEnforced".to_owned(),
            }),
            public_access_block: Reading::Absent,
            ..BucketInventory::default()
        };
        let account = AccountInventory {
            public_access_block: Reading::Absent,
            ..AccountInventory::default()
        };
        assert_eq!(unread(&account, &bucket), ["s3:GetBucketPolicy"]);
        bucket.policy = Reading::Absent;
        assert!(unread(&account, &bucket).is_empty());
    }
}
