//! Who may call a function: its resource policies, one a qualifier, and its URLs.
//!
//! The prover answers whether a policy allows such a request: one of any identity of an account that the
//! policy does not name and that holds nothing the policy names, for URLs an unsigned one. It weighs
//! every Allow, Deny and condition, so that full policies (PutResourcePolicy, since 2026-07) need no
//! rules of their own. GetPolicy answers with the same document as GetResourcePolicy: both are written
//! by AddPermission and PutResourcePolicy (terraform-provider-aws, pull request 49866, 2026-09). Whether
//! a service serves another account's resource, the evaluator decides request by request.
//!
//! A function URL with `AuthType` NONE is open only if the policy says so too: it asks for
//! `lambda:InvokeFunctionUrl`, and URLs made since October 2025 for `lambda:InvokeFunction` as well
//! (Lambda developer guide, "Control access to Lambda function URLs", 2026 copy). Accounts that had
//! URLs before got a temporary exception, with the advice to add the second grant by 2026-11-01 (AWS's
//! notice of 2025-10-27); whether it ended that day AWS has not published. Requests that the URL answered
//! since then prove it: with `AuthType` NONE no request is signed, so each that got no 4xx was anyone's.
//! That all got a 4xx proves nothing, as the code itself may answer so. CloudWatch counts them since the
//! URL's settings last changed; when its policy last changed is not readable. With `AuthType` AWS_IAM the
//! same grants open the URL to every AWS account. Deleting a URL leaves the policy behind.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::context::{FunctionContext, LATEST};
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::facts::lambda_policy::{LambdaPolicy, RequestSite, UNREADABLE, services_spoken_of};
use crate::inventory::Reading;
use crate::inventory::function::{FunctionUrl, URL_CALLS_FROM, UrlCalls};
use crate::inventory::ids::{account_of_arn, partition};
use crate::inventory::need::ReadingKind;
use crate::report::policy::{ContextValue, Decision, PrincipalClass, Request, RequestPrincipal};
use coldbucket_policy::document::Effect;
use coldbucket_policy::evaluate::Policies;
use coldbucket_policy::prove::{Callers, KeyFact};
use coldbucket_policy::{Policy, PolicyKind};

/// The resource policy of one qualifier; `item` in checks over `function.policies`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct PolicyFacts {
    /// Alias or version; `$LATEST` for the function without a qualifier.
    pub qualifier: String,
    /// Any AWS account may do something with the function, other than through a URL with AuthType
    /// NONE.
    #[needs(own(FunctionUrls))]
    pub public: Fact<bool>,
    /// What any account may do, in words; empty for nothing.
    #[needs(own(FunctionUrls))]
    pub public_actions: Fact<String>,
    /// Anyone may call the URL of this qualifier, if there is one.
    pub opens_url: Fact<bool>,
    /// That grant is there and the URL is not: the next one that is made is open at once.
    #[needs(own(FunctionUrls))]
    pub left_behind: Fact<bool>,
    /// The AWS services that may call the function for any account: nothing ties the request to a
    /// resource or an account. In words; empty for none.
    pub confused_deputies: Fact<String>,
    /// Ids of the statements that alone let any account do something with the function, other than
    /// through a URL with AuthType NONE; not for conditions.
    #[schemars(skip)]
    pub public_statements: Vec<String>,
    /// Ids of the statements that alone let anyone call the URL, and allow other accounts nothing
    /// else; not for conditions.
    #[schemars(skip)]
    pub url_statements: Vec<String>,
}

