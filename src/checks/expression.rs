//! Conditions: CEL, made safe for facts that may be unknown. The only file that names the `cel` crate.
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
//! language in which none of this can be written; whatever has no translation is refused with its
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

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{Expr, LiteralValue, operators};
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString,
};
use cel::common::value::Val;
use cel::{Context, Env, ExecutionError, IdedExpr, Program};
use serde_json::Value;

use crate::facts::FactDocument;

/// The variable that holds the item in checks with `for_each`.
pub const ITEM: &str = "item";
/// The variable that holds the thresholds.
pub const PARAMS: &str = "params";

/// The longest condition that is read, bytes. Conditions are a line or two.
const MAX_LENGTH: usize = 4096;
/// The deepest expression that is translated.
const MAX_DEPTH: usize = 64;

/// The variable that CEL does not allow, and what stands for it inside this file.
const FUNCTION: &str = "function";
const MASKED: &str = "functi0n";

/// A compiled condition.
#[derive(Clone)]
pub struct Expression {
    text: String,
    program: Arc<Program>,
    tree: Arc<TermNode>,
    references: Vec<Reference>,
}

/// A place in a condition: byte offset from its start.
pub type Offset = usize;

/// One mistake in a condition, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// Where.
    pub at: Offset,
    /// What, for a person.
    pub message: String,
}

impl ExpressionError {
    /// A mistake at a place.
    pub fn new(at: Offset, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}

/// How a condition uses a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Its value.
    Value,
    /// Quantified over by `exists` or `all`, member by member.
    Range,
}

/// One fact that a condition names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The path without list positions, for example `bucket.acl.public_grants[].permission`.
    /// Variables of `exists`, `all` and `for_each` are resolved to the list they run over.
    pub path: String,
    /// How it is used.
    pub usage: Use,
    /// Where it stands.
    pub at: Offset,
    /// It is named through [`ITEM`].
    pub through_item: bool,
}

/// A part of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct TermNode {
    /// Where it stands.
    pub at: Offset,
    /// What it is.
    pub term: Term,
}

/// The language of conditions. Everything else that CEL has is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// `true`, `false`
    Bool(bool),
    /// `90`
    Int(i64),
    /// `1.5`
    Double(f64),
    /// `"READ"`
    Text(String),
    /// `["READ", "WRITE"]`
    List(Vec<TermNode>),
    /// A variable.
    Name(String),
    /// `object.member`
    Member(Box<TermNode>, String),
    /// `!x`
    Not(Box<TermNode>),
    /// `-x`
    Negate(Box<TermNode>),
    /// `a && b`, `a < b`, `a in b`, …
    Binary(BinaryOperator, Box<TermNode>, Box<TermNode>),
    /// `condition ? a : b`
    Choice(Box<TermNode>, Box<TermNode>, Box<TermNode>),
    /// `size(x)`, `double(x)`, `text.startsWith(y)`, …
    Call(Function, Vec<TermNode>),
    /// `list.exists(variable, body)`, `list.all(variable, body)`
    Quantified {
        /// Which.
        quantifier: ListQuantifier,
        /// The list.
        range: Box<TermNode>,
        /// The variable's name.
        variable: String,
        /// What is asked of each member.
        body: Box<TermNode>,
    },
}

/// `exists` or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListQuantifier {
    /// Some member.
    Exists,
    /// Every member.
    All,
}

