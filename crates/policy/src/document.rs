//! A policy as a tree: what IAM means, in types.
//!
//! Everything optional in the text is made explicit here (one statement or a list, a value or a list
//! of values, `"*"` or `{"AWS": "*"}`), and everything that IAM compares without regard to case is
//! folded once. Texts that matter to a reader are kept as written. What is *not* done here is any
//! judging: an impossible condition or a resource of another bucket is kept as it is.

use std::collections::BTreeSet;

pub use super::pattern::Version;

use super::pattern::Pattern;

/// A place in a policy's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Bytes from the start of the text.
    pub offset: usize,
    /// Line, from 1.
    pub line: u32,
    /// Character in the line, from 1.
    pub column: u32,
}

impl Place {
    /// The first character.
    pub const START: Self = Self {
        offset: 0,
        line: 1,
        column: 1,
    };

    /// The same place in a text that begins at `start` of this one.
    pub(super) fn from(self, start: Self) -> Self {
        Self {
            offset: self.offset.saturating_sub(start.offset),
            line: self.line.saturating_sub(start.line).saturating_add(1),
            column: if self.line == start.line {
                self.column.saturating_sub(start.column).saturating_add(1)
            } else {
                self.column
            },
        }
    }
}

/// What kind of thing is wrong with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefectKind {
    /// The text is not JSON, or too long to be a policy.
    Syntax,
    /// It is JSON, and IAM's grammar forbids it: AWS would refuse to store it.
    Grammar,
    /// A statement lacks an element that IAM's grammar requires, or its principals are a list without a
    /// type: AWS would refuse to store it. All that the statement has is kept.
    Incomplete,
    /// A principal that is no one's name: AWS would refuse to store it, and it lets no one in.
    UnknownPrincipal,
    /// It has a form this program does not know. AWS may have added it since, so the policy is not
    /// called wrong; but no conclusion is drawn from a policy that is not understood whole.
    Unfamiliar,
}

/// Something in a policy that could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// What kind of defect.
    pub kind: DefectKind,
    /// Where it stands.
    pub place: Place,
    /// In which statement, counted from 0; absent outside of statements.
    pub statement: Option<usize>,
    /// What is wrong, for a person.
    pub text: String,
}

impl std::fmt::Display for Defect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "line {}, column {}: {}",
            self.place.line, self.place.column, self.text
        )
    }
}

/// A policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The language version.
    pub version: Version,
    /// `Id`.
    pub id: Option<String>,
    /// The statements that could be read, in their order.
    pub statements: Vec<Statement>,
    /// Everything that could not be read, in the order of the text.
    pub defects: Vec<Defect>,
}

impl Policy {
    /// True when every part of the policy was understood, so that conclusions may be drawn.
    pub fn is_sound(&self) -> bool {
        self.defects.is_empty()
    }

    /// True when AWS would refuse to store it.
    pub fn is_malformed(&self) -> bool {
        self.defects
            .iter()
            .any(|defect| defect.kind != DefectKind::Unfamiliar)
    }

    /// The defects that leave open what a statement says. A principal that is no one's name is like one
    /// that was not written.
    fn open_defects(&self) -> impl Iterator<Item = &Defect> {
        self.defects
            .iter()
            .filter(|defect| defect.kind != DefectKind::UnknownPrincipal)
    }

    /// Those of one statement.
    pub(crate) fn defects_of(&self, index: usize) -> impl Iterator<Item = &Defect> {
        self.open_defects()
            .filter(move |defect| defect.statement == Some(index))
    }

    /// The statements with a part that could not be read.
    pub(crate) fn broken_statements(&self) -> BTreeSet<usize> {
        self.open_defects()
            .filter_map(|defect| defect.statement)
            .collect()
    }

    /// The first defect that is in none of the statements: something else stands there, so that nothing
    /// can be said of the policy as a whole.
    pub(crate) fn lost_part(&self) -> Option<&Defect> {
        let is_lost = |index: usize| self.statements.iter().all(|found| found.index != index);
        self.open_defects()
            .find(|defect| defect.statement.is_none_or(is_lost))
    }

    /// The statements with that effect.
    pub fn with_effect(&self, effect: Effect) -> impl Iterator<Item = &Statement> {
        self.statements
            .iter()
            .filter(move |statement| statement.effect == effect)
    }
}

/// Allow or Deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Lets requests in that no Deny matches.
    Allow,
    /// Keeps requests out, whatever allows them.
    Deny,
}

/// One statement. It matches a request when all of its elements do.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Position in the document, from 0; statements that could not be read count.
    pub index: usize,
    /// Where its text begins.
    pub place: Place,
    /// Byte offset just behind its text.
    pub end: usize,
    /// `Sid`.
    pub sid: Option<String>,
    /// `Effect`.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`; identity policies have none.
    pub principal: Option<Element<Principal>>,
    /// What stands in that element where it is a list of strings, which IAM's grammar forbids.
    pub unread_principals: Vec<String>,
    /// `Action` or `NotAction`.
    pub action: Element<Pattern>,
    /// `Resource` or `NotResource`; trust policies have none.
    pub resource: Option<Element<Pattern>>,
    /// `Condition`, one entry an operator and key; all of them must hold.
    pub conditions: Vec<Condition>,
}

