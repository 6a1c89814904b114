//! What an identity may do to S3, from its policies alone.
//!
//! A request is one bucket and one key; the question here is about all of them. It is asked with
//! names that no policy can have written: a bucket and a key made of a character from Unicode's
//! private use area, once as short and once as long as S3 allows. A resource pattern matches both
//! only if it asks for nothing but wildcards there, so what holds for these names holds for every
//! bucket that the policies do not single out. `NotResource` and `NotAction` fall into place by
//! themselves, a policy variable is one particular text and therefore a restriction, and a Deny on a
//! named bucket does not take "everywhere" away.
//!
//! Small example: `Allow s3:* on *` and `Deny s3:PutBucketPolicy on * unless
//! aws:MultiFactorAuthPresent`. Reading, writing: yes. Changing bucket policies: conditional, on
//! `aws:multifactorauthpresent`. Everything: conditional too, as that is part of it.
//!
//! Conditions that an ordinary request of the identity fulfils or breaks in any case are decided
//! (`aws:ResourceAccount`: its own account, `aws:SecureTransport`: true, what follows from its ARN);
//! any other makes the answer conditional and is named. Organization policies are not seen here:
//! members cannot read them. Capabilities are about actions of the `s3:` prefix; of the other services
//! of S3's family it is only asked whether all of one is allowed ([`whole_services`]).

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Effect, Policy};
use super::evaluate::probe::{Probe, Sight};
use super::prove::Case;
use crate::contract::{ContextValue, Request, RequestPrincipal};

/// Something an identity may be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Every S3 action on every bucket and object, those that AWS will add included.
    Everything,
    /// Read objects in every bucket (`s3:GetObject`).
    ReadEverywhere,
    /// Write objects in every bucket (`s3:PutObject`).
    WriteEverywhere,
    /// Delete objects in every bucket (`s3:DeleteObject`).
    DeleteEverywhere,
    /// Change the policy of every bucket (`s3:PutBucketPolicy`, `s3:DeleteBucketPolicy`).
    ChangePolicy,
    /// Change the ACL of every bucket or object (`s3:PutBucketAcl`, `s3:PutObjectAcl`).
    ChangeAcl,
    /// Change the default encryption of every bucket (`s3:PutEncryptionConfiguration`).
    ChangeEncryption,
    /// Change Block Public Access of every bucket or of the account
    /// (`s3:PutBucketPublicAccessBlock`, `s3:PutAccountPublicAccessBlock`).
    ChangePublicAccessBlock,
    /// Delete objects under governance retention in every bucket (`s3:BypassGovernanceRetention`).
    BypassGovernance,
}

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GrantScope {
    Bucket,
    Object,
    Account,
}

/// No action of this name exists: what allows it allows whatever AWS adds.
const FUTURE: &str = "s3:\u{e000}";

impl Capability {
    /// All of them, the widest first.
    pub const ALL: [Self; 9] = [
        Self::Everything,
        Self::ReadEverywhere,
        Self::WriteEverywhere,
        Self::DeleteEverywhere,
        Self::ChangePolicy,
        Self::ChangeAcl,
        Self::ChangeEncryption,
        Self::ChangePublicAccessBlock,
        Self::BypassGovernance,
    ];