/// Operators with two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the operators")]
pub enum BinaryOperator {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl BinaryOperator {
    fn from_cel(name: &str) -> Option<Self> {
        Some(match name {
            operators::LOGICAL_AND => Self::And,
            operators::LOGICAL_OR => Self::Or,
            operators::EQUALS => Self::Equal,
            operators::NOT_EQUALS => Self::NotEqual,
            operators::LESS => Self::Less,
            operators::LESS_EQUALS => Self::LessOrEqual,
            operators::GREATER => Self::Greater,
            operators::GREATER_EQUALS => Self::GreaterOrEqual,
            operators::IN => Self::In,
            operators::ADD => Self::Add,
            operators::SUBSTRACT => Self::Subtract,
            operators::MULTIPLY => Self::Multiply,
            operators::DIVIDE => Self::Divide,
            operators::MODULO => Self::Modulo,
            _ => return None,
        })
    }

    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::And => "&&",
            Self::Or => "||",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

/// The functions conditions may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `size(x)`, `x.size()`: length of a list or a string, number of keys of a map.
    Size,
    /// `double(x)`: an integer as a floating-point number.
    Double,
    /// `text.startsWith(prefix)`
    StartsWith,
    /// `text.endsWith(suffix)`
    EndsWith,
    /// `text.contains(part)`
    Contains,
}

impl Function {
    /// Every function with its name in CEL.
    pub const ALL: [(&'static str, Self); 5] = [
        ("size", Self::Size),
        ("double", Self::Double),
        ("startsWith", Self::StartsWith),
        ("endsWith", Self::EndsWith),
        ("contains", Self::Contains),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, function)| *function == self)
            .map_or("", |(name, _)| name)
    }
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
        let program =
            Program::compile(&mask(text)).map_err(|errors| syntax_errors(text, &errors))?;
        let mut translator = Translator {
            program: &program,
            mistakes: Vec::new(),
        };
        let tree = translator.node(program.expression(), 0);
        let mut mistakes = translator.mistakes;
        let Some(tree) = tree.filter(|_| mistakes.is_empty()) else {
            mistakes.sort_by_key(|mistake| mistake.at);
            return Err(mistakes);
        };
        let mut references = Vec::new();
        let mut scope = Vec::new();
        if let Some(path) = item_path {
            scope.push(Variable {
                name: ITEM.to_owned(),
                path: Some(format!("{path}[]")),
                through_item: true,
            });
        }
        collect_references(&tree, Use::Value, &mut scope, &mut references);
        references.sort();
        references.dedup_by(|a, b| a.path == b.path && a.usage == b.usage);
        Ok(Self {
            text: text.to_owned(),
            program: Arc::new(program),
            tree: Arc::new(tree),
            references,
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

    /// The facts it names, by path, each once a use.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Evaluates against a prepared document.
    pub fn evaluate(&self, scope: &Activation<'_>) -> ConditionResult {
        let incomplete = self.incomplete(scope.document);
        if incomplete.is_empty() {
            return self.judge(self.program.execute(&scope.context), scope, &incomplete);
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
        let mut context = empty_context();
        bind_members(&mut context, &known);
        if let Some(params) = scope.params {
            context.add_variable_as_val(PARAMS, convert(params));
        }
        if let Some(item) = &item {
            context.add_variable_as_val(ITEM, convert(item));
        }
        self.judge(self.program.execute(&context), scope, &incomplete)
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
        outcome: Result<cel::Value, ExecutionError>,
        scope: &Activation<'_>,
        incomplete: &BTreeMap<String, bool>,
    ) -> ConditionResult {
        match outcome {
            Ok(cel::Value::Bool(true)) => ConditionResult::True,
            Ok(cel::Value::Bool(false)) => ConditionResult::False,
            Ok(other) => ConditionResult::Defect(format!(
                "`{}` gives a {} instead of true or false",
                self.text,
                other.type_of()
            )),
            Err(ExecutionError::NoSuchKey(key)) => {
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
            Err(error) => ConditionResult::Defect(format!("`{}`: {error}", self.text)),
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

/// True when the unknown fact is a member that the list, or the map, has lost.
fn lost(reference: &Reference, unknown: &str) -> bool {
    unknown
        .strip_prefix(reference.path.as_str())
        // Below a list everything reads `list[].member`, so a dot here is a map's key — or a
        // member of an object, which no condition can use as a value or run over.
        .is_some_and(|rest| rest == "[]" || rest.starts_with('.'))
}

/// True when `path` is `container` or lies below it.
fn within(path: &str, container: &str) -> bool {
    path.strip_prefix(container)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// True when "no such key" at `key` follows from an unknown fact on the way along `path`.
fn explains(document: &FactDocument, path: &str, key: &str) -> bool {
    let mut end = 0;
    for segment in path.split('.') {
        end += segment.len();
        let name = segment.strip_suffix("[]").unwrap_or(segment);
        if name == key
            && let Some(prefix) = path.get(..end)
        {
            let prefix = prefix.strip_suffix("[]").unwrap_or(prefix);
            if document
                .unknown
                .keys()
                .any(|unknown| within(prefix, unknown) || within(unknown, prefix))
            {
                return true;
            }
        }
        end += 1;
    }
    false
}

/// True when the member path leads to something in every list position on the way.
fn has(value: &Value, path: &str) -> bool {
    let (head, rest) = match path.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (path, None),
    };
    let name = head.strip_suffix("[]");
    let Some(member) = value.get(name.unwrap_or(head)) else {
        return false;
    };
    match (name, rest) {
        (None, None) => true,
        (None, Some(rest)) => has(member, rest),
        (Some(_), rest) => member.as_array().is_some_and(|items| {
            items
                .iter()
                .all(|item| rest.is_none_or(|rest| has(item, rest)))
        }),
    }
}

/// Makes a list's lost members show, at every position the path leads to: with an empty item in
/// their place, or by removing the list.
fn amend(value: &mut Value, path: &str, phantom: bool) {
    let (head, rest) = match path.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (path, None),
    };
    let Some(object) = value.as_object_mut() else {
        return;
    };
    match (head.strip_suffix("[]"), rest) {
        (None, None) => {
            if phantom {
                if let Some(Value::Array(items)) = object.get_mut(head) {
                    items.push(Value::Object(serde_json::Map::new()));
                }
            } else {
                object.remove(head);
            }
        }
        (None, Some(rest)) => {
            if let Some(member) = object.get_mut(head) {
                amend(member, rest, phantom);
            }
        }
        (Some(list), Some(rest)) => {
            if let Some(Value::Array(items)) = object.get_mut(list) {
                for item in items {
                    amend(item, rest, phantom);
                }
            }
        }
        // A list directly inside a list: its members have no names, so the outer list is removed.
        (Some(list), None) => {
            object.remove(list);
        }
    }
}

/// A document made ready for conditions, once for all checks.
pub struct Prepared<'a> {
    document: &'a FactDocument,
    context: Context<'a, 'a>,
}

/// The variables a condition sees: the facts, the check's thresholds, the item.
pub struct Activation<'s> {
    document: &'s FactDocument,
    context: Context<'s, 's>,
    params: Option<&'s Value>,
    /// The list and one member of it.
    item: Option<(&'s str, &'s Value)>,
}

impl<'a> Prepared<'a> {
    /// Converts the document.
    pub fn new(document: &'a FactDocument) -> Self {
        let mut context = empty_context();
        bind_members(&mut context, &document.known);
        Self { document, context }
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
        let mut context: Context<'s, 's> = self.context.new_inner_scope();
        if let Some(params) = params {
            context.add_variable_as_val(PARAMS, convert(params));
        }
        if let Some((_, item)) = item {
            context.add_variable_as_val(ITEM, convert(item));
        }
        Activation {
            document: self.document,
            context,
            params,
            item,
        }
    }
}

/// A context without variables. CEL's standard functions are registered once for all documents.
fn empty_context<'v>() -> Context<'v, 'v> {
    static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));
    Context::with_env(Arc::clone(&STANDARD))
}

fn bind_members<'v>(context: &mut Context<'_, 'v>, known: &'v Value) {
    for (name, value) in known.as_object().into_iter().flatten() {
        let name = if name == FUNCTION { MASKED } else { name };
        context.add_variable_as_val(name, convert(value));
    }
}

