//! Several policy documents, compiled once, for any number of questions over them.
//!
//! They share a [`Vocabulary`], so nothing is compiled a question or a pair: a set of 5,000 identity
//! policies and 1,000 bucket policies is built once, and each question names the documents it is
//! about.

use super::atom::Atom;
use super::compile::{CompiledRule, Whom};
use super::vocabulary::Vocabulary;
use crate::PolicyKind;
use crate::document::{Effect, Element, Policy, Statement, Version};
use crate::pattern::Pattern;

/// A document of a [`DocumentSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(usize);

/// A statement of a document: the document, and the position in its Statement list, from 0.
pub type StatementId = (DocumentId, usize);

/// A statement as questions use it.
#[derive(Debug)]
pub(super) struct DocumentRule {
    pub(super) rule: CompiledRule,
    pub(super) effect: Effect,
    /// Its action element and all its conditions, as positions among the atoms: what must hold where
    /// the catalogue does not list the actions.
    pub(super) with_action: Vec<usize>,
    /// About how many steps one reading of it takes.
    pub(super) steps: usize,
}

/// A document, compiled.
#[derive(Debug)]
pub(super) struct CompiledDocument {
    pub(super) rules: Vec<DocumentRule>,
    /// Why nothing can be said of it as a whole.
    pub(super) unreadable: Option<String>,
    /// The most colons that a resource pattern has.
    pub(super) colons: usize,
}

/// Documents that are compiled together.
#[derive(Debug)]
pub struct DocumentSet {
    pub(super) vocabulary: Vocabulary,
    pub(super) documents: Vec<CompiledDocument>,
}

/// Collects documents for a [`DocumentSet`].
#[derive(Debug)]
pub struct DocumentSetBuilder(DocumentSet);

impl DocumentSet {
    /// An empty set. `partition` is one of [`PARTITIONS`](crate::partition::PARTITIONS); `accounts` are
    /// 12-digit ids that are known beforehand, which no caller has who holds nothing that is named.
    pub fn builder(
        partition: &'static str,
        accounts: impl IntoIterator<Item = String>,
    ) -> DocumentSetBuilder {
        let mut vocabulary = Vocabulary::new(partition, accounts);
        vocabulary.reserve_action();
        DocumentSetBuilder(Self {
            vocabulary,
            documents: Vec::new(),
        })
    }

    /// Why nothing can be said of a document as a whole, if that is so.
    pub fn unreadable(&self, id: DocumentId) -> Option<String> {
        self.get(id)?.unreadable.clone()
    }

    pub(super) fn get(&self, id: DocumentId) -> Option<&CompiledDocument> {
        self.documents.get(id.0)
    }
}

impl DocumentSetBuilder {
    /// Adds a policy; `kind` says whether its statements name principals and resources.
    pub fn add(&mut self, policy: &Policy, kind: PolicyKind) -> DocumentId {
        let broken = policy.broken_statements();
        let unreadable = policy
            .lost_part()
            .map(|defect| format!("the policy cannot be read: {defect}"));
        let rules = policy
            .statements
            .iter()
            .map(|statement| {
                let unread = broken.contains(&statement.index);
                self.rule(statement, policy.version, kind, unread)
            })
            .collect();
        let resources = policy
            .statements
            .iter()
            .flat_map(|statement| &statement.resource)
            .flat_map(|element| &element.items);
        self.push(CompiledDocument {
            rules,
            unreadable,
            colons: resources.map(|item| colons(&item.text)).max().unwrap_or(0),
        })
    }

    /// Adds some access as a document: one statement that allows every caller any of the actions on
    /// any of the resources. An empty list stands for all there are.
    pub fn add_access(&mut self, actions: &[String], resources: &[String]) -> DocumentId {
        let or_all = |texts: &[String]| match texts {
            [] => vec!["*".to_owned()],
            texts => texts.to_vec(),
        };
        let resources = or_all(resources);
        let statement = Statement {
            action: Element {
                negated: false,
                items: or_all(actions).iter().map(Pattern::action).collect(),
            },
            ..Statement::on(&resources)
        };
        let rule = self.rule(&statement, Version::V2008, PolicyKind::Identity, false);
        self.push(CompiledDocument {
            rules: vec![rule],
            unreadable: None,
            colons: resources.iter().map(|text| colons(text)).max().unwrap_or(0),
        })
    }

    fn push(&mut self, document: CompiledDocument) -> DocumentId {
        self.0.documents.push(document);
        DocumentId(self.0.documents.len() - 1)
    }

    fn rule(
        &mut self,
        statement: &Statement,
        version: Version,
        kind: PolicyKind,
        unread: bool,
    ) -> DocumentRule {
        let vocabulary = &mut self.0.vocabulary;
        let resource = Vocabulary::resource_of(statement, version);
        let mut rule = vocabulary.rule(statement, version, resource);
        rule.unread = unread;
        match kind {
            PolicyKind::Identity => rule.whom = Whom::Holder,
            PolicyKind::Trust => match rule.whom {
                Whom::Principals(element) => rule.whom = Whom::Trusted(element),
                _ => rule.unread = true,
            },
            PolicyKind::Resource => {
                rule.unread |= statement.principal.is_none() || statement.resource.is_none();
            }
        }
        let names = || statement.action.items.iter().map(|item| item.text.as_str());
        let in_full = statement
            .action
            .items
            .iter()
            .filter(|item| item.is_literal());
        vocabulary
            .actions
            .extend(in_full.map(|item| item.text.clone()));
        let action = vocabulary.add(Atom::action(names(), statement.action.negated));
        let with_action: Vec<usize> = std::iter::once(action)
            .chain(rule.atoms.iter().copied())
            .collect();
        let weight_of = |atom: &usize| vocabulary.atoms.get(*atom).map_or(0, Atom::weight);
        let steps = with_action.iter().map(weight_of).sum::<usize>() + rule.principals() + 1;
        DocumentRule {
            rule,
            effect: statement.effect,
            with_action,
            steps,
        }
    }

    /// The set, ready for questions.
    pub fn complete(mut self) -> DocumentSet {
        self.0.vocabulary.complete();
        self.0
    }
}

fn colons(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b':').count()
}
