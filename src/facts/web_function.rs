//! Lambda Web Functions: who reaches their endpoints, and where their code is kept.
//!
//! An endpoint with AuthType `ApplicationManaged` hands every request to the code, and its resource
//! policy does not count. With `IamAuth` a caller of the account needs `lambda:InvokeWebFunctionEndpoint`
//! by its identity or by the resource policy, one of another account by both; statements may name single
//! endpoints (Lambda developer guide, "Lambda Web Function endpoint access control", 2026-11). The prover
//! answers whether the policy allows callers whom it does not name.
//!
//! A revision names the object in S3 that holds its code, which must stay, as that of a function whose code
//! is stored by reference (`src/facts/function/code.rs`).

use std::collections::BTreeSet;

use schemars::JsonSchema;

use super::fact::{Fact, from_reading};
use super::function::code::is_own;
use super::group::FactValue;
use super::lambda_policy::{LambdaPolicy, RequestSite, UNREADABLE, services_spoken_of};
use super::subject::{Facts, Subject, SubjectView, UNKNOWN, UNLISTED, unlisted};
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::archive::StoredCode;
use crate::inventory::ids::{SubjectKind, web_function_arn};
use crate::inventory::need::ReadingKind;
use crate::inventory::readings::is_whole;
use crate::inventory::web_function::{
    APPLICATION_MANAGED, WebEndpoint, WebFunctionInventory, WebRevision,
};
use coldbucket_policy::prove::{Callers, KeyFact};
use coldbucket_policy::{Policy, PolicyKind};

const INVOKE: &str = "lambda:InvokeWebFunctionEndpoint";

/// The service that signs requests of its viewers for an endpoint (origin access control).
const CLOUDFRONT: &str = "cloudfront.amazonaws.com";

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
    /// The revisions that its endpoints serve, in the order of their ids.
    #[needs(own(WebFunctionEndpoints), own(WebFunctionRevisions))]
    pub revisions: Fact<Vec<WebRevisionFacts>>,
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
    /// It serves requests. Not decidable for a state that is not known.
    pub active: Fact<bool>,
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

/// A revision that an endpoint serves; `item` in checks over `web_function.revisions`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct WebRevisionFacts {
    /// Its id.
    pub id: String,
    /// The bucket that holds its code; empty where AWS names none.
    pub bucket: String,
    /// The object's version is named, so that another object cannot take its place. True where AWS names no
    /// object.
    pub versioned: bool,
    /// The bucket is one of the account's. True where AWS names no object.
    #[needs(own(BucketListing))]
    pub own: Fact<bool>,
}

impl WebFunctionFacts {
    fn derive(
        id: &Subject,
        function: &WebFunctionInventory,
        account: &AccountInventory,
        site: RequestSite<'_>,
    ) -> Self {
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
            revisions: revisions(function, account),
        }
    }
}

/// The revisions that are served. One that an endpoint names and the answers lack leaves them unknown.
fn revisions(
    function: &WebFunctionInventory,
    account: &AccountInventory,
) -> Fact<Vec<WebRevisionFacts>> {
    let served = from_reading(
        ReadingKind::WebFunctionEndpoints,
        &function.endpoints,
        BTreeSet::new,
        |_| function.served_revisions().unwrap_or_default(),
    );
    let read = from_reading(
        ReadingKind::WebFunctionRevisions,
        &function.revisions.as_ref(),
        || None,
        |revisions| Some(*revisions),
    );
    served.and_then(|served| {
        if served.is_empty() {
            return Fact::Known(Vec::new());
        }
        read.and_then(|read| {
            let facts = served.into_iter().map(|id| {
                let revision = read.and_then(|read| read.get(id))?;
                Some(WebRevisionFacts::derive(id, revision, account))
            });
            facts.collect::<Option<Vec<_>>>().map_or_else(
                || Fact::undecidable("a revision that an endpoint serves was not read"),
                Fact::Known,
            )
        })
    })
}