/// The condition with the variable `function` masked. Members of that name and texts stay; a text
/// that this lexes wrongly, and so masks, is refused later.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let word = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let taken = if matches!(c, '"' | '\'') {
            quoted_length(rest, c)
        } else {
            word.max(c.len_utf8())
        };
        let (token, after) = rest.split_at(taken.min(rest.len()));
        let masked = token == FUNCTION && before != Some('.');
        out.push_str(if masked { MASKED } else { token });
        if !c.is_whitespace() {
            before = Some(c);
        }
        rest = after;
    }
    out
}

/// Bytes up to and with the quote that closes the text `rest` starts with.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    rest.len()
}

fn unmask(name: &str) -> &str {
    if name == MASKED { FUNCTION } else { name }
}

/// JSON as a CEL value that borrows its texts. Integers become `Int`: the crate's own conversion
/// makes every non-negative one a `UInt`, and `UInt + Int` is an error there.
fn convert<'v>(value: &'v Value) -> Box<dyn Val + 'v> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(value) => Box::new(CelBool::from(*value)),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Box::new(CelInt::from(integer)),
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => Box::new(CelString::from(text.as_str())),
        Value::Array(items) => {
            let items: Vec<Box<dyn Val + 'v>> = items.iter().map(convert).collect();
            Box::new(CelList::from(items))
        }
        Value::Object(members) => {
            let members: HashMap<CelMapKey<'v>, Box<dyn Val + 'v>> = members
                .iter()
                .map(|(name, value)| (CelMapKey::from(name.as_str()), convert(value)))
                .collect();
            Box::new(CelMap::from(members))
        }
    }
}

