//! The KMS key of the default encryption: whose it is, and whether it works.
//!
//! A key that is disabled, waiting to be deleted or gone makes every object that it encrypted
//! unreadable, and every upload fail. An alias is looked up in the uploader's account (S3
//! API reference, ServerSideEncryptionByDefault: "If you specify a key alias, S3 resolves it within
//! the requester's account", copy of 2026), so objects may end up under another account's key.
//!
//! States are those of the KMS developer guide, "Key states of AWS KMS keys" (copy of 2026): only
//! `Enabled` and `Updating` keys encrypt and decrypt.

use schemars::JsonSchema;

use super::context::BucketContext;
use super::reach;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::Reading;
use crate::inventory::bucket::Encryption;
use crate::inventory::ids::{account_of_arn, kms_key_arn};
use crate::inventory::key::{KeyDescription, KeyInventory};
use crate::inventory::need::ReadingKind;
use crate::report::Reach;
use coldbucket_policy::who_can::{Knowledge, World};

/// The key of the default encryption.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(
    own(BucketEncryption),
    own(DirectoryBucketEncryption),
    own(TableBucketEncryption),
    own(VectorBucketEncryption),
    own(FileSystemEncryption)
)]
pub struct KeyFacts {
    /// `customer`, `aws`, or `none` without KMS.
    #[needs(encryption_key(KeyDescription))]
    pub manager: Fact<String>,
    /// The key is named by an alias of the customer's.
    pub by_alias: Fact<bool>,
    /// The account in the ARN that is named, the bucket's own where only an id or alias is; empty
    /// without a key.
    pub account: Fact<String>,
    /// The key belongs to another account than the bucket.
    pub foreign: Fact<bool>,
    /// AWS's word for its state; `Missing` when KMS knows no such key, `OtherRegion` when it is not
    /// in the bucket's Region (S3 needs it there), `NotSymmetric` for an RSA, ECC, HMAC or other key
    /// that is no symmetric encryption key (S3 takes no other), `None` without KMS.
    #[needs(encryption_key(KeyDescription))]
    pub state: Fact<String>,
    /// Objects can be encrypted and decrypted with it; true without KMS.
    #[needs(encryption_key(KeyDescription))]
    pub usable: Fact<bool>,
    /// It is a key whose automatic rotation the owner can switch.
    #[needs(encryption_key(KeyDescription))]
    pub rotatable: Fact<bool>,
    /// Other accounts that the key policy lets decrypt, in any request: `account 222222222222`, `any AWS
    /// account`; accounts that the configuration trusts are left out. Empty without a key of the account's
    /// own.
    #[needs(encryption_key(KeyPolicy))]
    pub decrypted_by: Fact<Vec<String>>,
    /// It rotates by itself; false where that is not the owner's to switch.
    #[needs(encryption_key(KeyDescription), encryption_key(KeyRotation))]
    pub rotates: Fact<bool>,
}

/// What the setting names.
enum NamedKey {
    /// Nothing: no KMS.
    Nothing,
    /// `aws/s3`.
    OfAws,
    /// A key or an alias, by ARN.
    Key(String),
}

impl KeyFacts {
    /// Concludes from GetBucketEncryption, DescribeKey and GetKeyRotationStatus.
    pub(super) fn derive(context: &BucketContext<'_>) -> Self {
        let (kind, reading) = context.encryption();
        let named = from_reading(
            kind,
            reading,
            || NamedKey::Nothing,
            |encryption| named(context, encryption),
        );
        let of = |nothing: &str, aws: &str, key: &dyn Fn(&KeyDescription) -> String| {
            named.as_ref().and_then(|named| match named {
                NamedKey::Nothing => Fact::Known(nothing.to_owned()),
                NamedKey::OfAws => Fact::Known(aws.to_owned()),
                NamedKey::Key(arn) => described(context, arn).map(|description| {
                    description.map_or_else(|| "Missing".to_owned(), |known| key(&known))
                }),
            })
        };
        let state = of("None", "Enabled", &|key| match key.arn.split(':').nth(3) {
            Some(region) if elsewhere(context, region) => "OtherRegion".to_owned(),
            _ if !key.encrypts_symmetrically() => "NotSymmetric".to_owned(),
            _ => key.state.clone(),
        });
        let account = named.as_ref().map(|named| match named {
            NamedKey::Nothing | NamedKey::OfAws => String::new(),
            // The ARN says it, described or not; an alias's ARN says whose alias it is.
            NamedKey::Key(arn) => account_of_arn(arn).unwrap_or_default().to_owned(),
        });
        let rotatable = named.as_ref().and_then(|named| match named {
            NamedKey::Nothing | NamedKey::OfAws => Fact::Known(false),
            NamedKey::Key(arn) => {
                described(context, arn).map(|key| key.is_some_and(|key| key.rotates_by_itself()))
            }
        });
        Self {
            manager: of("none", "aws", &|key| match key.manager.as_str() {
                "AWS" => "aws".to_owned(),
                _ => "customer".to_owned(),
            }),
            by_alias: named.as_ref().map(|named| match named {
                NamedKey::Key(arn) => arn
                    .split(':')
                    .nth(5)
                    .is_some_and(|resource| resource.starts_with("alias/")),
                NamedKey::Nothing | NamedKey::OfAws => false,
            }),
            foreign: account
                .as_ref()
                .map(|account| !account.is_empty() && account != context.account_id),
            account,
            usable: state.as_ref().and_then(|state| match state.as_str() {
                "None" | "Enabled" | "Updating" => Fact::Known(true),
                "Missing"
                | "OtherRegion"
                | "NotSymmetric"
                | "Disabled"
                | "PendingDeletion"
                | "PendingReplicaDeletion"
                | "PendingImport"
                | "Unavailable"
                | "Creating" => Fact::Known(false),
                other => Fact::undecidable(format!("the key state {other} is not known here")),
            }),
            rotates: rotatable.as_ref().and_then(|rotatable| {
                let arn = named.known().and_then(|named| match named {
                    NamedKey::Key(arn) => Some(arn.as_str()),
                    _ => None,
                });
                match arn {
                    Some(arn) if *rotatable => from_reading(
                        ReadingKind::KeyRotation,
                        &context
                            .account
                            .keys
                            .get(arn)
                            .map_or(Reading::NotCollected, |key| key.rotation.as_ref()),
                        || false,
                        |rotation| rotation.enabled,
                    ),
                    _ => Fact::Known(false),
                }
            }),
            decrypted_by: named.as_ref().and_then(|named| match named {
                NamedKey::Key(arn) if account_of_arn(arn) == Some(context.account_id) => {
                    decrypted_by(context, arn)
                }
                _ => Fact::Known(Vec::new()),
            }),
            rotatable,
            state,
        }
    }
}

