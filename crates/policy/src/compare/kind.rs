//! What a policy is attached to, and so which requests can meet it.

use crate::PolicyKind;
use crate::catalogue;
use crate::document::{Element, Policy};
use crate::pattern::Pattern;
use crate::prove::{AccessScope, ActionScope, Callers, DocumentSet, ResourceScope};

/// What a policy is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// A resource of any service.
    Resource,
    /// A user, group or role; a permissions boundary, session policy or control policy too.
    Identity,
    /// A role, as its trust policy.
    Trust,
    /// A bucket.
    S3,
    /// A KMS key.
    Kms,
    /// A Lambda function.
    Lambda,
    /// A queue.
    Sqs,
    /// A topic.
    Sns,
}

/// Every kind by its name.
const NAMES: [(&str, Attachment); 8] = [
    ("resource", Attachment::Resource),
    ("identity", Attachment::Identity),
    ("trust", Attachment::Trust),
    ("s3", Attachment::S3),
    ("kms", Attachment::Kms),
    ("lambda", Attachment::Lambda),
    ("sqs", Attachment::Sqs),
    ("sns", Attachment::Sns),
];

/// Which requests count.
#[derive(Debug)]
pub(super) struct RequestScopes {
    /// Those of today's actions.
    pub(super) today: Vec<AccessScope>,
    /// Those of actions that AWS may add to the catalogue.
    pub(super) future: Vec<AccessScope>,
    /// Any action of S3 on any resource, as if actions were not told apart by what they act on.
    pub(super) unmatched: Vec<AccessScope>,
}

impl Attachment {
    /// The kind of that name.
    ///
    /// # Errors
    /// What there is.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, kind)| *kind).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("kind: {name:?} is none of {}", names.join(", "))
        })
    }

    /// What policies with these texts are attached to, as far as they show it: without principals, to
    /// an identity; without resources, to a role; to a bucket if they name nothing else.
    pub fn shown_by(texts: &[&str]) -> Self {
        let policies: Vec<Policy> = texts
            .iter()
            .map(|text| Policy::parse(text, PolicyKind::Resource))
            .collect();
        let statements = || policies.iter().flat_map(|policy| &policy.statements);
        if statements().next().is_none() {
            return Self::Resource;
        }
        if statements().all(|statement| statement.principal.is_none()) {
            return Self::Identity;
        }
        if statements().all(|statement| statement.resource.is_none()) {
            return Self::Trust;
        }
        let resources = || {
            statements()
                .flat_map(|statement| &statement.resource)
                .flat_map(|element| &element.items)
        };
        if resources().all(|item| item.text.contains(":s3:::")) {
            Self::S3
        } else {
            Self::Resource
        }
    }

    /// Whether statements name principals and resources.
    pub const fn policy_kind(self) -> PolicyKind {
        match self {
            Self::Identity => PolicyKind::Identity,
            Self::Trust => PolicyKind::Trust,
            _ => PolicyKind::Resource,
        }
    }

    /// Who can meet such a policy.
    pub(super) const fn callers(self) -> Callers {
        match self {
            Self::Identity => Callers::Holders,
            Self::Trust => Callers::Assumers,
            _ => Callers::Everyone,
        }
    }

    /// Which requests can meet such a policy. `elements` are the action elements of the documents.
    pub(super) fn scopes<'a>(
        self,
        bucket: Option<&str>,
        documents: &DocumentSet,
        elements: impl Iterator<Item = &'a Element<Pattern>>,
    ) -> RequestScopes {
        let partition = documents.partition();
        let one = |service: &str, resources| {
            let actions = ActionScope::Patterns(vec![format!("{service}:?*")], Vec::new());
            RequestScopes {
                today: vec![documents.scope(actions, resources)],
                future: Vec::new(),
                unmatched: Vec::new(),
            }
        };
        let arns = |patterns: &[&str]| {
            let full = |pattern: &&str| format!("arn:{partition}:{pattern}");
            ResourceScope::Arns(patterns.iter().map(full).collect())
        };
        match (self, bucket) {
            (Self::Trust, _) => one(
                "sts",
                ResourceScope::Exactly(format!("arn:{partition}:iam::111111111111:role/this")),
            ),
            (Self::Kms, _) => one("kms", arns(&["kms:?*:????????????:key/?*"])),
            // Unqualified, and a version or alias; a layer has a policy of its own.
            (Self::Lambda, _) => one(
                "lambda",
                arns(&[
                    "lambda:?*:????????????:function:?*",
                    "lambda:?*:????????????:layer:?*:?*",
                ]),
            ),
            (Self::Sqs, _) => one("sqs", arns(&["sqs:?*:????????????:?*"])),
            (Self::Sns, _) => one("sns", arns(&["sns:?*:????????????:?*"])),
            (_, Some(bucket)) => of_s3(
                documents,
                &ResourceScope::Bucket(bucket.to_owned()),
                Vec::new(),
            ),
            (Self::S3, None) => of_s3(documents, &ResourceScope::AnyBucket, Vec::new()),
            (Self::Resource | Self::Identity, None) => {
                // A name that is written in full is an action, listed or not: the catalogue lists
                // what buckets' policies can speak of.
                let names = named_outside(elements);
                let mut scopes = of_s3(documents, &ResourceScope::AnyBucket, names);
                let others =
                    ActionScope::Patterns(vec!["?*:?*".to_owned()], vec!["s3:*".to_owned()]);
                scopes
                    .today
                    .push(documents.scope(others, ResourceScope::AnyArn));
                scopes
            }
        }
    }
}