/// Collects the facts a condition names, resolving the variables of quantifiers to list paths. A
/// variable whose range is no fact (a list written out) has no path.
fn collect_references(
    node: &TermNode,
    usage: Use,
    scope: &mut Vec<Variable>,
    out: &mut Vec<Reference>,
) {
    match &node.term {
        Term::Bool(_) | Term::Int(_) | Term::Double(_) | Term::Text(_) => {}
        Term::Name(_) | Term::Member(..) => {
            if let Some((path, through_item)) = path_of(node, scope) {
                out.push(Reference {
                    path,
                    usage,
                    at: node.at,
                    through_item,
                });
            } else if let Term::Member(operand, _) = &node.term
                && root_name(node).is_none()
            {
                collect_references(operand, Use::Value, scope, out);
            }
        }
        Term::List(items) => {
            for item in items {
                collect_references(item, Use::Value, scope, out);
            }
        }
        Term::Call(_, arguments) => {
            for argument in arguments {
                collect_references(argument, Use::Value, scope, out);
            }
        }
        Term::Not(a) | Term::Negate(a) => collect_references(a, Use::Value, scope, out),
        Term::Binary(_, a, b) => {
            collect_references(a, Use::Value, scope, out);
            collect_references(b, Use::Value, scope, out);
        }
        Term::Choice(a, b, c) => {
            for part in [a, b, c] {
                collect_references(part, Use::Value, scope, out);
            }
        }
        Term::Quantified {
            range,
            variable,
            body,
            ..
        } => {
            collect_references(range, Use::Range, scope, out);
            let range = path_of(range, scope);
            scope.push(Variable {
                name: variable.clone(),
                through_item: range
                    .as_ref()
                    .is_some_and(|(_, through_item)| *through_item),
                path: range.map(|(path, _)| format!("{path}[]")),
            });
            collect_references(body, Use::Value, scope, out);
            scope.pop();
        }
    }
}

/// The variable a chain of members starts with.
fn root_name(node: &TermNode) -> Option<&str> {
    match &node.term {
        Term::Name(name) => Some(name),
        Term::Member(operand, _) => root_name(operand),
        _ => None,
    }
}

/// A variable in scope: of `for_each`, or of `exists` and `all`.
struct Variable {
    name: String,
    /// The path of what it holds; none when it runs over a list that is written out.
    path: Option<String>,
    through_item: bool,
}

/// The fact path of a chain of members, and whether it starts at the item; none for thresholds and
/// for variables that hold no fact.
fn path_of(node: &TermNode, scope: &[Variable]) -> Option<(String, bool)> {
    match &node.term {
        Term::Name(name) => match scope.iter().rev().find(|known| known.name == *name) {
            Some(variable) => Some((variable.path.clone()?, variable.through_item)),
            None if name == PARAMS => None,
            None => Some((name.clone(), false)),
        },
        Term::Member(operand, member) => {
            let (path, through_item) = path_of(operand, scope)?;
            Some((format!("{path}.{member}"), through_item))
        }
        _ => None,
    }
}

/// Turns the crate's syntax tree into [`Term`]s and notes what has no place there.
struct Translator<'p> {
    program: &'p Program,
    mistakes: Vec<ExpressionError>,
}

