//! Questions over several documents, answered by hand from the IAM user guide's "Policy evaluation
//! logic" (2026-09).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

use coldbucket_policy::catalogue;
use coldbucket_policy::prove::{
    AccessAnswer, AccessQuestion, ActionScope, Callers, Delegation, DocumentId, DocumentSet,
    KeyFact, ResourceScope, StatementSet,
};
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::{Value, json};

const OWNER: &str = "111111111111";
const COOK: &str = "arn:aws:iam::111111111111:role/cook";

struct Setup {
    documents: DocumentSet,
    bucket: DocumentId,
    identity: DocumentId,
    boundary: DocumentId,
}

fn statements(list: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": list}).to_string()
}

/// Statements that grant nothing: IAM stores no empty list.
fn nothing(kind: PolicyKind) -> Value {
    match kind {
        PolicyKind::Resource => json!([{
            "Effect": "Deny", "Principal": "*", "Action": "s3:GetObjectTorrent", "Resource": "*"
        }]),
        _ => json!([{"Effect": "Deny", "Action": "s3:GetObjectTorrent", "Resource": "*"}]),
    }
}

fn setup(bucket: Value, identity: Value, boundary: Value) -> Setup {
    let mut builder = DocumentSet::builder("aws", [OWNER.to_owned()]);
    let mut add = |list: Value, kind| {
        let list = match list.as_array() {
            Some(list) if list.is_empty() => nothing(kind),
            _ => list,
        };
        builder.add(&Policy::parse(&statements(list), kind), kind)
    };
    let bucket = add(bucket, PolicyKind::Resource);
    let identity = add(identity, PolicyKind::Identity);
    let boundary = add(boundary, PolicyKind::Identity);
    Setup {
        documents: builder.complete(),
        bucket,
        identity,
        boundary,
    }
}

impl Setup {
    fn denies(&self) -> Vec<StatementSet> {
        [self.bucket, self.identity, self.boundary]
            .map(StatementSet::denies)
            .to_vec()
    }

    fn ask(
        &self,
        musts: &[Vec<StatementSet>],
        action: &str,
        facts: &[(String, KeyFact)],
    ) -> AccessAnswer {
        self.documents.ask(
            &AccessQuestion {
                musts,
                denies: &self.denies(),
                callers: &Callers::Arn(COOK.to_owned()),
                fresh: false,
                bounded: true,
                actions: &ActionScope::Catalogue(catalogue::which(|known| known.name == action)),
                resources: &ResourceScope::Bucket("b".to_owned()),
                facts,
                owner: Some(OWNER),
            },
            DocumentSet::STEPS,
        )
    }

    /// Identity policy within the boundary.
    fn by_identity(&self, action: &str) -> AccessAnswer {
        let musts = [
            vec![StatementSet::allows(self.identity)],
            vec![StatementSet::allows(self.boundary)],
        ];
        self.ask(&musts, action, &[])
    }

    /// A grant of the bucket policy that needs nothing else.
    fn by_bucket(&self, action: &str, at_least: Delegation) -> AccessAnswer {
        let musts = [vec![StatementSet::allows(self.bucket).at_least(at_least)]];
        self.ask(&musts, action, &[])
    }
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

#[test]
fn every_group_must_match_at_the_same_resource() {
    let read = |identity: &str, boundary: &str| {
        let resource = |key: &str| format!("arn:aws:s3:::b/{key}");
        setup(
            json!([]),
            json!([allow("s3:GetObject", &resource(identity))]),
            json!([allow("s3:*", &resource(boundary)), allow("s3:Put*", "*")]),
        )
        .by_identity("s3:GetObject")
    };
    let AccessAnswer::Satisfiable(witness) = read("in/*", "*/2026") else {
        panic!("in/2026 is in both");
    };
    assert_eq!(witness.request.unwrap().resource, "arn:aws:s3:::b/in/2026");
    assert_eq!(read("in/*", "out/*"), AccessAnswer::Unsatisfiable);
}

#[test]
fn a_choice_of_one_group_can_close_another() {
    // Only the second Allow of the identity fits the boundary's condition.
    let of = |networks: [&str; 2]| {
        let from = |resource: &str, network: &str| {
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource,
                   "Condition": {"IpAddress": {"aws:SourceIp": network}}})
        };
        setup(
            json!([]),
            json!([
                from("arn:aws:s3:::b/a*", networks[0]),
                from("arn:aws:s3:::b/b*", networks[1])
            ]),
            json!([from("*", "203.0.113.0/25")]),
        )
        .by_identity("s3:GetObject")
    };
    let AccessAnswer::Satisfiable(witness) = of(["198.51.100.0/24", "203.0.113.0/24"]) else {
        panic!("the second Allow");
    };
    assert_eq!(witness.statements.first().map(|(_, index)| *index), Some(1));
    assert_eq!(
        witness.needs.get("aws:SourceIp"),
        Some(&vec!["203.0.113.0/25".to_owned()])
    );
    assert_eq!(
        of(["198.51.100.0/24", "203.0.113.128/25"]),
        AccessAnswer::Unsatisfiable
    );
}

