//! Whether one policy allows some access, or allows anyone.

use super::kind::{self, Attachment, RequestScopes};
use crate::contract::Request;
use crate::evaluate::{DocumentJudge, implausible};
use crate::prove::{AccessAnswer, Budget, Callers, DocumentSet, RuleQuestion, StatementSet};
use crate::{Policy, partition};

/// Whether something is granted.
#[derive(Clone, Debug, PartialEq)]
pub enum Grant {
    /// Yes; a request shows it. Only the account behind a canonical user id has none.
    Granted(Option<Box<Request>>),
    /// No.
    NotGranted,
    /// It could not be decided, and why.
    Undecided(String),
}

impl Grant {
    /// Yes, no or not known; the request; why it is not known.
    pub fn into_parts(self) -> (Option<bool>, Option<Request>, Option<String>) {
        match self {
            Self::Granted(request) => (Some(true), request.map(|request| *request), None),
            Self::NotGranted => (Some(false), None, None),
            Self::Undecided(reason) => (None, None, Some(reason)),
        }
    }
}

/// Whether a policy allows one of the actions on one of the resources; an empty list stands for any.
pub fn forbids(
    policy: &Policy,
    attachment: Attachment,
    actions: &[String],
    resources: &[String],
) -> Grant {
    let callers = [attachment.callers()];
    let access = Some((actions, resources));
    in_each_partition(policy, resources, |partition| {
        Asked::new(policy, attachment, access, partition).grant(&callers, false)
    })
}

/// Whether a policy allows a caller who holds nothing that it names: a request without a signature,
/// one of any AWS account or of a service on behalf of any account; for trust policies a federated
/// identity of a provider that anyone can get an identity of.
pub fn public(policy: &Policy, attachment: Attachment) -> Grant {
    let mut asked = vec![Callers::Anonymous, Callers::AnyAccount];
    let principals = policy
        .statements
        .iter()
        .filter_map(|statement| statement.principal.as_ref())
        .flat_map(|element| &element.items);
    for principal in principals {
        match principal {
            crate::document::Principal::Service(name) if attachment != Attachment::Trust => {
                asked.push(Callers::Service(name.clone()));
            }
            crate::document::Principal::Federated(name) if attachment == Attachment::Trust => {
                asked.push(match name.as_str() {
                    "*" => Callers::UnnamedProvider,
                    name => Callers::Provider(name.to_owned()),
                });
            }
            _ => {}
        }
    }
    if attachment == Attachment::Identity {
        // Nobody but the holder is allowed by an identity policy.
        return Grant::NotGranted;
    }
    in_each_partition(policy, &[], |partition| {
        Asked::new(policy, attachment, None, partition).grant(&asked, true)
    })
}

/// The first partition's answer that is yes, of those that a policy and the resources name.
fn in_each_partition(
    policy: &Policy,
    resources: &[String],
    grant: impl Fn(&'static str) -> Grant,
) -> Grant {
    let mut answer = Grant::NotGranted;
    for partition in partition::of_all(std::iter::once(policy), resources) {
        match grant(partition) {
            Grant::NotGranted => {}
            Grant::Undecided(reason) => answer = Grant::Undecided(reason),
            granted @ Grant::Granted(_) => return granted,
        }
    }
    answer
}

/// A policy with what is asked of it.
struct Asked<'a> {
    policy: &'a Policy,
    attachment: Attachment,
    documents: DocumentSet,
    musts: Vec<Vec<StatementSet>>,
    denies: [StatementSet; 1],
    scopes: RequestScopes,
}

impl<'a> Asked<'a> {
    fn new(
        policy: &'a Policy,
        attachment: Attachment,
        access: Option<(&[String], &[String])>,
        partition: &'static str,
    ) -> Self {
        let mut builder = DocumentSet::builder(partition, []);
        let document = builder.add(policy, attachment.policy_kind());
        let mut musts = vec![vec![StatementSet::allows(document)]];
        let mut names = Vec::new();
        if let Some((actions, resources)) = access {
            let access = builder.add_access(actions, resources);
            musts.push(vec![StatementSet::allows(access)]);
            names.push(crate::document::Element {
                negated: false,
                items: actions
                    .iter()
                    .map(crate::pattern::Pattern::action)
                    .collect(),
            });
        }
        let bucket = match attachment {
            Attachment::S3 => kind::only_bucket(std::iter::once(policy)),
            _ => None,
        };
        let elements = policy
            .statements
            .iter()
            .map(|statement| &statement.action)
            .chain(&names);
        let documents = builder.complete();
        Self {
            policy,
            attachment,
            scopes: attachment.scopes(bucket.as_deref(), &documents, elements),
            documents,
            musts,
            denies: [StatementSet::denies(document)],
        }
    }

    fn grant(&self, callers: &[Callers], fresh: bool) -> Grant {
        let mut budget = Budget::new(super::STEPS);
        let mut undecided = None;
        let judge = DocumentJudge::new(self.policy, self.attachment.policy_kind());
        for callers in callers {
            let callers = self.documents.callers(callers, fresh, &[], None);
            for scope in &self.scopes.today {
                let question = RuleQuestion {
                    musts: &self.musts,
                    denies: &self.denies,
                    bounded: false,
                    scope,
                };
                match self.documents.ask_callers(&callers, question, &mut budget) {
                    AccessAnswer::Unsatisfiable => {}
                    AccessAnswer::Undecided(reason) => undecided = Some(reason),
                    AccessAnswer::Satisfiable(found) => {
                        let Some(mut request) = found.request else {
                            return Grant::Granted(None);
                        };
                        if self.attachment == Attachment::Identity {
                            super::owned_by_caller(&mut request);
                        }
                        let stands =
                            implausible(&request).is_none() && judge.allows(&request) == Some(true);
                        if stands {
                            return Grant::Granted(Some(Box::new(request)));
                        }
                        undecided = Some(super::INCONSISTENT.to_owned());
                    }
                }
            }
        }
        undecided.map_or(Grant::NotGranted, Grant::Undecided)
    }
}
