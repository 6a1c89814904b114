//! What policies are written in: their condition keys and conditions, numbered, and everything that
//! their texts name.
//!
//! Several documents can share one vocabulary. Then a condition on a key means the same key in each
//! of them, and a caller who holds nothing that is named holds nothing that *any* of them names.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use super::atom::{Atom, ValueSort, ValueTest};
use super::caller;
use super::compile::{CompiledRule, Whom};
use super::glob::Glob;
use super::ip::Addresses;
use super::value::Domain;
use crate::catalogue::{self, Actions};
use crate::document::{Element, Principal, Quantifier, Statement, Version};

/// The number of the key that is the resource.
pub(super) const RESOURCE: usize = 0;

/// The number of the key that is the action, where actions are texts.
pub(super) const ACTION: usize = 1;

/// Names of the numbered keys that are no condition keys.
const RESERVED: [&str; 2] = ["resource", "action"];

/// The key of the organization that the bucket's account belongs to.
pub(super) const RESOURCE_ORGANIZATION: &str = "aws:resourceorgid";

/// Stands for the organization of the bucket's account where the policy does not name it.
pub(super) const OWN_ORGANIZATION: &str = "o-bucketowner";

/// Accounts of which one that the policy does not name is the fresh account.
const FRESH_ACCOUNTS: [&str; 9] = [
    "999999999999",
    "888888888888",
    "777777777777",
    "666666666666",
    "555555555555",
    "444444444444",
    "333333333333",
    "222222222222",
    "111111111111",
];

/// From so many keys on, looking one up by name is faster than looking at each.
const INDEXED_FROM: usize = 24;

/// Keys, conditions and names.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The condition keys in lower case, behind those that are none: the resource and, where actions
    /// are texts, the action.
    pub(super) keys: Vec<String>,
    /// The same by name, where to find them.
    positions: HashMap<String, usize>,
    /// How many are no condition keys.
    reserved: usize,
    /// The actions that documents name in full, as they write them.
    pub(super) actions: Vec<String>,
    /// The keys as AWS writes them.
    pub(super) written: Vec<String>,
    pub(super) atoms: Vec<Atom>,
    /// By key, the actions that can carry it.
    carriers: Vec<Actions>,
    /// By condition key, the texts without wildcards that the policy compares it with.
    literals: Vec<BTreeSet<String>>,
    /// Keys and the texts that they are compared with in any case.
    in_any_case: Vec<(usize, Glob)>,
    /// By key, what a caller holds whom the policy does not name; filled when first asked for.
    pub(super) fresh: Vec<OnceLock<Arc<Domain>>>,
    /// By key, whether it may have many values.
    many: Vec<bool>,
    /// By key, the type of its values where only the conditions on it tell it.
    sorts: Vec<ValueSort>,
    /// A text that no pattern holds; filled when first asked for.
    unwritten: OnceLock<Option<&'static str>>,
    /// Every 12-digit number in the policy, and the owner.
    pub(super) accounts: BTreeSet<String>,
    /// An account that the policy does not name.
    pub(super) fresh_account: Arc<str>,
    /// Every organization id in the policy.
    pub(super) organizations: BTreeSet<String>,
    /// Every unique id of a user or role in the policy.
    pub(super) unique_ids: BTreeSet<String>,
    /// The networks that statements name, but for those that exclude no one.
    pub(super) networks: Arc<Addresses>,
    /// Every principal that a statement names.
    pub(super) principals: BTreeSet<Principal>,
    /// One of [`PARTITIONS`](crate::partition::PARTITIONS).
    pub(super) partition: &'static str,
}

impl Vocabulary {
    /// One without a word but for accounts that are known beforehand.
    pub(super) fn new(partition: &'static str, accounts: impl IntoIterator<Item = String>) -> Self {
        Self {
            keys: RESERVED
                .iter()
                .take(1)
                .map(|name| (*name).to_owned())
                .collect(),
            positions: HashMap::new(),
            reserved: 1,
            actions: Vec::new(),
            written: Vec::new(),
            atoms: Vec::new(),
            carriers: Vec::new(),
            literals: Vec::new(),
            in_any_case: Vec::new(),
            fresh: Vec::new(),
            many: Vec::new(),
            sorts: Vec::new(),
            unwritten: OnceLock::new(),
            accounts: accounts.into_iter().collect(),
            fresh_account: "100000000007".into(),
            organizations: BTreeSet::new(),
            unique_ids: BTreeSet::new(),
            networks: Arc::new(Addresses::of(&[])),
            principals: BTreeSet::new(),
            partition,
        }
    }

