//! A found request as a sentence that a reviewer understands.

use crate::contract::{PrincipalClass, Request, RequestPrincipal};
use crate::document::Statement;

/// Actions that say more to a reader than a name that was made up, tried where an action is free:
/// first those of the service, then any.
const TELLING: [&str; 40] = [
    "iam:CreateAccessKey",
    "iam:PassRole",
    "sts:AssumeRole",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
    "lambda:GetFunction",
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "sns:Publish",
    "sns:Subscribe",
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "ec2:DescribeInstances",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:StartSession",
    "rds:CreateDBSnapshot",
    "ecr:BatchGetImage",
    "ecs:RunTask",
    "logs:PutLogEvents",
    "events:PutEvents",
    "states:StartExecution",
    "cloudformation:CreateStack",
    "cloudformation:DeleteStack",
    "cloudtrail:StopLogging",
    "organizations:LeaveOrganization",
    "route53:ChangeResourceRecordSets",
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRoleWithSAML",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "kms:CreateGrant",
    "kms:PutKeyPolicy",
    "kms:Encrypt",
    "lambda:AddPermission",
    "iam:CreateRole",
];

/// Replaces a name that was made up by an action that readers know, where `stands` says that it is as
/// good.
pub(super) fn make_readable(request: &mut Request, mut stands: impl FnMut(&Request) -> bool) {
    let known = |action: &str| action.starts_with("s3:") || action.chars().any(char::is_uppercase);
    if known(&request.action) {
        return;
    }
    let service = request
        .action
        .split(':')
        .next()
        .unwrap_or_default()
        .to_owned();
    let of_service = |action: &&&str| action.split(':').next() == Some(service.as_str());
    let candidates = TELLING
        .iter()
        .filter(of_service)
        .chain(TELLING.iter().filter(|action| !of_service(action)));
    for action in candidates {
        let other = Request {
            action: (*action).to_owned(),
            ..request.clone()
        };
        if stands(&other) {
            *request = other;
            return;
        }
    }
}

/// What a statement allows now, and why the old policy did not.
pub(super) fn because(
    allow: &Statement,
    denied_by: Option<&Statement>,
    request: Option<&Request>,
) -> String {
    let what = match request {
        Some(request) => format!(
            "NEW lets {} {}",
            who(&request.principal),
            deed(&request.action, &request.resource)
        ),
        None => format!("NEW lets an account that {} names act", named(allow)),
    };
    match denied_by {
        Some(deny) => format!("{what}; OLD denied it ({})", named(deny)),
        None => format!("{what}; no Allow statement of OLD matches that"),
    }
}

fn named(statement: &Statement) -> String {
    match &statement.sid {
        Some(sid) => format!("statement {}, {sid}", statement.index),
        None => format!("statement {}", statement.index),
    }
}

/// The caller.
fn who(principal: &RequestPrincipal) -> String {
    match principal {
        RequestPrincipal::Class(PrincipalClass::Anonymous) => "anyone on the internet".to_owned(),
        RequestPrincipal::Class(PrincipalClass::Service { name }) => format!("the service {name}"),
        RequestPrincipal::Class(PrincipalClass::Federated { name }) => {
            format!("identities of the provider {name}")
        }
        RequestPrincipal::Arn(arn) => {
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            let (Some(account), Some(rest)) = (parts.get(4), parts.get(5)) else {
                return arn.clone();
            };
            match rest.split_once('/') {
                None => format!("the root user of account {account}"),
                Some(("assumed-role", name)) => {
                    let role = name.split('/').next().unwrap_or(name);
                    format!("the role {role} of account {account}")
                }
                Some((kind, name)) => format!("the {kind} {name} of account {account}"),
            }
        }
    }
}

/// What is done.
fn deed(action: &str, resource: &str) -> String {
    let object = resource
        .split_once(":s3:::")
        .and_then(|(_, path)| path.split_once('/'));
    let verb = match action {
        "s3:GetObject" => "read",
        "s3:PutObject" => "write",
        "s3:DeleteObject" => "delete",
        _ => return format!("call {action} on {resource}"),
    };
    match object {
        Some((bucket, key)) => format!("{verb} the object {key} of bucket {bucket}"),
        None => format!("call {action} on {resource}"),
    }
}
