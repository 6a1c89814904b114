//! The kinds of bucket, and to whom the policy of one that is not general purpose grants access.
//!
//! Directory buckets, table buckets, vector buckets and S3 file systems have services, actions and ARNs of
//! their own, no ACLs, and no object ARNs in their policies. So their policies are put to the prover's
//! questions over documents ([`DocumentSet`]), with the actions of `data/s3-kind-actions.csv`. Control policies of organizations
//! are not considered: what they deny is still reported as access.

use std::collections::BTreeSet;

use crate::catalogue::ActionClass;
use crate::contract::Reach;
use crate::document::{Effect, Principal};
use crate::evaluate::{DocumentJudge, implausible};
use crate::parse::is_account_id;
use crate::prove::{
    AccessAnswer, AccessQuestion, ActionScope, Callers, DocumentId, DocumentSet, KeyFact,
    ResourceScope, StatementSet,
};
use crate::{Policy, PolicyKind, partition};

/// The kind of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BucketKind {
    /// A general purpose bucket.
    #[default]
    General,
    /// A directory bucket of S3 Express One Zone or of a Local Zone.
    Directory,
    /// A table bucket of S3 Tables.
    Table,
    /// A vector bucket of S3 Vectors.
    Vector,
    /// A file system of S3 Files, a second way to the objects of a general purpose bucket.
    FileSystem,
}

/// What distinguishes a kind. The table has one row for each.
struct KindRow {
    kind: BucketKind,
    name: &'static str,
    service: &'static str,
    resource: &'static str,
    noun: &'static str,
    /// Its policies can name resources inside of it.
    has_parts: bool,
}

const KINDS: [KindRow; 5] = [
    KindRow {
        kind: BucketKind::General,
        name: "general",
        service: "s3",
        resource: "",
        noun: "bucket",
        has_parts: true,
    },
    KindRow {
        kind: BucketKind::Directory,
        name: "directory",
        service: "s3express",
        resource: "bucket",
        noun: "directory bucket",
        has_parts: false,
    },
    // Tables.
    KindRow {
        kind: BucketKind::Table,
        name: "table",
        service: "s3tables",
        resource: "bucket",
        noun: "table bucket",
        has_parts: true,
    },
    // Indexes.
    KindRow {
        kind: BucketKind::Vector,
        name: "vector",
        service: "s3vectors",
        resource: "bucket",
        noun: "vector bucket",
        has_parts: true,
    },
    // Access points.
    KindRow {
        kind: BucketKind::FileSystem,
        name: "file-system",
        service: "s3files",
        resource: "file-system",
        noun: "file system",
        has_parts: true,
    },
];

impl BucketKind {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|row| row.kind)
    }

    fn row(self) -> &'static KindRow {
        let [general, others @ ..] = &KINDS;
        let mut others = others.iter();
        others.find(|row| row.kind == self).unwrap_or(general)
    }

    /// Its name in conditions and check files: `general`, `directory`, `table`, `vector` or `file-system`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// The service in its ARN, and the prefix of its IAM actions.
    pub fn service(self) -> &'static str {
        self.row().service
    }

    /// The type of resource in its ARN, `bucket` or `file-system`; empty for general purpose buckets, whose
    /// ARNs have none.
    pub fn resource(self) -> &'static str {
        self.row().resource
    }

    /// What AWS calls one: `table bucket`.
    pub fn noun(self) -> &'static str {
        self.row().noun
    }

    /// The kind of the bucket with that ARN; general purpose for what names none of the others.
    pub fn of_arn(arn: &str) -> Self {
        let service = arn.split(':').nth(2);
        Self::all()
            .find(|kind| Some(kind.service()) == service)
            .unwrap_or(Self::General)
    }
}

/// Stands for every AWS account among the parties that a policy lets in.
pub const ANY_AWS_ACCOUNT: &str = "any AWS account";

/// The condition keys that name an organization of the caller's.
const ORGANIZATION_KEYS: [&str; 4] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
];

