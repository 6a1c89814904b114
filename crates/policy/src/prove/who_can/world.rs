//! An account, compiled once: every policy as rules, identities that nothing tells apart as one
//! profile.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};

use super::domains::{KeyContent, Service, Stance, is_of_caller};
use super::groups::{GroupedFor, Grouping};
use super::outside::Named;
use super::records::{
    AccountRecord, BucketRecord, CitedPolicy, DefaultKey, FunctionRecord, IdentityRecord,
    KeyRecord, Knowledge,
};
use super::rules::{self, ActionBits, RuleBook};
use super::subject::{IdentityFacts, Subject};
use crate::catalogue::Actions;
use crate::contract::{BUCKET_OWNER_ENFORCED, Grant};
use crate::document::{Effect, Policy};
use crate::documented_public::documented_public;
use crate::parse::PolicyKind;
use crate::prove::caller::{CallerClass, OwnerAndTime, PrincipalKind};
use crate::prove::value::{Domain, Rounding};

/// Rules of one policy set, Allows and Denies apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Sided {
    pub(super) allows: Vec<usize>,
    pub(super) denies: Vec<usize>,
}

/// What identities have in common that no policy tells apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    pub(super) identity: Sided,
    pub(super) boundary: Option<Sided>,
    /// What kind of principal, as a number.
    pub(super) kind: u8,
    /// What it has in the keys that service control policies look at, numbered.
    pub(super) scp_values: Vec<u32>,
    /// The first of its identities.
    pub(super) first: usize,
}

/// A KMS key, compiled.
#[derive(Debug)]
pub(super) struct CompiledKey {
    pub(super) rules: Sided,
    pub(super) managed: bool,
    /// Known not to work: its state.
    pub(super) unusable: Option<String>,
    pub(super) seen: KeyState,
    pub(super) named: Named,
    /// The key policy and the grants, for the evaluator; none where either was not read.
    pub(super) documents: Vec<Arc<CitedPolicy>>,
}

/// A bucket, compiled.
#[derive(Debug)]
pub(super) struct CompiledBucket {
    pub(super) record: BucketRecord,
    pub(super) policy: Sided,
    pub(super) acl: Vec<usize>,
    pub(super) owner: OwnerAndTime,
    /// What RestrictPublicBuckets cuts off: no one, everyone outside, or not known.
    pub(super) cut: Option<bool>,
    pub(super) key: Option<usize>,
    /// What the default encryption is was not read.
    pub(super) key_missing: Option<String>,
    pub(super) named: Named,
}

/// A function, compiled.
#[derive(Debug)]
pub(super) struct CompiledFunction {
    pub(super) record: FunctionRecord,
    pub(super) policy: Sided,
    pub(super) named: Named,
}

/// A role's trust policy, compiled.
#[derive(Debug)]
pub(super) struct CompiledTrust {
    pub(super) rules: Sided,
    pub(super) named: Named,
}

/// A key as requests see it.
#[derive(Debug)]
pub(super) struct KeyState {
    pub(super) resource: KeyContent,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) alias: Option<String>,
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) service: Service,
    pub(super) resource: Cow<'a, Domain>,
    pub(super) region: &'a str,
    pub(super) owner: &'a OwnerAndTime,
    /// The action, if it is one of S3.
    pub(super) s3_actions: Actions,
    /// The key behind it.
    pub(super) key: Option<&'a KeyState>,
    /// The service that calls KMS.
    pub(super) via: Option<&'static str>,
    pub(super) caller_account: Option<&'a str>,
    /// The encryption context where it is not the object's ARN.
    pub(super) context_arn: Option<&'a str>,
}