    /// The name in facts and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::ReadEverywhere => "read-everywhere",
            Self::WriteEverywhere => "write-everywhere",
            Self::DeleteEverywhere => "delete-everywhere",
            Self::ChangePolicy => "change-policy",
            Self::ChangeAcl => "change-acl",
            Self::ChangeEncryption => "change-encryption",
            Self::ChangePublicAccessBlock => "change-public-access-block",
            Self::BypassGovernance => "bypass-governance",
        }
    }

    /// The actions that make it up, one of which suffices (all of them for `Everything`).
    const fn actions(self) -> &'static [(&'static str, GrantScope)] {
        match self {
            Self::Everything => &[
                (FUTURE, GrantScope::Bucket),
                (FUTURE, GrantScope::Object),
                ("s3:GetObject", GrantScope::Object),
                ("s3:PutObject", GrantScope::Object),
                ("s3:DeleteObject", GrantScope::Object),
                ("s3:ListBucket", GrantScope::Bucket),
                ("s3:PutBucketPolicy", GrantScope::Bucket),
                ("s3:PutBucketAcl", GrantScope::Bucket),
                ("s3:PutEncryptionConfiguration", GrantScope::Bucket),
                ("s3:PutBucketPublicAccessBlock", GrantScope::Bucket),
            ],
            Self::ReadEverywhere => &[("s3:GetObject", GrantScope::Object)],
            Self::WriteEverywhere => &[("s3:PutObject", GrantScope::Object)],
            Self::DeleteEverywhere => &[("s3:DeleteObject", GrantScope::Object)],
            Self::ChangePolicy => &[
                ("s3:PutBucketPolicy", GrantScope::Bucket),
                ("s3:DeleteBucketPolicy", GrantScope::Bucket),
            ],
            Self::ChangeAcl => &[
                ("s3:PutBucketAcl", GrantScope::Bucket),
                ("s3:PutObjectAcl", GrantScope::Object),
            ],
            Self::ChangeEncryption => &[("s3:PutEncryptionConfiguration", GrantScope::Bucket)],
            Self::ChangePublicAccessBlock => &[
                ("s3:PutBucketPublicAccessBlock", GrantScope::Bucket),
                ("s3:PutAccountPublicAccessBlock", GrantScope::Account),
            ],
            Self::BypassGovernance => &[("s3:BypassGovernanceRetention", GrantScope::Object)],
        }
    }
}

/// Whether an identity has a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// No: nothing allows it, or a Deny or the boundary keeps it out.
    No,
    /// Under conditions that are named.
    Conditionally,
    /// A policy holds something that could not be read or that is not documented.
    Unknown,
    /// Yes.
    Yes,
}

/// The answer about one capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which.
    pub capability: Capability,
    /// Whether.
    pub held: Held,
    /// The policy, by its name, and the statement, from 0, that allows it; absent for `No`.
    pub by: Option<(String, usize)>,
    /// The condition keys, in lower case, on which it depends.
    pub conditions: Vec<String>,
}

/// An identity with its policies.
#[derive(Clone, Debug)]
pub struct Identity<'a> {
    /// Its ARN: a user's or a role's.
    pub arn: &'a str,
    /// 12-digit id of its account.
    pub account: &'a str,
    /// Inline, attached and inherited policies, each with a name for the evidence.
    pub policies: Vec<(&'a str, &'a Policy)>,
    /// Its permissions boundary.
    pub boundary: Option<&'a Policy>,
    /// The moment the question is about, RFC 3339; without one a date condition stays a condition.
    pub now: Option<&'a str>,
}

impl Identity<'_> {
    fn partition(&self) -> &str {
        self.arn
            .split(':')
            .nth(1)
            .filter(|partition| !partition.is_empty())
            .unwrap_or("aws")
    }

    /// What a role's requests always come with and those of a long-lived access key never do. A user
    /// may have either, by GetSessionToken.
    fn credentials(&self) -> &'static [Credentials] {
        let resource = self.arn.splitn(6, ':').nth(5).unwrap_or_default();
        if resource.starts_with("role/") {
            &[Credentials::Session]
        } else {
            &[Credentials::LongLived, Credentials::Session]
        }
    }
}

/// What signs a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credentials {
    /// An access key of a user: no `aws:TokenIssueTime`.
    LongLived,
    /// Temporary credentials, issued just now: those that were revoked can be replaced.
    Session,
}

/// What a set of policies says of one action on one resource.
#[derive(Clone, Debug)]
struct ActionGrant {
    held: Held,
    by: Option<(String, usize)>,
    conditions: BTreeSet<String>,
}

impl ActionGrant {
    const fn no() -> Self {
        Self {
            held: Held::No,
            by: None,
            conditions: BTreeSet::new(),
        }
    }

