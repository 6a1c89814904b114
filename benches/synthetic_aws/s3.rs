//! s3: the list of buckets and the configuration calls of one, in path style.

use std::collections::BTreeMap;

use super::message::{Answer, Call, Operation, escape, page};
use super::world::Object;
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "s3",
        name: "ListDirectoryBuckets",
        matches: |call| call.param("x-id") == "ListDirectoryBuckets",
        answer: list_directory_buckets,
    },
    Operation {
        service: "s3",
        name: "ListBuckets",
        matches: |call| call.method == "GET" && call.path.is_empty(),
        answer: list_buckets,
    },
    document(
        "GetBucketPolicy",
        |call| reads(call, "policy"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketPolicy",
                Missing::Error("NoSuchBucketPolicy"),
            )
        },
    ),
    document(
        "GetBucketPolicyStatus",
        |call| reads(call, "policyStatus"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketPolicyStatus",
                Missing::Error("NoSuchBucketPolicy"),
            )
        },
    ),
    document(
        "GetBucketAcl",
        |call| reads(call, "acl"),
        |w, _, c| read(w, c, "GetBucketAcl", Missing::Empty("AccessControlPolicy")),
    ),
    document(
        "GetBucketOwnershipControls",
        |call| reads(call, "ownershipControls"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketOwnershipControls",
                Missing::Error("OwnershipControlsNotFoundError"),
            )
        },
    ),
    document(
        "GetPublicAccessBlock",
        |call| reads(call, "publicAccessBlock"),
        |w, _, c| {
            read(
                w,
                c,
                "GetPublicAccessBlock",
                Missing::Error("NoSuchPublicAccessBlockConfiguration"),
            )
        },
    ),
    document(
        "GetBucketEncryption",
        |call| reads(call, "encryption"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketEncryption",
                Missing::Error("ServerSideEncryptionConfigurationNotFoundError"),
            )
        },
    ),
    document(
        "GetBucketLogging",
        |call| reads(call, "logging"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketLogging",
                Missing::Empty("BucketLoggingStatus"),
            )
        },
    ),
    document(
        "GetBucketVersioning",
        |call| reads(call, "versioning"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketVersioning",
                Missing::Empty("VersioningConfiguration"),
            )
        },
    ),
    document(
        "GetBucketTagging",
        |call| reads(call, "tagging"),
        |w, _, c| read(w, c, "GetBucketTagging", Missing::Error("NoSuchTagSet")),
    ),
    document(
        "GetBucketWebsite",
        |call| reads(call, "website"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketWebsite",
                Missing::Error("NoSuchWebsiteConfiguration"),
            )
        },
    ),
    document(
        "GetBucketCors",
        |call| reads(call, "cors"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketCors",
                Missing::Error("NoSuchCORSConfiguration"),
            )
        },
    ),
    document(
        "GetBucketLifecycleConfiguration",
        |call| reads(call, "lifecycle"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketLifecycleConfiguration",
                Missing::Error("NoSuchLifecycleConfiguration"),
            )
        },
    ),
    document(
        "GetBucketReplication",
        |call| reads(call, "replication"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketReplication",
                Missing::Error("ReplicationConfigurationNotFoundError"),
            )
        },
    ),
    document(
        "GetObjectLockConfiguration",
        |call| reads(call, "object-lock"),
        |w, _, c| {
            read(
                w,
                c,
                "GetObjectLockConfiguration",
                Missing::Error("ObjectLockConfigurationNotFoundError"),
            )
        },
    ),
    document(
        "GetBucketAbac",
        |call| reads(call, "abac"),
        |w, _, c| read(w, c, "GetBucketAbac", Missing::Empty("AbacStatus")),
    ),
    document(
        "GetBucketRequestPayment",
        |call| reads(call, "requestPayment"),
        |w, _, c| {
            read(
                w,
                c,
                "GetBucketRequestPayment",
                Missing::Document(
                    "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
                ),
            )
        },
    ),
    Operation {
        service: "s3",
        name: "HeadBucket",
        matches: |call| call.method == "HEAD" && !call.path.is_empty() && key_of(call).is_none(),
        answer: head_bucket,
    },
    document(
        "ListObjectsV2",
        |call| reads(call, "list-type"),
        list_objects,
    ),
    document(
        "HeadObject",
        |call| call.method == "HEAD" && key_of(call).is_some(),
        head_object,
    ),
    document(
        "GetObjectAcl",
        |call| call.method == "GET" && call.query.contains_key("acl") && key_of(call).is_some(),
        get_object_acl,
    ),
];