/// An account with everything that has a say in who can reach what.
#[derive(Debug)]
pub struct World {
    pub(super) account: String,
    pub(super) book: RuleBook,
    pub(super) owner: OwnerAndTime,
    pub(super) organization: Knowledge<Option<String>>,
    /// The identities, and the root user last.
    pub(super) subjects: Vec<Subject>,
    /// By identity, its profile; the root user has none.
    pub(super) profile_of: Vec<usize>,
    pub(super) profiles: Vec<Profile>,
    pub(super) scps: Vec<Sided>,
    pub(super) rcps: Vec<Sided>,
    pub(super) buckets: Vec<CompiledBucket>,
    pub(super) keys: Vec<CompiledKey>,
    pub(super) functions: Vec<CompiledFunction>,
    /// By identity, a role's trust policy.
    pub(super) trusts: Vec<Option<CompiledTrust>>,
    pub(super) record: AccountRecord,
    /// Some condition looks at the network.
    pub(super) networks_matter: bool,
    /// By the last part of their names, the subjects.
    pub(super) subjects_by_name: HashMap<String, Vec<usize>>,
    /// By name, the buckets.
    bucket_places: HashMap<String, usize>,
    /// By bucket, the rules of identities that name it.
    pub(super) rules_by_bucket: HashMap<String, Vec<usize>>,
    /// By such a rule, the profiles that have it.
    pub(super) profiles_by_rule: HashMap<usize, Vec<usize>>,
    /// Groups that were worked out.
    pub(super) groupings: Mutex<HashMap<GroupedFor, Arc<Grouping>>>,
    /// By key, the values that subjects have in it, numbered; filled when first asked for.
    value_numbers: Vec<OnceLock<Vec<u32>>>,
}

impl Sided {
    fn add(&mut self, book: &RuleBook, range: Range<usize>) {
        for rule in range {
            match book.rules.get(rule).map(|rule| rule.effect) {
                Some(Effect::Allow) => self.allows.push(rule),
                Some(Effect::Deny) => self.denies.push(rule),
                None => {}
            }
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        self.allows.iter().chain(&self.denies).copied()
    }
}

/// What tells identities apart: their rules, their kind, and the values that their rules look at.
type ProfileKey = (Vec<usize>, Option<Vec<usize>>, u8, Vec<String>);

impl World {
    /// Compiles an account.
    #[must_use]
    pub fn new(mut record: AccountRecord) -> Self {
        record.resolve_unique_ids();
        let mut book = RuleBook::new(&record.account, record.partition);
        let scps = levels(&mut book, record.scps.as_deref(), PolicyKind::Identity);
        let rcps = levels(&mut book, record.rcps.as_deref(), PolicyKind::Resource);
        let mut keys = Vec::new();
        let mut key_places = BTreeMap::new();
        for (name, key) in &record.keys {
            key_places.insert(name.clone(), keys.len());
            keys.push(CompiledKey::new(&mut book, name, key));
        }
        let buckets = record
            .buckets
            .iter()
            .map(|bucket| {
                let key = place_of_key(&mut book, &record, bucket, &mut key_places, &mut keys);
                CompiledBucket::new(&mut book, &record, bucket, key)
            })
            .collect();
        let functions = record
            .functions
            .iter()
            .map(|function| CompiledFunction::new(&mut book, function))
            .collect();
        let mut subjects: Vec<Subject> = Vec::with_capacity(record.identities.len() + 1);
        let mut trusts = Vec::with_capacity(record.identities.len());
        let mut own_rules: Vec<(Sided, Option<Sided>)> = Vec::new();
        for identity in &record.identities {
            let trust = identity.trust.as_ref().map(|trust| {
                let mut rules = Sided::default();
                let range = book.document(trust, PolicyKind::Trust);
                rules.add(&book, range);
                CompiledTrust {
                    rules,
                    named: Named::of(&trust.policy),
                }
            });
            subjects.push(subject(&book, identity, trust.as_ref()));
            trusts.push(trust);
            own_rules.push(rules_of(&mut book, identity));
        }
        subjects.push(Subject::root(&record.account, record.partition));
        book.close();
        let networks_matter = book
            .vocabulary
            .mentions(crate::prove::caller::tells_networks_apart);
        let mut world = Self {
            account: record.account.clone(),
            owner: OwnerAndTime {
                owner: record.account.clone(),
                now: record.now,
                acls_off: false,
                public_acls_refused: false,
                matching_only: false,
            },
            organization: record.organization.clone(),
            subjects,
            profile_of: Vec::new(),
            profiles: Vec::new(),
            scps,
            rcps,
            buckets,
            keys,
            functions,
            trusts,
            networks_matter,
            subjects_by_name: HashMap::new(),
            bucket_places: HashMap::new(),
            rules_by_bucket: HashMap::new(),
            profiles_by_rule: HashMap::new(),
            groupings: Mutex::default(),
            value_numbers: Vec::new(),
            book,
            record,
        };
        world
            .value_numbers
            .resize_with(world.book.vocabulary.keys.len(), OnceLock::new);
        world.group(own_rules);
        world.index();
        world
    }