/// A bucket that is not general purpose, with its policy.
#[derive(Clone, Copy, Debug)]
pub struct KindCase<'a> {
    /// Its kind.
    pub kind: BucketKind,
    /// Its ARN.
    pub arn: &'a str,
    /// 12-digit id of its account.
    pub owner: &'a str,
    /// Its policy.
    pub policy: &'a Policy,
}

/// The policy of such a bucket, compiled.
#[derive(Debug)]
pub struct KindProver<'a> {
    case: KindCase<'a>,
    documents: DocumentSet,
    document: DocumentId,
    /// The evaluator, which shares no matching code with the search.
    judge: DocumentJudge,
}

impl<'a> KindProver<'a> {
    /// Compiles a policy.
    pub fn new(case: KindCase<'a>) -> Self {
        let partition = partition::of_policy(case.policy);
        let mut builder = DocumentSet::builder(partition, [case.owner.to_owned()]);
        let document = builder.add(case.policy, PolicyKind::Resource);
        Self {
            case,
            documents: builder.complete(),
            document,
            judge: DocumentJudge::new(case.policy, PolicyKind::Resource),
        }
    }

    /// What principals of other accounts can do of a class: reachable for any account, constrained
    /// for those who hold what the policy names.
    pub fn other_accounts(&self, class: ActionClass) -> Reach {
        let names = actions(self.case.kind, |of| of == class);
        match self.asks(&Callers::AnyAccount, true, &[], &names) {
            Some(true) => return Reach::Reachable,
            None => return Reach::Unknown,
            Some(false) => {}
        }
        let accounts = self.named_accounts().into_iter().map(Callers::Account);
        let holders = std::iter::once(Callers::AnyAccount)
            .chain(accounts)
            .map(|callers| (callers, Vec::new()));
        let organizations = self.named_organizations().into_iter().map(|(key, value)| {
            let member = (key, KeyFact::OneOf(vec![value]));
            (Callers::AnyAccount, vec![member])
        });
        for (callers, facts) in holders.chain(organizations) {
            match self.asks(&callers, false, &facts, &names) {
                Some(true) => return Reach::Constrained,
                None => return Reach::Unknown,
                Some(false) => {}
            }
        }
        Reach::Unreachable
    }

    /// The parties outside the owner's account that the policy lets in: account ids, organization ids,
    /// identity providers, or [`ANY_AWS_ACCOUNT`] alone. None where that could not be decided.
    pub fn parties(&self) -> Option<BTreeSet<String>> {
        let names = actions(self.case.kind, |_| true);
        if self.asks(&Callers::AnyAccount, true, &[], &names)? {
            return Some(BTreeSet::from([ANY_AWS_ACCOUNT.to_owned()]));
        }
        let mut parties = BTreeSet::new();
        for account in self.named_accounts() {
            let callers = Callers::Account(account.clone());
            if self.asks(&callers, false, &[], &names)? {
                parties.insert(account);
            }
        }
        for (key, value) in self.named_organizations() {
            let facts = [(key.clone(), KeyFact::OneOf(vec![value.clone()]))];
            if self.asks(&Callers::AnyAccount, false, &facts, &names)? {
                parties.extend(value.split('/').next().map(str::to_owned));
            }
        }
        let allows = self.case.policy.with_effect(Effect::Allow);
        let principals = allows
            .flat_map(|statement| &statement.principal)
            .flat_map(|element| &element.items);
        parties.extend(principals.filter_map(|principal| match principal {
            Principal::Federated(provider) => Some(provider.clone()),
            _ => None,
        }));
        parties.remove(self.case.owner);
        Some(parties)
    }

