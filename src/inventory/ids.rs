//! Names of things: resources and how AWS writes their ARNs.

pub use coldbucket_policy::bucket_kind::BucketKind;
use coldbucket_policy::parse::is_account_id;
pub use coldbucket_policy::partition::of_arn as partition_of_arn;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a check is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// The account as a whole.
    Account,
    /// One Region of the account.
    Region,
    /// An S3 bucket.
    Bucket,
    /// An S3 access point or Multi-Region access point.
    AccessPoint,
    /// A CloudTrail trail.
    Trail,
    /// An IAM user, group, role or managed policy.
    Identity,
    /// A Lambda function with its versions and aliases.
    Function,
    /// A Lambda Web Function with its endpoints.
    WebFunction,
}

impl SubjectKind {
    /// Every kind, in the order reports show them.
    pub const ALL: [Self; 8] = [
        Self::Account,
        Self::Region,
        Self::Bucket,
        Self::AccessPoint,
        Self::Trail,
        Self::Identity,
        Self::Function,
        Self::WebFunction,
    ];

    /// The name used in policy files and reports, for example `access-point`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Region => "region",
            Self::Bucket => "bucket",
            Self::AccessPoint => "access-point",
            Self::Trail => "trail",
            Self::Identity => "identity",
            Self::Function => "function",
            Self::WebFunction => "web-function",
        }
    }

    /// The variable that holds the subject's facts in a condition, for example `access_point`
    /// (a hyphen would read as a minus there).
    pub const fn variable(self) -> &'static str {
        match self {
            Self::AccessPoint => "access_point",
            Self::WebFunction => "web_function",
            other => other.name(),
        }
    }
}

/// One resource: what it is, what it is called, where it is.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct ResourceId {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SubjectKind,
    /// Its name; `*` stands for all of a listing that could not be read.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The 12-digit id of the account that was audited.
    pub account: String,
    /// Its Region; `global` where there is none, `unknown` where it could not be read.
    pub region: String,
    /// Of a template: its logical id, construct path or Terraform address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// The ARN partition of a Region (`aws`, `aws-cn`, `aws-us-gov`, …), by the Region's prefix.
/// Source: botocore `partitions.json` region expressions.
pub fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else if region.starts_with("us-isob-") {
        "aws-iso-b"
    } else if region.starts_with("us-iso-") {
        "aws-iso"
    } else if region.starts_with("eusc-") {
        "aws-eusc"
    } else {
        "aws"
    }
}