    /// Where subjects and buckets are by their names, and the rules of identities that name buckets.
    fn index(&mut self) {
        for (place, subject) in self.subjects.iter().enumerate() {
            if let Some(name) = subject.last_name() {
                self.subjects_by_name
                    .entry(name.to_owned())
                    .or_default()
                    .push(place);
            }
        }
        for (place, bucket) in self.buckets.iter().enumerate() {
            self.bucket_places
                .entry(bucket.record.name.clone())
                .or_insert(place);
        }
        for (number, profile) in self.profiles.iter().enumerate() {
            let rules = profile
                .identity
                .all()
                .chain(profile.boundary.iter().flat_map(Sided::all));
            for place in rules {
                let Some(buckets) = self
                    .book
                    .rules
                    .get(place)
                    .and_then(|rule| rule.buckets.as_ref())
                else {
                    continue;
                };
                if buckets.is_empty() {
                    continue;
                }
                let profiles = self.profiles_by_rule.entry(place).or_default();
                if profiles.is_empty() {
                    for bucket in buckets {
                        self.rules_by_bucket
                            .entry(bucket.clone())
                            .or_default()
                            .push(place);
                    }
                }
                profiles.push(number);
            }
        }
    }

    /// Gives identities that no policy tells apart one profile.
    fn group(&mut self, own_rules: Vec<(Sided, Option<Sided>)>) {
        let mut known: BTreeMap<ProfileKey, usize> = BTreeMap::new();
        let by_scp = self.keys_of_callers(self.scps.iter().flat_map(Sided::all));
        for (number, (identity, boundary)) in own_rules.into_iter().enumerate() {
            let Some(subject) = self.subjects.get(number) else {
                break;
            };
            let rules = identity.all().chain(boundary.iter().flat_map(Sided::all));
            let mut keys = self.keys_of_callers(rules);
            keys.extend(&by_scp);
            let kind = match subject.kind() {
                Some(PrincipalKind::User) => 0,
                Some(PrincipalKind::Role) if subject.service_linked => 1,
                Some(PrincipalKind::Role) => 2,
                _ => 3,
            };
            let key: ProfileKey = (
                identity.all().collect(),
                boundary.as_ref().map(|boundary| boundary.all().collect()),
                kind,
                self.values_of(subject, &keys),
            );
            let scp_values = by_scp
                .iter()
                .map(|key| {
                    self.value_numbers(*key)
                        .get(number)
                        .copied()
                        .unwrap_or(u32::MAX)
                })
                .collect();
            let next = self.profiles.len();
            let place = *known.entry(key).or_insert(next);
            if place == next {
                self.profiles.push(Profile {
                    identity,
                    boundary,
                    kind,
                    scp_values,
                    first: number,
                });
            }
            self.profile_of.push(place);
        }
    }

    /// The keys of some rules that tell identities apart.
    pub(super) fn keys_of_callers(&self, rules: impl Iterator<Item = usize>) -> BTreeSet<usize> {
        let mut keys = BTreeSet::new();
        for rule in rules.filter_map(|rule| self.book.rules.get(rule)) {
            self.book.keys_of(rule, &mut keys);
        }
        keys.retain(|key| {
            self.book
                .vocabulary
                .keys
                .get(*key)
                .is_some_and(|name| is_of_caller(name) && name != "aws:currenttime")
        });
        keys
    }

