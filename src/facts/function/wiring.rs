//! Who calls which version: what is paid for ahead of time helps only callers of its own qualifier.
//!
//! Provisioned concurrency on an alias, or a snapshot of a version, does nothing for a trigger that
//! calls `$LATEST`. Triggers that AWS lists can be seen — event source mappings, function URLs,
//! EventBridge rules, schedules — and so can a resource policy that lets somebody call the
//! qualifier. Callers that need neither, an identity of the account or an API Gateway integration
//! with credentials of its own, cannot. So a trigger that is found proves use; that none is found
//! proves nothing.

use std::collections::BTreeSet;

use super::context::{FunctionContext, LATEST};
use crate::facts::fact::{Fact, from_reading};
use crate::inventory::function::Alias;
use crate::inventory::ids::resource_of_arn;
use crate::inventory::need::{Guard, Need, ReadingKind};
use coldbucket_policy::document::{Effect, Principal};
use coldbucket_policy::pattern::Pattern;
use coldbucket_policy::{Policy, PolicyKind};

/// The readings behind the question who calls a qualifier.
pub(super) const CALLERS: &[Need] = &[
    Need::own(ReadingKind::FunctionAliases),
    Need::own(ReadingKind::EventSourceMappings),
    Need::own(ReadingKind::Rules).guarded_by(Guard::OnlyStartedAhead),
    Need::own(ReadingKind::Schedules).guarded_by(Guard::OnlyStartedAhead),
    Need::own(ReadingKind::FunctionUrls).guarded_by(Guard::OnlyStartedAhead),
    Need::own(ReadingKind::FunctionPolicies).guarded_by(Guard::OnlyStartedAhead),
];

/// Something that calls a function, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// For a person, for example `rule default/nightly`.
    pub(super) what: String,
    /// Whom it calls.
    pub(super) qualifier: String,
    /// It calls by itself; a policy merely lets somebody.
    pub(super) calls: bool,
}

/// The callers of one function, source by source: one that could not be read leaves the others.
pub(super) struct Wiring {
    sources: [Fact<Vec<Caller>>; 5],
    aliases: Fact<Vec<Alias>>,
}

/// The qualifier in a function ARN; `$LATEST` when there is none.
pub(super) fn qualifier(arn: &str) -> &str {
    arn.splitn(8, ':')
        .nth(7)
        .filter(|qualifier| !qualifier.is_empty())
        .unwrap_or(LATEST)
}