/// A function URL; `item` in checks over `function.urls`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct UrlFacts {
    /// Alias; `$LATEST` for the function without a qualifier.
    pub qualifier: String,
    /// `NONE` or `AWS_IAM`.
    pub auth_type: String,
    /// Anyone on the internet may call it.
    #[needs(own(FunctionAliases), own(FunctionPolicies), own(FunctionUrlCalls))]
    pub open: Fact<bool>,
    /// It is open with one of the two grants that AWS asks for since October 2025: requests were answered
    /// after AWS's exception was to end.
    #[needs(own(FunctionAliases), own(FunctionPolicies), own(FunctionUrlCalls))]
    pub open_by_exception: Fact<bool>,
    /// Pages of any origin may call it and read the answer.
    pub any_origin: bool,
    /// They may send the visitor's cookies along.
    pub credentials: bool,
}

/// Actions that a function's policy can grant besides calling it, worst first (Service
/// Authorization Reference, "Actions, resources, and condition keys for AWS Lambda": those on the
/// function resource).
const CONTROL: [&str; 28] = [
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:AddPermission",
    "lambda:PutResourcePolicy",
    "lambda:RemovePermission",
    "lambda:DeleteResourcePolicy",
    "lambda:CreateFunctionUrlConfig",
    "lambda:UpdateFunctionUrlConfig",
    "lambda:DeleteFunctionUrlConfig",
    "lambda:PublishVersion",
    "lambda:UpdateAlias",
    "lambda:CreateAlias",
    "lambda:PutFunctionCodeSigningConfig",
    "lambda:DeleteFunctionCodeSigningConfig",
    "lambda:PutRuntimeManagementConfig",
    "lambda:PutFunctionEventInvokeConfig",
    "lambda:DeleteFunction",
    "lambda:PutFunctionConcurrency",
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy",
    "lambda:GetResourcePolicy",
    "lambda:TagResource",
    "lambda:GetDurableExecution",
    "lambda:GetDurableExecutionHistory",
    "lambda:StopDurableExecution",
    "lambda:SendDurableExecutionCallbackSuccess",
    "lambda:SendDurableExecutionCallbackFailure",
];

/// A service that calls functions for every account's resources.
const SOME_SERVICE: &str = "s3.amazonaws.com";

/// Services whose requests never come from another account's resource (an idea of prowler's).
const OWN_ACCOUNT_ONLY: [&str; 2] = ["secretsmanager.amazonaws.com", "eks.amazonaws.com"];

/// How the URL that a request came through checks its callers, and whether it came through one (Service
/// Authorization Reference, condition keys for AWS Lambda); in lower case, as the prover names keys.
const URL_AUTH_TYPE: &str = "lambda:functionurlauthtype";
const VIA_URL: &str = "lambda:invokedviafunctionurl";

/// An account that no policy names.
const UNNAMED_ACCOUNT: &str = "999999999999";

/// From when on a URL needs both grants, and until when it surely does not (AWS, October 2025).
const BOTH_GRANTS: (&str, &str) = ("2025-10-01", "2025-11-01");

/// By when AWS asked the accounts with a temporary exception to add the second grant.
const EXCEPTION_REVIEWED_BY: &str = "2026-11-01";

/// The policies and URLs of one function, read once.
pub(super) struct Access<'a> {
    policies: Fact<Vec<(String, Policy)>>,
    urls: Fact<Vec<&'a FunctionUrl>>,
    arn: String,
    account: &'a str,
    region: &'a str,
    now: &'a str,
    url_calls: &'a Reading<Vec<UrlCalls>>,
    /// A function of this account and Region is known to have a URL from before October 2025.
    older_url: bool,
}

