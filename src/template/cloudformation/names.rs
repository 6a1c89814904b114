//! What `Ref` and `Fn::GetAtt` give for a resource.
//!
//! From the "Return values" of each resource's page in the CloudFormation template reference (copies of
//! 2026). A name that AWS generates is a fixed symbol: one value, whose text is not known.

use super::super::policy::ORIGIN_ACCESS_IDENTITY;
use super::super::value::{TemplateNode, fixed_symbol, has_open_symbol};
use super::evaluate::Evaluation;
use super::web_functions::web_function_name;

/// The property that holds a resource's name.
const NAMES: &[(&str, &str)] = &[
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::S3::AccessPoint", "Name"),
    ("AWS::S3::MultiRegionAccessPoint", "Name"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::Lambda::Alias", "Name"),
    ("AWS::Lambda::WebFunction", "FunctionName"),
    ("AWS::Serverless::Function", "FunctionName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::KMS::Alias", "AliasName"),
    ("AWS::CloudTrail::Trail", "TrailName"),
    ("AWS::CloudTrail::EventDataStore", "Name"),
    ("AWS::Events::Rule", "Name"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::Config::ConfigurationRecorder", "Name"),
    ("AWS::Config::DeliveryChannel", "Name"),
    ("AWS::Config::ConfigRule", "ConfigRuleName"),
    ("AWS::Scheduler::Schedule", "Name"),
    ("AWS::Serverless::SimpleTable", "TableName"),
];

/// The type of a resource.
pub(super) fn kind(evaluation: &Evaluation<'_>, id: &str) -> String {
    evaluation
        .resource(id)
        .and_then(|resource| resource.get("Type")?.as_text())
        .unwrap_or_default()
}

/// The evaluated property of a resource, as text.
fn property(evaluation: &Evaluation<'_>, id: &str, name: &str) -> Option<String> {
    let property = evaluation.resource(id)?.get("Properties")?.get(name)?;
    evaluation
        .evaluate(property)?
        .as_text()
        .filter(|text| !text.is_empty())
}

/// The name of a resource, which is what `Ref` gives for most.
pub(super) fn name(evaluation: &Evaluation<'_>, id: &str) -> String {
    evaluation.remembered(format!("name {id}"), || {
        let kind = kind(evaluation, id);
        NAMES
            .iter()
            .find(|(known, _)| *known == kind)
            .and_then(|(_, name)| property(evaluation, id, name))
            .unwrap_or_else(|| fixed_symbol(&evaluation.address(id)))
    })
}

/// What `Ref` gives.
pub(super) fn reference(evaluation: &Evaluation<'_>, id: &str) -> String {
    match kind(evaluation, id).as_str() {
        // Their ARN.
        "AWS::IAM::ManagedPolicy"
        | "AWS::SNS::Topic"
        | "AWS::Lambda::LayerVersion"
        | "AWS::Serverless::LayerVersion"
        | "AWS::Lambda::Version"
        | "AWS::Lambda::Alias"
        | "AWS::Lambda::Url"
        | "AWS::StepFunctions::StateMachine"
        | "AWS::ElasticLoadBalancingV2::LoadBalancer"
        | "AWS::CertificateManager::Certificate"
        | "AWS::SecretsManager::Secret" => arn(evaluation, id),
        _ => name(evaluation, id),
    }
}

/// What a reference to a resource that SAM makes gives; none for a name that SAM does not make (SAM
/// developer guide, "Generated CloudFormation resources", copy of 2026). An empty attribute is that of
/// `Ref`.
pub(super) fn generated(
    evaluation: &Evaluation<'_>,
    made: &str,
    attribute: &str,
) -> Option<TemplateNode> {
    if !evaluation.is_sam() {
        return None;
    }
    let function = |id: &str| {
        (kind(evaluation, id) == "AWS::Serverless::Function").then(|| name(evaluation, id))
    };
    let has_role = |id: &str| {
        ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"]
            .contains(&kind(evaluation, id).as_str())
    };
    let alias = |id: &str| property(evaluation, id, "AutoPublishAlias");
    let qualified = |id: &str, qualifier: &str| {
        let arn = function_arn(evaluation, &function(id)?);
        Some(TemplateNode::text(format!("{arn}:{qualifier}")))
    };
    match made.split_once('.') {
        Some((id, "Alias")) => return qualified(id, &alias(id)?),
        Some((id, "Version")) => return qualified(id, &version(evaluation, id)),
        Some(_) => return None,
        None => {}
    }
    if let Some((id, suffix)) = made.split_once("Alias")
        && alias(id).as_deref() == Some(suffix)
    {
        return qualified(id, suffix);
    }
    if let Some(id) = made.strip_suffix("Role")
        && has_role(id)
    {
        let role = fixed_symbol(&evaluation.address(made));
        let (partition, account) = (evaluation.partition(), evaluation.account());
        return match attribute {
            "" => Some(TemplateNode::text(role)),
            "Arn" => Some(TemplateNode::text(format!(
                "arn:{partition}:iam::{account}:role/{role}"
            ))),
            _ => None,
        };
    }
    None
}

/// What `Fn::GetAtt` gives.
pub(super) fn attribute(evaluation: &Evaluation<'_>, id: &str, attribute: &str) -> TemplateNode {
    let kind = kind(evaluation, id);
    let symbol = || fixed_symbol(&format!("{}.{attribute}", evaluation.address(id)));
    match (kind.as_str(), attribute) {
        ("AWS::CloudFormation::Stack" | "AWS::Serverless::Application", _) => {
            let output = attribute.strip_prefix("Outputs.").unwrap_or(attribute);
            let known = evaluation
                .input
                .nested
                .get(id)
                .and_then(|outputs| outputs.get(output));
            return known.cloned().unwrap_or_else(|| {
                TemplateNode::undetermined(format!("{}.{attribute}", evaluation.address(id)))
            });
        }
        // A custom resource returns what it likes.
        (kind, _)
            if kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource" =>
        {
            return TemplateNode::undetermined(format!("{}.{attribute}", evaluation.address(id)));
        }
        _ => {}
    }
    let text = match (kind.as_str(), attribute) {
        ("AWS::KMS::Key" | "AWS::KMS::ReplicaKey", "KeyId") => name(evaluation, id),
        ("AWS::Lambda::Version", "Version") => version(evaluation, id),
        ("AWS::Lambda::WebFunctionRevision", "RevisionId") => revision(evaluation, id),
        (
            "AWS::Lambda::WebFunctionEndpoint" | "AWS::Lambda::WebFunctionRevision",
            "FunctionArn" | "EndpointArn" | "RevisionArn",
        ) => {
            let written = property(evaluation, id, "FunctionName").unwrap_or_default();
            let function = web_function_arn(evaluation, &web_function_name(&written));
            match attribute {
                "EndpointArn" => {
                    let name = property(evaluation, id, "EndpointName").unwrap_or_default();
                    format!("{function}/endpoint/{name}")
                }
                "RevisionArn" => format!("{function}/revision/{}", revision(evaluation, id)),
                _ => function,
            }
        }
        ("AWS::Lambda::Function" | "AWS::Serverless::Function", "Name")
        | ("AWS::SNS::Topic", "TopicName")
        | ("AWS::SQS::Queue", "QueueName")
        | ("AWS::S3::AccessPoint", "Name") => name(evaluation, id),
        ("AWS::CloudFront::CloudFrontOriginAccessIdentity", "S3CanonicalUserId") => {
            format!("{ORIGIN_ACCESS_IDENTITY}{}", name(evaluation, id))
        }
        ("AWS::S3::Bucket", "DomainName") => format!("{}.s3.amazonaws.com", name(evaluation, id)),
        ("AWS::S3::Bucket", "RegionalDomainName") => format!(
            "{}.s3.{}.amazonaws.com",
            name(evaluation, id),
            evaluation.region()
        ),
        (_, "Arn" | "TopicArn" | "AliasArn" | "FunctionArn" | "PolicyArn" | "RoleArn")
            if !kind.is_empty() =>
        {
            arn(evaluation, id)
        }
        _ => symbol(),
    };
    TemplateNode::text(text)
}

/// The version that an `AWS::Lambda::Version` publishes.
pub(super) fn version(evaluation: &Evaluation<'_>, id: &str) -> String {
    fixed_symbol(&format!("{}.Version", evaluation.address(id)))
}

/// The id of a revision of a Web Function.
pub(super) fn revision(evaluation: &Evaluation<'_>, id: &str) -> String {
    fixed_symbol(&format!("{}.RevisionId", evaluation.address(id)))
}

fn web_function_arn(evaluation: &Evaluation<'_>, name: &str) -> String {
    regional_arn(evaluation, "lambda", &format!("web-function/{name}"))
}

fn regional_arn(evaluation: &Evaluation<'_>, service: &str, resource: &str) -> String {
    format!(
        "arn:{}:{service}:{}:{}:{resource}",
        evaluation.partition(),
        evaluation.region(),
        evaluation.account()
    )
}

/// The ARN of a resource.
fn arn(evaluation: &Evaluation<'_>, id: &str) -> String {
    let kind = kind(evaluation, id);
    let name = name(evaluation, id);
    let partition = evaluation.partition();
    let account = evaluation.account();
    let regional = |service: &str, resource: String| regional_arn(evaluation, service, &resource);
    let iam = |resource: &str| {
        let path = property(evaluation, id, "Path").unwrap_or_else(|| "/".to_owned());
        format!("arn:{partition}:iam::{account}:{resource}{path}{name}")
    };
    match kind.as_str() {
        "AWS::S3::Bucket" => format!("arn:{partition}:s3:::{name}"),
        "AWS::S3::AccessPoint" => regional("s3", format!("accesspoint/{name}")),
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
            regional("lambda", format!("function:{name}"))
        }
        "AWS::Lambda::WebFunction" => web_function_arn(evaluation, &name),
        "AWS::Lambda::Url" => property(evaluation, id, "TargetFunctionArn")
            .map(|function| function_arn(evaluation, &function))
            .unwrap_or_else(|| fixed_symbol(&evaluation.address(id))),
        "AWS::Lambda::Version" => match property(evaluation, id, "FunctionName") {
            Some(function) => format!(
                "{}:{}",
                function_arn(evaluation, &function),
                version(evaluation, id)
            ),
            None => fixed_symbol(&evaluation.address(id)),
        },
        "AWS::Lambda::Alias" => match property(evaluation, id, "FunctionName") {
            Some(function) => format!("{}:{name}", function_arn(evaluation, &function)),
            None => fixed_symbol(&evaluation.address(id)),
        },
        "AWS::IAM::Role" => iam("role"),
        "AWS::IAM::User" => iam("user"),
        "AWS::IAM::Group" => iam("group"),
        "AWS::IAM::ManagedPolicy" => iam("policy"),
        "AWS::IAM::InstanceProfile" => iam("instance-profile"),
        "AWS::KMS::Key" | "AWS::KMS::ReplicaKey" => regional("kms", format!("key/{name}")),
        "AWS::KMS::Alias" => regional("kms", name),
        "AWS::CloudTrail::Trail" => regional("cloudtrail", format!("trail/{name}")),
        "AWS::Events::Rule" => regional("events", format!("rule/{name}")),
        "AWS::SNS::Topic" => regional("sns", name),
        "AWS::SQS::Queue" => regional("sqs", name),
        "AWS::DynamoDB::Table" => regional("dynamodb", format!("table/{name}")),
        "AWS::Logs::LogGroup" => regional("logs", format!("log-group:{name}:*")),
        _ => {
            let service = kind.split("::").nth(1).unwrap_or_default().to_lowercase();
            regional(&service, name)
        }
    }
}

/// The ARN of a function by a name or an ARN of it.
pub(super) fn function_arn(evaluation: &Evaluation<'_>, written: &str) -> String {
    if written.starts_with("arn:") || (has_open_symbol(written) && !written.contains(':')) {
        return written.to_owned();
    }
    format!(
        "arn:{}:lambda:{}:{}:function:{written}",
        evaluation.partition(),
        evaluation.region(),
        evaluation.account()
    )
}
