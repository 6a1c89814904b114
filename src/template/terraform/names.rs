//! What an attribute of a resource reads, where it follows from the resource's name: names and ARNs.
//! Parts that are not known are symbols.

use super::address::ResourceAddress;
use super::functions::{FunctionJoin, function_join, published_version};
use super::instances::PlannedResource;
use super::reader::{BucketJoin, Plan, ResourceReader, is_bucket_setting};
use crate::inventory::ids::{
    access_point_arn, bucket_arn, function_arn, kms_key_arn, partition, trail_arn,
};
use crate::template::build::{UNKNOWN_ACCOUNT, UNKNOWN_REGION};
use crate::template::policy::ORIGIN_ACCESS_IDENTITY;
use crate::template::value::fixed_symbol;

/// The resources that are KMS keys.
pub(super) const KEYS: [&str; 4] = [
    "aws_kms_key",
    "aws_kms_external_key",
    "aws_kms_replica_key",
    "aws_kms_replica_external_key",
];

/// How far attributes are followed from one resource to another.
const DEPTH: usize = 8;

/// What an attribute of a resource is: a text of which the unknown parts are symbols, equal for equal
/// attributes.
pub(super) fn symbol(
    plan: &Plan<'_>,
    address: &ResourceAddress,
    attribute: &str,
    depth: usize,
) -> String {
    let whole = || match attribute {
        "" => fixed_symbol(&address.to_string()),
        _ => fixed_symbol(&format!("{address}.{attribute}")),
    };
    let Some(resource) = plan.instances.get(address) else {
        let region = plan.region.as_deref().unwrap_or(UNKNOWN_REGION);
        let account = plan.account.as_deref().unwrap_or(UNKNOWN_ACCOUNT);
        let name = || fixed_symbol(&address.to_string());
        return other_arn(&address.kind, attribute, region, account, name).unwrap_or_else(whole);
    };
    let reader = plan.reader(resource);
    if let Some(known) = reader.known_text(attribute) {
        return known;
    }
    let place = AttributePlace {
        plan,
        reader,
        address,
        attribute,
    };
    place
        .of_bucket(resource, depth)
        .or_else(|| place.of_function(depth))
        .or_else(|| place.of_identity())
        .or_else(|| place.of_key(depth))
        .or_else(|| place.arn())
        .unwrap_or_else(whole)
}

/// The value of an argument that names a resource: as written, or a symbol for it.
pub(super) fn name_of(plan: &Plan<'_>, address: &ResourceAddress, argument: &str) -> String {
    plan.instances
        .get(address)
        .and_then(|resource| plan.reader(resource).known_text(argument))
        .unwrap_or_else(|| fixed_symbol(&address.to_string()))
}

struct AttributePlace<'p> {
    plan: &'p Plan<'p>,
    reader: ResourceReader<'p>,
    address: &'p ResourceAddress,
    attribute: &'p str,
}