    /// Both must hold: the weaker one decides, and the conditions of both count.
    fn and(mut self, other: Self) -> Self {
        if self.held == Held::No || other.held == Held::No {
            return Self::no();
        }
        self.conditions.extend(other.conditions);
        self.held = match (self.held, other.held) {
            (Held::Unknown, _) | (_, Held::Unknown) => Held::Unknown,
            (Held::Yes, Held::Yes) => Held::Yes,
            _ => Held::Conditionally,
        };
        self
    }

    /// One suffices: the stronger one decides.
    fn or(self, other: Self) -> Self {
        if other.held > self.held { other } else { self }
    }
}

/// Which of the capabilities an identity has, in the order of [`Capability::ALL`].
pub fn capabilities(identity: &Identity<'_>) -> Vec<Answer> {
    let policies: Vec<(&str, Probe)> = identity
        .policies
        .iter()
        .map(|(name, policy)| (*name, Probe::new(policy)))
        .collect();
    let boundary: Vec<(&str, Probe)> = identity
        .boundary
        .iter()
        .map(|policy| ("boundary", Probe::new(policy)))
        .collect();
    Capability::ALL
        .iter()
        .map(|capability| {
            let mut each = capability.actions().iter().map(|(action, on)| {
                samples(*on, identity.partition())
                    .iter()
                    .map(|resource| ask(&policies, &boundary, identity, (*action, resource)))
                    .reduce(ActionGrant::and)
                    .unwrap_or_else(ActionGrant::no)
            });
            let first = each.next().unwrap_or_else(ActionGrant::no);
            let said = if *capability == Capability::Everything {
                each.fold(first, ActionGrant::and)
            } else {
                each.fold(first, ActionGrant::or)
            };
            Answer {
                capability: *capability,
                held: said.held,
                by: said.by,
                conditions: said.conditions.into_iter().collect(),
            }
        })
        .collect()
}

/// The other services of S3's family, by their action prefix (Service Authorization Reference, 2026-09).
const FAMILY: [&str; 4] = ["s3express", "s3tables", "s3vectors", "s3-object-lambda"];

/// Whether an identity has every action of a service of S3's family on everything, those that AWS will
/// add included.
pub fn whole_services(identity: &Identity<'_>) -> Vec<(&'static str, Answer)> {
    let policies: Vec<(&str, Probe)> = identity
        .policies
        .iter()
        .map(|(name, policy)| (*name, Probe::new(policy)))
        .collect();
    let boundary: Vec<(&str, Probe)> = identity
        .boundary
        .iter()
        .map(|policy| ("boundary", Probe::new(policy)))
        .collect();
    let partition = identity.partition();
    FAMILY
        .iter()
        .map(|service| {
            // A Region that no policy names, and a resource that none names.
            let resource = format!(
                "arn:{partition}:{service}:\u{e000}:{}:\u{e000}/\u{e000}",
                identity.account
            );
            let action = format!("{service}:\u{e000}");
            let said = ask(&policies, &boundary, identity, (&action, &resource));
            let answer = Answer {
                capability: Capability::Everything,
                held: said.held,
                by: said.by,
                conditions: said.conditions.into_iter().collect(),
            };
            (*service, answer)
        })
        .collect()
}

/// Resources that no policy names: a bucket name has 3 to 63 characters, a key 1 to 1,024 bytes (S3
/// user guide, "Bucket naming rules", "Naming Amazon S3 objects").
fn samples(on: GrantScope, partition: &str) -> Vec<String> {
    let of = |length: usize| "\u{e000}".repeat(length);
    match on {
        GrantScope::Bucket => vec![
            format!("arn:{partition}:s3:::{}", of(3)),
            format!("arn:{partition}:s3:::{}", of(63)),
        ],
        GrantScope::Object => vec![
            format!("arn:{partition}:s3:::{}/{}", of(3), of(1)),
            format!("arn:{partition}:s3:::{}/{}", of(63), of(341)),
        ],
        GrantScope::Account => vec!["*".to_owned()],
    }
}

