//! From what the search found to a request that anybody can replay.
//!
//! The request holds what the policy looks at and nothing else: every other key is absent from it,
//! and so it is exactly what `policy evaluate` takes.

use std::collections::BTreeMap;

use super::atom::Value;
use super::caller::{Caller, Kind, Shape};
use super::compile::Compiled;
use super::dpll::Model;
use super::numeric;
use super::questions::Fixed;
use super::scene::Stage;
use super::value::Values;
use crate::catalogue::Action;
use crate::contract::{ContextValue, PrincipalClass, Request, RequestPrincipal};
use crate::document::Principal;

/// A name for a user or role that no statement names.
pub(super) fn unnamed(policy: &Compiled) -> String {
    let taken = |name: &str| {
        policy.principals.iter().any(|principal| {
            matches!(principal, Principal::Arn(arn) if arn.name.split('/').any(|part| part == name))
        })
    };
    let mut name = "someone".to_owned();
    while taken(&name) {
        name.push('1');
    }
    name
}

/// The request; none for a caller that has no ARN to write down.
pub(super) fn request(
    stage: Stage<'_>,
    shape: &Shape,
    action: &Action,
    model: &Model,
    fixed: &Fixed,
) -> Option<Request> {
    let policy = stage.policy;
    let resource = match model.values.first()? {
        Value::One(resource) => resource.clone(),
        _ => return None,
    };
    let mut context = BTreeMap::new();
    let keys = policy.keys.iter().zip(&policy.written);
    for ((key, name), value) in keys.zip(&model.values).skip(1) {
        let value = match value {
            Value::Absent => continue,
            Value::One(value) => ContextValue::One(value.clone()),
            Value::Many(values) => ContextValue::Many(values.clone()),
            Value::Unclear => return None,
        };
        if key == "aws:currenttime"
            && let ContextValue::One(time) = &value
        {
            let seconds = numeric::parse_date(time)?;
            context.insert(
                "aws:EpochTime".to_owned(),
                ContextValue::One(numeric::write(seconds)),
            );
        }
        context.insert(name.clone(), value);
    }
    for (key, domain) in fixed {
        let fixed = match &domain.values {
            Values::Of(values) if !domain.optional => values.first().cloned(),
            Values::Number(line) => Some(numeric::write(line.min)),
            _ => None,
        };
        if let Some(fixed) = fixed
            && policy.position(key).is_none()
        {
            context.insert(written(key), ContextValue::One(fixed));
        }
    }
    // What comes through an endpoint says so, whether the policy looks at it or not.
    if shape.endpoint && policy.position("aws:sourcevpce").is_none() {
        context.insert(
            "aws:SourceVpce".to_owned(),
            ContextValue::One("vpce-0123456789abcdef0".to_owned()),
        );
    }
    Some(Request {
        principal: principal(policy, shape, model)?,
        action: action.name.clone(),
        resource,
        resource_account: stage.place.owner.clone(),
        context,
    })
}

fn principal(policy: &Compiled, shape: &Shape, model: &Model) -> Option<RequestPrincipal> {
    let (account, kind, name, session) = match &shape.caller {
        Caller::Anonymous => return Some(RequestPrincipal::Class(PrincipalClass::Anonymous)),
        Caller::Service(name) => {
            return Some(RequestPrincipal::Class(PrincipalClass::Service {
                name: name.to_string(),
            }));
        }
        Caller::Aws {
            account: Some(account),
            kind,
            name,
            session,
            ..
        } => (account, *kind, name.as_deref(), session.as_deref()),
        Caller::Aws { account: None, .. } | Caller::Canonical(_) => return None,
    };
    let value = |key: &str| match policy
        .position(key)
        .and_then(|position| model.values.get(position))
    {
        Some(Value::One(value)) => Some(value.as_str()),
        _ => None,
    };
    let partition = policy.partition;
    let fallback = unnamed(policy);
    let arn = value("aws:principalarn");
    Some(RequestPrincipal::Arn(match kind {
        Kind::Root => format!("arn:{partition}:iam::{account}:root"),
        Kind::User => match arn {
            Some(arn) => arn.to_owned(),
            None => {
                let name = name.or_else(|| value("aws:username")).unwrap_or(&fallback);
                format!("arn:{partition}:iam::{account}:user/{name}")
            }
        },
        Kind::Federated => match arn {
            Some(arn) => arn.to_owned(),
            None => format!(
                "arn:{partition}:sts::{account}:federated-user/{}",
                name.unwrap_or(&fallback)
            ),
        },
        Kind::Role => {
            let name = arn
                .or(name)
                .and_then(|path| path.rsplit('/').next())
                .unwrap_or(&fallback);
            let session = session
                .or_else(|| {
                    value("aws:userid").and_then(|id| id.split_once(':').map(|(_, name)| name))
                })
                .unwrap_or("session");
            format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
        }
    }))
}

/// A key as AWS writes it; the part that a user chose stays as it is.
pub(super) fn written(key: &str) -> String {
    for (family, written) in FAMILIES {
        if let Some(rest) = key.strip_prefix(family) {
            return format!("{written}{rest}");
        }
    }
    NAMES
        .iter()
        .find(|name| name.eq_ignore_ascii_case(key))
        .map_or_else(|| key.to_owned(), |name| (*name).to_owned())
}

const FAMILIES: [(&str, &str); 6] = [
    ("aws:principaltag/", "aws:PrincipalTag/"),
    ("aws:requesttag/", "aws:RequestTag/"),
    ("aws:resourcetag/", "aws:ResourceTag/"),
    ("s3:existingobjecttag/", "s3:ExistingObjectTag/"),
    ("s3:requestobjecttag/", "s3:RequestObjectTag/"),
    ("s3:buckettag/", "s3:BucketTag/"),
];

/// Keys that are not in lower case (IAM user guide, "AWS global condition context keys", and the
/// Service Authorization Reference, 2026-09).
const NAMES: [&str; 57] = [
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:PrincipalType",
    "aws:Referer",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceOwner",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:PrincipalTag",
    "s3:AccessGrantsInstanceArn",
    "s3:AccessPointNetworkOrigin",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:InventoryAccessibleOptionalFields",
    "s3:ObjectCreationOperation",
    "s3:RequestObjectTagKeys",
    "s3:ResourceAccount",
    "s3:TlsVersion",
    "s3:VersionId",
    "s3:authType",
    "s3:destinationRegion",
    "s3:isReplicationPauseRequest",
    "s3:signatureAge",
    "s3:signatureversion",
    "aws:Ec2InstanceSourceVpc",
];