/// An operation that answers one stored document.
const fn document(
    name: &'static str,
    matches: fn(&Call) -> bool,
    answer: fn(&World, &Behaviour, &Call) -> Answer,
) -> Operation {
    Operation {
        service: "s3",
        name,
        matches,
        answer,
    }
}

/// What is answered when the bucket has no such document.
enum Missing {
    /// 404 with this code.
    Error(&'static str),
    /// An empty document of this name.
    Empty(&'static str),
    /// This document.
    Document(&'static str),
}

fn reads(call: &Call, parameter: &str) -> bool {
    call.method == "GET"
        && !call.path.is_empty()
        && call.query.contains_key(parameter)
        && key_of(call).is_none()
}

/// The key of a request about an object.
fn key_of(call: &Call) -> Option<&str> {
    call.path
        .split_once('/')
        .map(|(_, key)| key)
        .filter(|key| !key.is_empty())
}

fn objects<'a>(world: &'a World, call: &Call) -> Option<&'a BTreeMap<String, Object>> {
    let name = call.path.split('/').next().unwrap_or_default();
    world.buckets.get(name).map(|bucket| &bucket.objects)
}

fn list_objects(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let Some(objects) = objects(world, call) else {
        return Answer::error("s3", 404, "NoSuchBucket", "no such bucket");
    };
    let size: usize = call.param("max-keys").parse().unwrap_or(1000);
    let entries: String = objects
        .keys()
        .take(size)
        .map(|key| {
            format!(
                "<Contents><Key>{}</Key><Size>1</Size></Contents>",
                escape(key)
            )
        })
        .collect();
    Answer::xml(format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>{}</IsTruncated>{entries}</ListBucketResult>",
        objects.len() > size
    ))
}

/// Without the key of an SSE-C object S3 answers 400 and nothing else.
fn head_object(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let bare = |status| Answer {
        status,
        content_type: "application/octet-stream",
        headers: Vec::new(),
        body: String::new(),
        raw: None,
    };
    let object = objects(world, call).and_then(|objects| objects.get(key_of(call)?));
    let Some(object) = object else {
        return bare(404);
    };
    if object.sse_c {
        return bare(400);
    }
    let mut answer = bare(200).with_header("x-amz-server-side-encryption", object.encryption);
    if let Some(key) = object.kms_key {
        answer = answer.with_header("x-amz-server-side-encryption-aws-kms-key-id", key);
    }
    for name in object.metadata {
        answer = answer.with_header(name, "secret-envelope");
    }
    answer
}

fn get_object_acl(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let object = objects(world, call).and_then(|objects| objects.get(key_of(call)?));
    let Some(object) = object else {
        return Answer::error("s3", 404, "NoSuchKey", "no such key");
    };
    let everyone = if object.public {
        "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\">\
         <URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>"
    } else {
        ""
    };
    Answer::xml(format!(
        "<AccessControlPolicy><Owner><ID>owner</ID></Owner><AccessControlList>{everyone}</AccessControlList></AccessControlPolicy>"
    ))
}

