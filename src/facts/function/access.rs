//! Who may call a function: its resource policies, one a qualifier, and its URLs.
//!
//! The policies are put to the same engine as bucket policies, which decides one request at a time.
//! The requests are those of an identity of an account that the policy does not name, with the keys
//! that such a caller has and the headers a caller may type; for URLs an unsigned request; for
//! services one that serves another account's resource. If one of them is allowed, all are.
//!
//! A function URL with `AuthType` NONE is open only if the policy says so too: it asks for
//! `lambda:InvokeFunctionUrl`, and URLs made since October 2025 for `lambda:InvokeFunction` as well
//! (Lambda developer guide, "Control access to Lambda function URLs", 2026 copy). Deleting a URL leaves
//! the policy behind.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::context::{FunctionContext, LATEST};
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::function::FunctionUrl;
use crate::inventory::need::ReadingKind;
use crate::report::policy::{ContextValue, Decision, PrincipalClass, Request, RequestPrincipal};
use coldbucket_policy::document::{Effect, Principal};
use coldbucket_policy::evaluate::Policies;
use coldbucket_policy::{Policy, PolicyKind};

/// The resource policy of one qualifier; `item` in checks over `function.policies`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct PolicyFacts {
    /// Alias or version; `$LATEST` for the function without a qualifier.
    pub qualifier: String,
    /// Any AWS account may do something with the function, other than through its URL.
    pub public: Fact<bool>,
    /// What any account may do, in words; empty for nothing.
    pub public_actions: Fact<String>,
    /// Anybody may call the URL of this qualifier, if there is one.
    pub opens_url: Fact<bool>,
    /// That grant is there and the URL is not: the next one that is made is open at once.
    #[needs(own(FunctionUrls))]
    pub left_behind: Fact<bool>,
    /// The AWS services that may call the function for anybody: nothing ties the request to a
    /// resource or an account. In words; empty for none.
    pub confused_deputies: Fact<String>,
    /// Ids of the statements that alone let any account do something with the function, other than
    /// through its URL; not for conditions.
    #[schemars(skip)]
    pub public_statements: Vec<String>,
    /// Ids of the statements that alone allow anyone to call the URL, and grant other accounts nothing else; not
    /// for conditions.
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
    /// Anybody on the internet may call it.
    #[needs(own(FunctionAliases), own(FunctionPolicies))]
    pub open: Fact<bool>,
    /// Pages of any origin may call it and read the answer.
    pub any_origin: bool,
    /// They may send the visitor's cookies along.
    pub credentials: bool,
}

/// Actions that a function's policy can grant besides calling it, worst first (Service
/// Authorization Reference, "Actions, resources, and condition keys for AWS Lambda": those on the
/// function resource).
const CONTROL: [&str; 12] = [
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:AddPermission",
    "lambda:CreateFunctionUrlConfig",
    "lambda:UpdateFunctionUrlConfig",
    "lambda:PublishVersion",
    "lambda:UpdateAlias",
    "lambda:DeleteFunction",
    "lambda:PutFunctionConcurrency",
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy",
];

/// Services whose requests never come from another account's resource (an idea of prowler's).
const OWN_ACCOUNT_ONLY: [&str; 2] = ["secretsmanager.amazonaws.com", "eks.amazonaws.com"];

/// An account that no policy names.
const UNNAMED_ACCOUNT: &str = "999999999999";

/// From when on a URL needs both grants, and until when it surely does not (AWS, October 2025).
const BOTH_GRANTS: (&str, &str) = ("2025-10-01", "2025-11-01");

/// The policies and URLs of one function, read once.
pub(super) struct Access<'a> {
    policies: Fact<Vec<(String, Policy)>>,
    urls: Fact<Vec<&'a FunctionUrl>>,
    arn: String,
    account: &'a str,
    region: &'a str,
    now: &'a str,
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
        let public = asked.public_actions();
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
            public_statements: self.behind(qualifier, policy, |asked| asked.lets_strangers_in()),
            url_statements: self.behind(qualifier, policy, |asked| {
                let by_url = asked.opens_url().or(asked.invokes_by_url());
                by_url.known() == Some(&true) && !asked.lets_strangers_in()
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
                    open: if url.auth_type == "NONE" {
                        self.open(url)
                    } else {
                        Fact::Known(false)
                    },
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
        self.policies.as_ref().and_then(|policies| {
            let Some((_, policy)) = policies
                .iter()
                .find(|(qualifier, _)| *qualifier == url.qualifier)
            else {
                return Fact::Known(false);
            };
            let asked = Asked::new(self, &url.qualifier, policy);
            let day = url.created.get(..10).unwrap_or_default();
            let both = if day.len() < 10 || (BOTH_GRANTS.0..BOTH_GRANTS.1).contains(&day) {
                Fact::undecidable(
                    "URLs made in October 2025 may need one grant or two, and the policy has one",
                )
            } else {
                Fact::Known(day >= BOTH_GRANTS.1)
            };
            let second = asked.invokes_by_url().or(both.negate());
            asked.opens_url().and(second)
        })
    }
}

/// One policy with the questions put to it.
struct Asked<'a> {
    access: &'a Access<'a>,
    policy: &'a Policy,
    engine: Policies,
    resource: String,
}

type Context = BTreeMap<String, ContextValue>;

fn one(value: &str) -> ContextValue {
    ContextValue::One(value.to_owned())
}

