//! The language of conditions: a closed subset of CEL.

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

/// A part of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct TermNode {
    /// Where it stands.
    pub at: Offset,
    /// What it is.
    pub term: Term,
}

/// The language of conditions. Everything else that CEL has is not supported.
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
