//! The `cel` crate behind an interface of our own: the only file that names it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{Expr, LiteralValue, operators};
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString,
};
use cel::common::value::Val;
use cel::{Context, Env, ExecutionError, IdedExpr, Program};
use serde_json::Value;

use super::term::{
    BinaryOperator, ExpressionError, Function, ListQuantifier, Offset, Term, TermNode,
};

/// The deepest expression that is translated.
const MAX_DEPTH: usize = 64;

/// The variable that CEL does not allow, and what stands for it inside this file.
const FUNCTION: &str = "function";
const MASKED: &str = "functi0n";

/// A parsed condition.
#[derive(Clone)]
pub(super) struct CelProgram(Arc<Program>);

/// The outcome of an evaluation.
pub(super) enum CelOutcome {
    Bool(bool),
    /// A value of another type.
    Other(String),
    /// A member that the document does not have.
    NoSuchKey(String),
    Error(String),
}

impl CelProgram {
    /// Parses a condition, and translates it.
    ///
    /// # Errors
    /// Every syntax error and everything that conditions may not use.
    pub(super) fn compile(text: &str) -> Result<(Self, TermNode), Vec<ExpressionError>> {
        let program =
            Program::compile(&mask(text)).map_err(|errors| syntax_errors(text, &errors))?;
        let mut translator = Translator {
            program: &program,
            mistakes: Vec::new(),
        };
        let tree = translator.node(program.expression(), 0);
        let mut mistakes = translator.mistakes;
        match tree.filter(|_| mistakes.is_empty()) {
            Some(tree) => Ok((Self(Arc::new(program)), tree)),
            None => {
                mistakes.sort_by_key(|mistake| mistake.at);
                Err(mistakes)
            }
        }
    }

    pub(super) fn execute(&self, bindings: &Bindings<'_>) -> CelOutcome {
        match self.0.execute(&bindings.0) {
            Ok(cel::Value::Bool(value)) => CelOutcome::Bool(value),
            Ok(other) => CelOutcome::Other(other.type_of().to_string()),
            Err(ExecutionError::NoSuchKey(key)) => CelOutcome::NoSuchKey(key.to_string()),
            Err(error) => CelOutcome::Error(error.to_string()),
        }
    }
}

/// The values of variables.
pub(super) struct Bindings<'v>(Context<'v, 'v>);

impl<'v> Bindings<'v> {
    /// Binds every member of a document.
    pub(super) fn new(known: &'v Value) -> Self {
        let mut bindings = Self(empty_context());
        for (name, value) in known.as_object().into_iter().flatten() {
            let name = if name == FUNCTION { MASKED } else { name };
            bindings.bind(name, value);
        }
        bindings
    }

    /// Further variables on top of these.
    pub(super) fn inner<'s>(&'s self) -> Bindings<'s> {
        Bindings(self.0.new_inner_scope())
    }

    pub(super) fn bind(&mut self, name: &str, value: &'v Value) {
        self.0.add_variable_as_val(name, convert(value));
    }
}

/// A context without variables. CEL's standard functions are registered once for all documents.
fn empty_context<'v>() -> Context<'v, 'v> {
    static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));
    Context::with_env(Arc::clone(&STANDARD))
}

/// The condition with the variable `function` masked. Members of that name and texts stay; a text
/// that this lexes wrongly, and so masks, is not supported later.
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

/// The operator of that name in the crate.
fn binary_operator(name: &str) -> Option<BinaryOperator> {
    Some(match name {
        operators::LOGICAL_AND => BinaryOperator::And,
        operators::LOGICAL_OR => BinaryOperator::Or,
        operators::EQUALS => BinaryOperator::Equal,
        operators::NOT_EQUALS => BinaryOperator::NotEqual,
        operators::LESS => BinaryOperator::Less,
        operators::LESS_EQUALS => BinaryOperator::LessOrEqual,
        operators::GREATER => BinaryOperator::Greater,
        operators::GREATER_EQUALS => BinaryOperator::GreaterOrEqual,
        operators::IN => BinaryOperator::In,
        operators::ADD => BinaryOperator::Add,
        operators::SUBSTRACT => BinaryOperator::Subtract,
        operators::MULTIPLY => BinaryOperator::Multiply,
        operators::DIVIDE => BinaryOperator::Divide,
        operators::MODULO => BinaryOperator::Modulo,
        _ => return None,
    })
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
                        "`null` is not supported: a known fact is never null, and an unknown one must not be tested for",
                    );
                }
                LiteralValue::Bytes(_) => {
                    return self.refuse(at, "bytes are not supported: facts are text, write \"…\"");
                }
            },
            Expr::Ident(name) => {
                if name.starts_with('.') || name.starts_with('@') {
                    return self.refuse(at, format!("`{name}` is not a variable"));
                }
                Term::Name(unmask(name).to_owned())
            }
            Expr::Select(select) => {
                if select.test {
                    return self.refuse(
                        at,
                        "`has()` is not supported: it would turn an unknown fact into false; compare the fact's value instead",
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
                    return self.refuse(at, "optional list members are not supported");
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
            Expr::Map(_) => return self.refuse(at, "maps `{…}` are not supported in conditions"),
            Expr::Struct(_) => {
                return self.refuse(at, "messages `Name{…}` are not supported in conditions");
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
                "indexing with [ ] is not supported: a missing key would look like an unknown fact; use `\"key\" in map`, or exists() over a list",
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
            return self.refuse(at, "`has()` is not supported");
        }
        if name == "matches" {
            return self.refuse(
                at,
                "matches() is not supported: use startsWith(), endsWith(), contains() or ==",
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
        let term = if let Some(operator) = binary_operator(name)
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
            let hint = crate::checks::suggest::did_you_mean(
                name,
                known.iter().copied().chain(["exists", "all"]),
            );
            return self.refuse(at, format!("unknown function `{name}`{hint}"));
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
                        return self.refuse(
                            at,
                            "map() is not supported in conditions: use exists() or all()",
                        );
                    }
                }
            }
            Expr::Call(step) if step.func_name == operators::CONDITIONAL => {
                return self.refuse(
                    at,
                    "filter(), exists_one() and map() with a condition are not supported: they would drop members that cannot be judged; use exists() or all()",
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