impl<'a> Access<'a> {
    /// Parses the policies.
    pub(super) fn new(context: &FunctionContext<'a>) -> Self {
        let aliases = from_reading(
            ReadingKind::FunctionAliases,
            &context.function.aliases,
            Vec::new,
            |aliases| {
                aliases
                    .iter()
                    .map(|alias| alias.name.clone())
                    .collect::<Vec<_>>()
            },
        );
        let read = from_reading(
            ReadingKind::FunctionPolicies,
            &context.function.policies.as_ref(),
            || None,
            |policies| Some(*policies),
        );
        let policies = aliases.zip(read).and_then(|(aliases, read)| {
            let Some(read) = read else {
                return Fact::Known(Vec::new());
            };
            if let Some(alias) = aliases.iter().find(|alias| !read.contains_key(*alias)) {
                return Fact::undecidable(format!("the policy of alias {alias} was not asked for"));
            }
            Fact::Known(
                read.iter()
                    .filter_map(|(qualifier, text)| {
                        let policy = Policy::parse(text.as_deref()?, PolicyKind::Resource);
                        Some((qualifier.clone(), policy))
                    })
                    .collect(),
            )
        });
        Self {
            policies,
            urls: from_reading(
                ReadingKind::FunctionUrls,
                &context.function.urls.as_ref(),
                Vec::new,
                |urls| urls.iter().collect(),
            ),
            arn: context.arn(),
            account: context.account_id,
            region: context.region,
            now: context.taken_at,
            url_calls: &context.function.url_calls,
            older_url: context
                .inventory
                .functions
                .values()
                .filter_map(|function| function.urls.known())
                .flatten()
                .any(|url| day(&url.created).is_some_and(|day| day < BOTH_GRANTS.0)),
        }
    }

    /// The facts of every policy.
    pub(super) fn policies(&self) -> Fact<Vec<PolicyFacts>> {
        self.policies.as_ref().map(|policies| {
            policies
                .iter()
                .map(|(qualifier, policy)| self.policy(qualifier, policy))
                .collect()
        })
    }

    fn policy(&self, qualifier: &str, policy: &Policy) -> PolicyFacts {
        let asked = Asked::new(self, qualifier, policy);
        let public = asked
            .public_actions()
            .zip(self.open_to_accounts(&asked, qualifier));
        let public = public.map(|(mut actions, by_url)| {
            if by_url {
                actions.push("lambda:InvokeFunctionUrl");
            }
            actions
        });
        let opens_url = asked.opens_url();
        let left_behind = opens_url.clone().and(
            self.urls
                .as_ref()
                .map(|urls| !urls.iter().any(|url| url.qualifier == qualifier)),
        );
        PolicyFacts {
            qualifier: qualifier.to_owned(),
            public: public.as_ref().map(|actions| !actions.is_empty()),
            public_actions: public.map(|actions| actions.join(", ")),
            opens_url,
            left_behind,
            confused_deputies: asked
                .confused_deputies()
                .map(|services| services.join(", ")),
            public_statements: self.behind(qualifier, policy, |asked| {
                let by_url = self
                    .has_url(qualifier, "AWS_IAM")
                    .and(asked.opens_iam_url());
                asked.allows_any_account() || by_url.known() == Some(&true)
            }),
            url_statements: self.behind(qualifier, policy, |asked| {
                let by_url = asked.opens_url().or(asked.invokes_by_url());
                by_url.known() == Some(&true) && !asked.allows_any_account()
            }),
        }
    }