fn of_s3(documents: &DocumentSet, resources: &ResourceScope, names: Vec<String>) -> RequestScopes {
    let scope = |actions| documents.scope(actions, resources.clone());
    let mut today = vec![scope(ActionScope::Catalogue(catalogue::all()))];
    if !names.is_empty() {
        today.push(documents.scope(ActionScope::Names(names), ResourceScope::AnyArn));
    }
    // No action of today has this letter, and no pattern names it.
    let added = ActionScope::Patterns(vec!["s3:*\u{e000}*".to_owned()], Vec::new());
    let any = ActionScope::Patterns(vec!["s3:?*".to_owned()], Vec::new());
    RequestScopes {
        today,
        future: vec![scope(added)],
        unmatched: vec![scope(any)],
    }
}

/// Whether an action element may match an action of a scope; "no" is certain.
pub(super) fn may_name(element: &Element<Pattern>, scope: &ActionScope) -> bool {
    let ActionScope::Patterns(within, without) = scope else {
        return true;
    };
    let read = |texts: &[String]| -> Vec<Pattern> { texts.iter().map(Pattern::action).collect() };
    let (within, without) = (read(within), read(without));
    element.negated
        || element.items.iter().any(|item| {
            within.iter().any(|pattern| pattern.overlaps(item))
                && !without.iter().any(|pattern| pattern.covers(item))
        })
}

/// The S3 actions that are written in full and that the catalogue does not list.
fn named_outside<'a>(elements: impl Iterator<Item = &'a Element<Pattern>>) -> Vec<String> {
    let mut names: Vec<String> = elements
        .flat_map(|element| &element.items)
        .filter(|item| item.is_literal() && catalogue::is_of_s3(&item.text))
        .map(|item| item.text.to_lowercase())
        .filter(|name| catalogue::find(name).is_none())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The one bucket that resource patterns of the policies name, if it is one.
pub(super) fn only_bucket<'a>(policies: impl Iterator<Item = &'a Policy>) -> Option<String> {
    let mut found: Option<String> = None;
    for policy in policies {
        let elements = policy
            .statements
            .iter()
            .filter_map(|statement| statement.resource.as_ref());
        for item in elements.flat_map(|element| &element.items) {
            let (_, path) = item.text.split_once(":s3:::")?;
            let name = path.split('/').next().unwrap_or_default();
            if name.is_empty() || name.contains(['*', '?', '$']) {
                return None;
            }
            match &found {
                Some(other) if other != name => return None,
                _ => found = Some(name.to_owned()),
            }
        }
    }
    found
}
