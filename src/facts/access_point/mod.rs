//! Access points: doors of their own to a bucket, each with a policy and Block Public Access flags.
//!
//! Two policies decide about a request through an access point, its own and the bucket's, and both
//! must let it in (S3 user guide, "Configuring IAM policies for using access points", copy of 2026).
//! Block Public Access holds when the access point, the bucket or the account sets it, and the access
//! point's own flags cannot be changed after it was made. One that only a VPC can use is never public.
//!
//! The prover knows buckets. A policy of an access point is [named to it](bound) as that of a bucket
//! whose name is the access point's; and in both policies the condition keys that say which access
//! point a request came through are no longer open. That is why `s3:DataAccessPointArn` limits
//! nothing in an access point's own policy, and does in a bucket's.

mod bound;

use coldbucket_policy::parse::is_account_id;
use schemars::JsonSchema;

use super::bucket::exposure::{NamedParty, customers, unless_cut};
use super::bucket::public_access_block::{Flags, missing};
use crate::facts::controls::BindingPolicies;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::facts::subject::{Facts, GLOBAL, Subject, SubjectView, UNLISTED, unlisted};
use crate::facts::trust::Trust;
use crate::inventory::Reading;
use crate::inventory::access_point::{AccessPointInventory, MultiRegionAccessPointInventory};
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::{PolicyStatus, PublicAccessBlock};
use crate::inventory::ids::partition;
use crate::inventory::ids::{SubjectKind, access_point_arn, multi_region_access_point_arn};
use crate::inventory::need::ReadingKind;
use crate::report::{ClassReach, Reach};
use coldbucket_policy::documented_public::documented_public;
use coldbucket_policy::prove::{Case, Prover, Question};
use coldbucket_policy::{Policy, PolicyKind};
use std::collections::BTreeSet;

use bound::Door;

/// The facts of one access point; conditions see them as `access_point`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(AccessPointListing), own(MultiRegionAccessPointListing))]
pub struct AccessPointFacts {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// 12-digit id of the account.
    pub account: String,
    /// Its Region; `global` for a Multi-Region access point.
    pub region: String,
    /// `access-point` or `multi-region`.
    pub kind: String,
    /// The bucket it leads to; of a Multi-Region access point all of them, with commas between.
    pub bucket: String,
    /// `internet` or `vpc`.
    pub origin: String,
    /// Block Public Access, its own and the account's.
    pub public_access_block: AccessPointBlockFacts,
    /// What anyone can do through it who holds nothing that a policy names: read, list, write, acl;
    /// empty when nothing.
    #[needs(
        own(AccessPointConfiguration),
        own(AccountPublicAccessBlock),
        own(AccessPointPolicy),
        own(AccessPointPolicyStatus),
        own(MultiRegionAccessPointPolicy),
        own(MultiRegionAccessPointPolicyStatus),
        behind(BucketPolicy),
        behind(BucketPublicAccessBlock)
    )]
    pub open: Fact<Vec<String>>,
    /// Accounts (and other outside principals) that its policy names, and that the policy of a bucket
    /// behind it lets in as well: one that names them or leaves access to the account's access points.
    #[needs(
        own(AccessPointConfiguration),
        own(AccountPublicAccessBlock),
        own(AccessPointPolicy, Always),
        own(MultiRegionAccessPointPolicy),
        behind(BucketPolicy),
        behind(BucketPublicAccessBlock)
    )]
    pub other_accounts: Fact<Vec<NamedParty>>,
}

/// Block Public Access of an access point joined with the account's.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(AccessPointConfiguration), own(AccountPublicAccessBlock))]
pub struct AccessPointBlockFacts {
    /// All four flags are effective.
    pub all: Fact<bool>,
    /// Names of the flags that neither level sets.
    pub missing: Fact<Vec<String>>,
}

/// One access point in its surroundings.
pub(in crate::facts) struct AccessPointContext<'a> {
    pub(in crate::facts) account_id: &'a str,
    pub(in crate::facts) account: &'a AccountInventory,
    pub(in crate::facts) region: &'a str,
    pub(in crate::facts) name: &'a str,
    pub(in crate::facts) arn: &'a str,
    /// The control policies that bind the account's resources.
    pub(in crate::facts) binding: &'a BindingPolicies,
    /// Accounts and organizations that sharing with is no finding.
    pub(in crate::facts) trust: &'a Trust,
    /// The snapshot's time, RFC 3339.
    pub(in crate::facts) taken_at: &'a str,
}