impl AttributePlace<'_> {
    fn region(&self) -> String {
        self.plan
            .region_of(&self.reader)
            .or_else(|| self.plan.region.clone())
            .unwrap_or_else(|| UNKNOWN_REGION.to_owned())
    }

    fn account(&self) -> &str {
        self.plan.account.as_deref().unwrap_or(UNKNOWN_ACCOUNT)
    }

    fn name(&self, argument: &str) -> String {
        name_of(self.plan, self.address, argument)
    }

    fn of_bucket(&self, resource: &PlannedResource, depth: usize) -> Option<String> {
        let kind = self.address.kind.as_str();
        match (kind, self.attribute) {
            ("aws_s3_bucket", "id" | "bucket" | "") => Some(self.name("bucket")),
            ("aws_s3_bucket", "arn") => {
                Some(bucket_arn(self.plan.partition(), &self.name("bucket")))
            }
            ("aws_s3_access_point", "arn") => {
                let name = self.name("name");
                Some(access_point_arn(&self.region(), self.account(), &name))
            }
            (_, "id" | "bucket" | "") if is_bucket_setting(kind) && depth < DEPTH => {
                match self.plan.reader(resource).bucket_join("bucket", depth + 1) {
                    BucketJoin::Bucket(bucket) => Some(name_of(self.plan, &bucket, "bucket")),
                    BucketJoin::Elsewhere(name) => Some(name),
                    BucketJoin::Open(..) => None,
                }
            }
            _ => None,
        }
    }

    fn of_function(&self, depth: usize) -> Option<String> {
        match (self.address.kind.as_str(), self.attribute) {
            ("aws_lambda_function", "function_name" | "id" | "") => {
                Some(self.name("function_name"))
            }
            ("aws_lambda_function", "arn") => Some(function_arn(
                &self.region(),
                self.account(),
                &self.name("function_name"),
            )),
            ("aws_lambda_function", "version") => Some(self.version()),
            ("aws_lambda_function", "qualified_arn") => Some(format!(
                "{}:{}",
                function_arn(&self.region(), self.account(), &self.name("function_name")),
                self.version()
            )),
            ("aws_lambda_alias", "name") => Some(self.name("name")),
            ("aws_lambda_alias", "arn" | "id" | "") if depth < DEPTH => {
                let joined = function_join(&self.reader, "function_name", depth + 1);
                let FunctionJoin::Function(function, _) = joined else {
                    return None;
                };
                let function = name_of(self.plan, &function, "function_name");
                let arn = function_arn(&self.region(), self.account(), &function);
                Some(format!("{arn}:{}", self.name("name")))
            }
            _ => None,
        }
    }

    fn version(&self) -> String {
        published_version(&self.reader).unwrap_or_else(|| "$LATEST".to_owned())
    }

    fn of_identity(&self) -> Option<String> {
        let kind = self.address.kind.strip_prefix("aws_iam_")?;
        if !matches!(kind, "role" | "user" | "group" | "policy") {
            return None;
        }
        match self.attribute {
            "name" => Some(self.name("name")),
            "id" | "" if kind != "policy" => Some(self.name("name")),
            "arn" | "id" | "" => {
                let path = self
                    .reader
                    .known_text("path")
                    .unwrap_or_else(|| "/".to_owned());
                Some(format!(
                    "arn:{}:iam::{}:{kind}{path}{}",
                    self.plan.partition(),
                    self.account(),
                    self.name("name")
                ))
            }
            _ => None,
        }
    }

    fn of_key(&self, depth: usize) -> Option<String> {
        let id = fixed_symbol(&self.address.to_string());
        match (self.address.kind.as_str(), self.attribute) {
            (kind, attribute) if KEYS.contains(&kind) => match attribute {
                "arn" => Some(kms_key_arn(&self.region(), self.account(), &id)),
                "id" | "key_id" | "" => Some(id),
                _ => None,
            },
            ("aws_kms_alias", "name" | "id" | "") => Some(self.name("name")),
            ("aws_kms_alias", "arn") => {
                let name = self.name("name");
                Some(kms_key_arn(&self.region(), self.account(), &name))
            }
            ("aws_kms_alias", "target_key_arn" | "target_key_id") if depth < DEPTH => {
                let written = self.reader.expression("target_key_id");
                self.reader
                    .single_symbol(written, super::is_relevant, depth + 1)
            }
            ("aws_cloudtrail", "arn" | "id") => {
                let name = self.name("name");
                Some(trail_arn(&self.region(), self.account(), &name))
            }
            _ => None,
        }
    }

    /// An ARN of another service, in the form that conditions on ARNs need.
    fn arn(&self) -> Option<String> {
        other_arn(
            &self.address.kind,
            self.attribute,
            &self.region(),
            self.account(),
            || fixed_symbol(&self.address.to_string()),
        )
    }
}

/// An ARN of a resource that is not read: the service and the account are known, the rest is a symbol.
pub(super) fn other_arn(
    kind: &str,
    attribute: &str,
    region: &str,
    account: &str,
    resource: impl FnOnce() -> String,
) -> Option<String> {
    let partition = partition(region);
    if kind == "aws_cloudfront_origin_access_identity" {
        let id = || format!("{ORIGIN_ACCESS_IDENTITY}{}", resource());
        return match attribute {
            "iam_arn" => Some(format!("arn:{partition}:iam::cloudfront:user/{}", id())),
            "s3_canonical_user_id" => Some(id()),
            _ => None,
        };
    }
    if !matches!(attribute, "arn" | "execution_arn" | "source_arn") {
        return None;
    }
    let service = match kind.strip_prefix("aws_")? {
        "cloudwatch_log_group" => "logs",
        kind if kind.starts_with("cloudwatch_event_") => "events",
        kind if kind.starts_with("cloudwatch_") => "cloudwatch",
        kind if kind.starts_with("api_gateway") || kind.starts_with("apigatewayv2") => {
            "execute-api"
        }
        kind if kind.starts_with("cognito_user") => "cognito-idp",
        kind if kind.starts_with("lb") || kind.starts_with("alb") => "elasticloadbalancing",
        kind if kind.starts_with("sfn_") => "states",
        kind if kind.starts_with("msk_") => "kafka",
        kind => kind.split('_').next()?,
    };
    let region = if service == "cloudfront" { "" } else { region };
    Some(format!(
        "arn:{partition}:{service}:{region}:{account}:{}",
        resource()
    ))
}
