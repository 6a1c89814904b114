//! Who can reach a bucket: policy, ACL, ownership and Block Public Access together.
//!
//! The prover decides it where everything was read; where something was not,
//! [`crate::facts::bucket::compose`] says what is known all the same. A fact here is one question of
//! the prover and one class of actions, so a refused call unsettles exactly the classes that it could
//! change.

use std::net::IpAddr;

use coldbucket_policy::bucket_kind::{KindCase, KindProver};
use coldbucket_policy::catalogue::ActionClass;
use coldbucket_policy::contract::Classes;
use schemars::JsonSchema;
use serde_json::Value;

use super::context::{BucketContext, RegionalBucket};
use super::log_accounts::is_log_delivery;
use super::ownership::{effective_grants, owner_enforced};
pub use super::policy::PolicyFacts;
use super::policy::PolicyReading;
use super::public_access_block::PublicAccessBlockFacts;
use crate::facts::bucket::compose::{Composed, Grants, Sources};
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::{FactValue, Paths, Writer};
use crate::facts::trust::Trust;
use crate::inventory::Reading;
use crate::inventory::bucket::{BucketInventory, Grant};
use crate::inventory::need::{Need, ReadingKind};
use crate::report::Reach;
use crate::report::policy::Request;
use coldbucket_policy::prove::{LONGEST_SIGNATURE_MS, Question};
use coldbucket_policy::{Policy, PolicyKind};

/// Who can reach the bucket.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketPolicy))]
pub struct ExposureFacts {
    /// Whether anyone can who holds nothing that the policy names: without a signature, or with the
    /// credentials of any AWS account. With RestrictPublicBuckets in effect this is known to be
    /// false even where the policy was refused: a public policy is cut off, and any other only
    /// allows fixed values.
    pub public: Classes<Fact<bool>>,
    /// Requests without a signature: `reachable`, `constrained` or `unreachable`.
    pub anonymous: Classes<Fact<Reach>>,
    /// Requests signed by an account that is not named: `reachable`, `constrained` or `unreachable`.
    #[needs(
        own(DirectoryBucketPolicy),
        own(TableBucketPolicy),
        own(VectorBucketPolicy),
        own(FileSystemPolicy)
    )]
    pub any_aws_account: Classes<Fact<Reach>>,
    /// Another account can take the bucket over through access points of the owner's account alone, as
    /// the policy leaves access to them. Then their policies say who gets in: `access_point`.
    #[needs(
        own(BucketPolicyStatus),
        own(BucketPublicAccessBlock),
        own(AccountPublicAccessBlock)
    )]
    pub takeover_only_by_access_points: Fact<bool>,
    /// Accounts (and other outside principals) that the policy or the ACL names.
    #[needs(
        own(BucketPolicyStatus),
        own(BucketPublicAccessBlock),
        own(AccountPublicAccessBlock),
        own(BucketOwnership),
        own(BucketAcl),
        own(DirectoryBucketPolicy),
        own(TableBucketPolicy),
        own(VectorBucketPolicy),
        own(FileSystemPolicy)
    )]
    pub other_accounts: Fact<Vec<NamedParty>>,
    /// Networks from which anyone gets in and which are too wide to be an office.
    pub wide_networks: WideNetworkFacts,
    /// Permissions that the policy grants outside the owner's account and that S3 refuses there
    /// whatever a policy says, of the five that Security Hub's S3.6 looks for, with commas between
    /// them; empty where there are none.
    pub ineffective_grants: Fact<String>,
    /// Presigned requests.
    pub presigned: PresignedFacts,
    /// The ids of the organization's resource control policies that keep out anonymous callers or other
    /// AWS accounts which the bucket policy lets in; empty where none makes a difference.
    pub closed_by: Vec<String>,
}

/// What Security Hub's S3.6 asks about (Security Hub user guide, "S3 controls", read 2026-11).
const CONTROLLED_GRANTS: [&str; 5] = [
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutObjectAcl",
];