/// True when the ARN, qualified or not, is of that function.
pub(super) fn is_of(arn: &str, function: &str) -> bool {
    arn.strip_prefix(function)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// The last part of an ARN, or all of a text that is none.
fn tail(arn: &str) -> &str {
    resource_of_arn(arn).unwrap_or(arn)
}

impl Wiring {
    /// Gathers the callers of a function.
    pub(super) fn new(context: &FunctionContext<'_>) -> Self {
        let arn = context.arn();
        let region = context.inventory;
        let mappings = from_reading(
            ReadingKind::EventSourceMappings,
            &region.event_source_mappings,
            Vec::new,
            |mappings| {
                mappings
                    .iter()
                    .filter(|mapping| is_of(&mapping.function_arn, &arn))
                    .filter(|mapping| mapping.state != "Disabled" && mapping.state != "Disabling")
                    .map(|mapping| Caller {
                        what: format!(
                            "event source mapping of {}",
                            if mapping.source.is_empty() {
                                mapping.uuid.as_str()
                            } else {
                                tail(&mapping.source)
                            }
                        ),
                        qualifier: qualifier(&mapping.function_arn).to_owned(),
                        calls: true,
                    })
                    .collect()
            },
        );
        let rules = from_reading(ReadingKind::Rules, &region.rules, Vec::new, |rules| {
            rules
                .iter()
                .filter(|rule| rule.state != "DISABLED")
                .flat_map(|rule| {
                    rule.targets
                        .iter()
                        .filter(|target| is_of(&target.function_arn, &arn))
                        .map(|target| Caller {
                            what: format!("rule {}/{}", rule.bus, rule.name),
                            qualifier: qualifier(&target.function_arn).to_owned(),
                            calls: true,
                        })
                })
                .collect()
        });
        let schedules = from_reading(
            ReadingKind::Schedules,
            &region.schedules,
            Vec::new,
            |schedules| {
                schedules
                    .iter()
                    .filter(|schedule| is_of(&schedule.function_arn, &arn))
                    .filter(|schedule| schedule.state != "DISABLED")
                    .map(|schedule| Caller {
                        what: format!("schedule {}/{}", schedule.group, schedule.name),
                        qualifier: qualifier(&schedule.function_arn).to_owned(),
                        calls: true,
                    })
                    .collect()
            },
        );
        let aliases = from_reading(
            ReadingKind::FunctionAliases,
            &context.function.aliases,
            Vec::new,
            Clone::clone,
        );
        Self {
            sources: [
                mappings,
                rules,
                schedules,
                urls(context),
                invited_callers(context),
            ],
            aliases,
        }
    }

    /// Whether a caller was found at one of these qualifiers. Found is found, whatever could not be
    /// read.
    pub(super) fn reaches(&self, such: impl Fn(&Caller) -> bool) -> Fact<bool> {
        self.sources
            .iter()
            .fold(Fact::Known(false), |found, source| {
                found.or(source.as_ref().map(|callers| callers.iter().any(&such)))
            })
    }

    /// The callers that were found and are such, in words; empty for none.
    pub(super) fn named(&self, such: impl Fn(&Caller) -> bool) -> Fact<String> {
        let mut all: Fact<Vec<String>> = Fact::Known(Vec::new());
        for source in &self.sources {
            all = all.zip(source.as_ref()).map(|(mut named, callers)| {
                named.extend(
                    callers
                        .iter()
                        .filter(|caller| such(caller))
                        .map(|caller| format!("{} ({})", caller.what, caller.qualifier)),
                );
                named
            });
        }
        all.map(|named| named.join(", "))
    }

    /// The aliases, once they are known.
    pub(super) fn aliases(&self) -> Fact<&[Alias]> {
        self.aliases.as_ref().map(Vec::as_slice)
    }

    /// The qualifiers whose callers run on what is provisioned on `qualifier`: itself, and for a
    /// version the aliases that lead to it.
    pub(super) fn serving(&self, qualifier: &str) -> Fact<BTreeSet<String>> {
        self.aliases().map(|aliases| {
            let mut serving = BTreeSet::from([qualifier.to_owned()]);
            serving.extend(
                aliases
                    .iter()
                    .filter(|alias| super::leads_to(alias, qualifier))
                    .map(|alias| alias.name.clone()),
            );
            serving
        })
    }
}

/// Whom a policy lets call the function, in words; `None` when nobody.
fn invited(text: &str) -> Option<String> {
    let policy = Policy::parse(text, PolicyKind::Resource);
    let mut names: Vec<String> = policy
        .with_effect(Effect::Allow)
        .filter(|statement| {
            !statement.action.negated
                && statement
                    .action
                    .items
                    .iter()
                    .any(|action| action.overlaps(&Pattern::action("lambda:Invoke*")))
        })
        .flat_map(|statement| statement.principal.iter())
        .filter(|element| !element.negated)
        .flat_map(|element| &element.items)
        .map(|principal| match principal {
            Principal::Everyone => "everybody".to_owned(),
            Principal::Account(name) | Principal::Service(name) | Principal::Federated(name) => {
                name.clone()
            }
            Principal::Arn(arn) => arn.text.clone(),
            Principal::UniqueId(name) | Principal::CanonicalUser(name) => name.clone(),
        })
        .collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then(|| names.join(" and "))
}

/// The function's URLs, each of which calls its qualifier.
fn urls(context: &FunctionContext<'_>) -> Fact<Vec<Caller>> {
    from_reading(
        ReadingKind::FunctionUrls,
        &context.function.urls,
        Vec::new,
        |urls| {
            urls.iter()
                .map(|url| Caller {
                    what: "function URL".to_owned(),
                    qualifier: url.qualifier.clone(),
                    calls: true,
                })
                .collect()
        },
    )
}

/// Those whom the policies of the function let call it.
fn invited_callers(context: &FunctionContext<'_>) -> Fact<Vec<Caller>> {
    from_reading(
        ReadingKind::FunctionPolicies,
        &context.function.policies,
        Vec::new,
        |policies| {
            policies
                .iter()
                .filter_map(|(qualifier, policy)| {
                    Some(Caller {
                        what: format!("its policy, for {}", invited(policy.as_deref()?)?),
                        qualifier: qualifier.clone(),
                        calls: false,
                    })
                })
                .collect()
        },
    )
}