fn read(world: &World, call: &Call, operation: &str, missing: Missing) -> Answer {
    let name = call.path.split('/').next().unwrap_or_default();
    let Some(bucket) = world.buckets.get(name) else {
        return Answer::error(
            "s3",
            404,
            "NoSuchBucket",
            "The specified bucket does not exist",
        );
    };
    if !call.expected_owner.is_empty() && call.expected_owner != bucket.owner(world) {
        return Answer::error("s3", 403, "AccessDenied", "Access Denied");
    }
    if bucket.region != call.region {
        return Answer::error(
            "s3",
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        )
        .with_header("x-amz-bucket-region", &bucket.region);
    }
    match (bucket.documents.get(operation), missing) {
        (Some(document), _) if operation == "GetBucketPolicy" => Answer {
            status: 200,
            content_type: "application/json",
            headers: Vec::new(),
            body: document.clone(),
            raw: None,
        },
        (Some(document), _) => Answer::xml(document.clone()),
        (None, Missing::Error(code)) => {
            Answer::error("s3", 404, code, "there is no such configuration")
        }
        (None, Missing::Document(document)) => Answer::xml(document.to_owned()),
        (None, Missing::Empty(element)) => Answer::xml(format!(
            "<{element} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"
        )),
    }
}

/// AWS answers a HEAD without a body: 404 for no bucket, 403 for one that is not the expected
/// owner's.
fn head_bucket(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let name = call.path.trim_end_matches('/');
    let bare = |status| Answer {
        status,
        content_type: "application/xml",
        headers: Vec::new(),
        body: String::new(),
        raw: None,
    };
    let (owner, region) = match (world.buckets.get(name), world.foreign_buckets.get(name)) {
        (Some(bucket), _) => (bucket.owner(world), bucket.region.as_str()),
        (None, Some(owner)) => (owner.clone(), call.region.as_str()),
        (None, None) => return bare(404),
    };
    if region != call.region {
        return bare(301).with_header("x-amz-bucket-region", region);
    }
    let expected = &call.expected_owner;
    bare(if expected.is_empty() || *expected == owner {
        200
    } else {
        403
    })
}

/// Directory buckets are those of the Region whose names say so.
fn list_directory_buckets(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let asked = call.param("max-directory-buckets").parse().unwrap_or(1000);
    let all: Vec<String> = world
        .buckets
        .iter()
        .filter(|(name, bucket)| name.ends_with("--x-s3") && bucket.region == call.region)
        .map(|(name, _)| {
            format!(
                "<Bucket><Name>{}</Name><CreationDate>2025-03-04T05:06:07.000Z</CreationDate></Bucket>",
                escape(name)
            )
        })
        .collect();
    let size = behaviour.page.map_or(asked, |page| page.min(asked));
    let (entries, next) = page(&all, call.param("continuation-token"), size);
    let token = next.map_or_else(String::new, |token| {
        format!("<ContinuationToken>{token}</ContinuationToken>")
    });
    Answer::xml(format!(
        "<ListAllMyDirectoryBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Buckets>{}</Buckets>{token}</ListAllMyDirectoryBucketsResult>",
        entries.concat()
    ))
}

fn list_buckets(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let asked = call.param("max-buckets").parse().unwrap_or(10_000);
    let size = behaviour.page.map_or(asked, |page| page.min(asked));
    // AWS names the Region only when the request has a parameter.
    let tells_region = !behaviour.no_bucket_region && call.query.contains_key("max-buckets");
    let all: Vec<String> = world
        .buckets
        .iter()
        .filter(|(name, bucket)| {
            let is_directory = name.ends_with("--x-s3");
            bucket.owner.is_none() && !is_directory && name.starts_with(call.param("prefix"))
        })
        .map(|(name, bucket)| {
            let region = if tells_region {
                format!("<BucketRegion>{}</BucketRegion>", bucket.region)
            } else {
                String::new()
            };
            format!(
                "<Bucket><Name>{}</Name><CreationDate>2021-03-04T05:06:07.000Z</CreationDate>{region}</Bucket>",
                escape(name)
            )
        })
        .collect();
    let (entries, next) = page(&all, call.param("continuation-token"), size);
    let token = next.map_or_else(String::new, |token| {
        format!("<ContinuationToken>{token}</ContinuationToken>")
    });
    Answer::xml(format!(
        "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Owner><ID>{}</ID></Owner><Buckets>{}</Buckets>{token}</ListAllMyBucketsResult>",
        world.canonical_id(),
        entries.concat()
    ))
}