    /// Makes the action a key like the resource; before any condition is added.
    pub(super) fn reserve_action(&mut self) {
        self.keys = RESERVED.map(str::to_owned).to_vec();
        self.reserved = RESERVED.len();
    }

    /// Works out what depends on all that was added.
    pub(super) fn complete(&mut self) {
        if let Some(fresh_account) = FRESH_ACCOUNTS
            .iter()
            .find(|candidate| !self.accounts.contains(**candidate))
        {
            self.fresh_account = (*fresh_account).into();
        }
        self.note_variables();
        if self.position(RESOURCE_ORGANIZATION).is_some() {
            // Who the policy does not name is not in the owner's organization either.
            self.organizations.insert(OWN_ORGANIZATION.to_owned());
        }
        self.literals = self.collect_literals();
        self.in_any_case = self.collect_in_any_case();
        self.many = self.keys_of_many_values();
        self.sorts = self.sorts_of_keys();
        self.networks = Arc::new(self.named_networks());
        self.fresh.resize_with(self.keys.len(), OnceLock::new);
        self.written = self
            .keys
            .iter()
            .map(|key| super::keys::written(key))
            .collect();
        self.carriers = self
            .keys
            .iter()
            .map(|key| catalogue::carrying(key))
            .collect();
    }

    /// The resource element of a statement as a condition; without one it matches everything.
    pub(super) fn resource_of(statement: &Statement, version: Version) -> Atom {
        match &statement.resource {
            Some(element) => {
                let texts = element.items.iter().map(|item| item.text.as_str());
                Atom::resource(texts, element.negated, version)
            }
            None => Atom::resource(std::iter::once("*"), false, version),
        }
    }

    /// Adds a statement, its resource element read before. What could not be read of it is the
    /// caller's to say.
    pub(super) fn rule(
        &mut self,
        statement: &Statement,
        version: Version,
        resource: Atom,
    ) -> CompiledRule {
        for pattern in statement.resource.iter().flat_map(|element| &element.items) {
            self.note(&pattern.text);
        }
        let mut atoms = vec![self.add(resource)];
        for condition in &statement.conditions {
            for value in &condition.values {
                self.note(value);
            }
            let key = self.key(&condition.key);
            let atom = Atom::condition(condition, key, version);
            atoms.push(self.add(atom));
        }
        let whom = match &statement.principal {
            Some(element) => Whom::Principals(self.principals(element)),
            None => Whom::Unread,
        };
        CompiledRule {
            index: Some(statement.index),
            whom,
            actions: catalogue::of_element(&statement.action),
            atoms,
            unread: false,
        }
    }

    /// A principal element without what names no caller: users, roles and sessions of another partition
    /// than all callers are of. The number of an account is taken for the same account in each.
    fn principals(&mut self, element: &Element<Principal>) -> Element<Principal> {
        let mut items = Vec::with_capacity(element.items.len());
        for principal in &element.items {
            self.note(text_of(principal));
            let may_call = match principal {
                Principal::Arn(arn) => arn.partition == self.partition,
                _ => true,
            };
            if may_call {
                self.principals.insert(principal.clone());
                items.push(principal.clone());
            }
        }
        Element {
            negated: element.negated,
            items,
        }
    }

    /// Adds a condition and answers its number.
    pub(super) fn add(&mut self, atom: Atom) -> usize {
        self.atoms.push(atom);
        self.atoms.len() - 1
    }

    fn key(&mut self, name: &str) -> usize {
        let name = same_key(name);
        self.position(name).unwrap_or_else(|| {
            let place = self.keys.len();
            self.keys.push(name.to_owned());
            if self.keys.len() == INDEXED_FROM {
                let conditions = self.keys.iter().enumerate().skip(self.reserved);
                self.positions = conditions
                    .map(|(place, key)| (key.clone(), place))
                    .collect();
            } else if self.keys.len() > INDEXED_FROM {
                self.positions.insert(name.to_owned(), place);
            }
            place
        })
    }

