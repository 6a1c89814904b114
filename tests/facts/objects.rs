//! What a sample of objects shows, expected by hand from S3's rules.

use coldbucket::facts::Fact;
use coldbucket::facts::bucket::objects::{ObjectFacts, SampledFacts};
use coldbucket::inventory::Reading;
use coldbucket::inventory::bucket::{BucketInventory, Encryption};
use coldbucket::inventory::object::{ObjectSample, SampledObject};
use coldbucket::report::ClientSideEncryption;

use crate::support::{ALL_ON, OWNER, REGION, acl, bucket_facts, denied, open_bucket, quiet_bucket};

fn object(key: &str) -> SampledObject {
    SampledObject {
        key: key.into(),
        encryption: Some("AES256".into()),
        ..SampledObject::default()
    }
}

fn by_kms(key: &str, kms_key: &str) -> SampledObject {
    SampledObject {
        encryption: Some("aws:kms".into()),
        kms_key: Some(kms_key.into()),
        ..object(key)
    }
}

fn sample(objects: &[SampledObject]) -> Reading<ObjectSample> {
    Reading::Known(ObjectSample {
        asked: 100,
        whole_bucket: true,
        objects: objects.to_vec(),
    })
}

fn facts(bucket: &BucketInventory) -> ObjectFacts {
    bucket_facts(bucket).objects.clone()
}

fn keys(facts: &SampledFacts) -> Vec<&str> {
    facts
        .keys
        .known()
        .unwrap()
        .iter()
        .map(String::as_str)
        .collect()
}

/// A bucket whose default is that key, with these objects.
fn under_key(key: Option<&str>, objects: &[SampledObject]) -> ObjectFacts {
    facts(&BucketInventory {
        encryption: Reading::Known(Encryption {
            algorithm: Some("aws:kms".into()),
            kms_key: key.map(str::to_owned),
            ..Encryption::default()
        }),
        object_sample: sample(objects),
        ..quiet_bucket()
    })
}

#[test]
fn without_a_sample_nothing_is_known_of_objects() {
    let facts = facts(&open_bucket());
    for fact in [
        facts.sampled.because(),
        facts.sse_c.count.because(),
        facts.not_under_default.count.because(),
    ] {
        assert_eq!(fact[0].action, "s3:GetObject");
    }
    assert_eq!(facts.public.count.because()[0].action, "s3:GetObjectAcl");
}

#[test]
fn no_object_is_public_by_acl_where_acls_have_no_effect() {
    // BucketOwnerEnforced, and Block Public Access.
    assert_eq!(facts(&quiet_bucket()).public.count, Fact::Known(0));
    let ignoring = BucketInventory {
        public_access_block: Reading::Known(ALL_ON),
        ..open_bucket()
    };
    assert_eq!(facts(&ignoring).public.count, Fact::Known(0));
}

#[test]
fn a_grant_to_everyone_is_public_and_one_to_somebody_is_not() {
    let of = |grantee: &str| acl(&[(grantee, "READ")]).known().unwrap().clone();
    let bucket = BucketInventory {
        object_acls: Reading::Known(
            [
                ("all".to_owned(), of("AllUsers")),
                ("any".to_owned(), of("AuthenticatedUsers")),
                ("friend".to_owned(), of("someone")),
            ]
            .into(),
        ),
        ..open_bucket()
    };
    assert_eq!(keys(&facts(&bucket).public), ["all", "any"]);
    let refused = BucketInventory {
        object_acls: denied("s3:GetObjectAcl"),
        ..open_bucket()
    };
    assert_eq!(
        facts(&refused).public.count.because()[0].action,
        "s3:GetObjectAcl"
    );
}

#[test]
fn objects_below_the_default_are_told_and_those_above_are_not() {
    let key = format!("arn:aws:kms:{REGION}:{OWNER}:key/k");
    let other = format!("arn:aws:kms:{REGION}:{OWNER}:key/other");
    let objects = [
        object("plain"),
        by_kms("same", &key),
        by_kms("other", &other),
    ];
    assert_eq!(
        keys(&under_key(Some(&key), &objects).not_under_default),
        ["plain", "other"]
    );
    // A bare id is one of the account and Region.
    assert_eq!(
        keys(&under_key(Some("k"), &objects).not_under_default),
        ["plain", "other"]
    );
    // An alias is not followed, and without a name any key is right.
    for named in [Some("alias/data"), None] {
        assert_eq!(
            keys(&under_key(named, &objects).not_under_default),
            ["plain"]
        );
    }
    let below_nothing = BucketInventory {
        object_sample: sample(&objects),
        ..quiet_bucket()
    };
    assert_eq!(
        facts(&below_nothing).not_under_default.count,
        Fact::Known(0)
    );
}

#[test]
fn sse_c_and_client_side_encryption_are_told_apart() {
    let facts = facts(&BucketInventory {
        object_sample: sample(&[
            SampledObject {
                encryption: None,
                sse_c: true,
                ..object("theirs")
            },
            SampledObject {
                client_side: true,
                ..object("sealed")
            },
        ]),
        ..quiet_bucket()
    });
    assert_eq!(keys(&facts.sse_c), ["theirs"]);
    assert_eq!(keys(&facts.client_side), ["sealed"]);
    assert_eq!(facts.not_under_default.count, Fact::Known(0));
    assert_eq!(facts.sampled, Fact::Known(2));
}

#[test]
fn the_posture_says_what_was_seen_of_client_side_encryption() {
    let of = |object_sample| {
        bucket_facts(&BucketInventory {
            object_sample,
            ..quiet_bucket()
        })
        .posture()
        .encryption
        .client_side
    };
    let sealed = SampledObject {
        client_side: true,
        ..object("sealed")
    };
    assert_eq!(of(sample(&[sealed])), ClientSideEncryption::Evidence);
    let hidden = ClientSideEncryption::NotVisible;
    assert_eq!(of(sample(&[object("plain")])), hidden);
    assert_eq!(of(Reading::NotCollected), hidden);
}

#[test]
fn a_message_names_five_keys_at_most() {
    let many: Vec<SampledObject> = (0..9)
        .map(|n| SampledObject {
            sse_c: true,
            ..object(&format!("o{n}"))
        })
        .collect();
    let facts = facts(&BucketInventory {
        object_sample: sample(&many),
        ..quiet_bucket()
    });
    assert_eq!(facts.sse_c.count, Fact::Known(9));
    assert_eq!(keys(&facts.sse_c).len(), 5);
}
