//! What the resource policy of a function or Web Function allows to callers that it does not name.

use std::collections::BTreeSet;

use super::fact::Fact;
use coldbucket_policy::document::{Effect, Principal};
use coldbucket_policy::prove::{
    AccessAnswer, AccessQuestion, ActionScope, Callers, DocumentId, DocumentSet, KeyFact,
    ResourceScope, StatementSet,
};
use coldbucket_policy::{Policy, PolicyKind};

use crate::inventory::ids::partition;

/// Why nothing is said of a policy with parts that are no policy: they may be grants.
pub(in crate::facts) const UNREADABLE: &str = "the policy cannot be read as a whole";

/// Where and when a request is made.
#[derive(Clone, Copy, Debug)]
pub(in crate::facts) struct RequestSite<'a> {
    /// The account that owns the resource.
    pub(in crate::facts) account: &'a str,
    /// The Region that the request is sent to.
    pub(in crate::facts) region: &'a str,
    /// The snapshot's time, RFC 3339.
    pub(in crate::facts) now: &'a str,
}

/// The services that Allow statements of a policy speak of: those that they name, as principals, in a
/// condition or by a resource that a request comes from. `any` stands for them where any service is meant.
pub(in crate::facts) fn services_spoken_of(policy: &Policy, any: &str) -> BTreeSet<String> {
    let allows = || policy.with_effect(Effect::Allow);
    let principals = allows()
        .flat_map(|statement| statement.principal.iter())
        .filter(|element| !element.negated)
        .flat_map(|element| &element.items)
        .filter_map(|principal| match principal {
            Principal::Service(name) => Some(name.clone()),
            _ => None,
        });
    let conditions = allows()
        .flat_map(|statement| &statement.conditions)
        .filter(|condition| !condition.operator.is_negated())
        .flat_map(|condition| {
            let name = |value: &String| match condition.key.as_str() {
                "aws:principalservicename" | "aws:principalservicenameslist" => Some(value.clone()),
                "aws:principalisawsservice" => Some(any.to_owned()),
                "aws:sourcearn" => Some(service_of_source(value)),
                _ => None,
            };
            condition.values.iter().filter_map(name)
        })
        .map(|name| match name.contains(['*', '?', '$']) {
            true => any.to_owned(),
            false => name,
        });
    principals.chain(conditions).collect()
}

/// The service that sends requests for a resource, by its ARN or a pattern of such.
fn service_of_source(arn: &str) -> String {
    // A wildcard before it may stand for it too.
    let service = arn.split(':').nth(2).unwrap_or("*");
    // API Gateway names its APIs as their callers see them.
    let service = match service {
        "execute-api" => "apigateway",
        other => other,
    };
    format!("{service}.amazonaws.com")
}

/// A policy as the prover reads it.
#[derive(Debug)]
pub(in crate::facts) struct LambdaPolicy<'a> {
    documents: DocumentSet,
    document: DocumentId,
    is_sound: bool,
    site: RequestSite<'a>,
}

impl<'a> LambdaPolicy<'a> {
    /// Reads a policy.
    pub(in crate::facts) fn new(policy: &Policy, site: RequestSite<'a>) -> Self {
        let mut builder = DocumentSet::builder(partition(site.region), []);
        let document = builder.add(policy, PolicyKind::Resource);
        Self {
            documents: builder.complete(),
            document,
            is_sound: policy.is_sound(),
            site,
        }
    }

    /// Whether it allows one of the actions on the resource to such a caller, who holds nothing that it
    /// names. `known` is what else is known of condition keys, by name in lower case; it goes before what
    /// the site says.
    pub(in crate::facts) fn allows(
        &self,
        callers: &Callers,
        actions: &[&str],
        resource: &str,
        known: &[(&str, KeyFact)],
    ) -> Fact<bool> {
        if !self.is_sound {
            return Fact::undecidable(UNREADABLE);
        }
        let one = |value: &str| KeyFact::OneOf(vec![value.to_owned()]);
        let mut facts = vec![
            ("aws:currenttime".to_owned(), one(self.site.now)),
            ("aws:requestedregion".to_owned(), one(self.site.region)),
            // Only requests of Alexa carry it.
            ("lambda:eventsourcetoken".to_owned(), KeyFact::Absent),
        ];
        facts.retain(|(key, _)| !known.iter().any(|(other, _)| other == key));
        for (key, fact) in known {
            facts.push(((*key).to_owned(), fact.clone()));
        }
        let names = actions.iter().map(|name| (*name).to_owned()).collect();
        let answer = self.documents.ask(
            &AccessQuestion {
                musts: &[vec![StatementSet::allows(self.document)]],
                denies: &[StatementSet::denies(self.document)],
                callers,
                fresh: true,
                bounded: false,
                actions: &ActionScope::Names(names),
                resources: &ResourceScope::Exactly(resource.to_owned()),
                facts: &facts,
                owner: Some(self.site.account),
            },
            DocumentSet::STEPS,
        );
        match answer {
            AccessAnswer::Satisfiable(_) => Fact::Known(true),
            AccessAnswer::Unsatisfiable => Fact::Known(false),
            AccessAnswer::Undecided(reason) => Fact::undecidable(reason),
        }
    }
}
