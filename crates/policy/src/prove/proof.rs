//! Why nothing gets in: where each way in was closed, and the words for it.

use super::compile::CompiledPolicy;

/// How far an Allow got before it was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClosedBy {
    /// It speaks of others.
    Principal,
    /// RestrictPublicBuckets cuts it off.
    Cut,
    /// No value of this key satisfies it.
    Key(usize),
    /// A Deny matches whatever it lets in; this one was the last to stand in the way.
    Denied(Option<usize>),
}

/// How far each Allow got, by its position, and the owner's identities, who need none.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    rules: Vec<Option<ClosedBy>>,
    own: Option<ClosedBy>,
}

impl Ledger {
    /// Notes where a way was closed; the furthest counts.
    pub(super) fn note(&mut self, rule: Option<usize>, closed: ClosedBy) {
        let place = match rule {
            None => &mut self.own,
            Some(position) => {
                if self.rules.len() <= position {
                    self.rules.resize(position + 1, None);
                }
                match self.rules.get_mut(position) {
                    Some(place) => place,
                    None => return,
                }
            }
        };
        *place = (*place).max(Some(closed));
    }

    /// Why no one gets in, when the owner's identities were asked about too.
    pub(super) fn of_anybody(&self) -> String {
        match self.own {
            Some(ClosedBy::Denied(Some(index))) => {
                format!("every such request is denied, the last way by statement {index}")
            }
            _ => "every such request is denied".to_owned(),
        }
    }

    /// Why nothing gets in, statement by statement.
    pub(super) fn by_statement(&self, policy: &CompiledPolicy, has_policy: bool) -> String {
        if policy.allows.is_empty() {
            return if has_policy {
                "no statement allows anything, and neither does the ACL".to_owned()
            } else {
                "there is no bucket policy, and the ACL grants nothing".to_owned()
            };
        }
        let mut parts: Vec<String> = Vec::new();
        for (position, rule) in policy.allows.iter().enumerate() {
            let name = match rule.index {
                Some(index) => format!("statement {index}"),
                None => "the ACL".to_owned(),
            };
            let why = match self.rules.get(position).copied().flatten() {
                None => "names no such action".to_owned(),
                Some(ClosedBy::Principal) => "speaks of others".to_owned(),
                Some(ClosedBy::Cut) => {
                    "is cut off by RestrictPublicBuckets, as the policy is public".to_owned()
                }
                Some(ClosedBy::Key(0)) => {
                    "names no resource of this bucket that the action acts on".to_owned()
                }
                Some(ClosedBy::Key(key)) => format!(
                    "has conditions on {} that no such request meets",
                    policy
                        .vocabulary
                        .written
                        .get(key)
                        .map(String::as_str)
                        .unwrap_or_default()
                ),
                Some(ClosedBy::Denied(Some(index))) => format!("is denied by statement {index}"),
                Some(ClosedBy::Denied(None)) => "is denied".to_owned(),
            };
            let part = format!("{name} {why}");
            if !parts.contains(&part) {
                parts.push(part);
            }
            if parts.len() >= 20 {
                parts.push("and so on".to_owned());
                break;
            }
        }
        parts.join("; ")
    }
}
