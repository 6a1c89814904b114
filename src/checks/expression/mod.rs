//! Conditions: CEL, made safe for facts that may be unknown.
//!
//! # Why CEL, and how it stays three-valued
//!
//! Unknown facts are left out of the document. Touching one is then an error ("no such key"), and
//! CEL's `&&`, `||`, `exists` and `all` absorb errors when the other side decides — which is exactly
//! Kleene's logic, without a special case in any condition. Evaluation therefore has four outcomes
//! ([`ConditionResult`]): true, false, unknown, and a [defect](ConditionResult::Defect) for every other error, which
//! is never a verdict.
//!
//! # Why a smaller language
//!
//! Parts of CEL would break that: `has()` turns unknown into false, `filter` drops what it cannot
//! judge, indexing a map confuses "no such tag" with "tags not read". And the crate neither checks
//! types nor bounds running time. So a parsed condition is translated into [`Term`], a closed
//! language in which none of this can be written; whatever has no translation is not supported with its
//! place. `lint` then checks every path and type against the schema of the facts. The crate only
//! ever evaluates what has passed both.
//!
//! `function` is a reserved word of CEL and the natural name of a function's facts. So before a
//! condition is parsed the variable is [`mask`]ed by another word of the same length, which keeps
//! every place in the text where it is.
//!
//! # Lists with members that are not known
//!
//! A list can lose members: [`FactDocument`] leaves out an item that is unknown as a whole and
//! records the path `list[]`. `exists` over what is left must then not answer false, nor `all` true,
//! nor `size` anything. When a document has such lists (and only then), evaluation works on a copy:
//! where the condition only quantifies over the list, one empty item stands for the unknown ones —
//! every member of it is "no such key", so a decisive known member still decides and otherwise the
//! answer is unknown; where the condition uses the list as a value, or its members are plain
//! values, the whole list is removed. The limit: paths carry no positions, so for lists inside lists
//! one unknown member makes all the inner lists incomplete. That errs towards unknown.

mod engine;
mod incomplete;
mod references;
mod term;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::facts::FactDocument;
use engine::{Bindings, CelOutcome, CelProgram};
use incomplete::{amend, explains, has, lost, within};

pub use references::{Reference, Use};
pub use term::{BinaryOperator, ExpressionError, Function, ListQuantifier, Offset, Term, TermNode};

/// The variable that holds the item in checks with `for_each`.
pub const ITEM: &str = "item";
/// The variable that holds the thresholds.
pub const PARAMS: &str = "params";

/// The longest condition that is read, bytes. Conditions are a line or two.
const MAX_LENGTH: usize = 4096;

/// A compiled condition.
#[derive(Clone)]
pub struct Expression {
    text: String,
    program: CelProgram,
    tree: Arc<TermNode>,
    references: Vec<Reference>,
}

/// What a condition says about a document.
#[derive(Clone, Debug, PartialEq)]
pub enum ConditionResult {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Facts are missing that could decide either way.
    Unknown {
        /// The unknown facts the condition touches, as the document calls them.
        facts: BTreeSet<String>,
    },
    /// The condition is broken: an error that no missing fact explains. Never a verdict.
    Defect(String),
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.references == other.references
    }
}

