//! What users, groups and roles may do to S3, expected by hand from IAM's evaluation rules.

use coldbucket::facts::identity::{IdentityFacts, RightFacts};
use coldbucket::facts::{Facts, SubjectFacts, Trust};
use coldbucket::inventory::Reading;
use coldbucket::inventory::account::AccountInventory;
use coldbucket::inventory::identity::{
    AccessKey, IdentityInventory, LastAccess, ManagedPolicyInventory,
};
use coldbucket::inventory::ids::SubjectKind;
use serde_json::{Value, json};

use crate::support::{OWNER, account, denied, evidence, snapshot, subject};

const FULL_ACCESS: &str = "arn:aws:iam::aws:policy/AmazonS3FullAccess";

fn document(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(action: Value, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn identity(name: &str) -> IdentityInventory {
    IdentityInventory {
        arn: format!("arn:aws:iam::{OWNER}:{name}"),
        path: "/".into(),
        ..IdentityInventory::default()
    }
}

fn with_inline(name: &str, statements: Value) -> IdentityInventory {
    IdentityInventory {
        inline: [("own".to_owned(), document(statements))].into(),
        ..identity(name)
    }
}

fn managed(name: &str, statements: Value) -> ManagedPolicyInventory {
    ManagedPolicyInventory {
        name: name.into(),
        document: Some(document(statements)),
        ..ManagedPolicyInventory::default()
    }
}

fn of_account(
    identities: &[(&str, IdentityInventory)],
    policies: &[(&str, ManagedPolicyInventory)],
) -> AccountInventory {
    let owned =
        |(name, identity): &(&str, IdentityInventory)| ((*name).to_owned(), identity.clone());
    AccountInventory {
        identities: identities.iter().map(owned).collect(),
        managed_policies: policies
            .iter()
            .map(|(arn, policy)| ((*arn).to_owned(), policy.clone()))
            .collect(),
        ..account(&[])
    }
}

fn facts_in(account: AccountInventory, name: &str) -> IdentityFacts {
    let snapshot = snapshot(account);
    let facts = Facts::new(&snapshot, Trust::default());
    match facts.view(&subject(&facts, SubjectKind::Identity, name)) {
        Some(SubjectFacts::Identity(facts)) => *facts,
        other => panic!("{other:?}"),
    }
}

/// The facts of a role with one inline policy.
fn role(statements: Value) -> IdentityFacts {
    let role = with_inline("role/r", statements);
    facts_in(of_account(&[("role/r", role)], &[]), "role/r")
}

fn held(right: &RightFacts) -> &str {
    right.held.known().unwrap()
}

fn what(right: &RightFacts) -> Vec<&str> {
    right
        .what
        .known()
        .unwrap()
        .iter()
        .map(String::as_str)
        .collect()
}

#[test]
fn a_star_is_everything_with_the_policy_and_the_statement_that_says_so() {
    let facts = role(json!([
        allow(json!("ec2:Describe*"), "*"),
        allow(json!("*"), "*"),
    ]));
    assert_eq!(held(&facts.everything), "always");
    assert_eq!(
        what(&facts.everything),
        [
            "s3",
            "s3express",
            "s3tables",
            "s3vectors",
            "s3-object-lambda"
        ]
    );
    assert_eq!(
        facts.everything.policy.known().unwrap(),
        "the inline policy own"
    );
    assert_eq!(facts.everything.statement.known(), Some(&1));
    assert_eq!(facts.everything.conditions.known().unwrap().len(), 0);
}

#[test]
fn all_of_s3_is_not_all_of_its_family() {
    let facts = role(json!([allow(json!("s3:*"), "*")]));
    assert_eq!(what(&facts.everything), ["s3"]);
    let tables = role(json!([allow(json!("s3tables:*"), "*")]));
    assert_eq!(what(&tables.everything), ["s3tables"]);
    assert_eq!(held(&tables.writes), "never");
}

#[test]
fn named_buckets_and_prefixes_are_not_everywhere() {
    let facts = role(json!([
        allow(json!("s3:*"), "arn:aws:s3:::b"),
        allow(json!("s3:*"), "arn:aws:s3:::b/*"),
        allow(json!("s3:PutObject"), "arn:aws:s3:::logs-*/*"),
    ]));
    for right in [
        &facts.everything,
        &facts.writes,
        &facts.permissions,
        &facts.reads,
    ] {
        assert_eq!(held(right), "never");
        assert_eq!(what(right), [] as [&str; 0]);
        assert_eq!(right.policy.known().unwrap(), "");
    }
}

#[test]
fn put_star_changes_permissions_too() {
    let facts = role(json!([allow(json!("s3:Put*"), "*")]));
    assert_eq!(held(&facts.everything), "never");
    assert_eq!(what(&facts.writes), ["write"]);
    assert_eq!(
        what(&facts.permissions),
        ["policies", "ACLs", "encryption", "Block Public Access"]
    );
}

/// An object action on a bucket's ARN, and a bucket action on objects, grant nothing.
#[test]
fn an_action_on_the_wrong_kind_of_resource_grants_nothing() {
    let facts = role(json!([allow(
        json!(["s3:PutBucketPolicy", "s3:PutEncryptionConfiguration"]),
        "arn:aws:s3:::*/*"
    )]));
    assert_eq!(held(&facts.permissions), "never");
}

#[test]
fn everything_but_a_few_actions_is_not_everything() {
    let facts = role(json!([
        {"Effect": "Allow", "NotAction": ["s3:DeleteObject", "s3:PutBucketPolicy"], "Resource": "*"},
    ]));
    assert_eq!(held(&facts.writes), "always");
    assert_eq!(what(&facts.writes), ["write"]);
    assert!(
        what(&facts.permissions).contains(&"policies"),
        "DeleteBucketPolicy is left"
    );
}

#[test]
fn a_policy_variable_restricts() {
    let facts = role(json!([allow(
        json!("s3:*"),
        "arn:aws:s3:::home/${aws:username}/*"
    )]));
    assert_eq!(held(&facts.writes), "never");
}

#[test]
fn a_condition_makes_it_conditional_and_is_named() {
    let mut statement = allow(json!("s3:*"), "*");
    statement["Condition"] = json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}});
    let facts = role(json!([statement]));
    assert_eq!(held(&facts.everything), "conditional");
    assert_eq!(
        facts.everything.conditions.known().unwrap(),
        &["aws:sourcevpce"]
    );
}

