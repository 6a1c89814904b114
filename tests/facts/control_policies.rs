//! Control policies of an organization in verdicts: what they take away is proved, what was not read
//! takes nothing away. Rules: Organizations user guide, "SCP evaluation", "RCP evaluation", "Management
//! policy inheritance"; S3 user guide, "Managing Block Public Access with Organizations S3 policies".

use coldbucket::facts::{Facts, SubjectFacts};
use coldbucket::inventory::bucket::{BucketInventory, PolicyStatus};
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::organization::Organization;
use coldbucket::inventory::{Reading, Snapshot};
use coldbucket::report::Reach;
use serde_json::{Value, json};

use crate::support::{
    BUCKET, OWNER, account, evidence, kept, policy, quiet_bucket, snapshot, subject,
};

const PARTNER: &str = "222222222222";
const MANAGEMENT: &str = "999999999999";

/// root r-1 > ou-1 > the owner, and ou-2 > the partner; every policy type is enabled.
fn organization(policies: Value) -> Organization {
    let full = json!({"type": "SERVICE_CONTROL_POLICY", "name": "FullAWSAccess", "aws_managed": true,
        "content": {"known": r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#},
        "targets": {"known": ["r-1", "ou-1", "ou-2", OWNER, PARTNER, MANAGEMENT]}});
    let mut all = policies;
    if all.get("p-FullAWSAccess").is_none() {
        all["p-FullAWSAccess"] = full;
    }
    let member = |parent: &str| json!({"name": "x", "state": "ACTIVE", "parent": parent});
    let enabled = json!({"known": true});
    serde_json::from_value(json!({
        "schema": "coldbucket-organization/1", "taken_at": "2026-11-29T12:00:00Z",
        "id": "o-abcdefghij", "management_account": MANAGEMENT,
        "tree": {"known": {"complete": true}},
        "units": {"r-1": {"name": "Root"}, "ou-1": {"name": "Prod", "parent": "r-1"},
                  "ou-2": {"name": "Partners", "parent": "r-1"}},
        "accounts": {OWNER: member("ou-1"), PARTNER: member("ou-2"), MANAGEMENT: member("r-1")},
        "policy_types": {"SERVICE_CONTROL_POLICY": enabled, "RESOURCE_CONTROL_POLICY": enabled,
                         "S3_POLICY": enabled},
        "policies": all,
    }))
    .unwrap()
}

fn of_type(kind: &str, content: &Value, targets: &[&str]) -> Value {
    json!({"type": kind, "name": "n", "content": {"known": content.to_string()},
           "targets": {"known": targets}})
}

fn document(statement: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn rcp(statement: Value, targets: &[&str]) -> Value {
    of_type("RESOURCE_CONTROL_POLICY", &document(statement), targets)
}

fn scp(statement: Value, targets: &[&str]) -> Value {
    of_type("SERVICE_CONTROL_POLICY", &document(statement), targets)
}

/// The canonical data perimeter: callers outside the organization that are no AWS services.
fn perimeter() -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-abcdefghij"},
                      "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}})
}

fn tls() -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
}

fn public_bucket() -> BucketInventory {
    BucketInventory {
        policy: policy(
            &json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*"}]),
        ),
        policy_status: Reading::Known(PolicyStatus { is_public: true }),
        public_access_block: Reading::Absent,
        ..quiet_bucket()
    }
}

fn judged(bucket: &BucketInventory, organization: Organization) -> &'static Facts<'static> {
    kept(Snapshot {
        organization: Some(organization),
        ..snapshot(account(&[(BUCKET, bucket)]))
    })
}

fn bucket_of<'f>(facts: &'f Facts<'_>) -> coldbucket::facts::bucket::BucketFacts<'f> {
    match facts.view(&subject(facts, SubjectKind::Bucket, BUCKET)) {
        Some(SubjectFacts::Bucket(facts)) => *facts,
        other => panic!("{other:?}"),
    }
}

fn anonymous_read(bucket: &BucketInventory, organization: Organization) -> Option<Reach> {
    let facts = judged(bucket, organization);
    bucket_of(facts).exposure.anonymous.read.known().copied()
}

