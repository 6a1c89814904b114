//! From text to tree, as leniently as IAM reads and no more.
//!
//! IAM takes one statement or a list, a value or a list of values, keys and actions in any case,
//! booleans and numbers as condition values (IAM user guide, "Grammar of the IAM JSON policy
//! language"). What it would refuse, and what this program does not know, is named with its place,
//! and nothing is dropped in silence: a Deny that was overlooked turns a pass into a wrong pass.

use std::borrow::Cow;

use super::document::{
    Comparison, Condition, Defect, DefectKind, Effect, Element, Operator, Place, Policy, Principal,
    PrincipalArn, Quantifier, Statement, TextMatch, Version,
};
use super::json::{self, Json, Member, Node};
use super::pattern::Pattern;

/// The longest policy that is read, bytes. AWS's own limits are far below (20 KB for a bucket).
pub const LENGTH_LIMIT: usize = 256 * 1024;

/// How many defects are named; more would help no one.
const DEFECT_LIMIT: usize = 100;

/// Where a policy is attached decides whether it names principals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// On a resource: every statement names principals.
    Resource,
    /// On an identity, or a service control policy: no statement does.
    Identity,
    /// A role's trust policy: names principals, and no resource, which is the role.
    Trust,
}

/// Where a policy stands: in a text of its own, or in a larger document that was read already.
#[derive(Clone, Debug)]
pub(super) enum DocumentSource<'a> {
    Text(Cow<'a, str>),
    Part(&'a Node<'a>),
}

impl DocumentSource<'_> {
    /// Reads the policy; places count from its own beginning.
    pub(super) fn parse(&self, kind: PolicyKind) -> Policy {
        match self {
            Self::Text(text) => Policy::parse(text, kind),
            Self::Part(node) => {
                let mut parser = Parser::new(kind, node.place);
                let length = node.end.saturating_sub(node.place.offset);
                let policy = if length > LENGTH_LIMIT {
                    parser.too_long()
                } else {
                    parser.document(node)
                };
                parser.finish(policy)
            }
        }
    }
}

impl Policy {
    /// Reads a policy. It always answers; what could not be read is in
    /// [`defects`](Policy::defects).
    pub fn parse(text: &str, kind: PolicyKind) -> Self {
        let mut parser = Parser::new(kind, Place::START);
        let policy = if text.len() > LENGTH_LIMIT {
            parser.too_long()
        } else {
            match json::read(text) {
                Ok(root) => parser.document(&root),
                Err(defect) => {
                    parser.defects.push(defect);
                    Self::default()
                }
            }
        };
        parser.finish(policy)
    }
}

struct Parser {
    kind: PolicyKind,
    /// Where the policy begins.
    start: Place,
    version: Version,
    statement: Option<usize>,
    /// The principals of the statement where they are a list of strings.
    unread_principals: Vec<String>,
    defects: Vec<Defect>,
}

/// A list of strings that is not empty.
fn strings(value: &Json<'_>) -> Option<Vec<String>> {
    let Json::List(nodes) = value else {
        return None;
    };
    let texts: Option<Vec<String>> = nodes
        .iter()
        .map(|node| match &node.value {
            Json::Text(text) => Some(text.to_string()),
            _ => None,
        })
        .collect();
    texts.filter(|texts| !texts.is_empty())
}

/// The members of an object by folded name, each at most once.
struct Members<'a> {
    place: Place,
    members: Vec<(Cow<'a, str>, &'a Member<'a>)>,
}

impl<'a> Members<'a> {
    fn take(&mut self, name: &str) -> Option<&'a Member<'a>> {
        let position = self.members.iter().position(|(key, _)| key == name)?;
        Some(self.members.remove(position).1)
    }
}

/// Up to so many members, looking through them for one that occurs twice is quickest.
const FEW: usize = 16;

impl Parser {
    fn new(kind: PolicyKind, start: Place) -> Self {
        Self {
            kind,
            start,
            version: Version::default(),
            statement: None,
            unread_principals: Vec::new(),
            defects: Vec::new(),
        }
    }

    fn too_long(&mut self) -> Policy {
        self.defect(
            DefectKind::Syntax,
            self.start,
            format!("the policy is longer than {LENGTH_LIMIT} bytes"),
        );
        Policy::default()
    }