    /// What an identity has in those keys, as texts that can be compared.
    pub(super) fn values_of(&self, subject: &Subject, keys: &BTreeSet<usize>) -> Vec<String> {
        let place = self.nowhere();
        let stance = |held| Stance::new(false, held, Rounding::Down);
        keys.iter()
            .flat_map(|key| {
                [false, true].map(|held| {
                    format!(
                        "{:?}",
                        self.content(subject, &place, Service::S3, *key, stance(held))
                    )
                })
            })
            .collect()
    }

    /// What the subjects have in a key that tells callers apart: the same number for the same values.
    pub(super) fn value_numbers(&self, key: usize) -> &[u32] {
        let Some(known) = self.value_numbers.get(key) else {
            return &[];
        };
        known.get_or_init(|| {
            let keys = BTreeSet::from([key]);
            let mut numbers: BTreeMap<Vec<String>, u32> = BTreeMap::new();
            self.subjects
                .iter()
                .map(|subject| {
                    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                    *numbers
                        .entry(self.values_of(subject, &keys))
                        .or_insert(next)
                })
                .collect()
        })
    }

    /// A place of which nothing is known.
    fn nowhere(&self) -> Place<'_> {
        Place {
            service: Service::S3,
            resource: Cow::Owned(Domain::absent()),
            region: "",
            owner: &self.owner,
            s3_actions: 0,
            key: None,
            via: None,
            caller_account: None,
            context_arn: None,
        }
    }

    /// The number of a bucket.
    pub(super) fn bucket(&self, name: &str) -> Option<usize> {
        self.bucket_places.get(name).copied()
    }

    /// The number of a function, by its ARN or name.
    pub(super) fn function(&self, name: &str) -> Option<usize> {
        self.functions.iter().position(|function| {
            function.record.arn == name || function.record.arn.rsplit(':').next() == Some(name)
        })
    }

    /// The profile of an identity.
    pub(super) fn profile(&self, subject: usize) -> Option<&Profile> {
        self.profiles.get(*self.profile_of.get(subject)?)
    }
}

fn levels(
    book: &mut RuleBook,
    levels: Option<&[Vec<Arc<CitedPolicy>>]>,
    kind: PolicyKind,
) -> Vec<Sided> {
    levels
        .unwrap_or_default()
        .iter()
        .map(|level| {
            let mut sided = Sided::default();
            for document in level {
                let range = book.document(document, kind);
                sided.add(book, range);
            }
            sided
        })
        .collect()
}

fn subject(book: &RuleBook, identity: &IdentityRecord, trust: Option<&CompiledTrust>) -> Subject {
    let resource = identity.arn.splitn(6, ':').nth(5).unwrap_or_default();
    let account = identity.arn.split(':').nth(4).unwrap_or_default();
    let (kind, name) = match resource.split_once('/') {
        Some(("role", name)) => (PrincipalKind::Role, name),
        Some(("user", name)) => (PrincipalKind::User, name),
        _ => (PrincipalKind::User, resource),
    };
    let tag_session = ActionBits::named("sts:TagSession").unwrap_or_default();
    let tags_are_open = trust.is_some_and(|trust| {
        trust
            .rules
            .allows
            .iter()
            .filter_map(|rule| book.rules.get(*rule))
            .any(|rule| rule.actions.meets(tag_session))
    });
    Subject {
        arn: Some(identity.arn.clone()),
        facts: Some(IdentityFacts {
            unique_id: identity.unique_id.clone(),
            tags: identity.tags.clone(),
            tags_are_open,
        }),
        bounded: identity.boundary.is_some(),
        service_linked: kind == PrincipalKind::Role && name.starts_with("aws-service-role/"),
        ..Subject::other(
            CallerClass::Aws {
                account: Some(account.into()),
                kind,
                name: Some(name.into()),
                session: None,
                asked: true,
            },
            None,
        )
    }
}