    /// Whether a request of these callers gets in; None where that could not be decided.
    fn asks(
        &self,
        callers: &Callers,
        fresh: bool,
        facts: &[(String, KeyFact)],
        names: &[String],
    ) -> Option<bool> {
        if names.is_empty() {
            return Some(false);
        }
        if self.documents.unreadable(self.document).is_some() {
            return None;
        }
        let arn = self.case.arn;
        let mut resources = vec![ResourceScope::Exactly(arn.to_owned())];
        if self.case.kind.row().has_parts {
            resources.push(ResourceScope::Arns(vec![format!("{arn}/?*")]));
        }
        let actions = ActionScope::Names(names.to_vec());
        let mut undecided = false;
        for resources in &resources {
            let question = AccessQuestion {
                musts: &[vec![StatementSet::allows(self.document)]],
                denies: &[StatementSet::denies(self.document)],
                callers,
                fresh,
                bounded: false,
                actions: &actions,
                resources,
                facts,
                owner: Some(self.case.owner),
            };
            match self.documents.ask(&question, DocumentSet::STEPS) {
                AccessAnswer::Unsatisfiable => {}
                AccessAnswer::Undecided(_) => undecided = true,
                AccessAnswer::Satisfiable(found) => {
                    // The evaluator has the last word.
                    let stands = found.request.as_ref().is_none_or(|request| {
                        implausible(request).is_none() && self.judge.allows(request) == Some(true)
                    });
                    if stands {
                        return Some(true);
                    }
                    undecided = true;
                }
            }
        }
        (!undecided && !self.grants_to_canonical_users()).then_some(false)
    }

    /// Whether a statement allows a canonical user: which account that is, the owner's included, is not
    /// known here.
    fn grants_to_canonical_users(&self) -> bool {
        let allows = self.case.policy.with_effect(Effect::Allow);
        allows
            .flat_map(|statement| &statement.principal)
            .flat_map(|element| &element.items)
            .any(|principal| matches!(principal, Principal::CanonicalUser(_)))
    }

    /// The organizations that conditions name, each with its key.
    fn named_organizations(&self) -> BTreeSet<(String, String)> {
        let statements = self.case.policy.statements.iter();
        statements
            .flat_map(|statement| &statement.conditions)
            .filter(|condition| ORGANIZATION_KEYS.contains(&condition.key.as_str()))
            .flat_map(|condition| {
                let values = condition.values.iter();
                values.map(|value| (condition.key.clone(), value.clone()))
            })
            .filter(|(_, value)| value.starts_with("o-"))
            .collect()
    }

    /// The accounts that the policy names in any element.
    fn named_accounts(&self) -> BTreeSet<String> {
        let mut accounts = BTreeSet::new();
        for statement in &self.case.policy.statements {
            for principal in statement.principal.iter().flat_map(|one| &one.items) {
                match principal {
                    Principal::Account(id) => {
                        accounts.insert(id.clone());
                    }
                    Principal::Arn(arn) => {
                        accounts.insert(arn.account.clone());
                    }
                    _ => {}
                }
            }
            let values = statement.conditions.iter().flat_map(|one| &one.values);
            for value in values {
                let words = value.split(|found: char| !found.is_ascii_alphanumeric());
                accounts.extend(words.filter(|word| is_account_id(word)).map(str::to_owned));
            }
        }
        // An origin access identity of CloudFront has no account id.
        accounts.retain(|account| is_account_id(account) && account != self.case.owner);
        accounts
    }
}

/// The actions of a kind, of the classes that are wanted.
fn actions(kind: BucketKind, wanted: impl Fn(ActionClass) -> bool) -> Vec<String> {
    rows()
        .filter(|(name, class)| {
            let service = name.split(':').next();
            service == Some(kind.service()) && wanted(*class)
        })
        .map(|(name, _)| name.to_lowercase())
        .collect()
}