impl WebRevisionFacts {
    fn derive(id: &str, revision: &WebRevision, account: &AccountInventory) -> Self {
        let stored = revision.stored_in.as_ref();
        Self {
            id: id.to_owned(),
            bucket: stored.map_or_else(String::new, |stored| stored.bucket.clone()),
            versioned: stored.is_none_or(StoredCode::names_a_version),
            own: stored.map_or(Fact::Known(true), |stored| is_own(account, &stored.bucket)),
        }
    }
}

impl WebEndpointFacts {
    fn derive(
        endpoint: &WebEndpoint,
        policy: &Fact<Option<Policy>>,
        site: RequestSite<'_>,
    ) -> Self {
        let active = endpoint.is_active().map_or_else(
            || {
                let state = &endpoint.state;
                Fact::undecidable(format!(
                    "whether an endpoint in state {state} serves is not known"
                ))
            },
            Fact::Known,
        );
        let by_iam = match endpoint.auth_type.as_str() {
            APPLICATION_MANAGED => Fact::Known(false),
            "IamAuth" => Fact::Known(true),
            other => Fact::undecidable(format!("what AuthType {other} checks is not known")),
        };
        let checked = active.clone().and(by_iam.clone());
        let ask = |policy: &Policy, callers: &Callers| {
            // An endpoint of several Regions gets requests in each.
            let regions = match endpoint.regions.as_slice() {
                [] => vec![site.region.to_owned()],
                regions => regions.to_vec(),
            };
            let known = [("aws:requestedregion", KeyFact::OneOf(regions))];
            LambdaPolicy::new(policy, site).allows(callers, &[INVOKE], &endpoint.arn, &known)
        };
        let any_account = asked(&checked, policy, Fact::Known(false), |policy| {
            ask(policy, &Callers::AnyAccount)
        });
        let confused_deputies = asked(&checked, policy, Fact::Known(String::new()), |policy| {
            deputies(policy, |service| ask(policy, service)).map(|services| services.join(", "))
        });
        Self {
            name: endpoint.name.clone(),
            auth_type: endpoint.auth_type.clone(),
            kind: endpoint.kind.clone(),
            open: active.clone().and(by_iam.negate()),
            active,
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
fn deputies(policy: &Policy, allows: impl Fn(&Callers) -> Fact<bool>) -> Fact<Vec<String>> {
    if !policy.is_sound() {
        return Fact::undecidable(UNREADABLE);
    }
    Fact::those(services_spoken_of(policy, CLOUDFRONT), |service| {
        allows(&Callers::Service(service.clone()))
    })
}

impl<'a> SubjectView<'a> for WebFunctionFacts {
    fn list(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
        let subject = |region: &str, name: &str, arn: &str, unlisted| {
            let arn = match arn {
                "" => web_function_arn(region, id, name),
                arn => arn.to_owned(),
            };
            Subject::named(SubjectKind::WebFunction, (id, region), name, arn, unlisted)
        };
        let mut subjects = Vec::new();
        for (region, inventory) in &account.regions {
            // One that was deleted while the account was read is no subject.
            let whole = is_whole(&inventory.web_function_listing);
            let functions = inventory
                .web_functions
                .iter()
                .filter(|(_, function)| !(whole && function.does_not_exist()));
            subjects.extend(
                functions.map(|(name, function)| subject(region, name, &function.arn, Vec::new())),
            );
            // Snapshots from before Web Functions were read, and files of templates, say nothing of them.
            if complete && inventory.web_function_listing == Reading::NotCollected {
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
        if account.regions.is_empty() {
            let because = from_reading(
                ReadingKind::RegionListing,
                &account.region_listing,
                || (),
                |_| (),
            );
            let not_asked = account.region_listing == Reading::NotCollected && complete;
            if !not_asked && !because.because().is_empty() {
                subjects.push(subject(UNKNOWN, UNLISTED, "", because.because().to_vec()));
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
        Some(Self::derive(subject, function, account, site))
    }
}