fn rules_of(book: &mut RuleBook, identity: &IdentityRecord) -> (Sided, Option<Sided>) {
    let mut own = Sided::default();
    for document in &identity.policies {
        let range = book.document(document, PolicyKind::Identity);
        own.add(book, range);
    }
    for missing in &identity.unread {
        let range = book.unread("identity", missing, false);
        own.add(book, range);
    }
    let boundary = identity.boundary.as_ref().map(|boundary| {
        let mut sided = Sided::default();
        let range = match boundary {
            Knowledge::Known(document) => book.document(document, PolicyKind::Identity),
            Knowledge::Missing(missing) => book.unread("boundary", missing, false),
        };
        sided.add(book, range);
        sided
    });
    (own, boundary)
}

/// The key of a bucket among those compiled; what is not there yet is added.
fn place_of_key(
    book: &mut RuleBook,
    record: &AccountRecord,
    bucket: &BucketRecord,
    places: &mut BTreeMap<String, usize>,
    keys: &mut Vec<CompiledKey>,
) -> Option<usize> {
    let (name, known) = match bucket.key.known()? {
        DefaultKey::S3 => return None,
        DefaultKey::Managed => (
            format!(
                "arn:{}:kms:{}:{}:alias/aws/s3",
                record.partition, bucket.region, record.account
            ),
            true,
        ),
        DefaultKey::Kms(arn) => (arn.clone(), false),
    };
    if let Some(place) = places.get(&name) {
        return Some(*place);
    }
    let missing = || Knowledge::Missing("kms:GetKeyPolicy".to_owned());
    let key = KeyRecord {
        arn: None,
        account: name
            .split(':')
            .nth(4)
            .filter(|account| !account.is_empty())
            .unwrap_or(&record.account)
            .to_owned(),
        managed: known,
        state: Knowledge::Missing("kms:DescribeKey".to_owned()),
        policy: missing(),
        grants: Knowledge::Missing("kms:ListGrants".to_owned()),
    };
    places.insert(name.clone(), keys.len());
    keys.push(CompiledKey::new(book, &name, &key));
    Some(keys.len() - 1)
}

impl CompiledKey {
    fn new(book: &mut RuleBook, name: &str, key: &KeyRecord) -> Self {
        let mut rules = Sided::default();
        let mut documents = Vec::new();
        let mut named = Named::default();
        let region = name.split(':').nth(3).unwrap_or_default().to_owned();
        if key.managed {
            let document = Arc::new(CitedPolicy::new(
                "aws/s3",
                managed_policy(&key.account, &region),
            ));
            let range = book.document(&document, PolicyKind::Resource);
            rules.add(book, range);
            documents.push(document);
        } else {
            match &key.policy {
                Knowledge::Known(document) => {
                    let range = book.document(document, PolicyKind::Resource);
                    rules.add(book, range);
                    named = Named::of(&document.policy);
                    documents.push(Arc::clone(document));
                }
                Knowledge::Missing(missing) => {
                    let range = book.unread("key", missing, true);
                    rules.add(book, range);
                }
            }
            match &key.grants {
                Knowledge::Known(grants) if grants.is_empty() => {}
                Knowledge::Known(grants) => {
                    let document =
                        Arc::new(CitedPolicy::new("grant", rules::of_key_grants(grants)));
                    let range = book.document(&document, PolicyKind::Resource);
                    rules.add(book, range);
                    named.extend(Named::of(&document.policy));
                    documents.push(document);
                }
                Knowledge::Missing(missing) => {
                    let range = book.perhaps_allows("grant", missing);
                    rules.add(book, range);
                }
            }
        }
        let by_alias = name
            .split(':')
            .nth(5)
            .filter(|resource| resource.starts_with("alias/"));
        let own = key
            .arn
            .clone()
            .or_else(|| by_alias.is_none().then(|| name.to_owned()))
            .or_else(|| {
                // No policy can know the id of the managed key by heart; any that is none will do.
                key.managed
                    .then(|| name.replace("alias/aws/s3", "key/aws-managed-s3"))
            });
        Self {
            rules,
            managed: key.managed,
            unusable: match &key.state {
                Knowledge::Known(state) if !matches!(state.as_str(), "Enabled" | "Updating") => {
                    Some(state.clone())
                }
                _ => None,
            },
            seen: KeyState {
                resource: match own {
                    Some(arn) => KeyContent::In(Domain::fixed(arn)),
                    None => KeyContent::Undetermined(Some("kms:DescribeKey")),
                },
                account: key.account.clone(),
                region,
                alias: by_alias.filter(|_| !key.managed).map(str::to_owned),
            },
            named,
            documents,
        }
    }
}