impl Expression {
    /// Parses a condition. `item_path` is the list that [`ITEM`] runs over, for example
    /// `function.versions`, in checks with `for_each`.
    ///
    /// # Errors
    /// Every syntax error and everything that conditions may not use, with its place.
    pub fn compile(text: &str, item_path: Option<&str>) -> Result<Self, Vec<ExpressionError>> {
        if text.len() > MAX_LENGTH {
            return Err(vec![ExpressionError::new(
                0,
                format!("the condition is longer than {MAX_LENGTH} bytes: a fact is missing"),
            )]);
        }
        let (program, tree) = CelProgram::compile(text)?;
        Ok(Self {
            text: text.to_owned(),
            program,
            references: references::of(&tree, item_path),
            tree: Arc::new(tree),
        })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its parts.
    pub fn tree(&self) -> &TermNode {
        &self.tree
    }

    /// The facts it names, by path, each once a use and once through [`ITEM`].
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Evaluates against a prepared document.
    pub fn evaluate(&self, scope: &Activation<'_>) -> ConditionResult {
        let incomplete = self.incomplete(scope.document);
        if incomplete.is_empty() {
            return self.judge(self.program.execute(&scope.bindings), scope, &incomplete);
        }
        // Rare: a list has lost members. Work on a copy in which that shows.
        let mut known = scope.document.known.clone();
        let mut item = scope.item.map(|(_, item)| item.clone());
        for (path, stand_in) in &incomplete {
            amend(&mut known, path, *stand_in);
            if let (Some(item), Some((list, _))) = (item.as_mut(), scope.item)
                && let Some(rest) = path.strip_prefix(&format!("{list}[]."))
            {
                amend(item, rest, *stand_in);
            }
        }
        let mut bindings = Bindings::new(&known);
        if let Some(params) = scope.params {
            bindings.bind(PARAMS, params);
        }
        if let Some(item) = &item {
            bindings.bind(ITEM, item);
        }
        self.judge(self.program.execute(&bindings), scope, &incomplete)
    }

    /// Of the lists and maps the condition names, those that have lost members: path, and whether
    /// an empty item may stand for what is lost.
    fn incomplete(&self, document: &FactDocument) -> BTreeMap<String, bool> {
        let mut found = BTreeMap::new();
        if document.unknown.is_empty() {
            return found;
        }
        for reference in &self.references {
            if !document
                .unknown
                .keys()
                .any(|unknown| lost(reference, unknown))
            {
                continue;
            }
            let members = format!("{}[]", reference.path);
            // An empty item answers "no such key" to every question about its members, as the
            // lost one would. That needs a list of objects that is only asked for its members,
            // and a list that certainly has lost one: inside another list, it may be a sibling.
            let stand_in = reference.usage == Use::Range
                && document.unknown.contains_key(&members)
                && !reference.path.contains("[]")
                && !self.references.iter().any(|other| other.path == members);
            *found.entry(reference.path.clone()).or_insert(true) &= stand_in;
        }
        found
    }

    fn judge(
        &self,
        outcome: CelOutcome,
        scope: &Activation<'_>,
        incomplete: &BTreeMap<String, bool>,
    ) -> ConditionResult {
        match outcome {
            CelOutcome::Bool(true) => ConditionResult::True,
            CelOutcome::Bool(false) => ConditionResult::False,
            CelOutcome::Other(kind) => ConditionResult::Defect(format!(
                "`{}` gives a {kind} instead of true or false",
                self.text
            )),
            CelOutcome::NoSuchKey(key) => {
                let facts = self.unknown_facts(scope, incomplete);
                let explained = self
                    .references
                    .iter()
                    .any(|reference| explains(scope.document, &reference.path, &key));
                if explained && !facts.is_empty() {
                    ConditionResult::Unknown { facts }
                } else {
                    ConditionResult::Defect(format!(
                        "`{}` needs `{key}`, which the facts neither have nor call unknown",
                        self.text
                    ))
                }
            }
            CelOutcome::Error(error) => {
                ConditionResult::Defect(format!("`{}`: {error}", self.text))
            }
        }
    }

    /// The unknown facts the condition touches.
    fn unknown_facts(
        &self,
        scope: &Activation<'_>,
        incomplete: &BTreeMap<String, bool>,
    ) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for reference in &self.references {
            // What other items lack is no concern of this one.
            let item_has_it = reference.through_item
                && !incomplete.contains_key(&reference.path)
                && scope.item.is_some_and(|(list, item)| {
                    reference
                        .path
                        .strip_prefix(&format!("{list}[]."))
                        .is_some_and(|rest| has(item, rest))
                });
            if item_has_it {
                continue;
            }
            let touched = scope.document.unknown.keys().filter(|unknown| {
                within(&reference.path, unknown)
                    || lost(reference, unknown)
                    || (reference.usage == Use::Value && within(unknown, &reference.path))
            });
            found.extend(touched.cloned());
        }
        found
    }
}

/// A document made ready for conditions, once for all checks.
pub struct Prepared<'a> {
    document: &'a FactDocument,
    bindings: Bindings<'a>,
}

/// The variables a condition sees: the facts, the check's thresholds, the item.
pub struct Activation<'s> {
    document: &'s FactDocument,
    bindings: Bindings<'s>,
    params: Option<&'s Value>,
    /// The list and one member of it.
    item: Option<(&'s str, &'s Value)>,
}

impl<'a> Prepared<'a> {
    /// Converts the document.
    pub fn new(document: &'a FactDocument) -> Self {
        Self {
            document,
            bindings: Bindings::new(&document.known),
        }
    }