impl Statement {
    /// An Allow on these resources that names no one and no action yet. Variables in the resources are
    /// text.
    pub(crate) fn on(resources: &[String]) -> Self {
        Self {
            index: 0,
            place: Place::START,
            end: 0,
            sid: None,
            effect: Effect::Allow,
            principal: None,
            unread_principals: Vec::new(),
            action: Element {
                negated: false,
                items: Vec::new(),
            },
            resource: Some(Element {
                negated: false,
                items: resources
                    .iter()
                    .map(|text| Pattern::new(text, Version::V2008))
                    .collect(),
            }),
            conditions: Vec::new(),
        }
    }
}

/// A list of alternatives, or everything but them.
#[derive(Clone, Debug, PartialEq)]
pub struct Element<T> {
    /// The `Not…` form: matches what none of the items matches.
    pub negated: bool,
    /// The items.
    pub items: Vec<T>,
}

/// A caller a statement speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// `"*"` or `{"AWS": "*"}`: everyone, anonymous callers and services included.
    Everyone,
    /// A 12-digit account id, or the ARN of its root: every principal of the account.
    Account(String),
    /// A user, role, session or federated user by its ARN.
    Arn(PrincipalArn),
    /// `AIDA…`, `AROA…`: what AWS shows when the user or role was deleted. Matches no one.
    UniqueId(String),
    /// An AWS service, for example `logging.s3.amazonaws.com`.
    Service(String),
    /// A SAML provider's ARN, or the name of an OIDC or web identity provider.
    Federated(String),
    /// An account by its canonical user id.
    CanonicalUser(String),
}

/// The ARN of a principal in parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrincipalArn {
    /// The whole, as written.
    pub text: String,
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// `iam` or `sts`.
    pub service: String,
    /// The account id; `cloudfront` for an origin access identity.
    pub account: String,
    /// `user`, `role`, `assumed-role`, `federated-user`.
    pub kind: String,
    /// What follows the kind, paths included.
    pub name: String,
}

/// How a condition operator treats a key with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// No prefix: the key has one value.
    Single,
    /// `ForAllValues:`: every value of the request passes; true when there is none.
    ForAllValues,
    /// `ForAnyValue:`: some value of the request passes; false when there is none.
    ForAnyValue,
}

/// How a number or date is compared with the policy's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Equals,
    /// Not equal.
    NotEquals,
    /// The request's value is less.
    LessThan,
    /// Less or equal.
    LessThanEquals,
    /// Greater.
    GreaterThan,
    /// Greater or equal.
    GreaterThanEquals,
}

/// How texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// Character by character; `*` is a star.
    Exact,
    /// Without regard to case.
    IgnoreCase,
    /// `*` and `?` are wildcards.
    Like,
}

/// A condition operator without its prefix and suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `StringEquals`, `StringNotLike`, …
    Text {
        /// How.
        how: TextMatch,
        /// The `Not` form: none of the values matches.
        negated: bool,
    },
    /// `ArnEquals`, `ArnLike` and their `Not` forms; `Equals` and `Like` mean the same.
    Arn {
        /// The `Not` form.
        negated: bool,
    },
    /// `NumericEquals`, …
    Numeric(Comparison),
    /// `DateEquals`, …
    Date(Comparison),
    /// `Bool`.
    Bool,
    /// `BinaryEquals`.
    Binary,
    /// `IpAddress`, `NotIpAddress`.
    Ip {
        /// The `Not` form.
        negated: bool,
    },
    /// `Null`: whether the key is absent.
    Null,
}

impl Operator {
    /// True for operators that match when none of the values does, and when the key is absent.
    pub const fn is_negated(self) -> bool {
        match self {
            Self::Text { negated, .. } | Self::Arn { negated } | Self::Ip { negated } => negated,
            Self::Numeric(comparison) | Self::Date(comparison) => {
                matches!(comparison, Comparison::NotEquals)
            }
            Self::Bool | Self::Binary | Self::Null => false,
        }
    }
}

/// One operator over one key. It holds when the key's value matches one of `values` (none of them
/// for the negated operators).
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Where the key stands.
    pub place: Place,
    /// The prefix.
    pub quantifier: Quantifier,
    /// The operator.
    pub operator: Operator,
    /// The suffix `IfExists`: true when the key is absent.
    pub if_exists: bool,
    /// The key in lower case: IAM does not regard the case of keys.
    pub key: String,
    /// The values as texts; JSON booleans and numbers are written out, as IAM does.
    pub values: Vec<String>,
}
