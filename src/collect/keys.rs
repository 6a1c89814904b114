//! The KMS keys that buckets name, each read once.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Reading;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::key::{GrantOnKey, KeyDescription, KeyInventory, KeyRotation};
use crate::inventory::need::{Guard, ReadingKind};

use super::answer::ask;
use super::lane::ServiceFamily;
use super::paging::{each, listing, pages};
use super::session::Session;

/// Grants a page: the most that KMS gives (KMS API reference, ListGrants).
const PAGE: i32 = 100;

/// Reads the keys of these buckets, by the ARN of what is named.
pub async fn read(
    session: &Session,
    account: &str,
    buckets: &BTreeMap<String, BucketInventory>,
) -> BTreeMap<String, KeyInventory> {
    let wanted = [
        ReadingKind::KeyDescription,
        ReadingKind::KeyRotation,
        ReadingKind::KeyPolicy,
        ReadingKind::KeyGrants,
    ];
    if !wanted.iter().any(|kind| session.plan.wants(*kind)) {
        return BTreeMap::new();
    }
    let named: BTreeSet<String> = buckets
        .values()
        .filter_map(|bucket| bucket.encryption_key(account))
        .collect();
    each(session, named, |arn| async move {
        let key = read_one(session, &arn).await;
        (arn, key)
    })
    .await
}

async fn read_one(session: &Session, arn: &str) -> KeyInventory {
    // arn:aws:kms:<region>:<account>:key/<id>
    let region = arn
        .split(':')
        .nth(3)
        .filter(|region| !region.is_empty())
        .unwrap_or(&session.home);
    let client = session.clients.kms(region);
    let mut key = KeyInventory {
        description: ask(
            session,
            (ServiceFamily::Kms, region),
            ReadingKind::KeyDescription,
            || client.describe_key().key_id(arn).send(),
            |output| output.key_metadata.map(description),
        )
        .await,
        ..KeyInventory::default()
    };
    if session.plan.calls(ReadingKind::KeyRotation, |guard| {
        guard == Guard::OnlyRotatable && !may_rotate(&key.description)
    }) {
        // Unlike DescribeKey it takes no alias (KMS API reference, GetKeyRotationStatus).
        let id = key
            .description
            .known()
            .map_or(arn, |description| description.arn.as_str());
        key.rotation = ask(
            session,
            (ServiceFamily::Kms, region),
            ReadingKind::KeyRotation,
            || client.get_key_rotation_status().key_id(id).send(),
            |output| {
                Some(KeyRotation {
                    enabled: output.key_rotation_enabled,
                    period_days: output
                        .rotation_period_in_days
                        .and_then(|days| u32::try_from(days).ok()),
                })
            },
        )
        .await;
    }
    // Neither of the two takes an alias (KMS API reference, GetKeyPolicy and ListGrants).
    let id = key
        .description
        .known()
        .map_or(arn, |description| description.arn.as_str())
        .to_owned();
    let skips = |guard| guard == Guard::OnlyCustomerKeys && is_of_aws(&key.description);
    if session.plan.calls(ReadingKind::KeyPolicy, skips) {
        key.policy = ask(
            session,
            (ServiceFamily::Kms, region),
            ReadingKind::KeyPolicy,
            || client.get_key_policy().key_id(&id).send(),
            |output| output.policy,
        )
        .await;
    }
    if session.plan.calls(ReadingKind::KeyGrants, skips) {
        key.grants = grants(session, region, &id).await;
    }
    key
}

/// Every grant of a key.
async fn grants(session: &Session, region: &str, id: &str) -> Reading<Vec<GrantOnKey>> {
    let client = session.clients.kms(region);
    let mut found = Vec::new();
    let went = pages(
        session,
        (ServiceFamily::Kms, region),
        |marker| {
            client
                .list_grants()
                .key_id(id)
                .limit(PAGE)
                .set_marker(marker)
                .send()
        },
        |page| {
            found.extend(page.grants().iter().map(grant));
            page.next_marker.filter(|_| page.truncated)
        },
    )
    .await;
    match listing(ReadingKind::KeyGrants, went, true) {
        // Grants that were not read would be access that is not seen.
        Reading::Known(list) if !list.complete => Reading::NotCollected,
        list => list.map(|_| found),
    }
}

fn grant(entry: &aws_sdk_kms::types::GrantListEntry) -> GrantOnKey {
    let pairs = |pairs: Option<&std::collections::HashMap<String, String>>| {
        pairs
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let constraints = entry.constraints();
    GrantOnKey {
        grantee: entry.grantee_principal().unwrap_or_default().to_owned(),
        operations: entry
            .operations()
            .iter()
            .map(|operation| operation.as_str().to_owned())
            .collect(),
        context_subset: pairs(
            constraints.and_then(|constraints| constraints.encryption_context_subset()),
        ),
        context_equals: pairs(
            constraints.and_then(|constraints| constraints.encryption_context_equals()),
        ),
    }
}

/// True for keys that AWS manages.
fn is_of_aws(description: &Reading<KeyDescription>) -> bool {
    description.known().is_some_and(|key| key.manager == "AWS")
}

/// False where the call is known to be pointless: no such key, a key of AWS, an asymmetric one, or
/// one whose material KMS did not make.
fn may_rotate(description: &Reading<KeyDescription>) -> bool {
    match description {
        Reading::Absent => false,
        Reading::Known(key) => key.rotates_by_itself(),
        _ => true,
    }
}

fn description(metadata: aws_sdk_kms::types::KeyMetadata) -> KeyDescription {
    KeyDescription {
        arn: metadata.arn.unwrap_or(metadata.key_id),
        account: metadata.aws_account_id.unwrap_or_default(),
        manager: metadata
            .key_manager
            .map(|manager| manager.as_str().to_owned())
            .unwrap_or_default(),
        state: metadata
            .key_state
            .map(|state| state.as_str().to_owned())
            .unwrap_or_default(),
        origin: metadata
            .origin
            .map(|origin| origin.as_str().to_owned())
            .unwrap_or_default(),
        spec: metadata
            .key_spec
            .map(|spec| spec.as_str().to_owned())
            .unwrap_or_default(),
        deletion_date: metadata.deletion_date.map(|date| date.to_string()),
    }
}