#[test]
fn a_perimeter_on_the_path_closes_a_public_bucket_and_is_named() {
    for target in ["r-1", "ou-1", OWNER] {
        let organization = organization(json!({"p-perimeter": rcp(perimeter(), &[target])}));
        let facts = judged(&public_bucket(), organization);
        let bucket = bucket_of(facts);
        assert_eq!(
            bucket.exposure.public.read.known(),
            Some(&false),
            "{target}"
        );
        let reach = bucket.exposure.anonymous.read.known();
        assert_eq!(reach, Some(&Reach::Unreachable), "{target}");
        assert_eq!(bucket.exposure.closed_by, ["p-perimeter"]);
        assert_eq!(bucket.posture().access.control_policies, ["p-perimeter"]);
        let subject = subject(facts, SubjectKind::Bucket, BUCKET);
        let found = evidence(facts, &subject, "bucket.exposure.public.read");
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert!(
            pointers.contains(&"/organization/policies/p-perimeter/content/known"),
            "{pointers:?}"
        );
    }
}

#[test]
fn what_is_not_on_the_path_not_enabled_or_not_read_takes_nothing_away() {
    let reachable = Some(Reach::Reachable);
    let elsewhere = organization(json!({"p-1": rcp(perimeter(), &["ou-2", PARTNER])}));
    assert_eq!(anonymous_read(&public_bucket(), elsewhere), reachable);

    let on_path = || organization(json!({"p-1": rcp(perimeter(), &["ou-1"])}));
    let mut disabled = on_path();
    let kind = coldbucket::inventory::organization::PolicyType::ResourceControlPolicy;
    disabled.policy_types.insert(kind, Reading::Known(false));
    assert_eq!(anonymous_read(&public_bucket(), disabled), reachable);

    let mut refused = on_path();
    refused.policies.get_mut("p-1").unwrap().content = Reading::Denied {
        action: "organizations:DescribePolicy".into(),
        code: "AccessDeniedException".into(),
    };
    assert_eq!(anonymous_read(&public_bucket(), refused), reachable);

    let mut treeless = on_path();
    treeless.accounts.get_mut(OWNER).unwrap().parent = None;
    assert_eq!(anonymous_read(&public_bucket(), treeless), reachable);

    let mut damaged = on_path();
    damaged.policies.get_mut("p-1").unwrap().content = Reading::Known("{\"Statement\":".into());
    assert_eq!(anonymous_read(&public_bucket(), damaged), reachable);
}

#[test]
fn the_management_accounts_resources_are_under_no_rcp() {
    let mut organization = organization(json!({"p-1": rcp(perimeter(), &["r-1"])}));
    organization.management_account = OWNER.to_owned();
    assert_eq!(
        anonymous_read(&public_bucket(), organization),
        Some(Reach::Reachable)
    );
}

#[test]
fn a_tls_rcp_denies_plain_http_for_every_bucket_below_it() {
    let without_policy = BucketInventory {
        policy: Reading::Absent,
        ..quiet_bucket()
    };
    for bucket in [public_bucket(), without_policy] {
        let facts = judged(
            &bucket,
            organization(json!({"p-tls": rcp(tls(), &["r-1"])})),
        );
        let transport = bucket_of(facts).transport;
        assert_eq!(transport.plain_http_reachable.known(), Some(&false));
        assert_eq!(transport.weakness.known().map(String::as_str), Some(""));
        assert_eq!(transport.closed_by, ["p-tls"]);
    }
}

/// An SCP binds the account's own identities only: anonymous callers of a public bucket are not.
#[test]
fn a_tls_scp_closes_plain_http_only_where_no_one_else_gets_in() {
    let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    let without_policy = BucketInventory {
        policy: Reading::Absent,
        ..quiet_bucket()
    };
    for (bucket, reachable) in [(without_policy, false), (public_bucket(), true)] {
        let organization = organization(json!({"p-1": scp(deny.clone(), &["ou-1"])}));
        let facts = judged(&bucket, organization);
        let found = bucket_of(facts)
            .transport
            .plain_http_reachable
            .known()
            .copied();
        assert_eq!(found, Some(reachable));
    }
}

#[test]
fn a_perimeter_closes_whatever_a_refused_policy_may_grant() {
    let refused = BucketInventory {
        policy: Reading::Denied {
            action: "s3:GetBucketPolicy".into(),
            code: "AccessDenied".into(),
        },
        public_access_block: Reading::Absent,
        ..quiet_bucket()
    };
    let bound = organization(json!({"p-1": rcp(perimeter(), &["ou-1"])}));
    assert_eq!(anonymous_read(&refused, bound), Some(Reach::Unreachable));
    assert_eq!(anonymous_read(&refused, organization(json!({}))), None);
}

