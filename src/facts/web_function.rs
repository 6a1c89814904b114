//! Lambda Web Functions: who reaches their endpoints.
//!
//! An endpoint with AuthType `ApplicationManaged` hands every request to the code, and its resource
//! policy does not count. With `IamAuth` a caller of the account needs `lambda:InvokeWebFunctionEndpoint`
//! by its identity or by the resource policy, one of another account by both; statements may name single
//! endpoints (Lambda developer guide, "Lambda Web Function endpoint access control", 2026-11). The prover
//! answers whether the policy allows callers whom it does not name.

use schemars::JsonSchema;

use super::fact::{Fact, from_reading};
use super::group::FactValue;
use super::lambda_policy::{LambdaPolicy, RequestSite};
use super::subject::{Facts, Subject, SubjectView, UNLISTED, unlisted};
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::ids::{ResourceId, SubjectKind, web_function_arn};
use crate::inventory::need::ReadingKind;
use crate::inventory::web_function::{APPLICATION_MANAGED, WebEndpoint, WebFunctionInventory};
use coldbucket_policy::document::{Effect, Principal};
use coldbucket_policy::prove::Callers;
use coldbucket_policy::{Policy, PolicyKind};

const INVOKE: &str = "lambda:InvokeWebFunctionEndpoint";

/// The facts of one Web Function; conditions see them as `web_function`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(WebFunctionListing))]
pub struct WebFunctionFacts {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// 12-digit id of the account.
    pub account: String,
    /// Its home Region.
    pub region: String,
    /// Its endpoints, in the order of their names.
    #[needs(own(WebFunctionEndpoints))]
    pub endpoints: Fact<Vec<WebEndpointFacts>>,
}

/// An endpoint; `item` in checks over `web_function.endpoints`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct WebEndpointFacts {
    /// Its name.
    pub name: String,
    /// `ApplicationManaged` or `IamAuth`.
    pub auth_type: String,
    /// `HomeRegion`, `MultiRegion` or `PerRegion`.
    pub kind: String,
    /// It serves requests.
    pub active: bool,
    /// Anyone on the internet reaches the code: Lambda checks no caller. Not decidable for an AuthType
    /// that is not known.
    pub open: Fact<bool>,
    /// Any AWS account may call it with signed requests.
    #[needs(own(WebFunctionPolicy))]
    pub any_account: Fact<bool>,
    /// The AWS services that may call it for any account: nothing ties the request to a resource or an
    /// account. In words; empty for none.
    #[needs(own(WebFunctionPolicy))]
    pub confused_deputies: Fact<String>,
}

impl WebFunctionFacts {
    fn derive(id: &Subject, function: &WebFunctionInventory, site: RequestSite<'_>) -> Self {
        let policy = from_reading(
            ReadingKind::WebFunctionPolicy,
            &function.policy.as_ref(),
            || None,
            |text| Some(Policy::parse(text, PolicyKind::Resource)),
        );
        let endpoints = from_reading(
            ReadingKind::WebFunctionEndpoints,
            &function.endpoints.as_ref(),
            Vec::new,
            |endpoints| {
                endpoints
                    .iter()
                    .map(|endpoint| WebEndpointFacts::derive(endpoint, &policy, site))
                    .collect()
            },
        );
        Self {
            name: id.id.name.clone(),
            arn: id.id.arn.clone(),
            account: id.id.account.clone(),
            region: id.id.region.clone(),
            endpoints,
        }
    }
}