impl Translator<'_> {
    fn refuse(&mut self, at: Offset, message: impl Into<String>) -> Option<TermNode> {
        self.mistakes.push(ExpressionError::new(at, message));
        None
    }

    fn at(&self, expression: &IdedExpr) -> Offset {
        self.program
            .source_info()
            .offset_for(expression.id)
            .map_or(0, |(start, _)| start as usize)
    }

    fn node(&mut self, expression: &IdedExpr, depth: usize) -> Option<TermNode> {
        let mut at = self.at(expression);
        if depth > MAX_DEPTH {
            return self.refuse(at, "the condition is nested too deeply");
        }
        let depth = depth + 1;
        let term = match &expression.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(value) => Term::Bool(*value.inner()),
                LiteralValue::Int(value) => Term::Int(*value.inner()),
                LiteralValue::Double(value) => Term::Double(*value.inner()),
                LiteralValue::String(value) => {
                    let text = value.inner().to_owned();
                    if text.contains(MASKED) {
                        return self.refuse(at, "this text cannot be used here");
                    }
                    Term::Text(text)
                }
                LiteralValue::UInt(value) => {
                    let plain = value.inner();
                    return self.refuse(
                        at,
                        format!("write {plain} instead of {plain}u: all integers are signed"),
                    );
                }
                LiteralValue::Null => {
                    return self.refuse(
                        at,
                        "`null` is refused: a known fact is never null, and an unknown one must not be tested for",
                    );
                }
                LiteralValue::Bytes(_) => {
                    return self.refuse(at, "bytes are refused: facts are text, write \"…\"");
                }
            },
            Expr::Ident(name) => {
                if name.starts_with('.') || name.starts_with('@') {
                    return self.refuse(at, format!("`{name}` is no variable"));
                }
                Term::Name(unmask(name).to_owned())
            }
            Expr::Select(select) => {
                if select.test {
                    return self.refuse(
                        at,
                        "`has()` is refused: it would turn an unknown fact into false; compare the fact's value instead",
                    );
                }
                // The crate's place is the dot.
                at += 1;
                Term::Member(
                    Box::new(self.node(&select.operand, depth)?),
                    unmask(&select.field).to_owned(),
                )
            }
            Expr::List(list) => {
                if !list.optional_indices.is_empty() {
                    return self.refuse(at, "optional list members are refused");
                }
                let items: Vec<Option<TermNode>> = list
                    .elements
                    .iter()
                    .map(|item| self.node(item, depth))
                    .collect();
                Term::List(items.into_iter().collect::<Option<_>>()?)
            }
            Expr::Call(call) => return self.call(at, call, depth),
            Expr::Comprehension(comprehension) => {
                return self.comprehension(at, comprehension, depth);
            }
            Expr::Map(_) => return self.refuse(at, "maps `{…}` are refused in conditions"),
            Expr::Struct(_) => {
                return self.refuse(at, "messages `Name{…}` are refused in conditions");
            }
            Expr::Unspecified => return self.refuse(at, "something is missing here"),
        };
        Some(TermNode { at, term })
    }

    fn call(
        &mut self,
        at: Offset,
        call: &cel::common::ast::CallExpr,
        depth: usize,
    ) -> Option<TermNode> {
        let name = call.func_name.as_str();
        if matches!(
            name,
            operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT
        ) {
            return self.refuse(
                at,
                "indexing with [ ] is refused: a missing key would look like an unknown fact; use `\"key\" in map`, or exists() over a list",
            );
        }
        if matches!(
            name,
            "exists" | "all" | "exists_one" | "existsOne" | "filter" | "map"
        ) {
            return self.refuse(
                at,
                format!("{name}() takes a variable and a condition: list.{name}(x, …)"),
            );
        }
        if name == "has" {
            return self.refuse(at, "`has()` is refused");
        }
        if name == "matches" {
            return self.refuse(
                at,
                "matches() is refused: use startsWith(), endsWith(), contains() or ==",
            );
        }
        let parts: Vec<Option<TermNode>> = call
            .target
            .iter()
            .map(AsRef::as_ref)
            .chain(&call.args)
            .map(|part| self.node(part, depth))
            .collect();
        let mut parts: Vec<TermNode> = parts.into_iter().collect::<Option<_>>()?;
        let term = if let Some(operator) = BinaryOperator::from_cel(name)
            && call.target.is_none()
        {
            let (Some(right), Some(left)) = (parts.pop(), parts.pop()) else {
                return self.refuse(at, format!("`{}` needs two sides", operator.symbol()));
            };
            Term::Binary(operator, Box::new(left), Box::new(right))
        } else if name == operators::CONDITIONAL && call.target.is_none() {
            let (Some(otherwise), Some(then), Some(condition)) =
                (parts.pop(), parts.pop(), parts.pop())
            else {
                return self.refuse(at, "`? :` needs three parts");
            };
            Term::Choice(Box::new(condition), Box::new(then), Box::new(otherwise))
        } else if name == operators::LOGICAL_NOT || name == operators::NEGATE {
            let Some(operand) = parts.pop() else {
                return self.refuse(at, "something is missing here");
            };
            if name == operators::NEGATE {
                Term::Negate(Box::new(operand))
            } else {
                Term::Not(Box::new(operand))
            }
        } else if let Some((_, function)) = Function::ALL.iter().find(|(known, _)| *known == name) {
            let (member_only, takes) = match function {
                Function::Size | Function::Double => (false, 1),
                Function::StartsWith | Function::EndsWith | Function::Contains => (true, 2),
            };
            let double_member = *function == Function::Double && call.target.is_some();
            if parts.len() != takes || (member_only && call.target.is_none()) || double_member {
                let form = match function {
                    Function::Size => "size(list)",
                    Function::Double => "double(number)",
                    Function::StartsWith => "text.startsWith(prefix)",
                    Function::EndsWith => "text.endsWith(suffix)",
                    Function::Contains => "text.contains(part)",
                };
                return self.refuse(at, format!("write {form}"));
            }
            Term::Call(*function, parts)
        } else {
            let known = Function::ALL.map(|(name, _)| name);
            let hint =
                super::suggest::did_you_mean(name, known.iter().copied().chain(["exists", "all"]));
            return self.refuse(at, format!("no function is called `{name}`{hint}"));
        };
        Some(TermNode { at, term })
    }

    fn comprehension(
        &mut self,
        at: Offset,
        comprehension: &cel::common::ast::ComprehensionExpr,
        depth: usize,
    ) -> Option<TermNode> {
        let accumulates = |arguments: &[IdedExpr]| matches!(arguments.first().map(|first| &first.expr), Some(Expr::Ident(name)) if *name == comprehension.accu_var);
        let (quantifier, body) = match &comprehension.loop_step.expr {
            Expr::Call(step) if accumulates(&step.args) && step.args.len() == 2 => {
                match step.func_name.as_str() {
                    operators::LOGICAL_OR => (ListQuantifier::Exists, step.args.get(1)),
                    operators::LOGICAL_AND => (ListQuantifier::All, step.args.get(1)),
                    _ => {
                        return self
                            .refuse(at, "map() is refused in conditions: use exists() or all()");
                    }
                }
            }
            Expr::Call(step) if step.func_name == operators::CONDITIONAL => {
                return self.refuse(
                    at,
                    "filter(), exists_one() and map() with a condition are refused: they would drop members that cannot be judged; use exists() or all()",
                );
            }
            _ => return self.refuse(at, "only exists() and all() run over lists"),
        };
        if comprehension.iter_var2.is_some() {
            return self.refuse(at, "exists() and all() take one variable");
        }
        let range = self.node(&comprehension.iter_range, depth);
        let body = body.and_then(|body| self.node(body, depth));
        Some(TermNode {
            at,
            term: Term::Quantified {
                quantifier,
                range: Box::new(range?),
                variable: unmask(&comprehension.iter_var).to_owned(),
                body: Box::new(body?),
            },
        })
    }
}

