//! The KMS keys that buckets name, each asked about once.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;

use crate::inventory::Reading;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::key::{KeyDescription, KeyInventory, KeyRotation};
use crate::inventory::need::ReadingKind;

use super::answer;
use super::lane::Family;
use super::session::Session;

/// Reads the keys of these buckets, by the ARN of what is named.
pub async fn read(
    session: &Session,
    account: &str,
    buckets: &BTreeMap<String, BucketInventory>,
) -> BTreeMap<String, KeyInventory> {
    let wanted = session.plan.of_keys(ReadingKind::KeyDescription)
        || session.plan.of_keys(ReadingKind::KeyRotation);
    if !wanted {
        return BTreeMap::new();
    }
    let named: BTreeSet<String> = buckets
        .values()
        .filter_map(|bucket| bucket.encryption_key(account))
        .collect();
    session.found(named.len());
    futures::stream::iter(named)
        .map(|arn| async move {
            let key = read_one(session, &arn).await;
            session.progress.step(1);
            (arn, key)
        })
        .buffer_unordered(session.request.concurrency.max(1))
        .collect()
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
    let mut key = KeyInventory::default();
    if session.plan.of_keys(ReadingKind::KeyDescription) {
        let answer = session
            .call(Family::Kms, region, || {
                client.describe_key().key_id(arn).send()
            })
            .await;
        key.description = answer::reading(
            ReadingKind::KeyDescription,
            answer.map(|output| output.key_metadata.map(description)),
        );
    }
    if session.plan.of_keys(ReadingKind::KeyRotation) && may_rotate(&key.description) {
        // Unlike DescribeKey it takes no alias (KMS API reference, GetKeyRotationStatus).
        let id = key
            .description
            .known()
            .map_or(arn, |description| description.arn.as_str());
        let answer = session
            .call(Family::Kms, region, || {
                client.get_key_rotation_status().key_id(id).send()
            })
            .await;
        key.rotation = answer::reading(
            ReadingKind::KeyRotation,
            answer.map(|output| {
                Some(KeyRotation {
                    enabled: output.key_rotation_enabled,
                    period_days: output
                        .rotation_period_in_days
                        .and_then(|days| u32::try_from(days).ok()),
                })
            }),
        );
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