#[test]
fn a_grant_to_the_account_is_less_than_one_to_the_role() {
    let of = |principal: &str| {
        setup(
            json!([{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::b/*"}]),
            json!([]),
            json!([]),
        )
    };
    let satisfied = |answer: AccessAnswer| matches!(answer, AccessAnswer::Satisfiable(_));
    let account = of(OWNER);
    assert!(satisfied(
        account.by_bucket("s3:GetObject", Delegation::Account)
    ));
    assert!(!satisfied(
        account.by_bucket("s3:GetObject", Delegation::Role)
    ));
    let role = of(COOK);
    assert!(satisfied(role.by_bucket("s3:GetObject", Delegation::Role)));
    assert!(!satisfied(
        role.by_bucket("s3:GetObject", Delegation::Direct)
    ));
    assert!(!satisfied(
        of("arn:aws:iam::111111111111:role/other").by_bucket("s3:GetObject", Delegation::Account)
    ));
}

#[test]
fn a_deny_with_not_principal_meets_a_role_with_a_boundary() {
    let setup = setup(
        json!([{"Effect": "Deny", "NotPrincipal": {"AWS": [COOK, OWNER]}, "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::b/*"}]),
        json!([allow("s3:*", "*")]),
        json!([allow("s3:*", "*")]),
    );
    assert_eq!(
        setup.by_identity("s3:GetObject"),
        AccessAnswer::Unsatisfiable
    );
    assert!(matches!(
        setup.by_identity("s3:PutObject"),
        AccessAnswer::Satisfiable(_)
    ));
}

#[test]
fn facts_of_the_caller_decide() {
    let setup = setup(
        json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team}/*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-kitchen0001"}}}]),
        json!([]),
        json!([]),
    );
    let musts = [vec![StatementSet::allows(setup.bucket)]];
    let fact = |key: &str, fact| (key.to_owned(), fact);
    let one = |value: &str| KeyFact::OneOf(vec![value.to_owned()]);
    let facts = [
        fact("aws:principaltag/team", one("soup")),
        fact("aws:principalorgid", one("o-kitchen0001")),
    ];
    let AccessAnswer::Satisfiable(witness) = setup.ask(&musts, "s3:GetObject", &facts) else {
        panic!("the team's folder");
    };
    assert!(
        witness
            .request
            .unwrap()
            .resource
            .starts_with("arn:aws:s3:::b/soup/")
    );
    let other = [fact("aws:principalorgid", one("o-cellar00001"))];
    assert_eq!(
        setup.ask(&musts, "s3:GetObject", &other),
        AccessAnswer::Unsatisfiable
    );
    let without = [fact("aws:principaltag/team", KeyFact::Absent)];
    assert_eq!(
        setup.ask(&musts, "s3:GetObject", &without),
        AccessAnswer::Unsatisfiable
    );
}

#[test]
fn actions_without_a_catalogue_are_texts() {
    let mut builder = DocumentSet::builder("aws", []);
    let key = json!([
        {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "kms:D*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "kms:DescribeKey", "Resource": "*"},
    ]);
    let key = builder.add(
        &Policy::parse(&statements(key), PolicyKind::Resource),
        PolicyKind::Resource,
    );
    let documents = builder.complete();
    let ask = |name: &str| {
        documents.ask(
            &AccessQuestion {
                musts: &[vec![StatementSet::allows(key)]],
                denies: &[StatementSet::denies(key)],
                callers: &Callers::Account("222222222222".to_owned()),
                fresh: false,
                bounded: false,
                actions: &ActionScope::Names(vec![name.to_owned()]),
                resources: &ResourceScope::Exactly(
                    "arn:aws:kms:eu-west-1:111111111111:key/k".to_owned(),
                ),
                facts: &[],
                owner: Some(OWNER),
            },
            DocumentSet::STEPS,
        )
    };
    assert!(matches!(ask("kms:Decrypt"), AccessAnswer::Satisfiable(_)));
    assert_eq!(ask("kms:DescribeKey"), AccessAnswer::Unsatisfiable);
    assert_eq!(ask("kms:Encrypt"), AccessAnswer::Unsatisfiable);
}