/// The crate's syntax errors in words for a person, the first of each place.
fn syntax_errors(text: &str, errors: &cel::ParseErrors) -> Vec<ExpressionError> {
    let mut mistakes: Vec<ExpressionError> = Vec::new();
    for error in &errors.errors {
        let at = offset_of(text, error.pos);
        let message = reword(&error.msg);
        if mistakes.iter().all(|mistake| mistake.at != at) {
            mistakes.push(ExpressionError::new(at, message));
        }
    }
    if mistakes.is_empty() {
        mistakes.push(ExpressionError::new(0, "this is not a CEL expression"));
    }
    // Errors that follow from the first one only confuse.
    mistakes.sort_by_key(|mistake| mistake.at);
    mistakes.truncate(1);
    mistakes
}

fn reword(message: &str) -> String {
    let quoted = |marker: &str| {
        message
            .split_once(marker)
            .and_then(|(_, rest)| rest.split_once('\''))
            .and_then(|(_, rest)| rest.split_once('\''))
            .map(|(token, _)| token.trim().to_owned())
    };
    let message = message.replace(MASKED, FUNCTION);
    if let Some((_, word)) = message.split_once("reserved identifier: ") {
        return format!("`{word}` is a reserved word of CEL: take another name");
    }
    if message.contains("recursion") {
        return "the condition is nested too deeply".to_owned();
    }
    for marker in ["token recognition error at", "unsupported syntax"] {
        if let Some(token) = quoted(marker) {
            return if token == "=" {
                "write == to compare".to_owned()
            } else if token.starts_with(['"', '\'']) {
                "this text has no closing quote".to_owned()
            } else {
                format!("`{token}` has no meaning here")
            };
        }
    }
    for marker in [
        "mismatched input",
        "extraneous input",
        "no viable alternative at input",
        "missing",
    ] {
        if let Some(token) = quoted(marker) {
            return if token == "<EOF>" || token.is_empty() {
                "the condition ends too early".to_owned()
            } else {
                format!("`{token}` was not expected here")
            };
        }
    }
    format!("not a CEL expression: {message}")
}

/// The byte offset of a 1-based line and column.
fn offset_of(text: &str, (line, column): (isize, isize)) -> Offset {
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let column = usize::try_from(column).unwrap_or(1).max(1);
    let before: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let rest = text.get(before..).unwrap_or_default();
    let within: usize = rest.chars().take(column - 1).map(char::len_utf8).sum();
    before + within
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