/// The part of an ARN that names the account; empty for a bucket, `aws` for a policy of AWS. None for a
/// text that is no ARN.
pub fn account_of_arn(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

/// The part of an ARN that names the resource: of a role `role/path/deploy`, of a function `function:name`,
/// of a bucket its name. None for a text that is no ARN.
pub fn resource_of_arn(arn: &str) -> Option<&str> {
    arn.splitn(6, ':').nth(5)
}

/// The ARN of a bucket. Bucket ARNs name neither Region nor account.
pub fn bucket_arn(partition: &str, name: &str) -> String {
    format!("arn:{partition}:s3:::{name}")
}

/// The ARN of an account's root, which stands for the account itself.
pub fn account_arn(partition: &str, account: &str) -> String {
    format!("arn:{partition}:iam::{account}:root")
}

/// The ARN that stands for one Region of an account; AWS gives Regions none of their own.
pub fn region_arn(region: &str, account: &str) -> String {
    format!("arn:{}:config:{region}:{account}:region", partition(region))
}

/// The ARN of a trail.
pub fn trail_arn(region: &str, account: &str, name: &str) -> String {
    format!(
        "arn:{}:cloudtrail:{region}:{account}:trail/{name}",
        partition(region)
    )
}

/// The unqualified ARN of a function.
pub fn function_arn(region: &str, account: &str, name: &str) -> String {
    format!(
        "arn:{}:lambda:{region}:{account}:function:{name}",
        partition(region)
    )
}

/// The ARN of a Web Function.
pub fn web_function_arn(region: &str, account: &str, name: &str) -> String {
    format!(
        "arn:{}:lambda:{region}:{account}:web-function/{name}",
        partition(region)
    )
}

/// The ARN of a bucket that is not general purpose.
pub fn regional_bucket_arn(kind: BucketKind, region: &str, account: &str, name: &str) -> String {
    format!(
        "arn:{}:{}:{region}:{account}:{}/{name}",
        partition(region),
        kind.service(),
        kind.resource()
    )
}

/// Whether a name is one that directory buckets alone have: `NAME--ZONE--x-s3` (S3 user guide,
/// "Directory bucket naming rules", copy of 2026).
pub fn is_directory_bucket_name(name: &str) -> bool {
    name.ends_with("--x-s3")
}

/// Whether a full name, without wildcards, selects buckets of that kind. The others are found only by a list of
/// every Region, which a name alone does not cause: it is nearly always that of a general purpose bucket.
pub fn is_selected_by_full_name(kind: BucketKind) -> bool {
    matches!(kind, BucketKind::General | BucketKind::Directory)
}

/// The ARN of an access point.
pub fn access_point_arn(region: &str, account: &str, name: &str) -> String {
    format!(
        "arn:{}:s3:{region}:{account}:accesspoint/{name}",
        partition(region)
    )
}

/// The ARN of a Multi-Region access point: it has no Region, and its alias for a name.
pub fn multi_region_access_point_arn(partition: &str, account: &str, alias: &str) -> String {
    format!("arn:{partition}:s3::{account}:accesspoint/{alias}")
}

/// The account whose account-regional namespace a bucket name is in: `PREFIX-ACCOUNT-REGION-an`. Only
/// that account can ever create a bucket of that name (S3 user guide, "Namespaces for general purpose
/// buckets", 2026-09).
pub fn account_of_bucket_name(name: &str) -> Option<&str> {
    let parts: Vec<&str> = name.strip_suffix("-an")?.split('-').collect();
    // A Region has three parts, or four outside of the commercial ones: us-gov-west-1.
    [3, 4].into_iter().find_map(|length| {
        let (prefix, region) = parts.split_at_checked(parts.len().checked_sub(length)?)?;
        let (account, prefix) = prefix.split_last()?;
        let is_prefixed = prefix.iter().any(|part| !part.is_empty());
        (is_prefixed && is_account_id(account) && is_region(region)).then_some(*account)
    })
}

/// Whether these are the parts of a Region's name: words, and a digit at the end.
fn is_region(parts: &[&str]) -> bool {
    let Some((number, words)) = parts.split_last() else {
        return false;
    };
    let is_word =
        |part: &&str| part.len() >= 2 && part.chars().all(|letter| letter.is_ascii_lowercase());
    matches!(number.as_bytes(), [digit] if digit.is_ascii_digit()) && words.iter().all(is_word)
}

/// The ARN of the key or alias that a bucket's default encryption names. A bare id or alias is one
/// of the bucket's Region, and of the account that asks (S3 API reference,
/// ServerSideEncryptionByDefault, copy of 2026).
pub fn kms_key_arn(region: &str, account: &str, written: &str) -> String {
    if written.starts_with("arn:") {
        return written.to_owned();
    }
    let resource = if written.starts_with("alias/") {
        written.to_owned()
    } else {
        format!("key/{written}")
    };
    format!(
        "arn:{}:kms:{region}:{account}:{resource}",
        partition(region)
    )
}

/// The key that a bucket's default encryption names, when it is one that can be asked about: not
/// where it is the AWS managed `aws/s3`, which is always there and usable, and not without KMS.
pub fn named_key(
    region: &str,
    account: &str,
    algorithm: Option<&str>,
    written: Option<&str>,
) -> Option<String> {
    algorithm.filter(|algorithm| algorithm.starts_with("aws:kms"))?;
    let arn = kms_key_arn(region, account, written.filter(|key| !key.is_empty())?);
    (!arn.ends_with(":alias/aws/s3")).then_some(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_ways_to_name_a_key() {
        let arn = |written| kms_key_arn("eu-west-1", "111122223333", written);
        assert_eq!(
            arn("1234abcd-0000-4000-8000-000000000000"),
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-0000-4000-8000-000000000000"
        );
        assert_eq!(
            arn("alias/data"),
            "arn:aws:kms:eu-west-1:111122223333:alias/data"
        );
        for whole in [
            "arn:aws:kms:eu-west-1:444455556666:key/mrk-1",
            "arn:aws:kms:eu-west-1:444455556666:alias/data",
        ] {
            assert_eq!(arn(whole), whole);
        }
        assert!(kms_key_arn("cn-north-1", "1", "k").starts_with("arn:aws-cn:kms:cn-north-1:"));
    }

    #[test]
    fn the_name_of_a_bucket_says_whose_it_is_in_the_account_regional_namespace_alone() {
        for (name, account) in [
            ("logs-111122223333-us-east-1-an", Some("111122223333")),
            ("a-b-111122223333-us-gov-west-1-an", Some("111122223333")),
            ("logs-111122223333-ap-southeast-5-an", Some("111122223333")),
            ("111122223333-us-east-1-an", None),
            ("-111122223333-us-east-1-an", None),
            ("logs-11112222333-us-east-1-an", None),
            ("logs-111122223333-us-east-an", None),
            ("logs-111122223333-us-east-1", None),
            ("logs-111122223333-an", None),
            ("an", None),
        ] {
            assert_eq!(account_of_bucket_name(name), account, "{name}");
        }
    }

    #[test]
    fn only_a_named_key_is_asked_about() {
        let key = |algorithm, written| named_key("eu-west-1", "1", Some(algorithm), written);
        assert_eq!(key("AES256", Some("k")), None);
        assert_eq!(key("aws:kms", None), None);
        assert_eq!(key("aws:kms", Some("")), None);
        assert_eq!(key("aws:kms", Some("alias/aws/s3")), None);
        assert!(key("aws:kms:dsse", Some("k")).is_some());
    }
}