    /// The ids of the Allow statements of which one alone, with every Deny, has it so.
    fn behind(
        &self,
        qualifier: &str,
        policy: &Policy,
        has: impl Fn(&Asked<'_>) -> bool,
    ) -> Vec<String> {
        policy
            .with_effect(Effect::Allow)
            .filter(|allow| {
                let mut alone = policy.clone();
                alone.statements.retain(|statement| {
                    statement.effect == Effect::Deny || statement.index == allow.index
                });
                has(&Asked::new(self, qualifier, &alone))
            })
            .filter_map(|allow| allow.sid.clone())
            .collect()
    }

    /// The facts of every URL.
    pub(super) fn urls(&self) -> Fact<Vec<UrlFacts>> {
        self.urls.as_ref().map(|urls| {
            urls.iter()
                .map(|url| UrlFacts {
                    qualifier: url.qualifier.clone(),
                    auth_type: url.auth_type.clone(),
                    open: self.open(url),
                    open_by_exception: self.open_by_exception(url),
                    any_origin: url
                        .cors
                        .as_ref()
                        .is_some_and(|cors| cors.origins.iter().any(|origin| origin == "*")),
                    credentials: url.cors.as_ref().is_some_and(|cors| cors.credentials),
                })
                .collect()
        })
    }

    fn open(&self, url: &FunctionUrl) -> Fact<bool> {
        self.asked_unsigned(url, |asked| {
            let second = asked.invokes_by_url().or(self.needs_both(url).negate());
            asked.opens_url().and(second.or(self.answered(url)))
        })
    }

    fn open_by_exception(&self, url: &FunctionUrl) -> Fact<bool> {
        self.asked_unsigned(url, |asked| {
            let half = asked.opens_url().and(asked.invokes_by_url().negate());
            half.and(self.answered(url))
        })
    }

    /// What the policy says to unsigned requests to a URL with AuthType NONE; false for other URLs, and
    /// without a policy.
    fn asked_unsigned(
        &self,
        url: &FunctionUrl,
        answer: impl Fn(&Asked<'_>) -> Fact<bool>,
    ) -> Fact<bool> {
        if url.auth_type != "NONE" {
            return Fact::Known(false);
        }
        self.policies.as_ref().and_then(|policies| {
            policies
                .iter()
                .find(|(qualifier, _)| *qualifier == url.qualifier)
                .map_or(Fact::Known(false), |(qualifier, policy)| {
                    answer(&Asked::new(self, qualifier, policy))
                })
        })
    }

    /// Whether the URL answered a request since AWS's exception was to end. That it did is proof; that
    /// it did not is none, so this is true or unknown, and false before that day.
    fn answered(&self, url: &FunctionUrl) -> Fact<bool> {
        if day(self.now).is_none_or(|taken| taken < URL_CALLS_FROM) {
            return Fact::Known(false);
        }
        let undecided = |calls: Option<&UrlCalls>| {
            let (requests, since) = calls.map_or((0.0, URL_CALLS_FROM), |calls| {
                (calls.requests, calls.since.as_str())
            });
            Fact::undecidable(if requests > 0.0 {
                format!(
                    "each of the {requests} requests to the URL since {since} got a 4xx, from \
                     Lambda or from the code"
                )
            } else {
                format!("CloudWatch counts no request to the URL since {since}")
            })
        };
        from_reading(
            ReadingKind::FunctionUrlCalls,
            &self.url_calls.as_ref(),
            || undecided(None),
            |calls| {
                let calls = calls.iter().find(|calls| calls.qualifier == url.qualifier);
                match calls {
                    Some(calls) if calls.requests > calls.client_errors => Fact::Known(true),
                    calls => undecided(calls),
                }
            },
        )
        .and_then(|answered| answered)
    }

    /// Whether every AWS account may call the AWS_IAM URL of that qualifier; false where there is none.
    fn open_to_accounts(&self, asked: &Asked<'_>, qualifier: &str) -> Fact<bool> {
        let first = self
            .has_url(qualifier, "AWS_IAM")
            .and(asked.opens_iam_url());
        let both = self.urls.as_ref().and_then(|urls| {
            urls.iter()
                .find(|url| url.qualifier == qualifier)
                .map_or(Fact::Known(true), |url| self.needs_both(url))
        });
        first.and(asked.invokes_by_iam_url().or(both.negate()))
    }

    fn has_url(&self, qualifier: &str, auth_type: &str) -> Fact<bool> {
        self.urls.as_ref().map(|urls| {
            urls.iter()
                .any(|url| url.qualifier == qualifier && url.auth_type == auth_type)
        })
    }

    /// Whether a call of the URL needs `lambda:InvokeFunction` besides `lambda:InvokeFunctionUrl`.
    fn needs_both(&self, url: &FunctionUrl) -> Fact<bool> {
        let (Some(taken), Some(created)) = (day(self.now), day(&url.created)) else {
            return Fact::undecidable("when the URL was created is not known");
        };
        if taken >= EXCEPTION_REVIEWED_BY {
            return Fact::undecidable(
                "the policy has one of two grants: the URL answers if AWS's temporary exception \
                 of 2025 still holds for this account and Region, and 403 if it has ended; AWS \
                 has published neither",
            );
        }
        if created < BOTH_GRANTS.0 {
            return Fact::Known(false);
        }
        if self.older_url {
            return Fact::undecidable(
                "the policy has one of two grants, and this account and Region may be within \
                 AWS's temporary exception of 2025",
            );
        }
        if created < BOTH_GRANTS.1 {
            return Fact::undecidable(
                "URLs made in October 2025 may need one grant or two, and the policy has one",
            );
        }
        Fact::Known(true)
    }
}

/// One policy with the questions put to it.
struct Asked<'a> {
    access: &'a Access<'a>,
    policy: &'a Policy,
    engine: Policies,
    compiled: LambdaPolicy<'a>,
    resource: String,
}

type Context = BTreeMap<String, ContextValue>;

fn one(value: &str) -> ContextValue {
    ContextValue::One(value.to_owned())
}

impl<'a> Asked<'a> {
    fn new(access: &'a Access<'a>, qualifier: &str, policy: &'a Policy) -> Self {
        let site = RequestSite {
            account: access.account,
            region: access.region,
            now: access.now,
        };
        Self {
            access,
            policy,
            compiled: LambdaPolicy::new(policy, site),
            engine: Policies::of_resource(Some(policy)).with_willing_identity(),
            resource: if qualifier == LATEST {
                access.arn.clone()
            } else {
                format!("{}:{qualifier}", access.arn)
            },
        }
    }