#[test]
fn the_accounts_own_buckets_are_everywhere() {
    let mut statement = allow(json!("s3:*"), "*");
    statement["Condition"] = json!({"StringEquals": {"aws:ResourceAccount": OWNER}});
    assert_eq!(held(&role(json!([statement])).everything), "always");
}

#[test]
fn a_deny_takes_it_away() {
    let facts = role(json!([
        allow(json!("s3:*"), "*"),
        {"Effect": "Deny", "Action": ["s3:Put*", "s3:Delete*"], "Resource": "*"},
    ]));
    assert_eq!(held(&facts.writes), "never");
    assert_eq!(held(&facts.reads), "always");
}

#[test]
fn a_boundary_cuts_what_the_policies_give() {
    let limits = format!("arn:aws:iam::{OWNER}:policy/limits");
    let role = IdentityInventory {
        boundary: Some(limits.clone()),
        ..with_inline("role/r", json!([allow(json!("*"), "*")]))
    };
    let limit = managed("limits", json!([allow(json!("s3:Get*"), "*")]));
    let facts = facts_in(
        of_account(&[("role/r", role.clone())], &[(&limits, limit)]),
        "role/r",
    );
    assert_eq!(held(&facts.reads), "always");
    assert_eq!(held(&facts.writes), "never");
    // Without its document nobody knows what it leaves.
    let facts = facts_in(of_account(&[("role/r", role)], &[]), "role/r");
    let because = facts.writes.held.because();
    assert!(
        because[0]
            .detail
            .contains("the permissions boundary limits"),
        "{because:?}"
    );
}