/// Networks of more than 2^16 public addresses (IPv6: broader than /48) from which the policy lets
/// anyone in, in CIDR notation. AWS calls a policy public from networks broader than /8 on (S3 user
/// guide, "The meaning of public"); these are below that, and still those of a carrier or a cloud.
/// Empty where there are none.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(
    own(BucketPolicyStatus),
    own(BucketPublicAccessBlock),
    own(AccountPublicAccessBlock),
    own(BucketOwnership),
    own(BucketAcl)
)]
pub struct WideNetworkFacts {
    /// They can download objects.
    pub read: Fact<String>,
    /// They can list the bucket.
    pub list: Fact<String>,
    /// They can write or delete objects.
    pub write: Fact<String>,
}

/// Presigned requests: the signature is in the URL or in a form, and anyone who has it can use it. By
/// anybody, the owner's identities included.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct PresignedFacts {
    /// Whether some presigned request is not denied.
    pub reach: Fact<Reach>,
    /// The longest age of a signature that the policy lets through, ms; AWS's own bound of seven days
    /// (604,800,000) where the policy sets none, and 0 where no presigned request gets in. For
    /// Signature Version 4: version 2 reports an age of 0 whatever the URL's expiry is (S3 API
    /// reference, "Amazon S3 Signature Version 4 Authentication Specific Policy Keys").
    pub max_age_ms: Fact<u64>,
}

/// A principal outside the owner's account that the policy or the ACL names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, FactValue)]
pub struct NamedParty {
    /// A 12-digit account id, an organization id, a canonical user id or a federated provider.
    pub account: String,
    /// `policy` or `acl`.
    pub via: String,
    /// Listed under `trusted_accounts` or `trusted_organizations` in the configuration.
    pub trusted: bool,
}

impl NamedParty {
    pub(in crate::facts) fn new(account: String, via: &str, trust: &Trust) -> Self {
        Self {
            trusted: trust.covers(&account),
            account,
            via: via.to_owned(),
        }
    }
}

/// The classes of actions. A bucket ACL never grants object data or the policy (S3 user guide, "ACL
/// permissions"), so those two classes do not open it.
impl<T: FactValue> FactValue for Classes<T> {
    fn declare(paths: &mut Paths) {
        const POLICY: &[Need] = &[
            Need::own(ReadingKind::BucketPolicyStatus),
            Need::own(ReadingKind::BucketPublicAccessBlock),
            Need::own(ReadingKind::AccountPublicAccessBlock),
        ];
        const ACL: &[Need] = &[
            Need::own(ReadingKind::BucketOwnership),
            Need::own(ReadingKind::BucketAcl),
        ];
        paths.needs(&[POLICY]);
        paths.member::<T>("read", &[]);
        paths.member::<T>("list", &[ACL]);
        paths.member::<T>("write", &[ACL]);
        paths.member::<T>("acl", &[ACL]);
        paths.member::<T>("takeover", &[]);
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<Value> {
        let mut group = writer.group();
        group.member("read", &self.read);
        group.member("list", &self.list);
        group.member("write", &self.write);
        group.member("acl", &self.acl);
        group.member("takeover", &self.takeover);
        group.close()
    }
}

impl ExposureFacts {
    /// Asks the prover, class by class, with whatever was read.
    pub(super) fn derive(
        context: &BucketContext<'_>,
        policy: &PolicyReading<'_>,
        block: &PublicAccessBlockFacts,
    ) -> Self {
        let sources = sources(context, policy, block);
        let anonymous = sources.reach(&Question::Anonymous);
        let signed = sources.reach(&Question::AnyAwsAccount);
        let presigned = policy.presigned();
        let public = Classes::from_fn(|class| {
            let open = |composed: &Composed| composed.open.get(class).clone();
            open(&anonymous).or(open(&signed))
        });
        let is_later = matches!(context.bucket.policy, Reading::Undetermined(_));
        let wide = |class: ActionClass, actions: &[&str]| {
            let from = |composed: &Composed, question: Question| {
                composed.reach.get(class).as_ref().map(|reach| match reach {
                    Reach::Constrained => wide_networks(&policy.networks(&question, actions)),
                    _ => String::new(),
                })
            };
            match (
                from(&anonymous, Question::Anonymous),
                from(&signed, Question::AnyAwsAccount),
            ) {
                (Fact::Known(networks), _) | (_, Fact::Known(networks)) if !networks.is_empty() => {
                    Fact::Known(networks)
                }
                (anonymous, signed) => match anonymous.zip(signed) {
                    // A policy of a template whose text is known only after deployment: what Block Public
                    // Access leaves open decides. That such a policy names a network which AWS does not
                    // call public and which counts here is left out (docs/before-deployment.md).
                    Fact::Unknown { .. }
                        if is_later && public.get(class) == &Fact::Known(false) =>
                    {
                        Fact::Known(String::new())
                    }
                    networks => networks.map(|_| String::new()),
                },
            }
        };
        let wide_networks = WideNetworkFacts {
            read: wide(ActionClass::Read, &["s3:GetObject"]),
            list: wide(ActionClass::List, &["s3:ListBucket"]),
            write: wide(ActionClass::Write, &["s3:PutObject", "s3:DeleteObject"]),
        };
        let cut = sources.cut();
        let takeover_only_by_access_points = match signed.reach.takeover {
            Fact::Known(Reach::Constrained) => {
                policy.only_by_own_access_points(ActionClass::Takeover)
            }
            ref reach => reach.as_ref().map(|_| false),
        };
        Self {
            public,
            takeover_only_by_access_points,
            anonymous: anonymous.reach,
            any_aws_account: signed.reach,
            other_accounts: other_accounts(context, policy, &cut),
            closed_by: closed_by(policy),
            wide_networks,
            ineffective_grants: policy.ineffective_grants().map(|granted| {
                let granted: Vec<&str> = CONTROLLED_GRANTS
                    .into_iter()
                    .filter(|action| granted.iter().any(|name| name == action))
                    .collect();
                granted.join(", ")
            }),
            presigned: PresignedFacts {
                reach: presigned.as_ref().map(|(reach, _)| *reach),
                max_age_ms: presigned.map(|(reach, age)| match reach {
                    Reach::Unreachable => 0,
                    _ => age.unwrap_or(LONGEST_SIGNATURE_MS),
                }),
            },
        }
    }