    /// The values that Allow statements want of a key.
    fn wanted(&self, key: &str) -> Vec<&'a str> {
        self.policy
            .with_effect(Effect::Allow)
            .flat_map(|statement| &statement.conditions)
            .filter(|condition| condition.key == key && !condition.operator.is_negated())
            .flat_map(|condition| condition.values.iter().map(String::as_str))
            .collect()
    }

    fn decide(&self, principal: RequestPrincipal, action: &str, context: Context) -> Fact<bool> {
        if !self.policy.is_sound() {
            return Fact::undecidable(UNREADABLE);
        }
        let request = Request {
            principal,
            action: action.to_owned(),
            resource: self.resource.clone(),
            resource_account: self.access.account.to_owned(),
            context,
        };
        let outcome = self.engine.evaluate(&request);
        if outcome.decision == Decision::Allow {
            Fact::Known(true)
        } else if outcome.is_certain() {
            Fact::Known(false)
        } else {
            Fact::undecidable("a condition of the policy cannot be decided")
        }
    }

    /// What any account may do, other than through a URL.
    fn public_actions(&self) -> Fact<Vec<&'static str>> {
        let without_url = [(URL_AUTH_TYPE, KeyFact::Absent), (VIA_URL, KeyFact::Absent)];
        let all: Vec<&'static str> = std::iter::once("lambda:InvokeFunction")
            .chain(CONTROL)
            .collect();
        let ask = |actions: &[&str]| {
            self.compiled
                .allows(&Callers::AnyAccount, actions, &self.resource, &without_url)
        };
        if ask(&all).known() == Some(&false) {
            return Fact::Known(Vec::new());
        }
        Fact::those(all, |action| ask(&[*action]))
    }

    fn allows_any_account(&self) -> bool {
        self.public_actions()
            .known()
            .is_some_and(|actions| !actions.is_empty())
    }

    fn unsigned(&self, action: &str, key: &str, value: &str) -> Fact<bool> {
        let known = [(key, KeyFact::OneOf(vec![value.to_owned()]))];
        self.compiled
            .allows(&Callers::Anonymous, &[action], &self.resource, &known)
    }

    /// A request of any account that is signed, for a URL with AuthType AWS_IAM.
    fn signed(&self, action: &str, key: &str, value: &str) -> Fact<bool> {
        let known = [(key, KeyFact::OneOf(vec![value.to_owned()]))];
        self.compiled
            .allows(&Callers::AnyAccount, &[action], &self.resource, &known)
    }

    fn opens_iam_url(&self) -> Fact<bool> {
        self.signed("lambda:InvokeFunctionUrl", URL_AUTH_TYPE, "AWS_IAM")
    }

    fn invokes_by_iam_url(&self) -> Fact<bool> {
        self.signed("lambda:InvokeFunction", VIA_URL, "true")
    }

    fn opens_url(&self) -> Fact<bool> {
        self.unsigned("lambda:InvokeFunctionUrl", URL_AUTH_TYPE, "NONE")
    }

    fn invokes_by_url(&self) -> Fact<bool> {
        self.unsigned("lambda:InvokeFunction", VIA_URL, "true")
    }

    /// Services that may call the function for any account's resource.
    fn confused_deputies(&self) -> Fact<Vec<String>> {
        if !self.policy.is_sound() {
            return Fact::undecidable(UNREADABLE);
        }
        let services = services_spoken_of(self.policy, SOME_SERVICE).into_iter();
        let services = services.filter(|service| !OWN_ACCOUNT_ONLY.contains(&service.as_str()));
        Fact::those(services, |service| self.serves_any_account(service))
    }

    fn serves_any_account(&self, service: &str) -> Fact<bool> {
        let short = service.split('.').next().unwrap_or_default();
        let bare = Context::from([
            ("aws:PrincipalIsAWSService".to_owned(), one("true")),
            ("aws:PrincipalServiceName".to_owned(), one(service)),
            (
                "aws:PrincipalServiceNamesList".to_owned(),
                ContextValue::Many(vec![service.to_owned()]),
            ),
            ("aws:SecureTransport".to_owned(), one("true")),
            ("aws:CurrentTime".to_owned(), one(self.access.now)),
        ]);
        let mut sources = vec![format!(
            "arn:{}:{short}:{}:{UNNAMED_ACCOUNT}:x",
            partition(self.access.region),
            self.access.region
        )];
        sources.extend(
            self.wanted("aws:sourcearn")
                .into_iter()
                .filter_map(others_arn),
        );
        sources
            .into_iter()
            .map(|source| {
                let mut context = bare.clone();
                context.insert("aws:SourceArn".to_owned(), one(&source));
                context.insert("aws:SourceAccount".to_owned(), one(UNNAMED_ACCOUNT));
                context.insert("aws:SourceOrgID".to_owned(), one("o-otherorg00"));
                context
            })
            .chain(std::iter::once(bare.clone()))
            .fold(Fact::Known(false), |found, context| {
                found.or(self.decide(
                    RequestPrincipal::Class(PrincipalClass::Service {
                        name: service.to_owned(),
                    }),
                    "lambda:InvokeFunction",
                    context,
                ))
            })
    }
}

/// An ARN that the pattern takes and another account may own: one whose account is left open. The ARN
/// of a bucket has no account, and another account may own the bucket of that name tomorrow.
fn others_arn(pattern: &str) -> Option<String> {
    let mut parts = pattern.splitn(6, ':');
    let mut next = || parts.next().map(|part| part.replace(['*', '?'], "x"));
    let (arn, partition, service, region) = (next()?, next()?, next()?, next()?);
    let account = account_of_arn(pattern)?;
    let account = match account {
        "" => "",
        open if open.contains(['*', '?']) => UNNAMED_ACCOUNT,
        _ => return None,
    };
    next()?;
    let resource = next()?;
    Some(format!(
        "{arn}:{partition}:{service}:{region}:{account}:{resource}"
    ))
}

/// The day of a time in RFC 3339.
fn day(time: &str) -> Option<&str> {
    time.get(..10)
}