/// The rows of the table.
fn rows() -> impl Iterator<Item = (&'static str, ActionClass)> {
    include_str!("../data/s3-kind-actions.csv")
        .lines()
        .filter_map(|line| {
            let (name, class) = line.split_once(',')?;
            Some((name, ActionClass::from_name(class)?))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "111111111111";
    const DIRECTORY: &str = "arn:aws:s3express:us-east-1:111111111111:bucket/b--use1-az4--x-s3";
    const TABLE: &str = "arn:aws:s3tables:us-east-1:111111111111:bucket/b";
    const VECTOR: &str = "arn:aws:s3vectors:us-east-1:111111111111:bucket/b";
    const FILES: &str = "arn:aws:s3files:us-east-1:111111111111:file-system/fs-0123456789abcdef0";

    fn asked(arn: &str, statements: &str) -> (Option<Vec<String>>, Reach, Reach) {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        let policy = Policy::parse(&text, PolicyKind::Resource);
        let prover = KindProver::new(KindCase {
            kind: BucketKind::of_arn(arn),
            arn,
            owner: OWNER,
            policy: &policy,
        });
        (
            prover.parties().map(|found| found.into_iter().collect()),
            prover.other_accounts(ActionClass::Read),
            prover.other_accounts(ActionClass::Takeover),
        )
    }

    fn parties(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn every_row_is_an_action_of_one_kind() {
        let lines = include_str!("../data/s3-kind-actions.csv").lines();
        let written = lines.filter(|line| !line.starts_with(['#']) && !line.starts_with("action,"));
        assert_eq!(written.count(), rows().count());
        for (name, _) in rows() {
            let service = name.split(':').next().unwrap();
            assert!(BucketKind::all().any(|kind| kind.service() == service));
        }
    }

    #[test]
    fn an_arn_says_the_kind() {
        for (arn, kind) in [
            ("arn:aws:s3:::b", BucketKind::General),
            (DIRECTORY, BucketKind::Directory),
            (TABLE, BucketKind::Table),
            (VECTOR, BucketKind::Vector),
            (FILES, BucketKind::FileSystem),
            ("", BucketKind::General),
        ] {
            assert_eq!(BucketKind::of_arn(arn), kind, "{arn}");
            assert_eq!(BucketKind::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn an_account_that_is_named_gets_in() {
        let (whom, read, takeover) = asked(
            DIRECTORY,
            r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
                "Action": "s3express:CreateSession", "Resource": "*"}"#,
        );
        assert_eq!(whom, parties(&["222222222222"]));
        assert_eq!((read, takeover), (Reach::Constrained, Reach::Unreachable));
    }

    #[test]
    fn configuration_calls_of_other_accounts_do_not_exist_for_directory_buckets() {
        let (whom, read, takeover) = asked(
            DIRECTORY,
            r#"{"Effect": "Allow", "Principal": {"AWS": "222222222222"},
                "Action": "s3express:PutBucketPolicy", "Resource": "*"}"#,
        );
        assert_eq!(whom, parties(&[]));
        assert_eq!((read, takeover), (Reach::Unreachable, Reach::Unreachable));
    }

    #[test]
    fn the_own_account_services_and_other_buckets_are_no_parties() {
        for statement in [
            r#"{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "*", "Resource": "*"}"#,
            r#"{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "*", "Resource": "*"}"#,
            r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#,
            r#"{"Effect": "Allow", "Principal": "*", "Action": "s3tables:*",
                "Resource": "arn:aws:s3tables:us-east-1:111111111111:bucket/other"}"#,
        ] {
            let (whom, read, takeover) = asked(TABLE, statement);
            assert_eq!(whom, parties(&[]), "{statement}");
            assert_eq!((read, takeover), (Reach::Unreachable, Reach::Unreachable));
        }
    }

    #[test]
    fn a_table_is_part_of_its_bucket() {
        let (whom, read, takeover) = asked(
            TABLE,
            r#"{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3tables:PutTable*",
                "Resource": "arn:aws:s3tables:us-east-1:111111111111:bucket/b/table/*"}"#,
        );
        assert_eq!(whom, parties(&["222222222222"]));
        assert_eq!((read, takeover), (Reach::Unreachable, Reach::Constrained));
    }

    /// What another account needs to write to a table changes neither its policy nor its protection.
    #[test]
    fn writing_to_a_table_is_no_takeover() {
        let (whom, read, takeover) = asked(
            TABLE,
            r#"{"Effect": "Allow", "Principal": {"AWS": "222222222222"},
                "Action": ["s3tables:PutTableData", "s3tables:UpdateTableMetadataLocation", "s3tables:GetTableMetadataLocation"],
                "Resource": "arn:aws:s3tables:us-east-1:111111111111:bucket/b/table/*"}"#,
        );
        assert_eq!(whom, parties(&["222222222222"]));
        assert_eq!((read, takeover), (Reach::Constrained, Reach::Unreachable));
    }

    #[test]
    fn a_file_system_policy_lets_clients_in_and_grants_no_api_calls() {
        for (action, named) in [
            ("s3files:ClientMount", true),
            ("s3files:ClientRootAccess", true),
            ("s3files:*", true),
            ("s3files:PutFileSystemPolicy", false),
            ("elasticfilesystem:ClientMount", false),
        ] {
            let statement = format!(
                r#"{{"Effect": "Allow", "Principal": {{"AWS": "222222222222"}}, "Action": "{action}", "Resource": "*"}}"#
            );
            let (whom, _, takeover) = asked(FILES, &statement);
            let expected: &[&str] = if named { &["222222222222"] } else { &[] };
            assert_eq!(whom, parties(expected), "{action}");
            assert_eq!(takeover, Reach::Unreachable);
        }
    }

    /// A condition on the access point narrows the way in, not who comes.
    #[test]
    fn an_access_point_of_a_file_system_does_not_hide_the_account() {
        let (whom, read, _) = asked(
            FILES,
            r#"{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3files:ClientMount",
                "Resource": "arn:aws:s3files:us-east-1:111111111111:file-system/fs-0123456789abcdef0",
                "Condition": {"StringEquals": {"s3files:AccessPointArn":
                    "arn:aws:s3files:us-east-1:111111111111:file-system/fs-0123456789abcdef0/access-point/fsap-0123456789abcdef0"}}}"#,
        );
        assert_eq!(whom, parties(&["222222222222"]));
        assert_eq!(read, Reach::Constrained);
    }

    #[test]
    fn a_wildcard_principal_is_any_account() {
        let (whom, read, takeover) = asked(
            VECTOR,
            r#"{"Effect": "Allow", "Principal": "*", "Action": "s3vectors:Q*", "Resource": "*"}"#,
        );
        assert_eq!(whom, parties(&[ANY_AWS_ACCOUNT]));
        assert_eq!((read, takeover), (Reach::Reachable, Reach::Unreachable));
    }

    #[test]
    fn a_canonical_user_may_be_the_owner_or_another_account() {
        let (whom, read, _) = asked(
            DIRECTORY,
            r#"{"Effect": "Allow", "Principal": {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
                "Action": "s3express:*", "Resource": "*"}"#,
        );
        assert_eq!((whom, read), (None, Reach::Unknown));
    }

    #[test]
    fn an_organization_is_a_party() {
        let (whom, read, _) = asked(
            VECTOR,
            r#"{"Effect": "Allow", "Principal": "*", "Action": "s3vectors:*", "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-aaaaaaaaaa", "o-bbbbbbbbbb"]}}}"#,
        );
        assert_eq!(whom, parties(&["o-aaaaaaaaaa", "o-bbbbbbbbbb"]));
        assert_eq!(read, Reach::Constrained);
    }

    #[test]
    fn a_deny_takes_back_and_its_exception_names_a_party() {
        let open =
            r#"{"Effect": "Allow", "Principal": "*", "Action": "s3express:*", "Resource": "*"}"#;
        let closed = format!(
            r#"{open}, {{"Effect": "Deny", "Principal": "*", "Action": "s3express:*", "Resource": "*",
                "Condition": {{"StringNotEquals": {{"aws:PrincipalAccount": ["111111111111"]}}}}}}"#
        );
        assert_eq!(asked(DIRECTORY, &closed).0, parties(&[]));
        let shared = closed.replace(r#"["111111111111"]"#, r#"["111111111111", "222222222222"]"#);
        let (whom, read, _) = asked(DIRECTORY, &shared);
        assert_eq!(whom, parties(&["222222222222"]));
        assert_eq!(read, Reach::Constrained);
    }

    #[test]
    fn a_statement_that_cannot_be_read_decides_nothing() {
        let (whom, read, _) = asked(
            VECTOR,
            r#"{"Effect": "Allow", "Principal": "*", "Action": "s3vectors:*", "Resource": "*",
                "Condition": {"StringBefore": {"aws:PrincipalOrgID": "o-aaaaaaaaaa"}}}"#,
        );
        assert_eq!(whom, None);
        assert_eq!(read, Reach::Unknown);
    }
}
