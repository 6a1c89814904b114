//! The KMS key behind a bucket: its states, and the ways to name it.
//!
//! States and what they allow: KMS developer guide, "Key states of AWS KMS keys".

use coldbucket::facts::bucket::BucketFacts;
use coldbucket::inventory::Reading;
use coldbucket::inventory::account::AccountInventory;
use coldbucket::inventory::bucket::{BucketInventory, Encryption};
use coldbucket::inventory::key::{KeyDescription, KeyInventory, KeyRotation};

use crate::support::{BUCKET, account, bucket_facts_in, denied, quiet_bucket};

const ID: &str = "1234abcd-0000-4000-8000-000000000000";
const ARN: &str = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-0000-4000-8000-000000000000";

fn description(state: &str) -> KeyDescription {
    KeyDescription {
        arn: ARN.into(),
        account: "111111111111".into(),
        manager: "CUSTOMER".into(),
        state: state.into(),
        origin: "AWS_KMS".into(),
        spec: "SYMMETRIC_DEFAULT".into(),
        deletion_date: None,
    }
}

/// The facts of a bucket whose default names `written`, with what KMS says of `asked`.
fn facts(
    algorithm: &str,
    written: Option<&str>,
    asked: &str,
    key: KeyInventory,
) -> BucketFacts<'static> {
    let bucket = BucketInventory {
        encryption: Reading::Known(Encryption {
            algorithm: Some(algorithm.into()),
            kms_key: written.map(str::to_owned),
            ..Encryption::default()
        }),
        ..quiet_bucket()
    };
    let account = AccountInventory {
        keys: [(asked.to_owned(), key)].into(),
        ..account(&[(BUCKET, &bucket)])
    };
    bucket_facts_in(account, BUCKET)
}

fn known(description: KeyDescription) -> KeyInventory {
    KeyInventory {
        description: Reading::Known(description),
        rotation: Reading::Known(KeyRotation {
            enabled: true,
            period_days: Some(365),
        }),
        ..KeyInventory::default()
    }
}

#[test]
fn only_enabled_and_updating_keys_work() {
    for (state, usable) in [
        ("Enabled", Some(true)),
        ("Updating", Some(true)),
        ("Disabled", Some(false)),
        ("PendingDeletion", Some(false)),
        ("PendingReplicaDeletion", Some(false)),
        ("PendingImport", Some(false)),
        ("Unavailable", Some(false)),
        ("Creating", Some(false)),
        // A state that KMS may have one day says nothing.
        ("Resting", None),
    ] {
        let facts = facts("aws:kms", Some(ID), ARN, known(description(state)));
        assert_eq!(facts.key.state.known().map(String::as_str), Some(state));
        assert_eq!(facts.key.usable.known().copied(), usable, "{state}");
    }
}

#[test]
fn a_key_that_is_gone_is_not_usable_and_a_refusal_says_nothing() {
    let gone = KeyInventory {
        description: Reading::Absent,
        rotation: Reading::NotCollected,
        ..KeyInventory::default()
    };
    let facts_of = |key| facts("aws:kms", Some(ARN), ARN, key);
    let missing = facts_of(gone);
    assert_eq!(missing.key.usable.known(), Some(&false));
    assert_eq!(missing.key.rotatable.known(), Some(&false));
    let refused = facts_of(KeyInventory {
        description: denied("kms:DescribeKey"),
        rotation: denied("kms:GetKeyRotationStatus"),
        ..KeyInventory::default()
    });
    assert_eq!(refused.key.usable.known(), None);
    assert_eq!(refused.key.usable.because()[0].action, "kms:DescribeKey");
    assert_eq!(refused.key.rotates.known(), None);
    // What the setting says by itself stays known.
    assert_eq!(refused.key.foreign.known(), Some(&false));
    assert_eq!(refused.key.by_alias.known(), Some(&false));
}

#[test]
fn a_key_of_another_region_cannot_be_used() {
    let arn = "arn:aws:kms:us-east-1:111111111111:key/mrk-1";
    let mut elsewhere = description("Enabled");
    elsewhere.arn = arn.into();
    let facts = facts("aws:kms", Some(arn), arn, known(elsewhere));
    assert_eq!(
        facts.key.state.known().map(String::as_str),
        Some("OtherRegion")
    );
    assert_eq!(facts.key.usable.known(), Some(&false));
}

#[test]
fn the_ways_to_name_a_key() {
    let alias = "arn:aws:kms:eu-west-1:111111111111:alias/data";
    let foreign = "arn:aws:kms:eu-west-1:222222222222:key/k";
    for (written, asked, manager, by_alias, is_foreign) in [
        (Some(ID), ARN, "customer", false, false),
        (Some(ARN), ARN, "customer", false, false),
        (Some("alias/data"), alias, "customer", true, false),
        (Some(alias), alias, "customer", true, false),
        (Some(foreign), foreign, "customer", false, true),
        // The key that AWS manages, named and not.
        (None, "", "aws", false, false),
        (Some(""), "", "aws", false, false),
        (Some("alias/aws/s3"), "", "aws", false, false),
    ] {
        let facts = facts("aws:kms", written, asked, known(description("Enabled")));
        let key = &facts.key;
        assert_eq!(
            key.manager.known().map(String::as_str),
            Some(manager),
            "{written:?}"
        );
        assert_eq!(key.by_alias.known(), Some(&by_alias), "{written:?}");
        assert_eq!(key.foreign.known(), Some(&is_foreign), "{written:?}");
        assert_eq!(key.usable.known(), Some(&true), "{written:?}");
        assert_eq!(
            key.rotatable.known(),
            Some(&(manager == "customer")),
            "{written:?}"
        );
    }
}

#[test]
fn without_kms_there_is_no_key() {
    let facts = facts("AES256", Some(ARN), ARN, known(description("Disabled")));
    assert_eq!(facts.key.manager.known().map(String::as_str), Some("none"));
    assert_eq!(facts.key.usable.known(), Some(&true));
}

#[test]
fn keys_whose_rotation_is_not_the_owners_to_switch() {
    let change = |edit: fn(&mut KeyDescription)| {
        let mut key = description("Enabled");
        edit(&mut key);
        facts("aws:kms:dsse", Some(ID), ARN, known(key))
    };
    for facts in [
        change(|key| key.manager = "AWS".into()),
        change(|key| key.origin = "EXTERNAL".into()),
        change(|key| key.origin = "AWS_CLOUDHSM".into()),
        change(|key| key.spec = "RSA_4096".into()),
    ] {
        assert_eq!(facts.key.rotatable.known(), Some(&false));
    }
    assert_eq!(change(|_| ()).key.rotates.known(), Some(&true));
}

/// S3 takes symmetric encryption keys only, whatever the state of another one.
#[test]
fn a_key_of_another_kind_is_not_usable() {
    for (spec, usable) in [
        ("SYMMETRIC_DEFAULT", true),
        ("", true),
        ("RSA_2048", false),
        ("RSA_4096", false),
        ("ECC_NIST_P256", false),
        ("ECC_SECG_P256K1", false),
        ("ECC_NIST_EDWARDS25519", false),
        ("ML_DSA_65", false),
        ("SM2", false),
        ("HMAC_224", false),
        ("HMAC_512", false),
    ] {
        let key = KeyDescription {
            spec: spec.into(),
            ..description("Enabled")
        };
        let facts = facts("aws:kms", Some(ARN), ARN, known(key));
        assert_eq!(facts.key.usable.known(), Some(&usable), "{spec}");
        let state = if usable { "Enabled" } else { "NotSymmetric" };
        assert_eq!(facts.key.state.known().map(String::as_str), Some(state));
    }
}