/// What the two kinds have in common.
struct Point<'a> {
    kind: &'static str,
    /// The name in the ARN: the alias of a Multi-Region access point.
    name: &'a str,
    region: &'a str,
    by_vpc: bool,
    block: Flags,
    policy: (ReadingKind, &'a Reading<String>),
    status: (ReadingKind, &'a Reading<PolicyStatus>),
    /// The buckets behind it, and whether each is one of the account.
    buckets: Vec<(&'a str, bool)>,
}

impl<'a> Point<'a> {
    /// The access point as requests through it know it.
    fn door(&self, context: &AccessPointContext<'a>) -> Door<'a> {
        Door {
            arn: context.arn,
            account: context.account_id,
            region: self.region,
            name: self.name,
            origin: if self.by_vpc { "VPC" } else { "Internet" },
            partition: partition(context.region),
        }
    }

    fn of_region(context: &AccessPointContext<'a>, point: &'a AccessPointInventory) -> Self {
        let own = Flags::read(
            ReadingKind::AccessPointConfiguration,
            &point
                .configuration
                .as_ref()
                .map(|configuration| configuration.public_access_block),
        );
        Self {
            kind: "access-point",
            name: context.name,
            region: context.region,
            by_vpc: !point.is_public_network(),
            block: own.or(Flags::of_account(context.account)),
            policy: (ReadingKind::AccessPointPolicy, &point.policy),
            status: (ReadingKind::AccessPointPolicyStatus, &point.policy_status),
            buckets: vec![(&point.bucket, point.is_of_account(context.account_id))],
        }
    }

    fn of_several(
        context: &AccessPointContext<'a>,
        point: &'a MultiRegionAccessPointInventory,
    ) -> Self {
        let own = Flags::read(
            ReadingKind::MultiRegionAccessPointListing,
            &Reading::Known(point.public_access_block),
        );
        Self {
            kind: "multi-region",
            name: &point.alias,
            region: "",
            by_vpc: false,
            block: own.or(Flags::of_account(context.account)),
            policy: (ReadingKind::MultiRegionAccessPointPolicy, &point.policy),
            status: (
                ReadingKind::MultiRegionAccessPointPolicyStatus,
                &point.policy_status,
            ),
            buckets: point
                .regions
                .iter()
                .map(|region| {
                    (
                        region.bucket.as_str(),
                        region.is_of_account(context.account_id),
                    )
                })
                .collect(),
        }
    }
}

impl AccessPointFacts {
    /// Concludes everything about an access point; `None` when there is none of that name.
    pub(in crate::facts) fn derive(context: &AccessPointContext<'_>) -> Option<Self> {
        let in_region = context
            .account
            .regions
            .get(context.region)
            .and_then(|region| region.access_points.get(context.name));
        let point = match in_region {
            Some(point) => Point::of_region(context, point),
            None => {
                let points = &context.account.multi_region_access_points;
                Point::of_several(context, points.get(context.name)?)
            }
        };
        let missing = missing(&point.block);
        let mut policies = DoorPolicies::of(context, &point);
        Some(Self {
            name: context.name.to_owned(),
            arn: context.arn.to_owned(),
            account: context.account_id.to_owned(),
            region: context.region.to_owned(),
            kind: point.kind.to_owned(),
            bucket: point
                .buckets
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(", "),
            origin: if point.by_vpc { "vpc" } else { "internet" }.to_owned(),
            public_access_block: AccessPointBlockFacts {
                all: point.block.all(),
                missing,
            },
            open: open(context, &point, &mut policies),
            other_accounts: other_accounts(context, &point, &mut policies),
        })
    }
}

/// The classes that anyone can do through the access point.
fn open(
    context: &AccessPointContext<'_>,
    point: &Point<'_>,
    policies: &mut DoorPolicies,
) -> Fact<Vec<String>> {
    if point.by_vpc || matches!(policies.public, Fact::Known(None)) {
        return Fact::Known(Vec::new());
    }
    let restricted = restricted(context, point);
    // A public policy is cut off then, and any other lets in no one but holders of what it names.
    if restricted.known() == Some(&true) {
        return Fact::Known(Vec::new());
    }
    let by_policy = or_by_aws(policies.own.open_classes(), point);
    if matches!(&by_policy, Fact::Known(classes) if classes.is_empty()) {
        return Fact::Known(Vec::new());
    }
    let behind = policies.behind.iter_mut();
    let by_buckets = behind.map(AtDoor::open_classes).reduce(either);
    let by_buckets = by_buckets.unwrap_or(Fact::Known(Vec::new()));
    // Where no bucket lets anyone in, it does not matter what else was not read.
    if matches!(&by_buckets, Fact::Known(classes) if classes.is_empty()) {
        return Fact::Known(Vec::new());
    }
    let both = by_policy.zip(by_buckets).zip(restricted);
    both.map(|((mut point, bucket), _)| {
        point.retain(|class| bucket.contains(class));
        point
    })
}

/// AWS's own word where the policy itself could not be decided: what is not public lets in no one but
/// holders of what it names.
fn or_by_aws(by_policy: Fact<Vec<String>>, point: &Point<'_>) -> Fact<Vec<String>> {
    if by_policy.known().is_some() {
        return by_policy;
    }
    let (kind, status) = point.status;
    match from_reading(kind, status, || false, |status| status.is_public) {
        Fact::Known(false) => Fact::Known(Vec::new()),
        Fact::Known(true) => by_policy,
        status => Fact::unknown_from(by_policy.because().iter().chain(status.because())),
    }
}

/// What either of two lets through.
fn either(a: Fact<Vec<String>>, b: Fact<Vec<String>>) -> Fact<Vec<String>> {
    a.zip(b).map(|(mut a, b)| {
        a.extend(b);
        a.sort();
        a.dedup();
        a
    })
}

/// Whether the bucket sets RestrictPublicBuckets.
fn restricts(context: &AccessPointContext<'_>, bucket: &str) -> Fact<bool> {
    const KIND: ReadingKind = ReadingKind::BucketPublicAccessBlock;
    match context.account.buckets.get(bucket) {
        Some(bucket) => from_reading(
            KIND,
            &bucket.public_access_block,
            || false,
            |block| block.restrict_public_buckets,
        ),
        None => unread(context, KIND),
    }
}

/// Why a bucket behind an access point was not read: where its list was refused, for that.
fn unread<T>(context: &AccessPointContext<'_>, kind: ReadingKind) -> Fact<T> {
    match &context.account.bucket_listing {
        refused @ (Reading::Denied { .. } | Reading::Failed { .. }) => {
            from_reading(ReadingKind::BucketListing, refused, || (), |_| ())
                .and_then(|()| Fact::not_collected(kind))
        }
        _ => Fact::not_collected(kind),
    }
}

/// The policy of a bucket behind an access point.
fn bucket_policy(context: &AccessPointContext<'_>, name: &str, ours: bool) -> Fact<Option<Policy>> {
    const KIND: ReadingKind = ReadingKind::BucketPolicy;
    if !ours {
        return Fact::undecidable(format!("the policy of {name} is another account's"));
    }
    match context.account.buckets.get(name) {
        Some(bucket) => parsed((KIND, &bucket.policy)),
        None => unread(context, KIND),
    }
}

fn parsed((kind, reading): (ReadingKind, &Reading<String>)) -> Fact<Option<Policy>> {
    from_reading(
        kind,
        reading,
        || None,
        |text| Some(Policy::parse(text, PolicyKind::Resource)),
    )
}

/// Whether RestrictPublicBuckets holds for requests through the access point.
fn restricted(context: &AccessPointContext<'_>, point: &Point<'_>) -> Fact<bool> {
    let ours = point.buckets.iter().filter(|(_, ours)| *ours);
    ours.fold(
        point.block.restrict_public_buckets(),
        |restricted, bucket| restricted.or(restricts(context, bucket.0)),
    )
}

/// Everyone outside the account whom the access point's policy names and a bucket's policy lets in.
fn other_accounts(
    context: &AccessPointContext<'_>,
    point: &Point<'_>,
    policies: &mut DoorPolicies,
) -> Fact<Vec<NamedParty>> {
    let named = policies.own.named().map(customers);
    if matches!(&named, Fact::Known(named) if named.is_empty()) {
        return Fact::Known(Vec::new());
    }
    let by_buckets = policies.behind.iter_mut().map(|policy| {
        let by_bucket = policy.let_in();
        // Whom the access point's policy names does not matter then.
        if matches!(&by_bucket, Fact::Known(nobody) if *nobody == LetIn::default()) {
            return Fact::Known(Vec::new());
        }
        named.clone().zip(by_bucket).map(|(mut named, by_bucket)| {
            named.retain(|party| by_bucket.may_be(party));
            named
        })
    });
    let parties = by_buckets.reduce(either).unwrap_or(Fact::Known(Vec::new()));
    unless_cut(parties, &cut(context, point, policies)).map(|parties| {
        let party = |account| NamedParty::new(account, "policy", context.trust);
        parties.into_iter().map(party).collect()
    })
}

/// The policies that decide about a request through the access point, each read and prepared once.
struct DoorPolicies {
    /// The access point's own.
    own: AtDoor,
    /// That of each bucket behind it.
    behind: Vec<AtDoor>,
    /// Whether the access point's own policy is public by AWS's definition; `None` without a policy.
    public: Fact<Option<bool>>,
}

impl DoorPolicies {
    fn of(context: &AccessPointContext<'_>, point: &Point<'_>) -> Self {
        let door = point.door(context);
        let own = parsed(point.policy);
        let named = own
            .as_ref()
            .map(|own| own.as_ref().map(|policy| door.named_as_bucket(policy)));
        let public = named.as_ref().and_then(|named| match named {
            None => Fact::Known(None),
            Some(policy) => match policy.as_ref().ok().and_then(documented_public) {
                Some(public) => Fact::Known(Some(public)),
                None => Fact::undecidable("AWS's definition of a public policy does not decide it"),
            },
        });
        let bound = named
            .map(|named| named.map(|policy| policy.and_then(|policy| door.bucket_policy(&policy))));
        // Without a policy of its own, what stands behind it does not matter.
        let asked = !matches!(public, Fact::Known(None));
        let buckets = point.buckets.iter().filter(|_| asked);
        let behind = buckets.map(|(bucket, ours)| {
            let policy = bucket_policy(context, bucket, *ours);
            let bound = policy.map(|policy| policy.map(|policy| door.bucket_policy(&policy)));
            AtDoor::new(context, &door, bucket, bound)
        });
        Self {
            behind: behind.collect(),
            own: AtDoor::new(context, &door, door.name, bound),
            public,
        }
    }
}

/// A policy as it reads for requests through the access point, prepared for questions.
struct AtDoor {
    /// `None` for no policy, and for one that lets nothing in but fixed values, whatever the prover
    /// would find.
    prover: Fact<Option<Prover>>,
}

impl AtDoor {
    fn new(
        context: &AccessPointContext<'_>,
        door: &Door<'_>,
        bucket: &str,
        policy: Fact<Option<Result<Policy, String>>>,
    ) -> Self {
        let prover = policy.and_then(|policy| match policy {
            None => Fact::Known(None),
            Some(Err(why)) => Fact::undecidable(why),
            Some(Ok(policy)) if !policy.is_sound() => {
                Fact::undecidable("a policy cannot be read whole")
            }
            Some(Ok(policy)) if policy.statements.is_empty() => Fact::Known(None),
            Some(Ok(policy)) => Fact::Known(Some(prover(context, door, bucket, &policy))),
        });
        Self { prover }
    }

    /// The answer of the prover; empty where the policy lets nothing in.
    fn ask<T: Default>(&mut self, question: impl FnOnce(&mut Prover) -> Fact<T>) -> Fact<T> {
        match &mut self.prover {
            Fact::Known(Some(prover)) => question(prover),
            Fact::Known(None) => Fact::Known(T::default()),
            unknown @ Fact::Unknown { .. } => Fact::unknown_from(unknown.because().iter()),
        }
    }

    /// The classes in which a caller who holds nothing gets in.
    fn open_classes(&mut self) -> Fact<Vec<String>> {
        self.ask(open_classes)
    }

    /// Whom the policy names and lets in, sorted.
    fn named(&mut self) -> Fact<Vec<String>> {
        self.ask(|prover| match prover.named_parties() {
            Some(parties) => Fact::Known(parties.into_iter().collect()),
            None => Fact::undecidable("whom a policy names could not be decided"),
        })
    }

    fn let_in(&mut self) -> Fact<LetIn> {
        self.open_classes()
            .zip(self.named())
            .map(|(open, named)| LetIn {
                anyone: !open.is_empty(),
                named,
            })
    }
}

/// Whom a policy lets in from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct LetIn {
    /// Any AWS account.
    anyone: bool,
    /// Whom it names, sorted.
    named: Vec<String>,
}

impl LetIn {
    /// Whether a party is perhaps among them: which accounts an organization has does not show here.
    fn may_be(&self, party: &str) -> bool {
        let mut named = self.named.iter();
        self.anyone
            || named.any(|other| other == party || !is_account_id(other) || !is_account_id(party))
    }
}

/// Whether callers from outside are cut off, because the access point's policy is public by AWS's
/// definition and RestrictPublicBuckets holds. None is, of an access point that only a VPC can use.
fn cut(context: &AccessPointContext<'_>, point: &Point<'_>, policies: &DoorPolicies) -> Fact<bool> {
    if point.by_vpc {
        return Fact::Known(false);
    }
    let public = policies.public.clone().map(|public| public == Some(true));
    public.and(restricted(context, point))
}

fn prover(
    context: &AccessPointContext<'_>,
    door: &Door<'_>,
    bucket: &str,
    policy: &Policy,
) -> Prover {
    // Those that speak of access points in a way that cannot be named to this one are left out: they
    // only take access away.
    let bound = |level: &Vec<Policy>| -> Vec<Policy> {
        let policies = level.iter();
        policies
            .filter_map(|policy| door.bucket_policy(policy).ok())
            .collect()
    };
    let rcps: Vec<Vec<Policy>> = context.binding.rcps.iter().map(bound).collect();
    Prover::new(&Case {
        bucket,
        owner: context.account_id,
        owner_id: None,
        policy: Some(policy),
        block: PublicAccessBlock::default(),
        aws_says_public: documented_public(policy),
        ownership: None,
        grants: &[],
        default_encryption: None,
        rcps: &rcps,
        scps: &[],
        now: context
            .taken_at
            .parse::<jiff::Timestamp>()
            .ok()
            .map(|stamp| stamp.as_duration().as_secs_f64().floor()),
        partition: Some(door.partition),
    })
}

/// The classes in which anyone gets in.
fn open_classes(prover: &mut Prover) -> Fact<Vec<String>> {
    let answers = [
        prover.answer(&Question::Anonymous),
        prover.answer(&Question::AnyAwsAccount),
    ];
    let of = |classes: &ClassReach| {
        [
            ("acl", classes.acl),
            ("list", classes.list),
            ("read", classes.read),
            ("write", classes.write),
        ]
    };
    let [anonymous, signed] = answers.each_ref().map(|answer| of(&answer.classes));
    let mut open = Vec::new();
    for ((name, anonymous), (_, signed)) in anonymous.into_iter().zip(signed) {
        let reach = |wanted: Reach| anonymous == wanted || signed == wanted;
        if reach(Reach::Reachable) {
            open.push(name.to_owned());
        } else if reach(Reach::Unknown) {
            let why = answers.iter().find_map(|answer| answer.reason.clone());
            return Fact::undecidable(why.unwrap_or_default());
        }
    }
    Fact::Known(open)
}

impl<'a> SubjectView<'a> for AccessPointFacts {
    /// Access points of every Region that was looked at, and the Multi-Region ones.
    fn list(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
        let subject = |region: &str, name: &str, arn: String, unlisted| {
            Subject::named(SubjectKind::AccessPoint, (id, region), name, arn, unlisted)
        };
        let mut subjects = Vec::new();
        let mut because = BTreeSet::new();
        for (region, inventory) in &account.regions {
            subjects.extend(
                inventory.access_points.keys().map(|name| {
                    subject(region, name, access_point_arn(region, id, name), Vec::new())
                }),
            );
            let unlisted = unlisted(
                ReadingKind::AccessPointListing,
                &inventory.access_point_listing,
                inventory.access_points.is_empty(),
                complete,
            );
            if !unlisted.is_empty() {
                let arn = access_point_arn(region, id, UNLISTED);
                subjects.push(subject(region, UNLISTED, arn, unlisted));
            }
        }
        if account.regions.is_empty() {
            because.extend(
                Fact::<()>::not_collected(ReadingKind::AccessPointListing)
                    .because()
                    .iter()
                    .cloned(),
            );
        }
        subjects.extend(
            account
                .multi_region_access_points
                .iter()
                .map(|(name, point)| {
                    let arn = multi_region_access_point_arn(account.partition(), id, &point.alias);
                    subject(GLOBAL, name, arn, Vec::new())
                }),
        );
        because.extend(unlisted(
            ReadingKind::MultiRegionAccessPointListing,
            &account.multi_region_access_point_listing,
            account.multi_region_access_points.is_empty(),
            complete,
        ));
        if !because.is_empty() {
            let because = because.into_iter().collect();
            let arn = multi_region_access_point_arn(account.partition(), id, UNLISTED);
            subjects.push(subject(GLOBAL, UNLISTED, arn, because));
        }
        subjects
    }

    fn view(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        let (account_id, account) = facts.account(&subject.id.account)?;
        Self::derive(&AccessPointContext {
            account_id,
            account,
            region: &subject.id.region,
            name: &subject.id.name,
            arn: &subject.id.arn,
            binding: facts.controls.of(account_id),
            trust: &facts.trust,
            taken_at: &facts.snapshot.taken_at,
        })
    }
}
