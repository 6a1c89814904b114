//! A policy document of which some leaves are not known, decided by bounds.
//!
//! The document is rendered three times. The *open* rendering lets more requests in than the deployed
//! policy can, whatever the unknown values are; the *closed* rendering fewer. More access is not always
//! worse (RestrictPublicBuckets cuts off what a public policy allows), so that in the *literal* rendering
//! each unknown value is one value of another account. A verdict that is the same for all holds. One that
//! differs is not known, and the result names what the policy refers to.
//!
//! A fixed symbol (the ARN of a role whose name AWS generates) is a literal whose text does not
//! matter. An open symbol may be anything: what an Allow names by it is every principal in the open
//! rendering, and no one in the closed one; for a Deny it is the reverse.

use std::collections::BTreeSet;

use coldbucket_policy::parse::is_account_id;
use serde_json::{Map, Value, json};

use super::value::{
    TemplateNode, TemplateValue, has_open_symbol, has_symbol, open_references, shown,
    with_open_symbols_as,
};
use crate::inventory::ids::account_of_arn;

/// The statements of a policy document; one may stand without a list.
pub fn statements(document: &Value) -> Vec<Value> {
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    }
}

/// Which of the renderings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At least the access that the deployed policy grants.
    Open,
    /// Each unknown value is one value of another account.
    Literal,
    /// At most the access that the deployed policy grants.
    Closed,
}

impl Bound {
    /// All, in the order of [`Built::renderings`](super::Built::renderings).
    pub const ALL: [Self; 3] = [Self::Open, Self::Literal, Self::Closed];
}

/// What a policy is rendered for.
#[derive(Clone, Copy, Debug)]
pub struct PolicyContext<'a> {
    /// ARN of the resource that the policy is attached to, which may contain symbols; none for
    /// policies of identities.
    pub own_arn: Option<&'a str>,
    /// ARNs of other resources of the deployment, which contain open symbols.
    pub made: &'a BTreeSet<String>,
    /// The account.
    pub account: &'a str,
    /// The account is [a stand-in](super::build::UNKNOWN_ACCOUNT): a literal account id may be the own
    /// one.
    pub account_unknown: bool,
    /// The ARN partition.
    pub partition: &'a str,
}

/// A policy's text, and what it refers to that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderedPolicy {
    /// JSON.
    pub text: String,
    /// No statement of it can apply, so that it is as good as none.
    pub empty: bool,
    /// References; empty for a policy that is known in full.
    pub references: BTreeSet<String>,
}

/// An account that stands for one that is not known and not the own one.
pub const FOREIGN_ACCOUNT: &str = "999999999998";

/// What names an origin access identity of CloudFront, before its id: in the ARN of its user, and here in
/// the place of its canonical user id, which S3 takes for the same principal (CloudFront developer guide,
/// copy of 2026-11).
pub const ORIGIN_ACCESS_IDENTITY: &str = "CloudFront Origin Access Identity ";

/// A service that stands for one that is not known.
const SOME_SERVICE: &str = "unknown.amazonaws.com";

/// Renders a document: a map, or a text of JSON.
///
/// # Errors
/// What the document as a whole refers to, when its statements are not known.
pub fn render(
    document: &TemplateNode,
    bound: Bound,
    context: &PolicyContext<'_>,
) -> Result<RenderedPolicy, String> {
    let parsed;
    let document = match &document.value {
        TemplateValue::Undetermined(reference) => return Err(reference.clone()),
        TemplateValue::Text(text) => match parse_text(text) {
            Ok(node) => {
                parsed = node;
                &parsed
            }
            // Not JSON: the policy engine says what is wrong with it.
            Err(_) if !has_symbol(text) => {
                return Ok(RenderedPolicy {
                    text: text.clone(),
                    ..RenderedPolicy::default()
                });
            }
            Err(()) => {
                return Err(open_references(text)
                    .into_iter()
                    .collect::<Vec<_>>()
                    .join(", "));
            }
        },
        _ => document,
    };
    let mut renderer = PolicyRenderer {
        bound,
        context,
        references: BTreeSet::new(),
    };
    let mut out = Map::new();
    let mut empty = false;
    for (name, value) in document.members() {
        if name.eq_ignore_ascii_case("Statement") {
            let statements = renderer.statements(value)?;
            empty = statements.is_empty() && !value.is_empty();
            out.insert(name.clone(), Value::Array(statements));
        } else {
            out.insert(shown(name), renderer.plain(value));
        }
    }
    Ok(RenderedPolicy {
        text: Value::Object(out).to_string(),
        empty,
        references: renderer.references,
    })
}

