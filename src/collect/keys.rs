//! The KMS keys that buckets name, each read once.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Reading;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::key::{KeyDescription, KeyInventory, KeyRotation};
use crate::inventory::need::{Guard, ReadingKind};

use super::answer::ask;
use super::lane::ServiceFamily;
use super::paging::each;
use super::session::Session;

/// Reads the keys of these buckets, by the ARN of what is named.
pub async fn read(
    session: &Session,
    account: &str,
    buckets: &BTreeMap<String, BucketInventory>,
) -> BTreeMap<String, KeyInventory> {
    let wanted = [ReadingKind::KeyDescription, ReadingKind::KeyRotation];
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
    key
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