    /// The same for a bucket that is not general purpose: it has no ACL, and what Block Public Access
    /// always refuses there is not asked about.
    pub(super) fn of_kind(context: &BucketContext<'_>, bucket: &RegionalBucket<'_>) -> Self {
        let arn = context.arn();
        let (reading_kind, reading) = bucket.policy();
        let policy = from_reading(
            reading_kind,
            reading,
            || None,
            |text| Some(Policy::parse(text, PolicyKind::Resource)),
        );
        let case = |policy| KindCase {
            kind: bucket.row.kind,
            arn: &arn,
            owner: context.account_id,
            policy,
        };
        let prover = policy
            .as_ref()
            .map(|policy| policy.as_ref().map(|policy| KindProver::new(case(policy))));
        let reach = |class: ActionClass| {
            prover.as_ref().and_then(|prover| match prover {
                None => Fact::Known(Reach::Unreachable),
                Some(prover) => match prover.other_accounts(class) {
                    Reach::Unknown => Fact::undecidable(UNDECIDED),
                    reach => Fact::Known(reach),
                },
            })
        };
        Self {
            public: Classes::from_fn(|_| unasked()),
            anonymous: Classes::from_fn(|_| unasked()),
            // Policies of these kinds are not delegated to access points.
            takeover_only_by_access_points: Fact::Known(false),
            any_aws_account: Classes::from_fn(reach),
            other_accounts: prover.as_ref().and_then(|prover| match prover {
                None => Fact::Known(Vec::new()),
                Some(prover) => match prover.parties() {
                    None => Fact::undecidable(UNDECIDED),
                    Some(parties) => Fact::Known(
                        parties
                            .into_iter()
                            .map(|account| NamedParty::new(account, "policy", context.trust))
                            .collect(),
                    ),
                },
            }),
            wide_networks: WideNetworkFacts {
                read: unasked(),
                list: unasked(),
                write: unasked(),
            },
            ineffective_grants: unasked(),
            presigned: PresignedFacts {
                reach: unasked(),
                max_age_ms: unasked(),
            },
            closed_by: Vec::new(),
        }
    }

