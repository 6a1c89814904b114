//! From what the search found to a request that anyone can replay.
//!
//! The request holds what the policy looks at and nothing else: every other key is absent from it,
//! and so it is exactly what `policy evaluate` takes.

use std::collections::BTreeMap;

use super::atom::KeyValue;
use super::caller::{CallerClass, CallerShape, PrincipalKind};
use super::dpll::RequestModel;
use super::keys;
use super::numeric;
use super::questions::FixedKeys;
use super::value::Values;
use super::vocabulary::{RESOURCE, Vocabulary};
use crate::contract::{ContextValue, Request, RequestPrincipal};

/// The request; none for a caller that has no ARN to write down.
pub(super) fn request(
    policy: &Vocabulary,
    owner: &str,
    shape: &CallerShape,
    action: &str,
    model: &RequestModel,
    fixed: &FixedKeys,
) -> Option<Request> {
    let resource = match model.values.get(RESOURCE)? {
        KeyValue::One(resource) => resource.clone(),
        _ => return None,
    };
    let mut context = BTreeMap::new();
    let keys = policy.keys.iter().zip(&policy.written);
    for ((key, name), value) in keys.zip(&model.values).skip(policy.reserved()) {
        let value = match value {
            KeyValue::Absent => continue,
            KeyValue::One(value) => ContextValue::One(value.clone()),
            KeyValue::Many(values) => ContextValue::Many(values.clone()),
            KeyValue::Unclear => return None,
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
            context.insert(keys::written(key), ContextValue::One(fixed));
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
        action: action.to_owned(),
        resource,
        resource_account: owner.to_owned(),
        context,
    })
}

fn principal(
    policy: &Vocabulary,
    shape: &CallerShape,
    model: &RequestModel,
) -> Option<RequestPrincipal> {
    let value = |key: &str| match policy
        .position(key)
        .and_then(|position| model.values.get(position))
    {
        Some(KeyValue::One(value)) => Some(value.as_str()),
        _ => None,
    };
    if let CallerClass::Provider(provider) = &shape.caller {
        let class = provider.class(policy, value("aws:federatedprovider"));
        return Some(RequestPrincipal::Class(class));
    }
    let CallerClass::Aws {
        account: Some(account),
        kind,
        name,
        session,
        ..
    } = &shape.caller
    else {
        return shape.caller.class().map(RequestPrincipal::Class);
    };
    let (name, session) = (name.as_deref(), session.as_deref());
    let partition = policy.partition;
    let fallback = policy.unnamed_principal();
    let arn = value("aws:principalarn");
    Some(RequestPrincipal::Arn(match kind {
        PrincipalKind::Root => format!("arn:{partition}:iam::{account}:root"),
        PrincipalKind::User => match arn {
            Some(arn) => arn.to_owned(),
            None => {
                let name = name.or_else(|| value("aws:username")).unwrap_or(&fallback);
                format!("arn:{partition}:iam::{account}:user/{name}")
            }
        },
        PrincipalKind::Federated => match arn {
            Some(arn) => arn.to_owned(),
            None => format!(
                "arn:{partition}:sts::{account}:federated-user/{}",
                name.unwrap_or(&fallback)
            ),
        },
        PrincipalKind::Role => {
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