impl WebEndpointFacts {
    fn derive(
        endpoint: &WebEndpoint,
        policy: &Fact<Option<Policy>>,
        site: RequestSite<'_>,
    ) -> Self {
        let active = endpoint.state == "Active";
        let by_iam = match endpoint.auth_type.as_str() {
            APPLICATION_MANAGED => Fact::Known(false),
            "IamAuth" => Fact::Known(true),
            other => Fact::undecidable(format!("what AuthType {other} checks is not known")),
        };
        let serves = Fact::Known(active);
        let checked = serves.clone().and(by_iam.clone());
        let any_account = asked(&checked, policy, Fact::Known(false), |policy| {
            let compiled = LambdaPolicy::new(policy, site);
            compiled.allows(&Callers::AnyAccount, &[INVOKE], &endpoint.arn, &[])
        });
        let confused_deputies = asked(&checked, policy, Fact::Known(String::new()), |policy| {
            deputies(policy, &endpoint.arn, site).map(|services| services.join(", "))
        });
        Self {
            name: endpoint.name.clone(),
            auth_type: endpoint.auth_type.clone(),
            kind: endpoint.kind.clone(),
            active,
            open: serves.and(by_iam.negate()),
            any_account,
            confused_deputies,
        }
    }
}

/// What a policy says of an endpoint that serves requests and checks them by IAM; `none` for others, and
/// without a policy.
fn asked<T: Clone>(
    checked: &Fact<bool>,
    policy: &Fact<Option<Policy>>,
    none: Fact<T>,
    answer: impl FnOnce(&Policy) -> Fact<T>,
) -> Fact<T> {
    checked.clone().and_then(|checked| {
        if !checked {
            return none.clone();
        }
        policy.as_ref().and_then(|policy| match policy {
            Some(policy) => answer(policy),
            None => none.clone(),
        })
    })
}

/// The services that the policy allows to call the endpoint on behalf of any account.
fn deputies(policy: &Policy, endpoint: &str, site: RequestSite<'_>) -> Fact<Vec<String>> {
    let mut services: Vec<&str> = policy
        .with_effect(Effect::Allow)
        .flat_map(|statement| statement.principal.iter())
        .filter(|element| !element.negated)
        .flat_map(|element| &element.items)
        .filter_map(|principal| match principal {
            Principal::Service(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    services.sort_unstable();
    services.dedup();
    let compiled = LambdaPolicy::new(policy, site);
    services
        .into_iter()
        .fold(Fact::Known(Vec::new()), |found, service| {
            let callers = Callers::Service(service.to_owned());
            found
                .zip(compiled.allows(&callers, &[INVOKE], endpoint, &[]))
                .map(|(mut found, any)| {
                    if any {
                        found.push(service.to_owned());
                    }
                    found
                })
        })
}

impl<'a> SubjectView<'a> for WebFunctionFacts {
    fn list(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
        let subject = |region: &str, name: &str, arn: &str, unlisted| Subject {
            id: ResourceId {
                kind: SubjectKind::WebFunction,
                name: name.to_owned(),
                arn: if arn.is_empty() {
                    web_function_arn(region, id, name)
                } else {
                    arn.to_owned()
                },
                account: id.to_owned(),
                region: region.to_owned(),
                address: None,
            },
            unlisted,
        };
        let mut subjects = Vec::new();
        for (region, inventory) in &account.regions {
            let functions = inventory.web_functions.iter();
            subjects.extend(
                functions.map(|(name, function)| subject(region, name, &function.arn, Vec::new())),
            );
            // Snapshots from before Web Functions were read, and files of templates, say nothing of them.
            if inventory.web_function_listing == Reading::NotCollected {
                continue;
            }
            let unlisted = unlisted(
                ReadingKind::WebFunctionListing,
                &inventory.web_function_listing,
                inventory.web_functions.is_empty(),
                complete,
            );
            if !unlisted.is_empty() {
                subjects.push(subject(region, UNLISTED, "", unlisted));
            }
        }
        subjects
    }

    fn view(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        let (account_id, account) = facts.account(&subject.id.account)?;
        let (region, inventory) = account.regions.get_key_value(&subject.id.region)?;
        let function = inventory.web_functions.get(&subject.id.name)?;
        let site = RequestSite {
            account: account_id,
            region,
            now: &facts.snapshot.taken_at,
        };
        Some(Self::derive(subject, function, site))
    }
}