/// A document that is written as a text.
fn parse_text(text: &str) -> Result<TemplateNode, ()> {
    // Symbols are part of JSON strings here, and stay what they are.
    let value: Value = serde_json::from_str(text).map_err(|_| ())?;
    value.is_object().then(|| node_of(&value)).ok_or(())
}

/// [`TemplateNode::from_json`] without its removal of symbols: the text comes from a value.
fn node_of(value: &Value) -> TemplateNode {
    TemplateNode::new(match value {
        Value::String(text) => TemplateValue::Text(text.clone()),
        Value::Array(items) => TemplateValue::List(items.iter().map(node_of).collect()),
        Value::Object(members) => TemplateValue::Map(
            members
                .iter()
                .map(|(name, value)| (name.clone(), node_of(value)))
                .collect(),
        ),
        other => return TemplateNode::from_json(other),
    })
}

struct PolicyRenderer<'a> {
    bound: Bound,
    context: &'a PolicyContext<'a>,
    references: BTreeSet<String>,
}

/// What becomes of a statement with an element that can match nothing.
enum RenderedElement {
    /// Its value.
    Is(Value),
    /// The element is left out.
    LeftOut,
    /// The statement can never apply.
    Never,
}

impl PolicyRenderer<'_> {
    fn note(&mut self, references: impl IntoIterator<Item = String>) {
        self.references.extend(references);
    }

    fn statements(&mut self, value: &TemplateNode) -> Result<Vec<Value>, String> {
        let mut out = Vec::new();
        for statement in value.items() {
            if let Some(reference) = statement.reference() {
                return Err(reference.to_owned());
            }
            if statement.members().is_empty() {
                out.push(self.plain(statement));
                continue;
            }
            if let Some(rendered) = self.statement(statement)? {
                out.push(rendered);
            }
        }
        Ok(out)
    }

    /// What an effect counts as that is known only after deployment.
    fn unknown_effect(&self) -> &'static str {
        match self.bound {
            Bound::Closed => "Deny",
            _ => "Allow",
        }
    }

    /// A statement; none where it can never apply.
    fn statement(&mut self, statement: &TemplateNode) -> Result<Option<Value>, String> {
        let effect = member(statement, "Effect");
        let effect = match effect.map(|effect| (&effect.value, effect.as_text())) {
            Some((TemplateValue::Undetermined(reference), _)) => {
                self.note([reference.clone()]);
                Some(self.unknown_effect().to_owned())
            }
            Some((_, Some(text))) if has_open_symbol(&text) => {
                self.note(open_references(&text));
                Some(self.unknown_effect().to_owned())
            }
            Some((_, text)) => text,
            None => None,
        };
        let denies = effect.as_deref() == Some("Deny");
        // In the open rendering an Allow matches more requests and a Deny fewer.
        let wide = (self.bound != Bound::Closed) != denies;
        let mut out = Map::new();
        for (name, value) in statement.members() {
            let element = match name.to_ascii_lowercase().as_str() {
                "effect" => match &effect {
                    Some(effect) => RenderedElement::Is(json!(effect)),
                    None => RenderedElement::Is(self.plain(value)),
                },
                "principal" => self.principal(value, wide),
                "notprincipal" => match self.principal(value, !wide) {
                    // No one is excepted.
                    RenderedElement::Never => {
                        out.insert("Principal".to_owned(), json!("*"));
                        continue;
                    }
                    other => other,
                },
                "action" | "resource" => self.patterns(value, wide),
                "notaction" | "notresource" => match self.patterns(value, !wide) {
                    RenderedElement::Never => {
                        let positive = if name.eq_ignore_ascii_case("NotAction") {
                            "Action"
                        } else {
                            "Resource"
                        };
                        out.insert(positive.to_owned(), json!("*"));
                        continue;
                    }
                    other => other,
                },
                "condition" => self.conditions(value, wide)?,
                _ => RenderedElement::Is(self.plain(value)),
            };
            match element {
                RenderedElement::Is(value) => {
                    out.insert(shown(name), value);
                }
                RenderedElement::LeftOut => {}
                RenderedElement::Never => return Ok(None),
            }
        }
        Ok(Some(Value::Object(out)))
    }

    /// Actions or resources: a text or a list of texts, where `*` matches anything.
    fn patterns(&mut self, value: &TemplateNode, wide: bool) -> RenderedElement {
        let mut out = Vec::new();
        let listed = matches!(value.value, TemplateValue::List(_));
        for item in value.items() {
            let Some(text) = item.as_text() else {
                // Neither a text nor unknown: the policy engine says what is wrong with it.
                out.push(self.plain(item));
                continue;
            };
            if !has_open_symbol(&text) || self.is_made(&text) {
                out.push(json!(self.account_text(&shown(&text))));
                continue;
            }
            self.note(open_references(&text));
            if wide {
                out.push(json!(with_open_symbols_as(&text, "*")));
            }
        }
        match out.pop() {
            None if value.is_empty() => RenderedElement::Is(json!([])),
            None => RenderedElement::Never,
            Some(one) if out.is_empty() && !listed => RenderedElement::Is(one),
            Some(last) => {
                out.push(last);
                RenderedElement::Is(Value::Array(out))
            }
        }
    }

    /// True for an ARN of the resource that the policy is attached to, or of another one that the
    /// deployment makes: its unknown parts are the same, and a name has no wildcard in it.
    fn is_made(&self, text: &str) -> bool {
        let of = |arn: &str| {
            text.strip_prefix(arn).is_some_and(|rest| {
                !has_open_symbol(rest)
                    && (rest.is_empty() || rest.starts_with('/') || rest.starts_with(':'))
            })
        };
        self.context.own_arn.is_some_and(of) || self.context.made.iter().any(|arn| of(arn))
    }

    /// True for the ARN of a principal whose account is known and whose name is not: a name in the Principal
    /// element has no wildcard in it.
    fn is_in_a_known_account(text: &str) -> bool {
        text.starts_with("arn:")
            && account_of_arn(text).is_some_and(|account| !account.is_empty())
            && !text.splitn(6, ':').take(5).any(has_open_symbol)
    }

    /// A principal: `*`, or a map of kinds to texts.
    fn principal(&mut self, value: &TemplateNode, wide: bool) -> RenderedElement {
        let kinds = match &value.value {
            TemplateValue::Map(kinds) => kinds,
            _ => {
                let text = value.as_text().unwrap_or_default();
                if !has_open_symbol(&text) {
                    return RenderedElement::Is(self.plain(value));
                }
                self.note(open_references(&text));
                return match (wide, self.bound) {
                    (false, _) => RenderedElement::Never,
                    (true, Bound::Literal) => {
                        RenderedElement::Is(json!({"AWS": self.foreign(), "Service": SOME_SERVICE}))
                    }
                    (true, _) => RenderedElement::Is(json!({"AWS": "*"})),
                };
            }
        };
        let mut out = Map::new();
        let mut identities = Vec::new();
        for (kind, names) in kinds {
            let mut texts = Vec::new();
            for name in names.items() {
                let Some(text) = name.as_text() else {
                    texts.push(self.plain(name));
                    continue;
                };
                if text.starts_with(ORIGIN_ACCESS_IDENTITY) {
                    identities.push(json!(format!(
                        "arn:{}:iam::cloudfront:user/{}",
                        self.context.partition,
                        shown(&text)
                    )));
                    continue;
                }
                if !has_open_symbol(&text) || Self::is_in_a_known_account(&text) {
                    texts.push(json!(self.account_text(&shown(&text))));
                    continue;
                }
                self.note(open_references(&text));
                if wide {
                    texts.extend(self.wide_principal(kind, &text));
                }
            }
            let listed = matches!(names.value, TemplateValue::List(_));
            match texts.pop() {
                None => {}
                Some(one) if texts.is_empty() && !listed => {
                    out.insert(kind.clone(), one);
                }
                Some(last) => {
                    texts.push(last);
                    out.insert(kind.clone(), Value::Array(texts));
                }
            }
        }
        if !identities.is_empty() {
            match out.remove("AWS") {
                Some(Value::Array(others)) => identities.extend(others),
                other => identities.extend(other),
            }
            out.insert("AWS".to_owned(), Value::Array(identities));
        }
        if out.is_empty() && !kinds.is_empty() {
            RenderedElement::Never
        } else {
            RenderedElement::Is(Value::Object(out))
        }
    }

    /// What an unknown principal of a kind may be.
    fn wide_principal(&self, kind: &str, text: &str) -> Vec<Value> {
        match kind {
            "Service" => vec![json!(SOME_SERVICE)],
            // An identity of some provider or some canonical user: not the public.
            "Federated" | "CanonicalUser" => vec![json!(shown(text))],
            // An ARN in an account that is not known.
            _ if text.starts_with("arn:") => vec![json!(self.foreign())],
            _ if self.bound == Bound::Literal => vec![json!(self.foreign())],
            _ => vec![json!("*")],
        }
    }

    /// One value that a condition key may have, where its value is not known.
    fn literal(operator: &str, key: &str, text: &str) -> Option<String> {
        let key = key.to_ascii_lowercase();
        if key.ends_with("account") {
            return Some(FOREIGN_ACCOUNT.to_owned());
        }
        match operator {
            // An address of TEST-NET-2 (RFC 5737).
            _ if operator.contains("IpAddress") => Some("198.51.100.7/32".to_owned()),
            _ if operator.contains("String") || operator.contains("Arn") => Some(shown(text)),
            // Numbers, dates and booleans: nothing is typical.
            _ => None,
        }
    }

    fn foreign(&self) -> String {
        format!("arn:{}:iam::{FOREIGN_ACCOUNT}:root", self.context.partition)
    }

    /// Condition operators, their keys and values.
    fn conditions(&mut self, value: &TemplateNode, wide: bool) -> Result<RenderedElement, String> {
        if let Some(reference) = value.reference() {
            self.note([reference.to_owned()]);
            return Ok(if wide {
                RenderedElement::LeftOut
            } else {
                RenderedElement::Never
            });
        }
        if value.members().is_empty() {
            return Ok(RenderedElement::Is(self.plain(value)));
        }
        let mut out = Map::new();
        for (operator, keys) in value.members() {
            if let Some(reference) = keys.reference() {
                self.note([reference.to_owned()]);
                if wide {
                    continue;
                }
                return Ok(RenderedElement::Never);
            }
            let negated = operator.contains("Not");
            let mut kept = Map::new();
            for (key, values) in keys.members() {
                // An unknown key: `"${Provider}:sub"`.
                let known_key = !has_open_symbol(key);
                if !known_key {
                    self.note(open_references(key));
                }
                let mut texts = Vec::new();
                let mut literals = Vec::new();
                let mut unknown = !known_key;
                for value in values.items() {
                    match value.as_text() {
                        Some(text) if has_open_symbol(&text) && !self.is_made(&text) => {
                            self.note(open_references(&text));
                            match Self::literal(operator, key, &text) {
                                Some(literal) if self.bound == Bound::Literal => {
                                    texts.push(json!(literal));
                                }
                                literal => {
                                    literals.extend(literal.map(|literal| json!(literal)));
                                    unknown = true;
                                }
                            }
                        }
                        Some(text) => texts.push(json!(self.account_text(&shown(&text)))),
                        None => texts.push(self.plain(value)),
                    }
                }
                // Values are alternatives; those of a negated operator must all hold.
                if unknown && (wide != negated || !known_key) {
                    if !wide {
                        return Ok(RenderedElement::Never);
                    }
                    continue;
                }
                // A Deny of all but one network leaves that, whichever it is.
                let leaves_one = negated && wide && self.bound == Bound::Closed;
                if leaves_one && is_network(key) && texts.is_empty() {
                    texts.append(&mut literals);
                }
                if unknown && texts.is_empty() {
                    if !wide {
                        return Ok(RenderedElement::Never);
                    }
                    continue;
                }
                let listed = matches!(values.value, TemplateValue::List(_));
                let rendered = match texts.pop() {
                    Some(one) if texts.is_empty() && !listed => one,
                    Some(last) => {
                        texts.push(last);
                        Value::Array(texts)
                    }
                    None => json!([]),
                };
                kept.insert(shown(key), rendered);
            }
            if !kept.is_empty() || keys.members().is_empty() {
                out.insert(shown(operator), Value::Object(kept));
            }
        }
        Ok(if out.is_empty() {
            RenderedElement::LeftOut
        } else {
            RenderedElement::Is(Value::Object(out))
        })
    }

    /// Where the own account is not known, a literal account id is a foreign one in the open rendering
    /// and the own one in the closed rendering.
    fn account_text(&mut self, text: &str) -> String {
        if !self.context.account_unknown || account_in(text) == Some(FOREIGN_ACCOUNT) {
            return text.to_owned();
        }
        let (text, reference) = with_perhaps_own(text, self.context.account, self.bound);
        self.note(reference);
        text
    }

    /// A value that is not bounded.
    fn plain(&mut self, value: &TemplateNode) -> Value {
        match &value.value {
            TemplateValue::Null => Value::Null,
            TemplateValue::Bool(value) => json!(value),
            TemplateValue::Number(value) => Value::Number(value.clone()),
            TemplateValue::Text(text) => json!(shown(text)),
            TemplateValue::List(items) => {
                Value::Array(items.iter().map(|item| self.plain(item)).collect())
            }
            TemplateValue::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| (shown(name), self.plain(value)))
                    .collect(),
            ),
            TemplateValue::Undetermined(reference) => json!(format!("{{{reference}}}")),
        }
    }
}