    fn finish(mut self, policy: Policy) -> Policy {
        // Members are looked up by name, so defects are found in that order.
        self.defects.sort_by_key(|defect| defect.place);
        self.defects.truncate(DEFECT_LIMIT);
        Policy {
            defects: self.defects,
            ..policy
        }
    }

    fn defect(&mut self, kind: DefectKind, place: Place, text: impl Into<String>) {
        // Sorting later needs all of them, but not a list as long as hostile text can make it.
        if self.defects.len() < DEFECT_LIMIT * 10 {
            self.defects.push(Defect {
                kind,
                place: place.from(self.start),
                statement: self.statement,
                text: text.into(),
            });
        }
    }

    fn forbidden(&mut self, place: Place, text: impl Into<String>) {
        self.defect(DefectKind::Grammar, place, text);
    }

    fn missing(&mut self, place: Place, text: impl Into<String>) {
        self.defect(DefectKind::Incomplete, place, text);
    }

    fn unfamiliar(&mut self, place: Place, text: impl Into<String>) {
        self.defect(DefectKind::Unfamiliar, place, text);
    }

    fn document(&mut self, root: &Node<'_>) -> Policy {
        let Json::Object(members) = &root.value else {
            self.forbidden(
                root.place,
                format!("a policy is an object, this is {}", root.value.kind()),
            );
            return Policy::default();
        };
        let mut members = self.members(root.place, members);
        // The version first: it decides how the rest is read.
        if let Some(member) = members.take("version") {
            self.version(member);
        }
        let id = members.take("id").and_then(|member| self.text(member));
        let statements = match members.take("statement") {
            Some(member) => self.statements(&member.value),
            None => {
                self.forbidden(root.place, "the policy has no Statement");
                Vec::new()
            }
        };
        self.rest(members, "a policy");
        Policy {
            version: self.version,
            id,
            statements,
            defects: Vec::new(),
        }
    }