#[test]
fn rights_come_through_groups_and_name_them() {
    let ops = IdentityInventory {
        attached: vec![FULL_ACCESS.into()],
        ..identity("group/ops")
    };
    let ann = IdentityInventory {
        groups: vec!["ops".into(), "nobody-knows".into()],
        ..identity("user/ann")
    };
    let policy = managed(
        "AmazonS3FullAccess",
        json!([allow(json!(["s3:*", "s3-object-lambda:*"]), "*")]),
    );
    let account = of_account(
        &[("group/ops", ops), ("user/ann", ann)],
        &[(FULL_ACCESS, policy)],
    );
    let ann = facts_in(account.clone(), "user/ann");
    assert_eq!(what(&ann.everything), ["s3", "s3-object-lambda"]);
    assert_eq!(
        ann.everything.policy.known().unwrap(),
        "the AWS managed policy AmazonS3FullAccess of group/ops"
    );
    // The attachment is the group's.
    assert_eq!(ann.managed_full_access.known().unwrap().len(), 0);
    let ops = facts_in(account, "group/ops");
    assert_eq!(
        ops.managed_full_access.known().unwrap(),
        &["AmazonS3FullAccess"]
    );
}

#[test]
fn an_aws_managed_policy_is_full_access_by_what_it_says_not_by_its_name() {
    let power = "arn:aws:iam::aws:policy/PowerUserAccess";
    let read = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let role = IdentityInventory {
        attached: vec![power.into(), read.into()],
        ..identity("role/r")
    };
    let policies = [
        (
            power,
            managed(
                "PowerUserAccess",
                json!([{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}]),
            ),
        ),
        (
            read,
            managed(
                "AmazonS3ReadOnlyAccess",
                json!([allow(json!(["s3:Get*", "s3:List*"]), "*")]),
            ),
        ),
    ];
    let facts = facts_in(of_account(&[("role/r", role)], &policies), "role/r");
    assert_eq!(
        facts.managed_full_access.known().unwrap(),
        &["PowerUserAccess"]
    );
}

#[test]
fn a_document_that_was_not_in_the_answer_leaves_the_rights_open() {
    let role = IdentityInventory {
        attached: vec!["arn:aws:iam::aws:policy/Unread".into()],
        ..identity("role/r")
    };
    let facts = facts_in(of_account(&[("role/r", role)], &[]), "role/r");
    assert!(
        facts.everything.held.because()[0]
            .detail
            .contains("the AWS managed policy Unread")
    );
}

#[test]
fn service_linked_roles_are_told_by_their_path() {
    let linked = IdentityInventory {
        path: "/aws-service-role/backup.amazonaws.com/".into(),
        ..with_inline(
            "role/aws-service-role/x",
            json!([allow(json!("s3:*"), "*")]),
        )
    };
    let facts = facts_in(of_account(&[("role/x", linked)], &[]), "role/x");
    assert!(facts.service_linked);
    assert!(!role(json!([])).service_linked);
}

#[test]
fn a_managed_policy_is_judged_by_itself() {
    let (used, idle) = (
        format!("arn:aws:iam::{OWNER}:policy/used"),
        format!("arn:aws:iam::{OWNER}:policy/idle"),
    );
    let role = IdentityInventory {
        attached: vec![used.clone()],
        ..identity("role/r")
    };
    let account = of_account(
        &[("role/r", role)],
        &[
            (&used, managed("used", json!([allow(json!("s3:*"), "*")]))),
            (&idle, managed("idle", json!([allow(json!("*"), "*")]))),
            (FULL_ACCESS, managed("AmazonS3FullAccess", json!([]))),
        ],
    );
    let facts = facts_in(account.clone(), "policy/idle");
    assert_eq!((facts.kind.as_str(), facts.in_use), ("policy", false));
    assert_eq!(held(&facts.everything), "always");
    assert!(facts_in(account.clone(), "policy/used").in_use);
    // AWS's own policies are nobody's to change and no subjects.
    let snapshot = snapshot(account);
    let names: Vec<String> = Facts::new(&snapshot, Trust::default())
        .subjects(SubjectKind::Identity)
        .map(|subject| subject.id.name)
        .collect();
    assert_eq!(names, ["policy/idle", "policy/used", "role/r"]);
}

fn key(active: bool, created: &str) -> AccessKey {
    AccessKey {
        id_ends: "MPLE".into(),
        active,
        created: Some(created.into()),
    }
}

/// Keys of a user with that inline policy: how many are active, and the age of the oldest.
fn keys(statements: Value, access_keys: Reading<Vec<AccessKey>>) -> (Option<u32>, Option<u32>) {
    let user = IdentityInventory {
        access_keys,
        ..with_inline("user/ann", statements)
    };
    let facts = facts_in(of_account(&[("user/ann", user)], &[]), "user/ann");
    (
        facts.access_keys.active.known().copied(),
        facts.access_keys.oldest_days.known().copied(),
    )
}