    /// A request that gets in, for the fact at that path below `bucket.exposure`.
    pub(super) fn witness(
        context: &BucketContext<'_>,
        policy: &PolicyReading<'_>,
        block: &PublicAccessBlockFacts,
        path: &str,
    ) -> Option<Request> {
        let (audience, class) = path.split_once('.')?;
        let questions: &[Question] = match audience {
            "public" => &[Question::Anonymous, Question::AnyAwsAccount],
            "anonymous" => &[Question::Anonymous],
            "any_aws_account" => &[Question::AnyAwsAccount],
            _ => return None,
        };
        let class = ActionClass::from_name(class)?;
        let sources = sources(context, policy, block);
        questions
            .iter()
            .find_map(|question| sources.witness(question, class))
    }
}

const UNDECIDED: &str = "the policy has a part that this program cannot decide";

/// What is not concluded of buckets that are not general purpose.
fn unasked<T>() -> Fact<T> {
    Fact::undecidable("it is not concluded for this kind of bucket")
}

fn closed_by(policy: &PolicyReading<'_>) -> Vec<String> {
    let mut ids = policy.closed_by(&Question::Anonymous);
    for id in policy.closed_by(&Question::AnyAwsAccount) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// The networks with more than 2^16 public addresses, with commas between them.
fn wide_networks(networks: &[String]) -> String {
    let wide: Vec<&str> = networks
        .iter()
        .map(String::as_str)
        .filter(|network| is_wide(network))
        .collect();
    wide.join(", ")
}

fn is_wide(network: &str) -> bool {
    let Some((address, length)) = network.split_once('/') else {
        return false;
    };
    let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u8>()) else {
        return false;
    };
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            // Private use, shared (RFC 6598) and loopback addresses are never the source of a request
            // from the internet.
            let internal = (first == 10 && length >= 8)
                || (first == 172 && (16..32).contains(&second) && length >= 12)
                || (first == 192 && second == 168)
                || (first == 100 && (64..128).contains(&second) && length >= 10)
                || (first == 127 && length >= 8);
            length < 16 && !internal
        }
        IpAddr::V6(address) => {
            let [first, ..] = address.octets();
            length < 48 && first & 0xfe != 0xfc
        }
    }
}

/// Whether RestrictPublicBuckets cuts off everyone outside, because AWS deems the policy public.
pub(super) fn cut(
    context: &BucketContext<'_>,
    policy: &PolicyReading<'_>,
    block: &PublicAccessBlockFacts,
) -> Fact<bool> {
    sources(context, policy, block).cut()
}

fn sources<'a>(
    context: &BucketContext<'a>,
    policy: &'a PolicyReading<'a>,
    block: &PublicAccessBlockFacts,
) -> Sources<'a> {
    policy.sources(
        context
            .bucket
            .acl
            .known()
            .and_then(|acl| acl.owner.as_deref()),
        aws_says_public(context.bucket),
        grants(context.bucket),
        block.ignore_public_acls.clone(),
        block.restrict_public_buckets.clone(),
        [
            owner_enforced(context.bucket),
            block.block_public_acls.clone(),
        ],
    )
}

/// The ACL's grants as far as they have an effect, between what is sure and what may be.
fn grants(bucket: &BucketInventory) -> Grants<'_> {
    match effective_grants(bucket, |_| true) {
        Fact::Known(grants) => Grants {
            least: grants.clone(),
            most: Some(grants),
            because: Vec::new(),
        },
        unknown => Grants {
            least: Vec::new(),
            // The ACL was read and ownership was not: no more than is in it.
            most: bucket.acl.known().map(|acl| acl.grants.iter().collect()),
            because: unknown.because().to_vec(),
        },
    }
}

/// AWS's judgement; false where there is no policy to judge.
pub(super) fn aws_says_public(bucket: &BucketInventory) -> Fact<bool> {
    let policy = from_reading(
        ReadingKind::BucketPolicy,
        &bucket.policy,
        || false,
        |_| true,
    );
    let status = from_reading(
        ReadingKind::BucketPolicyStatus,
        &bucket.policy_status,
        || false,
        |status| status.is_public,
    );
    match (policy, status) {
        (Fact::Known(false), _) => Fact::Known(false),
        // Had the policy been read there might be nothing to ask for.
        (Fact::Unknown { because }, Fact::Unknown { because: more }) => {
            Fact::unknown_from(because.iter().chain(&more))
        }
        (_, status) => status,
    }
}