    /// The number of a condition key, if a policy has it.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        if self.keys.len() < INDEXED_FROM {
            let mut conditions = self.keys.iter().skip(self.reserved);
            let place = conditions.position(|key| key == name)?;
            return Some(place + self.reserved);
        }
        self.positions.get(name).copied()
    }

    /// Collects what a caller may hold.
    fn note(&mut self, text: &str) {
        for word in text.split(|found: char| !found.is_ascii_alphanumeric() && found != '-') {
            let digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
            if word.len() == 12 && digits(word) {
                self.accounts.insert(word.to_owned());
            } else if word.len() > 2 && word.starts_with("o-") {
                self.organizations.insert(word.to_owned());
            } else if word.len() >= 12 && (word.starts_with("AROA") || word.starts_with("AIDA")) {
                self.unique_ids.insert(word.to_owned());
            }
        }
    }

    /// What stands in patterns as a variable is a key.
    fn note_variables(&mut self) {
        let names: BTreeSet<String> = self
            .atoms
            .iter()
            .flat_map(|atom| atom.variables().map(str::to_owned))
            .collect();
        for name in names {
            self.key(&name);
        }
    }

    fn named_networks(&self) -> Addresses {
        self.atoms
            .iter()
            .filter_map(|atom| match &atom.test {
                ValueTest::Address(set) if !set.is_broad() => Some(set),
                _ => None,
            })
            .fold(Addresses::of(&[]), |all, set| all.or(set))
    }

    fn collect_literals(&self) -> Vec<BTreeSet<String>> {
        let mut literals = vec![BTreeSet::new(); self.keys.len()];
        for atom in self.atoms.iter().filter(|atom| atom.key >= self.reserved) {
            if let (Some(set), ValueTest::Text(globs)) = (literals.get_mut(atom.key), &atom.test) {
                set.extend(globs.iter().filter_map(Glob::literal).map(str::to_owned));
            }
        }
        literals
    }

    fn collect_in_any_case(&self) -> Vec<(usize, Glob)> {
        let compared = self.atoms.iter().filter(|atom| atom.key >= self.reserved);
        let globs = compared.flat_map(|atom| {
            let globs = match &atom.test {
                ValueTest::Text(globs) => globs.as_slice(),
                _ => &[],
            };
            globs.iter().map(|glob| (atom.key, glob))
        });
        globs
            .filter(|(_, glob)| glob.literal().is_none() && !glob.has_wildcards())
            .map(|(key, glob)| (key, glob.clone()))
            .collect()
    }

    /// By key, whether it may have many values. Of a key of which nothing is known, conditions tell it: all
    /// of them ask about its values one by one.
    fn keys_of_many_values(&self) -> Vec<bool> {
        let (mut set, mut single) = (vec![false; self.keys.len()], vec![false; self.keys.len()]);
        for atom in self.atoms.iter().filter(|atom| !atom.is_constant()) {
            let of = match atom.quantifier {
                Quantifier::Single => &mut single,
                Quantifier::ForAllValues | Quantifier::ForAnyValue => &mut set,
            };
            if let Some(used) = of.get_mut(atom.key) {
                *used = true;
            }
        }
        let used = set.into_iter().zip(single);
        self.keys
            .iter()
            .zip(used)
            .map(|(key, (set, single))| {
                caller::has_many(key) || (set && !single && caller::may_have_many(key))
            })
            .collect()
    }

    /// By key, the type of its values. Of a key of another service the conditions on it tell it, when all
    /// of them compare the same: a key has one type (Service Authorization Reference, 2026-11). What
    /// callers write, such as tags, is text whatever it is compared with.
    fn sorts_of_keys(&self) -> Vec<ValueSort> {
        let mut sorts = vec![ValueSort::Any; self.keys.len()];
        for atom in &self.atoms {
            if let Some(known) = sorts.get_mut(atom.key) {
                *known = match (*known, atom.sort) {
                    (known, ValueSort::Any) => known,
                    (ValueSort::Any, found) => found,
                    (known, found) if known == found => known,
                    _ => ValueSort::Text,
                };
            }
        }
        // A variable stands for a text.
        for name in self.atoms.iter().flat_map(Atom::variables) {
            if let Some(known) = self.position(name).and_then(|key| sorts.get_mut(key)) {
                *known = ValueSort::Text;
            }
        }
        for (key, sort) in self.keys.iter().zip(&mut sorts) {
            if !caller::is_of_other_service(key) || key.contains('/') {
                *sort = ValueSort::Text;
            }
        }
        sorts
    }

    /// The type of a key's values, where only the conditions on it tell it.
    pub(super) fn sort_of(&self, key: usize) -> ValueSort {
        self.sorts.get(key).copied().unwrap_or(ValueSort::Text)
    }

    /// Whether a key may have many values.
    pub(super) fn has_many(&self, key: usize) -> bool {
        self.many.get(key).copied().unwrap_or_default()
    }

    /// By key, the actions that can carry it.
    pub(super) fn carriers(&self) -> impl Iterator<Item = Actions> {
        self.carriers.iter().copied()
    }

    /// How many of the keys are no condition keys.
    pub(super) const fn reserved(&self) -> usize {
        self.reserved
    }

    /// The actions that can carry a key.
    pub(super) fn carriers_of(&self, key: usize) -> Actions {
        self.carriers.get(key).copied().unwrap_or_default()
    }

    /// Whether one of the actions can carry a key.
    pub(super) fn carries(&self, actions: Actions, key: usize) -> bool {
        self.carriers.get(key).is_none_or(|set| set & actions != 0)
    }

    /// The texts without wildcards that a key is compared with, some of them in any case.
    pub(super) fn named_of(&self, key: usize) -> impl Iterator<Item = Glob> {
        let in_any_case = self.in_any_case.iter().filter(move |(at, _)| *at == key);
        self.literals_of(key)
            .map(Glob::exactly)
            .chain(in_any_case.map(|(_, glob)| glob.clone()))
    }

    /// The literals that a key is compared with.
    pub(super) fn literals_of(&self, key: usize) -> impl Iterator<Item = &str> {
        self.literals
            .get(key)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// A text that no pattern holds, if a common word is one.
    pub(super) fn unwritten(&self) -> Option<&'static str> {
        let is_written = |text: &str| {
            self.atoms.iter().any(|atom| {
                let holds = match &atom.test {
                    ValueTest::Text(globs) => {
                        globs.iter().any(|glob| glob.written().contains(text))
                    }
                    _ => false,
                };
                holds || atom.written().any(|written| written.contains(text))
            })
        };
        *self.unwritten.get_or_init(|| {
            let words = ["value", "some-value", "another-value"];
            words.into_iter().find(|text| !is_written(text))
        })
    }

    /// Texts that the patterns which a key is compared with match, one for each.
    pub(super) fn examples_of(&self, key: usize) -> impl Iterator<Item = String> {
        self.atoms
            .iter()
            .filter(move |atom| atom.key == key)
            .filter_map(|atom| match &atom.test {
                ValueTest::Text(globs) => Some(globs),
                _ => None,
            })
            .flatten()
            .map(Glob::example)
    }

    /// The values that the policy tells apart on a key, when all its conditions on it compare whole
    /// texts.
    pub(super) fn whole_texts(&self, key: usize) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for atom in self.atoms.iter().filter(|atom| atom.key == key) {
            match &atom.test {
                ValueTest::Constant(_) => {}
                ValueTest::Text(globs) => {
                    for glob in globs {
                        texts.push(glob.literal()?.to_owned());
                    }
                }
                ValueTest::Number(..) | ValueTest::Address(_) => return None,
            }
        }
        Some(texts)
    }

    /// A name for a user or role that no statement names.
    pub(super) fn unnamed_principal(&self) -> String {
        let taken = |name: &str| {
            self.principals.iter().any(|principal| {
                matches!(principal, Principal::Arn(arn) if arn.name.split('/').any(|part| part == name))
            })
        };
        let mut name = "someone".to_owned();
        while taken(&name) {
            name.push('1');
        }
        name
    }

    /// The AWS services that statements name as principals.
    pub(super) fn service_principals(&self) -> impl Iterator<Item = String> {
        self.principals
            .iter()
            .filter_map(|principal| match principal {
                Principal::Service(name) => Some(name.to_lowercase()),
                _ => None,
            })
    }

    /// The AWS services that conditions on the caller's service name, one for each pattern.
    pub(super) fn services_in_conditions(&self) -> impl Iterator<Item = String> {
        let mut names: Vec<String> = self
            .patterns_on_services()
            .map(|glob| glob.example().to_lowercase())
            .filter(|name| !name.is_empty())
            .collect();
        names.sort();
        names.dedup();
        names.into_iter()
    }

    /// Whether conditions may speak of services that are not named in full.
    pub(super) fn has_service_patterns(&self) -> bool {
        self.patterns_on_services()
            .any(|glob| glob.literal().is_none())
    }

    /// What conditions compare the caller's service name with.
    fn patterns_on_services(&self) -> impl Iterator<Item = &Glob> {
        let is_service = |key: usize| {
            self.keys.get(key).is_some_and(|name| {
                matches!(
                    name.as_str(),
                    "aws:principalservicename" | "aws:principalservicenameslist"
                )
            })
        };
        self.atoms
            .iter()
            .filter(move |atom| is_service(atom.key))
            .filter_map(|atom| match &atom.test {
                ValueTest::Text(globs) => Some(globs),
                _ => None,
            })
            .flatten()
    }

    /// The identity providers that statements name.
    pub(super) fn providers(&self) -> impl Iterator<Item = &str> {
        self.principals
            .iter()
            .filter_map(|principal| match principal {
                Principal::Federated(name) => Some(name.as_str()),
                _ => None,
            })
    }

    /// The accounts that principal elements name.
    pub(super) fn accounts_of_principals(&self) -> BTreeSet<&str> {
        self.principals
            .iter()
            .filter_map(|principal| match principal {
                Principal::Account(id) => Some(id.as_str()),
                Principal::Arn(arn) => Some(arn.account.as_str()),
                _ => None,
            })
            .collect()
    }

    /// An account that nothing names and that no caller is of.
    pub(super) fn account_of_no_one(&self) -> String {
        let first: u64 = 999_900_009_999;
        (0..=self.accounts.len() as u64)
            .map(|less| (first - less).to_string())
            .find(|account| !self.accounts.contains(account) && **account != *self.fresh_account)
            .unwrap_or_else(|| first.to_string())
    }

    /// True when conditions can tell the accounts of callers apart.
    pub(super) fn tells_accounts_apart(&self) -> bool {
        let tells = |name: &str| {
            matches!(
                name,
                "aws:principalaccount"
                    | "aws:principalarn"
                    | "aws:userid"
                    | "aws:resourceaccount"
                    | "kms:calleraccount"
            )
        };
        self.mentions(tells)
    }

    /// True when one of these keys occurs.
    pub(super) fn mentions(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.keys.iter().any(|key| wanted(key))
    }

    /// True when the patterns on a key could tell one account from another by part of its number.
    pub(super) fn splits_accounts(&self) -> bool {
        let names_accounts = |key: usize| {
            self.keys.get(key).is_some_and(|key| {
                matches!(
                    key.as_str(),
                    "aws:principalaccount"
                        | "aws:principalarn"
                        | "aws:userid"
                        | "kms:calleraccount"
                )
            })
        };
        self.atoms.iter().any(|atom| {
            names_accounts(atom.key)
                && match &atom.test {
                    ValueTest::Text(globs) => globs.iter().any(|glob| {
                        glob.literal().is_none()
                            && glob
                                .example()
                                .split(|found: char| !found.is_ascii_digit())
                                .any(|digits| !digits.is_empty() && digits.len() != 12)
                    }),
                    ValueTest::Constant(_) => false,
                    ValueTest::Number(..) | ValueTest::Address(_) => true,
                }
        })
    }
}

/// The one key of two that say what time it is.
pub(super) fn same_key(name: &str) -> &str {
    match name {
        "aws:epochtime" => "aws:currenttime",
        other => other,
    }
}

/// A principal as it is written.
pub(crate) fn text_of(principal: &Principal) -> &str {
    match principal {
        Principal::Everyone => "*",
        Principal::Account(text)
        | Principal::UniqueId(text)
        | Principal::Service(text)
        | Principal::Federated(text)
        | Principal::CanonicalUser(text) => text,
        Principal::Arn(arn) => &arn.text,
    }
}