/// True for a key that says from which network a request comes.
fn is_network(key: &str) -> bool {
    let keys = [
        "aws:SourceIp",
        "aws:VpcSourceIp",
        "aws:SourceVpc",
        "aws:SourceVpce",
    ];
    keys.iter().any(|known| key.eq_ignore_ascii_case(known))
}

/// A text of a deployment whose account is not known, as a rendering has it: another account that it names
/// may be the own one, which it is in the closed rendering. With what that depends on.
pub(super) fn with_perhaps_own(text: &str, own: &str, bound: Bound) -> (String, Option<String>) {
    let Some(id) = account_in(text).filter(|id| *id != own) else {
        return (text.to_owned(), None);
    };
    let text = match bound {
        Bound::Open | Bound::Literal => text.to_owned(),
        Bound::Closed => text.replacen(id, own, 1),
    };
    let reference = format!("the account that it is deployed to, which may be {id} (--account)");
    (text, Some(reference))
}

/// The account id that a text is, or that an ARN names.
pub(super) fn account_in(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix("arn:") {
        return rest.split(':').nth(3).filter(|part| is_account_id(part));
    }
    Some(text).filter(|text| is_account_id(text))
}

/// A member by its name, whose case IAM does not regard.
fn member<'n>(node: &'n TemplateNode, name: &str) -> Option<&'n TemplateNode> {
    node.members()
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::value::{fixed_symbol, open_symbol};
    use super::*;

    const OWN: &str = "arn:aws:s3:::b";

    fn both(statement: Value) -> [Value; 2] {
        [Bound::Open, Bound::Closed].map(|bound| {
            let document = node_of(&json!({"Statement": statement.clone()}));
            let context = PolicyContext {
                own_arn: Some(OWN),
                made: &BTreeSet::new(),
                account: "111111111111",
                account_unknown: false,
                partition: "aws",
            };
            let text = render(&document, bound, &context).unwrap().text;
            let value: Value = serde_json::from_str(&text).unwrap();
            value.get("Statement").unwrap().clone()
        })
    }

    #[test]
    fn an_unknown_principal_of_an_allow_is_everyone_or_no_one() {
        let [open, closed] = both(json!({
            "Effect": "Allow", "Principal": {"AWS": open_symbol("Who")},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"
        }));
        assert_eq!(open.pointer("/0/Principal/AWS").unwrap(), &json!("*"));
        assert_eq!(closed, json!([]));
    }

    #[test]
    fn of_a_deny_it_is_the_reverse() {
        let [open, closed] = both(json!({
            "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [OWN, open_symbol("Other")]
        }));
        assert_eq!(open.pointer("/0/Resource").unwrap(), &json!([OWN]));
        assert_eq!(closed.pointer("/0/Resource").unwrap(), &json!([OWN, "*"]));
    }

    #[test]
    fn a_fixed_value_is_a_literal() {
        let role = format!("arn:aws:iam::111111111111:role/{}", fixed_symbol("Role"));
        let [open, closed] = both(json!({
            "Effect": "Allow", "Principal": {"AWS": role}, "Action": "s3:*", "Resource": OWN
        }));
        assert_eq!(open, closed);
        assert_eq!(
            open.pointer("/0/Principal/AWS").unwrap(),
            "arn:aws:iam::111111111111:role/{Role}"
        );
    }

    #[test]
    fn an_unknown_condition_value_restricts_or_forbids() {
        let allow = json!({
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"IpAddress": {"aws:SourceIp": open_symbol("Cidr")}}
        });
        let [open, closed] = both(allow);
        assert_eq!(open.pointer("/0/Condition"), None);
        assert_eq!(closed, json!([]));
    }

    #[test]
    fn a_deny_of_all_but_an_unknown_network_leaves_one() {
        let deny = |values: Value| {
            json!({
                "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                "Condition": {"NotIpAddress": {"aws:SourceIp": values}}
            })
        };
        let [open, closed] = both(deny(json!(open_symbol("Cidr"))));
        assert_eq!(open, json!([]));
        let kept = "/0/Condition/NotIpAddress/aws:SourceIp";
        assert_eq!(closed.pointer(kept), Some(&json!("198.51.100.7/32")));
        let [_, closed] = both(deny(json!(["192.0.2.0/24", open_symbol("Cidr")])));
        assert_eq!(closed.pointer(kept), Some(&json!(["192.0.2.0/24"])));
    }

    #[test]
    fn known_alternatives_beside_an_unknown_one_stay() {
        let allow = json!({
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"StringEquals": {"aws:SourceVpce": ["vpce-1", open_symbol("Endpoint")]}}
        });
        let [open, closed] = both(allow);
        assert_eq!(open.pointer("/0/Condition"), None);
        assert_eq!(
            closed.pointer("/0/Condition/StringEquals").unwrap(),
            &json!({"aws:SourceVpce": ["vpce-1"]})
        );
    }

    #[test]
    fn the_own_bucket_is_known_by_its_own_unknown_name() {
        let name = open_symbol("Name");
        let own = format!("arn:aws:s3:::{name}");
        let document = node_of(&json!({"Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("{own}/*")
        }}));
        let context = PolicyContext {
            own_arn: Some(&own),
            made: &BTreeSet::new(),
            account: "111111111111",
            account_unknown: false,
            partition: "aws",
        };
        let rendered = render(&document, Bound::Closed, &context).unwrap();
        assert!(rendered.text.contains("arn:aws:s3:::{Name}/*"));
        assert!(rendered.references.is_empty());
    }

    #[test]
    fn a_literal_account_may_be_the_own_one_until_that_is_known() {
        let document = node_of(&json!({"Statement": {
            "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"
        }}));
        let render = |bound| {
            let context = PolicyContext {
                own_arn: Some(OWN),
                made: &BTreeSet::new(),
                account: "000000000000",
                account_unknown: true,
                partition: "aws",
            };
            super::render(&document, bound, &context).unwrap()
        };
        assert!(render(Bound::Open).text.contains(":222222222222:"));
        assert!(render(Bound::Closed).text.contains(":000000000000:"));
        assert_eq!(render(Bound::Open).references.len(), 1);
    }
}