/// The other accounts that the policy of a key lets decrypt. Grants are not asked: the finding is about
/// the policy.
fn decrypted_by(context: &BucketContext<'_>, arn: &str) -> Fact<Vec<String>> {
    let none = KeyInventory::default();
    let key = context.account.keys.get(arn).unwrap_or(&none);
    let there = from_reading(ReadingKind::KeyPolicy, &key.policy, || false, |_| true);
    there.and_then(|there| {
        if !there {
            return Fact::Known(Vec::new());
        }
        let record = context
            .compiled
            .of_bucket(context.account_id, context.name, context.controls);
        let Some(mut record) = record else {
            return Fact::not_collected(ReadingKind::KeyPolicy);
        };
        for key in record.keys.values_mut() {
            key.grants = Knowledge::Known(Vec::new());
            // A key that is switched off today is switched on again with the same policy.
            key.state = Knowledge::Known("Enabled".to_owned());
            // A key policy speaks of its own key, whatever its id.
            let own = || arn.replace(":alias/", ":key/");
            key.arn = Some(key.arn.clone().unwrap_or_else(own));
        }
        let Ok(rows) = World::new(record).who_can_decrypt(context.name) else {
            return Fact::not_collected(ReadingKind::KeyPolicy);
        };
        let mut accounts = Vec::new();
        for row in &rows {
            let decision = &row.decision;
            let Some(account) = row.principal.strip_prefix("account:") else {
                continue;
            };
            match decision.reach {
                Reach::Unreachable => {}
                Reach::Unknown => {
                    return Fact::undecidable(
                        "the key policy has a part that AWS does not document",
                    );
                }
                reach => accounts.extend(reach::words_of(context, account, reach, &decision.under)),
            }
        }
        // Any account takes in those that are named.
        if accounts.iter().any(|words| words == "any AWS account") {
            accounts = vec!["any AWS account".to_owned()];
        }
        accounts.sort();
        Fact::Known(accounts)
    })
}

fn named(context: &BucketContext<'_>, encryption: &Encryption) -> NamedKey {
    let kms = encryption
        .algorithm
        .as_deref()
        .is_some_and(|algorithm| algorithm.starts_with("aws:kms"));
    let written = encryption.kms_key.as_deref().filter(|key| !key.is_empty());
    match written {
        _ if !kms => NamedKey::Nothing,
        None => NamedKey::OfAws,
        Some(written) => {
            let arn = kms_key_arn(context.region(), context.account_id, written);
            if arn.ends_with(":alias/aws/s3") {
                NamedKey::OfAws
            } else {
                NamedKey::Key(arn)
            }
        }
    }
}

/// What KMS says of it; nothing when it knows no such key.
fn described(context: &BucketContext<'_>, arn: &str) -> Fact<Option<KeyDescription>> {
    from_reading(
        ReadingKind::KeyDescription,
        &context
            .account
            .keys
            .get(arn)
            .map_or(Reading::NotCollected, |key| key.description.as_ref()),
        || None,
        |key| Some((*key).clone()),
    )
}

/// Known to be in another Region than the bucket.
fn elsewhere(context: &BucketContext<'_>, region: &str) -> bool {
    !region.is_empty() && !matches!(context.region(), "unknown") && context.region() != region
}