/// An ordinary request of the identity, over TLS, to a bucket of its own account.
fn request(
    identity: &Identity<'_>,
    (action, resource): (&str, &str),
    credentials: Credentials,
) -> Request {
    let one = |text: &str| ContextValue::One(text.to_owned());
    let mut context = BTreeMap::from([
        ("aws:SecureTransport".to_owned(), one("true")),
        ("aws:ViaAWSService".to_owned(), one("false")),
    ]);
    if let Some(now) = identity.now {
        context.insert("aws:CurrentTime".to_owned(), one(now));
        if let Ok(seconds) = Case::moment(now) {
            context.insert("aws:EpochTime".to_owned(), one(&format!("{seconds:.0}")));
        }
        if credentials == Credentials::Session {
            context.insert("aws:TokenIssueTime".to_owned(), one(now));
        }
    }
    Request {
        principal: RequestPrincipal::Arn(identity.arn.to_owned()),
        action: action.to_owned(),
        resource: resource.to_owned(),
        resource_account: identity.account.to_owned(),
        context,
    }
}

/// Keys whose values an ordinary request of the identity settles.
const SETTLED: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principaltype",
    "aws:resourceaccount",
    "aws:securetransport",
    "aws:username",
    "aws:viaawsservice",
    "s3:resourceaccount",
];

/// Keys that the moment settles as well, where it is known.
const SETTLED_BY_THE_MOMENT: &[&str] = &["aws:currenttime", "aws:epochtime", "aws:tokenissuetime"];

/// The grant of one action on one resource, with the credentials that do most.
fn ask(
    policies: &[(&str, Probe)],
    boundary: &[(&str, Probe)],
    identity: &Identity<'_>,
    asked: (&str, &str),
) -> ActionGrant {
    let mut settled = SETTLED.to_vec();
    if identity.now.is_some() {
        settled.extend(SETTLED_BY_THE_MOMENT);
    }
    identity
        .credentials()
        .iter()
        .map(|credentials| {
            let request = request(identity, asked, *credentials);
            decide(policies, boundary, &request, &settled)
        })
        .reduce(ActionGrant::or)
        .unwrap_or_else(ActionGrant::no)
}

fn decide(
    policies: &[(&str, Probe)],
    boundary: &[(&str, Probe)],
    request: &Request,
    settled: &[&str],
) -> ActionGrant {
    let allowed = strongest(policies, request, settled, Effect::Allow);
    if allowed.held == Held::No {
        return ActionGrant::no();
    }
    let within = if boundary.is_empty() {
        ActionGrant {
            held: Held::Yes,
            ..ActionGrant::no()
        }
    } else {
        strongest(boundary, request, settled, Effect::Allow)
    };
    let denied = strongest(policies, request, settled, Effect::Deny).or(strongest(
        boundary,
        request,
        settled,
        Effect::Deny,
    ));
    // Not being denied: surely, under conditions, perhaps, never.
    let spared = ActionGrant {
        held: match denied.held {
            Held::No => Held::Yes,
            Held::Conditionally => Held::Conditionally,
            Held::Unknown => Held::Unknown,
            Held::Yes => Held::No,
        },
        by: None,
        conditions: denied.conditions,
    };
    allowed.and(within).and(spared)
}