    /// The document.
    pub fn document(&self) -> &'a FactDocument {
        self.document
    }

    /// The variables of one check and, with `for_each`, of one item: the list's path and the item.
    pub fn scope<'s>(
        &'s self,
        params: Option<&'s Value>,
        item: Option<(&'s str, &'s Value)>,
    ) -> Activation<'s> {
        let mut bindings = self.bindings.inner();
        if let Some(params) = params {
            bindings.bind(PARAMS, params);
        }
        if let Some((_, item)) = item {
            bindings.bind(ITEM, item);
        }
        Activation {
            document: self.document,
            bindings,
            params,
            item,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(known: Value) -> FactDocument {
        FactDocument {
            known,
            ..FactDocument::default()
        }
    }

    fn evaluate(text: &str, known: Value) -> ConditionResult {
        let document = document(known);
        let prepared = Prepared::new(&document);
        Expression::compile(text, None)
            .unwrap()
            .evaluate(&prepared.scope(None, None))
    }

    #[test]
    fn the_reserved_word_function_is_a_variable_and_stays_a_text() {
        let known = json!({"function": {"name": "function", "function": true}});
        for text in [
            r#"function.name == "function""#,
            "function.name == 'func' + 'tion'",
            "function . function",
            r#"function.name in ["function"] && function.function"#,
            r#"["function"].all(f, f == function.name)"#,
        ] {
            assert_eq!(
                evaluate(text, known.clone()),
                ConditionResult::True,
                "{text}"
            );
        }
    }

    #[test]
    fn places_are_those_of_the_text_as_it_is_written() {
        let expression = Expression::compile("function.name == function.version", None).unwrap();
        let places: Vec<(&str, Offset)> = expression
            .references()
            .iter()
            .map(|reference| (reference.path.as_str(), reference.at))
            .collect();
        assert_eq!(places, [("function.name", 9), ("function.version", 26)]);
    }

    #[test]
    fn variables_of_quantifiers_are_resolved_to_their_lists() {
        let text = r#"bucket.acl.public_grants.exists(g, g.permission == "READ" && item.aliases.all(a, a != g.grantee))"#;
        let expression = Expression::compile(text, Some("function.versions")).unwrap();
        let references: Vec<(&str, Use, bool)> = expression
            .references()
            .iter()
            .map(|reference| {
                (
                    reference.path.as_str(),
                    reference.usage,
                    reference.through_item,
                )
            })
            .collect();
        assert_eq!(
            references,
            [
                ("bucket.acl.public_grants", Use::Range, false),
                ("bucket.acl.public_grants[].grantee", Use::Value, false),
                ("bucket.acl.public_grants[].permission", Use::Value, false),
                ("function.versions[].aliases", Use::Range, true),
                ("function.versions[].aliases[]", Use::Value, true),
            ]
        );
    }

    /// One item is asked about, and all items too: that it has the member says nothing of the others.
    #[test]
    fn a_fact_of_the_item_may_be_unknown_of_another_item() {
        let path = "bucket.items";
        let whole = json!({"p": false});
        let document = FactDocument {
            known: json!({"bucket": {"a": false, "items": [{}, whole]}}),
            unknown: BTreeMap::from([(format!("{path}[].p"), Vec::new())]),
        };
        let prepared = Prepared::new(&document);
        let facts = BTreeSet::from([format!("{path}[].p")]);
        for (text, expected) in [
            (
                "item.p || bucket.items.exists(i, i.p)",
                ConditionResult::Unknown { facts },
            ),
            (
                "bucket.a ? bucket.items.exists(i, i.p) : item.p",
                ConditionResult::False,
            ),
            (
                "!item.p || bucket.items.exists(i, i.p)",
                ConditionResult::True,
            ),
        ] {
            let scope = prepared.scope(None, Some((path, &whole)));
            let result = Expression::compile(text, Some(path))
                .unwrap()
                .evaluate(&scope);
            assert_eq!(result, expected, "{text}");
        }
    }

    #[test]
    fn integers_are_signed_and_can_be_reckoned_with() {
        let known = json!({"bucket": {"n": 997, "x": 1.5}});
        for text in [
            "bucket.n + 1 == 998",
            "bucket.n - 1000 == -3",
            "-bucket.n < 0",
            "double(bucket.n) * bucket.x > 1495.0",
            "bucket.x < bucket.n",
        ] {
            assert_eq!(
                evaluate(text, known.clone()),
                ConditionResult::True,
                "{text}"
            );
        }
    }

    #[test]
    fn an_overflow_is_a_defect_and_no_verdict() {
        let known = json!({"bucket": {"n": i64::MAX}});
        let truth = evaluate("bucket.n + 1 > 0", known);
        assert!(matches!(truth, ConditionResult::Defect(_)), "{truth:?}");
    }
}