    /// Folds the names of an object's members; a name that occurs twice is a defect, and the first
    /// one is kept so that the rest can still be read.
    fn members<'a>(&mut self, place: Place, members: &'a [Member<'a>]) -> Members<'a> {
        let mut found: Vec<(Cow<'a, str>, &Member<'a>)> = Vec::with_capacity(members.len());
        let mut seen = std::collections::BTreeSet::new();
        for member in members {
            let key = if member.key.bytes().all(|byte| byte.is_ascii_lowercase()) {
                Cow::Borrowed(member.key.as_ref())
            } else {
                Cow::Owned(member.key.to_lowercase())
            };
            let new = if members.len() <= FEW {
                found.iter().all(|(other, _)| *other != key)
            } else {
                seen.insert(key.clone())
            };
            if new {
                found.push((key, member));
            } else {
                self.forbidden(
                    member.place,
                    format!("{:?} occurs twice in the same object", member.key),
                );
            }
        }
        Members {
            place,
            members: found,
        }
    }

    /// Names whatever was not asked for.
    fn rest(&mut self, members: Members<'_>, of: &str) {
        for (_, member) in members.members {
            self.unfamiliar(
                member.place,
                format!("{:?} is not a known part of {of}", member.key),
            );
        }
    }

    fn version(&mut self, member: &Member<'_>) {
        match &member.value.value {
            Json::Text(text) if text == "2012-10-17" => self.version = Version::V2012,
            Json::Text(text) if text == "2008-10-17" => self.version = Version::V2008,
            Json::Text(text) => self.unfamiliar(
                member.value.place,
                format!("{text:?} is not a known policy version"),
            ),
            other => self.forbidden(
                member.value.place,
                format!("Version is a string, this is {}", other.kind()),
            ),
        }
    }

    fn text(&mut self, member: &Member<'_>) -> Option<String> {
        if let Json::Text(text) = &member.value.value {
            Some(text.to_string())
        } else {
            self.forbidden(
                member.value.place,
                format!(
                    "{} is a string, this is {}",
                    member.key,
                    member.value.value.kind()
                ),
            );
            None
        }
    }

    fn statements(&mut self, node: &Node<'_>) -> Vec<Statement> {
        let nodes = match &node.value {
            Json::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if nodes.is_empty() {
            self.forbidden(node.place, "Statement is empty");
        }
        let mut statements = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            self.statement = Some(index);
            statements.extend(self.one_statement(index, node));
        }
        self.statement = None;
        statements
    }

    fn one_statement(&mut self, index: usize, node: &Node<'_>) -> Option<Statement> {
        let Json::Object(members) = &node.value else {
            self.forbidden(
                node.place,
                format!("a statement is an object, this is {}", node.value.kind()),
            );
            return None;
        };
        let mut members = self.members(node.place, members);
        self.unread_principals.clear();
        let sid = members.take("sid").and_then(|member| self.text(member));
        let effect = self.effect(&mut members);
        let principal = self.principal_element(&mut members);
        let action = self.element(&mut members, "action", "notaction", "Action", true);
        let has_resource = self.kind != PolicyKind::Trust;
        let resource = self.element(
            &mut members,
            "resource",
            "notresource",
            "Resource",
            has_resource,
        );
        let conditions = match members.take("condition") {
            Some(member) => self.conditions(&member.value),
            None => Vec::new(),
        };
        self.rest(members, "a statement");
        let version = self.version;
        Some(Statement {
            index,
            place: node.place.from(self.start),
            end: node.end.saturating_sub(self.start.offset),
            sid,
            effect: effect?,
            principal,
            unread_principals: std::mem::take(&mut self.unread_principals),
            action: patterns(action?, Pattern::action),
            resource: resource.map(|element| patterns(element, |text| Pattern::new(text, version))),
            conditions,
        })
    }

    fn effect(&mut self, members: &mut Members<'_>) -> Option<Effect> {
        let Some(member) = members.take("effect") else {
            self.forbidden(members.place, "the statement has no Effect");
            return None;
        };
        // The one value that IAM compares with regard to case (IAM user guide, "Effect").
        match self.text(member)?.as_str() {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other => {
                self.forbidden(
                    member.value.place,
                    format!("Effect is \"Allow\" or \"Deny\", this is {other:?}"),
                );
                None
            }
        }
    }

    /// `X` or `NotX` as a list of texts with their places.
    fn element(
        &mut self,
        members: &mut Members<'_>,
        plain: &str,
        negated: &str,
        name: &str,
        required: bool,
    ) -> Option<Element<String>> {
        let (member, negated) = match (members.take(plain), members.take(negated)) {
            (Some(_), Some(other)) => {
                self.forbidden(
                    other.place,
                    format!("a statement has {name} or Not{name}, not both"),
                );
                return None;
            }
            (Some(member), None) => (member, false),
            (None, Some(member)) => (member, true),
            (None, None) => {
                if required {
                    self.missing(
                        members.place,
                        format!("the statement has neither {name} nor Not{name}"),
                    );
                }
                return None;
            }
        };
        let items = self
            .texts(&member.value, &member.key)
            .into_iter()
            .map(|(text, _)| text)
            .collect::<Vec<_>>();
        if items.is_empty() {
            self.forbidden(member.value.place, format!("{} is empty", member.key));
        }
        Some(Element { negated, items })
    }

    /// A string or a list of strings.
    fn texts(&mut self, node: &Node<'_>, of: &str) -> Vec<(String, Place)> {
        let nodes = match &node.value {
            Json::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::with_capacity(nodes.len());
        for node in nodes {
            match &node.value {
                Json::Text(text) => texts.push((text.to_string(), node.place)),
                other => self.forbidden(
                    node.place,
                    format!("{of} holds strings, this is {}", other.kind()),
                ),
            }
        }
        texts
    }

    fn principal_element(&mut self, members: &mut Members<'_>) -> Option<Element<Principal>> {
        let (member, negated) = match (members.take("principal"), members.take("notprincipal")) {
            (Some(_), Some(other)) => {
                self.forbidden(
                    other.place,
                    "a statement has Principal or NotPrincipal, not both",
                );
                return None;
            }
            (Some(member), None) => (member, false),
            (None, Some(member)) => (member, true),
            (None, None) => {
                if self.kind != PolicyKind::Identity {
                    self.missing(
                        members.place,
                        "the statement has neither Principal nor NotPrincipal",
                    );
                }
                return None;
            }
        };
        if self.kind == PolicyKind::Identity {
            self.forbidden(
                member.place,
                "an identity policy speaks of its own identity and names no principal",
            );
        }
        let mut items = Vec::new();
        match &member.value.value {
            Json::Text(text) if text == "*" => items.push(Principal::Everyone),
            Json::Object(kinds) => {
                let kinds = self.members(member.value.place, kinds);
                if kinds.members.is_empty() {
                    self.forbidden(member.value.place, format!("{} is empty", member.key));
                }
                for (kind, member) in kinds.members {
                    let texts = self.texts(&member.value, &member.key);
                    if texts.is_empty() {
                        self.forbidden(member.value.place, format!("{} is empty", member.key));
                    }
                    for (text, place) in texts {
                        items.extend(self.principal(&kind, &member.key, text, place));
                    }
                }
            }
            other => {
                let text = format!(
                    "{} is \"*\" or an object, this is {}",
                    member.key,
                    if matches!(other, Json::Text(_)) {
                        "another string"
                    } else {
                        other.kind()
                    }
                );
                match strings(other) {
                    Some(listed) => {
                        self.unread_principals = listed;
                        self.defect(DefectKind::Incomplete, member.value.place, text);
                    }
                    None => self.forbidden(member.value.place, text),
                }
            }
        }
        Some(Element { negated, items })
    }

    fn principal(
        &mut self,
        kind: &str,
        written: &str,
        text: String,
        place: Place,
    ) -> Option<Principal> {
        match kind {
            "aws" => self.aws_principal(text, place),
            "service" => Some(Principal::Service(text.to_lowercase())),
            "federated" => Some(Principal::Federated(text)),
            "canonicaluser" => Some(Principal::CanonicalUser(text)),
            _ => {
                self.unfamiliar(
                    place,
                    format!("{written:?} is not a known kind of principal"),
                );
                None
            }
        }
    }

    fn aws_principal(&mut self, text: String, place: Place) -> Option<Principal> {
        if text == "*" {
            return Some(Principal::Everyone);
        }
        if is_account_id(&text) {
            return Some(Principal::Account(text));
        }
        if is_unique_id(&text) {
            return Some(Principal::UniqueId(text));
        }
        if let Some(principal) = principal_arn(&text) {
            if text.contains(['*', '?']) {
                self.forbidden(
                    place,
                    format!("{text:?}: a principal cannot be named with a wildcard"),
                );
                return None;
            }
            return Some(principal);
        }
        self.defect(
            DefectKind::UnknownPrincipal,
            place,
            format!("{text:?} does not name an AWS principal"),
        );
        None
    }

    fn conditions(&mut self, node: &Node<'_>) -> Vec<Condition> {
        let Json::Object(operators) = &node.value else {
            self.forbidden(
                node.place,
                format!("Condition is an object, this is {}", node.value.kind()),
            );
            return Vec::new();
        };
        let operators = self.members(node.place, operators);
        let mut conditions = Vec::new();
        for (name, member) in operators.members {
            let operator = operator(&name);
            if operator.is_none() {
                self.unfamiliar(
                    member.place,
                    format!("{:?} is not a known condition operator", member.key),
                );
            }
            let Json::Object(keys) = &member.value.value else {
                self.forbidden(
                    member.value.place,
                    format!(
                        "a condition operator holds an object of keys, this is {}",
                        member.value.value.kind()
                    ),
                );
                continue;
            };
            let keys = self.members(member.value.place, keys);
            for (key, member) in keys.members {
                let values = self.values(&member.value);
                if let Some((quantifier, operator, if_exists)) = operator {
                    conditions.push(Condition {
                        place: member.place.from(self.start),
                        quantifier,
                        operator,
                        if_exists,
                        key: key.into_owned(),
                        values,
                    });
                }
            }
        }
        conditions
    }

    /// Condition values: strings, and booleans and numbers without their quotation marks.
    fn values(&mut self, node: &Node<'_>) -> Vec<String> {
        let nodes = match &node.value {
            Json::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut values = Vec::new();
        for node in nodes {
            match &node.value {
                Json::Text(text) => values.push(text.to_string()),
                Json::Number(text) => values.push((*text).to_owned()),
                Json::Bool(value) => values.push(value.to_string()),
                other => self.forbidden(
                    node.place,
                    format!(
                        "a condition value is a string, a number or a boolean, this is {}",
                        other.kind()
                    ),
                ),
            }
        }
        values
    }
}

fn patterns(element: Element<String>, read: impl Fn(String) -> Pattern) -> Element<Pattern> {
    Element {
        negated: element.negated,
        items: element.items.into_iter().map(read).collect(),
    }
}

/// True for twelve digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// True for what AWS shows in place of a deleted user or role (IAM user guide, "Unique
/// identifiers": AIDA a user, AROA a role, and 16 or more capital letters and digits).
fn is_unique_id(text: &str) -> bool {
    ["AIDA", "AROA"]
        .iter()
        .any(|prefix| text.starts_with(prefix))
        && text.len() >= 16
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `arn:aws:iam::111122223333:user/…` and its kin.
pub(super) fn principal_arn(text: &str) -> Option<Principal> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [
        "arn",
        partition,
        service @ ("iam" | "sts"),
        "",
        account,
        rest,
    ] = parts.as_slice()
    else {
        return None;
    };
    if *account != "cloudfront" && !is_account_id(account) {
        return None;
    }
    if *rest == "root" {
        return Some(Principal::Account((*account).to_owned()));
    }
    let (kind, name) = rest.split_once('/')?;
    let known = match *service {
        "iam" => matches!(kind, "user" | "role"),
        _ => matches!(kind, "assumed-role" | "federated-user"),
    };
    (known && !name.is_empty()).then(|| {
        Principal::Arn(PrincipalArn {
            text: text.to_owned(),
            partition: (*partition).to_owned(),
            service: (*service).to_owned(),
            account: (*account).to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
        })
    })
}

/// An operator's folded name in its three parts.
fn operator(name: &str) -> Option<(Quantifier, Operator, bool)> {
    let (quantifier, name) = if let Some(rest) = name.strip_prefix("forallvalues:") {
        (Quantifier::ForAllValues, rest)
    } else if let Some(rest) = name.strip_prefix("foranyvalue:") {
        (Quantifier::ForAnyValue, rest)
    } else {
        (Quantifier::Single, name)
    };
    let (name, if_exists) = match name.strip_suffix("ifexists") {
        Some(base) => (base, true),
        None => (name, false),
    };
    let text = |how, negated| Operator::Text { how, negated };
    let operator = match name {
        "stringequals" => text(TextMatch::Exact, false),
        "stringnotequals" => text(TextMatch::Exact, true),
        "stringequalsignorecase" => text(TextMatch::IgnoreCase, false),
        "stringnotequalsignorecase" => text(TextMatch::IgnoreCase, true),
        "stringlike" => text(TextMatch::Like, false),
        "stringnotlike" => text(TextMatch::Like, true),
        "arnequals" | "arnlike" => Operator::Arn { negated: false },
        "arnnotequals" | "arnnotlike" => Operator::Arn { negated: true },
        "numericequals" => Operator::Numeric(Comparison::Equals),
        "numericnotequals" => Operator::Numeric(Comparison::NotEquals),
        "numericlessthan" => Operator::Numeric(Comparison::LessThan),
        "numericlessthanequals" => Operator::Numeric(Comparison::LessThanEquals),
        "numericgreaterthan" => Operator::Numeric(Comparison::GreaterThan),
        "numericgreaterthanequals" => Operator::Numeric(Comparison::GreaterThanEquals),
        "dateequals" => Operator::Date(Comparison::Equals),
        "datenotequals" => Operator::Date(Comparison::NotEquals),
        "datelessthan" => Operator::Date(Comparison::LessThan),
        "datelessthanequals" => Operator::Date(Comparison::LessThanEquals),
        "dategreaterthan" => Operator::Date(Comparison::GreaterThan),
        "dategreaterthanequals" => Operator::Date(Comparison::GreaterThanEquals),
        "bool" => Operator::Bool,
        "binaryequals" => Operator::Binary,
        "ipaddress" => Operator::Ip { negated: false },
        "notipaddress" => Operator::Ip { negated: true },
        // IfExists cannot be joined to Null (IAM user guide, "...IfExists condition operators").
        "null" if !if_exists => Operator::Null,
        _ => return None,
    };
    Some((quantifier, operator, if_exists))
}