/// The strongest statement of that effect. Conditional Denies add up: each may bite on its own.
fn strongest(
    policies: &[(&str, Probe)],
    request: &Request,
    settled: &[&str],
    effect: Effect,
) -> ActionGrant {
    let mut best = ActionGrant::no();
    for (name, probe) in policies {
        for sight in probe.look(request, effect, settled) {
            let (held, index, conditions) = match sight {
                Sight::Surely { statement } => (Held::Yes, statement, BTreeSet::new()),
                Sight::Under { statement, keys } => (Held::Conditionally, statement, keys),
                Sight::Perhaps { statement } => (Held::Unknown, statement, BTreeSet::new()),
            };
            let said = ActionGrant {
                held,
                by: Some(((*name).to_owned(), index)),
                conditions,
            };
            if effect == Effect::Deny && held == best.held && held == Held::Conditionally {
                best.conditions.extend(said.conditions);
            } else {
                best = best.or(said);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicyKind;

    fn answers(statements: &str, boundary: Option<&str>) -> Vec<Answer> {
        let document =
            |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let policy = Policy::parse(&document(statements), PolicyKind::Identity);
        let boundary = boundary.map(|text| Policy::parse(&document(text), PolicyKind::Identity));
        capabilities(&Identity {
            arn: "arn:aws:iam::111111111111:user/ann",
            account: "111111111111",
            policies: vec![("inline", &policy)],
            boundary: boundary.as_ref(),
            now: None,
        })
    }

    fn held(statements: &str, capability: Capability) -> Held {
        find(&answers(statements, None), capability).held
    }

    fn find(answers: &[Answer], capability: Capability) -> &Answer {
        answers
            .iter()
            .find(|answer| answer.capability == capability)
            .unwrap()
    }

    #[test]
    fn a_star_on_a_star_is_everything() {
        for resource in ["*", "arn:aws:s3:::*"] {
            let text = format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"{resource}"}}"#);
            let answers = answers(&text, None);
            let everything = find(&answers, Capability::Everything);
            assert_eq!(everything.held, Held::Yes, "{resource}");
            assert_eq!(everything.by, Some(("inline".to_owned(), 0)));
            assert_eq!(find(&answers, Capability::ChangePolicy).held, Held::Yes);
        }
    }

    #[test]
    fn one_bucket_is_not_everywhere() {
        let text = r#"{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}"#;
        assert!(
            answers(text, None)
                .iter()
                .all(|answer| answer.held == Held::No)
        );
        let prefix = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::logs-*"}"#;
        assert_eq!(held(prefix, Capability::ReadEverywhere), Held::No);
    }

    #[test]
    fn reading_is_not_writing() {
        let text = r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}"#;
        assert_eq!(held(text, Capability::ReadEverywhere), Held::Yes);
        assert_eq!(held(text, Capability::WriteEverywhere), Held::No);
        assert_eq!(held(text, Capability::Everything), Held::No);
    }

    #[test]
    fn object_actions_need_object_resources() {
        let text = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*/*"}"#;
        assert_eq!(held(text, Capability::ReadEverywhere), Held::Yes);
        assert_eq!(held(text, Capability::ChangePolicy), Held::No);
    }

    #[test]
    fn not_action_and_not_resource_leave_the_rest() {
        let not_action = r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#;
        assert_eq!(held(not_action, Capability::Everything), Held::Yes);
        let not_resource =
            r#"{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::secret*"}"#;
        assert_eq!(held(not_resource, Capability::WriteEverywhere), Held::Yes);
        let but_policies = r#"{"Effect":"Allow","NotAction":["s3:PutBucketPolicy","s3:DeleteBucketPolicy"],"Resource":"*"}"#;
        assert_eq!(held(but_policies, Capability::ChangePolicy), Held::No);
        assert_eq!(held(but_policies, Capability::Everything), Held::No);
        assert_eq!(held(but_policies, Capability::DeleteEverywhere), Held::Yes);
    }

    #[test]
    fn a_deny_takes_away_and_a_deny_on_one_bucket_does_not() {
        let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let no_policies =
            format!(r#"{all},{{"Effect":"Deny","Action":"s3:*BucketPolicy","Resource":"*"}}"#);
        assert_eq!(held(&no_policies, Capability::ChangePolicy), Held::No);
        assert_eq!(held(&no_policies, Capability::Everything), Held::No);
        assert_eq!(held(&no_policies, Capability::WriteEverywhere), Held::Yes);
        let one = format!(
            r#"{all},{{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::audit*"}}"#
        );
        assert_eq!(held(&one, Capability::Everything), Held::Yes);
    }

    #[test]
    fn a_policy_variable_is_a_restriction() {
        let text =
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}*"}"#;
        assert_eq!(held(text, Capability::ReadEverywhere), Held::No);
        let tag = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*/${aws:PrincipalTag/team}/*"}"#;
        assert_eq!(held(tag, Capability::ReadEverywhere), Held::No);
    }

    #[test]
    fn a_condition_is_named_unless_the_identity_settles_it() {
        let under = |condition: &str| {
            format!(
                r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{condition}}}"#
            )
        };
        let mfa = answers(
            &under(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#),
            None,
        );
        let everything = find(&mfa, Capability::Everything);
        assert_eq!(everything.held, Held::Conditionally);
        assert_eq!(everything.conditions, ["aws:multifactorauthpresent"]);
        // The account's own buckets are what "everywhere" means.
        assert_eq!(
            held(
                &under(r#"{"StringEquals":{"aws:ResourceAccount":"111111111111"}}"#),
                Capability::Everything
            ),
            Held::Yes
        );
        assert_eq!(
            held(
                &under(r#"{"StringEquals":{"aws:ResourceAccount":"222222222222"}}"#),
                Capability::Everything
            ),
            Held::No
        );
        assert_eq!(
            held(
                &under(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
                Capability::Everything
            ),
            Held::Yes
        );
    }

    #[test]
    fn a_conditional_deny_makes_it_conditional() {
        let text = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},
            {"Effect":"Deny","Action":"s3:PutBucketPolicy","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}},
            {"Effect":"Deny","Action":"s3:DeleteBucketPolicy","Resource":"*"}"#;
        let answers = answers(text, None);
        let change = find(&answers, Capability::ChangePolicy);
        assert_eq!(change.held, Held::Conditionally);
        assert_eq!(change.conditions, ["aws:multifactorauthpresent"]);
        assert_eq!(
            find(&answers, Capability::Everything).held,
            Held::Conditionally
        );
        assert_eq!(find(&answers, Capability::ReadEverywhere).held, Held::Yes);
    }

    #[test]
    fn a_boundary_limits() {
        let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let read = r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#;
        let answers = answers(all, Some(read));
        assert_eq!(find(&answers, Capability::ReadEverywhere).held, Held::Yes);
        assert_eq!(find(&answers, Capability::WriteEverywhere).held, Held::No);
        assert_eq!(find(&answers, Capability::Everything).held, Held::No);
    }

    #[test]
    fn the_rest_of_the_family_is_asked_about_by_service() {
        let whole = |statement: &str| -> Vec<&'static str> {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            let policy = Policy::parse(&text, PolicyKind::Identity);
            whole_services(&Identity {
                arn: "arn:aws:iam::111111111111:role/r",
                account: "111111111111",
                policies: vec![("inline", &policy)],
                boundary: None,
                now: None,
            })
            .into_iter()
            .filter(|(_, answer)| answer.held == Held::Yes)
            .map(|(service, _)| service)
            .collect()
        };
        // AmazonS3FullAccess, as AWS publishes it.
        assert_eq!(
            whole(r#"{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}"#),
            ["s3-object-lambda"]
        );
        assert_eq!(
            whole(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#),
            FAMILY
        );
        assert_eq!(
            whole(
                r#"{"Effect":"Allow","Action":"s3express:*","Resource":"arn:aws:s3express:us-east-1:111111111111:bucket/b"}"#
            ),
            [] as [&str; 0]
        );
        assert_eq!(
            whole(r#"{"Effect":"Allow","Action":"s3tables:Get*","Resource":"*"}"#),
            [] as [&str; 0]
        );
    }

    #[test]
    fn what_cannot_be_read_is_unknown_where_it_matters() {
        let text = r#"{"Effect":"Allow","Action":"s3:Put*","Resource":"*","Condition":{"StringSounds":{"k":"v"}}},
            {"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
        assert_eq!(held(text, Capability::WriteEverywhere), Held::Unknown);
        assert_eq!(held(text, Capability::ReadEverywhere), Held::Yes);
        assert_eq!(held(text, Capability::DeleteEverywhere), Held::No);
    }

    const ALL: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;

    fn everything(arn: &str, statements: &str, now: Option<&str>) -> Held {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let policy = Policy::parse(&text, PolicyKind::Identity);
        let answers = capabilities(&Identity {
            arn,
            account: "111111111111",
            policies: vec![("inline", &policy)],
            boundary: None,
            now,
        });
        find(&answers, Capability::Everything).held
    }

    const ROLE: &str = "arn:aws:iam::111111111111:role/r";
    const USER: &str = "arn:aws:iam::111111111111:user/u";
    const NOW: Option<&str> = Some("2026-11-29T12:00:00Z");

    /// Each operator on a date before and after the moment, on an Allow.
    #[test]
    fn the_moment_settles_dates() {
        let before = ["2025-01-01T00:00:00Z", "2025-01-01", "1735689600"];
        let after = ["2027-01-01T00:00:00Z", "2027-01-01", "1798761600"];
        for (operator, past, future) in [
            ("DateGreaterThan", Held::Yes, Held::No),
            ("DateGreaterThanEquals", Held::Yes, Held::No),
            ("DateLessThan", Held::No, Held::Yes),
            ("DateLessThanEquals", Held::No, Held::Yes),
            ("DateNotEquals", Held::Yes, Held::Yes),
            ("DateEquals", Held::No, Held::No),
        ] {
            for (dates, expected) in [(before, past), (after, future)] {
                for (key, date) in ["aws:CurrentTime", "aws:EpochTime"]
                    .into_iter()
                    .flat_map(|key| dates.map(|date| (key, date)))
                {
                    let text = format!(
                        r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{"{operator}":{{"{key}":"{date}"}}}}}}"#
                    );
                    for arn in [ROLE, USER] {
                        assert_eq!(everything(arn, &text, NOW), expected, "{text}");
                        assert_eq!(everything(arn, &text, None), Held::Conditionally, "{text}");
                    }
                }
            }
        }
    }

    /// What IAM's "Revoke active sessions" writes, and its relatives.
    #[test]
    fn revoked_sessions_leave_new_ones() {
        let deny = |condition: &str| {
            format!(
                r#"{ALL},{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{condition}}}"#
            )
        };
        for (condition, role, user) in [
            // Older sessions are refused: newer ones and access keys are not.
            (
                r#"{"DateLessThan":{"aws:TokenIssueTime":"2025-06-01T00:00:00Z"}}"#,
                Held::Yes,
                Held::Yes,
            ),
            // An access key has no such key, and a session of the user has.
            (
                r#"{"DateLessThanIfExists":{"aws:TokenIssueTime":"2025-06-01T00:00:00Z"}}"#,
                Held::Yes,
                Held::Yes,
            ),
            // Sessions until next year: all there are, but an access key is none.
            (
                r#"{"DateLessThan":{"aws:TokenIssueTime":"2027-06-01T00:00:00Z"}}"#,
                Held::No,
                Held::Yes,
            ),
            (
                r#"{"DateLessThanIfExists":{"aws:TokenIssueTime":"2027-06-01T00:00:00Z"}}"#,
                Held::No,
                Held::No,
            ),
            (
                r#"{"Null":{"aws:TokenIssueTime":"false"}}"#,
                Held::No,
                Held::Yes,
            ),
        ] {
            let text = deny(condition);
            assert_eq!(everything(ROLE, &text, NOW), role, "role {condition}");
            assert_eq!(everything(USER, &text, NOW), user, "user {condition}");
        }
    }

    #[test]
    fn arns_name_buckets_of_the_partition_of_the_identity() {
        let partitions = ["aws", "aws-us-gov", "aws-cn"];
        for own in partitions {
            for named in partitions {
                for (capability, resource) in [
                    (Capability::Everything, "*"),
                    (Capability::WriteEverywhere, "*/*"),
                    (Capability::ChangePolicy, "*"),
                ] {
                    let text = format!(
                        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"arn:{named}:s3:::{resource}"}}}}"#
                    );
                    let policy = Policy::parse(&text, PolicyKind::Identity);
                    let arn = format!("arn:{own}:iam::111111111111:role/r");
                    let answers = capabilities(&Identity {
                        arn: &arn,
                        account: "111111111111",
                        policies: vec![("inline", &policy)],
                        boundary: None,
                        now: None,
                    });
                    let expected = if own == named { Held::Yes } else { Held::No };
                    assert_eq!(find(&answers, capability).held, expected, "{own} {named}");
                }
            }
        }
    }
}