fn parties(policies: Value) -> Vec<String> {
    let shared = BucketInventory {
        policy: policy(&json!([{"Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{PARTNER}:root")},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}])),
        ..quiet_bucket()
    };
    let facts = judged(&shared, organization(policies));
    let bucket = bucket_of(facts);
    let parties = bucket.exposure.other_accounts.known().unwrap().iter();
    parties.map(|party| party.account.clone()).collect()
}

#[test]
fn scps_of_a_named_account_of_the_organization_narrow_what_it_can() {
    let deny = |action: &str| json!({"Effect": "Deny", "Action": action, "Resource": "*"});
    assert_eq!(parties(json!({})), [PARTNER]);
    let on_partner = |statement, targets: &[&str]| parties(json!({"p-1": scp(statement, targets)}));
    assert!(on_partner(deny("s3:*"), &["ou-2"]).is_empty());
    assert!(on_partner(deny("s3:Get*"), &["r-1"]).is_empty());
    assert_eq!(on_partner(deny("s3:Put*"), &["ou-2"]), [PARTNER]);
    assert_eq!(on_partner(deny("s3:*"), &["ou-1"]), [PARTNER]);
    // Without FullAWSAccess on its unit, only what another policy there allows is left.
    let full = |targets: &[&str]| {
        scp(
            json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
            targets,
        )
    };
    let only = |action: &str| {
        parties(json!({
            "p-FullAWSAccess": full(&["r-1", "ou-1", OWNER, PARTNER, MANAGEMENT]),
            "p-1": scp(json!({"Effect": "Allow", "Action": action, "Resource": "*"}), &["ou-2"]),
        }))
    };
    assert!(only("ec2:*").is_empty());
    assert_eq!(only("s3:*"), [PARTNER]);
}

#[test]
fn an_scp_that_was_not_read_narrows_nothing() {
    let mut unread = scp(
        json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}),
        &["ou-2"],
    );
    unread["content"] = json!({"denied": {"action": "organizations:DescribePolicy", "code": "AccessDeniedException"}});
    assert_eq!(parties(json!({"p-1": unread})), [PARTNER]);
}

fn s3_policy(policies: Value) -> (Option<String>, Option<String>) {
    let facts = judged(&quiet_bucket(), organization(policies));
    match facts.view(&subject(facts, SubjectKind::Account, OWNER)) {
        Some(SubjectFacts::Account(account)) => (
            account.organization.s3_policy.known().cloned(),
            account.organization.s3_policy_id.known().cloned(),
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_s3_policy_nearest_to_the_account_assigns_unless_one_above_forbids_it() {
    let assigns = |value: &str, targets: &[&str]| {
        let setting = json!({"@@assign": value});
        let content = json!({"s3_attributes": {"public_access_block_configuration": setting}});
        of_type("S3_POLICY", &content, targets)
    };
    let said = |value: &str, by: &str| (Some(value.to_owned()), Some(by.to_owned()));
    assert_eq!(s3_policy(json!({})), said("not set", ""));
    assert_eq!(
        s3_policy(json!({"p-all": assigns("all", &["r-1"])})),
        said("all", "p-all")
    );
    assert_eq!(
        s3_policy(json!({"p-all": assigns("all", &["r-1"]), "p-none": assigns("none", &[OWNER])})),
        said("none", "p-none")
    );
    let mut closed = assigns("all", &["r-1"]);
    closed["content"]["known"] = json!({"s3_attributes": {"public_access_block_configuration":
        {"@@assign": "all", "@@operators_allowed_for_child_policies": ["@@none"]}}})
    .to_string()
    .into();
    assert_eq!(
        s3_policy(json!({"p-all": closed, "p-none": assigns("none", &[OWNER])})),
        said("all", "p-all")
    );
    // Two of one level that contradict each other.
    let contradiction =
        json!({"p-1": assigns("all", &["ou-1"]), "p-2": assigns("none", &["ou-1"])});
    assert_eq!(s3_policy(contradiction), (None, None));
}

/// Without an organization nothing is different from before.
#[test]
fn an_account_outside_any_organization_that_was_read_is_judged_as_ever() {
    let facts = kept(snapshot(account(&[(BUCKET, &public_bucket())])));
    let bucket = bucket_of(facts);
    assert_eq!(
        bucket.exposure.anonymous.read.known(),
        Some(&Reach::Reachable)
    );
    assert!(bucket.exposure.closed_by.is_empty());
    assert!(bucket.posture().access.control_policies.is_empty());
}