/// A grant to a named grantee who is not the owner.
fn is_outsider(bucket: &BucketInventory, grant: &Grant) -> bool {
    let owner = bucket.acl.known().and_then(|acl| acl.owner.as_deref());
    !matches!(
        grant.grantee.as_str(),
        "AllUsers" | "AuthenticatedUsers" | "LogDelivery"
    ) && owner != Some(grant.grantee.as_str())
}

/// A canonical user id: 64 hexadecimal digits. No other name of a party has this form.
fn is_canonical(party: &str) -> bool {
    party.len() >= 32 && party.chars().all(|letter| letter.is_ascii_hexdigit())
}

/// The parties that the policy names, without the owner under its canonical user id. Whose such an id
/// is shows only by comparison with the owner's, which the ACL has.
fn without_owner(bucket: &BucketInventory, named: Fact<Vec<String>>) -> Fact<Vec<String>> {
    named.and_then(|mut named| {
        let owner = from_reading(
            ReadingKind::BucketAcl,
            &bucket.acl,
            || None,
            |acl| acl.owner.clone(),
        );
        if let Fact::Known(Some(owner)) = &owner {
            named.retain(|party| party != owner);
            return Fact::Known(named);
        }
        if !named.iter().any(|party| is_canonical(party)) {
            return Fact::Known(named);
        }
        owner.and_then(|_| {
            Fact::undecidable(
                "the policy names a canonical user id, and the ACL does not say the owner's",
            )
        })
    })
}

/// Every party outside the account that the policy or the ACL names, but for AWS services that deliver
/// logs.
fn other_accounts(
    context: &BucketContext<'_>,
    policy: &PolicyReading<'_>,
    cut: &Fact<bool>,
) -> Fact<Vec<NamedParty>> {
    let named = |account, via| NamedParty::new(account, via, context.trust);
    let by_policy = unless_cut(without_owner(context.bucket, policy.named_parties()), cut);
    let by_acl = effective_grants(context.bucket, |grant| is_outsider(context.bucket, grant))
        .map(|grants| grants.iter().map(|grant| grant.grantee.clone()).collect());
    let by_acl = unless_cut(by_acl, cut);
    by_policy
        .zip(by_acl)
        .map(|(policy, acl): (Vec<String>, Vec<String>)| {
            let (policy, acl) = (customers(policy), customers(acl));
            let mut all: Vec<NamedParty> = policy
                .into_iter()
                .map(|account| named(account, "policy"))
                .chain(acl.into_iter().map(|account| named(account, "acl")))
                .collect();
            all.sort();
            all.dedup();
            all
        })
}

/// The parties that are no AWS services.
pub(in crate::facts) fn customers(mut parties: Vec<String>) -> Vec<String> {
    parties.retain(|party| !is_log_delivery(party));
    parties
}

/// None, where the policy's publicity cuts every outside caller off.
pub(in crate::facts) fn unless_cut(
    named: Fact<Vec<String>>,
    cut: &Fact<bool>,
) -> Fact<Vec<String>> {
    match (named, cut) {
        (Fact::Known(named), _) if named.is_empty() => Fact::Known(named),
        (_, Fact::Known(true)) => Fact::Known(Vec::new()),
        (named, cut) => named.zip(cut.clone()).map(|(named, _)| named),
    }
}

#[cfg(test)]
mod tests {
    use super::is_wide;

    #[test]
    fn a_network_is_wide_by_its_public_addresses() {
        for (network, wide) in [
            ("203.0.0.0/12", true),
            ("8.0.0.0/9", true),
            ("52.0.0.0/15", true),
            ("52.0.0.0/16", false),
            ("203.0.113.0/24", false),
            ("203.0.113.7/32", false),
            ("10.0.0.0/8", false),
            ("172.16.0.0/12", false),
            ("172.0.0.0/12", true),
            ("192.168.0.0/16", false),
            ("100.64.0.0/10", false),
            ("2001:db8::/32", true),
            ("2600:1f00::/24", true),
            ("2600:1f00:1::/48", false),
            ("fc00::/7", false),
            ("203.0.113.7", false),
            ("", false),
        ] {
            assert_eq!(is_wide(network), wide, "{network}");
        }
    }
}