impl<'a> Asked<'a> {
    fn new(access: &'a Access<'a>, qualifier: &str, policy: &'a Policy) -> Self {
        Self {
            access,
            policy,
            engine: Policies::of_resource(Some(policy)).with_willing_identity(),
            resource: if qualifier == LATEST {
                access.arn.clone()
            } else {
                format!("{}:{qualifier}", access.arn)
            },
        }
    }

    /// What a request of an unnamed account carries: where it comes from, when, and the headers that a caller
    /// types, as the policy would like them.
    fn unnamed_context(&self) -> Context {
        let mut context = Context::from([
            ("aws:SourceIp".to_owned(), one("9.9.9.9")),
            ("aws:SecureTransport".to_owned(), one("true")),
            ("aws:CurrentTime".to_owned(), one(self.access.now)),
            ("aws:RequestedRegion".to_owned(), one(self.access.region)),
            ("aws:PrincipalOrgID".to_owned(), one("o-stranger00")),
            ("aws:ViaAWSService".to_owned(), one("false")),
            ("aws:PrincipalIsAWSService".to_owned(), one("false")),
        ]);
        for key in ["aws:UserAgent", "aws:Referer"] {
            if let Some(value) = self.wanted(&key.to_ascii_lowercase()).first() {
                context.insert(key.to_owned(), one(&value.replace(['*', '?'], "")));
            }
        }
        context
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
            return Fact::undecidable("the policy cannot be read as a whole");
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
        let arn = format!("arn:aws:iam::{UNNAMED_ACCOUNT}:user/unnamed");
        std::iter::once("lambda:InvokeFunction")
            .chain(CONTROL)
            .fold(Fact::Known(Vec::new()), |found, action| {
                found
                    .zip(self.decide(
                        RequestPrincipal::Arn(arn.clone()),
                        action,
                        self.unnamed_context(),
                    ))
                    .map(|(mut found, allowed)| {
                        if allowed {
                            found.push(action);
                        }
                        found
                    })
            })
    }

    fn lets_strangers_in(&self) -> bool {
        self.public_actions()
            .known()
            .is_some_and(|actions| !actions.is_empty())
    }

    fn unsigned(&self, action: &str, key: &str, value: &str) -> Fact<bool> {
        let mut context = self.unnamed_context();
        context.remove("aws:PrincipalOrgID");
        context.insert(key.to_owned(), one(value));
        self.decide(
            RequestPrincipal::Class(PrincipalClass::Anonymous),
            action,
            context,
        )
    }

    fn opens_url(&self) -> Fact<bool> {
        self.unsigned(
            "lambda:InvokeFunctionUrl",
            "lambda:FunctionUrlAuthType",
            "NONE",
        )
    }

    fn invokes_by_url(&self) -> Fact<bool> {
        self.unsigned(
            "lambda:InvokeFunction",
            "lambda:InvokedViaFunctionUrl",
            "true",
        )
    }

    /// Services that may call the function for any account's resource.
    fn confused_deputies(&self) -> Fact<Vec<String>> {
        let mut services: Vec<&str> = self
            .policy
            .with_effect(Effect::Allow)
            .flat_map(|statement| statement.principal.iter())
            .filter(|element| !element.negated)
            .flat_map(|element| &element.items)
            .filter_map(|principal| match principal {
                Principal::Service(name) => Some(name.as_str()),
                _ => None,
            })
            .filter(|service| !OWN_ACCOUNT_ONLY.contains(service))
            .collect();
        services.sort_unstable();
        services.dedup();
        services
            .into_iter()
            .fold(Fact::Known(Vec::new()), |found, service| {
                found
                    .zip(self.serves_anybody(service))
                    .map(|(mut found, anybody)| {
                        if anybody {
                            found.push(service.to_owned());
                        }
                        found
                    })
            })
    }

    fn serves_anybody(&self, service: &str) -> Fact<bool> {
        let short = service.split('.').next().unwrap_or_default();
        let bare = Context::from([
            ("aws:PrincipalIsAWSService".to_owned(), one("true")),
            ("aws:PrincipalServiceName".to_owned(), one(service)),
            ("aws:SecureTransport".to_owned(), one("true")),
            ("aws:CurrentTime".to_owned(), one(self.access.now)),
        ]);
        let mut sources = vec![format!(
            "arn:aws:{short}:{}:{UNNAMED_ACCOUNT}:x",
            self.access.region
        )];
        sources.extend(
            self.wanted("aws:sourcearn")
                .into_iter()
                .filter_map(strangers_arn),
        );
        sources
            .into_iter()
            .map(|source| {
                let mut context = bare.clone();
                context.insert("aws:SourceArn".to_owned(), one(&source));
                context.insert("aws:SourceAccount".to_owned(), one(UNNAMED_ACCOUNT));
                context.insert("aws:SourceOrgID".to_owned(), one("o-stranger00"));
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

/// An ARN that the pattern takes and an unnamed account may own: one whose account is left open. The ARN of
/// a bucket has no account, and the bucket of that name may belong to another account tomorrow.
fn strangers_arn(pattern: &str) -> Option<String> {
    let mut parts = pattern.splitn(6, ':');
    let mut next = || parts.next().map(|part| part.replace(['*', '?'], "x"));
    let (arn, partition, service, region) = (next()?, next()?, next()?, next()?);
    let account = pattern.split(':').nth(4)?;
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