/// The policy of `aws/s3`: S3 uses it for every principal of its account (KMS developer guide, "AWS
/// managed keys"; the document as GetKeyPolicy shows it, 2026-09).
fn managed_policy(account: &str, region: &str) -> Policy {
    let document = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*",
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Condition": {"StringEquals": {
                "kms:CallerAccount": account,
                "kms:ViaService": [format!("s3.{region}.amazonaws.com"), format!("s3.{region}.amazonaws.com.cn")],
            }},
        }],
    });
    Policy::parse(&document.to_string(), PolicyKind::Resource)
}

/// The policy of a bucket or function, and whom it names.
fn of_resource(
    book: &mut RuleBook,
    kind: &str,
    document: &Knowledge<Option<Arc<CitedPolicy>>>,
) -> (Sided, Named) {
    let (range, named) = match document {
        Knowledge::Known(Some(document)) => (
            book.document(document, PolicyKind::Resource),
            Named::of(&document.policy),
        ),
        Knowledge::Known(None) => return (Sided::default(), Named::default()),
        Knowledge::Missing(missing) => (book.unread(kind, missing, true), Named::default()),
    };
    let mut policy = Sided::default();
    policy.add(book, range);
    (policy, named)
}

impl CompiledBucket {
    fn new(
        book: &mut RuleBook,
        account: &AccountRecord,
        record: &BucketRecord,
        key: Option<usize>,
    ) -> Self {
        let (policy, mut named) = of_resource(book, "bucket", &record.policy);
        let acls_off = record.ownership.as_deref() == Some(BUCKET_OWNER_ENFORCED);
        let block = record.block.known().copied().unwrap_or_default();
        let acl = match &record.grants {
            _ if acls_off => 0..0,
            Knowledge::Known(grants) => {
                let effective: Vec<Grant> = grants
                    .iter()
                    .filter(|grant| !(block.ignore_public_acls && grant.is_public()))
                    .cloned()
                    .collect();
                named.grants(&effective, record.owner_id.as_deref());
                book.acl(&record.name, &effective, record.owner_id.as_deref())
            }
            Knowledge::Missing(missing) => book.perhaps_allows("acl", missing),
        };
        let public = match &record.policy {
            Knowledge::Known(None) => Some(false),
            Knowledge::Known(Some(document)) => record
                .aws_says_public
                .or_else(|| documented_public(&document.policy)),
            Knowledge::Missing(_) => record.aws_says_public,
        };
        let cut = match record.block.known() {
            Some(block) if !block.restrict_public_buckets => Some(false),
            Some(_) => public,
            None if public == Some(false) => Some(false),
            None => None,
        };
        Self {
            policy,
            acl: acl.collect(),
            owner: OwnerAndTime {
                owner: record.owner.clone(),
                now: account.now,
                acls_off,
                public_acls_refused: block.block_public_acls,
                matching_only: false,
            },
            cut,
            key,
            key_missing: match &record.key {
                Knowledge::Missing(missing) => Some(missing.clone()),
                Knowledge::Known(_) => None,
            },
            named,
            record: record.clone(),
        }
    }
}

impl CompiledFunction {
    fn new(book: &mut RuleBook, record: &FunctionRecord) -> Self {
        let (policy, named) = of_resource(book, "function", &record.policy);
        Self {
            policy,
            named,
            record: record.clone(),
        }
    }
}