#[test]
fn only_active_keys_of_users_of_s3_count() {
    let reads = json!([allow(json!("s3:GetObject"), "arn:aws:s3:::b/*")]);
    // The account was read on 2026-11-22.
    let two = Reading::Known(vec![
        key(true, "2026-11-12T12:00:00Z"),
        key(false, "2020-01-01T00:00:00Z"),
    ]);
    assert_eq!(keys(reads.clone(), two.clone()), (Some(1), Some(10)));
    assert_eq!(
        keys(json!([allow(json!("ses:*"), "*")]), Reading::NotCollected),
        (Some(0), Some(0))
    );
    let denied_all = json!([
        allow(json!("s3:GetObject"), "*"),
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
    ]);
    assert_eq!(keys(denied_all, two), (Some(0), Some(0)));
    assert_eq!(keys(reads, denied("iam:ListAccessKeys")), (None, None));
}

/// When a user or role with that inline policy last called S3: days ago, and in words.
fn last_call(
    key: &str,
    statements: Value,
    last_access: Reading<LastAccess>,
) -> (Option<u32>, Option<String>) {
    let identity = IdentityInventory {
        last_access,
        created: Some("2026-10-23T12:00:00Z".into()),
        ..with_inline(key, statements)
    };
    let facts = facts_in(of_account(&[(key, identity)], &[]), key);
    (
        facts.s3_use.idle_days.known().copied(),
        facts.s3_use.last.known().cloned(),
    )
}

/// IAM user guide, "Refine permissions in AWS using last accessed information": 400 days, services that the
/// policies of the identity allow.
#[test]
fn the_last_call_of_s3_counts_in_whole_days() {
    let reads = || json!([allow(json!("s3:GetObject"), "arn:aws:s3:::b/*")]);
    let report = |covers_s3: bool, s3: Option<&str>| {
        Reading::Known(LastAccess {
            covers_s3,
            s3: s3.map(str::to_owned),
        })
    };
    let answer = |days: u32, words: &str| (Some(days), Some(words.to_owned()));
    // The account was read on 2026-11-22 at noon.
    let rows = [
        (
            report(true, Some("2026-08-24T12:00:00Z")),
            answer(90, "on 2026-08-24"),
        ),
        (
            report(true, Some("2026-08-24T12:00:01Z")),
            answer(89, "on 2026-08-24"),
        ),
        // Never since it was made, 30 days ago.
        (report(true, None), answer(30, "never in the last 30 days")),
        (report(false, None), (None, None)),
        (report(true, Some("yesterday")), (None, None)),
        (
            denied("iam:GenerateServiceLastAccessedDetails"),
            (None, None),
        ),
        (Reading::NotCollected, (None, None)),
        // Deleted meanwhile.
        (Reading::Absent, answer(0, "")),
    ];
    for (reading, expected) in rows {
        for key in ["user/ann", "role/r"] {
            let found = last_call(key, reads(), reading.clone());
            assert_eq!(found, expected, "{key} {reading:?}");
        }
        // Groups call nothing, and without a right on S3 nothing goes unused.
        let nothing = answer(0, "");
        assert_eq!(last_call("group/g", reads(), reading.clone()), nothing);
        let mails = json!([allow(json!("ses:*"), "*")]);
        assert_eq!(last_call("user/ann", mails, reading), nothing);
    }
}

#[test]
fn evidence_is_the_document_of_the_policy_that_gives_the_right() {
    let role = with_inline("role/r", json!([allow(json!("s3:*"), "*")]));
    let snapshot = snapshot(of_account(&[("role/r", role)], &[]));
    let facts = Facts::new(&snapshot, Trust::default());
    let subject = subject(&facts, SubjectKind::Identity, "role/r");
    let evidence = evidence(&facts, &subject, "identity.everything");
    assert_eq!(evidence.len(), 1);
    assert_eq!(
        evidence[0].0,
        format!("/accounts/{OWNER}/identities/role~1r/inline/own")
    );
    let document = serde_json::to_value(&snapshot).unwrap();
    assert_eq!(document.pointer(&evidence[0].0), Some(&evidence[0].1));
}
